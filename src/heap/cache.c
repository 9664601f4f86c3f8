/* SPDX-License-Identifier: MIT */
/*
 * heap/cache.c - caches themselves: how objects are laid out in a slab, sharing, making and
 * destroying, heap_init.
 *
 *   | object ............ | link |pad|   one object; the link lies inside it unless that must stay intact (constructed
 *   0                     object_size   size   objects); debug.c lays out those under debugging
 *
 * Always true:  heap.caches lists every cache, and by_id[id] finds it; struct kmem_cache objects come
 *               from the cache "kmem_cache", which is static.
 * Lock:         heap.lock for the list, numbers and refcounts.
 */
#include <quire/err.h>
#include <quire/stop.h>
#include "freelist.h"

struct heap_state heap;

static struct kmem_cache cache_cache; /* of struct kmem_cache */

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

	if (cache->flags & SLAB_DEBUG_FLAGS) {
		slab_debug->lay_out(cache);
		return;
	}
	if (cache->ctor || cache->flags & SLAB_TYPESAFE_BY_RCU) {
		cache->link = end;
		end += (u32)sizeof(void *);
	}
	cache->size = QUIRE_ALIGN_UP(end, cache->align);
}

#if QUIRE_SLAB_FREELIST_HARDENED
static void set_secret(struct kmem_cache *cache)
{
	cache->secret = heap_random();
}
#else
static void set_secret(struct kmem_cache *cache)
{
	(void)cache;
}
#endif

/* What is asked for here and by slab_debug=, as far as there is somebody to do it. */
static slab_flags_t flags_of(const char *name, slab_flags_t flags)
{
	if (!slab_debug)
		return flags & ~SLAB_DEBUG_FLAGS;
	return flags & SLAB_NO_USER_FLAGS ? flags : flags | slab_debug->flags(name);
}

int cache_set_up(struct kmem_cache *cache, const char *name, u32 size, u32 align,
		 slab_flags_t flags, void (*ctor)(void *object), unsigned id)
{
	memset(cache, 0, sizeof(*cache));
	cache->id = (u16)id;
	flags = flags_of(name ? name : "", flags);
	cache->flags = flags;
	cache->ctor = ctor;
	cache->object_size = size;
	cache->align = natural_align(size, align, flags);
	cache->refcount = 1;
	cache->usersize = size;
	qstrscpy(cache->name, name ? name : "(no name)", sizeof(cache->name));
	lay_out_object(cache);
	set_secret(cache);
	if (flags & SLAB_RECLAIM_ACCOUNT)
		cache->gfp |= __GFP_RECLAIMABLE;
	if (flags & SLAB_CACHE_DMA)
		cache->gfp |= __GFP_DMA;
	if (flags & SLAB_CACHE_DMA32)
		cache->gfp |= __GFP_DMA32;
	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		spin_lock_init(&cache->node[nid].lock, "heap node", LOCK_RANK_HEAP);
	return heap_attach(cache);
}

/* A number for the cache: `wanted`, or any that nobody wants.  ID_ANY: all are taken. */
static unsigned take_id(struct kmem_cache *cache, unsigned wanted)
{
	unsigned n = wanted == ID_ANY ? ID_KMALLOC(NR_KMALLOC_CLASSES) / ID_STEP : wanted / ID_STEP;
	unsigned long flags;

	spin_lock_irqsave(&heap.lock, flags);
	while (wanted == ID_ANY && n < MAX_CACHES && heap.by_id[n])
		n++;
	if (n < MAX_CACHES)
		heap.by_id[n] = cache;
	spin_unlock_irqrestore(&heap.lock, flags);
	return n < MAX_CACHES ? ID_OF(n) : ID_ANY;
}

static void put_id(unsigned id)
{
	unsigned long flags;

	spin_lock_irqsave(&heap.lock, flags);
	heap.by_id[id / ID_STEP] = NULL;
	spin_unlock_irqrestore(&heap.lock, flags);
}

