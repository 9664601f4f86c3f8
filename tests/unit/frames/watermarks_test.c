/* SPDX-License-Identifier: MIT */
/* How much is kept free: marks, reserves, their knobs, the boost, and who may go below. */
#include <quire/err.h>
#include <quire/low_memory.h>
#include <quire/tune.h>
#include "frames/frames.h"
#include "support/layers.h"

#define MIB (1ULL << 20)

/* 64 MiB in one zone: zones have no ends that matter here. */
static struct zone *start_one_zone(void)
{
	const struct posix_bank bank = { 32 * MIB, 64 * MIB, 0 };

	start_frames(&bank, 1, 1);
	return NODE_DATA(0)->node_zonelists[ZONELIST_FALLBACK].zones[0];
}

/* DMA, NORMAL, HIGHMEM and MOVABLE of 16, 48, 32 and 32 MiB. */
static void start_four_zones(void)
{
	const struct posix_bank bank = { 0, 128 * MIB, 0 };

	set_zone_end(ZONE_DMA32, 16 * MIB);
	set_zone_end(ZONE_NORMAL, 64 * MIB);
	frames_parse_cmdline("movablecore=32M");
	start_frames(&bank, 1, 1);
}

static struct zone *zone_of(enum zone_type type)
{
	return &NODE_DATA(0)->node_zones[type];
}

/* ---- knobs ----------------------------------------------------------------------------------- */
static void min_free(void **state)
{
	static const unsigned long kib[] = { 0, 4, 1000, 2048, 10000 };
	struct zone *zone = start_one_zone();
	unsigned long before = min_free_kbytes, managed = zone_managed_pages(zone);

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(kib); i++) {
		unsigned long least = kib[i] / 4, step = max(least / 4, managed / 1000);

		assert_int_equal(set_min_free_kbytes(kib[i]), 0);
		assert_int_equal(min_free_kbytes, kib[i]);
		assert_int_equal(min_wmark_pages(zone), least);
		assert_int_equal(low_wmark_pages(zone), least + step);
		assert_int_equal(high_wmark_pages(zone), least + 2 * step);
		assert_int_equal(zone->_watermark[WMARK_PROMO], least + 3 * step);
		assert_int_equal(totalreserve_pages, least + 2 * step);
	}
	assert_int_equal(set_min_free_kbytes(65 * 1024), -EINVAL);
	assert_int_equal(set_min_free_kbytes(~0UL), -EINVAL);
	assert_int_equal(min_free_kbytes, 10000);
	/* what was set holds when the amount of memory changes */
	init_per_zone_wmark_min();
	assert_int_equal(min_free_kbytes, 10000);
	stop_frames();
	start_one_zone();
	assert_int_equal(min_free_kbytes, before);
	stop_frames();
}

static void scale_factor(void **state)
{
	static const struct {
		unsigned factor;
		int err;
		unsigned long parts; /* of 10000 between two marks */
	} rows[] = { { 100, 0, 100 },         { 1, 0, 0 },  { 3000, 0, 3000 }, { 0, -EINVAL, 3000 },
		     { 3001, -EINVAL, 3000 }, { 10, 0, 10 } };
	struct zone *zone = start_one_zone();
	unsigned long managed = zone_managed_pages(zone), least = min_wmark_pages(zone);

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned long step = max(least / 4, managed * rows[i].parts / 10000);

		assert_int_equal(set_watermark_scale_factor(rows[i].factor), rows[i].err);
		assert_int_equal(min_wmark_pages(zone), least);
		assert_int_equal(high_wmark_pages(zone), least + 2 * step);
	}
	stop_frames();
	assert_int_equal(watermark_scale_factor, 10);
}

