/* SPDX-License-Identifier: MIT */
/* freeze_test.c - quire_freeze(): all is still, and goes on; in a copy, too. */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
#include <quire/freeze.h>
#include <quire/gfp.h>
#include <quire/percpu.h>
#include <quire/slab.h>
#include "support/layers.h"

static bool stop;

static void *churn(void *cpu_of)
{
	void *p[32] = { NULL };
	struct page *page[32] = { NULL };
	unsigned i = 0;

	posix_cpu_enter((unsigned)(uintptr_t)cpu_of);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		i = (i + 1) % 32;
		kfree(p[i]);
		p[i] = kmalloc(8 + i * 100, GFP_KERNEL);
		if (page[i])
			__free_pages(page[i], i % 5);
		page[i] = alloc_pages(GFP_KERNEL | __GFP_NOWARN, i % 5);
	}
	for (i = 0; i < 32; i++) {
		kfree(p[i]);
		if (page[i])
			__free_pages(page[i], i % 5);
	}
	posix_cpu_leave();
	return NULL;
}

static void freeze_and_thaw(void **state)
{
	pthread_t thread[2];

	(void)state;
	start_heap(64, 3);
	stop = false;
	for (uintptr_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, churn, (void *)(i + 1)), 0);
	for (int i = 0; i < 200; i++) {
		void *p = kmalloc(100, GFP_KERNEL);

		assert_non_null(p);
		quire_freeze();
		quire_thaw();
		kfree(p);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	assert_law(heap_check());
	stop_heap();
}

/* The child has one CPU; frames that the others had parked are free again. */
static int in_the_copy(void)
{
	void *p;

	quire_thaw_copy();
	for (int i = 0; i < 1000; i++) {
		p = kmalloc(8 + (size_t)i % 5000, GFP_KERNEL);
		if (!p)
			return 1;
		kfree(p);
	}
	drain_all_pages();
	heap_drain();
	return 0;
}

static void copies(void **state)
{
	pthread_t thread[2];

	(void)state;
	start_heap(64, 3);
	stop = false;
	for (uintptr_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, churn, (void *)(i + 1)), 0);
	for (int i = 0; i < 20; i++) {
		pid_t pid;
		int status;

		quire_freeze();
		pid = fork();
		if (!pid)
			_exit(in_the_copy());
		quire_thaw();
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	assert_law(heap_check());
	stop_heap();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(freeze_and_thaw),
		cmocka_unit_test(copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
