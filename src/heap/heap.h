/* SPDX-License-Identifier: MIT */
/*
 * heap/heap.h - a cache of objects from the inside.
 */
#ifndef QUIRE_SRC_HEAP_H
#define QUIRE_SRC_HEAP_H

#include <quire/bits.h>
#include <quire/printk.h>
#include <quire/slab.h>
#include <quire/bytes.h>
#include "frames/frames.h"

#define CACHE_NAME_LEN 40
#define MAX_SLAB_ORDER 3u /* slabs of small objects are at most 2^this frames     */
#define MIN_OBJECTS    QUIRE_SLAB_MIN_OBJECTS

/* Who guards a field:  (c) set at creation   (n) the node's lock   (p) this CPU, task code
 *                      (b) the same, between heap_enter() and pcp_leave()   (a) atomic   (l) heap.lock */

#define OWNER_NOBODY 0u /* page->slab_owner: no CPU owns the slab                    */

/* Slabs linked by slab_next (and slab_prev), the newest first. */
struct slab_list {
	u32 first, last; /* frame numbers, 0: none                               */
	u32 nr;          /* slabs                                                */
};

#if QUIRE_HEAP == QUIRE_HEAP_SLUB
/* Slabs of one cache on one node. */
struct heap_node {
	spinlock_t lock;
	struct slab_list partial; /* (n) nobody's slabs with a free object                */
	unsigned long nr_free;    /* (n) free objects in them                             */
	unsigned long nr_slabs;   /* (a) whoever they belong to                           */
};
struct slab_cpu;

#elif QUIRE_HEAP == QUIRE_HEAP_SLAB
/* Which list of its node a slab is on: page->slab_owner. */
enum slab_state { SLAB_FREE = 1, SLAB_PARTIAL, SLAB_FULL, NR_SLAB_LISTS };

/* Free objects that a CPU, or all CPUs of a node, have at hand; the oldest first. */
struct slab_array {
	u32 avail; /* (b) in entry; of a node's: (n)                      */
	u32 limit; /* (c) room                                            */
	u32 batch; /* (c) objects that move at a time                     */
	void *entry[];
};

/* Slabs of one cache on one node. */
struct heap_node {
	spinlock_t lock;
	struct slab_list list[NR_SLAB_LISTS]; /* (n) by state; [0] is empty               */
	struct slab_array *shared;            /* (c) between CPU arrays and slabs, or NULL        */
	unsigned long nr_free;                /* (n) free objects in slabs                */
	unsigned long nr_slabs;               /* (a)                                      */
	u32 colour;                           /* (n) of the next slab                     */
};
struct slab_cpu;

#else
/* A cache has no slabs of its own. */
struct heap_node {
	spinlock_t lock;
};
struct slab_cpu;
#endif
#if QUIRE_HEAP == QUIRE_HEAP_SLOB
u32 *slob_lock_word(void); /* for quire_freeze() */
#else
static inline u32 *slob_lock_word(void)
{
	return NULL;
}
#endif