static void reserves(void **state)
{
	static const enum zone_type types[] = { ZONE_DMA, ZONE_NORMAL, ZONE_HIGHMEM, ZONE_MOVABLE };
	unsigned long n[MAX_NR_ZONES];

	(void)state;
	start_four_zones();
	for (unsigned type = 0; type < MAX_NR_ZONES; type++)
		n[type] = zone_managed_pages(zone_of((enum zone_type)type));
	assert_int_equal(n[ZONE_DMA32], 0);
	assert_int_equal(zone_of(ZONE_DMA)->lowmem_reserve[ZONE_NORMAL], n[ZONE_NORMAL] / 256);
	assert_int_equal(zone_of(ZONE_DMA)->lowmem_reserve[ZONE_MOVABLE],
			 (n[ZONE_NORMAL] + n[ZONE_HIGHMEM] + n[ZONE_MOVABLE]) / 256);
	assert_int_equal(zone_of(ZONE_NORMAL)->lowmem_reserve[ZONE_MOVABLE],
			 (n[ZONE_HIGHMEM] + n[ZONE_MOVABLE]) / 32);
	assert_int_equal(zone_of(ZONE_HIGHMEM)->lowmem_reserve[ZONE_MOVABLE], 0);
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++)
		assert_int_equal(zone_of(types[i])->lowmem_reserve[types[i]], 0);
	assert_int_equal(set_lowmem_reserve_ratio(ZONE_NORMAL, 2), 0);
	assert_int_equal(zone_of(ZONE_NORMAL)->lowmem_reserve[ZONE_HIGHMEM], n[ZONE_HIGHMEM] / 2);
	assert_int_equal(set_lowmem_reserve_ratio(ZONE_DMA, 0), 0);
	assert_int_equal(zone_of(ZONE_DMA)->lowmem_reserve[ZONE_MOVABLE], 0);
	assert_int_equal(set_lowmem_reserve_ratio(MAX_NR_ZONES, 1), -EINVAL);
	/* only lowmem shares min_free_kbytes */
	assert_in_range(min_wmark_pages(zone_of(ZONE_DMA)) + min_wmark_pages(zone_of(ZONE_NORMAL)),
			min_free_kbytes / 4 - 2, min_free_kbytes / 4);
	assert_int_equal(min_wmark_pages(zone_of(ZONE_MOVABLE)), 32);
	assert_int_equal(min_wmark_pages(zone_of(ZONE_HIGHMEM)), 32);
	stop_frames();
	assert_int_equal(lowmem_reserve_ratio[ZONE_NORMAL], 32);
}

/* ---- boost ----------------------------------------------------------------------------------- */
static bool boost_once(struct zone *zone)
{
	unsigned long flags;
	bool lifted;

	spin_lock_irqsave(&zone->lock, flags);
	lifted = boost_watermark(zone);
	spin_unlock_irqrestore(&zone->lock, flags);
	return lifted;
}

static void boost(void **state)
{
	static const struct {
		unsigned factor;
		bool lifts;
		unsigned long most; /* in 1/10000 of the high mark; at least a pageblock */
	} rows[] = {
		{ 15000, true, 15000 }, { 0, false, 0 }, { 1, true, 0 }, { 90000, true, 90000 }
	};
	struct zone *zone = start_one_zone();
	unsigned long low = low_wmark_pages(zone), high = high_wmark_pages(zone);

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned long most = max(high * rows[i].most / 10000, pageblock_nr_pages);

		watermark_boost_factor = rows[i].factor;
		for (unsigned n = 1; n < 20; n++) {
			unsigned long want = rows[i].lifts ? min(n * pageblock_nr_pages, most) : 0;

			assert_int_equal(boost_once(zone), rows[i].lifts);
			assert_int_equal(zone->watermark_boost, want);
			assert_int_equal(low_wmark_pages(zone), low + want);
		}
		assert_int_equal(zone_unboost(zone), rows[i].lifts ? most : 0);
		assert_int_equal(zone_unboost(zone), 0);
		assert_int_equal(high_wmark_pages(zone), high);
	}
	watermark_boost_factor = 15000;
	assert_true(boost_once(zone));
	assert_int_equal(set_watermark_scale_factor(10), 0); /* a new start drops it */
	assert_int_equal(zone->watermark_boost, 0);
	stop_frames();
	assert_int_equal(watermark_boost_factor, 15000);
}

static void no_boost_for_small_zones(void **state)
{
	const struct posix_bank bank = { 32 * MIB, 4 * (pageblock_nr_pages << PAGE_SHIFT), 0 };

	(void)state;
	start_frames(&bank, 1, 1);
	watermark_boost_factor = 100000;
	assert_false(boost_once(NODE_DATA(0)->node_zonelists[ZONELIST_FALLBACK].zones[0]));
	stop_frames();
}

