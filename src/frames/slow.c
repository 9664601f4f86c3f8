/* SPDX-License-Identifier: MIT */
/*
 * frames/slow.c - when the per-CPU lists cannot serve: which zone, and how low may it go.
 *
 *   zones above low? --no--> wake kswapd --> above min (less for the urgent)? --no--> reserves for
 *   the dying?
 *        |                                       |                                        | no, and may sleep
 *        v                                       v                                        v
 *     a batch                                 a block       <--again--  low.c, if it is linked: reclaim, OOM killer
 *
 * Always true:  nobody takes a zone below its mark and reserve, except who is entitled to.
 * Lock:         zone->lock, inside.
 */
#include <quire/event.h>
#include <quire/highmem.h>
#include <quire/printk.h>
#include "alloc.h"
#include "debug.h"
#include "slow.h"

const struct low_memory_ops *low_memory_ops;
const struct low_path *low_path;

/* ---- one zone -------------------------------------------------------------------------------- */
bool zone_has_free_block(const struct zone *zone, unsigned order, unsigned how)
{
	const struct zone_groups *gs = &zone->groups;
	u32 orders = racy_read(gs->present[MIGRATE_MOVABLE]);

	if (QUIRE_MOBILITY)
		orders |= racy_read(gs->present[MIGRATE_UNMOVABLE]) |
			  racy_read(gs->present[MIGRATE_RECLAIMABLE]);
	if (how & ALLOC_CMA)
		orders |= racy_read(gs->present[MIGRATE_CMA]);
	if (QUIRE_MOBILITY && how & (ALLOC_HARDER | ALLOC_NO_WATERMARKS))
		orders |= racy_read(gs->present[MIGRATE_HIGHATOMIC]);
	return (orders & ((2u << MAX_PAGE_ORDER) - 1)) >> order;
}

/* What speaks against taking the block from this zone, or NULL. */
static const char *why_not(const struct zone *zone, const struct request *req, unsigned how)
{
	unsigned long mark = how & ALLOC_LOW ? low_wmark_pages(zone) : min_wmark_pages(zone);

	if (QUIRE_MOBILITY && req->type == MIGRATE_MOVABLE)
		how |= ALLOC_CMA;
	if (how & ALLOC_NO_WATERMARKS)
		return zone_has_free_block(zone, req->order, how) ? NULL : "no free block";
	/* A boost is to save large blocks: it does not concern one urgent frame. */
	if (how & ALLOC_HIGH && !(how & ALLOC_LOW) && !req->order)
		mark = READ_ONCE(zone->_watermark[WMARK_MIN]);
	return zone_why_low(zone, req->order, mark, req->high, how);
}

/* Of the per-CPU lists that the block goes to when it is freed. */
static u32 column_of(const struct zone *zone, unsigned long pfn)
{
	return QUIRE_PCP ? pcp_column_of(pageblock_type(zone, pfn)) : 0;
}

static struct page *take_block(struct zone *zone, const struct request *req, unsigned how)
{
	struct page *page = NULL;
	unsigned long flags, pfn;

