/* SPDX-License-Identifier: MIT */
/*
 * boot/memblock.c - what RAM there is and what of it is taken: the two lists, and questions about
 * them.
 *
 *   memmap.c, port  ->  memory, reserved  ->  frames/ takes what is in the first, not in the second
 *
 *   memory    |#################|      |##############|
 *   reserved     |###|  |##|              |####|
 *   free      |##|   |##|  |####|      |##|    |######|     what iterate.c steps through
 *
 * Always true:  see regions.c, for both lists.
 * Lock:         none; one CPU, before the buddy system.
 */
#include <quire/err.h>
#include <quire/page.h>
#include <quire/printk.h>
#include "boot.h"

#define MAX_KERNEL_REGIONS (QUIRE_BOOT_REGIONS / 2)

static struct memblock_region memory_regions[INIT_MEMBLOCK_REGIONS],
	reserved_regions[INIT_MEMBLOCK_REGIONS], physmem_regions[INIT_PHYSMEM_REGIONS],
	kernel_regions[MAX_KERNEL_REGIONS];

#define AT_POWER_ON                                                                                \
	{                                                                                          \
		.current_limit = MEMBLOCK_ALLOC_ANYWHERE,                                          \
		.memory = { 0, INIT_MEMBLOCK_REGIONS, 0, memory_regions, "memory" },               \
		.reserved = { 0, INIT_MEMBLOCK_REGIONS, 0, reserved_regions, "reserved" },         \
	}
#define NO_PHYSMEM                                                                                 \
	{                                                                                          \
		0, INIT_PHYSMEM_REGIONS, 0, physmem_regions, "physmem"                             \
	}

#define NO_KERNEL                                                                                  \
	{                                                                                          \
		0, MAX_KERNEL_REGIONS, 0, kernel_regions, NULL                                     \
	}

struct memblock memblock = AT_POWER_ON;
struct memblock_type physmem = NO_PHYSMEM;
/* Which parts of `reserved` are our own.  It never grows, because that would take memory that Linux
 * does not take: a range too many is missing from a sum. */
static struct memblock_type kernel = NO_KERNEL;
static bool some_mirror; /* memory was marked as mirrored since power-on */

bool movable_node_enabled __attribute__((__weak__));
bool mirrored_kernelcore __attribute__((__weak__)) = true;

void memblock_exit(void)
{
	memblock = (struct memblock)AT_POWER_ON;
	physmem = (struct memblock_type)NO_PHYSMEM;
	kernel = (struct memblock_type)NO_KERNEL;
	memblock_clear_kho_scratch_only();
	reserve_mem_exit();
	resources_exit();
	some_mirror = false;
}

bool region_array_is_static(const struct memblock_region *regions)
{
	return regions == memory_regions || regions == reserved_regions ||
	       regions == physmem_regions;
}

/* ---- the two lists ------------------------------------------------------------------------- */
int memblock_add(phys_addr_t base, phys_addr_t size)
{
	return region_list_add(&memblock.memory, base, size, NUMA_NO_NODE, MEMBLOCK_NONE);
}

int memblock_add_node(phys_addr_t base, phys_addr_t size, int nid, enum memblock_flags flags)
{
	return region_list_add(&memblock.memory, base, size, nid, flags);
}

int memblock_physmem_add(phys_addr_t base, phys_addr_t size)
{
	return region_list_add(&physmem, base, size, NUMA_NO_NODE, MEMBLOCK_NONE);
}

int memblock_remove(phys_addr_t base, phys_addr_t size)
{
	return region_list_remove(&memblock.memory, base, size);
}

int __memblock_reserve(phys_addr_t base, phys_addr_t size, int nid, enum memblock_flags flags)
{
	unsigned rest = flags & ~(unsigned)MEMBLOCK_RSRV_KERN;
	int err = region_list_add(&memblock.reserved, base, size, nid, (enum memblock_flags)rest);

	if (!err && flags & MEMBLOCK_RSRV_KERN)
		region_list_add(&kernel, base, size, NUMA_NO_NODE, MEMBLOCK_NONE);
	return err;
}

int memblock_reserve(phys_addr_t base, phys_addr_t size)
{
	return __memblock_reserve(base, size, NUMA_NO_NODE, MEMBLOCK_NONE);
}

int memblock_phys_free(phys_addr_t base, phys_addr_t size)
{
	region_list_remove(&kernel, base, size);
	return region_list_remove(&memblock.reserved, base, size);
}

void memblock_free(void *ptr, size_t size)
{
	if (ptr && memblock_phys_free(__pa(ptr), size))
		pr_warn("memblock: no room to note that 0x%llx is free again\n",
			(unsigned long long)__pa(ptr));
}

void memblock_free_late(phys_addr_t base, phys_addr_t size)
{
	free_reserved_area(base, base + size, NULL);
}

int memblock_mark_hotplug(phys_addr_t base, phys_addr_t size)
{
	return region_list_mark(&memblock.memory, base, size, MEMBLOCK_HOTPLUG, true);
}

