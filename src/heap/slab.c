/* SPDX-License-Identifier: MIT */
/*
 * heap/slab.c - the back end with arrays: each CPU has some objects at hand, each node three lists of
 * slabs.
 *
 *   kmem_cache_alloc <- pop   | entry[avail-1] | .. | entry[0] |  this CPU's <─batch─> the node's shared array
 *   kmem_cache_free  -> push                                                  <──────> full, partial, free slabs
 *
 *   a slab:  |colour| obj | obj | obj | obj | obj |free list|     off-slab: the list is an object of kmalloc's
 *            list[inuse..objects): numbers of the free objects; the one freed last comes first
 *
 *   Slabs of a cache start their objects at different multiples of `align`, as far as there is room, so that
 *   equal objects of different slabs are in different lines of a processor's cache.
 *
 * Always true:  a slab is on the list that its inuse says; an object in an array counts as in use.
 * Lock:         node->lock, interrupts off.  Arrays of CPUs: between heap_enter() and pcp_leave().
 */
#include <quire/err.h>
#include "freelist.h"

#if QUIRE_HEAP == QUIRE_HEAP_SLAB

#define SHARED_FACTOR  8u              /* the shared array holds as many batches               */
#define OFF_SLAB_SIZE  (PAGE_SIZE / 8) /* lists of objects so large are kept elsewhere       */
#define FREE_PER_LIMIT 2u              /* a node keeps free slabs for as many limits of a CPU  */

/* ---- one slab; node's lock held -------------------------------------------------------------- */
static u16 *list_of(const struct page *slab)
{
	return slab->slab_free;
}

static u32 number_of(const struct kmem_cache *cache, const struct page *slab, const void *object)
{
	return (u32)((unsigned long)((const char *)object - first_object(slab)) / cache->size);
}

static void put_on_list(const struct kmem_cache *cache, struct heap_node *node, struct page *slab)
{
	enum slab_state state = !slab->inuse                   ? SLAB_FREE
				: slab->inuse < cache->objects ? SLAB_PARTIAL
							       : SLAB_FULL;

	if (slab->slab_owner == state)
		return;
	if (slab->slab_owner)
		slab_list_remove(&node->list[slab->slab_owner], slab);
	WRITE_ONCE(slab->slab_owner, (u16)state);
	slab_list_add(&node->list[state], slab);
}

/* The number of the slab's next free object.  One that somebody wrote to is reported, and the slab's free
 * objects are lost: they count as in use.  False: there is none, and the slab is full. */
static bool next_number(struct kmem_cache *cache, struct heap_node *node, struct page *slab,
			u32 *number)
{
	*number = list_of(slab)[slab->inuse];
	if (!QUIRE_SLAB_FREELIST_HARDENED || likely(*number < cache->objects))
		return true;
	quire_damage("heap: Freechain corrupt: the free list of a slab of cache %s at %p names "
		     "object %u of %u; what is behind it is lost",
		     cache->name, page_address(slab), *number, (u32)cache->objects);
	racy_add(node->nr_free, -(unsigned long)(cache->objects - slab->inuse));
	slab->inuse = cache->objects;
	put_on_list(cache, node, slab);
	return false;
}

/* One object of a node's slabs, or NULL. */
static void *take_locked(struct kmem_cache *cache, struct heap_node *node)
{
	struct page *slab;
	u32 number;

	do {
		slab = slab_list_first(&node->list[SLAB_PARTIAL]);
		if (!slab)
			slab = slab_list_first(&node->list[SLAB_FREE]);
		if (!slab)
			return NULL;
	} while (!next_number(cache, node, slab, &number));
	slab->inuse++;
	racy_add(node->nr_free, -1UL);
	put_on_list(cache, node, slab);
	return first_object(slab) + (size_t)number * cache->size;
}

/* What is wrong with giving the object back, or NULL. */
static const char *why_not_give(const struct kmem_cache *cache, const struct page *slab,
				const void *object)
{
	if (!slab->inuse)
		return "its slab has no object in use";
	if (slab->inuse < cache->objects &&
	    list_of(slab)[slab->inuse] == number_of(cache, slab, object))
		return "it is free already";
	if (cache->flags & SLAB_CONSISTENCY_CHECKS && is_free_in_slab(cache, slab, object))
		return "it is free already";
	return NULL;
}

