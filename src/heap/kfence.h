/* SPDX-License-Identifier: MIT */
/*
 * heap/kfence.h - what kfence.c and kfence_report.c share: the pool and its places.
 *
 *   page   0        1        2        3        4          2n - 1    2n
 *        | guard | place 0 | guard | place 1 | guard | .. | place n-1 | guard |
 */
#ifndef QUIRE_SRC_HEAP_KFENCE_H
#define QUIRE_SRC_HEAP_KFENCE_H

#include <quire/kfence.h>
#include <quire/stackdepot.h>
#include "heap.h"

enum place_state { PLACE_UNUSED, PLACE_USED, PLACE_FREED };

/* Who did it, from where. */
struct kfence_track {
	const void *caller;
	unsigned nr; /* of pc                                                        */
	u16 cpu;
	int pid;
	unsigned long pc[STACK_DEPOT_DEPTH];
};

struct kfence_place {
	enum place_state state;
	u8 *object;               /* its start; when it is freed, what that was                   */
	u32 size;                 /* bytes asked for                                              */
	u32 opened;               /* number of a guard that a fault at this object opened, plus 1 */
	struct kmem_cache *cache; /* NULL: destroyed since                          */
	char name[CACHE_NAME_LEN];
	struct kfence_track alloc, free;
};

struct kfence_counts {
	unsigned long allocated, frees, skipped, bugs;
};

/* Who guards a field:  (c) set by kfence_init()   (k) kfence_state.lock   (a) atomic */
struct kfence_state {
	u32 lock;    /* a bare word, interrupts off: a fault may come with any other lock held */
	bool closes; /* (c) the port closes pages                                    */
	u8 *pool;    /* (c) NULL: it is off                                          */
	u32 nr;      /* (c) places                                                   */
	struct kfence_place *place;  /* (c) [nr]                                             */
	u32 *queue;                  /* (k) places that are free, the longest first; [nr]    */
	u32 first, nr_free;          /* (k) of the queue                                     */
	unsigned long interval;      /* (c) allocations                                      */
	unsigned long since;         /* (a) allocations since one was guarded                */
	struct kfence_counts counts; /* (k)                                                  */
};
extern struct kfence_state kfence_state;

/* The byte that must be at an address which is no object's; it differs from its neighbours'. */
static inline u8 kfence_canary(const u8 *at)
{
	return (u8)(0xa5 ^ ((unsigned long)at & 7));
}

static inline u8 *place_page(const struct kfence_place *place)
{
	return kfence_state.pool + (2 * (size_t)(place - kfence_state.place) + 1) * PAGE_SIZE;
}

static inline size_t kfence_pool_bytes(void)
{
	return kfence_state.pool ? (2 * (size_t)kfence_state.nr + 1) * PAGE_SIZE : 0;
}

static inline void kfence_set_closed(u8 *page, bool closed)
{
	if (PORT_PROTECT_PAGE && kfence_state.closes)
		port_protect_page(page, closed);
}

static inline void kfence_fill_canaries(u8 *at, const u8 *end)
{
	for (; at < end; at++)
		*at = kfence_canary(at);
}

unsigned long kfence_enter(void);
void kfence_leave(unsigned long flags);

/* ---- kfence_pool.c: the pool comes and goes; its law ------------------------------------------ */
void kfence_pool_make(void);
void kfence_pool_drop(void);
const char *kfence_pool_check(void);

/* ---- kfence_report.c; the lock is held ------------------------------------------------------- */
void kfence_track_fill(struct kfence_track *track, const void *caller);
/* place NULL: the address is near no object that was ever there. */
void kfence_report_access(const struct kfence_place *place, unsigned long addr, bool is_write,
			  unsigned long ip);
void kfence_report_free(const struct kfence_place *place, const void *object, const void *caller);
/* Bytes from `at` up to `end` are not what they must be: `expected`, or, if that is 0, canaries. */
void kfence_report_bytes(const struct kfence_place *place, const u8 *at, const u8 *end, u8 expected,
			 const void *caller);
/* Size, cache, and who allocated and freed the object. */
void kfence_describe_place(const struct kfence_place *place);

#endif
