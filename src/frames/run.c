/* SPDX-License-Identifier: MIT */
/*
 * frames/run.c - neighbouring frames in any number: the block that holds them, less its end.
 *
 *   wanted: 11     |. . . . . . . .|. . .|x|x x x x|      a block of 16; x goes back in the largest
 *                   0               8    11 12     16     aligned blocks, as all of it does later
 *
 * Always true:  the first frame of a run has the only reference; its marks are those of the block.
 * Lock:         none for what is one's own; extend_run() takes zone->lock.
 */
#include <quire/run.h>
#include "alloc.h"

static unsigned largest_part(unsigned long pfn, unsigned long nr)
{
	unsigned order = min((unsigned)ilog2(nr), (unsigned)MAX_PAGE_ORDER);

	return pfn ? min(order, __ffs(pfn)) : order;
}

/* 2^order frames inside a run become a block that is about to be freed. */
static void make_part(struct page *page, unsigned order, u32 column)
{
	page_flags_write(page, (page->flags & PAGE_PLACE_MASK) | column | block_marks(order, 0));
	atomic_set(&page->_refcount, 1);
	page->_mapcount.counter = 0;
	page->private = 0;
	page->mapping = NULL;
}

static void free_parts(struct page *page, unsigned long nr, u32 column)
{
	while (nr) {
		unsigned order = largest_part(page_to_pfn(page), nr);

		make_part(page, order, column);
		__free_pages(page, order);
		page += 1UL << order;
		nr -= 1UL << order;
	}
}

struct page *alloc_run(gfp_t gfp, unsigned long nr, unsigned align_order)
{
	unsigned order;
	struct page *page;

	if (!nr || nr > 1UL << MAX_PAGE_ORDER || align_order > MAX_PAGE_ORDER)
		return NULL;
	order = max(get_order(nr << PAGE_SHIFT), align_order);
	page = alloc_pages(gfp & ~__GFP_COMP, order);
	if (page && nr < 1UL << order)
		free_parts(page + nr, (1UL << order) - nr,
			   page->flags & PAGE_PCPMT_MASK << PAGE_PCPMT_SHIFT);
	return page;
}

void free_run(struct page *page, unsigned long nr)
{
	free_parts(page, nr, page->flags & PAGE_PCPMT_MASK << PAGE_PCPMT_SHIFT);
}

bool extend_run(struct page *page, unsigned long nr, unsigned long more)
{
	unsigned long pfn = page_to_pfn(page) + nr, flags;
	struct zone *zone = page_zone(page);
	bool taken;

	spin_lock_irqsave(&zone->lock, flags);
	taken = more && pfn + more > pfn && pfn + more <= zone_end_pfn(zone) &&
		buddy_claim_locked(zone, pfn, pfn + more);
	spin_unlock_irqrestore(&zone->lock, flags);
	return taken;
}
