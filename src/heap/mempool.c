/* SPDX-License-Identifier: MIT */
/*
 * heap/mempool.c - a reserve that is used when there is nothing else, and filled up first.
 *
 *   elements   | x | x | x | . | . |       alloc takes from the right, free puts there
 *                        curr_nr  min_nr
 *
 * Nobody sleeps beside an element of the reserve: who puts one there wakes one sleeper; who goes to sleep
 * looks once more after it can be woken; and who found one that way, and may have been woken for another,
 * wakes the next.
 *
 * Always true:  0 <= curr_nr <= max(min_nr, 1); the slots below curr_nr hold elements, the others NULL.
 * Lock:         pool->lock, interrupts off, for a few loads and stores; the owner's functions and wake-ups
 *               are outside.
 */
#include <quire/check.h>
#include <quire/err.h>
#include <quire/mempool.h>
#include "heap/heap.h"

/* ---- the reserve ----------------------------------------------------------------------------- */
static int room_for(int min_nr)
{
	return max(min_nr, 1);
}

/* The last element, or NULL. */
static void *take_reserve(mempool_t *pool)
{
	void *element = NULL;
	unsigned long flags;

	spin_lock_irqsave(&pool->lock, flags);
	if (pool->curr_nr > 0) {
		element = pool->elements[--pool->curr_nr];
		pool->elements[pool->curr_nr] = NULL;
	}
	spin_unlock_irqrestore(&pool->lock, flags);
	return element;
}

/* Put an element there, for the first sleeper if there is one.  False: it is full. */
static bool put_reserve(mempool_t *pool, void *element)
{
	unsigned long flags;
	bool put;

	spin_lock_irqsave(&pool->lock, flags);
	put = pool->curr_nr < room_for(pool->min_nr);
	if (put)
		pool->elements[pool->curr_nr++] = element;
	spin_unlock_irqrestore(&pool->lock, flags);
	if (put)
		wake_up(&pool->wait);
	return put;
}

/* Elements in the reserve; a moment later there may be more, or fewer. */
static int nr_in_reserve(mempool_t *pool)
{
	unsigned long flags;
	int nr;

	spin_lock_irqsave(&pool->lock, flags);
	nr = pool->curr_nr;
	spin_unlock_irqrestore(&pool->lock, flags);
	return nr;
}

/* Make what is missing of `nr`.  False: there was no memory for it. */
static bool fill_reserve(mempool_t *pool, int nr, gfp_t gfp)
{
	while (nr_in_reserve(pool) < nr) {
		void *element = pool->alloc(gfp, pool->pool_data);

		if (!element)
			return false;
		mempool_free(element, pool); /* other frees may have been faster */
	}
	return true;
}

/* ---- pools ----------------------------------------------------------------------------------- */
int mempool_init_node(mempool_t *pool, int min_nr, mempool_alloc_t *alloc_fn,
		      mempool_free_t *free_fn, void *pool_data, gfp_t gfp_mask, int node)
{
	pool->elements = NULL;
	if (min_nr < 0)
		return -EINVAL;
	pool->min_nr = min_nr;
	pool->curr_nr = 0;
	pool->pool_data = pool_data;
	pool->alloc = alloc_fn;
	pool->free = free_fn;
	spin_lock_init(&pool->lock, "mempool", LOCK_RANK_HEAP);
	init_waitqueue_head(&pool->wait);
	pool->elements = kmalloc_node((size_t)room_for(min_nr) * sizeof(void *),
				      gfp_mask | __GFP_ZERO, node);
	if (!pool->elements)
		return -ENOMEM;
	if (fill_reserve(pool, min_nr, gfp_mask))
		return 0;
	mempool_exit(pool);
	return -ENOMEM;
}

int mempool_init(mempool_t *pool, int min_nr, mempool_alloc_t *alloc_fn, mempool_free_t *free_fn,
		 void *pool_data)
{
	return mempool_init_node(pool, min_nr, alloc_fn, free_fn, pool_data, GFP_KERNEL,
				 NUMA_NO_NODE);
}

void mempool_exit(mempool_t *pool)
{
	void *element;

	if (!mempool_initialized(pool))
		return;
	while ((element = take_reserve(pool)))
		pool->free(element, pool->pool_data);
	kfree(pool->elements);
	pool->elements = NULL;
}

mempool_t *mempool_create_node(int min_nr, mempool_alloc_t *alloc_fn, mempool_free_t *free_fn,
			       void *pool_data, gfp_t gfp_mask, int node)
{
	mempool_t *pool = kmalloc_node(sizeof(*pool), gfp_mask, node);

	if (pool && mempool_init_node(pool, min_nr, alloc_fn, free_fn, pool_data, gfp_mask, node)) {
		kfree(pool);
		pool = NULL;
	}
	return pool;
}

mempool_t *mempool_create(int min_nr, mempool_alloc_t *alloc_fn, mempool_free_t *free_fn,
			  void *pool_data)
{
	return mempool_create_node(min_nr, alloc_fn, free_fn, pool_data, GFP_KERNEL, NUMA_NO_NODE);
}

