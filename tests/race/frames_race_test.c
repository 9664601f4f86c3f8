/* SPDX-License-Identifier: MIT */
/*
 * frames_race_test.c - threads as CPUs that take frames and give them back: their own and each
 * other's, of every order, while lists are drained, frames move, ranges are claimed, and sections of
 * memory and CPUs come and go.
 *
 *   operations[]  ──drawn by chance──>  every thread  ──frames──>  market, where another takes them
 *
 * A block carries its frame number in its first words from when it is taken until it is given back,
 * so one that is handed out twice is found out.  Some single frames may be moved at any time by who
 * compacts, claims or takes a section away; their owner finds in them what it put there.  At the end everything is given back, the laws must
 * hold and no frame may be missing.
 *
 * QUIRE_RACE_ROUNDS operations per thread (20,000); with QUIRE_RACE_SECONDS until so much time has
 * passed, for make soak.
 */
#include <pthread.h>
#include <time.h>
#include <quire/compaction.h>
#include <quire/contig.h>
#include <quire/err.h>
#include <quire/memory_failure.h>
#include <quire/migrate.h>
#include <quire/zoneinfo.h>
#include "support/layers.h"

#define THREADS 4u
#define OWN     256u /* blocks that a thread holds at most             */
#define STALLS  64u  /* of the market                                  */
#define MOVABLE 128u /* movable frames that a thread holds at most     */

static const struct posix_bank bank = { 1 << 20, 96 << 20, 0 };

struct player {
	unsigned cpu;
	u64 rng;
	struct {
		struct page *page;
		unsigned order;
	} own[OWN];
	unsigned n;
	unsigned long done;
	u32 lock; /* guards movable[]: the owner and whoever moves frames */
	struct page *movable[MOVABLE];
};

static struct player players[THREADS];

/* A stall holds a block, or nothing: the address of its first frame with the order below it. */
static unsigned long market[STALLS];
static unsigned long rounds = 20000, seconds;
static unsigned wrong, stop;
static unsigned long moves, went, came; /* frames; sections offline and online     */

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

/* ---- marks ----------------------------------------------------------------------------------- */
static unsigned long *mark_of(struct page *page)
{
	return page_address(page);
}

static void mark(struct page *page, unsigned order)
{
	for (unsigned long i = 0; i < 1UL << order; i++)
		*mark_of(page + i) = page_to_pfn(page + i);
}

static void check_mark(struct page *page, unsigned order)
{
	for (unsigned long i = 0; i < 1UL << order; i++) {
		expect(*mark_of(page + i) == page_to_pfn(page + i));
		*mark_of(page + i) = 0;
	}
}

/* ---- blocks ---------------------------------------------------------------------------------- */
static void take(struct player *p, gfp_t gfp, unsigned order)
{
	struct page *page;

	if (p->n == OWN)
		return;
	page = alloc_pages(gfp | __GFP_NOWARN, order);
	if (!page)
		return;
	expect(page_count(page) == 1);
	mark(page, order);
	p->own[p->n].page = page;
	p->own[p->n++].order = order;
}

static void give(struct page *page, unsigned order)
{
	check_mark(page, order);
	__free_pages(page, order);
}

static void give_one(struct player *p)
{
	unsigned i;

	if (!p->n)
		return;
	i = draw(p, p->n);
	give(p->own[i].page, p->own[i].order);
	p->own[i] = p->own[--p->n];
}

/* ---- frames that move ------------------------------------------------------------------------ */
/* A movable frame's `private` says whose it is and where its owner keeps it. */
static struct page **slot_of(const struct page *page, struct player **p)
{
	*p = &players[page->private / MOVABLE];
	return &(*p)->movable[page->private % MOVABLE];
}

static int movable_migrate(struct page *to, struct page *from, enum migrate_mode mode);
static const struct movable_ops movable_ops = { .migrate_page = movable_migrate };

static int movable_migrate(struct page *to, struct page *from, enum migrate_mode mode)
{
	struct player *p;
	struct page **slot = slot_of(from, &p);

	(void)mode;
	raw_lock(&p->lock);
	expect(*slot == from);
	port_copy_page(page_address(to), page_address(from));
	to->private = from->private;
	get_page(to);
	__SetPageMovable(to, &movable_ops);
	__ClearPageMovable(from);
	WRITE_ONCE(*slot, to);
	raw_unlock(&p->lock);
	put_page(from);
	__atomic_fetch_add(&moves, 1, __ATOMIC_RELAXED);
	return 0;
}

/* A frame for a free place. */
static void op_take_movable(struct player *p)
{
	unsigned i = draw(p, MOVABLE);
	struct page *page;

	if (READ_ONCE(p->movable[i])) /* only we fill places */
		return;
	page = alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN);
	if (!page)
		return;
	page->private = p->cpu * MOVABLE + i;
	*mark_of(page) = ~(unsigned long)page->private;
	raw_lock(&p->lock);
	p->movable[i] = page;
	raw_unlock(&p->lock);
	__SetPageMovable(page, &movable_ops);
}

