/* SPDX-License-Identifier: MIT */
/*
 * frames/memory_failure.c - frames that are never to be used again.
 *
 *   free ──────────────────────────────────┐
 *   in use ─ users let go of it ───────────┼──> set aside: PG_poisoned, one reference, ours
 *          └ they do not ─> marked ──freed─┘
 *
 * Always true:  a frame with PG_poisoned is in no free list and on no per-CPU list.  While one of
 *               them is in use we watch every free, so that it never gets to one; its neighbours in
 *               the block do.
 * Lock:         in_use.lock for the count and the watching; zone->lock inside buddy_take_frame().
 *               Of two failures of one frame at a time the first to set PG_poisoned deals with it.
 */
#include <quire/err.h>
#include <quire/gfp.h>
#include <quire/memory_failure.h>
#include <quire/printk.h>
#include "alloc.h"
#include "debug.h"

#define OFFLINE_TRIES 5u /* a frame that is emptied and taken by others again and again */

static const struct memory_failure_ops *user;
static struct {
	u32 lock;
	long nr; /* frames that are marked and still their owner's               */
} in_use;

void set_memory_failure_ops(const struct memory_failure_ops *ops)
{
	user = ops;
}

/* ---- words ----------------------------------------------------------------------------------- */

#define USER_MEMORY (1u << PG_anon | 1u << PG_cache)

static bool is_user_memory(u32 flags)
{
	return flags & USER_MEMORY;
}

/* What the frame is, as Linux's log calls it, by the flags of the first of its block.  `dirty`: what is
 * in it is nowhere else. */
static const char *kind_of(u32 flags, bool dirty)
{
	if (flags & 1u << PG_reserved)
		return "reserved kernel page";
	if (flags & 1u << PG_slab)
		return "kernel slab page";
	if (flags & 1u << PG_table)
		return "kernel page table page";
	if (flags & 1u << PG_mlocked)
		return dirty ? "dirty mlocked LRU page" : "clean mlocked LRU page";
	if (is_user_memory(flags))
		return dirty ? "dirty LRU page" : "clean LRU page";
	return page_order_taken(flags) ? "kernel high-order page" : "unknown page";
}

enum outcome { IGNORED, FAILED, RECOVERED };

static int report(unsigned long pfn, const char *kind, enum outcome outcome)
{
	static const char *const words[] = { "Ignored", "Failed", "Recovered" };

	printk("Memory failure: %#lx: recovery action for %s: %s\n", pfn, kind, words[outcome]);
	return outcome == RECOVERED ? 0 : -EBUSY;
}

/* ---- free frames ----------------------------------------------------------------------------- */

/* Take the frame if it is free, on whatever list. */
static bool take_if_free(unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);
	struct zone *zone = page_zone(page);

	if (PageFlag(page, PG_reserved))
		return false;
	if (!buddy_take_frame(zone, pfn)) {
		drain_all_pages();
		if (!buddy_take_frame(zone, pfn))
			return false;
	}
	make_owned(page, block_marks(0, pcp_column_of(get_pageblock_migratetype(page))));
	return true;
}

/* ---- frames in use --------------------------------------------------------------------------- */
/* So many more or fewer; while there are any every free is watched. */
static void count_in_use(long n);

static bool taken(struct page *page, unsigned order, gfp_t gfp)
{
	(void)page, (void)order, (void)gfp;
	return true;
}

static bool block_has_marked(const struct page *page, unsigned order)
{
	for (unsigned long i = 0; i < 1UL << order; i++)
		if (PageFlag(page + i, PG_poisoned))
			return true;
	return false;
}

/* The owner of a marked frame frees it at last: it stays, the others of its block go. */
static bool freed(struct page *page, unsigned order)
{
	u32 marks = READ_ONCE(page->flags) & PAGE_PCPMT_MASK << PAGE_PCPMT_SHIFT;
	long n = 0;

	if (likely(!block_has_marked(page, order)))
		return true;
	for (unsigned long i = 0; i < 1UL << order; i++) {
		bool marked = PageFlag(page + i, PG_poisoned);

		make_owned(page + i, marks);
		if (!marked) {
			__free_page(page + i);
			continue;
		}
		SetPageFlag(page + i, PG_poisoned);
		page[i].mapping = FRAME_SET_ASIDE;
		n++;
	}
	count_in_use(-n);
	return false;
}

static void forget(void)
{
	in_use.nr = 0;
}

static const struct frame_watcher watcher = { .taken = taken, .freed = freed, .exit = forget };

static void count_in_use(long n)
{
	unsigned long flags = port_irq_save();

	raw_lock(&in_use.lock);
	in_use.nr += n;
	frame_watch(WATCHER_POISONED, in_use.nr ? &watcher : NULL);
	raw_unlock(&in_use.lock);
	port_irq_restore(flags);
}

/* From now on it does not get back to a free list.  False: somebody else has seen to that. */
static bool mark(struct page *page)
{
	count_in_use(1);
	if (TestSetPageFlag(page, PG_poisoned)) {
		count_in_use(-1);
		return false;
	}
	num_poisoned_pages_add(1);
	return true;
}

