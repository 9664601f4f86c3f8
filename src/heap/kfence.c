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

static unsigned long enter(void)
{
	unsigned long flags = port_irq_save();

	raw_lock(&kfence_state.lock);
	return flags;
}

static void leave(unsigned long flags)
{
	raw_unlock(&kfence_state.lock);
	port_irq_restore(flags);
}

/* ---- pages ----------------------------------------------------------------------------------- */
static size_t pool_bytes(void)
{
	return kfence_state.pool ? (2 * (size_t)kfence_state.nr + 1) * PAGE_SIZE : 0;
}

bool is_kfence_address(const void *addr)
{
	return (unsigned long)addr - (unsigned long)kfence_state.pool < pool_bytes();
}

static void set_closed(u8 *page, bool closed)
{
	if (PORT_PROTECT_PAGE && kfence_state.closes)
		port_protect_page(page, closed);
}

static void fill_canaries(u8 *at, const u8 *end)
{
	for (; at < end; at++)
		*at = kfence_canary(at);
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
	fill_canaries(page - guard, page);
	fill_canaries(end, end + guard);
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

	set_closed(page, false);
	if (!kfence_state.closes && place->state == PLACE_FREED)
		check_bytes(place, page, page + PAGE_SIZE, BYTE_FREED, caller);
	place->object = lay_object(page, cache, size);
	place->size = size;
	place->cache = cache;
	place->state = PLACE_USED;
	place->opened = 0;
	qstrscpy(place->name, cache->name, sizeof(place->name));
	kfence_track_fill(&place->alloc, caller);
	fill_canaries(page, place->object);
	fill_canaries(place->object + size, page + PAGE_SIZE);
	kfence_state.counts.allocated++;
	return place->object;
}

static void *take_place(struct kmem_cache *cache, u32 size, const void *caller)
{
	struct kfence_state *k = &kfence_state;
	unsigned long flags = enter();
	void *object = NULL;

	if (k->nr_free) {
		struct kfence_place *place = &k->place[k->queue[k->first]];

		k->first = (k->first + 1) % k->nr;
		k->nr_free--;
		object = use_place(place, cache, size, caller);
	} else {
		k->counts.skipped++;
	}
	leave(flags);
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

	if (!k->closes)
		memset(page, BYTE_FREED, PAGE_SIZE);
	set_closed(page, true);
	if (place->opened)
		set_closed(k->pool + (place->opened - 1) * PAGE_SIZE, true);
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
	flags = enter();
	done = give_locked(place_at((unsigned long)object), cache, object, caller);
	leave(flags);
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

	set_closed(k->pool + number * PAGE_SIZE, false);
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
	flags = enter();
	fault_locked(addr, is_write, ip);
	leave(flags);
	return true;
}

/* ---- for the rest of the heap ---------------------------------------------------------------- */
static bool fence_find(const void *address, struct heap_object *found)
{
	const struct kfence_place *place;
	unsigned long flags;
	bool any;

	if (!is_kfence_address(address))
		return false;
	flags = enter();
	place = place_at((unsigned long)address);
	any = place && place->state != PLACE_UNUSED;
	if (any)
		*found = (struct heap_object){
			.cache = place->cache,
			.name = place->name,
			.start = (const char *)place->object,
			.size = place->size,
			.free = place->state == PLACE_FREED,
			.in_kfence = true,
			.useroffset = place->cache ? place->cache->useroffset : 0,
			.usersize = place->cache ? min(place->cache->usersize, place->size) : 0,
		};
	leave(flags);
	return any;
}

static void fence_describe(const void *object)
{
	unsigned long flags = enter();
	const struct kfence_place *place = place_at((unsigned long)object);

	if (place && place->state != PLACE_UNUSED)
		kfence_describe_place(place);
	leave(flags);
}

static unsigned long fence_live(const struct kmem_cache *cache)
{
	unsigned long flags = enter(), n = 0;

	for (u32 i = 0; kfence_state.pool && i < kfence_state.nr; i++)
		n += kfence_state.place[i].state == PLACE_USED &&
		     kfence_state.place[i].cache == cache;
	leave(flags);
	return n;
}

static void fence_name_live(const struct kmem_cache *cache)
{
	unsigned long flags = enter();

	for (u32 i = 0; kfence_state.pool && i < kfence_state.nr; i++) {
		const struct kfence_place *place = &kfence_state.place[i];

		if (place->state != PLACE_USED || place->cache != cache)
			continue;
		printk("heap: %s: object %p is in use\n", cache->name, (void *)place->object);
		kfence_describe_place(place);
	}
	leave(flags);
}

static void fence_forget(const struct kmem_cache *cache)
{
	unsigned long flags = enter();

	for (u32 i = 0; kfence_state.pool && i < kfence_state.nr; i++)
		if (kfence_state.place[i].cache == cache)
			kfence_state.place[i].cache = NULL;
	leave(flags);
}