struct kmem_cache {
	struct slab_cpu __percpu *cpu; /* (c) slub: what CPUs have of it                 */
	unsigned long magic, limit;    /* (c) is_first_byte(); 0: slabs are too large for that    */
	u32 cpu_list;                  /* (c) slub: objects on a CPU's list before it is full     */
#if QUIRE_SLAB_FREELIST_HARDENED
	unsigned long secret; /* (c) of links between free objects: freelist.h        */
#endif
#if QUIRE_HEAP == QUIRE_HEAP_SLAB
	struct slab_array __percpu *arrays; /* (c) NULL: none                                 */
	u32 colours;   /* (c) first objects start at a multiple of align below       */
	bool off_slab; /* (c) lists of free objects are outside of slabs     */
#elif QUIRE_HEAP == QUIRE_HEAP_SLOB
	unsigned long nr_live; /* (slob lock) objects                                    */
#endif
	u16 id;                   /* (c) page->slab_id of its slabs                  */
	bool owned;               /* (c) CPUs own slabs                              */
	bool counted;             /* (c) objects come from their slab, one by one    */
	slab_flags_t flags;       /* (c) SLAB_*                                      */
	u32 object_size;          /* (c) bytes the user asked for                    */
	u32 size;                 /* (c) bytes from one object to the next           */
	u32 align;                /* (c)                                             */
	u32 link;                 /* (c) offset of the free-list link in a free object       */
	u32 left;                 /* (c) bytes of red zone in front of an object             */
	u32 red_end, track, pad;  /* (c) behind: end of the red zone, tracks, padding        */
	u16 objects;              /* (c) per slab                                    */
	u8 order;                 /* (c) log2 of a slab's frames                     */
	u8 unit_shift;            /* (c) page->slab_remote counts 2^this bytes       */
	u8 keep_empty;            /* (c) slabs without object in use that a CPU keeps        */
	u16 min_partial;          /* (c) slabs a node keeps before empty ones go     */
	u32 cpu_partial;          /* (c) slabs a CPU keeps before the node gets some */
	gfp_t gfp;                /* (c) added to every slab's allocation            */
	u32 useroffset, usersize; /* (c) window for user copies                      */
	int refcount;             /* (l) users of a shared cache                     */
	void (*ctor)(void *object);
	struct list_head list; /* (l) heap.caches, newest first                       */
	unsigned long check_slabs, check_listed; /* scratch of heap_check()              */
	char name[CACHE_NAME_LEN];
	struct heap_node node[QUIRE_NR_NODES];
};

/* Fault injection, while it is armed: whether this allocation is to fail (failslab.c). */
extern bool (*failslab_hook)(gfp_t gfp, size_t size);

#define SLAB_DEBUG_FLAGS (SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER)
#define SLAB_NEVER_MERGE (SLAB_DEBUG_FLAGS | SLAB_TYPESAFE_BY_RCU | SLAB_NO_MERGE)
#define SLAB_MERGE_SAME  (SLAB_RECLAIM_ACCOUNT | SLAB_CACHE_DMA | SLAB_CACHE_DMA32 | SLAB_ACCOUNT)

#define MAX_CACHES        QUIRE_MAX_CACHES
/* cache->id counts in steps: a CPU scales it by this to find what it has of the cache. */
#define ID_STEP           8u
#define ID_ANY            0xffffu
#define ID_OF(n)          ((u16)((n)*ID_STEP))
/* cache_cache is the first, kmalloc's normal classes are the next. */
#define ID_KMALLOC(class) ID_OF(1u + (class))

struct heap_state {
	spinlock_t lock;                      /* guards what follows, and refcounts   */
	struct list_head caches;              /* newest first                         */
	struct kmem_cache *by_id[MAX_CACHES]; /* see cache_by_id()                    */
	unsigned long random;                 /* (a) heap_random(), where the port has none       */
	bool running;
};
extern struct heap_state heap;

/* ---- slabs (slabs.c) ------------------------------------------------------------------------- */
static inline struct kmem_cache *cache_by_id(unsigned id)
{
	return heap.by_id[id / ID_STEP];
}

static inline struct kmem_cache *cache_of(const struct page *page)
{
	return cache_by_id(page->slab_id);
}

/* The slab that a frame is of: slabs of several frames are aligned to their size. */
static inline struct page *slab_of(struct page *page)
{
	if (QUIRE_HEAP == QUIRE_HEAP_SLOB)
		return page;
	return page - (page_to_pfn(page) & ((1UL << cache_of(page)->order) - 1));
}

static inline bool page_is_slab_head(const struct page *page)
{
	return PageFlag(page, PG_slab) && slab_of((struct page *)page) == page;
}

static inline struct heap_node *node_of(struct kmem_cache *cache, const struct page *slab)
{
	return &cache->node[page_to_nid(slab)];
}

/*
 * Whether an object starts `offset` bytes from the start of a slab.  With w bits to a word, magic is
 * 2^w / size, rounded down, + 1; magic * size is 2^w + e then, with 0 < e <= size.  Of magic * offset a
 * word keeps k * e for the k-th object, and much more for what is no multiple of size: limit is e for
 * each object there is.  With 64 bits that holds for all offsets between addresses, up to 2^48.
 */
static quire_always_inline bool is_first_byte(unsigned long offset, unsigned long magic,
					      unsigned long limit)
{
	return (sizeof(long) == 8 || offset < 32768) && offset * magic < limit;
}

