/* SPDX-License-Identifier: MIT */
/*
 * maps/range.c - the kernel half, many pages at a time: one walk and one lock for each table.
 *
 *   map     table ─> 512 entries ─> next table …       or one large entry, where both sides fit
 *   unmap   the entries go; tables and translations stay                                (per area)
 *   purge   empty tables go, the TLBs are flushed once, the tables are free   (once for many areas)
 *
 * Always true:  a table is taken out, and the TLBs are flushed, before anyone else can map in its range:
 *               a processor that remembers the way to the old table would not find what the new one has.
 * Lock:         kernel_map.lock, for one table at a time while mapping.
 */
#include <quire/err.h>
#include <quire/printk.h>
#include "maps/kernel.h"

/* What is mapped: frames one by one, or the memory from `pa` on. */
struct source {
	struct page *const *pages; /* NULL: pa */
	phys_addr_t pa;
	u64 prot;
};

/* ARMv7: what stands in the root was copied to spaces, and cannot be taken back. */
bool pt_kernel_large(void)
{
	return LARGE_LEVEL > 0 && pt_fmt.level[LARGE_LEVEL].leaf.mask;
}

bool pt_prot_bits(pgprot_t prot, u64 *bits)
{
	static const u64 known[] = {
		[PAGE_KERNEL] = PT_KERNEL_RW,     [PAGE_KERNEL_RO] = PT_KERNEL_RO,
		[PAGE_KERNEL_ROX] = PT_KERNEL_RX, [PAGE_KERNEL_NOCACHE] = PT_KERNEL_IO,
		[PAGE_KERNEL_WC] = PT_KERNEL_WC,
	};

	if (prot >= ARRAY_SIZE(known)) {
		pr_warn("maps: there is no protection %llu\n", (unsigned long long)prot);
		return false;
	}
	*bits = known[prot];
	return true;
}

static void count(pt_entry *entry, int n)
{
	if (kernel_map.frames_ready)
		pt_count(pt_page(entry), n);
}

/* Most of what a mapping costs is here. */
static void set_entries(pt_entry *entry, struct page *const *pages, unsigned long n, u64 prot)
{
	const struct pte_alike like = pte_alike(prot);

	pt_write_many();
#pragma GCC unroll 8
	for (unsigned long k = 0; k < n; k++)
		pt_write_one(entry + k, page_to_phys(pages[k]), &like);
	pt_written_many(entry, n);
}

static void set_entries_in_row(pt_entry *entry, phys_addr_t pa, unsigned long n, u64 prot)
{
	const struct pte_alike like = pte_alike(prot);

	pt_write_many();
#pragma GCC unroll 8
	for (unsigned long k = 0; k < n; k++)
		pt_write_one(entry + k, pa + (phys_addr_t)k * PAGE_SIZE, &like);
	pt_written_many(entry, n);
}

/* How many there were. */
static int clear_entries(pt_entry *entry, unsigned long n)
{
	int cleared = 0;

	pt_write_many();
#pragma GCC unroll 8
	for (unsigned long k = 0; k < n; k++) {
		cleared += !pte_none(entry + k);
		pt_write_one(entry + k, 0, NULL);
	}
	pt_written_many(entry, n);
	return cleared;
}

/* Fill entries of one table. */
static int map_table(const struct source *from, unsigned long va, unsigned long i, unsigned long n)
{
	pt_entry *entry = kernel_entry(va, PT_LAST);

	if (!entry)
		return -ENOMEM;
	count(entry, (int)n);
	if (from->pages)
		set_entries(entry, from->pages + i, n, from->prot);
	else
		set_entries_in_row(entry, from->pa + (phys_addr_t)i * PAGE_SIZE, n, from->prot);
	return 0;
}

