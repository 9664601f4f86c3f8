/* SPDX-License-Identifier: MIT */
/* grow_test.c - memory that is added after boot (add_memory), and CPUs (percpu_add_cpu). */
#include <quire/contig.h>
#include <quire/err.h>
#include <quire/gfp.h>
#include <quire/late_cpu.h>
#include <quire/low_memory.h>
#include <quire/memblock.h>
#include <quire/numa.h>
#include <quire/percpu.h>
#include <quire/zoneinfo.h>
#include "support/layers.h"

#define SECTION ((phys_addr_t)1 << QUIRE_SECTION_SHIFT)
#define FRAMES  (SECTION >> PAGE_SHIFT)

/* The host has RAM in sections 1 to 8; at boot there are two, and room for four more. */
static int up(void **state)
{
	const struct posix_bank bank = { SECTION, 8 * SECTION, 0 };

	(void)state;
	assert_int_equal(posix_machine_start(&(struct posix_machine){ &bank, 1, 3 }), 0);
	assert_int_equal(memblock_remove(3 * SECTION, 6 * SECTION), 0);
	memory_may_grow(7 * SECTION);
	frames_init();
	memblock_free_all();
	assert_int_equal(percpu_init(2), 0);
	assert_law(frames_check());
	return 0;
}

static int down(void **state)
{
	(void)state;
	stop_frames();
	return 0;
}

/* Take single frames until there are none: how many, linked through their first words. */
static unsigned long take_all(struct page **list)
{
	unsigned long n = 0;
	struct page *page;

	while ((page = alloc_page(GFP_KERNEL | __GFP_NOWARN | __GFP_MEMALLOC))) {
		page->word1 = (unsigned long)*list;
		*list = page;
		n++;
	}
	return n;
}

static void give_all(struct page *list)
{
	while (list) {
		struct page *next = (struct page *)list->word1;

		list->word1 = 0;
		__free_page(list);
		list = next;
	}
}

static void grows(void **state)
{
	unsigned long had = totalram_pages(), free = nr_free_pages(), n;
	struct page *list = NULL;

	(void)state;
	assert_int_equal(memory_end(), 3 * SECTION);
	assert_int_equal(memory_end_at_most(), 7 * SECTION);
	assert_false(pfn_valid(PHYS_PFN(3 * SECTION)));
	assert_int_equal(add_memory(NUMA_NO_NODE, 3 * SECTION, SECTION), 0);
	assert_law(frames_check());
	assert_int_equal(totalram_pages(), had + FRAMES);
	assert_int_equal(nr_free_pages(), free + FRAMES);
	assert_int_equal(add_memory(0, 4 * SECTION, 3 * SECTION), 0);
	assert_law(frames_check());
	assert_int_equal(memory_end(), 7 * SECTION);
	assert_true(pfn_valid(PHYS_PFN(7 * SECTION) - 1));
	assert_false(pfn_valid(PHYS_PFN(7 * SECTION)));
	n = take_all(&list);
	assert_int_equal(n, totalram_pages() - zone_pcp_pages(page_zone(list)) - nr_free_pages() -
				    (had - free));
	assert_true(n > had + 3 * FRAMES);
	give_all(list);
	assert_law(frames_check());
}

static void refusals(void **state)
{
	unsigned long had = totalram_pages();

	(void)state;
	assert_int_equal(add_memory(0, 3 * SECTION, 0), -EINVAL);
	assert_int_equal(add_memory(0, 3 * SECTION, SECTION / 2), -EINVAL);
	assert_int_equal(add_memory(0, 3 * SECTION + PAGE_SIZE, SECTION), -EINVAL);
	assert_int_equal(add_memory(0, 4 * SECTION, SECTION), -EINVAL); /* a hole */
	assert_int_equal(add_memory(0, 2 * SECTION, SECTION), -EINVAL); /* it is there */
	assert_int_equal(add_memory(1, 3 * SECTION, SECTION), -EINVAL);
	assert_int_equal(add_memory(0, 3 * SECTION, ~(phys_addr_t)0 - SECTION + 1), -EINVAL);
	assert_int_equal(add_memory(0, 3 * SECTION, 5 * SECTION), -ENOSPC);
	assert_int_equal(totalram_pages(), had);
	assert_law(frames_check());
}

/* An allocation that finds too little asks for more, in direct reclaim. */
static unsigned long reclaim_by_growing(struct zone *zone, gfp_t gfp, unsigned order)
{
	(void)zone, (void)gfp, (void)order;
	return add_memory(NUMA_NO_NODE, memory_end(), SECTION) ? 0 : FRAMES;
}

static void grows_when_low(void **state)
{
	static const struct low_memory_ops ops = { .direct_reclaim = reclaim_by_growing };
	struct page *list = NULL, *page;
	unsigned long n = 0;

	(void)state;
	set_low_memory_ops(&ops);
	while ((page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, 4))) {
		page->word1 = (unsigned long)list;
		list = page;
		n += 16;
	}
	assert_int_equal(memory_end(), 7 * SECTION);
	assert_true(n > 5 * FRAMES);
	for (; list; list = page) {
		page = (struct page *)list->word1;
		list->word1 = 0;
		__free_pages(list, 4);
	}
	assert_law(frames_check());
}

DEFINE_PER_CPU(unsigned, grow_test_word) = 7;

static void another_cpu(void **state)
{
	unsigned long *dynamic, free = nr_free_pages();
	struct page *page;

	(void)state;
	dynamic = alloc_percpu(unsigned long);
	*per_cpu_ptr(dynamic, 0) = 1;
	*per_cpu_ptr(dynamic, 1) = 11;
	assert_int_equal(percpu_add_cpu(2), -EINVAL);
	assert_int_equal(percpu_add_cpu(1), 2);
	assert_int_equal(quire_nr_cpus, 3);
	assert_int_equal(per_cpu(grow_test_word, 2), 7);
	assert_int_equal(*per_cpu_ptr(dynamic, 2), 11);
	*per_cpu_ptr(dynamic, 2) = 12;
	assert_int_equal(*per_cpu_ptr(dynamic, 1), 11);
	/* It runs, parks frames of its own, and goes. */
	posix_cpu_enter(2);
	page = alloc_page(GFP_KERNEL);
	assert_non_null(page);
	__free_page(page);
	assert_true(zone_pcp_pages(page_zone(page)) > 0);
	posix_cpu_leave();
	posix_cpu_enter(0);
	drain_all_pages();
	assert_law(frames_check());
	assert_true(nr_free_pages() < free); /* its area and its lists */
	free_percpu(dynamic);
}

static void cpus_run_out(void **state)
{
	(void)state;
	for (int cpu = 2; cpu < QUIRE_NR_CPUS; cpu++)
		assert_int_equal(percpu_add_cpu(1), cpu);
	assert_int_equal(percpu_add_cpu(1), -ENOSPC);
	assert_law(frames_check());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(grows, up, down),
		cmocka_unit_test_setup_teardown(refusals, up, down),
		cmocka_unit_test_setup_teardown(grows_when_low, up, down),
		cmocka_unit_test_setup_teardown(another_cpu, up, down),
		cmocka_unit_test_setup_teardown(cpus_run_out, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
