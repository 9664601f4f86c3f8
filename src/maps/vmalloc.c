/* SPDX-License-Identifier: MIT */
/*
 * maps/vmalloc.c - kernel memory that is contiguous in virtual addresses only, and device
 * registers.
 *
 *   frames/ (any frames)  ->  [ area | guard ][ area | guard ] …   between QUIRE_VMALLOC_START and END
 *
 * Always true:  areas are disjoint, each ends in one page that nothing maps; every other page of an
 *               area is mapped to exactly the frame the area names.
 * Lock:         maps.lock guards the tree of areas.  Entries of an area are written by its owner alone.
 */
#include <quire/err.h>
#include <quire/event.h>
#include <quire/overflow.h>
#include <quire/printk.h>
#include <quire/rangetree.h>
#include <quire/slab.h>
#include <quire/bytes.h>
#include "maps/maps.h"

enum vm_kind { VM_KIND_VMALLOC, VM_KIND_VMAP, VM_KIND_IOREMAP };

struct vm_area {
	struct range_node range; /* includes the guard page                             */
	enum vm_kind kind;
	bool user;           /* vmalloc_user: may be mapped to user space           */
	unsigned nr_pages;   /* frames mapped                                       */
	struct page **pages; /* the frames, or NULL for ioremap                     */
	phys_addr_t phys;    /* ioremap: first byte                                 */
	const void *caller;  /* who asked                                           */
};

static struct maps_state {
	spinlock_t lock;
	struct range_tree areas;  /* (lock)                                              */
	struct kmem_cache *cache; /* of struct vm_area                                   */
	atomic_long_t nr_pages;   /* frames held by vmalloc                              */
} maps;

static struct vm_area *area_of(struct range_node *node)
{
	return node ? container_of(node, struct vm_area, range) : NULL;
}

int maps_init(void)
{
	memset(&maps, 0, sizeof(maps));
	spin_lock_init(&maps.lock, "maps.lock", LOCK_RANK_VMAP);
	range_tree_init(&maps.areas);
	maps_tables_from_frames();
	maps.cache = kmem_cache_create("vmap_area", sizeof(struct vm_area), 0, 0, NULL);
	return maps.cache ? 0 : -ENOMEM;
}

void maps_exit(void)
{
	if (maps.areas.first)
		pr_warn("maps: vmalloc area 0x%lx is still there\n", maps.areas.first->start);
	pt_drain_spares();
	if (maps.cache)
		kmem_cache_destroy(maps.cache);
	memset(&maps, 0, sizeof(maps));
	maps_forget_tables();
}

/* Reserve size bytes and a guard page. */
static struct vm_area *reserve_area(unsigned long size, enum vm_kind kind, const void *caller)
{
	struct vm_area *area = kmem_cache_zalloc(maps.cache, GFP_KERNEL);
	struct range_node *next;
	unsigned long start;

	if (!area)
		return NULL;
	area->kind = kind;
	area->caller = caller;
	spin_lock(&maps.lock);
	start = range_find_hole_bottomup(&maps.areas, size + PAGE_SIZE, PAGE_SIZE,
					 QUIRE_VMALLOC_START, QUIRE_VMALLOC_END);
	if (start != ~0UL) {
		area->range.start = start;
		area->range.end = start + size + PAGE_SIZE;
		next = range_find(&maps.areas, start);
		range_insert(&maps.areas, &area->range, next ? next->prev : maps.areas.last);
	}
	spin_unlock(&maps.lock);
	if (start == ~0UL) {
		pr_warn("vmalloc: no room for %lu bytes\n", size);
		kmem_cache_free(maps.cache, area);
		return NULL;
	}
	return area;
}

static void release_area(struct vm_area *area)
{
	spin_lock(&maps.lock);
	range_erase(&maps.areas, &area->range);
	spin_unlock(&maps.lock);
	kmem_cache_free(maps.cache, area);
}

static void unmap_area(struct vm_area *area)
{
	pt_unmap_kernel(area->range.start, area->range.end - PAGE_SIZE);
}

/* The area that begins at addr, or NULL after a report. */
static struct vm_area *find_area(const void *addr, const char *who)
{
	struct vm_area *area;

