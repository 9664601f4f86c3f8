/* SPDX-License-Identifier: MIT */
/* Ranges that are emptied: alloc_contig_range, CMA areas, sections that go and come. */
#include <quire/cma.h>
#include <quire/contig.h>
#include <quire/err.h>
#include <quire/zoneinfo.h>
#include "frames/frames.h"
#include "support/movers.h"

#define MIB     (1ULL << 20)
#define SECTION ((1UL << QUIRE_SECTION_SHIFT) >> PAGE_SHIFT)

static struct cma *cma, *second;

/* 64 MiB from 16 MiB on, of which 8 MiB and 2 MiB are CMA areas. */
static int up(void **state)
{
	const struct posix_bank bank = { 16 * MIB, 64 * MIB, 0 };

	(void)state;
	assert_int_equal(posix_machine_start(&(struct posix_machine){ &bank, 1, 2 }), 0);
	assert_int_equal(cma_declare_contiguous(32 * MIB, 8 * MIB, 0, 0, 0, true, "video", &cma),
			 0);
	assert_int_equal(cma_declare_contiguous(0, MIB, 0, 0, 2, false, NULL, &second), 0);
	frames_init();
	memblock_free_all();
	assert_int_equal(percpu_init(2), 0);
	assert_law(frames_check());
	nr_moves = 0;
	return 0;
}

static int down(void **state)
{
	(void)state;
	movers_free();
	stop_frames();
	assert_int_equal(totalcma_pages, 0);
	return 0;
}

static struct zone *the_zone(void)
{
	return page_zone(pfn_to_page(PHYS_PFN(32 * MIB)));
}

static unsigned fill(gfp_t gfp)
{
	unsigned n = 0;

	while (mover_get(n, gfp | __GFP_NOWARN))
		assert_true(++n < MAX_MOVERS);
	return n;
}

/* ---- ranges ---------------------------------------------------------------------------------- */
static void range_with_movers(void **state)
{
	unsigned long start = PHYS_PFN(48 * MIB), end = start + 1000, free;
	unsigned n = fill(GFP_HIGHUSER_MOVABLE);

	(void)state;
	for (unsigned i = 0; i < n; i += 3)
		mover_put(i);
	drain_all_pages();
	free = nr_free_pages();
	assert_int_equal(alloc_contig_range(start, end, MIGRATE_MOVABLE, GFP_KERNEL | __GFP_ZERO),
			 0);
	assert_true(nr_moves >= 300);
	for (unsigned long pfn = start; pfn < end; pfn++) {
		assert_int_equal(page_count(pfn_to_page(pfn)), 1);
		assert_int_equal(*(long *)page_address(pfn_to_page(pfn)), 0);
	}
	movers_check();
	assert_law(frames_check());
	assert_int_equal(get_pageblock_migratetype(pfn_to_page(start)), MIGRATE_MOVABLE);
	free_contig_range(start, 1000);
	drain_all_pages();
	assert_int_equal(nr_free_pages(), free);
	assert_law(frames_check());
}

static void refused_ranges(void **state)
{
	unsigned long start = PHYS_PFN(48 * MIB);
	struct page *held = NULL, *pages[4000];
	unsigned n = 0;

	(void)state;
	assert_int_equal(alloc_contig_range(start, start, MIGRATE_MOVABLE, GFP_KERNEL), -EINVAL);
	assert_int_equal(alloc_contig_range(0, 1000, MIGRATE_MOVABLE, GFP_KERNEL), -EINVAL);
	assert_int_equal(alloc_contig_range(start, start + (64ul << 8), MIGRATE_MOVABLE,
					    GFP_KERNEL),
			 -EINVAL); /* beyond RAM */
	assert_int_equal(alloc_contig_range(start, start + 10, MIGRATE_CMA, GFP_KERNEL), -EBUSY);
	/* one frame that nobody can move */
	while (n < 4000 && (pages[n] = alloc_page(GFP_KERNEL)))
		n++;
	held = pages[n - 1];
	assert_int_equal(alloc_contig_range(page_to_pfn(held), page_to_pfn(held) + 8,
					    MIGRATE_MOVABLE, GFP_KERNEL),
			 -EBUSY);
	assert_non_null(range_why_immovable(page_to_pfn(held), page_to_pfn(held) + 8));
	while (n)
		__free_page(pages[--n]);
	assert_law(frames_check());
	/* nowhere to move to */
	n = fill(GFP_HIGHUSER_MOVABLE | __GFP_MEMALLOC);
	assert_true(alloc_contig_range(start, start + 512, MIGRATE_MOVABLE,
				       GFP_KERNEL | __GFP_NOWARN) < 0);
	movers_check();
	assert_law(frames_check());
	assert_int_equal(get_pageblock_migratetype(pfn_to_page(start)), MIGRATE_MOVABLE);
}

