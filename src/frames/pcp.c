/* SPDX-License-Identifier: MIT */
/*
 * frames/pcp.c - each CPU parks free blocks of its own, so that the common allocation and free take
 * no lock.
 *
 *   alloc.c   <- pop   | slot[count-1] | ... | slot[0] |   -> batches, oldest first ->  buddy.c, under zone->lock
 *             -> push  |        one stack per order (0..3 and pageblock) and migratetype
 *
 * Always true:  a parked block's first frame has PG_pcp and its order; it is counted by nobody
 *               else.
 * Lock:         none: the stacks are touched by task code of their CPU only (quire/percpu.h says who stays out), and by
 *               others once that CPU is offline.  zone->lock for batches.
 */
#include <quire/bits.h>
#include <quire/err.h>
#include <quire/event.h>
#include <quire/printk.h>
#include <quire/bytes.h>
#include "frames.h"

DEFINE_PER_CPU(struct pcp_map, pcp_map);
/* Lists without room: every allocation and free before percpu_init() goes to the zone itself. */
static struct pcp boot_pcp;

static void map_nothing(struct pcp_map *map)
{
	for (unsigned i = 0; i < ARRAY_SIZE(map->alloc); i++)
		map->alloc[i] = &boot_pcp.list[0];
	for (unsigned i = 0; i < ARRAY_SIZE(map->free); i++)
		map->free[i] = &boot_pcp.list[0];
}

void pcp_boot_init(void)
{
	memset(&boot_pcp, 0, sizeof(boot_pcp));
	map_nothing(&pcp_map);
}

/* How many blocks of a row one CPU may park for a zone of that size, and how many move at a
 * time. */
static unsigned row_batch(const struct zone *zone, unsigned order)
{
	unsigned long frames = min(zone_managed_pages(zone) / 1024, (unsigned long)QUIRE_PCP_BATCH);

	if (order == pageblock_order && order >= PCP_SMALL_ORDERS)
		return zone_managed_pages(zone) >> (order + 6) ? 1 : 0;
	return (unsigned)max(frames >> order, 1UL);
}

static unsigned row_high(const struct zone *zone, unsigned order)
{
	if (order == pageblock_order && order >= PCP_SMALL_ORDERS)
		return (unsigned)min(zone_managed_pages(zone) >> (order + 6), 4UL);
	return 3 * row_batch(zone, order);
}

static unsigned row_order(unsigned row)
{
	return row < PCP_SMALL_ORDERS ? row : pageblock_order;
}

static size_t slots_of(const struct zone *zone)
{
	size_t n = 0;

	for (unsigned row = 0; row < PCP_ORDERS; row++)
		n += MIGRATE_PCPTYPES * row_high(zone, row_order(row));
	return n;
}

static void lay_out(const struct zone *zone, struct pcp *pcp)
{
	struct page **slot = (struct page **)(pcp + 1);

	memset(pcp, 0, sizeof(*pcp));
	for (unsigned i = 0; i < NR_PCP_LISTS; i++) {
		struct pcp_list *list = &pcp->list[i];

		list->order = (u8)row_order(i / PCP_TYPES);
		list->migratetype = (u8)(i % PCP_TYPES);
		if (list->migratetype == MIGRATE_PCPTYPES)
			continue;
		list->high = row_high(zone, list->order);
		list->batch = (u16)row_batch(zone, list->order);
		list->slot = slot;
		slot += list->high;
	}
}

static struct pcp_list **free_entry(struct pcp_map *map, const struct zone *zone, unsigned column)
{
	return &map->free[zone->node * (PAGE_ZONE_MASK + 1) * (PAGE_PCPMT_MASK + 1) +
			  column * (PAGE_ZONE_MASK + 1) + zone->idx];
}

static int init_zone(struct zone *zone)
{
	unsigned cpu;

	zone->pcp = __alloc_percpu(sizeof(struct pcp) + slots_of(zone) * sizeof(struct page *), 64);
	if (!zone->pcp)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct pcp *pcp = per_cpu_ptr(zone->pcp, cpu);

		lay_out(zone, pcp);
		for (unsigned column = 0; column < PCP_TYPES; column++)
			*free_entry(&per_cpu(pcp_map, cpu), zone, column) = &pcp->list[column];
	}
	return 0;
}

/* The lists of the first zone that a request for each type tries on the CPU's node. */
static void map_first(struct pcp_map *map, const struct zonelist *zones)
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

