/* SPDX-License-Identifier: MIT */
/*
 * quire/memblock.h - memory before there is an allocator: two sorted lists of ranges.
 *
 *   memory    |#################|        |##################################|    what RAM there is
 *   reserved     |###|     |##|                 |#########|                      what of it is taken
 *
 * An allocation finds a hole in `reserved` that lies inside `memory` and adds it.  Fields are those of Linux 6.x.
 * Always true:  in each list regions are sorted, disjoint, not empty, and neighbours that touch differ in nid or flags.
 * Context:      boot, one CPU; no locks.  Nothing sleeps.  Functions that return int: 0 or -errno.
 */
#ifndef QUIRE_MEMBLOCK_H
#define QUIRE_MEMBLOCK_H

#include <quire/types.h>

enum memblock_flags {
	MEMBLOCK_NONE = 0x0,
	MEMBLOCK_HOTPLUG = 0x1, /* may be unplugged: allocated from last                */
	MEMBLOCK_MIRROR = 0x2,  /* mirrored by the hardware: preferred once any is      */
	MEMBLOCK_NOMAP = 0x4,   /* not in the linear map, never allocated               */
	MEMBLOCK_DRIVER_MANAGED = 0x8,
	MEMBLOCK_RSRV_NOINIT = 0x10,
};

struct memblock_region {
	phys_addr_t base; /* bytes                                                */
	phys_addr_t size; /* bytes, not 0                                         */
	enum memblock_flags flags;
	int nid; /* node, or NUMA_NO_NODE                                */
};

struct memblock_type {
	unsigned long cnt;      /* regions in use                                       */
	unsigned long max;      /* regions that fit; doubled when full                  */
	phys_addr_t total_size; /* bytes in all regions                                 */
	struct memblock_region *regions;
	const char *name;
};

struct memblock {
	bool bottom_up;            /* search from low addresses                            */
	phys_addr_t current_limit; /* allocations end at or below this                     */
	struct memblock_type memory;
	struct memblock_type reserved;
};
extern struct memblock memblock;

#define MEMBLOCK_ALLOC_ANYWHERE   (~(phys_addr_t)0)
#define MEMBLOCK_ALLOC_ACCESSIBLE 0 /* up to memblock.current_limit                         */
#define MEMBLOCK_LOW_LIMIT        0

/* ---- the two lists -------------------------------------------------------------------------------- */
/* Ranges may overlap what is there; they are cut at the end of the address space. */
int memblock_add(phys_addr_t base, phys_addr_t size);
int memblock_add_node(phys_addr_t base, phys_addr_t size, int nid, enum memblock_flags flags);
int memblock_remove(phys_addr_t base, phys_addr_t size);
int memblock_reserve(phys_addr_t base, phys_addr_t size);
int memblock_phys_free(phys_addr_t base, phys_addr_t size);
/* ptr from memblock_alloc(). */
void memblock_free(void *ptr, size_t size);
int memblock_mark_hotplug(phys_addr_t base, phys_addr_t size);
int memblock_clear_hotplug(phys_addr_t base, phys_addr_t size);
int memblock_mark_mirror(phys_addr_t base, phys_addr_t size);
int memblock_mark_nomap(phys_addr_t base, phys_addr_t size);
int memblock_clear_nomap(phys_addr_t base, phys_addr_t size);
int memblock_set_node(phys_addr_t base, phys_addr_t size, struct memblock_type *type, int nid);

/* Let go of memory: beyond the first `limit` bytes of RAM; or all outside [base, base + size). */
void memblock_enforce_memory_limit(phys_addr_t limit);
void memblock_cap_memory_range(phys_addr_t base, phys_addr_t size);
/* Cut every bank to multiples of align. */
void memblock_trim_memory(phys_addr_t align);

static inline void memblock_set_bottom_up(bool enable)
{
	memblock.bottom_up = enable;
}

static inline bool memblock_bottom_up(void)
{
	return memblock.bottom_up;
}

void memblock_set_current_limit(phys_addr_t limit);
phys_addr_t memblock_get_current_limit(void);

/* ---- questions ------------------------------------------------------------------------------------- */
bool memblock_is_memory(phys_addr_t addr);
bool memblock_is_map_memory(phys_addr_t addr); /* memory and not NOMAP                 */
bool memblock_is_reserved(phys_addr_t addr);
bool memblock_is_region_memory(phys_addr_t base, phys_addr_t size);   /* wholly               */
bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size); /* at least partly      */
bool memblock_overlaps_region(const struct memblock_type *type, phys_addr_t base, phys_addr_t size);
phys_addr_t memblock_phys_mem_size(void);
phys_addr_t memblock_reserved_size(void);
phys_addr_t memblock_start_of_DRAM(void);
phys_addr_t memblock_end_of_DRAM(void);
/* Node of the bank that holds addr; NUMA_NO_NODE if none. */
int memblock_get_region_node_at(phys_addr_t addr);
/* Both lists, to the log. */
void memblock_dump_all(void);
/* Words of the broken law, or NULL. */
const char *memblock_check(void);

