/* SPDX-License-Identifier: MIT */
/* tests/port/mappings.c - tier 2: what the kernel maps is there, what it unmaps is forgotten, in every space. */
#include "port_check.h"
#include <quire/fixmap.h>
#include <quire/gfp.h>
#include <quire/slab.h>
#include <quire/vmalloc.h>

#define NR 80u /* more pages than a port is likely to flush one by one */

static void put(unsigned long va, u32 v)
{
	u32 *at = port_host->touch(va, true);

	if (at)
		*(volatile u32 *)at = v;
}

/* ~0: there is nothing. */
static u32 get(unsigned long va)
{
	const u32 *at = port_host->touch(va, false);

	return at ? *(const volatile u32 *)at : ~0u;
}

static bool get_frames(struct page **pages, unsigned n, u32 mark)
{
	for (unsigned i = 0; i < n; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		if (!pages[i]) {
			while (i--)
				__free_page(pages[i]);
			return false;
		}
		*(volatile u32 *)page_address(pages[i]) = mark + i;
	}
	return true;
}

static void put_frames(struct page **pages, unsigned n)
{
	while (n--)
		__free_page(pages[n]);
}

static bool shows(unsigned long va, unsigned n, u32 mark)
{
	for (unsigned i = 0; i < n; i++)
		if (get(va + i * PAGE_SIZE) != mark + i)
			return false;
	return true;
}

/* Mapped and unmapped in turn, so that addresses are used again: what shows is what was mapped last. */
static bool in_turn(struct page **first, struct page **second, unsigned n)
{
	bool right = true;

	for (int i = 0; i < 12 && right; i++) {
		unsigned long va =
			(unsigned long)vmap(i % 2 ? second : first, n, VM_MAP, PAGE_KERNEL);

		right = va && shows(va, n, i % 2 ? 1000 : 100);
		vunmap((void *)va);
		vm_unmap_aliases();
	}
	return right;
}

static void remapped(struct page **first, struct page **second)
{
	port_says(in_turn(first, second, 1),
		  "a page is there as soon as it is mapped, and no page of before");
	port_says(in_turn(first, second, NR), "and so are many");
}

static void stores(struct page **pages)
{
	unsigned long va = (unsigned long)vmap(pages, 2, VM_MAP, PAGE_KERNEL);
	bool both;

	if (va) {
		put(va, 7);
		put(va + PAGE_SIZE, 8);
	}
	both = *(volatile u32 *)page_address(pages[0]) == 7 &&
	       *(volatile u32 *)page_address(pages[1]) == 8;
	port_says(both, "a store through a mapping is seen in the linear map");
	*(volatile u32 *)page_address(pages[0]) = 100;
	*(volatile u32 *)page_address(pages[1]) = 101;
	port_says(va && get(va) == 100, "and one in the linear map through it");
	vunmap((void *)va);
}

static void fixed(struct page **pages)
{
	unsigned long va = fix_to_virt(FIX_BTMAP_BEGIN);
	u32 one, other;

	if (!FIXADDR_TOP)
		return;
	set_fixmap(FIX_BTMAP_BEGIN, page_to_phys(pages[0]));
	one = get(va);
	set_fixmap(FIX_BTMAP_BEGIN, page_to_phys(pages[1]));
	other = get(va);
	clear_fixmap(FIX_BTMAP_BEGIN);
	port_says(one == 100 && other == 101,
		  "the page of the fixmap is the one that was set last");
}

void port_check_mappings(void)
{
	struct page **first = kcalloc(2 * NR, sizeof(*first), GFP_KERNEL), **second = first + NR;
	bool have = first && get_frames(first, NR, 100);

	if (!have || !get_frames(second, NR, 1000)) {
		port_says(false, "frames to map");
		if (have)
			put_frames(first, NR);
		kfree(first);
		return;
	}
	remapped(first, second);
	stores(first);
	fixed(first);
	put_frames(first, 2 * NR);
	kfree(first);
}
