/* SPDX-License-Identifier: MIT */
/*
 * frames/watermarks.c - how much is kept free, for whom.
 *
 *   free frames of a zone
 *   |......................................|............|...........|......|
 *   plenty                               high         low         min      0
 *   ^ kswapd stops here                    ^ kswapd is woken       ^ only urgent and dying requests below
 *
 * min_free_kbytes = 4 * sqrt(lowmem KiB), shared out by zone size; low and high are a quarter of
 * it, or 0.1 % of the zone, further up.  lowmem_reserve[i] of a zone is kept from requests that
 * could have used zone i: the frames between the two divided by the zone's ratio.
 *
 * Lock: none; changed at boot.
 */
#include <quire/bits.h>
#include "frames.h"

#define WATERMARK_SCALE       10UL /* distance between marks, in 1/10000 of the zone */
#define MIN_FREE_KBYTES_LEAST 128UL
#define MIN_FREE_KBYTES_MOST  262144UL

unsigned long min_free_kbytes, totalreserve_pages;

/* A lower zone keeps 1/ratio of what lies above it. */
static const unsigned reserve_ratio[MAX_NR_ZONES] = { 256, 256, 32, 0, 0 };

static unsigned long int_sqrt(unsigned long x)
{
	unsigned long root = 0;

	for (unsigned long bit = 1UL << ((BITS_PER_LONG - 2) & ~1u); bit; bit >>= 2) {
		if (x >= root + bit) {
			x -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return root;
}

static unsigned long lowmem_pages(void)
{
	unsigned long n = 0;
	struct zone *zone;

	for_each_zone(zone)
		if (zone->idx != ZONE_HIGHMEM && zone->idx != ZONE_MOVABLE)
			n += zone_managed_pages(zone);
	return n;
}

static void set_marks(struct zone *zone, unsigned long pages_min, unsigned long lowmem)
{
	unsigned long managed = zone_managed_pages(zone), step;
	unsigned long least = lowmem ? (unsigned long)((u64)pages_min * managed / lowmem) : 0;

	step = max(least >> 2, (unsigned long)((u64)managed * WATERMARK_SCALE / 10000));
	zone->_watermark[WMARK_MIN] = least;
	for (unsigned mark = WMARK_LOW; mark < NR_WMARK; mark++)
		zone->_watermark[mark] = least + mark * step;
}

static void set_reserves(struct pglist_data *node)
{
	for (unsigned low = 0; low < MAX_NR_ZONES; low++) {
		struct zone *zone = &node->node_zones[low];
		unsigned long above = 0;

		for (unsigned high = low + 1; high < MAX_NR_ZONES; high++) {
			above += zone_managed_pages(&node->node_zones[high]);
			zone->lowmem_reserve[high] = reserve_ratio[low] && zone_managed_pages(zone)
							     ? above / reserve_ratio[low]
							     : 0;
		}
	}
}

static unsigned long zone_keeps(const struct zone *zone)
{
	unsigned long most = 0;

	for (unsigned i = 0; i < MAX_NR_ZONES; i++)
		most = max(most, zone->lowmem_reserve[i]);
	return min(most + high_wmark_pages(zone), zone_managed_pages(zone));
}

void init_per_zone_wmark_min(void)
{
	unsigned long lowmem = lowmem_pages();
	struct pglist_data *node;
	struct zone *zone;

	min_free_kbytes = int_sqrt((lowmem << (PAGE_SHIFT - 10)) * 16);
	min_free_kbytes = max(min_free_kbytes, MIN_FREE_KBYTES_LEAST);
	min_free_kbytes = min(min_free_kbytes, MIN_FREE_KBYTES_MOST);
	for_each_zone(zone)
		set_marks(zone, min_free_kbytes >> (PAGE_SHIFT - 10), lowmem);
	for_each_online_pgdat(node) set_reserves(node);
	totalreserve_pages = 0;
	for_each_zone(zone)
		totalreserve_pages += zone_keeps(zone);
}

void watermarks_exit(void)
{
	min_free_kbytes = 0;
	totalreserve_pages = 0;
}

unsigned long totalram_pages(void)
{
	unsigned long n = 0;
	struct zone *zone;

	for_each_zone(zone)
		n += zone_managed_pages(zone);
	return n;
}

unsigned long nr_free_pages(void)
{
	return global_zone_page_state(NR_FREE_PAGES);
}

/* Free memory beyond the reserves, and the part of caches that could go without harm. */
unsigned long si_mem_available(void)
{
	long available = (long)nr_free_pages() - (long)totalreserve_pages;
	unsigned long low = 0, cache, slab;
	struct zone *zone;

	for_each_zone(zone)
		low += low_wmark_pages(zone);
	cache = global_node_page_state(NR_FILE_PAGES) -
		min(global_node_page_state(NR_SHMEM), global_node_page_state(NR_FILE_PAGES));
	slab = global_node_page_state(NR_SLAB_RECLAIMABLE_B) >> PAGE_SHIFT;
	available += (long)(cache - min(cache / 2, low)) + (long)(slab - min(slab / 2, low));
	return available < 0 ? 0 : (unsigned long)available;
}
