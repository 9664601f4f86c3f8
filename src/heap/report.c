/* SPDX-License-Identifier: MIT */
/*
 * heap/report.c - /proc/slabinfo, and the laws of the heap recounted from nothing.
 *
 * Lock: each node's lock in turn; heap_check() wants the stacks of other CPUs to be quiet.
 */
#include <quire/check.h>
#include <quire/slabinfo.h>
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
		struct slab_counts c;

		cache_count(cache, &c);
		seq_printf(out,
			   "%-17s %6lu %6lu %6u %4u %4lu : tunables %4u %4u %4u : slabdata %6lu "
			   "%6lu %6lu\n",
			   cache->name, c.active, c.objects, cache->size, cache->objects,
			   1UL << cache->order, c.limit, c.batch, c.shared, c.active_slabs, c.slabs,
			   c.shared_avail);
	}
}

/* ---- laws ------------------------------------------------------------------------------------ */
/* Every slab that exists, counted for its cache. */
static const char *count_slabs(void)
{
	for (unsigned long pfn = 0; pfn < quire_max_pfn; pfn++) {
		struct page *page = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;
		const char *why;

		if (!page || !page_is_slab_head(page))
			continue;
		if (page_count(page) != 1)
			return "a slab has more or less than one reference";
		why = slab_check(page);
		if (why)
			return why;
	}
	return NULL;
}

const char *cache_check_nodes(struct kmem_cache *cache,
			      const char *(*check)(struct kmem_cache *cache,
						   const struct heap_node *node))
{
	const char *why = NULL;
	unsigned long flags;

	for (unsigned nid = 0; nid < QUIRE_NR_NODES && !why; nid++) {
		spin_lock_irqsave(&cache->node[nid].lock, flags);
		why = check(cache, &cache->node[nid]);
		spin_unlock_irqrestore(&cache->node[nid].lock, flags);
	}
	return why;
}

const char *heap_check(void)
{
	struct kmem_cache *cache;
	const char *why = NULL;

	if (!heap.running)
		return NULL;
	list_for_each_entry(cache, &heap.caches, list) {
		cache->check_slabs = cache->check_listed = 0;
		why = cache_check(cache);
		if (why)
			return why;
	}
	why = count_slabs();
	if (why)
		return why;
	list_for_each_entry(cache, &heap.caches, list) {
		why = cache_recount(cache);
		if (why)
			return why;
	}
	return kfence ? kfence->check() : NULL;
}
