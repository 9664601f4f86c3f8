/* SPDX-License-Identifier: MIT */
/*
 * quire/memory_failure.h - take a frame out of use because its memory is bad, or about to be.
 *
 *   free                  ──> taken out of the buddy system
 *   user memory, cache    ──> memory_failure_ops: unmapped, dropped or its users told; then taken out
 *   kernel's, reserved    ──> nothing can be done: reported, counted, and kept when it is freed
 *
 * Frames that are out of use carry PG_poisoned, are counted (HardwareCorrupted in /proc/meminfo)
 * and stay so until unpoison_memory().
 */
#ifndef QUIRE_MEMORY_FAILURE_H
#define QUIRE_MEMORY_FAILURE_H

#include <quire/page.h>
#include <quire/types.h>

/* Flags of memory_failure(), with Linux's values. */
#define MF_COUNT_INCREASED 0x01 /* the caller holds a reference, which is dropped          */
#define MF_ACTION_REQUIRED 0x02 /* the running task was stopped by the error itself        */
#define MF_MUST_KILL       0x04 /* kill users even if the page could be read again         */
#define MF_SOFT_OFFLINE    0x08 /* the contents are still good: soft_offline_page()        */

/*
 * The contents of the frame are lost.  Context: task, no lock held; may sleep.
 *   0            nobody uses it any more, and nobody will
 *   -ENXIO       there is no such frame of RAM
 *   -EHWPOISON   it is known already
 *   -EBUSY       it is in use and cannot be taken away: its owner keeps bad memory.  When the owner
 *                frees it, it stays out of use
 * The log says what was found and what was done, in Linux's words.
 */
int memory_failure(unsigned long pfn, int flags);

/*
 * The contents are still good, but the frame is to be used no more: they move elsewhere.  Context:
 * task, no lock held; may sleep.
 *   0 (also if it is out of use already); -EIO: no such frame; -EBUSY: it is in use and does not
 *   move; -ENOMEM: there is nowhere to move to
 */
int soft_offline_page(unsigned long pfn);

/*
 * The frame is good after all (a test put it out of use): it is free, or its owner's again.
 * Context: task, no lock held.
 *   0; -ENXIO: there is no such frame, or it was never put out of use
 */
int unpoison_memory(unsigned long pfn);

/* Frames with PG_poisoned. */
unsigned long num_poisoned_pages(void);

/*
 * What the owner of user memory does; filled in by spaces/, once, at init.  The page is referenced
 * by the caller and carries PG_poisoned.
 *   recover  make every user let go of it: unmap it, so that who needs its contents gets SIGBUS on
 *            touching it, and drop it from the page cache, where the next reader gets the stored
 *            copy; if there is none it stays, and readers get an error.
 *            0: nobody uses it, the caller's reference and such a cache's are all there are;
 *            -errno: somebody still does.  *lost: what was in it is nowhere else.  Locks the page (PG_locked), may sleep.  flags: MF_*
 */
struct memory_failure_ops {
	int (*recover)(struct page *page, int flags, bool *lost);
};
/* NULL: there is no such owner (any more). */
void set_memory_failure_ops(const struct memory_failure_ops *ops);

/*
 * For the embedder, who knows the tasks: fn is called for each place in an address space where a page
 * was mapped whose contents are lost now, so that tasks that asked for it hear of it before they touch
 * it (SIGBUS, BUS_MCEERR_AO), and with MF_ACTION_REQUIRED the running one at once (BUS_MCEERR_AR).
 *   Called:  task context, no lock held; may sleep.  mm is referenced by the caller.
 * NULL, as after spaces_init(): tasks find out by touching it.  Lasts until spaces_exit().
 */
struct mm_struct;
void set_memory_lost_fn(void (*fn)(struct mm_struct *mm, unsigned long addr, int flags));

#endif
