/* SPDX-License-Identifier: MIT */
/*
 * frames/cma.c - areas that movable memory lives in until their owner wants them.
 *
 *   memblock: reserved ──cma_activate──> pageblocks of type CMA ──cma_alloc──> bits set, frames taken
 *                                              └──────<──────cma_release───────────┘
 *
 * Always true:  a bit of an area is set while its frames are claimed, or being claimed.
 * Lock:         cma->lock for the bitmap; claims of an area go one after the other (cma->claiming,
 *               held while pages move, which sleeps).
 */
#include <quire/bitmap.h>
#include <quire/bits.h>
#include <quire/bytes.h>
#include <quire/cma.h>
#include <quire/contig.h>
#include <quire/err.h>
#include <quire/init.h>
#include <quire/printk.h>
#include "frames.h"

struct cma {
	unsigned long base_pfn, count; /* (c)                                                  */
	unsigned order_per_bit;        /* (c)                                                  */
	char name[24];                 /* (c)                                                  */
	bool active;                   /* (c) lent and claimed; else just reserved             */
	unsigned long *bitmap;         /* (lock)                                               */
	unsigned long allocated, failed, released; /* (lock)                                   */
	struct mutex claiming;
	u32 lock;
};

static struct cma areas[MAX_CMA_AREAS];
static unsigned nr_areas;

static unsigned long nr_bits(const struct cma *cma)
{
	return cma->count >> cma->order_per_bit;
}

/* ---- hand-over ------------------------------------------------------------------------------- */
static void lend_pageblock(struct zone *zone, unsigned long pfn)
{
	unsigned long flags;

	for (unsigned long i = 0; i < pageblock_nr_pages; i++)
		page_flags_keep(pfn_to_page(pfn + i), PAGE_PLACE_MASK);
	spin_lock_irqsave(&zone->lock, flags);
	pageblock_convert_locked(zone, pfn, MIGRATE_CMA);
	spin_unlock_irqrestore(&zone->lock, flags);
	zone_add_managed(zone, pfn, pfn + pageblock_nr_pages);
	zone->cma_pages += pageblock_nr_pages;
}

static bool spans_zones(const struct cma *cma)
{
	const struct zone *zone = page_zone(pfn_to_page(cma->base_pfn));

	return page_zone(pfn_to_page(cma->base_pfn + cma->count - 1)) != zone;
}

static void activate(void)
{
	for (unsigned i = 0; i < nr_areas; i++) {
		struct cma *cma = &areas[i];

		cma->active = !spans_zones(cma);
		if (!cma->active) {
			pr_warn("cma: %s lies in two zones: it stays reserved\n", cma->name);
			totalcma_pages -= cma->count;
			continue;
		}
		for (unsigned long at = 0; at < cma->count; at += pageblock_nr_pages)
			lend_pageblock(page_zone(pfn_to_page(cma->base_pfn)), cma->base_pfn + at);
	}
}

static void forget(void)
{
	memset(areas, 0, sizeof(areas));
	nr_areas = 0;
	totalcma_pages = 0;
}

static const struct cma_ops ops = { activate, forget };

/* ---- before memory is handed over ------------------------------------------------------------ */
#define PAGEBLOCK_BYTES ((phys_addr_t)PAGE_SIZE << QUIRE_PAGEBLOCK_ORDER)

int cma_init_reserved_mem(phys_addr_t base, phys_addr_t size, unsigned order_per_bit,
			  const char *name, struct cma **out)
{
	struct cma *cma = &areas[nr_areas];

	if (nr_areas == MAX_CMA_AREAS)
		return -ENOSPC;
	if (!size || (base | size) & (PAGEBLOCK_BYTES - 1) || order_per_bit > pageblock_order ||
	    !memblock_is_region_reserved(base, size) || !memblock_is_region_memory(base, size))
		return -EINVAL;
	memset(cma, 0, sizeof(*cma));
	mutex_init(&cma->claiming);
	cma->base_pfn = PHYS_PFN(base);
	cma->count = PHYS_PFN(size);
	cma->order_per_bit = order_per_bit;
	cma->bitmap = memblock_alloc(BITS_TO_LONGS(nr_bits(cma)) * sizeof(long), sizeof(long));
	if (!cma->bitmap)
		return -ENOMEM;
	if (name)
		quire_snprintf(cma->name, sizeof(cma->name), "%s", name);
	else
		quire_snprintf(cma->name, sizeof(cma->name), "cma%u", nr_areas);
	nr_areas++;
	cma_ops = &ops;
	totalcma_pages += cma->count;
	*out = cma;
	return 0;
}