static u32 most_free(const struct kmem_cache *cache)
{
	u32 limit = cache->arrays ? this_cpu_ptr(cache->arrays)->limit : 0;

	return FREE_PER_LIMIT * limit + cache->objects;
}

/* Returns a slab that the node can do without: it is off its list. */
static struct page *give_locked(struct kmem_cache *cache, struct heap_node *node, struct page *slab,
				void *object)
{
	const char *why = why_not_give(cache, slab, object);

	if (why) {
		report_not_given(cache, object, why);
		return NULL;
	}
	list_of(slab)[--slab->inuse] = (u16)number_of(cache, slab, object);
	racy_add(node->nr_free, 1);
	put_on_list(cache, node, slab);
	if (slab->inuse || node->nr_free <= most_free(cache))
		return NULL;
	slab_list_remove(&node->list[SLAB_FREE], slab);
	racy_add(node->nr_free, -(unsigned long)cache->objects);
	return slab;
}

/* ---- slabs come and go ----------------------------------------------------------------------- */
bool slab_make_list(const struct kmem_cache *cache, gfp_t gfp, void **list)
{
	if (!cache->off_slab)
		return true;
	*list = kmalloc(cache->objects * sizeof(u16), gfp & ~(__GFP_ZERO | GFP_ZONEMASK));
	return *list;
}

/* Each number changes places with any of those before, or with none. */
static void shuffle(struct kmem_cache *cache, struct page *slab)
{
	for (u32 i = 1; i < cache->objects; i++) {
		u32 other = (u32)(heap_random() >> 8) % (i + 1);
		u16 number = list_of(slab)[i];

		list_of(slab)[i] = list_of(slab)[other];
		list_of(slab)[other] = number;
	}
}

void slab_dress(struct kmem_cache *cache, struct page *slab, void *list)
{
	struct heap_node *node = node_of(cache, slab);
	char *end = (char *)page_address(slab) + (PAGE_SIZE << cache->order);
	u32 colour = racy_read(node->colour);

	racy_write(node->colour, colour + 1 < cache->colours ? colour + 1 : 0);
	slab->slab_remote = (u16)(colour * cache->align / 8);
	slab->slab_free = cache->off_slab ? list : end - cache->objects * sizeof(u16);
	for (u32 i = 0; i < cache->objects; i++) {
		list_of(slab)[i] = (u16)i;
		make_object(cache, first_object(slab) + (size_t)i * cache->size);
	}
	if (QUIRE_SLAB_FREELIST_RANDOM)
		shuffle(cache, slab);
}

void slab_undress(struct kmem_cache *cache, struct page *slab)
{
	if (cache->off_slab)
		kfree(slab->slab_free);
}

static void add_new_slab(struct kmem_cache *cache, struct page *slab)
{
	struct heap_node *node = node_of(cache, slab);
	unsigned long flags;

	spin_lock_irqsave(&node->lock, flags);
	put_on_list(cache, node, slab);
	racy_add(node->nr_free, cache->objects);
	spin_unlock_irqrestore(&node->lock, flags);
}

/* Slabs that are off their lists, linked by slab_next. */
static void chain_surplus(struct page **surplus, struct page *slab)
{
	if (!slab)
		return;
	slab->slab_next = *surplus ? (u32)page_to_pfn(*surplus) : 0;
	*surplus = slab;
}

/* ---- many objects at a time ------------------------------------------------------------------ */
/* Up to n objects of a node: those shared first. */
static u32 take_from_node(struct kmem_cache *cache, struct heap_node *node, void **to, u32 n)
{
	unsigned long flags;
	u32 taken = 0;
	void *object;

	if (!racy_read(node->nr_slabs))
		return 0;
	spin_lock_irqsave(&node->lock, flags);
	while (taken < n && node->shared && node->shared->avail)
		to[taken++] = node->shared->entry[--node->shared->avail];
	while (taken < n && (object = take_locked(cache, node)))
		to[taken++] = object;
	spin_unlock_irqrestore(&node->lock, flags);
	return taken;
}

