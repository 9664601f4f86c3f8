/* SPDX-License-Identifier: MIT */
/*
 * quire/contig.h - frames that lie side by side, more of them or elsewhere than the buddy system has.
 *
 * What is in the way is moved (quire/migrate.h).  All of it is task context: these sleep.
 */
#ifndef QUIRE_CONTIG_H
#define QUIRE_CONTIG_H

#include <quire/gfp.h>

/*
 * Take the frames [start, end), whatever movable memory is in them now.  They must be RAM of one zone.
 * On success each frame is the caller's, single, with one reference; free_contig_range() or
 * __free_page() for each gives them back.
 *   migratetype  MIGRATE_MOVABLE or MIGRATE_CMA: pageblocks of other types refuse (-EBUSY), except that
 *                with MIGRATE_MOVABLE any type but CMA and ISOLATE will do
 *   Returns:  0, -EINVAL for a range that is not RAM of one zone, -EBUSY: something in it cannot be
 *             moved, or somebody else is at it, -ENOMEM: nowhere to move it to.  Then nothing has
 *             changed but where some pages are.
 */
int alloc_contig_range(unsigned long start, unsigned long end, enum migratetype migratetype,
		       gfp_t gfp) __must_check;
/* `nr` neighbouring frames of the node (NUMA_NO_NODE: any), of the lowest zone first that gfp allows:
 * the first, or NULL.  Aligned to nr, if that is a power of two. */
struct page *alloc_contig_pages(unsigned long nr, gfp_t gfp, int nid) __must_check;
/* Each frame's reference is dropped; who still holds one is warned of. */
void free_contig_range(unsigned long pfn, unsigned long nr);

/* What in [start, end) cannot be moved, in words, or NULL. */
const char *range_why_immovable(unsigned long start, unsigned long end);

/*
 * Memory comes and goes, by whole sections that were RAM at boot.
 *   offline_pages  empty the range and take it out of use: its frames belong to nobody, and are not
 *                  counted.  -EBUSY: something in it cannot be moved, the kernel itself for one,
 *                  and nothing has changed; -EINVAL: not whole sections of one zone, or not all in
 *                  use.
 *   online_pages   the reverse.  -EINVAL: not whole sections, or not all offline.
 */
int offline_pages(unsigned long start_pfn, unsigned long nr_pages) __must_check;
int online_pages(unsigned long start_pfn, unsigned long nr_pages) __must_check;
/* Whether the section of that frame is offline. */
bool section_is_offline(unsigned long pfn);

/*
 * RAM may be added later, up to this address, by add_memory(): tables are laid out for so much.
 * Before frames_init(), and forgotten by frames_exit().  0, as at power-on: none is added.
 */
void memory_may_grow(phys_addr_t end);
/*
 * [start, start + size) is RAM from now on, free, and of the zone that it borders on from above.
 *   Given:    whole sections, right above all RAM there is; contents arbitrary.
 *   Context:  task, may sleep.  One caller at a time is served.
 *   Returns:  0; -EINVAL: not whole sections, not right above, or another node; -ENOSPC: more than
 *             memory_may_grow() said; -ENOMEM: no descriptors.  Then nothing has changed.
 */
int add_memory(int nid, phys_addr_t start, phys_addr_t size) __must_check;
/* Where RAM ends, and what memory_may_grow() said or, if that is less, the same. */
phys_addr_t memory_end(void);
phys_addr_t memory_end_at_most(void);

#endif
