/* SPDX-License-Identifier: MIT */
/*
 * asid_race_test.c - threads as CPUs that switch between more spaces than there are numbers, while
 * others look numbers up as a flush does and spaces end.
 *
 *   space ──asid_switch──> number ──> tlb[cpu][number]: whose translations this CPU holds under it
 *
 * A CPU that finds another space's translations under a number that it got, without having been told to
 * flush, or two CPUs that run different spaces under one number, are wrong.
 */
#include <pthread.h>
#include <quire/asid.h>
#include <quire/quire.h>
#include "maps/maps.h"
#include "support/layers.h"

#define THREADS 4u
#define SPACES  61u
#define BITS    (QUIRE_NR_CPUS + 2u <= 16 ? 4u : 7u)
#define ROUNDS  20000u

struct cpu {
	unsigned id;
	u64 rng;
	unsigned tlb[1u << 7]; /* 1 + index of the space */
};

static struct cpu cpus[THREADS];
static phys_addr_t roots[SPACES];
/* What each CPU runs: number << 16 | 1 + index of the space; 0: it is between two. */
static u32 running[THREADS];
/* Held by who runs a space, for reading; by who ends one. */
static pthread_rwlock_t lives[SPACES];
static unsigned wrong;

static void expect(bool law)
{
	if (!law)
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
}

static unsigned draw(struct cpu *c, unsigned n)
{
	c->rng ^= c->rng << 13;
	c->rng ^= c->rng >> 7;
	c->rng ^= c->rng << 17;
	return (unsigned)((c->rng >> 32) * n >> 32);
}

/* Nobody else runs another space under our number. */
static void check_others(const struct cpu *me, u32 mine)
{
	for (unsigned i = 0; i < THREADS; i++) {
		u32 other = i == me->id ? 0 : __atomic_load_n(&running[i], __ATOMIC_ACQUIRE);

		expect(!other || other >> 16 != mine >> 16 || other == mine);
	}
}

/* As port_load_root() does; the number. */
static unsigned load_root(struct cpu *c, phys_addr_t root)
{
	unsigned long irq = port_irq_save();
	struct asid_switch s = asid_switch(root);

	if (s.flush)
		memset(c->tlb, 0, sizeof(c->tlb));
	port_irq_restore(irq);
	return s.asid;
}

static void run_space(struct cpu *c, unsigned space)
{
	unsigned asid;

	__atomic_store_n(&running[c->id], 0, __ATOMIC_RELEASE);
	asid = load_root(c, roots[space]);
	expect(asid != ASID_NOBODY);
	expect(!c->tlb[asid] || c->tlb[asid] == space + 1);
	c->tlb[asid] = space + 1;
	__atomic_store_n(&running[c->id], asid << 16 | (space + 1), __ATOMIC_RELEASE);
	check_others(c, asid << 16 | (space + 1));
	/* Whoever flushes the space now must be told the number that we use. */
	expect(asid_of(roots[space]) == asid);
	__atomic_store_n(&running[c->id], 0, __ATOMIC_RELEASE);
	(void)load_root(c, 0);
}

static void *play(void *arg)
{
	struct cpu *c = arg;

	posix_cpu_enter(c->id);
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned space = draw(c, SPACES);

		if (draw(c, 50) == 0) {
			/* It ends, and its root becomes another space's. */
			pthread_rwlock_wrlock(&lives[space]);
			asid_forget(roots[space]);
			pthread_rwlock_unlock(&lives[space]);
			/* What TLBs have of it is dead, and so is what this model has. */
			continue;
		}
		pthread_rwlock_rdlock(&lives[space]);
		run_space(c, space);
		pthread_rwlock_unlock(&lives[space]);
	}
	posix_cpu_leave();
	return NULL;
}

static void test_numbers(void **state)
{
	pthread_t thread[THREADS];
	struct page *page[SPACES];

	(void)state;
	assert_int_equal(posix_machine_start_simple(16, THREADS), 0);
	assert_int_equal(quire_start(THREADS, NULL, NULL), 0);
	assert_int_equal(asid_init(BITS), 0);
	for (unsigned i = 0; i < SPACES; i++) {
		page[i] = alloc_page(GFP_KERNEL);
		assert_non_null(page[i]);
		roots[i] = page_to_phys(page[i]);
		asid_forget(roots[i]);
		assert_int_equal(pthread_rwlock_init(&lives[i], NULL), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		cpus[i] = (struct cpu){ .id = i, .rng = 88172645463325252ull + i };
	for (unsigned i = 1; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, play, &cpus[i]), 0);
	play(&cpus[0]);
	for (unsigned i = 1; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	posix_cpu_enter(0);
	assert_int_equal(wrong, 0);
	assert_true(asid_stats().generations > 10);
	for (unsigned i = 0; i < SPACES; i++) {
		asid_forget(roots[i]);
		__free_page(page[i]);
	}
	quire_stop();
	posix_machine_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_numbers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