/* A range for the area, reserved; 0: there is none. */
static phys_addr_t reserve(phys_addr_t base, phys_addr_t size, phys_addr_t limit,
			   phys_addr_t alignment, bool fixed)
{
	phys_addr_t end = limit ? limit : MEMBLOCK_ALLOC_ACCESSIBLE;

	if (fixed) {
		if (memblock_is_region_reserved(base, size) ||
		    !memblock_is_region_memory(base, size) || memblock_reserve(base, size))
			return 0;
		return base;
	}
	return memblock_phys_alloc_range(size, alignment, base, end);
}

int __init cma_declare_contiguous(phys_addr_t base, phys_addr_t size, phys_addr_t limit,
				  phys_addr_t alignment, unsigned order_per_bit, bool fixed,
				  const char *name, struct cma **out)
{
	phys_addr_t at;
	int err;

	if (nr_areas == MAX_CMA_AREAS)
		return -ENOSPC;
	if (alignment & (alignment - 1) || !size)
		return -EINVAL;
	alignment = max(alignment, PAGEBLOCK_BYTES);
	size = QUIRE_ALIGN_UP(size, alignment);
	if (!size || base + size < base)
		return -EINVAL;
	if (fixed && base & (alignment - 1))
		return -EINVAL;
	at = reserve(QUIRE_ALIGN_UP(base, alignment), size, limit, alignment, fixed);
	if (!at)
		return fixed ? -EBUSY : -ENOMEM;
	err = cma_init_reserved_mem(at, size, order_per_bit, name, out);
	if (err)
		memblock_phys_free(at, size);
	else
		printk("cma: Reserved %lu KiB at 0x%llx (%s)\n", (unsigned long)(size >> 10),
		       (unsigned long long)at, (*out)->name);
	return err;
}

/* A size or an address from *at on, which moves behind it; false: there is none. */
static bool __init take_size(const char **at, phys_addr_t *size)
{
	unsigned long long v;
	char *end;

	v = memparse(*at, &end);
	if (end == *at || v > (phys_addr_t)~0ULL)
		return false;
	*size = (phys_addr_t)v;
	*at = end;
	return true;
}

/* SIZE[@START[-END]], `len` characters: an area; none for size 0. */
static int __init declare_default(const char *at, size_t len)
{
	phys_addr_t size, base = 0, limit = 0;
	const char *end = at + len;
	struct cma *area;

	if (!take_size(&at, &size))
		return -EINVAL;
	if (*at == '@') {
		at++;
		if (!take_size(&at, &base))
			return -EINVAL;
		if (*at == '-') {
			at++;
			if (!take_size(&at, &limit) || limit <= base)
				return -EINVAL;
		}
	}
	if (at != end)
		return -EINVAL;
	return size ? cma_declare_contiguous(base, size, limit, 0, 0, base && !limit, "reserved",
					     &area)
		    : 0;
}

void __init cma_parse_cmdline(const char *cmdline)
{
	const char *word, *value;
	size_t len;
	int err;

	while ((word = cmdline_next(&cmdline, &len))) {
		value = cmdline_value(word, len, "cma=");
		err = value ? declare_default(value, len - (size_t)(value - word)) : 0;
		if (err == -EINVAL)
			pr_warn("cma: boot parameter \"%.*s\" makes no sense and is ignored\n",
				(int)len, word);
		else if (err)
			pr_warn("cma: boot parameter \"%.*s\" cannot be obeyed: %s\n", (int)len,
				word,
				err == -EBUSY ? "that is not all free memory"
					      : "there is no such free memory");
	}
}

/* ---- claims ---------------------------------------------------------------------------------- */
static unsigned long lock_area(struct cma *cma)
{
	unsigned long flags = port_irq_save();

	raw_lock(&cma->lock);
	return flags;
}

static void unlock_area(struct cma *cma, unsigned long flags)
{
	raw_unlock(&cma->lock);
	port_irq_restore(flags);
}

/* The next stretch of `bits` free bits from `from` on that begins at a multiple of 2^align frames; its
 * bits are set.  nr_bits(): there is none. */