	spin_lock(&maps.lock);
	area = area_of(range_find(&maps.areas, (unsigned long)addr));
	spin_unlock(&maps.lock);
	if (!area || area->range.start != (unsigned long)addr) {
		quire_damage("%s(%p): no area begins there", who, addr);
		return NULL;
	}
	return area;
}

static int map_pages(struct vm_area *area, u64 prot)
{
	unsigned i;

	for (i = 0; i < area->nr_pages; i++)
		if (pt_map_kernel(area->range.start + i * PAGE_SIZE, page_to_phys(area->pages[i]),
				  prot) != 0)
			return -ENOMEM;
	return 0;
}

static void free_area_pages(struct vm_area *area)
{
	struct page **pages = area->pages;
	unsigned i, n = area->nr_pages;

	/* A report may be looking at the area until it leaves the tree. */
	spin_lock(&maps.lock);
	area->pages = NULL;
	area->nr_pages = 0;
	spin_unlock(&maps.lock);
	for (i = 0; i < n; i++)
		__free_page(pages[i]);
	atomic_long_sub(n, &maps.nr_pages);
	kvfree(pages);
}

/* Fill area->pages; on failure what was taken is in nr_pages, for free_area_pages(). */
static int alloc_area_pages(struct vm_area *area, unsigned nr, gfp_t gfp, int node)
{
	area->pages = kvmalloc(nr * sizeof(struct page *), GFP_KERNEL);
	if (!area->pages)
		return -ENOMEM;
	while (area->nr_pages < nr) {
		struct page *page = alloc_pages_node(node, gfp, 0);

		if (!page)
			break;
		area->pages[area->nr_pages] = page;
		WRITE_ONCE(area->nr_pages, area->nr_pages + 1);
	}
	atomic_long_add(area->nr_pages, &maps.nr_pages);
	return area->nr_pages == nr ? 0 : -ENOMEM;
}

static void *vmalloc_caller(unsigned long size, gfp_t gfp, int node, bool user, const void *caller)
{
	unsigned long bytes = PAGE_ALIGN(size);
	struct vm_area *area;

	if (size == 0 || bytes < size || bytes >> PAGE_SHIFT > totalram_pages()) {
		if (!(gfp & __GFP_NOWARN))
			pr_warn("vmalloc: cannot serve %lu bytes\n", size);
		return NULL;
	}
	area = reserve_area(bytes, VM_KIND_VMALLOC, caller);
	if (!area)
		return NULL;
	area->user = user;
	if (alloc_area_pages(area, (unsigned)(bytes >> PAGE_SHIFT), gfp, node) == 0 &&
	    map_pages(area, PT_KERNEL_RW) == 0) {
		quire_event(vmalloc, area->range.start, bytes, 0);
		return (void *)area->range.start;
	}
	unmap_area(area);
	if (area->pages)
		free_area_pages(area);
	release_area(area);
	return NULL;
}

void *__vmalloc(unsigned long size, gfp_t gfp)
{
	return vmalloc_caller(size, gfp, NUMA_NO_NODE, false, __builtin_return_address(0));
}

void *vmalloc(unsigned long size)
{
	return vmalloc_caller(size, GFP_KERNEL, NUMA_NO_NODE, false, __builtin_return_address(0));
}

void *vzalloc(unsigned long size)
{
	return vmalloc_caller(size, GFP_KERNEL | __GFP_ZERO, NUMA_NO_NODE, false,
			      __builtin_return_address(0));
}

void *vmalloc_node(unsigned long size, int node)
{
	return vmalloc_caller(size, GFP_KERNEL, node, false, __builtin_return_address(0));
}

void *vmalloc_user(unsigned long size)
{
	return vmalloc_caller(size, GFP_KERNEL | __GFP_ZERO, NUMA_NO_NODE, true,
			      __builtin_return_address(0));
}

void vfree(const void *addr)
{
	struct vm_area *area;

	if (!addr)
		return;
	area = find_area(addr, "vfree");
	if (!area)
		return;
	if (area->kind != VM_KIND_VMALLOC) {
		quire_damage("vfree(%p): the area was not made by vmalloc", addr);
		return;
	}
	quire_event(vfree, area->range.start, area->range.end - area->range.start - PAGE_SIZE, 0);
	unmap_area(area);
	free_area_pages(area);
	release_area(area);
}