static void publish(struct kmem_cache *cache)
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
			       void (*ctor)(void *object), unsigned wanted)
{
	struct kmem_cache *cache = kmem_cache_alloc(&cache_cache, GFP_KERNEL);
	unsigned id;

	if (!cache)
		return NULL;
	id = take_id(cache, wanted);
	if (id == ID_ANY)
		goto none;
	if (cache_set_up(cache, name, size, align, flags, ctor, id)) {
		put_id(id);
		goto none;
	}
	raw_lock(&heap_drain_lock); /* who drains walks over the caches */
	publish(cache);
	raw_unlock(&heap_drain_lock);
	return cache;
none:
	kmem_cache_free(&cache_cache, cache);
	return NULL;
}

struct kmem_cache *cache_create(const char *name, u32 size, slab_flags_t flags, unsigned id)
{
	return make(name, size, 0, flags, NULL, id);
}

static struct kmem_cache *create(const char *name, u32 size, u32 align, slab_flags_t flags,
				 u32 useroffset, u32 usersize, void (*ctor)(void *object))
{
	struct kmem_cache *cache;

	if (!size || size > KMALLOC_MAX_SIZE / 2 || align & (align - 1) || align > PAGE_SIZE)
		return NULL;
	if (!ctor && !(flags_of(name ? name : "", flags) & SLAB_NEVER_MERGE) && usersize == size) {
		cache = share(size, align, flags);
		if (cache)
			return cache;
	}
	cache = make(name, size, align, flags, ctor, ID_ANY);
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
	live = cache_live(cache) + kfence_live(cache);
	if (!live) {
		cache_shrink(cache);
		spin_lock_irqsave(&heap.lock, flags);
		list_del(&cache->list);
		heap.by_id[cache->id / ID_STEP] = NULL;
		spin_unlock_irqrestore(&heap.lock, flags);
	}
	raw_unlock(&heap_drain_lock);
	if (live) {
		pr_err("heap: cache %s is not destroyed: %lu objects are in use\n", cache->name,
		       live);
		name_live_objects(cache);
		if (kfence)
			kfence->name_live(cache);
		return;
	}
	if (kfence)
		kfence->forget(cache);
	heap_detach(cache);
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
/* As before heap_init(); no frame is the heap's any more. */
static void forget(void)
{
	heap.running = false;
	kmalloc_exit();
	backend_exit();
	if (slab_debug)
		slab_debug->exit();
	if (kfence)
		kfence->exit();
	memset(&heap, 0, sizeof(heap));
	memset(&cache_cache, 0, sizeof(cache_cache));
}

/* The newest first: what a cache has from an older one goes back to that. */
static void undo_init(void)
{
	struct kmem_cache *cache, *next;

	list_for_each_entry_safe(cache, next, &heap.caches, list)
		if (cache != &cache_cache)
			kmem_cache_destroy(cache);
	cache_flush(&cache_cache);
	cache_shrink(&cache_cache);
	heap_detach(&cache_cache);
	forget();
}

int heap_init(void)
{
	if ((unsigned long)__va(0) & ((PAGE_SIZE << MAX_SLAB_ORDER) - 1)) {
		pr_err("heap: the linear map is not aligned to %lu bytes\n",
		       PAGE_SIZE << MAX_SLAB_ORDER);
		return -EINVAL;
	}
	spin_lock_init(&heap.lock, "heap caches", LOCK_RANK_HEAP_CACHES);
	INIT_LIST_HEAD(&heap.caches);
	if (cache_set_up(&cache_cache, "kmem_cache", sizeof(struct kmem_cache), 0,
			 SLAB_HWCACHE_ALIGN | SLAB_NO_MERGE, NULL, take_id(&cache_cache, ID_OF(0))))
		return -ENOMEM;
	publish(&cache_cache);
	heap.running = true;
	if (kmalloc_init()) {
		undo_init();
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
			order = slab_order(page);
			slab_uncount(page);
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
	/* What the heap itself has from kmalloc goes first. */
	list_for_each_entry(cache, &heap.caches, list) {
		cache_flush(cache);
		(void)cache_live(cache);
		cache_shrink(cache);
		heap_detach(cache);
	}
	list_for_each_entry(cache, &heap.caches, list) {
		live += cache_live(cache) + kfence_live(cache) - cache_own_objects(cache);
		descriptors += cache != &cache_cache;
	}
	release_frames();
	forget();
	return live - descriptors;
}
