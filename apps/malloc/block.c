/* SPDX-License-Identifier: MIT */
/*
 * block.c - 8 KiB to 4 MiB: runs of neighbouring frames, and a few freed ones kept by each slot.
 *
 *   alloc <- pop  | kept[class]: up to 4 runs of one length |  -> closed and emptied by whoever looks
 *   free  -> push |      at most 4 MiB in all               |     after idle memory, or by fork()
 *
 *   | first frame: word1 = whose, private = frames | ... |what the class has more is untouched|
 *
 * A run has one of eight lengths to each doubling, so that the next request finds a kept one.
 *
 * Always true:  between keep_enter() and keep_leave() nobody else is at what a slot keeps.
 * Lock:         none: plain stores on the slot's thread, a barrier on all threads by who closes;
 *               close_lock among those.
 */
#include <quire/bits.h>
#include <quire/contig.h>
#include <quire/lock.h>
#include <quire/percpu.h>
#include <quire/run.h>
#include "qmalloc.h"

#define KEPT_EACH   4u
#define KEPT_FRAMES 320u /* by one slot: 1 MiB, and something beside it           */
#define NR_LENGTHS  (16u + 8u * 6u + 1u)

_Static_assert(BLOCK_MAX >> PAGE_SHIFT == 16u << 6, "six doublings above 16 frames");

/* The address says whose a frame is: in use, or kept. */
static char block_owner, kept_owner;

struct keeper {
	unsigned long busy;   /* 1: its thread is at it                                   */
	unsigned long closed; /* 1: it must stay away                                     */
	u32 frames;           /* in all of them                                           */
	u32 uses;             /* how often something was taken or kept                    */
	u32 uses_seen;        /* (close_lock) what it was a cycle ago                     */
	u8 nr[NR_LENGTHS];
	struct page *run[NR_LENGTHS][KEPT_EACH];
} quire_cacheline_aligned;
static struct keeper keepers[QUIRE_NR_CPUS];
static u32 close_lock;

/* ---- lengths --------------------------------------------------------------------------------- */
/* 1..16 as they are, then 18 20 22 .. 32 36 40 .. 64 72 .. 1024. */
static quire_always_inline unsigned length_of(unsigned long frames)
{
	unsigned shift;

	if (frames <= 16)
		return (unsigned)frames;
	shift = fls64(frames - 1) - 4;
	return (unsigned)((frames - 1) >> shift) + 1 + shift * 8;
}

static quire_always_inline unsigned long frames_of(unsigned length)
{
	unsigned shift;

	if (length <= 16)
		return length;
	shift = (length - 9) / 8;
	return (unsigned long)(length - shift * 8) << shift;
}

/* ---- what a slot keeps ----------------------------------------------------------------------- */
static quire_always_inline bool keep_enter(struct keeper *keeper)
{
	WRITE_ONCE(keeper->busy, 1);
	barrier(); /* who closes makes a real one of it, port_membarrier() */
	if (likely(!READ_ONCE(keeper->closed))) {
		barrier();
		return true;
	}
	__atomic_store_n(&keeper->busy, 0, __ATOMIC_RELEASE);
	return false;
}

static quire_always_inline void keep_leave(struct keeper *keeper)
{
	__atomic_store_n(&keeper->busy, 0, __ATOMIC_RELEASE);
}

static quire_always_inline struct page *take_kept(unsigned length)
{
	struct keeper *keeper = &keepers[port_cpu_id()];
	struct page *page = NULL;

	if (!keep_enter(keeper))
		return NULL;
	if (keeper->nr[length]) {
		page = keeper->run[length][--keeper->nr[length]];
		keeper->frames -= (u32)frames_of(length);
		keeper->uses++;
	}
	keep_leave(keeper);
	return page;
}

static void give_back(struct page *page)
{
	u32 frames = page->private;

	page->private = 0;
	page->word1 = 0;
	free_run(page, frames);
}

/* It is closed, or the thread is in it. */
static quire_noinline void empty(struct keeper *keeper)
{
	for (unsigned length = 0; length < NR_LENGTHS; length++)
		while (keeper->nr[length])
			give_back(keeper->run[length][--keeper->nr[length]]);
	keeper->frames = 0;
}

/* False: there is no room. */
static quire_always_inline bool keep(struct page *page, unsigned length)
{
	struct keeper *keeper = &keepers[port_cpu_id()];
	u32 frames = (u32)frames_of(length);
	bool room;

	if (!keep_enter(keeper))
		return false;
	/* Lengths that nobody wants any more must not keep others out. */
	if (unlikely(keeper->frames + frames > KEPT_FRAMES) && frames <= KEPT_FRAMES)
		empty(keeper);
	room = keeper->nr[length] < KEPT_EACH && keeper->frames + frames <= KEPT_FRAMES;
	if (room) {
		page->word1 = (unsigned long)&kept_owner;
		keeper->run[length][keeper->nr[length]++] = page;
		keeper->frames += frames;
		keeper->uses++;
	}
	keep_leave(keeper);
	return room;
}

