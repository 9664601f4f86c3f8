/* SPDX-License-Identifier: MIT */
/*
 * freeze_race_test.c - two CPUs use frames and heap while a third freezes and thaws all of it, reports
 * free frames and adds memory.
 */
#include <pthread.h>
#include <quire/contig.h>
#include <quire/freeze.h>
#include <quire/numa.h>
#include <quire/page_reporting.h>
#include <quire/percpu.h>
#include "support/layers.h"

#define SECTION ((phys_addr_t)1 << QUIRE_SECTION_SHIFT)

static bool stop;

static void *churn(void *cpu_of)
{
	struct page *page[16] = { NULL };
	void *p[16] = { NULL };

	posix_cpu_enter((unsigned)(uintptr_t)cpu_of);
	for (unsigned n = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); n++) {
		unsigned i = n % 16;

		kfree(p[i]);
		p[i] = kmalloc(8 + i * 100, GFP_KERNEL);
		if (page[i])
			__free_pages(page[i], i % 5);
		page[i] = alloc_pages(GFP_KERNEL | __GFP_NOWARN, i % 5);
	}
	for (unsigned i = 0; i < 16; i++) {
		kfree(p[i]);
		if (page[i])
			__free_pages(page[i], i % 5);
	}
	posix_cpu_leave();
	return NULL;
}

static int look(struct page_reporting_dev_info *dev, struct page *page, unsigned long nr)
{
	(void)dev, (void)nr;
	return page_count(page) ? -1 : 0;
}

static void all_of_it(void **state)
{
	const struct posix_bank bank = { SECTION, 4 * SECTION, 0 };
	struct page_reporting_dev_info dev = { .report = look };
	pthread_t thread[2];

	(void)state;
	assert_int_equal(posix_machine_start(&(struct posix_machine){ &bank, 1, 3 }), 0);
	assert_int_equal(memblock_remove(2 * SECTION, 3 * SECTION), 0);
	memory_may_grow(5 * SECTION);
	frames_init();
	memblock_free_all();
	assert_int_equal(percpu_init(3), 0);
	assert_int_equal(heap_init(), 0);
	for (uintptr_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, churn, (void *)(i + 1)), 0);
	for (int i = 0; i < 60; i++) {
		quire_freeze();
		quire_thaw();
		page_reporting_cycle(&dev, i % 2);
		if (i % 20 == 10)
			assert_int_equal(add_memory(NUMA_NO_NODE, memory_end(), SECTION), 0);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(memory_end(), 5 * SECTION);
	assert_law(frames_check());
	stop_heap();
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(all_of_it) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
