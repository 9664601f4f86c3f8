/* SPDX-License-Identifier: MIT */
/*
 * debug_test.c - page_owner, poisoning, injected failures and the reports: every planted error must
 * be told, with the frame and with who did it.
 */
#include <quire/err.h>
#include <quire/fault_inject.h>
#include <quire/memory_failure.h>
#include <quire/page_owner.h>
#include <quire/page_poison.h>
#include <quire/quire.h>
#include <quire/show_mem.h>
#include <quire/task.h>
#include <quire/watch.h>
#include <quire/tune.h>
#include <quire/zoneinfo.h>
#include "frames/frames.h"
#include "support/layers.h"
#include "support/movers.h"

#define MIB (1ULL << 20)
static const struct posix_bank bank = { 1 << 20, 32 << 20, 0 };

static struct quire_task running = { 42, 40, false, "tester" };

static void describe(struct quire_task *who)
{
	*who = running;
}

static int up_plain(void **state)
{
	(void)state;
	set_current_task_fn(describe);
	start_frames(&bank, 1, 2);
	set_late_frees(false);
	show_mem_init();
	posix_log_take();
	return 0;
}

static int up_owner(void **state)
{
	page_owner_enable();
	return up_plain(state);
}

static int up_poison(void **state)
{
	page_poison_enable(PAGE_POISON_REPORT);
	return up_plain(state);
}

static int up_quarantine(void **state)
{
	page_poison_enable(PAGE_POISON_QUARANTINE);
	return up_plain(state);
}

static int down(void **state)
{
	(void)state;
	set_current_task_fn(NULL);
	stop_frames();
	assert_false(page_owner_enabled());
	return 0;
}

/* The log since the last look, for more than one question. */
static const char *log_text;

static void expect_logged(const char *words)
{
	if (!strstr(log_text, words))
		fail_msg("the log does not have \"%s\" but: %s", words, log_text);
}

/* ---- page_owner ------------------------------------------------------------------------------ */
static char text[4 << 20];

static const char *owner_text(void)
{
	struct seq_buf buf = { text, sizeof(text) - 1, 0 };
	struct seq_out out = { .emit = seq_buf_emit, .arg = &buf };

	show_page_owner(&out);
	assert_int_equal(out.error, 0);
	text[buf.len] = 0;
	return text;
}

static void owner_knows_who(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 2);
	unsigned long pfn = page_to_pfn(page);
	const unsigned long *pc;
	struct page_owner o;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		assert_true(page_owner_get(pfn + i, &o));
		assert_true(o.allocated);
		assert_int_equal(o.order, 2);
		assert_int_equal(o.pid, 42);
		assert_int_equal(o.tgid, 40);
		assert_string_equal(o.comm, "tester");
		assert_int_equal(o.gfp, GFP_KERNEL | __GFP_ZERO);
		assert_int_equal(o.migrate_reason, -1);
	}
	assert_true(page_owner_stack(o.alloc_stack, &pc) > 0);
	assert_int_equal(page_owner_stack(0, &pc), 0);
	running.pid = 43;
	__free_pages(page, 2);
	assert_true(page_owner_get(pfn, &o));
	assert_false(o.allocated);
	assert_int_equal(o.pid, 42);
	assert_int_equal(o.free_pid, 43);
	assert_true(o.free_ts > o.ts);
	assert_true(page_owner_stack(o.free_stack, &pc) > 0);
	running.pid = 42;
	assert_false(page_owner_get(1UL << 30, &o));
	assert_false(page_owner_get(0, &o));
}

