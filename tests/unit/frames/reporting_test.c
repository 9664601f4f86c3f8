/* SPDX-License-Identifier: MIT */
/* reporting_test.c - free page reporting, and runs of frames in any number. */
#include <quire/gfp.h>
#include <quire/err.h>
#include <quire/page_reporting.h>
#include <quire/percpu.h>
#include <quire/run.h>
#include <quire/zoneinfo.h>
#include "support/layers.h"

#define MIB ((phys_addr_t)1 << 20)

static unsigned long reported[64 << 8]; /* by frame: how often          */
static int answer;

static int note(struct page_reporting_dev_info *dev, struct page *page, unsigned long nr)
{
	unsigned long pfn = page_to_pfn(page);

	(void)dev;
	for (unsigned long i = 0; i < nr; i++) {
		assert_int_equal(page_count(page + i), 0);
		/* Nobody can get it meanwhile. */
		assert_false(is_free_buddy_page(page + i));
		if (!answer)
			reported[pfn + i]++;
	}
	return answer;
}

static struct page_reporting_dev_info dev = { .report = note };

static int up(void **state)
{
	const struct posix_bank bank = { MIB, 32 * MIB, 0 };

	(void)state;
	memset(reported, 0, sizeof(reported));
	answer = 0;
	dev.order = 0;
	start_frames(&bank, 1, 2);
	return 0;
}

static int down(void **state)
{
	(void)state;
	stop_frames();
	return 0;
}

static unsigned long cycle(bool all)
{
	unsigned long free = nr_free_pages(), n = page_reporting_cycle(&dev, all);

	assert_int_equal(nr_free_pages(), free);
	assert_law(frames_check());
	return n;
}

static void waits_a_cycle(void **state)
{
	unsigned long free = nr_free_pages();

	(void)state;
	assert_true(page_reporting_pending());
	assert_int_equal(cycle(false), 0); /* all of it was just put there */
	assert_int_equal(cycle(false), free);
	assert_false(page_reporting_pending());
	assert_int_equal(cycle(false), 0);
	assert_int_equal(cycle(true), 0);
}

static void all_at_once(void **state)
{
	unsigned long free = nr_free_pages();

	(void)state;
	assert_int_equal(cycle(true), free);
	assert_int_equal(cycle(true), 0);
}

/* What was used in between is reported again, and what is in use is not. */
static void only_what_changed(void **state)
{
	struct page *page, *kept;

	(void)state;
	drain_all_pages();
	cycle(true);
	page = alloc_pages(GFP_KERNEL, 4);
	kept = alloc_pages(GFP_KERNEL, 4);
	memset(reported, 0, sizeof(reported));
	__free_pages(page, 4);
	drain_all_pages();
	assert_true(cycle(true) > 0);
	assert_int_equal(reported[page_to_pfn(page)], 1);
	assert_int_equal(reported[page_to_pfn(kept)], 0);
	__free_pages(kept, 4);
}

/* A group into which frames are put in every cycle gets its turn all the same. */
static void busy_groups(void **state)
{
	unsigned long n = 0;
	int cycles = 0;

	(void)state;
	drain_all_pages();
	cycle(true);
	while (!n && cycles < 100) {
		__free_pages(alloc_pages(GFP_KERNEL, 4), 4);
		drain_all_pages();
		n = cycle(false);
		cycles++;
	}
	assert_true(n > 0);
	assert_in_range(cycles, 2, 20);
}

static void short_runs_and_errors(void **state)
{
	unsigned long free;

	(void)state;
	drain_all_pages();
	free = nr_free_pages();
	answer = -EAGAIN;
	assert_int_equal(cycle(true), 0);
	assert_true(page_reporting_pending());
	answer = 0;
	dev.order = FRAME_GROUP_ORDER;
	assert_true(cycle(true) <= free);
	for (unsigned long pfn = 0; pfn < ARRAY_SIZE(reported); pfn++)
		assert_true(reported[pfn] <= 1);
}

/* ---- runs ------------------------------------------------------------------------------------ */
static void runs_of_any_length(void **state)
{
	unsigned long free;

	(void)state;
	drain_all_pages();
	free = nr_free_pages();
	for (unsigned long nr = 1; nr <= 1UL << MAX_PAGE_ORDER; nr += nr < 40 ? 1 : 37) {
		struct page *page = alloc_run(GFP_KERNEL, nr, 0);

		assert_non_null(page);
		assert_int_equal(page_count(page), 1);
		drain_all_pages();
		assert_int_equal(nr_free_pages(), free - nr);
		assert_law(frames_check());
		free_run(page, nr);
		drain_all_pages();
		assert_int_equal(nr_free_pages(), free);
	}
	assert_law(frames_check());
}

static void runs_are_aligned(void **state)
{
	(void)state;
	for (unsigned order = 0; order <= MAX_PAGE_ORDER; order++) {
		struct page *page = alloc_run(GFP_KERNEL, 3, order);

		if (!page && order == MAX_PAGE_ORDER)
			continue; /* the machine is small */
		assert_non_null(page);
		assert_int_equal(page_to_pfn(page) & ((1UL << order) - 1), 0);
		free_run(page, 3);
	}
	assert_null(alloc_run(GFP_KERNEL, 0, 0));
	assert_null(alloc_run(GFP_KERNEL, (1UL << MAX_PAGE_ORDER) + 1, 0));
	assert_null(alloc_run(GFP_KERNEL, 1, MAX_PAGE_ORDER + 1));
}

static void runs_change_their_length(void **state)
{
	struct page *page = alloc_run(GFP_KERNEL, 20, 0), *next;
	unsigned long free;

	(void)state;
	drain_all_pages();
	free = nr_free_pages();
	assert_true(extend_run(page, 20, 12));
	assert_int_equal(nr_free_pages(), free - 12);
	assert_law(frames_check());
	free_run(page + 16, 16);
	drain_all_pages();
	assert_int_equal(nr_free_pages(), free + 4);
	/* What is behind it is taken: nothing changes. */
	assert_true(extend_run(page, 16, 1));
	next = page + 17;
	assert_true(extend_run(page, 17, 3));
	assert_false(extend_run(page, 16, 8));
	assert_false(extend_run(page, 20, ~0UL / 2));
	assert_false(extend_run(page, 20, 0));
	assert_int_equal(page_to_pfn(next), page_to_pfn(page) + 17);
	free_run(page, 20);
	drain_all_pages();
	assert_int_equal(nr_free_pages(), free + 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(waits_a_cycle, up, down),
		cmocka_unit_test_setup_teardown(all_at_once, up, down),
		cmocka_unit_test_setup_teardown(only_what_changed, up, down),
		cmocka_unit_test_setup_teardown(busy_groups, up, down),
		cmocka_unit_test_setup_teardown(short_runs_and_errors, up, down),
		cmocka_unit_test_setup_teardown(runs_of_any_length, up, down),
		cmocka_unit_test_setup_teardown(runs_are_aligned, up, down),
		cmocka_unit_test_setup_teardown(runs_change_their_length, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
