/* SPDX-License-Identifier: MIT */
/*
 * heap/slob.c - the back end for machines of a few hundred KiB: first fit in frames, wherever there is room.
 *
 *   a frame   |hd| object  |hd| free         |hd| object          |hd| free     |     hd: header, 8 bytes
 *                                 first free ^ ---- next free ---> ^                  units of 8 bytes
 *
 *   three lists of frames with room, for objects below 256 bytes, below 1 KiB, and above; one more for caches
 *   with SLAB_POISON.  What does not fit into a frame gets frames of its own.
 *
 * Always true:  a frame is headers and what they cover, without a gap; two free pieces never touch; frames
 *               with free units are on one list, others on none; a frame without objects is given back,
 *               a poisoned one when a cache shrinks.
 * Lock:         slob.lock (LOCK_RANK_HEAP), interrupts off.
 */
#include <quire/err.h>
#include <quire/event.h>
#include "heap.h"

#if QUIRE_HEAP == QUIRE_HEAP_SLOB

#define UNIT       8u
#define UNITS      ((u32)(PAGE_SIZE / UNIT))
#define MOST       ((u32)PAGE_SIZE - UNIT) /* bytes of an object in a shared frame        */
#define BYTE_FREED 0x6b                    /* as debug.c                                 */
#define MARK_USED  0x5b0cu
#define MARK_FREE  0xf4eeu

/* In front of every piece. */
struct piece {
	u16 units; /* with the header                                               */
	u16 mark;  /* MARK_USED or MARK_FREE                                        */
	u16 next;  /* free: where the next free piece of the frame is, 0: none      */
	u16 id;    /* used: number of the cache                                     */
};
_Static_assert(sizeof(struct piece) == UNIT, "a header is one unit");

enum slob_list { SMALL, MEDIUM, LARGE, POISONED, NR_SLOB_LISTS, OWN_FRAMES };

static struct {
	spinlock_t lock;
	struct slab_list list[NR_SLOB_LISTS]; /* frames with room                     */
} slob = { .lock = SPIN_LOCK_UNLOCKED("slob", LOCK_RANK_HEAP) };

u32 *slob_lock_word(void)
{
	return &slob.lock.locked;
}

/* ---- frames: slab_free is the first free piece, inuse the free units, slab_remote the list ------ */
static struct piece *piece_at(const struct page *page, u32 unit)
{
	return (struct piece *)((char *)page_address(page) + unit * UNIT);
}

static u16 unit_of(const void *piece)
{
	return (u16)(((unsigned long)piece & ~PAGE_MASK) / UNIT);
}

static struct piece *next_free(const struct page *page, const struct piece *piece)
{
	return piece->next ? piece_at(page, piece->next) : NULL;
}

static enum slob_list list_for(const struct kmem_cache *cache, u32 size)
{
	if (cache->flags & SLAB_DEBUG_FLAGS)
		return POISONED;
	return size < 256 ? SMALL : size < 1024 ? MEDIUM : LARGE;
}

static void count_frames(const struct page *page, unsigned order, long sign)
{
	mod_nid_page_state(page_to_nid(page), NR_SLAB_UNRECLAIMABLE_B,
			   sign * (long)(PAGE_SIZE << order));
}

static struct page *new_frames(const struct kmem_cache *cache, gfp_t gfp, int nid, unsigned order,
			       enum slob_list list)
{
	gfp_t wanted = (gfp & ~(__GFP_ZERO | GFP_ZONEMASK | __GFP_RECLAIMABLE | __GFP_COMP)) |
		       (gfp & __GFP_DMA) | cache->gfp;
	struct page *page = alloc_pages_node(nid, wanted, order);

	if (!page)
		return NULL;
	page->inuse = 0;
	page->slab_remote = (u16)list;
	page->slab_id = cache->id;
	page->slab_owner = OWNER_NOBODY;
	page->slab_free = NULL;
	page->slab_next = order; /* of frames that are an object's own */
	page_flags_publish(page, 1u << PG_slab);
	count_frames(page, order, 1);
	return page;
}

