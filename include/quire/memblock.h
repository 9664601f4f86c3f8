/* SPDX-License-Identifier: MIT */
/*
 * quire/memblock.h - memory before there is an allocator: two sorted lists of ranges.
 *
 *   memory    |#################|        |#########################|    what RAM there is
 *   reserved     |###|     |##|                 |#########|             what of it is taken
 *
 * An allocation finds a hole in `reserved` that lies inside `memory` and adds it.  Fields, names
 * and arguments are those of Linux 6.x; see quire/linux/memblock.h for code written against it.
 * Always true:  in each list regions are sorted, disjoint, not empty, and neighbours that touch
 *               differ in nid or flags.
 * Context:      boot, one CPU; no locks.  Nothing sleeps.  Functions that return int: 0 or -errno.
 */
#ifndef QUIRE_MEMBLOCK_H
#define QUIRE_MEMBLOCK_H

#include <quire/types.h>

/* Regions that each list holds before it has to grow. */
#define INIT_MEMBLOCK_REGIONS QUIRE_BOOT_REGIONS
#define INIT_PHYSMEM_REGIONS  4

/* Node numbers in the lists are below this, whatever QUIRE_NR_NODES is; any other number means
 * "not known" in a region and "any" in a request. */
#ifndef MAX_NUMNODES
#define MAX_NUMNODES 64
#endif

static inline bool numa_valid_node(int nid)
{
	return nid >= 0 && nid < MAX_NUMNODES;
}

enum memblock_flags {
	MEMBLOCK_NONE = 0x0,
	MEMBLOCK_HOTPLUG = 0x1, /* may be unplugged: not allocated from if movable_node_enabled  */
	MEMBLOCK_MIRROR = 0x2,  /* mirrored by the hardware: preferred once any is               */
	MEMBLOCK_NOMAP = 0x4,   /* not in the linear map, never allocated                        */
	MEMBLOCK_DRIVER_MANAGED =
		0x8, /* a driver's, found by it and not by firmware: never allocated  */
	MEMBLOCK_RSRV_NOINIT =
		0x10, /* reserved: descriptors need not be initialised                 */
	MEMBLOCK_RSRV_KERN = 0x20, /* asked of __memblock_reserve(): for the kernel's own use.  Kept
		       * beside the list, so that it keeps no regions apart               */
	MEMBLOCK_KHO_SCRATCH =
		0x40, /* handed on by kexec for the next kernel's boot memory              */
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
	const char *name; /* for the log; a list without one never grows          */
};

struct memblock {
	bool bottom_up;            /* search from low addresses                            */
	phys_addr_t current_limit; /* allocations end at or below this                     */
	struct memblock_type memory;
	struct memblock_type reserved;
};
extern struct memblock memblock;

/* RAM as the machine has it, whatever limits were put on `memory`; only what
 * memblock_physmem_add() was told. */
extern struct memblock_type physmem;

/* Leave HOTPLUG memory alone; at first false.  Weak: an embedder may have its own. */
extern bool movable_node_enabled;
/* Take notice of MIRROR marks; at first true.  Weak, too. */
extern bool mirrored_kernelcore;

#define MEMBLOCK_ALLOC_ANYWHERE    (~(phys_addr_t)0)
#define MEMBLOCK_ALLOC_ACCESSIBLE  0 /* up to memblock.current_limit                         */
#define MEMBLOCK_ALLOC_NOLEAKTRACE 1 /* the same                                             */
#define MEMBLOCK_LOW_LIMIT         0
#ifndef ARCH_LOW_ADDRESS_LIMIT
#define ARCH_LOW_ADDRESS_LIMIT                                                                     \
	0xffffffffUL /* memblock_alloc_low() stays below it                  */
#endif

/* ---- the two lists ------------------------------------------------------------------------- */
/* Ranges may overlap what is there, whose node and flags then stay; they are cut at the end of the
 * address space.  memblock_add() leaves the node open until memblock_set_node(). */
