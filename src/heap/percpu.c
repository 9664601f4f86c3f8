/* SPDX-License-Identifier: MIT */
/*
 * heap/percpu.c - one area of memory for every CPU: the static per-CPU variables, then room for
 * dynamic ones.
 *
 *   area of a CPU   | copy of section quire_percpu | dynamic: 16-byte units ............................ |
 *   used bitmap      1111111111111111111111111111111 1110011111000...
 *   last bitmap                                      0010000001000...    ends of allocations, for free_percpu()
 *
 * Always true:  the layout is the same in every area, so one handle (an offset from the section's
 *               start) serves all.
 * Lock:         percpu.lock for the bitmaps.
 */
#include <quire/bitmap.h>
#include <quire/err.h>
#include <quire/late_cpu.h>
#include <quire/stop.h>
#include "heap.h"

#define UNIT       16u
#define AREA_MIN   (QUIRE_PERCPU_KIB << 10) /* bytes for dynamic variables: at least, at most */
#define AREA_MAX   (96u << 10)
#define MAX_STATIC (sizeof(struct vm_counters) + sizeof(struct quire_cpu) + (64u << 10))
#define MAX_UNITS  ((MAX_STATIC + AREA_MAX) / UNIT)

extern char __start_quire_percpu[], __stop_quire_percpu[];

static struct {
	spinlock_t lock;
	size_t area_size;                /* (c) bytes, whole pages; 0 while there are none       */
	char *area[QUIRE_NR_CPUS];       /* (c)                                                  */
	DECLARE_BITMAP(used, MAX_UNITS); /* by unit of an area                                   */
	DECLARE_BITMAP(last, MAX_UNITS);
} percpu;

static size_t static_size(void)
{
	return (size_t)(__stop_quire_percpu - __start_quire_percpu);
}

/* Small machines get small areas. */
static size_t dynamic_size(unsigned nr_cpus)
{
	unsigned long share = totalram_pages() / 512 * PAGE_SIZE / nr_cpus;

	share = max(share, (unsigned long)AREA_MIN);
	return min(share, (unsigned long)AREA_MAX);
}

static void free_areas(void)
{
	for (unsigned cpu = 0; cpu < QUIRE_NR_CPUS; cpu++) {
		if (percpu.area[cpu])
			free_pages_exact(percpu.area[cpu], percpu.area_size);
		percpu.area[cpu] = NULL;
	}
	percpu.area_size = 0;
}

static int make_areas(unsigned nr_cpus)
{
	percpu.area_size =
		PAGE_ALIGN(QUIRE_ALIGN_UP(static_size(), (size_t)UNIT) + dynamic_size(nr_cpus));
	percpu.area_size =
		min(percpu.area_size, (size_t)(MAX_UNITS * UNIT / PAGE_SIZE * PAGE_SIZE));
	percpu.area_size = min(percpu.area_size, (size_t)(PAGE_SIZE << MAX_PAGE_ORDER));
	if (percpu.area_size < static_size())
		return -ENOMEM;
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		/* Dynamic variables are cleared when they are made. */
		percpu.area[cpu] = alloc_pages_exact(percpu.area_size, GFP_KERNEL);
		if (!percpu.area[cpu])
			return -ENOMEM;
	}
	return 0;
}

int percpu_init(unsigned nr_cpus)
{
	if (!nr_cpus || nr_cpus > QUIRE_NR_CPUS || static_size() > MAX_STATIC)
		return -EINVAL;
	memset(&percpu, 0, sizeof(percpu));
	spin_lock_init(&percpu.lock, "percpu", LOCK_RANK_PERCPU);
	bitmap_set(percpu.used, 0, DIV_ROUND_UP(static_size(), UNIT));
	if (make_areas(nr_cpus)) {
		free_areas();
		return -ENOMEM;
	}
	quire_nr_cpus = nr_cpus;
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		memcpy(percpu.area[cpu], __start_quire_percpu, static_size());
		quire_percpu_offset[cpu] =
			(unsigned long)percpu.area[cpu] - (unsigned long)__start_quire_percpu;
		per_cpu(quire_cpu, cpu).token = (u16)(cpu + 1);
		per_cpu(quire_cpu, cpu).closed &= ~QUIRE_GATE_NOBODY;
		port_percpu_set(cpu, quire_percpu_offset[cpu]);
	}
	quire_online_cpus = 1;
	vmstat_cpus_init();
	pcp_init();
	return 0;
}

