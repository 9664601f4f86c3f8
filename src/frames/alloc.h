/* SPDX-License-Identifier: MIT */
/*
 * frames/alloc.h - between the fast and the slow half of allocation.
 */
#ifndef QUIRE_SRC_FRAMES_ALLOC_H
#define QUIRE_SRC_FRAMES_ALLOC_H

#include <quire/bytes.h>
#include "frames.h"

/* A block that was just taken off a free list becomes its new owner's: referenced once, and blank
 * but for where it is and its marks. */
static inline void make_owned(struct page *page, u32 marks)
{
	page_flags_write(page, (READ_ONCE(page->flags) & PAGE_PLACE_MASK) | marks);
	atomic_set(&page->_refcount, 1); /* who moves frames may be looking at it */
	page->_mapcount.counter = 0;
	page->private = 0;
	page->mapping = NULL;
}

/* Its frames are all of one zone and for one use, so nothing has to be read from the descriptor.
 * NULL: the list is empty. */
static quire_always_inline struct page *pcp_pop(struct pcp_list *list)
{
	u32 *top = list->top;
	struct page *page;

	if (unlikely(top == list->slot))
		return NULL;
	page = pfn_to_page(top[-1]);
	owner_add(list->top, -1);
	WRITE_ONCE(page->flags_and_refs, list->fresh);
	page->_mapcount.counter = 0;
	page->private = 0;
	page->mapping = NULL;
	return page;
}

/* page_to_pfn() of what fits a slot: the array's place is a constant that often vanishes. */
static inline u32 page_to_slot(const struct page *page)
{
	if (sizeof(struct page) == 32)
		return (u32)((unsigned long)page >> 5) - (u32)((unsigned long)quire_vmemmap >> 5);
	return (u32)page_to_pfn(page);
}

/* A block that is owned by nobody any more; flags as read by the caller, nothing of an owner.
 * False: the list is full. */
static quire_always_inline bool pcp_push(struct pcp_list *list, struct page *page, u32 flags)
{
	u32 *top = list->top;

	if (unlikely(top == list->limit))
		return false;
	WRITE_ONCE(page->flags_and_refs,
		   PAGE_WORD(flags | PAGE_ORDER_FREED << PAGE_ORDER_SHIFT, 0));
	*top = page_to_slot(page);
	owner_add(list->top, 1);
	return true;
}

/* Everything that the fast path does not do.  nid: NUMA_NO_NODE or a node. */
struct page *alloc_pages_slow(gfp_t gfp, unsigned order, int nid);
/* The same for a block without references: checks, events, full lists. */
void free_frames_slow(struct page *page, unsigned order);
/* The same for a single frame, to its zone. */
void free_frame_unparked(struct page *page);

#endif
