/* SPDX-License-Identifier: MIT */
/*
 * heap/heap.h - a cache of objects from the inside.
 */
#ifndef QUIRE_SRC_HEAP_H
#define QUIRE_SRC_HEAP_H

#include <quire/bits.h>
#include <quire/printk.h>
#include <quire/slab.h>
#include <quire/bytes.h>
#include "frames/frames.h"

#define CACHE_NAME_LEN  40
#define MAX_CPU_OBJECTS 32u     /* most free objects that a CPU parks for one cache     */
#define KEEP_PARTIAL    5       /* slabs a node keeps on its list before empty ones go  */
#define MAX_SLAB_ORDER  3u      /* slabs of small objects are at most 2^this frames     */
#define NO_FREE_OBJECT  0xffffu /* page->slab_free of a full slab                       */

/* Who guards a field:  (c) set at creation   (n) the node's lock   (p) this CPU, task code   (l) heap.lock */

/* Free objects of one cache parked by one CPU. */
struct cpu_objects {
	unsigned long count;    /* (p) parked                                           */
	unsigned long capacity; /* (c) most that may be; must stand right before slot   */
	void *slot[];           /* (p) slot[count - 1] goes out next                    */
};

/* Slabs of one cache on one node. */
struct heap_node {
	spinlock_t lock;
	struct page *partial;     /* (n) slabs with a free object, linked by slab_next/slab_prev */
	unsigned long nr_partial; /* (n) on that list                             */
	unsigned long nr_slabs;   /* (n) in all                                   */
	unsigned long nr_free;    /* (n) objects on the free lists of slabs       */
};

struct kmem_cache {
	struct cpu_objects __percpu *cpu; /* (c)                                          */
	u32 align_mask;                   /* (c) bits that are 0 in the address of every object   */
	slab_flags_t flags;               /* (c) SLAB_*                                           */
	u32 object_size;                  /* (c) bytes the user asked for                         */
	u32 size;                         /* (c) bytes from one object to the next                */
	u32 align;                        /* (c)                                                  */
	u32 link;                         /* (c) offset of the free-list link in a free object    */
	u32 redzone, track;               /* (c) offsets, with SLAB_RED_ZONE and SLAB_STORE_USER  */
	u16 objects;                      /* (c) per slab                                         */
	u8 order;                         /* (c) log2 of a slab's frames                          */
	u8 unit_shift;                    /* (c) page->slab_free counts 2^this bytes              */
	gfp_t gfp;                        /* (c) added to every slab's allocation                 */
	u32 useroffset, usersize;         /* (c) window for user copies                           */
	int refcount;                     /* (l) users of a shared cache                          */
	void (*ctor)(void *object);
	struct list_head list; /* (l) heap.caches, newest first                        */
	unsigned long check_slabs, check_inuse; /* scratch of heap_check()                      */
	char name[CACHE_NAME_LEN];
	struct heap_node node[QUIRE_NR_NODES];
};

/* Fault injection, while it is armed: whether this allocation is to fail (failslab.c). */
extern bool (*failslab_hook)(gfp_t gfp, size_t size);

#define SLAB_DEBUG_FLAGS (SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER)
#define SLAB_NEVER_MERGE (SLAB_DEBUG_FLAGS | SLAB_TYPESAFE_BY_RCU | SLAB_NO_MERGE)
#define SLAB_MERGE_SAME  (SLAB_RECLAIM_ACCOUNT | SLAB_CACHE_DMA | SLAB_CACHE_DMA32 | SLAB_ACCOUNT)

struct heap_state {
	spinlock_t lock;         /* guards caches and refcounts          */
	struct list_head caches; /* newest first                         */
	bool running;
};
extern struct heap_state heap;

/* ---- slabs (slub.c) -------------------------------------------------------------------------- */
static inline bool page_is_slab_head(const struct page *page)
{
	return (page->flags & (1u << PG_slab | 1u << PG_private_2)) == 1u << PG_slab;
}

static inline struct page *slab_of(struct page *page)
{
	return PageFlag(page, PG_private_2) ? page->slab_head : page;
}

static inline void **link_in(const struct kmem_cache *cache, void *object)
{
	return (void **)((char *)object + cache->link);
}

/* First free object of a slab, or NULL. */
static inline void *slab_first_free(const struct kmem_cache *cache, const struct page *slab)
{
	if (slab->slab_free == NO_FREE_OBJECT)
		return NULL;
	return (char *)page_address(slab) + ((size_t)slab->slab_free << cache->unit_shift);
}

/* Whether `object` is where an object of the slab can start. */
bool is_object_of(const struct kmem_cache *cache, struct page *slab, const void *object);
/* Whether it is on the slab's free list; node lock held. */
bool is_free_in_slab(const struct kmem_cache *cache, const struct page *slab, const void *object);

/* Give back what this or another, stopped, CPU parked; give empty slabs back to the frames. */
void cache_flush_cpu(struct kmem_cache *cache, unsigned cpu);
unsigned long cache_shrink(struct kmem_cache *cache);
/* The slab no longer counts as Slab memory. */
void slab_uncount(const struct kmem_cache *cache, const struct page *slab);
/* What a CPU parked for every cache. */
void heap_drain_cpu(unsigned cpu);

/* ---- per-CPU areas (percpu.c) ---------------------------------------------------------------- */
u32 *percpu_lock_word(void); /* for quire_freeze() */

/* ---- caches (cache.c) ------------------------------------------------------------------------ */
int cache_set_up(struct kmem_cache *cache, const char *name, u32 size, u32 align,
		 slab_flags_t flags, void (*ctor)(void *object));
void cache_publish(struct kmem_cache *cache);
DECLARE_PER_CPU(struct cpu_objects, no_objects);
int kmalloc_init(void);
void kmalloc_exit(void);

/* ---- debugging (debug.c): on objects of caches with SLAB_DEBUG_FLAGS ------------------------- */
void debug_object_fresh(const struct kmem_cache *cache, void *object);
void debug_object_alloc(const struct kmem_cache *cache, void *object, const void *caller);
/* False: damaged, reported, must not be reused. */
bool debug_object_free(const struct kmem_cache *cache, struct page *slab, void *object,
		       const void *caller);

#endif
