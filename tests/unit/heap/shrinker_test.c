/* SPDX-License-Identifier: MIT */
/* Shrinkers: asked in proportion, in batches; what is put off is remembered. */
#include <limits.h>
#include <quire/err.h>
#include <quire/shrinker.h>
#include <quire/zoneinfo.h>
#include "support/layers.h"

/* A cache that is a number. */
struct hoard {
	unsigned long has[2]; /* by node                               */
	unsigned long scans, looked, largest;
	unsigned long refuse_after; /* calls until SHRINK_STOP; 0: never     */
	unsigned in_use;            /* of 10 objects so many cannot go       */
	bool lazy;                  /* says that it looked at none           */
	int last_nid;
	gfp_t last_gfp;
};

static unsigned long count(struct shrinker *s, struct shrink_control *sc)
{
	struct hoard *h = s->private_data;

	h->last_nid = sc->nid;
	h->last_gfp = sc->gfp_mask;
	assert_null(sc->memcg);
	return h->has[sc->nid] ? h->has[sc->nid] : SHRINK_EMPTY;
}

static unsigned long let_go(struct shrinker *s, struct shrink_control *sc)
{
	struct hoard *h = s->private_data;
	unsigned long n = min(sc->nr_to_scan, h->has[sc->nid]);

	assert_true(h->has[sc->nid] > 0 || h->scans > 0);
	assert_int_equal(sc->nr_scanned, sc->nr_to_scan);
	if (h->refuse_after && h->scans >= h->refuse_after)
		return SHRINK_STOP;
	h->scans++;
	h->looked += sc->nr_to_scan;
	h->largest = max(h->largest, sc->nr_to_scan);
	if (h->lazy)
		sc->nr_scanned = 0;
	n -= n * h->in_use / 10;
	h->has[sc->nid] -= n;
	return n;
}

static struct shrinker *hoarder(struct hoard *h, unsigned flags)
{
	struct shrinker *s = shrinker_alloc(flags, "hoard-%d", 7);

	assert_non_null(s);
	assert_string_equal(s->name, "hoard-7");
	assert_int_equal(s->seeks, DEFAULT_SEEKS);
	s->count_objects = count;
	s->scan_objects = let_go;
	s->private_data = h;
	shrinker_register(s);
	return s;
}

static unsigned long all_vm_event(enum vm_event_item item)
{
	unsigned long sum[NR_VM_EVENT_ITEMS];

	all_vm_events(sum);
	return sum[item];
}

static int up(void **state)
{
	(void)state;
	start_heap(16, 1);
	return 0;
}

static int down(void **state)
{
	(void)state;
	assert_int_equal(shrink_slab(GFP_KERNEL, 0, 0), 0); /* nobody is left on the list */
	assert_int_equal(stop_heap(), 0);
	return 0;
}