void blocks_thread_ends(void)
{
	empty(&keepers[port_cpu_id()]);
}

/* ---- what idle slots keep -------------------------------------------------------------------- */
/* Nobody is at any keeper; false: this machine has no barrier for it, and nothing is closed. */
static bool close_all(void)
{
	for (unsigned cpu = 0; cpu < quire_nr_cpus; cpu++)
		__atomic_store_n(&keepers[cpu].closed, 1, __ATOMIC_SEQ_CST);
	if (!port_membarrier()) {
		for (unsigned cpu = 0; cpu < quire_nr_cpus; cpu++)
			__atomic_store_n(&keepers[cpu].closed, 0, __ATOMIC_RELEASE);
		return false;
	}
	for (unsigned cpu = 0; cpu < quire_nr_cpus; cpu++)
		while (__atomic_load_n(&keepers[cpu].busy, __ATOMIC_ACQUIRE))
			port_cpu_relax();
	return true;
}

static void open_all(void)
{
	for (unsigned cpu = 0; cpu < QUIRE_NR_CPUS; cpu++)
		__atomic_store_n(&keepers[cpu].closed, 0, __ATOMIC_RELEASE);
}

static bool is_idle(struct keeper *keeper)
{
	u32 uses = __atomic_load_n(&keeper->uses, __ATOMIC_RELAXED), seen = keeper->uses_seen;

	keeper->uses_seen = uses;
	return uses == seen && __atomic_load_n(&keeper->frames, __ATOMIC_RELAXED);
}

void blocks_release(bool all)
{
	u64 idle = 0;

	raw_lock(&close_lock);
	for (unsigned cpu = 0; cpu < quire_nr_cpus; cpu++)
		if (is_idle(&keepers[cpu]) || all)
			idle |= 1ULL << cpu;
	if (idle && close_all()) {
		for (; idle; idle &= idle - 1)
			empty(&keepers[__builtin_ctzll(idle)]);
		open_all();
	}
	raw_unlock(&close_lock);
}

static bool frozen;

void blocks_freeze(void)
{
	raw_lock(&close_lock);
	frozen = close_all();
}

/* What others kept is the child's now, or lost to it. */
void blocks_thaw(bool child)
{
	for (unsigned cpu = 0; child && cpu < quire_nr_cpus; cpu++) {
		if (cpu == port_cpu_id())
			continue;
		if (frozen)
			empty(&keepers[cpu]);
		__builtin_memset(&keepers[cpu], 0, sizeof(keepers[cpu]));
	}
	open_all();
	raw_unlock(&close_lock);
}

/* ---- blocks ---------------------------------------------------------------------------------- */
static bool is_block(const void *p, const struct page *page)
{
	return !((unsigned long)p & ~PAGE_MASK) && page->word1 == (unsigned long)&block_owner;
}

void *block_take_kept(size_t size)
{
	struct page *page = take_kept(length_of(PAGE_ALIGN(size) >> PAGE_SHIFT));

	if (!page)
		return NULL;
	page->word1 = (unsigned long)&block_owner;
	return page_address(page);
}

void *block_alloc(size_t size, size_t align, bool zero)
{
	unsigned length = length_of(PAGE_ALIGN(size) >> PAGE_SHIFT);
	struct page *page = align <= PAGE_SIZE ? take_kept(length) : NULL;
	void *p;

	if (!page) {
		page = alloc_run(GFP_MALLOC, frames_of(length), get_order(align));
		if (!page)
			return NULL;
		page->private = (u32)frames_of(length);
	}
	page->word1 = (unsigned long)&block_owner;
	p = page_address(page);
	return zero ? __builtin_memset(p, 0, size) : p;
}

bool block_free(void *p, struct page *page)
{
	unsigned length;

	if (unlikely(!is_block(p, page)))
		return false;
	length = length_of(page->private);
	if (unlikely(frames_of(length) != page->private) || !keep(page, length))
		give_back(page);
	return true;
}

size_t block_usable(const void *p, const struct page *page)
{
	return is_block(p, page) ? (size_t)page->private << PAGE_SHIFT : 0;
}

bool block_resize(struct page *page, size_t size)
{
	unsigned long frames = frames_of(length_of(PAGE_ALIGN(size) >> PAGE_SHIFT));
	unsigned long had = page->private;

	/* Half of it less is not worth the trouble. */
	if (frames <= had && frames >= had / 2)
		return true;
	if (frames < had)
		free_run(page + frames, had - frames);
	else if (!extend_run(page, had, frames - had))
		return false;
	page->private = (u32)frames;
	return true;
}