static void free_frames(struct page *page, unsigned order)
{
	count_frames(page, order, -1);
	page_flags_keep(page, PAGE_TAKEN_MASK);
	page->mapping = NULL;
	page->word2 = 0;
	page->_mapcount.counter = 0;
	__free_pages(page, order);
}

unsigned slab_order(const struct page *page)
{
	return page->slab_remote == OWN_FRAMES ? page->slab_next : 0;
}

/* ---- pieces; lock held ----------------------------------------------------------------------- */
/* Where in a free piece an object of so many units, aligned to `align` bytes, has its header; or 0. */
static u32 fit(const struct piece *piece, u32 units, u32 align)
{
	unsigned long at = (unsigned long)piece + UNIT,
		      end = (unsigned long)piece + piece->units * UNIT;

	at = QUIRE_ALIGN_UP(at, (unsigned long)align);
	return at - UNIT + units * UNIT <= end ? (u32)(at - UNIT - (unsigned long)piece) / UNIT + 1
					       : 0;
}

static struct piece *make_free(struct piece *piece, u32 units, u16 next)
{
	*piece = (struct piece){ (u16)units, MARK_FREE, next, 0 };
	return piece;
}

/* Cut `units` out of a free piece, `front` units behind its start; *link leads to it. */
static void *cut(struct page *page, struct piece *piece, u32 front, u32 units, u16 id,
		 struct piece *before)
{
	struct piece *used = piece + front;
	u32 rest = piece->units - front - units;
	u16 next = piece->next;

	if (rest)
		next = unit_of(make_free(used + units, rest, next));
	if (front)
		make_free(piece, front, next);
	else if (before)
		before->next = next;
	else
		page->slab_free = next ? piece_at(page, next) : NULL;
	*used = (struct piece){ (u16)units, MARK_USED, 0, id };
	page->inuse = (u16)(page->inuse - units);
	return used + 1;
}

/* ---- free lists that somebody wrote to (QUIRE_SLAB_FREELIST_HARDENED); lock held --------------- */
static bool is_sound_free(const struct piece *piece)
{
	u32 at = unit_of(piece);

	return piece->mark == MARK_FREE && piece->units && at + piece->units <= UNITS &&
	       (!piece->next || (piece->next > at && piece->next < UNITS));
}

static bool is_sound_list(const struct page *page)
{
	const struct piece *piece = page->slab_free;

	while (piece && is_sound_free(piece))
		piece = next_free(page, piece);
	return !piece;
}

/* From the headers of all pieces, up to the first that is damaged: what is behind that is lost. */
static void link_again(struct page *page)
{
	struct piece *last = NULL;

	page->slab_free = NULL;
	page->inuse = 0;
	for (u32 at = 0; at < UNITS;) {
		struct piece *piece = piece_at(page, at);

		if ((piece->mark != MARK_FREE && piece->mark != MARK_USED) || !piece->units ||
		    at + piece->units > UNITS)
			break;
		if (piece->mark == MARK_FREE) {
			piece->next = 0;
			if (last)
				last->next = (u16)at;
			else
				page->slab_free = piece;
			last = piece;
			page->inuse = (u16)(page->inuse + piece->units);
		}
		at += piece->units;
	}
}

static void check_free_list(struct page *page)
{
	u16 units = page->inuse;

	if (!QUIRE_SLAB_FREELIST_HARDENED || is_sound_list(page))
		return;
	link_again(page);
	quire_damage("heap: Freechain corrupt: of the frame at %p %u of %u free bytes are left",
		     page_address(page), page->inuse * UNIT, units * UNIT);
	if (units && !page->inuse)
		slab_list_remove(&slob.list[page->slab_remote], page);
}

static void *take_from(struct page *page, u32 units, u32 align, u16 id)
{
	struct piece *before = NULL, *piece = page->slab_free;

	for (; piece; before = piece, piece = next_free(page, piece)) {
		u32 at = fit(piece, units, align);

		if (at)
			return cut(page, piece, at - 1, units, id, before);
	}
	return NULL;
}

