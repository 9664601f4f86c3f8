/* SPDX-License-Identifier: MIT */
/* Reserves: used last, filled first, waited for; in any size, and in another one. */
#include <pthread.h>
#include <quire/err.h>
#include <quire/mempool.h>
#include "support/layers.h"

/* ---- an owner that can run dry --------------------------------------------------------------- */
static struct owner {
	bool dry;
	int made, freed;
	gfp_t asked[64]; /* the last calls, oldest first */
	unsigned calls;
} owner;

static void *make(gfp_t gfp, void *data)
{
	struct owner *o = data;

	if (o->calls < ARRAY_SIZE(o->asked))
		o->asked[o->calls] = gfp;
	o->calls++;
	if (o->dry)
		return NULL;
	o->made++;
	return kmalloc(64, gfp);
}

static void unmake(void *element, void *data)
{
	struct owner *o = data;

	o->freed++;
	kfree(element);
}

static mempool_t *pool_of(int min_nr)
{
	mempool_t *pool;

	memset(&owner, 0, sizeof(owner));
	pool = mempool_create(min_nr, make, unmake, &owner);
	assert_non_null(pool);
	assert_int_equal(owner.made, min_nr);
	owner.calls = 0;
	return pool;
}

static void end_pool(mempool_t *pool)
{
	assert_law(mempool_check(pool));
	mempool_destroy(pool);
	assert_int_equal(owner.made, owner.freed);
}

static int up(void **state)
{
	(void)state;
	start_heap(32, 2);
	return 0;
}

static int down(void **state)
{
	(void)state;
	assert_int_equal(stop_heap(), 0);
	return 0;
}

/* ---- last and first -------------------------------------------------------------------------- */
static void reserve_is_used_last(void **state)
{
	mempool_t *pool = pool_of(3);
	void *e[6];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		e[i] = mempool_alloc(pool, GFP_ATOMIC);
	assert_int_equal(pool->curr_nr, 3);
	owner.dry = true;
	for (unsigned i = 3; i < 6; i++) {
		e[i] = mempool_alloc(pool, GFP_ATOMIC);
		assert_non_null(e[i]);
		assert_int_equal(pool->curr_nr, 5 - (int)i);
		assert_law(mempool_check(pool));
	}
	assert_null(mempool_alloc(pool, GFP_ATOMIC));
	assert_null(mempool_alloc(pool, GFP_NOWAIT));
	assert_null(mempool_alloc_preallocated(pool));
	/* frees fill it again before anything goes back to the owner */
	for (unsigned i = 0; i < 6; i++) {
		mempool_free(e[i], pool);
		assert_int_equal(owner.freed, i < 3 ? 0 : (int)i - 2);
		assert_int_equal(pool->curr_nr, i < 3 ? (int)i + 1 : 3);
		assert_law(mempool_check(pool));
	}
	mempool_free(NULL, pool);
	end_pool(pool);
}

static void reserve_alone(void **state)
{
	mempool_t *pool = pool_of(2);
	void *a = mempool_alloc_preallocated(pool), *b = mempool_alloc_preallocated(pool);

	(void)state;
	assert_true(a && b && a != b);
	assert_null(mempool_alloc_preallocated(pool));
	assert_int_equal(owner.calls, 0);
	mempool_free(a, pool);
	assert_ptr_equal(mempool_alloc_preallocated(pool), a);
	mempool_free(a, pool);
	mempool_free(b, pool);
	end_pool(pool);
}

/* What the owner is asked: first without waiting or reserves of its own, then as the caller may. */
static void flags_of_the_tries(void **state)
{
	const gfp_t always = __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN;
	mempool_t *pool = pool_of(1);
	void *e, *f;

	(void)state;
	e = mempool_alloc(pool, GFP_KERNEL);
	assert_int_equal(owner.calls, 1);
	assert_int_equal(owner.asked[0],
			 (GFP_KERNEL | always) & ~(__GFP_DIRECT_RECLAIM | __GFP_IO));
	owner.dry = true;
	f = mempool_alloc(pool, GFP_NOIO | __GFP_NOFAIL);
	assert_int_equal(owner.calls, 2); /* the reserve had one: it did not wait for memory */
	assert_int_equal(owner.asked[1], (GFP_NOIO | always) & ~__GFP_DIRECT_RECLAIM);
	assert_null(mempool_alloc(pool, GFP_ATOMIC));
	assert_int_equal(owner.calls, 3);
	mempool_free(e, pool);
	mempool_free(f, pool);
	end_pool(pool);
}

