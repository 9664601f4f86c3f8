/* SPDX-License-Identifier: MIT */
/*
 * quire/fault_inject.h - allocations that are made to fail, as Linux's fault injection does it.
 *
 * The fields have the meaning that Documentation/fault-injection gives the files of the same name
 * below /sys/kernel/debug/fail_page_alloc and failslab.  Change them while no other CPU is inside
 * quire, then call fault_attr_apply(): an attribute that can fire closes the fast paths, one that
 * cannot costs nothing.
 *
 *	fail_page_alloc.attr.probability = 10;          every tenth frame or block, by chance
 *	fail_page_alloc.attr.times = -1;                for ever
 *	fail_page_alloc.min_order = 0;                  single frames too
 *	fail_page_alloc.ignore_gfp_wait = false;        also where the caller could have waited
 *	fault_attr_apply(&fail_page_alloc.attr);
 *
 * To make exactly the n-th allocation fail, see quire_fail_nth() in quire/event.h.
 */
#ifndef QUIRE_FAULT_INJECT_H
#define QUIRE_FAULT_INJECT_H

#include <quire/types.h>

struct fault_attr {
	const char *name;          /* for the log                                              */
	unsigned long probability; /* percent of the calls that fail, 0..100; 0: none          */
	unsigned long interval;    /* of those that would fail, only every n-th does; 1: all   */
	long times;                /* failures left; -1: no limit; 0: none                     */
	unsigned long space;       /* so much gets through first: frames, or bytes for objects */
	unsigned verbose;          /* 0: silent, 1: a line for each failure, 2: and call trace */
	bool task_filter;          /* only in tasks that say make_it_fail, never in interrupts */
	u64 seed;                  /* of the dice; the same seed throws the same               */
	/* From here on not for the caller. */
	unsigned long passed;         /* would have failed, were it not for the interval      */
	void (*armed)(bool can_fire); /* makes the allocator ask, or not any more        */
	u32 lock;                     /* the dice and the counts                              */
};

#define FAULT_ATTR_SEED 0x853c49e6748fea9bULL

/* The fields were changed. */
void fault_attr_apply(struct fault_attr *attr);

/* "<interval>,<probability>,<space>,<times>", as on Linux's command line; applied.  0, or -EINVAL
 * and nothing changed. */
int setup_fault_attr(struct fault_attr *attr, const char *text) __must_check;

/* Whether this call, for `size` frames or bytes, is to fail.  Counts it.  Any context. */
bool should_fail(struct fault_attr *attr, size_t size);

/* alloc_pages() and its family.  Never fails __GFP_NOFAIL. */
struct fail_page_alloc {
	struct fault_attr attr;
	bool ignore_gfp_highmem; /* leave __GFP_HIGHMEM requests alone, that is user memory    */
	bool ignore_gfp_wait;    /* leave requests alone that may sleep: __GFP_DIRECT_RECLAIM  */
	unsigned min_order;      /* leave smaller blocks alone                                 */
};
/* As Linux starts: highmem and waiting requests and single frames are left alone. */
extern struct fail_page_alloc fail_page_alloc;

/* kmalloc(), kmem_cache_alloc() and their family.  Never fails __GFP_NOFAIL. */
struct failslab {
	struct fault_attr attr;
	bool ignore_gfp_wait;
};
extern struct failslab failslab;

#endif
