/* SPDX-License-Identifier: MIT */
/*
 * frames/pcp.c - each CPU parks free blocks of its own, so that the common allocation and free take
 * no lock.
 *
 *   alloc.c   <- pop   | top[-1] | ... | slot[0] |   -> batches, oldest first ->  buddy.c, sets.c
 *             -> push  |  one stack of frame numbers per order (0..3 and pageblock) and migratetype
 *
 * Who only takes gets twice as much each time, who only gives gives back twice as much, up to `most`:
 * a CPU that fills or empties memory goes to the zone less often.  Near the watermarks nobody does.
 *
 * Always true:  a parked block is counted by nobody else: its bits are not set, nobody refers to it.
 * Lock:         none, and no atomic: the lists are their CPU's, between pcp_enter() and
 *               pcp_leave(); drain.c says how another CPU gets at them.  zone->lock for batches.
 */
#include <quire/bits.h>
#include <quire/err.h>
#include <quire/event.h>
#include <quire/printk.h>
#include <quire/bytes.h>
#include <quire/zoneinfo.h>
#include "frames.h"

/* Lists without room: every allocation and free before percpu_init() goes to the zone itself. */
static struct pcp boot_pcp;

static void map_nothing(struct quire_cpu *map)
{
	for (unsigned i = 0; i < ARRAY_SIZE(map->alloc); i++)
		map->alloc[i] = &boot_pcp.list[0];
	for (unsigned i = 0; i < ARRAY_SIZE(map->free); i++)
		map->free[i] = &boot_pcp.list[0];
}

void pcp_boot_init(void)
{
	if (!QUIRE_PCP)
		return;
	memset(&boot_pcp, 0, sizeof(boot_pcp));
	map_nothing(&quire_cpu);
	quire_cpu.far_shut = 1;
	late_frees = !QUIRE_DEBUG; /* who frees wrongly is then still there to be seen */
}

/* ---- sizes ----------------------------------------------------------------------------------- */
struct row_size {
	unsigned batch, most, high; /* see struct pcp_list */
};

/* Frames of a zone, with those that may be added. */
static unsigned long frames_at_most(const struct zone *zone)
{
	if (zone->groups.room)
		return (unsigned long)zone->groups.room << FRAME_GROUP_ORDER;
	return zone_managed_pages(zone);
}

/* What one CPU may park for a zone of that size. */
static struct row_size row_size(const struct zone *zone, unsigned order)
{
	unsigned long managed = frames_at_most(zone), share = managed / 256 / quire_nr_cpus;
	struct row_size s;

	if (order == pageblock_order && order >= PCP_SMALL_ORDERS) {
		/* Even numbers: neighbouring blocks are cheaper by the pair. */
		s.most = (unsigned)min((managed >> (order + 5)) / quire_nr_cpus, 16UL);
		s.most += s.most & 1;
		s.batch = (s.most + 3) / 4;
	} else {
		s.batch = (unsigned)min(managed / 1024, (unsigned long)QUIRE_PCP_BATCH) >> order;
		s.batch = max(s.batch, 1u);
		s.most = (unsigned)min(share, (unsigned long)QUIRE_PCP_MOST) >> order;
		s.most = max(s.most, s.batch);
	}
	s.high = s.most + 2 * s.batch;
	return s;
}

static unsigned row_order(unsigned row)
{
	return row < PCP_SMALL_ORDERS ? row : pageblock_order;
}

/* A block larger than any, or the same twice. */
static bool row_is_empty(unsigned row)
{
	return row_order(row) > MAX_PAGE_ORDER ||
	       (row == PCP_SMALL_ORDERS && pageblock_order < PCP_SMALL_ORDERS);
}

static size_t slots_of(const struct zone *zone)
{
	size_t n = 0;

	for (unsigned row = 0; row < PCP_ORDERS; row++)
		if (!row_is_empty(row))
			n += MIGRATE_PCPTYPES * row_size(zone, row_order(row)).high;
	return n * sizeof(u32);
}

