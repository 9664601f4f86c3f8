/* SPDX-License-Identifier: MIT */
/*
 * quire/spantree.h - ranges that may overlap, and those among them that hold a given place, in
 * logarithmic time for each.
 *
 *   areas that map a file, or that may map a process family's anonymous pages, by page of the file:
 *
 *       0         8         16              who holds page 9?   a, c; b and d are passed over
 *       |----a----------|                   with the subtree they are in, if that ends before 9
 *       |--b--|  |---c---|   |--d--|
 *
 * Always true:  nodes are sorted by their first place, those with the same one by when they came;
 *               reach is the last place that any node of the subtree holds.
 * Lock:         the caller's.  Nothing here sleeps or allocates.
 */
#ifndef QUIRE_SPANTREE_H
#define QUIRE_SPANTREE_H

#include <quire/rbtree.h>
#include <quire/types.h>

struct span_node {
	struct rb_node rb;
	pgoff_t first; /* place it begins at                     */
	pgoff_t last;  /* last place it holds; not before first  */
	pgoff_t reach; /* largest `last` of its subtree          */
};

struct span_tree {
	struct rb_root root;
};

static inline void span_tree_init(struct span_tree *tree)
{
	tree->root = RB_ROOT;
}

static inline bool span_tree_empty(const struct span_tree *tree)
{
	return RB_EMPTY_ROOT(&tree->root);
}

/* Put node in, as [first, last], behind those that begin at the same place. */
void span_insert(struct span_tree *tree, struct span_node *node, pgoff_t first, pgoff_t last);
void span_erase(struct span_tree *tree, struct span_node *node);
/* Move the ends of a node that is in the tree. */
void span_resize(struct span_tree *tree, struct span_node *node, pgoff_t first, pgoff_t last);

/* The first node that holds any of [first, last], and the one after `node`; NULL: no more. */
struct span_node *span_first(const struct span_tree *tree, pgoff_t first, pgoff_t last);
struct span_node *span_next(const struct span_node *node, pgoff_t first, pgoff_t last);

#define span_for_each(node, tree, first, last)                                                     \
	for ((node) = span_first((tree), (first), (last)); (node);                                 \
	     (node) = span_next((node), (first), (last)))

/* Words of the broken law, or NULL. */
const char *span_tree_check(const struct span_tree *tree);

#endif
