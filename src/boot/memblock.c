/* SPDX-License-Identifier: MIT */
/*
 * boot/memblock.c - what RAM there is and what of it is taken, before any allocator; and the allocator of that time.
 *
 *   memmap.c, port  ->  memory, reserved  ->  frames/ takes what is in the first and not in the second
 *
 *   memory    |#################|      |##############|
 *   reserved     |###|  |##|              |####|
 *   free      |##|   |##|  |####|      |##|    |######|     what the iterators step through
 *
 * Always true:  see regions.c, for both lists.
 * Lock:         none; one CPU, before the buddy system.
 */
#include <quire/bits.h>
#include <quire/err.h>
#include <quire/page.h>
#include <quire/printk.h>
#include <quire/string.h>
#include "boot.h"

#define INIT_REGIONS  128
#define DEFAULT_ALIGN 64

static struct memblock_region memory_regions[INIT_REGIONS + 1], reserved_regions[INIT_REGIONS + 1];

struct memblock memblock = {
	.current_limit = ~(phys_addr_t)0,
	.memory = { 0, INIT_REGIONS, 0, memory_regions, "memory" },
	.reserved = { 0, INIT_REGIONS, 0, reserved_regions, "reserved" },
};

void memblock_exit(void)
{
	memblock = (struct memblock){
		.current_limit = ~(phys_addr_t)0,
		.memory = { 0, INIT_REGIONS, 0, memory_regions, "memory" },
		.reserved = { 0, INIT_REGIONS, 0, reserved_regions, "reserved" },
	};
}

/* ---- the two lists ------------------------------------------------------------------------------- */
int memblock_add(phys_addr_t base, phys_addr_t size)
{
	return region_list_add(&memblock.memory, base, size, 0, MEMBLOCK_NONE);
}

int memblock_add_node(phys_addr_t base, phys_addr_t size, int nid, enum memblock_flags flags)
{
	return region_list_add(&memblock.memory, base, size, nid, flags);
}

int memblock_remove(phys_addr_t base, phys_addr_t size)
{
	return region_list_remove(&memblock.memory, base, size);
}

int memblock_reserve(phys_addr_t base, phys_addr_t size)
{
	return region_list_add(&memblock.reserved, base, size, NUMA_NO_NODE, MEMBLOCK_NONE);
}

int memblock_phys_free(phys_addr_t base, phys_addr_t size)
{
	return region_list_remove(&memblock.reserved, base, size);
}

void memblock_free(void *ptr, size_t size)
{
	if (ptr && memblock_phys_free(__pa(ptr), size))
		pr_warn("memblock: no room to note that 0x%llx is free again\n",
			(unsigned long long)__pa(ptr));
}

void memblock_cap_memory_range(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t end = size > ~(phys_addr_t)0 - base ? ~(phys_addr_t)0 : base + size;

	region_list_remove(&memblock.memory, 0, base);
	region_list_remove(&memblock.memory, end, ~(phys_addr_t)0);
	region_list_remove(&memblock.reserved, 0, base);
	region_list_remove(&memblock.reserved, end, ~(phys_addr_t)0);
}

void memblock_enforce_memory_limit(phys_addr_t limit)
{
	struct memblock_region *r;

	for_each_mem_region(r)
	{
		if (limit <= r->size) {
			phys_addr_t from = r->base + limit;

			region_list_remove(&memblock.memory, from, ~(phys_addr_t)0);
			region_list_remove(&memblock.reserved, from, ~(phys_addr_t)0);
			return;
		}
		limit -= r->size;
	}
}

void memblock_trim_memory(phys_addr_t align)
{
	unsigned long i = 0;

	while (i < memblock.memory.cnt) {
		struct memblock_region r = memblock.memory.regions[i];
		phys_addr_t start = QUIRE_ALIGN_UP(r.base, align),
			    end = QUIRE_ALIGN_DOWN(region_end(&r), align);
		unsigned long cnt = memblock.memory.cnt;

		if (start < r.base || start >= end) {
			memblock_remove(r.base, r.size);
			continue;
		}
		/* Cutting off an end never splits: the list keeps its length, and so does our place in it. */
		memblock_remove(r.base, start - r.base);
		memblock_remove(end, region_end(&r) - end);
		i += 1 + memblock.memory.cnt - cnt;
	}
}

void memblock_set_current_limit(phys_addr_t limit)
{
	memblock.current_limit = limit;
}

phys_addr_t memblock_get_current_limit(void)
{
	return memblock.current_limit;
}

/* ---- questions -------------------------------------------------------------------------------------- */
static const struct memblock_region *region_at(const struct memblock_type *type, phys_addr_t addr)
{
	unsigned long i = region_list_find(type, addr);

	return i < type->cnt && type->regions[i].base <= addr ? &type->regions[i] : NULL;
}

