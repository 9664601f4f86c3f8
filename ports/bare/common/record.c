/* SPDX-License-Identifier: MIT */
/*
 * record.c - the boot record: where the image and the initial RAM disk are, and the tree of /proc/iomem.
 */
#include "board.h"
#include "cmdline.h"
#include <quire/init.h>
#include <quire/ioport.h>
#include <quire/memblock.h>
#include <quire/memmap.h>
#include <quire/printk.h>

struct bare_boot bare_boot;
static phys_addr_t image_base; /* where bare_text_start was loaded */

phys_addr_t bare_image_pa(const void *at)
{
	return (phys_addr_t)((unsigned long)at - (unsigned long)bare_text_start) + image_base;
}

void __init bare_record_image(phys_addr_t text)
{
	image_base = text;
	bare_boot.image = (struct maps_image){
		.text_start = bare_image_pa(bare_text_start),
		.text_end = bare_image_pa(bare_text_end),
		.rodata_start = bare_image_pa(bare_rodata_start),
		.rodata_end = bare_image_pa(bare_rodata_end),
		.data_start = bare_image_pa(bare_data_start),
		.data_end = bare_image_pa(bare_image_end),
		.init_start = bare_image_pa(bare_init_start),
		.init_text_end = bare_image_pa(bare_init_text_end),
		.init_end = bare_image_pa(bare_init_end),
		.virt_base = (unsigned long)bare_text_start,
	};
	bare_boot.image_end = bare_boot.image.data_end;
}

bool bare_cmdline_has(const char *word)
{
	return cmdline_has(bare_boot.cmdline, word);
}

void __init bare_reserve(phys_addr_t start, phys_addr_t size)
{
	phys_addr_t from = PAGE_ALIGN_DOWN(start);

	if (size && size <= ~start && memblock_reserve(from, PAGE_ALIGN(start + size) - from))
		quire_panic("no room to note that %llx is in use\n", (unsigned long long)start);
}

void __init bare_record_initrd(phys_addr_t start, phys_addr_t size)
{
	const char *why = NULL;

	if (!size || size > ~start || !memblock_is_region_memory(start, size))
		why = "is not in RAM";
	else if (start < bare_boot.image_end && bare_boot.image.text_start < start + size)
		why = "lies over the kernel";
	if (why) {
		pr_warn("initrd [%llx, +%llx) %s: ignored\n", (unsigned long long)start,
			(unsigned long long)size, why);
		return;
	}
	bare_boot.initrd_start = start;
	bare_boot.initrd_end = start + size;
	bare_reserve(start, size);
}

/* What /proc/iomem calls a range that is not RAM. */
static const char *__init range_name(unsigned type)
{
	switch (type) {
	case QUIRE_MEMMAP_ACPI: return "ACPI Tables";
	case QUIRE_MEMMAP_NVS: return "ACPI Non-volatile Storage";
	case QUIRE_MEMMAP_UNUSABLE: return "Unusable memory";
	case QUIRE_MEMMAP_PMEM: return "Persistent Memory";
	default: return "Reserved";
	}
}

static void __init add_range(struct resource *r, phys_addr_t start, phys_addr_t end,
			     const char *name)
{
	*r = (struct resource){
		.start = start, .end = end - 1, .name = name, .flags = IORESOURCE_MEM
	};
	/* The firmware's ranges may overlap; then one of them is not shown. */
	(void)insert_resource(&iomem_resource, r);
}

void __init bare_record_resources(const struct quire_memmap_entry *map, unsigned n)
{
	static struct resource image[4];
	const struct maps_image *img = &bare_boot.image;
	struct resource *r = NULL;

	if (n)
		r = memblock_alloc(n * sizeof(*r), sizeof(long));
	if (insert_memblock_resources() || (n && !r))
		quire_panic("no memory for the list of resources\n");
	for (unsigned i = 0; i < n; i++)
		if (map[i].type != QUIRE_MEMMAP_RAM && map[i].size)
			add_range(r++, map[i].base, map[i].base + map[i].size,
				  range_name(map[i].type));
	add_range(&image[0], img->text_start, img->text_end, "Kernel code");
	add_range(&image[1], img->rodata_start, img->rodata_end, "Kernel rodata");
	add_range(&image[2], img->data_start, img->init_start, "Kernel data");
	add_range(&image[3], bare_image_pa(bare_bss_start), img->data_end, "Kernel bss");
}