/* ---- waiting --------------------------------------------------------------------------------- */
static mempool_t *shared;
static void *got;

static void *sleeper(void *arg)
{
	(void)arg;
	posix_cpu_enter(1);
	__atomic_store_n(&got, mempool_alloc(shared, GFP_NOIO), __ATOMIC_RELEASE);
	posix_cpu_leave();
	return NULL;
}

static bool someone_waits(void)
{
	unsigned long flags;
	bool yes;

	spin_lock_irqsave(&shared->wait.lock, flags);
	yes = waitqueue_active(&shared->wait);
	spin_unlock_irqrestore(&shared->wait.lock, flags);
	return yes;
}

/* Nothing is left of a pool of that size but `held`, the element of somebody else. */
static void waits_for_a_free(void **state)
{
	static const int sizes[] = { 1, 0, 4 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *held, *kept[4];
		pthread_t thread;

		shared = pool_of(sizes[i]);
		held = mempool_alloc(shared, GFP_KERNEL);
		owner.dry = true;
		for (int k = 0; k < sizes[i]; k++)
			kept[k] = mempool_alloc(shared, GFP_KERNEL);
		got = NULL;
		assert_int_equal(pthread_create(&thread, NULL, sleeper, NULL), 0);
		while (!someone_waits())
			port_yield();
		assert_null(__atomic_load_n(&got, __ATOMIC_ACQUIRE));
		assert_int_equal(owner.calls, 3 + sizes[i]); /* the sleeper asked twice */
		mempool_free(held, shared);
		pthread_join(thread, NULL);
		assert_ptr_equal(got, held);
		mempool_free(got, shared);
		for (int k = 0; k < sizes[i]; k++)
			mempool_free(kept[k], shared);
		end_pool(shared);
	}
}

/* A sleeper also gets what a larger reserve is filled with. */
static void resize_wakes(void **state)
{
	pthread_t thread;
	void *held;

	(void)state;
	shared = pool_of(1);
	owner.dry = true;
	held = mempool_alloc(shared, GFP_ATOMIC);
	got = NULL;
	assert_int_equal(pthread_create(&thread, NULL, sleeper, NULL), 0);
	while (!someone_waits())
		port_yield();
	owner.dry = false;
	assert_int_equal(mempool_resize(shared, 3), 0);
	pthread_join(thread, NULL);
	assert_non_null(got);
	assert_ptr_not_equal(got, held);
	mempool_free(held, shared);
	mempool_free(got, shared);
	assert_int_equal(shared->curr_nr, 3);
	end_pool(shared);
}

/* ---- another size ---------------------------------------------------------------------------- */
static void resize(void **state)
{
	mempool_t *pool = pool_of(4);
	void *e[3];

	(void)state;
	assert_int_equal(mempool_resize(pool, 0), -EINVAL);
	assert_int_equal(mempool_resize(pool, -3), -EINVAL);
	assert_int_equal(mempool_resize(pool, 4), 0);
	assert_int_equal(mempool_resize(pool, 2), 0);
	assert_int_equal(pool->min_nr, 2);
	assert_int_equal(pool->curr_nr, 2);
	assert_int_equal(owner.freed, 2);
	assert_law(mempool_check(pool));
	assert_int_equal(mempool_resize(pool, 100), 0);
	assert_int_equal(pool->curr_nr, 100);
	assert_law(mempool_check(pool));
	/* with elements out: what is missing comes by frees when the owner has none */
	owner.dry = true;
	for (unsigned i = 0; i < 3; i++)
		e[i] = mempool_alloc(pool, GFP_ATOMIC);
	assert_int_equal(mempool_resize(pool, 1), 0);
	assert_int_equal(mempool_resize(pool, 3), 0);
	assert_int_equal(pool->curr_nr, 1);
	for (unsigned i = 0; i < 3; i++)
		mempool_free(e[i], pool);
	assert_int_equal(pool->curr_nr, 3);
	end_pool(pool);
}

