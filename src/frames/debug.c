/* SPDX-License-Identifier: MIT */
/*
 * frames/debug.c - every block that changes hands passes here while somebody wants to know.
 *
 * Always true:  without watchers the gate is open as far as we are concerned.
 * Lock:         none; a watcher that comes or goes is seen by other CPUs a moment later.
 */
#include <quire/bytes.h>
#include <quire/gfp.h>
#include <quire/memory_failure.h>
#include "debug.h"

/* NULL: it is off. */
static const struct frame_watcher *frame_watchers[NR_FRAME_WATCHERS];
bool frame_debug;
bool frames_init_on_alloc, frames_init_on_free;
bool (*fail_page_alloc_hook)(gfp_t gfp, unsigned order);
static atomic_long_t nr_poisoned;

#define for_each_watcher(i, w)                                                                     \
	for ((i) = 0; (i) < NR_FRAME_WATCHERS; (i)++)                                              \
		if (((w) = racy_read(frame_watchers[i])))

static void look_again(void)
{
	bool any = false;

	for (unsigned i = 0; i < NR_FRAME_WATCHERS; i++)
		any |= frame_watchers[i] != NULL;
	racy_write(frame_debug, any);
	gate_watch(GATE_FRAME_DEBUG, any);
}

void frame_watch(unsigned which, const struct frame_watcher *watcher)
{
	racy_write(frame_watchers[which], watcher);
	look_again();
}

void frame_debug_init(void)
{
	const struct frame_watcher *w;
	unsigned i;

	for_each_watcher(i, w) if (w->init) w->init();
}

void frame_debug_exit(void)
{
	const struct frame_watcher *w;
	unsigned i;

	for_each_watcher(i, w) if (w->exit) w->exit();
	memset(frame_watchers, 0, sizeof(frame_watchers));
	look_again();
	atomic_long_set(&nr_poisoned, 0);
}

void frame_debug_managed(struct page *page, unsigned long n)
{
	const struct frame_watcher *w;
	unsigned i;

	for_each_watcher(i, w) if (w->managed) w->managed(page, n);
}

quire_cold bool frame_debug_taken_slow(struct page *page, unsigned order, gfp_t gfp)
{
	const struct frame_watcher *w;
	bool good = true;
	unsigned i;

	for_each_watcher(i, w) good = good && w->taken(page, order, gfp);
	return good;
}

quire_cold bool frame_debug_freed_slow(struct page *page, unsigned order)
{
	const struct frame_watcher *w;
	bool free = true;
	unsigned i;

	for_each_watcher(i, w) free = free && w->freed(page, order);
	return free;
}

void frame_debug_moved(const struct page *to, const struct page *from, enum migrate_reason reason)
{
	const struct frame_watcher *w;
	unsigned i;

	for_each_watcher(i, w) if (w->moved) w->moved(to, from, reason);
}

void frame_debug_dump(const struct page *page)
{
	const struct frame_watcher *w;
	unsigned i;

	for_each_watcher(i, w) if (w->dump) w->dump(page);
}

/* ---- out of use for good --------------------------------------------------------------------- */
unsigned long num_poisoned_pages(void)
{
	return (unsigned long)atomic_long_read(&nr_poisoned);
}

void num_poisoned_pages_add(long n)
{
	atomic_long_add(n, &nr_poisoned);
}

void frames_set_aside(struct page *page, unsigned order)
{
	split_page(page, order);
	for (unsigned long i = 0; i < 1UL << order; i++) {
		page[i].mapping = FRAME_SET_ASIDE;
		SetPageFlag(page + i, PG_poisoned);
	}
	num_poisoned_pages_add(1L << order);
}
