/* SPDX-License-Identifier: MIT */
/*
 * heap/slub.c - objects cut from slabs; each CPU parks some free ones of its own.
 *
 *   kmem_cache_alloc <- pop   | slot[count-1] | ... | slot[0] |  <- refill, half at a time -  slabs of the node, under its lock
 *   kmem_cache_free  -> push  |  this CPU's stack            |  -- flush, oldest half ----->
 *
 *   a slab, 2^order frames:  | obj | obj | obj | obj | obj | obj |..|     free objects are chained through
 *                                 free ------>     free -> end            themselves, the head is in struct page
 *
 * Always true:  inuse + length of the slab's free list = objects; slabs with a free object are on
 *               the node's partial list, full ones on none; an object on a CPU's stack counts as in
 *               use for its slab.
 * Lock:         node->lock, interrupts off.  Stacks: task code of their CPU only (quire/percpu.h).
 */
#include <quire/event.h>
#include "heap.h"

struct heap_state heap;

/* ---- one slab; node lock held ---------------------------------------------------------------- */
static void partial_add(struct heap_node *node, struct page *slab)
{
	struct page *first = node->partial;

	slab->slab_prev = NULL;
	slab->slab_next = first ? (u32)page_to_pfn(first) : 0;
	if (first)
		first->slab_prev = slab;
	WRITE_ONCE(node->partial, slab);
	WRITE_ONCE(node->nr_partial, node->nr_partial + 1); /* looked at without the lock */
}

static void partial_remove(struct heap_node *node, struct page *slab)
{
	struct page *next = slab->slab_next ? pfn_to_page(slab->slab_next) : NULL;

	if (slab->slab_prev)
		slab->slab_prev->slab_next = slab->slab_next;
	else
		WRITE_ONCE(node->partial, next);
	if (next)
		next->slab_prev = slab->slab_prev;
	WRITE_ONCE(node->nr_partial, node->nr_partial - 1);
}

static u16 unit_of(const struct kmem_cache *cache, const struct page *slab, const void *object)
{
	return (u16)(((unsigned long)object - (unsigned long)page_address(slab)) >>
		     cache->unit_shift);
}

/* Take up to n objects off one slab that has some. */
static u32 slab_take(struct kmem_cache *cache, struct heap_node *node, struct page *slab, void **to,
		     u32 n)
{
	void *object = slab_first_free(cache, slab);
	u32 taken = 0;

	while (object && taken < n) {
		to[taken++] = object;
		object = *link_in(cache, object);
	}
	slab->slab_free = object ? unit_of(cache, slab, object) : NO_FREE_OBJECT;
	slab->inuse = (u16)(slab->inuse + taken);
	racy_add(node->nr_free, -(unsigned long)taken);
	if (!object)
		partial_remove(node, slab);
	return taken;
}

/* Put an object back.  Returns the slab if it became empty and the node can do without it. */
static struct page *slab_give(struct kmem_cache *cache, struct heap_node *node, struct page *slab,
			      void *object)
{
	*link_in(cache, object) = slab_first_free(cache, slab);
	if (slab->slab_free == NO_FREE_OBJECT)
		partial_add(node, slab);
	slab->slab_free = unit_of(cache, slab, object);
	slab->inuse--;
	racy_add(node->nr_free, 1);
	if (slab->inuse || node->nr_partial <= KEEP_PARTIAL)
		return NULL;
	partial_remove(node, slab);
	racy_add(node->nr_free, -(unsigned long)cache->objects);
	racy_add(node->nr_slabs, -1UL);
	return slab;
}

/* ---- slabs come and go; no lock held --------------------------------------------------------- */
static void count_slab(const struct kmem_cache *cache, const struct page *slab, long sign)
{
	mod_nid_page_state(page_to_nid(slab),
			   cache->flags & SLAB_RECLAIM_ACCOUNT ? NR_SLAB_RECLAIMABLE_B
							       : NR_SLAB_UNRECLAIMABLE_B,
			   sign * (long)(PAGE_SIZE << cache->order));
}

