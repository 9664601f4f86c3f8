/* SPDX-License-Identifier: MIT */
/* Nodes, zones, descriptors, the hand-over, watermarks: what a machine's memory is divided into. */
#include <quire/zoneinfo.h>
#include "frames/zones.h"
#include "support/layers.h"

#define MIB (1ULL << 20)

static void holes_have_no_frames(void **state)
{
	const struct posix_bank banks[] = { { 4 * MIB, 12 * MIB, 0 }, { 1024 * MIB, 8 * MIB, 0 } };

	(void)state;
	start_frames(banks, 2, 1);
	assert_true(pfn_valid(PHYS_PFN(4 * MIB)));
	assert_true(pfn_valid(PHYS_PFN(1024 * MIB)));
	assert_false(pfn_valid(PHYS_PFN(512 * MIB)));
	assert_false(pfn_valid(~0UL));
	assert_false(pfn_valid(PHYS_PFN(4096 * MIB)));
	assert_int_equal(NODE_DATA(0)->node_zones[ZONE_DMA].present_pages, 12 * 256);
	stop_frames();
}

/* A frame above 16 TiB has no number of 32 bits: said, and left out. */
static void ram_beyond_all_numbers(void **state)
{
	const struct posix_bank bank = { 4 * MIB, 12 * MIB, 0 };

	(void)state;
	assert_int_equal(posix_machine_start(&(struct posix_machine){ &bank, 1, 1 }), 0);
	assert_int_equal(memblock_add(1ULL << 44, 64 * MIB), 0);
	frames_init();
	assert_non_null(strstr(posix_log_take(), "RAM from 100000000000 on has frame numbers"));
	memblock_free_all();
	assert_int_equal(percpu_init(1), 0);
	assert_int_equal(NODE_DATA(0)->node_present_pages, 12 * 256);
	assert_null(frames_check());
	stop_frames();
}

#if UINTPTR_MAX > 0xffffffffu
/* What a machine pays for its descriptors, in bytes of memblock and bytes of descriptors. */
struct bill {
	unsigned long descriptors;
	phys_addr_t reserved;
};

static struct bill bill_of(const struct posix_bank *banks, unsigned n)
{
	struct bill bill;

	assert_int_equal(posix_machine_start(&(struct posix_machine){ banks, n, 1 }), 0);
	frames_init();
	bill = (struct bill){ quire_descriptor_bytes, memblock_reserved_size() };
	memblock_free_all();
	assert_int_equal(percpu_init(1), 0);
	stop_frames();
	return bill;
}

/* A hole of 64 GiB costs a bit per section, the line that says where it is, and nothing else. */
static void huge_hole(void **state)
{
	static const struct {
		struct posix_bank with[2], without[2];
	} rows[] = {
		/* between two zones, and between two nodes */
		{ { { 0, 128 * MIB, 0 }, { 4096 * MIB + 65536 * MIB, 128 * MIB, 0 } },
		  { { 0, 128 * MIB, 0 }, { 4096 * MIB, 128 * MIB, 0 } } },
		{ { { 0, 128 * MIB, 0 }, { 4096 * MIB + 65536 * MIB, 128 * MIB, 1 } },
		  { { 0, 128 * MIB, 0 }, { 4096 * MIB, 128 * MIB, 1 } } },
		/* inside a zone */
		{ { { 4096 * MIB, 128 * MIB, 0 }, { 4224 * MIB + 65536 * MIB, 128 * MIB, 0 } },
		  { { 4096 * MIB, 128 * MIB, 0 }, { 4224 * MIB, 128 * MIB, 0 } } },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bill with = bill_of(rows[i].with, 2), without = bill_of(rows[i].without, 2);
		unsigned long bits = 65536UL >> (QUIRE_SECTION_SHIFT - 20);

		assert_int_equal(with.descriptors, without.descriptors);
		assert_int_equal(with.descriptors, 256 * 256 * sizeof(struct page));
		assert_true(with.reserved >= without.reserved);
		assert_true(with.reserved - without.reserved <= bits / 8 + 2 * 64);
	}
}

/* a 32-bit machine ends where NORMAL would begin */
static void zones_by_address(void **state)
{
	const struct posix_bank banks[] = { { 0, 64 * MIB, 0 }, { 4096 * MIB, 64 * MIB, 0 } };
	const struct zone *dma, *dma32, *normal;

	(void)state;
	start_frames(banks, 2, 1);
	dma = &NODE_DATA(0)->node_zones[ZONE_DMA];
	dma32 = &NODE_DATA(0)->node_zones[ZONE_DMA32];
	normal = &NODE_DATA(0)->node_zones[ZONE_NORMAL];
	assert_int_equal(dma->present_pages, 16 * 256);
	assert_int_equal(dma32->zone_start_pfn, 16 * 256);
	assert_int_equal(dma32->present_pages, 48 * 256);
	assert_int_equal(normal->zone_start_pfn, 4096 * 256);
	assert_int_equal(normal->present_pages, 64 * 256);
	assert_false(populated_zone(&NODE_DATA(0)->node_zones[ZONE_MOVABLE]));
	/* requests stay below what they name, and fall back downwards */
	for (unsigned i = 0; i < 2000; i++) {
		struct page *page = alloc_page(i & 1 ? GFP_DMA : GFP_DMA32);

		if (!page)
			break;
		assert_true(page_zonenum(page) <= (i & 1 ? ZONE_DMA : ZONE_DMA32));
		page->index = i;
		__free_page(page);
	}
	stop_frames();
}
#endif