bool memblock_is_memory(phys_addr_t addr)
{
	return region_at(&memblock.memory, addr) != NULL;
}

bool memblock_is_map_memory(phys_addr_t addr)
{
	const struct memblock_region *r = region_at(&memblock.memory, addr);

	return r && !(r->flags & MEMBLOCK_NOMAP);
}

bool memblock_is_reserved(phys_addr_t addr)
{
	return region_at(&memblock.reserved, addr) != NULL;
}

bool memblock_is_region_memory(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t at = base, end = size > ~(phys_addr_t)0 - base ? ~(phys_addr_t)0 : base + size;
	const struct memblock_region *r;

	/* Touching regions may differ in node or flags and still hold the range between them. */
	while ((r = region_at(&memblock.memory, at))) {
		at = region_end(r);
		if (at >= end)
			return true;
	}
	return false;
}

bool memblock_overlaps_region(const struct memblock_type *type, phys_addr_t base, phys_addr_t size)
{
	unsigned long i = region_list_find(type, base);

	if (i == type->cnt || !size)
		return false;
	return type->regions[i].base <= base || type->regions[i].base - base < size;
}

bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size)
{
	return memblock_overlaps_region(&memblock.reserved, base, size);
}

phys_addr_t memblock_phys_mem_size(void)
{
	return memblock.memory.total_size;
}

phys_addr_t memblock_reserved_size(void)
{
	return memblock.reserved.total_size;
}

phys_addr_t memblock_start_of_DRAM(void)
{
	return memblock.memory.cnt ? memblock.memory.regions[0].base : 0;
}

phys_addr_t memblock_end_of_DRAM(void)
{
	return memblock.memory.cnt ? region_end(&memblock.memory.regions[memblock.memory.cnt - 1])
				   : 0;
}

int memblock_get_region_node_at(phys_addr_t addr)
{
	const struct memblock_region *r = region_at(&memblock.memory, addr);

	return r ? r->nid : NUMA_NO_NODE;
}

static void dump(const struct memblock_type *type)
{
	printk("memblock: %s.cnt = %lu, 0x%llx bytes\n", type->name, type->cnt,
	       (unsigned long long)type->total_size);
	for (unsigned long i = 0; i < type->cnt; i++) {
		const struct memblock_region *r = &type->regions[i];

		printk("memblock:  %s[0x%lx] [0x%016llx-0x%016llx], 0x%016llx bytes on node %d "
		       "flags: 0x%x\n",
		       type->name, i, (unsigned long long)r->base,
		       (unsigned long long)region_end(r) - 1, (unsigned long long)r->size, r->nid,
		       (unsigned)r->flags);
	}
}

void memblock_dump_all(void)
{
	dump(&memblock.memory);
	dump(&memblock.reserved);
}

const char *memblock_check(void)
{
	const char *why = region_list_check(&memblock.memory);

	return why ? why : region_list_check(&memblock.reserved);
}

/* ---- iterators --------------------------------------------------------------------------------------- */
/* The iterator is the address up to which everything has been shown, so it survives changes of the lists. */
#define ITER_END     (~0ULL)
#define ITER_REV_END (~0ULL - 1)

static bool shown(const struct memblock_region *r, int nid)
{
	return (nid == NUMA_NO_NODE || r->nid == nid) && !(r->flags & MEMBLOCK_NOMAP);
}

void __next_mem_range(u64 *idx, int nid, const struct memblock_type *a,
		      const struct memblock_type *b, phys_addr_t *start, phys_addr_t *end,
		      int *out_nid)
{
	unsigned long i = region_list_find(a, *idx), j;

	while (i < a->cnt) {
		const struct memblock_region *r = &a->regions[i];
		phys_addr_t from = max(r->base, *idx), to = region_end(r);

		if (!shown(r, nid)) {
			i++;
			continue;
		}
		j = b ? region_list_find(b, from) : 0;
		if (b && j < b->cnt && b->regions[j].base <= from) {
			/* Touching regions may differ in flags; the next look deals with that. */
			*idx = region_end(&b->regions[j]);
			i = region_list_find(a, *idx);
			continue;
		}
		if (b && j < b->cnt)
			to = min(to, b->regions[j].base);
		if (start)
			*start = from;
		if (end)
			*end = to;
		if (out_nid)
			*out_nid = r->nid;
		*idx = to;
		return;
	}
	*idx = ITER_END;
}

/* Number of regions that begin below addr. */
static unsigned long regions_below(const struct memblock_type *type, phys_addr_t addr)
{
	unsigned long i = region_list_find(type, addr);

	return i < type->cnt && type->regions[i].base < addr ? i + 1 : i;
}

