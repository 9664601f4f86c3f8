/* SPDX-License-Identifier: MIT */
/*
 * heap/cache.c - caches themselves: how objects are laid out in a slab, sharing, making and
 * destroying, heap_init.
 *
 *   | object ............ | redzone | track | link |pad|   one object; each part only if its flag asks for it, and the
 *   0                     object_size                 size  link lies inside the object unless that must stay intact
 *
 * Always true:  heap.caches lists every cache, and by_id[id] finds it; struct kmem_cache objects come
 *               from the cache "kmem_cache", which is static.
 * Lock:         heap.lock for the list, numbers and refcounts.
 */
#include <quire/err.h>
#include "heap.h"

static struct kmem_cache cache_cache; /* of struct kmem_cache */

/* For caches of which CPUs own no slabs: never anything in it. */
DEFINE_PER_CPU(struct slab_cpu, no_slab_cpu);

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

/* The smallest slab that wastes at most 1/part of itself and holds so many objects. */
static int choose_order(u32 size, u32 wanted, u32 part)
{
	for (unsigned order = 0; order <= MAX_SLAB_ORDER; order++) {
		u32 bytes = (u32)PAGE_SIZE << order;

		if (bytes / size >= wanted && bytes % size <= bytes / part)
			return (int)order;
	}
	return -1;
}

static int lay_out_slab(struct kmem_cache *cache)
{
	u32 most = (u32)(PAGE_SIZE << MAX_SLAB_ORDER) / cache->size, bytes;
	int order = -1;

	for (u32 wanted = min(most, (u32)MIN_OBJECTS); wanted && order < 0; wanted--)
		for (u32 part = 16; part >= 4 && order < 0; part /= 2)
			order = choose_order(cache->size, wanted, part);
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

/* What CPUs have of the cache: nothing yet. */
static void lay_out_cpus(struct kmem_cache *cache, struct slab_cpu __percpu *cpus)
{
	unsigned cpu;

	cache->cpu = &no_slab_cpu;
	if (cache->flags & SLAB_DEBUG_FLAGS)
		return;
	if (!cpus)
		cpus = alloc_percpu(struct slab_cpu);
	if (!cpus)
		return; /* slower, but it works */
	cache->cpu = cpus;
	cache->owned = true;
	for_each_possible_cpu(cpu) {
		struct slab_cpu *c = per_cpu_ptr(cpus, cpu);

		memset(c, 0, sizeof(*c));
		c->magic = c->limit = cache->magic;
		c->notified = NOT_LISTENING;
	}
}

#define KEEP_EMPTY_BYTES (16u << 10) /* slabs without object in use that a CPU keeps */

/* As Linux: a node keeps more slabs of caches with large objects, a CPU more of those with small. */
static void set_limits(struct kmem_cache *cache)
{
	u32 slab = (u32)PAGE_SIZE << cache->order;

	cache->min_partial = (u16)min(max(ilog2(cache->size) / 2, 5u), 10u);
	/* Constructed objects are worth more than others. */
	cache->keep_empty =
		cache->ctor ? cache->min_partial : (u16)max(KEEP_EMPTY_BYTES / slab, 1u);
	cache->cpu_partial = max((QUIRE_CPU_PARTIAL_KIB << 10) / slab, 1u);
}

int cache_set_up(struct kmem_cache *cache, const char *name, u32 size, u32 align,
		 slab_flags_t flags, void (*ctor)(void *object), struct slab_cpu __percpu *cpu)
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
	if (cache->order <= MAX_SLAB_ORDER && PAGE_SIZE << MAX_SLAB_ORDER <= 32768)
		cache->magic = (u32)(0xffffffffu / cache->size + 1);
	if (flags & SLAB_RECLAIM_ACCOUNT)
		cache->gfp |= __GFP_RECLAIMABLE;
	if (flags & SLAB_CACHE_DMA)
		cache->gfp |= __GFP_DMA;
	if (flags & SLAB_CACHE_DMA32)
		cache->gfp |= __GFP_DMA32;
	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		spin_lock_init(&cache->node[nid].lock, "heap node", LOCK_RANK_HEAP);
	set_limits(cache);
	lay_out_cpus(cache, cpu);
	return 0;
}

