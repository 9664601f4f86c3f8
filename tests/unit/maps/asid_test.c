/* SPDX-License-Identifier: MIT */
/*
 * asid_test.c - numbers of address spaces, of every width: unique, kept while they last, and a flush
 * between two meanings of one.
 */
#include "mm_harness.h"
#include "maps/maps.h"
#include <quire/asid.h>

/* The smallest width that this build's CPUs allow. */
static unsigned least_bits(void)
{
	unsigned bits = ASID_LEAST_BITS;

	while ((1u << bits) < QUIRE_NR_CPUS + 2u)
		bits++;
	return bits;
}

/* Frames that stand for the roots of spaces. */
#define MOST_ROOTS 2000u
static phys_addr_t roots[MOST_ROOTS];

static void make_roots(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct page *page = alloc_page(GFP_KERNEL);

		assert_non_null(page);
		roots[i] = page_to_phys(page);
		asid_forget(roots[i]);
	}
}

static void drop_roots(unsigned n)
{
	(void)asid_switch(0);
	for (unsigned i = 0; i < n; i++) {
		asid_forget(roots[i]);
		__free_page(pfn_to_page(PHYS_PFN(roots[i])));
	}
}

/* Run on that root as CPU `cpu`. */
static struct asid_switch run_on(unsigned cpu, phys_addr_t root)
{
	unsigned was = posix_this_cpu.id;
	struct asid_switch s;

	posix_this_cpu.id = cpu;
	s = asid_switch(root);
	posix_this_cpu.id = was;
	return s;
}

static void test_refusals(void **state)
{
	(void)state;
	assert_int_equal(asid_init(ASID_LEAST_BITS - 1), -EINVAL);
	assert_int_equal(asid_init(ASID_MOST_BITS + 1), -EINVAL);
	assert_int_equal(asid_init(least_bits() - 1), -EINVAL);
	assert_int_equal(asid_init(ASID_MOST_BITS), 0);
}

/* As long as there are numbers every space has its own, and nothing is flushed. */
static void test_unique(void **state)
{
	const unsigned bits = 8, n = (1u << bits) - 1;
	bool seen[1u << 8] = { false };

	(void)state;
	assert_int_equal(asid_init(bits), 0);
	make_roots(n);
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < n; i++) {
			struct asid_switch s = asid_switch(roots[i]);

			assert_true(s.asid != ASID_NOBODY && s.asid < 1u << bits);
			assert_false(s.flush);
			assert_int_equal(seen[s.asid], round > 0);
			seen[s.asid] = true;
			assert_int_equal(asid_of(roots[i]), s.asid);
		}
	assert_int_equal(asid_stats().generations, 0);
	assert_int_equal(asid_stats().given, n);
	assert_int_equal(asid_switch(0).asid, ASID_NOBODY);
	drop_roots(n);
}

/* One space more than numbers: a flush before the CPU goes on, once. */
static void test_new_generation(void **state)
{
	const unsigned n = 1u << 8;
	struct asid_switch s;

	(void)state;
	assert_int_equal(asid_init(8), 0);
	make_roots(n);
	for (unsigned i = 0; i < n - 1; i++)
		assert_false(asid_switch(roots[i]).flush);
	s = asid_switch(roots[n - 1]);
	assert_true(s.flush);
	assert_int_equal(asid_stats().generations, 1);
	assert_int_equal(asid_stats().flushes, 1);
	/* Its translations were forgotten with everybody's: there is nothing to flush any more. */
	assert_int_equal(asid_of(roots[0]), ASID_NOBODY);
	assert_int_equal(asid_of(roots[n - 1]), s.asid);
	/* The space that ran when the numbers ran out has kept its own; no other has it. */
	for (unsigned i = 0; i < n - 2; i++) {
		unsigned own = asid_of(roots[n - 2]);

		s = asid_switch(roots[i]);
		assert_false(s.flush && i < n - 3);
		assert_true(own == ASID_NOBODY || own != s.asid);
	}
	drop_roots(n);
}

