/* SPDX-License-Identifier: MIT */
/*
 * heap/drain.c - what CPUs own is taken back: all of one's own and of CPUs that are stopped, and of
 * CPUs that run what is empty.
 *
 *   close the gate of every CPU for slow paths, make all pass a barrier, wait until none is busy:
 *   from now on a running CPU touches no slab of its own but the active ones.  See frames/drain.c.
 *
 * Lock: heap_drain_lock, between those who drain; a cache is destroyed under it.
 */
#include "heap.h"

/* Whether CPUs own anything: with slob they do not. */
#define CPUS_OWN (QUIRE_HEAP != QUIRE_HEAP_SLOB)

u32 heap_drain_lock;

typedef void give_up_fn(struct kmem_cache *cache, unsigned cpu, struct leaving *out);

static void give_up(struct kmem_cache *cache, unsigned cpu, give_up_fn *fn)
{
	struct leaving out = { NULL, NULL };

	fn(cache, cpu, &out);
	let_go(cache, &out);
}

/* Of every cache.  What leaves does so one cache at a time: that must not find us busy. */
static void for_caches(unsigned cpu, give_up_fn *fn)
{
	struct kmem_cache *cache;

	list_for_each_entry(cache, &heap.caches, list)
		give_up(cache, cpu, fn);
}

static void own_give_up(struct kmem_cache *cache, give_up_fn *fn)
{
	struct quire_cpu *cpu = this_cpu_ptr(&quire_cpu);
	struct leaving out = { NULL, NULL };

	while (!heap_enter(cpu))
		port_cpu_relax(); /* somebody without the lock: nobody */
	fn(cache, port_cpu_id(), &out);
	pcp_leave(cpu);
	let_go(cache, &out);
}

void cache_flush_own(struct kmem_cache *cache)
{
	if (!CPUS_OWN || in_interrupt())
		return;
	raw_lock(&heap_drain_lock);
	own_give_up(cache, cache_hand_over);
	raw_unlock(&heap_drain_lock);
}

void cache_flush(struct kmem_cache *cache)
{
	unsigned cpu;

	if (!CPUS_OWN)
		return;
	for_each_possible_cpu(cpu)
		give_up(cache, cpu, cache_hand_over);
}

static void drain_cpu_locked(unsigned cpu)
{
	struct kmem_cache *cache;

	if (!CPUS_OWN || !heap.running)
		return;
	if (cpu != port_cpu_id())
		for_caches(cpu, cache_hand_over);
	else if (!in_interrupt())
		list_for_each_entry(cache, &heap.caches, list)
			own_give_up(cache, cache_hand_over);
}

void heap_drain_cpu(unsigned cpu)
{
	raw_lock(&heap_drain_lock);
	drain_cpu_locked(cpu);
	raw_unlock(&heap_drain_lock);
}

void heap_trim(void)
{
	struct kmem_cache *cache;

	if (!heap.running || in_interrupt() || !raw_trylock(&heap_drain_lock))
		return;
	list_for_each_entry(cache, &heap.caches, list)
		own_give_up(cache, cache_trim);
	raw_unlock(&heap_drain_lock);
}

static void set_claimed(unsigned cpu, bool claimed)
{
	u32 *closed = &percpu_of(&quire_cpu, cpu)->closed;

	if (claimed)
		__atomic_fetch_or(closed, QUIRE_GATE_HEAP_CLAIMED, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(closed, ~QUIRE_GATE_HEAP_CLAIMED, __ATOMIC_RELEASE);
}

/* Of another CPU, whose gate is closed.  `fenced`: it has passed a barrier since, if it runs. */
static void drain_other(unsigned cpu, bool fenced)
{
	bool runs = __atomic_load_n(&quire_online_cpus, __ATOMIC_SEQ_CST) >> cpu & 1;

	if (!runs) {
		drain_cpu_locked(cpu);
	} else if (fenced) {
		while (__atomic_load_n(&percpu_of(&quire_cpu, cpu)->busy, __ATOMIC_ACQUIRE))
			port_cpu_relax();
		for_caches(cpu, cache_trim);
	}
}

static void drain_others(void)
{
	bool fenced;
	unsigned cpu;

	if (!CPUS_OWN)
		return;
	for_each_possible_cpu(cpu)
		if (cpu != port_cpu_id())
			set_claimed(cpu, true);
	fenced = port_membarrier();
	for_each_possible_cpu(cpu) {
		if (cpu == port_cpu_id())
			continue;
		drain_other(cpu, fenced);
		set_claimed(cpu, false);
	}
}

void heap_drain(void)
{
	struct kmem_cache *cache;

	if (!heap.running)
		return;
	raw_lock(&heap_drain_lock);
	drain_others();
	/* Where slabs have lists outside of them, the second round is for these. */
	for (unsigned round = QUIRE_HEAP == QUIRE_HEAP_SLAB ? 0 : 1; round < 2; round++) {
		drain_cpu_locked(port_cpu_id());
		list_for_each_entry(cache, &heap.caches, list)
			cache_shrink(cache);
	}
	raw_unlock(&heap_drain_lock);
}