void slab_list_add(struct slab_list *list, struct page *slab);
void slab_list_remove(struct slab_list *list, struct page *slab);

static inline struct page *slab_list_first(const struct slab_list *list)
{
	return list->first ? pfn_to_page(list->first) : NULL;
}

/* The one that has been there longest; where there are no links backwards, the first. */
static inline struct page *slab_list_oldest(const struct slab_list *list)
{
	u32 pfn = sizeof(void *) == 8 ? list->last : list->first;

	return pfn ? pfn_to_page(pfn) : NULL;
}

static inline struct page *slab_list_next(const struct page *slab)
{
	return slab->slab_next ? pfn_to_page(slab->slab_next) : NULL;
}

/* A slab that is nobody's and on no list, or NULL.  May sleep if gfp allows it. */
struct page *slab_new(struct kmem_cache *cache, gfp_t gfp, int nid);
/* Give its frames back; nothing of it is in use. */
void slab_release(struct kmem_cache *cache, struct page *slab);
/* The same for slabs linked by slab_next. */
void slabs_release(struct kmem_cache *cache, struct page *slab);
/* The slab no longer counts as Slab memory. */
void slab_uncount(const struct page *slab);
/* The slab that the object belongs to; NULL, with a report, if it is none of the cache's. */
struct page *slab_of_object(const struct kmem_cache *cache, void *object);
/* Whether `object` is where an object of the slab can start. */
bool is_object_of(const struct kmem_cache *cache, const struct page *slab, const void *object);
/* Whether it is on a list of free objects of the slab, or was never handed out; the list is ours. */
bool is_free_in_slab(const struct kmem_cache *cache, const struct page *slab, const void *object);
quire_cold void report_freed_twice(const struct kmem_cache *cache, const void *object);
quire_cold void report_not_given(const struct kmem_cache *cache, const void *object,
				 const char *why);

/* Where the first object of a slab is. */
static inline char *first_object(const struct page *slab)
{
	char *first = (char *)page_address(slab) + cache_of(slab)->left;

#if QUIRE_HEAP == QUIRE_HEAP_SLAB
	first += 8ul * slab->slab_remote; /* its colour                                       */
#endif
	return first;
}

/* Construct an object, as its flags want it. */
void make_object(const struct kmem_cache *cache, void *object);
/* The back end prepares a new slab, and takes leave of one.  slab_make_list: what it needs for that,
 * if it is to lie outside; false: no memory. */
bool slab_make_list(const struct kmem_cache *cache, gfp_t gfp, void **list);
void slab_dress(struct kmem_cache *cache, struct page *slab, void *list);
void slab_undress(struct kmem_cache *cache, struct page *slab);
void name_live_objects(const struct kmem_cache *cache);

/* ---- the back end: slub.c and those around it, slab.c or slob.c -------------------------------- */
/* Lay out the slabs of a cache whose objects are laid out, and what CPUs have of it.  0 or -EINVAL. */
int heap_attach(struct kmem_cache *cache);
/* Give back what CPUs have of it: nothing. */
void heap_detach(struct kmem_cache *cache);
/* One object by whatever way, or NULL. */
void *object_take(struct kmem_cache *cache, gfp_t gfp, int nid);
/* Back to its slab, whoever owns that.  What is found free already is reported. */
void object_give(struct kmem_cache *cache, struct page *slab, void *object);
/* What leaves a CPU, once it may be given back: empty slabs, linked by slab_next, and objects of slabs
 * that are not the CPU's. */
struct leaving {
	struct page *slabs;
	void *objects;
};
/* What a CPU has of a cache becomes the node's; nobody uses the cache on that CPU meanwhile. */
void cache_hand_over(struct kmem_cache *cache, unsigned cpu, struct leaving *out);
/* Objects that a CPU keeps at hand, and those that others freed to it, go to their slabs as far as it is
 * not using them; its empty slabs leave.  It is at no slow path meanwhile. */
