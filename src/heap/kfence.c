/* SPDX-License-Identifier: MIT */
/*
 * heap/kfence.c - sampled guard pages: quire/kfence.h has the picture.
 *
 *   alloc_slow() ──count──> one in `interval`: the place that has been free for longest, opened
 *   kfree() etc. ──> no slab's page ──> of the pool: what is around the object is checked, the place closed
 *   page fault ──> of the pool: report, open, go on; a guard closes again when its object is freed
 *
 * Where the port closes no pages, guards hold canaries too, and free places a pattern, which are looked
 * at when the object is freed and when the place is used again.
 *
 * Always true:  free places are in the queue, once each; a place's page is open only while it is used, or
 *               since a fault in it was reported; its bytes that are not the object's are canaries.
 * Lock:         kfence_state.lock, a bare word, interrupts off.  Reports are printed under it.
 */
#include <quire/event.h>
#include <quire/gfp.h>
#include <quire/lock.h>
#include "kfence.h"

#define BYTE_FREED 0x6b /* as debug.c                                            */

struct kfence_state kfence_state;

unsigned long kfence_enter(void)
{
	unsigned long flags = port_irq_save();

	raw_lock(&kfence_state.lock);
	return flags;
}

void kfence_leave(unsigned long flags)
{
	raw_unlock(&kfence_state.lock);
	port_irq_restore(flags);
}

/* ---- pages ----------------------------------------------------------------------------------- */
bool is_kfence_address(const void *addr)
{
	return (unsigned long)addr - (unsigned long)kfence_state.pool < kfence_pool_bytes();
}

/* The place whose page the address is in; NULL: it is in a guard. */
static struct kfence_place *place_at(unsigned long addr)
{
	unsigned long number = (addr - (unsigned long)kfence_state.pool) / PAGE_SIZE;

	return number & 1 ? &kfence_state.place[number / 2] : NULL;
}

/* ---- what is around an object ---------------------------------------------------------------- */
/* Bytes [at, end) must be canaries, or `expected` if that is not 0; others are reported. */
static void check_bytes(const struct kfence_place *place, u8 *at, const u8 *end, u8 expected,
			const void *caller)
{
	while (at < end && *at == (expected ? expected : kfence_canary(at)))
		at++;
	if (at == end)
		return;
	kfence_state.counts.bugs++;
	kfence_report_bytes(place, at, end, expected, caller);
}

static void check_around(const struct kfence_place *place, const void *caller)
{
	u8 *page = place_page(place), *end = page + PAGE_SIZE;
	size_t guard = kfence_state.closes ? 0 : PAGE_SIZE;

	check_bytes(place, page - guard, place->object, 0, caller);
	check_bytes(place, place->object + place->size, end + guard, 0, caller);
	if (!guard)
		return;
	/* The neighbours are not blamed for it as well. */
	kfence_fill_canaries(page - guard, page);
	kfence_fill_canaries(end, end + guard);
}

/* ---- allocate -------------------------------------------------------------------------------- */
/* How many allocations one that comes here stands for: the others were served from a CPU's list. */
static unsigned long stands_for(const struct kmem_cache *cache)
{
	if (!cache->owned || cache->link || !gate_open(port_percpu_offset()))
		return 1;
	return min((u32)cache->objects, max((u32)PAGE_SIZE / cache->size, 1u));
}

/* Who finds that it is time is not counted: the list he came for is still to be filled. */
static bool is_time(const struct kmem_cache *cache)
{
	struct kfence_state *k = &kfence_state;
	unsigned long since = racy_read(k->since);

	if (since + 1 < k->interval) {
		__atomic_fetch_add(&k->since, stands_for(cache), __ATOMIC_RELAXED);
		return false;
	}
	__atomic_fetch_sub(&k->since, k->interval - 1, __ATOMIC_RELAXED);
	return true;
}

static const char *why_not(const struct kmem_cache *cache, u32 size, gfp_t gfp)
{
	if (!kfence_state.pool)
		return "it is off";
	if (!size || size > PAGE_SIZE || cache->align > PAGE_SIZE)
		return "it does not fit into a page";
	if ((gfp | cache->gfp) & (__GFP_DMA | __GFP_DMA32))
		return "it must be where a device reaches it";
	if (cache->flags & SLAB_TYPESAFE_BY_RCU)
		return "it may be looked at when it is freed";
	return NULL;
}

/* At the start of its page or at the end, in turn, as far as alignment lets. */
static u8 *lay_object(u8 *page, const struct kmem_cache *cache, u32 size)
{
	u32 align = size & (size - 1) ? cache->align : max(cache->align, size);

	if (kfence_state.counts.allocated & 1)
		return page;
	return page + QUIRE_ALIGN_DOWN((u32)PAGE_SIZE - size, align);
}

