/* SPDX-License-Identifier: MIT */
/*
 * maps/area.c - who has which of the kernel's run-time addresses, and when they may be used again.
 *
 *   START [ area | guard ][ freed, unflushed ][ area | guard ]      hole      [ area | guard ] … END
 *
 * First fit from the lowest address, in a tree whose nodes know the largest hole below them: logarithmic
 * in the number of areas.  Freed areas keep their addresses, neighbours becoming one, until so much has
 * come together that one flush of every CPU's TLB pays: then all of them are holes again.  First fit
 * leaves holes between long-lived areas; as nothing is ever moved, a request is refused when no hole is
 * as large, however much is free.
 *
 * Always true:  areas are disjoint, each ends in one page that nothing maps; every other page of a live
 *               area is mapped to exactly the frame the area names; a freed one's are not mapped.
 * Lock:         maps.lock guards the tree of areas; maps.purge_lock, outside it, a purge.  Entries of an
 *               area are written by its owner alone.
 */
#include <quire/bits.h>
#include <quire/bytes.h>
#include <quire/err.h>
#include <quire/highmem.h>
#include <quire/percpu.h>
#include <quire/printk.h>
#include <quire/slab.h>
#include "maps/area.h"
#include "maps/kmap.h"

struct maps_state maps;

int maps_init(void)
{
	memset(&maps, 0, sizeof(maps));
	spin_lock_init(&maps.lock, "maps.lock", LOCK_RANK_VMAP);
	spin_lock_init(&maps.purge_lock, "maps.purge_lock", LOCK_RANK_VMAP_PURGE);
	range_tree_init(&maps.areas);
	maps_tables_from_frames();
	maps.cache = kmem_cache_create("vmap_area", sizeof(struct vm_area), 0, 0, NULL);
	return maps.cache ? 0 : -ENOMEM;
}

void maps_exit(void)
{
	if (maps.cache)
		vm_unmap_aliases();
	if (maps.areas.first)
		pr_warn("maps: vmalloc area 0x%lx is still there\n", maps.areas.first->start);
	pt_drain_spares();
	if (PORT_HIGHMEM)
		kmap_exit();
	if (maps.cache)
		kmem_cache_destroy(maps.cache);
	memset(&maps, 0, sizeof(maps));
	maps_forget_tables();
}

/* ---- addresses ------------------------------------------------------------------------------- */
struct vm_area *area_new(enum vm_kind kind, const void *caller)
{
	struct vm_area *area = kmem_cache_alloc(maps.cache, GFP_KERNEL);

	if (!area)
		return NULL;
	area->range.low_guard = 0;
	area->kind = (u8)kind;
	area->user = area->put_pages = false;
	area->nr_pages = 0;
	area->pages = NULL;
	area->caller = caller;
	return area;
}

void area_free(struct vm_area *area)
{
	kmem_cache_free(maps.cache, area);
}

struct page **area_list(struct vm_area *area, unsigned n, gfp_t gfp)
{
	const size_t bytes = (size_t)n * sizeof(struct page *);

	gfp &= ~(GFP_ZONEMASK | __GFP_ZERO);
	if (n <= VM_FEW_PAGES)
		return area->few;
	return PORT_VMALLOC_OWN ? kvmalloc(bytes, gfp) : kmalloc(bytes, gfp);
}

/* A hole that has room for the worst place of a multiple of align is large enough wherever it begins. */
static bool place(struct vm_area *area, unsigned long size, unsigned long align, unsigned long low,
		  unsigned long high)
{
	unsigned long start;
	struct range_node *next;

	spin_lock(&maps.lock);
	start = range_find_hole_bottomup(&maps.areas, size + (align - PAGE_SIZE), PAGE_SIZE, low,
					 high);
	if (start != ~0UL) {
		area->range.start = QUIRE_ALIGN_UP(start, align);
		area->range.end = area->range.start + size;
		next = range_find(&maps.areas, start);
		range_insert(&maps.areas, &area->range, next ? next->prev : maps.areas.last);
	}
	spin_unlock(&maps.lock);
	return start != ~0UL;
}

