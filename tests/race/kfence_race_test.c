/* SPDX-License-Identifier: MIT */
/*
 * kfence_race_test.c - threads as CPUs that allocate objects, one in three guarded, and pass them to each other
 * through a few places, so that many are freed by another CPU than the one that allocated them.
 *
 * An object says who wrote it last; nobody else may write to it meanwhile, and nothing is reported.
 */
#include <pthread.h>
#include <quire/kfence.h>
#include "support/layers.h"

#define THREADS 4u
#define PLACES  300u
#define ROUNDS  20000u

static struct kmem_cache *cache;
static unsigned long *places[PLACES]; /* exchanged atomically                                 */
static unsigned wrong, guarded;

/* What an object holds while nobody has it. */
static unsigned long seal(const unsigned long *object)
{
	return (unsigned long)object ^ 0x5a5a;
}

static void give(unsigned long *object)
{
	if (!object)
		return;
	if (object[0] != seal(object) || object[7] != seal(object))
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	kmem_cache_free(cache, object);
}

static void *player(void *arg)
{
	unsigned cpu = (unsigned)(unsigned long)arg, at = cpu * 71;

	posix_cpu_enter(cpu);
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned long *object = kmem_cache_alloc(cache, GFP_KERNEL);

		at = (at * 1103515245u + 12345u) & 0x7fffffff;
		if (is_kfence_address(object))
			__atomic_fetch_add(&guarded, 1, __ATOMIC_RELAXED);
		object[0] = object[7] = seal(object);
		give(__atomic_exchange_n(&places[(at >> 8) % PLACES], object, __ATOMIC_ACQ_REL));
	}
	posix_cpu_leave();
	return NULL;
}

static void objects_change_hands(void **state)
{
	pthread_t thread[THREADS];

	(void)state;
	start_heap(32, THREADS + 1);
	kfence_enable(3);
	kfence_init();
	cache = kmem_cache_create("ball", 64, 0, SLAB_NO_MERGE, NULL);
	posix_log_take();
	for (unsigned long i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, player, (void *)(i + 1)), 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (unsigned i = 0; i < PLACES; i++)
		give(places[i]);
	assert_int_equal(wrong, 0);
	assert_true(guarded > 100);
	assert_false(logged("BUG"));
	kmem_cache_destroy(cache);
	assert_int_equal(stop_heap(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(objects_change_hands) };

	return cmocka_run_group_tests_name("race/kfence", tests, NULL, NULL);
}