int memblock_add(phys_addr_t base, phys_addr_t size);
int memblock_add_node(phys_addr_t base, phys_addr_t size, int nid, enum memblock_flags flags);
int memblock_remove(phys_addr_t base, phys_addr_t size);
int memblock_reserve(phys_addr_t base, phys_addr_t size);
int __memblock_reserve(phys_addr_t base, phys_addr_t size, int nid, enum memblock_flags flags);
/* For the kernel's own use, as every allocation is; see memblock_reserved_kern_size(). */
static inline int memblock_reserve_kern(phys_addr_t base, phys_addr_t size)
{
	return __memblock_reserve(base, size, NUMA_NO_NODE, MEMBLOCK_RSRV_KERN);
}
int memblock_physmem_add(phys_addr_t base, phys_addr_t size);
int memblock_phys_free(phys_addr_t base, phys_addr_t size);
/* ptr from memblock_alloc(). */
void memblock_free(void *ptr, size_t size);
/* After memblock_free_all(): whole frames of the range go to the buddy system. */
void memblock_free_late(phys_addr_t base, phys_addr_t size);

int memblock_mark_hotplug(phys_addr_t base, phys_addr_t size);
int memblock_clear_hotplug(phys_addr_t base, phys_addr_t size);
/* Without mirrored_kernelcore: 0, and nothing is marked. */
int memblock_mark_mirror(phys_addr_t base, phys_addr_t size);
int memblock_mark_nomap(phys_addr_t base, phys_addr_t size);
int memblock_clear_nomap(phys_addr_t base, phys_addr_t size);
int memblock_reserved_mark_noinit(phys_addr_t base, phys_addr_t size);
int memblock_mark_kho_scratch(phys_addr_t base, phys_addr_t size);
int memblock_clear_kho_scratch(phys_addr_t base, phys_addr_t size);
/* Between the two, allocations come from KHO_SCRATCH memory and from nowhere else. */
void memblock_set_kho_scratch_only(void);
void memblock_clear_kho_scratch_only(void);
int memblock_set_node(phys_addr_t base, phys_addr_t size, struct memblock_type *type, int nid);

/* A list that is full doubles into free memory.  Linux must be allowed to; here it always is. */
static inline void memblock_allow_resize(void) {}
/* The lists outlive boot: reports read them. */
static inline void memblock_discard(void) {}

/* Let go of memory.  A limit or size of 0, or a limit beyond all RAM, changes nothing.
 *   enforce_memory_limit   what lies beyond the first `limit` bytes of RAM, reserved or not
 *   cap_memory_range       all outside [base, base + size), reserved or not; NOMAP memory stays
 *   mem_limit_remove_map   both: what can be mapped beyond the first `limit` bytes of RAM
 *   trim_memory            of every bank what is not whole multiples of `align` (a power of two) */
void memblock_enforce_memory_limit(phys_addr_t limit);
void memblock_cap_memory_range(phys_addr_t base, phys_addr_t size);
void memblock_mem_limit_remove_map(phys_addr_t limit);
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

/* ---- questions ----------------------------------------------------------------------------- */
bool memblock_is_memory(phys_addr_t addr);
bool memblock_is_map_memory(phys_addr_t addr); /* memory and not NOMAP                 */
bool memblock_is_reserved(phys_addr_t addr);
/* Wholly inside one region.  */
bool memblock_is_region_memory(phys_addr_t base, phys_addr_t size);
bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size); /* at least partly      */
bool memblock_overlaps_region(const struct memblock_type *type, phys_addr_t base, phys_addr_t size);
phys_addr_t memblock_phys_mem_size(void);
phys_addr_t memblock_reserved_size(void);
/* Bytes of memory below `limit`, on node nid unless that is NUMA_NO_NODE, that were allocated or
 * reserved with MEMBLOCK_RSRV_KERN; not what firmware and loader hold. */