static void *use_place(struct kfence_place *place, struct kmem_cache *cache, u32 size,
		       const void *caller)
{
	u8 *page = place_page(place);

	kfence_set_closed(page, false);
	if (!kfence_state.closes && place->state == PLACE_FREED)
		check_bytes(place, page, page + PAGE_SIZE, BYTE_FREED, caller);
	place->object = lay_object(page, cache, size);
	place->size = size;
	place->cache = cache;
	place->state = PLACE_USED;
	place->opened = 0;
	qstrscpy(place->name, cache->name, sizeof(place->name));
	kfence_track_fill(&place->alloc, caller);
	kfence_fill_canaries(page, place->object);
	kfence_fill_canaries(place->object + size, page + PAGE_SIZE);
	kfence_state.counts.allocated++;
	return place->object;
}

static void *take_place(struct kmem_cache *cache, u32 size, const void *caller)
{
	struct kfence_state *k = &kfence_state;
	unsigned long flags = kfence_enter();
	void *object = NULL;

	if (k->nr_free) {
		struct kfence_place *place = &k->place[k->queue[k->first]];

		k->first = (k->first + 1) % k->nr;
		k->nr_free--;
		object = use_place(place, cache, size, caller);
	} else {
		k->counts.skipped++;
	}
	kfence_leave(flags);
	return object;
}

static void *fence_alloc(struct kmem_cache *cache, u32 size, gfp_t gfp, const void *caller)
{
	void *object;

	if (why_not(cache, size, gfp) || !is_time(cache))
		return NULL;
	object = take_place(cache, size, caller);
	if (!object)
		return NULL;
	if (cache->ctor)
		cache->ctor(object);
	else if (gfp & __GFP_ZERO)
		memset(object, 0, size);
	quire_event(kmem_cache_alloc, object, cache, gfp);
	return object;
}

/* ---- free ------------------------------------------------------------------------------------ */
static void close_place(struct kfence_place *place)
{
	struct kfence_state *k = &kfence_state;
	u8 *page = place_page(place);

	if (!k->closes || frames_init_on_free)
		memset(page, k->closes ? 0 : BYTE_FREED, PAGE_SIZE);
	kfence_set_closed(page, true);
	if (place->opened)
		kfence_set_closed(k->pool + (place->opened - 1) * PAGE_SIZE, true);
	place->opened = 0;
	k->queue[(k->first + k->nr_free++) % k->nr] = (u32)(place - k->place);
}

/* False: it is not freed, which is reported. */
static bool give_locked(struct kfence_place *place, struct kmem_cache *cache, void *object,
			const void *caller)
{
	if (!place || place->state != PLACE_USED || place->object != object) {
		kfence_state.counts.bugs++;
		kfence_report_free(place && place->state != PLACE_UNUSED ? place : NULL, object,
				   caller);
		return false;
	}
	if (cache && cache != place->cache) {
		quire_damage("heap: %p was freed to cache %s and is no object of it; it belongs to "
			     "%s",
			     object, cache->name, place->name);
		return false;
	}
	check_around(place, caller);
	place->state = PLACE_FREED;
	kfence_track_fill(&place->free, caller);
	kfence_state.counts.frees++;
	close_place(place);
	return true;
}

static bool fence_free(struct kmem_cache *cache, void *object, const void *caller)
{
	unsigned long flags;
	bool done;

	if (!is_kfence_address(object))
		return false;
	flags = kfence_enter();
	done = give_locked(place_at((unsigned long)object), cache, object, caller);
	kfence_leave(flags);
	if (done && cache)
		quire_event(kmem_cache_free, object, cache, 0);
	else if (done)
		quire_event(kfree, object, 0, 0);
	return true;
}

/* ---- faults ---------------------------------------------------------------------------------- */
/* Of the objects at both sides of a guard: the nearer, one in use before one that was freed. */
static struct kfence_place *nearest(unsigned long addr)
{
	unsigned long right = (addr - (unsigned long)kfence_state.pool) / PAGE_SIZE / 2;
	struct kfence_place *before = right ? &kfence_state.place[right - 1] : NULL;
	struct kfence_place *after = right < kfence_state.nr ? &kfence_state.place[right] : NULL;