/* It was freed before the mark was there, when nobody watched yet. */
static bool was_free(struct page *page)
{
	if (page_count(page) || !take_if_free(page_to_pfn(page)))
		return false;
	count_in_use(-1);
	num_poisoned_pages_add(-1);
	frames_set_aside(page, 0);
	return true;
}

/* Ask the users of a marked frame to let go. */
static enum outcome recover(struct page *page, int flags, bool *lost)
{
	bool held = flags & MF_COUNT_INCREASED;
	int err;

	if (!user || (!held && !frame_hold(page, USER_MEMORY, 0, 0)))
		return was_free(page) || frame_is_set_aside(page) ? RECOVERED : IGNORED;
	if (!is_user_memory(READ_ONCE(page->flags)))
		return IGNORED;
	err = user->recover(page, flags, lost);
	if (!held)
		put_page(page); /* perhaps the last reference: freed() keeps it */
	return err ? FAILED : RECOVERED;
}

/* First frame of the block in use that the frame is part of, or NULL.  Only the first has
 * references and knows the order. */
static struct page *holder_of(unsigned long pfn)
{
	for (unsigned order = 0; order <= MAX_PAGE_ORDER; order++) {
		struct page *head = pfn_to_page(pfn >> order << order);
		unsigned taken = page_order_taken(READ_ONCE(head->flags));

		if (page_count(head) > 0 && taken >= order && taken <= MAX_PAGE_ORDER)
			return head;
	}
	return NULL;
}

/* The frame is somebody's. */
static int fail_in_use(unsigned long pfn, int flags)
{
	struct page *page = pfn_to_page(pfn);
	struct page *holder = PageFlag(page, PG_reserved) ? page : holder_of(pfn);
	enum outcome outcome;
	u32 was;
	bool lost;

	if (!holder) /* between two lists */
		return report(pfn, "get hwpoison page", FAILED);
	was = READ_ONCE(holder->flags);
	lost = was & (1u << PG_anon | 1u << PG_dirty);
	if (!mark(page)) {
		printk("Memory failure: %#lx: already hardware poisoned\n", pfn);
		return -EHWPOISON;
	}
	outcome = recover(page, flags, &lost);
	return report(pfn, kind_of(was, lost), outcome);
}

int memory_failure(unsigned long pfn, int flags)
{
	int err;

	if (!pfn_valid(pfn)) {
		printk("Memory failure: %#lx: memory outside kernel control\n", pfn);
		return -ENXIO;
	}
	if (take_if_free(pfn)) {
		frames_set_aside(pfn_to_page(pfn), 0);
		return report(pfn, "free buddy page", RECOVERED);
	}
	err = fail_in_use(pfn, flags);
	if (flags & MF_COUNT_INCREASED)
		put_page(pfn_to_page(pfn));
	return err;
}

/* ---- contents that are still good ------------------------------------------------------------ */
static struct page *frame_for(struct page *from, unsigned long private)
{
	(void)private;
	return alloc_pages_node((int)page_to_nid(from), GFP_HIGHUSER_MOVABLE | __GFP_RETRY_MAYFAIL,
				0);
}

static int move_away(struct page *page)
{
	int err;

	if (!isolate_movable_page(page, 0))
		return -EBUSY;
	err = migrate_pages(&page, 1, frame_for, NULL, 0, MIGRATE_SYNC, MR_MEMORY_FAILURE, NULL);
	return err > 0 ? -EBUSY : err;
}

/* Between the move and the taking somebody else may get the frame: then that one is asked to move. */
static int empty_and_take(struct page *page)
{
	for (unsigned tries = 0; tries < OFFLINE_TRIES; tries++) {
		int err;

		if (take_if_free(page_to_pfn(page)))
			return 0;
		err = move_away(page);
		if (err)
			return err;
	}
	return take_if_free(page_to_pfn(page)) ? 0 : -EBUSY;
}

int soft_offline_page(unsigned long pfn)
{
	struct page *page;
	int err = 0;

	if (!pfn_valid(pfn) || PageFlag(pfn_to_page(pfn), PG_reserved))
		return -EIO;
	page = pfn_to_page(pfn);
	if (PageFlag(page, PG_poisoned))
		return 0;
	err = empty_and_take(page);
	if (!err)
		frames_set_aside(page, 0);
	printk("soft offline: %#lx: %s\n", pfn, err ? "page could not be moved" : "done");
	return err;
}

int unpoison_memory(unsigned long pfn)
{
	struct page *page = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;

	if (!page || !PageFlag(page, PG_poisoned))
		return -ENXIO;
	num_poisoned_pages_add(-1);
	if (!frame_is_set_aside(page)) {
		ClearPageFlag(page, PG_poisoned);
		count_in_use(-1);
	} else {
		make_owned(page, READ_ONCE(page->flags) & PAGE_PCPMT_MASK << PAGE_PCPMT_SHIFT);
		__free_page(page);
	}
	printk("Unpoison: Software-unpoisoned page %#lx\n", pfn);
	return 0;
}