phys_addr_t memblock_reserved_kern_size(phys_addr_t limit, int nid);
phys_addr_t memblock_start_of_DRAM(void);
phys_addr_t memblock_end_of_DRAM(void);
/* Frames that are memory and not reserved; roughly, as reserved ranges may lie outside memory. */
unsigned long memblock_estimated_nr_free_pages(void);
/* Whether any memory was marked as mirrored. */
bool memblock_has_mirror(void);
/* Node of the bank that holds addr; NUMA_NO_NODE if none. */
int memblock_get_region_node_at(phys_addr_t addr);
/* The same by frame; the bank's frames are [*start_pfn, *end_pfn), set only if there is one. */
int memblock_search_pfn_nid(unsigned long pfn, unsigned long *start_pfn, unsigned long *end_pfn);
/* False, with a line in the log, if more than threshold_bytes of RAM have no node. */
bool memblock_validate_numa_coverage(unsigned long threshold_bytes);
/* Both lists, to the log. */
void memblock_dump_all(void);
/* Words of the broken law, or NULL. */
const char *memblock_check(void);

static inline bool memblock_is_hotpluggable(const struct memblock_region *m)
{
	return m->flags & MEMBLOCK_HOTPLUG;
}

static inline bool memblock_is_mirror(const struct memblock_region *m)
{
	return m->flags & MEMBLOCK_MIRROR;
}

static inline bool memblock_is_nomap(const struct memblock_region *m)
{
	return m->flags & MEMBLOCK_NOMAP;
}

static inline bool memblock_is_driver_managed(const struct memblock_region *m)
{
	return m->flags & MEMBLOCK_DRIVER_MANAGED;
}

static inline bool memblock_is_reserved_noinit(const struct memblock_region *m)
{
	return m->flags & MEMBLOCK_RSRV_NOINIT;
}

static inline bool memblock_is_kho_scratch(const struct memblock_region *m)
{
	return m->flags & MEMBLOCK_KHO_SCRATCH;
}

/* Whether the two ranges have a byte in common. */
static inline bool memblock_addrs_overlap(phys_addr_t base1, phys_addr_t size1, phys_addr_t base2,
					  phys_addr_t size2)
{
	return base1 < base2 + size2 && base2 < base1 + size1;
}

static inline int memblock_get_region_node(const struct memblock_region *r)
{
	return r->nid;
}

static inline void memblock_set_region_node(struct memblock_region *r, int nid)
{
	r->nid = nid;
}

/* Frames of a region: of memory those wholly inside, of a reserved one those it touches. */
static inline unsigned long memblock_region_memory_base_pfn(const struct memblock_region *r)
{
	return (unsigned long)PFN_UP(r->base);
}

static inline unsigned long memblock_region_memory_end_pfn(const struct memblock_region *r)
{
	return (unsigned long)PFN_DOWN(r->base + r->size);
}

static inline unsigned long memblock_region_reserved_base_pfn(const struct memblock_region *r)
{
	return (unsigned long)PFN_DOWN(r->base);
}

static inline unsigned long memblock_region_reserved_end_pfn(const struct memblock_region *r)
{
	return (unsigned long)PFN_UP(r->base + r->size);
}

/* ---- allocation ---------------------------------------------------------------------------- */
/* Where `size` bytes would go within [start, end); 0: nowhere.  Reserves nothing. */
phys_addr_t memblock_find_in_range(phys_addr_t start, phys_addr_t end, phys_addr_t size,
				   phys_addr_t align);

/*
 * Physical address of reserved memory, not cleared; 0: no room.  align is a power of two, 0: a
 * cache line.  The first page of memory is never used.  Node nid is tried first, then, unless
 * exact_nid, every node; and all that with mirrored memory, if there is any, before the rest.
 */
phys_addr_t memblock_alloc_range_nid(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				     phys_addr_t end, int nid, bool exact_nid);
phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				      phys_addr_t end);
phys_addr_t memblock_phys_alloc_try_nid(phys_addr_t size, phys_addr_t align, int nid);
static inline phys_addr_t memblock_phys_alloc(phys_addr_t size, phys_addr_t align)
{
	return memblock_phys_alloc_range(size, align, 0, MEMBLOCK_ALLOC_ACCESSIBLE);
}

