/* SPDX-License-Identifier: MIT */
/*
 * maps/maps.h - what later folders need of maps/: entries, the walker, tables.
 *
 *   root ──> level 1 ──> … ──> last-level table ──> frame
 *            struct page of each table page: ptl (its lock), nr_present (entries in use)
 *
 * Laws:  a table page that is free, or kept spare, holds only zeroes;
 *        nr_present counts the non-zero entries of a user table, so that an empty one can be freed.
 * Locks: entries of a last-level table: its ptl.  Entries above: the space's page_table_lock.
 *        Tables are freed with the space's mmap_lock held for writing and page_table_lock held.
 */
#ifndef QUIRE_MAPS_MAPS_H
#define QUIRE_MAPS_MAPS_H

#include <quire/atomic.h>
#include <quire/gfp.h>
#include <quire/lock.h>
#include <quire/mmzone.h>
#include <quire/page.h>
#include <quire/port.h>
#include <quire/vmalloc.h>
#include "maps/entry.h"

/* Bytes that one last-level table maps. */
#define PTRS_PER_PTE 512u
#define PMD_SHIFT    (PAGE_SHIFT + 9)
#define PMD_SIZE     ((unsigned long)PAGE_SIZE * PTRS_PER_PTE)
#define PMD_MASK     (~(PMD_SIZE - 1))

/* One or two root entries are plenty for vmalloc; a port may offer more. */
#define QUIRE_VMALLOC_MAX   ((unsigned long)(sizeof(long) == 8 ? 1ULL << 40 : 1ULL << 31))
#define QUIRE_VMALLOC_START PORT_VMALLOC_START
#define QUIRE_VMALLOC_END                                                                          \
	(PORT_VMALLOC_END - PORT_VMALLOC_START > QUIRE_VMALLOC_MAX                                 \
		 ? PORT_VMALLOC_START + QUIRE_VMALLOC_MAX                                          \
		 : PORT_VMALLOC_END)

/* Where the linear map has it, or would. */
static inline unsigned long maps_linear(phys_addr_t pa)
{
	return PAGE_OFFSET + (unsigned long)(pa - PORT_PHYS_OFFSET);
}

/* ---- entries --------------------------------------------------------------------------------- */
/* The hardware may use it. */
static inline bool pte_valid(pte_t e)
{
	return e & PTE_PRESENT;
}

/* A frame is there, even if PROT_NONE keeps the hardware from it. */
static inline bool pte_present(pte_t e)
{
	return e & (PTE_PRESENT | PTE_PROTNONE);
}

/* The frame is being moved to another place: nobody may touch it, a fault waits.  Such an entry
 * holds no reference and is not counted in the mapcount; it keeps the frame's number and what may
 * be done with it. */
static inline bool pte_migration(pte_t e)
{
	return (e & (PTE_PRESENT | PTE_PROTNONE | PTE_SPECIAL | PTE_USER)) == PTE_SPECIAL;
}

static inline pte_t pte_make_migration(pte_t e)
{
	return (e & (PTE_ADDRESS | PTE_WRITE | PTE_DIRTY | PTE_ACCESSED)) | PTE_SPECIAL;
}

/* What was there is lost with the frame that held it: whoever touches it gets SIGBUS.  Such an entry
 * stays until it is unmapped; it holds nothing and is counted nowhere, and its frame may be anybody's. */
static inline bool pte_hwpoison(pte_t e)
{
	return (e & (PTE_PRESENT | PTE_PROTNONE | PTE_SPECIAL | PTE_USER)) ==
	       (PTE_SPECIAL | PTE_USER);
}

static inline pte_t pte_make_hwpoison(pte_t e)
{
	return (e & PTE_ADDRESS) | PTE_SPECIAL | PTE_USER;
}

static inline bool pte_write(pte_t e)
{
	return e & PTE_WRITE;
}

static inline bool pte_dirty(pte_t e)
{
	return e & PTE_DIRTY;
}

static inline bool pte_special(pte_t e)
{
	return e & PTE_SPECIAL;
}

static inline unsigned long pte_pfn(pte_t e)
{
	return (unsigned long)((e & PTE_ADDRESS) >> PAGE_SHIFT);
}

static inline struct page *pte_page(pte_t e)
{
	return pfn_to_page(pte_pfn(e));
}

static inline pte_t pte_make(unsigned long pfn, u64 prot)
{
	return ((u64)pfn << PAGE_SHIFT) | prot;
}

