/* SPDX-License-Identifier: MIT */
/* Compaction: what it gains, what it costs, what it leaves alone; the indices; kcompactd. */
#include <quire/compaction.h>
#include "frames/frames.h"
#include "support/movers.h"

#define MIB (1ULL << 20)
static struct page *stays[20000];
static unsigned nr_stays;

static int up(void **state)
{
	const struct posix_bank bank = { 16 * MIB, 64 * MIB, 0 };

	(void)state;
	start_frames(&bank, 1, 2);
	compaction_init();
	nr_moves = 0;
	nr_stays = 0;
	return 0;
}

static int down(void **state)
{
	(void)state;
	movers_free();
	while (nr_stays)
		__free_page(stays[--nr_stays]);
	stop_frames();
	return 0;
}

static struct zone *the_zone(void)
{
	struct zone *zone;

	for_each_populated_zone(zone) return zone;
	return NULL;
}

/* Fill memory with movable frames, then free a random half of them. */
static unsigned fragment(unsigned long long seed)
{
	unsigned n = 0;

	while (n < MAX_MOVERS && mover_get(n, GFP_HIGHUSER_MOVABLE | __GFP_MEMALLOC | __GFP_NOWARN))
		n++;
	assert_true(n < MAX_MOVERS);
	random_start(seed);
	for (unsigned i = 0; i < n; i++)
		if (random_below(2))
			mover_put(i);
	drain_all_pages();
	return n;
}

static unsigned long whole_blocks(void)
{
	return zone_page_state(the_zone(), NR_FREE_PAGES_BLOCKS) >> pageblock_order;
}

/* Frames in the emptiest pageblocks that have to be emptied so that `blocks` are whole. */
static unsigned long greedy_moves(unsigned long blocks)
{
	unsigned used[64], n = 0;
	const struct zone_groups *gs = &the_zone()->groups;
	unsigned long moves = 0;

	for (u32 g = 0; g < gs->nr && n < 64; g++)
		used[n++] = GROUP_FRAMES - gs->group[g].nr_free;
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = i + 1; j < n; j++)
			if (used[j] < used[i]) {
				unsigned t = used[i];

				used[i] = used[j];
				used[j] = t;
			}
	for (unsigned i = 0; i < blocks && i < n; i++)
		moves += used[i];
	return moves;
}

static void everything(void **state)
{
	unsigned long ideal, greedy;

	(void)state;
	fragment(1);
	assert_int_equal(whole_blocks(), 0);
	ideal = nr_free_pages() >> pageblock_order;
	greedy = greedy_moves(ideal);
	assert_true(ideal > 10);
	compact_memory();
	assert_law(frames_check());
	movers_check();
	assert_true(whole_blocks() * 100 >= ideal * 98);
	assert_true(nr_moves * 10 <= greedy * 11);
	/* and there is nothing left to do */
	nr_moves = 0;
	compact_memory();
	assert_true(nr_moves <= 2 * GROUP_FRAMES);
}

static void for_one_request(void **state)
{
	struct page *block;

	(void)state;
	fragment(2);
	assert_int_equal(fragmentation_index(the_zone(), 0), -1000);
	assert_true(fragmentation_index(the_zone(), pageblock_order) > 500);
	assert_int_equal(unusable_index(the_zone(), 0), 0);
	assert_int_equal(unusable_index(the_zone(), pageblock_order), 1000);
	assert_null(alloc_pages(GFP_NOWAIT, pageblock_order)); /* who may not wait moves nothing */
	assert_int_equal(nr_moves, 0);
	block = alloc_pages(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN, pageblock_order);
	assert_non_null(block);
	assert_true(nr_moves > 0 && nr_moves < 3 * GROUP_FRAMES); /* no more than it takes */
	assert_int_equal(fragmentation_index(the_zone(), pageblock_order) > 500, 1);
	movers_check();
	__free_pages(block, pageblock_order);
	drain_all_pages();
	assert_int_equal(fragmentation_index(the_zone(), pageblock_order), -1000);
	assert_law(frames_check());
}

/* A pageblock with a few frames that stay is not emptied for nothing. */
static void what_stays(void **state)
{
	const gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_MEMALLOC | __GFP_NOWARN;
	unsigned n = 0;

	(void)state;
	for (; n < MAX_MOVERS; n++) {
		if (n % 128 == 0 && (stays[nr_stays] = alloc_page(gfp)))
			nr_stays++;
		if (!mover_get(n, gfp))
			break;
	}
	for (unsigned i = 0; i < n; i += 2)
		mover_put(i);
	compact_memory();
	assert_int_equal(whole_blocks(), 0);
	assert_true(nr_moves < GROUP_FRAMES);
	movers_check();
}

