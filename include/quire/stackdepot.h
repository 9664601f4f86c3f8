/* SPDX-License-Identifier: MIT */
/*
 * quire/stackdepot.h - call traces kept once each, and named by a small number.
 *
 *   bucket[hash] ──> | next | hash | n | pc 0 ... pc n-1 | ──> ...      entries lie in one array of words
 *
 * A program allocates from a few thousand places, however many frames it allocates: each frame
 * keeps 4 bytes instead of its trace.  Traces are never forgotten; a full depot refuses new ones.
 *
 * Context: any, also interrupt handlers; nothing blocks.
 */
#ifndef QUIRE_STACKDEPOT_H
#define QUIRE_STACKDEPOT_H

#include <quire/types.h>

/* Number of a trace in its depot; 0: none. */
typedef u32 depot_stack_handle_t;

#define STACK_DEPOT_DEPTH 16u /* addresses kept of a trace, the innermost */

/* Who guards a field:  (c) set by stack_depot_init()   (a) atomic */
struct stack_depot {
	unsigned long *words; /* (c) entries                                          */
	u32 nr_words;         /* (c)                                                  */
	u32 mask;             /* (c) buckets - 1, a power of two - 1                  */
	u32 *buckets;         /* (a) first entry of each chain                        */
	u32 used;             /* (a) words in use                                     */
	u32 nr_stacks;        /* (a) entries                                          */
	u32 nr_lost;          /* (a) traces refused                                   */
};

/* Use memory[size], aligned to a word and zero, which stays the caller's but must last as long as
 * the depot is used.  A quarter becomes buckets, at least one. */
void stack_depot_init(struct stack_depot *depot, void *memory, size_t size);

/* Keep a trace of n addresses (the first STACK_DEPOT_DEPTH); the same trace has the same handle.
 * 0: it is empty, or there is no room. */
depot_stack_handle_t stack_depot_save(struct stack_depot *depot, const unsigned long *pc,
				      unsigned n);

/* How many addresses the trace has; *pc points to them.  0 for handle 0 and for what was never
 * given out. */
unsigned stack_depot_fetch(const struct stack_depot *depot, depot_stack_handle_t handle,
			   const unsigned long **pc);

#endif
