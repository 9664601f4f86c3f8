/* SPDX-License-Identifier: MIT */
/*
 * mempool_race_test.c - threads as CPUs that share a small reserve: holders and sleepers, frees from
 * another CPU, and a reserve that changes its size; and shrinkers that are asked while others come and go.
 *
 * The owner has something to give now and then only, so that most of the time all live on the reserve.  Every
 * thread waits while it holds nothing, so somebody always can go on: a wake-up that is lost, or goes to the
 * wrong one, ends in a test that does not end.  An element says who holds it.
 */
#include <pthread.h>
#include <quire/err.h>
#include <quire/mempool.h>
#include <quire/shrinker.h>
#include "support/layers.h"

#define THREADS 5u
static unsigned long rounds = 20000;
static unsigned wrong, players;

static void expect(bool law)
{
	if (!law)
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
}

struct player {
	unsigned cpu;
	u64 rng;
	unsigned long waited, refused;
};

static unsigned draw(struct player *p, unsigned n)
{
	p->rng ^= p->rng << 13;
	p->rng ^= p->rng >> 7;
	p->rng ^= p->rng << 17;
	return (unsigned)((p->rng >> 32) * n >> 32);
}

/* ---- the pool -------------------------------------------------------------------------------- */
struct element {
	unsigned holder; /* thread + 1; 0: nobody */
};

static mempool_t *pool;
static long made, unmade;
static unsigned whim;

/* One time in eight, and always while the pool is made. */
static void *make(gfp_t gfp, void *data)
{
	struct element *e;

	(void)data;
	if (__atomic_fetch_add(&whim, 1, __ATOMIC_RELAXED) % 8 &&
	    __atomic_load_n(&players, __ATOMIC_RELAXED))
		return NULL;
	e = kzalloc(sizeof(*e), gfp);
	if (e)
		__atomic_fetch_add(&made, 1, __ATOMIC_RELAXED);
	return e;
}

static void unmake(void *element, void *data)
{
	(void)data;
	expect(!((struct element *)element)->holder);
	__atomic_fetch_add(&unmade, 1, __ATOMIC_RELAXED);
	kfree(element);
}

static void hold(struct player *p, struct element *e)
{
	expect(e && !__atomic_exchange_n(&e->holder, p->cpu + 1, __ATOMIC_RELAXED));
}

static void give(struct player *p, struct element *e)
{
	expect(__atomic_exchange_n(&e->holder, 0, __ATOMIC_RELAXED) == p->cpu + 1);
	mempool_free(e, pool);
}

/* What one thread took another may give back. */
static struct element *market[4];

static void trade(struct player *p, struct element *e)
{
	struct element **stall = &market[draw(p, ARRAY_SIZE(market))];

	__atomic_store_n(&e->holder, 0, __ATOMIC_RELAXED);
	mempool_free(__atomic_exchange_n(stall, e, __ATOMIC_ACQ_REL), pool);
}

static void clear_market(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(market); i++)
		mempool_free(__atomic_exchange_n(&market[i], NULL, __ATOMIC_ACQ_REL), pool);
}

static void play(struct player *p)
{
	struct element *e;

	switch (draw(p, 8)) {
	case 0:
		e = mempool_alloc(pool, GFP_ATOMIC);
		p->refused += !e;
		break;
	case 1: e = mempool_alloc_preallocated(pool); break;
	default:
		/* Nothing may lie about while we sleep. */
		clear_market();
		e = mempool_alloc(pool, GFP_NOIO);
		expect(e);
		p->waited++;
	}
	if (!e)
		return;
	hold(p, e);
	for (unsigned n = draw(p, 3); n; n--)
		port_yield();
	if (draw(p, 8))
		give(p, e);
	else
		trade(p, e);
}