void pcp_init(void)
{
	struct zone *zone;
	unsigned cpu;

	for_each_possible_cpu(cpu)
		map_nothing(&per_cpu(pcp_map, cpu));
	/* A zone without lists of its own works too, only slower: a full per-CPU area is not an
	 * error. */
	for_each_populated_zone(zone) if (zone_managed_pages(zone) && init_zone(zone))
		pr_warn("frames: no room for the per-CPU lists of node %d zone %s\n", zone->node,
			zone->name);
	for_each_possible_cpu(cpu)
		map_first(&per_cpu(pcp_map, cpu),
			  &NODE_DATA(cpu_to_node(cpu))->node_zonelists[ZONELIST_FALLBACK]);
}

void pcp_exit(void)
{
	struct zone *zone;
	unsigned cpu;

	for_each_possible_cpu(cpu) {
		drain_pages(cpu);
		map_nothing(&per_cpu(pcp_map, cpu));
	}
	for_each_zone(zone)
		zone->pcp = NULL;
}

/* ---- batches --------------------------------------------------------------------------------- */
static void park(struct pcp_list *list, struct page *page)
{
	page->order = list->order;
	page_flags_write(page, (page->flags & PAGE_KEEP_MASK) | 1u << PG_pcp);
	list->slot[list->count++] = page;
	list->nr_moved++;
}

/* Park 2^(got - order) neighbouring blocks, so that they go out in rising order. */
static void park_run(const struct zone *zone, struct pcp_list *list, struct page *page,
		     unsigned got)
{
	enum migratetype type = pageblock_type(zone, page_to_pfn(page));

	for (unsigned long i = 1UL << (got - list->order); i-- > 0;) {
		struct page *block = page + (i << list->order);

		page_set_pcp_type(block, type);
		park(list, block);
	}
}

/* A run stays within one pageblock, which has one type. */
static unsigned max_run(const struct pcp_list *list, unsigned room)
{
	unsigned most = min(list->order + ilog2(room), pageblock_order);

	return max(most, (unsigned)list->order);
}

bool pcp_refill(struct zone *zone, struct pcp_list *list)
{
	unsigned room = min((u32)list->batch, list->high - list->count), got;
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	while (room) {
		unsigned most = max_run(list, room);
		struct page *page = buddy_take_run_locked(
			zone, list->order, (enum migratetype)list->migratetype, most, &got);

		if (!page)
			break;
		park_run(zone, list, page, got);
		room -= 1u << (got - list->order);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	return list->count != 0;
}

void pcp_drain_list(struct pcp_list *list, unsigned n)
{
	struct zone *zone;
	unsigned long flags;

	n = min(n, list->count);
	if (!n)
		return;
	zone = page_zone(list->slot[0]);
	quire_event(mm_page_pcpu_drain, (unsigned long)n << list->order, zone->idx, port_cpu_id());
	spin_lock_irqsave(&zone->lock, flags);
	for (unsigned i = 0; i < n; i++) {
		__ClearPageFlag(list->slot[i], PG_pcp);
		buddy_put_locked(zone, list->slot[i], list->order);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	list->count -= n;
	list->nr_moved -= (long)n;
	memmove(list->slot, list->slot + n, list->count * sizeof(*list->slot));
}

void drain_pages(unsigned cpu)
{
	struct zone *zone;

	for_each_populated_zone(zone)
	{
		if (!zone->pcp)
			continue;
		for (unsigned i = 0; i < NR_PCP_LISTS; i++)
			pcp_drain_list(&per_cpu_ptr(zone->pcp, cpu)->list[i], ~0u);
	}
}

void drain_all_pages(void)
{
	unsigned cpu;

	/* Other CPUs that run keep what they parked: it is bounded, and only they may touch it. */
	for_each_possible_cpu(cpu) {
		bool mine = cpu == port_cpu_id() && gate_passable(port_percpu_offset());

		if (mine || !cpu_online(cpu))
			drain_pages(cpu);
	}
}

/* ---- reports --------------------------------------------------------------------------------- */
quire_racy void zone_pcp_info(const struct zone *zone, unsigned cpu, struct pcp_info *info)
{
	memset(info, 0, sizeof(*info));
	if (!zone->pcp)
		return;
	for (unsigned i = 0; i < NR_PCP_LISTS; i++) {
		const struct pcp_list *list = &per_cpu_ptr(zone->pcp, cpu)->list[i];

		info->count += (unsigned long)list->count << list->order;
		info->high += (unsigned long)list->high << list->order;
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
