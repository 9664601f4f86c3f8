/* SPDX-License-Identifier: MIT */
/*
 * heap/slub_check.c - the laws of slub recounted from nothing, and what /proc/slabinfo shows of it.
 *
 * Lock: each node's lock in turn; the laws want other CPUs to be quiet.
 */
#include "freelist.h"

#if QUIRE_HEAP == QUIRE_HEAP_SLUB

void cache_count(const struct kmem_cache *cache, struct slab_counts *counts)
{
	unsigned long unused = 0;

	memset(counts, 0, sizeof(*counts));
	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++) {
		counts->slabs += racy_read(cache->node[nid].nr_slabs);
		unused += racy_read(cache->node[nid].nr_free);
	}
	counts->objects = counts->slabs * cache->objects;
	counts->active = counts->objects - min(unused, counts->objects);
	counts->active_slabs = counts->slabs;
}

static const char *check_slab(const struct kmem_cache *cache, const struct page *slab)
{
	u32 unchained = slab_unchained(cache, slab), n = 0;

	for (void *object = slab->slab_free; object; object = link_next(cache, object)) {
		if (!is_object_of(cache, slab, object))
			return "a slab's free list leads to what is no object of it";
		if (++n > cache->objects)
			return "a slab's free list is a circle";
	}
	return slab->inuse + n + unchained == cache->objects
		       ? NULL
		       : "a slab's objects in use and free are not all";
}

/* A list of slabs that are somebody's, or nobody's; *unused is how many objects of them are free. */
static const char *check_list(struct kmem_cache *cache, const struct slab_list *list,
			      unsigned owner, unsigned long *unused)
{
	unsigned long n = 0;

	*unused = 0;
	for (struct page *slab = slab_list_first(list); slab; slab = slab_list_next(slab)) {
		const char *why;

		if (!page_is_slab_head(slab) || cache_of(slab) != cache ||
		    READ_ONCE(slab->slab_owner) != owner)
			return "a list of slabs leads to a wrong one";
		why = check_slab(cache, slab);
		if (why)
			return why;
		if (!slab_has_free(cache, slab))
			return "a full slab is on the partial list";
		if (++n > list->nr)
			return "a list of slabs is longer than its count";
		*unused += cache->objects - slab->inuse;
		cache->check_listed++;
	}
	return n == list->nr ? NULL : "a list of slabs is shorter than its count";
}

static const char *check_node(struct kmem_cache *cache, const struct heap_node *node)
{
	unsigned long unused;
	const char *why = check_list(cache, &node->partial, OWNER_NOBODY, &unused);

	if (why)
		return why;
	return unused == node->nr_free ? NULL : "nr_free disagrees with the slabs";
}

/* Free objects that a CPU has at hand. */
static const char *check_objects(const struct kmem_cache *cache, void *object)
{
	unsigned long n = 0, most = 0;

	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		most += cache->node[nid].nr_slabs * cache->objects;
	for (; object; object = link_next(cache, object)) {
		struct page *page = virt_to_page(object);

		if (!PageFlag(page, PG_slab) || cache_of(page) != cache ||
		    !is_object_of(cache, slab_of(page), object))
			return "a CPU's free list leads to what is no object of the cache";
		if (is_free_in_slab(cache, slab_of(page), object))
			return "an object is both on a CPU's list and free in its slab";
		if (++n > most)
			return "a CPU's free list is a circle";
	}
	return NULL;
}

static const char *check_cpu(struct kmem_cache *cache, const struct slab_cpu *c, unsigned token)
{
	const struct page *slab = c->slab ? pfn_to_page(c->slab) : NULL;
	unsigned owner = cache->counted ? token | OWNER_COUNTED : token;
	const char *why = check_objects(cache, c->free);
	unsigned long unused, empty = 0;

	if (!why)
		why = check_objects(cache, c->spare);
	if (!why && slab) {
		why = check_slab(cache, slab);
		if (cache_of(slab) != cache || READ_ONCE(slab->slab_owner) != owner)
			why = "a CPU allocates from a slab that is not its own";
		if (!slab_has_free(cache, slab))
			why = "a CPU allocates from a slab that is full";
		cache->check_listed++;
	}
	for (slab = slab_list_first(&c->partial); slab && !why; slab = slab_list_next(slab))
		empty += !slab->inuse;
	if (empty != c->nr_empty)
		return "a CPU counts its empty slabs wrong";
	return why ? why : check_list(cache, &c->partial, owner, &unused);
}

const char *cache_check(struct kmem_cache *cache)
{
	const char *why = cache_check_nodes(cache, check_node);
	unsigned cpu;

	if (cache->owned)
		for_each_possible_cpu(cpu)
			if (!why)
				why = check_cpu(cache, per_cpu_ptr(cache->cpu, cpu), cpu + 1);
	return why;
}

/* Slabs that no list leads to are full. */
const char *slab_check(const struct page *slab)
{
	struct kmem_cache *cache = cache_of(slab);

	for (unsigned long i = 0; i < 1UL << cache->order; i++)
		if (slab[i].slab_owner != slab->slab_owner || slab[i].slab_id != slab->slab_id)
			return "a frame of a slab disagrees about whose it is";
	cache->check_slabs++;
	if (slab_has_free(cache, slab))
		return NULL;
	cache->check_listed++;
	return slab->inuse == cache->objects ? NULL : "a full slab has free objects";
}
#endif
