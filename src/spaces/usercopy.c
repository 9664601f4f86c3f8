/* SPDX-License-Identifier: MIT */
/*
 * spaces/usercopy.c - kernel memory that a user copy may not touch, and what a kernel address is.
 *
 *   copy_to_user, copy_from_user ──size not constant──> check_object_size(): where does [ptr, ptr + n) lie?
 *       an object of the heap    within it, and within its window
 *       a block of frames        within the block
 *       a vmalloc area           within it: kernel stacks too
 *       the kernel's text        never
 *       anything else            as it likes: data of the image, devices
 *
 * Lock: the list of vmalloc areas, for a moment.
 */
#include <quire/highmem.h>
#include <quire/mm.h>
#include <quire/slab.h>
#include <quire/task.h>
#include <quire/uaccess.h>
#include "frames/frames.h"
#include "heap/heap.h"
#include "internal.h"
#include "maps/maps.h"

/* What is wrong with a copy, in Linux's words, and how far into it the copy begins. */
struct fault {
	const char *what; /* NULL: nothing                                          */
	unsigned long offset;
};

static struct fault check_address(unsigned long at, size_t n)
{
	if (at + (n - 1) < at)
		return (struct fault){ "wrapped address", 0 };
	if (ZERO_OR_NULL_PTR(at))
		return (struct fault){ "null address", at };
	if (maps_text_touches(at, at + n))
		return (struct fault){ "kernel text", 0 };
	return (struct fault){ NULL, 0 };
}

static struct fault check_vmalloc(unsigned long at, size_t n)
{
	unsigned long start = 0, end = 0;

	if (!vmalloc_area_at(at, &start, &end))
		return (struct fault){ "vmalloc (no area)", 0 };
	return (struct fault){ n > end - at ? "vmalloc" : NULL, at - start };
}

/* The block of frames that the frame was allocated in; *order is its size.  NULL: it is nobody's. */
static const struct page *block_of(unsigned long pfn, unsigned *order)
{
	for (unsigned o = 0; o <= MAX_PAGE_ORDER; o++) {
		unsigned long first = pfn & ~((1UL << o) - 1);
		const struct page *page = pfn_valid(first) ? pfn_to_page(first) : NULL;

		if (!page || !page_count(page))
			continue;
		*order = page_order_taken(READ_ONCE(page->flags));
		return *order >= o && *order <= MAX_PAGE_ORDER ? page : NULL;
	}
	return NULL;
}

static bool all_reserved(unsigned long pfn, unsigned long last)
{
	while (pfn <= last && pfn_valid(pfn) && PageFlag(pfn_to_page(pfn), PG_reserved))
		pfn++;
	return pfn > last;
}

/* Of the linear map, and no object of the heap's. */
static struct fault check_frames(const void *ptr, size_t n)
{
	unsigned long pfn = PHYS_PFN(__pa(ptr));
	unsigned long last = PHYS_PFN(__pa((const char *)ptr + n - 1));
	const struct page *block;
	unsigned order = 0;

	if (pfn == last || all_reserved(pfn, last))
		return (struct fault){ NULL, 0 };
	block = block_of(pfn, &order);
	if (!block)
		return (struct fault){ "spans multiple pages", 0 };
	if (last - page_to_pfn(block) < 1UL << order)
		return (struct fault){ NULL, 0 };
	return (struct fault){ order ? "page alloc" : "spans multiple pages",
			       (unsigned long)ptr - (unsigned long)page_address(block) };
}

static struct fault check_memory(const void *ptr, size_t n)
{
	struct fault fault = check_address((unsigned long)ptr, n);

	if (fault.what)
		return fault;
	if (is_vmalloc_addr(ptr))
		return check_vmalloc((unsigned long)ptr, n);
	if (!virt_addr_valid(ptr))
		return fault;
	return check_frames(ptr, n);
}

int check_object_size(const void *ptr, size_t n, bool to_user)
{
	unsigned long pfn = PHYS_PFN(__pa(ptr));
	struct fault fault;

	if (!n)
		return 0;
	if (virt_addr_valid(ptr) && PageFlag(pfn_to_page(pfn), PG_slab)) {
		if (!check_heap_object(ptr, n, to_user))
			return 0;
	} else {
		fault = check_memory(ptr, n);
		if (!fault.what && !check_heap_object(ptr, n, to_user))
			return 0;
		if (fault.what)
			usercopy_report(fault.what, NULL, to_user, fault.offset, n);
	}
	mem_dump_obj((void *)ptr);
	dump_stack();
	return -EFAULT;
}

void copy_overflow(size_t size, size_t n)
{
	printk("BUG: Buffer overflow detected (%zu < %zu)!\n", size, n);
	dump_stack();
}

/* ---- what an address is ---------------------------------------------------------------------- */
/* In a vmalloc area, perhaps the one that we run on. */
static void dump_vmalloc(unsigned long at)
{
	unsigned long here = (unsigned long)__builtin_frame_address(0), start, end;

	if (!vmalloc_area_at(at, &start, &end))
		printk(" vmalloc address 0x%lx, in no area\n", at);
	else
		printk(" %lu-page vmalloc region starting at 0x%lx%s\n",
		       (end - start) >> PAGE_SHIFT, start,
		       here - start < end - start ? ", the stack we run on" : "");
}

static void dump_frame(const struct page *page)
{
	if (page == spaces.zero_page)
		printk(" the zero page\n");
	else
		dump_page(page, "non-slab memory");
}

void mem_dump_obj(void *object)
{
	unsigned long at = (unsigned long)object;

	if (!at)
		printk(" NULL pointer\n");
	else if (object == ZERO_SIZE_PTR)
		printk(" zero-size pointer\n");
	else if (is_vmalloc_addr(object))
		dump_vmalloc(at);
	else if (maps_text_touches(at, at + 1))
		printk(" kernel text\n");
	else if (kmem_dump_obj(object))
		return;
	else if (virt_addr_valid(object))
		dump_frame(virt_to_page(object));
	else
		printk(" non-paged memory\n");
}
