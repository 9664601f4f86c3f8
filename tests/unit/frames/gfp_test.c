/* SPDX-License-Identifier: MIT */
/* What each flag of a request means, by tables: zone, node, order, type, reserves, effort. */
#include <quire/low_memory.h>
#include <quire/tune.h>
#include <quire/zoneinfo.h>
#include "frames/frames.h"
#include "support/layers.h"

#define MIB (1ULL << 20)

/* Five zones: DMA 0..16, DMA32 ..32, NORMAL ..64, HIGHMEM ..96, MOVABLE ..128 MiB. */
static void start_five_zones(void)
{
	const struct posix_bank bank = { 0, 128 * MIB, 0 };

	set_zone_end(ZONE_DMA32, 32 * MIB);
	set_zone_end(ZONE_NORMAL, 64 * MIB);
	frames_parse_cmdline("movablecore=32M");
	start_frames(&bank, 1, 1);
	for (unsigned type = 0; type < MAX_NR_ZONES; type++)
		assert_true(populated_zone(&NODE_DATA(0)->node_zones[type]));
}

/* Node 0: DMA, DMA32, NORMAL, MOVABLE; node 1: NORMAL, MOVABLE. */
static void start_two_nodes(void)
{
	const struct posix_bank banks[] = { { 0, 80 * MIB, 0 }, { 80 * MIB, 64 * MIB, 1 } };

	set_zone_end(ZONE_DMA32, 24 * MIB);
	frames_parse_cmdline("movablecore=48M");
	start_frames(banks, 2, 1);
}

/* 64 MiB in one zone. */
static struct zone *start_one_zone(void)
{
	const struct posix_bank bank = { 32 * MIB, 64 * MIB, 0 };

	start_frames(&bank, 1, 1);
	return NODE_DATA(0)->node_zonelists[ZONELIST_FALLBACK].zones[0];
}

/* ---- blocks that a test holds ---------------------------------------------------------------- */
static struct page *held;
static unsigned long nr_held;

static void hold(struct page *page, unsigned order)
{
	page->mapping = (struct address_space *)held;
	page->index = order;
	held = page;
	nr_held++;
}

static void let_go(unsigned long n)
{
	while (held && n-- > 0) {
		struct page *page = held;

		held = (struct page *)page->mapping;
		page->mapping = NULL;
		nr_held--;
		__free_pages(page, (unsigned)page->index);
	}
}

/* ---- which zone ------------------------------------------------------------------------------ */
#define D   __GFP_DMA
#define H   __GFP_HIGHMEM
#define D32 __GFP_DMA32
#define M   __GFP_MOVABLE
static const struct {
	gfp_t gfp;
	enum zone_type zone;
} modifiers[] = {
	{ 0, ZONE_NORMAL },
	{ D, ZONE_DMA },
	{ H, ZONE_HIGHMEM },
	{ D32, ZONE_DMA32 },
	{ M, ZONE_NORMAL },
	{ M | D, ZONE_DMA },
	{ M | H, ZONE_MOVABLE },
	{ M | D32, ZONE_DMA32 },
	/* nonsense gets the lowest that it names */
	{ D | H, ZONE_DMA },
	{ D | D32, ZONE_DMA },
	{ H | D32, ZONE_DMA32 },
	{ D | H | D32, ZONE_DMA },
	{ M | D | H, ZONE_DMA },
	{ M | D | D32, ZONE_DMA },
	{ M | H | D32, ZONE_DMA32 },
	{ M | D | H | D32, ZONE_DMA },
};

/* Every order from every zone in every type, from a zone that has all to give. */
static void zone_by_modifiers(void **state)
{
	static const gfp_t types[] = { 0, __GFP_RECLAIMABLE };

	(void)state;
	start_five_zones();
	for (unsigned i = 0; i < ARRAY_SIZE(modifiers); i++)
		for (unsigned t = 0; t < ARRAY_SIZE(types); t++)
			for (unsigned order = 0; order <= MAX_PAGE_ORDER; order++) {
				gfp_t gfp = modifiers[i].gfp | types[t];
				struct page *page;

				if (gfp & M && types[t])
					continue; /* of two types: no meaning */
				assert_int_equal(gfp_zone(gfp), modifiers[i].zone);
				page = alloc_pages(GFP_KERNEL | gfp, order);
				assert_non_null(page);
				assert_int_equal(page_zonenum(page), modifiers[i].zone);
				assert_int_equal(page_zonenum(page + (1UL << order) - 1),
						 modifiers[i].zone);
				assert_int_equal(page_to_pfn(page) % (1UL << order), 0);
				__free_pages(page, order);
				drain_all_pages();
				assert_law(frames_check());
			}
	stop_frames();
}