/* The part of an area that any variable is in. */
static size_t used_size(void)
{
	unsigned long unit = percpu.area_size / UNIT;

	while (unit > 0 && !test_bit(unit - 1, percpu.used))
		unit--;
	return unit * UNIT;
}

int percpu_add_cpu(unsigned like)
{
	unsigned cpu = quire_nr_cpus;

	if (!percpu.area_size || like >= cpu)
		return -EINVAL;
	if (cpu >= QUIRE_NR_CPUS)
		return -ENOSPC;
	percpu.area[cpu] = alloc_pages_exact(percpu.area_size, GFP_KERNEL);
	if (!percpu.area[cpu])
		return -ENOMEM;
	memcpy(percpu.area[cpu], percpu.area[like], used_size());
	quire_percpu_offset[cpu] =
		(unsigned long)percpu.area[cpu] - (unsigned long)__start_quire_percpu;
	per_cpu(quire_cpu, cpu).token = (u16)(cpu + 1);
	if (pcp_add_cpu(cpu)) {
		free_pages_exact(percpu.area[cpu], percpu.area_size);
		percpu.area[cpu] = NULL;
		quire_percpu_offset[cpu] = 0;
		return -ENOMEM;
	}
	port_percpu_set(cpu, quire_percpu_offset[cpu]);
	__atomic_store_n(&quire_nr_cpus, cpu + 1, __ATOMIC_RELEASE);
	return (int)cpu;
}

void percpu_exit(void)
{
	if (!percpu.area_size)
		return;
	pcp_exit();
	memcpy(__start_quire_percpu, percpu.area[0], static_size());
	quire_cpu.closed |= QUIRE_GATE_NOBODY;
	for (unsigned cpu = 0; cpu < quire_nr_cpus; cpu++) {
		quire_percpu_offset[cpu] = 0;
		port_percpu_set(cpu, 0);
	}
	quire_nr_cpus = 1;
	quire_online_cpus = 1;
	free_areas();
}

u32 *percpu_lock_word(void)
{
	return &percpu.lock.locked;
}

/* ---- dynamic variables ----------------------------------------------------------------------- */
void __percpu *__alloc_percpu(size_t size, size_t align)
{
	unsigned long units = DIV_ROUND_UP(size, UNIT), limit = percpu.area_size / UNIT, at, flags;
	unsigned cpu;

	if (!size || align > PAGE_SIZE || align & (align - 1) || units > limit)
		return NULL;
	spin_lock_irqsave(&percpu.lock, flags);
	at = bitmap_find_next_zero_area(percpu.used, limit, 0, units, max(align / UNIT, (size_t)1));
	if (at < limit) {
		bitmap_set(percpu.used, at, units);
		__set_bit(at + units - 1, percpu.last);
	}
	spin_unlock_irqrestore(&percpu.lock, flags);
	if (at >= limit)
		return NULL;
	for_each_possible_cpu(cpu)
		memset(percpu.area[cpu] + at * UNIT, 0, units * UNIT);
	return (void *)((unsigned long)__start_quire_percpu + at * UNIT);
}

void free_percpu(void __percpu *ptr)
{
	unsigned long at = ((unsigned long)ptr - (unsigned long)__start_quire_percpu) / UNIT, flags,
		      end;
	bool bad;

	if (!ptr)
		return;
	spin_lock_irqsave(&percpu.lock, flags);
	bad = at >= percpu.area_size / UNIT || at < DIV_ROUND_UP(static_size(), UNIT) ||
	      !test_bit(at, percpu.used) ||
	      (test_bit(at - 1, percpu.used) && !test_bit(at - 1, percpu.last) &&
	       at != DIV_ROUND_UP(static_size(), UNIT));
	if (!bad) {
		end = find_next_bit(percpu.last, percpu.area_size / UNIT, at);
		bitmap_clear(percpu.used, at, end + 1 - at);
		__clear_bit(end, percpu.last);
	}
	spin_unlock_irqrestore(&percpu.lock, flags);
	if (bad)
		quire_damage("percpu: free of %p, which alloc_percpu did not return", ptr);
}

/* ---- CPUs come and go ------------------------------------------------------------------------ */
void quire_cpu_online(unsigned cpu)
{
	__atomic_fetch_or(&quire_online_cpus, 1ULL << cpu, __ATOMIC_SEQ_CST);
}

void quire_cpu_offline(unsigned cpu)
{
	heap_drain_cpu(cpu);
	drain_pages(cpu);
	__atomic_fetch_and(&quire_online_cpus, ~(1ULL << cpu), __ATOMIC_SEQ_CST);
}
