/* SPDX-License-Identifier: MIT */
/*
 * release.c - memory that stays free goes back to the host, in batches, never on a fast path.
 *
 *   every 0.4 seconds: slabs without objects -> frames; parked frames -> zones; runs that stayed free ->
 *   madvise(MADV_DONTNEED).  After a while in which nothing was found: every four seconds.
 *
 * The one who looks after it is a bare thread of the process, made once RAM has grown to 8 MiB: libc
 * knows nothing of it, so that a program with one thread stays one to libc.  It has a block of its
 * own for what libc keeps per thread (errno), takes no signals, and ends with the process.
 *
 * Lock: cycle_lock: one cycle at a time.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <asm/prctl.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <quire/lock.h>
#include <quire/page_reporting.h>
#include <quire/zoneinfo.h>
#include "qmalloc.h"

#define BUSY_MILLISECONDS 400
#define IDLE_SECONDS      4
#define IDLE_AFTER        8 /* cycles without anything found */

static u32 cycle_lock;
static bool watched, refused;

/* ---- one cycle ------------------------------------------------------------------------------- */
static int report(struct page_reporting_dev_info *dev, struct page *page, unsigned long nr)
{
	(void)dev;
	return preload_release(page_address(page), (size_t)nr << PAGE_SHIFT);
}

static bool anything_parked(void)
{
	struct zone *zone;

	for_each_populated_zone(zone) if (zone_pcp_pages(zone)) return true;
	return false;
}

/* The thread is a CPU. */
static unsigned long cycle(bool all)
{
	struct page_reporting_dev_info dev = { .report = report, .order = 0 };
	unsigned long n;

	raw_lock(&cycle_lock);
	mapped_release(all);
	blocks_release(all);
	heap_drain();
	if (anything_parked())
		drain_all_pages();
	n = page_reporting_cycle(&dev, all);
	raw_unlock(&cycle_lock);
	return n;
}

unsigned long release_frames(bool all)
{
	struct visit visit = visit_begin();
	unsigned long n = cycle(all);

	visit_end(visit);
	return n;
}

/* ---- the thread ------------------------------------------------------------------------------ */
#define STACK_SIZE (64UL << 10)
#define TLS_SIZE   (1UL << 20) /* below its thread pointer: what libraries have there, untouched   */
#define HEAD_SIZE  4096UL /* above it: libc's own, zero but for the pointer to itself         */

static int look_after(void *unused)
{
	unsigned idle = 0;

	(void)unused;
	for (;;) {
		struct timespec wait = { 0, 0 };
		struct visit visit;
		bool found;

		if (idle < IDLE_AFTER)
			wait.tv_nsec = BUSY_MILLISECONDS * 1000000L;
		else
			wait.tv_sec = IDLE_SECONDS;
		syscall(SYS_nanosleep, &wait, NULL);
		visit = visit_shared();
		found = cycle(false) || page_reporting_pending();
		found |= page_refresh();
		visit_end(visit);
		idle = found ? 0 : min(idle + 1, (unsigned)IDLE_AFTER);
	}
	return 0;
}

/* Its stack, and what the thread pointer points into. */
static bool make_thread(void)
{
	char *map = mmap(NULL, STACK_SIZE + TLS_SIZE + HEAD_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
		    CLONE_SYSVSEM | CLONE_SETTLS;
	void **head;

	if (map == MAP_FAILED)
		return false;
	head = (void **)(map + STACK_SIZE + TLS_SIZE);
	head[0] = head[2] = head; /* the pointer to itself, as the ABI has it, and libc */
	if (clone(look_after, map + STACK_SIZE, flags, NULL, NULL, head, NULL) < 0) {
		munmap(map, STACK_SIZE + TLS_SIZE + HEAD_SIZE);
		return false;
	}
	return true;
}

bool release_watch(void)
{
	sigset_t all, before;
	int saved = errno;

	if (likely(__atomic_load_n(&watched, __ATOMIC_ACQUIRE)))
		return true;
	if (refused || __atomic_exchange_n(&watched, true, __ATOMIC_ACQ_REL))
		return !refused;
	/* The mask is inherited. */
	sigfillset(&all);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, 8);
	if (!make_thread()) {
		refused = true; /* malloc_trim() still works */
		__atomic_store_n(&watched, false, __ATOMIC_RELEASE);
	}
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, 8);
	errno = saved;
	return !refused;
}

void release_freeze(void)
{
	raw_lock(&cycle_lock);
}

void release_thaw(bool child)
{
	if (child)
		__atomic_store_n(&watched, false, __ATOMIC_RELAXED);
	raw_unlock(&cycle_lock);
}
