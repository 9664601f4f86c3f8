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
static const char *check_slab(const struct kmem_cache *cache, struct page *slab)
{
	void *object = slab_first_free(cache, slab);
	u32 unused = 0;

	for (; object; object = *link_in(cache, object)) {
		if (!is_object_of(cache, slab, object))
			return "a slab's free list leads to what is no object of it";
		if (++unused > cache->objects)
			return "a slab's free list is a circle";
	}
	return slab->inuse + unused == cache->objects
		       ? NULL
		       : "a slab's objects in use and free are not all";
}

/* The partial list of one node; its lock is held. */
static const char *check_node(const struct kmem_cache *cache, const struct heap_node *node)
{
	unsigned long n = 0, unused = 0;
	struct page *prev = NULL;

	for (struct page *slab = node->partial; slab;) {
		const char *why = check_slab(cache, slab);

		if (why)
			return why;
		if (!page_is_slab_head(slab) || slab->slab_cache != cache ||
		    slab->slab_prev != prev)
			return "a partial list leads to a wrong slab";
		if (slab->slab_free == NO_FREE_OBJECT)
			return "a full slab is on the partial list";
		if (++n > node->nr_partial)
			return "a partial list is longer than its count";
		unused += cache->objects - slab->inuse;
		prev = slab;
		slab = slab->slab_next ? pfn_to_page(slab->slab_next) : NULL;
	}
	if (n != node->nr_partial)
		return "a partial list is shorter than its count";
	return unused == node->nr_free ? NULL : "nr_free disagrees with the slabs";
}

static const char *check_stack(const struct kmem_cache *cache, const struct cpu_objects *c)
{
	if (c->count > c->capacity)
		return "a CPU parks more objects than it may";
	for (unsigned long i = 0; i < c->count; i++) {
		unsigned long pfn = PHYS_PFN(__pa(c->slot[i]));
		struct page *page = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;

		if (!page || !PageFlag(page, PG_slab) || page->slab_cache != cache ||
		    !is_object_of(cache, slab_of(page), c->slot[i]))
			return "a CPU parks what is no object of the cache";
		if (is_free_in_slab(cache, slab_of(page), c->slot[i]))
			return "an object is both parked and free in its slab";
	}
	return NULL;
}

static const char *check_cache(struct kmem_cache *cache)
{
	unsigned long flags;
	unsigned cpu;

	cache->check_slabs = cache->check_inuse = 0;
	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++) {
		const char *why;

		spin_lock_irqsave(&cache->node[nid].lock, flags);
		why = check_node(cache, &cache->node[nid]);
		spin_unlock_irqrestore(&cache->node[nid].lock, flags);
		if (why)
			return why;
	}
	for_each_possible_cpu(cpu) {
		const char *why = check_stack(cache, per_cpu_ptr(cache->cpu, cpu));

		if (why)
			return why;
	}
	return NULL;
}

/* Every slab that exists, counted for its cache. */
static const char *count_slabs(void)
{
	for (unsigned long pfn = 0; pfn < quire_max_pfn; pfn++) {
		struct page *page = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;

		if (!page || !page_is_slab_head(page))
			continue;
		if (page_count(page) != 1)
			return "a slab has more or less than one reference";
		page->slab_cache->check_slabs++;
		page->slab_cache->check_inuse += page->inuse;
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
		unsigned long slabs = 0, unused = 0;

		for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++) {
			slabs += cache->node[nid].nr_slabs;
			unused += cache->node[nid].nr_free;
		}
		if (slabs != cache->check_slabs)
			return "a cache has more or fewer slabs than it counts";
		if (slabs * cache->objects - unused != cache->check_inuse)
			return "a cache's objects in use disagree with its slabs";
	}
	return NULL;
}
