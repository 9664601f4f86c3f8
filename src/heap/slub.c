/* SPDX-License-Identifier: MIT */
/*
 * heap/slub.c - a CPU owns the slabs it takes objects from, and keeps free objects of them at hand, so
 * that most of what it does needs no lock and no atomic.
 *
 *   kmem_cache_alloc <── pop    slab_cpu.free
 *   kmem_cache_free  ──> push   the same, if the object is of any slab of this CPU's
 *
 *   nothing to pop, many pushed: slub_cpu.c     slabs of other CPUs': slub_remote.c     of nobody's: nodes.c
 *
 * Lock:  none.  Fields marked (p) belong to task code of the CPU and change in one store at the end, so
 *        that a copy of memory at any moment is sound; (b): see frames/drain.c about the gate.
 */
#include <quire/event.h>
#include "freelist.h"

#if QUIRE_HEAP == QUIRE_HEAP_SLUB

/* A token where other pages keep the upper bits of a pointer: then it proves the page a slab. */
#if UINTPTR_MAX > 0xffffffffu && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OWNER_PROVES_SLAB true
#else
#define OWNER_PROVES_SLAB false
#endif

/* ---- fast paths ------------------------------------------------------------------------------ */
/* Pop, unless nothing is there or the gate is closed. */
static quire_always_inline void *pop(const struct kmem_cache *cache)
{
	unsigned long offset = port_percpu_offset();
	struct slab_cpu *c;
	void *object;

	if (!gate_open(offset))
		return NULL;
	c = percpu_at(cache->cpu, offset);
	object = c->free;
	if (likely(object))
		c->free = next_at_hand(c, object);
	return object;
}

/* Push an object of one of this CPU's slabs; false: it is the one freed last. */
static quire_always_inline bool push(struct slab_cpu *c, void *object)
{
	if (unlikely(c->free == object))
		return false;
	set_next_at_hand(c, object, c->free);
	barrier();
	c->free = object;
	return true;
}

/* Whether the gate is open, and the page is of a slab of this CPU's that is not counted. */
static quire_always_inline bool is_own(const struct page *page, unsigned long offset)
{
	barrier();
	if (unlikely(READ_ONCE(page->slab_owner) != gate_load(percpu_at(&quire_cpu, offset))))
		return false;
	return OWNER_PROVES_SLAB || likely(PageFlag(page, PG_slab));
}

/* Push an object of the slab at c->base, all of which may be on the list; false: it may be of another. */
static quire_always_inline bool push_near(struct slab_cpu *c, void *object)
{
	unsigned long at = (unsigned long)object - near_base(c);

	return likely(is_first_byte(at, c->magic, c->limit)) && push(c, object);
}

/* Push an object of any slab of the CPU's; false: it is none, or many were pushed. */
static quire_always_inline bool push_far(struct slab_cpu *c, void *object)
{
	unsigned long at;

	barrier(); /* load again: it is no use to be quick for push_near() to be slow */
	at = (unsigned long)object & slab_mask(c);
	return likely(is_first_byte(at, c->magic, c->limit)) && likely(--c->room >= 0) &&
	       push(c, object);
}

/* Nothing to pop: through this CPU's slabs, if nobody wants to see it. */
static quire_noinline void *alloc_refill(struct kmem_cache *cache, gfp_t gfp, const void *caller)
{
	void *object;

	if (!gate_open(port_percpu_offset()) || !cache->owned || unlikely(kfence))
		return alloc_slow(cache, gfp, NUMA_NO_NODE, caller);
	object = object_take(cache, gfp, NUMA_NO_NODE);
	return object ? clear_object(cache, object, gfp) : NULL;
}

inline void *kmem_cache_pop(struct kmem_cache *cache)
{
	return pop(cache);
}

inline void *kmem_cache_alloc_plain(struct kmem_cache *cache, gfp_t gfp)
{
	void *object = pop(cache);

	if (likely(object))
		return object;
	return alloc_refill(cache, gfp, __builtin_return_address(0));
}