/* Node x zone x order x type: the block lies where it was asked for, among its own kind. */
static void node_zone_order_type(void **state)
{
	static const struct {
		int nid;
		gfp_t zone;
		enum zone_type is;
		bool movable_only;
	} places[] = {
		{ 0, D, ZONE_DMA, false },    { 0, D32, ZONE_DMA32, false },
		{ 0, 0, ZONE_NORMAL, false }, { 0, H | M, ZONE_MOVABLE, true },
		{ 1, 0, ZONE_NORMAL, false }, { 1, H | M, ZONE_MOVABLE, true },
	};
	static const gfp_t types[MIGRATE_PCPTYPES] = { [MIGRATE_UNMOVABLE] = 0,
						       [MIGRATE_MOVABLE] = __GFP_MOVABLE,
						       [MIGRATE_RECLAIMABLE] = __GFP_RECLAIMABLE };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(places) * MIGRATE_PCPTYPES; i++) {
		unsigned where = i / MIGRATE_PCPTYPES, type = i % MIGRATE_PCPTYPES;
		gfp_t gfp = GFP_KERNEL | __GFP_THISNODE | places[where].zone | types[type];

		if (places[where].movable_only && type != MIGRATE_MOVABLE)
			continue;
		start_two_nodes();
		for (unsigned order = 0; order <= MAX_PAGE_ORDER; order++) {
			struct page *page = alloc_pages_node(places[where].nid, gfp, order);

			assert_non_null(page);
			assert_int_equal(page_to_nid(page), places[where].nid);
			assert_int_equal(page_zonenum(page), places[where].is);
			if (get_pageblock_migratetype(page) != type)
				fail_msg(
					"node %d, zone %s, order %u: type %u in a block of type %u",
					places[where].nid, zone_names[places[where].is], order,
					type, get_pageblock_migratetype(page));
			__free_pages(page, order);
		}
		assert_law(frames_check());
		stop_frames();
	}
}

/* ---- whom it asks next ----------------------------------------------------------------------- */
struct where {
	int nid;
	enum zone_type type;
};

static const struct fallback {
	int nid;
	gfp_t gfp;
	unsigned n;
	struct where want[6];
} fallbacks[] = {
	{ 0, 0, 4, { { 0, ZONE_NORMAL }, { 0, ZONE_DMA32 }, { 0, ZONE_DMA }, { 1, ZONE_NORMAL } } },
	{ 1, 0, 4, { { 1, ZONE_NORMAL }, { 0, ZONE_NORMAL }, { 0, ZONE_DMA32 }, { 0, ZONE_DMA } } },
	{ 0, D, 1, { { 0, ZONE_DMA } } },
	{ 1, D, 1, { { 0, ZONE_DMA } } },
	{ 1, D32, 2, { { 0, ZONE_DMA32 }, { 0, ZONE_DMA } } },
	{ 0,
	  H | M,
	  6,
	  { { 0, ZONE_MOVABLE },
	    { 0, ZONE_NORMAL },
	    { 0, ZONE_DMA32 },
	    { 0, ZONE_DMA },
	    { 1, ZONE_MOVABLE },
	    { 1, ZONE_NORMAL } } },
	{ 1,
	  H | M,
	  6,
	  { { 1, ZONE_MOVABLE },
	    { 1, ZONE_NORMAL },
	    { 0, ZONE_MOVABLE },
	    { 0, ZONE_NORMAL },
	    { 0, ZONE_DMA32 },
	    { 0, ZONE_DMA } } },
	{ 0, __GFP_THISNODE, 3, { { 0, ZONE_NORMAL }, { 0, ZONE_DMA32 }, { 0, ZONE_DMA } } },
	{ 1, __GFP_THISNODE, 1, { { 1, ZONE_NORMAL } } },
	{ 1, __GFP_THISNODE | D32, 0, { { 0, 0 } } },
	{ 1, __GFP_THISNODE | H | M, 2, { { 1, ZONE_MOVABLE }, { 1, ZONE_NORMAL } } },
};

