/* SPDX-License-Identifier: MIT */
/*
 * frames/debug.h - what is done with every block that changes hands, while somebody wants it.
 *
 *   slow.c, contig.c  ──taken──>   frame_watchers[]:  poison.c  checks, fills, clears
 *   compact.c         <──freed──                      page_owner.c  notes who and from where
 *
 * A watcher is linked only where it is switched on, and while one is, frame_debug closes the gate:
 * with none the fast paths do not know of all this.
 */
#ifndef QUIRE_SRC_FRAMES_DEBUG_H
#define QUIRE_SRC_FRAMES_DEBUG_H

#include <quire/migrate.h>
#include "frames.h"

/* Any function may be NULL, but the first two. */
struct frame_watcher {
	/* The block is about to be handed out.  False: it is damaged and not to be used. */
	bool (*taken)(struct page *page, unsigned order, gfp_t gfp);
	/* It is about to be free.  False: it is not, it was dealt with. */
	bool (*freed)(struct page *page, unsigned order);
	/* frames_init() is about to end, memblock still allocates; frames_exit(). */
	void (*init)(void);
	void (*exit)(void);
	/* n frames are free for the first time. */
	void (*managed)(struct page *page, unsigned long n);
	/* The contents of `from` are in `to` now. */
	void (*moved)(const struct page *to, const struct page *from, enum migrate_reason reason);
	/* What is known of the frame, to the log. */
	void (*dump)(const struct page *page);
};
/* In the order in which a block passes them on its way out. */
enum { WATCHER_POISONED, WATCHER_POISON, WATCHER_OWNER, NR_FRAME_WATCHERS };
extern bool frame_debug; /* (a) one of them is on */

/* Switch it on, or with NULL off.  Who looks at every frame from the beginning does so before
 * frames_init(); frames_exit() switches all of them off. */
void frame_watch(unsigned which, const struct frame_watcher *watcher);

bool frame_debug_taken_slow(struct page *page, unsigned order, gfp_t gfp);
bool frame_debug_freed_slow(struct page *page, unsigned order);
void frame_debug_moved(const struct page *to, const struct page *from, enum migrate_reason reason);
void frame_debug_dump(const struct page *page);

/* A block was taken off the free lists.  False: it is damaged and was set aside, take another. */
static inline bool frame_debug_taken(struct page *page, unsigned order, gfp_t gfp)
{
	if (likely(!racy_read(frame_debug)) || frame_debug_taken_slow(page, order, gfp))
		return true;
	frames_set_aside(page, order);
	return false;
}

/* A frame that nobody uses any more: `mapping` is no address, PG_poisoned is set. */
#define FRAME_SET_ASIDE ((void *)0x0badUL)
static inline bool frame_is_set_aside(const struct page *page)
{
	return PageFlag(page, PG_poisoned) && page->mapping == FRAME_SET_ASIDE;
}

/* The same for one that no other can replace. */
static inline void frame_debug_claimed(struct page *page, unsigned order, gfp_t gfp)
{
	if (unlikely(racy_read(frame_debug)))
		(void)frame_debug_taken_slow(page, order, gfp);
}

/* A block is about to go back to them.  False: it will not. */
static inline bool frame_debug_freed(struct page *page, unsigned order)
{
	return likely(!racy_read(frame_debug)) || frame_debug_freed_slow(page, order);
}

/* Fault injection, while it is armed: whether this request is to fail (fail_page_alloc.c). */
extern bool (*fail_page_alloc_hook)(gfp_t gfp, unsigned order);

static inline bool should_fail_alloc_page(gfp_t gfp, unsigned order)
{
	return QUIRE_EVENTS && (quire_should_fail(gfp) ||
				(fail_page_alloc_hook && fail_page_alloc_hook(gfp, order)));
}

#endif
