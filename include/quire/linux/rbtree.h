/* SPDX-License-Identifier: MIT */
/*
 * linux/rbtree.h for code written against Linux: balanced trees whose links live in the
 * elements.
 */
#ifndef QUIRE_LINUX_RBTREE_H
#define QUIRE_LINUX_RBTREE_H

#include <quire/rbtree.h>

#define rbtree_postorder_for_each_entry_safe(pos, n, root, member)                                 \
	for ((pos) = rb_entry_safe(rb_first_postorder(root), __typeof__(*(pos)), member);          \
	     (pos) &&                                                                              \
	     ((n) = rb_entry_safe(rb_next_postorder(&(pos)->member), __typeof__(*(pos)), member),  \
	     true);                                                                                \
	     (pos) = (n))

/* Insert by less(a, b). */
static inline void rb_add(struct rb_node *node, struct rb_root *root,
			  bool (*less)(struct rb_node *a, const struct rb_node *b))
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = less(node, parent) ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(node, parent, link);
	rb_insert_color(node, root);
}

/* The node for which cmp(key, node) is 0, or NULL. */
static inline struct rb_node *rb_find(const void *key, const struct rb_root *root,
				      int (*cmp)(const void *key, const struct rb_node *node))
{
	struct rb_node *node = root->rb_node;

	while (node) {
		int way = cmp(key, node);

		if (way == 0)
			return node;
		node = way < 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}

#endif
