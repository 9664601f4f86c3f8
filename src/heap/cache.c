/* SPDX-License-Identifier: MIT */
/*
 * heap/cache.c - caches themselves: how objects are laid out in a slab, sharing, making and
 * destroying, heap_init.
 *
 *   | object ............ | redzone | track | link |pad|   one object; each part only if its flag asks for it, and the
 *   0                     object_size                 size  link lies inside the object unless that must stay intact
 *
 * Always true:  heap.caches lists every cache; struct kmem_cache objects come from the cache
 *               "kmem_cache", which is static.
 * Lock:         heap.lock for the list and refcounts.
 */
#include <quire/err.h>
#include "heap.h"

static struct kmem_cache cache_cache; /* of struct kmem_cache */

/* For caches that park nothing: an empty stack without room. */
DEFINE_PER_CPU(struct cpu_objects, no_objects);

/* ---- layout ---------------------------------------------------------------------------------- */
static u32 natural_align(u32 size, u32 align, slab_flags_t flags)
{
	u32 line = 64;

	if (flags & SLAB_HWCACHE_ALIGN) {
		while (size <= line / 2)
			line /= 2;
		align = max(align, line);
	}
	return max(align, 8u);
}

static void lay_out_object(struct kmem_cache *cache)
{
	u32 end = QUIRE_ALIGN_UP(cache->object_size, (u32)sizeof(void *));

	if (cache->flags & SLAB_RED_ZONE) {
		cache->redzone = cache->object_size;
		end = QUIRE_ALIGN_UP(cache->object_size + 8, (u32)sizeof(void *));
	}
	if (cache->flags & SLAB_STORE_USER) {
		cache->track = end;
		end += 2 * (u32)sizeof(void *);
	}
	if (cache->ctor || cache->flags & (SLAB_TYPESAFE_BY_RCU | SLAB_DEBUG_FLAGS)) {
		cache->link = end;
		end += (u32)sizeof(void *);
	}
	cache->size = QUIRE_ALIGN_UP(end, cache->align);
}

/* The smallest slab that wastes at most 1/part of itself and holds a few objects. */
static int choose_order(u32 size, u32 part)
{
	u32 wanted = size <= PAGE_SIZE / 2 ? 8 : 4;

	for (unsigned order = 0; order <= MAX_SLAB_ORDER; order++) {
		u32 bytes = (u32)PAGE_SIZE << order;

		if (bytes / size >= wanted && bytes % size <= bytes / part)
			return (int)order;
	}
	return -1;
}

static int lay_out_slab(struct kmem_cache *cache)
{
	int order = -1;
	u32 bytes;

	for (u32 part = 16; part >= 2 && order < 0; part /= 2)
		order = choose_order(cache->size, part);
	if (order < 0)
		order = (int)get_order(cache->size);
	if (order > MAX_PAGE_ORDER)
		return -EINVAL;
	bytes = (u32)PAGE_SIZE << order;
	cache->order = (u8)order;
	cache->unit_shift = (u8)max(3, order + PAGE_SHIFT - 15);
	cache->size = QUIRE_ALIGN_UP(cache->size, 1u << cache->unit_shift);
	cache->objects = (u16)(bytes / cache->size);
	return cache->objects ? 0 : -EINVAL;
}

static u32 stack_room(const struct kmem_cache *cache)
{
	if (cache->flags & SLAB_DEBUG_FLAGS)
		return 0;
	if (cache->size <= 256)
		return MAX_CPU_OBJECTS;
	return max(MAX_CPU_OBJECTS * 256 / cache->size, cache->size <= PAGE_SIZE ? 4u : 2u);
}

static void make_stacks(struct kmem_cache *cache)
{
	u32 room = stack_room(cache);
	unsigned cpu;

	cache->cpu = &no_objects;
	if (!room)
		return;
	cache->cpu = __alloc_percpu(sizeof(struct cpu_objects) + room * sizeof(void *),
				    sizeof(void *) * 2);
	if (!cache->cpu) {
		cache->cpu = &no_objects; /* slower, but it works */
		return;
	}
	for_each_possible_cpu(cpu) {
		per_cpu_ptr(cache->cpu, cpu)->count = 0;
		per_cpu_ptr(cache->cpu, cpu)->capacity = room;
	}
}

int cache_set_up(struct kmem_cache *cache, const char *name, u32 size, u32 align,
		 slab_flags_t flags, void (*ctor)(void *object))
{
	memset(cache, 0, sizeof(*cache));
	cache->flags = flags;
	cache->ctor = ctor;
	cache->object_size = size;
	cache->align = natural_align(size, align, flags);
	cache->refcount = 1;
	cache->usersize = size;
	qstrscpy(cache->name, name ? name : "(no name)", sizeof(cache->name));
	lay_out_object(cache);
	if (lay_out_slab(cache))
		return -EINVAL;
	/* Every object's address is a multiple of the largest power of two in the distance between
	 * objects. */
	cache->align_mask = min(cache->size & -cache->size, (u32)PAGE_SIZE << cache->order) - 1;
	if (flags & SLAB_RECLAIM_ACCOUNT)
		cache->gfp |= __GFP_RECLAIMABLE;
	if (flags & SLAB_CACHE_DMA)
		cache->gfp |= __GFP_DMA;
	if (flags & SLAB_CACHE_DMA32)
		cache->gfp |= __GFP_DMA32;
	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		spin_lock_init(&cache->node[nid].lock, "heap node", LOCK_RANK_HEAP);
	make_stacks(cache);
	return 0;
}