static void nothing_to_gain(void **state)
{
	(void)state;
	compact_memory();
	assert_int_equal(nr_moves, 0);
	assert_int_equal(compact_zone(the_zone(), (int)pageblock_order, MIGRATE_SYNC),
			 COMPACT_SUCCESS);
	for (unsigned i = 0; mover_get(i, GFP_HIGHUSER_MOVABLE | __GFP_MEMALLOC | __GFP_NOWARN);
	     i++)
		assert_true(i < MAX_MOVERS);
	assert_int_equal(compact_zone(the_zone(), 3, MIGRATE_SYNC), COMPACT_SKIPPED);
	assert_int_equal(nr_moves, 0);
}

/* A zone where it failed is left alone for a while. */
static void deferred(void **state)
{
	unsigned n = 0, tried = 0;

	(void)state;
	while (n < 8000 && (stays[n] = alloc_page(GFP_HIGHUSER_MOVABLE)))
		n++;
	nr_stays = n;
	for (; mover_get(n, GFP_HIGHUSER_MOVABLE | __GFP_MEMALLOC | __GFP_NOWARN); n++)
		;
	for (unsigned i = 0; i < nr_stays; i += 2) { /* holes between frames that nobody can move */
		__free_page(stays[i]);
		stays[i / 2] = stays[i + 1];
	}
	nr_stays /= 2;
	drain_all_pages();
	for (unsigned i = 0; i < 64; i++)
		tried += compact_for(the_zone(), pageblock_order, MIGRATE_SYNC) == COMPACT_COMPLETE;
	assert_in_range(tried, 1, 10);
}

static void score_and_thread(void **state)
{
	(void)state;
	assert_in_range(fragmentation_score_node(0), 0, 15);
	assert_false(kcompactd_work(0));
	fragment(3);
	assert_in_range(fragmentation_score_node(0), 95, 100);
	kcompactd_poke(0);
	assert_true(kcompactd_work(0));
	assert_in_range(fragmentation_score_node(0), 0, 15);
	assert_false(kcompactd_work(0)); /* it was asked once */
	sysctl_compaction_proactiveness = 0;
	movers_free();
	fragment(4);
	kcompactd_poke(0);
	assert_false(kcompactd_work(0));
	sysctl_compaction_proactiveness = 20;
	/* a request that was refused is a reason too */
	assert_null(alloc_pages(GFP_ATOMIC | __GFP_NOWARN, pageblock_order));
	assert_true(kcompactd_work(0));
	movers_check();
	assert_law(frames_check());
}

/* Every second frame is the kernel's and stays: kcompactd tries in vain. */
static void try_in_vain(void)
{
	unsigned n = 0;

	while (n < ARRAY_SIZE(stays) && (stays[n] = alloc_page(GFP_ATOMIC | __GFP_NOWARN)))
		n++;
	assert_true(n < ARRAY_SIZE(stays));
	for (unsigned i = 0; i < n; i += 2)
		__free_page(stays[i]);
	drain_all_pages();
	assert_in_range(fragmentation_score_node(0), 91, 100);
	kcompactd_poke(0);
	assert_false(kcompactd_work(0));
	for (unsigned i = 1; i < n; i += 2)
		__free_page(stays[i]);
	drain_all_pages();
}

static void vain_attempts(void **state)
{
	(void)state;
	try_in_vain();
	fragment(5);
	for (unsigned i = 0; i < 64; i++) {
		kcompactd_poke(0);
		assert_false(kcompactd_work(0)); /* it may be in vain again */
	}
	kcompactd_poke(0);
	assert_true(kcompactd_work(0));
	/* a new setting is a reason to look at once */
	movers_free();
	try_in_vain();
	fragment(6);
	sysctl_compaction_proactiveness = 30;
	kcompactd_poke(0);
	assert_true(kcompactd_work(0));
	sysctl_compaction_proactiveness = 20;
	movers_check();
	assert_law(frames_check());
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, up, down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(everything), T(for_one_request),  T(what_stays),    T(nothing_to_gain),
		T(deferred),   T(score_and_thread), T(vain_attempts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