static bool wanted(const struct fallback *f, const struct page *page)
{
	for (unsigned i = 0; i < f->n; i++)
		if (page_to_nid(page) == (unsigned)f->want[i].nid &&
		    page_zonenum(page) == (unsigned)f->want[i].type)
			return true;
	return false;
}

/* The zones are tried in this order, down to the low mark; then again for what is kept below.  In
 * the end those that may be used are empty and the others untouched. */
static void fallback_order(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(fallbacks); i++) {
		const struct fallback *f = &fallbacks[i];
		const struct zone *last = NULL;
		unsigned long n = 0, managed = 0;
		struct page *page;

		start_two_nodes();
		drain_all_pages();
		while ((page = alloc_pages_node(f->nid, GFP_NOWAIT | __GFP_MEMALLOC | f->gfp, 0))) {
			assert_true(wanted(f, page));
			if (page_zone(page) != last && n < f->n) {
				assert_int_equal(page_to_nid(page), f->want[n].nid);
				assert_int_equal(page_zonenum(page), f->want[n].type);
				n++;
			}
			last = page_zone(page);
			hold(page, 0);
		}
		assert_int_equal(n, f->n);
		for (n = 0; n < f->n; n++) {
			const struct zone *zone =
				&NODE_DATA(f->want[n].nid)->node_zones[f->want[n].type];

			assert_int_equal(zone->nr_free + zone_pcp_pages(zone), 0);
			managed += zone_managed_pages(zone);
		}
		assert_in_range(managed, nr_held, nr_held + 1024); /* the per-CPU areas */
		let_go(~0UL);
		stop_frames();
	}
}

/* ---- how deep it goes ------------------------------------------------------------------------ */
static bool dying;
static bool is_dying(void)
{
	return dying;
}

/* Parts of the min mark, in eighths, that bind the request. */
static const struct reserve {
	const char *who;
	gfp_t gfp;
	unsigned parts;
	bool dying;
} reserves[] = {
	{ "a kernel that can wait", GFP_KERNEL, 8, false },
	{ "a user", GFP_HIGHUSER_MOVABLE, 8, false },
	{ "one that does not wait", GFP_NOWAIT, 8, false },
	{ "one that wakes nobody", 0, 8, false },
	{ "an urgent one that can wait", GFP_KERNEL | __GFP_HIGH, 4, false },
	{ "an urgent one that cannot", GFP_ATOMIC, 3, false },
	{ "by its old name", __GFP_ATOMIC | __GFP_KSWAPD_RECLAIM, 3, false },
	{ "urgent, but not into the reserves", GFP_ATOMIC | __GFP_NOMEMALLOC, 4, false },
	{ "one that frees memory", GFP_KERNEL | __GFP_MEMALLOC, 0, false },
	{ "the same without waiting", GFP_NOWAIT | __GFP_MEMALLOC, 0, false },
	{ "NOMEMALLOC wins", GFP_KERNEL | __GFP_MEMALLOC | __GFP_NOMEMALLOC, 8, false },
	{ "the dying", GFP_KERNEL, 0, true },
	{ "the dying in an interrupt", GFP_NOWAIT, 0, true },
	{ "the dying that must not", GFP_KERNEL | __GFP_NOMEMALLOC, 8, true },
};

/* Frames that must be left when blocks of the order are refused, going by a mark alone. */
static unsigned long frames_left(unsigned long free, unsigned order, unsigned long mark)
{
	while (free >= 1UL << order && free - (1UL << order) + 1 > mark)
		free -= 1UL << order;
	return free;
}