/* Flush what was unmapped, and let its addresses go; false: there was nothing. */
static bool purge(void)
{
	struct vm_area *list, *area;
	unsigned long start, end;

	spin_lock(&maps.purge_lock);
	spin_lock(&maps.lock);
	list = maps.lazy;
	start = maps.dirty_start;
	end = maps.dirty_end;
	maps.lazy = NULL;
	maps.lazy_bytes = maps.dirty_start = maps.dirty_end = 0;
	maps.purges += start < end;
	for (area = list; area; area = area->next)
		area->kind = VM_KIND_PURGING;
	spin_unlock(&maps.lock);
	if (start < end)
		pt_purge_kernel(start, end);
	spin_lock(&maps.lock);
	for (area = list; area; area = area->next)
		range_erase(&maps.areas, &area->range);
	spin_unlock(&maps.lock);
	spin_unlock(&maps.purge_lock);
	while (list) {
		area = list;
		list = area->next;
		area_free(area);
	}
	return start < end;
}

void vm_unmap_aliases(void)
{
	if (vfree_deferred_waits())
		vfree_deferred();
	vmap_drain_blocks();
	purge();
}

unsigned long vmap_purges(void)
{
	return READ_ONCE(maps.purges);
}

int area_place_in(struct vm_area *area, unsigned long size, unsigned long align, unsigned long low,
		  unsigned long high)
{
	unsigned long all = size + PAGE_SIZE;

	if (all < size || all + align < all || high <= low || !maps_kernel_pgd())
		return -ENOMEM;
	if (place(area, all, align, low, high))
		return 0;
	vm_unmap_aliases();
	return place(area, all, align, low, high) ? 0 : -ENOMEM;
}

int area_place(struct vm_area *area, unsigned long size, unsigned long align)
{
	return area_place_in(area, size, align, QUIRE_VMALLOC_START, QUIRE_VMALLOC_END);
}

struct vm_area *area_reserve(unsigned long size, unsigned long align, enum vm_kind kind,
			     const void *caller)
{
	struct vm_area *area = area_new(kind, caller);

	if (!area || area_place(area, size, align) == 0)
		return area;
	pr_warn("vmalloc: no room for %lu bytes\n", size);
	area_free(area);
	return NULL;
}

/* ---- freeing --------------------------------------------------------------------------------- */
struct vm_area *area_take(const void *addr, enum vm_kind kind, const char *who, const char *maker)
{
	bool begins, right;
	struct vm_area *area;

	spin_lock(&maps.lock);
	area = area_of(range_find(&maps.areas, (unsigned long)addr));
	begins = area && area->range.start == (unsigned long)addr && area->kind < VM_KIND_DYING;
	right = begins && area->kind == kind;
	if (right)
		area->kind = VM_KIND_DYING;
	spin_unlock(&maps.lock);
	if (right)
		return area;
	if (!begins)
		quire_damage("%s(%p): no area begins there", who, addr);
	else
		quire_damage("%s(%p): the area was not made by %s", who, addr, maker);
	return NULL;
}

void area_disown(struct vm_area *area)
{
	spin_lock(&maps.lock);
	area->kind = VM_KIND_DYING;
	spin_unlock(&maps.lock);
}

void area_note_dirty_locked(unsigned long start, unsigned long end)
{
	if (!maps.dirty_end || start < maps.dirty_start)
		maps.dirty_start = start;
	if (end > maps.dirty_end)
		maps.dirty_end = end;
}

/* Unflushed addresses that are worth a flush of every CPU. */
static unsigned long lazy_most(void)
{
	unsigned long most = (unsigned long)QUIRE_VMAP_LAZY_KIB << 10;

	return most * (unsigned)fls((unsigned)quire_nr_cpus);
}

/* The area joins those that wait; if the one before it does, that grows and the area is of no use. */
static bool join_lazy(struct vm_area *area)
{
	struct vm_area *prev = area_of(area->range.prev);

	area->kind = VM_KIND_LAZY;
	if (!prev || prev->kind != VM_KIND_LAZY || prev->range.end != area->range.start) {
		area->next = maps.lazy;
		maps.lazy = area;
		return false;
	}
	range_erase(&maps.areas, &area->range);
	range_resize(&maps.areas, &prev->range, prev->range.start, area->range.end);
	return true;
}

