/* SPDX-License-Identifier: MIT */
/* Which zone a frame is in: by address, by the linear map's end, by kernelcore= and its kin. */
#include <quire/tune.h>
#include "frames/frames.h"
#include "support/layers.h"

#define MIB   (1ULL << 20)
#define PLAIN MEMBLOCK_NONE
#define HIGH  MEMBLOCK_HOTPLUG
#define MIRR  MEMBLOCK_MIRROR
/* The lowest zone whose end is far away: what a machine of some MiB mostly is. */
#define MAIN  (sizeof(long) == 8 ? ZONE_DMA32 : ZONE_NORMAL)

struct bank_of_row {
	unsigned mib, size, nid; /* where, how much, whose  */
	enum memblock_flags flags;
};

#define B(mib, size, nid, flags)                                                                   \
	{                                                                                          \
		mib, size, nid, flags                                                              \
	}
#define ROW(words, m0, m1, log, ...)                                                               \
	{                                                                                          \
		words, { __VA_ARGS__ }, { m0, m1 }, log                                            \
	}

/* Banks that lie above ZONE_DMA unless said otherwise; zones are 4 MiB aligned (MAX_PAGE_ORDER). */
static const struct row {
	const char *words;
	struct bank_of_row bank[4];
	unsigned movable[2]; /* MiB of ZONE_MOVABLE of nodes 0 and 1 */
	const char *log;
} rows[] = {
	ROW("", 0, 0, NULL, B(32, 64, 0, PLAIN), B(128, 64, 1, PLAIN)),
	ROW("quiet init=/x", 0, 0, NULL, B(32, 64, 0, PLAIN), B(128, 64, 1, PLAIN)),
	/* exact amounts, evenly */
	ROW("kernelcore=64M", 32, 32, NULL, B(32, 64, 0, PLAIN), B(128, 64, 1, PLAIN)),
	ROW("kernelcore=0x4000000", 32, 32, NULL, B(32, 64, 0, PLAIN), B(128, 64, 1, PLAIN)),
	ROW("movablecore=64M", 32, 32, NULL, B(32, 64, 0, PLAIN), B(128, 64, 1, PLAIN)),
	ROW("movablecore=65536k", 0, 0, NULL, B(32, 64, 0, PLAIN)),
	ROW("movablecore=48m", 48, 0, NULL, B(32, 64, 0, PLAIN)),
	ROW("movablecore=4k", 4, 0, NULL, B(32, 64, 0, PLAIN)),
	/* percent */
	ROW("kernelcore=25%", 48, 48, NULL, B(32, 64, 0, PLAIN), B(128, 64, 1, PLAIN)),
	ROW("movablecore=25%", 16, 16, NULL, B(32, 64, 0, PLAIN), B(128, 64, 1, PLAIN)),
	ROW("kernelcore=100%", 0, 0, NULL, B(32, 64, 0, PLAIN)),
	/* a node that is too small: the others keep more, its memory is kernelcore */
	ROW("kernelcore=64M", 48, 0, NULL, B(32, 96, 0, PLAIN), B(128, 16, 1, PLAIN)),
	ROW("movablecore=64M", 0, 64, NULL, B(32, 16, 0, PLAIN), B(128, 96, 1, PLAIN)),
	/* both: kernelcore at least */
	ROW("kernelcore=32M movablecore=16M", 16, 0, NULL, B(32, 64, 0, PLAIN)),
	ROW("kernelcore=60M movablecore=32M", 4, 0, NULL, B(32, 64, 0, PLAIN)),
	/* more than there is */
	ROW("kernelcore=1G", 0, 0, NULL, B(32, 64, 0, PLAIN)),
	ROW("movablecore=1T", 0, 0, NULL, B(32, 64, 0, PLAIN)),
	/* only the highest zone gives: what lies below counts as kept */
	ROW("kernelcore=32M", 16, 0, NULL, B(0, 48, 0, PLAIN)),
	ROW("kernelcore=4M", 32, 0, NULL, B(0, 48, 0, PLAIN)),
	ROW("kernelcore=32M", 0, 48, NULL, B(0, 16, 0, PLAIN), B(128, 64, 1, PLAIN)),
	/* holes are not counted */
	ROW("kernelcore=48M", 48, 0, NULL, B(32, 32, 0, PLAIN), B(96, 32, 0, PLAIN),
	    B(160, 32, 0, PLAIN)),
	/* whole nodes */
	ROW("movable_node", 0, 64, NULL, B(32, 64, 0, PLAIN), B(128, 64, 1, HIGH)),
	ROW("movable_node kernelcore=16M", 0, 64, NULL, B(32, 64, 0, PLAIN), B(128, 64, 1, HIGH)),
	ROW("movable_node", 0, 32, NULL, B(32, 64, 0, PLAIN), B(128, 32, 1, PLAIN),
	    B(192, 32, 1, HIGH)),
	ROW("", 0, 0, NULL, B(32, 64, 0, PLAIN), B(128, 64, 1, HIGH)),
	/* mirrored memory serves everybody, the rest is MOVABLE, even between it */
	ROW("kernelcore=mirror", 64, 0, NULL, B(32, 32, 0, MIRR), B(64, 64, 0, PLAIN),
	    B(128, 32, 0, MIRR)),
	ROW("kernelcore=mirror", 0, 0, "no memory is mirrored", B(32, 64, 0, PLAIN)),
	/* nonsense is named and ignored; what follows "--" is not ours */
	ROW("kernelcore=", 0, 0, "\"kernelcore=\" makes no sense", B(32, 64, 0, PLAIN)),
	ROW("kernelcore=12Q", 0, 0, "\"kernelcore=12Q\" makes no sense", B(32, 64, 0, PLAIN)),
	ROW("movablecore=101%", 0, 0, "\"movablecore=101%\" makes no", B(32, 64, 0, PLAIN)),
	ROW("movablecore=mirror", 0, 0, "\"movablecore=mirror\" makes no", B(32, 64, 0, PLAIN)),
	ROW("movablecore=x movablecore=8M", 8, 0, "makes no sense", B(32, 64, 0, PLAIN)),
	ROW("-- movablecore=16M movable_node", 0, 0, NULL, B(32, 64, 0, PLAIN)),
	ROW(" movablecore=16M\tmovable_nodes", 16, 0, NULL, B(32, 64, 0, PLAIN)),
};