void slab_uncount(const struct kmem_cache *cache, const struct page *slab)
{
	count_slab(cache, slab, -1);
}

static void chain_objects(struct kmem_cache *cache, struct page *slab)
{
	char *base = page_address(slab), *object;

	for (u32 i = 0; i < cache->objects; i++) {
		object = base + (size_t)i * cache->size;
		if (cache->ctor)
			cache->ctor(object);
		if (cache->flags & SLAB_DEBUG_FLAGS)
			debug_object_fresh(cache, object);
		*link_in(cache, object) = i + 1u < cache->objects ? object + cache->size : NULL;
	}
	slab->slab_free = 0;
	slab->inuse = 0;
}

static struct page *slab_new(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	struct page *slab;

	gfp = (gfp & ~(__GFP_ZERO | GFP_ZONEMASK | __GFP_RECLAIMABLE | __GFP_COMP)) | cache->gfp;
	slab = alloc_pages_node(nid, gfp, cache->order);
	if (!slab)
		return NULL;
	for (unsigned long i = 0; i < 1UL << cache->order; i++) {
		__SetPageFlag(slab + i, PG_slab);
		slab[i].slab_cache = cache;
		if (i) {
			__SetPageFlag(slab + i, PG_private_2);
			slab[i].slab_head = slab;
		}
	}
	count_slab(cache, slab, 1);
	chain_objects(cache, slab);
	return slab;
}

static void slab_free_frames(const struct kmem_cache *cache, struct page *slab)
{
	count_slab(cache, slab, -1);
	for (unsigned long i = 0; i < 1UL << cache->order; i++) {
		page_flags_keep(&slab[i], PAGE_TAKEN_MASK);
		slab[i].slab_cache = NULL;
		slab[i].slab_prev = NULL;
	}
	slab->_mapcount.counter = 0; /* the field is shared with the mapcount */
	__free_pages(slab, cache->order);
}

static void add_new_slab(struct kmem_cache *cache, struct page *slab)
{
	struct heap_node *node = &cache->node[page_to_nid(slab)];
	unsigned long flags;

	spin_lock_irqsave(&node->lock, flags);
	partial_add(node, slab);
	racy_add(node->nr_slabs, 1);
	racy_add(node->nr_free, cache->objects);
	spin_unlock_irqrestore(&node->lock, flags);
}

static u32 take_from_node(struct kmem_cache *cache, struct heap_node *node, void **to, u32 n)
{
	unsigned long flags;
	u32 taken = 0;

	if (!racy_read(node->partial))
		return 0;
	spin_lock_irqsave(&node->lock, flags);
	while (taken < n && node->partial)
		taken += slab_take(cache, node, node->partial, to + taken, n - taken);
	spin_unlock_irqrestore(&node->lock, flags);
	return taken;
}

/* Up to n objects from slabs that exist, on node nid if it is not NUMA_NO_NODE. */
static u32 take_existing(struct kmem_cache *cache, int nid, void **to, u32 n)
{
	u32 taken = 0;

	if (nid != NUMA_NO_NODE)
		return take_from_node(cache, &cache->node[nid], to, n);
	for (unsigned i = 0; i < QUIRE_NR_NODES && !taken; i++)
		taken = take_from_node(cache, &cache->node[i], to, n);
	return taken;
}

/* Between 1 and n objects; 0: no memory.  May sleep if gfp allows it. */
static u32 take_objects(struct kmem_cache *cache, gfp_t gfp, int nid, void **to, u32 n)
{
	for (;;) {
		u32 taken = take_existing(cache, nid, to, n);
		struct page *slab;

		if (taken)
			return taken;
		slab = slab_new(cache, gfp, nid);
		if (!slab)
			return 0;
		add_new_slab(cache, slab);
		if (nid != NUMA_NO_NODE)
			nid = (int)page_to_nid(slab); /* another node may have had to serve */
	}
}

