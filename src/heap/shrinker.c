/* SPDX-License-Identifier: MIT */
/*
 * heap/shrinker.c - who keeps things that could go, and how many each of them is asked for.
 *
 *   has 40,000 ── priority 12, seeks 2 ──> share 18 ──┐
 *                 priority 6               share 1,250 ┼──> due ── whole batches of 128 ──> scan_objects
 *                            put off before: 300 ──────┘     └── the rest is put off
 *
 * Always true:  what is put off is at most twice what the shrinker last said it has, so that one who
 *               refuses for long is not emptied in one go afterwards.
 * Lock:         shrinkers.lock: for reading while they are asked, which may sleep; for writing when one
 *               comes or goes.  Who asks does not wait for it.
 */
#include <quire/err.h>
#include <quire/event.h>
#include <quire/shrinker.h>
#include "heap/heap.h"

static struct {
	struct rw_semaphore lock;
	struct list_head list; /* shrinker->list, oldest first */
} shrinkers = { RWSEM_INITIALIZER(shrinkers.lock), LIST_HEAD_INIT(shrinkers.list) };

/* ---- coming and going ------------------------------------------------------------------------ */
static void set_name(struct shrinker *shrinker, const char *fmt, va_list ap)
{
	quire_vsnprintf(shrinker->name, sizeof(shrinker->name), fmt, ap);
}

struct shrinker *shrinker_alloc(unsigned flags, const char *fmt, ...)
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);
	va_list ap;

	if (!shrinker)
		return NULL;
	shrinker->flags = flags | SHRINKER_ALLOCATED;
	shrinker->seeks = DEFAULT_SEEKS;
	va_start(ap, fmt);
	set_name(shrinker, fmt, ap);
	va_end(ap);
	return shrinker;
}

static int add(struct shrinker *shrinker)
{
	if (!shrinker->count_objects || !shrinker->scan_objects || shrinker->seeks < 0 ||
	    shrinker->batch < 0 || shrinker->flags & SHRINKER_REGISTERED) {
		pr_warn("shrinker %s: it lacks a function, or is registered already\n",
			shrinker->name);
		return -EINVAL;
	}
	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		atomic_long_set(&shrinker->nr_deferred[nid], 0);
	down_write(&shrinkers.lock);
	shrinker->flags |= SHRINKER_REGISTERED;
	list_add_tail(&shrinker->list, &shrinkers.list);
	up_write(&shrinkers.lock);
	return 0;
}

void shrinker_register(struct shrinker *shrinker)
{
	int err = add(shrinker);

	quire_assert(!err, "the shrinker can be registered");
	(void)err;
}

void unregister_shrinker(struct shrinker *shrinker)
{
	if (!(shrinker->flags & SHRINKER_REGISTERED))
		return;
	down_write(&shrinkers.lock); /* nobody is asking */
	list_del(&shrinker->list);
	shrinker->flags &= ~SHRINKER_REGISTERED;
	up_write(&shrinkers.lock);
}

void shrinker_free(struct shrinker *shrinker)
{
	if (!shrinker)
		return;
	unregister_shrinker(shrinker);
	quire_assert(shrinker->flags & SHRINKER_ALLOCATED, "it came from shrinker_alloc()");
	kfree(shrinker);
}

int register_shrinker(struct shrinker *shrinker, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_name(shrinker, fmt, ap);
	va_end(ap);
	return add(shrinker);
}

/* ---- asking ---------------------------------------------------------------------------------- */
#define LAST_PRIORITY 31 /* a share of nothing, nearly */

/* What the shrinker should look at because of this call alone. */
static unsigned long share(unsigned long has, int seeks, int priority)
{
	u64 part = (u64)has >> priority;

	if (!seeks)
		return has / 2;
	part = part > ~0ULL / 4 ? ~0ULL : part * 4;
	return (unsigned long)min(part / (unsigned)seeks, (u64)~0UL);
}

static unsigned long sum_up_to(unsigned long a, unsigned long b, unsigned long most)
{
	return a > most || b > most - a ? most : a + b;
}

/* The most that is asked for, and put off. */
static unsigned long twice(unsigned long n)
{
	return n > ~0UL >> 2 ? ~0UL >> 1 : 2 * n;
}

/* Have it look at what is due, of `has` objects, in batches; a cache smaller than a batch is looked at as a
 * whole.  Adds to *freed; returns how many were looked at. */
static unsigned long scan(struct shrinker *shrinker, struct shrink_control *sc, unsigned long has,
			  unsigned long due, unsigned long *freed)
{
	unsigned long batch = shrinker->batch ? (unsigned long)shrinker->batch : SHRINK_BATCH;
	unsigned long done = 0;

	while (done < due && (due - done >= batch || due - done >= has)) {
		unsigned long got;

		sc->nr_to_scan = sc->nr_scanned = min(batch, due - done);
		got = shrinker->scan_objects(shrinker, sc);
		if (got == SHRINK_STOP)
			break;
		*freed += got;
		if (!sc->nr_scanned)
			break; /* it did not even look */
		done += min(sc->nr_scanned, due - done);
		count_vm_events(SLABS_SCANNED, (long)sc->nr_scanned);
	}
	return done;
}

/* Objects that it freed. */
static unsigned long ask(struct shrinker *shrinker, gfp_t gfp, int nid, int priority)
{
	struct shrink_control sc = { .gfp_mask = gfp, .nid = nid };
	unsigned long has, fresh, old, due, done, freed = 0;
	atomic_long_t *deferred;

	if (!(shrinker->flags & SHRINKER_NUMA_AWARE))
		sc.nid = 0;
	has = shrinker->count_objects(shrinker, &sc);
	if (!has || has == SHRINK_EMPTY)
		return 0;
	deferred = &shrinker->nr_deferred[sc.nid];
	/* Two may ask at a time: what is put off is dealt with by one of them. */
	old = (unsigned long)__atomic_exchange_n(&deferred->counter, 0, __ATOMIC_RELAXED);
	fresh = share(has, shrinker->seeks, priority);
	due = sum_up_to(fresh, old >> priority, twice(has));
	quire_event(mm_shrink_slab_start, shrinker, due, priority);
	done = scan(shrinker, &sc, has, due, &freed);
	fresh = sum_up_to(fresh, old, twice(has));
	if (fresh > done)
		atomic_long_add((long)(fresh - done), deferred);
	quire_event(mm_shrink_slab_end, shrinker, freed, atomic_long_read(deferred));
	return freed;
}

unsigned long shrink_slab(gfp_t gfp_mask, int nid, int priority)
{
	struct shrinker *shrinker;
	unsigned long freed = 0;

	lock_debug_assert_none("shrink_slab");
	priority = max(0, min(priority, LAST_PRIORITY));
	if (!down_read_trylock(&shrinkers.lock))
		return 0;
	list_for_each_entry(shrinker, &shrinkers.list, list)
		freed += ask(shrinker, gfp_mask, nid, priority);
	up_read(&shrinkers.lock);
	return freed;
}

#define DROP_PASSES 16u /* objects that hold others go first, and those then */

unsigned long drop_slab(void)
{
	unsigned long freed = 0, before;
	unsigned pass = 0;

	do {
		struct pglist_data *node;

		before = freed;
		for_each_online_pgdat(node) freed += shrink_slab(GFP_KERNEL, (int)node->node_id, 0);
	} while (freed != before && ++pass < DROP_PASSES);
	count_vm_event(DROP_SLAB);
	return freed;
}
