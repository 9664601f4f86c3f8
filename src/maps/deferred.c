/* SPDX-License-Identifier: MIT */
/*
 * maps/deferred.c - vfree() in an interrupt: noted there, done by whoever comes next.
 *
 *   interrupt   vfree(a)  ─> first frame of a ─> list of such frames
 *   task        vfree(), vm_unmap_aliases(), vmalloc() without memory  ─> the list is taken, each is freed as ever
 *
 * An interrupt may have stopped the holder of maps.lock, so nothing can be looked up in the tree.  The table
 * leads to the area's first frame, whose words nobody uses while it is an area's: word1 links, private tells
 * where the area is.
 *
 * Always true:  private of a frame on the list is not 0, and of no other frame of an area.
 * Lock:         none: the list is pushed to and taken as a whole.
 */
#include <quire/printk.h>
#include <quire/vmalloc.h>
#include "maps/area.h"

/* The end of the list, which is not the end of word1's use. */
#define LAST_OF_LIST ((unsigned long)1)

/* Pages from where its part of the addresses begins, 1 the first; modules' have the top bit. */
#define IN_MODULES 0x80000000u
static u32 place_of(unsigned long addr)
{
	if (is_vmalloc_addr((void *)addr))
		return (u32)((addr - QUIRE_VMALLOC_START) >> PAGE_SHIFT) + 1;
	return ((u32)((addr - PORT_MODULES_START) >> PAGE_SHIFT) + 1) | IN_MODULES;
}

static void *address_of(u32 place)
{
	unsigned long start = place & IN_MODULES ? PORT_MODULES_START : QUIRE_VMALLOC_START;

	return (void *)(start + ((unsigned long)((place & ~IN_MODULES) - 1) << PAGE_SHIFT));
}

static const char *why_not(const void *addr, const struct page *page)
{
	if ((unsigned long)addr & ~PAGE_MASK || !page)
		return "not what vmalloc returned";
	if (page->private && page->word1)
		return "freed twice";
	return page->private || page->word1 ? "not what vmalloc returned" : NULL;
}

void vfree_atomic(const void *addr)
{
	struct page *page = addr ? vmalloc_to_page(addr) : NULL;
	const char *why = addr ? why_not(addr, page) : NULL;
	unsigned long was = READ_ONCE(maps.deferred);

	if (!addr)
		return;
	if (why) {
		quire_damage("vfree(%p) in an interrupt: %s", addr, why);
		return;
	}
	page->private = place_of((unsigned long)addr);
	do
		page->word1 = was ? was : LAST_OF_LIST;
	while (!__atomic_compare_exchange_n(&maps.deferred, &was, (unsigned long)page, false,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

void vfree_deferred(void)
{
	unsigned long at = __atomic_exchange_n(&maps.deferred, 0, __ATOMIC_ACQUIRE);

	while (at > LAST_OF_LIST) {
		struct page *page = (struct page *)at;
		const void *addr = address_of(page->private);

		at = page->word1;
		page->word1 = 0;
		page->private = 0;
		vfree(addr);
	}
}
