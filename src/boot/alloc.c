/* SPDX-License-Identifier: MIT */
/*
 * boot/alloc.c - the allocator of the time before allocators: find a hole in `reserved` that lies
 * inside `memory`, and reserve it.
 *
 *   free      |######|     |##########|   |####|
 *   top-down                             |--- a ---|  no: too small;   |##########[= a =]|
 *   bottom-up [= a =]##|                                as low as it fits
 *
 * Wishes are given up one by one: node, mirror, lower bound.
 * Lock:   none; one CPU.
 */
#include <quire/bits.h>
#include <quire/page.h>
#include <quire/printk.h>
#include <quire/bytes.h>
#include "boot.h"

#define DEFAULT_ALIGN 64 /* bytes: a cache line */

/* What is looked for. */
struct wish {
	phys_addr_t size, align; /* bytes                       */
	phys_addr_t start, end;  /* wholly inside these         */
	int nid;                 /* or NUMA_NO_NODE             */
	enum memblock_flags flags;
};

static phys_addr_t find_top_down(const struct wish *w)
{
	phys_addr_t from, to, at;
	u64 i;

	for_each_free_mem_range_reverse(i, w->nid, w->flags, &from, &to, NULL) {
		from = max(from, w->start);
		to = min(to, w->end);
		if (from >= to || to - from < w->size)
			continue;
		at = QUIRE_ALIGN_DOWN(to - w->size, w->align);
		if (at >= from)
			return at;
	}
	return 0;
}

static phys_addr_t find_bottom_up(const struct wish *w)
{
	phys_addr_t from, to, at;
	u64 i;

	for_each_free_mem_range(i, w->nid, w->flags, &from, &to, NULL) {
		from = max(from, w->start);
		to = min(to, w->end);
		at = QUIRE_ALIGN_UP(from, w->align);
		if (at >= from && at < to && to - at >= w->size)
			return at;
	}
	return 0;
}

static phys_addr_t find_free(struct wish w)
{
	if (w.end == MEMBLOCK_ALLOC_ACCESSIBLE || w.end == MEMBLOCK_ALLOC_NOLEAKTRACE)
		w.end = memblock.current_limit;
	if (!w.align)
		w.align = DEFAULT_ALIGN;
	if (!w.size || w.align & (w.align - 1))
		return 0;
	/* Frame 0 is never given out: address 0 means failure. */
	w.start = max(w.start, (phys_addr_t)PAGE_SIZE);
	return memblock.bottom_up ? find_bottom_up(&w) : find_top_down(&w);
}

static bool kho_scratch_only;

void memblock_set_kho_scratch_only(void)
{
	kho_scratch_only = true;
}

void memblock_clear_kho_scratch_only(void)
{
	kho_scratch_only = false;
}

static enum memblock_flags preferred_flags(void)
{
	if (kho_scratch_only)
		return MEMBLOCK_KHO_SCRATCH;
	return memblock_has_mirror() ? MEMBLOCK_MIRROR : MEMBLOCK_NONE;
}

phys_addr_t memblock_find_in_range(phys_addr_t start, phys_addr_t end, phys_addr_t size,
				   phys_addr_t align)
{
	struct wish w = { size, align, start, end, NUMA_NO_NODE, preferred_flags() };
	phys_addr_t at = find_free(w);

	if (at || w.flags != MEMBLOCK_MIRROR)
		return at;
	w.flags = MEMBLOCK_NONE;
	return find_free(w);
}

static phys_addr_t find_and_reserve(const struct wish *w)
{
	phys_addr_t at = find_free(*w);

	return at && !memblock_reserve_kern(at, w->size) ? at : 0;
}

phys_addr_t memblock_alloc_range_nid(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				     phys_addr_t end, int nid, bool exact_nid)
{
	struct wish w = { size, align, start, end, nid, preferred_flags() };

	for (;;) {
		phys_addr_t at = find_and_reserve(&w);

		if (!at && numa_valid_node(nid) && !exact_nid) {
			w.nid = NUMA_NO_NODE;
			at = find_and_reserve(&w);
		}
		if (at || w.flags != MEMBLOCK_MIRROR)
			return at;
		pr_warn("memblock: no mirrored memory for %llu bytes: taken from elsewhere\n",
			(unsigned long long)size);
		w.nid = nid;
		w.flags = MEMBLOCK_NONE;
	}
}

phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				      phys_addr_t end)
{
	return memblock_alloc_range_nid(size, align, start, end, NUMA_NO_NODE, false);
}

phys_addr_t memblock_phys_alloc_try_nid(phys_addr_t size, phys_addr_t align, int nid)
{
	return memblock_alloc_range_nid(size, align, 0, MEMBLOCK_ALLOC_ACCESSIBLE, nid, false);
}

/* As above, but with an address in the linear map; the lower bound is given up last. */
static void *alloc_virt(phys_addr_t size, phys_addr_t align, phys_addr_t low, phys_addr_t high,
			int nid, bool exact)
{
	phys_addr_t at;

	/* Only what the linear map covers has an address. */
	high = min(high, memblock.current_limit);
	at = memblock_alloc_range_nid(size, align, low, high, nid, exact);
	if (!at && low)
		at = memblock_alloc_range_nid(size, align, 0, high, nid, exact);
	return at ? __va(at) : NULL;
}

void *memblock_alloc_try_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
				 phys_addr_t max_addr, int nid)
{
	return alloc_virt(size, align, min_addr, max_addr, nid, false);
}

void *memblock_alloc_exact_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
				   phys_addr_t max_addr, int nid)
{
	return alloc_virt(size, align, min_addr, max_addr, nid, true);
}

void *memblock_alloc_try_nid(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
			     phys_addr_t max_addr, int nid)
{
	void *at = alloc_virt(size, align, min_addr, max_addr, nid, false);

	return at && !PORT_BOOT_ZERO ? memset(at, 0, (size_t)size) : at;
}

void *__memblock_alloc_or_panic(phys_addr_t size, phys_addr_t align, const char *func)
{
	void *at = memblock_alloc(size, align);

	if (!at)
		quire_panic("%s: no memory at boot for %llu bytes\n", func,
			    (unsigned long long)size);
	return at;
}
