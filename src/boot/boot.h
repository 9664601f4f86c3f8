/* SPDX-License-Identifier: MIT */
/*
 * boot/boot.h - lists of ranges, for this folder's own use.
 */
#ifndef QUIRE_SRC_BOOT_H
#define QUIRE_SRC_BOOT_H

#include <quire/boot.h>

/*
 * Put [base, base + size) into the list where nothing is yet, or take it out, splitting and merging
 * as needed.  0; or -ENOMEM when the list is full and cannot grow, and then nothing has changed.  A
 * list without a name (a scratch list of the caller's) never grows.
 */
int region_list_add(struct memblock_type *type, phys_addr_t base, phys_addr_t size, int nid,
		    enum memblock_flags flags);
int region_list_remove(struct memblock_type *type, phys_addr_t base, phys_addr_t size);

/* Set or clear a flag on what the list has of the range.  0 or -ENOMEM. */
int region_list_mark(struct memblock_type *type, phys_addr_t base, phys_addr_t size,
		     enum memblock_flags flag, bool on);

/* Split at both ends, so that regions [*first, *last) are those inside.  0 or -ENOMEM. */
int region_list_isolate(struct memblock_type *type, phys_addr_t base, phys_addr_t end,
			unsigned long *first, unsigned long *last);

/* Take out the i-th region. */
void region_list_delete(struct memblock_type *type, unsigned long i);

/* Words of the broken law of one list, or NULL. */
const char *region_list_check(const struct memblock_type *type);

/* First region whose end lies above addr; type->cnt if none. */
unsigned long region_list_find(const struct memblock_type *type, phys_addr_t addr);

/* The tree of resources is empty again. */
void resources_exit(void);
/* Forget all names. */
void reserve_mem_exit(void);

/* Whether it is one of the arrays that the lists have at power-on. */
bool region_array_is_static(const struct memblock_region *regions);

static inline phys_addr_t region_end(const struct memblock_region *r)
{
	return r->base + r->size;
}

/* End of [base, base + size), cut at the end of the address space. */
static inline phys_addr_t region_clip(phys_addr_t base, phys_addr_t size)
{
	return size > ~(phys_addr_t)0 - base ? ~(phys_addr_t)0 : base + size;
}

#endif
