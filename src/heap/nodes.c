/* SPDX-License-Identifier: MIT */
/*
 * heap/nodes.c - slub's chains of free objects, and slabs that are nobody's, which wait at their node.
 *
 *   a slab, 2^order frames:  | obj | obj | obj | obj | obj | obj |..|     free objects are chained through
 *                                 free ------>     free -> end            themselves, the head is in struct page
 *
 * Always true:  inuse + length of the free list + objects never chained = objects of the slab; of
 *               nobody's slabs those with a free object are on the node's list, full ones on none.
 * Lock:         node->lock, interrupts off.
 */
#include "freelist.h"

#if QUIRE_HEAP == QUIRE_HEAP_SLUB

/* ---- chains ---------------------------------------------------------------------------------- */
/* Chain objects [from, from + n). */
static void chain_objects(struct kmem_cache *cache, struct page *slab, u32 from, u32 n)
{
	char *object = first_object(slab) + (size_t)from * cache->size;

	slab->slab_free = object;
	for (; n; n--, object += cache->size) {
		make_object(cache, object);
		set_link(cache, object, n > 1 ? object + cache->size : NULL);
	}
}

/* The same in an order that nobody foresees: each goes behind any of those before, or to the front. */
static void chain_shuffled(struct kmem_cache *cache, struct page *slab, u32 from, u32 n)
{
	char *first = first_object(slab) + (size_t)from * cache->size;

	make_object(cache, first);
	set_link(cache, first, NULL);
	slab->slab_free = first;
	for (u32 i = 1; i < n; i++) {
		char *object = first + (size_t)i * cache->size;
		u32 behind = (u32)(heap_random() >> 8) % (i + 1);
		char *other = first + (size_t)behind * cache->size;

		make_object(cache, object);
		set_link(cache, object, behind == i ? slab->slab_free : link_next(cache, other));
		if (behind == i)
			slab->slab_free = object;
		else
			set_link(cache, other, object);
	}
}

static void chain(struct kmem_cache *cache, struct page *slab, u32 from, u32 n)
{
	if (QUIRE_SLAB_FREELIST_RANDOM)
		chain_shuffled(cache, slab, from, n);
	else
		chain_objects(cache, slab, from, n);
}

#define POPULAR 4u /* slabs, and a cache will need all of the next one              */

bool slab_chain_more(struct kmem_cache *cache, struct page *slab)
{
	u32 left = slab_unchained(cache, slab), n = max((u32)PAGE_SIZE / cache->size, 1u);

	if (!left)
		return false;
	if (racy_read(node_of(cache, slab)->nr_slabs) > POPULAR)
		n = max(n, 8u);
	n = min(n, left);
	chain(cache, slab, cache->objects - left, n);
	slab[1].slab_next += n;
	return true;
}

bool slab_make_list(const struct kmem_cache *cache, gfp_t gfp, void **list)
{
	(void)cache, (void)gfp, (void)list;
	return true;
}

void slab_dress(struct kmem_cache *cache, struct page *slab, void *list)
{
	(void)list;
	slab->slab_remote = REMOTE_CLOSED;
	slab->slab_free = NULL;
	/* Who constructs or checks objects wants to do it once, and not under a lock. */
	if (cache->order && !cache->ctor && !(cache->flags & SLAB_DEBUG_FLAGS))
		return;
	chain(cache, slab, 0, cache->objects);
	if (cache->order)
		slab[1].slab_next = cache->objects;
}

void slab_undress(struct kmem_cache *cache, struct page *slab)
{
	(void)cache, (void)slab;
}

static u32 object_number(const struct kmem_cache *cache, const struct page *slab,
			 const void *object)
{
	return (u32)(((unsigned long)object - (unsigned long)first_object(slab)) / cache->size);
}

bool is_free_in_slab(const struct kmem_cache *cache, const struct page *slab, const void *object)
{
	void *free = slab->slab_free;

	if (object_number(cache, slab, object) >= cache->objects - slab_unchained(cache, slab))
		return true;
	for (u32 n = 0; free && n <= cache->objects; n++, free = peek_object(cache, slab, free))
		if (free == object)
			return true;
	return false;
}

/* ---- nobody's slabs -------------------------------------------------------------------------- */
static void count_free(struct heap_node *node, const struct kmem_cache *cache,
		       const struct page *slab, long sign)
{
	racy_add(node->nr_free, (unsigned long)(sign * (cache->objects - slab->inuse)));
}

bool node_add_locked(struct kmem_cache *cache, struct heap_node *node, struct page *slab)
{
	if (!slab->inuse && node->partial.nr >= cache->min_partial)
		return true;
	if (!slab_has_free(cache, slab))
		return false;
	slab_list_add(&node->partial, slab);
	count_free(node, cache, slab, 1);
	return false;
}

