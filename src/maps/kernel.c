/* SPDX-License-Identifier: MIT */
/*
 * maps/kernel.c - the kernel's own half of every address space: the linear map, the image, and the
 * entries behind vmalloc and ioremap.
 *
 *   PAGE_OFFSET            PORT_VMALLOC_START         image
 *   |== all RAM, 2 MiB ====|…… vmalloc, ioremap ……|…… text r-x | rodata r-- | data rw- |
 *
 * The root entries of the kernel half are all made here, before the first address space, and copied
 * into each new root; whatever is mapped later hangs below them and so is seen by every space at
 * once.
 *
 * Lock:  set up by one CPU; afterwards kernel_map.lock guards the entries and the counts of their
 *        tables.
 */
#include <quire/err.h>
#include <quire/init.h>
#include <quire/boot.h>
#include <quire/printk.h>
#include <quire/bytes.h>
#include <quire/set_memory.h>
#include "maps/maps.h"

#define KERNEL_FIRST pt_index(PAGE_OFFSET, 0)
#define ROOT_ENTRIES (1u << pt_fmt.level[0].bits)
#define LARGE_LEVEL  (PT_LAST - 1)

static struct kernel_map {
	spinlock_t lock; /* entries of the kernel half and nr_present of their tables */
	pte_t *pgd;
	bool frames_ready; /* tables come from frames/, no longer from memblock */
	unsigned long kb_small, kb_large;
	struct maps_image image; /* virt_base 0: there is none */
} kernel_map;

pte_t *maps_kernel_pgd(void)
{
	return kernel_map.pgd;
}

phys_addr_t maps_kernel_root(void)
{
	return __pa(kernel_map.pgd);
}

void maps_direct_map_kb(unsigned long *small, unsigned long *large)
{
	*small = kernel_map.kb_small;
	*large = kernel_map.kb_large;
}

u64 pt_user_prot(bool read, bool write, bool exec)
{
	u64 bits = PTE_USER | PTE_ACCESSED;

	if (!read && !write && !exec)
		return PTE_PROTNONE | PTE_ACCESSED | PTE_NOEXEC;
	bits |= PTE_PRESENT;
	if (write)
		bits |= PTE_WRITE;
	if (!exec)
		bits |= PTE_NOEXEC;
	return bits;
}

static pte_t *new_kernel_table(void)
{
	struct page *page;

	if (!kernel_map.frames_ready) {
		pte_t *table = memblock_alloc(PAGE_SIZE, PAGE_SIZE);

		if (!table)
			quire_panic("maps: no memory for the kernel's page tables\n");
		return table;
	}
	page = pt_alloc_table(GFP_ATOMIC); /* under the lock */
	return page ? page_address(page) : NULL;
}

/* The entry of `level` that translates va, with tables made above it; NULL: no memory. */
static pte_t *kernel_entry(unsigned long va, unsigned level)
{
	pte_t *table = kernel_map.pgd;
	unsigned l;

	for (l = 0; l < level; l++) {
		pte_t *entry = table + pt_index(va, l);

		if (!pte_valid(*entry)) {
			pte_t *lower = new_kernel_table();

			if (!lower)
				return NULL;
			/* Kernel tables need no user bit; permissions are decided by the last
			 * entry. */
			*entry = pt_encode_table(&pt_fmt, l, __pa(lower)) & ~pt_fmt.table_user;
			if (kernel_map.frames_ready)
				pt_count(pt_page(entry), 1);
		}
		table = pt_table_of(*entry);
	}
	return table + pt_index(va, level);
}

int pt_map_kernel(unsigned long va, phys_addr_t pa, u64 prot)
{
	pte_t *entry;

	spin_lock(&kernel_map.lock);
	entry = kernel_entry(va, PT_LAST);
	if (entry) {
		if (!*entry)
			pt_count(pt_page(entry), 1);
		WRITE_ONCE(*entry, pa | prot);
	}
	spin_unlock(&kernel_map.lock);
	return entry ? 0 : -ENOMEM;
}

void pt_unmap_kernel(unsigned long start, unsigned long end)
{
	struct page *list;
	unsigned long va;

	spin_lock(&kernel_map.lock);
	for (va = start; va < end; va += PAGE_SIZE) {
		pte_t *entry = pt_find(kernel_map.pgd, va, NULL);

		if (entry && *entry) {
			WRITE_ONCE(*entry, 0);
			pt_count(pt_page(entry), -1);
		}
	}
	list = pt_detach_empty_kernel(kernel_map.pgd, start, end);
	port_flush_tlb_kernel(start, end);
	spin_unlock(&kernel_map.lock);
	pt_free_list(list);
}

