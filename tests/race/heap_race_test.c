/* SPDX-License-Identifier: MIT */
/*
 * heap_race_test.c - threads as CPUs that allocate objects and free them: their own and each other's,
 * in slabs of one frame and of several, with and without constructors, while slabs are drained,
 * caches shrink, come and go, and CPUs stop and start.
 *
 *   operations[]  ──drawn by chance──>  every thread  ──objects──>  market, where another frees them
 *
 * An object carries its own address, in its first and its last word, from when it is taken until it
 * is given back, so one that is handed out twice is found out.  At the end everything is given
 * back, the laws must hold and neither an object nor a frame may be missing.
 *
 * QUIRE_RACE_ROUNDS operations per thread (20,000); with QUIRE_RACE_SECONDS until so much time has
 * passed, for make soak.
 */
#include <pthread.h>
#include <time.h>
#include <quire/percpu.h>
#include "support/layers.h"

#define THREADS   4u
#define OWN       600u /* objects that a thread holds at most            */
#define STALLS    64u  /* of the market                                  */
#define NR_CACHES 5u

static const struct {
	const char *name;
	unsigned size;
	slab_flags_t flags;
	bool constructed;
} kinds[NR_CACHES] = {
	{ "race-16", 16, SLAB_NO_MERGE, false },
	{ "race-200", 200, SLAB_NO_MERGE, false },
	{ "race-3000", 3000, SLAB_NO_MERGE, false },
	{ "race-ctor", 72, SLAB_NO_MERGE, true },
	{ "race-debug", 40, SLAB_RED_ZONE | SLAB_CONSISTENCY_CHECKS, false },
};
static struct kmem_cache *cache[NR_CACHES];

struct object {
	unsigned long *at;
	unsigned words; /* of it                                          */
	int kind;       /* index in cache, or -1: kmalloc                 */
};

struct player {
	unsigned cpu;
	u64 rng;
	struct object own[OWN];
	unsigned n;
	unsigned long done;
};

static struct object stalls[STALLS];
static u32 stall_lock[STALLS];
static unsigned long rounds = 20000, seconds;
static unsigned wrong, stop;

static void expect(bool law)
{
	if (!law)
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
}

static unsigned draw(struct player *p, unsigned n)
{
	p->rng ^= p->rng << 13;
	p->rng ^= p->rng >> 7;
	p->rng ^= p->rng << 17;
	return (unsigned)((p->rng >> 32) * n >> 32);
}

static void construct(void *object)
{
	memset(object, 0, 72);
}

/* ---- objects --------------------------------------------------------------------------------- */
static void take(struct player *p, gfp_t gfp)
{
	struct object *o = &p->own[p->n];
	unsigned size;

	if (p->n == OWN)
		return;
	o->kind = (int)draw(p, 2 * NR_CACHES) - (int)NR_CACHES;
	size = o->kind >= 0 ? kinds[o->kind].size : 16 + draw(p, draw(p, 8) ? 400 : 9000);
	o->at = o->kind >= 0 ? kmem_cache_alloc(cache[o->kind], gfp | __GFP_NOWARN)
			     : kmalloc(size, gfp | __GFP_NOWARN);
	if (!o->at)
		return;
	o->words = size / (unsigned)sizeof(*o->at);
	if (o->kind >= 0 && kinds[o->kind].constructed)
		expect(!o->at[0] && !o->at[o->words - 1]);
	o->at[0] = o->at[o->words - 1] = (unsigned long)o->at;
	p->n++;
}

static void give(struct object o)
{
	expect(o.at[0] == (unsigned long)o.at);
	expect(o.at[o.words - 1] == (unsigned long)o.at);
	o.at[0] = o.at[o.words - 1] = 0; /* as constructed, too */
	if (o.kind >= 0)
		kmem_cache_free(cache[o.kind], o.at);
	else
		kfree(o.at);
}

static void give_one(struct player *p)
{
	unsigned i;

	if (!p->n)
		return;
	i = draw(p, p->n);
	give(p->own[i]);
	p->own[i] = p->own[--p->n];
}

/* ---- operations ------------------------------------------------------------------------------ */
static void op_take(struct player *p)
{
	take(p, draw(p, 2) ? GFP_KERNEL : GFP_ATOMIC);
}

static void op_take_many(struct player *p)
{
	for (unsigned n = draw(p, 200); n; n--)
		take(p, GFP_KERNEL);
}

static void op_give_many(struct player *p)
{
	for (unsigned n = draw(p, 200); n; n--)
		give_one(p);
}

/* Put an object on the market, where another thread finds it and frees it. */
static void op_trade(struct player *p)
{
	unsigned stall = draw(p, STALLS);
	struct object bought, none = { 0 };

	raw_lock(&stall_lock[stall]);
	bought = stalls[stall];
	stalls[stall] = p->n ? p->own[--p->n] : none;
	raw_unlock(&stall_lock[stall]);
	if (bought.at)
		give(bought);
}

