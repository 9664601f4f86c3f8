/* SPDX-License-Identifier: MIT */
/*
 * boot/limits.c - letting go of memory: mem=, the range a crash kernel may use, ragged banks.
 *
 *   bank        |####0####|     |####1####|         |####2####|
 *   limit       |<-- this many bytes of RAM -->|                     counted without the holes,
 *   left        |####0####|     |####1##|                            so it ends inside a bank
 *
 * Always true:  see regions.c.
 * Lock:         none; one CPU.
 */
#include <quire/page.h>
#include <quire/printk.h>
#include "boot.h"

#define BEYOND_ALL (~(phys_addr_t)0)

/* Where the first `limit` bytes of RAM end; BEYOND_ALL if there are fewer. */
static phys_addr_t limit_address(phys_addr_t limit)
{
	const struct memblock_region *r;

	for_each_mem_region(r) {
		if (limit <= r->size)
			return r->base + limit;
		limit -= r->size;
	}
	return BEYOND_ALL;
}

void memblock_enforce_memory_limit(phys_addr_t limit)
{
	phys_addr_t from = limit ? limit_address(limit) : BEYOND_ALL;

	if (from == BEYOND_ALL)
		return;
	region_list_remove(&memblock.memory, from, BEYOND_ALL);
	region_list_remove(&memblock.reserved, from, BEYOND_ALL);
}

void memblock_cap_memory_range(phys_addr_t base, phys_addr_t size)
{
	struct memblock_type *memory = &memblock.memory;
	phys_addr_t end = region_clip(base, size);
	unsigned long first, last;

	if (!size)
		return;
	if (!memory->total_size) {
		pr_warn("memblock: no memory yet that could be capped\n");
		return;
	}
	if (region_list_isolate(memory, base, end, &first, &last))
		return;
	/* NOMAP memory is the firmware's: it is described as long as it is there. */
	for (unsigned long i = memory->cnt; i-- > 0;)
		if ((i < first || i >= last) && !memblock_is_nomap(&memory->regions[i]))
			region_list_delete(memory, i);
	region_list_remove(&memblock.reserved, 0, base);
	region_list_remove(&memblock.reserved, end, BEYOND_ALL);
}

void memblock_mem_limit_remove_map(phys_addr_t limit)
{
	phys_addr_t end = limit ? limit_address(limit) : BEYOND_ALL;

	if (end != BEYOND_ALL)
		memblock_cap_memory_range(0, end);
}

void memblock_trim_memory(phys_addr_t align)
{
	struct memblock_type *memory = &memblock.memory;

	/* From the last, so that taking one out moves none that is still to come. */
	for (unsigned long i = memory->cnt; i-- > 0;) {
		struct memblock_region *r = &memory->regions[i];
		phys_addr_t start = QUIRE_ALIGN_UP(r->base, align),
			    end = QUIRE_ALIGN_DOWN(region_end(r), align);

		if (start < r->base || start >= end) {
			region_list_delete(memory, i);
			continue;
		}
		memory->total_size -= r->size - (end - start);
		r->base = start;
		r->size = end - start;
	}
}