void cache_trim(struct kmem_cache *cache, unsigned cpu, struct leaving *out);
void let_go(struct kmem_cache *cache, const struct leaving *out);
/* The fast half of bulk calls: as many of n as go without looking further, perhaps none. */
u32 pop_many(struct kmem_cache *cache, void **objects, size_t n);
u32 push_many(struct kmem_cache *cache, void **objects, size_t n);
/* Give empty slabs of nobody's back: how many slabs are left. */
unsigned long cache_shrink(struct kmem_cache *cache);
/* Objects in use, once every CPU has handed over. */
unsigned long cache_live(struct kmem_cache *cache);
/* Objects in use by the heap itself, for the slabs that a cache has. */
static inline unsigned long cache_own_objects(const struct kmem_cache *cache)
{
	unsigned long n = 0;

#if QUIRE_HEAP == QUIRE_HEAP_SLAB
	for (unsigned nid = 0; nid < QUIRE_NR_NODES && cache->off_slab; nid++)
		n += cache->node[nid].nr_slabs;
#endif
	(void)cache;
	return n;
}
/* The columns of /proc/slabinfo. */
struct slab_counts {
	unsigned long active, objects, active_slabs, slabs, shared_avail;
	u32 limit, batch, shared;
};
void cache_count(const struct kmem_cache *cache, struct slab_counts *counts);
/* Laws: of what lists lead to; of each slab that is found, counted; what these counts must be. */
const char *cache_check(struct kmem_cache *cache);
/* The first law that `check` finds broken at one of its nodes, each under its lock, or NULL. */
const char *cache_check_nodes(struct kmem_cache *cache,
			      const char *(*check)(struct kmem_cache *cache,
						   const struct heap_node *node));
const char *slab_check(const struct page *slab);
const char *cache_recount(const struct kmem_cache *cache);
/* All is gone. */
void backend_exit(void);
/* log2 of a slab's frames. */
unsigned slab_order(const struct page *slab);
/* The cache of an object on a page of the heap; NULL: it is no object. */
struct kmem_cache *cache_of_object(const struct page *page, const void *object);
/* Where the object starts that the address is in, or NULL. */
void *object_around(const struct page *page, const void *address);
/* slob: an object of kmalloc's, of just so many bytes, and how many fit in. */
void *slob_kmalloc(u32 size, gfp_t gfp, int nid, const void *caller);
extern struct kmem_cache *slob_objects;
size_t slob_size(const struct page *page, const void *object);
/* Bytes that kmalloc takes from the heap; above, whole blocks. */
#define KMALLOC_MOST (QUIRE_HEAP == QUIRE_HEAP_SLOB ? (u32)PAGE_SIZE - 8 : KMALLOC_MAX_CACHE_SIZE)

static inline bool heap_enter(struct quire_cpu *cpu)
{
	return pcp_enter_if(cpu, 0xffff0000ULL | (u64)QUIRE_GATE_HEAP_CLAIMED << 32);
}

#if QUIRE_HEAP == QUIRE_HEAP_SLUB
void kmalloc_slots_init(void);
#else
static inline void kmalloc_slots_init(void) {}
#endif

/* ---- back from the CPUs (drain.c) ------------------------------------------------------------ */
/* What all CPUs have of a cache that nobody uses any more. */
void cache_flush(struct kmem_cache *cache);
/* What this CPU has of a cache, unless this is an interrupt handler. */
void cache_flush_own(struct kmem_cache *cache);
/* What a CPU has of every cache: this one, or one that is stopped. */
void heap_drain_cpu(unsigned cpu);
extern u32 heap_drain_lock; /* between those who drain, and who destroys a cache */

/* ---- every object (front.c) ------------------------------------------------------------------ */
quire_noinline void *alloc_slow(struct kmem_cache *cache, gfp_t gfp, int nid, const void *caller);
quire_noinline void free_slow(struct kmem_cache *cache, void *object, const void *caller);
/* The same for an object of `size` bytes, at most the cache's. */
void *alloc_sized(struct kmem_cache *cache, u32 size, gfp_t gfp, int nid, const void *caller);
/* kfree() of what is no object of a slab. */
quire_cold void free_other(const void *object);

static inline void *clear_object(const struct kmem_cache *cache, void *object, gfp_t gfp)
{
	if (gfp & __GFP_ZERO)
		memset(object, 0, cache->object_size);
	return object;
}

/* Whether init_on_alloc and init_on_free are about the cache: what is in its free objects is nobody's. */
static inline bool may_init(const struct kmem_cache *cache)
{
	return !cache->ctor && !(cache->flags & (SLAB_TYPESAFE_BY_RCU | SLAB_POISON));
}

