/* SPDX-License-Identifier: MIT */
/*
 * heap/slub_layout.c - how large slub's slabs are, what a CPU has of a cache at first, and how much CPUs
 * and nodes keep.
 *
 * Lock: none; the cache is not published yet, or not any more.
 */
#include <quire/err.h>
#include "freelist.h"

#if QUIRE_HEAP == QUIRE_HEAP_SLUB

/* For caches of which CPUs own no slabs: never anything in it. */
DEFINE_PER_CPU(struct slab_cpu, no_slab_cpu);

DEFINE_PER_CPU(struct slab_cpu, slab_cpus[NR_CPU_CACHES]);
u8 kmalloc_slot[KMALLOC_MAX_CACHE_SIZE / 8];

_Static_assert(ID_KMALLOC(NR_KMALLOC_CLASSES - 1) <= 255, "kmalloc_slot can point at every class");

void kmalloc_slots_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(kmalloc_slot); i++)
		kmalloc_slot[i] = (u8)ID_KMALLOC(kmalloc_class(8 * i + 8));
}

/* The smallest slab that wastes at most 1/part of itself and holds so many objects. */
static int choose_order(u32 size, u32 wanted, u32 part)
{
	for (unsigned order = 0; order <= MAX_SLAB_ORDER; order++) {
		u32 bytes = (u32)PAGE_SIZE << order;

		if (bytes / size >= wanted && bytes % size <= bytes / part)
			return (int)order;
	}
	return -1;
}

static int lay_out_slab(struct kmem_cache *cache)
{
	u32 most = (u32)(PAGE_SIZE << MAX_SLAB_ORDER) / cache->size, bytes;
	int order = -1;

	for (u32 wanted = min(most, (u32)MIN_OBJECTS); wanted && order < 0; wanted--)
		for (u32 part = 16; part >= 4 && order < 0; part /= 2)
			order = choose_order(cache->size, wanted, part);
	if (order < 0)
		order = (int)get_order(cache->size);
	if (order > MAX_PAGE_ORDER)
		return -EINVAL;
	bytes = (u32)PAGE_SIZE << order;
	cache->order = (u8)order;
	cache->unit_shift = (u8)max(3, order + PAGE_SHIFT - 15);
	cache->size = QUIRE_ALIGN_UP(cache->size, 1u << cache->unit_shift);
	cache->objects = (u16)(bytes / cache->size);
	return cache->objects ? 0 : -EINVAL;
}

/* What CPUs have of the cache: nothing yet. */
static void lay_out_cpus(struct kmem_cache *cache)
{
	bool found = cache->id < ID_OF(NR_CPU_CACHES);
	struct slab_cpu __percpu *cpus = found ? &slab_cpus[cache->id / ID_STEP] : NULL;
	unsigned cpu;

	cache->cpu = &no_slab_cpu;
	if (cache->flags & SLAB_DEBUG_FLAGS)
		return;
	if (!cpus)
		cpus = alloc_percpu(struct slab_cpu);
	if (!cpus)
		return; /* slower, but it works */
	cache->cpu = cpus;
	cache->owned = true;
	cache->counted = cache->link || !found || !cache->magic;
	for_each_possible_cpu(cpu) {
		*per_cpu_ptr(cpus, cpu) = (struct slab_cpu)
		{
#if QUIRE_NEAR_FREES
			.base = NO_BASE,
#else
			.mask = (PAGE_SIZE << cache->order) - 1,
#endif
			.order = cache->order, .magic = cache->magic, .limit = cache->limit,
			.notified = NOT_LISTENING,
		};
		share_secret(per_cpu_ptr(cpus, cpu), cache);
	}
}

/* As Linux: a node keeps more slabs of caches with large objects, a CPU more of those with small. */
static void set_limits(struct kmem_cache *cache)
{
	/* What was freed under debugging stays, so that writing to it shows. */
	u32 keep = cache->flags & SLAB_DEBUG_FLAGS ? max(QUIRE_MIN_PARTIAL + 0u, 5u)
						   : QUIRE_MIN_PARTIAL + 0u;
	u32 slab = (u32)PAGE_SIZE << cache->order;

	cache->min_partial = (u16)min(max(ilog2(cache->size) / 2, keep), 2 * keep);
	/* Constructed objects are worth more than others. */
	cache->keep_empty = cache->ctor
				    ? (u8)cache->min_partial
				    : (u8)min(max((QUIRE_CPU_EMPTY_KIB << 10) / slab, 1u), 255u);
	cache->cpu_partial = max((QUIRE_CPU_PARTIAL_KIB << 10) / slab, 1u);
	cache->cpu_list = min(max((QUIRE_CPU_LIST_KIB << 10) / cache->size, 8u), 256u);
}

int heap_attach(struct kmem_cache *cache)
{
	if (lay_out_slab(cache))
		return -EINVAL;
	if (cache->order <= MAX_SLAB_ORDER && PAGE_SIZE << MAX_SLAB_ORDER <= 32768) {
		cache->magic = ~0UL / cache->size + 1 + !(cache->size & (cache->size - 1));
		cache->limit = cache->objects * (cache->magic * cache->size);
	}
	set_limits(cache);
	lay_out_cpus(cache);
	return 0;
}

void heap_detach(struct kmem_cache *cache)
{
	if (cache->owned && cache->id >= ID_OF(NR_CPU_CACHES))
		free_percpu(cache->cpu);
}

unsigned long cache_live(struct kmem_cache *cache)
{
	unsigned long n = 0;

	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		n += cache->node[nid].nr_slabs * cache->objects - cache->node[nid].nr_free;
	return n;
}
#endif