static void *take_locked(const struct kmem_cache *cache, enum slob_list which, u32 units, u32 align,
			 gfp_t gfp, int nid)
{
	struct slab_list *list = &slob.list[which];
	struct page *page = slab_list_first(list), *next;

	for (; page; page = next) {
		void *object;

		next = slab_list_next(page);
		check_free_list(page);
		if (page->inuse < units || (nid != NUMA_NO_NODE && (int)page_to_nid(page) != nid) ||
		    ((gfp | cache->gfp) & __GFP_DMA && page_zonenum(page) != ZONE_DMA))
			continue;
		object = take_from(page, units, align, cache->id);
		if (object && !page->inuse)
			slab_list_remove(list, page);
		if (object)
			return object;
	}
	return NULL;
}

/* Glue a free piece to the one behind it, if they touch. */
static void glue(const struct page *page, struct piece *piece)
{
	struct piece *next = next_free(page, piece);

	if (!next || piece + piece->units != next)
		return;
	piece->units = (u16)(piece->units + next->units);
	piece->next = next->next;
	if (page->slab_remote == POISONED)
		memset(next, BYTE_FREED, sizeof(*next));
}

/* A piece is free again.  True: so is all of its frame, which is on no list. */
static bool put_locked(struct page *page, struct piece *piece)
{
	struct slab_list *list = &slob.list[page->slab_remote];
	struct piece *before = NULL, *after;
	bool listed;

	check_free_list(page);
	after = page->slab_free;
	listed = page->inuse;

	while (after && after < piece) {
		before = after;
		after = next_free(page, after);
	}
	page->inuse = (u16)(page->inuse + piece->units);
	make_free(piece, piece->units, after ? unit_of(after) : 0);
	if (before)
		before->next = unit_of(piece);
	else
		page->slab_free = piece;
	glue(page, piece);
	if (before)
		glue(page, before);
	if (!listed)
		slab_list_add(list, page);
	if (page->inuse < UNITS || page->slab_remote == POISONED)
		return false; /* what was written to what is free is still to be seen */
	slab_list_remove(list, page);
	return true;
}

/* ---- take and give --------------------------------------------------------------------------- */
static void count_live(struct kmem_cache *cache, long n)
{
	unsigned long flags;

	spin_lock_irqsave(&slob.lock, flags);
	racy_add(cache->nr_live, (unsigned long)n);
	spin_unlock_irqrestore(&slob.lock, flags);
}

static void *take_frames(struct kmem_cache *cache, u32 size, gfp_t gfp, int nid)
{
	struct page *page = new_frames(cache, gfp, nid, get_order(size), OWN_FRAMES);

	if (!page)
		return NULL;
	count_live(cache, 1);
	return page_address(page);
}

/* A frame that is one free piece, put on its list, to take from. */
static bool add_frame(const struct kmem_cache *cache, enum slob_list which, gfp_t gfp, int nid)
{
	struct page *page = new_frames(cache, gfp, nid, 0, which);
	unsigned long flags;

	if (!page)
		return false;
	if (which == POISONED)
		memset(page_address(page), BYTE_FREED, PAGE_SIZE);
	page->slab_free = make_free(page_address(page), UNITS, 0);
	page->inuse = (u16)UNITS;
	spin_lock_irqsave(&slob.lock, flags);
	slab_list_add(&slob.list[which], page);
	spin_unlock_irqrestore(&slob.lock, flags);
	return true;
}

static void *slob_take(struct kmem_cache *cache, u32 size, u32 align, gfp_t gfp, int nid)
{
	u32 units = DIV_ROUND_UP(size, UNIT) + 1;
	enum slob_list which = list_for(cache, size);
	unsigned long flags;
	void *object;

	if (size > MOST || align > PAGE_SIZE / 2)
		return take_frames(cache, size, gfp, nid);
	for (;;) {
		spin_lock_irqsave(&slob.lock, flags);
		object = take_locked(cache, which, units, align, gfp, nid);
		if (object)
			racy_add(cache->nr_live, 1);
		spin_unlock_irqrestore(&slob.lock, flags);
		if (object)
			return object;
		if (!add_frame(cache, which, gfp, nid))
			return NULL;
		nid = NUMA_NO_NODE; /* another node may have had to serve */
	}
}