/* Linear-map address of reserved memory, zero except from the _raw forms; NULL: no room.  Another
 * node serves if nid cannot (exact_nid: not); min_addr too is given up before failing.  Nothing
 * lies beyond memblock.current_limit. */
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
	return memblock_alloc_try_nid(size, align, 0, ARCH_LOW_ADDRESS_LIMIT, NUMA_NO_NODE);
}
static inline void *memblock_alloc_node(phys_addr_t size, phys_addr_t align, int nid)
{
	return memblock_alloc_try_nid(size, align, 0, MEMBLOCK_ALLOC_ACCESSIBLE, nid);
}

/* memblock_alloc() or the end of the machine. */
void *__memblock_alloc_or_panic(phys_addr_t size, phys_addr_t align, const char *func);
#define memblock_alloc_or_panic(size, align) __memblock_alloc_or_panic((size), (align), __func__)

/* ---- memory with a name ---------------------------------------------------------------------- */
/*
 * Keep memory for a driver that will ask for it by name: reserve_mem=SIZE:ALIGN:NAME of the kernel
 * command line, where SIZE and ALIGN may end in K, M, G and ALIGN is a power of two (less than a
 * cache line, 0 too, is a cache line).  `arg` is what follows the '=', up to a blank or the end.
 * 0; -EINVAL: it has no meaning, the name is empty, longer than RESERVE_MEM_NAME_SIZE - 1 or has no
 * letter; -EEXIST: there is one of that name; -EBUSY: there are RESERVE_MEM_MAX_ENTRIES; -ENOMEM.
 * Before the hand-over.
 */
#define RESERVE_MEM_MAX_ENTRIES 8
#define RESERVE_MEM_NAME_SIZE   16
int reserve_mem_add(const char *arg);
/* The same for every reserve_mem= of a command line; what cannot be done is said in the log. */
void reserve_mem_parse_cmdline(const char *cmdline);
/* Where it is, in bytes.  1; 0: there is none of that name, and nothing is set.  Any time. */
int reserve_mem_find_by_name(const char *name, phys_addr_t *start, phys_addr_t *size);
/* Give it to the buddy system, and forget the name.  1, or 0 as above.  After the hand-over. */
int reserve_mem_release_by_name(const char *name);

/* ---- iterators ----------------------------------------------------------------------------- */
/*
 * Step *idx through what is in `a` and not in `b` (b may be NULL): start with 0, or in reverse with
 * ULLONG_MAX; at the end *idx is ULLONG_MAX.  Of memory, only regions of node nid unless that is
 * NUMA_NO_NODE; with MEMBLOCK_MIRROR in flags only mirrored ones; without MEMBLOCK_NOMAP and
 * MEMBLOCK_DRIVER_MANAGED none of these, and without MEMBLOCK_HOTPLUG none of these if
 * movable_node_enabled.  The lists may change between the steps.
 */
void __next_mem_range(u64 *idx, int nid, enum memblock_flags flags, const struct memblock_type *a,
		      const struct memblock_type *b, phys_addr_t *start, phys_addr_t *end,
		      int *out_nid);
void __next_mem_range_rev(u64 *idx, int nid, enum memblock_flags flags,
			  const struct memblock_type *a, const struct memblock_type *b,
			  phys_addr_t *start, phys_addr_t *end, int *out_nid);
/* Next bank with whole frames at or after number *idx + 1; *idx is -1 at the end. */
void __next_mem_pfn_range(int *idx, int nid, unsigned long *start_pfn, unsigned long *end_pfn,
			  int *out_nid);

struct zone;
/* Next whole frames at or above *idx (an address) that are memory of the zone and not reserved;
 * *idx is ~0 at the end.  After frames_init(), before the hand-over; defined by frames/. */
void __next_mem_pfn_range_in_zone(u64 *idx, const struct zone *zone, unsigned long *out_spfn,
				  unsigned long *out_epfn);

#define for_each_mem_region(region)                                                                \
	for ((region) = memblock.memory.regions;                                                   \
	     (region) < memblock.memory.regions + memblock.memory.cnt; (region)++)