/* Order 4 is on no per-CPU list, so that every single block is judged. */
static void reserves_in_task(void **state)
{
	static const struct low_memory_ops ops = { .current_is_dying = is_dying };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(reserves); i++) {
		const struct reserve *r = &reserves[i];
		struct zone *zone = start_one_zone();
		unsigned long mark = min_wmark_pages(zone) * r->parts / 8, want;
		struct page *page;

		assert_true(mark % 8 == 0 || r->parts == 8 || mark > 0);
		drain_all_pages();
		assert_int_equal(set_min_free_kbytes(8 * 4 * 64), 0);
		mark = 8 * 64 * r->parts / 8;
		want = frames_left(zone->nr_free, 4, mark);
		set_low_memory_ops(&ops);
		dying = r->dying;
		while ((page = alloc_pages(r->gfp | __GFP_NOWARN, 4)))
			hold(page, 4);
		dying = false;
		/* at the bottom small blocks remain that are no use */
		if (r->parts ? zone->nr_free != want : zone->nr_free >= 16 * 16)
			fail_msg("%s: %lu frames are left, not %lu", r->who, zone->nr_free, want);
		set_low_memory_ops(NULL);
		let_go(~0UL);
		stop_frames();
	}
}

/* In an interrupt handler no per-CPU list is touched: the same to the frame. */
static void reserves_in_interrupts(void **state)
{
	static const struct low_memory_ops ops = { .current_is_dying = is_dying };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(reserves); i++) {
		const struct reserve *r = &reserves[i];
		unsigned parts = r->dying ? 8 : r->parts; /* nobody in particular is running */
		struct page *page;
		struct zone *zone;

		if (r->gfp & __GFP_DIRECT_RECLAIM)
			continue; /* forbidden there */
		zone = start_one_zone();
		drain_all_pages();
		assert_int_equal(set_min_free_kbytes(8 * 4 * 64), 0);
		set_low_memory_ops(&ops);
		dying = r->dying;
		quire_irq_enter();
		while ((page = alloc_pages(r->gfp | __GFP_NOWARN, 0)))
			hold(page, 0);
		quire_irq_exit();
		dying = false;
		if (zone->nr_free != 8 * 64 * parts / 8)
			fail_msg("%s: %lu frames are left, not %u", r->who, zone->nr_free,
				 8 * 64 * parts / 8);
		set_low_memory_ops(NULL);
		let_go(~0UL);
		stop_frames();
	}
}

/* A lower zone keeps lowmem_reserve from those who could have gone higher, and nothing of it from
 * those who could not. */
static void lower_zones_keep_a_reserve(void **state)
{
	static const struct {
		gfp_t gfp;
		enum zone_type high;
	} rows[] = { { D, ZONE_DMA },
		     { D32, ZONE_DMA32 },
		     { 0, ZONE_NORMAL },
		     { H, ZONE_HIGHMEM },
		     { H | M, ZONE_MOVABLE } };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned long want[MAX_NR_ZONES];
		struct page *page;

		start_five_zones();
		drain_all_pages();
		for (unsigned type = 0; type < MAX_NR_ZONES; type++) {
			const struct zone *zone = &NODE_DATA(0)->node_zones[type];

			want[type] = type > rows[i].high
					     ? zone->nr_free
					     : min_wmark_pages(zone) +
						       zone->lowmem_reserve[rows[i].high];
			assert_true(type == rows[i].high || type > rows[i].high ||
				    type == ZONE_HIGHMEM || zone->lowmem_reserve[rows[i].high] > 0);
		}
		quire_irq_enter();
		while ((page = alloc_pages(GFP_NOWAIT | rows[i].gfp, 0)))
			hold(page, 0);
		quire_irq_exit();
		for (unsigned type = 0; type < MAX_NR_ZONES; type++)
			assert_int_equal(NODE_DATA(0)->node_zones[type].nr_free, want[type]);
		let_go(~0UL);
		stop_frames();
	}
}

/* ---- how hard it tries ----------------------------------------------------------------------- */
static struct script {
	unsigned long freed; /* what every reclaim says that it freed             */
	unsigned relief_at;  /* the reclaim that really frees something; 0: none  */
	unsigned kills;      /* how often the OOM killer finds somebody           */
	unsigned wakes, reclaims, ooms;
} script;

