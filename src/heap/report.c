/* SPDX-License-Identifier: MIT */
/*
 * heap/report.c - /proc/slabinfo, and the laws of the heap recounted from nothing.
 *
 * Lock: each node's lock in turn; heap_check() wants the stacks of other CPUs to be quiet.
 */
#include <quire/check.h>
#include "heap.h"

/* ---- slabinfo -------------------------------------------------------------------------------- */
void show_slabinfo(struct seq_out *out)
{
	struct kmem_cache *cache;

	seq_puts(out, "slabinfo - version: 2.1\n"
		      "# name            <active_objs> <num_objs> <objsize> <objperslab> "
		      "<pagesperslab> : tunables <limit> "
		      "<batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> "
		      "<sharedavail>\n");
	list_for_each_entry(cache, &heap.caches, list) {
		unsigned long slabs = 0, unused = 0, total;

		for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++) {
			slabs += racy_read(cache->node[nid].nr_slabs);
			unused += racy_read(cache->node[nid].nr_free);
		}
		total = slabs * cache->objects;
		seq_printf(out,
			   "%-17s %6lu %6lu %6u %4u %4lu : tunables %4u %4u %4u : slabdata %6lu "
			   "%6lu %6lu\n",
			   cache->name, total - min(unused, total), total, cache->size,
			   cache->objects, 1UL << cache->order, 0u, 0u, 0u, slabs, slabs, 0UL);
	}
}

/* ---- laws ------------------------------------------------------------------------------------ */
/* A list of free objects of a slab; *n is how many it has. */
static const char *check_chain(const struct kmem_cache *cache, const struct page *slab,
			       void *object, u32 *n)
{
	u32 chained = cache->objects - slab_unchained(cache, slab);

	for (*n = 0; object; object = *link_in(cache, object)) {
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

static const char *check_cache(struct kmem_cache *cache)
{
	const char *why = NULL;
	unsigned long flags;
	unsigned cpu;

	cache->check_slabs = cache->check_listed = 0;
	for (unsigned nid = 0; nid < QUIRE_NR_NODES && !why; nid++) {
		spin_lock_irqsave(&cache->node[nid].lock, flags);
		why = check_node(cache, &cache->node[nid]);
		spin_unlock_irqrestore(&cache->node[nid].lock, flags);
	}
	if (cache->owned)
		for_each_possible_cpu(cpu)
			if (!why)
				why = check_cpu(cache, per_cpu_ptr(cache->cpu, cpu), cpu + 1);
	return why;
}

/* Every slab that exists, counted for its cache; those that no list leads to are full. */
static const char *count_slabs(void)
{
	for (unsigned long pfn = 0; pfn < quire_max_pfn; pfn++) {
		struct page *page = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;
		struct kmem_cache *cache;

		if (!page || !page_is_slab_head(page))
			continue;
		cache = cache_of(page);
		if (page_count(page) != 1)
			return "a slab has more or less than one reference";
		cache->check_slabs++;
		if (READ_ONCE(page->slab_owner) & OWNER_FULL)
			cache->check_listed++;
		else if (READ_ONCE(page->slab_owner) == OWNER_NOBODY && !slab_has_free(cache, page))
			cache->check_listed++;
		else
			continue;
		if (page->slab_free || page->inuse != cache->objects)
			return "a full slab has free objects";
	}
	return NULL;
}

const char *heap_check(void)
{
	struct kmem_cache *cache;
	const char *why = NULL;

	if (!heap.running)
		return NULL;
	list_for_each_entry(cache, &heap.caches, list) {
		why = check_cache(cache);
		if (why)
			return why;
	}
	why = count_slabs();
	if (why)
		return why;
	list_for_each_entry(cache, &heap.caches, list) {
		unsigned long slabs = 0;

		for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
			slabs += cache->node[nid].nr_slabs;
		if (slabs != cache->check_slabs)
			return "a cache has more or fewer slabs than it counts";
		if (slabs != cache->check_listed)
			return "a slab is on no list, or on two";
	}
	return NULL;
}