void cache_publish(struct kmem_cache *cache)
{
	unsigned long flags;

	spin_lock_irqsave(&heap.lock, flags);
	list_add(&cache->list, &heap.caches);
	spin_unlock_irqrestore(&heap.lock, flags);
}

/* ---- sharing --------------------------------------------------------------------------------- */

/* Why the cache cannot serve for the one asked for, or NULL. */
static const char *why_not_share(const struct kmem_cache *cache, u32 size, u32 align,
				 slab_flags_t flags)
{
	if (cache->flags & SLAB_NEVER_MERGE || cache->ctor)
		return "it is kept apart";
	if ((cache->flags ^ flags) & SLAB_MERGE_SAME)
		return "its memory is of another kind";
	if (size > cache->size || cache->size - size >= sizeof(void *))
		return "its objects have another size";
	if ((cache->align_mask + 1) & (align - 1))
		return "its objects are aligned less";
	if (cache->usersize != cache->object_size)
		return "it has a window for user copies";
	return NULL;
}

static struct kmem_cache *share(u32 size, u32 align, slab_flags_t flags)
{
	struct kmem_cache *cache, *found = NULL;
	unsigned long irq;

	size = QUIRE_ALIGN_UP(size, (u32)sizeof(void *));
	align = natural_align(size, align, flags);
	size = QUIRE_ALIGN_UP(size, align);
	spin_lock_irqsave(&heap.lock, irq);
	list_for_each_entry(cache, &heap.caches, list) {
		if (cache == &cache_cache || why_not_share(cache, size, align, flags))
			continue;
		cache->refcount++;
		cache->object_size = max(cache->object_size, size);
		cache->usersize = cache->object_size;
		found = cache;
		break;
	}
	spin_unlock_irqrestore(&heap.lock, irq);
	return found;
}

/* ---- make and destroy ------------------------------------------------------------------------ */
static struct kmem_cache *create(const char *name, u32 size, u32 align, slab_flags_t flags,
				 u32 useroffset, u32 usersize, void (*ctor)(void *object))
{
	struct kmem_cache *cache;

	if (!size || size > KMALLOC_MAX_SIZE / 2 || align & (align - 1) || align > PAGE_SIZE)
		return NULL;
	if (!ctor && !(flags & SLAB_NEVER_MERGE) && usersize == size) {
		cache = share(size, align, flags);
		if (cache)
			return cache;
	}
	cache = kmem_cache_alloc(&cache_cache, GFP_KERNEL);
	if (!cache)
		return NULL;
	if (cache_set_up(cache, name, size, align, flags, ctor)) {
		kmem_cache_free(&cache_cache, cache);
		return NULL;
	}
	cache->useroffset = useroffset;
	cache->usersize = usersize;
	cache_publish(cache);
	return cache;
}

struct kmem_cache *kmem_cache_create_usercopy(const char *name, unsigned size, unsigned align,
					      slab_flags_t flags, unsigned useroffset,
					      unsigned usersize, void (*ctor)(void *object))
{
	struct kmem_cache *cache = NULL;

	if (usersize <= size && useroffset <= size - usersize)
		cache = create(name, size, align, flags, useroffset, usersize, ctor);
	if (!cache && flags & SLAB_PANIC)
		quire_panic("heap: cannot create cache %s of %u bytes\n", name, size);
	return cache;
}

struct kmem_cache *kmem_cache_create(const char *name, unsigned size, unsigned align,
				     slab_flags_t flags, void (*ctor)(void *object))
{
	return kmem_cache_create_usercopy(name, size, align, flags, 0, size, ctor);
}

/* Name up to 16 objects of the cache that were never freed. */
static void name_live_objects(struct kmem_cache *cache)
{
	unsigned named = 0;

	for (unsigned long pfn = 0; pfn < quire_max_pfn && named < 16; pfn++) {
		struct page *slab = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;

		if (!slab || !page_is_slab_head(slab) || slab->slab_cache != cache)
			continue;
		for (u32 i = 0; i < cache->objects && named < 16; i++) {
			char *object = (char *)page_address(slab) + (size_t)i * cache->size;

			if (is_free_in_slab(cache, slab, object))
				continue;
			printk("heap: %s: object %p (number %u of the slab at %p) is in use\n",
			       cache->name, (void *)object, i, page_address(slab));
			named++;
		}
	}
}

