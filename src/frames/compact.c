/* SPDX-License-Identifier: MIT */
/*
 * frames/compact.c - empties the pageblocks that hold least into the holes of those that hold most.
 *
 *   migrate scanner ->                                      <- free scanner
 *   | 12 used | full | 300 used | free | 40 used | 480 used | 17 used | 470 used |
 *     empty     ....   keep, fill        empty     fill       empty     fill
 *
 * How many whole groups the free frames could make is known, and so is which groups have to be
 * emptied for that with the fewest moves: those that hold least, up to a limit.  Sources are taken
 * upwards, holes downwards; a group in which anything cannot move is never a source.
 *
 * Always true:  a frame that is held as a target is in no bitmap and nobody's; all of them are given
 *               back at the end.
 * Lock:         none across a move; zone->lock for moments.
 */
#include <quire/compaction.h>
#include <quire/err.h>
#include <quire/event.h>
#include <quire/zoneinfo.h>
#include "alloc.h"
#include "debug.h"

#define FROM_AT_ONCE 32u

/* One run over a zone. */
struct compact {
	struct zone *zone;
	int order; /* wanted, -1: whole groups                             */
	enum migrate_mode mode;
	unsigned limit;  /* groups that hold up to this many are sources          */
	u32 migrate_at;  /* group that the migrate scanner is at                  */
	u32 free_at;     /* group above the one the free scanner takes next       */
	bool second;     /* targets: what is above the migrate scanner as well    */
	unsigned nr_set; /* targets that are held                                 */
	struct frame_set set[GROUP_WORDS];
	struct page *from[FROM_AT_ONCE];
};

int sysctl_extfrag_threshold = 500;

/* ---- what is worth emptying ------------------------------------------------------------------ */
static bool type_takes_part(unsigned type)
{
	return type < MIGRATE_PCPTYPES || type == MIGRATE_CMA;
}

/* Groups that hold something, `most` frames at most.  What the owners of zone->lock do meanwhile only
 * makes it a guess. */
static quire_racy u32 groups_holding(const struct zone *zone, unsigned most)
{
	const struct zone_groups *gs = &zone->groups;
	u32 n = 0;

	for (u32 g = 0; g < gs->nr; g++) {
		unsigned used = GROUP_FRAMES - gs->group[g].nr_free;

		n += used && used <= most && type_takes_part(gs->group[g].type);
	}
	return n;
}

static quire_racy u32 groups_to_gain(const struct zone *zone)
{
	const struct zone_groups *gs = &zone->groups;
	unsigned long loose = 0;

	for (u32 g = 0; g < gs->nr; g++)
		if (type_takes_part(gs->group[g].type) && !group_is_whole(&gs->group[g]))
			loose += gs->group[g].nr_free;
	return (u32)(loose / GROUP_FRAMES);
}

/* The least limit that makes enough sources; 0: nothing is to be gained. */
static unsigned source_limit(const struct zone *zone)
{
	u32 gain = groups_to_gain(zone);
	unsigned low = 0, high = GROUP_FRAMES - 1;

	while (gain && low < high) {
		unsigned middle = (low + high) / 2;

		if (groups_holding(zone, middle) >= gain)
			high = middle;
		else
			low = middle + 1;
	}
	return gain ? low : 0;
}

static quire_racy unsigned group_used(const struct zone *zone, u32 g)
{
	return type_takes_part(zone->groups.group[g].type)
		       ? GROUP_FRAMES - zone->groups.group[g].nr_free
		       : 0;
}

/* Whether every frame of the group that is in use could be moved, as far as can be seen. */
static quire_racy bool group_can_be_emptied(const struct zone *zone, u32 g)
{
	unsigned long pfn = group_pfn(&zone->groups, g), end = pfn + GROUP_FRAMES;

	for (; pfn < end; pfn++) {
		const struct page *page = pfn_to_page(pfn);

		if (page_zone(page) != zone || PageFlag(page, PG_reserved))
			return false;
		if (!group_frame_is_free(&zone->groups, pfn) &&
		    READ_ONCE(page->_refcount.counter) && page_why_immovable(page))
			return false;
	}
	return true;
}

/* ---- targets --------------------------------------------------------------------------------- */
static bool is_target(const struct compact *c, u32 g)
{
	unsigned used = group_used(c->zone, g);

	if (!used || used == GROUP_FRAMES)
		return false;
	return c->second ? g > c->migrate_at : used > c->limit;
}

