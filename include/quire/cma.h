/* SPDX-License-Identifier: MIT */
/*
 * quire/cma.h - contiguous memory for devices that is lent to movable pages while nobody claims it.
 *
 *   boot     cma_declare_contiguous: a range is set aside
 *   idle     its pageblocks are of type CMA: movable allocations may use them, nobody else
 *   claimed  cma_alloc: what is there moves away; the frames are the claimer's and contiguous
 *   released cma_release: idle again
 */
#ifndef QUIRE_CMA_H
#define QUIRE_CMA_H

#include <quire/page.h>
#include <quire/types.h>

#define MAX_CMA_AREAS 16u

struct cma;

/*
 * Set `size` bytes aside, before memblock_free_all().
 *   base           0: anywhere; else a hint, or with `fixed` exactly there
 *   limit          last address + 1 that will do; 0: any
 *   alignment      in bytes, a power of two, at least a pageblock's; 0: a pageblock's
 *   order_per_bit  claims are multiples of 2^this frames
 *   name           for reports; NULL: "cmaN".  Kept by reference
 *   out            the area
 *   Returns:  0, -EINVAL for sizes and alignments that make no sense, -ENOSPC for too many areas,
 *             -EBUSY if the fixed range is reserved, -ENOMEM if there is no such range.
 */
int cma_declare_contiguous(phys_addr_t base, phys_addr_t size, phys_addr_t limit,
			   phys_addr_t alignment, unsigned order_per_bit, bool fixed,
			   const char *name, struct cma **out) __must_check;
/* The same for a range that memblock has reserved already. */
int cma_init_reserved_mem(phys_addr_t base, phys_addr_t size, unsigned order_per_bit,
			  const char *name, struct cma **out) __must_check;

/*
 * Take the word cma=SIZE[@START[-END]] from a kernel command line, with the meaning that Linux's
 * kernel-parameters documentation gives it: an area named "reserved" of that size, anywhere, at START
 * exactly, or between START and END; 0: none.  A word that makes no sense or asks for what there is
 * not is named in the log, and there is no area.  Before memblock_free_all().
 */
void cma_parse_cmdline(const char *cmdline);

/*
 * Claim `count` neighbouring frames, the first a multiple of `align` as an order of frames: each is
 * single, with one reference.  NULL: there is no room, or what is there cannot be moved now.
 *   Context:  task, no spinlock held; sleeps.
 */
struct page *cma_alloc(struct cma *cma, unsigned long count, unsigned align,
		       bool no_warn) __must_check;
/* Give frames back that cma_alloc() returned; false: they are not of this area. */
bool cma_release(struct cma *cma, const struct page *pages, unsigned long count);

phys_addr_t cma_get_base(const struct cma *cma);
unsigned long cma_get_size(const struct cma *cma); /* in bytes                                */
const char *cma_get_name(const struct cma *cma);
/* Call fn for each area until it returns not 0; that value. */
int cma_for_each_area(int (*fn)(struct cma *cma, void *data), void *data);

/* Counters of an area, since boot; frames but for the last. */
struct cma_stat {
	unsigned long count;     /* frames of the area                                   */
	unsigned long used;      /* of them claimed now                                  */
	unsigned long maxchunk;  /* longest stretch that is not claimed                  */
	unsigned long allocated; /* claimed in all                                       */
	unsigned long failed;    /* refused in all                                       */
	unsigned long released;  /* given back in all                                    */
};
void cma_get_stat(struct cma *cma, struct cma_stat *stat);

extern unsigned long totalcma_pages; /* frames in all areas                                  */

#endif