void mempool_destroy(mempool_t *pool)
{
	if (!pool)
		return;
	mempool_exit(pool);
	kfree(pool);
}

/* ---- another size ---------------------------------------------------------------------------- */
static void free_down_to(mempool_t *pool, int nr)
{
	while (nr_in_reserve(pool) > nr) {
		void *element = take_reserve(pool);

		if (element)
			pool->free(element, pool->pool_data);
	}
}

/* Move to other slots.  The old ones, or NULL: there are more elements than these hold. */
static void **change_slots(mempool_t *pool, void **elements, int min_nr)
{
	void **old = NULL;
	unsigned long flags;

	spin_lock_irqsave(&pool->lock, flags);
	pool->min_nr = min_nr; /* from now on frees put no more there than fit */
	if (pool->curr_nr <= min_nr) {
		old = pool->elements;
		memcpy(elements, old, (size_t)pool->curr_nr * sizeof(*elements));
		pool->elements = elements;
	}
	spin_unlock_irqrestore(&pool->lock, flags);
	return old;
}

int mempool_resize(mempool_t *pool, int new_min_nr)
{
	void **elements, **old;

	lock_debug_assert_none("mempool_resize");
	if (new_min_nr < 1)
		return -EINVAL;
	elements = kcalloc((size_t)new_min_nr, sizeof(*elements), GFP_KERNEL);
	if (!elements)
		return -ENOMEM;
	while (!(old = change_slots(pool, elements, new_min_nr)))
		free_down_to(pool, new_min_nr);
	kfree(old);
	(void)fill_reserve(pool, new_min_nr, GFP_KERNEL | __GFP_NOWARN);
	return 0;
}

/* ---- elements -------------------------------------------------------------------------------- */
/* Sleep until there may be one in the reserve, and take it. */
static void *wait_for_free(mempool_t *pool)
{
	DEFINE_WAIT(me);
	void *element;

	for (;;) {
		prepare_to_wait_exclusive(&pool->wait, &me);
		element = take_reserve(pool);
		if (element)
			break;
		port_block();
	}
	finish_wait(&pool->wait, &me);
	/* Until now we could be woken for another element than ours: somebody else is, then. */
	if (nr_in_reserve(pool) > 0)
		wake_up(&pool->wait);
	return element;
}

void *mempool_alloc(mempool_t *pool, gfp_t gfp_mask)
{
	/* The first try neither waits nor takes what is kept for emergencies: this is what we are for. */
	gfp_t gfp = (gfp_mask | __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN) &
		    ~(__GFP_DIRECT_RECLAIM | __GFP_IO | __GFP_NOFAIL);
	void *element;

	if (gfp_mask & __GFP_DIRECT_RECLAIM)
		lock_debug_assert_none("mempool_alloc");
	quire_assert(!(gfp_mask & __GFP_ZERO), "elements of a mempool are not zeroed");
	element = pool->alloc(gfp, pool->pool_data);
	if (likely(element))
		return element;
	element = take_reserve(pool);
	if (element || !(gfp_mask & __GFP_DIRECT_RECLAIM))
		return element;
	element =
		pool->alloc(gfp | (gfp_mask & (__GFP_DIRECT_RECLAIM | __GFP_IO)), pool->pool_data);
	return element ? element : wait_for_free(pool);
}

void *mempool_alloc_preallocated(mempool_t *pool)
{
	return take_reserve(pool);
}

void mempool_free(void *element, mempool_t *pool)
{
	if (element && !put_reserve(pool, element))
		pool->free(element, pool->pool_data);
}

/* ---- common things --------------------------------------------------------------------------- */
void *mempool_alloc_slab(gfp_t gfp_mask, void *pool_data)
{
	return kmem_cache_alloc((struct kmem_cache *)pool_data, gfp_mask);
}

void mempool_free_slab(void *element, void *pool_data)
{
	kmem_cache_free(pool_data, element);
}

void *mempool_kmalloc(gfp_t gfp_mask, void *pool_data)
{
	return kmalloc((size_t)(uintptr_t)pool_data, gfp_mask);
}

void mempool_kfree(void *element, void *pool_data)
{
	(void)pool_data;
	kfree(element);
}

void *mempool_alloc_pages(gfp_t gfp_mask, void *pool_data)
{
	return alloc_pages(gfp_mask, (unsigned)(uintptr_t)pool_data);
}

void mempool_free_pages(void *element, void *pool_data)
{
	__free_pages(element, (unsigned)(uintptr_t)pool_data);
}

/* ---- laws ------------------------------------------------------------------------------------ */
const char *mempool_check(const mempool_t *pool)
{
	if (pool->min_nr < 0 || pool->curr_nr < 0 || pool->curr_nr > room_for(pool->min_nr))
		return "a mempool's reserve has more elements than there is room for";
	for (int i = 0; i < room_for(pool->min_nr); i++)
		if (!pool->elements[i] != (i >= pool->curr_nr))
			return "a mempool's slots disagree with its count";
	if (pool->curr_nr && waitqueue_active(&pool->wait))
		return "somebody sleeps beside an element of a mempool's reserve";
	return NULL;
}
