/* SPDX-License-Identifier: MIT */
/*
 * quire/mempool.h - a reserve of elements for those who must make progress: to write a page out in order
 * to free it, something small is needed first.
 *
 *   mempool_alloc   ── the owner's function ──┬─ it has one
 *                                             └─ it has none: one of the reserve, or wait for a free
 *   mempool_free    ── the reserve, until it is full again ── the owner's function
 *
 * So `min_nr` elements can always be in use at a time, whatever the state of memory, provided that every
 * one is given back some day.  Behaviour is Linux's (its documentation of mempools).
 *
 *	pool = mempool_create_slab_pool(16, bio_cache);         at the start, while there is memory
 *	bio = mempool_alloc(pool, GFP_NOIO);                    never NULL: it may sleep
 *	mempool_free(bio, pool);                                from anywhere
 */
#ifndef QUIRE_MEMPOOL_H
#define QUIRE_MEMPOOL_H

#include <quire/gfp.h>
#include <quire/slab.h>
#include <quire/types.h>
#include <quire/wait.h>

/* How the pool's owner makes an element (NULL: not now) and unmakes one.  pool_data is the owner's.  May
 * sleep if gfp allows; free, if mempool_free() is only called where it may. */
typedef void *(mempool_alloc_t)(gfp_t gfp_mask, void *pool_data);
typedef void(mempool_free_t)(void *element, void *pool_data);

/* Who guards a field:  (c) set once   (l) lock */
typedef struct mempool {
	spinlock_t lock;
	int min_nr;             /* (l) elements of a full reserve                            */
	int curr_nr;            /* (l) elements in the reserve                               */
	void **elements;        /* (l) those; room for min_nr, or one                        */
	void *pool_data;        /* (c)                                                       */
	mempool_alloc_t *alloc; /* (c)                                                */
	mempool_free_t *free;   /* (c)                                                */
	wait_queue_head_t wait; /* who found nothing                                  */
} mempool_t;

/* ---- pools ----------------------------------------------------------------------------------- */
/*
 * A pool with min_nr elements in reserve, made with GFP_KERNEL; min_nr 0: none is made beforehand, but the
 * first that is freed is kept.  Context: task, may sleep.  NULL: no memory, or min_nr below 0; nothing is
 * left behind.
 */
mempool_t *mempool_create(int min_nr, mempool_alloc_t *alloc_fn, mempool_free_t *free_fn,
			  void *pool_data) __must_check;
/* The same with these flags, and the pool itself from that node. */
mempool_t *mempool_create_node(int min_nr, mempool_alloc_t *alloc_fn, mempool_free_t *free_fn,
			       void *pool_data, gfp_t gfp_mask, int node) __must_check;
/* The reserve and the pool go.  All elements have been given back; NULL is fine.  May sleep if the
 * owner's function does. */
void mempool_destroy(mempool_t *pool);

/* The same for a pool inside something else.  0, -ENOMEM or -EINVAL; mempool_exit() of one that was never
 * initialised, but is all zero, does nothing. */
int mempool_init(mempool_t *pool, int min_nr, mempool_alloc_t *alloc_fn, mempool_free_t *free_fn,
		 void *pool_data) __must_check;
int mempool_init_node(mempool_t *pool, int min_nr, mempool_alloc_t *alloc_fn,
		      mempool_free_t *free_fn, void *pool_data, gfp_t gfp_mask,
		      int node) __must_check;
void mempool_exit(mempool_t *pool);
static inline bool mempool_initialized(const mempool_t *pool)
{
	return pool->elements != NULL;
}

/*
 * Another min_nr, 1 at least.  Elements beyond it are freed; those that are missing are made as far as there is
 * memory, the rest of them by frees.  Meanwhile elements may be taken and given, but the pool not be destroyed
 * or resized by anyone else.  Context: task, may sleep.
 *   0; -EINVAL: new_min_nr is less than 1; -ENOMEM: as before.
 */
int mempool_resize(mempool_t *pool, int new_min_nr) __must_check;

/* ---- elements -------------------------------------------------------------------------------- */
/*
 * An element, contents arbitrary: __GFP_ZERO is refused.
 *   With __GFP_DIRECT_RECLAIM:  task context, no spinlock.  Never NULL: sleeps until one is freed.
 *   Without:                    any context.  NULL: the owner has none now and the reserve is used up.
 */
void *mempool_alloc(mempool_t *pool, gfp_t gfp_mask);
/* One of the reserve, or NULL: the owner is not asked.  Any context. */
void *mempool_alloc_preallocated(mempool_t *pool);
/* Give it back; NULL is fine.  Any context that the owner's function can be called in. */
void mempool_free(void *element, mempool_t *pool);

/* ---- pools of common things ------------------------------------------------------------------ */
/* Objects of a cache; pool_data is the cache. */
void *mempool_alloc_slab(gfp_t gfp_mask, void *pool_data);
void mempool_free_slab(void *element, void *pool_data);
/* kmalloc; pool_data is the size. */
void *mempool_kmalloc(gfp_t gfp_mask, void *pool_data);
void mempool_kfree(void *element, void *pool_data);
/* Blocks of frames, as struct page *; pool_data is the order. */
void *mempool_alloc_pages(gfp_t gfp_mask, void *pool_data);
void mempool_free_pages(void *element, void *pool_data);

#define QUIRE_MEMPOOL_OF(name, type, arg, alloc_fn, free_fn)                                       \
	static inline __must_check mempool_t *mempool_create_##name##_pool(int min_nr, type arg)   \
	{                                                                                          \
		return mempool_create(min_nr, (alloc_fn), (free_fn), (void *)(uintptr_t)arg);      \
	}                                                                                          \
	static inline __must_check int mempool_init_##name##_pool(mempool_t *pool, int min_nr,     \
								  type arg)                        \
	{                                                                                          \
		return mempool_init(pool, min_nr, (alloc_fn), (free_fn), (void *)(uintptr_t)arg);  \
	}
QUIRE_MEMPOOL_OF(slab, struct kmem_cache *, cache, mempool_alloc_slab, mempool_free_slab)
QUIRE_MEMPOOL_OF(kmalloc, size_t, size, mempool_kmalloc, mempool_kfree)
QUIRE_MEMPOOL_OF(page, int, order, mempool_alloc_pages, mempool_free_pages)
#undef QUIRE_MEMPOOL_OF

/* The laws of a pool, or the first that is broken; nobody changes it meanwhile. */
const char *mempool_check(const mempool_t *pool);

#endif
