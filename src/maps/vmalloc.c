/* SPDX-License-Identifier: MIT */
/*
 * maps/vmalloc.c - kernel memory that is contiguous in virtual addresses only.
 *
 *   frames/ (any frames, high memory first)  ->  vm_area.pages  ->  [ area | guard ]      area.c has the place
 *
 * Always true:  an area is placed only when it has all its frames; nr_pages of the state is what areas hold.
 * Lock:         none of its own: an area is its owner's until area_place() and after area_take().
 */
#include <quire/bytes.h>
#include <quire/err.h>
#include <quire/event.h>
#include <quire/highmem.h>
#include <quire/overflow.h>
#include <quire/percpu.h>
#include <quire/printk.h>
#include <quire/slab.h>
#include "maps/area.h"

/* What is asked for. */
struct request {
	unsigned long size; /* bytes */
	gfp_t gfp;
	int node;
	bool user;               /* may be mapped to user space                  */
	bool large;              /* pieces of PMD_SIZE where there are some      */
	unsigned long low, high; /* where; 0, 0: anywhere */
	const void *caller;
};

/* ---- frames ---------------------------------------------------------------------------------- */
static void free_frames(struct page **pages, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		__free_page(pages[i]);
	atomic_long_sub(n, &maps.nr_pages);
}

static void free_pages_of(struct vm_area *area)
{
	free_frames(area->pages, area->nr_pages);
	if (area->pages != area->few)
		kvfree(area->pages);
}

/* The area goes first: where each is flushed as it is freed, its frames are nobody's until then. */
static void retire_with_pages(struct vm_area *area)
{
	struct page *few[VM_FEW_PAGES], **pages = area->pages;
	unsigned n = area->nr_pages;

	if (pages == area->few) {
		memcpy(few, pages, n * sizeof(*few));
		pages = few;
	}
	area_unmap(area);
	area_retire(area);
	free_frames(pages, n);
	if (pages != few)
		kvfree(pages);
}

/* PMD_SIZE bytes in one piece, as single frames; false: there is no such piece. */
static bool take_large(struct page **pages, gfp_t gfp, int node)
{
	const unsigned order = PMD_SHIFT - PAGE_SHIFT;
	struct page *page;

	if (order > QUIRE_MAX_ORDER)
		return false;
	page = alloc_pages_node(node, gfp | __GFP_NOWARN | __GFP_NORETRY, order);
	if (!page)
		return false;
	split_page(page, order);
	for (unsigned i = 0; i < 1u << order; i++)
		pages[i] = page + i;
	return true;
}

/* How many of n frames there were. */
static unsigned take_frames(struct page **pages, unsigned n, const struct request *r, gfp_t gfp)
{
	const bool near = r->node == NUMA_NO_NODE && !(gfp & (__GFP_THISNODE | __GFP_ZERO));
	const unsigned long index = quire_pcp_index(gfp);
	unsigned i = 0;

	while (r->large && n - i >= PTRS_PER_PTE && take_large(pages + i, gfp, r->node))
		i += PTRS_PER_PTE;
	for (; i < n; i++) {
		pages[i] = near ? alloc_frame(gfp, index) : alloc_pages_node(r->node, gfp, 0);
		if (!pages[i])
			break;
	}
	return i;
}

/* On failure the area has no frames. */
static int fill_area(struct vm_area *area, unsigned n, const struct request *r)
{
	gfp_t gfp = r->gfp & (__GFP_DMA | __GFP_DMA32) ? r->gfp : r->gfp | __GFP_HIGHMEM;

	area->pages = area_list(area, n, r->gfp);
	if (!area->pages)
		return -ENOMEM;
	area->nr_pages = take_frames(area->pages, n, r, gfp);
	atomic_long_add(area->nr_pages, &maps.nr_pages);
	if (area->nr_pages == n)
		return 0;
	free_pages_of(area);
	return -ENOMEM;
}

/* ---- allocation ------------------------------------------------------------------------------ */
static int place_area(struct vm_area *area, unsigned long bytes, const struct request *r)
{
	unsigned long align = r->large && bytes >= PMD_SIZE ? PMD_SIZE : PAGE_SIZE;

	if (r->high)
		return area_place_in(area, bytes, align, r->low, r->high);
	return area_place(area, bytes, align);
}