/* A boost makes kswapd work; one urgent frame does not wait for that. */
static void boost_is_not_for_urgent_frames(void **state)
{
	struct zone *zone = start_one_zone();
	unsigned long flags, lift = 4 * zone_page_state(zone, NR_FREE_PAGES);
	struct page *page;

	(void)state;
	drain_all_pages();
	spin_lock_irqsave(&zone->lock, flags);
	zone->watermark_boost = lift;
	spin_unlock_irqrestore(&zone->lock, flags);
	assert_null(alloc_pages_node(0, GFP_NOWAIT, 0));
	assert_null(alloc_pages_node(0, GFP_ATOMIC | __GFP_NOWARN, 1));
	page = alloc_pages_node(0, GFP_ATOMIC, 0);
	assert_non_null(page);
	__free_page(page);
	assert_int_equal(zone_unboost(zone), lift);
	stop_frames();
}

/* ---- who may go below ------------------------------------------------------------------------ */
static void watermark_ok(void **state)
{
	static const struct {
		unsigned flags;
		unsigned parts; /* of the mark that bind, in eighths */
	} rows[] = { { 0, 8 },
		     { ALLOC_LOW, 8 }, /* which mark is the caller's choice */
		     { ALLOC_HIGH, 4 },
		     { ALLOC_HARDER, 6 },
		     { ALLOC_HIGH | ALLOC_HARDER, 3 } };
	struct zone *zone;
	long left, reserve;

	(void)state;
	start_four_zones();
	zone = zone_of(ZONE_NORMAL);
	reserve = (long)zone->lowmem_reserve[ZONE_MOVABLE];
	assert_true(reserve > 0);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		for (unsigned order = 0; order <= MAX_PAGE_ORDER; order++) {
			/* just as much as may be left, and one more */
			left = (long)zone->nr_free - (1L << order);
			for (int high = 0; high < 2; high++) {
				unsigned long may = (unsigned long)(left - (high ? reserve : 0)) /
						    rows[i].parts * 8;
				int type = high ? ZONE_MOVABLE : ZONE_NORMAL;

				may -= may % 8;
				assert_true(
					zone_watermark_ok(zone, order, may, type, rows[i].flags));
				assert_false(zone_watermark_ok(zone, order, may + 16, type,
							       rows[i].flags));
			}
		}
	stop_frames();
}

static void enough_frames_but_no_block(void **state)
{
	struct zone *zone = start_one_zone();
	struct page *all[32];
	unsigned n = 0;

	(void)state;
	while (n < ARRAY_SIZE(all) &&
	       (all[n] = alloc_pages(GFP_KERNEL | __GFP_MEMALLOC | __GFP_NOWARN, MAX_PAGE_ORDER)))
		n++;
	assert_true(zone_watermark_ok(zone, 0, 0, ZONE_MOVABLE, 0));
	assert_false(zone_watermark_ok(zone, MAX_PAGE_ORDER, 0, ZONE_MOVABLE, 0));
	assert_string_equal(zone_why_low(zone, 0, zone->nr_free, ZONE_MOVABLE, 0),
			    "below its mark");
	__free_pages(all[--n], MAX_PAGE_ORDER);
	assert_true(zone_watermark_ok(zone, MAX_PAGE_ORDER, 0, ZONE_MOVABLE, 0));
	split_page(all[0], MAX_PAGE_ORDER);
	for (unsigned i = 0; i < 1u << MAX_PAGE_ORDER; i += 2)
		__free_page(all[0] + i);
	drain_all_pages();
	all[n] = alloc_pages(GFP_KERNEL | __GFP_MEMALLOC, MAX_PAGE_ORDER);
	assert_non_null(all[n]);
	assert_string_equal(zone_why_low(zone, MAX_PAGE_ORDER, 0, ZONE_MOVABLE, 0),
			    "no free block is large enough");
	__free_pages(all[n], MAX_PAGE_ORDER);
	for (unsigned i = 1; i < 1u << MAX_PAGE_ORDER; i += 2)
		__free_page(all[0] + i);
	while (--n > 0)
		__free_pages(all[n], MAX_PAGE_ORDER);
	stop_frames();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(min_free),
		cmocka_unit_test(scale_factor),
		cmocka_unit_test(reserves),
		cmocka_unit_test(boost),
		cmocka_unit_test(no_boost_for_small_zones),
		cmocka_unit_test(boost_is_not_for_urgent_frames),
		cmocka_unit_test(watermark_ok),
		cmocka_unit_test(enough_frames_but_no_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
