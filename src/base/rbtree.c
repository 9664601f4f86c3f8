/* SPDX-License-Identifier: MIT */
/*
 * base/rbtree.c - red-black trees: insertion and deletion with at most two and three rotations.
 *
 *        from                to             A rotation lifts `to` above its parent `from`.  Everything here is
 *       /    \              /  \            written for one side and compiled for both: `side` is the direction in
 *     to      c    ->      a   from         which the node in question hangs from its parent; in the
 *    /  \                      /  \         drawing `to` hangs on the left of `from`.
 *   a    b                    b    c
 *
 * Always true:  the root is black; a red node has no red child; all paths down pass equally many
 *               black nodes.
 * Lock:         the caller's.
 */
#include <quire/rbtree.h>

#define RED   0UL
#define BLACK 1UL

enum side { LEFT, RIGHT };

static quire_always_inline struct rb_node **link_of(struct rb_node *node, enum side side)
{
	return side == LEFT ? &node->rb_left : &node->rb_right;
}

static quire_always_inline enum side other(enum side side)
{
	return side == LEFT ? RIGHT : LEFT;
}

static inline bool is_red(const struct rb_node *node)
{
	return node && !(node->__rb_parent_color & BLACK);
}

static inline void set_parent(struct rb_node *node, struct rb_node *parent)
{
	node->__rb_parent_color = (node->__rb_parent_color & BLACK) | (unsigned long)parent;
}

static inline void set_parent_color(struct rb_node *node, struct rb_node *parent,
				    unsigned long color)
{
	node->__rb_parent_color = (unsigned long)parent | color;
}

/* `item` hangs where `old` hung. */
static inline void replace_child(struct rb_root *root, struct rb_node *parent, struct rb_node *old,
				 struct rb_node *item)
{
	if (!parent)
		root->rb_node = item;
	else if (parent->rb_left == old)
		parent->rb_left = item;
	else
		parent->rb_right = item;
}

/*
 * Lift `to`, which hangs on `side` of `from`, above it.  Colours: to takes from's, from gets
 * `color`; the subtree that changes hands keeps its own.
 */
static quire_always_inline void rotate_up(struct rb_root *root, struct rb_node *from,
					  struct rb_node *to, enum side side, unsigned long color,
					  const struct rb_augment_callbacks *augment)
{
	struct rb_node *inner = *link_of(to, other(side)), *parent = rb_parent(from);

	*link_of(from, side) = inner;
	if (inner)
		set_parent(inner, from);
	*link_of(to, other(side)) = from;
	to->__rb_parent_color = from->__rb_parent_color;
	set_parent_color(from, to, color);
	replace_child(root, parent, from, to);
	if (augment)
		augment->rotate(from, to);
}

/* ---- insertion ------------------------------------------------------------------------------- */

/* node and parent are both red and the uncle is not: one or two rotations end it. */
static quire_always_inline void finish_insert(struct rb_root *root, struct rb_node *node,
					      struct rb_node *parent, struct rb_node *grand,
					      enum side side,
					      const struct rb_augment_callbacks *augment)
{
	if (node == *link_of(parent, other(side))) {
		rotate_up(root, parent, node, other(side), RED, augment);
		parent = node;
	}
	rotate_up(root, grand, parent, side, RED, augment);
}

static quire_always_inline void insert_fixup(struct rb_node *node, struct rb_root *root,
					     const struct rb_augment_callbacks *augment)
{
	struct rb_node *parent, *grand, *uncle;

	for (;;) {
		parent = rb_parent(node);
		if (!parent) {
			set_parent_color(node, NULL, BLACK);
			return;
		}
		if (!is_red(parent))
			return;
		grand = rb_parent(parent); /* a red node is never the root */
		uncle = parent == grand->rb_left ? grand->rb_right : grand->rb_left;
		if (!is_red(uncle))
			break;
		/* Push the black of the grandparent down; it may now clash higher up. */
		set_parent_color(parent, grand, BLACK);
		set_parent_color(uncle, grand, BLACK);
		set_parent(grand, rb_parent(grand));
		grand->__rb_parent_color &= ~BLACK;
		node = grand;
	}
	if (parent == grand->rb_left)
		finish_insert(root, node, parent, grand, LEFT, augment);
	else
		finish_insert(root, node, parent, grand, RIGHT, augment);
}

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	insert_fixup(node, root, NULL);
}

void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
			 const struct rb_augment_callbacks *augment)
{
	insert_fixup(node, root, augment);
}

/* ---- deletion -------------------------------------------------------------------------------- */

/*
 * Paths through `side` of parent are one black node short.  Repair that, or pass the shortage up:
 * returns the node whose own position is short now, or NULL.
 */
static quire_always_inline struct rb_node *repair_short_side(
	struct rb_root *root, struct rb_node *parent, enum side side,
	const struct rb_augment_callbacks *augment)
{
	struct rb_node *sibling = *link_of(parent, other(side)), *near, *far;

	if (is_red(sibling)) {
		rotate_up(root, parent, sibling, other(side), RED, augment);
		sibling = *link_of(parent, other(side));
	}
	near = *link_of(sibling, side);
	far = *link_of(sibling, other(side));
	if (!is_red(near) && !is_red(far)) {
		set_parent_color(sibling, parent, RED);
		if (!is_red(parent))
			return parent;
		set_parent_color(parent, rb_parent(parent), BLACK);
		return NULL;
	}
	if (!is_red(far)) {
		rotate_up(root, sibling, near, side, RED, augment);
		far = sibling;
		sibling = near;
	}
	rotate_up(root, parent, sibling, other(side), BLACK, augment);
	set_parent_color(far, sibling, BLACK);
	return NULL;
}

