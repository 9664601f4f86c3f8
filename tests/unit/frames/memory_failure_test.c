/* SPDX-License-Identifier: MIT */
/*
 * memory_failure_test.c - frames that go out of use: free, reserved, the kernel's, the user's; and
 * back.
 */
#include <quire/err.h>
#include <quire/event.h>
#include <quire/memory_failure.h>
#include <quire/watch.h>
#include <quire/zoneinfo.h>
#include "frames/debug.h"
#include "support/layers.h"
#include "support/movers.h"

static const struct posix_bank bank = { 1 << 20, 32 << 20, 0 };
static const char *log_text;

static int up(void **state)
{
	(void)state;
	start_frames(&bank, 1, 2);
	posix_log_take();
	return 0;
}

static int down(void **state)
{
	(void)state;
	set_memory_failure_ops(NULL);
	drain_all_pages();
	assert_int_equal(num_poisoned_pages(), 0);
	assert_false(frame_debug); /* the fast paths are open again */
	stop_frames();
	return 0;
}

static void expect_log(unsigned long pfn, const char *words)
{
	char line[200];

	snprintf(line, sizeof(line), "%#lx: %s", pfn, words);
	log_text = posix_log_take();
	if (!strstr(log_text, line))
		fail_msg("the log does not have \"%s\" but: %s", line, log_text);
}

static unsigned long free_now(void)
{
	drain_all_pages();
	return nr_free_pages();
}

static void free_frames(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned long parked = page_to_pfn(page), before, deep = 0, pfn;

	(void)state;
	/* one in the middle of a large free block */
	for (pfn = PHYS_PFN(bank.base); !deep && pfn < PHYS_PFN(bank.base + bank.size); pfn++)
		if (pfn % 512 == 300 && is_free_buddy_page(pfn_to_page(pfn)))
			deep = pfn;
	assert_true(deep > 0);
	__free_page(page); /* one on this CPU's list */
	before = free_now();
	page = alloc_page(GFP_KERNEL);
	__free_page(page);
	assert_int_equal(memory_failure(deep, 0), 0);
	expect_log(deep, "recovery action for free buddy page: Recovered\n");
	assert_int_equal(memory_failure(parked, 0), 0);
	assert_int_equal(free_now(), before - 2);
	assert_int_equal(num_poisoned_pages(), 2);
	assert_law(frames_check());
	/* nobody gets them */
	for (unsigned i = 0; i < 3000; i++) {
		mover[i] = alloc_page(GFP_KERNEL);
		assert_non_null(mover[i]);
		assert_true(page_to_pfn(mover[i]) != deep && page_to_pfn(mover[i]) != parked);
	}
	for (unsigned i = 0; i < 3000; i++) {
		__free_page(mover[i]);
		mover[i] = NULL;
	}
	assert_int_equal(memory_failure(deep, 0), -EHWPOISON);
	expect_log(deep, "already hardware poisoned\n");
	assert_int_equal(num_poisoned_pages(), 2);
	assert_int_equal(memory_failure(1UL << 30, 0), -ENXIO);
	expect_log(1UL << 30, "memory outside kernel control\n");
	assert_int_equal(unpoison_memory(deep), 0);
	assert_int_equal(unpoison_memory(parked), 0);
	assert_int_equal(unpoison_memory(parked), -ENXIO);
	assert_int_equal(unpoison_memory(1UL << 30), -ENXIO);
	assert_int_equal(free_now(), before);
	assert_law(frames_check());
}

/* The kernel's memory cannot be taken away; once it is freed the frame stays and its neighbours
 * go. */
static void kernel_memory(void **state)
{
	static const struct {
		gfp_t gfp;
		unsigned order, hit;
		enum pageflags flag;
		const char *kind;
	} rows[] = {
		{ GFP_KERNEL, 0, 0, NR_PAGEFLAGS, "unknown page" },
		{ GFP_KERNEL, 3, 0, NR_PAGEFLAGS, "kernel high-order page" },
		{ GFP_KERNEL, 3, 5, NR_PAGEFLAGS, "kernel high-order page" },
		{ GFP_KERNEL, 9, 511, NR_PAGEFLAGS, "kernel high-order page" },
		{ GFP_KERNEL | __GFP_COMP, 4, 0, NR_PAGEFLAGS, "kernel high-order page" },
		{ GFP_KERNEL | __GFP_COMP, 4, 9, NR_PAGEFLAGS, "kernel high-order page" },
		{ GFP_KERNEL, 0, 0, PG_slab, "kernel slab page" },
		{ GFP_KERNEL, 0, 0, PG_table, "kernel page table page" },
		{ GFP_KERNEL, 0, 0, PG_reserved, "reserved kernel page" },
		{ GFP_KERNEL, 0, 0, PG_anon, "dirty LRU page" },
		{ GFP_KERNEL, 0, 0, PG_cache, "clean LRU page" },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned long before = free_now(), pfn;
		struct page *page = alloc_pages(rows[i].gfp, rows[i].order);
		char words[100];

		assert_non_null(page);
		pfn = page_to_pfn(page) + rows[i].hit;
		if (rows[i].flag < NR_PAGEFLAGS)
			SetPageFlag(page, rows[i].flag);
		assert_int_equal(memory_failure(pfn, 0), -EBUSY);
		snprintf(words, sizeof(words), "recovery action for %s: Ignored\n", rows[i].kind);
		expect_log(pfn, words);
		assert_int_equal(num_poisoned_pages(), 1);
		assert_int_equal(memory_failure(pfn, 0), -EHWPOISON);
		if (rows[i].flag < NR_PAGEFLAGS)
			ClearPageFlag(page, rows[i].flag);
		posix_log_take();
		__free_pages(page, rows[i].order);
		assert_string_equal(posix_log_take(), "");
		assert_int_equal(free_now(), before - 1);
		assert_true(PageFlag(pfn_to_page(pfn), PG_poisoned));
		assert_false(is_free_buddy_page(pfn_to_page(pfn)));
		assert_false(frame_debug);
		assert_law(frames_check());
		__free_page(pfn_to_page(pfn)); /* nobody's to free */
		assert_true(logged("it is out of use"));
		assert_int_equal(unpoison_memory(pfn), 0);
		assert_int_equal(free_now(), before);
	}
}