void *slob_kmalloc(u32 size, gfp_t gfp, int nid, const void *caller)
{
	struct kmem_cache *cache = slob_objects;
	u32 align = size & (size - 1) ? UNIT : max(size, UNIT);
	void *object;

	if (QUIRE_EVENTS && (quire_should_fail(gfp) || (failslab_hook && failslab_hook(gfp, size))))
		return NULL;
	if (unlikely(kfence) &&
	    (object = kfence->alloc(cache, size, init_on_alloc_gfp(cache, gfp), caller)))
		return object;
	object = slob_take(cache, size, align, gfp, nid);
	if (object && init_on_alloc_gfp(cache, gfp) & __GFP_ZERO)
		memset(object, 0, slob_size(virt_to_page(object), object));
	return object;
}

void *object_take(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	void *object = slob_take(cache, cache->size, cache->align, gfp, nid);

	if (!object)
		return NULL;
	object = (char *)object + cache->left;
	if (cache->flags & SLAB_POISON && slab_of(virt_to_page(object))->slab_remote == POISONED)
		slab_debug->freed_write(cache, object);
	make_object(cache, object); /* pieces have no memory of what they were */
	return object;
}

void object_give(struct kmem_cache *cache, struct page *page, void *object)
{
	struct piece *piece = (struct piece *)((char *)object - cache->left) - 1;
	bool empty = page->slab_remote == OWN_FRAMES;
	unsigned long flags;

	spin_lock_irqsave(&slob.lock, flags);
	racy_add(cache->nr_live, -1UL);
	if (page->slab_remote == POISONED)
		memset(piece + 1, BYTE_FREED, (piece->units - 1u) * UNIT);
	if (!empty)
		empty = put_locked(page, piece);
	spin_unlock_irqrestore(&slob.lock, flags);
	if (empty)
		free_frames(page, slab_order(page));
}

/* ---- what is where --------------------------------------------------------------------------- */
/* The piece that an address is in. */
static struct piece *piece_around(const struct page *page, const void *address)
{
	u32 unit = (u32)(((unsigned long)address & ~PAGE_MASK) / UNIT), at = 0;

	while (at + piece_at(page, at)->units <= unit)
		at += piece_at(page, at)->units;
	return piece_at(page, at);
}

/* Where the object of a piece in use starts. */
static void *object_in(const struct piece *piece)
{
	return (char *)(piece + 1) + cache_by_id(piece->id)->left;
}

static bool is_sound(const struct piece *piece)
{
	u32 at = unit_of(piece);

	return piece->mark == MARK_USED && piece->units >= 2 && at + piece->units <= UNITS &&
	       piece->id < ID_OF(MAX_CACHES) && cache_by_id(piece->id);
}

/* The piece whose object starts there, or NULL. */
static const struct piece *piece_of(const struct page *page, const void *object)
{
	const struct piece *piece = (const struct piece *)object - 1;
	unsigned long offset = (unsigned long)object & ~PAGE_MASK;

	if (offset < UNIT || offset % UNIT)
		return NULL;
	if (page->slab_remote == POISONED) /* may have a red zone in front */
		piece = piece_around(page, object);
	return is_sound(piece) && object_in(piece) == object ? piece : NULL;
}

static struct kmem_cache *cache_locked(const struct page *page, const void *object)
{
	struct kmem_cache *cache = cache_of(page);
	const struct piece *piece;

	if (page->slab_remote == OWN_FRAMES)
		return (char *)object == (char *)page_address(page) + cache->left ? cache : NULL;
	piece = piece_of(page, object);
	return piece ? cache_by_id(piece->id) : NULL;
}

struct kmem_cache *cache_of_object(const struct page *page, const void *object)
{
	struct kmem_cache *cache;
	unsigned long flags;

	spin_lock_irqsave(&slob.lock, flags);
	cache = cache_locked(page, object);
	spin_unlock_irqrestore(&slob.lock, flags);
	return cache;
}