static quire_always_inline void erase_fixup(struct rb_node *parent, struct rb_root *root,
					    const struct rb_augment_callbacks *augment)
{
	struct rb_node *node = NULL; /* what hangs at the short place: nothing at first */

	while (parent) {
		if (parent->rb_left == node)
			node = repair_short_side(root, parent, LEFT, augment);
		else
			node = repair_short_side(root, parent, RIGHT, augment);
		if (!node)
			break;
		parent = rb_parent(node);
	}
}

/* node has at most one child: that child, or nothing, takes its place. */
static quire_always_inline struct rb_node *unlink_simple(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *child = node->rb_left ? node->rb_left : node->rb_right;
	struct rb_node *parent = rb_parent(node);

	replace_child(root, parent, node, child);
	if (child) {
		/* An only child is red and its parent black: the colour moves with the place. */
		child->__rb_parent_color = node->__rb_parent_color;
		return NULL;
	}
	return is_red(node) ? NULL : parent;
}

/* node has two children: its successor leaves its own place and takes node's.  *lowest is where
 * summaries change first. */
static quire_always_inline struct rb_node *unlink_inner(struct rb_node *node, struct rb_root *root,
							struct rb_node **lowest)
{
	struct rb_node *next = node->rb_right, *parent = node, *child, *short_at;

	while (next->rb_left) {
		parent = next;
		next = next->rb_left;
	}
	child = next->rb_right;
	if (parent == node)
		parent = next;
	else {
		parent->rb_left = child;
		next->rb_right = node->rb_right;
		set_parent(next->rb_right, next);
	}
	if (child)
		set_parent_color(child, parent, BLACK);
	short_at = child || is_red(next) ? NULL : parent;
	next->rb_left = node->rb_left;
	set_parent(next->rb_left, next);
	replace_child(root, rb_parent(node), node, next);
	next->__rb_parent_color = node->__rb_parent_color;
	*lowest = parent;
	return short_at;
}

static quire_always_inline void erase(struct rb_node *node, struct rb_root *root,
				      const struct rb_augment_callbacks *augment)
{
	struct rb_node *short_at, *lowest;

	if (node->rb_left && node->rb_right) {
		short_at = unlink_inner(node, root, &lowest);
		if (augment) {
			struct rb_node *heir = rb_parent(node->rb_left);

			augment->copy(node, heir);
			if (lowest != heir)
				augment->propagate(lowest, heir);
			augment->propagate(heir, NULL);
		}
	} else {
		short_at = unlink_simple(node, root);
		if (augment && rb_parent(node))
			augment->propagate(rb_parent(node), NULL);
	}
	if (short_at)
		erase_fixup(short_at, root, augment);
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	erase(node, root, NULL);
}

void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
			const struct rb_augment_callbacks *augment)
{
	erase(node, root, augment);
}

/* ---- order ----------------------------------------------------------------------------------- */
static struct rb_node *leftmost(struct rb_node *node)
{
	while (node && node->rb_left)
		node = node->rb_left;
	return node;
}

static struct rb_node *rightmost(struct rb_node *node)
{
	while (node && node->rb_right)
		node = node->rb_right;
	return node;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return leftmost(root->rb_node);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return rightmost(root->rb_node);
}

struct rb_node *rb_next(const struct rb_node *node)
{
	struct rb_node *parent;

	if (node->rb_right)
		return leftmost(node->rb_right);
	while ((parent = rb_parent(node)) && node == parent->rb_right)
		node = parent;
	return parent;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	struct rb_node *parent;

	if (node->rb_left)
		return rightmost(node->rb_left);
	while ((parent = rb_parent(node)) && node == parent->rb_left)
		node = parent;
	return parent;
}

void rb_replace_node(struct rb_node *victim, struct rb_node *item, struct rb_root *root)
{
	*item = *victim;
	if (item->rb_left)
		set_parent(item->rb_left, item);
	if (item->rb_right)
		set_parent(item->rb_right, item);
	replace_child(root, rb_parent(victim), victim, item);
}

/* The first of a subtree in postorder: down, left where possible, to a node without children. */
static struct rb_node *deepest(struct rb_node *node)
{
	while (node && (node->rb_left || node->rb_right))
		node = node->rb_left ? node->rb_left : node->rb_right;
	return node;
}

struct rb_node *rb_first_postorder(const struct rb_root *root)
{
	return deepest(root->rb_node);
}

struct rb_node *rb_next_postorder(const struct rb_node *node)
{
	struct rb_node *parent = rb_parent(node);

	if (parent && node == parent->rb_left && parent->rb_right)
		return deepest(parent->rb_right);
	return parent;
}

/* ---- laws ------------------------------------------------------------------------------------ */

/* Black nodes on every path below `node`, or -1 with *why set. */
static int black_height(const struct rb_node *node, const struct rb_node *parent, const char **why)
{
	int left, right;

	if (!node)
		return 0;
	if (rb_parent(node) != parent)
		*why = "a node's parent is not the node it hangs from";
	else if (is_red(node) && (!parent || is_red(parent)))
		*why = "a red node is the root or has a red parent";
	if (*why)
		return -1;
	left = black_height(node->rb_left, node, why);
	right = *why ? -1 : black_height(node->rb_right, node, why);
	if (!*why && left != right)
		*why = "two paths down differ in black nodes";
	return *why ? -1 : left + !is_red(node);
}

const char *rb_check(const struct rb_root *root)
{
	const char *why = NULL;

	black_height(root->rb_node, NULL, &why);
	return why;
}
