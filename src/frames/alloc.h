/* SPDX-License-Identifier: MIT */
/*
 * frames/alloc.h - between the fast and the slow half of allocation.
 */
#ifndef QUIRE_SRC_FRAMES_ALLOC_H
#define QUIRE_SRC_FRAMES_ALLOC_H

#include <quire/bytes.h>
#include "frames.h"

/* A block that was just taken off a free list becomes its new owner's: referenced once, and
 * blank. */
static inline void make_owned(struct page *page)
{
	atomic_set(&page->_refcount, 1); /* who moves frames may be looking at it */
	page->order = 0;
	page->private = 0;
	page->mapping = NULL;
}

static inline struct page *pcp_pop(struct pcp_list *list)
{
	struct page *page = list->slot[--list->count];

	page_flags_keep(page, ~(1u << PG_pcp));
	make_owned(page);
	return page;
}

/* A block that is owned by nobody any more, flags as read by the caller. */
static inline void pcp_push(struct pcp_list *list, struct page *page, u32 flags)
{
	page_flags_write(page, (flags & PAGE_KEEP_MASK) | 1u << PG_pcp);
	list->slot[list->count++] = page;
}

/* Everything that the fast path does not do.  nid: NUMA_NO_NODE or a node. */
struct page *alloc_pages_slow(gfp_t gfp, unsigned order, int nid);
/* The same for a block without references: checks, events, full lists. */
void free_frames_slow(struct page *page, unsigned order);

#endif