/* Every allocated frame is in the report exactly once, and nothing else is. */
static void owner_text_is_complete(void **state)
{
	struct page *a = alloc_page(GFP_HIGHUSER_MOVABLE), *b = alloc_pages(GFP_KERNEL, 3), *c;
	unsigned long frames = 0, used;
	char line[200];
	const char *at;

	(void)state;
	c = alloc_pages(GFP_ATOMIC | __GFP_COMP, 1);
	split_page(b, 3);
	at = owner_text();
	while ((at = strstr(at, "Page allocated via order "))) {
		at += strlen("Page allocated via order ");
		frames += 1UL << strtoul(at, NULL, 10);
	}
	drain_all_pages();
	used = totalram_pages() - nr_free_pages();
	assert_int_equal(frames, used);
	snprintf(line, sizeof(line), "PFN 0x%lx type Movable Block %lu type Movable Flags 0x",
		 page_to_pfn(a), page_to_pfn(a) >> pageblock_order);
	assert_non_null(strstr(text, line));
	assert_non_null(strstr(text,
			       "Page allocated via order 0, mask 0x100cca(GFP_HIGHUSER_MOVABLE), "
			       "pid 42, tgid 40 (tester), ts "));
	snprintf(line, sizeof(line), "PFN 0x%lx type Unmovable", page_to_pfn(b) + 7);
	assert_non_null(strstr(text, line));
	assert_non_null(strstr(text, "order 1, mask 0x40820(GFP_ATOMIC|__GFP_COMP)"));
	assert_null(strstr(text, "migrated"));
	__free_page(a);
	for (unsigned i = 0; i < 8; i++)
		__free_page(b + i);
	__free_pages(c, 1);
}

static struct page *frame_for(struct page *from, unsigned long private)
{
	(void)from, (void)private;
	running.pid = 99; /* whoever moves it does not become its owner */
	return alloc_page(GFP_HIGHUSER_MOVABLE);
}

static void owner_follows_a_move(void **state)
{
	struct page_owner o;
	struct page *page;
	unsigned long pfn;

	(void)state;
	assert_true(mover_get(7, GFP_HIGHUSER_MOVABLE));
	page = mover[7];
	pfn = page_to_pfn(page);
	assert_true(isolate_movable_page(page, 0));
	assert_int_equal(
		migrate_pages(&page, 1, frame_for, NULL, 0, MIGRATE_SYNC, MR_COMPACTION, NULL), 0);
	running.pid = 42;
	page = mover[7];
	assert_int_not_equal(page_to_pfn(page), pfn);
	assert_true(page_owner_get(page_to_pfn(page), &o));
	assert_int_equal(o.pid, 42);
	assert_int_equal(o.migrate_reason, MR_COMPACTION);
	assert_non_null(strstr(owner_text(),
			       "Page has been migrated, last migrate reason: compaction\n\n"));
	page_owner_set_migrate_reason(page, MR_CONTIG_RANGE);
	dump_page(page, "a test");
	log_text = posix_log_take();
	expect_logged("page dumped because: a test\npage_owner tracks the page as allocated\n"
		      "page last allocated via order 0, migratetype Movable, gfp_mask 0x");
	expect_logged("last migrate reason: contig_range");
	mover_put(7);
}

/* Without room for its records the machine starts all the same. */
static void owner_without_memory(void **state)
{
	static const struct posix_bank tiny = { 1 << 20, 1 << 20, 0 };

	(void)state;
	page_owner_enable();
	assert_int_equal(posix_machine_start(&(struct posix_machine){ &tiny, 1, 1 }), 0);
	assert_int_equal(memblock_reserve(1 << 20, 900 << 10), 0);
	frames_init();
	assert_true(logged("page_owner: no memory for its records: it stays off"));
	assert_false(page_owner_enabled());
	frames_exit();
	posix_machine_stop();
}

/* Every call that fails says so, and the same trace is kept once. */
static void stack_depot(void **state)
{
	static unsigned long room[200];
	unsigned long pc[20];
	const unsigned long *got;
	struct stack_depot depot;
	depot_stack_handle_t a, b, last = 0;
	unsigned kept = 0;

	(void)state;
	memset(room, 0, sizeof(room));
	stack_depot_init(&depot, room, sizeof(room));
	for (unsigned i = 0; i < 20; i++)
		pc[i] = 0x1000 + i;
	assert_int_equal(stack_depot_save(&depot, pc, 0), 0);
	a = stack_depot_save(&depot, pc, 3);
	b = stack_depot_save(&depot, pc, 4);
	assert_true(a && b && a != b);
	assert_int_equal(stack_depot_save(&depot, pc, 3), a);
	assert_int_equal(stack_depot_fetch(&depot, a, &got), 3);
	assert_memory_equal(got, pc, 3 * sizeof(*pc));
	/* longer ones are cut at the outer end */
	a = stack_depot_save(&depot, pc, 20);
	assert_int_equal(stack_depot_fetch(&depot, a, &got), STACK_DEPOT_DEPTH);
	assert_memory_equal(got, pc, STACK_DEPOT_DEPTH * sizeof(*pc));
	while ((a = stack_depot_save(&depot, &pc[10], 1 + kept % 5))) {
		last = a;
		pc[10] += 7;
		kept++;
	}
	assert_true(kept > 5);
	assert_int_equal(depot.nr_stacks, kept + 3);
	assert_int_equal(depot.nr_lost, 1);
	assert_true(stack_depot_fetch(&depot, last, &got) > 0);
	assert_int_equal(stack_depot_fetch(&depot, 12345, &got), 0);
	stack_depot_init(&depot, room, 3);
	assert_int_equal(stack_depot_save(&depot, pc, 3), 0);
}

