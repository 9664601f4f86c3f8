/* SPDX-License-Identifier: MIT */
/*
 * mm_inject_test.c - every allocation of mmap, fault, fork, mprotect, mremap and file writes is
 * made to fail once.
 *
 * For n = 1, 2, ...: the n-th allocation from here fails, the operation must say -ENOMEM (or get
 * by), the laws must hold, and when everything is given back no frame is missing.  The sweep ends
 * when the operation needed fewer than n allocations.
 */
#include <quire/memory_failure.h>
#include <quire/migrate.h>
#include "mm_harness.h"

#define PAGES 40u

struct scene {
	struct mm_struct *mm;
	struct file *file;
	unsigned long anon, shared;
};

static bool fired;

/* What follows must not fail any more. */
static void stop_failing(void)
{
	fired |= quire_fail_fired();
	quire_fail_nth(0);
}

static void build_scene(struct scene *s)
{
	unsigned i;

	s->mm = new_mm();
	s->file = shmem_file_setup("inject", PAGES * PAGE_SIZE);
	s->anon = map_anon(s->mm, PAGES * PAGE_SIZE, RW);
	s->shared = (unsigned long)do_mmap(s->mm, s->file, 0, PAGES * PAGE_SIZE, RW, MAP_SHARED, 0);
	for (i = 0; i < PAGES; i += 3)
		put_u32(s->anon + i * PAGE_SIZE, 100 + i);
	put_u32(s->shared, 7);
}

/* What the scene must still say after a failure. */
static void check_scene(const struct scene *s)
{
	unsigned i;

	posix_set_mm(s->mm);
	assert_mm_ok(s->mm);
	for (i = 0; i < PAGES; i += 3)
		assert_int_equal(get_u32(s->anon + i * PAGE_SIZE), 100 + i);
	assert_int_equal(get_u32(s->shared), 7);
}

static void end_scene(struct scene *s)
{
	end_mm(s->mm);
	fput(s->file);
}

static long try_mmap(struct scene *s)
{
	long at = do_mmap(s->mm, NULL, 0, 1 << 20, RW, MAP_SHARED | MAP_ANONYMOUS, 0);

	if (IS_ERR_VALUE((unsigned long)at))
		return at;
	return do_munmap(s->mm, (unsigned long)at, 1 << 20);
}

static long try_fault(struct scene *s)
{
	long at = do_mmap(s->mm, NULL, (PORT_TASK_SIZE / 2) & PAGE_MASK, PAGE_SIZE, RW,
			  ANON_PRIVATE, 0);
	u32 v = 1;
	vm_fault_t f;

	if (IS_ERR_VALUE((unsigned long)at))
		return at;
	f = posix_store((unsigned long)at, &v, sizeof(v));
	assert_int_equal(do_munmap(s->mm, (unsigned long)at, PAGE_SIZE), 0);
	return f & VM_FAULT_OOM ? -ENOMEM : f ? -EFAULT : 0;
}

static long try_file_fault(struct scene *s)
{
	u32 v = 3;
	vm_fault_t f = posix_store(s->shared + 9 * PAGE_SIZE, &v, sizeof(v));

	truncate_pagecache_range(s->file->f_mapping, 9 * PAGE_SIZE, 10 * PAGE_SIZE);
	return f & VM_FAULT_OOM ? -ENOMEM : f ? -EFAULT : 0;
}

static long try_fork(struct scene *s)
{
	struct mm_struct *child = mm_fork(s->mm);

	if (!child)
		return -ENOMEM;
	end_mm(child);
	return 0;
}

static long try_cow(struct scene *s)
{
	struct mm_struct *child = mm_fork(s->mm);
	u32 v = 100;
	vm_fault_t f;

	if (!child)
		return -ENOMEM;
	f = posix_store(s->anon, &v, sizeof(v));
	end_mm(child);
	return f & VM_FAULT_OOM ? -ENOMEM : f ? -EFAULT : 0;
}

static long try_mprotect(struct scene *s)
{
	long err = do_mprotect(s->mm, s->anon + 5 * PAGE_SIZE, 3 * PAGE_SIZE, PROT_READ);
	long back;

	stop_failing();
	back = do_mprotect(s->mm, s->anon, PAGES * PAGE_SIZE, RW);
	assert_int_equal(back, 0);
	return err;
}

static long try_mremap(struct scene *s)
{
	unsigned long target = s->anon - (256UL << 20);
	long at = do_mremap(s->mm, s->anon, PAGES * PAGE_SIZE, PAGES * PAGE_SIZE,
			    MREMAP_MAYMOVE | MREMAP_FIXED, target);

	if (IS_ERR_VALUE((unsigned long)at))
		return at;
	stop_failing();
	at = do_mremap(s->mm, target, PAGES * PAGE_SIZE, PAGES * PAGE_SIZE,
		       MREMAP_MAYMOVE | MREMAP_FIXED, s->anon);
	assert_int_equal(at, (long)s->anon);
	return 0;
}

static long try_hole(struct scene *s)
{
	long err = do_munmap(s->mm, s->anon + PAGE_SIZE, PAGE_SIZE);
	long at;

	if (err)
		return err;
	stop_failing();
	at = do_mmap(s->mm, NULL, s->anon + PAGE_SIZE, PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED, 0);
	assert_int_equal(at, (long)(s->anon + PAGE_SIZE));
	return 0;
}

