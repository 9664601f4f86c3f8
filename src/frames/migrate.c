/* SPDX-License-Identifier: MIT */
/*
 * frames/migrate.c - frames change places: what is the same whoever owns them.
 *
 *   isolate ──> [ held, PG_isolated ] ──> lock ──> owner's migrate_page ──> unlock ──> old frame freed
 *                        └──────── not now, three or ten times ───────┘└──> put back
 *
 * Frames that can be moved are user memory (spaces/ says how: set_user_page_mover) and those whose
 * owner marked them PG_movable.
 *
 * Always true:  PG_isolated goes with one reference, held by whoever set it.  It is set in the same
 *               step in which the reference is taken, and only while the flags name a movable
 *               owner, so a frame that was freed and has another owner is never held by mistake.
 * Lock:         PG_locked of each page while its owner is asked; none of this file's own.
 */
#include <quire/err.h>
#include <quire/event.h>
#include <quire/migrate.h>
#include <quire/printk.h>
#include <quire/vmstat.h>
#include "debug.h"

const char *const migrate_reason_names[MR_TYPES] = {
	"compaction",      "memory_failure", "memory_hotplug", "syscall_or_cpuset",
	"mempolicy_mbind", "numa_misplaced", "contig_range",   "longterm_pin",
	"demotion",        "damon",
};

/* The upward call: filled in by spaces/ at init. */
static const struct user_page_mover *user;

void set_user_page_mover(const struct user_page_mover *mover)
{
	user = mover;
}

#define USER_PAGE    (1u << PG_anon | 1u << PG_cache)
#define MOVABLE_PAGE (USER_PAGE | 1u << PG_movable)
#define NOT_NOW      (1u << PG_isolated | 1u << PG_poisoned | 1u << PG_head | 1u << PG_tail)

static const struct movable_ops *mover_of(const struct page *page)
{
	u32 flags = READ_ONCE(page->flags);

	if (flags & 1u << PG_movable)
		return page->movable_ops;
	return flags & USER_PAGE && user ? &user->ops : NULL;
}

void __SetPageMovable(struct page *page, const struct movable_ops *ops)
{
	page->movable_ops = ops;
	SetPageFlag(page, PG_movable);
}

void __ClearPageMovable(struct page *page)
{
	quire_assert(PageFlag(page, PG_locked), "the page is locked by the caller");
	ClearPageFlag(page, PG_movable);
	page->movable_ops = NULL;
}

/* The owner may be changing the counts: no more than a guess is promised. */
quire_racy const char *page_why_immovable(const struct page *page)
{
	u32 flags = READ_ONCE(page->flags);
	int count = READ_ONCE(page->_refcount.counter), known = READ_ONCE(page->_mapcount.counter);

	if (flags & 1u << PG_reserved)
		return "it was never handed to the buddy system";
	if (flags & 1u << PG_poisoned)
		return "its memory is damaged";
	if (count == 0)
		return "it is free";
	if (flags & 1u << PG_slab)
		return "it holds kernel objects";
	if (flags & 1u << PG_table)
		return "it is a page table";
	if (flags & (1u << PG_head | 1u << PG_tail))
		return "it is part of a compound block";
	if (!(flags & MOVABLE_PAGE))
		return "the kernel uses it and nobody said how it moves";
	if (flags & 1u << PG_isolated)
		return "somebody is about to move it already";
	if (flags & 1u << PG_locked)
		return "it is locked: being filled, written or moved";
	known += flags >> PG_cache & 1;
	if (!(flags & 1u << PG_movable) && count > known)
		return "someone holds it by reference, not by mapping";
	return NULL;
}

/* ---- isolation ------------------------------------------------------------------------------- */
/* Hold a frame if its flags name a movable owner at this very moment, and mark it. */
static bool hold(struct page *page)
{
	return frame_hold(page, MOVABLE_PAGE, NOT_NOW, 1u << PG_isolated);
}

static enum node_stat_item isolated_as(const struct page *page)
{
	return READ_ONCE(page->flags) & (1u << PG_anon | 1u << PG_swapbacked) ? NR_ISOLATED_ANON
									      : NR_ISOLATED_FILE;
}

static void let_go(struct page *page)
{
	ClearPageFlag(page, PG_isolated);
	put_page(page);
}

static bool trylock(struct page *page)
{
	return !TestSetPageFlag(page, PG_locked);
}

static void unlock(struct page *page)
{
	if (user)
		user->unlock(page);
	else
		ClearPageFlag(page, PG_locked);
}

bool isolate_movable_page(struct page *page, isolate_mode_t mode)
{
	const struct movable_ops *ops;
	bool mine = false;

	if (!hold(page))
		return false;
	if (trylock(page)) {
		ops = mover_of(page);
		mine = ops && (!ops->isolate_page || ops->isolate_page(page, mode));
		unlock(page);
	}
	if (mine)
		mod_nid_page_state(page_to_nid(page), isolated_as(page), 1);
	else
		let_go(page);
	return mine;
}

