/* SPDX-License-Identifier: MIT */
/*
 * heap/plain.c - the entry points of back ends without a fast path of their own: everything goes through
 * front.c.
 *
 * Lock: none here.
 */
#include <quire/event.h>
#include "heap.h"

#if QUIRE_HEAP != QUIRE_HEAP_SLUB

void *kmem_cache_alloc_plain(struct kmem_cache *cache, gfp_t gfp)
{
	return alloc_slow(cache, gfp, NUMA_NO_NODE, __builtin_return_address(0));
}

void *kmem_cache_alloc_zeroed(struct kmem_cache *cache, gfp_t gfp)
{
	return alloc_slow(cache, gfp, NUMA_NO_NODE, __builtin_return_address(0));
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	free_slow(cache, object, __builtin_return_address(0));
}

void *__kmalloc(size_t size, gfp_t gfp)
{
	return kmalloc_slow(size, gfp, __builtin_return_address(0));
}

void kfree(const void *object)
{
	unsigned long pfn = PHYS_PFN(__pa(object));
	struct page *page = pfn < quire_max_pfn ? pfn_to_page(pfn) : NULL;

	if (!page || !PageFlag(page, PG_slab)) {
		free_other(object);
		return;
	}
	quire_event(kfree, object, 0, 0);
	free_slow(cache_of_object(page, object), (void *)object, __builtin_return_address(0));
}

void *kmem_cache_pop(struct kmem_cache *cache)
{
	(void)cache;
	return NULL;
}

bool kfree_push(const struct page *page, void *object)
{
	(void)page, (void)object;
	return false;
}

void kfree_rest(void *object)
{
	kfree(object);
}

u32 pop_many(struct kmem_cache *cache, void **objects, size_t n)
{
	(void)cache, (void)objects, (void)n;
	return 0;
}

u32 push_many(struct kmem_cache *cache, void **objects, size_t n)
{
	(void)cache, (void)objects, (void)n;
	return 0;
}
#endif
