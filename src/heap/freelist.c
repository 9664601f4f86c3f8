/* SPDX-License-Identifier: MIT */
/*
 * heap/freelist.c - what is done about a list of free objects that somebody wrote to, and where secrets come
 * from.
 *
 * Lock: that of the list; numbers by an atomic.
 */
#include "freelist.h"

unsigned long heap_random(void)
{
	unsigned long mixed;

	if (PORT_RANDOM)
		return port_random();
	/* Where we were loaded and how often we were asked: better than nothing. */
	mixed = __atomic_add_fetch(&heap.random, 0x9e3779b9ul, __ATOMIC_RELAXED) ^
		(unsigned long)&heap;
	mixed *= 0x85ebca6bul;
	return (mixed ^ mixed >> 13) * 0xc2b2ae35ul;
}

#if QUIRE_HEAP == QUIRE_HEAP_SLUB

void *freelist_broken(const void *object, const void *next)
{
	quire_damage("heap: Freechain corrupt: free object %p of cache %s leads to %p; what is "
		     "behind it is lost",
		     object, cache_of(virt_to_page(object))->name, next);
	return NULL;
}

#if QUIRE_SLAB_FREELIST_HARDENED
bool is_at_hand(const struct slab_cpu *c, const void *object)
{
	unsigned long pfn = PHYS_PFN(__pa(object));
	const struct page *page = pfn < quire_max_pfn && pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;

	return page && PageFlag(page, PG_slab) && page->slab_id == c->id &&
	       is_first_byte((unsigned long)object & slab_mask(c), c->magic, c->limit);
}
#else
bool is_at_hand(const struct slab_cpu *c, const void *object)
{
	(void)c, (void)object;
	return true;
}
#endif

void *freelist_cut(const struct kmem_cache *cache, void *object)
{
	freelist_broken(object, link_next(cache, object));
	set_link(cache, object, NULL);
	return NULL;
}

void *freelist_cut_remote(const void *object, const void *next)
{
	freelist_broken(object, next);
	return (void *)1ul; /* the end, and no slab behind */
}

bool is_remote_end(const struct kmem_cache *cache, const void *link)
{
	unsigned long pfn = (unsigned long)link >> 1;

	if (!((unsigned long)link & 1))
		return false;
	return !pfn || (pfn_valid(pfn) && page_is_slab_head(pfn_to_page(pfn)) &&
			cache_of(pfn_to_page(pfn)) == cache);
}
#endif
