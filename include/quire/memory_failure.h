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
 * by the caller and locked (PG_locked), and carries PG_poisoned.
 *   recover  make every user let go of it: unmap it, tell the tasks that need its contents (SIGBUS
 *            with the address), drop it from the page cache, where the next reader gets the stored
 *            copy.
 *            0: only the caller's reference is left; -errno: somebody still uses it.
 *            May sleep.  flags: MF_*
 */
struct memory_failure_ops {
	int (*recover)(struct page *page, int flags);
};
/* NULL: there is no such owner (any more). */
void set_memory_failure_ops(const struct memory_failure_ops *ops);

#endif