static void a_reserve_of_nothing(void **state)
{
	mempool_t *pool = pool_of(0);
	void *e, *f;

	(void)state;
	owner.dry = true;
	assert_null(mempool_alloc(pool, GFP_ATOMIC));
	owner.dry = false;
	e = mempool_alloc(pool, GFP_ATOMIC);
	f = mempool_alloc(pool, GFP_ATOMIC);
	mempool_free(e, pool);
	mempool_free(f, pool);
	assert_int_equal(owner.freed, 1); /* the first was kept */
	assert_int_equal(mempool_resize(pool, 2), 0);
	assert_int_equal(pool->curr_nr, 2);
	end_pool(pool);
	assert_null(mempool_create(-1, make, unmake, &owner));
}

/* ---- inside something else; common things ----------------------------------------------------- */
static void embedded(void **state)
{
	struct {
		int before;
		mempool_t pool;
	} driver = { 0 };
	void *e;

	(void)state;
	mempool_exit(&driver.pool); /* never initialised */
	assert_false(mempool_initialized(&driver.pool));
	assert_int_equal(mempool_init_kmalloc_pool(&driver.pool, 5, 100), 0);
	assert_true(mempool_initialized(&driver.pool));
	e = mempool_alloc(&driver.pool, GFP_KERNEL);
	memset(e, 1, 100);
	assert_true(ksize(e) >= 100);
	mempool_free(e, &driver.pool);
	assert_law(mempool_check(&driver.pool));
	mempool_exit(&driver.pool);
	mempool_exit(&driver.pool); /* once is enough */
	assert_int_equal(mempool_init(&driver.pool, -1, mempool_kmalloc, mempool_kfree, NULL),
			 -EINVAL);
	assert_false(mempool_initialized(&driver.pool));
}

static void common_pools(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("pooled", 48, 0, SLAB_NO_MERGE, NULL);
	mempool_t *pools[] = {
		mempool_create_slab_pool(4, cache),
		mempool_create_kmalloc_pool(4, 3000),
		mempool_create_page_pool(4, 2),
	};
	struct page *page;
	void *e[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_non_null(pools[i]);
		assert_int_equal(pools[i]->curr_nr, 4);
		e[i] = mempool_alloc(pools[i], GFP_NOIO);
		assert_non_null(e[i]);
	}
	page = e[2];
	assert_int_equal(page_count(page), 1);
	assert_int_equal(page_to_pfn(page) & 3, 0);
	memset(page_address(page), 2, 4 * PAGE_SIZE);
	memset(e[0], 3, 48);
	memset(e[1], 4, 3000);
	for (unsigned i = 0; i < 3; i++) {
		mempool_free(e[i], pools[i]);
		assert_law(mempool_check(pools[i]));
		mempool_destroy(pools[i]);
	}
	kmem_cache_destroy(cache);
	mempool_destroy(NULL);
}

/* When there is not one frame any more, as many elements as promised can be in use. */
static void without_any_memory(void **state)
{
	static struct page *eaten[20000];
	mempool_t *pool = mempool_create_page_pool(8, 0);
	struct page *e[8];
	unsigned n = 0;

	(void)state;
	assert_non_null(pool);
	while ((eaten[n] = alloc_page(GFP_ATOMIC | __GFP_MEMALLOC | __GFP_NOWARN)))
		assert_true(++n < ARRAY_SIZE(eaten));
	for (unsigned i = 0; i < 8; i++) {
		e[i] = mempool_alloc(pool, GFP_KERNEL | __GFP_NOWARN);
		assert_non_null(e[i]);
	}
	assert_null(mempool_alloc(pool, GFP_NOWAIT));
	for (unsigned i = 0; i < 8; i++)
		mempool_free(e[i], pool);
	while (n)
		__free_page(eaten[--n]);
	mempool_destroy(pool);
}

/* What is refused in debug builds. */
static void refused(void **state)
{
	mempool_t *pool;

	(void)state;
	if (!QUIRE_DEBUG)
		skip();
	pool = pool_of(1);
	assert_panics(mempool_alloc(pool, GFP_KERNEL | __GFP_ZERO), "not zeroed");
	end_pool(pool);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, up, down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(reserve_is_used_last), T(reserve_alone), T(flags_of_the_tries),
		T(waits_for_a_free),     T(resize_wakes),  T(resize),
		T(a_reserve_of_nothing), T(embedded),      T(common_pools),
		T(without_any_memory),   T(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
