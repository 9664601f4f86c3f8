/* SPDX-License-Identifier: MIT */
/*
 * watch/zoneinfo.c - /proc/zoneinfo and /proc/vmstat: layouts of Linux 6.18, byte for byte.
 */
#include <quire/cma.h>
#include <quire/percpu.h>
#include <quire/watch.h>
#include <quire/zoneinfo.h>
#include "watch/watch.h"

static void show_node_stats(struct seq_out *out, const struct pglist_data *node)
{
	unsigned i;

	seq_puts(out, "\n  per-node stats");
	for (i = 0; i < NR_VM_NODE_STAT_ITEMS; i++)
		seq_printf(out, "\n      %-12s %lu", node_stat_text[i],
			   node_item_pages(node, (enum node_stat_item)i));
}

static void show_zone_pages(struct seq_out *out, const struct zone *zone)
{
	unsigned long sum = zone_page_state(zone, NR_FREE_PAGES);
	unsigned i;

	seq_printf(out,
		   "\n  pages free     %lu\n        boost    %lu\n        min      %lu\n        "
		   "low      %lu",
		   sum, zone->watermark_boost, min_wmark_pages(zone), low_wmark_pages(zone));
	seq_printf(out,
		   "\n        high     %lu\n        promo    %lu\n        spanned  %lu\n        "
		   "present  %lu",
		   high_wmark_pages(zone), zone->_watermark[WMARK_PROMO] + zone->watermark_boost,
		   zone->spanned_pages, zone->present_pages);
	seq_printf(out, "\n        managed  %lu\n        cma      %lu", zone_managed_pages(zone),
		   zone_page_state(zone, NR_FREE_CMA_PAGES));
	seq_printf(out, "\n        protection: (%lu", zone->lowmem_reserve[0]);
	for (i = 1; i < MAX_NR_ZONES; i++)
		if (zone_type_exists(i))
			seq_printf(out, ", %lu", zone->lowmem_reserve[i]);
	seq_putc(out, ')');
}

static void show_zone_stats(struct seq_out *out, const struct zone *zone)
{
	unsigned i;

	for (i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
		seq_printf(out, "\n      %-12s %lu", zone_stat_text[i],
			   zone_page_state(zone, (enum zone_stat_item)i));
	for (i = 0; i < NR_VM_NUMA_EVENT_ITEMS; i++)
		seq_printf(out, "\n      %-12s %lu", numa_stat_text[i],
			   zone_numa_event(zone, (enum numa_stat_item)i));
}

/* Counters are added up exactly when they are read: nothing hides below a threshold. */
static void show_pagesets(struct seq_out *out, const struct zone *zone)
{
	unsigned cpu;

	seq_puts(out, "\n  pagesets");
	for_each_possible_cpu(cpu) {
		struct pcp_info info;

		zone_pcp_info(zone, cpu, &info);
		seq_printf(out,
			   "\n    cpu: %u\n              count:    %lu\n              high:     %lu"
			   "\n              batch:    %lu\n              high_min: %lu\n           "
			   "   high_max: %lu"
			   "\n  vm stats threshold: %d",
			   cpu, info.count, info.high, info.batch, info.high, info.high, 0);
	}
	seq_printf(out, "\n  node_unreclaimable:  %d\n  start_pfn:           %lu", 0,
		   zone->zone_start_pfn);
}

void show_zoneinfo(struct seq_out *out)
{
	const struct pglist_data *seen = NULL;
	struct zone *zone;

	for_each_zone(zone) {
		if (!populated_zone(zone) && !zone_type_exists(zone->idx))
			continue;
		seq_printf(out, "Node %d, zone %8s", zone->node, zone->name);
		if (populated_zone(zone) && seen != zone->zone_pgdat) {
			seen = zone->zone_pgdat;
			show_node_stats(out, zone->zone_pgdat);
		}
		show_zone_pages(out, zone);
		if (populated_zone(zone)) {
			show_zone_stats(out, zone);
			show_pagesets(out, zone);
		}
		seq_putc(out, '\n');
	}
}

/* ---- vmstat ---------------------------------------------------------------------------------- */
static unsigned long memmap_pages(void)
{
	unsigned long frames = 0;
	struct zone *zone;

	for_each_populated_zone(zone) frames += zone->present_pages;
	return DIV_ROUND_UP(frames * sizeof(struct page), PAGE_SIZE);
}

static unsigned long all_nodes(enum node_stat_item item)
{
	struct pglist_data *node;
	unsigned long n = 0;

	for_each_online_pgdat(node) n += node_item_pages(node, item);
	return n;
}

static unsigned long all_zones_numa(enum numa_stat_item item)
{
	struct zone *zone;
	unsigned long n = 0;

	for_each_populated_zone(zone) n += zone_numa_event(zone, item);
	return n;
}

static bool event_exists(unsigned e)
{
	if (e == CMA_ALLOC_SUCCESS || e == CMA_ALLOC_FAIL || e == CMA_RELEASE_SUCCESS)
		return totalcma_pages;
	return (e != PGALLOC_HIGH && e != ALLOCSTALL_HIGH && e != PGSKIP_HIGH) ||
	       zone_type_exists(ZONE_HIGHMEM);
}

void show_vmstat(struct seq_out *out)
{
	unsigned long events[NR_VM_EVENT_ITEMS];
	unsigned i;

	for (i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
		seq_printf(out, "%s %lu\n", zone_stat_text[i],
			   global_zone_page_state((enum zone_stat_item)i));
	for (i = 0; i < NR_VM_NUMA_EVENT_ITEMS; i++)
		seq_printf(out, "%s %lu\n", numa_stat_text[i],
			   all_zones_numa((enum numa_stat_item)i));
	for (i = 0; i < NR_VM_NODE_STAT_ITEMS; i++)
		seq_printf(out, "%s %lu\n", node_stat_text[i], all_nodes((enum node_stat_item)i));
	/* Nothing is written back yet, so nobody is throttled at any number of dirty pages. */
	seq_printf(out, "nr_dirty_threshold %lu\nnr_dirty_background_threshold %lu\n",
		   totalram_pages(), totalram_pages());
	seq_printf(out, "nr_memmap_pages %d\nnr_memmap_boot_pages %lu\n", 0, memmap_pages());
	all_vm_events(events);
	for (i = 0; i < NR_VM_EVENT_ITEMS; i++)
		if (event_exists(i))
			seq_printf(out, "%s %lu\n", vm_event_text[i], events[i]);
	seq_puts(out, "nr_unstable 0\n");
}