static void on_wake(struct zone *zone, gfp_t gfp, unsigned order)
{
	(void)order;
	assert_true(gfp & __GFP_KSWAPD_RECLAIM);
	assert_true(zone->idx <= gfp_zone(gfp));
	script.wakes++;
}

static unsigned long on_reclaim(struct zone *zone, gfp_t gfp, unsigned order)
{
	(void)zone, (void)order;
	assert_true(gfp & __GFP_DIRECT_RECLAIM);
	assert_false(in_interrupt());
	if (++script.reclaims == script.relief_at)
		let_go(2000);
	return script.freed;
}

static bool on_oom(gfp_t gfp, unsigned order)
{
	(void)gfp, (void)order;
	if (script.ooms++ >= script.kills)
		return false;
	if (script.ooms == script.kills)
		let_go(2000);
	return true;
}

#define K          GFP_KERNEL
#define ANY_NUMBER 1000u
static const struct effort {
	const char *who;
	gfp_t gfp;
	unsigned order;
	bool irq;
	unsigned long freed;
	unsigned relief_at, kills;
	bool got; /* then what must have happened */
	unsigned wakes, reclaims, ooms;
} efforts[] = {
	/* nobody waits */
	{ "no flags", 0, 0, false, 0, 0, 0, false, 0, 0, 0 },
	{ "NOWAIT", GFP_NOWAIT, 0, false, 0, 0, 0, false, 1, 0, 0 },
	{ "ATOMIC", GFP_ATOMIC, 0, false, 0, 0, 0, false, 1, 0, 0 },
	{ "no kswapd", K & ~__GFP_KSWAPD_RECLAIM, 0, false, 0, 0, 0, false, 0, 1, 1 },
	{ "in an interrupt", GFP_NOWAIT, 0, true, 0, 0, 0, false, 1, 0, 0 },
	{ "urgent in an interrupt", GFP_ATOMIC, 0, true, 0, 0, 0, false, 1, 0, 0 },
	/* reclaim helps, at once or late */
	{ "first reclaim", K, 0, false, 64, 1, 0, true, 1, 1, 0 },
	{ "fifth reclaim", K, 0, false, 64, 5, 0, true, 1, 5, 0 },
	{ "order 3", K, 3, false, 64, 5, 0, true, 1, 5, 0 },
	{ "NORETRY, helped", K | __GFP_NORETRY, 0, false, 64, 1, 0, true, 1, 1, 0 },
	{ "NORETRY", K | __GFP_NORETRY, 0, false, 64, 2, 1, false, 1, 1, 0 },
	{ "MAYFAIL, helped", K | __GFP_RETRY_MAYFAIL, 0, false, 64, 9, 0, true, 1, 9, 0 },
	{ "MAYFAIL, large", K | __GFP_RETRY_MAYFAIL, 5, false, 64, 9, 0, true, 1, 9, 0 },
	{ "large", K, 5, false, 64, 9, 1, false, 1, 1, 0 },
	/* it says that it helps and does not: somebody must go */
	{ "futile", K, 0, false, 64, 0, 0, false, 1, 17, 1 },
	{ "futile MAYFAIL", K | __GFP_RETRY_MAYFAIL, 0, false, 64, 0, 1, false, 1, 17, 0 },
	/* nothing to reclaim: at once */
	{ "killer helps", K, 0, false, 0, 0, 1, true, 1, 2, 1 },
	{ "third victim", K, 0, false, 0, 0, 3, true, 1, 4, 3 },
	{ "killer gives up", K, 0, false, 0, 0, 0, false, 1, 1, 1 },
	{ "NOFS", GFP_NOFS, 0, false, 0, 0, 1, false, 1, 1, 0 },
	{ "NOIO", GFP_NOIO, 0, false, 0, 0, 1, false, 1, 1, 0 },
	{ "THISNODE", K | __GFP_THISNODE, 0, false, 0, 0, 1, false, 1, 1, 0 },
	{ "NORETRY", K | __GFP_NORETRY, 0, false, 0, 0, 1, false, 1, 1, 0 },
	{ "MAYFAIL", K | __GFP_RETRY_MAYFAIL, 0, false, 0, 0, 1, false, 1, 1, 0 },
	{ "order 4", K, 4, false, 0, 0, 1, false, 1, 1, 0 },
	{ "user", GFP_HIGHUSER_MOVABLE, 0, false, 0, 0, 1, true, 1, 2, 1 },
	/* never NULL */
	{ "NOFAIL", K | __GFP_NOFAIL, 0, false, 0, 50, 0, true, 1, 50, 49 },
	{ "NOFAIL NOFS", GFP_NOFS | __GFP_NOFAIL, 0, false, 0, 9, 0, true, 1, 9, 8 },
	{ "NOFAIL, large", K | __GFP_NOFAIL, 4, false, 0, 9, 0, true, 1, 9, 8 },
	{ "NOFAIL NORETRY", K | __GFP_NOFAIL | __GFP_NORETRY, 0, false, 0, 9, 0, true, 1, 9, 8 },
};