static void op_trade_many(struct player *p)
{
	for (unsigned n = draw(p, 100); n; n--)
		op_trade(p);
}

static void op_in_interrupt(struct player *p)
{
	unsigned long flags = port_irq_save();

	quire_irq_enter();
	take(p, GFP_ATOMIC);
	give_one(p);
	quire_irq_exit();
	port_irq_restore(flags);
}

static void op_bulk(struct player *p)
{
	void *o[30];
	unsigned n = 1 + draw(p, 30), kind = draw(p, NR_CACHES);

	if (kmem_cache_alloc_bulk(cache[kind], GFP_KERNEL | __GFP_NOWARN, n, o) == (int)n) {
		for (unsigned i = 0; i < n; i++)
			memset(o[i], 0, kinds[kind].size);
		kmem_cache_free_bulk(cache[kind], n, o);
	}
}

static void op_drain(struct player *p)
{
	(void)p;
	heap_drain();
}

static void op_shrink(struct player *p)
{
	kmem_cache_shrink(cache[draw(p, NR_CACHES)]);
}

static void op_unplug(struct player *p)
{
	posix_cpu_leave();
	posix_cpu_enter(p->cpu);
}

static void op_come_and_go(struct player *p)
{
	struct kmem_cache *mine = kmem_cache_create("mine", 56, 0, SLAB_NO_MERGE, NULL);
	void *a, *b;

	(void)p;
	if (!mine)
		return;
	a = kmem_cache_alloc(mine, GFP_KERNEL | __GFP_NOWARN);
	b = kmem_cache_alloc(mine, GFP_KERNEL | __GFP_NOWARN);
	kmem_cache_free(mine, a);
	kmem_cache_free(mine, b);
	kmem_cache_destroy(mine);
}

static const struct operation {
	const char *name;
	unsigned weight; /* how often, of the sum of all                       */
	void (*run)(struct player *p);
} operations[] = {
	{ "take", 400, op_take },
	{ "take many", 10, op_take_many },
	{ "give", 330, give_one },
	{ "give many", 10, op_give_many },
	{ "trade", 150, op_trade },
	{ "trade many", 10, op_trade_many },
	{ "in an interrupt", 20, op_in_interrupt },
	{ "bulk", 10, op_bulk },
	{ "drain", 2, op_drain },
	{ "shrink", 5, op_shrink },
	{ "unplug", 3, op_unplug },
	{ "come and go", 2, op_come_and_go },
};
static unsigned long runs[ARRAY_SIZE(operations)];

/* ---- threads --------------------------------------------------------------------------------- */
static void play(struct player *p, unsigned all)
{
	unsigned at = draw(p, all), i = 0;

	while (at >= operations[i].weight)
		at -= operations[i++].weight;
	operations[i].run(p);
	__atomic_fetch_add(&runs[i], 1, __ATOMIC_RELAXED);
	p->done++;
}

static void *thread(void *arg)
{
	struct player *p = arg;
	unsigned all = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(operations); i++)
		all += operations[i].weight;
	posix_cpu_enter(p->cpu);
	while (seconds ? !__atomic_load_n(&stop, __ATOMIC_RELAXED) : p->done < rounds)
		play(p, all);
	while (p->n)
		give_one(p);
	posix_cpu_leave();
	return NULL;
}

static void objects_in_many_hands(void **state)
{
	static struct player players[THREADS];
	pthread_t threads[THREADS];
	struct timespec t = { (time_t)seconds, 0 };

	(void)state;
	start_heap(96, THREADS);
	for (unsigned i = 0; i < NR_CACHES; i++) {
		cache[i] = kmem_cache_create(kinds[i].name, kinds[i].size, 0, kinds[i].flags,
					     kinds[i].constructed ? construct : NULL);
		assert_non_null(cache[i]);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		players[i] = (struct player){ .cpu = i, .rng = 88172645463325252ULL * (i + 1) };
		assert_int_equal(pthread_create(&threads[i], NULL, thread, &players[i]), 0);
	}
	if (seconds)
		nanosleep(&t, NULL);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	posix_cpu_enter(0);
	assert_law(heap_check());
	for (unsigned i = 0; i < STALLS; i++)
		if (stalls[i].at)
			give(stalls[i]);
	memset(stalls, 0, sizeof(stalls));
	assert_law(heap_check());
	assert_int_equal(wrong, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(operations); i++)
		if (!runs[i])
			fail_msg("nobody did \"%s\"", operations[i].name);
	for (unsigned i = 0; i < NR_CACHES; i++)
		kmem_cache_destroy(cache[i]);
	assert_int_equal(stop_heap(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(objects_in_many_hands) };

	if (getenv("QUIRE_RACE_ROUNDS"))
		rounds = strtoul(getenv("QUIRE_RACE_ROUNDS"), NULL, 10);
	if (getenv("QUIRE_RACE_SECONDS"))
		seconds = strtoul(getenv("QUIRE_RACE_SECONDS"), NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
