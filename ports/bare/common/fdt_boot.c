/* SPDX-License-Identifier: MIT */
/*
 * fdt_boot.c - the way from a device tree to memblock.
 *
 *   device tree -> memory nodes            -> quire_memmap_add()
 *               -> reserved-memory, itself -> memblock_reserve()
 *               -> chosen: initrd          -> memblock_reserve()
 *               -> chosen: bootargs        -> command line
 *               -> devices                 -> bare_machine
 *   the image itself                       -> memblock_reserve()
 *
 * Nothing in the tree is trusted (fdt.c), and ranges may overlap anything.
 */
#include "fdt_boot.h"
#include "board.h"
#include <quire/init.h>
#include <quire/memblock.h>
#include <quire/memmap.h>
#include <quire/printk.h>

struct fdt_machine bare_machine;
static struct quire_memmap_entry map[FDT_MAX_MEM] __initdata;

const char *__init bare_fdt_read(const void *blob, size_t reach)
{
	const char *why = reach ? fdt_read(blob, reach, &bare_machine) : "it is out of reach";

	if (why)
		return why;
	if (bare_machine.bootargs)
		quire_snprintf(bare_boot.cmdline, sizeof(bare_boot.cmdline), "%s",
			       bare_machine.bootargs);
	bare_machine.bootargs = NULL; /* the tree is not kept mapped */
	return NULL;
}

static void __init show(const struct fdt_range *r, const char *what, const char *more)
{
	printk("  [%012llx-%012llx] %s%s\n", (unsigned long long)r->base,
	       (unsigned long long)(r->base + r->size - 1), what, more);
}

static void __init read_map(void)
{
	const struct fdt_machine *m = &bare_machine;
	char why[160];

	printk("memory map from the device tree:\n");
	for (unsigned i = 0; i < m->nr_mem; i++) {
		map[i] = (struct quire_memmap_entry){ m->mem[i].base, m->mem[i].size,
						      QUIRE_MEMMAP_RAM, NULL };
		show(&m->mem[i], "RAM", "");
	}
	bare_boot.map_entries = m->nr_mem;
	if (quire_memmap_add(map, m->nr_mem, why, sizeof(why)))
		quire_panic("memory map: %s\n", why);
}

static void __init read_reserved(void)
{
	const struct fdt_machine *m = &bare_machine;

	for (unsigned i = 0; i < m->nr_reserved; i++) {
		const struct fdt_range *r = &m->reserved[i];

		show(r, "reserved", m->no_map[i] ? ", no-map" : "");
		bare_reserve((phys_addr_t)r->base, (phys_addr_t)r->size);
		if (m->no_map[i] && memblock_mark_nomap((phys_addr_t)r->base, (phys_addr_t)r->size))
			quire_panic("no room to note that %llx is not to be mapped\n",
				    (unsigned long long)r->base);
	}
}

void __init bare_fdt_memory(phys_addr_t pa)
{
	const struct fdt_machine *m = &bare_machine;

	read_map();
	bare_reserve(bare_boot.image.text_start, bare_boot.image_end - bare_boot.image.text_start);
	bare_reserve(pa, (phys_addr_t)m->size);
	read_reserved();
	if (m->initrd_end != m->initrd_start)
		bare_record_initrd((phys_addr_t)m->initrd_start,
				   (phys_addr_t)(m->initrd_end - m->initrd_start));
	bare_record_resources(NULL, 0);
}
