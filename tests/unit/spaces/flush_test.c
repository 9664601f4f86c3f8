/* SPDX-License-Identifier: MIT */
/*
 * flush_test.c - how often the TLB is flushed: once for a call, however many pages it takes away; by the end of a space
 * not at all.
 */
#include "mm_harness.h"
#include <quire/check.h>

#define PAGES 1000ul
#define BATCH 96u /* frames that wait at most where nobody is interrupted by a flush */

static unsigned long flushes(void)
{
	return posix_tlb_stats().flushes;
}

static void touch(unsigned long at, unsigned long pages)
{
	for (unsigned long i = 0; i < pages; i++)
		put_u32(at + i * PAGE_SIZE, (u32)i + 1);
}

static unsigned long touched(struct mm_struct *mm, unsigned long pages)
{
	unsigned long at = map_anon(mm, pages * PAGE_SIZE, RW);

	touch(at, pages);
	return at;
}

/* ---- two CPUs -------------------------------------------------------------------------------- */
static int two_up(void **state)
{
	(void)state;
	assert_int_equal(posix_machine_start_simple(64, 2), 0);
	assert_int_equal(quire_start(2, NULL, NULL), 0);
	posix_cpu_enter(1);
	posix_cpu_lend(0);
	harness_free = quire_free_pages_exact() + maps_kernel_tables();
	return 0;
}

static int two_down(void **state)
{
	(void)state;
	assert_null(check_all());
	assert_int_equal(quire_free_pages_exact() + maps_kernel_tables(), harness_free);
	posix_set_mm(NULL);
	posix_cpu_lend(1);
	posix_cpu_leave();
	posix_cpu_lend(0);
	quire_stop();
	posix_machine_stop();
	return 0;
}

static void test_munmap_is_one_flush(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long at = touched(mm, PAGES), before = flushes();

	(void)state;
	assert_int_equal(do_munmap(mm, at, PAGES * PAGE_SIZE), 0);
	assert_int_equal(flushes() - before, 1);
	assert_int_equal(get_mm_rss(mm), 0);
	end_mm(mm);
}

static void test_many_areas_are_one_flush(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long at = touched(mm, PAGES), before;

	(void)state;
	for (unsigned long i = 0; i < PAGES; i += 100)
		assert_int_equal(do_mprotect(mm, at + i * PAGE_SIZE, 50 * PAGE_SIZE, PROT_READ), 0);
	assert_true(mm->map_count >= 20);
	before = flushes();
	assert_int_equal(do_munmap(mm, at, PAGES * PAGE_SIZE), 0);
	assert_int_equal(flushes() - before, 1);
	assert_int_equal(do_munmap(mm, at, PAGES * PAGE_SIZE), 0);
	assert_int_equal(flushes() - before, 1); /* nothing was there */
	end_mm(mm);
}

/* So are pages that stay as an area, and such of a file that stay in its cache. */
static void test_dontneed_is_one_flush(void **state)
{
	struct mm_struct *mm = new_mm();
	struct file *file = shmem_file_setup("flushed", PAGES * PAGE_SIZE);
	unsigned long at = touched(mm, PAGES), shared, before;

	(void)state;
	shared = (unsigned long)do_mmap(mm, file, 0, PAGES * PAGE_SIZE, RW, MAP_SHARED, 0);
	touch(shared, PAGES);
	before = flushes();
	assert_int_equal(do_madvise(mm, at, PAGES * PAGE_SIZE, MADV_DONTNEED), 0);
	assert_int_equal(flushes() - before, 1);
	assert_int_equal(do_madvise(mm, shared, PAGES * PAGE_SIZE, MADV_DONTNEED), 0);
	assert_int_equal(flushes() - before, 2);
	assert_int_equal(get_u32(at), 0);
	assert_int_equal(get_u32(shared + 999 * PAGE_SIZE), 1000);
	end_mm(mm);
	fput(file);
}

/* Where there is no frame to set others aside, a flush comes more often, and all the same is done. */
static void test_no_frame_to_set_aside(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned nth = 0;
	bool fired;

	(void)state;
	do {
		unsigned long at = touched(mm, PAGES), before = flushes();

		quire_fail_nth(++nth);
		assert_int_equal(do_munmap(mm, at, PAGES * PAGE_SIZE), 0);
		fired = quire_fail_fired();
		quire_fail_nth(0);
		assert_int_equal(flushes() - before, fired ? 2 : 1);
		assert_int_equal(get_mm_rss(mm), 0);
		assert_mm_ok(mm);
	} while (fired);
	assert_true(nth > 1);
	end_mm(mm);
}

/* ---- any number of CPUs ---------------------------------------------------------------------- */
static void test_one_cpu_frees_as_it_goes(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long at = touched(mm, PAGES), before = flushes();

	(void)state;
	assert_int_equal(do_munmap(mm, at, PAGES * PAGE_SIZE), 0);
	assert_in_range(flushes() - before, 1, (PAGES + BATCH - 1) / BATCH);
	at = touched(mm, BATCH);
	before = flushes();
	assert_int_equal(do_munmap(mm, at, BATCH * PAGE_SIZE), 0);
	assert_int_equal(flushes() - before, 1);
	end_mm(mm);
}

static void test_mprotect_is_one_flush(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long at = touched(mm, PAGES), before = flushes();

	(void)state;
	assert_int_equal(do_mprotect(mm, at, PAGES * PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(flushes() - before, 1);
	/* Nothing that was allowed is forbidden by it: the entries stay. */
	assert_int_equal(do_mprotect(mm, at, PAGES * PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(flushes() - before, 1);
	end_mm(mm);
}

static void test_mremap_is_one_flush(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long at = touched(mm, PAGES), to = at - (64ul << 20), before = flushes();

	(void)state;
	assert_int_equal(do_mremap(mm, at, PAGES * PAGE_SIZE, PAGES * PAGE_SIZE,
				   MREMAP_MAYMOVE | MREMAP_FIXED, to),
			 (long)to);
	assert_in_range(flushes() - before, 1, 2); /* pages, and the tables that they leave empty */
	assert_int_equal(get_u32(to + 999 * PAGE_SIZE), 1000);
	end_mm(mm);
}

/* The parent's pages become read-only; a second child finds them so. */
static void test_fork_is_one_flush(void **state)
{
	struct mm_struct *mm = new_mm(), *child, *other;
	unsigned long before;

	(void)state;
	touched(mm, PAGES);
	before = flushes();
	child = mm_fork(mm);
	assert_non_null(child);
	assert_int_equal(flushes() - before, 1);
	other = mm_fork(mm);
	assert_non_null(other);
	assert_in_range(flushes() - before, 1, 2);
	before = flushes();
	mmput(child); /* nobody runs on them */
	mmput(other);
	assert_int_equal(flushes(), before);
	end_mm(mm);
	assert_int_equal(flushes(), before);
}

#define TWO_CPUS(f) cmocka_unit_test_setup_teardown(f, two_up, two_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWO_CPUS(test_munmap_is_one_flush),     TWO_CPUS(test_many_areas_are_one_flush),
		TWO_CPUS(test_dontneed_is_one_flush),   TWO_CPUS(test_no_frame_to_set_aside),
		MM_TEST(test_one_cpu_frees_as_it_goes), MM_TEST(test_mprotect_is_one_flush),
		MM_TEST(test_mremap_is_one_flush),      MM_TEST(test_fork_is_one_flush),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
