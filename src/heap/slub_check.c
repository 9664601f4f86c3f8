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

/* A list of free objects of a slab; *n is how many it has. */
static const char *check_chain(const struct kmem_cache *cache, const struct page *slab,
			       void *object, u32 *n)
{
	u32 chained = cache->objects - slab_unchained(cache, slab);

	for (*n = 0; object; object = link_next(cache, object)) {
		if (!is_object_of(cache, slab, object))
			return "a slab's free list leads to what is no object of it";
		if (++*n > chained)
			return "a slab's free list is a circle";
	}
	return NULL;
}

/* A slab that is not active. */
static const char *check_slab(const struct kmem_cache *cache, const struct page *slab)
{
	u32 unused;
	const char *why = check_chain(cache, slab, slab->slab_free, &unused);

	if (why)
		return why;
	return slab->inuse + unused + slab_unchained(cache, slab) == cache->objects
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
		if (owner == OWNER_NOBODY && !slab_has_free(cache, slab))
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

static const char *check_cpu(struct kmem_cache *cache, const struct slab_cpu *c, unsigned token)
{
	const char *why;
	unsigned long unused;
	u32 n;

	if (c->free && !c->slab)
		return "a CPU has free objects of no slab";
	if (c->slab && cache_of(c->slab) != cache)
		return "a CPU allocates from a slab of another cache";
	if (c->free && READ_ONCE(c->slab->slab_owner) != token)
		return "a CPU allocates from a slab that is not its own";
	if (c->slab && (why = check_chain(cache, c->slab, c->free, &n)))
		return why;
	cache->check_listed += !!c->slab;
	return check_list(cache, &c->partial, token | OWNER_PARTIAL, &unused);
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
	unsigned owner = READ_ONCE(slab->slab_owner);

	cache->check_slabs++;
	if (!(owner & OWNER_FULL) && (owner != OWNER_NOBODY || slab_has_free(cache, slab)))
		return NULL;
	cache->check_listed++;
	if (slab->slab_free || slab->inuse != cache->objects)
		return "a full slab has free objects";
	return NULL;
}
#endif
