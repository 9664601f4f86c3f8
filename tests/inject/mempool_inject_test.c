/* SPDX-License-Identifier: MIT */
/*
 * mempool_inject_test.c - pools and shrinkers while every allocation is made to fail once: what cannot be
 * made leaves nothing behind, and what was promised is there.
 */
#include <quire/err.h>
#include <quire/mempool.h>
#include <quire/shrinker.h>
#include "support/layers.h"

static struct kmem_cache *cache;
static bool fired;

/* What follows must not fail any more. */
static void stop_failing(void)
{
	fired |= quire_fail_fired();
	quire_fail_nth(0);
}

/* Take all that was promised, with nothing else to be had, and give it back. */
static void use_up(mempool_t *pool)
{
	void *e[16];
	int n = pool->min_nr;

	assert_law(mempool_check(pool));
	assert_int_equal(pool->curr_nr, n);
	for (int i = 0; i < n; i++) {
		e[i] = mempool_alloc(pool, GFP_NOWAIT);
		assert_non_null(e[i]);
	}
	for (int i = 0; i < n; i++)
		mempool_free(e[i], pool);
	assert_law(mempool_check(pool));
}

static int end(mempool_t *pool)
{
	if (!pool)
		return -ENOMEM;
	use_up(pool);
	mempool_destroy(pool);
	return 0;
}

static int slab_pool(void)
{
	return end(mempool_create_slab_pool(9, cache));
}

static int kmalloc_pool(void)
{
	return end(mempool_create_kmalloc_pool(5, 5000));
}

static int page_pool(void)
{
	return end(mempool_create_page_pool(7, 1));
}

static int embedded_pool(void)
{
	mempool_t pool = { 0 };
	int err = mempool_init_page_pool(&pool, 6, 0);

	assert_int_equal(mempool_initialized(&pool), !err);
	if (!err)
		use_up(&pool);
	mempool_exit(&pool);
	return err;
}

/* A pool whose reserve cannot be filled has the new size all the same; frees fill it. */
static int larger_pool(void)
{
	mempool_t *pool = mempool_create_page_pool(2, 0);
	int err, had;

	if (!pool)
		return -ENOMEM;
	err = mempool_resize(pool, 8);
	had = pool->curr_nr;
	assert_int_equal(pool->min_nr, err ? 2 : 8);
	assert_true(err ? had == 2 : had >= 2);
	assert_law(mempool_check(pool));
	stop_failing();
	assert_int_equal(mempool_resize(pool, 8), 0);
	use_up(pool);
	mempool_destroy(pool);
	return err ? err : had < 8 ? -ENOMEM : 0;
}

static int smaller_pool(void)
{
	mempool_t *pool = mempool_create_page_pool(8, 0);
	int err;

	if (!pool)
		return -ENOMEM;
	err = mempool_resize(pool, 3);
	assert_int_equal(pool->min_nr, err ? 8 : 3);
	use_up(pool);
	mempool_destroy(pool);
	return err;
}

/* With one failure at a time who may wait always gets something. */
static int never_fails(void)
{
	mempool_t *pool = mempool_create_page_pool(1, 0);
	void *a, *b;

	if (!pool)
		return -ENOMEM;
	a = mempool_alloc(pool, GFP_KERNEL);
	b = mempool_alloc(pool, GFP_KERNEL);
	assert_true(a && b && a != b);
	mempool_free(a, pool);
	mempool_free(b, pool);
	return end(pool);
}

static unsigned long none(struct shrinker *s, struct shrink_control *sc)
{
	(void)s, (void)sc;
	return 0;
}

static int a_shrinker(void)
{
	struct shrinker *s = shrinker_alloc(0, "inject");

	if (!s)
		return -ENOMEM;
	s->count_objects = s->scan_objects = none;
	shrinker_register(s);
	assert_int_equal(shrink_slab(GFP_KERNEL, 0, 0), 0);
	shrinker_free(s);
	return 0;
}

static void sweep(int (*op)(void))
{
	unsigned failures = 0;

	for (unsigned n = 1; n < 500; n++) {
		int err;

		start_heap(8, 1);
		cache = kmem_cache_create("pooled", 700, 0, SLAB_NO_MERGE, NULL);
		assert_non_null(cache);
		heap_drain(); /* nothing in stock, or the failure would go unnoticed */
		fired = false;
		quire_fail_nth(n);
		err = op();
		stop_failing();
		assert_true(err == 0 || (err == -ENOMEM && fired));
		failures += err != 0;
		kmem_cache_destroy(cache);
		assert_int_equal(stop_heap(), 0);
		if (!fired && !err) {
			assert_true(failures > 0);
			return;
		}
	}
	fail_msg("it never got by");
}

#define SWEEP(name)                                                                                \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		(void)state;                                                                       \
		sweep(name);                                                                       \
	}
SWEEP(slab_pool)
SWEEP(kmalloc_pool)
SWEEP(page_pool)
SWEEP(embedded_pool)
SWEEP(larger_pool)
SWEEP(smaller_pool)
SWEEP(never_fails)
SWEEP(a_shrinker)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slab_pool),   cmocka_unit_test(test_kmalloc_pool),
		cmocka_unit_test(test_page_pool),   cmocka_unit_test(test_embedded_pool),
		cmocka_unit_test(test_larger_pool), cmocka_unit_test(test_smaller_pool),
		cmocka_unit_test(test_never_fails), cmocka_unit_test(test_a_shrinker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