static void start_row(const struct row *row)
{
	struct posix_bank banks[4];
	unsigned n = 0;

	for (; n < 4 && row->bank[n].size; n++)
		banks[n] = (struct posix_bank){ row->bank[n].mib * MIB, row->bank[n].size * MIB,
						(int)row->bank[n].nid };
	assert_int_equal(posix_machine_start(&(struct posix_machine){ banks, n, 1 }), 0);
	for (unsigned i = 0; i < n; i++) {
		if (row->bank[i].flags == HIGH)
			assert_int_equal(memblock_mark_hotplug(banks[i].base, banks[i].size), 0);
		if (row->bank[i].flags == MIRR)
			assert_int_equal(memblock_mark_mirror(banks[i].base, banks[i].size), 0);
	}
	frames_parse_cmdline(row->words);
	frames_init();
	memblock_free_all();
	assert_int_equal(percpu_init(1), 0);
	assert_law(frames_check());
}

/* Every frame is in one zone, and the zones count them. */
static void check_frames(void)
{
	unsigned long n[QUIRE_NR_NODES][MAX_NR_ZONES] = { { 0 } };
	const struct memblock_region *r;
	struct zone *zone;

	for_each_mem_region(r)
		for (unsigned long pfn = PHYS_PFN(r->base); pfn < PHYS_PFN(r->base + r->size);
		     pfn++) {
			struct page *page = pfn_to_page(pfn);

			zone = page_zone(page);
			assert_in_range(pfn, zone->zone_start_pfn, zone_end_pfn(zone) - 1);
			n[page_to_nid(page)][page_zonenum(page)]++;
		}
	for_each_zone(zone)
		assert_int_equal(zone->present_pages, n[zone->node][zone->idx]);
}

static void movable_by_words(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *log;

		posix_log_take();
		start_row(&rows[i]);
		log = posix_log_take();
		for (unsigned nid = 0; nid < 2; nid++) {
			const struct zone *zone = &NODE_DATA(nid)->node_zones[ZONE_MOVABLE];

			if (zone->present_pages != rows[i].movable[nid] * 256UL)
				fail_msg("row %u \"%s\": node %u has %lu MiB of ZONE_MOVABLE, not "
					 "%u",
					 i, rows[i].words, nid, zone->present_pages / 256,
					 rows[i].movable[nid]);
		}
		if (rows[i].log && !strstr(log, rows[i].log))
			fail_msg("row %u: the log does not say %s", i, rows[i].log);
		if (!rows[i].log)
			assert_null(strstr(log, "warning"));
		check_frames();
		/* HOTPLUG memory is handed over like any other */
		assert_true(nr_free_pages() > memblock_phys_mem_size() / PAGE_SIZE * 9 / 10);
		stop_frames();
		assert_false(movable_node_enabled);
	}
}

