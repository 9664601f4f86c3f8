/* SPDX-License-Identifier: MIT */
/*
 * frames/show_mem.c - how memory stands, for the log; and all that is known when a request failed.
 *
 *   report_alloc_failure() ─hook─> what was asked ─> who called ─> show_mem(): nodes, zones, free blocks
 *
 * The layouts are those of Linux's log, so that people and scripts recognise them.  Linked only into
 * what calls show_mem_init() or show_mem().
 *
 * Lock: none; numbers may be a moment old.
 */
#include <quire/highmem.h>
#include <quire/memory_failure.h>
#include <quire/printk.h>
#include <quire/show_mem.h>
#include <quire/task.h>
#include <quire/zoneinfo.h>
#include "debug.h"

#define FULL_REPORTS 10u /* failures that are reported with all details */

static unsigned long nr_failures;

/* ---- memory as it stands --------------------------------------------------------------------- */
static unsigned long kb(unsigned long frames)
{
	return frames << (PAGE_SHIFT - 10);
}

static unsigned long node_stat(enum node_stat_item item)
{
	return global_node_page_state(item);
}

static void show_totals(void)
{
	unsigned long parked = 0, cma = 0;
	struct zone *zone;

	for_each_populated_zone(zone)
	{
		parked += zone_pcp_pages(zone);
		cma += racy_read(zone->nr_free_cma);
	}
	printk("active_anon:%lu inactive_anon:%lu isolated_anon:%lu\n", node_stat(NR_ACTIVE_ANON),
	       node_stat(NR_INACTIVE_ANON), node_stat(NR_ISOLATED_ANON));
	printk(" active_file:%lu inactive_file:%lu isolated_file:%lu\n", node_stat(NR_ACTIVE_FILE),
	       node_stat(NR_INACTIVE_FILE), node_stat(NR_ISOLATED_FILE));
	printk(" unevictable:%lu dirty:%lu writeback:%lu\n", node_stat(NR_UNEVICTABLE),
	       node_stat(NR_FILE_DIRTY), node_stat(NR_WRITEBACK));
	printk(" slab_reclaimable:%lu slab_unreclaimable:%lu\n",
	       node_stat(NR_SLAB_RECLAIMABLE_B) >> PAGE_SHIFT,
	       node_stat(NR_SLAB_UNRECLAIMABLE_B) >> PAGE_SHIFT);
	printk(" mapped:%lu shmem:%lu pagetables:%lu\n", node_stat(NR_FILE_MAPPED),
	       node_stat(NR_SHMEM), node_stat(NR_PAGETABLE));
	printk(" sec_pagetables:%lu bounce:0\n", node_stat(NR_SECONDARY_PAGETABLE));
	printk(" kernel_misc_reclaimable:%lu\n", node_stat(NR_KERNEL_MISC_RECLAIMABLE));
	printk(" free:%lu free_pcp:%lu free_cma:%lu\n", nr_free_pages(), parked, cma);
}

static unsigned long node_kb(struct pglist_data *node, enum node_stat_item item)
{
	return kb(node_page_state(node, item));
}

static void show_node(struct pglist_data *node)
{
	printk("Node %d active_anon:%lukB inactive_anon:%lukB active_file:%lukB "
	       "inactive_file:%lukB unevictable:%lukB isolated(anon):%lukB isolated(file):%lukB "
	       "mapped:%lukB dirty:%lukB writeback:%lukB shmem:%lukB writeback_tmp:0kB "
	       "kernel_stack:%lukB pagetables:%lukB sec_pagetables:%lukB all_unreclaimable? no\n",
	       node->node_id, node_kb(node, NR_ACTIVE_ANON), node_kb(node, NR_INACTIVE_ANON),
	       node_kb(node, NR_ACTIVE_FILE), node_kb(node, NR_INACTIVE_FILE),
	       node_kb(node, NR_UNEVICTABLE), node_kb(node, NR_ISOLATED_ANON),
	       node_kb(node, NR_ISOLATED_FILE), node_kb(node, NR_FILE_MAPPED),
	       node_kb(node, NR_FILE_DIRTY), node_kb(node, NR_WRITEBACK), node_kb(node, NR_SHMEM),
	       node_page_state(node, NR_KERNEL_STACK_KB), node_kb(node, NR_PAGETABLE),
	       node_kb(node, NR_SECONDARY_PAGETABLE));
}

static unsigned long zone_kb(struct zone *zone, enum zone_stat_item item)
{
	return kb(zone_page_state(zone, item));
}

