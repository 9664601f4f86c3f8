/* SPDX-License-Identifier: MIT */
/*
 * tlb_race_test.c - threads as CPUs, each with a TLB: what munmap(), mprotect() and others have taken away when they
 * return, no CPU can use.
 *
 *   one thread changes    | busy | READ_WRITE | busy | READ_ONLY | busy | GONE | ...   with the number of the change
 *   others use and look   a look that begins and ends in one state must find what the state says
 *
 * Whoever looks has used the pages before, so that its TLB knows them.
 */
#include <pthread.h>
#include <sched.h>
#include "mm_harness.h"

#define LOOKERS 3u
#define ROUNDS  200u
#define PAGES   40u
#define AT      0x40000000ul

enum rights { BUSY, READ_WRITE, READ_ONLY, GONE };

static struct mm_struct *mm;
static u32 state_word; /* number << 2 | enum rights */
static unsigned stop, wrong, looks[4];

static void expect(bool law)
{
	if (!law)
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
}

static u32 state_now(void)
{
	return __atomic_load_n(&state_word, __ATOMIC_SEQ_CST);
}

/* What a CPU finds at a page while nothing changes.  A page that is not there yet may be absent in any state. */
static void look(unsigned page)
{
	unsigned long at = AT + page * PAGE_SIZE;
	u32 before = state_now();
	bool reads, writes;

	if ((before & 3) == BUSY)
		return;
	reads = posix_mmu_try(at, false, true) == POSIX_MMU_OK;
	writes = posix_mmu_try(at, true, true) == POSIX_MMU_OK;
	if (state_now() != before)
		return;
	__atomic_fetch_add(&looks[before & 3], 1, __ATOMIC_RELAXED);
	expect(!writes || (before & 3) == READ_WRITE);
	expect(!reads || (before & 3) != GONE);
}

/* As a program, which faults pages in.  While it may write it finds zeroes, or what others write: their number. */
static void use(unsigned id, unsigned page)
{
	unsigned long at = AT + page * PAGE_SIZE + id * 64;
	u32 before = state_now(), v = before >> 2, seen = 0;
	vm_fault_t stored, loaded;

	if ((before & 3) != READ_WRITE)
		return;
	stored = posix_store(at, &v, sizeof(v));
	loaded = posix_load(at, &seen, sizeof(seen));
	if (state_now() == before)
		expect(!stored && !loaded && seen == v);
}

static void *looker(void *arg)
{
	unsigned id = (unsigned)(uintptr_t)arg;
	u64 rng = 88172645463325252ull + id;

	posix_cpu_enter(id);
	posix_set_mm(mm);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		use(id, rnd(&rng) % PAGES);
		look(rnd(&rng) % PAGES);
	}
	posix_set_mm(NULL);
	posix_cpu_leave();
	return NULL;
}

/* Everybody has had a look at it, or at least the time for one. */
static void say(enum rights rights)
{
	unsigned before = __atomic_load_n(&looks[rights], __ATOMIC_RELAXED);

	__atomic_store_n(&state_word, (state_word & ~3u) + 4 + rights, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&looks[rights], __ATOMIC_RELAXED) - before < 8)
		sched_yield();
	__atomic_store_n(&state_word, (state_word & ~3u) | BUSY, __ATOMIC_SEQ_CST);
}

/* Frames that were just taken away hold what their new owner wrote, and nothing of late stores. */
static void reuse_frames(u32 mark)
{
	struct page *page[PAGES];

	for (unsigned i = 0; i < PAGES; i++) {
		page[i] = alloc_page(GFP_HIGHUSER);
		expect(page[i]);
		memset_page(page[i], 0, (int)mark, PAGE_SIZE);
	}
	say(GONE);
	for (unsigned i = 0; i < PAGES; i++) {
		for (unsigned id = 0; id <= LOOKERS; id++)
			expect(page_u32(page[i], id * 64) == (mark & 255) * 0x01010101u);
		__free_page(page[i]);
	}
}

static void change(unsigned round)
{
	expect(do_mmap(mm, NULL, AT, PAGES * PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED, 0) ==
	       (long)AT);
	say(READ_WRITE);
	if (round % 2) {
		expect(do_mprotect(mm, AT, PAGES * PAGE_SIZE, PROT_READ) == 0);
		say(READ_ONLY);
	}
	if (round % 3 == 0) { /* away, where nobody looks, and from there on */
		unsigned long to = AT + (64ul << 20);

		expect(do_mremap(mm, AT, PAGES * PAGE_SIZE, PAGES * PAGE_SIZE,
				 MREMAP_MAYMOVE | MREMAP_FIXED, to) == (long)to);
		say(GONE);
		expect(do_munmap(mm, to, PAGES * PAGE_SIZE) == 0);
	} else {
		expect(do_munmap(mm, AT, PAGES * PAGE_SIZE) == 0);
	}
	reuse_frames(round);
}

static void test_nothing_is_used_afterwards(void **state)
{
	pthread_t threads[LOOKERS];
	unsigned long before;

	(void)state;
	assert_int_equal(posix_machine_start_simple(32, LOOKERS + 1), 0);
	assert_int_equal(quire_start(LOOKERS + 1, NULL, NULL), 0);
	before = quire_free_pages_exact();
	mm = new_mm();
	for (unsigned i = 0; i < LOOKERS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, looker, (void *)(uintptr_t)(i + 1)), 0);
	for (unsigned round = 0; round < ROUNDS; round++)
		change(round);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < LOOKERS; i++)
		pthread_join(threads[i], NULL);
	posix_cpu_enter(0);
	posix_set_mm(mm);
	assert_int_equal(wrong, 0);
	for (enum rights r = READ_WRITE; r <= GONE; r++)
		assert_true(looks[r] >= 8 * ROUNDS / 2);
	end_mm(mm);
	assert_null(check_all());
	assert_int_equal(quire_free_pages_exact(), before);
	quire_stop();
	posix_machine_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_nothing_is_used_afterwards) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