	if (!before || before->state == PLACE_UNUSED)
		return after && after->state != PLACE_UNUSED ? after : NULL;
	if (!after || after->state == PLACE_UNUSED)
		return before;
	if (before->state != after->state)
		return before->state == PLACE_USED ? before : after;
	return addr - ((unsigned long)before->object + before->size) <
			       (unsigned long)after->object - addr
		       ? before
		       : after;
}

static void fault_locked(unsigned long addr, bool is_write, unsigned long ip)
{
	struct kfence_state *k = &kfence_state;
	unsigned long number = (addr - (unsigned long)k->pool) / PAGE_SIZE;
	struct kfence_place *place = place_at(addr);

	kfence_set_closed(k->pool + number * PAGE_SIZE, false);
	if (place && place->state == PLACE_USED)
		return; /* it was allocated since the fault */
	if (place) {
		place = place->state == PLACE_FREED ? place : NULL;
	} else {
		place = nearest(addr);
		if (place && place->state == PLACE_USED && !place->opened)
			place->opened = (u32)number + 1;
	}
	k->counts.bugs++;
	kfence_report_access(place, addr, is_write, ip);
}

bool kfence_handle_page_fault(unsigned long addr, bool is_write, unsigned long ip)
{
	unsigned long flags;

	if (!is_kfence_address((void *)addr))
		return false;
	flags = kfence_enter();
	fault_locked(addr, is_write, ip);
	kfence_leave(flags);
	return true;
}

/* ---- for the rest of the heap ---------------------------------------------------------------- */
/* Of an object that may be smaller, or larger, than those of its cache usually are. */
static u32 usersize_of(const struct kmem_cache *cache, u32 size)
{
	bool whole = !cache->useroffset && cache->usersize == cache->object_size;

	return whole ? size : min(cache->usersize, size);
}

static bool fence_find(const void *address, struct heap_object *found)
{
	const struct kfence_place *place;
	struct kmem_cache *cache;
	unsigned long flags;
	bool any;

	if (!is_kfence_address(address))
		return false;
	flags = kfence_enter();
	place = place_at((unsigned long)address);
	any = place && place->state != PLACE_UNUSED;
	cache = any ? place->cache : NULL;
	if (any)
		*found = (struct heap_object){
			.cache = cache,
			.name = place->name,
			.start = (const char *)place->object,
			.size = place->size,
			.free = place->state == PLACE_FREED,
			.in_kfence = true,
			.useroffset = cache ? cache->useroffset : 0,
			.usersize = cache ? usersize_of(cache, place->size) : 0,
		};
	kfence_leave(flags);
	return any;
}

static void fence_describe(const void *object)
{
	unsigned long flags = kfence_enter();
	const struct kfence_place *place = place_at((unsigned long)object);

	if (place && place->state != PLACE_UNUSED)
		kfence_describe_place(place);
	kfence_leave(flags);
}

static unsigned long fence_live(const struct kmem_cache *cache)
{
	unsigned long flags = kfence_enter(), n = 0;

	for (u32 i = 0; kfence_state.pool && i < kfence_state.nr; i++)
		n += kfence_state.place[i].state == PLACE_USED &&
		     kfence_state.place[i].cache == cache;
	kfence_leave(flags);
	return n;
}

static void fence_name_live(const struct kmem_cache *cache)
{
	unsigned long flags = kfence_enter();

	for (u32 i = 0; kfence_state.pool && i < kfence_state.nr; i++) {
		const struct kfence_place *place = &kfence_state.place[i];

		if (place->state != PLACE_USED || place->cache != cache)
			continue;
		printk("heap: %s: object %p is in use\n", cache->name, (void *)place->object);
		kfence_describe_place(place);
	}
	kfence_leave(flags);
}

static void fence_forget(const struct kmem_cache *cache)
{
	unsigned long flags = kfence_enter();

	for (u32 i = 0; kfence_state.pool && i < kfence_state.nr; i++)
		if (kfence_state.place[i].cache == cache)
			kfence_state.place[i].cache = NULL;
	kfence_leave(flags);
}

static u32 *fence_lock_word(void)
{
	return &kfence_state.lock;
}

/* ---- on and off ------------------------------------------------------------------------------ */
static const struct kfence_ops ops = {
	.start = kfence_pool_make,
	.alloc = fence_alloc,
	.free = fence_free,
	.find = fence_find,
	.describe = fence_describe,
	.live = fence_live,
	.name_live = fence_name_live,
	.forget = fence_forget,
	.check = kfence_pool_check,
	.lock_word = fence_lock_word,
	.exit = kfence_pool_drop,
};

void kfence_enable(unsigned long sample_interval)
{
	kfence_state.interval = max(sample_interval, 1UL);
	kfence = &ops;
}
