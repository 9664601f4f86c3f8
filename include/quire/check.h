/* SPDX-License-Identifier: MIT */
/*
 * quire/check.h - the laws of frames and heap, recounted from nothing.
 *
 * Each returns the words of the first broken law, or NULL.  Slow: for tests, debug builds, the boot
 * kernel's end and the lab; check_all() of quire/watch.h calls them all.
 * Context: task, no lock held but what is named; other CPUs must be quiet.
 */
#ifndef QUIRE_CHECK_H
#define QUIRE_CHECK_H

struct zone;

/* One zone's free frames.  Caller holds zone->lock. */
const char *buddy_check(const struct zone *zone);
/* Every frame: free, parked on a CPU, or used; never two of them, and never lost. */
const char *frames_check(void);
/* Every slab and every object. */
const char *heap_check(void);

#endif
