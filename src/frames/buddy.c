/* SPDX-License-Identifier: MIT */
/*
 * frames/buddy.c - hands out runs of 2^k page frames and glues them back together.
 *
 *   handover.c, pcp.c, alloc.c  ->  free lists by order and migratetype  ->  pcp.c, alloc.c
 *
 *   order 2   |       0..3        |       4..7        |     a block starts at a multiple of its size;
 *   order 1   |  0..1   |  2..3   |  4..5   |  6..7   |     its buddy's first frame differs from its
 *   order 0   | 0  | 1  | 2  | 3  | 4  | 5  | 6  | 7  |     own in one bit, bit k.
 *
 * Frames of one kind are kept together: every pageblock has a migratetype and its free blocks are
 * on the lists of that type.  When a type has none left it takes the largest block of another, and
 * if that is most of its pageblock, the whole pageblock changes hands.
 *
 * Always true:  a free block of order k < MAX_PAGE_ORDER never has a free buddy of order k (of a kind it may merge with);
 *               a free block is on the list of its first pageblock's type; zone->nr_free is the sum
 *               of the lists.
 * Lock:         zone->lock guards everything in this file.  Nothing here sleeps.
 */
#include <quire/event.h>
#include "frames.h"

static void list_push(struct zone *zone, struct page *page, unsigned order, enum migratetype type)
{
	struct free_area *area = &zone->free_area[order];
	struct page *first = area->head[type];

	page->order = order;
	__SetPageFlag(page, PG_buddy);
	page->free_prev = NULL;
	page->free_next = first;
	if (first)
		first->free_prev = page;
	racy_write(area->head[type], page);
	racy_add(area->nr[type], 1);
}

static void list_remove(struct zone *zone, struct page *page, unsigned order, enum migratetype type)
{
	struct free_area *area = &zone->free_area[order];

	if (page->free_prev)
		page->free_prev->free_next = page->free_next;
	else
		racy_write(area->head[type], page->free_next);
	if (page->free_next)
		page->free_next->free_prev = page->free_prev;
	__ClearPageFlag(page, PG_buddy);
	racy_add(area->nr[type], -1UL);
}

static void account(struct zone *zone, long frames, enum migratetype type)
{
	/* Watermarks are checked without the lock. */
	racy_add(zone->nr_free, (unsigned long)frames);
	if (type >= MIGRATE_PCPTYPES)
		racy_add(zone->nr_free_highatomic, (unsigned long)frames);
}

/*
 * Whether the neighbour at the other half is free as a whole and may be joined.  If it is in use
 * its owner may be changing its descriptor: whatever is read then, PG_buddy is not set, for only
 * holders of zone->lock set it.
 */
static quire_racy bool can_merge(const struct page *page, const struct page *buddy, unsigned order)
{
	u32 flags = READ_ONCE(buddy->flags);

	return flags & 1u << PG_buddy && buddy->order == order &&
	       !((page->flags ^ flags) & PAGE_PLACE_MASK);
}

void buddy_put_locked(struct zone *zone, struct page *page, unsigned order)
{
	unsigned long pfn = page_to_pfn(page);
	enum migratetype type = pageblock_type(zone, pfn);

	assert_spin_locked(&zone->lock);
	account(zone, 1L << order, type);
	for (; order < MAX_PAGE_ORDER; order++) {
		unsigned long buddy_pfn = pfn ^ 1UL << order;
		struct page *buddy = pfn_to_page(buddy_pfn);
		enum migratetype buddy_type = type;

		if (!can_merge(page, buddy, order))
			break;
		if (order >= pageblock_order) {
			buddy_type = pageblock_type(zone, buddy_pfn);
			/* Pageblocks that are kept apart on purpose stay single. */
			if (type >= MIGRATE_PCPTYPES || buddy_type >= MIGRATE_PCPTYPES)
				break;
		}
		list_remove(zone, buddy, order, buddy_type);
		if (buddy_pfn < pfn) {
			pfn = buddy_pfn;
			page = buddy;
			type = buddy_type;
		}
	}
	list_push(zone, page, order, type);
}

/* The block of order `have` is off its list: put all but the first 2^want frames back. */
static void split(struct zone *zone, struct page *page, unsigned have, unsigned want)
{
	unsigned long pfn = page_to_pfn(page);

	while (have-- > want)
		list_push(zone, page + (1UL << have), have,
			  pageblock_type(zone, pfn + (1UL << have)));
}

static struct page *take_from(struct zone *zone, unsigned have, unsigned want,
			      enum migratetype type)
{
	struct page *page = zone->free_area[have].head[type];

	list_remove(zone, page, have, type);
	split(zone, page, have, want);
	account(zone, -(1L << want), type);
	return page;
}

struct page *buddy_take_exact_locked(struct zone *zone, unsigned order, enum migratetype type)
{
	assert_spin_locked(&zone->lock);
	for (unsigned have = order; have <= MAX_PAGE_ORDER; have++)
		if (zone->free_area[have].head[type])
			return take_from(zone, have, order, type);
	return NULL;
}

/* ---- changing hands -------------------------------------------------------------------------- */

