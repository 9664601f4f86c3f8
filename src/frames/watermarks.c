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
 * it, or watermark_scale_factor of the zone, further up.  HIGHMEM and MOVABLE, which no urgent
 * request can use, keep little.  lowmem_reserve[i] of a zone is kept from requests that could have
 * used zone i: the frames between the two divided by the zone's ratio.  A boost lifts all marks
 * for a while, so that kswapd frees whole pageblocks after types were mixed in one.
 *
 * Lock: zone->lock to write marks and boost; readers may see the value of a moment ago.  Knobs: one
 *       caller at a time.
 */
#include <quire/bits.h>
#include <quire/err.h>
#include <quire/low_memory.h>
#include <quire/tune.h>
#include <quire/zoneinfo.h>
#include "frames.h"

#define MIN_FREE_KBYTES_LEAST ((unsigned long)QUIRE_MIN_FREE_KIB)
#define MIN_FREE_KBYTES_MOST  262144UL
#define HIGH_ZONE_MIN_LEAST   32UL /* frames: as much as reclaim frees in one go */
#define HIGH_ZONE_MIN_MOST    128UL
#define SCALE_FACTOR_MOST     3000u

#define RATIOS_AT_POWER_ON                                                                         \
	{                                                                                          \
		256, 256, 32, 0, 0                                                                 \
	}

unsigned long min_free_kbytes, totalreserve_pages;
unsigned watermark_scale_factor = 10, watermark_boost_factor = 15000;
unsigned lowmem_reserve_ratio[MAX_NR_ZONES] = RATIOS_AT_POWER_ON;
static unsigned long user_min_free_kbytes; /* 0: nobody said */

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

/* ---- marks and reserves ---------------------------------------------------------------------- */
static bool is_high(const struct zone *zone)
{
	return zone->idx == ZONE_HIGHMEM || zone->idx == ZONE_MOVABLE;
}

static unsigned long managed_pages(bool of_high_zones_too)
{
	unsigned long n = 0;
	struct zone *zone;

	for_each_zone(zone)
		if (of_high_zones_too || !is_high(zone))
			n += zone_managed_pages(zone);
	return n;
}

static unsigned long lowmem_pages(void)
{
	return managed_pages(false);
}

static unsigned long parts_of(unsigned long n, unsigned tenthousandths)
{
	return (unsigned long)((u64)n * tenthousandths / 10000);
}

static void set_marks(struct zone *zone, unsigned long pages_min, unsigned long lowmem)
{
	unsigned long managed = zone_managed_pages(zone), flags;
	unsigned long share = lowmem ? (unsigned long)((u64)pages_min * managed / lowmem) : 0;
	unsigned long step = max(share >> 2, parts_of(managed, watermark_scale_factor));
	unsigned long least = share;

	if (is_high(zone) && managed)
		least = min(max(managed / 1024, HIGH_ZONE_MIN_LEAST), HIGH_ZONE_MIN_MOST);
	spin_lock_irqsave(&zone->lock, flags);
	racy_write(zone->watermark_boost, 0);
	for (unsigned mark = WMARK_MIN; mark < NR_WMARK; mark++)
		racy_write(zone->_watermark[mark], least + mark * step);
	spin_unlock_irqrestore(&zone->lock, flags);
}

static void set_reserves(struct pglist_data *node)
{
	for (unsigned low = 0; low < MAX_NR_ZONES; low++) {
		struct zone *zone = &node->node_zones[low];
		unsigned ratio = zone_managed_pages(zone) ? lowmem_reserve_ratio[low] : 0;
		unsigned long above = 0;

		for (unsigned high = low + 1; high < MAX_NR_ZONES; high++) {
			above += zone_managed_pages(&node->node_zones[high]);
			racy_write(zone->lowmem_reserve[high], ratio ? above / ratio : 0);
		}
	}
}

static unsigned long zone_keeps(const struct zone *zone)
{
	unsigned long most = 0;

	for (unsigned i = 0; i < MAX_NR_ZONES; i++)
		most = max(most, zone->lowmem_reserve[i]);
	return min(most + zone->_watermark[WMARK_HIGH], zone_managed_pages(zone));
}