/* Flags with __GFP_ZERO where init_on_alloc wants it. */
static inline gfp_t init_on_alloc_gfp(const struct kmem_cache *cache, gfp_t gfp)
{
	return unlikely(frames_init_on_alloc) && may_init(cache) ? gfp | __GFP_ZERO : gfp;
}

/* ---- per-CPU areas (percpu.c) ---------------------------------------------------------------- */
u32 *percpu_lock_word(void); /* for quire_freeze() */

/* ---- caches (cache.c) ------------------------------------------------------------------------ */
int cache_set_up(struct kmem_cache *cache, const char *name, u32 size, u32 align,
		 slab_flags_t flags, void (*ctor)(void *object), unsigned id);
/* One of kmalloc's, with that number or ID_ANY. */
struct kmem_cache *cache_create(const char *name, u32 size, slab_flags_t flags, unsigned id);
quire_noinline void *kmalloc_slow(size_t size, gfp_t gfp, const void *caller);
int kmalloc_init(void);
void kmalloc_exit(void);

/* ---- what an address is (object.c) ----------------------------------------------------------- */
struct heap_object {
	struct kmem_cache *cache; /* NULL: a large block of kmalloc's, or the cache is gone     */
	const char *name;         /* of the cache                                         */
	const char *start;
	size_t size; /* bytes that may be used                               */
	bool free;   /* nobody's now, as far as that is known                */
	bool in_kfence;
	u32 useroffset, usersize; /* what may be copied to and from user space            */
};
/* False: the address is in no object of the heap's, though perhaps between two. */
bool heap_find_object(const void *address, struct heap_object *found);
/* Linux's line about a user copy that is refused: what is at the kernel's end, and its name or NULL. */
void usercopy_report(const char *what, const char *name, bool to_user, unsigned long offset,
		     size_t n);

/* ---- debugging: caches with SLAB_DEBUG_FLAGS, which nobody has unless slab_debug is set ---------- */
struct slab_debug_ops {
	slab_flags_t (*flags)(const char *name); /* what slab_debug= wants of the cache     */
	void (*lay_out)(struct kmem_cache *cache);
	void (*fresh)(const struct kmem_cache *cache, void *object); /* a slab was made     */
	void (*taken)(const struct kmem_cache *cache, void *object, const void *caller);
	/* False: damaged, or free already; reported, must not be freed. */
	bool (*given)(struct kmem_cache *cache, struct page *slab, void *object,
		      const void *caller);
	/* slob: the object will be taken, and must be as it was freed. */
	void (*freed_write)(const struct kmem_cache *cache, u8 *object);
	/* Whether a slot is as it must be; else reported and repaired. */
	bool (*check)(const struct kmem_cache *cache, void *object, bool in_use);
	void (*describe)(const struct kmem_cache *cache, const void *object);
	void (*exit)(void);
};
extern const struct slab_debug_ops *slab_debug;
/* ---- sampled guard pages: NULL unless kfence_enable() was called, which links kfence.c ----------- */
struct kfence_ops {
	void (*start)(void);
	/* NULL: not this time.  size: what is asked for, at most that of the cache. */
	void *(*alloc)(struct kmem_cache *cache, u32 size, gfp_t gfp, const void *caller);
	/* cache NULL: by kfree().  False: not one of these. */
	bool (*free)(struct kmem_cache *cache, void *object, const void *caller);
	/* What an address inside one of these is; false: it is not. */
	bool (*find)(const void *address, struct heap_object *found);
	void (*describe)(const void *object); /* who allocated and freed it, to the log */
	unsigned long (*live)(const struct kmem_cache *cache);
	void (*name_live)(const struct kmem_cache *cache);
	void (*forget)(const struct kmem_cache *cache); /* it is destroyed              */
	const char *(*check)(void);                     /* a law, or NULL               */
	u32 *(*lock_word)(void);                        /* for quire_freeze()           */
	void (*exit)(void);
};
extern const struct kfence_ops *kfence;

static inline unsigned long kfence_live(const struct kmem_cache *cache)
{
	return kfence ? kfence->live(cache) : 0;
}

/* slob: as validate_slab_cache(). */
unsigned long validate_slob(struct kmem_cache *cache);

#endif
