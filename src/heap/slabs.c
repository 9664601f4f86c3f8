/* SPDX-License-Identifier: MIT */
/*
 * heap/slabs.c - slabs themselves: how they come and go, and those that are nobody's, which wait at
 * their node.
 *
 *   a slab, 2^order frames:  | obj | obj | obj | obj | obj | obj |..|     free objects are chained through
 *                                 free ------>     free -> end            themselves, the head is in struct page
 *
 * Always true:  inuse + length of the free list + objects never chained = objects of the slab; of
 *               nobody's slabs those with a free object are on the node's list, full ones on none.
 * Lock:         node->lock, interrupts off.
 */
#include "heap.h"

struct heap_state heap;

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
	racy_add(list->nr, -1UL);
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

static void make_object(const struct kmem_cache *cache, void *object)
{
	if (cache->ctor)
		cache->ctor(object);
	if (cache->flags & SLAB_DEBUG_FLAGS)
		debug_object_fresh(cache, object);
}

/* Chain objects [from, from + n). */
static void chain_objects(struct kmem_cache *cache, struct page *slab, u32 from, u32 n)
{
	char *object = (char *)page_address(slab) + (size_t)from * cache->size;

	slab->slab_free = object;
	for (; n; n--, object += cache->size) {
		make_object(cache, object);
		*link_in(cache, object) = n > 1 ? object + cache->size : NULL;
	}
}

bool slab_chain_more(struct kmem_cache *cache, struct page *slab)
{
	u32 left = slab_unchained(cache, slab), n = max((u32)PAGE_SIZE / cache->size, 1u);

	if (!left)
		return false;
	n = min(n, left);
	chain_objects(cache, slab, cache->objects - left, n);
	slab[1].slab_next += n;
	return true;
}

struct page *slab_new(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	struct page *slab;

	gfp = (gfp & ~(__GFP_ZERO | GFP_ZONEMASK | __GFP_RECLAIMABLE | __GFP_COMP)) | cache->gfp;
	slab = alloc_pages_node(nid, gfp, cache->order);
	if (!slab)
		return NULL;
	for (unsigned long i = 1; i < 1UL << cache->order; i++) {
		slab[i].slab_id = cache->id;
		slab[i].slab_head = slab;
		slab[i].slab_owner = OWNER_TAIL;
		slab[i].slab_next = 0;
		page_flags_publish(&slab[i], 1u << PG_slab);
	}
	slab->inuse = 0;
	slab->slab_remote = REMOTE_CLOSED;
	slab->slab_id = cache->id;
	slab->slab_owner = OWNER_NOBODY;
	slab->slab_free = NULL;
	/* Who constructs or checks objects wants to do it once, and not under a lock. */
	if (!cache->order || cache->ctor || cache->flags & SLAB_DEBUG_FLAGS) {
		chain_objects(cache, slab, 0, cache->objects);
		if (cache->order)
			slab[1].slab_next = cache->objects;
	}
	page_flags_publish(slab, 1u << PG_slab);
	count_slab(cache, slab, 1);
	__atomic_fetch_add(&node_of(cache, slab)->nr_slabs, 1, __ATOMIC_RELAXED);
	return slab;
}

void slab_release(struct kmem_cache *cache, struct page *slab)
{
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
	unsigned long offset = (unsigned long)object - (unsigned long)page_address(slab);

	return offset % cache->size == 0 && offset / cache->size < cache->objects;
}

static u32 object_number(const struct kmem_cache *cache, const struct page *slab,
			 const void *object)
{
	return (u32)(((unsigned long)object - (unsigned long)page_address(slab)) / cache->size);
}

static bool is_active(const struct page *slab)
{
	unsigned owner = READ_ONCE(slab->slab_owner);

	return owner && owner <= OWNER_CPU;
}

bool is_free_in_slab(const struct kmem_cache *cache, const struct page *slab, const void *object)
{
	void *free = is_active(slab) ? slab->slab_cpu->free : slab->slab_free;

	if (object_number(cache, slab, object) >= cache->objects - slab_unchained(cache, slab))
		return true;
	for (u32 n = 0; free && n <= cache->objects; n++, free = *link_in(cache, free))
		if (free == object)
			return true;
	return false;
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

void report_freed_twice(const struct kmem_cache *cache, const void *object)
{
	quire_damage("heap: %p of cache %s is freed twice", object, cache->name);
}

void report_not_given(const struct kmem_cache *cache, const void *object, const char *why)
{
	quire_damage("heap: %p of cache %s is freed, but %s", object, cache->name, why);
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
	if (!slab->slab_free)
		slab_chain_more(cache, slab);
	object = slab->slab_free;
	slab->slab_free = *link_in(cache, object);
	slab->inuse++;
	racy_add(node->nr_free, -1UL);
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

	*link_in(cache, object) = slab->slab_free;
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