/* The owner's lock is held for moments only where no store is behind the page. */
static void lock_patiently(struct page *page)
{
	if (trylock(page))
		return;
	if (user)
		user->lock(page);
	else
		while (!trylock(page))
			port_cpu_relax();
}

static void putback(struct page *page)
{
	const struct movable_ops *ops = mover_of(page);

	mod_nid_page_state(page_to_nid(page), isolated_as(page), -1);
	if (ops && ops->putback_page) {
		lock_patiently(page);
		ops = mover_of(page);
		if (ops)
			ops->putback_page(page);
		unlock(page);
	}
	let_go(page);
}

void putback_movable_pages(struct page **pages, unsigned nr)
{
	for (unsigned i = 0; i < nr; i++) {
		if (pages[i])
			putback(pages[i]);
		pages[i] = NULL;
	}
}

/* ---- the move -------------------------------------------------------------------------------- */
/* What one call of migrate_pages() was given. */
struct migration {
	new_page_t *get_new_page;
	free_page_t *put_new_page;
	unsigned long private;
	enum migrate_mode mode;
	enum migrate_reason reason;
};

static bool lock_to_move(struct page *page, enum migrate_mode mode)
{
	if (trylock(page))
		return true;
	if (mode == MIGRATE_ASYNC || !user)
		return false;
	/* Its store is slow, and the filler may be waiting for the memory that we are to make. */
	if (mode == MIGRATE_SYNC_LIGHT && !PageFlag(page, PG_uptodate))
		return false;
	user->lock(page);
	return true;
}

/* 0: the owner uses `to`.  Both are unlocked again. */
static int move_locked(struct page *to, struct page *from, enum migrate_mode mode)
{
	const struct movable_ops *ops = mover_of(from);
	enum node_stat_item item = isolated_as(from);
	int err = -EBUSY;

	if (ops) {
		/* Nobody can see the new frame before its owner does. */
		quire_assert(page_count(to) == 1, "get_new_page gives a fresh frame");
		SetPageFlag(to, PG_locked);
		err = ops->migrate_page(to, from, mode);
		unlock(to);
	}
	unlock(from);
	if (!err)
		mod_nid_page_state(page_to_nid(from), item, -1);
	return err;
}

/* 0, -EAGAIN, -ENOMEM or that it will never work. */
static int move_one(const struct migration *m, struct page *from)
{
	struct page *to;
	int err;

	if (page_count(from) == 1 && !PageFlag(from, PG_movable)) {
		putback(from); /* ours is the last reference: it was freed meanwhile */
		return 0;
	}
	to = m->get_new_page(from, m->private);
	if (!to)
		return -ENOMEM;
	err = lock_to_move(from, m->mode) ? move_locked(to, from, m->mode) : -EAGAIN;
	if (!err) {
		frame_debug_moved(to, from, m->reason);
		let_go(from);
		put_page(to);
	} else if (m->put_new_page) {
		m->put_new_page(to, m->private);
	} else {
		put_page(to);
	}
	return err;
}

/* One try for each page that is left.  Returns 0, -EAGAIN if some may yet move, or -ENOMEM. */
static int move_all(const struct migration *m, struct page **from, unsigned nr, unsigned *moved)
{
	int ret = 0;

	for (unsigned i = 0; i < nr; i++) {
		int err = from[i] ? move_one(m, from[i]) : -EBUSY;

		if (err == -ENOMEM)
			return err;
		if (err == -EAGAIN) {
			ret = err;
			continue;
		}
		if (!err)
			(*moved)++;
		else
			putback_movable_pages(&from[i], 1);
		from[i] = NULL;
	}
	return ret;
}

int migrate_pages(struct page **from, unsigned nr, new_page_t get_new_page,
		  free_page_t put_new_page, unsigned long private, enum migrate_mode mode,
		  enum migrate_reason reason, unsigned *nr_succeeded)
{
	const struct migration m = { get_new_page, put_new_page, private, mode, reason };
	unsigned passes = mode == MIGRATE_ASYNC ? 3 : 10, moved = 0;
	int err;

	do
		err = move_all(&m, from, nr, &moved);
	while (err == -EAGAIN && --passes > 0);
	putback_movable_pages(from, nr);
	count_vm_events(PGMIGRATE_SUCCESS, moved);
	count_vm_events(PGMIGRATE_FAIL, nr - moved);
	quire_event(mm_migrate_pages, moved, nr - moved, (unsigned)mode << 8 | (unsigned)reason);
	if (nr_succeeded)
		*nr_succeeded = moved;
	return err == -ENOMEM ? err : (int)(nr - moved);
}
