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
 * once.  ARMv7 would need too many tables for that: there a space gets an entry that came later by a
 * fault.  AArch64 has a root register for the kernel's half, and nothing is copied.
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
#include "maps/kernel.h"
#include "maps/kmap.h"

struct kernel_map kernel_map;

pt_entry *maps_kernel_pgd(void)
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

static pt_entry *new_early_table(unsigned long size)
{
	pt_entry *table = memblock_alloc(size, size);

	if (!table)
		quire_panic("maps: no memory for the kernel's page tables\n");
	return table;
}

static pt_entry *new_kernel_table(void)
{
	struct page *page;

	if (!kernel_map.frames_ready)
		return new_early_table(PAGE_SIZE);
	page = pt_alloc_table(GFP_ATOMIC); /* under the lock */
	return page ? page_address(page) : NULL;
}

pt_entry *kernel_entry(unsigned long va, unsigned level)
{
	pt_entry *table = kernel_map.pgd;
	unsigned l;

	for (l = 0; l < level; l++) {
		pt_entry *entry = pt_slot(table, pt_index(va, l), l);

		if (!pt_used(pt_read(entry))) {
			pt_entry *lower = new_kernel_table();

			if (!lower)
				return NULL;
			/* Kernel tables need no user bit; permissions are decided by the last
			 * entry. */
			pt_publish_table(entry, l, __pa(lower), false);
			if (kernel_map.frames_ready && l > 0)
				pt_count(pt_page(entry), 1);
			else if (kernel_map.frames_ready)
				kernel_map.late_tables++;
		}
		table = pt_table_of(l, pt_read(entry));
	}
	return pt_slot(table, pt_index(va, level), level);
}

