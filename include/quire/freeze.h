/* SPDX-License-Identifier: MIT */
/*
 * quire/freeze.h - hold still while all memory is copied: fork() of a process that quire serves.
 *
 *	quire_freeze();
 *	...   the copy is made: one CPU goes on in it, the caller's   ...
 *	quire_thaw();    in the original          quire_thaw_copy();    in the copy
 *
 * Between them frames and heap are as they may be between two calls, except what other CPUs cache of
 * the heap: those may be in the middle of a fast path.  So in the copy they stay online for ever,
 * though nothing runs there: nobody may enter their CPU numbers again, and what they had cached is
 * lost to the copy.  Free frames that they had parked are not.
 */
#ifndef QUIRE_FREEZE_H
#define QUIRE_FREEZE_H

#include <quire/types.h>

/* Take every lock of frames and heap, in the order of their ranks; waits for whoever holds one.
 * Task context, no lock held.  Nothing may be allocated or freed until the thaw. */
void quire_freeze(void);
void quire_thaw(void);
void quire_thaw_copy(void);

#endif
