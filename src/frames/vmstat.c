/* SPDX-License-Identifier: MIT */
/*
 * frames/vmstat.c - adds up what each CPU counted.
 *
 *   CPU 0's share  +  CPU 1's share  +  ...  +  what the per-CPU page lists counted for themselves
 *   =  the report
 *
 * Lock: none.
 */
#include <quire/bytes.h>
#include <quire/zoneinfo.h>
#include "frames.h"

DEFINE_PER_CPU(struct vm_counters, vm_counters);

_Static_assert(QUIRE_NR_ZONE_ROWS == QUIRE_NR_NODES * MAX_NR_ZONES, "a row for every zone");
_Static_assert(sizeof(struct vm_counters) - sizeof(((struct vm_counters *)0)->event) <=
		       1200u * QUIRE_NR_NODES,
	       "a node costs each CPU no more than that in counters");
_Static_assert(PGALLOC_MOVABLE - PGALLOC_DMA == ZONE_MOVABLE, "PGALLOC events are in zone order");

/* Each CPU got a copy of the boot CPU's counters: only CPU 0 keeps them. */
void vmstat_cpus_init(void)
{
	unsigned cpu;

	for_each_possible_cpu(cpu)
		if (cpu)
			memset(&per_cpu(vm_counters, cpu), 0, sizeof(struct vm_counters));
}

void vmstat_exit(void)
{
	memset(&vm_counters, 0, sizeof(vm_counters));
}

static unsigned counter_row(const struct zone *zone)
{
	return zone->node * MAX_NR_ZONES + zone->idx;
}

void mod_node_page_state(struct pglist_data *node, enum node_stat_item item, long delta)
{
	mod_nid_page_state((unsigned)node->node_id, item, delta);
}

void mod_zone_page_state(struct zone *zone, enum zone_stat_item item, long delta)
{
	this_cpu_add(vm_counters.zone[counter_row(zone)][item], delta);
}

void zone_statistics(const struct zone *preferred, const struct zone *zone)
{
	unsigned row = counter_row(zone);

	if (!QUIRE_EVENTS)
		return;
	this_cpu_inc(vm_counters.numa[row][zone->node == numa_node_id() ? NUMA_LOCAL : NUMA_OTHER]);
	if (zone->node == preferred->node) {
		this_cpu_inc(vm_counters.numa[row][NUMA_HIT]);
		return;
	}
	this_cpu_inc(vm_counters.numa[row][NUMA_MISS]);
	this_cpu_inc(vm_counters.numa[counter_row(preferred)][NUMA_FOREIGN]);
}

/* All CPUs' shares of the counter whose boot copy is given.  A CPU may have freed what another
 * counted: single shares can be negative, sums only for a moment. */
static unsigned long sum_of(const long *counter)
{
	unsigned cpu;
	long sum = 0;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*percpu_of(counter, cpu));
	return sum < 0 ? 0 : (unsigned long)sum;
}

unsigned long node_page_state(const struct pglist_data *node, enum node_stat_item item)
{
	return sum_of(&vm_counters.node[node->node_id][item]);
}

unsigned long global_node_page_state(enum node_stat_item item)
{
	unsigned long n = 0;

	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		n += sum_of(&vm_counters.node[nid][item]);
	return n;
}

static quire_racy unsigned long free_in_whole_pageblocks(const struct zone *zone)
{
	const struct zone_groups *gs = &zone->groups;
	unsigned long n = 0;

	for (u32 g = 0; g < gs->nr; g++)
		if (gs->group[g].largest >= (int)pageblock_order)
			n += 1UL << gs->group[g].largest;
	return n;
}

unsigned long zone_page_state(const struct zone *zone, enum zone_stat_item item)
{
	if (item == NR_FREE_PAGES)
		return racy_read(zone->nr_free);
	if (item == NR_FREE_CMA_PAGES)
		return racy_read(zone->nr_free_cma);
	if (item == NR_FREE_PAGES_BLOCKS)
		return free_in_whole_pageblocks(zone);
	return sum_of(&vm_counters.zone[counter_row(zone)][item]);
}

unsigned long global_zone_page_state(enum zone_stat_item item)
{
	unsigned long n = 0;
	struct zone *zone;

	for_each_zone(zone)
		n += zone_page_state(zone, item);
	return n;
}

/* Blocks that the per-CPU fast paths of one zone moved, in frames. */
static quire_racy void add_pcp_events(const struct zone *zone, unsigned long *alloc,
				      unsigned long *freed)
{
	unsigned cpu;

	if (!zone->pcp)
		return;
	for_each_possible_cpu(cpu) {
		for (unsigned i = 0; i < NR_PCP_LISTS; i++) {
			const struct pcp_list *list = &per_cpu_ptr(zone->pcp, cpu)->list[i];

			*alloc += PCP_NR_ALLOC(list) << list->order;
			*freed += READ_ONCE(list->nr_free) << list->order;
		}
	}
}

void all_vm_events(unsigned long sum[NR_VM_EVENT_ITEMS])
{
	struct zone *zone;
	unsigned cpu;

	memset(sum, 0, NR_VM_EVENT_ITEMS * sizeof(*sum));
	for_each_possible_cpu(cpu)
		for (unsigned i = 0; i < NR_VM_EVENT_ITEMS; i++)
			sum[i] += (unsigned long)READ_ONCE(percpu_of(&vm_counters, cpu)->event[i]);
	for_each_zone(zone)
		add_pcp_events(zone, &sum[PGALLOC_DMA + zone->idx], &sum[PGFREE]);
}

/* Blocks that the fast path of one CPU took from its lists for the zone.  It only takes from the
 * zone that comes first on the CPU's node. */
static quire_racy unsigned long fast_blocks(const struct zone *zone, unsigned cpu)
{
	unsigned long n = 0;

	for (unsigned i = 0; zone->pcp && i < NR_PCP_LISTS; i++)
		n += PCP_NR_ALLOC(&per_cpu_ptr(zone->pcp, cpu)->list[i]);
	return n;
}

unsigned long zone_numa_event(const struct zone *zone, enum numa_stat_item item)
{
	unsigned long sum = 0;
	unsigned cpu;

	for_each_possible_cpu(cpu) {
		enum numa_stat_item here = cpu_to_node(cpu) == zone->node ? NUMA_LOCAL : NUMA_OTHER;

		sum += (unsigned long)READ_ONCE(
			percpu_of(&vm_counters, cpu)->numa[counter_row(zone)][item]);
		if (item == NUMA_HIT || item == here)
			sum += fast_blocks(zone, cpu);
	}
	return sum;
}
