/* SPDX-License-Identifier: MIT */
/*
 * frames/isolate.c - a range of pageblocks is closed, emptied and taken.
 *
 *   isolate_range   pageblocks become ISOLATE: what is free there is not given out any more
 *   empty_range     what is used there moves elsewhere; what is freed there stays free
 *   claim_range     all of it is free: it is taken
 *   unisolate_range pageblocks are what they were
 *
 * Always true:  a pageblock that is ISOLATE remembers its type in `isolated_from`; one that is already
 *               ISOLATE refuses.
 * Lock:         zone->lock for moments.
 */
#include <quire/contig.h>
#include <quire/err.h>
#include <quire/migrate.h>
#include "alloc.h"

#define FROM_AT_ONCE 32u
#define MAX_ATTEMPTS 5u

static unsigned long block_down(unsigned long pfn)
{
	return QUIRE_ALIGN_DOWN(pfn, pageblock_nr_pages);
}

/* ---- who is in the way ----------------------------------------------------------------------- */
quire_racy const char *range_why_immovable(unsigned long start, unsigned long end)
{
	for (unsigned long pfn = start; pfn < end; pfn++) {
		const struct page *page = pfn_to_page(pfn);
		const char *why;

		if (!READ_ONCE(page->_refcount.counter) && !PageFlag(page, PG_reserved))
			continue;
		/* Passing reasons are waited for. */
		if (PageFlag(page, PG_isolated) || PageFlag(page, PG_locked))
			continue;
		why = page_why_immovable(page);
		if (why)
			return why;
	}
	return NULL;
}

/* ---- pageblocks ------------------------------------------------------------------------------ */
static int isolate_block(struct zone *zone, unsigned long pfn, enum migratetype wanted)
{
	unsigned long flags;
	int err = 0;

	spin_lock_irqsave(&zone->lock, flags);
	if (!pageblock_isolate_locked(zone, pfn, wanted))
		err = -EBUSY;
	spin_unlock_irqrestore(&zone->lock, flags);
	return err;
}

static void unisolate_range(struct zone *zone, unsigned long start, unsigned long end)
{
	for (unsigned long pfn = block_down(start); pfn < end; pfn += pageblock_nr_pages) {
		unsigned long flags;

		spin_lock_irqsave(&zone->lock, flags);
		pageblock_unisolate_locked(zone, max(pfn, zone->zone_start_pfn));
		spin_unlock_irqrestore(&zone->lock, flags);
	}
}

static int isolate_range(struct zone *zone, unsigned long start, unsigned long end,
			 enum migratetype wanted)
{
	for (unsigned long pfn = block_down(start); pfn < end; pfn += pageblock_nr_pages) {
		int err = isolate_block(zone, max(pfn, zone->zone_start_pfn), wanted);

		if (err) {
			if (pfn > start)
				unisolate_range(zone, start, pfn);
			return err;
		}
	}
	return 0;
}

/* ---- emptying -------------------------------------------------------------------------------- */
static struct page *elsewhere(struct page *page, unsigned long private)
{
	gfp_t gfp = (gfp_t) private;

	(void)page;
	return alloc_page((gfp & ~(__GFP_COMP | __GFP_ZERO)) | __GFP_MOVABLE | __GFP_NOWARN |
			  __GFP_RETRY_MAYFAIL);
}

/* Move what can be moved, once.  -ENOMEM: there is nowhere to. */
static int empty_once(unsigned long start, unsigned long end, gfp_t gfp, enum migrate_reason reason)
{
	struct page *from[FROM_AT_ONCE];

	while (start < end) {
		unsigned n = 0;

		for (; start < end && n < FROM_AT_ONCE; start++)
			if (isolate_movable_page(pfn_to_page(start), 0))
				from[n++] = pfn_to_page(start);
		if (n && migrate_pages(from, n, elsewhere, NULL, gfp, MIGRATE_SYNC, reason, NULL) ==
				 -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

static bool claim(struct zone *zone, unsigned long start, unsigned long end)
{
	unsigned long flags;
	bool claimed;

	spin_lock_irqsave(&zone->lock, flags);
	claimed = buddy_claim_locked(zone, start, end);
	spin_unlock_irqrestore(&zone->lock, flags);
	return claimed;
}

static int empty_and_claim(struct zone *zone, unsigned long start, unsigned long end, gfp_t gfp,
			   enum migrate_reason reason)
{
	for (unsigned attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
		int err;

		if (claim(zone, start, end))
			return 0;
		if (range_why_immovable(start, end))
			return -EBUSY;
		err = empty_once(start, end, gfp, reason);
		if (err)
			return err;
		drain_all_pages();
	}
	return claim(zone, start, end) ? 0 : -EBUSY;
}

int take_range(struct zone *zone, unsigned long start, unsigned long end, enum migratetype wanted,
	       gfp_t gfp, enum migrate_reason reason)
{
	int err = isolate_range(zone, start, end, wanted);

	if (err)
		return err;
	zone_pcp_disable(zone);
	err = empty_and_claim(zone, start, end, gfp, reason);
	zone_pcp_enable(zone);
	unisolate_range(zone, start, end);
	return err;
}