static long try_exec(struct scene *s)
{
	struct mm_struct *mm = mm_alloc();
	long err = -ENOMEM;
	char word[] = "argv";

	(void)s;
	if (!mm)
		return -ENOMEM;
	if (mm_setup_stack(mm, PORT_TASK_SIZE & ~0xffffUL, 128 << 10, 0) == 0 &&
	    vm_brk_flags(mm, 0x600000, 3 * PAGE_SIZE, 0) == 0 &&
	    access_remote_vm(mm, (PORT_TASK_SIZE & ~0xffffUL) - 64, word, sizeof(word), true) ==
		    sizeof(word))
		err = 0;
	end_mm(mm);
	return err;
}

static struct page *new_frame(struct page *page, unsigned long private)
{
	(void)page, (void)private;
	return alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN);
}

static long try_migrate(struct scene *s)
{
	struct page *list[4];
	unsigned i, n = 0;
	int err;

	for (i = 0; i < 4; i++) {
		assert_int_equal(get_user_pages(s->mm,
						i ? s->anon + (i - 1) * 3 * PAGE_SIZE : s->shared,
						1, 0, &list[n]),
				 1);
		put_page(list[n]);
		n += isolate_movable_page(list[n], 0);
	}
	err = migrate_pages(list, n, new_frame, NULL, 0, MIGRATE_SYNC, MR_COMPACTION, NULL);
	assert_true(err <= 0 && n == 4);
	return err;
}

/* A child's first store, to a page that is its own from then on: without memory for an anon_vma of
 * its own the parent's serves. */
static long try_child_store(struct scene *s)
{
	struct mm_struct *child = mm_fork(s->mm);
	u32 v = 5;
	vm_fault_t f;

	if (!child)
		return -ENOMEM;
	posix_set_mm(child);
	f = posix_store(s->anon + PAGE_SIZE, &v, sizeof(v));
	if (!f)
		f = posix_store(s->anon, &v, sizeof(v));
	posix_set_mm(s->mm);
	end_mm(child);
	return f & VM_FAULT_OOM ? -ENOMEM : f ? -EFAULT : 0;
}

static void unpoison_all(void)
{
	for (unsigned long pfn = 0; num_poisoned_pages(); pfn++)
		if (pfn_valid(pfn) && PageFlag(pfn_to_page(pfn), PG_poisoned))
			assert_int_equal(unpoison_memory(pfn), 0);
}

/* What is about to fail moves away, or stays. */
static long try_soft_offline(struct scene *s)
{
	long err = do_madvise(s->mm, s->anon, 4 * PAGE_SIZE, MADV_SOFT_OFFLINE);

	if (!err)
		err = do_madvise(s->mm, s->shared, PAGE_SIZE, MADV_SOFT_OFFLINE);
	stop_failing();
	unpoison_all();
	return err;
}

static unsigned told, untold;

static void tell(struct mm_struct *mm, unsigned long addr, int flags)
{
	(void)mm, (void)addr, (void)flags;
	told++;
}

/* What has failed is taken away whether or not there is memory to tell of it at once. */
static long try_memory_failure(struct scene *s)
{
	struct mm_struct *child = mm_fork(s->mm);
	unsigned long at = s->anon;
	u32 v = 5;
	long err = -ENOMEM;

	if (!child)
		return err;
	set_memory_lost_fn(tell);
	told = 0;
	posix_set_mm(child);
	if (!posix_store(at, &v, 4)) {
		err = do_madvise(child, at, PAGE_SIZE, MADV_HWPOISON);
		assert_int_equal(err, 0);
		assert_int_equal(posix_load(at, &v, 4), VM_FAULT_HWPOISON);
		assert_int_equal(num_poisoned_pages(), 1);
		stop_failing();
		/* The failure may have been another's, but without one all are told. */
		assert_true(told == 1 || (told == 0 && fired));
		untold += !told;
	}
	posix_set_mm(s->mm);
	end_mm(child);
	stop_failing();
	unpoison_all();
	return err;
}

static void sweep(long (*op)(struct scene *))
{
	unsigned n, failures = 0;

	for (n = 1; n < 500; n++) {
		struct scene s;
		long got;

		machine_up(16);
		build_scene(&s);
		/* Nothing may be in stock, or the failure would go unnoticed. */
		(void)quire_free_pages_exact();
		fired = false;
		quire_fail_nth(n);
		got = op(&s);
		stop_failing();
		if (got != 0 && got != -ENOMEM)
			fail_msg("failure %u: returned %ld", n, got);
		if (!fired && got != 0)
			fail_msg("no allocation failed and still it returned %ld", got);
		failures += got == -ENOMEM;
		check_scene(&s);
		end_scene(&s);
		machine_down();
		if (!fired)
			break;
	}
	assert_true(n < 500);
	assert_true(failures > 0);
}

#define SWEEP(name)                                                                                \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		(void)state;                                                                       \
		sweep(try_##name);                                                                 \
	}
SWEEP(mmap)
SWEEP(fault)
SWEEP(file_fault)
SWEEP(fork)
SWEEP(cow)
SWEEP(mprotect)
SWEEP(mremap)
SWEEP(hole)
SWEEP(exec)
SWEEP(migrate)
SWEEP(child_store)
SWEEP(soft_offline)

static void test_memory_failure(void **state)
{
	(void)state;
	sweep(try_memory_failure);
	assert_true(untold > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mmap),
		cmocka_unit_test(test_fault),
		cmocka_unit_test(test_file_fault),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_cow),
		cmocka_unit_test(test_mprotect),
		cmocka_unit_test(test_mremap),
		cmocka_unit_test(test_hole),
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_migrate),
		cmocka_unit_test(test_child_store),
		cmocka_unit_test(test_soft_offline),
		cmocka_unit_test(test_memory_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