/* The numbers of shared fixtures: a zone of 772915 managed frames above one of 3840 reserves 772915
 * / 256 = 3019. */
static void watermarks(void **state)
{
	const struct posix_bank bank = { 0, 256 * MIB, 0 };
	const struct zone *dma, *dma32;

	(void)state;
	start_frames(&bank, 1, 1);
	dma = &NODE_DATA(0)->node_zones[ZONE_DMA];
	dma32 = &NODE_DATA(0)->node_zones[sizeof(long) == 8 ? ZONE_DMA32 : ZONE_NORMAL];
	/* 4 * sqrt(262144 KiB) is 2048 KiB, less what memblock kept */
	assert_in_range(min_free_kbytes, 2030, 2048);
	assert_int_equal(dma->lowmem_reserve[ZONE_DMA], 0);
	assert_int_equal(dma->lowmem_reserve[dma32->idx], zone_managed_pages(dma32) / 256);
	for (unsigned i = 1; i < NR_WMARK; i++)
		assert_true(dma32->_watermark[i] > dma32->_watermark[i - 1]);
	assert_int_equal(low_wmark_pages(dma32),
			 min_wmark_pages(dma32) + min_wmark_pages(dma32) / 4);
	assert_true(totalreserve_pages > 0 && si_mem_available() < nr_free_pages());
	stop_frames();
}

static void handover(void **state)
{
	const struct posix_bank bank = { MIB, 32 * MIB, 0 };
	unsigned long was;

	(void)state;
	assert_int_equal(posix_machine_start(&(struct posix_machine){ &bank, 1, 1 }), 0);
	memblock_reserve(2 * MIB, MIB);
	memblock_reserve(4 * MIB + 100, 200);
	memblock_reserve(64 * MIB, MIB); /* not RAM: no concern of ours */
	frames_init();
	memblock_free_all();
	assert_true(PageFlag(pfn_to_page(PHYS_PFN(2 * MIB)), PG_reserved));
	assert_false(PageFlag(pfn_to_page(PHYS_PFN(3 * MIB)), PG_reserved));
	assert_true(PageFlag(pfn_to_page(PHYS_PFN(4 * MIB)), PG_reserved));
	assert_false(PageFlag(pfn_to_page(PHYS_PFN(4 * MIB) + 1), PG_reserved));
	assert_true(logged("Memory: "));
	assert_law(frames_check());
	was = nr_free_pages();
	assert_int_equal(free_reserved_area(2 * MIB, 3 * MIB, "initrd"), 256);
	assert_true(logged("Freeing initrd memory: 1024K"));
	assert_int_equal(nr_free_pages(), was + 256);
	assert_int_equal(free_reserved_area(2 * MIB, 3 * MIB, "initrd"), 0);
	assert_law(frames_check());
	assert_int_equal(percpu_init(1), 0);
	stop_frames();
}

/* Free frames zone by zone, before they are handed over; in one go, and on from a place. */
static void free_frames_of_a_zone(void **state)
{
	static const struct posix_bank banks[] = { { 8 * MIB, 16 * MIB, 0 },
						   { 32 * MIB, 8 * MIB, 1 },
						   { 48 * MIB, 8 * MIB, 0 } };
	const struct zone *dma = &NODE_DATA(0)->node_zones[ZONE_DMA], *rest;
	unsigned long start, end, sum = 0, free = 0;
	u64 i;

	(void)state;
	assert_int_equal(posix_machine_start(&(struct posix_machine){ banks, 3, 1 }), 0);
	memblock_reserve(10 * MIB, MIB);
	memblock_reserve(12 * MIB + 100, 8); /* frames that are not free as a whole */
	frames_init();
	i = 0;
	__next_mem_pfn_range_in_zone(&i, dma, &start, &end);
	assert_int_equal(start, 8 * 256);
	assert_int_equal(end, 10 * 256);
	__next_mem_pfn_range_in_zone(&i, dma, &start, &end);
	assert_int_equal(start, 11 * 256);
	assert_int_equal(end, 12 * 256);
	__next_mem_pfn_range_in_zone(&i, dma, &start, &end);
	assert_int_equal(start, 12 * 256 + 1);
	assert_int_equal(end, 16 * 256); /* the zone ends inside the bank */
	__next_mem_pfn_range_in_zone(&i, dma, &start, &end);
	assert_true(i == ~0ULL);
	rest = &NODE_DATA(0)->node_zones[zone_type_of(PHYS_PFN(48 * MIB))];
	for_each_free_mem_pfn_range_in_zone(i, rest, &start, &end)
	{
		sum += end - start;
		break;
	}
	assert_true(sum > 0);
	__next_mem_pfn_range_in_zone(&i, rest, &start, &end);
	for_each_free_mem_pfn_range_in_zone_from(i, rest, &start, &end)
	{
		assert_true(start >= 48 * 256);
		sum += end - start;
	}
	for_each_free_mem_pfn_range_in_zone(i, &NODE_DATA(1)->node_zones[rest->idx], &start, &end)
		sum += end - start;
	for_each_free_mem_pfn_range_in_zone(i, dma, &start, &end) sum += end - start;
	memblock_free_all();
	free = nr_free_pages();
	assert_int_equal(sum, free);
	assert_int_equal(percpu_init(1), 0);
	stop_frames();
}

