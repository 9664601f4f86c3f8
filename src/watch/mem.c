/* SPDX-License-Identifier: MIT */
/*
 * watch/mem.c - /proc/buddyinfo, pagetypeinfo, meminfo: layouts of Linux 6.18, byte for byte.
 */
#include <quire/cma.h>
#include <quire/gfp.h>
#include <quire/highmem.h>
#include <quire/memory_failure.h>
#include <quire/mmzone.h>
#include <quire/watch.h>
#include <quire/zoneinfo.h>
#include "maps/maps.h"
#include "spaces/spaces.h"
#include "watch/watch.h"

void show_buddyinfo(struct seq_out *out)
{
	struct zone *zone;

	for_each_populated_zone(zone)
	{
		unsigned long nr[MIGRATE_TYPES][NR_PAGE_ORDERS];

		zone_free_blocks(zone, nr);
		seq_printf(out, "Node %d, zone %8s ", zone->node, zone->name);
		for (unsigned order = 0; order < NR_PAGE_ORDERS; order++) {
			unsigned long n = 0;

			for (unsigned t = 0; t < MIGRATE_TYPES; t++)
				n += nr[t][order];
			seq_printf(out, "%6lu ", n);
		}
		seq_putc(out, '\n');
	}
}

/* ---- pagetypeinfo ---------------------------------------------------------------------------- */
/* CMA is a type that a machine has once an area is declared. */
static bool shows_type(unsigned type)
{
	return type != MIGRATE_CMA || totalcma_pages;
}

static void free_by_type(struct seq_out *out, struct zone *zone)
{
	unsigned long nr[MIGRATE_TYPES][NR_PAGE_ORDERS];
	unsigned t, order;

	zone_free_blocks(zone, nr);
	for (t = 0; t < MIGRATE_TYPES; t++) {
		if (!shows_type(t))
			continue;
		seq_printf(out, "Node %4d, zone %8s, type %12s ", zone->node, zone->name,
			   migratetype_names[t]);
		for (order = 0; order < NR_PAGE_ORDERS; order++)
			seq_printf(out, "%6lu ", nr[t][order]);
		seq_putc(out, '\n');
	}
}

static void blocks_by_type(struct seq_out *out, struct zone *zone)
{
	unsigned long count[MIGRATE_TYPES] = { 0 }, pfn, end = zone_end_pfn(zone);
	unsigned t;

	for (pfn = QUIRE_ALIGN_DOWN(zone->zone_start_pfn, pageblock_nr_pages); pfn < end;
	     pfn += pageblock_nr_pages) {
		unsigned long at = max(pfn, zone->zone_start_pfn);

		if (pfn_valid(at) && page_zone(pfn_to_page(at)) == zone)
			count[get_pageblock_migratetype(pfn_to_page(at))]++;
	}
	seq_printf(out, "Node %d, zone %8s ", zone->node, zone->name);
	for (t = 0; t < MIGRATE_TYPES; t++)
		if (shows_type(t))
			seq_printf(out, "%12lu ", count[t]);
	seq_putc(out, '\n');
}

void show_pagetypeinfo(struct seq_out *out)
{
	struct zone *zone;
	unsigned i;

	seq_printf(out, "Page block order: %u\nPages per block:  %lu\n\n", pageblock_order,
		   pageblock_nr_pages);
	seq_printf(out, "%-43s ", "Free pages count per migrate type at order");
	for (i = 0; i < NR_PAGE_ORDERS; i++)
		seq_printf(out, "%6u ", i);
	seq_putc(out, '\n');
	for_each_populated_zone(zone) free_by_type(out, zone);
	seq_printf(out, "\n%-23s", "Number of blocks type ");
	for (i = 0; i < MIGRATE_TYPES; i++)
		if (shows_type(i))
			seq_printf(out, "%12s ", migratetype_names[i]);
	seq_putc(out, '\n');
	for_each_populated_zone(zone) blocks_by_type(out, zone);
}

/* ---- meminfo --------------------------------------------------------------------------------- */
static void line(struct seq_out *out, const char *name, unsigned long pages)
{
	seq_printf(out, "%-16s%8lu kB\n", name, pages << (PAGE_SHIFT - 10));
}

