/* SPDX-License-Identifier: MIT */
/*
 * quire/highmem.h - frames that have no address in the kernel: where there is more RAM than the linear map
 * has room for (32-bit machines), they get one for as long as it is used.
 *
 *   PAGE_OFFSET                PORT_LOWMEM_END
 *   |== linear map, lowmem =====|  8 MiB hole  |.. vmalloc ..|     virtual
 *   |== lowmem =================|== highmem ===================|   physical
 *                                   │
 *        kmap()  ─> one of 512 pages from PORT_PKMAP_START on; whoever asks for the same frame shares it
 *        kmap_local_page()  ─> a page of this CPU's in the fixmap; the last one mapped is unmapped first
 *
 * __GFP_HIGHMEM says that the caller does without an address: user pages and the page cache do.  On machines
 * without highmem (PORT_HIGHMEM 0) all of this is page_address(), and costs what that costs.
 */
#ifndef QUIRE_HIGHMEM_H
#define QUIRE_HIGHMEM_H

#include <quire/bytes.h>
#include <quire/fixmap.h>
#include <quire/mmzone.h>
#include <quire/page.h>
#include <quire/types.h>

/* ---- how much --------------------------------------------------------------------------------- */
/* Whether the zone's frames have no addresses: ZONE_HIGHMEM, or a ZONE_MOVABLE that was cut from it. */
bool is_highmem(const struct zone *zone);
/* Frames of such zones: managed, and free now. */
unsigned long totalhigh_pages(void);
unsigned long nr_free_highpages(void);
/* One past the last address of the linear map that is RAM.  After frames_init(). */
void *quire_high_memory(void);
#define high_memory quire_high_memory()

/* Whether an address of the kernel's is one of the linear map's, and RAM. */
static inline bool virt_addr_valid(const void *p)
{
	unsigned long pfn = PHYS_PFN(__pa(p));

	return pfn_valid(pfn) && !PageHighMem(pfn_to_page(pfn));
}

/* ---- for long --------------------------------------------------------------------------------- */
#define LAST_PKMAP 512u /* frames that can be mapped at a time */
#define PKMAP_END  (PORT_PKMAP_START + ((unsigned long)LAST_PKMAP << PAGE_SHIFT))

void *kmap_page(struct page *page);
void kunmap_page(struct page *page);

/*
 * An address for the frame, the same for everybody, until as many kunmap() have come as kmap().  Sleeps while
 * all 512 places are taken: who holds one and asks for another may wait for somebody who does the same.
 *   Returns:  never NULL.
 *   Context:  task, no spinlock held; the debug build stops elsewhere.  After maps_early_init().
 */
static inline void *kmap(struct page *page)
{
	return PORT_HIGHMEM ? kmap_page(page) : page_address(page);
}

/* Undo; the page, not the address.  Any context but an interrupt's.  What is not mapped stops the debug
 * build, and is reported in others. */
static inline void kunmap(struct page *page)
{
	if (PORT_HIGHMEM)
		kunmap_page(page);
}

/* The frame that an address from kmap(), kmap_local_page() or of the linear map shows. */
struct page *kmap_to_page(const void *addr);
/* No CPU remembers where frames were that nobody uses any more: as happens once for all 512 places. */
void kmap_flush_unused(void);
/* Since the start: how often that happened, and how often somebody slept. */
unsigned long kmap_flushes(void);
unsigned long kmap_sleeps(void);

/* ---- for a moment ----------------------------------------------------------------------------- */
void *kmap_local_high(unsigned long pfn);
void kunmap_local_high(const void *addr);

/*
 * An address that is this CPU's: for a copy or a look.  They nest, KM_MAX_IDX deep with those of
 * interrupts, and are undone in reverse order; the debug build stops at anything else.
 *   Context:  any, interrupts on or off, spinlocks held.  Between the two the caller may not sleep, nor
 *             go on on another CPU (ports/posix: a thread is a CPU, and cannot): what copies to or from user
 *             space, which may fault, wants kmap().
 */
static inline void *kmap_local_page(struct page *page)
{
	return PageHighMem(page) ? kmap_local_high(page_to_pfn(page)) : __va(page_to_phys(page));
}

/* The same for RAM that need not have a descriptor. */
static inline void *kmap_local_pfn(unsigned long pfn)
{
	return PORT_HIGHMEM && pfn >= QUIRE_LOWMEM_END_PFN ? kmap_local_high(pfn)
							   : __va(PFN_PHYS(pfn));
}

/* Undo: any address of the page will do. */
static inline void kunmap_local(const void *addr)
{
	if (PORT_HIGHMEM)
		kunmap_local_high(addr);
}

/* Linux's older name: there it also keeps page faults from being handled. */
#define kmap_atomic(page)   kmap_local_page(page)
#define kunmap_atomic(addr) kunmap_local(addr)

/* ---- contents, by kmap_local_page() ------------------------------------------------------------ */
/* Any context; offset + len is at most PAGE_SIZE. */
static inline void clear_highpage(struct page *page)
{
	void *at = kmap_local_page(page);

	port_clear_page(at);
	kunmap_local(at);
}
#define clear_user_highpage(page, vaddr) clear_highpage(page)

static inline void copy_highpage(struct page *to, struct page *from)
{
	void *source = kmap_local_page(from), *target = kmap_local_page(to);

	port_copy_page(target, source);
	kunmap_local(target);
	kunmap_local(source);
}
#define copy_user_highpage(to, from, vaddr, vma) copy_highpage((to), (from))

static inline void memcpy_from_page(char *to, struct page *page, size_t offset, size_t len)
{
	char *from = kmap_local_page(page);

	memcpy(to, from + offset, len);
	kunmap_local(from);
}

static inline void memcpy_to_page(struct page *page, size_t offset, const char *from, size_t len)
{
	char *to = kmap_local_page(page);

	memcpy(to + offset, from, len);
	kunmap_local(to);
}

static inline void memset_page(struct page *page, size_t offset, int byte, size_t len)
{
	char *at = kmap_local_page(page);

	memset(at + offset, byte, len);
	kunmap_local(at);
}

static inline void memzero_page(struct page *page, size_t offset, size_t len)
{
	char *at = kmap_local_page(page);

	memset(at + offset, 0, len);
	kunmap_local(at);
}
#define zero_user(page, start, size) memzero_page((page), (start), (size))

#endif
