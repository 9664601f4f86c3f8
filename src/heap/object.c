/* SPDX-License-Identifier: MIT */
/*
 * heap/object.c - from any address to the object that it is in: for reports, and for copies to and from
 * user space.
 *
 *   address ──> kfence's pool?  a slab's frame?  a large block of kmalloc's?  ──> where it starts, size, cache
 *
 * Lock: what the back end takes to find an object.
 */
#include <quire/err.h>
#include <quire/mmzone.h>
#include <quire/mm.h>
#include <quire/uaccess.h>
#include "heap.h"

/* The first frame of the large block that the frame is of, or NULL.  Behind the first frame of a block
 * nobody holds one of it. */
static const struct page *large_block(unsigned long pfn)
{
	if (page_count(pfn_to_page(pfn)) && !PageFlag(pfn_to_page(pfn), PG_private_2))
		return NULL;
	for (unsigned order = 0; order <= MAX_PAGE_ORDER; order++) {
		unsigned long first = pfn & ~((1UL << order) - 1);
		const struct page *page = pfn_valid(first) ? pfn_to_page(first) : NULL;

		if (page && page_count(page) && PageFlag(page, PG_private_2) &&
		    !PageFlag(page, PG_slab) && page->private >= order)
			return page;
	}
	return NULL;
}

static bool find_large(unsigned long pfn, struct heap_object *found)
{
	const struct page *page = large_block(pfn);

	if (!page)
		return false;
	*found = (struct heap_object){
		.name = "kmalloc",
		.start = page_address(page),
		.size = PAGE_SIZE << page->private,
	};
	found->usersize = (u32)found->size;
	return true;
}

static bool find_in_slab(const struct page *page, const void *address, struct heap_object *found)
{
	void *object = object_around(page, address);
	struct kmem_cache *cache = object ? cache_of_object(page, object) : NULL;

	if (!cache)
		return false;
	*found = (struct heap_object){
		.cache = cache,
		.name = cache->name,
		.start = object,
		.size = cache->object_size,
		.useroffset = cache->useroffset,
		.usersize = cache->usersize,
	};
	if (QUIRE_HEAP == QUIRE_HEAP_SLOB && cache == slob_objects) {
		found->size = slob_size(page, object);
		found->usersize = (u32)found->size;
	}
	return true;
}

bool heap_find_object(const void *address, struct heap_object *found)
{
	unsigned long pfn = PHYS_PFN(__pa(address));

	if (!pfn_valid(pfn))
		return false;
	if (kfence && kfence->find(address, found))
		return true;
	if (PageFlag(pfn_to_page(pfn), PG_slab))
		return find_in_slab(pfn_to_page(pfn), address, found);
	return find_large(pfn, found);
}

/* ---- reports --------------------------------------------------------------------------------- */
bool kmem_dump_obj(void *object)
{
	struct heap_object found;

	if (!heap_find_object(object, &found))
		return false;
	printk(" slab%s %s start %p pointer offset %ld size %zu%s\n",
	       found.in_kfence ? " (kfence)" : "", found.name, (const void *)found.start,
	       (long)((const char *)object - found.start), found.size, found.free ? " free" : "");
	if (found.in_kfence)
		kfence->describe(object);
	else if (found.cache && found.cache->flags & SLAB_DEBUG_FLAGS)
		slab_debug->describe(found.cache, found.start);
	return true;
}

void usercopy_report(const char *what, const char *name, bool to_user, unsigned long offset,
		     size_t n)
{
	printk("BUG: usercopy: Kernel memory %s attempt detected %s %s%s%s%s (offset %lu, size "
	       "%zu)!\n",
	       to_user ? "exposure" : "overwrite", to_user ? "from" : "to", what, name ? " '" : "",
	       name ? name : "", name ? "'" : "", offset, n);
}

static const char *back_end(void)
{
	return QUIRE_HEAP == QUIRE_HEAP_SLUB   ? "SLUB object"
	       : QUIRE_HEAP == QUIRE_HEAP_SLAB ? "SLAB object"
					       : "SLOB object";
}

static bool in_window(const struct heap_object *object, unsigned long offset, size_t n)
{
	return offset >= object->useroffset && offset - object->useroffset <= object->usersize &&
	       n <= object->usersize - (offset - object->useroffset);
}

int check_heap_object(const void *ptr, size_t n, bool to_user)
{
	unsigned long pfn = PHYS_PFN(__pa(ptr)), offset;
	struct heap_object object;

	if (!n || !pfn_valid(pfn))
		return 0;
	if (!heap_find_object(ptr, &object)) {
		if (!PageFlag(pfn_to_page(pfn), PG_slab))
			return 0;
		usercopy_report(back_end(), NULL, to_user, (unsigned long)ptr & ~PAGE_MASK, n);
		return -EFAULT;
	}
	offset = (unsigned long)((const char *)ptr - object.start);
	if (in_window(&object, offset, n))
		return 0;
	usercopy_report(object.cache ? back_end() : "page alloc", object.cache ? object.name : NULL,
			to_user, offset, n);
	return -EFAULT;
}

int quire_usercopy_check(const void *ptr, size_t n)
{
	return check_heap_object(ptr, n, true);
}
