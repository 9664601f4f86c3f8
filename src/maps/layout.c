/* SPDX-License-Identifier: MIT */
/*
 * maps/layout.c - the kernel's addresses by name: what the log shows at boot, and what a fault's report says.
 *
 *   PORT_* ─> a list of ranges, lowest first ─> printed highest first
 *                                            ─> an address is in one, or in the hole between two
 *
 * Always true:  ranges are in order and do not overlap.
 * Lock:         none: what it reads is the same from boot on.
 */
#include <quire/bytes.h>
#include <quire/highmem.h>
#include <quire/layout.h>
#include <quire/memblock.h>
#include <quire/printk.h>
#include "frames/frames.h"
#include "maps/kernel.h"

#define FIXMAP_BYTES (3UL << 20) /* nobody else's: quire/port.h */
#define LOWMEM       (PORT_HIGHMEM ? "lowmem" : "linear")

/* Frame descriptors, where the port has a place for them that is the machine's. */
#ifdef PORT_VMEMMAP
#define VMEMMAP_START (PORT_VMALLOC_OWN ? (unsigned long)(PORT_VMEMMAP) : 0UL)
#else
#define VMEMMAP_START 0UL
#endif

/* ---- the ranges ------------------------------------------------------------------------------ */
struct list {
	struct layout_range *range;
	unsigned n;
};

/* In its place; without bytes there is no range. */
static void add(struct list *list, const char *name, unsigned long start, unsigned long size)
{
	unsigned i = list->n;

	if (!size)
		return;
	for (; i && list->range[i - 1].start > start; i--)
		list->range[i] = list->range[i - 1];
	list->range[i] = (struct layout_range){ name, start, start + (size - 1) };
	list->n++;
}

static unsigned long lowmem_bytes(void)
{
	phys_addr_t end = PFN_PHYS(quire_max_pfn);

	if (PORT_HIGHMEM)
		end = min(end, PORT_LOWMEM_PHYS_END);
	return (unsigned long)(end - PORT_PHYS_OFFSET);
}

/* An image that the linear map shows is no range of its own. */
static unsigned long image_bytes(void)
{
	const struct maps_image *image = &kernel_map.image;

	if (!image->virt_base || image->virt_base == maps_linear(image->text_start))
		return 0;
	return (unsigned long)(max(image->data_end, image->init_end) - image->text_start);
}

unsigned maps_layout(struct layout_range range[LAYOUT_RANGES])
{
	struct list list = { range, 0 };

	add(&list, "user", 0, PORT_TASK_SIZE);
	add(&list, "modules", PORT_MODULES_START, PORT_MODULES_END - PORT_MODULES_START);
	add(&list, "pkmap", PORT_PKMAP_START, PORT_HIGHMEM ? PKMAP_END - PORT_PKMAP_START : 0);
	add(&list, LOWMEM, PAGE_OFFSET, lowmem_bytes());
	add(&list, "vmalloc", QUIRE_VMALLOC_START, QUIRE_VMALLOC_END - QUIRE_VMALLOC_START);
	add(&list, "vmemmap", VMEMMAP_START,
	    VMEMMAP_START ? PAGE_ALIGN(quire_max_pfn * sizeof(struct page)) : 0);
	add(&list, "image", kernel_map.image.virt_base, image_bytes());
	add(&list, "fixmap", FIXADDR_TOP + PAGE_SIZE - FIXMAP_BYTES,
	    FIXADDR_TOP ? FIXMAP_BYTES : 0);
	add(&list, "vector", PORT_VECTORS_START, PORT_VECTORS_START ? PAGE_SIZE : 0);
	return list.n;
}

/* ---- in the log ------------------------------------------------------------------------------ */
/* The units are those of Linux's log. */
static bool in_kib(const char *name)
{
	return name[0] == '.' || !qstrcmp(name, "fixmap") || !qstrcmp(name, "vector");
}

static void print_range(const char *name, unsigned long start, unsigned long size)
{
	const int digits = (int)sizeof(long) * 2;
	bool small = in_kib(name);

	if (size)
		printk(name[0] == '.' ? "    %7s : 0x%0*lx - 0x%0*lx   (%4lu %s)\n"
				      : "    %-7s : 0x%0*lx - 0x%0*lx   (%4lu %s)\n",
		       name, digits, start, digits, start + size, size >> (small ? 10 : 20),
		       small ? "kB" : "MB");
}

static void print_part(const char *name, phys_addr_t start, phys_addr_t end)
{
	const struct maps_image *image = &kernel_map.image;

	print_range(name, image->virt_base + (unsigned long)(start - image->text_start),
		    (unsigned long)(end - start));
}

void maps_print_layout(void)
{
	const struct maps_image *image = &kernel_map.image;
	struct layout_range range[LAYOUT_RANGES];

	printk("Virtual kernel memory layout:\n");
	for (unsigned i = maps_layout(range); i-- > 1;)
		print_range(range[i].name, range[i].start, range[i].last - range[i].start + 1);
	if (!image->virt_base)
		return;
	print_part(".text", image->text_start, image->text_end);
	print_part(".rodata", image->rodata_start, image->rodata_end);
	print_part(".init", image->init_start, image->init_end);
	print_part(".data", image->data_start, image->data_end);
}

/* ---- in words -------------------------------------------------------------------------------- */
static void name_hole(const struct layout_range *below, const struct layout_range *above, char *buf,
		      size_t size)
{
	if (!above)
		quire_snprintf(buf, size, "the hole above %s", below->name);
	else if (PORT_HIGHMEM && !qstrcmp(below->name, LOWMEM))
		quire_snprintf(buf, size, "the %lu MiB hole above %s",
			       (above->start - below->last) >> 20, below->name);
	else
		quire_snprintf(buf, size, "the hole between %s and %s", below->name, above->name);
}

static void name_range(const struct layout_range *range, unsigned long addr, char *buf, size_t size)
{
	unsigned long page = (addr - range->start) >> PAGE_SHIFT;
	const char *name = range->name;

	if (!qstrcmp(name, "user"))
		quire_snprintf(buf, size, "user space");
	else if (!qstrcmp(name, LOWMEM) &&
		 !memblock_is_memory(PORT_PHYS_OFFSET + ((phys_addr_t)page << PAGE_SHIFT)))
		quire_snprintf(buf, size, "%s, where there is no RAM", name);
	else if (!qstrcmp(name, "pkmap"))
		quire_snprintf(buf, size, "page %lu of pkmap (kmap)", page);
	else if (!qstrcmp(name, "fixmap"))
		quire_snprintf(buf, size, "page %u of the fixmap", virt_to_fix(addr));
	else
		quire_snprintf(buf, size, "%s", name);
}

void maps_name(unsigned long addr, char *buf, size_t size)
{
	struct layout_range range[LAYOUT_RANGES];
	unsigned n = maps_layout(range), i = n;

	while (i && range[i - 1].start > addr)
		i--;
	if (!i)
		quire_snprintf(buf, size, "the hole below %s", range[0].name);
	else if (addr <= range[i - 1].last)
		name_range(&range[i - 1], addr, buf, size);
	else
		name_hole(&range[i - 1], i < n ? &range[i] : NULL, buf, size);
}
