/* SPDX-License-Identifier: MIT */
/*
 * The frame allocator against a slow, obvious model: an array that says who owns each frame.
 *
 * After each step: every law of frames/ holds, no two blocks overlap, each lies where its flags
 * allow, and what is free is what nobody owns.  QUIRE_SEED=n replays a failure.
 */
#include <quire/tune.h>
#include <quire/zoneinfo.h>
#include "frames/frames.h"
#include "support/layers.h"

#define MAX_BLOCKS 400
/* Where every frame is a pageblock the laws take long to check. */
#define STEPS      (pageblock_order ? 3000u : 300u)

struct block {
	struct page *page;
	unsigned order;
};
static struct block block[MAX_BLOCKS];
static unsigned nr_blocks;
static unsigned owner[65536]; /* by frame: block number + 1, 0 = nobody; frames from 0 */
static unsigned long owned;

static const gfp_t gfps[] = { GFP_KERNEL,
			      GFP_HIGHUSER_MOVABLE,
			      GFP_ATOMIC,
			      GFP_DMA | __GFP_KSWAPD_RECLAIM,
			      GFP_KERNEL | __GFP_ZERO,
			      GFP_KERNEL | __GFP_RECLAIMABLE,
			      GFP_KERNEL | __GFP_COMP,
			      GFP_NOWAIT };

static void get(unsigned long step)
{
	gfp_t gfp = gfps[random_below(ARRAY_SIZE(gfps))] | __GFP_NOWARN;
	unsigned order = (unsigned)random_below(random_below(4) ? 4 : NR_PAGE_ORDERS);
	struct page *page = alloc_pages(gfp, order);
	unsigned long pfn;

	if (page && nr_blocks == MAX_BLOCKS)
		__free_pages(page, order);
	if (!page || nr_blocks == MAX_BLOCKS)
		return;
	pfn = page_to_pfn(page);
	if (pfn & ((1UL << order) - 1) || page_zonenum(page) > gfp_zone(gfp))
		fail_msg("step %lu, QUIRE_SEED=%llu: a block is not aligned or in the wrong zone",
			 step, random_seed);
	for (unsigned long i = 0; i < 1UL << order; i++) {
		if (owner[pfn + i])
			fail_msg("step %lu, QUIRE_SEED=%llu: frame %lu was given out twice", step,
				 random_seed, pfn + i);
		owner[pfn + i] = nr_blocks + 1;
	}
	if (gfp & __GFP_ZERO && *(unsigned long *)page_address(page))
		fail_msg("step %lu, QUIRE_SEED=%llu: not zero", step, random_seed);
	memset(page_address(page), 0x5a, 64);
	owned += 1UL << order;
	block[nr_blocks++] = (struct block){ page, order };
}

static void put(unsigned i)
{
	unsigned long pfn = page_to_pfn(block[i].page);

	for (unsigned long j = 0; j < 1UL << block[i].order; j++)
		owner[pfn + j] = 0;
	owned -= 1UL << block[i].order;
	if (PageFlag(block[i].page, PG_head) && random_below(2))
		put_page(block[i].page);
	else
		__free_pages(block[i].page, block[i].order);
	block[i] = block[--nr_blocks];
	if (i < nr_blocks) {
		pfn = page_to_pfn(block[i].page);
		for (unsigned long j = 0; j < 1UL << block[i].order; j++)
			owner[pfn + j] = i + 1;
	}
}

static unsigned long parked(void)
{
	unsigned long n = 0;
	struct zone *zone;

	for_each_populated_zone(zone) n += zone_pcp_pages(zone);
	return n;
}

/* Where no block is as large as a CPU's area there are no CPUs' lists. */
static void start(const struct posix_bank *banks, unsigned n)
{
	if (MAX_PAGE_ORDER >= 5) {
		start_frames(banks, n, 1);
		return;
	}
	assert_int_equal(posix_machine_start(&(struct posix_machine){ banks, n, 1 }), 0);
	frames_init();
	memblock_free_all();
	assert_law(frames_check());
}

static void run(unsigned long long seed, const struct posix_bank *banks, unsigned n)
{
	unsigned long base;

	random_start(seed);
	nr_blocks = 0;
	owned = 0;
	memset(owner, 0, sizeof(owner));
	start(banks, n);
	set_late_frees(random_below(4) != 0);
	base = totalram_pages() - nr_free_pages() - parked();
	for (unsigned long step = 0; step < STEPS; step++) {
		bool grow = step / 500 % 2 ? random_below(3) == 0 : random_below(3) != 0;

		if (random_below(100) == 0)
			drain_all_pages();
		else if (grow || !nr_blocks)
			get(step);
		else
			put((unsigned)random_below(nr_blocks));
		assert_law_seeded(frames_check(), step);
		if (nr_free_pages() + parked() + owned + base != totalram_pages())
			fail_msg("step %lu, QUIRE_SEED=%llu: frames are missing", step,
				 random_seed);
	}
	while (nr_blocks)
		put(nr_blocks - 1);
	stop_frames();
}

static void one_bank(void **state)
{
	const struct posix_bank banks[] = { { 1 << 20, 23 << 20, 0 } };

	(void)state;
	for (unsigned long long seed = 1; seed <= 3; seed++)
		run(seed, banks, 1);
}

static void odd_banks(void **state)
{
	const struct posix_bank banks[] = { { 0, 0x9f000, 0 },
					    { 0x100000, 0x703000, 0 },
					    { 0x1000000, 0x401000, 1 },
					    { 0x1401000, 0x3ff000, 0 },
					    { 0x8000000, 0x123000, 1 } };

	(void)state;
	for (unsigned long long seed = 11; seed <= 13; seed++)
		run(seed, banks, ARRAY_SIZE(banks));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_bank),
					    cmocka_unit_test(odd_banks) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
