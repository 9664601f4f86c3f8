/* SPDX-License-Identifier: MIT */
/*
 * numa.c - the nodes of this machine: SRAT and SLIT, checked against the memory map, into memblock.
 *
 *   srat.c's ranges   |--- node 0 ---|--- node 1 ---|           |--- node 1 ---|
 *   memblock.memory   |###|  |#######|##############|           |####|     every byte is covered
 *
 * Whatever is wrong with the tables is said, and the machine has one node.
 */
#include "bare_private.h"
#include "srat.h"
#include <quire/init.h>
#include <quire/memblock.h>
#include <quire/numa.h>
#include <quire/printk.h>

#define UNCOVERED_MOST (1ULL << 20) /* bytes of RAM without an entry: rounding, no error */

static struct srat_numa numa __initdata;

static const void *__init table_at(void *arg, u64 pa, u64 size)
{
	(void)arg;
	return bare_early(pa, size);
}

static u64 __init covered_bytes(const struct memblock_region *r)
{
	u64 n = 0;

	for (unsigned i = 0; i < numa.nr_mem; i++) {
		u64 start = max(r->base, numa.mem[i].base);
		u64 end = min(r->base + r->size, numa.mem[i].base + numa.mem[i].size);

		n += start < end ? end - start : 0;
	}
	return n;
}

static const char *__init why_not_used(u64 rsdp)
{
	const struct srat_reader reader = { table_at, NULL };
	const char *why = srat_read(&reader, rsdp, &numa);
	const struct memblock_region *r;
	u64 covered = 0;

	if (why)
		return why;
	for_each_mem_region(r)
		covered += covered_bytes(r);
	if (memblock_phys_mem_size() - covered > UNCOVERED_MOST)
		return "it leaves RAM without a node";
	return NULL;
}

static void __init set_memory(void)
{
	for (unsigned i = 0; i < numa.nr_mem; i++) {
		u64 base = numa.mem[i].base, size = numa.mem[i].size;

		printk("node %u: [%012lx-%012lx]%s\n", numa.mem[i].node, base, base + size - 1,
		       numa.mem[i].hotplug ? " may be unplugged" : "");
		if (memblock_set_node(base, size, &memblock.memory, (int)numa.mem[i].node) ||
		    (numa.mem[i].hotplug && memblock_mark_hotplug(base, size)))
			quire_panic("no room to note which memory is whose\n");
	}
}

static void __init set_distances(void)
{
	if (numa.no_distances)
		pr_warn("ACPI: %s: all nodes are equally far\n", numa.no_distances);
	for (unsigned i = 0; i < numa.nr_nodes; i++)
		for (unsigned j = 0; j < numa.nr_nodes; j++)
			if (numa.distance[i][j])
				numa_set_distance((int)i, (int)j, numa.distance[i][j]);
}

static u32 __init own_apic_id(void)
{
	u32 leaf[4];

	cpuid(1, 0, leaf);
	return leaf[1] >> 24;
}

void __init bare_numa_init(u64 rsdp)
{
	const char *why;

	if (bare_cmdline_has("numa=off"))
		return;
	why = why_not_used(rsdp);
	if (why) {
		if (why != srat_none)
			pr_warn("ACPI: %s: the machine is taken as one node\n", why);
		return;
	}
	set_memory();
	set_distances();
	for (unsigned i = 0; i < numa.nr_cpus; i++)
		if (numa.cpu[i].apic_id == own_apic_id())
			set_cpu_node(0, (int)numa.cpu[i].node);
}
