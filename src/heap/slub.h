/* SPDX-License-Identifier: MIT */
/*
 * heap/slub.h - what slub's files share: what one CPU has of a cache, and whose a slab is.
 *
 *   alloc <── free <── spare <── c->slab, partial slabs of this CPU's, one of the node's, new frames
 *   free  ──> free ──> spare ──> each to its slab, a run of one slab's at a time
 */
#ifndef QUIRE_SRC_HEAP_SLUB_H
#define QUIRE_SRC_HEAP_SLUB_H

#include "heap.h"

#if QUIRE_HEAP == QUIRE_HEAP_SLUB

/*
 * page->slab_owner, the same in every frame of a slab:
 *
 *   nobody: node's lock ──taken──> a CPU's: its token; free objects of it mean it is on the CPU's
 *        ^                            │     partial list, or is c->slab
 *        └── the CPU goes, or has too many
 */
#define OWNER_CPU     0x7fu /* these bits: token of the CPU                         */
#define OWNER_COUNTED 0x80u /* objects come from the slab and go back to it one by one      */

/*
 * page->slab_remote: objects freed by others than the owner, the first one's distance from the
 * slab's start in units of the cache; or one of
 */
#define REMOTE_EMPTY  0x7fffu
#define REMOTE_CLOSED 0x7ffeu /* the slab is the node's                               */

#define NOT_LISTENING (~0u) /* slab_cpu->notified: nobody would look                */

/* What one CPU has of one cache. */
struct slab_cpu {
	void *free; /* (p) free objects, of any slabs                       */
#if QUIRE_NEAR_FREES
	unsigned long base; /* (p) of a slab of ours: its objects come free without a look  */
#else
	unsigned long mask; /* (c) bytes of a slab, less one                        */
#endif
	unsigned long magic;      /* (c) the cache's                                      */
	unsigned long limit;      /* (c) the cache's                                      */
	void *spare;              /* (b) free objects, once `free` had many               */
	struct slab_list partial; /* (b) own slabs with a free object                */
	u32 slab;                 /* (b) pfn: likewise, and some of it was never chained; or 0    */
	u32 notified;             /* (a) slabs that others freed to; see slub_remote.c    */
	u8 order;                 /* (c) the cache's                                      */
	u8 nr_empty;              /* (b) of `partial`, without any object in use          */
	s16 room; /* (p) frees to other slabs than `base` before a look at `free`        */
#if QUIRE_SLAB_FREELIST_HARDENED
	unsigned long secret; /* (c) the cache's                                      */
	u16 id;               /* (c) the cache's                                      */
#endif
} quire_cacheline_aligned;

/* For slab_cpu.base: no object is near. */
#define NO_BASE (PAGE_SIZE + 4)

/* What this CPU has of the first caches, by page->slab_id; others have theirs elsewhere, or are
 * counted. */
#define NR_CPU_CACHES (MAX_CACHES < 256 ? MAX_CACHES : 256)
DECLARE_PER_CPU(struct slab_cpu, slab_cpus[NR_CPU_CACHES]);
/* What CPUs have of caches of which they own no slabs. */
DECLARE_PER_CPU(struct slab_cpu, no_slab_cpu);

_Static_assert(sizeof(struct slab_cpu) % ID_STEP == 0, "page->slab_id scaled by ID_STEP finds it");

/* Where the class of (8 i, 8 i + 8] bytes is in slab_cpus, as page->slab_id. */
extern u8 kmalloc_slot[KMALLOC_MAX_CACHE_SIZE / 8];

static quire_always_inline struct slab_cpu *slab_cpu_by_id(unsigned long id, unsigned long offset)
{
	return (void *)((char *)percpu_at(&slab_cpus[0], offset) +
			id * (sizeof(struct slab_cpu) / ID_STEP));
}

#if QUIRE_NEAR_FREES
static quire_always_inline unsigned long slab_mask(const struct slab_cpu *c)
{
	return (PAGE_SIZE << c->order) - 1;
}

static inline unsigned long near_base(const struct slab_cpu *c)
{
	return glance(c->base);
}