size_t slob_size(const struct page *page, const void *object)
{
	if (page->slab_remote == OWN_FRAMES)
		return PAGE_SIZE << page->slab_next;
	return (piece_of(page, object)->units - 1u) * (size_t)UNIT;
}

static void *around_locked(const struct page *page, const void *address)
{
	const struct piece *piece;

	if (page->slab_remote == OWN_FRAMES)
		return (char *)page_address(page) + cache_of(page)->left;
	piece = piece_around(page, address);
	return piece->mark == MARK_USED && (const void *)(piece + 1) <= address ? object_in(piece)
										: NULL;
}

void *object_around(const struct page *page, const void *address)
{
	unsigned long flags;
	void *object;

	spin_lock_irqsave(&slob.lock, flags);
	object = around_locked(page, address);
	spin_unlock_irqrestore(&slob.lock, flags);
	return object;
}

/* Who asks has seen that the object is in use: slab_of_object(). */
bool is_free_in_slab(const struct kmem_cache *cache, const struct page *slab, const void *object)
{
	(void)cache, (void)slab, (void)object;
	return false;
}

struct page *slab_of_object(const struct kmem_cache *cache, void *object)
{
	unsigned long pfn = PHYS_PFN(__pa(object));
	struct page *page = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;
	bool slab = page && PageFlag(page, PG_slab);
	const struct kmem_cache *really = slab ? cache_of_object(page, object) : NULL;
	const char *name = cache ? cache->name : "kmalloc";

	if (really && really == cache)
		return page;
	if (slab && !object_around(page, object))
		quire_damage("heap: %p of cache %s is freed twice", object, name);
	else
		quire_damage("heap: %p was freed to cache %s and is no object of it%s%s", object,
			     name, really ? "; it belongs to " : "", really ? really->name : "");
	return NULL;
}

/* ---- caches ---------------------------------------------------------------------------------- */
int heap_attach(struct kmem_cache *cache)
{
	if (get_order(cache->size) > MAX_PAGE_ORDER)
		return -EINVAL;
	cache->order = (u8)get_order(cache->size);
	cache->objects = (u16)max((u32)PAGE_SIZE / (cache->size + UNIT), 1u);
	return 0;
}

void heap_detach(struct kmem_cache *cache)
{
	(void)cache;
}

void cache_hand_over(struct kmem_cache *cache, unsigned cpu, struct leaving *out)
{
	(void)cache, (void)cpu, (void)out;
}

void cache_trim(struct kmem_cache *cache, unsigned cpu, struct leaving *out)
{
	(void)cache, (void)cpu, (void)out;
}

void let_go(struct kmem_cache *cache, const struct leaving *out)
{
	(void)cache, (void)out;
}

void slabs_release(struct kmem_cache *cache, struct page *slab)
{
	(void)cache, (void)slab;
}

/* A poisoned frame without objects, off its list, or NULL. */
static struct page *take_empty(void)
{
	struct page *page;
	unsigned long flags;

	spin_lock_irqsave(&slob.lock, flags);
	page = slab_list_first(&slob.list[POISONED]);
	while (page && page->inuse < UNITS)
		page = slab_list_next(page);
	if (page)
		slab_list_remove(&slob.list[POISONED], page);
	spin_unlock_irqrestore(&slob.lock, flags);
	return page;
}

unsigned long cache_shrink(struct kmem_cache *cache)
{
	struct page *page;

	while (cache->flags & SLAB_POISON && (page = take_empty()))
		free_frames(page, 0);
	return racy_read(cache->nr_live);
}

unsigned long cache_live(struct kmem_cache *cache)
{
	return racy_read(cache->nr_live);
}

void cache_count(const struct kmem_cache *cache, struct slab_counts *counts)
{
	memset(counts, 0, sizeof(*counts));
	counts->active = counts->objects = racy_read(cache->nr_live);
}

void slab_uncount(const struct page *page)
{
	count_frames(page, slab_order(page), -1);
}

