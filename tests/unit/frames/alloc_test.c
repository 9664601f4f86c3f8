/* SPDX-License-Identifier: MIT */
/* alloc_pages and its family, references, GFP flags, low memory, and every wrong free. */
#include <pthread.h>
#include <quire/low_memory.h>
#include <quire/tune.h>
#include <quire/zoneinfo.h>
#include "frames/frames.h"
#include "support/layers.h"

#define MIB (1ULL << 20)
static const struct posix_bank small = { 1 << 20, 32 << 20, 0 };

static int up(void **state)
{
	(void)state;
	start_frames(&small, 1, 2);
	set_late_frees(false);
	return 0;
}

static int down(void **state)
{
	(void)state;
	set_low_memory_ops(NULL);
	stop_frames();
	return 0;
}

static void every_order(void **state)
{
	(void)state;
	for (unsigned order = 0; order <= MAX_PAGE_ORDER; order++) {
		struct page *page = alloc_pages(GFP_KERNEL, order);

		assert_non_null(page);
		assert_int_equal(page_to_pfn(page) & ((1UL << order) - 1), 0);
		assert_int_equal(page_count(page), 1);
		assert_int_equal(page_mapcount(page), 0);
		assert_null(page->mapping);
		memset(page_address(page), 0x77, PAGE_SIZE << order);
		assert_law(frames_check());
		__free_pages(page, order);
		assert_law(frames_check());
	}
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_PAGE_ORDER + 1));
}

static void zeroed(void **state)
{
	unsigned char *p;

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned order = 0; order < 4; order++) {
			p = (unsigned char *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, order);
			for (size_t i = 0; i < PAGE_SIZE << order; i++)
				assert_int_equal(p[i], 0);
			memset(p, 0xff, PAGE_SIZE << order);
			free_pages((unsigned long)p, order);
		}
	}
	p = (unsigned char *)get_zeroed_page(GFP_KERNEL);
	assert_int_equal(p[4095], 0);
	free_page((unsigned long)p);
	free_page(0);
}

static void references(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL), *block;

	(void)state;
	get_page(page);
	put_page(page);
	assert_int_equal(page_count(page), 1);
	assert_true(put_page_testzero(page));
	free_pages_bulk_array(&page, 1);
	/* a compound block: any frame leads to the head */
	block = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	assert_ptr_equal(compound_head(block + 3), block);
	assert_int_equal(compound_order(block), 2);
	get_page(block + 1);
	assert_int_equal(page_count(block), 2);
	put_page(block + 2);
	put_page(block);
	assert_law(frames_check());
	/* freed while someone holds the first frame: the rest goes at once, that frame with its
	 * holder */
	block = alloc_pages(GFP_KERNEL, 2);
	get_page(block);
	__free_pages(block, 2);
	assert_int_equal(page_count(block), 1);
	put_page(block);
}

static void family(void **state)
{
	struct page *pages[50] = { NULL }, *block;
	void *exact;

	(void)state;
	pages[3] = alloc_page(GFP_KERNEL);
	assert_int_equal(alloc_pages_bulk(GFP_KERNEL, 50, pages), 50);
	for (unsigned i = 0; i < 50; i++)
		assert_true(put_page_testzero(pages[i]));
	free_pages_bulk_array(pages, 50);
	exact = alloc_pages_exact(5 * PAGE_SIZE - 3, GFP_KERNEL);
	memset(exact, 1, 5 * PAGE_SIZE);
	assert_law(frames_check());
	free_pages_exact(exact, 5 * PAGE_SIZE - 3);
	block = alloc_pages(GFP_KERNEL, 3);
	split_page(block, 3);
	for (unsigned i = 0; i < 8; i++)
		__free_page(block + 7 - i);
	if (!QUIRE_DEBUG)
		assert_int_equal(__get_free_pages(GFP_HIGHUSER, 0), 0);
}

/* Freed twice, while mapped, locked or reserved: reported, and the frame never comes back. */
static void wrong_frees(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL), *held;

	(void)state;
	__free_page(page);
	posix_log_take();
	__free_page(page);
	assert_true(logged("freed twice?"));
	put_page(page);
	assert_true(logged("freed twice?"));
	free_pages_bulk_array(&page, 1);
	assert_true(logged("it is free already"));
	assert_law(frames_check());

	held = alloc_page(GFP_KERNEL);
	atomic_set(&held->_mapcount, 1);
	__free_page(held);
	assert_true(logged("it is still mapped"));
	atomic_set(&held->_mapcount, 0);
	atomic_set(&held->_refcount, 1);
	SetPageFlag(held, PG_locked);
	__free_page(held);
	assert_true(logged("it is locked"));
	ClearPageFlag(held, PG_locked);
	SetPageFlag(held, PG_slab);
	atomic_set(&held->_refcount, 1);
	put_page(held);
	assert_true(logged("it belongs to the heap"));
	ClearPageFlag(held, PG_slab);
	SetPageFlag(held, PG_reserved);
	atomic_set(&held->_refcount, 1);
	put_page(held);
	assert_true(logged("never allocated"));
	ClearPageFlag(held, PG_reserved);
	atomic_set(&held->_refcount, 1);
	__free_page(held);
	assert_law(frames_check());

	held = alloc_pages(GFP_KERNEL, 2);
	__free_pages(held + 1, 1);
	assert_true(logged("freed twice?")); /* an inner frame has no reference of its own */
	__free_pages(held, 2);
}