static void more_than_a_block(void **state)
{
	struct page *pages;
	unsigned n = fill(GFP_HIGHUSER_MOVABLE);

	(void)state;
	for (unsigned i = 0; i < n; i += 2)
		mover_put(i);
	pages = alloc_contig_pages(2048 + 512, GFP_KERNEL, NUMA_NO_NODE); /* 10 MiB */
	assert_non_null(pages);
	memset(page_address(pages), 0x33, (2048 + 512) * PAGE_SIZE);
	movers_check();
	free_contig_range(page_to_pfn(pages), 2048 + 512);
	assert_null(alloc_contig_pages(0, GFP_KERNEL, 0));
	assert_null(alloc_contig_pages(64ul << 8, GFP_KERNEL, 0));
	assert_law(frames_check());
}

/* ---- CMA ------------------------------------------------------------------------------------- */
static bool in_area(const struct page *page)
{
	unsigned long at = page_to_phys(page) - (unsigned long)cma_get_base(cma);

	return at < cma_get_size(cma);
}

static void lent_to_movable_only(void **state)
{
	static struct page *kernel[20000];
	unsigned n = 0, inside = 0, movers;

	(void)state;
	assert_int_equal(totalcma_pages, (8 + 2) * 256);
	assert_int_equal(the_zone()->cma_pages, totalcma_pages);
	assert_int_equal(cma_get_size(cma), 8 * MIB);
	assert_string_equal(cma_get_name(cma), "video");
	assert_string_equal(cma_get_name(second), "cma1");
	while ((kernel[n] = alloc_page(GFP_KERNEL | __GFP_MEMALLOC | __GFP_NOWARN)))
		assert_false(in_area(kernel[n++]));
	assert_int_equal(the_zone()->nr_free_cma, totalcma_pages);
	movers = fill(GFP_HIGHUSER_MOVABLE | __GFP_MEMALLOC);
	assert_int_equal(movers, totalcma_pages);
	for (unsigned i = 0; i < movers; i++)
		inside += in_area(mover[i]);
	assert_int_equal(inside, 8 * 256);
	while (n)
		__free_page(kernel[--n]);
	assert_law(frames_check());
}

static void claimed(void **state)
{
	unsigned n = fill(GFP_HIGHUSER_MOVABLE), moved_out = 0;
	struct cma_stat stat;
	struct page *pages;

	(void)state;
	for (unsigned i = 0; i < n; i++)
		if (!in_area(mover[i]) && moved_out++ < 3000)
			mover_put(i);
	pages = cma_alloc(cma, 1500, 0, false);
	assert_non_null(pages);
	assert_true(nr_moves >= 1000);
	for (unsigned i = 0; i < 1500; i++)
		assert_true(in_area(pages + i) && page_count(pages + i) == 1);
	movers_check();
	cma_get_stat(cma, &stat);
	assert_int_equal(stat.count, 2048);
	assert_int_equal(stat.used, 1500);
	assert_int_equal(stat.maxchunk, 548);
	assert_null(cma_alloc(cma, 600, 0, true));
	assert_false(cma_release(second, pages, 1500));
	assert_true(cma_release(cma, pages, 1500));
	cma_get_stat(cma, &stat);
	assert_int_equal(stat.used, 0);
	assert_int_equal(stat.allocated, 1500);
	assert_int_equal(stat.failed, 600);
	assert_int_equal(stat.released, 1500);
	assert_law(frames_check());
}

/* Aligned claims, claims of several bits, a place that cannot be emptied is passed over. */
static void placed(void **state)
{
	struct page *a, *b, *c;

	(void)state;
	a = cma_alloc(cma, 3, 0, false);
	b = cma_alloc(cma, 256, 8, false);
	assert_int_equal(page_to_pfn(b) % 256, 0);
	assert_true(b > a);
	c = cma_alloc(second, 5, 0, false); /* 2 bits of 4 frames */
	assert_non_null(c);
	assert_int_equal(page_to_pfn(cma_alloc(second, 1, 0, false)), page_to_pfn(c) + 8);
	assert_true(cma_release(second, c + 8, 1));
	assert_true(cma_release(second, c, 5));
	assert_true(cma_release(cma, b, 256));
	get_page(a); /* somebody holds on to it */
	posix_log_take();
	assert_true(cma_release(cma, a, 3));
	assert_true(logged("1 frames of a contiguous range are still in use"));
	b = cma_alloc(cma, 3, 0, false);
	assert_true(b > a);
	put_page(a);
	assert_true(cma_release(cma, b, 3));
}

