/* SPDX-License-Identifier: MIT */
/*
 * heap/freelist.h - slub's links from one free object to the next, read and written here only.
 *
 *   QUIRE_SLAB_FREELIST_HARDENED 0:  link = next
 *                                1:  link = next ^ secret of the cache ^ the link's own address, bytes reversed
 *
 * Hardened, a link that somebody wrote to decodes to an address that is no object of the slab: it is
 * reported, and the list ends there.  The objects behind are lost; they count as in use for good.
 */
#ifndef QUIRE_SRC_HEAP_FREELIST_H
#define QUIRE_SRC_HEAP_FREELIST_H

#include "slub.h"

#if QUIRE_HEAP == QUIRE_HEAP_SLUB

#if QUIRE_SLAB_FREELIST_HARDENED
static inline unsigned long cache_secret(const struct kmem_cache *cache)
{
	return cache->secret;
}

static inline unsigned long cpu_secret(const struct slab_cpu *c)
{
	return c->secret;
}

static inline void share_secret(struct slab_cpu *c, const struct kmem_cache *cache)
{
	c->secret = cache->secret;
	c->id = cache->id;
}
#else
static inline unsigned long cache_secret(const struct kmem_cache *cache)
{
	(void)cache;
	return 0;
}

static inline unsigned long cpu_secret(const struct slab_cpu *c)
{
	(void)c;
	return 0;
}

static inline void share_secret(struct slab_cpu *c, const struct kmem_cache *cache)
{
	(void)c, (void)cache;
}
#endif

/* From a link's value to what is stored at `at`, and back. */
static quire_always_inline void *link_code(const void *at, const void *value, unsigned long secret)
{
	unsigned long place = (unsigned long)at;

	if (!QUIRE_SLAB_FREELIST_HARDENED)
		return (void *)value;
	place = sizeof(place) == 8 ? (unsigned long)__builtin_bswap64(place)
				   : __builtin_bswap32((u32)place);
	return (void *)((unsigned long)value ^ secret ^ place);
}

/* The link of an object, whatever it leads to. */
static inline void *link_next(const struct kmem_cache *cache, const void *object)
{
	void *const *at = (void *const *)((const char *)object + cache->link);

	return link_code(at, *at, cache_secret(cache));
}

static inline void set_link(const struct kmem_cache *cache, void *object, const void *next)
{
	void **at = (void **)((char *)object + cache->link);

	*at = link_code(at, next, cache_secret(cache));
}

/* ---- with a check, where it is hardened ------------------------------------------------------ */
/* Report that the object's link leads to `next`, which is no object: NULL. */
quire_cold void *freelist_broken(const void *object, const void *next);
/* The same, and the link becomes the end of its list. */
quire_cold void *freelist_cut(const struct kmem_cache *cache, void *object);
/* What the end of a remote chain says, which is not sound: nothing is behind. */
quire_cold void *freelist_cut_remote(const void *object, const void *next);
/* Whether the value of a link can be the end of a chain of slab_remote. */
bool is_remote_end(const struct kmem_cache *cache, const void *link);

/* The next one on a list of free objects; sound, or NULL. */
static inline void *next_object(const struct kmem_cache *cache, const struct page *slab,
				void *object)
{
	void *next = link_next(cache, object);

	if (QUIRE_SLAB_FREELIST_HARDENED && next && unlikely(!is_object_of(cache, slab, next)))
		return freelist_cut(cache, object);
	return next;
}

/* The same for who only looks: the list ends where it is broken, and stays so. */
static inline void *peek_object(const struct kmem_cache *cache, const struct page *slab,
				const void *object)
{
	void *next = link_next(cache, object);

	if (QUIRE_SLAB_FREELIST_HARDENED && next && unlikely(!is_object_of(cache, slab, next)))
		return NULL;
	return next;
}

/* On a chain of slab_remote: the next object, or the end's mark. */
static inline void *next_remote(const struct kmem_cache *cache, const struct page *slab,
				void *object)
{
	void *next = link_next(cache, object);

	if (QUIRE_SLAB_FREELIST_HARDENED && unlikely(!is_remote_end(cache, next)) &&
	    unlikely(!is_object_of(cache, slab, next)))
		return freelist_cut_remote(object, next);
	return next;
}

/* The list of a slab that counts its objects ended, perhaps too early: those that are lost count as in
 * use.  How many. */
static inline u32 count_lost(const struct kmem_cache *cache, struct page *slab)
{
	u32 lost;

	if (!QUIRE_SLAB_FREELIST_HARDENED || slab->slab_free)
		return 0;
	lost = cache->objects - slab_unchained(cache, slab) - slab->inuse;
	slab->inuse = (u16)(slab->inuse + lost);
	return lost;
}

/* ---- what a CPU has at hand: of any slabs, the link is at an object's start --------------------- */
/* Whether the address is an object of the cache that the CPU has this of. */
bool is_at_hand(const struct slab_cpu *c, const void *object);

static quire_always_inline void *next_at_hand(const struct slab_cpu *c, void *object)
{
	void *next = link_code(object, *(void **)object, cpu_secret(c));

	if (QUIRE_SLAB_FREELIST_HARDENED && next && unlikely(!is_at_hand(c, next)))
		return freelist_broken(object, next);
	return next;
}

static quire_always_inline void set_next_at_hand(const struct slab_cpu *c, void *object,
						 const void *next)
{
	*(void **)object = link_code(object, next, cpu_secret(c));
}
#endif

/* ---- freelist.c ------------------------------------------------------------------------------ */
/* A number that somebody who writes to objects does not know, as far as the port has one. */
unsigned long heap_random(void);

#endif
