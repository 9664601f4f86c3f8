/* SPDX-License-Identifier: MIT */
/*
 * boot/iterate.c - steps through what is in one list and not in another.
 *
 *   a       |########|   |####################|
 *   b          |##|            |####|     |########|
 *   shown   |#|    |#|   |####|      |###|                forwards, or backwards
 *
 * The place between two steps is an address: everything below it (backwards: above it) was shown.
 * So it survives changes of the lists.
 * Lock:   none; one CPU.
 */
#include <quire/bits.h>
#include <quire/page.h>
#include "boot.h"

#define ITER_END  (~0ULL)
/* The place after a region that ends with the address space; its last byte is not shown again. */
#define ITER_LAST (ITER_END - 1)

/* Why a region is passed over, or NULL. */
static const char *why_not(const struct memblock_type *type, const struct memblock_region *r,
			   int nid, enum memblock_flags flags)
{
	/* Node and flags of the caller's choice are about memory. */
	if (type != &memblock.memory)
		return NULL;
	if (numa_valid_node(nid) && r->nid != nid)
		return "another node's";
	if (flags & MEMBLOCK_MIRROR && !memblock_is_mirror(r))
		return "not mirrored";
	if (flags & MEMBLOCK_KHO_SCRATCH && !memblock_is_kho_scratch(r))
		return "not handed on for boot memory";
	if (memblock_is_nomap(r) && !(flags & MEMBLOCK_NOMAP))
		return "not mapped";
	if (memblock_is_driver_managed(r) && !(flags & MEMBLOCK_DRIVER_MANAGED))
		return "a driver's";
	if (memblock_is_hotpluggable(r) && movable_node_enabled && !(flags & MEMBLOCK_HOTPLUG))
		return "to be unplugged";
	return NULL;
}

static void show(phys_addr_t from, phys_addr_t to, int nid, phys_addr_t *start, phys_addr_t *end,
		 int *out_nid)
{
	if (start)
		*start = from;
	if (end)
		*end = to;
	if (out_nid)
		*out_nid = nid;
}

void __next_mem_range(u64 *idx, int nid, enum memblock_flags flags, const struct memblock_type *a,
		      const struct memblock_type *b, phys_addr_t *start, phys_addr_t *end,
		      int *out_nid)
{
	phys_addr_t at = *idx;

	for (unsigned long i = region_list_find(a, at); i < a->cnt && at < ITER_LAST;) {
		const struct memblock_region *r = &a->regions[i];
		phys_addr_t from = max(r->base, at), to = region_end(r);
		unsigned long j = b ? region_list_find(b, from) : 0;

		if (why_not(a, r, nid, flags)) {
			i++;
			continue;
		}
		if (b && j < b->cnt && b->regions[j].base <= from) {
			/* The next in b may begin where this one ends: look again from there. */
			at = region_end(&b->regions[j]);
			i = region_list_find(a, at);
			continue;
		}
		if (b && j < b->cnt)
			to = min(to, b->regions[j].base);
		show(from, to, r->nid, start, end, out_nid);
		*idx = min(to, (phys_addr_t)ITER_LAST);
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

void __next_mem_range_rev(u64 *idx, int nid, enum memblock_flags flags,
			  const struct memblock_type *a, const struct memblock_type *b,
			  phys_addr_t *start, phys_addr_t *end, int *out_nid)
{
	phys_addr_t at = *idx;

	for (unsigned long i = regions_below(a, at); i > 0;) {
		const struct memblock_region *r = &a->regions[i - 1];
		phys_addr_t from = r->base, to = min(region_end(r), at);
		unsigned long j = b ? regions_below(b, to) : 0;

		if (why_not(a, r, nid, flags)) {
			i--;
			continue;
		}
		if (j && region_end(&b->regions[j - 1]) >= to) {
			at = b->regions[j - 1].base;
			i = regions_below(a, at);
			continue;
		}
		if (j)
			from = max(from, region_end(&b->regions[j - 1]));
		show(from, to, r->nid, start, end, out_nid);
		*idx = from;
		return;
	}
	*idx = ITER_END;
}

void __next_mem_pfn_range(int *idx, int nid, unsigned long *start_pfn, unsigned long *end_pfn,
			  int *out_nid)
{
	const struct memblock_type *memory = &memblock.memory;

	while (++*idx >= 0 && (unsigned long)*idx < memory->cnt) {
		const struct memblock_region *r = &memory->regions[*idx];
		unsigned long first = memblock_region_memory_base_pfn(r),
			      end = memblock_region_memory_end_pfn(r);

		if (first >= end || (numa_valid_node(nid) && r->nid != nid))
			continue;
		if (start_pfn)
			*start_pfn = first;
		if (end_pfn)
			*end_pfn = end;
		if (out_nid)
			*out_nid = r->nid;
		return;
	}
	*idx = -1;
}
