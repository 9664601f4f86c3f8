/* SPDX-License-Identifier: MIT */
/*
 * quire/page_poison.h - free frames hold a pattern, so that who writes to one is found out; and
 * frames that are cleared for safety.
 *
 * All are switched on before the machine starts, by boot words (quire_debug_parse_cmdline()) or by
 * these calls, last until frames_exit(), and close the per-CPU fast paths.
 */
#ifndef QUIRE_PAGE_POISON_H
#define QUIRE_PAGE_POISON_H

#include <quire/types.h>

#define PAGE_POISON       0xaa /* every byte of a frame that was freed                       */
#define PAGE_POISON_FRESH 0xcc /* and of one that nobody had yet since boot                  */

/* What becomes of a block that was written to while it was free; it is reported in any case. */
enum page_poison_policy {
	PAGE_POISON_REPORT,     /* it is handed out all the same, as Linux does              */
	PAGE_POISON_QUARANTINE, /* it is set aside for good, as memory_failure() would       */
};

/* page_poison=1: fill what is freed, and all RAM at the hand-over; check what is handed out. */
void page_poison_enable(enum page_poison_policy policy);

/*
 * init_on_alloc=1: whatever is handed out is zero.  init_on_free=1: whatever is freed is cleared at once,
 * unless it is poisoned.  Frames, and objects of the heap: but not those of caches with a constructor,
 * SLAB_TYPESAFE_BY_RCU or SLAB_POISON, whose contents mean something while they are free.
 */
void init_on_alloc_enable(void);
void init_on_free_enable(void);

/* Blocks that were found damaged since boot. */
unsigned long page_poison_nr_damaged(void);

#endif