void area_retire(struct vm_area *area)
{
	bool joined, enough;

	spin_lock(&maps.lock);
	area_note_dirty_locked(area->range.start, area_guard(area));
	maps.lazy_bytes += area->range.end - area->range.start;
	enough = maps.lazy_bytes > lazy_most();
	joined = join_lazy(area);
	spin_unlock(&maps.lock);
	if (joined)
		area_free(area);
	if (unlikely(enough))
		purge();
}

/* ---- what is there --------------------------------------------------------------------------- */
pte_t area_pte(unsigned long va)
{
	unsigned level;
	pte_t e = pt_lookup(maps_kernel_pgd(), va, &level);

	return level < PT_LAST ? e + (va & ((1UL << pt_shift(level)) - 1) & PAGE_MASK) : e;
}

bool is_vmalloc_addr(const void *addr)
{
	return (unsigned long)addr >= QUIRE_VMALLOC_START &&
	       (unsigned long)addr < QUIRE_VMALLOC_END;
}

bool vmalloc_area_at(unsigned long addr, unsigned long *start, unsigned long *end)
{
	struct vm_area *area;
	bool inside;

	spin_lock(&maps.lock);
	area = area_of(range_find(&maps.areas, addr));
	inside = area && area->kind < VM_KIND_DYING && addr >= area->range.start &&
		 addr < area_guard(area);
	if (inside) {
		*start = area->range.start;
		*end = area_guard(area);
	}
	spin_unlock(&maps.lock);
	return inside;
}

bool vmalloc_for_users(unsigned long addr, unsigned long size)
{
	struct vm_area *area;
	bool inside;

	spin_lock(&maps.lock);
	area = area_of(range_find(&maps.areas, addr));
	inside = area && area->kind == VM_KIND_VMALLOC && area->user && addr >= area->range.start &&
		 addr < area_guard(area) && size <= area_guard(area) - addr;
	spin_unlock(&maps.lock);
	return inside;
}

unsigned long vmalloc_to_pfn(const void *addr)
{
	struct page *page = vmalloc_to_page(addr);

	return page ? page_to_pfn(page) : 0;
}

struct page *vmalloc_to_page(const void *addr)
{
	pte_t e = is_vmalloc_or_module_addr(addr) ? area_pte((unsigned long)addr) : 0;

	return pte_valid(e) && pfn_valid(pte_pfn(e)) ? pte_page(e) : NULL;
}

/* ---- laws ------------------------------------------------------------------------------------ */
static const char *check_freed(const struct vm_area *area)
{
	for (unsigned long va = area->range.start; va < area->range.end; va += PAGE_SIZE)
		if (pte_valid(area_pte(va)))
			return "a page of a freed vmalloc area is mapped";
	return NULL;
}

static const char *check_area(const struct vm_area *area)
{
	unsigned long va = area->range.start, end = area_guard(area);
	unsigned i;

	if (area->kind == VM_KIND_DYING)
		return NULL;
	if (area->kind > VM_KIND_DYING)
		return check_freed(area);
	if (pte_valid(area_pte(end)))
		return "a guard page is mapped";
	if (area->kind == VM_KIND_BLOCK)
		return vmap_check_block(area);
	for (i = 0; va < end; va += PAGE_SIZE, i++) {
		pte_t e = area_pte(va);

		if (!pte_valid(e))
			return "a page of a vmalloc area is not mapped";
		if (area->pages && pte_page(e) != area->pages[i])
			return "a page of a vmalloc area maps another frame";
		if (area->kind == VM_KIND_IOREMAP && pte_pfn(e) != PHYS_PFN(area->phys) + i)
			return "a page of an ioremap area maps another place";
	}
	return NULL;
}

const char *maps_check(void)
{
	const struct vm_area *lazy;
	struct range_node *node;
	unsigned long bytes = 0;
	const char *why;

	spin_lock(&maps.lock);
	why = range_tree_check(&maps.areas);
	for (node = maps.areas.first; node && !why; node = node->next)
		why = check_area(area_of(node));
	for (lazy = maps.lazy; lazy && !why; lazy = lazy->next) {
		bytes += lazy->range.end - lazy->range.start;
		if (lazy->kind != VM_KIND_LAZY)
			why = "an area that is in use waits for a purge";
	}
	if (!why && bytes != maps.lazy_bytes)
		why = "the bytes that wait for a purge do not add up";
	spin_unlock(&maps.lock);
	if (PORT_HIGHMEM && !why)
		why = kmap_check();
	return why;
}