void *vmap(struct page **pages, unsigned count, unsigned long flags, u64 prot)
{
	struct vm_area *area;

	(void)flags;
	if (count == 0 || count > totalram_pages())
		return NULL;
	area = reserve_area((unsigned long)count << PAGE_SHIFT, VM_KIND_VMAP,
			    __builtin_return_address(0));
	if (!area)
		return NULL;
	area->nr_pages = count;
	area->pages = kmemdup(pages, count * sizeof(*pages), GFP_KERNEL);
	if (area->pages && map_pages(area, prot ? prot : PT_KERNEL_RW) == 0)
		return (void *)area->range.start;
	unmap_area(area);
	kfree(area->pages);
	release_area(area);
	return NULL;
}

void vunmap(const void *addr)
{
	struct vm_area *area = addr ? find_area(addr, "vunmap") : NULL;

	if (!area)
		return;
	if (area->kind != VM_KIND_VMAP) {
		quire_damage("vunmap(%p): the area was not made by vmap", addr);
		return;
	}
	unmap_area(area);
	kfree(area->pages);
	release_area(area);
}

static void *ioremap_prot(phys_addr_t phys, unsigned long size, u64 prot, const void *caller)
{
	phys_addr_t first = phys & ~(phys_addr_t)(PAGE_SIZE - 1), last, pa;
	struct vm_area *area;

	if (size == 0 || phys + size < phys || (phys + size) >> QUIRE_MAX_PHYS_BITS)
		return NULL;
	last = QUIRE_ALIGN_UP(phys + size, PAGE_SIZE);
	for (pa = first; pa < last; pa += PAGE_SIZE) {
		if (pfn_valid(PHYS_PFN(pa)) && !PageFlag(pfn_to_page(PHYS_PFN(pa)), PG_reserved)) {
			pr_warn("ioremap: 0x%llx is RAM\n", (unsigned long long)pa);
			return NULL;
		}
	}
	area = reserve_area((unsigned long)(last - first), VM_KIND_IOREMAP, caller);
	if (!area)
		return NULL;
	area->phys = first;
	for (pa = first; pa < last; pa += PAGE_SIZE) {
		if (pt_map_kernel(area->range.start + (unsigned long)(pa - first), pa, prot) != 0) {
			unmap_area(area);
			release_area(area);
			return NULL;
		}
	}
	return (char *)area->range.start + (phys - first);
}

void *ioremap(phys_addr_t phys, unsigned long size)
{
	return ioremap_prot(phys, size, PT_KERNEL_IO, __builtin_return_address(0));
}

void *ioremap_wc(phys_addr_t phys, unsigned long size)
{
	return ioremap_prot(phys, size, PT_KERNEL_IO, __builtin_return_address(0));
}

void iounmap(volatile void *addr)
{
	const void *start = (const void *)((unsigned long)addr & PAGE_MASK);
	struct vm_area *area = find_area(start, "iounmap");

	if (!area)
		return;
	if (area->kind != VM_KIND_IOREMAP) {
		quire_damage("iounmap(%p): the area was not made by ioremap", start);
		return;
	}
	unmap_area(area);
	release_area(area);
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
	inside = area && addr >= area->range.start && addr < area->range.end - PAGE_SIZE;
	if (inside) {
		*start = area->range.start;
		*end = area->range.end - PAGE_SIZE;
	}
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
	pte_t e =
		is_vmalloc_addr(addr) ? pt_lookup(maps_kernel_pgd(), (unsigned long)addr, NULL) : 0;

	return pte_valid(e) && pfn_valid(pte_pfn(e)) ? pte_page(e) : NULL;
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	void *p = kmalloc(size, size > PAGE_SIZE ? gfp | __GFP_NOWARN | __GFP_NORETRY : gfp);

	if (p || size <= PAGE_SIZE)
		return p;
	return vmalloc_caller(size, gfp, NUMA_NO_NODE, false, __builtin_return_address(0));
}

void *kvzalloc(size_t size, gfp_t gfp)
{
	return kvmalloc(size, gfp | __GFP_ZERO);
}