static void *thread(void *arg)
{
	struct player *p = arg;

	posix_cpu_enter(p->cpu);
	for (unsigned long i = 0; i < rounds; i++)
		play(p);
	clear_market();
	posix_cpu_leave();
	__atomic_fetch_sub(&players, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* The market is nobody's to wait for: it is cleared all the time. */
static void *resizer(void *arg)
{
	struct player *p = arg;

	posix_cpu_enter(p->cpu);
	while (__atomic_load_n(&players, __ATOMIC_RELAXED)) {
		expect(mempool_resize(pool, 1 + (int)draw(p, 6)) == 0);
		clear_market();
		port_yield();
	}
	posix_cpu_leave();
	return NULL;
}

static void holders_and_sleepers(void **state)
{
	static struct player player[THREADS + 1];
	pthread_t threads[THREADS + 1];

	(void)state;
	start_heap(32, THREADS + 2);
	wrong = players = 0;
	pool = mempool_create(2, make, unmake, NULL);
	assert_non_null(pool);
	players = THREADS;
	for (unsigned i = 0; i <= THREADS; i++) {
		player[i] = (struct player){ .cpu = i + 1, .rng = 88172645463325252ULL * (i + 1) };
		assert_int_equal(pthread_create(&threads[i], NULL, i < THREADS ? thread : resizer,
						&player[i]),
				 0);
	}
	for (unsigned i = 0; i <= THREADS; i++)
		pthread_join(threads[i], NULL);
	clear_market();
	assert_int_equal(wrong, 0);
	assert_law(mempool_check(pool));
	mempool_destroy(pool);
	assert_int_equal(made, unmade);
	assert_int_equal(stop_heap(), 0);
}

/* ---- shrinkers ------------------------------------------------------------------------------- */
struct hoard {
	long has;
	bool gone; /* its shrinker was freed: nobody may ask any more */
};

static unsigned long count(struct shrinker *s, struct shrink_control *sc)
{
	struct hoard *h = s->private_data;

	(void)sc;
	expect(!__atomic_load_n(&h->gone, __ATOMIC_RELAXED));
	return (unsigned long)__atomic_load_n(&h->has, __ATOMIC_RELAXED);
}

static unsigned long let_go(struct shrinker *s, struct shrink_control *sc)
{
	struct hoard *h = s->private_data;
	long had = __atomic_exchange_n(&h->has, 0, __ATOMIC_RELAXED);
	long went = min(had, (long)sc->nr_to_scan);

	expect(!__atomic_load_n(&h->gone, __ATOMIC_RELAXED));
	__atomic_fetch_add(&h->has, had - went, __ATOMIC_RELAXED);
	return (unsigned long)went;
}

static unsigned long shrunk;

static void *shrinking(void *arg)
{
	struct player *p = arg;

	posix_cpu_enter(p->cpu);
	for (unsigned long i = 0; i < rounds / 10; i++) {
		struct hoard h = { 400, false };
		struct shrinker *s = NULL;

		if (draw(p, 4) == 0) {
			s = shrinker_alloc(0, "of CPU %u", p->cpu);
			expect(s);
			s->count_objects = count;
			s->scan_objects = let_go;
			s->private_data = &h;
			shrinker_register(s);
		}
		__atomic_fetch_add(&shrunk, shrink_slab(GFP_KERNEL, 0, (int)draw(p, 4)),
				   __ATOMIC_RELAXED);
		shrinker_free(s);
		__atomic_store_n(&h.gone, true, __ATOMIC_RELAXED);
	}
	posix_cpu_leave();
	return NULL;
}

static void shrinkers_come_and_go(void **state)
{
	static struct player player[THREADS];
	pthread_t threads[THREADS];

	(void)state;
	start_heap(32, THREADS + 1);
	wrong = 0;
	for (unsigned i = 0; i < THREADS; i++) {
		player[i] = (struct player){ .cpu = i + 1, .rng = 88172645463325252ULL * (i + 1) };
		assert_int_equal(pthread_create(&threads[i], NULL, shrinking, &player[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(wrong, 0);
	assert_true(shrunk > 0);
	assert_int_equal(stop_heap(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holders_and_sleepers),
		cmocka_unit_test(shrinkers_come_and_go),
	};

	if (getenv("QUIRE_RACE_ROUNDS"))
		rounds = strtoul(getenv("QUIRE_RACE_ROUNDS"), NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