/* Nothing is left for anybody; blocks of order 6, so that letting some go gives large ones. */
static void take_all(void)
{
	struct page *page;

	for (unsigned order = 6;; order--) {
		while ((page = alloc_pages(GFP_NOWAIT | __GFP_MEMALLOC, order)))
			hold(page, order);
		if (!order)
			break;
	}
	/* the large ones shall go first */
	for (struct page *list = held, *next, *small = NULL, *large = NULL;
	     list || small || large;) {
		if (!list) {
			held = large ? large : small;
			for (page = held; large && page->mapping;)
				page = (struct page *)page->mapping;
			if (large)
				page->mapping = (struct address_space *)small;
			return;
		}
		next = (struct page *)list->mapping;
		list->mapping = (struct address_space *)(list->index == 6 ? large : small);
		*(list->index == 6 ? &large : &small) = list;
		list = next;
	}
}

static void counts_of_hooks(void **state)
{
	static const struct low_memory_ops ops = { on_wake, on_reclaim, on_oom, NULL };

	(void)state;
	for (unsigned i = 0; i < 2 * ARRAY_SIZE(efforts); i++) {
		const struct effort *e = &efforts[i / 2];
		bool nowarn = i & 1 || (e->gfp & __GFP_NOWARN), said;
		struct page *page;

		start_one_zone();
		take_all();
		assert_int_equal(nr_free_pages(), 0);
		set_low_memory_ops(&ops);
		script = (struct script){ e->freed, e->relief_at, e->kills, 0, 0, 0 };
		posix_log_take();
		if (e->irq)
			quire_irq_enter();
		page = alloc_pages_node(0, e->gfp | (nowarn ? __GFP_NOWARN : 0), e->order);
		if (e->irq)
			quire_irq_exit();
		said = logged("page allocation failure: order:");
		if (!page != !e->got || script.wakes != e->wakes ||
		    script.reclaims != e->reclaims || script.ooms != e->ooms ||
		    said != (!page && !nowarn))
			fail_msg("%s: %s, %u wakes, %u reclaims, %u kills, %s", e->who,
				 page ? "got it" : "refused", script.wakes, script.reclaims,
				 script.ooms, said ? "reported" : "silent");
		set_low_memory_ops(NULL);
		if (page)
			__free_pages(page, e->order);
		let_go(~0UL);
		stop_frames();
	}
}

/* A handler must not wait: in the debug build it is stopped, in others it is refused unreclaimed. */
static void waiting_in_interrupts(void **state)
{
	static const struct low_memory_ops ops = { on_wake, on_reclaim, on_oom, NULL };
	static const gfp_t waits[] = { GFP_KERNEL, GFP_NOFS, GFP_KERNEL | __GFP_NOFAIL };

	(void)state;
	start_one_zone();
	take_all();
	set_low_memory_ops(&ops);
	script = (struct script){ 0 };
	for (unsigned i = 0; i < ARRAY_SIZE(waits); i++) {
		quire_irq_enter();
		if (QUIRE_DEBUG)
			assert_panics((void)!alloc_pages_node(0, waits[i], 0),
				      "may sleep and is called from an interrupt");
		else
			assert_null(alloc_pages_node(0, waits[i] | __GFP_NOWARN, 0));
		quire_irq_exit();
	}
	assert_int_equal(script.reclaims + script.ooms, 0);
	set_low_memory_ops(NULL);
	let_go(~0UL);
	stop_frames();
}