static inline void set_near_base(struct slab_cpu *c, unsigned long base)
{
	WRITE_ONCE(c->base, base);
}
#else
static quire_always_inline unsigned long slab_mask(const struct slab_cpu *c)
{
	return c->mask;
}

static inline unsigned long near_base(const struct slab_cpu *c)
{
	(void)c;
	return NO_BASE;
}

static inline void set_near_base(struct slab_cpu *c, unsigned long base)
{
	(void)c, (void)base;
}
#endif

static inline void set_owner(const struct kmem_cache *cache, struct page *slab, unsigned owner)
{
	for (unsigned long i = 0; i < 1UL << cache->order; i++)
		WRITE_ONCE(slab[i].slab_owner, (u16)owner);
}

/* Objects of a slab that were never on a free list: slabs of several frames are chained bit by bit,
 * so that memory nobody needs is not touched. */
static inline u32 slab_unchained(const struct kmem_cache *cache, const struct page *slab)
{
	return cache->order ? cache->objects - slab[1].slab_next : 0;
}

static inline bool slab_has_free(const struct kmem_cache *cache, const struct page *slab)
{
	return slab->slab_free || slab_unchained(cache, slab);
}

/* ---- nodes.c --------------------------------------------------------------------------------- */
/* Chain some more of the slab's objects, which has none left: true, if there were any. */
bool slab_chain_more(struct kmem_cache *cache, struct page *slab);
/* Take one object of nobody's slabs, on node nid if it is not NUMA_NO_NODE; NULL: they have none. */
void *node_take(struct kmem_cache *cache, int nid);
/* Put an object back into a slab of nobody's.  False: it is somebody's meanwhile. */
bool node_give(struct kmem_cache *cache, struct page *slab, void *object);
/* A slab becomes the node's; node's lock held.  True: it is empty and the node can do without it. */
bool node_add_locked(struct kmem_cache *cache, struct heap_node *node, struct page *slab);
/* The same, without the lock; the slab is new. */
void node_add(struct kmem_cache *cache, struct page *slab);
/* Take a whole slab from a node's list, or NULL; it is nobody's yet.  Node's lock held. */
struct page *node_take_slab_locked(struct kmem_cache *cache, struct heap_node *node);

/* ---- slub_cpu.c: all between heap_enter() and pcp_leave() --------------------------------------- */
/* A slab that is nobody's becomes this CPU's. */
void take_over(struct kmem_cache *cache, struct page *slab);
/* The same for a new one. */
void take_over_new(struct kmem_cache *cache, struct slab_cpu *c, struct page *slab);
/* A free object, or NULL: no slab of this CPU's or the node's has one. */
void *cpu_take(struct kmem_cache *cache, struct slab_cpu *c, struct leaving *out);
/* False: the slab is not this CPU's, or not now. */
bool cpu_give(struct kmem_cache *cache, struct slab_cpu *c, struct page *slab, void *object,
	      struct leaving *out);
/* The slab is not on c->partial, and objects of it have just come back; `had_free`: some were free
 * before.  Or it is, and so they were. */
void slab_reopened(struct kmem_cache *cache, struct slab_cpu *c, struct page *slab, bool had_free,
		   struct leaving *out);
void slab_leaves(struct page *slab, struct leaving *out);

/* ---- slub_remote.c --------------------------------------------------------------------------- */
/* Free to a slab that another CPU owns; false: it is nobody's. */
bool give_remote(struct kmem_cache *cache, struct page *slab, void *object);
/* The same, soon; false: the slab is nobody's, or this CPU may not wait. */
bool give_later(struct kmem_cache *cache, struct page *slab, void *object);
/* What waits on a CPU leaves it. */
void take_waiting(struct kmem_cache *cache, unsigned cpu, struct leaving *out);
/* What others freed to this CPU's slabs goes to them.  From now on we listen. */
void take_notified(struct kmem_cache *cache, struct slab_cpu *c, struct leaving *out);
/* Nobody listens any more: the node gets those that others freed to. */
void stop_listening(struct kmem_cache *cache, struct slab_cpu *c, struct leaving *out);

#endif
#endif