/* The same frame with other permission bits; what the hardware noted stays. */
static inline pte_t pte_modify(pte_t e, u64 prot)
{
	const u64 keep = PTE_ADDRESS | PTE_ACCESSED | PTE_DIRTY | PTE_SPECIAL | PTE_UNCACHED;

	return (e & keep) | (prot & ~keep);
}

/*
 * Who changes the rights of one entry after another.  Neighbours mostly mean the same but for the frame, so where
 * encoding is work the last answer is kept.
 */
struct pte_rights {
	u64 prot;     /* what all get                                                        */
	u64 was;      /* the last entry that was asked of, without its frame; ~0: none yet   */
	u64 is, twin; /* what became of it                                               */
	bool write;   /* with PTE_WRITE on top of prot                                   */
};

static inline void pte_rights_init(struct pte_rights *r, u64 prot)
{
	r->prot = prot;
	if (!pt_fmt.identical)
		r->was = ~0ULL;
}

/* What pte_set_rights() asks of the format when it has no answer. */
static inline void pte_rights_ask(struct pte_rights *r, u64 raw, u64 frame, bool write)
{
	pte_t e = pte_modify(pt_decode(&pt_fmt, PT_LAST, raw & ~frame), r->prot) |
		  (write ? PTE_WRITE : 0);

	r->was = raw & ~frame;
	r->is = pt_encode_last(e);
	r->twin = PT_TWINS ? pt_encode(&pt_hw, PT_LAST, e) : 0;
	r->write = write;
}

/*
 * The entry, which means e, gets these rights, with PTE_WRITE if `write`; what was noted of it stays.  False: it
 * had them.  Under the lock of its table.  (No break before make: that is for another frame.)
 */
static inline bool pte_set_rights(struct pte_rights *r, pt_entry *at, pte_t e, bool write)
{
	const u64 frame = pt_fmt.level[PT_LAST].leaf.address; /* twins have it in the same place */
	u64 raw;

	if (pt_fmt.identical || PT_NOTES) {
		pte_t n = pte_modify(e, r->prot) | (write ? PTE_WRITE : 0);

		if (n == e)
			return false;
		pte_set(at, n | (pte_get_and_clear(at) & (PTE_ACCESSED | PTE_DIRTY)));
		return true;
	}
	raw = READ_ONCE(at->raw);
	if (unlikely((raw & ~frame) != r->was || write != r->write))
		pte_rights_ask(r, raw, frame, write);
	if (r->is == r->was)
		return false;
	pt_store(at, (raw & frame) | r->is);
	if (PT_TWINS)
		pt_store(at + PT_TWIN, (raw & frame) | r->twin);
	pt_written(at);
	return true;
}

/* Entry bits for a user page; without any right they say protnone. */
u64 pt_user_prot(bool read, bool write, bool exec);

#define PT_KERNEL_RW (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_GLOBAL | PTE_NOEXEC)
#define PT_KERNEL_RO (PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL | PTE_NOEXEC)
#define PT_KERNEL_RX (PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL)
#define PT_KERNEL_IO (PT_KERNEL_RW | PTE_UNCACHED)
#define PT_KERNEL_WC (PT_KERNEL_RW | PTE_WRITECOMBINE)

/* ---- tables ---------------------------------------------------------------------------------- */
static inline struct page *pt_page(const pt_entry *entry)
{
	return virt_to_page(entry);
}

/* n more entries of the table are in use; under its lock.  fork looks at the count without. */
static inline void pt_count(struct page *table, int n)
{
	WRITE_ONCE(table->nr_present, table->nr_present + (u32)n);
}

static inline void pt_lock(struct page *table)
{
	raw_lock(&table->ptl);
}

static inline void pt_unlock(struct page *table)
{
	raw_unlock(&table->ptl);
}

/*
 * The last-level entry for va, or NULL; then *skip, if given, is the first address after the hole
 * that the missing table leaves (or 0 at the top of the address range).  User tables hold no large
 * pages.
 */
static inline pt_entry *pt_find(pt_entry *root, unsigned long va, unsigned long *skip)
{
	pt_entry *table = root;
	unsigned level;

	/* Shifts and masks become constants. */
#pragma GCC unroll 8
	for (level = 0; level < PT_LAST; level++) {
		u64 raw = pt_read(pt_slot(table, pt_index(va, level), level));

		if (unlikely(!pt_used(raw))) {
			if (skip)
				*skip = ((va >> pt_shift(level)) + 1) << pt_shift(level);
			return NULL;
		}
		table = pt_table_of(level, raw);
	}
	return table + pt_index(va, PT_LAST);
}