static u32 take_existing(struct kmem_cache *cache, int nid, void **to, u32 n)
{
	u32 taken = 0;

	if (nid != NUMA_NO_NODE)
		return take_from_node(cache, &cache->node[nid], to, n);
	for (unsigned i = 0; i < QUIRE_NR_NODES && !taken; i++)
		taken = take_from_node(cache, &cache->node[i], to, n);
	return taken;
}

/* Objects go back to their nodes; `share`: into the shared array while there is room. */
static struct page *give_many(struct kmem_cache *cache, void **from, u32 n, bool share)
{
	struct page *surplus = NULL;
	unsigned long flags;

	for (u32 i = 0; i < n; i++) {
		struct page *slab = slab_of(virt_to_page(from[i]));
		struct heap_node *node = node_of(cache, slab);

		spin_lock_irqsave(&node->lock, flags);
		if (share && node->shared && node->shared->avail < node->shared->limit)
			node->shared->entry[node->shared->avail++] = from[i];
		else
			chain_surplus(&surplus, give_locked(cache, node, slab, from[i]));
		spin_unlock_irqrestore(&node->lock, flags);
	}
	return surplus;
}

static void drain_shared(struct kmem_cache *cache, struct heap_node *node)
{
	struct slab_array *shared = node->shared;
	struct page *surplus = NULL;
	unsigned long flags;

	spin_lock_irqsave(&node->lock, flags);
	while (shared && shared->avail) {
		void *object = shared->entry[--shared->avail];

		chain_surplus(&surplus,
			      give_locked(cache, node, slab_of(virt_to_page(object)), object));
	}
	spin_unlock_irqrestore(&node->lock, flags);
	slabs_release(cache, surplus);
}

unsigned long cache_shrink(struct kmem_cache *cache)
{
	unsigned long left = 0, flags;

	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++) {
		struct heap_node *node = &cache->node[nid];
		struct page *surplus = NULL, *slab;

		drain_shared(cache, node);
		spin_lock_irqsave(&node->lock, flags);
		while ((slab = slab_list_first(&node->list[SLAB_FREE]))) {
			slab_list_remove(&node->list[SLAB_FREE], slab);
			racy_add(node->nr_free, -(unsigned long)cache->objects);
			chain_surplus(&surplus, slab);
		}
		spin_unlock_irqrestore(&node->lock, flags);
		slabs_release(cache, surplus);
		left += racy_read(node->nr_slabs);
	}
	return left;
}

/* ---- take and give --------------------------------------------------------------------------- */
static void *take_at_hand(struct kmem_cache *cache)
{
	struct quire_cpu *cpu = this_cpu_ptr(&quire_cpu);
	struct slab_array *array;
	void *object = NULL;

	if (!cache->arrays || !heap_enter(cpu))
		return NULL;
	array = this_cpu_ptr(cache->arrays);
	if (!array->avail)
		array->avail = take_existing(cache, NUMA_NO_NODE, array->entry, array->batch);
	if (array->avail)
		object = array->entry[--array->avail];
	pcp_leave(cpu);
	return object;
}

void *object_take(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	for (;;) {
		void *object = nid == NUMA_NO_NODE ? take_at_hand(cache) : NULL;
		struct page *slab;

		if (object || take_existing(cache, nid, &object, 1))
			return object;
		slab = slab_new(cache, gfp, nid);
		if (!slab)
			return NULL;
		add_new_slab(cache, slab);
		if (nid != NUMA_NO_NODE)
			nid = (int)page_to_nid(slab); /* another node may have had to serve */
	}
}

/* False: not now. */
static bool put_at_hand(struct kmem_cache *cache, void *object)
{
	struct quire_cpu *cpu = this_cpu_ptr(&quire_cpu);
	struct page *surplus = NULL;
	struct slab_array *array;
	bool twice;

	if (!cache->arrays || !heap_enter(cpu))
		return false;
	array = this_cpu_ptr(cache->arrays);
	twice = array->avail && array->entry[array->avail - 1] == object;
	if (!twice && array->avail == array->limit) {
		surplus = give_many(cache, array->entry, array->batch, true);
		array->avail -= array->batch;
		memmove(array->entry, array->entry + array->batch, array->avail * sizeof(void *));
	}
	if (!twice)
		array->entry[array->avail++] = object;
	pcp_leave(cpu);
	if (twice)
		report_freed_twice(cache, object);
	slabs_release(cache, surplus);
	return true;
}

