/* SPDX-License-Identifier: MIT */
/*
 * frames/sections.c - a descriptor for every frame of a section that holds RAM, and none for holes.
 *
 *   memblock.memory    |####|              |#############|            |########|
 *   sections           [====|====]         [====|====|===]            [====|===]
 *   descriptors        |=========|         |=============|            |========|
 *                      one virtual array, with gaps
 *
 * Always true:  a section holds whole blocks of MAX_PAGE_ORDER, so the buddy of a frame with a
 *               descriptor has one; its descriptors fill whole pages, so sections share none.
 * Lock:         none; boot, one CPU.  sections_add(): its caller's, one at a time.
 */
#include <quire/bitmap.h>
#include <quire/bytes.h>
#include <quire/contig.h>
#include <quire/err.h>
#include <quire/init.h>
#include <quire/printk.h>
#include "zones.h"

unsigned long quire_ram_end_pfn;
unsigned long quire_room_pfn;
static phys_addr_t grow_end; /* what memory_may_grow() said */
unsigned long quire_descriptor_bytes;
static unsigned long *present_sections; /* bit n: section n has descriptors */

_Static_assert(SECTION_FRAMES >= 1UL << MAX_PAGE_ORDER, "a section holds the largest block");

bool section_present(unsigned long pfn)
{
	return test_bit(pfn / SECTION_FRAMES, present_sections);
}

bool pfn_valid(unsigned long pfn)
{
	return pfn < quire_max_pfn && section_present(pfn);
}

#ifdef PORT_VMEMMAP
_Static_assert(SECTION_FRAMES * sizeof(struct page) % PAGE_SIZE == 0,
	       "the descriptors of a section fill whole pages: a hole costs its bit and no more");

static void __init reserve_descriptors(unsigned long first_pfn, unsigned long end_pfn)
{
	(void)first_pfn, (void)end_pfn;
}

static void __init populate_section(unsigned long pfn)
{
	unsigned long start = (unsigned long)pfn_to_page(pfn);
	unsigned long end = (unsigned long)pfn_to_page(pfn + SECTION_FRAMES);

	if (port_vmemmap_populate(start, end))
		quire_panic("frames: no memory for the descriptors of frames from 0x%lx\n", pfn);
}
#else
struct page *quire_vmemmap;

static void __init reserve_descriptors(unsigned long first_pfn, unsigned long end_pfn)
{
	size_t size = (end_pfn - first_pfn) * sizeof(struct page);
	struct page *map = memblock_alloc(size, PAGE_SIZE);

	if (!map)
		quire_panic("frames: no memory for %zu bytes of frame descriptors\n", size);
	quire_vmemmap = map - first_pfn;
}

static void __init populate_section(unsigned long pfn)
{
	(void)pfn;
}
#endif

void memory_may_grow(phys_addr_t end)
{
	grow_end = end;
}

phys_addr_t memory_end(void)
{
	return PFN_PHYS(quire_max_pfn);
}

phys_addr_t memory_end_at_most(void)
{
	return PFN_PHYS(quire_room_pfn);
}

int sections_add(unsigned long pfn, unsigned long end)
{
#ifdef PORT_VMEMMAP
	if (port_vmemmap_populate((unsigned long)pfn_to_page(pfn), (unsigned long)pfn_to_page(end)))
		return -ENOMEM;
#endif
	quire_descriptor_bytes += (end - pfn) * sizeof(struct page);
	for (unsigned long section = pfn / SECTION_FRAMES; section < end / SECTION_FRAMES;
	     section++)
		set_bit(section, present_sections); /* others may be asking pfn_valid() */
	return 0;
}

/* A frame's number has 32 bits on every list that keeps one: what lies above has none. */
static void __init refuse_unnumbered(void)
{
	const phys_addr_t limit = 1ULL << (32 + PAGE_SHIFT);
	phys_addr_t end = memblock_end_of_DRAM();

	if (end <= limit)
		return;
	pr_warn("frames: RAM from %llx on has frame numbers of more than 32 bits: ignored\n",
		(unsigned long long)max(limit, memblock_start_of_DRAM()));
	if (memblock_start_of_DRAM() >= limit || memblock_remove(limit, end - limit))
		quire_panic("frames: there is no RAM below %llx\n", (unsigned long long)limit);
}

void __init sections_init(void)
{
	const struct memblock_region *r;
	unsigned long first, bytes;

	refuse_unnumbered();
	first = PHYS_PFN(memblock_start_of_DRAM());
	quire_ram_end_pfn = PHYS_PFN(memblock_end_of_DRAM());
	quire_room_pfn = max(quire_max_pfn, PHYS_PFN(grow_end));
	bytes = BITS_TO_LONGS(quire_room_pfn / SECTION_FRAMES + 1) * sizeof(long);
	present_sections = memblock_alloc(bytes, sizeof(long));
	if (!present_sections)
		quire_panic("frames: no memory for %lu bytes of section table\n", bytes);
	reserve_descriptors(QUIRE_ALIGN_DOWN(first, SECTION_FRAMES),
			    QUIRE_ALIGN_UP(quire_room_pfn, SECTION_FRAMES));
	for_each_mem_region(r) {
		unsigned long section = PHYS_PFN(r->base) / SECTION_FRAMES;

		for (; section <= PHYS_PFN(r->base + r->size - 1) / SECTION_FRAMES; section++) {
			if (test_bit(section, present_sections))
				continue;
			populate_section(section * SECTION_FRAMES);
			__set_bit(section, present_sections);
			quire_descriptor_bytes += SECTION_FRAMES * sizeof(struct page);
		}
	}
}

void sections_exit(void)
{
	quire_ram_end_pfn = 0;
	quire_room_pfn = 0;
	grow_end = 0;
	quire_descriptor_bytes = 0;
	present_sections = NULL;
}