static void lay_out(const struct zone *zone, struct pcp *pcp, u32 *slot)
{
	memset(pcp, 0, sizeof(*pcp));
	pcp->slots = slot;
	for (unsigned i = 0; i < NR_PCP_LISTS; i++) {
		struct pcp_list *list = &pcp->list[i];
		struct row_size size;

		list->order = (u8)row_order(i / PCP_TYPES);
		list->migratetype = (u8)(i % PCP_TYPES);
		list->fresh = PAGE_WORD((u32)zone->idx << PAGE_ZONE_SHIFT |
						(u32)zone->node << PAGE_NODE_SHIFT |
						block_marks(list->order, list->migratetype),
					1);
		if (list->migratetype == MIGRATE_PCPTYPES || row_is_empty(i / PCP_TYPES))
			continue;
		size = row_size(zone, list->order);
		list->batch = list->refill = list->drain = (u16)size.batch;
		list->most = (u16)size.most;
		list->top = list->slot = slot;
		list->room = size.high;
		list->limit = slot += size.high;
	}
}

static struct pcp_list **free_entry(struct quire_cpu *map, const struct zone *zone, unsigned column)
{
	return &map->free[zone->node * (PAGE_ZONE_MASK + 1) * (PAGE_PCPMT_MASK + 1) +
			  column * (PAGE_ZONE_MASK + 1) + zone->idx];
}

static void free_lists(struct pcp __percpu *lists)
{
	unsigned cpu;

	for_each_possible_cpu(cpu) {
		struct pcp *pcp = per_cpu_ptr(lists, cpu);

		if (pcp->slots)
			free_pages_exact(pcp->slots, pcp->slots_size);
		memset(pcp, 0, sizeof(*pcp));
	}
	free_percpu(lists);
}

/* Empty lists for one CPU; 0 or -ENOMEM. */
static int add_lists(struct zone *zone, struct pcp __percpu *lists, unsigned cpu)
{
	struct pcp *pcp = per_cpu_ptr(lists, cpu);
	size_t size = slots_of(zone);
	u32 *slots = alloc_pages_exact(size, GFP_KERNEL);

	if (!slots) {
		pcp->slots = NULL;
		return -ENOMEM;
	}
	lay_out(zone, pcp, slots);
	pcp->slots_size = size;
	return 0;
}

static void map_lists(struct zone *zone, unsigned cpu)
{
	for (unsigned column = 0; column < PCP_TYPES; column++)
		*free_entry(&per_cpu(quire_cpu, cpu), zone, column) =
			&per_cpu_ptr(zone->pcp, cpu)->list[column];
}

static int init_zone(struct zone *zone)
{
	struct pcp __percpu *pcp = alloc_percpu(struct pcp);
	unsigned cpu;

	if (!pcp)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		if (add_lists(zone, pcp, cpu)) {
			free_lists(pcp);
			return -ENOMEM;
		}
	}
	zone->pcp = pcp;
	for_each_possible_cpu(cpu)
		map_lists(zone, cpu);
	return 0;
}

/* The lists of the first zone that a request for each type tries on the CPU's node. */
static void map_first(struct quire_cpu *map, const struct zonelist *zones)
{
	for (unsigned type = 0; type < MAX_NR_ZONES; type++) {
		unsigned i = 0;

		while (i < zones->nr && zones->zones[i]->idx > type)
			i++;
		for (unsigned column = 0; i < zones->nr && column < PCP_TYPES; column++)
			map->alloc[type * PCP_TYPES + column] =
				*free_entry(map, zones->zones[i], column);
	}
}

int pcp_add_cpu(unsigned cpu)
{
	struct quire_cpu *map = &per_cpu(quire_cpu, cpu);
	struct zone *zone, *undo;

	if (!QUIRE_PCP)
		return 0;
	map->closed &= ~QUIRE_GATE_CLAIMED; /* of who was draining the CPU that it is a copy of */
	map_nothing(map);
	for_each_populated_zone(zone) if (zone->pcp && add_lists(zone, zone->pcp, cpu)) goto undo;
	for_each_populated_zone(zone) if (zone->pcp) map_lists(zone, cpu);
	map_first(map, &NODE_DATA(cpu_to_node(cpu))->node_zonelists[ZONELIST_FALLBACK]);
	return 0;
undo:
	for_each_populated_zone(undo)
	{
		if (undo == zone)
			break;
		if (undo->pcp)
			free_pages_exact(per_cpu_ptr(undo->pcp, cpu)->slots,
					 per_cpu_ptr(undo->pcp, cpu)->slots_size);
	}
	return -ENOMEM;
}