/* Memory under a name goes to the buddy system when its holder lets go. */
static void named_memory_is_released(void **state)
{
	const struct posix_bank bank = { MIB, 32 * MIB, 0 };
	phys_addr_t start, size;
	unsigned long was;

	(void)state;
	assert_int_equal(posix_machine_start(&(struct posix_machine){ &bank, 1, 1 }), 0);
	reserve_mem_parse_cmdline(
		"quiet reserve_mem=1M:4k:trace reserve_mem=1M -- reserve_mem=1M:4k:x");
	assert_true(logged("\"reserve_mem=1M\" cannot be obeyed"));
	assert_int_equal(reserve_mem_find_by_name("x", &start, &size), 0);
	frames_init();
	memblock_free_all();
	assert_int_equal(percpu_init(1), 0);
	assert_int_equal(reserve_mem_find_by_name("trace", &start, &size), 1);
	assert_true(PageFlag(pfn_to_page(PHYS_PFN(start)), PG_reserved));
	was = nr_free_pages();
	assert_int_equal(reserve_mem_release_by_name("trace"), 1);
	assert_int_equal(nr_free_pages(), was + 256);
	assert_int_equal(reserve_mem_release_by_name("trace"), 0);
	assert_int_equal(reserve_mem_find_by_name("trace", &start, &size), 0);
	stop_frames();
}

static void numa(void **state)
{
	const struct posix_bank banks[] = { { 0, 32 * MIB, 0 },
					    { 32 * MIB, 32 * MIB, 1 },
					    { 64 * MIB, 32 * MIB, 0 } };
	struct page *page;
	unsigned long n = 0;

	(void)state;
	start_frames(banks, 3, 1);
	page = alloc_pages_node(1, GFP_KERNEL, 0);
	assert_int_equal(page_to_nid(page), 1);
	__free_page(page);
	page = alloc_page(GFP_KERNEL);
	assert_int_equal(page_to_nid(page), 0);
	__free_page(page);
	/* THISNODE fails when its node is empty, the others go elsewhere */
	while ((page = alloc_pages_node(1, GFP_KERNEL | __GFP_THISNODE | __GFP_NOWARN, 0))) {
		page->index = n;
		SetPageFlag(page, PG_uptodate);
		n++;
	}
	assert_in_range(n, 32 * 256 - 600, 32 * 256);
	page = alloc_pages_node(1, GFP_KERNEL, 0);
	assert_int_equal(page_to_nid(page), 0);
	__free_page(page);
	for (unsigned long pfn = PHYS_PFN(32 * MIB); pfn < PHYS_PFN(64 * MIB); pfn++)
		if (page_count(pfn_to_page(pfn)))
			__free_page(pfn_to_page(pfn));
	stop_frames();
}

static void thousand_boots(void **state)
{
	const struct posix_bank bank = { MIB, 16 * MIB, 0 };
	unsigned long first = 0;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct page *page;

		start_frames(&bank, 1, 2);
		page = alloc_pages(GFP_KERNEL, 3);
		if (!i)
			first = page_to_pfn(page);
		assert_int_equal(page_to_pfn(page), first);
		__free_pages(page, 3);
		stop_frames();
	}
}

static void metadata_is_small(void **state)
{
	(void)state;
	assert_true(sizeof(struct page) <= (sizeof(void *) == 8 ? 32 : 24));
	assert_string_equal(node_stat_text[NR_SLAB_RECLAIMABLE_B], "nr_slab_reclaimable");
	assert_string_equal(vm_event_text[PGFAULT], "pgfault");
	assert_string_equal(zone_stat_text[NR_FREE_PAGES], "nr_free_pages");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holes_have_no_frames),
		cmocka_unit_test(ram_beyond_all_numbers),
#if UINTPTR_MAX > 0xffffffffu
		cmocka_unit_test(huge_hole),
		cmocka_unit_test(zones_by_address),
#endif
		cmocka_unit_test(watermarks),
		cmocka_unit_test(handover),
		cmocka_unit_test(free_frames_of_a_zone),
		cmocka_unit_test(named_memory_is_released),
		cmocka_unit_test(numa),
		cmocka_unit_test(thousand_boots),
		cmocka_unit_test(metadata_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