static void refused_areas(void **state)
{
	struct cma *other;

	(void)state;
	stop_frames();
	assert_int_equal(posix_machine_start_simple(64, 1), 0);
	assert_int_equal(cma_declare_contiguous(0, 0, 0, 0, 0, false, NULL, &other), -EINVAL);
	assert_int_equal(cma_declare_contiguous(0, MIB, 0, 3, 0, false, NULL, &other), -EINVAL);
	assert_int_equal(cma_declare_contiguous(MIB + 4096, MIB, 0, 0, 0, true, NULL, &other),
			 -EINVAL);
	assert_int_equal(cma_declare_contiguous(1024 * MIB, MIB, 0, 0, 0, true, NULL, &other),
			 -EBUSY);
	assert_int_equal(cma_declare_contiguous(0, 512 * MIB, 0, 0, 0, false, NULL, &other),
			 -ENOMEM);
	assert_int_equal(cma_init_reserved_mem(8 * MIB, 2 * MIB, 0, "x", &other), -EINVAL);
	for (unsigned i = 0; i < MAX_CMA_AREAS; i++)
		assert_int_equal(cma_declare_contiguous(0, MIB, 0, 0, 0, false, NULL, &other), 0);
	assert_int_equal(cma_declare_contiguous(0, MIB, 0, 0, 0, false, NULL, &other), -ENOSPC);
	frames_init();
	memblock_free_all();
	assert_int_equal(percpu_init(1), 0);
	assert_int_equal(totalcma_pages, MAX_CMA_AREAS * pageblock_nr_pages);
}

static int stat_first(struct cma *area, void *stat)
{
	cma_get_stat(area, stat);
	return 1;
}

/* The word cma= of a command line on a machine of 64 MiB. */
static void declared_by_a_word(void **state)
{
	static const struct {
		const char *words;
		unsigned long frames; /* of the area                       */
		phys_addr_t base;     /* 0: wherever it is                 */
		const char *said;
	} rows[] = {
		{ "quiet cma=8M timing", 2048, 0, "Reserved 8192 KiB" },
		{ "cma=8m@16M", 2048, 16 * MIB, "(reserved)" },
		{ "cma=0x200000@16M-24M", 512, 0, "Reserved 2048 KiB" },
		{ "cma=5000k", 1536, 0, "Reserved 6144 KiB" },
		{ "cma=0", 0, 0, "" },
		{ "acma=8M -- cma=8M", 0, 0, "" },
		{ "cma=", 0, 0, "\"cma=\" makes no sense" },
		{ "cma=eight", 0, 0, "\"cma=eight\" makes no sense" },
		{ "cma=8Mx", 0, 0, "\"cma=8Mx\" makes no sense" },
		{ "cma=8M@", 0, 0, "makes no sense" },
		{ "cma=8M@32M-", 0, 0, "makes no sense" },
		{ "cma=8M@32M-16M", 0, 0, "makes no sense" },
		{ "cma=8M@17000000", 0, 0, "makes no sense" },
		{ "cma=99999999999999999999", 0, 0, "makes no sense" },
		{ "cma=1G", 0, 0, "cannot be obeyed: there is no such free memory" },
		{ "cma=8M@1G", 0, 0, "cannot be obeyed: that is not all free memory" },
		{ "cma=8M@16M-20M", 0, 0, "cannot be obeyed: there is no such free memory" },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cma_stat stat;

		stop_frames();
		assert_int_equal(posix_machine_start_simple(64, 1), 0);
		posix_log_take();
		cma_parse_cmdline(rows[i].words);
		assert_true(logged(rows[i].said));
		assert_int_equal(totalcma_pages, rows[i].frames);
		assert_int_equal(cma_for_each_area(stat_first, &stat), rows[i].frames != 0);
		if (rows[i].base)
			assert_true(memblock_is_region_reserved(rows[i].base, 8 * MIB));
		frames_init();
		memblock_free_all();
		assert_int_equal(percpu_init(1), 0);
		assert_law(frames_check());
	}
}