static quire_noinline void *refuse(const struct request *r, const char *why)
{
	if (!(r->gfp & __GFP_NOWARN))
		pr_warn("vmalloc: %s %lu bytes\n", why, r->size);
	return NULL;
}

/* With what interrupts have freed. */
static void *allocate_again(const struct request *r);

static void *allocate(const struct request *r)
{
	unsigned long bytes = PAGE_ALIGN(r->size);
	struct vm_area *area;

	if (r->size == 0 || bytes < r->size ||
	    (bytes > PMD_SIZE && bytes >> PAGE_SHIFT > totalram_pages()))
		return refuse(r, "cannot serve");
	area = area_new(VM_KIND_VMALLOC, r->caller);
	if (!area)
		return NULL;
	area->user = r->user;
	if (fill_area(area, (unsigned)(bytes >> PAGE_SHIFT), r) != 0)
		goto no_frames;
	if (place_area(area, bytes, r) != 0) {
		refuse(r, "no room for");
		goto no_place;
	}
	if (pt_map_kernel_pages(area->range.start, area->pages, area->nr_pages, PT_KERNEL_RW,
				r->large) != 0)
		goto no_tables;
	quire_event(vmalloc, area->range.start, bytes, 0);
	return (void *)area->range.start;
no_tables:
	area_disown(area);
	retire_with_pages(area);
	return NULL;
no_place:
	free_pages_of(area);
no_frames:
	area_free(area);
	return vfree_deferred_waits() ? allocate_again(r) : NULL;
}

static quire_cold void *allocate_again(const struct request *r)
{
	vfree_deferred();
	return allocate(r);
}

static quire_always_inline void *simple(unsigned long size, gfp_t gfp, int node, const void *caller)
{
	const struct request r = { .size = size, .gfp = gfp, .node = node, .caller = caller };

	return allocate(&r);
}

void *__vmalloc(unsigned long size, gfp_t gfp)
{
	return simple(size, gfp, NUMA_NO_NODE, __builtin_return_address(0));
}

void *vmalloc(unsigned long size)
{
	return simple(size, GFP_KERNEL, NUMA_NO_NODE, __builtin_return_address(0));
}

void *vzalloc(unsigned long size)
{
	return simple(size, GFP_KERNEL | __GFP_ZERO, NUMA_NO_NODE, __builtin_return_address(0));
}

void *vmalloc_node(unsigned long size, int node)
{
	return simple(size, GFP_KERNEL, node, __builtin_return_address(0));
}

void *vzalloc_node(unsigned long size, int node)
{
	return simple(size, GFP_KERNEL | __GFP_ZERO, node, __builtin_return_address(0));
}

/* A device with 32 address lines reaches it. */
#define GFP_VMALLOC32 (sizeof(phys_addr_t) > 4 ? GFP_KERNEL | __GFP_DMA32 : GFP_KERNEL)

void *vmalloc_32(unsigned long size)
{
	return simple(size, GFP_VMALLOC32, NUMA_NO_NODE, __builtin_return_address(0));
}

void *vmalloc_32_user(unsigned long size)
{
	const struct request r = { .size = size,
				   .gfp = GFP_VMALLOC32 | __GFP_ZERO,
				   .node = NUMA_NO_NODE,
				   .user = true,
				   .caller = __builtin_return_address(0) };

	return allocate(&r);
}

void *vmalloc_user(unsigned long size)
{
	const struct request r = { .size = size,
				   .gfp = GFP_KERNEL | __GFP_ZERO,
				   .node = NUMA_NO_NODE,
				   .user = true,
				   .caller = __builtin_return_address(0) };

	return allocate(&r);
}

void *vmalloc_huge(unsigned long size, gfp_t gfp)
{
	const struct request r = { .size = size,
				   .gfp = gfp,
				   .node = NUMA_NO_NODE,
				   .large = pt_kernel_large(),
				   .caller = __builtin_return_address(0) };

	return allocate(&r);
}

/* In an interrupt, or some were freed in one. */
static quire_noinline void vfree_slow(const void *addr)
{
	if (in_interrupt()) {
		vfree_atomic(addr);
		return;
	}
	vfree_deferred();
	vfree(addr);
}

