/* SPDX-License-Identifier: MIT */
/*
 * heap/debug.c - objects that tell what was done to them, for caches created with debugging flags.
 *
 *   | 6b 6b 6b ... 6b a5 | bb bb .. | last alloc | last free |       a free object: POISON, RED_ZONE, STORE_USER
 *   | user's bytes       | cc cc .. | last alloc | last free |       one in use
 *
 * 6b: freed, 5a: fresh and never used; a5: its last byte.  Such caches park nothing on CPUs, so
 * every operation comes here.
 * Lock: none; the object belongs to the caller.
 */
#include "heap.h"

#define BYTE_FREED    0x6b
#define BYTE_FRESH    0x5a
#define BYTE_END      0xa5
#define BYTE_RED_FREE 0xbb
#define BYTE_RED_USED 0xcc
#define RED_BYTES     8u

static void poison(const struct kmem_cache *cache, u8 *object, int byte)
{
	if (!(cache->flags & SLAB_POISON) || cache->ctor)
		return;
	memset(object, byte, cache->object_size - 1);
	object[cache->object_size - 1] = BYTE_END;
}

static void set_redzone(const struct kmem_cache *cache, u8 *object, int byte)
{
	if (cache->flags & SLAB_RED_ZONE)
		memset(object + cache->redzone, byte, RED_BYTES);
}

/* Offset of the first byte of [at, at + n) that is not `byte`, or n. */
static u32 first_other(const u8 *at, u32 n, int byte)
{
	u32 i = 0;

	while (i < n && at[i] == byte)
		i++;
	return i;
}

static bool redzone_ok(const struct kmem_cache *cache, const u8 *object, int byte)
{
	u32 at;

	if (!(cache->flags & SLAB_RED_ZONE))
		return true;
	at = first_other(object + cache->redzone, RED_BYTES, byte);
	if (at == RED_BYTES)
		return true;
	quire_damage(
		"heap: %s: object %p was overrun: byte %u behind its end is 0x%02x, not 0x%02x",
		cache->name, (const void *)object, at, object[cache->redzone + at], (unsigned)byte);
	return false;
}

static void check_poison(const struct kmem_cache *cache, const u8 *object)
{
	u32 n = cache->object_size - 1, at;

	if (!(cache->flags & SLAB_POISON) || cache->ctor)
		return;
	at = first_other(object, n, object[0] == BYTE_FRESH ? BYTE_FRESH : BYTE_FREED);
	if (at == n && object[n] == BYTE_END)
		return;
	quire_damage("heap: %s: object %p was written after it was freed: byte %u is 0x%02x",
		     cache->name, (const void *)object, at, object[at]);
}

static const void **track(const struct kmem_cache *cache, void *object)
{
	return (const void **)((char *)object + cache->track);
}

void debug_object_fresh(const struct kmem_cache *cache, void *object)
{
	poison(cache, object, BYTE_FRESH);
	set_redzone(cache, object, BYTE_RED_FREE);
	if (cache->flags & SLAB_STORE_USER)
		track(cache, object)[0] = track(cache, object)[1] = NULL;
}

void debug_object_alloc(const struct kmem_cache *cache, void *object, const void *caller)
{
	check_poison(cache, object);
	redzone_ok(cache, object, BYTE_RED_FREE);
	set_redzone(cache, object, BYTE_RED_USED);
	if (cache->flags & SLAB_STORE_USER)
		track(cache, object)[0] = caller;
}

static void tell_users(const struct kmem_cache *cache, void *object)
{
	if (cache->flags & SLAB_STORE_USER)
		printk("heap: %s: object %p was last allocated by %p and freed by %p\n",
		       cache->name, object, track(cache, object)[0], track(cache, object)[1]);
}

bool debug_object_free(struct kmem_cache *cache, struct page *slab, void *object,
		       const void *caller)
{
	struct heap_node *node = node_of(cache, slab);
	unsigned long flags;
	bool twice;

	if (!(cache->flags & SLAB_DEBUG_FLAGS))
		return true;
	spin_lock_irqsave(&node->lock, flags);
	twice = is_free_in_slab(cache, slab, object);
	spin_unlock_irqrestore(&node->lock, flags);
	if (twice) {
		quire_damage("heap: %p of cache %s is freed twice", object, cache->name);
		tell_users(cache, object);
		return false;
	}
	if (!redzone_ok(cache, object, BYTE_RED_USED)) {
		tell_users(cache, object);
		return false;
	}
	if (cache->flags & SLAB_STORE_USER)
		track(cache, object)[1] = caller;
	poison(cache, object, BYTE_FREED);
	set_redzone(cache, object, BYTE_RED_FREE);
	return true;
}
