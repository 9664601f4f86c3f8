/* SPDX-License-Identifier: MIT */
/*
 * start.c - from nothing to a heap, and more RAM when it is full.
 *
 * Lock: malloc_start(): its caller's.  Growth: grow_lock.
 */
#include <quire/boot.h>
#include <quire/lock.h>
#include <quire/low_memory.h>
#include <quire/numa.h>
#include <quire/contig.h>
#include <quire/percpu.h>
#include <quire/printk.h>
#include <quire/tune.h>
#include <quire/slab_debug.h>
#include "qmalloc.h"

#define WATCHED_FROM ((8UL << 20) >> PAGE_SHIFT) /* frames: less is not worth a thread      */

bool malloc_started;
static u32 grow_lock;

/* What this thread has at hand of sizes that it may not need any more.  True: that was not little. */
static bool trim(unsigned order)
{
	unsigned long unused = nr_free_pages();

	heap_trim();
	return !order && nr_free_pages() >= unused + totalram_pages() / 32;
}

/* Frames that a request needs and more: an eighth of what there is, so that it is seldom. */
static unsigned long grow(struct zone *zone, gfp_t gfp, unsigned order)
{
	unsigned long had = totalram_pages();
	size_t size = max((size_t)PAGE_SIZE << order, (size_t)(had << PAGE_SHIFT) / 8);

	(void)zone, (void)gfp;
	if (trim(order))
		return 1;
	raw_lock(&grow_lock);
	/* Whoever waited finds what the other brought. */
	size = totalram_pages() == had ? preload_grow(size) : size;
	raw_unlock(&grow_lock);
	if (had >= WATCHED_FROM && !malloc_options.no_thread)
		(void)release_watch();
	return size >> PAGE_SHIFT;
}

void growth_freeze(void)
{
	raw_lock(&grow_lock);
}

void growth_thaw(void)
{
	raw_unlock(&grow_lock);
}

void malloc_start(void)
{
	static const struct low_memory_ops ops = { .direct_reclaim = grow };

	if (malloc_started)
		return;
	preload_log = true;
	options_read();
	if (preload_machine_start())
		quire_panic("quire-malloc: the process may not even reserve 16 MiB of addresses\n");
	set_zone_end(ZONE_DMA32, 0);
	preload_log = false; /* nobody asked how it starts */
	frames_init();
	memblock_free_all();
	preload_log = true;
	set_low_memory_ops(&ops);
	if (percpu_init(2))
		quire_panic("quire-malloc: no memory for per-CPU data\n");
	preload_cpu_enter(0);
	if (malloc_options.debug)
		slab_debug_enable();
	if (heap_init() || small_start())
		quire_panic("quire-malloc: no memory for the heap\n");
	preload_cpu_leave();
	threads_start();
	__atomic_store_n(&malloc_started, true, __ATOMIC_RELEASE);
}
