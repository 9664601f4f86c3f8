/* SPDX-License-Identifier: MIT */
/*
 * quire/slab.h - objects smaller than, or not a multiple of, a page.
 *
 *   kmem_cache_*   objects of one kind          kmalloc family   objects of any size
 *
 * Context: as for frames, the gfp flags say whether the call may sleep; frees never do.
 * Failure: NULL.  Every object is aligned to at least sizeof(unsigned long long); kmalloc objects
 *          whose size is a power of two are aligned to it.
 */
#ifndef QUIRE_SLAB_H
#define QUIRE_SLAB_H

#include <quire/gfp.h>
#include <quire/overflow.h>
#include <quire/types.h>

struct kmem_cache;
struct page;
struct seq_out;

typedef unsigned int slab_flags_t;
#define SLAB_CONSISTENCY_CHECKS ((slab_flags_t)0x00000100) /* full checks on every free       */
#define SLAB_RED_ZONE           ((slab_flags_t)0x00000400) /* bytes around the object show overruns   */
#define SLAB_POISON             ((slab_flags_t)0x00000800) /* patterns show use before and after      */
#define SLAB_HWCACHE_ALIGN      ((slab_flags_t)0x00002000) /* own cache lines                         */
#define SLAB_CACHE_DMA          ((slab_flags_t)0x00004000) /* from ZONE_DMA                           */
#define SLAB_CACHE_DMA32        ((slab_flags_t)0x00008000)
#define SLAB_STORE_USER         ((slab_flags_t)0x00010000) /* who allocated and freed last            */
#define SLAB_RECLAIM_ACCOUNT                                                                       \
	((slab_flags_t)0x00020000)            /* counts as SReclaimable                  */
#define SLAB_PANIC ((slab_flags_t)0x00040000) /* creation must not fail                  */
#define SLAB_TYPESAFE_BY_RCU                                                                       \
	((slab_flags_t)0x00080000) /* memory stays of this kind (no RCU yet: kept apart) */
#define SLAB_ACCOUNT  ((slab_flags_t)0x04000000)
#define SLAB_NO_MERGE ((slab_flags_t)0x08000000) /* never shares its slabs with an equal cache */
#define SLAB_NO_USER_FLAGS                                                                         \
	((slab_flags_t)0x10000000) /* slab_debug= does not change it                 */

/* What kmalloc(0) returns: not NULL, not usable, fine to kfree. */
#define ZERO_SIZE_PTR       ((void *)16)
#define ZERO_OR_NULL_PTR(x) ((unsigned long)(x) <= (unsigned long)ZERO_SIZE_PTR)

#define KMALLOC_MIN_SIZE       8u
#define KMALLOC_MAX_CACHE_SIZE 8192u /* bytes; larger ones are whole blocks     */
#define KMALLOC_MAX_SIZE       (PAGE_SIZE << MAX_PAGE_ORDER)
#define ARCH_KMALLOC_MINALIGN  __alignof__(unsigned long long)

/* ---- start and stop -------------------------------------------------------------------------- */
/* After percpu_init().  0 or -ENOMEM. */
int heap_init(void) __must_check;
/* Give every slab without live objects back, and the objects parked by this CPU and by offline
 * CPUs. */
void heap_drain(void);
/* The quick part of it: what this CPU has at hand goes back to its slabs, and those without live
 * objects to the frames.  Nothing is done while somebody drains, or in an interrupt handler. */
void heap_trim(void);

/* ---- caches ---------------------------------------------------------------------------------- */
/*
 * A cache of objects of `size` bytes, at multiples of `align` (0: natural).  ctor, if not NULL,
 * prepares each object once when its slab is made; a freed object must be in that state again.  An
 * equal cache may be shared.
 *   Context: task, may sleep.  NULL: no memory, or size 0 or above KMALLOC_MAX_SIZE / 2 (with
 *            SLAB_PANIC: panics).
 */
struct kmem_cache *kmem_cache_create(const char *name, unsigned size, unsigned align,
				     slab_flags_t flags, void (*ctor)(void *object)) __must_check;
/* The same; only bytes [useroffset, useroffset + usersize) of an object may be copied to or from
 * user space. */
struct kmem_cache *kmem_cache_create_usercopy(const char *name, unsigned size, unsigned align,
					      slab_flags_t flags, unsigned useroffset,
					      unsigned usersize,
					      void (*ctor)(void *object)) __must_check;
#define KMEM_CACHE(type, flags)                                                                    \
	kmem_cache_create(#type, sizeof(struct type), __alignof__(struct type), (flags), NULL)

/* Give the cache up.  With live objects it says which and stays as it is.  NULL is fine.  May
 * sleep. */
void kmem_cache_destroy(struct kmem_cache *cache);
/* Give empty slabs back.  0 if none is left. */
int kmem_cache_shrink(struct kmem_cache *cache);
/* Bytes of an object as the caller asked; the cache's name. */
unsigned kmem_cache_size(const struct kmem_cache *cache);
const char *kmem_cache_name(const struct kmem_cache *cache);

/* One object; contents arbitrary (or as the constructor left them) without __GFP_ZERO. */
static quire_always_inline void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int node) __must_check;
void kmem_cache_free(struct kmem_cache *cache, void *object);