	spin_lock_irqsave(&zone->lock, flags);
	pfn = buddy_take_locked(zone, req->order, req->type);
	if (QUIRE_MOBILITY && pfn == PFN_NONE && how & (ALLOC_HARDER | ALLOC_NO_WATERMARKS))
		pfn = buddy_take_exact_locked(zone, req->order, MIGRATE_HIGHATOMIC);
	if (pfn != PFN_NONE) {
		page = pfn_to_page(pfn);
		make_owned(page, block_marks(req->order, column_of(zone, pfn)));
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

/* From this CPU's list, which is filled first if it is to be; NULL: there is none, or none left. */
static struct page *take_from_list(struct zone *zone, const struct request *req, bool refill)
{
	struct pcp_list *list = pcp_list_of(zone, req->order, req->type);
	struct quire_cpu *cpu = this_quire_cpu();
	struct page *page = NULL;

	if (!list || !pcp_enter_slow(cpu))
		return NULL;
	if (!refill || pcp_refill(zone, list))
		page = pcp_pop(list);
	if (page)
		list->nr_moved--; /* counted by our caller, not by the list */
	pcp_leave(cpu);
	return page;
}

static struct page *take_from_zone(struct zone *zone, const struct request *req, unsigned how)
{
	struct page *page = take_from_list(zone, req, false);

	if (page || why_not(zone, req, how))
		return page;
	page = take_from_list(zone, req, true);
	return page ? page : take_block(zone, req, how);
}

struct page *take_from_zones(const struct request *req, unsigned how)
{
	const struct zone *first = NULL;

	for (unsigned i = 0; i < req->zones->nr; i++) {
		struct zone *zone = req->zones->zones[i];
		struct page *page;

		if (zone->idx > req->high)
			continue;
		first = first ? first : zone;
		page = take_from_zone(zone, req, how);
		if (page) {
			zone_statistics(first, zone);
			count_vm_events((enum vm_event_item)(PGALLOC_DMA + zone->idx),
					1L << req->order);
			return page;
		}
	}
	return NULL;
}

/* ---- blocks kept for those who cannot wait --------------------------------------------------- */

/* A block was just given to such a request: keep the rest of its pageblock for the next one, up to
 * 1 % of the zone. */
static void reserve_highatomic(struct page *page)
{
	struct zone *zone = page_zone(page);
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	if (zone->nr_reserved_highatomic < zone_managed_pages(zone) / 100 &&
	    pageblock_type(zone, page_to_pfn(page)) < MIGRATE_PCPTYPES) {
		pageblock_convert_locked(zone, page_to_pfn(page), MIGRATE_HIGHATOMIC);
		zone->nr_reserved_highatomic += pageblock_nr_pages;
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

static bool unreserve_one(struct zone *zone, enum migratetype type)
{
	unsigned long flags;
	u32 g;

	spin_lock_irqsave(&zone->lock, flags);
	g = buddy_find_locked(zone, 0, MIGRATE_HIGHATOMIC);
	if (g != ROW_EMPTY) {
		pageblock_convert_locked(zone, group_pfn(&zone->groups, g), type);
		zone->nr_reserved_highatomic -=
			min(zone->nr_reserved_highatomic, pageblock_nr_pages);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	return g != ROW_EMPTY;
}

static void unreserve_highatomic(const struct request *req)
{
	for (unsigned i = 0; QUIRE_MOBILITY && i < req->zones->nr; i++)
		while (unreserve_one(req->zones->zones[i], req->type))
			;
}

/* ---- when memory is low ---------------------------------------------------------------------- */
unsigned entitlement(const struct request *req)
{
	unsigned how = req->gfp & (__GFP_HIGH | __GFP_ATOMIC) ? ALLOC_HIGH : 0;

	if (req->gfp & __GFP_NOMEMALLOC)
		return how;
	if (how && !(req->gfp & __GFP_DIRECT_RECLAIM))
		how |= ALLOC_HARDER;
	if (req->gfp & __GFP_MEMALLOC || (low_path_now() && low_path->dying()))
		how |= ALLOC_NO_WATERMARKS;
	return how;
}

/* What was freed may be parked, or kept for others. */
struct page *gather_and_take(const struct request *req, unsigned how)
{
	struct page *page = take_from_zones(req, how);

	if (page || !(QUIRE_PCP || QUIRE_MOBILITY))
		return page;
	drain_all_pages();
	unreserve_highatomic(req);
	return take_from_zones(req, how);
}

/* Nobody can free anything on purpose: who must not fail waits until somebody does. */
static struct page *gather_or_wait(const struct request *req)
{
	for (;;) {
		struct page *page = gather_and_take(req, entitlement(req));

		if (page || !(req->gfp & __GFP_NOFAIL))
			return page;
		port_yield();
	}
}

static struct page *take_hard(const struct request *req)
{
	unsigned how = entitlement(req);
	struct page *page;

	if (req->gfp & __GFP_KSWAPD_RECLAIM && low_path_now())
		low_path->wake(req);
	page = take_from_zones(req, how);
	if (page) {
		if (QUIRE_MOBILITY && how & ALLOC_HARDER && req->order &&
		    req->order <= pageblock_order)
			reserve_highatomic(page);
		return page;
	}
	if (!(req->gfp & __GFP_DIRECT_RECLAIM) || in_interrupt())
		return NULL;
	return low_path_now() ? low_path->retry(req) : gather_or_wait(req);
}

static struct page *take(const struct request *req)
{
	struct page *page = take_from_zones(req, ALLOC_LOW);

	return page ? page : take_hard(req);
}

/* ---- entry ----------------------------------------------------------------------------------- */
static void make_compound(struct page *page, unsigned order)
{
	__SetPageFlag(page, PG_head);
	page->private = order;
	for (unsigned long i = 1; i < 1UL << order; i++) {
		__SetPageFlag(page + i, PG_tail);
		page[i].compound_head = page;
	}
}

static void unmake_compound(struct page *page, unsigned order)
{
	__ClearPageFlag(page, PG_head);
	for (unsigned long i = 1; i < 1UL << order; i++) {
		page_flags_keep(&page[i], PAGE_KEEP_MASK);
		page[i].mapping = NULL;
	}
}

static void finish(struct page *page, const struct request *req)
{
	if (req->gfp & __GFP_ZERO)
		for (unsigned long i = 0; i < 1UL << req->order; i++)
			clear_highpage(page + i);
	if (req->gfp & __GFP_COMP && req->order)
		make_compound(page, req->order);
}

static struct request make_request(gfp_t gfp, unsigned order, int nid)
{
	enum migratetype type = gfp_migratetype(gfp);
	const struct pglist_data *node =
		NODE_DATA(nid >= 0 && nid < QUIRE_NR_NODES ? nid : numa_node_id());

	return (struct request){
		.gfp = gfp,
		.order = order,
		.high = gfp_zone(gfp),
		.type = type < MIGRATE_PCPTYPES ? type : MIGRATE_UNMOVABLE,
		.zones = &node->node_zonelists[gfp & __GFP_THISNODE ? ZONELIST_NOFALLBACK
								    : ZONELIST_FALLBACK],
	};
}

struct page *alloc_pages_slow(gfp_t gfp, unsigned order, int nid)
{
	struct request req = make_request(gfp, order, nid);
	struct page *page = NULL;

	if (gfp & __GFP_DIRECT_RECLAIM)
		lock_debug_assert_none("a page allocation with __GFP_DIRECT_RECLAIM");
	if (order <= MAX_PAGE_ORDER && !should_fail_alloc_page(gfp, order))
		do
			page = take(&req);
		while (page && !frame_debug_taken(page, order, gfp));
	if (page)
		finish(page, &req);
	else if (!(gfp & __GFP_NOWARN))
		report_alloc_failure(gfp, order);
	quire_event(mm_page_alloc, page ? page_to_pfn(page) : ~0UL, order, gfp);
	return page;
}

/* ---- freeing --------------------------------------------------------------------------------- */

/* What is wrong with freeing this block, or NULL. */
static const char *why_not_free(const struct page *page, unsigned order)
{
	u32 flags = READ_ONCE(page->flags);

	if (page_was_freed(page))
		return "it is free already";
	if (page_order_taken(flags) != order)
		return "it was allocated with another order";
	if (flags & 1u << PG_reserved)
		return "it was never allocated (reserved)";
	if (flags & 1u << PG_slab)
		return "it belongs to the heap";
	if (flags & 1u << PG_tail)
		return "it is the inside of a compound block";
	if (flags & 1u << PG_locked)
		return "it is locked";
	if (frame_is_set_aside(page))
		return "it is out of use";
	if (page_mapcount(page))
		return "it is still mapped";
	if (flags & 1u << PG_head && page->private != order)
		return "its compound block has another size";
	if (order > MAX_PAGE_ORDER || page_to_pfn(page) & ((1UL << order) - 1))
		return "the block is too large or not aligned to its size";
	return NULL;
}

static void put_block(struct page *page, unsigned order)
{
	struct zone *zone = page_zone(page);
	unsigned long flags;

	page_flags_write(page, page_flags_freed(READ_ONCE(page->flags)));
	spin_lock_irqsave(&zone->lock, flags);
	buddy_put_locked(zone, page_to_pfn(page), order);
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* To this CPU's list; false: there is none, or it may not be touched now. */
static bool put_on_list(struct page *page, unsigned order)
{
	struct pcp_list *list =
		pcp_list_of(page_zone(page), order, page_pcp_column(READ_ONCE(page->flags)));
	struct quire_cpu *cpu = this_quire_cpu();
	bool room;

	if (!list || !pcp_enter_slow(cpu))
		return false;
	room = pcp_high(list); /* it may have been shut since we looked */
	if (room && pcp_count(list) == pcp_high(list))
		pcp_make_room(list);
	if (room) {
		list->nr_moved++;
		pcp_push(list, page, READ_ONCE(page->flags) & PAGE_KEEP_MASK);
	}
	pcp_leave(cpu);
	return room;
}

/* What is done at every free; false: the block is not to be used again. */
static bool retire(struct page *page, unsigned order)
{
	const char *why = why_not_free(page, order);

	if (unlikely(why)) {
		bad_page(page, why);
		return false;
	}
	if (!frame_debug_freed(page, order))
		return false;
	quire_event(mm_page_free, page_to_pfn(page), order, 0);
	if (PageFlag(page, PG_head))
		unmake_compound(page, order);
	count_vm_events(PGFREE, 1L << order);
	return true;
}

/* Not to become a part of the fast paths, which would have to save registers for it. */
quire_noinline void free_frames_slow(struct page *page, unsigned order)
{
	if (retire(page, order) && !put_on_list(page, order))
		put_block(page, order);
}

void free_frame_unparked(struct page *page)
{
	if (retire(page, 0))
		put_block(page, 0);
}