/* Whether page i and the 511 behind it are one aligned piece of memory. */
static bool is_block(const struct source *from, unsigned long i)
{
	phys_addr_t pa =
		from->pages ? page_to_phys(from->pages[i]) : from->pa + (phys_addr_t)i * PAGE_SIZE;

	if (pa & (PMD_SIZE - 1))
		return false;
	for (unsigned long k = 1; from->pages && k < PTRS_PER_PTE; k++)
		if (from->pages[i + k] != from->pages[i] + k)
			return false;
	return true;
}

/* One large entry.  False: a table is there, or there is no memory for what is above. */
static bool map_block(const struct source *from, unsigned long va, unsigned long i)
{
	phys_addr_t pa =
		from->pages ? page_to_phys(from->pages[i]) : from->pa + (phys_addr_t)i * PAGE_SIZE;
	pt_entry *entry = is_block(from, i) ? kernel_entry(va, LARGE_LEVEL) : NULL;

	if (!entry || pt_used(pt_read(entry)))
		return false;
	pt_publish_block(entry, LARGE_LEVEL, pa | from->prot);
	count(entry, 1);
	return true;
}

static int map_range(const struct source *from, unsigned long va, unsigned long n, bool large)
{
	unsigned long i = 0, end = va + (n << PAGE_SHIFT);
	int error = 0;

	while (i < n && !error) {
		unsigned long at = va + (i << PAGE_SHIFT);
		unsigned long pages = (pt_table_end(at, end) - at) >> PAGE_SHIFT;

		spin_lock(&kernel_map.lock);
		if (!large || pages < PTRS_PER_PTE || !map_block(from, at, i))
			error = map_table(from, at, i, pages);
		spin_unlock(&kernel_map.lock);
		i += pages;
	}
	return error;
}

int pt_map_kernel_pages(unsigned long va, struct page *const *pages, unsigned long n, u64 prot,
			bool large)
{
	const struct source from = { pages, 0, prot };

	return map_range(&from, va, n, large && pt_kernel_large());
}

int pt_map_kernel_range(unsigned long va, phys_addr_t pa, unsigned long size, u64 prot, bool large)
{
	const struct source from = { NULL, pa, prot };

	return map_range(&from, va, size >> PAGE_SHIFT, large && pt_kernel_large());
}

/* ---- unmapping ------------------------------------------------------------------------------- */
/* The entry above the last level that a block of [va, va + PMD_SIZE) is mapped by, or NULL. */
static pt_entry *block_at(unsigned long va)
{
	pt_entry *table = kernel_map.pgd;

	for (unsigned l = 0; l < PT_LAST; l++) {
		pt_entry *entry = pt_slot(table, pt_index(va, l), l);
		u64 raw = pt_read(entry);

		if (!pt_used(raw))
			return NULL;
		if (pt_is_block(l, raw))
			return l == LARGE_LEVEL ? entry : NULL;
		table = pt_table_of(l, raw);
	}
	return NULL;
}

static void unmap_table(unsigned long va, unsigned long n)
{
	pt_entry *block = pt_kernel_large() && n == PTRS_PER_PTE ? block_at(va) : NULL, *entry;

	if (block) {
		pt_erase(block);
		count(block, -1);
		return;
	}
	entry = pt_find(kernel_map.pgd, va, NULL);
	if (!entry)
		return;
	count(entry, -clear_entries(entry, n));
}

void pt_unmap_kernel_noflush(unsigned long start, unsigned long end)
{
	while (start < end) {
		unsigned long next = pt_table_end(start, end);

		spin_lock(&kernel_map.lock);
		unmap_table(start, (next - start) >> PAGE_SHIFT);
		spin_unlock(&kernel_map.lock);
		start = next;
	}
}

void pt_purge_kernel(unsigned long start, unsigned long end)
{
	struct page *list;

	spin_lock(&kernel_map.lock);
	list = pt_detach_empty_kernel(kernel_map.pgd, start, end);
	port_flush_tlb_kernel(start, end);
	spin_unlock(&kernel_map.lock);
	pt_free_list(list);
}
