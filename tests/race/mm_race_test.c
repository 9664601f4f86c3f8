/* SPDX-License-Identifier: MIT */
/*
 * mm_race_test.c - threads as CPUs in one address space: faults, DONTNEED, mmap, mprotect, mremap,
 * truncation and fork together, and frames that fail, while one thread moves every frame that can be
 * moved, or takes it out of use and back.
 *
 * Each thread owns one page-sized word per region that only it writes, so what it reads back is
 * known; everything else is there to get in its way.  The laws are checked when all have stopped.
 */
#include <pthread.h>
#include <quire/memory_failure.h>
#include <quire/migrate.h>
#include <quire/mmzone.h>
#include "mm_harness.h"

#define THREADS      4u
#define ROUNDS       1500u
#define SHARED_PAGES 64u
#define MIB          64u
#define FRAMES       (MIB << 8)

static struct mm_struct *mm;
static struct file *file, *weak;
static unsigned long shared_anon, shared_file, scratch, weak_anon, weak_file;
static unsigned wrong, moved, offlined, lost, players;

static void expect(bool law)
{
	if (!law)
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
}

static void touch_own(unsigned long base, unsigned id, u32 value)
{
	unsigned long at = base + id * 16;
	u32 seen = 0;

	expect(posix_store(at, &value, 4) == 0);
	expect(posix_load(at, &seen, 4) == 0 && seen == value);
}

/* What lies in the weak regions may be lost at any time, and is as good as new after DONTNEED, and for a
 * file after truncation. */
static void break_or_mend(u64 *rng)
{
	unsigned long base = rnd(rng) % 2 ? weak_anon : weak_file, page = rnd(rng) % 16;
	unsigned long at = base + page * PAGE_SIZE;
	vm_fault_t got;
	u32 v = 3;
	long err;

	got = posix_store(at, &v, 4);
	expect(got == 0 || got == VM_FAULT_HWPOISON);
	__atomic_fetch_add(&lost, got == VM_FAULT_HWPOISON, __ATOMIC_RELAXED);
	if (rnd(rng) % 3 == 0) {
		err = do_madvise(mm, at, PAGE_SIZE, MADV_HWPOISON);
		/* held by a store or a move under way, or lost already, or failing already */
		expect(err == 0 || err == -EBUSY || err == -EFAULT || err == -EHWPOISON);
	}
	if (rnd(rng) % 3)
		return;
	if (base == weak_file)
		truncate_pagecache_range(weak->f_mapping, (quire_loff_t)(page * PAGE_SIZE),
					 (quire_loff_t)((page + 1) * PAGE_SIZE));
	expect(do_madvise(mm, at, PAGE_SIZE, MADV_DONTNEED) == 0);
}

static void play(unsigned id, u64 *rng, unsigned round)
{
	unsigned long own = scratch + id * (64UL << PAGE_SHIFT), at;
	struct mm_struct *child;
	u32 v = round;

	switch (rnd(rng) % 12) {
	case 0 ... 2: /* all threads fault the same pages */
		at = shared_anon + (rnd(rng) % SHARED_PAGES) * PAGE_SIZE;
		expect(posix_store(at + 64 + id * 4, &v, 4) == 0);
		break;
	case 3: /* anybody's page may go; what is read is then 0 or a value, never an error */
		at = shared_anon + (1 + rnd(rng) % (SHARED_PAGES - 1)) * PAGE_SIZE;
		expect(do_madvise(mm, at, PAGE_SIZE, MADV_DONTNEED) == 0);
		break;
	case 4:
		expect(do_mmap(mm, NULL, own, 8 * PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED, 0) ==
		       (long)own);
		expect(posix_store(own + 3 * PAGE_SIZE, &v, 4) == 0);
		expect(do_mprotect(mm, own + 2 * PAGE_SIZE, 3 * PAGE_SIZE, PROT_READ) == 0);
		expect(posix_store(own + 3 * PAGE_SIZE, &v, 4) == VM_FAULT_ACCERR);
		break;
	case 5: expect(do_munmap(mm, own, 8 * PAGE_SIZE) == 0); break;
	case 6: /* file pages come and go under everybody */
		expect(posix_store(shared_file + (1 + rnd(rng) % 31) * PAGE_SIZE, &v, 4) == 0);
		truncate_pagecache_range(file->f_mapping, 8 * PAGE_SIZE, 16 * PAGE_SIZE);
		break;
	case 7: touch_own(shared_file, id, round); break;
	case 8: /* away and back, with what was written */
		at = own + (32UL << PAGE_SHIFT);
		expect(do_mmap(mm, NULL, at, 4 * PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED, 0) ==
		       (long)at);
		touch_own(at + PAGE_SIZE, id, round);
		expect(do_mremap(mm, at + PAGE_SIZE, PAGE_SIZE, PAGE_SIZE,
				 MREMAP_MAYMOVE | MREMAP_FIXED,
				 at + 8 * PAGE_SIZE) == (long)(at + 8 * PAGE_SIZE));
		expect(posix_load(at + 8 * PAGE_SIZE + id * 16, &v, 4) == 0 && v == round);
		break;
	case 9: /* the child has what the parent had, and stores of its own */
		child = mm_fork(mm);
		if (!child)
			break;
		posix_set_mm(child);
		touch_own(shared_anon, id, round);
		posix_set_mm(mm);
		mmput(child);
		break;
	case 10: break_or_mend(rng); break;
	default:
		child = mm_fork(mm);
		if (child)
			mmput(child);
		break;
	}
	touch_own(shared_anon, id, round | 1);
}

