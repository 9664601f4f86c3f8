/* SPDX-License-Identifier: MIT */
/*
 * heap/kmalloc.c - objects of any size: a class up to 8 KiB, whole blocks of frames above.
 *
 *   bytes   1..8  ..16  ..32  ..64  ..96  ..128  ..192  ..256  ..512  ..1k  ..2k  ..4k  ..8k      more
 *   class    0     1     2     3     4      5      6      7      8     9    10    11    12      2^order frames
 *
 * Always true:  the first frame of a large block has PG_private_2 and its order in `private`.
 * Lock:         none here.
 */
#include <quire/err.h>
#include <quire/event.h>
#include <quire/uaccess.h>
#include "heap.h"

struct kmem_cache *kmalloc_caches[NR_KMALLOC_TYPES][NR_KMALLOC_CLASSES];

static const u32 class_size[NR_KMALLOC_CLASSES] = { 8,   16,  32,   64,   96,   128, 192,
						    256, 512, 1024, 2048, 4096, 8192 };

static const struct {
	const char *prefix;
	slab_flags_t flags;
} class_types[NR_KMALLOC_TYPES] = {
	[KMALLOC_NORMAL] = { "kmalloc", 0 },
	[KMALLOC_RECLAIM] = { "kmalloc-rcl", SLAB_RECLAIM_ACCOUNT },
	[KMALLOC_DMA] = { "dma-kmalloc", SLAB_CACHE_DMA },
};

/* slob: of all objects of kmalloc's, which are as large as they are. */
struct kmem_cache *slob_objects;

/* Whether there is to be a cache for each class: with slob only where one is debugged. */
static bool wants_class(const char *name)
{
	return QUIRE_HEAP != QUIRE_HEAP_SLOB || (slab_debug && slab_debug->flags(name));
}

/* False: no memory. */
static bool make_class(unsigned type, unsigned class)
{
	const char *unit = class_size[class] >= 1024 ? "k" : "";
	u32 shown = class_size[class] >= 1024 ? class_size[class] / 1024 : class_size[class];
	char name[CACHE_NAME_LEN];

	quire_snprintf(name, sizeof(name), "%s-%u%s", class_types[type].prefix, shown, unit);
	if (!wants_class(name))
		return true;
	kmalloc_caches[type][class] =
		cache_create(name, class_size[class], class_types[type].flags,
			     type == KMALLOC_NORMAL ? ID_KMALLOC(class) : ID_ANY);
	return kmalloc_caches[type][class];
}

int kmalloc_init(void)
{
	if (QUIRE_HEAP == QUIRE_HEAP_SLOB) {
		slob_objects =
			cache_create("kmalloc", 8, SLAB_NO_MERGE | SLAB_NO_USER_FLAGS, ID_ANY);
		if (!slob_objects)
			return -ENOMEM;
	}
	kmalloc_slots_init();
	/* Largest first, so that the newest-first list of /proc/slabinfo ends with the order Linux
	 * shows. */
	for (unsigned type = NR_KMALLOC_TYPES; type-- > 0;)
		for (unsigned class = 0; class < NR_KMALLOC_CLASSES; class ++)
			if (!make_class(type, class))
				return -ENOMEM;
	return 0;
}

void kmalloc_exit(void)
{
	memset(kmalloc_caches, 0, sizeof(kmalloc_caches));
	slob_objects = NULL;
}

/* ---- large ----------------------------------------------------------------------------------- */
static void *large_alloc(size_t size, gfp_t gfp, int node)
{
	unsigned order = get_order(size);
	struct page *page;

	if (size > KMALLOC_MAX_SIZE) {
		if (!(gfp & __GFP_NOWARN))
			pr_warn("heap: kmalloc of %zu bytes, more than %lu\n", size,
				KMALLOC_MAX_SIZE);
		return NULL;
	}
	page = alloc_pages_node(node, gfp & ~(__GFP_HIGHMEM | __GFP_MOVABLE | __GFP_COMP), order);
	if (!page)
		return NULL;
	__SetPageFlag(page, PG_private_2);
	page->private = order;
	mod_nid_page_state(page_to_nid(page), NR_SLAB_UNRECLAIMABLE_B, (long)(PAGE_SIZE << order));
	return page_address(page);
}