static unsigned long live_objects(const struct kmem_cache *cache)
{
	unsigned long n = 0;

	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		n += cache->node[nid].nr_slabs * cache->objects - cache->node[nid].nr_free;
	return n;
}

static bool last_user(struct kmem_cache *cache)
{
	unsigned long flags;
	bool last;

	spin_lock_irqsave(&heap.lock, flags);
	last = cache->refcount == 1;
	if (!last)
		cache->refcount--;
	spin_unlock_irqrestore(&heap.lock, flags);
	return last;
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	unsigned long live, flags;
	unsigned cpu;

	if (!cache || !last_user(cache))
		return;
	for_each_possible_cpu(cpu)
		cache_flush_cpu(cache, cpu);
	live = live_objects(cache);
	if (live) {
		pr_err("heap: cache %s is not destroyed: %lu objects are in use\n", cache->name,
		       live);
		name_live_objects(cache);
		return;
	}
	cache_shrink(cache);
	spin_lock_irqsave(&heap.lock, flags);
	list_del(&cache->list);
	spin_unlock_irqrestore(&heap.lock, flags);
	if (cache->cpu != &no_objects)
		free_percpu(cache->cpu);
	kmem_cache_free(&cache_cache, cache);
}

int kmem_cache_shrink(struct kmem_cache *cache)
{
	if (gate_passable(port_percpu_offset()))
		cache_flush_cpu(cache, port_cpu_id());
	return cache_shrink(cache) != 0;
}

unsigned kmem_cache_size(const struct kmem_cache *cache)
{
	return cache->object_size;
}

const char *kmem_cache_name(const struct kmem_cache *cache)
{
	return cache->name;
}

/* ---- start and stop -------------------------------------------------------------------------- */
int heap_init(void)
{
	spin_lock_init(&heap.lock, "heap caches", LOCK_RANK_HEAP_CACHES);
	INIT_LIST_HEAD(&heap.caches);
	if (cache_set_up(&cache_cache, "kmem_cache", sizeof(struct kmem_cache), 0,
			 SLAB_HWCACHE_ALIGN | SLAB_NO_MERGE, NULL))
		return -ENOMEM;
	cache_publish(&cache_cache);
	heap.running = true;
	if (kmalloc_init()) {
		heap_exit();
		return -ENOMEM;
	}
	return 0;
}

void heap_drain_cpu(unsigned cpu)
{
	struct kmem_cache *cache;

	if (!heap.running)
		return;
	list_for_each_entry(cache, &heap.caches, list)
		cache_flush_cpu(cache, cpu);
}

void heap_drain(void)
{
	struct kmem_cache *cache;
	unsigned cpu;

	for_each_possible_cpu(cpu)
		if (cpu == port_cpu_id() || !cpu_online(cpu))
			heap_drain_cpu(cpu);
	if (heap.running)
		list_for_each_entry(cache, &heap.caches, list)
			cache_shrink(cache);
}

/* Slabs and large blocks that are left: theirs is whatever was not freed. */
static void release_frames(void)
{
	for (unsigned long pfn = 0; pfn < quire_max_pfn; pfn++) {
		struct page *page = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;
		unsigned order;

		if (!page || !page_count(page) || PageFlag(page, PG_reserved))
			continue;
		if (page_is_slab_head(page)) {
			order = page->slab_cache->order;
			slab_uncount(page->slab_cache, page);
		} else if (PageFlag(page, PG_private_2) && !PageFlag(page, PG_slab)) {
			order = page->private;
		} else {
			continue;
		}
		/* Tails first lose their flags; the cache descriptors live in slabs too, so nothing
		 * is freed yet. */
		for (unsigned long i = 0; i < 1UL << order; i++)
			page_flags_keep(&page[i], PAGE_TAKEN_MASK);
		page_flags_set(page, 1u << PG_private_2);
		page->private = order;
		page->_mapcount.counter = 0;
		page->mapping = NULL;
	}
	for (unsigned long pfn = 0; pfn < quire_max_pfn; pfn++) {
		struct page *page = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;

		if (!page || !PageFlag(page, PG_private_2) || !page_count(page))
			continue;
		__ClearPageFlag(page, PG_private_2);
		__free_pages(page, page->private);
	}
}

unsigned long heap_exit(void)
{
	struct kmem_cache *cache;
	unsigned long live = 0, descriptors = 0;
	unsigned cpu;

	if (!heap.running)
		return 0;
	for_each_possible_cpu(cpu)
		heap_drain_cpu(cpu);
	list_for_each_entry(cache, &heap.caches, list) {
		live += live_objects(cache);
		descriptors += cache != &cache_cache;
		if (cache->cpu != &no_objects)
			free_percpu(cache->cpu);
	}
	heap.running = false;
	kmalloc_exit();
	release_frames();
	memset(&heap, 0, sizeof(heap));
	memset(&cache_cache, 0, sizeof(cache_cache));
	return live - descriptors;
}