static void *thread(void *arg)
{
	unsigned id = (unsigned)(uintptr_t)arg, round;
	u64 rng = 77 + id * 1234567;

	posix_cpu_enter(id);
	posix_set_mm(mm);
	for (round = 0; round < ROUNDS; round++)
		play(id, &rng, round);
	posix_set_mm(NULL);
	posix_cpu_leave();
	__atomic_fetch_sub(&players, 1, __ATOMIC_RELAXED);
	return NULL;
}

static struct page *new_frame(struct page *page, unsigned long private)
{
	(void)page, (void)private;
	return alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN);
}

/* A user's frame is taken out of use, with its contents somewhere else, and is good again. */
static void offline_one(unsigned long pfn)
{
	if (!pfn_valid(pfn) || page_why_immovable(pfn_to_page(pfn)) || soft_offline_page(pfn))
		return;
	offlined += unpoison_memory(pfn) == 0;
}

/* As compaction does: by frame number, whoever owns the frame at the moment. */
static void *mover(void *arg)
{
	const unsigned long first = NODE_DATA(0)->node_start_pfn;
	u64 rng = 4242;

	posix_cpu_enter((unsigned)(uintptr_t)arg);
	while (__atomic_load_n(&players, __ATOMIC_RELAXED)) {
		enum migrate_mode mode = (enum migrate_mode)(rnd(&rng) % 3);
		unsigned long pfn = first + rnd(&rng) % FRAMES, end = pfn + 256;
		struct page *list[32];
		unsigned n = 0, ok;

		for (; pfn < end && n < ARRAY_SIZE(list); pfn++) {
			struct page *page = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;

			if (page && isolate_movable_page(page, 0))
				list[n++] = page;
		}
		offline_one(first + rnd(&rng) % FRAMES);
		if (n % 8 == 7)
			putback_movable_pages(list, n);
		else if (migrate_pages(list, n, new_frame, NULL, 0, mode, MR_COMPACTION, &ok) >= 0)
			moved += ok;
	}
	posix_cpu_leave();
	return NULL;
}

static void test_one_space(void **state)
{
	pthread_t threads[THREADS], moving;
	unsigned long before;
	const char *why;
	unsigned i;

	(void)state;
	assert_int_equal(posix_machine_start_simple(MIB, THREADS + 1), 0);
	assert_int_equal(quire_start(THREADS + 1, NULL, NULL), 0);
	before = quire_free_pages_exact();
	mm = mm_alloc();
	file = shmem_file_setup("race", 32 * PAGE_SIZE);
	shared_anon = map_anon(mm, SHARED_PAGES * PAGE_SIZE, RW);
	shared_file = (unsigned long)do_mmap(mm, file, 0, 32 * PAGE_SIZE, RW, MAP_SHARED, 0);
	weak = shmem_file_setup("weak", 16 * PAGE_SIZE);
	weak_anon = map_anon(mm, 16 * PAGE_SIZE, RW);
	weak_file = (unsigned long)do_mmap(mm, weak, 0, 16 * PAGE_SIZE, RW, MAP_SHARED, 0);
	scratch = 0x40000000;
	players = THREADS;
	assert_int_equal(pthread_create(&moving, NULL, mover, (void *)(uintptr_t)THREADS), 0);
	for (i = 1; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, thread, (void *)(uintptr_t)i),
				 0);
	thread((void *)0);
	for (i = 1; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_join(moving, NULL);
	posix_cpu_enter(0);
	assert_int_equal(wrong, 0);
	assert_true(moved > 0 && offlined > 0 && lost > 0);
	why = check_all();
	if (why)
		fail_msg("check_all: %s", why);
	mmput(mm);
	fput(file);
	fput(weak);
	assert_true(num_poisoned_pages() > 0);
	for (unsigned long pfn = NODE_DATA(0)->node_start_pfn; num_poisoned_pages(); pfn++)
		if (PageFlag(pfn_to_page(pfn), PG_poisoned))
			assert_int_equal(unpoison_memory(pfn), 0);
	assert_int_equal(quire_free_pages_exact(), before);
	quire_stop();
	posix_machine_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_one_space) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
