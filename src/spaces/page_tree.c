/* SPDX-License-Identifier: MIT */
/*
 * spaces/page_tree.c - pages of a file by index: a radix tree of 64-way nodes that is only as high
 * as the file is long.
 *
 *   height 0: root is the page of index 0      height 1: 64 pages      height 2: 4,096 pages ...
 *
 * Always true:  a node's count is the number of its slots in use; a node with none is freed at
 *               once.
 * Lock:         i_pages_lock.
 */
#include "internal.h"

#define NODE_SHIFT 6
#define NODE_SLOTS (1u << NODE_SHIFT)

struct page_tree_node {
	unsigned count;
	void *slot[NODE_SLOTS];
};

static unsigned slot_at(pgoff_t index, unsigned level)
{
	return (unsigned)(index >> ((level - 1) * NODE_SHIFT)) & (NODE_SLOTS - 1);
}

/* Whether a tree of this height has a place for index. */
static bool height_holds(unsigned height, pgoff_t index)
{
	return height * NODE_SHIFT >= sizeof(index) * 8 || index >> (height * NODE_SHIFT) == 0;
}

size_t page_tree_node_size(void)
{
	return sizeof(struct page_tree_node);
}

struct page **page_tree_slot(struct address_space *m, pgoff_t index)
{
	void **slot = &m->root;
	unsigned level;

	if (!height_holds(m->height, index))
		return NULL;
	for (level = m->height; level > 0; level--) {
		struct page_tree_node *node = *slot;

		if (!node)
			return NULL;
		slot = &node->slot[slot_at(index, level)];
	}
	return (struct page **)slot;
}

static struct page_tree_node *new_node(void)
{
	return kmem_cache_zalloc(spaces.node_cache, GFP_ATOMIC | __GFP_NOWARN);
}

/* Put levels on top until index has a place.  0 or -ENOMEM with the tree as usable as before. */
static int grow_tree(struct address_space *m, pgoff_t index)
{
	while (!height_holds(m->height, index)) {
		struct page_tree_node *node;

		if (m->root) {
			node = new_node();
			if (!node)
				return -ENOMEM;
			node->slot[0] = m->root;
			node->count = 1;
			m->root = node;
		}
		m->height++;
	}
	return 0;
}

/* An index whose nodes are partly there: take out those that hold nothing. */
static void prune(struct address_space *m, pgoff_t index)
{
	struct page_tree_node *path[12];
	void **slot = &m->root;
	unsigned level, depth = 0;

	for (level = m->height; level > 0 && *slot; level--) {
		path[depth++] = *slot;
		slot = &path[depth - 1]->slot[slot_at(index, level)];
	}
	while (depth > 0 && path[depth - 1]->count == 0) {
		kmem_cache_free(spaces.node_cache, path[--depth]);
		if (depth > 0) {
			path[depth - 1]->slot[slot_at(index, m->height - depth + 1)] = NULL;
			path[depth - 1]->count--;
		} else {
			m->root = NULL;
		}
	}
	if (!m->root)
		m->height = 0;
}

int page_tree_insert(struct address_space *m, pgoff_t index, struct page *page)
{
	struct page_tree_node *parent = NULL;
	void **slot = &m->root;
	unsigned level;

	if (grow_tree(m, index) != 0)
		return -ENOMEM;
	for (level = m->height; level > 0; level--) {
		if (!*slot) {
			struct page_tree_node *node = new_node();

			if (!node) {
				prune(m, index);
				return -ENOMEM;
			}
			*slot = node;
			if (parent)
				parent->count++;
		}
		parent = *slot;
		slot = &parent->slot[slot_at(index, level)];
	}
	if (*slot)
		return -EEXIST;
	*slot = page;
	if (parent)
		parent->count++;
	m->nrpages++;
	return 0;
}

struct page *page_tree_erase(struct address_space *m, pgoff_t index)
{
	struct page_tree_node *parent = NULL;
	void **slot = &m->root;
	struct page *page;
	unsigned level;

	if (!height_holds(m->height, index))
		return NULL;
	for (level = m->height; level > 0; level--) {
		parent = *slot;
		if (!parent)
			return NULL;
		slot = &parent->slot[slot_at(index, level)];
	}
	page = *slot;
	if (!page)
		return NULL;
	*slot = NULL;
	m->nrpages--;
	if (parent)
		parent->count--;
	prune(m, index);
	return page;
}

/* The first page of the subtree at or after *index; base is the subtree's first index. */
static struct page *next_below(void *node_or_page, unsigned level, pgoff_t base, pgoff_t *index,
			       pgoff_t last)
{
	struct page_tree_node *node = node_or_page;
	pgoff_t span = (pgoff_t)1 << ((level ? level - 1 : 0) * NODE_SHIFT);
	unsigned i = 0;

	if (level == 0) {
		if (base < *index || base > last)
			return NULL;
		*index = base;
		return node_or_page;
	}
	if (*index > base)
		i = (unsigned)((*index - base) / span);
	for (; i < NODE_SLOTS && base + i * span <= last; i++) {
		struct page *page = node->slot[i] ? next_below(node->slot[i], level - 1,
							       base + i * span, index, last)
						  : NULL;

		if (page)
			return page;
	}
	return NULL;
}

struct page *page_tree_next(struct address_space *m, pgoff_t *index, pgoff_t last)
{
	if (!m->root || *index > last || !height_holds(m->height, *index))
		return NULL;
	return next_below(m->root, m->height, 0, index, last);
}
