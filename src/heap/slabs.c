/* SPDX-License-Identifier: MIT */
/*
 * heap/slabs.c - slabs themselves, for slub and slab: how they come and go, and what is an object of one.
 *
 *   frames/  ──2^order frames, marked PG_slab──>  | obj | obj | obj | obj | obj | obj |..|
 *                                                   every frame knows the cache; all but the first, the first
 *
 * Lock: none; a slab that comes or goes is its caller's.
 */
#include "heap.h"

/* ---- lists ----------------------------------------------------------------------------------- */
#if UINTPTR_MAX > 0xffffffffu
static u32 pfn_before(const struct slab_list *list, const struct page *slab)
{
	(void)list;
	return slab->slab_prev;
}

static void set_before(struct page *slab, u32 pfn)
{
	slab->slab_prev = pfn;
}
#else
/* No room for a second link: look for it. */
static u32 pfn_before(const struct slab_list *list, const struct page *slab)
{
	u32 pfn = (u32)page_to_pfn(slab), before = 0;

	for (u32 at = list->first; at != pfn; at = pfn_to_page(at)->slab_next)
		before = at;
	return before;
}

static void set_before(struct page *slab, u32 pfn)
{
	(void)slab, (void)pfn;
}
#endif

void slab_list_add(struct slab_list *list, struct page *slab)
{
	u32 pfn = (u32)page_to_pfn(slab);

	slab->slab_next = list->first;
	set_before(slab, 0);
	if (list->first)
		set_before(pfn_to_page(list->first), pfn);
	else
		list->last = pfn;
	racy_write(list->first, pfn);
	racy_add(list->nr, 1); /* looked at without the lock */
}

void slab_list_remove(struct slab_list *list, struct page *slab)
{
	u32 before = pfn_before(list, slab), next = slab->slab_next;

	if (before)
		pfn_to_page(before)->slab_next = next;
	else
		racy_write(list->first, next);
	if (next)
		set_before(pfn_to_page(next), before);
	else
		list->last = before;
	racy_add(list->nr, -1u);
}

#if QUIRE_HEAP != QUIRE_HEAP_SLOB

/* ---- slabs come and go; no lock held --------------------------------------------------------- */
static void count_slab(const struct kmem_cache *cache, const struct page *slab, long sign)
{
	mod_nid_page_state(page_to_nid(slab),
			   cache->flags & SLAB_RECLAIM_ACCOUNT ? NR_SLAB_RECLAIMABLE_B
							       : NR_SLAB_UNRECLAIMABLE_B,
			   sign * (long)(PAGE_SIZE << cache->order));
}

void slab_uncount(const struct page *slab)
{
	count_slab(cache_of(slab), slab, -1);
}

unsigned slab_order(const struct page *slab)
{
	return cache_of(slab)->order;
}

struct page *slab_new(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	struct page *slab;
	void *list = NULL;

	if (!slab_make_list(cache, gfp, &list))
		return NULL;
	gfp = (gfp & ~(__GFP_ZERO | GFP_ZONEMASK | __GFP_RECLAIMABLE | __GFP_COMP)) | cache->gfp;
	slab = alloc_pages_node(nid, gfp, cache->order);
	if (!slab) {
		kfree(list);
		return NULL;
	}
	for (unsigned long i = 1; i < 1UL << cache->order; i++) {
		slab[i].slab_id = cache->id;
		slab[i].slab_owner = OWNER_NOBODY;
		slab[i].slab_next = 0;
		page_flags_publish(&slab[i], 1u << PG_slab);
	}
	slab->inuse = 0;
	slab->slab_id = cache->id;
	slab->slab_owner = OWNER_NOBODY;
	slab_dress(cache, slab, list);
	page_flags_publish(slab, 1u << PG_slab);
	count_slab(cache, slab, 1);
	__atomic_fetch_add(&node_of(cache, slab)->nr_slabs, 1, __ATOMIC_RELAXED);
	return slab;
}

void slab_release(struct kmem_cache *cache, struct page *slab)
{
	slab_undress(cache, slab);
	count_slab(cache, slab, -1);
	__atomic_fetch_sub(&node_of(cache, slab)->nr_slabs, 1, __ATOMIC_RELAXED);
	for (unsigned long i = 0; i < 1UL << cache->order; i++) {
		page_flags_keep(&slab[i], PAGE_TAKEN_MASK);
		slab[i].mapping = NULL;
		slab[i].word2 = 0;
	}
	slab->_mapcount.counter = 0; /* the field is shared with the mapcount */
	__free_pages(slab, cache->order);
}

void slabs_release(struct kmem_cache *cache, struct page *slab)
{
	struct page *next;

	for (; slab; slab = next) {
		next = slab_list_next(slab);
		slab_release(cache, slab);
	}
}

/* ---- objects of a slab ----------------------------------------------------------------------- */
bool is_object_of(const struct kmem_cache *cache, const struct page *slab, const void *object)
{
	unsigned long offset = (unsigned long)object - (unsigned long)first_object(slab);

	return offset % cache->size == 0 && offset / cache->size < cache->objects;
}

struct page *slab_of_object(const struct kmem_cache *cache, void *object)
{
	unsigned long pfn = PHYS_PFN(__pa(object));
	struct page *page = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;
	bool slab = page && PageFlag(page, PG_slab);

	if (slab && cache_of(page) == cache && is_object_of(cache, slab_of(page), object))
		return slab_of(page);
	quire_damage("heap: %p was freed to cache %s and is no object of it%s%s", object,
		     cache->name, slab ? "; it belongs to " : "", slab ? cache_of(page)->name : "");
	return NULL;
}

void backend_exit(void) {}

struct kmem_cache *cache_of_object(const struct page *page, const void *object)
{
	(void)object;
	return cache_of(page);
}

void *object_around(const struct page *page, const void *address)
{
	const struct kmem_cache *cache = cache_of(page);
	const char *first = first_object(slab_of((struct page *)page));
	unsigned long number = (unsigned long)((const char *)address - first) / cache->size;

	return number < cache->objects ? (void *)(first + number * cache->size) : NULL;
}

const char *cache_recount(const struct kmem_cache *cache)
{
	unsigned long slabs = 0;

	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		slabs += cache->node[nid].nr_slabs;
	if (slabs != cache->check_slabs)
		return "a cache has more or fewer slabs than it counts";
	if (slabs != cache->check_listed)
		return "a slab is on no list, or on two";
	return NULL;
}

/* Name up to 16 objects of the cache that were never freed. */
void name_live_objects(const struct kmem_cache *cache)
{
	unsigned named = 0;

	for (unsigned long pfn = 0; pfn < quire_max_pfn && named < 16; pfn++) {
		struct page *slab = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;

		if (!slab || !page_is_slab_head(slab) || cache_of(slab) != cache)
			continue;
		for (u32 i = 0; i < cache->objects && named < 16; i++) {
			char *object = first_object(slab) + (size_t)i * cache->size;

			if (is_free_in_slab(cache, slab, object))
				continue;
			printk("heap: %s: object %p (number %u of the slab at %p) is in use\n",
			       cache->name, (void *)object, i, page_address(slab));
			if (cache->flags & SLAB_DEBUG_FLAGS)
				slab_debug->describe(cache, object);
			named++;
		}
	}
}
#endif
