/* SPDX-License-Identifier: MIT */
/*
 * quire/rangetree.h - disjoint ranges of addresses, and the holes between them, in logarithmic
 * time.
 *
 *   user areas and vmalloc areas are both kept in one of these:
 *
 *        hole      [start, end)     hole      [start, end)        each node knows the largest hole
 *   |-----------|###############|---------|################|...   that lies directly below any
 *                                                                 node of its subtree
 *
 * Always true:  ranges are disjoint and sorted; gap == the largest (start - low_guard - previous
 *               end) of the subtree, where the lowest node's hole starts at address 0.
 * Lock:         the caller's.  Nothing here sleeps or allocates.
 */
#ifndef QUIRE_RANGETREE_H
#define QUIRE_RANGETREE_H

#include <quire/rbtree.h>
#include <quire/types.h>

struct range_node {
	unsigned long start; /* first byte                                                  */
	unsigned long end;   /* first byte after; start < end                               */
	struct rb_node rb;
	unsigned long gap;       /* largest hole below a node of this subtree, in bytes         */
	unsigned long hole;      /* directly below the node, less its guard                     */
	unsigned long low_guard; /* bytes below start that range_find_hole() leaves free        */
	struct range_node *prev,
		*next; /* neighbours by address                                       */
};

struct range_tree {
	struct rb_root root;
	struct range_node *first, *last;
};

void range_tree_init(struct range_tree *tree);

/* The node that contains addr, or the first above it, or NULL. */
struct range_node *range_find(const struct range_tree *tree, unsigned long addr);

/* Put node in, behind `prev` (NULL: it becomes the first).  It must overlap none. */
void range_insert(struct range_tree *tree, struct range_node *node, struct range_node *prev);
void range_erase(struct range_tree *tree, struct range_node *node);

/* Change the borders of a node in place; it must still overlap none. */
void range_resize(struct range_tree *tree, struct range_node *node, unsigned long start,
		  unsigned long end);

/*
 * The highest, or lowest, address a with [a, a + len) free, a a multiple of align (a power of two),
 * low <= a and a + len <= high; ~0UL if there is none.
 */
unsigned long range_find_hole_topdown(const struct range_tree *tree, unsigned long len,
				      unsigned long align, unsigned long low, unsigned long high);
unsigned long range_find_hole_bottomup(const struct range_tree *tree, unsigned long len,
				       unsigned long align, unsigned long low, unsigned long high);

/* Words of the broken law, or NULL. */
const char *range_tree_check(const struct range_tree *tree);

#endif