static void name_objects_of(const struct kmem_cache *cache, const struct page *page,
			    unsigned *named)
{
	u32 at = 0;

	for (; at < UNITS && *named < 16; at += piece_at(page, at)->units) {
		const struct piece *piece = piece_at(page, at);

		if (piece->mark != MARK_USED || piece->id != cache->id)
			continue;
		printk("heap: %s: object %p (in the frame at %p) is in use\n", cache->name,
		       object_in(piece), page_address(page));
		if (cache->flags & SLAB_DEBUG_FLAGS)
			slab_debug->describe(cache, object_in(piece));
		++*named;
	}
}

/* The next frame of the heap's behind one, or the first. */
static struct page *next_frame(const struct page *page)
{
	for (unsigned long pfn = page ? page_to_pfn(page) + 1 : 0; pfn < quire_max_pfn; pfn++)
		if (pfn_valid(pfn) && PageFlag(pfn_to_page(pfn), PG_slab))
			return pfn_to_page(pfn);
	return NULL;
}

void name_live_objects(const struct kmem_cache *cache)
{
	unsigned named = 0;

	for (struct page *page = NULL; named < 16 && (page = next_frame(page));) {
		if (page->slab_remote != OWN_FRAMES)
			name_objects_of(cache, page, &named);
		else if (page->slab_id == cache->id)
			printk("heap: %s: object %p is in use\n", cache->name, page_address(page));
	}
}

void backend_exit(void)
{
	memset(slob.list, 0, sizeof(slob.list));
}

/* ---- debugging ------------------------------------------------------------------------------- */
unsigned long validate_slob(struct kmem_cache *cache)
{
	unsigned long errors = 0;

	for (struct page *page = NULL; (page = next_frame(page));)
		for (u32 at = 0; page->slab_remote != OWN_FRAMES && at < UNITS;
		     at += piece_at(page, at)->units)
			if (piece_at(page, at)->mark == MARK_USED &&
			    piece_at(page, at)->id == cache->id)
				errors += !slab_debug->check(cache, object_in(piece_at(page, at)),
							     true);
	return errors;
}

/* ---- laws ------------------------------------------------------------------------------------ */
/* One frame, piece by piece. */
static const char *check_frame(const struct page *page)
{
	const struct piece *expected = page->slab_free;
	u32 at = 0, free_units = 0;
	bool free_before = false;

	while (at < UNITS) {
		const struct piece *piece = piece_at(page, at);

		if (!piece->units || at + piece->units > UNITS)
			return "a piece is longer than its frame";
		if (piece->mark == MARK_FREE) {
			if (piece != expected)
				return "a frame's free pieces are not in order";
			if (free_before)
				return "two free pieces touch";
			free_units += piece->units;
			expected = next_free(page, piece);
		} else if (piece->mark == MARK_USED && piece->id < ID_OF(MAX_CACHES) &&
			   cache_by_id(piece->id)) {
			cache_by_id(piece->id)->check_slabs++;
		} else {
			return "a piece has no header";
		}
		free_before = piece->mark == MARK_FREE;
		at += piece->units;
	}
	return free_units == page->inuse && !expected ? NULL
						      : "a frame's free units are miscounted";
}

const char *slab_check(const struct page *page)
{
	if (page->slab_remote != OWN_FRAMES)
		return check_frame(page);
	cache_of(page)->check_slabs++;
	return NULL;
}

/* Objects are counted here, not slabs. */
const char *cache_recount(const struct kmem_cache *cache)
{
	return cache->check_slabs == cache->nr_live
		       ? NULL
		       : "a cache has more or fewer objects than it counts";
}

static const char *check_list(enum slob_list which)
{
	const struct slab_list *list = &slob.list[which];
	unsigned long n = 0;

	for (struct page *page = slab_list_first(list); page; page = slab_list_next(page)) {
		if (!PageFlag(page, PG_slab) || page->slab_remote != which || !page->inuse)
			return "a list of frames leads to a wrong one";
		if (++n > list->nr)
			return "a list of frames is longer than its count";
	}
	return n == list->nr ? NULL : "a list of frames is shorter than its count";
}

const char *cache_check(struct kmem_cache *cache)
{
	const char *why = NULL;

	(void)cache;
	for (unsigned i = 0; i < NR_SLOB_LISTS && !why; i++)
		why = check_list(i);
	return why;
}
#endif