/* Everything that GFP_KERNEL can get, then all back in another order. */
static void exhaustion(void **state)
{
	static struct page *pages[10000];
	unsigned long n = 0, atomic = 0, total;
	struct page *page;

	(void)state;
	drain_all_pages();
	total = nr_free_pages();
	posix_log_take();
	while ((page = alloc_page(GFP_KERNEL | __GFP_NOWARN)))
		pages[n++] = page;
	assert_false(logged("page allocation failure"));
	assert_true(nr_free_pages() <= totalram_pages() / 16);
	assert_true(nr_free_pages() >= 100);
	assert_null(alloc_page(GFP_KERNEL));
	/* without show_mem.c in one line; with it: debug_test.c */
	assert_string_equal(posix_log_take(),
			    "swapper: page allocation failure: order:0, mode:0xcc0\n");
	/* who may not wait goes deeper, who frees memory goes to the bottom */
	while ((page = alloc_page(GFP_ATOMIC | __GFP_NOWARN)))
		pages[n++] = page, atomic++;
	assert_true(atomic > 0);
	while ((page = alloc_page(GFP_KERNEL | __GFP_MEMALLOC | __GFP_NOWARN)))
		pages[n++] = page;
	assert_int_equal(n, total);
	assert_int_equal(nr_free_pages(), 0);
	assert_law(frames_check());
	random_start(5);
	for (unsigned long i = n; i > 1; i--) {
		unsigned long j = random_below(i);

		page = pages[j];
		pages[j] = pages[i - 1];
		pages[i - 1] = page;
	}
	for (unsigned long i = 0; i < n; i++)
		__free_page(pages[i]);
	assert_law(frames_check());
}

/* ---- low memory ------------------------------------------------------------------------------ */
static struct page *hoard[10000];
static unsigned long hoarded, woken, reclaims, killed;
static bool dying;

static void wake(struct zone *zone, gfp_t gfp, unsigned order)
{
	(void)zone, (void)gfp, (void)order;
	woken++;
}

static unsigned long reclaim(struct zone *zone, gfp_t gfp, unsigned order)
{
	unsigned long n = 0;

	(void)zone, (void)order;
	assert_true(gfp & __GFP_DIRECT_RECLAIM);
	assert_false(port_irqs_disabled());
	reclaims++;
	while (reclaims == 2 && hoarded && n < 64)
		n++, __free_page(hoard[--hoarded]);
	return n;
}

static bool oom(gfp_t gfp, unsigned order)
{
	(void)gfp, (void)order;
	if (killed++ >= 2)
		return false;
	for (unsigned i = 0; i < 300 && hoarded; i++)
		__free_page(hoard[--hoarded]);
	return true;
}

static bool current_dying(void)
{
	return dying;
}

/* Take what is to be had without waiting, also what lies on lists of other types. */
static void hoard_all(void)
{
	unsigned long before;
	struct page *page;

	do {
		before = hoarded;
		drain_all_pages();
		while ((page = alloc_page(GFP_NOWAIT)))
			hoard[hoarded++] = page;
	} while (hoarded != before);
}

static void low_memory(void **state)
{
	static const struct low_memory_ops ops = { wake, reclaim, oom, current_dying };
	struct page *page;
	unsigned long before;

	(void)state;
	hoarded = woken = reclaims = killed = 0;
	dying = false;
	while ((page = alloc_page(GFP_KERNEL | __GFP_NOWARN)))
		hoard[hoarded++] = page;
	set_low_memory_ops(&ops);
	/* no luck with NORETRY: one reclaim, nobody dies */
	page = alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
	assert_null(page);
	assert_int_equal(reclaims, 1);
	assert_int_equal(killed, 0);
	assert_true(woken > 0);
	/* the second reclaim helps */
	page = alloc_page(GFP_KERNEL);
	assert_non_null(page);
	hoard[hoarded++] = page;
	assert_int_equal(killed, 0);
	hoard_all();
	/* then the killer does */
	page = alloc_page(GFP_KERNEL);
	assert_non_null(page);
	assert_int_equal(killed, 1);
	__free_page(page);
	/* large blocks, careful and NOFS requests kill nobody */
	hoard_all();
	before = killed;
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 5));
	assert_null(alloc_page(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN));
	assert_null(alloc_page(GFP_NOFS | __GFP_NOWARN));
	assert_int_equal(killed, before);
	/* the dying may use the reserves */
	dying = true;
	page = alloc_page(GFP_KERNEL);
	assert_non_null(page);
	__free_page(page);
	dying = false;
	hoard_all();
	killed = 5; /* the killer gives up */
	assert_null(alloc_page(GFP_KERNEL | __GFP_NOWARN));
	set_low_memory_ops(NULL);
	while (hoarded)
		__free_page(hoard[--hoarded]);
}