/* Who moves frames locks the page and then wants our lock. */
static struct page *claim_movable(struct player *p, unsigned i)
{
	for (;;) {
		struct page *page;

		raw_lock(&p->lock);
		page = p->movable[i];
		if (!page || !TestSetPageFlag(page, PG_locked)) {
			p->movable[i] = NULL;
			raw_unlock(&p->lock);
			return page;
		}
		raw_unlock(&p->lock);
		port_cpu_relax();
	}
}

static void give_movable(struct player *p, unsigned i)
{
	struct page *page = claim_movable(p, i);

	if (!page)
		return;
	expect(*mark_of(page) == ~(unsigned long)page->private);
	expect(page->private == p->cpu * MOVABLE + i);
	__ClearPageMovable(page);
	ClearPageFlag(page, PG_locked);
	put_page(page);
}

static void op_give_movable(struct player *p)
{
	give_movable(p, draw(p, MOVABLE));
}

/* ---- operations ------------------------------------------------------------------------------ */
static void op_take(struct player *p)
{
	static const gfp_t gfp[] = { GFP_KERNEL, GFP_HIGHUSER_MOVABLE, GFP_ATOMIC,
				     GFP_KERNEL | __GFP_RECLAIMABLE };

	take(p, gfp[draw(p, 4)], draw(p, 8) ? draw(p, 4) : draw(p, MAX_PAGE_ORDER));
}

static void op_take_many(struct player *p)
{
	for (unsigned n = draw(p, 100); n; n--)
		take(p, GFP_KERNEL, 0);
}

static void op_give_many(struct player *p)
{
	for (unsigned n = draw(p, 100); n; n--)
		give_one(p);
}

/* Put a block on the market, where another thread finds it and frees it, or buy one. */
static void op_trade(struct player *p)
{
	unsigned long *stall = &market[draw(p, STALLS)], sold = 0, bought;

	if (p->n) {
		p->n--;
		sold = (unsigned long)p->own[p->n].page | p->own[p->n].order;
	}
	bought = __atomic_exchange_n(stall, sold, __ATOMIC_ACQ_REL);
	if (bought)
		give((struct page *)(bought & ~15UL), bought & 15);
}

/* A block becomes single frames. */
static void op_split(struct player *p)
{
	struct page *page;
	unsigned order;

	if (!p->n || p->n + 8 > OWN || p->own[p->n - 1].order > 3)
		return;
	page = p->own[--p->n].page;
	order = p->own[p->n].order;
	split_page(page, order);
	for (unsigned i = 0; i < 1u << order; i++) {
		p->own[p->n].page = page + i;
		p->own[p->n++].order = 0;
	}
}

static void op_compound(struct player *p)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN, 2);

	(void)p;
	if (!page)
		return;
	get_page(page + 3);
	expect(page_count(page) == 2);
	put_page(page + 1);
	put_page(page);
}

static void op_exact(struct player *p)
{
	size_t size = (1 + draw(p, 9)) * PAGE_SIZE - 8;
	void *at = alloc_pages_exact(size, GFP_KERNEL | __GFP_NOWARN);

	if (at)
		free_pages_exact(at, size);
}

static void op_in_interrupt(struct player *p)
{
	unsigned long flags = port_irq_save();

	quire_irq_enter();
	take(p, GFP_ATOMIC, 0);
	give_one(p);
	quire_irq_exit();
	port_irq_restore(flags);
}

static void op_drain(struct player *p)
{
	(void)p;
	drain_all_pages();
}

static void op_drain_own(struct player *p)
{
	drain_pages(p->cpu);
}

/* The CPU stops and starts again. */
static void op_unplug(struct player *p)
{
	posix_cpu_leave();
	posix_cpu_enter(p->cpu);
}

/* Numbers that nobody owns are looked at while everything moves. */
static void op_look(struct player *p)
{
	struct zone *zone;

	(void)p;
	for_each_populated_zone(zone)
	{
		unsigned long nr[MIGRATE_TYPES][NR_PAGE_ORDERS];

		zone_free_blocks(zone, nr);
		expect(zone_pcp_pages(zone) <= zone_managed_pages(zone));
	}
}

/* Nothing here is movable but what nobody holds: mostly it fails, and must leave all as it was. */
static void op_claim(struct player *p)
{
	unsigned long pfn = PHYS_PFN(bank.base) + draw(p, (unsigned)PHYS_PFN(bank.size) - 64);

	if (!alloc_contig_range(pfn, pfn + 32, MIGRATE_MOVABLE, GFP_KERNEL | __GFP_NOWARN))
		free_contig_range(pfn, 32);
}

static void op_compact(struct player *p)
{
	(void)p;
	compact_memory();
}

