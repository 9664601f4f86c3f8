/* SPDX-License-Identifier: MIT */
/*
 * heap/front.c - every object that the fast paths leave to others: failures are injected, debugging
 * flags obeyed and events told here, around the back end's object_take() and object_give().
 *
 * Lock: none here.
 */
#include <quire/event.h>
#include <quire/kfence.h>
#include "heap.h"

bool (*failslab_hook)(gfp_t gfp, size_t size);
const struct slab_debug_ops *slab_debug;
const struct kfence_ops *kfence;

void make_object(const struct kmem_cache *cache, void *object)
{
	if (cache->ctor)
		cache->ctor(object);
	if (cache->flags & SLAB_DEBUG_FLAGS)
		slab_debug->fresh(cache, object);
}

inline void *alloc_sized(struct kmem_cache *cache, u32 size, gfp_t gfp, int nid, const void *caller)
{
	void *object;

	if (QUIRE_EVENTS &&
	    (quire_should_fail(gfp) || (failslab_hook && failslab_hook(gfp, cache->object_size))))
		return NULL;
	if (unlikely(kfence) &&
	    (object = kfence->alloc(cache, size, init_on_alloc_gfp(cache, gfp), caller)))
		return object;
	object = object_take(cache, gfp, nid);
	if (!object)
		return NULL;
	if (unlikely(cache->flags & SLAB_DEBUG_FLAGS))
		slab_debug->taken(cache, object, caller);
	quire_event(kmem_cache_alloc, object, cache, gfp);
	return clear_object(cache, object, init_on_alloc_gfp(cache, gfp));
}

quire_noinline void *alloc_slow(struct kmem_cache *cache, gfp_t gfp, int nid, const void *caller)
{
	return alloc_sized(cache, cache->object_size, gfp, nid, caller);
}

void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int node)
{
	if (node < 0 || node >= QUIRE_NR_NODES || !NODE_DATA(node)->online)
		return kmem_cache_alloc(cache, gfp);
	return alloc_slow(cache, gfp, node, __builtin_return_address(0));
}

void report_freed_twice(const struct kmem_cache *cache, const void *object)
{
	quire_damage("heap: %p of cache %s is freed twice", object, cache->name);
}

void report_not_given(const struct kmem_cache *cache, const void *object, const char *why)
{
	quire_damage("heap: %p of cache %s is freed, but %s", object, cache->name, why);
}

/* slub's link stays: if the object is free already, which is found out later, its list is whole. */
static void init_on_free(const struct kmem_cache *cache, const struct page *slab, void *object)
{
	size_t size = cache->object_size, link = 0;

	if (QUIRE_HEAP == QUIRE_HEAP_SLOB && cache == slob_objects)
		size = slob_size(slab, object);
	if (QUIRE_HEAP == QUIRE_HEAP_SLUB && !cache->link)
		link = min(size, sizeof(void *));
	memset((char *)object + link, 0, size - link);
}

quire_noinline void free_slow(struct kmem_cache *cache, void *object, const void *caller)
{
	struct page *slab;

	if (!object || (unlikely(kfence) && kfence->free(cache, object, caller)))
		return;
	slab = slab_of_object(cache, object);
	if (!slab)
		return;
	if (unlikely(cache->flags & SLAB_DEBUG_FLAGS) &&
	    !slab_debug->given(cache, slab, object, caller))
		return;
	if (unlikely(frames_init_on_free) && may_init(cache))
		init_on_free(cache, slab, object);
	quire_event(kmem_cache_free, object, cache, 0);
	object_give(cache, slab, object);
}

quire_cold void free_other(const void *object)
{
	unsigned long pfn = PHYS_PFN(__pa(object));
	struct page *page;
	unsigned order;

	if (ZERO_OR_NULL_PTR(object) ||
	    (kfence && kfence->free(NULL, (void *)object, __builtin_return_address(0))))
		return;
	page = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;
	if (!page || !PageFlag(page, PG_private_2) || page_count(page) != 1 ||
	    (unsigned long)object & ~PAGE_MASK) {
		quire_damage("heap: kfree of %p, which kmalloc did not return%s", object,
			     page && !page_count(page) ? " (freed already?)" : "");
		return;
	}
	order = page->private;
	quire_event(kfree, object, 0, 0);
	mod_nid_page_state(page_to_nid(page), NR_SLAB_UNRECLAIMABLE_B, -(long)(PAGE_SIZE << order));
	__ClearPageFlag(page, PG_private_2);
	page->private = 0;
	__free_pages(page, order);
}

void kfence_init(void)
{
	if (kfence)
		kfence->start();
}