/* ---- giving back ----------------------------------------------------------------------------- */
bool is_object_of(const struct kmem_cache *cache, struct page *slab, const void *object)
{
	unsigned long offset = (unsigned long)object - (unsigned long)page_address(slab);

	return offset % cache->size == 0 && offset / cache->size < cache->objects;
}

bool is_free_in_slab(const struct kmem_cache *cache, const struct page *slab, const void *object)
{
	void *free = slab_first_free(cache, slab);

	for (u32 n = 0; free && n <= cache->objects; n++, free = *link_in(cache, free))
		if (free == object)
			return true;
	return false;
}

/* The slab that the object belongs to; NULL, with a report, if it is none of the cache's. */
static struct page *slab_of_object(const struct kmem_cache *cache, void *object)
{
	unsigned long pfn = PHYS_PFN(__pa(object));
	struct page *page = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;

	if (page && PageFlag(page, PG_slab) && page->slab_cache == cache &&
	    is_object_of(cache, slab_of(page), object))
		return slab_of(page);
	quire_damage("heap: %p was freed to cache %s and is no object of it%s%s", object,
		     cache->name, page && PageFlag(page, PG_slab) ? "; it belongs to " : "",
		     page && PageFlag(page, PG_slab) ? page->slab_cache->name : "");
	return NULL;
}

/* What is wrong with giving the object back to its slab, or NULL.  Node lock held. */
static const char *why_not_give(const struct kmem_cache *cache, const struct page *slab,
				void *object)
{
	if (!slab->inuse)
		return "its slab has no object in use";
	if (slab_first_free(cache, slab) == object)
		return "it is free already";
	if (cache->flags & SLAB_CONSISTENCY_CHECKS && is_free_in_slab(cache, slab, object))
		return "it is free already";
	return NULL;
}

/* The same, when it is likely to be the slab of the object before. */
static struct page *slab_of_next(const struct kmem_cache *cache, struct page *slab, void *object)
{
	if (slab &&
	    (unsigned long)object - (unsigned long)page_address(slab) < PAGE_SIZE << cache->order &&
	    is_object_of(cache, slab, object))
		return slab;
	return slab_of_object(cache, object);
}

static quire_cold void report_not_given(const struct kmem_cache *cache, const void *object,
					const char *why)
{
	quire_damage("heap: %p of cache %s is freed, but %s", object, cache->name, why);
}

/* Slabs chained through slab_prev. */
static void free_slabs(const struct kmem_cache *cache, struct page *slab)
{
	struct page *next;

	for (; slab; slab = next) {
		next = slab->slab_prev;
		slab_free_frames(cache, slab);
	}
}

static void give_object(struct kmem_cache *cache, void *object)
{
	struct page *slab = slab_of_object(cache, object), *surplus = NULL;
	struct heap_node *node;
	unsigned long flags;
	const char *why;

	if (!slab)
		return;
	node = &cache->node[page_to_nid(slab)];
	spin_lock_irqsave(&node->lock, flags);
	why = why_not_give(cache, slab, object);
	if (!why)
		surplus = slab_give(cache, node, slab, object);
	spin_unlock_irqrestore(&node->lock, flags);
	if (why)
		report_not_given(cache, object, why);
	if (surplus)
		slab_free_frames(cache, surplus);
}

/* The n oldest objects of a stack go back, under one lock as long as they are from one node. */
static void flush(struct kmem_cache *cache, struct cpu_objects *c, unsigned long n)
{
	struct page *slab = NULL, *surplus = NULL, *next;
	struct heap_node *node = NULL;
	unsigned long flags = 0;

	for (unsigned long i = 0; i < n; i++) {
		void *object = c->slot[i];
		const char *why;

		slab = slab_of_next(cache, slab, object);
		if (!slab)
			continue;
		if (!node || node != &cache->node[page_to_nid(slab)]) {
			if (node)
				spin_unlock_irqrestore(&node->lock, flags);
			node = &cache->node[page_to_nid(slab)];
			spin_lock_irqsave(&node->lock, flags);
		}
		why = why_not_give(cache, slab, object);
		if (unlikely(why)) {
			report_not_given(cache, object, why);
		} else if ((next = slab_give(cache, node, slab, object))) {
			next->slab_prev = surplus; /* off the list: chain through the spare word */
			surplus = next;
			slab = NULL;
		}
	}
	if (node)
		spin_unlock_irqrestore(&node->lock, flags);
	c->count -= n;
	memmove(c->slot, c->slot + n, c->count * sizeof(void *));
	free_slabs(cache, surplus);
}