static void show_zone(struct zone *zone)
{
	struct pcp_info local;

	zone_pcp_info(zone, port_cpu_id(), &local);
	printk("Node %d %s free:%lukB boost:%lukB min:%lukB low:%lukB high:%lukB "
	       "reserved_highatomic:%luKB active_anon:%lukB inactive_anon:%lukB "
	       "active_file:%lukB inactive_file:%lukB unevictable:%lukB writepending:%lukB "
	       "present:%lukB managed:%lukB mlocked:%lukB bounce:0kB free_pcp:%lukB "
	       "local_pcp:%lukB free_cma:%lukB\n",
	       zone->node, zone->name, zone_kb(zone, NR_FREE_PAGES), kb(zone->watermark_boost),
	       kb(min_wmark_pages(zone)), kb(low_wmark_pages(zone)), kb(high_wmark_pages(zone)),
	       kb(zone->nr_reserved_highatomic), zone_kb(zone, NR_ZONE_ACTIVE_ANON),
	       zone_kb(zone, NR_ZONE_INACTIVE_ANON), zone_kb(zone, NR_ZONE_ACTIVE_FILE),
	       zone_kb(zone, NR_ZONE_INACTIVE_FILE), zone_kb(zone, NR_ZONE_UNEVICTABLE),
	       zone_kb(zone, NR_ZONE_WRITE_PENDING), kb(zone->present_pages),
	       kb(zone_managed_pages(zone)), zone_kb(zone, NR_MLOCK), kb(zone_pcp_pages(zone)),
	       kb(local.count), kb(racy_read(zone->nr_free_cma)));
	printk("lowmem_reserve[]: %lu %lu %lu %lu %lu\n", zone->lowmem_reserve[ZONE_DMA],
	       zone->lowmem_reserve[ZONE_DMA32], zone->lowmem_reserve[ZONE_NORMAL],
	       zone->lowmem_reserve[ZONE_HIGHMEM], zone->lowmem_reserve[ZONE_MOVABLE]);
}

/* "Node 0 DMA: 1*4kB (U) 2*8kB (UM) ... = 15360kB" */
static void show_blocks(struct zone *zone)
{
	static const char letter[MIGRATE_TYPES] = { 'U', 'M', 'E', 'H', 'C', 'I' };
	unsigned long nr[MIGRATE_TYPES][NR_PAGE_ORDERS];
	char line[400];
	size_t n =
		(size_t)quire_snprintf(line, sizeof(line), "Node %d %s: ", zone->node, zone->name);

	zone_free_blocks(zone, nr);
	for (unsigned order = 0; order <= MAX_PAGE_ORDER && n < sizeof(line); order++) {
		char types[MIGRATE_TYPES + 1];
		unsigned long blocks = 0;
		unsigned t = 0;

		for (unsigned type = 0; type < MIGRATE_TYPES; type++) {
			blocks += nr[type][order];
			if (nr[type][order])
				types[t++] = letter[type];
		}
		types[t] = 0;
		n += (size_t)quire_snprintf(line + n, sizeof(line) - n,
					    t ? "%lu*%lukB (%s) " : "%lu*%lukB %s", blocks,
					    kb(1UL << order), t ? types : "");
	}
	printk("%s= %lukB\n", line, kb(zone_page_state(zone, NR_FREE_PAGES)));
}

void show_mem(void)
{
	unsigned long present = 0, high = 0;
	struct pglist_data *node;
	struct zone *zone;

	printk("Mem-Info:\n");
	show_totals();
	for_each_online_pgdat(node)
	{
		show_node(node);
		present += node->node_present_pages;
	}
	for_each_populated_zone(zone)
	{
		show_zone(zone);
		high += is_highmem(zone) ? zone->present_pages : 0;
	}
	for_each_populated_zone(zone) show_blocks(zone);
	printk("%lu total pagecache pages\n", node_stat(NR_FILE_PAGES));
	printk("%lu pages in swap cache\n", node_stat(NR_SWAPCACHED));
	printk("%lu pages RAM\n%lu pages HighMem/MovableOnly\n%lu pages reserved\n"
	       "%lu pages hwpoisoned\n",
	       present, high, present - totalram_pages(), num_poisoned_pages());
}

/* ---- a request that failed ------------------------------------------------------------------- */
static void report_in_full(const char *comm, gfp_t gfp, unsigned order)
{
	char words[GFP_WORDS];

	gfp_words(words, sizeof(words), gfp);
	printk("%s: page allocation failure: order:%u, mode:%#x(%s), nodemask=(null)\n", comm,
	       order, gfp, words);
	if (__atomic_fetch_add(&nr_failures, 1, __ATOMIC_RELAXED) >= FULL_REPORTS)
		return;
	dump_stack();
	show_mem();
}

void show_mem_init(void)
{
	nr_failures = 0;
	alloc_failure_hook = report_in_full;
}