/* ---- poison ---------------------------------------------------------------------------------- */
static unsigned char *bytes_of(struct page *page)
{
	return page_address(page);
}

/* More frames in a row than what is made at the start gives back. */
static void poison_patterns(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 6);

	(void)state;
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(bytes_of(page + i)[i * 60], PAGE_POISON_FRESH);
	memset(bytes_of(page), 1, 64 * PAGE_SIZE);
	__free_pages(page, 6);
	for (size_t i = 0; i < 64 * PAGE_SIZE; i++)
		assert_int_equal(bytes_of(page)[i], PAGE_POISON);
	page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	for (size_t i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(bytes_of(page)[i], 0);
	__free_page(page);
	assert_int_equal(page_poison_nr_damaged(), 0);
	assert_string_equal(posix_log_take(), "");
}

static void poison_reports(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL), *again;
	char words[100];

	(void)state;
	__free_page(page);
	bytes_of(page)[0x123] ^= 0x10;
	again = alloc_page(GFP_KERNEL);
	assert_ptr_equal(again, page); /* Linux's policy: reported, and handed out */
	log_text = posix_log_take();
	snprintf(words, sizeof(words),
		 "BUG: pagealloc: single bit error in pfn 0x%lx: bytes "
		 "0x123..0x123, 1 of them are not 0xaa\n",
		 page_to_pfn(page));
	expect_logged(words);
	expect_logged(" aa aa aa ba aa aa aa");
	expect_logged("page dumped because: pagealloc: corrupted page details");
	expect_logged("Comm: tester\n");
	__free_page(page);
	memset(bytes_of(page) + 8, 'x', 40);
	__free_page(alloc_page(GFP_KERNEL));
	log_text = posix_log_take();
	expect_logged("BUG: pagealloc: memory corruption in pfn");
	expect_logged("bytes 0x008..0x02f, 40 of them are not 0xaa");
	assert_int_equal(page_poison_nr_damaged(), 2);
	/* clean again since it was freed */
	__free_page(alloc_page(GFP_KERNEL));
	assert_string_equal(posix_log_take(), "");
}

/* A frame that nobody had yet, written through a wild pointer. */
static void poison_of_fresh_frames(void **state)
{
	static struct page *held[9000];
	unsigned char *wild;
	unsigned n = 0;

	(void)state;
	held[0] = alloc_pages(GFP_KERNEL, 4);
	wild = bytes_of(held[0]) + 20 * PAGE_SIZE;
	if (is_free_buddy_page(virt_to_page(wild)))
		wild[PAGE_SIZE - 1] = 0;
	else
		fail_msg("the frame behind the first block is not free");
	__free_pages(held[0], 4);
	while ((held[n] = alloc_page(GFP_KERNEL | __GFP_MEMALLOC | __GFP_NOWARN)))
		n++;
	log_text = posix_log_take();
	expect_logged("bytes 0xfff..0xfff, 1 of them are not 0xcc");
	assert_int_equal(page_poison_nr_damaged(), 1);
	while (n)
		__free_page(held[--n]);
}