/* ---- how many -------------------------------------------------------------------------------- */
static void in_proportion(void **state)
{
	static const struct {
		unsigned long has;
		int seeks, priority;
		long batch;
		unsigned long looked, scans, put_off;
	} rows[] = {
		/* 4 / seeks of what it has, by 2^priority, in whole batches */
		{ 40960, 2, 4, 0, 5120, 40, 0 },
		{ 40960, 2, 5, 0, 2560, 20, 0 },
		{ 40960, 4, 4, 0, 2560, 20, 0 },
		{ 40960, 1, 4, 0, 10240, 80, 0 },
		{ 40960, 2, 12, 0, 0, 0, 20 },
		{ 40960, 2, 4, 1000, 5000, 5, 120 },
		{ 40960, 2, 4, 6000, 0, 0, 5120 },
		{ 41000, 2, 4, 0, 5120, 40, 4 },
		/* what costs nothing to make again: half each time, however dear memory is */
		{ 40960, 0, 12, 0, 20480, 160, 0 },
		/* a small cache is looked at as a whole, or not at all */
		{ 50, 2, 12, 0, 0, 0, 0 },
		{ 50, 2, 1, 0, 50, 1, 0 },
		{ 50, 2, 2, 0, 0, 0, 24 },
		/* all of it, and never more than twice */
		{ 1000, 2, 0, 0, 1920, 15, 80 },
		{ 1000, 1, 0, 0, 1920, 15, 80 },
		{ 1000, 2, -5, 0, 1920, 15, 80 },
		{ 1000, 2, 1000, 0, 0, 0, 0 },
		{ 0, 2, 0, 0, 0, 0, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned long scanned = all_vm_event(SLABS_SCANNED);
		/* all are in use: how many are asked for does not depend on what went */
		struct hoard h = { .has = { rows[i].has }, .in_use = 10 };
		struct shrinker *s = hoarder(&h, 0);

		s->seeks = rows[i].seeks;
		s->batch = rows[i].batch;
		assert_int_equal(shrink_slab(GFP_NOFS, 0, rows[i].priority), 0);
		if (h.looked != rows[i].looked || h.scans != rows[i].scans ||
		    atomic_long_read(&s->nr_deferred[0]) != (long)rows[i].put_off)
			fail_msg("row %u: %lu in %lu calls, %ld put off", i, h.looked, h.scans,
				 atomic_long_read(&s->nr_deferred[0]));
		assert_int_equal(h.last_gfp, GFP_NOFS);
		assert_int_equal(all_vm_event(SLABS_SCANNED), scanned + h.looked);
		shrinker_free(s);
	}
}

static void enormous(void **state)
{
	struct hoard h = { .has = { ULONG_MAX - 2 }, .refuse_after = 3 };
	struct shrinker *s = hoarder(&h, 0);

	(void)state;
	assert_int_equal(shrink_slab(GFP_KERNEL, 0, 0), 3 * 128);
	assert_true(atomic_long_read(&s->nr_deferred[0]) > 0);
	assert_int_equal(shrink_slab(GFP_KERNEL, 0, 0), 0);
	assert_true(atomic_long_read(&s->nr_deferred[0]) > 0);
	shrinker_free(s);
}

/* ---- what is put off ------------------------------------------------------------------------- */
static void put_off_and_made_up_for(void **state)
{
	struct hoard h = { .has = { 40960 }, .in_use = 10 };
	struct shrinker *s = hoarder(&h, 0);
	unsigned calls = 0;

	(void)state;
	/* 20 at a time come to a batch now and then, once memory is as low as it was */
	while (!h.scans && calls++ < 100)
		(void)shrink_slab(GFP_KERNEL, 0, 12);
	assert_int_equal(h.scans, 0); /* at that priority a remainder weighs nothing */
	assert_int_equal(atomic_long_read(&s->nr_deferred[0]), 100 * 20);
	(void)shrink_slab(GFP_KERNEL, 0, 6);
	assert_int_equal(h.looked, 10 * 128); /* 1,280 of its own, 2,000 / 64 too few for a batch */
	assert_int_equal(atomic_long_read(&s->nr_deferred[0]), 2000);
	(void)shrink_slab(GFP_KERNEL, 0, 1);
	assert_int_equal(atomic_long_read(&s->nr_deferred[0]),
			 2000 + 40960 - (40960 + 1000) / 128 * 128);
	shrinker_free(s);
}

/* Who cannot do anything now is asked for it later, but not for more than twice what it has. */
static void refusals(void **state)
{
	struct hoard h = { .has = { 4096 }, .refuse_after = 1 };
	struct shrinker *s = hoarder(&h, 0);

	(void)state;
	h.scans = 1;
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(shrink_slab(GFP_KERNEL, 0, 1), 0);
	assert_int_equal(h.looked, 0);
	assert_int_equal(atomic_long_read(&s->nr_deferred[0]), 2 * 4096);
	h.refuse_after = 0;
	assert_int_equal(shrink_slab(GFP_KERNEL, 0, 1), 4096); /* at last */
	assert_int_equal(h.has[0], 0);
	assert_int_equal(shrink_slab(GFP_KERNEL, 0, 0), 0);
	shrinker_free(s);

	h = (struct hoard){ .has = { 10000 }, .lazy = true };
	s = hoarder(&h, 0);
	assert_int_equal(shrink_slab(GFP_KERNEL, 0, 0), 128); /* once, and not for ever */
	assert_int_equal(h.scans, 1);
	shrinker_free(s);
}

/* ---- who is asked ---------------------------------------------------------------------------- */
static void by_node(void **state)
{
	struct hoard a = { .has = { 1280, 2560 } }, b = { .has = { 1280, 2560 } };
	struct shrinker *aware = hoarder(&a, SHRINKER_NUMA_AWARE), *other = hoarder(&b, 0);

	(void)state;
	if (QUIRE_NR_NODES < 2)
		skip();
	assert_int_equal(shrink_slab(GFP_KERNEL, 1, 0), 2560 + 1280);
	assert_int_equal(a.last_nid, 1);
	assert_int_equal(a.has[0], 1280);
	assert_int_equal(b.last_nid, 0);
	assert_int_equal(b.has[0], 0);
	assert_int_equal(b.has[1], 2560);
	shrinker_free(other);
	shrinker_free(aware);
}

static struct shrinker old_style;

static void the_older_way(void **state)
{
	struct hoard h = { .has = { 256 } };

	(void)state;
	memset(&old_style, 0, sizeof(old_style));
	posix_log_take();
	assert_int_equal(register_shrinker(&old_style, "old-%s", "style"), -EINVAL);
	assert_true(logged("shrinker old-style: it lacks a function"));
	unregister_shrinker(&old_style); /* it is not */
	old_style.count_objects = count;
	old_style.scan_objects = let_go;
	old_style.private_data = &h;
	old_style.seeks = DEFAULT_SEEKS;
	old_style.batch = -1;
	assert_int_equal(register_shrinker(&old_style, "old"), -EINVAL);
	old_style.batch = 0;
	assert_int_equal(register_shrinker(&old_style, "old"), 0);
	assert_int_equal(register_shrinker(&old_style, "old"), -EINVAL); /* twice */
	assert_int_equal(shrink_slab(GFP_KERNEL, 0, 0), 256);
	unregister_shrinker(&old_style);
	h.has[0] = 256;
	assert_int_equal(shrink_slab(GFP_KERNEL, 0, 0), 0);
	shrinker_free(NULL);
	shrinker_free(shrinker_alloc(0, "never registered"));
}

/* Objects that hold others go first, and those then. */
static struct hoard *inner_hoard;

static unsigned long let_outer_go(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long n = let_go(s, sc);

	inner_hoard->has[0] += n;
	return n;
}

static void drop_all(void **state)
{
	struct hoard inner = { .has = { 10 } }, outer = { .has = { 500 } };
	struct shrinker *a = hoarder(&inner, 0), *b = hoarder(&outer, 0);
	unsigned long drops = all_vm_event(DROP_SLAB);

	(void)state;
	inner_hoard = &inner;
	b->scan_objects = let_outer_go;
	assert_int_equal(drop_slab(), 10 + 500 + 500);
	assert_int_equal(inner.has[0] + outer.has[0], 0);
	assert_int_equal(all_vm_event(DROP_SLAB), drops + 1);
	assert_int_equal(drop_slab(), 0);
	shrinker_free(a);
	shrinker_free(b);
}

/* ---- what is told ---------------------------------------------------------------------------- */
static unsigned long started[3], ended[3];

static void listen(void *arg, enum quire_event_id id, unsigned long a, unsigned long b,
		   unsigned long c)
{
	unsigned long *to = id == EVENT_mm_shrink_slab_start ? started : ended;

	(void)arg;
	if (id != EVENT_mm_shrink_slab_start && id != EVENT_mm_shrink_slab_end)
		return;
	to[0] = a;
	to[1] = b;
	to[2] = c;
}

static void events(void **state)
{
	const struct quire_event_sink sink = { listen, NULL };
	struct hoard h = { .has = { 41000 } };
	struct shrinker *s = hoarder(&h, 0);

	(void)state;
	quire_event_listen(&sink);
	assert_int_equal(shrink_slab(GFP_KERNEL, 0, 4), 5120);
	quire_event_listen(NULL);
	assert_int_equal(started[0], (unsigned long)s);
	assert_int_equal(started[1], 5124);
	assert_int_equal(started[2], 4);
	assert_int_equal(ended[0], (unsigned long)s);
	assert_int_equal(ended[1], 5120);
	assert_int_equal(ended[2], 4);
	shrinker_free(s);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, up, down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(in_proportion), T(enormous), T(put_off_and_made_up_for),
		T(refusals),      T(by_node),  T(the_older_way),
		T(drop_all),      T(events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
