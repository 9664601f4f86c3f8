/* SPDX-License-Identifier: MIT */
/*
 * heap/front.c - every object that the fast paths leave to others: failures are injected, debugging
 * flags obeyed and events told here, around the back end's object_take() and object_give().
 *
 * Lock: none here.
 */
#include <quire/event.h>
#include "heap.h"

bool (*failslab_hook)(gfp_t gfp, size_t size);

quire_noinline void *alloc_slow(struct kmem_cache *cache, gfp_t gfp, int nid, const void *caller)
{
	void *object;

	if (quire_should_fail(gfp) || (failslab_hook && failslab_hook(gfp, cache->object_size)))
		return NULL;
	object = object_take(cache, gfp, nid);
	if (!object)
		return NULL;
	if (unlikely(cache->flags & SLAB_DEBUG_FLAGS))
		debug_object_alloc(cache, object, caller);
	quire_event(kmem_cache_alloc, object, cache, gfp);
	return clear_object(cache, object, gfp);
}

void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int node)
{
	if (node < 0 || node >= QUIRE_NR_NODES || !NODE_DATA(node)->online)
		return kmem_cache_alloc(cache, gfp);
	return alloc_slow(cache, gfp, node, __builtin_return_address(0));
}

quire_noinline void free_slow(struct kmem_cache *cache, void *object, const void *caller)
{
	struct page *slab;

	if (!object)
		return;
	slab = slab_of_object(cache, object);
	if (!slab)
		return;
	if (unlikely(cache->flags & SLAB_DEBUG_FLAGS) &&
	    !debug_object_free(cache, slab, object, caller))
		return;
	quire_event(kmem_cache_free, object, cache, 0);
	object_give(cache, slab, object);
}

quire_cold void free_other(const void *object)
{
	unsigned long pfn = PHYS_PFN(__pa(object));
	struct page *page;
	unsigned order;

	if (ZERO_OR_NULL_PTR(object))
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

/* ---- bulk ------------------------------------------------------------------------------------ */
int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t n, void **objects)
{
	for (size_t i = 0; i < n; i++) {
		objects[i] = kmem_cache_alloc(cache, gfp);
		if (objects[i])
			continue;
		kmem_cache_free_bulk(cache, i, objects);
		return 0;
	}
	return (int)n;
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t n, void **objects)
{
	for (size_t i = 0; i < n; i++)
		kmem_cache_free(cache, objects[i]);
}