static void poison_quarantine(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 1), *other;
	unsigned long pfn = page_to_pfn(page);

	(void)state;
	__free_pages(page, 1);
	bytes_of(page + 1)[0] = 0;
	other = alloc_pages(GFP_KERNEL, 1);
	assert_non_null(other);
	assert_ptr_not_equal(other, page);
	assert_true(logged("memory corruption"));
	assert_int_equal(num_poisoned_pages(), 2);
	assert_true(PageFlag(page, PG_poisoned) && PageFlag(page + 1, PG_poisoned));
	__free_page(page);
	assert_true(logged("page dumped because: it is out of use"));
	assert_law(frames_check());
	__free_pages(other, 1);
	assert_int_equal(unpoison_memory(pfn), 0);
	assert_int_equal(unpoison_memory(pfn + 1), 0);
	assert_int_equal(unpoison_memory(pfn), -ENXIO);
	assert_int_equal(num_poisoned_pages(), 0);
}

static void cleared_frames(void **state)
{
	struct page *page;

	(void)state;
	quire_debug_parse_cmdline("quiet init_on_alloc=1 init_on_free=on -- page_owner=on");
	start_frames(&bank, 1, 1);
	set_late_frees(false);
	show_mem_init();
	page = alloc_pages(GFP_KERNEL, 2);
	for (size_t i = 0; i < 4 * PAGE_SIZE; i++)
		assert_int_equal(bytes_of(page)[i], 0);
	memset(bytes_of(page), 7, 4 * PAGE_SIZE);
	__free_pages(page, 2);
	for (size_t i = 0; i < 4 * PAGE_SIZE; i++)
		assert_int_equal(bytes_of(page)[i], 0);
	bytes_of(page)[5] = 9; /* not checked, but cleared */
	page = alloc_pages(GFP_KERNEL, 2);
	assert_int_equal(bytes_of(page)[5], 0);
	__free_pages(page, 2);
	assert_false(page_owner_enabled());
	stop_frames();
}

/* ---- fault injection ------------------------------------------------------------------------- */
static void reset_fail_page_alloc(void)
{
	fail_page_alloc.attr.probability = 0;
	fail_page_alloc.attr.interval = 1;
	fail_page_alloc.attr.times = 1;
	fail_page_alloc.attr.space = 0;
	fail_page_alloc.attr.verbose = 0;
	fail_page_alloc.attr.task_filter = false;
	fail_page_alloc.attr.seed = FAULT_ATTR_SEED;
	fail_page_alloc.ignore_gfp_highmem = fail_page_alloc.ignore_gfp_wait = true;
	fail_page_alloc.min_order = 1;
	fault_attr_apply(&fail_page_alloc.attr);
}

/* How many of n requests fail. */
static unsigned failures(unsigned n, gfp_t gfp, unsigned order)
{
	unsigned failed = 0;

	while (n--) {
		struct page *page = alloc_pages(gfp | __GFP_NOWARN, order);

		if (page)
			__free_pages(page, order);
		else
			failed++;
	}
	return failed;
}

static void fail_page_alloc_filters(void **state)
{
	static const struct {
		bool highmem, wait; /* ignored */
		unsigned min_order;
		gfp_t gfp;
		unsigned order;
		bool fails;
	} rows[] = {
		{ true, true, 1, GFP_ATOMIC, 0, false },
		{ true, true, 1, GFP_ATOMIC, 1, true },
		{ true, true, 2, GFP_ATOMIC, 1, false },
		{ true, true, 0, GFP_ATOMIC, 0, true },
		{ true, true, 0, GFP_KERNEL, 0, false },
		{ true, false, 0, GFP_KERNEL, 0, true },
		{ true, false, 0, GFP_HIGHUSER, 0, false },
		{ false, false, 0, GFP_HIGHUSER, 0, true },
		{ false, true, 0, GFP_HIGHUSER, 0, false },
		{ true, true, 0, GFP_NOWAIT | __GFP_HIGHMEM, 0, false },
		{ false, true, 0, GFP_NOWAIT | __GFP_HIGHMEM, 0, true },
		{ false, false, 0, GFP_KERNEL | __GFP_NOFAIL, 0, false },
		{ false, false, 3, GFP_ATOMIC | __GFP_COMP, 4, true },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		reset_fail_page_alloc();
		fail_page_alloc.attr.probability = 100;
		fail_page_alloc.attr.times = -1;
		fail_page_alloc.ignore_gfp_highmem = rows[i].highmem;
		fail_page_alloc.ignore_gfp_wait = rows[i].wait;
		fail_page_alloc.min_order = rows[i].min_order;
		fault_attr_apply(&fail_page_alloc.attr);
		if (failures(3, rows[i].gfp, rows[i].order) != (rows[i].fails ? 3 : 0))
			fail_msg("row %u", i);
	}
	reset_fail_page_alloc();
}