/* kswapd is woken when the low mark is touched, not before. */
static void kswapd_below_low(void **state)
{
	static const struct low_memory_ops ops = { on_wake, NULL, NULL, NULL };
	struct zone *zone = start_one_zone();
	struct page *page;

	(void)state;
	drain_all_pages();
	script = (struct script){ 0 };
	set_low_memory_ops(&ops);
	while (zone->nr_free > low_wmark_pages(zone) + 16) {
		page = alloc_pages(GFP_KERNEL, 4);
		assert_non_null(page);
		assert_int_equal(script.wakes, 0);
		hold(page, 4);
	}
	page = alloc_pages(GFP_KERNEL, 4);
	assert_non_null(page);
	hold(page, 4);
	for (unsigned n = 1; n <= 3; n++) {
		script.wakes = 0;
		page = alloc_pages(GFP_KERNEL, 4);
		assert_non_null(page);
		hold(page, 4);
		assert_int_equal(script.wakes, 1);
	}
	set_low_memory_ops(NULL);
	let_go(~0UL);
	stop_frames();
}

/* ---- what comes back ------------------------------------------------------------------------- */
static void zeroed_blocks(void **state)
{
	static const gfp_t how[] = { GFP_KERNEL, GFP_ATOMIC, GFP_HIGHUSER_MOVABLE,
				     GFP_KERNEL | __GFP_COMP };

	(void)state;
	start_one_zone();
	for (unsigned i = 0; i < ARRAY_SIZE(how); i++)
		for (unsigned order = 0; order <= MAX_PAGE_ORDER; order++) {
			struct page *page = alloc_pages(GFP_KERNEL, order);
			unsigned long words = (PAGE_SIZE << order) / sizeof(long);
			const unsigned long *at;

			memset(page_address(page), 0xa5, PAGE_SIZE << order);
			__free_pages(page, order);
			page = alloc_pages(how[i] | __GFP_ZERO, order);
			at = page_address(page);
			for (unsigned long w = 0; w < words; w++)
				if (at[w])
					fail_msg("order %u: word %lu is not zero", order, w);
			__free_pages(page, order);
		}
	stop_frames();
}

static void compound_blocks(void **state)
{
	(void)state;
	start_one_zone();
	for (unsigned order = 0; order <= MAX_PAGE_ORDER; order++)
		for (unsigned comp = 0; comp < 2; comp++) {
			struct page *page =
				alloc_pages(GFP_KERNEL | (comp ? __GFP_COMP : 0), order);
			bool is = comp && order;
			unsigned long free;

			assert_int_equal(PageFlag(page, PG_head), is);
			assert_int_equal(compound_order(page), is ? order : 0);
			for (unsigned long i = 1; i < 1UL << order; i++) {
				assert_int_equal(PageFlag(page + i, PG_tail), is);
				assert_ptr_equal(compound_head(page + i), is ? page : page + i);
			}
			drain_all_pages();
			free = nr_free_pages();
			if (is)
				put_page(page + 1); /* any frame stands for the block */
			else
				__free_pages(page, order);
			drain_all_pages();
			assert_int_equal(nr_free_pages(), free + (1UL << order));
			for (unsigned long i = 0; i < 1UL << order; i++)
				assert_false(PageFlag(page + i, PG_tail) ||
					     PageFlag(page + i, PG_head));
		}
	stop_frames();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zone_by_modifiers),
		cmocka_unit_test(node_zone_order_type),
		cmocka_unit_test(fallback_order),
		cmocka_unit_test(reserves_in_task),
		cmocka_unit_test(reserves_in_interrupts),
		cmocka_unit_test(lower_zones_keep_a_reserve),
		cmocka_unit_test(counts_of_hooks),
		cmocka_unit_test(waiting_in_interrupts),
		cmocka_unit_test(kswapd_below_low),
		cmocka_unit_test(zeroed_blocks),
		cmocka_unit_test(compound_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
