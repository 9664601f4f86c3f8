/* SPDX-License-Identifier: MIT */
/*
 * spaces/spaces.h - what later folders need of spaces/ beyond include/quire/mm.h.
 */
#ifndef QUIRE_SPACES_SPACES_H
#define QUIRE_SPACES_SPACES_H

#include <quire/mm.h>
#include <quire/pagemap.h>
#include "maps/maps.h"

/* What a present entry of an area maps, for counters: MM_FILEPAGES, MM_ANONPAGES or
 * MM_SHMEMPAGES. */
static inline int page_mm_counter(const struct page *page)
{
	u32 f = READ_ONCE(page->flags);

	if (f >> PG_anon & 1)
		return MM_ANONPAGES;
	return f >> PG_swapbacked & 1 ? MM_SHMEMPAGES : MM_FILEPAGES;
}

/* Every space's laws; no space may come or go meanwhile.  Words or NULL. */
const char *spaces_check(void);

/*
 * Call fn for each last-level table piece of [start, end) that exists: `pte` is the entry of
 * `addr`, and [addr, to) lies in one table, whose lock is held during the call.
 */
typedef void (*pte_range_fn)(struct vm_area_struct *vma, pt_entry *pte, unsigned long addr,
			     unsigned long to, void *arg);
void for_each_pte_range(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			pte_range_fn fn, void *arg);

#endif