/* Hold the free frames of the next group downwards that is not to be emptied. */
static bool find_targets(struct compact *c)
{
	struct zone_groups *gs = &c->zone->groups;

	for (;;) {
		unsigned long flags, pfn;

		while (c->free_at && !is_target(c, c->free_at - 1))
			c->free_at--;
		if (!c->free_at) {
			if (c->second)
				return false;
			c->second = true;
			c->free_at = gs->nr;
			continue;
		}
		pfn = group_pfn(gs, --c->free_at);
		count_vm_events(COMPACTFREE_SCANNED, GROUP_FRAMES);
		spin_lock_irqsave(&c->zone->lock, flags);
		if (!group_is_whole(&gs->group[c->free_at]))
			c->nr_set = buddy_take_range_locked(c->zone, pfn, pfn + GROUP_FRAMES,
							    c->set, GROUP_WORDS);
		spin_unlock_irqrestore(&c->zone->lock, flags);
		if (c->nr_set)
			return true;
	}
}

static struct page *take_target(struct page *from, unsigned long private)
{
	struct compact *c = (struct compact *)private;
	struct frame_set *set;
	struct page *page;

	(void)from;
	if (!c->nr_set && !find_targets(c))
		return NULL;
	set = &c->set[c->nr_set - 1];
	page = pfn_to_page(set->pfn + (unsigned)__builtin_ctzll(set->bits));
	set->bits &= set->bits - 1;
	if (!--set->nr)
		c->nr_set--;
	make_owned(page, block_marks(0, pcp_column_of(get_pageblock_migratetype(page))));
	if (!frame_debug_taken(page, 0, GFP_HIGHUSER_MOVABLE))
		return take_target(from, private);
	return page;
}

static void give_targets_back(struct compact *c)
{
	unsigned long flags;

	spin_lock_irqsave(&c->zone->lock, flags);
	buddy_put_frames_locked(c->zone, c->set, c->nr_set);
	spin_unlock_irqrestore(&c->zone->lock, flags);
	c->nr_set = 0;
}

/* ---- sources --------------------------------------------------------------------------------- */

/* Isolate up to a batch of frames from *pfn on. */
static unsigned isolate_some(struct compact *c, unsigned long *pfn, unsigned long end)
{
	isolate_mode_t mode = c->mode == MIGRATE_ASYNC ? ISOLATE_ASYNC_MIGRATE : 0;
	unsigned long scanned = *pfn;
	unsigned n = 0;

	for (; *pfn < end && n < FROM_AT_ONCE; ++*pfn)
		if (isolate_movable_page(pfn_to_page(*pfn), mode))
			c->from[n++] = pfn_to_page(*pfn);
	count_vm_events(COMPACTMIGRATE_SCANNED, (long)(*pfn - scanned));
	count_vm_events(COMPACTISOLATED, n);
	return n;
}

/* False: there are no targets left. */
static bool empty_group(struct compact *c, u32 g)
{
	unsigned long pfn = group_pfn(&c->zone->groups, g), end = pfn + GROUP_FRAMES;

	while (pfn < end) {
		unsigned n = isolate_some(c, &pfn, end);

		if (n && migrate_pages(c->from, n, take_target, NULL, (unsigned long)c, c->mode,
				       MR_COMPACTION, NULL) == -ENOMEM)
			return false;
	}
	return true;
}

static bool is_source(const struct compact *c, u32 g)
{
	unsigned used = group_used(c->zone, g);

	if (!used || used > c->limit)
		return false;
	/* Not what was just filled. */
	if (c->second && g >= c->free_at)
		return false;
	/* For a block within a group some of the frames may be enough. */
	if (c->order >= 0 && (unsigned)c->order < FRAME_GROUP_ORDER)
		return true;
	return group_can_be_emptied(c->zone, g);
}

static bool done(const struct compact *c)
{
	return c->order >= 0 && zone_has_free_block(c->zone, (unsigned)c->order, 0);
}

/* ---- a zone ---------------------------------------------------------------------------------- */
static void scan(struct compact *c)
{
	u32 nr = c->zone->groups.nr;

	for (; c->migrate_at < nr && !done(c); c->migrate_at++) {
		if (!is_source(c, c->migrate_at))
			continue;
		if (!empty_group(c, c->migrate_at))
			return;
		/* What was freed is parked here; the group is whole once it is not. */
		if (c->order >= 0)
			drain_pages(port_cpu_id());
	}
}

/* A request that fails for lack of memory is not helped by moving things about. */
static const char *why_not_compact(struct zone *zone, int order)
{
	if (!zone->groups.nr)
		return "it is empty";
	if (order < 0)
		return NULL;
	if (zone_has_free_block(zone, (unsigned)order, 0))
		return "there is such a block";
	if (zone_page_state(zone, NR_FREE_PAGES) < low_wmark_pages(zone) + (2UL << order))
		return "too little is free";
	return NULL;
}

