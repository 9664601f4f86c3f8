/* SPDX-License-Identifier: MIT */
/*
 * frames/report.c - words for the log: a frame that is damaged, a request that failed, how memory
 * stands.
 *
 * Lock: none; numbers may be a moment old.
 */
#include <quire/printk.h>
#include "frames.h"

#define FULL_REPORTS 10 /* failures that are reported with all details */

unsigned long nr_bad_pages;
static unsigned long nr_failures;

static const char *const flag_names[NR_PAGEFLAGS] = {
	"locked",   "uptodate",  "dirty",      "reserved", "slab", "table",
	"anon",     "cache",     "swapbacked", "mlocked",  "head", "tail",
	"poisoned", "private_2", "movable",    "isolated",
};

static void flag_words(char *buf, size_t size, u32 flags)
{
	size_t n = 0;

	buf[0] = 0;
	for (unsigned i = 0; i < NR_PAGEFLAGS && n + 1 < size; i++)
		if (flags >> i & 1)
			n += (size_t)quire_snprintf(buf + n, size - n, "%s%s", n ? "|" : "",
						    flag_names[i]);
}

void bad_page(const struct page *page, const char *why)
{
	char words[128];

	nr_bad_pages++;
	flag_words(words, sizeof(words), page->flags);
	quire_damage("Bad page state: pfn 0x%lx: %s; refcount:%d mapcount:%d flags:0x%x(%s).  The "
		     "frame is left alone",
		     page_to_pfn(page), why, page_count(page), page_mapcount(page), page->flags,
		     words);
}

void gfp_words(char *buf, size_t size, gfp_t gfp)
{
	static const struct {
		gfp_t bits;
		const char *name;
	} names[] = {
		{ GFP_HIGHUSER_MOVABLE, "GFP_HIGHUSER_MOVABLE" },
		{ GFP_HIGHUSER, "GFP_HIGHUSER" },
		{ GFP_USER, "GFP_USER" },
		{ GFP_KERNEL_ACCOUNT, "GFP_KERNEL_ACCOUNT" },
		{ GFP_KERNEL, "GFP_KERNEL" },
		{ GFP_NOFS, "GFP_NOFS" },
		{ GFP_ATOMIC, "GFP_ATOMIC" },
		{ GFP_NOIO, "GFP_NOIO" },
		{ GFP_NOWAIT, "GFP_NOWAIT" },
		{ __GFP_DMA, "GFP_DMA" },
		{ __GFP_DMA32, "GFP_DMA32" },
		{ __GFP_HIGHMEM, "__GFP_HIGHMEM" },
		{ __GFP_MOVABLE, "__GFP_MOVABLE" },
		{ __GFP_RECLAIMABLE, "__GFP_RECLAIMABLE" },
		{ __GFP_HIGH, "__GFP_HIGH" },
		{ __GFP_IO, "__GFP_IO" },
		{ __GFP_FS, "__GFP_FS" },
		{ __GFP_ZERO, "__GFP_ZERO" },
		{ __GFP_DIRECT_RECLAIM, "__GFP_DIRECT_RECLAIM" },
		{ __GFP_KSWAPD_RECLAIM, "__GFP_KSWAPD_RECLAIM" },
		{ __GFP_NOWARN, "__GFP_NOWARN" },
		{ __GFP_RETRY_MAYFAIL, "__GFP_RETRY_MAYFAIL" },
		{ __GFP_NOFAIL, "__GFP_NOFAIL" },
		{ __GFP_NORETRY, "__GFP_NORETRY" },
		{ __GFP_MEMALLOC, "__GFP_MEMALLOC" },
		{ __GFP_COMP, "__GFP_COMP" },
		{ __GFP_NOMEMALLOC, "__GFP_NOMEMALLOC" },
		{ __GFP_HARDWALL, "__GFP_HARDWALL" },
		{ __GFP_THISNODE, "__GFP_THISNODE" },
		{ __GFP_ACCOUNT, "__GFP_ACCOUNT" },
	};
	size_t n = 0;

	buf[0] = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(names) && n + 1 < size; i++) {
		if ((gfp & names[i].bits) != names[i].bits)
			continue;
		n += (size_t)quire_snprintf(buf + n, size - n, "%s%s", n ? "|" : "", names[i].name);
		gfp &= ~names[i].bits;
	}
	if (gfp && n + 1 < size)
		quire_snprintf(buf + n, size - n, "%s0x%x", n ? "|" : "", gfp);
}

void report_alloc_failure(gfp_t gfp, unsigned order)
{
	char words[256];

	gfp_words(words, sizeof(words), gfp);
	printk("page allocation failure: order:%u, mode:0x%x(%s), nodemask=(null)\n", order, gfp,
	       words);
	if (nr_failures++ < FULL_REPORTS)
		show_mem();
}

static unsigned long kb(unsigned long frames)
{
	return frames << (PAGE_SHIFT - 10);
}

static void show_node(struct pglist_data *node)
{
	printk("Node %d anon:%lukB file:%lukB shmem:%lukB slab_reclaimable:%lukB "
	       "slab_unreclaimable:%lukB "
	       "kernel_stack:%lukB pagetables:%lukB\n",
	       node->node_id, kb(node_page_state(node, NR_ANON_MAPPED)),
	       kb(node_page_state(node, NR_FILE_PAGES)), kb(node_page_state(node, NR_SHMEM)),
	       node_page_state(node, NR_SLAB_RECLAIMABLE_B) >> 10,
	       node_page_state(node, NR_SLAB_UNRECLAIMABLE_B) >> 10,
	       node_page_state(node, NR_KERNEL_STACK_KB), kb(node_page_state(node, NR_PAGETABLE)));
}

static void show_zone(struct zone *zone)
{
	printk("Node %d %s free:%lukB boost:%lukB min:%lukB low:%lukB high:%lukB present:%lukB "
	       "managed:%lukB "
	       "free_pcp:%lukB\n",
	       zone->node, zone->name, kb(zone_page_state(zone, NR_FREE_PAGES)),
	       kb(zone->watermark_boost), kb(min_wmark_pages(zone)), kb(low_wmark_pages(zone)),
	       kb(high_wmark_pages(zone)), kb(zone->present_pages), kb(zone_managed_pages(zone)),
	       kb(zone_pcp_pages(zone)));
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
	struct pglist_data *node;
	struct zone *zone;

	printk("Mem-Info:\n");
	for_each_online_pgdat(node) show_node(node);
	for_each_populated_zone(zone) show_zone(zone);
	for_each_populated_zone(zone) show_blocks(zone);
	printk("%lu pages RAM managed, %lu free\n", totalram_pages(), nr_free_pages());
}