void cache_flush_cpu(struct kmem_cache *cache, unsigned cpu)
{
	struct cpu_objects *c = per_cpu_ptr(cache->cpu, cpu);

	flush(cache, c, c->count);
}

unsigned long cache_shrink(struct kmem_cache *cache)
{
	unsigned long left = 0, flags;

	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++) {
		struct heap_node *node = &cache->node[nid];
		struct page *empty = NULL, *slab, *next;

		spin_lock_irqsave(&node->lock, flags);
		for (slab = node->partial; slab; slab = next) {
			next = slab->slab_next ? pfn_to_page(slab->slab_next) : NULL;
			if (slab->inuse)
				continue;
			partial_remove(node, slab);
			racy_add(node->nr_free, -(unsigned long)cache->objects);
			racy_add(node->nr_slabs, -1UL);
			slab->slab_prev = empty; /* off the list: chain through the spare word */
			empty = slab;
		}
		left += node->nr_slabs;
		spin_unlock_irqrestore(&node->lock, flags);
		free_slabs(cache, empty);
	}
	return left;
}

/* ---- allocate and free ----------------------------------------------------------------------- */
static void *clear(const struct kmem_cache *cache, void *object, gfp_t gfp)
{
	if (gfp & __GFP_ZERO)
		memset(object, 0, cache->object_size);
	return object;
}

/* Through this CPU's stack.  Only making a slab may sleep; after it we may be on another CPU. */
static void *take_parked(struct kmem_cache *cache, gfp_t gfp)
{
	for (;;) {
		struct cpu_objects *c = this_cpu_ptr(cache->cpu);
		struct page *slab;

		if (!c->count)
			c->count = take_existing(cache, NUMA_NO_NODE, c->slot,
						 max((u32)c->capacity / 2, 1u));
		if (c->count)
			return c->slot[--c->count];
		slab = slab_new(cache, gfp, NUMA_NO_NODE);
		if (!slab)
			return NULL;
		add_new_slab(cache, slab);
	}
}

bool (*failslab_hook)(gfp_t gfp, size_t size);

static void *take_one(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	void *object;

	if (nid == NUMA_NO_NODE && this_cpu_ptr(cache->cpu)->capacity &&
	    gate_passable(port_percpu_offset()))
		return take_parked(cache, gfp);
	return take_objects(cache, gfp, nid, &object, 1) ? object : NULL;
}

static quire_noinline void *alloc_slow(struct kmem_cache *cache, gfp_t gfp, int nid,
				       const void *caller)
{
	void *object;

	if (quire_should_fail(gfp) || (failslab_hook && failslab_hook(gfp, cache->object_size)))
		return NULL;
	object = take_one(cache, gfp, nid);
	if (!object)
		return NULL;
	if (unlikely(cache->flags & SLAB_DEBUG_FLAGS))
		debug_object_alloc(cache, object, caller);
	quire_event(kmem_cache_alloc, object, cache, gfp);
	return clear(cache, object, gfp);
}

/* Pop from this CPU's stack, unless it is empty or the gate is closed. */
static quire_always_inline bool pop_object(const struct kmem_cache *cache, void **object)
{
	unsigned long offset = port_percpu_offset();
	struct cpu_objects *c;
	unsigned long count;

	if (!gate_open(offset))
		return false;
	offset += (unsigned long)cache->cpu;
	c = (struct cpu_objects *)offset;
	count = c->count;
	if (unlikely(!count))
		return false;
	barrier(); /* so that the count is changed by one subtraction from memory */
	c->count--;
	barrier();
	*object = c->slot[count - 1];
	return true;
}