void *kmem_cache_alloc_zeroed(struct kmem_cache *cache, gfp_t gfp)
{
	void *object = pop(cache);

	if (likely(object))
		return clear_object(cache, object, gfp);
	return alloc_refill(cache, gfp, __builtin_return_address(0));
}

u32 pop_many(struct kmem_cache *cache, void **objects, size_t n)
{
	unsigned long offset = port_percpu_offset();
	struct slab_cpu *c = percpu_at(cache->cpu, offset);
	void *object = c->free;
	u32 taken = 0;

	if (!gate_open(offset))
		return 0;
	for (; object && taken < n; object = next_at_hand(c, object))
		objects[taken++] = object;
	barrier();
	c->free = object;
	return taken;
}

/* How many of the first objects are of the slab at c->base, and go on the list. */
u32 push_many(struct kmem_cache *cache, void **objects, size_t n)
{
	u32 given = 0;

	if (QUIRE_DEBUG || !gate_open(port_percpu_offset()))
		return 0;
	while (given < n && push_near(this_cpu_ptr(cache->cpu), objects[given]))
		given++;
	return given;
}

inline void *__kmalloc(size_t size, gfp_t gfp)
{
	unsigned long offset = port_percpu_offset();

	if (likely(size - 1 < KMALLOC_MAX_CACHE_SIZE &&
		   !(gfp & (__GFP_ZERO | __GFP_HIGHMEM | __GFP_DMA | __GFP_RECLAIMABLE)) &&
		   gate_open(offset))) {
		struct slab_cpu *c = slab_cpu_by_id(kmalloc_slot[(size - 1) / 8], offset);
		void *object = c->free;

		if (likely(object)) {
			c->free = next_at_hand(c, object);
			return object;
		}
	}
	return kmalloc_slow(size, gfp, __builtin_return_address(0));
}

/* ---- allocate -------------------------------------------------------------------------------- */
/* From slabs that are nobody's: interrupt handlers, requests for a node, debugging. */
static void *take_shared(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	for (;;) {
		void *object = node_take(cache, nid);
		struct page *slab;

		if (object)
			return object;
		slab = slab_new(cache, gfp, nid);
		if (!slab)
			return NULL;
		if (nid != NUMA_NO_NODE)
			nid = (int)page_to_nid(slab); /* another node may have had to serve */
		node_add(cache, slab);
	}
}

/* Through this CPU's slabs.  Only making one may sleep; after it we may be on another CPU. */
static void *take_owned(struct kmem_cache *cache, gfp_t gfp)
{
	struct leaving out = { NULL, NULL };
	struct page *fresh = NULL;
	void *object = NULL;

	for (;;) {
		struct quire_cpu *cpu = this_cpu_ptr(&quire_cpu);
		struct slab_cpu *c = this_cpu_ptr(cache->cpu);

		if (!heap_enter(cpu))
			break;
		if (fresh)
			take_over_new(cache, c, fresh);
		object = cpu_take(cache, c, &out);
		pcp_leave(cpu);
		if (unlikely(out.slabs || out.objects))
			let_go(cache, &out);
		if (object)
			return object;
		out = (struct leaving){ NULL, NULL };
		fresh = slab_new(cache, gfp, NUMA_NO_NODE);
		if (!fresh)
			return NULL;
	}
	if (fresh)
		node_add(cache, fresh);
	return take_shared(cache, gfp, NUMA_NO_NODE);
}

void *object_take(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	if (nid == NUMA_NO_NODE && cache->owned)
		return take_owned(cache, gfp);
	return take_shared(cache, gfp, nid);
}