static unsigned long take_bits(struct cma *cma, unsigned long from, unsigned long bits,
			       unsigned align)
{
	unsigned long step = 1UL << (align > cma->order_per_bit ? align - cma->order_per_bit : 0);
	unsigned long shift = (cma->base_pfn >> cma->order_per_bit) & (step - 1);
	unsigned long flags = lock_area(cma), at = from;

	for (;;) {
		at = QUIRE_ALIGN_UP(at + shift, step) - shift;
		if (at + bits > nr_bits(cma)) {
			at = nr_bits(cma);
			break;
		}
		if (find_next_bit(cma->bitmap, at + bits, at) >= at + bits) {
			bitmap_set(cma->bitmap, at, bits);
			break;
		}
		at++;
	}
	unlock_area(cma, flags);
	return at;
}

static void clear_bits(struct cma *cma, unsigned long at, unsigned long bits)
{
	unsigned long flags = lock_area(cma);

	bitmap_clear(cma->bitmap, at, bits);
	unlock_area(cma, flags);
}

static void count_claim(struct cma *cma, unsigned long count, bool success)
{
	unsigned long flags = lock_area(cma);

	*(success ? &cma->allocated : &cma->failed) += count;
	unlock_area(cma, flags);
	count_vm_event(success ? CMA_ALLOC_SUCCESS : CMA_ALLOC_FAIL);
}

struct page *cma_alloc(struct cma *cma, unsigned long count, unsigned align, bool no_warn)
{
	unsigned long bits = DIV_ROUND_UP(count, 1UL << cma->order_per_bit), at = 0, pfn = PFN_NONE;
	int err = -ENOMEM;

	lock_debug_assert_none("cma_alloc");
	if (!cma->active || !count || align > pageblock_order)
		return NULL;
	mutex_lock(&cma->claiming);
	for (;; at++) {
		at = take_bits(cma, at, bits, align);
		if (at == nr_bits(cma))
			break;
		pfn = cma->base_pfn + (at << cma->order_per_bit);
		err = alloc_contig_range(pfn, pfn + count, MIGRATE_CMA,
					 GFP_HIGHUSER_MOVABLE | (no_warn ? __GFP_NOWARN : 0));
		if (err != -EBUSY)
			break;
		clear_bits(cma, at, bits); /* something there does not move: try the next place */
		pfn = PFN_NONE;
	}
	if (err && at != nr_bits(cma)) {
		clear_bits(cma, at, bits);
		pfn = PFN_NONE;
	}
	mutex_unlock(&cma->claiming);
	count_claim(cma, count, pfn != PFN_NONE);
	if (pfn == PFN_NONE && !no_warn)
		pr_warn("cma: %s: %lu frames could not be had: %d\n", cma->name, count, err);
	return pfn == PFN_NONE ? NULL : pfn_to_page(pfn);
}

bool cma_release(struct cma *cma, const struct page *pages, unsigned long count)
{
	unsigned long pfn, bits = DIV_ROUND_UP(count, 1UL << cma->order_per_bit), flags;

	if (!cma || !cma->active || !pages)
		return false;
	pfn = page_to_pfn(pages);
	if (pfn < cma->base_pfn || pfn + count > cma->base_pfn + cma->count)
		return false;
	free_contig_range(pfn, count);
	clear_bits(cma, (pfn - cma->base_pfn) >> cma->order_per_bit, bits);
	flags = lock_area(cma);
	cma->released += count;
	unlock_area(cma, flags);
	count_vm_event(CMA_RELEASE_SUCCESS);
	return true;
}

/* ---- questions ------------------------------------------------------------------------------- */
phys_addr_t cma_get_base(const struct cma *cma)
{
	return PFN_PHYS(cma->base_pfn);
}

unsigned long cma_get_size(const struct cma *cma)
{
	return cma->count << PAGE_SHIFT;
}

const char *cma_get_name(const struct cma *cma)
{
	return cma->name;
}

int cma_for_each_area(int (*fn)(struct cma *cma, void *data), void *data)
{
	for (unsigned i = 0; i < nr_areas; i++) {
		int ret = fn(&areas[i], data);

		if (ret)
			return ret;
	}
	return 0;
}

void cma_get_stat(struct cma *cma, struct cma_stat *stat)
{
	unsigned long flags = lock_area(cma), run = 0;

	*stat = (struct cma_stat){ .count = cma->count,
				   .allocated = cma->allocated,
				   .failed = cma->failed,
				   .released = cma->released };
	for (unsigned long i = 0; i < nr_bits(cma); i++) {
		run = test_bit(i, cma->bitmap) ? 0 : run + 1;
		stat->used += (unsigned long)test_bit(i, cma->bitmap) << cma->order_per_bit;
		stat->maxchunk = max(stat->maxchunk, run << cma->order_per_bit);
	}
	unlock_area(cma, flags);
}