/* ---- types ----------------------------------------------------------------------------------- */
static void types_stay_apart(void **state)
{
	static struct page *pages[3000];
	unsigned mixed = 0;

	(void)state;
	for (unsigned i = 0; i < 3000; i++)
		pages[i] = alloc_page(i % 3 == 0 ? GFP_KERNEL : GFP_HIGHUSER_MOVABLE);
	for (unsigned i = 0; i < 3000; i++)
		mixed += (get_pageblock_migratetype(pages[i]) == MIGRATE_MOVABLE) == (i % 3 == 0);
	assert_int_equal(mixed, 0);
	assert_law(frames_check());
	for (unsigned i = 0; i < 3000; i++)
		__free_page(pages[i]);
}

static void highatomic(void **state)
{
	struct page *page;
	struct zone *zone;
	unsigned long reserved = 0;
	unsigned n = 0;

	(void)state;
	for_each_populated_zone(zone) while ((page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, 4)))
		hoard[n++] = page;
	page = alloc_pages(GFP_ATOMIC, 1);
	for_each_populated_zone(zone) reserved += zone->nr_reserved_highatomic;
	if (page) {
		assert_law(frames_check());
		__free_pages(page, 1);
	}
	while (n)
		__free_pages(hoard[--n], 4);
	(void)reserved;
	assert_law(frames_check());
}

static void in_interrupts(void **state)
{
	struct page *page;
	unsigned long parked = 0;
	struct zone *zone;

	(void)state;
	__free_page(alloc_page(GFP_KERNEL));
	for_each_populated_zone(zone) parked += zone_pcp_pages(zone);
	quire_irq_enter();
	page = alloc_page(GFP_ATOMIC);
	assert_non_null(page);
	__free_page(page);
	quire_irq_exit();
	for_each_populated_zone(zone) parked -= zone_pcp_pages(zone);
	assert_int_equal(parked, 0); /* the interrupt left this CPU's lists alone */
}

static void counters(void **state)
{
	unsigned long a[NR_VM_EVENT_ITEMS], b[NR_VM_EVENT_ITEMS], alloc = 0;

	(void)state;
	all_vm_events(a);
	for (unsigned i = 0; i < 100; i++)
		__free_page(alloc_page(GFP_KERNEL));
	__free_pages(alloc_pages(GFP_KERNEL, 4), 4);
	all_vm_events(b);
	for (unsigned i = PGALLOC_DMA; i <= PGALLOC_MOVABLE; i++)
		alloc += b[i] - a[i];
	assert_int_equal(alloc, 116);
	assert_int_equal(b[PGFREE] - a[PGFREE], 116);
	mod_node_page_state(NODE_DATA(0), NR_ANON_MAPPED, 5);
	mod_node_page_state(NODE_DATA(0), NR_ANON_MAPPED, -2);
	assert_int_equal(global_node_page_state(NR_ANON_MAPPED), 3);
	mod_node_page_state(NODE_DATA(0), NR_ANON_MAPPED, -3);
}

/* ---- injection and events -------------------------------------------------------------------- */
static unsigned events[NR_QUIRE_EVENTS];

static void on_event(void *arg, enum quire_event_id id, unsigned long a, unsigned long b,
		     unsigned long c)
{
	(void)arg, (void)a, (void)b, (void)c;
	events[id]++;
}

static void injected_failures(void **state)
{
	static const struct quire_event_sink sink = { on_event, NULL };
	struct page *a, *b;

	(void)state;
	quire_fail_nth(2);
	a = alloc_page(GFP_KERNEL);
	b = alloc_page(GFP_KERNEL | __GFP_NOWARN);
	assert_non_null(a);
	assert_null(b);
	assert_true(quire_fail_fired());
	b = alloc_page(GFP_KERNEL);
	assert_non_null(b);
	quire_fail_nth(1);
	__free_page(alloc_page(GFP_KERNEL | __GFP_NOFAIL));
	assert_false(quire_fail_fired());
	quire_fail_nth(0);
	memset(events, 0, sizeof(events));
	quire_event_listen(&sink);
	__free_page(a);
	__free_page(b);
	a = alloc_page(GFP_KERNEL);
	quire_event_listen(NULL);
	assert_int_equal(events[EVENT_mm_page_free], 2);
	assert_int_equal(events[EVENT_mm_page_alloc], 1);
	__free_page(a);
	assert_int_equal(events[EVENT_mm_page_free], 2);
}

