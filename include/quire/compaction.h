/* SPDX-License-Identifier: MIT */
/*
 * quire/compaction.h - move what can be moved together, so that large blocks become free.
 *
 *   before   |#.#..#|..#.#.|##....|.#..#.|        # movable, in use
 *   after    |......|......|####..|######|
 *
 * Allocations that may sleep compact by themselves, once compaction_init() was called; kcompactd()
 * does so ahead of need.  What is moved, and by whom it can be, is quire/migrate.h's.
 */
#ifndef QUIRE_COMPACTION_H
#define QUIRE_COMPACTION_H

#include <quire/gfp.h>
#include <quire/migrate.h>
#include <quire/mmzone.h>

/*
 * From now on requests that may sleep compact, and refused ones wake kcompactd: once, after
 * frames_init(); until frames_exit().  Without it none of this is linked.
 */
void compaction_init(void);

enum compact_result {
	COMPACT_SKIPPED,  /* not worth trying: too little is free, or enough is in one piece    */
	COMPACT_DEFERRED, /* failed lately; not tried again yet                                 */
	COMPACT_COMPLETE, /* everything was tried, no such block came about                     */
	COMPACT_SUCCESS,  /* there is a free block of the order                                 */
};

/*
 * Compact one zone until it has a free block of 2^order frames, or, with order -1, as far as that
 * gains whole pageblocks.
 *   Context:  task, no spinlock held; sleeps unless MIGRATE_ASYNC.
 */
enum compact_result compact_zone(struct zone *zone, int order, enum migrate_mode mode);

/* All zones of a node, or of all nodes, as far as it gains whole pageblocks (compact_memory). */
void compact_node(int nid);
void compact_memory(void);

/*
 * How free memory is divided, for requests of 2^order frames.  Take zone->lock for a moment.
 *   unusable_index       share of free memory that lies in smaller blocks, 0..1000
 *   fragmentation_index  why such a request fails: -1000 it does not; towards 0 for lack of memory,
 *                        towards 1000 because memory is in pieces
 */
int unusable_index(struct zone *zone, unsigned order);
int fragmentation_index(struct zone *zone, unsigned order);

/*
 * How much of the free memory of a node lies outside whole pageblocks, in percent, zones weighted by
 * size; what proactive compaction keeps low.
 */
unsigned fragmentation_score_node(int nid);
/* How hard kcompactd tries ahead of need: 0 never .. 100; 20 unless set (vm.compaction_proactiveness).
 * It begins when the score is 10 above 100 less this, and ends when it is there. */
extern unsigned sysctl_compaction_proactiveness;
/* An index up to this is lack of memory rather than fragmentation: 0..1000; 500 unless set. */
extern int sysctl_extfrag_threshold;

/*
 * The body of a node's compaction thread: the port starts one thread per node for it.  Sleeps until
 * wakeup_kcompactd() or kcompactd_poke(), and compacts.  Returns after kcompactd_stop().
 */
void kcompactd(int nid);
/* A block of 2^order frames was wanted of the zone and not had.  Any context. */
void wakeup_kcompactd(struct zone *zone, unsigned order);
/* Time has passed (twice a second, say): see whether to compact ahead of need.  Any context. */
void kcompactd_poke(int nid);
void kcompactd_stop(int nid);
/* One round of what the thread does, on the caller's; whether anything was done.  For machines
 * without threads. */
bool kcompactd_work(int nid);

#endif