/* ---- hotplug --------------------------------------------------------------------------------- */
static void section_goes_and_comes(void **state)
{
	unsigned long start = PHYS_PFN(48 * MIB), managed = zone_managed_pages(the_zone());
	unsigned n = fill(GFP_HIGHUSER_MOVABLE);

	(void)state;
	if (SECTION > 16 * 256)
		skip(); /* a section larger than what there is to spare */
	for (unsigned i = 0; i < n; i += 2)
		mover_put(i);
	assert_int_equal(offline_pages(start, SECTION), 0);
	assert_true(section_is_offline(start + 5));
	assert_false(section_is_offline(start - 1));
	assert_int_equal(zone_managed_pages(the_zone()), managed - SECTION);
	movers_check();
	assert_law(frames_check());
	for (unsigned i = 0; i < MAX_MOVERS; i++)
		assert_true(!mover[i] || page_to_pfn(mover[i]) - start >= SECTION);
	/* nothing is given out of it */
	for (unsigned i = 0; mover[i] || mover_get(i, GFP_HIGHUSER_MOVABLE | __GFP_NOWARN); i++)
		assert_true(page_to_pfn(mover[i]) - start >= SECTION);
	assert_int_equal(offline_pages(start, SECTION), -EINVAL);
	assert_int_equal(online_pages(start, SECTION), 0);
	assert_int_equal(online_pages(start, SECTION), -EINVAL);
	assert_int_equal(zone_managed_pages(the_zone()), managed);
	assert_law(frames_check());
}

static void sections_that_stay(void **state)
{
	unsigned long start = PHYS_PFN(48 * MIB);
	struct page *page;

	(void)state;
	assert_int_equal(offline_pages(start + 1, SECTION), -EINVAL);
	assert_int_equal(offline_pages(start, 1), -EINVAL);
	assert_int_equal(offline_pages(PHYS_PFN(1024 * MIB), SECTION), -EINVAL);
	assert_int_equal(online_pages(start, SECTION), -EINVAL);
	/* where the frame descriptors are, for one */
	for (start = 0; !pfn_valid(start) || !PageFlag(pfn_to_page(start), PG_reserved); start++)
		;
	posix_log_take();
	assert_int_equal(offline_pages(start / SECTION * SECTION, SECTION), -EBUSY);
	assert_true(logged("stays: it was never handed to the buddy system"));
	page = alloc_contig_pages(512, GFP_KERNEL, 0);
	assert_non_null(page);
	posix_log_take();
	assert_int_equal(offline_pages(page_to_pfn(page) / SECTION * SECTION, SECTION), -EBUSY);
	assert_true(logged("stays: the kernel uses it and nobody said how it moves"));
	free_contig_range(page_to_pfn(page), 512);
	assert_law(frames_check());
}

/* One of the pageblocks of a large block is closed while the block is in use, as by a claim that will
 * fail, and the block is freed. */
static void freed_into_a_closed_pageblock(void **state)
{
	struct page *page;
	unsigned long pfn, flags, free;
	struct zone *zone;

	(void)state;
	if (MAX_PAGE_ORDER <= pageblock_order)
		skip();
	for (unsigned i = 0; i < 2; i++) {
		free = nr_free_pages();
		page = alloc_pages(GFP_KERNEL, pageblock_order + 1);
		assert_non_null(page);
		pfn = page_to_pfn(page) + i * pageblock_nr_pages;
		zone = page_zone(page);
		spin_lock_irqsave(&zone->lock, flags);
		assert_true(pageblock_isolate_locked(zone, pfn, MIGRATE_MOVABLE));
		spin_unlock_irqrestore(&zone->lock, flags);
		__free_pages(page, pageblock_order + 1);
		assert_law(frames_check());
		assert_int_equal(nr_free_pages(), free);
		spin_lock_irqsave(&zone->lock, flags);
		assert_int_equal(zone->nr_free_highatomic, pageblock_nr_pages);
		pageblock_unisolate_locked(zone, pfn);
		assert_int_equal(zone->nr_free_highatomic, 0);
		spin_unlock_irqrestore(&zone->lock, flags);
		assert_law(frames_check());
	}
}

/* A frame, and no other. */
static void one_frame(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned long pfn = page_to_pfn(page), free;

	(void)state;
	assert_false(buddy_take_frame(page_zone(page), pfn));
	__free_page(page);
	drain_all_pages();
	free = nr_free_pages();
	assert_true(is_free_buddy_page(page));
	assert_true(buddy_take_frame(page_zone(page), pfn));
	assert_false(is_free_buddy_page(page));
	assert_int_equal(nr_free_pages(), free - 1);
	assert_law(frames_check());
	zone_add_frames(page_zone(page), pfn, pfn + 1);
	assert_int_equal(nr_free_pages(), free);
	assert_law(frames_check());
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, up, down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(range_with_movers),
		T(refused_ranges),
		T(more_than_a_block),
		T(lent_to_movable_only),
		T(claimed),
		T(placed),
		T(refused_areas),
		T(declared_by_a_word),
		T(section_goes_and_comes),
		T(sections_that_stay),
		T(one_frame),
		T(freed_into_a_closed_pageblock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