static void fail_page_alloc_counts(void **state)
{
	struct fault_attr *attr = &fail_page_alloc.attr;
	unsigned first, second;

	(void)state;
	reset_fail_page_alloc();
	/* times */
	assert_int_equal(setup_fault_attr(attr, "1,100,0,5"), 0);
	assert_int_equal(failures(20, GFP_ATOMIC, 1), 5);
	assert_int_equal(attr->times, 0);
	/* every third */
	assert_int_equal(setup_fault_attr(attr, "3,100,0,-1"), 0);
	assert_int_equal(failures(30, GFP_ATOMIC, 1), 10);
	/* a budget of 40 frames: nineteen blocks of two pass, with the twentieth nothing is left */
	assert_int_equal(setup_fault_attr(attr, "1,100,40,-1"), 0);
	assert_int_equal(failures(19, GFP_ATOMIC, 1), 0);
	assert_int_equal(failures(5, GFP_ATOMIC, 1), 5);
	/* by chance, and the same with the same seed */
	assert_int_equal(setup_fault_attr(attr, "1,30,0,-1"), 0);
	attr->seed = 5;
	first = failures(1000, GFP_ATOMIC, 1);
	attr->seed = 5;
	second = failures(1000, GFP_ATOMIC, 1);
	assert_int_equal(first, second);
	assert_in_range(first, 250, 350);
	/* only some tasks, and no interrupt */
	assert_int_equal(setup_fault_attr(attr, "1,100,0,-1"), 0);
	attr->task_filter = true;
	assert_int_equal(failures(5, GFP_ATOMIC, 1), 0);
	running.make_it_fail = true;
	assert_int_equal(failures(5, GFP_ATOMIC, 1), 5);
	quire_irq_enter();
	assert_int_equal(failures(5, GFP_ATOMIC, 1), 0);
	quire_irq_exit();
	running.make_it_fail = false;
	reset_fail_page_alloc();
	assert_int_equal(failures(100, GFP_ATOMIC, 1), 0);
}

static void fail_page_alloc_words(void **state)
{
	static const char *const wrong[] = { "",
					     "1",
					     "1,2,3",
					     "1,2,3,4,5",
					     "a,1,1,1",
					     "1,101,0,1",
					     "1,-1,0,1",
					     "-1,1,0,1",
					     "1,1,0,-2",
					     "1,1,0,1x",
					     "99999999999999999999,1,1,1" };
	struct fault_attr *attr = &fail_page_alloc.attr, before;

	(void)state;
	reset_fail_page_alloc();
	before = *attr;
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(setup_fault_attr(attr, wrong[i]), -EINVAL);
		assert_memory_equal(attr, &before, sizeof(before));
	}
	quire_debug_parse_cmdline("fail_page_alloc=2,100,0 page_owner=off");
	assert_true(
		logged("fail_page_alloc=2,100,0: not <interval>,<probability>,<space>,<times>"));
	quire_debug_parse_cmdline("fail_page_alloc=1,100,0,1");
	attr->verbose = 2;
	assert_null(alloc_pages(GFP_ATOMIC, 1));
	log_text = posix_log_take();
	expect_logged("FAULT_INJECTION: forcing a failure.\n"
		      "name fail_page_alloc, interval 1, probability 100, space 0, times 0\n"
		      "CPU: 0 PID: 42 Comm: tester\n");
	expect_logged("tester: page allocation failure: order:1, mode:0x820(GFP_ATOMIC)");
	reset_fail_page_alloc();
}

