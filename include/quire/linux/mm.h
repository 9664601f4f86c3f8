/* SPDX-License-Identifier: MIT */
/*
 * linux/mm.h for code written against Linux: frames, address spaces, and the way between
 * addresses.
 */
#ifndef QUIRE_LINUX_MM_H
#define QUIRE_LINUX_MM_H

#include <quire/boot.h>
#include <quire/gfp.h>
#include <quire/mm.h>
#include <quire/page.h>
#include <quire/show_mem.h>
#include <quire/vmalloc.h>
#include <quire/linux/bug.h>
#include <quire/linux/page-flags.h>
#include <quire/linux/pfn.h>

/* In Linux any integer or pointer will do. */
#define __pa(va)                  (__pa)((const void *)(unsigned long)(va))
#define virt_to_phys(va)          __pa(va)
#define phys_to_virt(pa)          __va(pa)
#define virt_to_pfn(va)           PHYS_PFN(__pa(va))
#define pfn_to_virt(pfn)          __va(PFN_PHYS(pfn))
#define pfn_to_kaddr(pfn)         pfn_to_virt(pfn)
#define page_to_virt(page)        page_address(page)
#define lowmem_page_address(page) page_address(page)
#define offset_in_page(p)         ((unsigned long)(p) & ~PAGE_MASK)
#define nth_page(page, n)         ((page) + (n))
#define virt_to_head_page(va)     compound_head(virt_to_page(va))
#define page_private(page)        ((page)->private)
#define set_page_private(page, v) ((page)->private = (v))

/* A reserved frame goes to the buddy system. */
static inline void free_reserved_page(struct page *page)
{
	phys_addr_t at = page_to_phys(page);

	free_reserved_area(at, at + PAGE_SIZE, NULL);
}

#endif