pte_t pt_lookup(pt_entry *root, unsigned long va, unsigned *level)
{
	pt_entry *table = root;
	unsigned l;

	for (l = 0;; l++) {
		pt_entry *entry = pt_slot(table, pt_index(va, l), l);
		u64 raw;

		if (level)
			*level = l;
		if (l == PT_LAST)
			return pte_read(entry);
		raw = pt_read(entry);
		if (!pt_used(raw))
			return 0;
		if (pt_is_block(l, raw))
			return pt_decode(&pt_fmt, l, raw) | PTE_LARGE;
		table = pt_table_of(l, raw);
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
		unsigned long va = maps_linear(pa);

		if (fits_large(image, pa, end)) {
			pt_publish_block(kernel_entry(va, LARGE_LEVEL), LARGE_LEVEL,
					 pa | PT_KERNEL_RW);
			kernel_map.kb_large += PMD_SIZE >> 10;
			pa += PMD_SIZE;
		} else {
			pte_set(kernel_entry(va, PT_LAST), pa | linear_prot(image, pa));
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
		pte_set(kernel_entry(image->virt_base + (unsigned long)(pa - image->text_start),
				     PT_LAST),
			pa | prot);
}

/* One or two tables here, and every space sees what is mapped later.  Where they would be many, a fault
 * brings them: maps_kernel_fault(). */
static void __init share(unsigned long start, unsigned long end)
{
	const unsigned long span = 1UL << pt_shift(0);
	unsigned long va;

	if (pt_shift(0) < 30)
		return;
	for (va = start; va < end; va += span) {
		kernel_entry(va, 1);
		if (end - va <= span)
			break;
	}
}

/* Before there are frames, and not to be looked for later. */
static void __init make_fixmap_tables(void)
{
	if (FIXADDR_TOP)
		for (unsigned idx = FIX_HOLE; idx < __end_of_fixed_addresses; idx++)
			kernel_entry(fix_to_virt(idx), PT_LAST);
}

/* What of the RAM that ends there the linear map has room for. */
static phys_addr_t __init lowmem_part(phys_addr_t end)
{
	return PORT_HIGHMEM ? min(end, PORT_LOWMEM_PHYS_END) : end;
}

static void __init make_kmap_table(void)
{
	_Static_assert(PORT_PKMAP_START % PMD_SIZE == 0, "kmap's pages are those of one table");
	_Static_assert(!PORT_HIGHMEM || PORT_FIXADDR_TOP != 0, "highmem needs a fixmap");
	kernel_entry(PORT_PKMAP_START, PT_LAST);
	kmap_init();
}

void __init maps_early_init(const struct maps_image *image)
{
	phys_addr_t start, end;
	u64 i;

	memset(&kernel_map, 0, sizeof(kernel_map));
	memblock_set_current_limit(lowmem_part(memblock_get_current_limit()));
	spin_lock_init(&kernel_map.lock, "kernel_map", LOCK_RANK_PAGE_TABLE);
	kernel_map.pgd = new_early_table(PT_ROOT_SIZE);
	for_each_mem_range(i, &start, &end)
		map_linear(image, QUIRE_ALIGN_UP(start, PAGE_SIZE),
			   QUIRE_ALIGN_DOWN(lowmem_part(end), PAGE_SIZE));
	if (image && image->virt_base) {
		map_image_part(image, image->text_start, image->text_end, PT_KERNEL_RX);
		map_image_part(image, image->rodata_start, image->rodata_end, PT_KERNEL_RO);
		map_image_part(image, image->data_start, image->data_end, PT_KERNEL_RW);
		map_image_part(image, image->init_start, image->init_text_end, PT_KERNEL_RX);
		kernel_map.image = *image;
	}
	share(QUIRE_VMALLOC_START, QUIRE_VMALLOC_END);
	share(PORT_MODULES_START, PORT_MODULES_END);
	make_fixmap_tables();
	if (PORT_HIGHMEM)
		make_kmap_table();
}

/* Whoever still uses the part faults, and the linear map shows frames like any others. */
static void drop_init_part(const struct maps_image *image)
{
	unsigned long start =
		image->virt_base + (unsigned long)(image->init_start - image->text_start);
	unsigned long linear = maps_linear(image->init_start);
	unsigned long size = (unsigned long)(image->init_end - image->init_start), at;

	spin_lock(&kernel_map.lock);
	for (at = 0; at < size; at += PAGE_SIZE) {
		pte_set(kernel_entry(start + at, PT_LAST), 0);
		if (image->init_start + at < image->init_text_end)
			pte_set(kernel_entry(linear + at, PT_LAST),
				(image->init_start + at) | PT_KERNEL_RW);
	}
	port_flush_tlb_kernel(start, start + size);
	port_flush_tlb_kernel(linear, linear + size);
	spin_unlock(&kernel_map.lock);
}

unsigned long free_initmem(void)
{
	struct maps_image image = kernel_map.image;

	check_early_ioremap_leak();
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
	unsigned long text = image->virt_base, linear = maps_linear(image->text_start);
	unsigned long size = (unsigned long)(image->text_end - image->text_start);

	if (!image->virt_base)
		return false;
	return (start < text + size && text < end) || (start < linear + size && linear < end);
}

/* ---- single pages of the linear map ---------------------------------------------------------- */
/* The entry for va that no table is below, and its level; NULL: there is none. */
static pt_entry *leaf_of(unsigned long va, unsigned *level)
{
	pt_entry *table = kernel_map.pgd;

	for (*level = 0;; ++*level) {
		pt_entry *entry = pt_slot(table, pt_index(va, *level), *level);
		u64 raw = pt_read(entry);

		if (*level == PT_LAST)
			return entry;
		if (!pt_used(raw))
			return NULL;
		if (pt_is_block(*level, raw))
			return entry;
		table = pt_table_of(*level, raw);
	}
}

/* The large page becomes a table that says the same of each small one.  Not where a processor must not
 * find both: nothing may be without a mapping meanwhile, this very code least of all.  Under the lock. */
static int split_large(pt_entry *entry)
{
	pte_t e = pt_decode(&pt_fmt, LARGE_LEVEL, pt_read(entry)) & ~PTE_LARGE;
	pt_entry *table;

	if (pt_fmt.break_first)
		return -EOPNOTSUPP;
	table = new_kernel_table();
	if (!table)
		return -ENOMEM;
	for (unsigned long i = 0; i < PTRS_PER_PTE; i++)
		pte_set(table + i, e + i * PAGE_SIZE);
	pt_count(pt_page(table), (int)PTRS_PER_PTE);
	pt_publish_table(entry, LARGE_LEVEL, __pa(table), false);
	kernel_map.kb_large -= PMD_SIZE >> 10;
	kernel_map.kb_small += PMD_SIZE >> 10;
	return 0;
}

int set_memory_4k(unsigned long addr, int numpages)
{
	unsigned long start = PAGE_ALIGN_DOWN(maps_linear(__pa((void *)addr)));
	unsigned long end = start + (unsigned long)numpages * PAGE_SIZE, va;
	int error = 0;

	spin_lock(&kernel_map.lock);
	for (va = start; va < end && !error; va += PAGE_SIZE) {
		unsigned level;
		pt_entry *entry = leaf_of(va, &level);

		if (!entry || level + 1 < PT_LAST)
			error = -EINVAL;
		else if (level == LARGE_LEVEL)
			error = split_large(entry);
	}
	port_flush_tlb_kernel(start, end);
	spin_unlock(&kernel_map.lock);
	return error;
}

static int set_linear(const struct page *page, u64 prot)
{
	unsigned long va = maps_linear(page_to_phys(page));
	unsigned level;
	pt_entry *entry = PageHighMem(page) ? NULL : leaf_of(va, &level);

	if (!entry || level != PT_LAST)
		return -EINVAL;
	pte_set(entry, prot ? page_to_phys(page) | prot : 0);
	return 0;
}

int set_direct_map_invalid_noflush(struct page *page)
{
	return set_linear(page, 0);
}

int set_direct_map_default_noflush(struct page *page)
{
	return set_linear(page, PT_KERNEL_RW);
}

void maps_tables_from_frames(void)
{
	kernel_map.frames_ready = true;
}

void maps_forget_tables(void)
{
	memset(&kernel_map, 0, sizeof(kernel_map));
}

/* ---- roots of user spaces -------------------------------------------------------------------- */
/* What of a root is the kernel's; nothing, where its half has a root of its own. */
static pt_entry *kernel_half(pt_entry *root)
{
	return pt_slot(root, pt_index(PORT_KERNEL_START, 0), 0);
}

static size_t kernel_half_size(void)
{
	size_t used = (size_t)((char *)kernel_half(kernel_map.pgd) - (char *)kernel_map.pgd);
	size_t size = ((size_t)sizeof(pt_entry) << (PT_TWINS ? 1 : 0)) << pt_bits(0);

	return pt_fmt.split_roots ? 0 : size - used;
}

/* The copies of a root's entries are made with the space, and what the kernel mapped since may have
 * needed another.  Entries of the kernel's root are never taken back. */
bool maps_kernel_fault(phys_addr_t root, unsigned long va)
{
	unsigned i = pt_index(va, 0);
	pt_entry *from = pt_slot(kernel_map.pgd, i, 0), *to = pt_slot(__va(root), i, 0);
	u64 raw = pt_read(from);

	if (pt_fmt.split_roots || i < pt_index(PORT_KERNEL_START, 0) || !pt_used(raw))
		return false;
	if (pt_read(to) == raw) /* another CPU was faster, or there is nothing below */
		return pte_valid(pt_lookup(kernel_map.pgd, va, NULL));
	pt_publish(to, raw, pt_is_block(0, raw) ? ARMV7_SECTION : ARMV7_HARD_TABLE);
	atomic_long_inc(&kernel_map.late_roots);
	return true;
}

unsigned long maps_kernel_faults(void)
{
	return (unsigned long)atomic_long_read(&kernel_map.late_roots);
}

unsigned long maps_kernel_tables(void)
{
	return READ_ONCE(kernel_map.late_tables);
}

pt_entry *pt_new_root(void)
{
	pt_entry *root = pt_alloc_root();

	if (!root)
		return NULL;
	if (PORT_ASIDS)
		asid_forget(__pa(root));
	memcpy(kernel_half(root), kernel_half(kernel_map.pgd), kernel_half_size());
	return root;
}

void pt_free_root(pt_entry *root)
{
	if (PORT_ASIDS)
		asid_forget(__pa(root));
	memset(kernel_half(root), 0, kernel_half_size());
	pt_release_root(root);
}
