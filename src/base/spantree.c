/* SPDX-License-Identifier: MIT */
/*
 * base/spantree.c - ranges that may overlap, by where they begin.
 *
 *              [4,9] reach 20             a search for place 10 goes right at [4,9], because the left
 *             /              \            subtree reaches only 7, and finds [10,20]; its left child
 *      [1,3] reach 7      [10,20] 20      [6,8] reaches 8, so nothing below it is looked at
 *             \            /
 *           [2,7] 7     [6,8] 8
 */
#include <quire/spantree.h>

static struct span_node *span_of(const struct rb_node *rb)
{
	return rb ? container_of(rb, struct span_node, rb) : NULL;
}

/* Whether a node of the subtree (NULL: none) holds `place` or one behind it. */
static bool reaches(const struct rb_node *rb, pgoff_t place)
{
	return rb && span_of(rb)->reach >= place;
}

static pgoff_t subtree_reach(const struct span_node *node)
{
	pgoff_t reach = node->last;

	if (reaches(node->rb.rb_left, reach))
		reach = span_of(node->rb.rb_left)->reach;
	if (reaches(node->rb.rb_right, reach))
		reach = span_of(node->rb.rb_right)->reach;
	return reach;
}

static void propagate(struct rb_node *rb, struct rb_node *stop)
{
	for (; rb != stop; rb = rb_parent(rb)) {
		struct span_node *node = span_of(rb);
		pgoff_t reach = subtree_reach(node);

		if (node->reach == reach)
			break;
		node->reach = reach;
	}
}

static void copy_reach(struct rb_node *from, struct rb_node *to)
{
	span_of(to)->reach = span_of(from)->reach;
}

/* `to` takes the place of `from` at the top of the same subtree. */
static void rotate(struct rb_node *from, struct rb_node *to)
{
	copy_reach(from, to);
	span_of(from)->reach = subtree_reach(span_of(from));
}

static const struct rb_augment_callbacks reach_callbacks = { propagate, copy_reach, rotate };

void span_insert(struct span_tree *tree, struct span_node *node, pgoff_t first, pgoff_t last)
{
	struct rb_node **link = &tree->root.rb_node, *parent = NULL;

	while (*link) {
		struct span_node *at = span_of(*link);

		parent = *link;
		if (at->reach < last)
			at->reach = last; /* it will be in this subtree */
		link = first < at->first ? &parent->rb_left : &parent->rb_right;
	}
	node->first = first;
	node->last = node->reach = last;
	rb_link_node(&node->rb, parent, link);
	rb_insert_augmented(&node->rb, &tree->root, &reach_callbacks);
}

void span_erase(struct span_tree *tree, struct span_node *node)
{
	rb_erase_augmented(&node->rb, &tree->root, &reach_callbacks);
}

void span_resize(struct span_tree *tree, struct span_node *node, pgoff_t first, pgoff_t last)
{
	if (first != node->first) {
		span_erase(tree, node);
		span_insert(tree, node, first, last);
	} else {
		node->last = last;
		propagate(&node->rb, NULL);
	}
}

/* The first in a subtree that holds any of [first, last], given that one reaches `first`. */
static struct span_node *first_below(struct rb_node *rb, pgoff_t first, pgoff_t last)
{
	for (;;) {
		struct span_node *node = span_of(rb);

		/* If the left subtree reaches us but has none, all that follow begin too late. */
		if (reaches(rb->rb_left, first)) {
			rb = rb->rb_left;
			continue;
		}
		if (node->first > last)
			return NULL;
		if (node->last >= first)
			return node;
		if (!reaches(rb->rb_right, first))
			return NULL;
		rb = rb->rb_right;
	}
}

struct span_node *span_first(const struct span_tree *tree, pgoff_t first, pgoff_t last)
{
	struct rb_node *top = tree->root.rb_node;

	return reaches(top, first) ? first_below(top, first, last) : NULL;
}

struct span_node *span_next(const struct span_node *node, pgoff_t first, pgoff_t last)
{
	const struct rb_node *rb = &node->rb, *up;

	if (reaches(rb->rb_right, first))
		return first_below(rb->rb_right, first, last);
	for (; (up = rb_parent(rb)); rb = up) {
		struct span_node *at = span_of(up);

		if (rb == up->rb_right)
			continue;
		if (at->first > last)
			return NULL;
		if (at->last >= first)
			return at;
		if (reaches(up->rb_right, first))
			return first_below(up->rb_right, first, last);
	}
	return NULL;
}

const char *span_tree_check(const struct span_tree *tree)
{
	const struct span_node *prev = NULL;
	const struct rb_node *rb;

	for (rb = rb_first(&tree->root); rb; rb = rb_next(rb)) {
		const struct span_node *node = span_of(rb);

		if (node->last < node->first)
			return "a span ends before it begins";
		if (prev && prev->first > node->first)
			return "spans are not sorted";
		if (node->reach != subtree_reach(node))
			return "a span's reach is not that of its subtree";
		prev = node;
	}
	return rb_check(&tree->root);
}
