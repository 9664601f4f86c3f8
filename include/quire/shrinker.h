/* SPDX-License-Identifier: MIT */
/*
 * quire/shrinker.h - caches that others keep, and that can be made smaller when memory is low.
 *
 *   whoever keeps things only to be faster:  shrinker_alloc, two functions, shrinker_register
 *   whoever needs memory:                    shrink_slab()   asks all of them, in proportion to what they have
 *
 *	s = shrinker_alloc(0, "dentries");
 *	s->count_objects = how_many_could_go;
 *	s->scan_objects = let_some_go;
 *	shrinker_register(s);
 *
 * Names and behaviour are Linux's (6.7 and later, and register_shrinker() of before).
 */
#ifndef QUIRE_SHRINKER_H
#define QUIRE_SHRINKER_H

#include <quire/atomic.h>
#include <quire/gfp.h>
#include <quire/list.h>
#include <quire/types.h>

struct mem_cgroup;

/* What a shrinker is asked. */
struct shrink_control {
	gfp_t gfp_mask; /* what whoever needs memory may do: without __GFP_FS no locks of files     */
	int nid; /* of this node; always 0 without SHRINKER_NUMA_AWARE                       */
	unsigned long
		nr_to_scan; /* scan: look at so many                                          */
	unsigned long
		nr_scanned; /* scan: nr_to_scan; the shrinker may say how many it really were */
	struct mem_cgroup
		*memcg; /* NULL: there are no groups                                      */
};

#define SHRINK_STOP (~0UL) /* scan: nothing can be done now, ask no more this time             */
#define SHRINK_EMPTY                                                                               \
	(~0UL - 1) /* count: there is nothing at all                                   */

#define DEFAULT_SEEKS 2 /* what it costs to make an object again; more: it is asked for less      */
#define SHRINK_BATCH                                                                               \
	128 /* objects per call of scan_objects, unless the shrinker says otherwise   */

/* shrinker->flags, for shrinker_alloc() */
#define SHRINKER_NUMA_AWARE                                                                        \
	0x04u /* it keeps count by node                                        */
#define SHRINKER_MEMCG_AWARE                                                                       \
	0x08u /* accepted                                                      */
#define SHRINKER_NONSLAB    0x10u /* accepted                                                      */
/* and those of this library */
#define SHRINKER_REGISTERED 0x01u
#define SHRINKER_ALLOCATED  0x02u

#define SHRINKER_NAME 32

/* Set by the owner before it is registered, but for what is marked (s): the list's lock. */
struct shrinker {
	/* How many objects could go now, SHRINK_EMPTY, or 0 also if it cannot be said without waiting.
	 * Cheap, no locks that the one who needs memory may hold. */
	unsigned long (*count_objects)(struct shrinker *shrinker, struct shrink_control *sc);
	/* Look at sc->nr_to_scan objects and free those that are not in use: how many were freed, or
	 * SHRINK_STOP.  Called only after count_objects said that there are some.  May sleep if
	 * sc->gfp_mask allows; must not wait for what the one who needs memory may hold. */
	unsigned long (*scan_objects)(struct shrinker *shrinker, struct shrink_control *sc);
	long batch;            /* objects per call; 0: SHRINK_BATCH                               */
	int seeks;             /* DEFAULT_SEEKS; 0: objects cost nothing, half may go each time   */
	unsigned flags;        /* SHRINKER_*                                                      */
	void *private_data;    /* the owner's                                                     */
	struct list_head list; /* (s)                                      */
	atomic_long_t nr_deferred[QUIRE_NR_NODES]; /* objects that should have been looked at  */
	char name[SHRINKER_NAME];                  /* for reports                              */
};

/* One that does nothing yet; NULL: no memory.  The name is cut to size.  Context: task, may sleep. */
struct shrinker *shrinker_alloc(unsigned flags, const char *fmt, ...) __printf(2, 3) __must_check;
/* From now on it is asked.  Context: task, may sleep; not from within a shrinker. */
void shrinker_register(struct shrinker *shrinker);
/* It is asked no more, no call is under way on return, and it is freed; one that was never registered
 * too; NULL is fine.  Context: task, may sleep; not from within a shrinker. */
void shrinker_free(struct shrinker *shrinker);

/* The older way: the shrinker is the caller's own, zeroed but for what it sets; seeks as it says.  0, or
 * -EINVAL: it lacks a function, or is registered. */
int register_shrinker(struct shrinker *shrinker, const char *fmt, ...) __printf(2, 3) __must_check;
void unregister_shrinker(struct shrinker *shrinker);

/*
 * Memory of the node is low: ask every shrinker for its share, which is 4 / seeks of what it has, divided by
 * 2^priority (0: all of it, 12: a look).  What a share lacks to a batch, and what a shrinker put off, is remembered
 * and asked for later on.
 *   Context:  task, no spinlock; may sleep if gfp allows.
 *   Returns:  objects freed; 0 also while a shrinker is being registered.
 */
unsigned long shrink_slab(gfp_t gfp_mask, int nid, int priority);

/* As many as can be freed, of all nodes: what drop_caches 2 does.  Context: task, may sleep. */
unsigned long drop_slab(void);

#endif