/* Of a class, or, with slob, as large as it is. */
static void *small_alloc(size_t size, gfp_t gfp, int node, const void *caller)
{
	struct kmem_cache *cache = NULL;

	if (size <= KMALLOC_MAX_CACHE_SIZE)
		cache = kmalloc_caches[kmalloc_type(gfp)][kmalloc_class(size)];
	if (QUIRE_HEAP == QUIRE_HEAP_SLOB && !cache)
		return slob_kmalloc((u32)size, gfp, node, caller);
	return alloc_sized(cache, (u32)size, gfp, node, caller);
}

static void *do_kmalloc(size_t size, gfp_t gfp, int node, const void *caller)
{
	void *object;

	if (unlikely(!size))
		return ZERO_SIZE_PTR;
	if (gfp & __GFP_HIGHMEM) {
		quire_assert(false, "__GFP_HIGHMEM makes no sense for kmalloc");
		return NULL;
	}
	if (unlikely(size > KMALLOC_MOST))
		object = large_alloc(size, gfp, node);
	else
		object = small_alloc(size, gfp, node, caller);
	quire_event(kmalloc, object, size, gfp);
	return object;
}

quire_noinline void *kmalloc_slow(size_t size, gfp_t gfp, const void *caller)
{
	/* For an object that kfence may put elsewhere its size matters; __GFP_ZERO is here for itself. */
	if (likely(QUIRE_HEAP == QUIRE_HEAP_SLUB && size - 1 < KMALLOC_MAX_CACHE_SIZE &&
		   !(gfp & __GFP_HIGHMEM) && gate_open(port_percpu_offset()) &&
		   (gfp & __GFP_ZERO || !kfence)))
		return kmem_cache_alloc(kmalloc_caches[kmalloc_type(gfp)][kmalloc_class(size)],
					gfp);
	return do_kmalloc(size, gfp, NUMA_NO_NODE, caller);
}

void *__kmalloc_node(size_t size, gfp_t gfp, int node)
{
	return do_kmalloc(size, gfp, node, __builtin_return_address(0));
}

/* ---- the family ------------------------------------------------------------------------------ */
size_t ksize(const void *object)
{
	unsigned long pfn = PHYS_PFN(__pa(object));
	const struct kmem_cache *cache;
	struct heap_object found;
	const struct page *page;

	if (ZERO_OR_NULL_PTR(object) || !pfn_valid(pfn))
		return 0;
	page = pfn_to_page(pfn);
	if (PageFlag(page, PG_slab)) {
		cache = cache_of_object(page, object);
		if (QUIRE_HEAP == QUIRE_HEAP_SLOB && cache == slob_objects)
			return slob_size(page, object);
		return cache ? cache->object_size : 0;
	}
	if (PageFlag(page, PG_private_2))
		return PAGE_SIZE << page->private;
	return kfence && kfence->find(object, &found) ? found.size : 0;
}

void *krealloc(const void *p, size_t size, gfp_t gfp)
{
	size_t old = ksize(p);
	void *to;

	if (!size) {
		kfree(p);
		return ZERO_SIZE_PTR;
	}
	if (!ZERO_OR_NULL_PTR(p) && size <= old)
		return (void *)p;
	to = __kmalloc(size, gfp);
	if (to && old) {
		memcpy(to, p, old);
		kfree(p);
	}
	return to;
}

void *krealloc_array(void *p, size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return check_mul_overflow(n, size, &bytes) ? NULL : krealloc(p, bytes, gfp);
}

void kfree_sensitive(const void *object)
{
	if (!ZERO_OR_NULL_PTR(object))
		memzero_explicit((void *)object, ksize(object));
	kfree(object);
}

void *kmemdup(const void *from, size_t size, gfp_t gfp)
{
	void *to = __kmalloc(size, gfp);

	return to && size ? memcpy(to, from, size) : to;
}

char *kstrndup(const char *s, size_t max, gfp_t gfp)
{
	size_t n;
	char *to;

	if (!s)
		return NULL;
	n = qstrnlen(s, max);
	to = __kmalloc(n + 1, gfp);
	if (to) {
		memcpy(to, s, n);
		to[n] = 0;
	}
	return to;
}

char *kstrdup(const char *s, gfp_t gfp)
{
	return kstrndup(s, SIZE_MAX - 1, gfp);
}