pte_t pt_lookup(pte_t *root, unsigned long va, unsigned *level)
{
	pte_t *table = root;
	unsigned l;

	for (l = 0;; l++) {
		pte_t e = READ_ONCE(table[pt_index(va, l)]);

		if (level)
			*level = l;
		if (l == PT_LAST || !pte_valid(e) || (pt_fmt.level[l].leaf.mask && (e & PTE_LARGE)))
			return e;
		table = pt_table_of(e);
	}
}

static bool __init touches(phys_addr_t pa, phys_addr_t size, phys_addr_t start, phys_addr_t end)
{
	return pa < end && start < pa + size;
}

/* What the linear map may do with the frame at pa: nothing executes there, text and rodata are
 * read-only. */
static u64 __init linear_prot(const struct maps_image *image, phys_addr_t pa)
{
	if (image && (touches(pa, PAGE_SIZE, image->text_start, image->text_end) ||
		      touches(pa, PAGE_SIZE, image->rodata_start, image->rodata_end) ||
		      touches(pa, PAGE_SIZE, image->init_start, image->init_text_end)))
		return PT_KERNEL_RO;
	return PT_KERNEL_RW;
}

static bool __init fits_large(const struct maps_image *image, phys_addr_t pa, phys_addr_t end)
{
	if (!IS_ALIGNED(pa, PMD_SIZE) || end - pa < PMD_SIZE)
		return false;
	return !image || (!touches(pa, PMD_SIZE, image->text_start, image->text_end) &&
			  !touches(pa, PMD_SIZE, image->rodata_start, image->rodata_end) &&
			  !touches(pa, PMD_SIZE, image->init_start, image->init_text_end));
}

static void __init map_linear(const struct maps_image *image, phys_addr_t pa, phys_addr_t end)
{
	while (pa < end) {
		unsigned long va = PAGE_OFFSET + (unsigned long)pa;

		if (fits_large(image, pa, end)) {
			*kernel_entry(va, LARGE_LEVEL) = pa | PT_KERNEL_RW | PTE_LARGE;
			kernel_map.kb_large += PMD_SIZE >> 10;
			pa += PMD_SIZE;
		} else {
			*kernel_entry(va, PT_LAST) = pa | linear_prot(image, pa);
			kernel_map.kb_small += PAGE_SIZE >> 10;
			pa += PAGE_SIZE;
		}
	}
}

static void __init map_image_part(const struct maps_image *image, phys_addr_t start,
				  phys_addr_t end, u64 prot)
{
	phys_addr_t pa;

	for (pa = start; pa < end; pa += PAGE_SIZE)
		*kernel_entry(image->virt_base + (unsigned long)(pa - image->text_start), PT_LAST) =
			pa | prot;
}

void __init maps_early_init(const struct maps_image *image)
{
	phys_addr_t start, end;
	unsigned long va;
	u64 i;

	memset(&kernel_map, 0, sizeof(kernel_map));
	spin_lock_init(&kernel_map.lock, "kernel_map", LOCK_RANK_PAGE_TABLE);
	kernel_map.pgd = new_kernel_table();
	for_each_mem_range(i, &start, &end)
		map_linear(image, QUIRE_ALIGN_UP(start, PAGE_SIZE),
			   QUIRE_ALIGN_DOWN(end, PAGE_SIZE));
	if (image && image->virt_base) {
		map_image_part(image, image->text_start, image->text_end, PT_KERNEL_RX);
		map_image_part(image, image->rodata_start, image->rodata_end, PT_KERNEL_RO);
		map_image_part(image, image->data_start, image->data_end, PT_KERNEL_RW);
		map_image_part(image, image->init_start, image->init_text_end, PT_KERNEL_RX);
		kernel_map.image = *image;
	}
	for (va = QUIRE_VMALLOC_START; va < QUIRE_VMALLOC_END; va += 1UL << pt_fmt.level[0].shift) {
		kernel_entry(va, 1);
		if (QUIRE_VMALLOC_END - va <= 1UL << pt_fmt.level[0].shift)
			break;
	}
}

/* Whoever still uses the part faults, and the linear map shows frames like any others. */
static void drop_init_part(const struct maps_image *image)
{
	unsigned long start =
		image->virt_base + (unsigned long)(image->init_start - image->text_start);
	unsigned long linear = PAGE_OFFSET + (unsigned long)image->init_start;
	unsigned long size = (unsigned long)(image->init_end - image->init_start), at;

	spin_lock(&kernel_map.lock);
	for (at = 0; at < size; at += PAGE_SIZE) {
		WRITE_ONCE(*kernel_entry(start + at, PT_LAST), 0);
		if (image->init_start + at < image->init_text_end)
			WRITE_ONCE(*kernel_entry(linear + at, PT_LAST),
				   (image->init_start + at) | PT_KERNEL_RW);
	}
	port_flush_tlb_kernel(start, start + size);
	port_flush_tlb_kernel(linear, linear + size);
	spin_unlock(&kernel_map.lock);
}