static void forget_cpus(const struct kmem_cache *cache)
{
	unsigned long first = (unsigned long)kmalloc_cpu;

	if (cache->owned &&
	    (unsigned long)cache->cpu - first >= sizeof(struct slab_cpu) * NR_KMALLOC_CLASSES)
		free_percpu(cache->cpu);
}

/* 0, or -ENOMEM: there are as many caches as there may be. */
int cache_publish(struct kmem_cache *cache)
{
	unsigned long flags;
	unsigned id = 0;

	spin_lock_irqsave(&heap.lock, flags);
	while (id < MAX_CACHES && heap.by_id[id])
		id++;
	if (id < MAX_CACHES) {
		cache->id = (u16)id;
		heap.by_id[id] = cache;
		list_add(&cache->list, &heap.caches);
	}
	spin_unlock_irqrestore(&heap.lock, flags);
	return id < MAX_CACHES ? 0 : -ENOMEM;
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
	if (cache->size & (align - 1))
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
static struct kmem_cache *make(const char *name, u32 size, u32 align, slab_flags_t flags,
			       void (*ctor)(void *object), struct slab_cpu __percpu *cpu)
{
	struct kmem_cache *cache = kmem_cache_alloc(&cache_cache, GFP_KERNEL);

	if (!cache)
		return NULL;
	if (!cache_set_up(cache, name, size, align, flags, ctor, cpu)) {
		int error;

		raw_lock(&heap_drain_lock); /* who drains walks over the caches */
		error = cache_publish(cache);
		raw_unlock(&heap_drain_lock);
		if (!error)
			return cache;
		forget_cpus(cache);
	}
	kmem_cache_free(&cache_cache, cache);
	return NULL;
}

struct kmem_cache *cache_create(const char *name, u32 size, slab_flags_t flags,
				struct slab_cpu __percpu *cpu)
{
	return make(name, size, 0, flags, NULL, cpu);
}

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
	cache = make(name, size, align, flags, ctor, NULL);
	if (cache) {
		cache->useroffset = useroffset;
		cache->usersize = usersize;
	}
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

		if (!slab || !page_is_slab_head(slab) || cache_of(slab) != cache)
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

	if (!cache || !last_user(cache))
		return;
	raw_lock(&heap_drain_lock);
	cache_flush(cache);
	live = live_objects(cache);
	if (!live) {
		cache_shrink(cache);
		spin_lock_irqsave(&heap.lock, flags);
		list_del(&cache->list);
		heap.by_id[cache->id] = NULL;
		spin_unlock_irqrestore(&heap.lock, flags);
	}
	raw_unlock(&heap_drain_lock);
	if (live) {
		pr_err("heap: cache %s is not destroyed: %lu objects are in use\n", cache->name,
		       live);
		name_live_objects(cache);
		return;
	}
	forget_cpus(cache);
	kmem_cache_free(&cache_cache, cache);
}

int kmem_cache_shrink(struct kmem_cache *cache)
{
	cache_flush_own(cache);
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
			 SLAB_HWCACHE_ALIGN | SLAB_NO_MERGE, NULL, NULL) ||
	    cache_publish(&cache_cache))
		return -ENOMEM;
	heap.running = true;
	if (kmalloc_init()) {
		heap_exit();
		return -ENOMEM;
	}
	return 0;
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
			order = cache_of(page)->order;
			slab_uncount(cache_of(page), page);
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

	if (!heap.running)
		return 0;
	list_for_each_entry(cache, &heap.caches, list) {
		cache_flush(cache);
		live += live_objects(cache);
		descriptors += cache != &cache_cache;
		forget_cpus(cache);
	}
	heap.running = false;
	kmalloc_exit();
	release_frames();
	memset(&heap, 0, sizeof(heap));
	memset(&cache_cache, 0, sizeof(cache_cache));
	return live - descriptors;
}
