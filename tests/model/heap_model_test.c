/* SPDX-License-Identifier: MIT */
/*
 * The heap against a slow, obvious model: every object is filled with its own number and must keep
 * it.
 *
 * After each step heap_check() holds, and now and then frames_check().  QUIRE_SEED=n replays a
 * failure.
 */
#include "heap/heap.h"
#include "support/layers.h"

#define MAX_OBJECTS 1500
#define NR_CACHES   6
#define STEPS       6000

struct object {
	unsigned char *at;
	size_t size;
	int cache; /* -1: kmalloc */
	unsigned char mark;
};
static struct object object[MAX_OBJECTS];
static unsigned nr_objects;
static struct kmem_cache *cache[NR_CACHES];

static const struct {
	u32 size;
	slab_flags_t flags;
} kinds[NR_CACHES] = {
	{ 24, SLAB_NO_MERGE },
	{ 100, SLAB_HWCACHE_ALIGN },
	{ 700, SLAB_NO_MERGE },
	{ 3000, SLAB_RECLAIM_ACCOUNT },
	{ 50, SLAB_POISON | SLAB_RED_ZONE | SLAB_CONSISTENCY_CHECKS },
	{ 10000, SLAB_NO_MERGE },
};

static void get(void)
{
	struct object *o = &object[nr_objects];
	gfp_t gfp = (random_below(4) ? GFP_KERNEL : GFP_ATOMIC) | __GFP_NOWARN;

	if (nr_objects == MAX_OBJECTS)
		return;
	o->cache = (int)random_below(NR_CACHES * 2) - NR_CACHES;
	if (o->cache < 0)
		o->cache = -1;
	if (random_below(8) == 0)
		gfp |= __GFP_ZERO;
	o->size = o->cache >= 0 ? kinds[o->cache].size
				: 1 + random_below(random_below(10) ? 600 : 40000);
	o->at = o->cache >= 0 ? kmem_cache_alloc(cache[o->cache], gfp) : kmalloc(o->size, gfp);
	if (!o->at)
		return;
	if (gfp & __GFP_ZERO)
		for (size_t i = 0; i < o->size; i++)
			assert_int_equal(o->at[i], 0);
	o->mark = (unsigned char)(random_below(250) + 1);
	memset(o->at, o->mark, o->size);
	nr_objects++;
}

static void put(unsigned i, unsigned long step)
{
	struct object *o = &object[i];

	for (size_t j = 0; j < o->size; j++)
		if (o->at[j] != o->mark)
			fail_msg("step %lu, QUIRE_SEED=%llu: an object of %zu bytes changed", step,
				 random_seed, o->size);
	if (o->cache >= 0 && random_below(3))
		kmem_cache_free(cache[o->cache], o->at);
	else
		kfree(o->at);
	*o = object[--nr_objects];
}

static void step_once(unsigned long step)
{
	unsigned long what = random_below(100);

	if (what == 0)
		heap_drain();
	else if (what == 1)
		kmem_cache_shrink(cache[random_below(NR_CACHES)]);
	else if (what < (step / 1000 % 2 ? 30 : 70) || !nr_objects)
		get();
	else
		put((unsigned)random_below(nr_objects), step);
}

static void run(unsigned long long seed)
{
	random_start(seed);
	start_heap(24, 1);
	for (unsigned i = 0; i < NR_CACHES; i++) {
		cache[i] = kmem_cache_create("model", kinds[i].size, 0, kinds[i].flags, NULL);
		assert_non_null(cache[i]);
	}
	for (unsigned long step = 0; step < STEPS; step++) {
		step_once(step);
		assert_law_seeded(heap_check(), step);
		if (step % 16 == 0)
			assert_law_seeded(frames_check(), step);
	}
	while (nr_objects)
		put(nr_objects - 1, STEPS);
	for (unsigned i = 0; i < NR_CACHES; i++)
		kmem_cache_destroy(cache[i]);
	assert_int_equal(stop_heap(), 0);
}

static void random_objects(void **state)
{
	(void)state;
	for (unsigned long long seed = 1; seed <= 3; seed++)
		run(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(random_objects) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