void object_give(struct kmem_cache *cache, struct page *slab, void *object)
{
	(void)slab;
	if (!put_at_hand(cache, object))
		slabs_release(cache, give_many(cache, &object, 1, false));
}

void cache_hand_over(struct kmem_cache *cache, unsigned cpu, struct leaving *out)
{
	struct slab_array *array;

	if (!cache->arrays)
		return;
	array = per_cpu_ptr(cache->arrays, cpu);
	out->slabs = give_many(cache, array->entry, array->avail, false);
	array->avail = 0;
}

void cache_trim(struct kmem_cache *cache, unsigned cpu, struct leaving *out)
{
	cache_hand_over(cache, cpu, out);
}

void let_go(struct kmem_cache *cache, const struct leaving *out)
{
	slabs_release(cache, out->slabs);
}

/* ---- caches ---------------------------------------------------------------------------------- */
/* Objects that fit into a slab, with their list behind them unless it is kept elsewhere. */
static u32 objects_in(const struct kmem_cache *cache, unsigned order)
{
	u32 each = cache->size + (cache->off_slab ? 0 : (u32)sizeof(u16));

	return ((u32)PAGE_SIZE << order) / each;
}

static int lay_out_slab(struct kmem_cache *cache)
{
	unsigned order = 0, most = max(get_order(cache->size + sizeof(u16)), MAX_SLAB_ORDER);
	u32 bytes, rest;

	/* The lists are kmalloc's, whose first caches are made before there is a kmalloc. */
	cache->off_slab = cache->size >= OFF_SLAB_SIZE &&
			  kmalloc_caches[KMALLOC_NORMAL][kmalloc_class(64)] &&
			  !(cache->flags & SLAB_DEBUG_FLAGS);
	for (;; order++) {
		bytes = (u32)PAGE_SIZE << order;
		cache->objects = (u16)min(objects_in(cache, order), 0xfffeu);
		rest = bytes - cache->objects * cache->size;
		if (order == most || (cache->objects && rest <= bytes / 8))
			break;
	}
	if (order > MAX_PAGE_ORDER || !cache->objects)
		return -EINVAL;
	cache->order = (u8)order;
	rest -= cache->off_slab ? 0 : cache->objects * (u32)sizeof(u16);
	cache->colours = min(rest / cache->align + 1, 0xffffu * 8 / cache->align);
	return 0;
}

static u32 limit_for(u32 size)
{
	return size > PAGE_SIZE ? 4 : size > 1024 ? 12 : size > 256 ? 26 : 60;
}

static struct slab_array *make_shared(u32 limit)
{
	struct slab_array *shared;

	if (quire_nr_cpus == 1 || !kmalloc_caches[KMALLOC_NORMAL][kmalloc_class(4096)])
		return NULL;
	shared = kmalloc(sizeof(*shared) + limit * sizeof(void *), GFP_KERNEL);
	if (shared)
		*shared = (struct slab_array){ .limit = limit };
	return shared;
}

int heap_attach(struct kmem_cache *cache)
{
	u32 limit = limit_for(cache->size);
	unsigned cpu;

	if (lay_out_slab(cache))
		return -EINVAL;
	if (cache->flags & SLAB_DEBUG_FLAGS)
		return 0;
	cache->arrays = __alloc_percpu(sizeof(struct slab_array) + limit * sizeof(void *),
				       __alignof__(struct slab_array));
	if (!cache->arrays)
		return 0; /* slower, but it works */
	for_each_possible_cpu(cpu)
		*per_cpu_ptr(cache->arrays, cpu) =
			(struct slab_array){ 0, limit, DIV_ROUND_UP(limit, 2) };
	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		if (NODE_DATA(nid)->online && cache->size <= PAGE_SIZE)
			cache->node[nid].shared =
				make_shared(SHARED_FACTOR * DIV_ROUND_UP(limit, 2));
	return 0;
}

void heap_detach(struct kmem_cache *cache)
{
	free_percpu(cache->arrays);
	cache->arrays = NULL;
	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++) {
		kfree(cache->node[nid].shared);
		cache->node[nid].shared = NULL;
	}
}