void node_add(struct kmem_cache *cache, struct page *slab)
{
	struct heap_node *node = node_of(cache, slab);
	unsigned long flags;

	spin_lock_irqsave(&node->lock, flags);
	slab_list_add(&node->partial, slab);
	count_free(node, cache, slab, 1);
	spin_unlock_irqrestore(&node->lock, flags);
}

struct page *node_take_slab_locked(struct kmem_cache *cache, struct heap_node *node)
{
	struct page *slab = slab_list_first(&node->partial);

	if (!slab)
		return NULL;
	slab_list_remove(&node->partial, slab);
	count_free(node, cache, slab, -1);
	return slab;
}

static void *take_locked(struct kmem_cache *cache, struct heap_node *node)
{
	struct page *slab = slab_list_first(&node->partial);
	void *object;

	if (!slab)
		return NULL;
	if (!slab->slab_free && !slab_chain_more(cache, slab))
		return NULL; /* damaged: it has no business on the list */
	object = slab->slab_free;
	slab->slab_free = next_object(cache, slab, object);
	slab->inuse++;
	racy_add(node->nr_free, -1UL - count_lost(cache, slab));
	if (!slab_has_free(cache, slab))
		slab_list_remove(&node->partial, slab);
	return object;
}

static void *take_from(struct kmem_cache *cache, struct heap_node *node)
{
	unsigned long flags;
	void *object;

	if (!racy_read(node->partial.first))
		return NULL;
	spin_lock_irqsave(&node->lock, flags);
	object = take_locked(cache, node);
	spin_unlock_irqrestore(&node->lock, flags);
	return object;
}

void *node_take(struct kmem_cache *cache, int nid)
{
	void *object = NULL;

	if (nid != NUMA_NO_NODE)
		return take_from(cache, &cache->node[nid]);
	for (unsigned i = 0; i < QUIRE_NR_NODES && !object; i++)
		object = take_from(cache, &cache->node[i]);
	return object;
}

/* What is wrong with giving the object back to its slab, or NULL.  Node lock held. */
static const char *why_not_give(const struct kmem_cache *cache, const struct page *slab,
				const void *object)
{
	if (!slab->inuse)
		return "its slab has no object in use";
	if (slab->slab_free == object)
		return "it is free already";
	if (cache->flags & SLAB_CONSISTENCY_CHECKS && is_free_in_slab(cache, slab, object))
		return "it is free already";
	return NULL;
}

/* True: the slab is off the list, empty, and not needed. */
static bool give_locked(struct kmem_cache *cache, struct heap_node *node, struct page *slab,
			void *object)
{
	bool listed = slab_has_free(cache, slab);

	set_link(cache, object, slab->slab_free);
	slab->slab_free = object;
	slab->inuse--;
	if (!listed)
		return node_add_locked(cache, node, slab);
	racy_add(node->nr_free, 1);
	if (slab->inuse || node->partial.nr <= cache->min_partial)
		return false;
	slab_list_remove(&node->partial, slab);
	count_free(node, cache, slab, -1);
	return true;
}

bool node_give(struct kmem_cache *cache, struct page *slab, void *object)
{
	struct heap_node *node = node_of(cache, slab);
	const char *why = NULL;
	bool ours, surplus = false;
	unsigned long flags;

	spin_lock_irqsave(&node->lock, flags);
	ours = READ_ONCE(slab->slab_owner) == OWNER_NOBODY;
	if (ours) {
		why = why_not_give(cache, slab, object);
		surplus = !why && give_locked(cache, node, slab, object);
	}
	spin_unlock_irqrestore(&node->lock, flags);
	if (why)
		report_not_given(cache, object, why);
	if (surplus)
		slab_release(cache, slab);
	return ours;
}

unsigned long cache_shrink(struct kmem_cache *cache)
{
	unsigned long left = 0, flags;

	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++) {
		struct heap_node *node = &cache->node[nid];
		struct page *empty = NULL, *slab, *next;

		spin_lock_irqsave(&node->lock, flags);
		for (slab = slab_list_first(&node->partial); slab; slab = next) {
			next = slab_list_next(slab);
			if (slab->inuse)
				continue;
			slab_list_remove(&node->partial, slab);
			count_free(node, cache, slab, -1);
			slab->slab_next = empty ? (u32)page_to_pfn(empty) : 0;
			empty = slab;
		}
		spin_unlock_irqrestore(&node->lock, flags);
		slabs_release(cache, empty);
		left += racy_read(node->nr_slabs);
	}
	return left;
}
#endif