/* ---- free ------------------------------------------------------------------------------------ */
/* Through this CPU's list, or to a slab of its own; false: the slab is not the CPU's, or not now. */
static bool give_own(struct kmem_cache *cache, struct page *slab, void *object)
{
	struct quire_cpu *cpu = this_cpu_ptr(&quire_cpu);
	struct slab_cpu *c = this_cpu_ptr(cache->cpu);
	struct leaving out = { NULL, NULL };
	bool done;

	if ((READ_ONCE(slab->slab_owner) & OWNER_CPU) != cpu->token)
		return false;
	if (!heap_enter(cpu)) {
		c->room = 0;
		return false;
	}
	done = cpu_give(cache, c, slab, object, &out);
	pcp_leave(cpu);
	if (out.slabs || out.objects)
		let_go(cache, &out);
	return done;
}

void object_give(struct kmem_cache *cache, struct page *slab, void *object)
{
	if (give_own(cache, slab, object) || give_later(cache, slab, object))
		return;
	/* Between two looks the slab may have changed hands, but only so often. */
	while (!give_remote(cache, slab, object) && !node_give(cache, slab, object))
		;
}

/* Whether nobody wants to see this free, and nothing is wrong with it at first sight. */
static bool is_plain_free(const struct kmem_cache *cache, const struct page *slab,
			  const void *object)
{
	unsigned long offset;

	if (QUIRE_DEBUG || !gate_open(port_percpu_offset()) || cache->flags & SLAB_DEBUG_FLAGS)
		return false;
	offset = (unsigned long)object - (unsigned long)page_address(slab);
	return is_first_byte(offset, cache->magic, cache->limit);
}

static quire_always_inline bool push_other(struct kmem_cache *cache, const struct page *page,
					   void *object)
{
	unsigned long offset = port_percpu_offset();

	return is_own(page, offset) && page->slab_id == cache->id &&
	       push_far(percpu_at(cache->cpu, offset), object);
}

static quire_noinline void cache_free_slow(struct kmem_cache *cache, void *object)
{
	unsigned long pfn = PHYS_PFN(__pa(object));
	struct page *page;

	if (pfn < quire_max_pfn) {
		page = pfn_to_page(pfn);
		if (!QUIRE_DEBUG && push_other(cache, page, object))
			return;
		if (likely(PageFlag(page, PG_slab) && page->slab_id == cache->id &&
			   is_plain_free(cache, slab_of(page), object))) {
			object_give(cache, slab_of(page), object);
			return;
		}
	}
	free_slow(cache, object, __builtin_return_address(0));
}

static quire_always_inline bool push_own(struct kmem_cache *cache, void *object)
{
	unsigned long offset = port_percpu_offset();

	return gate_open(offset) && likely(push_near(percpu_at(cache->cpu, offset), object));
}

inline void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	if (QUIRE_DEBUG || !push_own(cache, object))
		cache_free_slow(cache, object);
}

quire_noinline void kfree_rest(void *object)
{
	struct page *page = virt_to_page(object), *slab;
	struct kmem_cache *cache;

	if (unlikely(!PageFlag(page, PG_slab))) {
		free_other(object);
		return;
	}
	slab = slab_of(page);
	cache = cache_of(page);
	if (likely(is_plain_free(cache, slab, object))) {
		object_give(cache, slab, object);
		return;
	}
	quire_event(kfree, object, 0, 0);
	free_slow(cache, object, __builtin_return_address(0));
}

inline bool kfree_push(const struct page *page, void *object)
{
	unsigned long offset = port_percpu_offset();
	struct slab_cpu *c;

	if (unlikely(!is_own(page, offset)))
		return false;
	c = slab_cpu_by_id(page->slab_id, offset);
	return (QUIRE_NEAR_FREES && likely(push_near(c, object))) || likely(push_far(c, object));
}

inline void kfree(const void *object)
{
	unsigned long pfn = PHYS_PFN(__pa(object));

	/* NULL, ZERO_SIZE_PTR and what is not in the linear map have no frame number below the
	 * highest. */
	if (unlikely(pfn >= quire_max_pfn))
		free_other(object);
	else if (unlikely(!kfree_push(pfn_to_page(pfn), (void *)object)))
		kfree_rest((void *)object);
}
#endif