static void failslab_fails_objects(void **state)
{
	void *a;

	(void)state;
	set_current_task_fn(describe);
	start_heap(32, 1);
	failslab.attr.verbose = 0;
	assert_int_equal(setup_fault_attr(&failslab.attr, "1,100,0,-1"), 0);
	assert_null(kmalloc(100, GFP_ATOMIC));
	a = kmalloc(100, GFP_KERNEL); /* it may wait: left alone unless asked for */
	assert_non_null(a);
	kfree(a);
	failslab.ignore_gfp_wait = false;
	assert_null(kmalloc(100, GFP_KERNEL));
	a = kmalloc(100, GFP_KERNEL | __GFP_NOFAIL);
	assert_non_null(a);
	kfree(a);
	assert_int_equal(setup_fault_attr(&failslab.attr, "1,100,256,2"), 0);
	for (unsigned i = 0; i < 3; i++) { /* objects of 64 bytes */
		a = kmalloc(64, GFP_KERNEL);
		assert_non_null(a);
		kfree(a);
	}
	assert_null(kmalloc(64, GFP_KERNEL));
	assert_null(kmalloc(64, GFP_KERNEL));
	a = kmalloc(64, GFP_KERNEL);
	assert_non_null(a);
	kfree(a);
	failslab.ignore_gfp_wait = true;
	assert_int_equal(setup_fault_attr(&failslab.attr, "1,0,0,1"), 0);
	assert_int_equal(stop_heap(), 0);
	set_current_task_fn(NULL);
}

/* ---- reports --------------------------------------------------------------------------------- */
static void bad_page_report(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	char words[200];

	(void)state;
	atomic_set(&page->_mapcount, 1);
	page->index = 0x77;
	SetPageFlag(page, PG_dirty);
	__free_page(page);
	log_text = posix_log_take();
	snprintf(words, sizeof(words),
		 "BUG: Bad page state in process tester  pfn:%05lx\n"
		 "page: refcount:0 mapcount:1 mapping:%0*lx index:0x77 pfn:0x%lx\nflags: 0x",
		 page_to_pfn(page), (int)(2 * sizeof(long)), 0UL, page_to_pfn(page));
	expect_logged(words);
	snprintf(words, sizeof(words),
		 "(dirty|node=%d|zone=%u)\n"
		 "page dumped because: it is still mapped\n",
		 page_to_nid(page), page_zonenum(page));
	expect_logged(words);
	expect_logged("CPU: 0 PID: 42 Comm: tester\nCall Trace:\n 0x");
	assert_int_equal(nr_bad_pages, 1);
	ClearPageFlag(page, PG_dirty);
	page->index = 0;
	atomic_set(&page->_mapcount, 0);
	atomic_set(&page->_refcount, 1);
	__free_page(page);
	assert_string_equal(posix_log_take(), "");
}

/* With owners on record a double free names both: who freed it first, and from where. */
static void double_free_names_its_owner(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	__free_page(page);
	posix_log_take();
	__free_page(page);
	log_text = posix_log_take();
	expect_logged(
		"page dumped because: a reference was dropped that nobody held (freed twice?)\n"
		"page_owner tracks the page as freed\npage last allocated via order 0, "
		"migratetype Unmovable, gfp_mask 0xcc0(GFP_KERNEL), pid 42, tgid 40 (tester)");
	expect_logged("page last free pid 42 tgid 40 stack trace:\n 0x");
	assert_law(frames_check());
}

static void wrong_order_names_its_owner(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 2);

	(void)state;
	posix_log_take();
	__free_pages(page, 1);
	log_text = posix_log_take();
	expect_logged("page dumped because: it was allocated with another order\n"
		      "page_owner tracks the page as allocated\npage last allocated via order 2");
	atomic_set(&page->_refcount, 1);
	__free_pages(page, 2);
	assert_law(frames_check());
}