/* Where the last-level table that covers va ends, or `end` if that comes first. */
static inline unsigned long pt_table_end(unsigned long va, unsigned long end)
{
	unsigned long next = (va + PMD_SIZE) & PMD_MASK;

	return next - 1 < end - 1 ? next : end;
}

/* A user space's tables, as maps/ needs to know them. */
struct pt_space {
	pt_entry *root;
	spinlock_t *lock;     /* page_table_lock                 */
	atomic_long_t *bytes; /* memory in tables                */
};

/* The last-level entry for va, with tables made on the way; NULL: no memory, nothing lost.  May
 * sleep. */
pt_entry *pt_make_slow(const struct pt_space *space, unsigned long va);

/*
 * Take out the tables that map nothing any more in [start, end); the caller flushes the TLB and
 * then hands the list to pt_free_list().  mmap_lock held for writing, page_table_lock not held.
 */
struct page *pt_detach_empty(const struct pt_space *space, unsigned long start, unsigned long end);
void pt_free_list(struct page *list);

/* A zeroed table page / give one back, all zero again. */
struct page *pt_alloc_table(gfp_t gfp);
void pt_free_table(struct page *table);
/* Spare tables go back to frames/. */
void pt_drain_spares(void);

/* A root that maps nothing / give one back that maps nothing. */
pt_entry *pt_alloc_root(void);
void pt_release_root(pt_entry *root);

/* asid.c: the frame at `root` becomes, or was, the root of a space. */
void asid_forget(phys_addr_t root);

/* A new root that shares the kernel half; undo it.  NULL: no memory. */
pt_entry *pt_new_root(void);
void pt_free_root(pt_entry *root);

/*
 * range.c: the kernel half, many pages at a time.  The addresses are the caller's alone and map nothing.
 * pages[i], or the memory from pa on, with rights `prot` (PT_KERNEL_*); `large` lets whole PMD_SIZE
 * pieces that lie on both sides on a multiple of it become one entry.
 *   Returns:  0, or -ENOMEM: part of it may be mapped, and is the caller's to unmap.
 *   Context:  task; takes kernel_map.lock for one table at a time.
 */
int pt_map_kernel_pages(unsigned long va, struct page *const *pages, unsigned long n, u64 prot,
			bool large);
int pt_map_kernel_range(unsigned long va, phys_addr_t pa, unsigned long size, u64 prot, bool large);
/* Clear the entries.  Some CPU may remember them until pt_purge_kernel(), and tables stay as they are. */
void pt_unmap_kernel_noflush(unsigned long start, unsigned long end);
/* Take the tables out that nothing is mapped by any more, flush the range once, free the tables. */
void pt_purge_kernel(unsigned long start, unsigned long end);
/* What PAGE_KERNEL and its like mean; false, with words in the log: there is no such protection. */
bool pt_prot_bits(pgprot_t prot, u64 *bits);
/* Whether this format and this half may have entries of PMD_SIZE made and unmade at run time. */
bool pt_kernel_large(void);
struct page *pt_detach_empty_kernel(pt_entry *pgd, unsigned long start, unsigned long end);
/* What translates va now: the entry and its level, or 0. */
pte_t pt_lookup(pt_entry *root, unsigned long va, unsigned *level);
pt_entry *maps_kernel_pgd(void);
/* Whether [start, end) has something of the kernel's text in it, by either of its addresses. */
bool maps_text_touches(unsigned long start, unsigned long end);
/* The vmalloc area that the address is in, without its guard page; false: none. */
bool vmalloc_area_at(unsigned long addr, unsigned long *start, unsigned long *end);

/* Whether all those bytes are of one area that vmalloc_user() and its like made. */
bool vmalloc_for_users(unsigned long addr, unsigned long size);

/* From now on kernel tables come from frames/; after maps_exit nothing of them is known. */
void maps_tables_from_frames(void);
void maps_forget_tables(void);

/* How much of the linear map is in which page size, in KiB (DirectMap4k, 2M). */
void maps_direct_map_kb(unsigned long *small, unsigned long *large);

#endif
