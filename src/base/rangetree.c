/* SPDX-License-Identifier: MIT */
/*
 * base/rangetree.c - disjoint ranges and the holes between them.
 *
 * A red-black tree by address, each node augmented with the largest hole below any node of its
 * subtree:
 *
 *              [30,40) gap 12            own holes:  10..20: 10,  22..25: 2,  30..40: 5,  52..60: 12
 *             /              \           a search for 6 units never enters a subtree whose gap
 *      [10,20) gap 10     [52,60) gap 12 is smaller
 *             \
 *           [22,25) gap 2
 */
#include <quire/rangetree.h>

static struct range_node *range_of(const struct rb_node *rb)
{
	return rb ? container_of(rb, struct range_node, rb) : NULL;
}

/* The hole directly below the node, less its guard: node->hole, as it must be. */
static unsigned long hole_below(const struct range_node *node)
{
	unsigned long below = node->prev ? node->prev->end : 0;
	unsigned long used = below + node->low_guard;

	return node->start > used ? node->start - used : 0;
}

static unsigned long subtree_gap(const struct range_node *node)
{
	unsigned long gap = node->hole;
	const struct range_node *child = range_of(node->rb.rb_left);

	if (child && child->gap > gap)
		gap = child->gap;
	child = range_of(node->rb.rb_right);
	if (child && child->gap > gap)
		gap = child->gap;
	return gap;
}

/* Recompute gaps from `rb` up to `stop`, ending early where nothing changes. */
static void propagate(struct rb_node *rb, struct rb_node *stop)
{
	while (rb != stop) {
		struct range_node *node = range_of(rb);
		unsigned long gap = subtree_gap(node);

		if (node->gap == gap)
			break;
		node->gap = gap;
		rb = rb_parent(rb);
	}
}

static void copy_gap(struct rb_node *from, struct rb_node *to)
{
	range_of(to)->gap = range_of(from)->gap;
}

/* `to` takes the place of `from` at the top of the same subtree. */
static void rotate(struct rb_node *from, struct rb_node *to)
{
	range_of(to)->gap = range_of(from)->gap;
	range_of(from)->gap = subtree_gap(range_of(from));
}

static const struct rb_augment_callbacks gap_callbacks = { propagate, copy_gap, rotate };

void range_tree_init(struct range_tree *tree)
{
	tree->root.rb_node = NULL;
	tree->first = tree->last = NULL;
}

struct range_node *range_find(const struct range_tree *tree, unsigned long addr)
{
	struct rb_node *rb = tree->root.rb_node;
	struct range_node *best = NULL;

	while (rb) {
		struct range_node *node = range_of(rb);

		if (addr < node->end) {
			best = node;
			if (addr >= node->start)
				break;
			rb = rb->rb_left;
		} else {
			rb = rb->rb_right;
		}
	}
	return best;
}

static void link_neighbours(struct range_tree *tree, struct range_node *node,
			    struct range_node *prev)
{
	struct range_node *next = prev ? prev->next : tree->first;

	node->prev = prev;
	node->next = next;
	if (prev)
		prev->next = node;
	else
		tree->first = node;
	if (next)
		next->prev = node;
	else
		tree->last = node;
}

void range_insert(struct range_tree *tree, struct range_node *node, struct range_node *prev)
{
	struct rb_node **link = &tree->root.rb_node, *parent = NULL;

	link_neighbours(tree, node, prev);
	/* The place in the tree follows from the neighbours: right of prev, or left of next. */
	if (prev && !prev->rb.rb_right) {
		parent = &prev->rb;
		link = &parent->rb_right;
	} else if (node->next) {
		parent = &node->next->rb;
		link = &parent->rb_left;
	}
	rb_link_node(&node->rb, parent, link);
	node->gap = node->hole = hole_below(node);
	if (node->next)
		node->next->hole = hole_below(node->next);
	if (parent)
		propagate(parent, NULL);
	if (node->next && &node->next->rb != parent)
		propagate(&node->next->rb, NULL);
	rb_insert_augmented(&node->rb, &tree->root, &gap_callbacks);
}

void range_erase(struct range_tree *tree, struct range_node *node)
{
	struct range_node *prev = node->prev, *next = node->next;

	if (prev)
		prev->next = next;
	else
		tree->first = next;
	if (next)
		next->prev = prev;
	else
		tree->last = prev;
	/* The hole below `next` grew.  It must be known before nodes are turned: rotate() takes
	 * stored gaps as true. */
	if (next) {
		next->hole = hole_below(next);
		propagate(&next->rb, NULL);
	}
	rb_erase_augmented(&node->rb, &tree->root, &gap_callbacks);
}

void range_resize(struct range_tree *tree, struct range_node *node, unsigned long start,
		  unsigned long end)
{
	(void)tree;
	node->start = start;
	node->end = end;
	node->hole = hole_below(node);
	propagate(&node->rb, NULL);
	if (node->next) {
		node->next->hole = hole_below(node->next);
		propagate(&node->next->rb, NULL);
	}
}