static const char *check_places(void)
{
	const struct kfence_state *k = &kfence_state;
	unsigned long used = 0;

	for (u32 i = 0; k->pool && i < k->nr; i++)
		used += k->place[i].state == PLACE_USED;
	for (u32 i = 0; i < k->nr_free; i++)
		if (k->place[k->queue[(k->first + i) % k->nr]].state == PLACE_USED)
			return "a place of kfence is both used and free";
	if (used + k->nr_free != k->nr)
		return "a place of kfence is neither used nor free";
	return used == k->counts.allocated - k->counts.frees ? NULL : "kfence counts wrongly";
}

static const char *fence_check(void)
{
	unsigned long flags = enter();
	const char *why = check_places();

	leave(flags);
	return why;
}

static u32 *fence_lock_word(void)
{
	return &kfence_state.lock;
}

void show_kfence_stats(struct seq_out *out)
{
	const struct kfence_state *k = &kfence_state;
	struct kfence_counts c = k->counts;

	seq_printf(out, "enabled: %d\n", k->pool != NULL);
	seq_printf(out, "currently allocated: %lu\n", c.allocated - c.frees);
	seq_printf(out, "total allocations: %lu\ntotal frees: %lu\n", c.allocated, c.frees);
	seq_printf(out, "total bugs: %lu\nskipped allocations (capacity): %lu\n", c.bugs,
		   c.skipped);
}

/* ---- start and stop -------------------------------------------------------------------------- */
/* Frames for as many places as are wanted, or half of that, and so on; *nr is how many. */
static u8 *take_pool(u32 *nr)
{
	for (*nr = QUIRE_KFENCE_NUM_OBJECTS; *nr; *nr /= 2) {
		unsigned order = get_order((2 * (size_t)*nr + 1) * PAGE_SIZE);
		u8 *pool = order > MAX_PAGE_ORDER
				   ? NULL
				   : (u8 *)__get_free_pages(GFP_KERNEL | __GFP_NOWARN, order);

		if (pool)
			return pool;
	}
	return NULL;
}

static size_t table_bytes(u32 nr)
{
	return nr * (sizeof(struct kfence_place) + sizeof(u32));
}

static void give_back(void *block, size_t bytes)
{
	if (block)
		free_pages((unsigned long)block, get_order(bytes));
}

static void close_guards(void)
{
	struct kfence_state *k = &kfence_state;

	k->closes = PORT_PROTECT_PAGE && port_protect_prepare(k->pool, 2UL * k->nr + 1);
	for (u32 i = 0; i < 2 * k->nr + 1; i++) {
		u8 *page = k->pool + i * PAGE_SIZE;

		if (!k->closes)
			fill_canaries(page, page + PAGE_SIZE);
		set_closed(page, true);
	}
}

static void fence_start(void)
{
	struct kfence_state *k = &kfence_state;
	u32 nr = 0;
	u8 *pool = k->pool ? NULL : take_pool(&nr);
	void *table = pool ? (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN,
						      get_order(table_bytes(nr)))
			   : NULL;

	if (k->pool)
		return;
	if (!table) {
		give_back(pool, (2 * (size_t)nr + 1) * PAGE_SIZE);
		pr_warn("kfence: no memory for its pool: it stays off\n");
		return;
	}
	k->nr = k->nr_free = nr;
	k->place = table;
	k->queue = (u32 *)(k->place + nr);
	for (u32 i = 0; i < nr; i++)
		k->queue[i] = i;
	k->pool = pool;
	close_guards();
	printk("kfence: initialized - using %zu bytes for %u objects at 0x%lx-0x%lx%s\n",
	       pool_bytes(), nr, (unsigned long)pool, (unsigned long)pool + pool_bytes(),
	       k->closes ? "" : ", which stay open");
}

static void fence_exit(void)
{
	struct kfence_state *k = &kfence_state;
	size_t bytes = pool_bytes();

	for (size_t at = 0; at < bytes; at += PAGE_SIZE)
		set_closed(k->pool + at, false);
	give_back(k->pool, bytes);
	give_back(k->place, table_bytes(k->nr));
	memset(k, 0, sizeof(*k));
	kfence = NULL;
}

static const struct kfence_ops ops = {
	.start = fence_start,
	.alloc = fence_alloc,
	.free = fence_free,
	.find = fence_find,
	.describe = fence_describe,
	.live = fence_live,
	.name_live = fence_name_live,
	.forget = fence_forget,
	.check = fence_check,
	.lock_word = fence_lock_word,
	.exit = fence_exit,
};

void kfence_enable(unsigned long sample_interval)
{
	kfence_state.interval = max(sample_interval, 1UL);
	kfence = &ops;
}