static void line_kb(struct seq_out *out, const char *name, unsigned long kb)
{
	seq_printf(out, "%-16s%8lu kB\n", name, kb);
}

static unsigned long node_stat(enum node_stat_item item)
{
	return global_node_page_state(item);
}

static unsigned long lru(enum node_stat_item a, enum node_stat_item b)
{
	return node_stat(a) + node_stat(b);
}

static void show_lru(struct seq_out *out)
{
	line(out, "Active:", lru(NR_ACTIVE_ANON, NR_ACTIVE_FILE));
	line(out, "Inactive:", lru(NR_INACTIVE_ANON, NR_INACTIVE_FILE));
	line(out, "Active(anon):", node_stat(NR_ACTIVE_ANON));
	line(out, "Inactive(anon):", node_stat(NR_INACTIVE_ANON));
	line(out, "Active(file):", node_stat(NR_ACTIVE_FILE));
	line(out, "Inactive(file):", node_stat(NR_INACTIVE_FILE));
	line(out, "Unevictable:", node_stat(NR_UNEVICTABLE));
	line(out, "Mlocked:", global_zone_page_state(NR_MLOCK));
}

static void show_high_and_low(struct seq_out *out)
{
	unsigned long total = totalhigh_pages(), free = nr_free_highpages();

	line(out, "HighTotal:", total);
	line(out, "HighFree:", free);
	line(out, "LowTotal:", totalram_pages() - total);
	line(out, "LowFree:", global_zone_page_state(NR_FREE_PAGES) - free);
}

static void show_kernel_memory(struct seq_out *out)
{
	unsigned long reclaimable = node_stat(NR_SLAB_RECLAIMABLE_B) >> PAGE_SHIFT;
	unsigned long unreclaimable = node_stat(NR_SLAB_UNRECLAIMABLE_B) >> PAGE_SHIFT;

	line(out, "KReclaimable:", reclaimable + node_stat(NR_KERNEL_MISC_RECLAIMABLE));
	line(out, "Slab:", reclaimable + unreclaimable);
	line(out, "SReclaimable:", reclaimable);
	line(out, "SUnreclaim:", unreclaimable);
	line_kb(out, "KernelStack:", node_stat(NR_KERNEL_STACK_KB));
	line(out, "PageTables:", node_stat(NR_PAGETABLE));
}

void show_meminfo(struct seq_out *out)
{
	unsigned long small, large;

	maps_direct_map_kb(&small, &large);
	line(out, "MemTotal:", totalram_pages());
	line(out, "MemFree:", global_zone_page_state(NR_FREE_PAGES));
	line(out, "MemAvailable:", si_mem_available());
	line(out, "Buffers:", 0);
	line(out, "Cached:", node_stat(NR_FILE_PAGES));
	line(out, "SwapCached:", 0);
	show_lru(out);
	if (zone_type_exists(ZONE_HIGHMEM))
		show_high_and_low(out);
	line(out, "SwapTotal:", 0);
	line(out, "SwapFree:", 0);
	line(out, "Dirty:", node_stat(NR_FILE_DIRTY));
	line(out, "Writeback:", node_stat(NR_WRITEBACK));
	line(out, "AnonPages:", node_stat(NR_ANON_MAPPED));
	line(out, "Mapped:", node_stat(NR_FILE_MAPPED));
	line(out, "Shmem:", node_stat(NR_SHMEM));
	show_kernel_memory(out);
	line(out, "CommitLimit:", vm_commit_limit());
	line(out, "Committed_AS:", vm_memory_committed());
	line_kb(out, "VmallocTotal:", (QUIRE_VMALLOC_END - QUIRE_VMALLOC_START) >> 10);
	line(out, "VmallocUsed:", vmalloc_nr_pages());
	line(out, "VmallocChunk:", 0);
	if (num_poisoned_pages())
		seq_printf(out, "HardwareCorrupted: %5lu kB\n",
			   num_poisoned_pages() << (PAGE_SHIFT - 10));
	if (totalcma_pages) {
		line(out, "CmaTotal:", totalcma_pages);
		line(out, "CmaFree:", global_zone_page_state(NR_FREE_CMA_PAGES));
	}
	line_kb(out, "DirectMap4k:", small);
	line_kb(out, "DirectMap2M:", large);
}