unsigned long cache_live(struct kmem_cache *cache)
{
	unsigned long n = 0;

	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++) {
		drain_shared(cache, &cache->node[nid]);
		n += cache->node[nid].nr_slabs * cache->objects - cache->node[nid].nr_free;
	}
	return n;
}

void cache_count(const struct kmem_cache *cache, struct slab_counts *counts)
{
	unsigned long unused = 0;

	memset(counts, 0, sizeof(*counts));
	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++) {
		const struct heap_node *node = &cache->node[nid];

		counts->slabs += racy_read(node->nr_slabs);
		counts->active_slabs +=
			racy_read(node->nr_slabs) - racy_read(node->list[SLAB_FREE].nr);
		unused += racy_read(node->nr_free);
		if (node->shared) {
			counts->shared_avail += racy_read(node->shared->avail);
			counts->shared = SHARED_FACTOR;
		}
	}
	counts->objects = counts->slabs * cache->objects;
	counts->active = counts->objects - min(unused, counts->objects);
	if (cache->arrays) {
		counts->limit = per_cpu_ptr(cache->arrays, 0)->limit;
		counts->batch = per_cpu_ptr(cache->arrays, 0)->batch;
	}
}

/* ---- laws ------------------------------------------------------------------------------------ */
bool is_free_in_slab(const struct kmem_cache *cache, const struct page *slab, const void *object)
{
	u32 number = number_of(cache, slab, object);

	for (u32 i = slab->inuse; i < cache->objects; i++)
		if (list_of(slab)[i] == number)
			return true;
	return false;
}

static const char *check_list(struct kmem_cache *cache, const struct heap_node *node,
			      enum slab_state state, unsigned long *unused)
{
	const struct slab_list *list = &node->list[state];
	unsigned long n = 0;

	for (struct page *slab = slab_list_first(list); slab; slab = slab_list_next(slab)) {
		if (!page_is_slab_head(slab) || cache_of(slab) != cache ||
		    slab->slab_owner != state)
			return "a list of slabs leads to a wrong one";
		if ((state == SLAB_FREE) != !slab->inuse ||
		    (state == SLAB_FULL) != (slab->inuse == cache->objects))
			return "a slab is on the list of another state";
		for (u32 i = slab->inuse; i < cache->objects; i++)
			if (list_of(slab)[i] >= cache->objects)
				return "a slab's list of free objects names none of it";
		if (++n > list->nr)
			return "a list of slabs is longer than its count";
		*unused += cache->objects - slab->inuse;
		cache->check_listed++;
	}
	return n == list->nr ? NULL : "a list of slabs is shorter than its count";
}

static const char *check_array(const struct kmem_cache *cache, const struct slab_array *array)
{
	if (array->avail > array->limit)
		return "an array has more objects than room";
	for (u32 i = 0; i < array->avail; i++) {
		struct page *page = virt_to_page(array->entry[i]);

		if (!PageFlag(page, PG_slab) || cache_of(page) != cache ||
		    !is_object_of(cache, slab_of(page), array->entry[i]))
			return "an array has what is no object of the cache";
		if (is_free_in_slab(cache, slab_of(page), array->entry[i]))
			return "an object is both in an array and free in its slab";
	}
	return NULL;
}

static const char *check_node(struct kmem_cache *cache, const struct heap_node *node)
{
	unsigned long unused = 0;
	const char *why = NULL;

	for (unsigned state = SLAB_FREE; state < NR_SLAB_LISTS && !why; state++)
		why = check_list(cache, node, state, &unused);
	if (!why && node->shared)
		why = check_array(cache, node->shared);
	if (!why && unused != node->nr_free)
		why = "nr_free disagrees with the slabs";
	return why;
}

const char *slab_check(const struct page *slab)
{
	cache_of(slab)->check_slabs++;
	return NULL;
}

const char *cache_check(struct kmem_cache *cache)
{
	const char *why = cache_check_nodes(cache, check_node);
	unsigned cpu;

	if (cache->arrays)
		for_each_possible_cpu(cpu)
			if (!why)
				why = check_array(cache, per_cpu_ptr(cache->arrays, cpu));
	return why;
}
#endif