static void failure_report(void **state)
{
	static const char first[] =
		"tester: page allocation failure: order:4, mode:0x40820(GFP_ATOMIC|__GFP_COMP), "
		"nodemask=(null)\nCPU: 0 PID: 42 Comm: tester\nCall Trace:\n 0x";
	static const char *const lines[] = {
		first,
		"\nMem-Info:\nactive_anon:0 inactive_anon:0 isolated_anon:0\n active_file:0 ",
		"\n slab_reclaimable:0 slab_unreclaimable:0\n mapped:0 shmem:0 pagetables:0\n",
		"\n free:",
		" free_cma:0\nNode 0 active_anon:0kB inactive_anon:0kB ",
		"sec_pagetables:0kB all_unreclaimable? no\nNode 0 DMA free:",
		"kB local_pcp:",
		"\nlowmem_reserve[]: ",
		"\nNode 0 DMA: ",
		"\n0 total pagecache pages\n0 pages in swap cache\n",
		" pages RAM\n0 pages HighMem/MovableOnly\n",
		" pages reserved\n0 pages hwpoisoned\n",
	};

	(void)state;
	reset_fail_page_alloc();
	fail_page_alloc.attr.probability = 100;
	fault_attr_apply(&fail_page_alloc.attr);
	assert_null(alloc_pages(GFP_ATOMIC | __GFP_COMP, 4));
	log_text = posix_log_take();
	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++)
		expect_logged(lines[i]);
	reset_fail_page_alloc();
	/* later ones are one line, so that the log is not flooded */
	for (unsigned i = 0; i < 20; i++) {
		quire_fail_nth(1);
		assert_null(alloc_page(GFP_KERNEL));
	}
	posix_log_take();
	quire_fail_nth(1);
	assert_null(alloc_page(GFP_KERNEL));
	assert_string_equal(posix_log_take(), "tester: page allocation failure: order:0, "
					      "mode:0xcc0(GFP_KERNEL), nodemask=(null)\n");
}

static void flag_names(void **state)
{
	static const struct {
		gfp_t gfp;
		const char *words;
	} rows[] = {
		{ 0, "none" },
		{ GFP_KERNEL, "GFP_KERNEL" },
		{ GFP_KERNEL | __GFP_ZERO | __GFP_COMP, "GFP_KERNEL|__GFP_ZERO|__GFP_COMP" },
		{ GFP_TRANSHUGE, "GFP_TRANSHUGE" },
		{ GFP_TRANSHUGE_LIGHT, "GFP_TRANSHUGE_LIGHT" },
		{ GFP_KERNEL_ACCOUNT, "GFP_KERNEL_ACCOUNT" },
		{ GFP_NOWAIT, "GFP_NOWAIT" },
		{ GFP_NOIO, "GFP_NOIO" },
		{ __GFP_DMA | GFP_ATOMIC, "GFP_ATOMIC|GFP_DMA" },
		{ __GFP_WRITE | __GFP_ATOMIC, "__GFP_ATOMIC|__GFP_WRITE" },
		{ 0x80000000u | __GFP_IO, "__GFP_IO|0x80000000" },
	};
	char words[GFP_WORDS];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		gfp_words(words, sizeof(words), rows[i].gfp);
		assert_string_equal(words, rows[i].words);
	}
	/* every flag has a name, and all of them fit */
	gfp_words(words, sizeof(words), 0x7fffff);
	assert_null(strstr(words, "|0x"));
	assert_true(strlen(words) < sizeof(words) - 1);
	gfp_words(words, 10, GFP_KERNEL | __GFP_ZERO);
	assert_string_equal(words, "GFP_KERNE");
}

#define T(fn, up) cmocka_unit_test_setup_teardown(fn, up, down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(owner_knows_who, up_owner),
		T(owner_text_is_complete, up_owner),
		T(owner_follows_a_move, up_owner),
		cmocka_unit_test(owner_without_memory),
		cmocka_unit_test(stack_depot),
		T(poison_patterns, up_poison),
		T(poison_reports, up_poison),
		T(poison_of_fresh_frames, up_poison),
		T(poison_quarantine, up_quarantine),
		cmocka_unit_test(cleared_frames),
		T(fail_page_alloc_filters, up_plain),
		T(fail_page_alloc_counts, up_plain),
		T(fail_page_alloc_words, up_plain),
		cmocka_unit_test(failslab_fails_objects),
		T(bad_page_report, up_plain),
		T(double_free_names_its_owner, up_owner),
		T(wrong_order_names_its_owner, up_owner),
		T(failure_report, up_plain),
		cmocka_unit_test(flag_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