/* A section goes if all that is used in it moves, and comes back. */
static void op_section(struct player *p)
{
	const unsigned long frames = 1UL << (QUIRE_SECTION_SHIFT - PAGE_SHIFT);
	unsigned long first = PHYS_PFN(bank.base) / frames,
		      last = PHYS_PFN(bank.base + bank.size) / frames,
		      pfn = (first + draw(p, (unsigned)(last - first))) * frames;

	if (section_is_offline(pfn) && !online_pages(pfn, frames))
		__atomic_fetch_add(&came, 1, __ATOMIC_RELAXED);
	else if (!offline_pages(pfn, frames))
		__atomic_fetch_add(&went, 1, __ATOMIC_RELAXED);
}

/* A free frame is put out of use, and taken back. */
static void op_poison(struct player *p)
{
	unsigned long pfn = PHYS_PFN(bank.base) + draw(p, (unsigned)PHYS_PFN(bank.size));

	if (!is_free_buddy_page(pfn_to_page(pfn)) || soft_offline_page(pfn))
		return;
	expect(PageFlag(pfn_to_page(pfn), PG_poisoned));
	expect(unpoison_memory(pfn) == 0);
}

static const struct operation {
	const char *name;
	unsigned weight; /* how often, of the sum of all                       */
	void (*run)(struct player *p);
} operations[] = {
	{ "take", 400, op_take },
	{ "take many", 20, op_take_many },
	{ "give", 330, give_one },
	{ "give many", 20, op_give_many },
	{ "trade", 100, op_trade },
	{ "split", 20, op_split },
	{ "compound", 20, op_compound },
	{ "exact", 20, op_exact },
	{ "in an interrupt", 20, op_in_interrupt },
	{ "drain all", 2, op_drain },
	{ "drain own", 5, op_drain_own },
	{ "unplug", 2, op_unplug },
	{ "look", 1, op_look },
	{ "claim", 1, op_claim },
	{ "compact", 1, op_compact },
	{ "take movable", 60, op_take_movable },
	{ "give movable", 50, op_give_movable },
	{ "section", 2, op_section },
	{ "poison", 2, op_poison },
};
static unsigned long runs[ARRAY_SIZE(operations)];

static unsigned weights(void)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(operations); i++)
		sum += operations[i].weight;
	return sum;
}

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
	unsigned all = weights();

	posix_cpu_enter(p->cpu);
	while (seconds ? !__atomic_load_n(&stop, __ATOMIC_RELAXED) : p->done < rounds)
		play(p, all);
	while (p->n)
		give_one(p);
	for (unsigned i = 0; i < MOVABLE; i++)
		give_movable(p, i);
	posix_cpu_leave();
	return NULL;
}

static void wait_for_the_end(void)
{
	struct timespec t = { (time_t)seconds, 0 };

	if (seconds)
		nanosleep(&t, NULL);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
}

static void close_market(void)
{
	for (unsigned i = 0; i < STALLS; i++)
		if (market[i])
			give((struct page *)(market[i] & ~15UL), market[i] & 15);
	memset(market, 0, sizeof(market));
}

static void sections_come_back(void)
{
	const unsigned long frames = 1UL << (QUIRE_SECTION_SHIFT - PAGE_SHIFT);
	unsigned long pfn = PHYS_PFN(bank.base) / frames * frames;

	for (; pfn < PHYS_PFN(bank.base + bank.size); pfn += frames)
		if (section_is_offline(pfn)) {
			assert_int_equal(online_pages(pfn, frames), 0);
			came++;
		}
}

static void frames_in_many_hands(void **state)
{
	pthread_t threads[THREADS];
	unsigned long before;

	(void)state;
	start_frames(&bank, 1, THREADS);
	drain_all_pages();
	before = nr_free_pages();
	for (unsigned i = 0; i < THREADS; i++) {
		players[i] = (struct player){ .cpu = i, .rng = 88172645463325252ULL * (i + 1) };
		assert_int_equal(pthread_create(&threads[i], NULL, thread, &players[i]), 0);
	}
	wait_for_the_end();
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	posix_cpu_enter(0);
	close_market();
	assert_law(frames_check());
	sections_come_back();
	drain_all_pages();
	assert_law(frames_check());
	assert_int_equal(wrong, 0);
	assert_int_equal(num_poisoned_pages(), 0);
	assert_true(moves > 0 && went > 0);
	assert_int_equal(went, came);
	assert_int_equal(nr_free_pages(), before);
	for (unsigned i = 0; i < ARRAY_SIZE(operations); i++)
		if (!runs[i])
			fail_msg("nobody did \"%s\"", operations[i].name);
	stop_frames();
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(frames_in_many_hands) };

	if (getenv("QUIRE_RACE_ROUNDS"))
		rounds = strtoul(getenv("QUIRE_RACE_ROUNDS"), NULL, 10);
	if (getenv("QUIRE_RACE_SECONDS"))
		seconds = strtoul(getenv("QUIRE_RACE_SECONDS"), NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