/* ---- allocation ------------------------------------------------------------------------------------- */
/* Where `size` bytes would go within [start, end); 0: nowhere.  Reserves nothing. */
phys_addr_t memblock_find_in_range(phys_addr_t start, phys_addr_t end, phys_addr_t size,
				   phys_addr_t align);

/* Physical address of reserved memory, not cleared; 0: no room. */
phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				      phys_addr_t end);
phys_addr_t memblock_phys_alloc_try_nid(phys_addr_t size, phys_addr_t align, int nid);
static inline phys_addr_t memblock_phys_alloc(phys_addr_t size, phys_addr_t align)
{
	return memblock_phys_alloc_range(size, align, 0, MEMBLOCK_ALLOC_ACCESSIBLE);
}

/* Linear-map address of reserved memory, zero except from the _raw forms; NULL: no room.  Node preference: another node
 * serves if nid cannot (exact_nid: not); min_addr too is given up before failing. */
void *memblock_alloc_try_nid(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
			     phys_addr_t max_addr, int nid);
void *memblock_alloc_try_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
				 phys_addr_t max_addr, int nid);
void *memblock_alloc_exact_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
				   phys_addr_t max_addr, int nid);
static inline void *memblock_alloc(phys_addr_t size, phys_addr_t align)
{
	return memblock_alloc_try_nid(size, align, 0, MEMBLOCK_ALLOC_ACCESSIBLE, NUMA_NO_NODE);
}
static inline void *memblock_alloc_raw(phys_addr_t size, phys_addr_t align)
{
	return memblock_alloc_try_nid_raw(size, align, 0, MEMBLOCK_ALLOC_ACCESSIBLE, NUMA_NO_NODE);
}
static inline void *memblock_alloc_from(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr)
{
	return memblock_alloc_try_nid(size, align, min_addr, MEMBLOCK_ALLOC_ACCESSIBLE,
				      NUMA_NO_NODE);
}
static inline void *memblock_alloc_low(phys_addr_t size, phys_addr_t align)
{
	return memblock_alloc_try_nid(size, align, 0, 1ULL << 32, NUMA_NO_NODE);
}
static inline void *memblock_alloc_node(phys_addr_t size, phys_addr_t align, int nid)
{
	return memblock_alloc_try_nid(size, align, 0, MEMBLOCK_ALLOC_ACCESSIBLE, nid);
}

/* ---- iterators ------------------------------------------------------------------------------------- */
/* Step *idx (start with 0) through what is in `a` and not in `b` (b may be NULL); regions of node nid only unless it is
 * NUMA_NO_NODE; NOMAP regions are left out.  At the end *idx is ~0. */
void __next_mem_range(u64 *idx, int nid, const struct memblock_type *a,
		      const struct memblock_type *b, phys_addr_t *start, phys_addr_t *end,
		      int *out_nid);
void __next_mem_range_rev(u64 *idx, int nid, const struct memblock_type *a,
			  const struct memblock_type *b, phys_addr_t *start, phys_addr_t *end,
			  int *out_nid);

#define for_each_mem_region(region)                                                                \
	for ((region) = memblock.memory.regions;                                                   \
	     (region) < memblock.memory.regions + memblock.memory.cnt; (region)++)
#define for_each_reserved_mem_region(region)                                                       \
	for ((region) = memblock.reserved.regions;                                                 \
	     (region) < memblock.reserved.regions + memblock.reserved.cnt; (region)++)
/* i: u64; p_start, p_end: phys_addr_t * (end is exclusive); p_nid: int * or NULL. */
#define __for_each_mem_range(i, a, b, nid, p_start, p_end, p_nid)                                  \
	for ((i) = 0, __next_mem_range(&(i), (nid), (a), (b), (p_start), (p_end), (p_nid));        \
	     (i) != ~0ULL; __next_mem_range(&(i), (nid), (a), (b), (p_start), (p_end), (p_nid)))
#define for_each_mem_range(i, p_start, p_end)                                                      \
	__for_each_mem_range(i, &memblock.memory, NULL, NUMA_NO_NODE, p_start, p_end, NULL)
#define for_each_free_mem_range(i, nid, p_start, p_end, p_nid)                                     \
	__for_each_mem_range(i, &memblock.memory, &memblock.reserved, nid, p_start, p_end, p_nid)
#define for_each_free_mem_range_reverse(i, nid, p_start, p_end, p_nid)                             \
	for ((i) = ~0ULL, __next_mem_range_rev(&(i), (nid), &memblock.memory, &memblock.reserved,  \
					       (p_start), (p_end), (p_nid));                       \
	     (i) != ~0ULL - 1;                                                                     \
	     __next_mem_range_rev(&(i), (nid), &memblock.memory, &memblock.reserved, (p_start),    \
				  (p_end), (p_nid)))
#define for_each_reserved_mem_range(i, p_start, p_end)                                             \
	__for_each_mem_range(i, &memblock.reserved, NULL, NUMA_NO_NODE, p_start, p_end, NULL)

/* Forget everything: as at power-on. */
void memblock_exit(void);

#endif