void pcp_init(void)
{
	struct zone *zone;
	unsigned cpu;

	if (!QUIRE_PCP)
		return;
	for_each_possible_cpu(cpu)
		map_nothing(&per_cpu(quire_cpu, cpu));
	/* A zone without lists of its own works too, only slower: a full per-CPU area is not an
	 * error. */
	for_each_populated_zone(zone) if (zone_managed_pages(zone) && init_zone(zone))
		pr_warn("frames: no room for the per-CPU lists of node %d zone %s\n", zone->node,
			zone->name);
	for_each_possible_cpu(cpu) {
		map_first(&per_cpu(quire_cpu, cpu),
			  &NODE_DATA(cpu_to_node(cpu))->node_zonelists[ZONELIST_FALLBACK]);
		per_cpu(quire_cpu, cpu).far_shut = !late_frees;
	}
}

/* Words of the bitmaps that are changed under one lock. */
#define SETS_AT_ONCE 64u

/* ---- batches --------------------------------------------------------------------------------- */

/* Blocks to take: more each time, but not when memory is getting low. */
static unsigned refill_size(const struct zone *zone, struct pcp_list *list)
{
	unsigned n = list->refill;

	if (racy_read(zone->nr_free) < high_wmark_pages(zone) + (8ul * n << list->order))
		n = list->batch;
	list->refill = (u16)min(2 * n, (unsigned)list->most);
	list->drain = max((u16)(list->drain / 2), list->batch);
	return min(n, pcp_high(list) - pcp_count(list));
}