/* A space that another CPU runs keeps its number through any number of generations, and is found
 * under it by a flush, and by a second CPU. */
static void test_running_space_keeps_its_number(void **state)
{
	const unsigned bits = least_bits(), n = 5u << bits;
	struct asid_switch s;
	unsigned own;

	(void)state;
	assert_int_equal(asid_init(bits), 0);
	make_roots(n);
	own = run_on(1, roots[0]).asid;
	for (unsigned i = 1; i < n; i++) {
		s = run_on(0, roots[i]);
		assert_int_not_equal(s.asid, own);
		assert_int_equal(asid_of(roots[0]), own);
	}
	assert_true(asid_stats().generations >= 4);
	s = run_on(2, roots[0]);
	assert_int_equal(s.asid, own);
	assert_true(s.flush); /* generations began since CPU 2 last ran anything */
	assert_int_equal(asid_of(roots[0]), own);
	assert_true(run_on(1, roots[1]).flush);
	assert_false(run_on(1, roots[2]).flush);
	for (unsigned cpu = 0; cpu < 3; cpu++)
		(void)run_on(cpu, 0);
	drop_roots(n);
}

/* A frame that was the root of a space, and is another's, inherits nothing. */
static void test_root_is_reused(void **state)
{
	const unsigned bits = least_bits(), n = 3u << bits;
	unsigned own, its;

	(void)state;
	assert_int_equal(asid_init(bits), 0);
	make_roots(n);
	own = run_on(1, roots[0]).asid;
	asid_forget(roots[0]); /* the space ends while CPU 1 idles on its tables */
	assert_int_equal(asid_of(roots[0]), ASID_NOBODY);
	its = run_on(2, roots[0]).asid;
	assert_int_not_equal(its, own);
	for (unsigned i = 1; i < n; i++)
		(void)run_on(0, roots[i]);
	/* The new space is under the number that it runs with, not the old one's. */
	assert_int_equal(asid_of(roots[0]), its);
	/* CPU 1 may still hold what was under its number: it flushes before it runs anything. */
	assert_true(run_on(1, roots[1]).flush);
	(void)run_on(1, 0);
	(void)run_on(2, 0);
	drop_roots(n);
}

/* Switches at random: each CPU has a TLB that remembers whose translations are under a number. */
static void test_random_against_tlbs(void **state)
{
	enum { CPUS = 4, STEPS = 60000, SPACES = 97 };
	static unsigned tlb[CPUS][1u << 8]; /* 1 + index of the space, 0: nobody's */
	unsigned running[CPUS] = { 0 };     /* 1 + index, 0: none                  */
	const u64 start = seed_from_env(20261121);
	u64 seed = start;

	(void)state;
	memset(tlb, 0, sizeof(tlb));
	assert_int_equal(asid_init(least_bits()), 0);
	make_roots(SPACES);
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned cpu = rnd(&seed) % CPUS, space = rnd(&seed) % (SPACES + 1);
		struct asid_switch s = run_on(cpu, space ? roots[space - 1] : 0);

		if (s.flush)
			memset(tlb[cpu], 0, sizeof(tlb[cpu]));
		running[cpu] = space;
		if (!space)
			continue;
		if (tlb[cpu][s.asid] && tlb[cpu][s.asid] != space)
			fail_msg("seed %llu, step %u: CPU %u finds translations of %u under %u, "
				 "which is %u's",
				 (unsigned long long)start, step, cpu, tlb[cpu][s.asid], s.asid,
				 space);
		tlb[cpu][s.asid] = space;
		for (unsigned other = 0; other < CPUS; other++)
			if (running[other] && running[other] != space)
				assert_int_not_equal(asid_of(roots[running[other] - 1]), s.asid);
	}
	assert_true(asid_stats().generations > 100);
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		(void)run_on(cpu, 0);
	drop_roots(SPACES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(test_refusals),       MM_TEST(test_unique),
		MM_TEST(test_new_generation), MM_TEST(test_running_space_keeps_its_number),
		MM_TEST(test_root_is_reused), MM_TEST(test_random_against_tlbs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