void __next_mem_range_rev(u64 *idx, int nid, const struct memblock_type *a,
			  const struct memblock_type *b, phys_addr_t *start, phys_addr_t *end,
			  int *out_nid)
{
	unsigned long i = regions_below(a, *idx), j;

	while (i > 0) {
		const struct memblock_region *r = &a->regions[i - 1];
		phys_addr_t from = r->base, to = min(region_end(r), *idx);

		if (!shown(r, nid)) {
			i--;
			continue;
		}
		j = b ? regions_below(b, to) : 0;
		if (j && region_end(&b->regions[j - 1]) >= to) {
			*idx = b->regions[j - 1].base;
			i = regions_below(a, *idx);
			continue;
		}
		if (j)
			from = max(from, region_end(&b->regions[j - 1]));
		if (start)
			*start = from;
		if (end)
			*end = to;
		if (out_nid)
			*out_nid = r->nid;
		*idx = from;
		return;
	}
	*idx = ITER_REV_END;
}

/* ---- allocation --------------------------------------------------------------------------------------- */
static phys_addr_t find_top_down(phys_addr_t start, phys_addr_t end, phys_addr_t size,
				 phys_addr_t align, int nid)
{
	phys_addr_t from, to, at;
	u64 i;

	for_each_free_mem_range_reverse(i, nid, &from, &to, NULL)
	{
		from = max(from, start);
		to = min(to, end);
		if (from >= to || to - from < size)
			continue;
		at = QUIRE_ALIGN_DOWN(to - size, align);
		if (at >= from)
			return at;
	}
	return 0;
}

static phys_addr_t find_bottom_up(phys_addr_t start, phys_addr_t end, phys_addr_t size,
				  phys_addr_t align, int nid)
{
	phys_addr_t from, to, at;
	u64 i;

	for_each_free_mem_range(i, nid, &from, &to, NULL)
	{
		from = max(from, start);
		to = min(to, end);
		at = QUIRE_ALIGN_UP(from, align);
		if (at >= from && at < to && to - at >= size)
			return at;
	}
	return 0;
}

static phys_addr_t find_free(phys_addr_t start, phys_addr_t end, phys_addr_t size,
			     phys_addr_t align, int nid)
{
	if (end == MEMBLOCK_ALLOC_ACCESSIBLE)
		end = memblock.current_limit;
	if (!align)
		align = DEFAULT_ALIGN;
	if (!size || align & (align - 1))
		return 0;
	/* Frame 0 is never given out: address 0 means failure. */
	start = max(start, (phys_addr_t)PAGE_SIZE);
	return memblock.bottom_up ? find_bottom_up(start, end, size, align, nid)
				  : find_top_down(start, end, size, align, nid);
}

phys_addr_t memblock_find_in_range(phys_addr_t start, phys_addr_t end, phys_addr_t size,
				   phys_addr_t align)
{
	return find_free(start, end, size, align, NUMA_NO_NODE);
}

static phys_addr_t alloc_range(phys_addr_t size, phys_addr_t align, phys_addr_t start,
			       phys_addr_t end, int nid)
{
	phys_addr_t at = find_free(start, end, size, align, nid);

	return at && !memblock_reserve(at, size) ? at : 0;
}

phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				      phys_addr_t end)
{
	return alloc_range(size, align, start, end, NUMA_NO_NODE);
}

phys_addr_t memblock_phys_alloc_try_nid(phys_addr_t size, phys_addr_t align, int nid)
{
	phys_addr_t at = alloc_range(size, align, 0, MEMBLOCK_ALLOC_ACCESSIBLE, nid);

	return at || nid == NUMA_NO_NODE ? at : memblock_phys_alloc(size, align);
}

/* Give up wishes one by one: the node (unless exact), then the lower bound. */
static void *alloc_virt(phys_addr_t size, phys_addr_t align, phys_addr_t low, phys_addr_t high,
			int nid, bool exact)
{
	phys_addr_t at;

	/* Only what the linear map covers has an address. */
	if (high == MEMBLOCK_ALLOC_ACCESSIBLE || high > memblock.current_limit)
		high = memblock.current_limit;
	at = alloc_range(size, align, low, high, nid);
	if (!at && nid != NUMA_NO_NODE && !exact)
		at = alloc_range(size, align, low, high, NUMA_NO_NODE);
	if (!at && low)
		at = alloc_range(size, align, 0, high, exact ? nid : NUMA_NO_NODE);
	return at ? __va(at) : NULL;
}

void *memblock_alloc_try_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
				 phys_addr_t max_addr, int nid)
{
	return alloc_virt(size, align, min_addr, max_addr, nid, false);
}

void *memblock_alloc_exact_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
				   phys_addr_t max_addr, int nid)
{
	return alloc_virt(size, align, min_addr, max_addr, nid, true);
}

void *memblock_alloc_try_nid(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
			     phys_addr_t max_addr, int nid)
{
	void *at = alloc_virt(size, align, min_addr, max_addr, nid, false);

	return at ? memset(at, 0, (size_t)size) : NULL;
}