/* Blocks of the list's order: how many.  Neighbours come in one piece where there is one. */
static unsigned take_blocks(struct zone *zone, const struct pcp_list *list, u32 *slot, unsigned n)
{
	unsigned long flags;
	unsigned left = n;

	spin_lock_irqsave(&zone->lock, flags);
	while (left) {
		unsigned order = list->order;
		unsigned long pfn = buddy_take_run_locked(
			zone, &order, (enum migratetype)list->migratetype, ilog2(left));

		if (pfn == PFN_NONE)
			break;
		for (unsigned i = 0; i < 1u << (order - list->order); i++)
			slot[--left] = (u32)(pfn + (i << list->order));
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	if (left)
		memmove(slot, slot + left, (n - left) * sizeof(*slot));
	n -= left;
	for (unsigned i = n; i-- > 0;)
		__builtin_prefetch(pfn_to_page(slot[i]), 1);
	return n;
}

/* The frames of a set, the lowest goes out first. */
static void push_set(struct pcp_list *list, const struct frame_set *set, unsigned *at)
{
	u32 pfn = set->pfn;

	for (u64 bits = set->bits; bits; bits &= bits - 1)
		list->slot[--*at] = pfn + (u32)__builtin_ctzll(bits);
}

/* Single frames.  The lock is held for words of the bitmaps, not for frames. */
static unsigned take_frames(struct zone *zone, struct pcp_list *list, unsigned n)
{
	struct frame_set set[SETS_AT_ONCE];
	unsigned nr_sets, at = pcp_count(list);
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	nr_sets = buddy_take_frames_locked(zone, (enum migratetype)list->migratetype, set,
					   SETS_AT_ONCE, n);
	spin_unlock_irqrestore(&zone->lock, flags);
	for (unsigned i = 0; i < nr_sets; i++)
		at += set[i].nr;
	n = at - pcp_count(list);
	for (unsigned i = 0; i < nr_sets; i++)
		push_set(list, &set[i], &at);
	return n;
}

bool pcp_refill(struct zone *zone, struct pcp_list *list)
{
	unsigned n = refill_size(zone, list);

	if (list->order)
		n = take_blocks(zone, list, list->top, n);
	else
		n = take_frames(zone, list, n);
	WRITE_ONCE(list->top, list->top + n);
	list->nr_moved += n;
	return pcp_count(list) != 0;
}

/* Whether the next two blocks are buddies that may be put as one. */
static bool are_buddies(const struct zone *zone, const struct pcp_list *list, unsigned i)
{
	u32 a = list->slot[i], b = list->slot[i + 1];

	return (a ^ b) == 1u << list->order && list->order < MAX_PAGE_ORDER &&
	       (list->order < pageblock_order ||
		(pageblock_type(zone, a) == pageblock_type(zone, b) &&
		 pageblock_type(zone, a) < MIGRATE_PCPTYPES));
}

static void put_blocks(struct zone *zone, const struct pcp_list *list, unsigned n)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	for (unsigned i = 0; i < n; i++) {
		bool pair = i + 1 < n && are_buddies(zone, list, i);
		u32 pfn = list->slot[i];

		if (pair)
			pfn = min(pfn, list->slot[++i]);
		buddy_put_locked(zone, pfn, list->order + pair);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* Frames from slot[i] on that are neighbours in a word become a set.  Where the next one begins. */
static unsigned make_set(const struct pcp_list *list, unsigned i, unsigned n, struct frame_set *set)
{
	u32 pfn = list->slot[i], word = pfn >> WORD_ORDER;

	set->pfn = word << WORD_ORDER;
	set->bits = 0;
	set->nr = 0;
	do {
		u64 bit = 1ULL << (pfn - set->pfn);

		if (unlikely(set->bits & bit))
			break; /* freed twice: the next set will tell */
		set->bits |= bit;
		set->nr++;
		if (++i == n)
			break;
		pfn = list->slot[i];
	} while (pfn >> WORD_ORDER == word);
	return i;
}

/* Single frames.  What the lock is held for is made short before: neighbours are put together, and
 * what will be written is on its way. */
static void put_frames(struct zone *zone, const struct pcp_list *list, unsigned n)
{
	struct frame_set set[SETS_AT_ONCE];
	unsigned long flags;

	for (unsigned i = 0; i < n;) {
		unsigned nr_sets = 0;

		while (i < n && nr_sets < SETS_AT_ONCE) {
			buddy_prefetch(zone, list->slot[i]);
			i = make_set(list, i, n, &set[nr_sets++]);
		}
		spin_lock_irqsave(&zone->lock, flags);
		buddy_put_frames_locked(zone, set, nr_sets);
		spin_unlock_irqrestore(&zone->lock, flags);
	}
}

void pcp_drain_list(struct pcp_list *list, unsigned n)
{
	struct zone *zone;

	n = min(n, pcp_count(list));
	if (!n)
		return;
	zone = page_zone(pfn_to_page(list->slot[0]));
	quire_event(mm_page_pcpu_drain, (unsigned long)n << list->order, zone->idx, port_cpu_id());
	if (list->order)
		put_blocks(zone, list, n);
	else
		put_frames(zone, list, n);
	WRITE_ONCE(list->top, list->top - n);
	list->nr_moved -= (long)n;
	memmove(list->slot, list->slot + n, pcp_count(list) * sizeof(*list->slot));
}

void pcp_make_room(struct pcp_list *list)
{
	unsigned n = list->drain;

	list->drain = (u16)min(2 * n, (unsigned)list->most);
	list->refill = max((u16)(list->refill / 2), list->batch);
	pcp_drain_list(list, n);
}

void pcp_exit(void)
{
	struct zone *zone;
	unsigned cpu;

	if (!QUIRE_PCP)
		return;
	for_each_possible_cpu(cpu) {
		/* What is freed from here on is parked nowhere. */
		pcp_shut(cpu);
		map_nothing(&per_cpu(quire_cpu, cpu));
	}
	for_each_zone(zone) {
		struct pcp __percpu *lists = zone->pcp;

		zone->pcp = NULL;
		if (lists)
			free_lists(lists);
	}
}

/* ---- reports --------------------------------------------------------------------------------- */

/* Frames that CPU freed and that wait for their descriptors. */
static quire_racy unsigned long nr_far(const struct zone *zone, unsigned cpu)
{
	unsigned long n = 0;

	for (unsigned i = 0; i < QUIRE_FAR_FREES; i++) {
		const struct page *page = per_cpu(quire_cpu, cpu).far[i].page;

		n += page && page_zone_id(page->flags) == zone->id;
	}
	return n;
}

quire_racy void zone_pcp_info(const struct zone *zone, unsigned cpu, struct pcp_info *info)
{
	memset(info, 0, sizeof(*info));
	if (!QUIRE_PCP)
		return;
	info->count = nr_far(zone, cpu);
	if (!zone->pcp)
		return;
	for (unsigned i = 0; i < NR_PCP_LISTS; i++) {
		const struct pcp_list *list = &per_cpu_ptr(zone->pcp, cpu)->list[i];

		info->count += (unsigned long)pcp_count(list) << list->order;
		info->high += (unsigned long)pcp_high(list) << list->order;
	}
	info->batch = per_cpu_ptr(zone->pcp, cpu)->list[0].batch;
}

unsigned long zone_pcp_pages(const struct zone *zone)
{
	struct pcp_info info;
	unsigned long n = 0;
	unsigned cpu;

	for_each_possible_cpu(cpu) {
		zone_pcp_info(zone, cpu, &info);
		n += info.count;
	}
	return n;
}