/* ---- two CPUs -------------------------------------------------------------------------------- */
static struct page *passed[500];

static void *other_cpu(void *arg)
{
	(void)arg;
	posix_cpu_enter(1);
	for (unsigned i = 0; i < 500; i++)
		__free_page(passed[i]);
	for (unsigned i = 0; i < 5000; i++) {
		struct page *page = alloc_pages(GFP_KERNEL, i & 3);

		if (!page)
			abort();
		__free_pages(page, i & 3);
	}
	posix_cpu_leave();
	return NULL;
}

static void two_cpus(void **state)
{
	pthread_t thread;

	(void)state;
	for (unsigned i = 0; i < 500; i++)
		passed[i] = alloc_page(GFP_KERNEL);
	assert_int_equal(pthread_create(&thread, NULL, other_cpu, NULL), 0);
	for (unsigned i = 0; i < 5000; i++)
		__free_pages(alloc_pages(GFP_KERNEL, i % 5), i % 5);
	pthread_join(thread, NULL);
	assert_law(frames_check());
	drain_all_pages();
	assert_int_equal(nr_free_pages() + 0UL, nr_free_pages());
}

/* ---- frames that come back in no order ------------------------------------------------------- */
#define APART 1024u /* frames, far enough */

static unsigned long all_parked(void)
{
	unsigned long n = 0;
	struct zone *zone;

	for_each_populated_zone(zone) n += zone_pcp_pages(zone);
	return n;
}

/* Frames of every APART-th, n of them. */
static void take_apart(struct page **pages, unsigned n)
{
	static struct page *all[8192];
	unsigned got = 0, kept = 0;

	while (kept < n) {
		all[got] = alloc_page(GFP_KERNEL);
		assert_non_null(all[got]);
		if (page_to_pfn(all[got]) % APART == 7)
			pages[kept++] = all[got];
		else
			got++;
	}
	while (got)
		__free_page(all[--got]);
}

static void late_frees_are_frees(void **state)
{
	struct page *pages[5];
	unsigned long parked, counted[NR_VM_EVENT_ITEMS], freed;

	(void)state;
	take_apart(pages, 5);
	set_late_frees(true);
	drain_all_pages();
	all_vm_events(counted);
	freed = counted[PGFREE];
	parked = all_parked();
	get_page(pages[4]);
	for (unsigned i = 0; i < 5; i++)
		__free_page(pages[i]);
	assert_int_equal(all_parked(), parked + 5);
	assert_int_equal(page_count(pages[0]), 1); /* nobody has looked at it */
	assert_law(frames_check());
	drain_all_pages();
	assert_int_equal(all_parked(), 0);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(is_free_buddy_page(pages[i]), i != 4);
	assert_int_equal(page_count(pages[4]), 1); /* ours */
	put_page(pages[4]);
	drain_all_pages();
	all_vm_events(counted);
	assert_int_equal(counted[PGFREE] - freed, 5);
}

static void late_frees_in_rounds(void **state)
{
	struct page *pages[6];

	(void)state;
	take_apart(pages, 6);
	set_late_frees(true);
	for (unsigned round = 0; round < 100; round++) {
		for (unsigned i = 0; i < 6; i++)
			__free_page(pages[(i * 5 + round) % 6]);
		assert_law(frames_check());
		if (round % 3 == 0)
			set_late_frees(round % 2);
		for (unsigned i = 0; i < 6; i++)
			assert_non_null(pages[i] = alloc_page(GFP_KERNEL));
	}
	for (unsigned i = 0; i < 6; i++)
		__free_page(pages[i]);
}

/* Found when it is looked at, at the latest by a drain; the report says who it was. */
static void late_double_free(void **state)
{
	struct page *pages[3];
	const char *log;

	(void)state;
	take_apart(pages, 3);
	set_late_frees(true);
	__free_page(pages[0]);
	__free_page(pages[1]);
	__free_page(pages[0]);
	posix_log_take();
	__free_page(pages[2]);
	drain_all_pages();
	log = posix_log_take();
	assert_non_null(strstr(log, "freed twice?"));
	assert_non_null(strstr(log, "freed by 0x"));
	assert_law(frames_check());
	assert_int_equal(nr_bad_pages, 1);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, up, down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_order),
		T(zeroed),
		T(references),
		T(family),
		T(wrong_frees),
		T(exhaustion),
		T(low_memory),
		T(types_stay_apart),
		T(highatomic),
		T(in_interrupts),
		T(counters),
		T(injected_failures),
		T(two_cpus),
		T(late_frees_are_frees),
		T(late_frees_in_rounds),
		T(late_double_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
