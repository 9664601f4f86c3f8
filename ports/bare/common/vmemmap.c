/* SPDX-License-Identifier: MIT */
/* vmemmap.c - port_vmemmap_populate(): frame descriptors in the kernel's tables, by 2 MiB where it goes. */
#include "vmemmap.h"
#include "bare_private.h"
#include <quire/bytes.h>
#include <quire/err.h>
#include <quire/memblock.h>

#define LARGE_PAGE (2UL << 20)

/* The table below *entry, made if it is missing; NULL: no memory. */
static u64 *table_below(u64 *entry)
{
	phys_addr_t pa;

	if (!bare_entry_valid(*entry)) {
		pa = memblock_phys_alloc(PAGE_SIZE, PAGE_SIZE);
		if (!pa)
			return NULL;
		port_clear_page(port_phys_to_virt(pa));
		*entry = bare_entry_of_table(pa);
	}
	return port_phys_to_virt(bare_entry_pa(*entry));
}

u64 *bare_kernel_entry(unsigned long at, unsigned shift)
{
	u64 *table = port_phys_to_virt(maps_kernel_root());

	for (unsigned s = BARE_ROOT_SHIFT; s > shift; s -= 9) {
		table = table_below(&table[at >> s & 511]);
		if (!table)
			return NULL;
	}
	return &table[at >> shift & 511];
}

int port_vmemmap_populate(unsigned long start, unsigned long end)
{
	/* One piece of memory for the whole range: a thousand small ones would cost memblock more
	 * than clearing them. */
	phys_addr_t pa = memblock_phys_alloc(end - start,
					     end - start >= LARGE_PAGE ? LARGE_PAGE : PAGE_SIZE);

	if (!pa)
		return -ENOMEM;
	memset(port_phys_to_virt(pa), 0, end - start);
	while (start < end) {
		bool large = start % LARGE_PAGE == 0 && pa % LARGE_PAGE == 0 &&
			     end - start >= LARGE_PAGE;
		unsigned long size = large ? LARGE_PAGE : PAGE_SIZE;
		u64 *entry = bare_kernel_entry(start, large ? 21 : 12);

		if (!entry)
			return -ENOMEM;
		*entry = bare_entry_of_descriptors(pa, large);
		start += size;
		pa += size;
	}
	bare_entries_done();
	return 0;
}