#define for_each_reserved_mem_region(region)                                                       \
	for ((region) = memblock.reserved.regions;                                                 \
	     (region) < memblock.reserved.regions + memblock.reserved.cnt; (region)++)

/* i: u64; p_start, p_end: phys_addr_t * (end is exclusive); p_nid: int * or NULL. */
#define __for_each_mem_range(i, a, b, nid, flags, p_start, p_end, p_nid)                           \
	for ((i) = 0, __next_mem_range(&(i), nid, flags, a, b, p_start, p_end, p_nid);             \
	     (i) != ~0ULL; __next_mem_range(&(i), nid, flags, a, b, p_start, p_end, p_nid))
#define __for_each_mem_range_rev(i, a, b, nid, flags, p_start, p_end, p_nid)                       \
	for ((i) = ~0ULL, __next_mem_range_rev(&(i), nid, flags, a, b, p_start, p_end, p_nid);     \
	     (i) != ~0ULL; __next_mem_range_rev(&(i), nid, flags, a, b, p_start, p_end, p_nid))

#define QUIRE_ALL_MAPPED ((enum memblock_flags)(MEMBLOCK_HOTPLUG | MEMBLOCK_DRIVER_MANAGED))
#define for_each_mem_range(i, p_start, p_end)                                                      \
	__for_each_mem_range(i, &memblock.memory, NULL, NUMA_NO_NODE, QUIRE_ALL_MAPPED, p_start,   \
			     p_end, NULL)
#define for_each_mem_range_rev(i, p_start, p_end)                                                  \
	__for_each_mem_range_rev(i, &memblock.memory, NULL, NUMA_NO_NODE, QUIRE_ALL_MAPPED,        \
				 p_start, p_end, NULL)
#define for_each_reserved_mem_range(i, p_start, p_end)                                             \
	__for_each_mem_range(i, &memblock.reserved, NULL, NUMA_NO_NODE, MEMBLOCK_NONE, p_start,    \
			     p_end, NULL)
/* Of physmem what is not in `type` (NULL: all). */
#define for_each_physmem_range(i, type, p_start, p_end)                                            \
	__for_each_mem_range(i, &physmem, type, NUMA_NO_NODE, MEMBLOCK_NONE, p_start, p_end, NULL)
/* i: int; p_start, p_end: unsigned long *, or NULL. */
#define for_each_mem_pfn_range(i, nid, p_start, p_end, p_nid)                                      \
	for ((i) = -1, __next_mem_pfn_range(&(i), nid, p_start, p_end, p_nid); (i) >= 0;           \
	     __next_mem_pfn_range(&(i), nid, p_start, p_end, p_nid))

/* Memory of the node (NUMA_NO_NODE: any) with these flags that is not reserved. */
#define for_each_free_mem_range(i, nid, flags, p_start, p_end, p_nid)                              \
	__for_each_mem_range(i, &memblock.memory, &memblock.reserved, nid, flags, p_start, p_end,  \
			     p_nid)
#define for_each_free_mem_range_reverse(i, nid, flags, p_start, p_end, p_nid)                      \
	__for_each_mem_range_rev(i, &memblock.memory, &memblock.reserved, nid, flags, p_start,     \
				 p_end, p_nid)

/* Free frames of the zone; i: u64; p_start, p_end: unsigned long *.  _from: go on after frames that
 * another loop showed. */
#define for_each_free_mem_pfn_range_in_zone(i, zone, p_start, p_end)                               \
	for ((i) = 0, __next_mem_pfn_range_in_zone(&(i), zone, p_start, p_end); (i) != ~0ULL;      \
	     __next_mem_pfn_range_in_zone(&(i), zone, p_start, p_end))
#define for_each_free_mem_pfn_range_in_zone_from(i, zone, p_start, p_end)                          \
	for (; (i) != ~0ULL; __next_mem_pfn_range_in_zone(&(i), zone, p_start, p_end))

/* Forget everything: as at power-on. */
void memblock_exit(void);

#endif