/* Only movable user memory may use the zone. */
static void who_may_use_movable(void **state)
{
	static const struct {
		gfp_t gfp;
		bool may;
	} users[] = {
		{ GFP_KERNEL, false },
		{ GFP_ATOMIC, false },
		{ GFP_USER, false },
		{ GFP_HIGHUSER, false },
		{ GFP_KERNEL | __GFP_MOVABLE, false },
		{ GFP_KERNEL | __GFP_RECLAIMABLE, false },
		{ GFP_HIGHUSER_MOVABLE, true },
	};
	static const struct row row = ROW("movablecore=48M", 48, 0, NULL, B(32, 64, 0, PLAIN));

	(void)state;
	start_row(&row);
	for (unsigned i = 0; i < ARRAY_SIZE(users); i++)
		for (unsigned order = 0; order <= MAX_PAGE_ORDER; order++) {
			struct page *page = alloc_pages(users[i].gfp, order);

			assert_non_null(page);
			assert_int_equal(page_zonenum(page), users[i].may ? ZONE_MOVABLE : MAIN);
			__free_pages(page, order);
		}
	stop_frames();
}

/* ---- the end of the linear map --------------------------------------------------------------- */
static void highmem(void **state)
{
	const struct posix_bank bank = { 0, 96 * MIB, 0 };
	const struct zone *normal = &NODE_DATA(0)->node_zones[ZONE_NORMAL],
			  *high = &NODE_DATA(0)->node_zones[ZONE_HIGHMEM];
	struct page *page;

	(void)state;
	assert_int_equal(posix_machine_start(&(struct posix_machine){ &bank, 1, 1 }), 0);
	set_zone_end(ZONE_DMA32, 16 * MIB);
	set_zone_end(ZONE_NORMAL, 64 * MIB);
	frames_init();
	/* boot memory has an address */
	assert_int_equal(memblock_get_current_limit(), 64 * MIB);
	assert_true(memblock_phys_alloc(PAGE_SIZE, PAGE_SIZE) < 64 * MIB);
	memblock_free_all();
	assert_int_equal(percpu_init(1), 0);
	assert_int_equal(normal->present_pages, 48 * 256);
	assert_int_equal(high->zone_start_pfn, 64 * 256);
	assert_int_equal(high->present_pages, 32 * 256);
	assert_false(populated_zone(&NODE_DATA(0)->node_zones[ZONE_DMA32]));
	check_frames();
	page = alloc_page(GFP_HIGHUSER);
	assert_int_equal(page_zonenum(page), ZONE_HIGHMEM);
	__free_page(page);
	page = alloc_page(GFP_HIGHUSER_MOVABLE);
	assert_int_equal(page_zonenum(page), ZONE_HIGHMEM);
	__free_page(page);
	page = alloc_page(GFP_USER);
	assert_int_equal(page_zonenum(page), ZONE_NORMAL);
	__free_page(page);
	/* HIGHMEM is not lowmem: it does not count for min_free_kbytes and keeps little itself */
	assert_in_range(high->_watermark[WMARK_MIN], 32, 128);
	assert_int_equal(high->lowmem_reserve[ZONE_HIGHMEM], 0);
	assert_int_equal(normal->lowmem_reserve[ZONE_HIGHMEM], 32 * 256 / 32);
	stop_frames();
	/* forgotten: the next machine has none */
	start_frames(&bank, 1, 1);
	assert_false(populated_zone(high));
	stop_frames();
}

/* An end that is not above the end of the type below leaves the zone empty. */
static void ends_in_any_order(void **state)
{
	static const struct {
		unsigned end[3];     /* MiB of DMA, DMA32, NORMAL  */
		unsigned present[4]; /* MiB of DMA .. HIGHMEM      */
	} cases[] = {
		{ { 16, 32, 48 }, { 16, 16, 16, 16 } }, { { 0, 32, 48 }, { 0, 32, 16, 16 } },
		{ { 32, 16, 48 }, { 32, 0, 16, 16 } },  { { 0, 0, 4096 }, { 0, 0, 64, 0 } },
		{ { 64, 64, 64 }, { 64, 0, 0, 0 } },    { { 16, 16, 16 }, { 16, 0, 0, 48 } },
	};
	const struct posix_bank bank = { 0, 64 * MIB, 0 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		for (unsigned type = 0; type < 3; type++)
			set_zone_end((enum zone_type)type, cases[i].end[type] * MIB);
		start_frames(&bank, 1, 1);
		for (unsigned type = 0; type < 4; type++)
			assert_int_equal(NODE_DATA(0)->node_zones[type].present_pages,
					 cases[i].present[type] * 256);
		check_frames();
		stop_frames();
	}
	if (!QUIRE_DEBUG)
		return;
	assert_panics(set_zone_end(ZONE_MOVABLE, 0), "only DMA, DMA32 and NORMAL");
	assert_panics(set_zone_end(ZONE_HIGHMEM, 0), "only DMA, DMA32 and NORMAL");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(movable_by_words),
		cmocka_unit_test(who_may_use_movable),
		cmocka_unit_test(highmem),
		cmocka_unit_test(ends_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