int memblock_clear_hotplug(phys_addr_t base, phys_addr_t size)
{
	return region_list_mark(&memblock.memory, base, size, MEMBLOCK_HOTPLUG, false);
}

int memblock_mark_mirror(phys_addr_t base, phys_addr_t size)
{
	if (!mirrored_kernelcore)
		return 0;
	some_mirror = true;
	return region_list_mark(&memblock.memory, base, size, MEMBLOCK_MIRROR, true);
}

int memblock_mark_nomap(phys_addr_t base, phys_addr_t size)
{
	return region_list_mark(&memblock.memory, base, size, MEMBLOCK_NOMAP, true);
}

int memblock_clear_nomap(phys_addr_t base, phys_addr_t size)
{
	return region_list_mark(&memblock.memory, base, size, MEMBLOCK_NOMAP, false);
}

int memblock_reserved_mark_noinit(phys_addr_t base, phys_addr_t size)
{
	return region_list_mark(&memblock.reserved, base, size, MEMBLOCK_RSRV_NOINIT, true);
}

int memblock_mark_kho_scratch(phys_addr_t base, phys_addr_t size)
{
	return region_list_mark(&memblock.memory, base, size, MEMBLOCK_KHO_SCRATCH, true);
}

int memblock_clear_kho_scratch(phys_addr_t base, phys_addr_t size)
{
	return region_list_mark(&memblock.memory, base, size, MEMBLOCK_KHO_SCRATCH, false);
}

void memblock_set_current_limit(phys_addr_t limit)
{
	memblock.current_limit = limit;
}

phys_addr_t memblock_get_current_limit(void)
{
	return memblock.current_limit;
}

/* ---- questions ----------------------------------------------------------------------------- */
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
	const struct memblock_region *r = region_at(&memblock.memory, base);

	return r && region_end(r) >= region_clip(base, size);
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

phys_addr_t memblock_reserved_kern_size(phys_addr_t limit, int nid)
{
	const struct memblock_region *r;
	phys_addr_t sum = 0;

	for_each_mem_region(r) {
		phys_addr_t end = min(region_end(r), limit);

		if (numa_valid_node(nid) && r->nid != nid)
			continue;
		for (unsigned long i = region_list_find(&kernel, r->base);
		     i < kernel.cnt && kernel.regions[i].base < end; i++)
			sum += min(end, region_end(&kernel.regions[i])) -
			       max(r->base, kernel.regions[i].base);
	}
	return sum;
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

int memblock_search_pfn_nid(unsigned long pfn, unsigned long *start_pfn, unsigned long *end_pfn)
{
	const struct memblock_region *r = region_at(&memblock.memory, PFN_PHYS(pfn));

	if (!r)
		return NUMA_NO_NODE;
	*start_pfn = PHYS_PFN(r->base);
	*end_pfn = PHYS_PFN(region_end(r));
	return r->nid;
}

unsigned long memblock_estimated_nr_free_pages(void)
{
	phys_addr_t all = memblock.memory.total_size, taken = memblock.reserved.total_size;

	return all > taken ? PHYS_PFN(all - taken) : 0;
}

bool memblock_has_mirror(void)
{
	return some_mirror;
}

bool memblock_validate_numa_coverage(unsigned long threshold_bytes)
{
	const struct memblock_region *r;
	phys_addr_t open = 0;

	for_each_mem_region(r)
		if (!numa_valid_node(r->nid))
			open += r->size;
	if (open <= threshold_bytes)
		return true;
	pr_err("memblock: no node covers %llu MiB of %llu MiB of RAM\n",
	       (unsigned long long)open >> 20,
	       (unsigned long long)memblock.memory.total_size >> 20);
	return false;
}

static void dump(const struct memblock_type *type)
{
	printk(" %s.cnt  = 0x%lx\n", type->name, type->cnt);
	for (unsigned long i = 0; i < type->cnt; i++) {
		const struct memblock_region *r = &type->regions[i];
		char node[24] = "";

		if (numa_valid_node(r->nid))
			quire_snprintf(node, sizeof(node), " on node %d", r->nid);
		printk(" %s[0x%lx]\t[0x%016llx-0x%016llx], 0x%016llx bytes%s flags: 0x%x\n",
		       type->name, i, (unsigned long long)r->base,
		       (unsigned long long)region_end(r) - 1, (unsigned long long)r->size, node,
		       (unsigned)r->flags);
	}
}

void memblock_dump_all(void)
{
	printk("MEMBLOCK configuration:\n");
	printk(" memory size = 0x%016llx reserved size = 0x%016llx\n",
	       (unsigned long long)memblock.memory.total_size,
	       (unsigned long long)memblock.reserved.total_size);
	dump(&memblock.memory);
	dump(&memblock.reserved);
	if (physmem.cnt)
		dump(&physmem);
}

const char *memblock_check(void)
{
	const char *why = region_list_check(&memblock.memory);

	why = why ? why : region_list_check(&memblock.reserved);
	why = why ? why : region_list_check(&kernel);
	return why ? why : region_list_check(&physmem);
}