unsigned long free_initmem(void)
{
	struct maps_image image = kernel_map.image;

	if (!image.virt_base || image.init_start == image.init_end)
		return 0;
	kernel_map.image.init_end = image.init_start; /* it is gone */
	drop_init_part(&image);
	return free_reserved_area(image.init_start, image.init_end,
				  "unused kernel image (initmem)");
}

bool maps_text_touches(unsigned long start, unsigned long end)
{
	const struct maps_image *image = &kernel_map.image;
	unsigned long text = image->virt_base, linear = PAGE_OFFSET;
	unsigned long size = (unsigned long)(image->text_end - image->text_start);

	if (!image->virt_base)
		return false;
	linear += (unsigned long)image->text_start;
	return (start < text + size && text < end) || (start < linear + size && linear < end);
}

/* ---- single pages of the linear map ---------------------------------------------------------- */
/* The entry that translates va, and its level; NULL: nothing does. */
static pte_t *leaf_of(unsigned long va, unsigned *level)
{
	pte_t *table = kernel_map.pgd;

	for (*level = 0; *level <= PT_LAST; ++*level) {
		pte_t *entry = table + pt_index(va, *level), e = pt_read(entry);

		if (*level == PT_LAST)
			return e ? entry : NULL;
		if (!pte_valid(e))
			return NULL;
		if (pt_fmt.level[*level].leaf.mask && e & PTE_LARGE)
			return entry;
		table = pt_table_of(e);
	}
	return NULL;
}

/* The large page becomes a table that says the same of each small one.  Under the lock. */
static int split_large(pte_t *entry)
{
	pte_t *table = new_kernel_table(), e = *entry & ~PTE_LARGE;

	if (!table)
		return -ENOMEM;
	for (unsigned long i = 0; i < PTRS_PER_PTE; i++)
		table[i] = e + i * PAGE_SIZE;
	pt_count(pt_page(table), (int)PTRS_PER_PTE);
	pt_publish(entry, pt_encode_table(&pt_fmt, LARGE_LEVEL, __pa(table)) & ~pt_fmt.table_user);
	kernel_map.kb_large -= PMD_SIZE >> 10;
	kernel_map.kb_small += PMD_SIZE >> 10;
	return 0;
}

int set_memory_4k(unsigned long addr, int numpages)
{
	unsigned long start = PAGE_ALIGN_DOWN(PAGE_OFFSET + (unsigned long)__pa((void *)addr));
	unsigned long end = start + (unsigned long)numpages * PAGE_SIZE, va;
	int error = 0;

	spin_lock(&kernel_map.lock);
	for (va = start; va < end && !error; va += PAGE_SIZE) {
		unsigned level;
		pte_t *entry = leaf_of(va, &level);

		if (!entry || level < LARGE_LEVEL)
			error = -EINVAL;
		else if (level == LARGE_LEVEL)
			error = split_large(entry);
	}
	port_flush_tlb_kernel(start, end);
	spin_unlock(&kernel_map.lock);
	return error;
}

static int set_present(const struct page *page, pte_t present)
{
	unsigned long va = PAGE_OFFSET + (page_to_pfn(page) << PAGE_SHIFT);
	unsigned level;
	pte_t *entry = leaf_of(va, &level);

	if (!entry || level != PT_LAST)
		return -EINVAL;
	pt_publish(entry, (*entry & ~PTE_PRESENT) | present);
	return 0;
}

int set_direct_map_invalid_noflush(struct page *page)
{
	return set_present(page, 0);
}

int set_direct_map_default_noflush(struct page *page)
{
	return set_present(page, PTE_PRESENT);
}

void maps_tables_from_frames(void)
{
	kernel_map.frames_ready = true;
}

void maps_forget_tables(void)
{
	memset(&kernel_map, 0, sizeof(kernel_map));
}

pte_t *pt_new_root(void)
{
	struct page *page = pt_alloc_table(GFP_KERNEL);
	pte_t *root;

	if (!page)
		return NULL;
	root = page_address(page);
	memcpy(root + KERNEL_FIRST, kernel_map.pgd + KERNEL_FIRST,
	       (ROOT_ENTRIES - KERNEL_FIRST) * sizeof(pte_t));
	return root;
}

void pt_free_root(pte_t *root)
{
	memset(root + KERNEL_FIRST, 0, (ROOT_ENTRIES - KERNEL_FIRST) * sizeof(pte_t));
	pt_free_table(pt_page(root));
}