void vfree(const void *addr)
{
	struct vm_area *area;

	if (!addr)
		return;
	if (unlikely(in_interrupt() || vfree_deferred_waits())) {
		vfree_slow(addr);
		return;
	}
	area = area_take(addr, VM_KIND_VMALLOC, "vfree", "vmalloc");
	if (!area)
		return;
	quire_event(vfree, area->range.start, area_guard(area) - area->range.start, 0);
	retire_with_pages(area);
}

unsigned long vmalloc_nr_pages(void)
{
	return (unsigned long)atomic_long_read(&maps.nr_pages);
}

/* ---- modules --------------------------------------------------------------------------------- */
/* Near the kernel's text, so that short jumps reach it; else anywhere. */
void *module_alloc(unsigned long size)
{
	struct request r = { .size = size,
			     .gfp = GFP_KERNEL | (PORT_MODULES_END ? __GFP_NOWARN : 0),
			     .node = NUMA_NO_NODE,
			     .low = PORT_MODULES_START,
			     .high = PORT_MODULES_END,
			     .caller = __builtin_return_address(0) };
	void *at = allocate(&r);

	if (at || !PORT_MODULES_END)
		return at;
	r.gfp = GFP_KERNEL;
	r.low = r.high = 0;
	return allocate(&r);
}

void module_memfree(void *addr)
{
	vfree(addr);
}

bool is_vmalloc_or_module_addr(const void *addr)
{
	const unsigned long start = PORT_MODULES_START, size = PORT_MODULES_END - start;

	return is_vmalloc_addr(addr) || (unsigned long)addr - start < size;
}

/* ---- either of two --------------------------------------------------------------------------- */
static void *kvmalloc_caller(size_t size, gfp_t gfp, int node, const void *caller)
{
	gfp_t first = size > PAGE_SIZE ? gfp | __GFP_NOWARN | __GFP_NORETRY : gfp;
	void *p = node == NUMA_NO_NODE ? kmalloc(size, first) : kmalloc_node(size, first, node);

	return p || size <= PAGE_SIZE ? p : simple(size, gfp, node, caller);
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	return kvmalloc_caller(size, gfp, NUMA_NO_NODE, __builtin_return_address(0));
}

void *kvmalloc_node(size_t size, gfp_t gfp, int node)
{
	return kvmalloc_caller(size, gfp, node, __builtin_return_address(0));
}

void *kvzalloc(size_t size, gfp_t gfp)
{
	return kvmalloc_caller(size, gfp | __GFP_ZERO, NUMA_NO_NODE, __builtin_return_address(0));
}

void *kvmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (check_mul_overflow(n, size, &bytes))
		return NULL;
	return kvmalloc_caller(bytes, gfp, NUMA_NO_NODE, __builtin_return_address(0));
}

void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kvmalloc_array(n, size, gfp | __GFP_ZERO);
}

void kvfree(const void *addr)
{
	if (is_vmalloc_addr(addr))
		vfree(addr);
	else
		kfree(addr);
}

/* ---- reading what may be gone ---------------------------------------------------------------- */
/* Copy what there is of one page, under the lock, so that its owner cannot free it meanwhile. */
static bool read_page(char *to, unsigned long at, size_t n)
{
	struct vm_area *area;
	bool inside;

	spin_lock(&maps.lock);
	area = area_of(range_find(&maps.areas, at));
	inside = area && area->kind < VM_KIND_DYING && area->kind != VM_KIND_IOREMAP &&
		 at >= area->range.start && at < area_guard(area);
	if (inside) {
		pte_t e = area_pte(at);

		if (pte_valid(e) && pfn_valid(pte_pfn(e)))
			memcpy_from_page(to, pte_page(e), at & ~PAGE_MASK, n);
		else
			memset(to, 0, n);
	}
	spin_unlock(&maps.lock);
	return inside;
}

long vread(char *to, const char *addr, unsigned long count)
{
	unsigned long at = (unsigned long)addr, done, n;
	bool any = false;

	for (done = 0; done < count; done += n, at += n) {
		n = PAGE_SIZE - (at & ~PAGE_MASK);
		if (n > count - done)
			n = count - done;
		if (read_page(to + done, at, n))
			any = true;
		else
			memset(to + done, 0, n);
		if (at + n < at) {
			done += n;
			break;
		}
	}
	return any ? (long)done : 0;
}