static void recompute(void)
{
	unsigned long lowmem = lowmem_pages(), keep = 0;
	struct pglist_data *node;
	struct zone *zone;

	for_each_zone(zone)
		set_marks(zone, min_free_kbytes >> (PAGE_SHIFT - 10), lowmem);
	for_each_online_pgdat(node) set_reserves(node);
	for_each_zone(zone)
		keep += zone_keeps(zone);
	racy_write(totalreserve_pages, keep);
}

void init_per_zone_wmark_min(void)
{
	unsigned long kib = int_sqrt((lowmem_pages() << (PAGE_SHIFT - 10)) * 16);

	kib = min(max(kib, MIN_FREE_KBYTES_LEAST), MIN_FREE_KBYTES_MOST);
	min_free_kbytes = max(kib, user_min_free_kbytes);
	recompute();
}

/* ---- knobs ----------------------------------------------------------------------------------- */
int set_min_free_kbytes(unsigned long kib)
{
	if (kib >> (PAGE_SHIFT - 10) > totalram_pages())
		return -EINVAL;
	min_free_kbytes = user_min_free_kbytes = kib;
	recompute();
	return 0;
}

int set_watermark_scale_factor(unsigned tenthousandths)
{
	if (!tenthousandths || tenthousandths > SCALE_FACTOR_MOST)
		return -EINVAL;
	watermark_scale_factor = tenthousandths;
	recompute();
	return 0;
}

int set_lowmem_reserve_ratio(enum zone_type type, unsigned ratio)
{
	if ((unsigned)type >= MAX_NR_ZONES)
		return -EINVAL;
	lowmem_reserve_ratio[type] = ratio;
	recompute();
	return 0;
}

void watermarks_exit(void)
{
	static const unsigned ratios[MAX_NR_ZONES] = RATIOS_AT_POWER_ON;

	min_free_kbytes = 0;
	user_min_free_kbytes = 0;
	totalreserve_pages = 0;
	watermark_scale_factor = 10;
	watermark_boost_factor = 15000;
	for (unsigned i = 0; i < MAX_NR_ZONES; i++)
		lowmem_reserve_ratio[i] = ratios[i];
}

/* ---- boost ----------------------------------------------------------------------------------- */
bool boost_watermark(struct zone *zone)
{
	unsigned long high = zone->_watermark[WMARK_HIGH],
		      most = max(parts_of(high, watermark_boost_factor), pageblock_nr_pages);

	assert_spin_locked(&zone->lock);
	/* A zone of a few pageblocks would be emptied for the sake of one; and before the hand-over
	 * is complete there are no marks. */
	if (!watermark_boost_factor || !high || zone_managed_pages(zone) < 4 * pageblock_nr_pages)
		return false;
	racy_write(zone->watermark_boost, min(zone->watermark_boost + pageblock_nr_pages, most));
	return true;
}

unsigned long zone_unboost(struct zone *zone)
{
	unsigned long flags, was;

	spin_lock_irqsave(&zone->lock, flags);
	was = zone->watermark_boost;
	racy_write(zone->watermark_boost, 0);
	spin_unlock_irqrestore(&zone->lock, flags);
	return was;
}

/* ---- questions ------------------------------------------------------------------------------- */
const char *zone_why_low(const struct zone *zone, unsigned order, unsigned long mark,
			 enum zone_type highest, unsigned alloc_flags)
{
	long least = (long)mark, left = (long)racy_read(zone->nr_free) - (1L << order) + 1;

	if (!(alloc_flags & (ALLOC_HARDER | ALLOC_NO_WATERMARKS)))
		left -= (long)racy_read(zone->nr_free_highatomic);
	if (!(alloc_flags & ALLOC_CMA))
		left -= (long)racy_read(zone->nr_free_cma);
	if (alloc_flags & ALLOC_HIGH)
		least -= least / 2;
	if (alloc_flags & ALLOC_HARDER)
		least -= least / 4;
	if (left <= least + (long)READ_ONCE(zone->lowmem_reserve[highest]))
		return "below its mark";
	if (order && !zone_has_free_block(zone, order, alloc_flags))
		return "no free block is large enough";
	return NULL;
}

bool zone_watermark_ok(struct zone *zone, unsigned order, unsigned long mark, int highest_zoneidx,
		       unsigned alloc_flags)
{
	return !zone_why_low(zone, order, mark, (enum zone_type)highest_zoneidx, alloc_flags);
}

unsigned long totalram_pages(void)
{
	return managed_pages(true);
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