void kvfree(const void *addr)
{
	if (is_vmalloc_addr(addr))
		vfree(addr);
	else
		kfree(addr);
}

unsigned long vmalloc_nr_pages(void)
{
	return (unsigned long)atomic_long_read(&maps.nr_pages);
}

static void show_area(struct seq_out *out, const struct vm_area *area, unsigned nid)
{
	static const char *const kind[] = { "vmalloc", "vmap", "ioremap" };

	seq_printf(out, "0x%0*lx-0x%0*lx %7lu 0x%lx", (int)sizeof(long) * 2, area->range.start,
		   (int)sizeof(long) * 2, area->range.end, area->range.end - area->range.start,
		   (unsigned long)area->caller);
	if (area->kind == VM_KIND_VMALLOC)
		seq_printf(out, " pages=%u", area->nr_pages);
	if (area->kind == VM_KIND_IOREMAP)
		seq_printf(out, " phys=0x%016llx", (unsigned long long)area->phys);
	seq_printf(out, " %s%s", kind[area->kind], area->user ? " user" : "");
	if (area->kind == VM_KIND_VMALLOC && area->nr_pages)
		seq_printf(out, " N%u=%u", nid, area->nr_pages);
	seq_putc(out, '\n');
}

/* What the area at or above `addr` says of itself; false: there is none. */
static bool copy_area_at(unsigned long addr, struct vm_area *copy, unsigned *nid)
{
	struct vm_area *area;

	spin_lock(&maps.lock);
	area = area_of(range_find(&maps.areas, addr));
	if (area) {
		*copy = *area;
		*nid = area->kind == VM_KIND_VMALLOC && area->nr_pages ? page_to_nid(area->pages[0])
								       : 0;
	}
	spin_unlock(&maps.lock);
	return area;
}

/* The reader of a report may need memory, vmalloc's even, so no lock is held while text goes
 * out. */
void show_vmallocinfo(struct seq_out *out)
{
	unsigned long at = QUIRE_VMALLOC_START;
	struct vm_area area;
	unsigned nid;

	for (; copy_area_at(at, &area, &nid); at = area.range.end)
		show_area(out, &area, nid);
}

void maps_explain(unsigned long addr, char *buf, size_t size)
{
	struct vm_area *area;

	if (addr < PORT_TASK_SIZE) {
		quire_snprintf(buf, size, "user space");
		return;
	}
	if (!is_vmalloc_addr((void *)addr)) {
		quire_snprintf(buf, size, "nothing of the vmalloc area");
		return;
	}
	area = area_of(range_find(&maps.areas, addr));
	if (area && addr >= area->range.end - PAGE_SIZE)
		quire_snprintf(buf, size, "guard page behind vmalloc area 0x%lx-0x%lx",
			       area->range.start, area->range.end - PAGE_SIZE);
	else if (area && addr >= area->range.start)
		quire_snprintf(buf, size, "vmalloc area 0x%lx-0x%lx", area->range.start,
			       area->range.end - PAGE_SIZE);
	else
		quire_snprintf(buf, size, "a hole of the vmalloc area below 0x%lx",
			       area ? area->range.start : 0UL);
}

static const char *check_area(const struct vm_area *area)
{
	unsigned long va = area->range.start, end = area->range.end - PAGE_SIZE;
	unsigned i;

	if (pte_valid(pt_lookup(maps_kernel_pgd(), end, NULL)))
		return "a guard page is mapped";
	for (i = 0; va < end; va += PAGE_SIZE, i++) {
		pte_t e = pt_lookup(maps_kernel_pgd(), va, NULL);

		if (!pte_valid(e))
			return "a page of a vmalloc area is not mapped";
		if (area->pages && pte_page(e) != area->pages[i])
			return "a page of a vmalloc area maps another frame";
	}
	return NULL;
}

const char *maps_check(void)
{
	struct range_node *node;
	const char *why;

	spin_lock(&maps.lock);
	why = range_tree_check(&maps.areas);
	for (node = maps.areas.first; node && !why; node = node->next)
		why = check_area(area_of(node));
	spin_unlock(&maps.lock);
	return why;
}