void *kmem_cache_alloc_plain(struct kmem_cache *cache, gfp_t gfp)
{
	void *object;

	if (likely(pop_object(cache, &object)))
		return object;
	return alloc_slow(cache, gfp, NUMA_NO_NODE, __builtin_return_address(0));
}

void *kmem_cache_alloc_zeroed(struct kmem_cache *cache, gfp_t gfp)
{
	void *object;

	if (likely(pop_object(cache, &object)))
		return clear(cache, object, gfp);
	return alloc_slow(cache, gfp, NUMA_NO_NODE, __builtin_return_address(0));
}

void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int node)
{
	if (node < 0 || node >= QUIRE_NR_NODES || !NODE_DATA(node)->online)
		return kmem_cache_alloc(cache, gfp);
	return alloc_slow(cache, gfp, node, __builtin_return_address(0));
}

static quire_noinline void free_slow(struct kmem_cache *cache, void *object, const void *caller)
{
	struct cpu_objects *c = this_cpu_ptr(cache->cpu);

	if (!object)
		return;
	if (c->count && c->slot[c->count - 1] == object && gate_passable(port_percpu_offset())) {
		quire_damage("heap: %p of cache %s is freed twice", object, cache->name);
		return;
	}
	if ((unsigned long)object & cache->align_mask ||
	    unlikely(cache->flags & SLAB_DEBUG_FLAGS)) {
		struct page *slab = slab_of_object(cache, object);

		if (!slab || !debug_object_free(cache, slab, object, caller))
			return;
	}
	quire_event(kmem_cache_free, object, cache, 0);
	if (!c->capacity || !gate_passable(port_percpu_offset())) {
		give_object(cache, object);
		return;
	}
	if (c->count >= c->capacity)
		flush(cache, c, max(c->capacity / 2, 1UL));
	c->slot[c->count++] = object;
}

/* Push on this CPU's stack; false: full, misaligned, the one freed last, or the gate is closed. */
static quire_always_inline bool push_object(const struct kmem_cache *cache, void *object,
					    unsigned long offset)
{
	struct cpu_objects *c;
	unsigned long count;

	if (!gate_open(offset) || unlikely(cache->align_mask & (u32)(unsigned long)object))
		return false;
	offset += (unsigned long)cache->cpu;
	c = (struct cpu_objects *)offset;
	count = c->count;
	/* Below slot[0] stands `capacity`, which no object's address equals. */
	if (unlikely(count >= c->capacity) ||
	    unlikely(((void **)c->slot)[(long)count - 1] == object))
		return false;
	c->slot[count] = object;
	barrier(); /* so that the count is changed by one addition to memory */
	c->count++;
	return true;
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	if (QUIRE_DEBUG && object && !slab_of_object(cache, object))
		return;
	if (unlikely(!object) || likely(push_object(cache, object, port_percpu_offset())))
		return;
	free_slow(cache, object, __builtin_return_address(0));
}

/* ---- kfree: the cache follows from the address ----------------------------------------------- */
static quire_cold void free_other(const void *object)
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

static quire_noinline void kfree_slow(struct kmem_cache *cache, void *object)
{
	quire_event(kfree, object, 0, 0);
	free_slow(cache, object, __builtin_return_address(0));
}

void kfree(const void *object)
{
	unsigned long pfn = PHYS_PFN(__pa(object));
	const struct page *page;

	/* NULL, ZERO_SIZE_PTR and what is not in the linear map have no frame number below the
	 * highest. */
	if (unlikely(pfn >= quire_max_pfn)) {
		free_other(object);
		return;
	}
	page = pfn_to_page(pfn);
	if (unlikely(!(page->flags & 1u << PG_slab))) {
		free_other(object);
		return;
	}
	if (unlikely(!push_object(page->slab_cache, (void *)object, port_percpu_offset())))
		kfree_slow(page->slab_cache, (void *)object);
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
