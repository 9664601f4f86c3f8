/* SPDX-License-Identifier: MIT */
/*
 * quire/rbtree.h - a balanced search tree whose links live inside the elements.
 *
 * The caller descends and compares; the tree keeps itself balanced:
 *
 *	struct rb_node **link = &root->rb_node, *parent = NULL;
 *	while (*link) {
 *		parent = *link;
 *		link = key < key_of(parent) ? &parent->rb_left : &parent->rb_right;
 *	}
 *	rb_link_node(&item->rb, parent, link);
 *	rb_insert_color(&item->rb, root);
 *
 * Always true:  the root is black; a red node has no red child; every path from a node down to a
 *               missing child passes the same number of black nodes.
 * Lock:         the caller's.  Nothing here sleeps or allocates.
 */
#ifndef QUIRE_RBTREE_H
#define QUIRE_RBTREE_H

#include <quire/types.h>

struct rb_node {
	unsigned long __rb_parent_color; /* parent's address; bit 0: 1 = black, 0 = red           */
	struct rb_node *rb_right,
		*rb_left; /* subtrees, or NULL                                     */
} __attribute__((__aligned__(sizeof(long))));

struct rb_root {
	struct rb_node *rb_node; /* top, or NULL                                          */
};

#define RB_ROOT                     ((struct rb_root){ NULL })
#define rb_entry(ptr, type, member) container_of(ptr, type, member)
#define rb_entry_safe(ptr, type, member)                                                           \
	({                                                                                         \
		__typeof__(ptr) p_ = (ptr);                                                        \
		p_ ? container_of(p_, type, member) : NULL;                                        \
	})
#define rb_parent(node)     ((struct rb_node *)((node)->__rb_parent_color & ~1UL))
#define RB_EMPTY_ROOT(root) (!(root)->rb_node)
/* A node that is on no tree is its own parent. */
#define RB_EMPTY_NODE(node) ((node)->__rb_parent_color == (unsigned long)(node))
#define RB_CLEAR_NODE(node) ((node)->__rb_parent_color = (unsigned long)(node))

/*
 * A tree whose nodes carry a summary of their subtree keeps it right with these.
 *   propagate  recompute the summary of `node` and of its ancestors below `stop` (NULL: up to the
 *   root)
 *   copy       `to` takes over the place and the subtree of `from`: give it from's summary
 *   rotate     `to` took the place of its parent `from`, which is now its child: `to` gets from's old
 *              summary, from's is recomputed
 */
struct rb_augment_callbacks {
	void (*propagate)(struct rb_node *node, struct rb_node *stop);
	void (*copy)(struct rb_node *from, struct rb_node *to);
	void (*rotate)(struct rb_node *from, struct rb_node *to);
};

/* Hang node, red and without children, at *link below parent. */
static inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	node->__rb_parent_color = (unsigned long)parent;
	node->rb_left = node->rb_right = NULL;
	*link = node;
}

/* Rebalance after rb_link_node(). */
void rb_insert_color(struct rb_node *node, struct rb_root *root);
/* Take node out.  Its own fields keep their old values. */
void rb_erase(struct rb_node *node, struct rb_root *root);

/* The same for trees with summaries.  Before the insert the caller has brought the summaries of all
 * ancestors up to date as if no rotation were needed. */
void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
			 const struct rb_augment_callbacks *augment);
void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
			const struct rb_augment_callbacks *augment);

/* Neighbours in order, or NULL. */
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);

/* `item` takes the place of `victim`, whose key it shares. */
void rb_replace_node(struct rb_node *victim, struct rb_node *item, struct rb_root *root);

/* Children before parents: for taking a whole tree apart. */
struct rb_node *rb_first_postorder(const struct rb_root *root);
struct rb_node *rb_next_postorder(const struct rb_node *node);

/* Words of the broken law, or NULL. */
const char *rb_check(const struct rb_root *root);

#endif
