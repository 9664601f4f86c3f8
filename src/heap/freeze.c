/* SPDX-License-Identifier: MIT */
/*
 * heap/freeze.c - every lock of heap/ and frames/ at once, for fork().
 *
 *   who drains -> hotplug, page lists of other CPUs -> heap.lock -> percpu.lock -> nodes of all caches -> zones
 *
 * Lock: all of them, as bare words: rank checking knows a few at a time, not one for every cache.
 */
#include <quire/freeze.h>
#include "heap.h"

static void each_node(void (*fn)(u32 *word))
{
	struct kmem_cache *cache;

	if (!heap.running)
		return;
	if (slob_lock_word())
		fn(slob_lock_word());
	if (kfence)
		fn(kfence->lock_word());
	list_for_each_entry(cache, &heap.caches, list)
		for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
			fn(&cache->node[nid].lock.locked);
}

void quire_freeze(void)
{
	raw_lock(&heap_drain_lock);
	frames_freeze();
	raw_lock(&heap.lock.locked);
	raw_lock(percpu_lock_word());
	each_node(raw_lock);
	zones_freeze();
}

static void unlock_all(void)
{
	zones_thaw();
	each_node(raw_unlock);
	raw_unlock(percpu_lock_word());
	raw_unlock(&heap.lock.locked);
}

void quire_thaw(void)
{
	unlock_all();
	frames_thaw(false);
	raw_unlock(&heap_drain_lock);
}

void quire_thaw_copy(void)
{
	unlock_all();
	frames_thaw(true);
	raw_unlock(&heap_drain_lock);
}