static void run(struct compact *c)
{
	c->limit = source_limit(c->zone);
	/* Smaller blocks may come about where no whole group can. */
	if (!c->limit && c->order >= 0 && c->order < (int)FRAME_GROUP_ORDER)
		c->limit = GROUP_FRAMES - 1;
	c->second = c->limit == GROUP_FRAMES - 1;
	c->free_at = c->zone->groups.nr;
	scan(c);
	give_targets_back(c);
	drain_pages(port_cpu_id());
}

enum compact_result compact_zone(struct zone *zone, int order, enum migrate_mode mode)
{
	struct compact c = { .zone = zone, .order = order, .mode = mode };
	enum compact_result result;

	drain_pages(port_cpu_id());
	if (why_not_compact(zone, order))
		return done(&c) ? COMPACT_SUCCESS : COMPACT_SKIPPED;
	quire_event(mm_compaction_begin, zone->id, order, mode);
	run(&c);
	result = done(&c) ? COMPACT_SUCCESS : COMPACT_COMPLETE;
	quire_event(mm_compaction_end, zone->id, order, result);
	return result;
}

void compact_node(int nid)
{
	struct zone *zones = NODE_DATA(nid)->node_zones;

	drain_all_pages();
	for (unsigned type = 0; type < MAX_NR_ZONES; type++)
		if (populated_zone(&zones[type]))
			compact_zone(&zones[type], -1, MIGRATE_SYNC);
}

void compact_memory(void)
{
	struct pglist_data *node;

	for_each_online_pgdat(node) compact_node(node->node_id);
}

/* ---- for a request --------------------------------------------------------------------------- */

/* After a failure a zone is left alone for 2^shift requests; a success forgets it. */
#define MAX_DEFER_SHIFT 6

static bool is_deferred(struct zone *zone, unsigned order)
{
	u32 passed;

	if (order < racy_read(zone->compact_order_failed))
		return false;
	passed = racy_read(zone->compact_considered) + 1;
	racy_write(zone->compact_considered, passed);
	return passed < 1u << racy_read(zone->compact_defer_shift);
}

static void note_result(struct zone *zone, unsigned order, bool success)
{
	racy_write(zone->compact_considered, 0);
	if (success) {
		racy_write(zone->compact_defer_shift, 0);
		racy_write(zone->compact_order_failed,
			   max(racy_read(zone->compact_order_failed), order + 1));
		return;
	}
	racy_write(zone->compact_defer_shift,
		   min(racy_read(zone->compact_defer_shift) + 1, (u32)MAX_DEFER_SHIFT));
	racy_write(zone->compact_order_failed, min(racy_read(zone->compact_order_failed), order));
}

enum compact_result compact_for(struct zone *zone, unsigned order, enum migrate_mode mode)
{
	enum compact_result result;
	int index;

	if (is_deferred(zone, order))
		return COMPACT_DEFERRED;
	index = fragmentation_index(zone, order);
	if (order > COSTLY_ORDER && index >= 0 && index <= sysctl_extfrag_threshold)
		return COMPACT_SKIPPED;
	count_vm_event(COMPACTSTALL);
	result = compact_zone(zone, (int)order, mode);
	count_vm_event(result == COMPACT_SUCCESS ? COMPACTSUCCESS : COMPACTFAIL);
	if (result != COMPACT_SKIPPED)
		note_result(zone, order, result == COMPACT_SUCCESS);
	return result;
}

void compaction_init(void)
{
	static const struct compaction_ops ops = { compact_for, wakeup_kcompactd, kcompactd_exit };

	compaction_ops = &ops;
	low_path_link();
}

/* ---- indices --------------------------------------------------------------------------------- */
struct free_shape {
	unsigned long frames, blocks, suitable;
};

static void look_at(struct zone *zone, unsigned order, struct free_shape *s)
{
	unsigned long nr[MIGRATE_TYPES][NR_PAGE_ORDERS];

	memset(s, 0, sizeof(*s));
	zone_free_blocks(zone, nr);
	for (unsigned type = 0; type < MIGRATE_TYPES; type++)
		for (unsigned k = 0; k < NR_PAGE_ORDERS; k++) {
			s->blocks += nr[type][k];
			s->frames += nr[type][k] << k;
			if (k >= order)
				s->suitable += nr[type][k] << (k - order);
		}
}

int unusable_index(struct zone *zone, unsigned order)
{
	struct free_shape s;

	look_at(zone, order, &s);
	if (!s.frames)
		return 1000;
	return (int)((u64)(s.frames - (s.suitable << order)) * 1000 / s.frames);
}

int fragmentation_index(struct zone *zone, unsigned order)
{
	struct free_shape s;

	look_at(zone, order, &s);
	if (!s.blocks)
		return 0;
	if (s.suitable)
		return -1000;
	return 1000 - (int)((1000 + (u64)s.frames * 1000 / (1UL << order)) / s.blocks);
}