static void good_again_before_it_is_freed(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 2);

	(void)state;
	assert_int_equal(memory_failure(page_to_pfn(page) + 1, 0), -EBUSY);
	assert_true(frame_debug);
	assert_int_equal(unpoison_memory(page_to_pfn(page) + 1), 0);
	__free_pages(page, 2);
}

/* ---- what spaces/ will do -------------------------------------------------------------------- */
static int recover_result, recover_flags;
static unsigned recovered;

static int recover(struct page *page, int flags, bool *lost)
{
	assert_true(page_count(page) >= 2 && PageFlag(page, PG_poisoned));
	assert_true(*lost); /* as far as the flags say */
	recover_flags = flags;
	recovered++;
	if (recover_result)
		return recover_result;
	ClearPageFlag(page, PG_anon);
	put_page(page); /* the user's reference */
	return 0;
}

static void user_memory(void **state)
{
	static const struct memory_failure_ops ops = { recover };
	unsigned long before = free_now(), pfn;
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE);

	(void)state;
	set_memory_failure_ops(&ops);
	pfn = page_to_pfn(page);
	SetPageFlag(page, PG_anon);
	recover_result = -EBUSY;
	assert_int_equal(memory_failure(pfn, MF_ACTION_REQUIRED), -EBUSY);
	expect_log(pfn, "recovery action for dirty LRU page: Failed\n");
	assert_int_equal(page_count(page), 1);
	assert_int_equal(unpoison_memory(pfn), 0);
	recover_result = 0;
	get_page(page);
	assert_int_equal(memory_failure(pfn, MF_ACTION_REQUIRED | MF_COUNT_INCREASED), 0);
	expect_log(pfn, "recovery action for dirty LRU page: Recovered\n");
	assert_int_equal(recovered, 2);
	assert_int_equal(recover_flags, MF_ACTION_REQUIRED | MF_COUNT_INCREASED);
	assert_int_equal(free_now(), before - 1);
	assert_int_equal(unpoison_memory(pfn), 0);
	assert_int_equal(free_now(), before);
	/* nobody is asked about the kernel's */
	page = alloc_page(GFP_KERNEL);
	assert_int_equal(memory_failure(page_to_pfn(page), 0), -EBUSY);
	assert_int_equal(recovered, 2);
	assert_int_equal(unpoison_memory(page_to_pfn(page)), 0);
	__free_page(page);
}

/* ---- while the contents are good ------------------------------------------------------------- */
static void soft_offline(void **state)
{
	unsigned long before = free_now(), pfn, free_pfn;
	struct page *page;

	(void)state;
	assert_true(mover_get(3, GFP_HIGHUSER_MOVABLE));
	pfn = page_to_pfn(mover[3]);
	assert_int_equal(soft_offline_page(pfn), 0);
	expect_log(pfn, "done\n");
	assert_int_not_equal(page_to_pfn(mover[3]), pfn);
	movers_check();
	assert_true(PageFlag(pfn_to_page(pfn), PG_poisoned));
	assert_int_equal(soft_offline_page(pfn), 0); /* it is already */
	assert_int_equal(num_poisoned_pages(), 1);
	/* without a frame to move to */
	quire_fail_nth(1);
	assert_int_equal(soft_offline_page(page_to_pfn(mover[3])), -ENOMEM);
	quire_fail_nth(0);
	movers_check();
	mover_put(3);
	page = alloc_page(GFP_KERNEL);
	assert_int_equal(soft_offline_page(page_to_pfn(page)), -EBUSY);
	assert_int_equal(soft_offline_page(1UL << 30), -EIO);
	free_pfn = page_to_pfn(page);
	__free_page(page);
	assert_int_equal(soft_offline_page(free_pfn), 0);
	assert_int_equal(free_now(), before - 2);
	assert_law(frames_check());
	assert_int_equal(unpoison_memory(pfn), 0);
	assert_int_equal(unpoison_memory(free_pfn), 0);
	assert_int_equal(free_now(), before);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, up, down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(free_frames), T(kernel_memory), T(good_again_before_it_is_freed),
		T(user_memory), T(soft_offline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
