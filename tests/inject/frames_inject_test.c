/* SPDX-License-Identifier: MIT */
/*
 * frames_inject_test.c - every way to get frames is refused at every step: by quire_fail_nth(), by
 * fail_page_alloc, with and without records of owners and patterns in free frames.
 *
 * After a refusal nothing may be missing: what is free before and after is the same, and the laws
 * hold.
 */
#include <quire/compaction.h>
#include <quire/contig.h>
#include <quire/err.h>
#include <quire/fault_inject.h>
#include <quire/memory_failure.h>
#include <quire/page_owner.h>
#include <quire/page_poison.h>
#include "frames/frames.h"
#include "support/movers.h"

static const struct posix_bank bank = { 1 << 20, 32 << 20, 0 };

static unsigned long free_now(void)
{
	drain_all_pages();
	return nr_free_pages();
}

/* ---- ways ------------------------------------------------------------------------------------ */
/* Each gets frames and gives them back; false: it was refused. */
static bool get_block(unsigned order, gfp_t gfp)
{
	struct page *page = alloc_pages(gfp | __GFP_NOWARN, order);

	if (page)
		__free_pages(page, order);
	return page;
}

static bool way_single(void)
{
	return get_block(0, GFP_KERNEL);
}

static bool way_zeroed(void)
{
	unsigned long at = get_zeroed_page(GFP_KERNEL | __GFP_NOWARN);

	free_page(at);
	return at;
}

static bool way_order9(void)
{
	return get_block(9, GFP_HIGHUSER_MOVABLE);
}

static bool way_compound(void)
{
	return get_block(2, GFP_ATOMIC | __GFP_COMP);
}

static bool way_exact(void)
{
	void *at = alloc_pages_exact(7 * PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN);

	if (at)
		free_pages_exact(at, 7 * PAGE_SIZE);
	return at;
}

static bool way_bulk(void)
{
	struct page *pages[40] = { NULL };
	unsigned long n = alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, 40, pages);

	for (unsigned long i = 0; i < n; i++)
		__free_page(pages[i]);
	for (unsigned long i = n; i < 40; i++)
		assert_null(pages[i]);
	return n == 40;
}

static bool way_node(void)
{
	struct page *page = alloc_pages_node(0, GFP_KERNEL | __GFP_THISNODE | __GFP_NOWARN, 1);

	if (page)
		__free_pages(page, 1);
	return page;
}

/* A range that somebody's movable frame lies in. */
static bool way_contig(void)
{
	unsigned long start;
	int err;

	if (!mover_get(1, GFP_HIGHUSER_MOVABLE | __GFP_NOWARN))
		return false;
	start = page_to_pfn(mover[1]) & ~31UL;
	err = alloc_contig_range(start, start + 32, MIGRATE_MOVABLE, GFP_KERNEL | __GFP_NOWARN);
	if (!err)
		free_contig_range(start, 32);
	assert_true(!err || err == -ENOMEM || err == -EBUSY);
	movers_check();
	mover_put(1);
	return !err;
}

static bool way_soft_offline(void)
{
	unsigned long pfn;
	int err;

	if (!mover_get(2, GFP_HIGHUSER_MOVABLE | __GFP_NOWARN))
		return false;
	pfn = page_to_pfn(mover[2]);
	err = soft_offline_page(pfn);
	assert_true(!err || err == -ENOMEM);
	if (!err)
		assert_int_equal(unpoison_memory(pfn), 0);
	movers_check();
	mover_put(2);
	return !err;
}

static const struct way {
	const char *name;
	bool (*run)(void);
} ways[] = {
	{ "single", way_single },
	{ "zeroed", way_zeroed },
	{ "order 9", way_order9 },
	{ "compound", way_compound },
	{ "exact", way_exact },
	{ "bulk", way_bulk },
	{ "node", way_node },
	{ "contig", way_contig },
	{ "soft offline", way_soft_offline },
};

/* ---- sweeps ---------------------------------------------------------------------------------- */
static void check(const struct way *way, unsigned long before, const char *how)
{
	unsigned long now = free_now();
	const char *why = frames_check();

	if (why || now != before)
		fail_msg("%s, %s: %s; free %lu, now %lu", way->name, how,
			 why ? why : "every law holds", before, now);
}

/* The first allocation fails, then the second, until the way needs no more. */
static void sweep_nth(const struct way *way)
{
	unsigned long before = free_now();
	unsigned n = 0, refused = 0;
	bool fired = true;

	while (fired) {
		quire_fail_nth(++n);
		refused += !way->run();
		fired = quire_fail_fired();
		quire_fail_nth(0);
		check(way, before, "fail_nth");
		assert_true(n < 100);
	}
	assert_true(n > 1 && refused > 0);
}

static void sweep_chance(const struct way *way)
{
	unsigned long before = free_now();
	unsigned refused = 0, served = 0;

	fail_page_alloc.ignore_gfp_wait = fail_page_alloc.ignore_gfp_highmem = false;
	fail_page_alloc.min_order = 0;
	fail_page_alloc.attr.verbose = 0;
	fail_page_alloc.attr.probability = 5;
	fail_page_alloc.attr.times = -1;
	fault_attr_apply(&fail_page_alloc.attr);
	for (unsigned i = 0; i < 100; i++) {
		if (way->run())
			served++;
		else
			refused++;
		check(way, before, "fail_page_alloc");
	}
	fail_page_alloc.attr.probability = 0;
	fault_attr_apply(&fail_page_alloc.attr);
	if (!refused || !served)
		fail_msg("%s: %u refused, %u served", way->name, refused, served);
}

static void sweep(void)
{
	start_frames(&bank, 1, 2);
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		sweep_nth(&ways[i]);
		sweep_chance(&ways[i]);
	}
	assert_int_equal(page_poison_nr_damaged(), 0);
	stop_frames();
}

static void plain(void **state)
{
	(void)state;
	sweep();
}

static void with_owners_and_poison(void **state)
{
	(void)state;
	page_owner_enable();
	page_poison_enable(PAGE_POISON_QUARANTINE);
	sweep();
}

static void with_cleared_frames(void **state)
{
	(void)state;
	init_on_alloc_enable();
	init_on_free_enable();
	sweep();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(with_owners_and_poison),
		cmocka_unit_test(with_cleared_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