/* Behind kmem_cache_alloc(): gfp has no __GFP_ZERO, or has it. */
void *kmem_cache_alloc_plain(struct kmem_cache *cache, gfp_t gfp) __must_check;
void *kmem_cache_alloc_zeroed(struct kmem_cache *cache, gfp_t gfp) __must_check;

static quire_always_inline void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	return gfp & __GFP_ZERO ? kmem_cache_alloc_zeroed(cache, gfp)
				: kmem_cache_alloc_plain(cache, gfp);
}

static inline void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	return kmem_cache_alloc(cache, gfp | __GFP_ZERO);
}

/* All n objects or none: n or 0. */
int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t n, void **objects);
void kmem_cache_free_bulk(struct kmem_cache *cache, size_t n, void **objects);

/* ---- kmalloc --------------------------------------------------------------------------------- */
enum kmalloc_cache_type { KMALLOC_NORMAL, KMALLOC_RECLAIM, KMALLOC_DMA, NR_KMALLOC_TYPES };
#define NR_KMALLOC_CLASSES 13 /* 8 16 32 64 96 128 192 256 512 1k 2k 4k 8k */
extern struct kmem_cache *kmalloc_caches[NR_KMALLOC_TYPES][NR_KMALLOC_CLASSES];

/* Class of a size in 1..KMALLOC_MAX_CACHE_SIZE. */
static quire_always_inline unsigned kmalloc_class(size_t size)
{
	if (size <= 8)
		return 0;
	if (size > 64 && size <= 96)
		return 4;
	if (size > 128 && size <= 192)
		return 6;
	/* 16 32 64 are classes 1 2 3, 128 is 5, 256 and up are 7 and up */
	return (unsigned)fls((unsigned)size - 1) - 3 + (size > 64) + (size > 128);
}

static quire_always_inline enum kmalloc_cache_type kmalloc_type(gfp_t gfp)
{
	if (likely(!(gfp & (__GFP_DMA | __GFP_RECLAIMABLE))))
		return KMALLOC_NORMAL;
	return gfp & __GFP_DMA ? KMALLOC_DMA : KMALLOC_RECLAIM;
}

void *__kmalloc(size_t size, gfp_t gfp) __must_check;
void *__kmalloc_node(size_t size, gfp_t gfp, int node) __must_check;

/* `size` bytes: from a class up to 8 KiB, whole blocks above, up to KMALLOC_MAX_SIZE.  0:
 * ZERO_SIZE_PTR. */
static quire_always_inline void *kmalloc(size_t size, gfp_t gfp)
{
	if (QUIRE_HEAP != QUIRE_HEAP_SLOB && __builtin_constant_p(size) && size &&
	    size <= KMALLOC_MAX_CACHE_SIZE)
		return kmem_cache_alloc(kmalloc_caches[kmalloc_type(gfp)][kmalloc_class(size)],
					gfp);
	return __kmalloc(size, gfp);
}

static inline void *kmalloc_node(size_t size, gfp_t gfp, int node)
{
	return __kmalloc_node(size, gfp, node);
}

static quire_always_inline void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_ZERO);
}

/* n elements; a product that does not fit is NULL. */
static inline void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return check_mul_overflow(n, size, &bytes) ? NULL : __kmalloc(bytes, gfp);
}

static inline void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc_array(n, size, gfp | __GFP_ZERO);
}

/* Change the size, moving if need be.  NULL: no memory, p as before.  krealloc(NULL) allocates,
 * size 0 frees and returns ZERO_SIZE_PTR. */
void *krealloc(const void *p, size_t size, gfp_t gfp) __must_check;
void *krealloc_array(void *p, size_t n, size_t size, gfp_t gfp) __must_check;

/* From kmalloc, kmem_cache_alloc or NULL.  Anything else is reported and left alone. */
void kfree(const void *object);
/*
 * The fast halves of kmem_cache_alloc() and of kfree(), for callers that do something else where those
 * would go on; both look at this CPU's list of objects and at nothing else.  A thread that is no CPU
 * yet may call them too.
 *   kmem_cache_pop   an object as it was freed; NULL: call kmem_cache_alloc()
 *   kfree_push       `page` is the descriptor of the frame that object is in, which is RAM; false: call
 *                    kfree_rest(), if it is an object of the heap's
 */
void *kmem_cache_pop(struct kmem_cache *cache) __must_check;
bool kfree_push(const struct page *page, void *object) __must_check;
void kfree_rest(void *object);
void kfree_sensitive(const void *object); /* clears it first */

/* Bytes that may be used; 0 for NULL and ZERO_SIZE_PTR. */
size_t ksize(const void *object);

/* Copies, to be kfreed.  NULL: no memory (or s is NULL). */
void *kmemdup(const void *from, size_t size, gfp_t gfp) __must_check;
char *kstrdup(const char *s, gfp_t gfp) __must_check;
char *kstrndup(const char *s, size_t max, gfp_t gfp) __must_check;

#endif