/* Free frames of the pageblock that holds pfn, and of blocks of this zone only. */
static unsigned long pageblock_free_frames(struct zone *zone, unsigned long pfn, bool move,
					   enum migratetype type)
{
	unsigned long start = max(QUIRE_ALIGN_DOWN(pfn, pageblock_nr_pages), zone->zone_start_pfn),
		      n = 0;
	unsigned long end = min(QUIRE_ALIGN_DOWN(pfn, pageblock_nr_pages) + pageblock_nr_pages,
				zone_end_pfn(zone));
	enum migratetype old = pageblock_type(zone, pfn);

	for (pfn = start; pfn < end;) {
		struct page *page = pfn_to_page(pfn);
		unsigned order = page->order;

		if (!PageFlag(page, PG_buddy) || page_zone_id(page->flags) != zone->id) {
			pfn++;
			continue;
		}
		if (move) {
			list_remove(zone, page, order, old);
			list_push(zone, page, order, type);
		}
		n += 1UL << order;
		pfn += 1UL << order;
	}
	return n;
}

static void set_types(struct zone *zone, unsigned long pfn, unsigned order, enum migratetype type)
{
	unsigned long first = pageblock_index(zone, pfn);

	for (unsigned long i = 0;
	     i < (order > pageblock_order ? 1UL << (order - pageblock_order) : 1); i++)
		zone->pageblock_type[first + i] = (u8)type;
}

unsigned long pageblock_convert_locked(struct zone *zone, struct page *page, enum migratetype type)
{
	unsigned long pfn = page_to_pfn(page), moved;
	enum migratetype old = pageblock_type(zone, pfn);

	assert_spin_locked(&zone->lock);
	if (old == type)
		return 0;
	moved = pageblock_free_frames(zone, pfn, true, type);
	account(zone, -(long)moved, old);
	account(zone, (long)moved, type);
	set_types(zone, pfn, 0, type);
	if (moved == pageblock_nr_pages) {
		/* All of it is free, and its neighbour may be one it can merge with now. */
		page = pfn_to_page(QUIRE_ALIGN_DOWN(pfn, pageblock_nr_pages));
		list_remove(zone, page, pageblock_order, type);
		account(zone, -(long)moved, type);
		buddy_put_locked(zone, page, pageblock_order);
	}
	return moved;
}

/* Whom to ask when a type has no free block, in this order. */
static const u8 fallback[MIGRATE_PCPTYPES][2] = {
	[MIGRATE_UNMOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE },
	[MIGRATE_MOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE },
	[MIGRATE_RECLAIMABLE] = { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE },
};

/* The block at the head of `from`'s list changes hands, with its whole pageblock if it is most of
 * it. */
static struct page *steal(struct zone *zone, unsigned have, unsigned want, enum migratetype type,
			  enum migratetype from)
{
	struct page *page = zone->free_area[have].head[from];
	unsigned long pfn = page_to_pfn(page);

	quire_event(mm_page_alloc_extfrag, pfn, want, from << 8 | type);
	if (have >= pageblock_order) {
		list_remove(zone, page, have, from);
		set_types(zone, pfn, have, type);
		list_push(zone, page, have, type);
		return take_from(zone, have, want, type);
	}
	if (pageblock_free_frames(zone, pfn, false, from) >= pageblock_nr_pages / 2) {
		pageblock_convert_locked(zone, page, type);
		return buddy_take_exact_locked(zone, want, type);
	}
	return take_from(zone, have, want, from);
}

/* The largest block is worth a pageblock; whoever wants movable memory for a moment takes the
 * smallest instead. */
static struct page *take_fallback(struct zone *zone, unsigned order, enum migratetype type)
{
	unsigned least = type == MIGRATE_MOVABLE ? max(order, pageblock_order / 2) : order;

	for (unsigned have = MAX_PAGE_ORDER + 1; have-- > least;)
		for (unsigned i = 0; i < 2; i++)
			if (zone->free_area[have].head[fallback[type][i]])
				return steal(zone, have, order, type,
					     (enum migratetype)fallback[type][i]);
	for (unsigned have = order; have < least; have++)
		for (unsigned i = 0; i < 2; i++)
			if (zone->free_area[have].head[fallback[type][i]])
				return take_from(zone, have, order,
						 (enum migratetype)fallback[type][i]);
	return NULL;
}

struct page *buddy_take_locked(struct zone *zone, unsigned order, enum migratetype type)
{
	struct page *page = buddy_take_exact_locked(zone, order, type);

	return page ? page : take_fallback(zone, order, type);
}

struct page *buddy_take_run_locked(struct zone *zone, unsigned order, enum migratetype type,
				   unsigned most, unsigned *got)
{
	struct page *page;

	assert_spin_locked(&zone->lock);
	for (unsigned have = order; have <= MAX_PAGE_ORDER; have++) {
		if (zone->free_area[have].head[type]) {
			*got = min(have, most);
			return take_from(zone, have, *got, type);
		}
	}
	page = take_fallback(zone, order, type);
	*got = order;
	return page;
}

enum migratetype get_pageblock_migratetype(const struct page *page)
{
	return pageblock_type(page_zone(page), page_to_pfn(page));
}