/* The part of the hole below `node` (NULL: above the last) that lies in [low, high). */
static bool clip_hole(const struct range_tree *tree, const struct range_node *node,
		      unsigned long low, unsigned long high, unsigned long *from, unsigned long *to)
{
	const struct range_node *prev = node ? node->prev : tree->last;

	*from = prev && prev->end > low ? prev->end : low;
	*to = high;
	if (node) {
		unsigned long top =
			node->start > node->low_guard ? node->start - node->low_guard : 0;

		if (top < high)
			*to = top;
	}
	return *from < *to;
}

static unsigned long fit_high(unsigned long from, unsigned long to, unsigned long len,
			      unsigned long align)
{
	unsigned long at;

	if (to - from < len)
		return ~0UL;
	at = QUIRE_ALIGN_DOWN(to - len, align);
	return at >= from ? at : ~0UL;
}

static unsigned long fit_low(unsigned long from, unsigned long to, unsigned long len,
			     unsigned long align)
{
	unsigned long at = QUIRE_ALIGN_UP(from, align);

	return at >= from && at <= to && to - at >= len ? at : ~0UL;
}

/* Towards lower addresses: the next node whose own hole is to be tried after everything above it
 * was. */
static struct range_node *climb_from_right(struct range_node *node)
{
	struct rb_node *rb = &node->rb, *parent;

	while ((parent = rb_parent(rb)) && rb != parent->rb_right)
		rb = parent;
	return range_of(parent);
}

static struct range_node *climb_from_left(struct range_node *node)
{
	struct rb_node *rb = &node->rb, *parent;

	while ((parent = rb_parent(rb)) && rb != parent->rb_left)
		rb = parent;
	return range_of(parent);
}

/* From `node`, the highest node of its subtree that can have a hole of len below it and below
 * `high`. */
static struct range_node *descend_right(struct range_node *node, unsigned long len,
					unsigned long high)
{
	struct range_node *right;

	while (node->end < high && (right = range_of(node->rb.rb_right)) && right->gap >= len)
		node = right;
	return node;
}

static struct range_node *descend_left(struct range_node *node, unsigned long len,
				       unsigned long low)
{
	struct range_node *left;

	while (node->start > low && (left = range_of(node->rb.rb_left)) && left->gap >= len)
		node = left;
	return node;
}

unsigned long range_find_hole_topdown(const struct range_tree *tree, unsigned long len,
				      unsigned long align, unsigned long low, unsigned long high)
{
	struct range_node *node = range_of(tree->root.rb_node);
	unsigned long from, to, at;

	if (clip_hole(tree, NULL, low, high, &from, &to)) {
		at = fit_high(from, to, len, align);
		if (at != ~0UL)
			return at;
	}
	if (!node || node->gap < len)
		return ~0UL;
	node = descend_right(node, len, high);
	while (node) {
		struct range_node *left = range_of(node->rb.rb_left);

		if (clip_hole(tree, node, low, high, &from, &to)) {
			at = fit_high(from, to, len, align);
			if (at != ~0UL)
				return at;
		}
		if (node->start <= low)
			break;
		node = left && left->gap >= len ? descend_right(left, len, high)
						: climb_from_right(node);
	}
	return ~0UL;
}

unsigned long range_find_hole_bottomup(const struct range_tree *tree, unsigned long len,
				       unsigned long align, unsigned long low, unsigned long high)
{
	struct range_node *node = range_of(tree->root.rb_node);
	unsigned long from, to, at;

	if (node && node->gap >= len) {
		node = descend_left(node, len, low);
		while (node) {
			struct range_node *right = range_of(node->rb.rb_right);

			if (clip_hole(tree, node, low, high, &from, &to)) {
				at = fit_low(from, to, len, align);
				if (at != ~0UL)
					return at;
			}
			if (node->end >= high)
				break;
			node = right && right->gap >= len ? descend_left(right, len, low)
							  : climb_from_left(node);
		}
	}
	if (!clip_hole(tree, NULL, low, high, &from, &to))
		return ~0UL;
	return fit_low(from, to, len, align);
}

static const char *check_subtree(const struct range_node *node)
{
	const char *why;

	if (!node)
		return NULL;
	if (node->start >= node->end)
		return "a range is empty or upside down";
	if (node->prev && node->prev->end > node->start)
		return "two ranges overlap";
	if (node->next && node->next->prev != node)
		return "neighbours do not agree";
	if (node->hole != hole_below(node))
		return "the hole below a range is wrong";
	if (node->gap != subtree_gap(node))
		return "a subtree's largest hole is wrong";
	why = check_subtree(range_of(node->rb.rb_left));
	return why ? why : check_subtree(range_of(node->rb.rb_right));
}

static size_t count_subtree(const struct rb_node *rb)
{
	return rb ? 1 + count_subtree(rb->rb_left) + count_subtree(rb->rb_right) : 0;
}

const char *range_tree_check(const struct range_tree *tree)
{
	const struct range_node *node;
	size_t listed = 0;

	for (node = tree->first; node; node = node->next)
		listed++;
	if (listed != count_subtree(tree->root.rb_node))
		return "the list and the tree of ranges differ in number";
	return check_subtree(range_of(tree->root.rb_node));
}
