/* SPDX-License-Identifier: MIT */
/*
 * api.c - the C names of allocation, with glibc's rules for errno, alignment and odd sizes.
 *
 *   malloc, free   this thread has a slot, the size is small: straight into the heap's fast path
 *   all else       through a visit (threads.c), by size: small.c, block.c, mapped.c
 *
 * Lock: none here.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <quire/overflow.h>
#include <quire/printk.h>
#include "qmalloc.h"

#define EXPORT __attribute__((__visibility__("default")))

static quire_cold void *no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

/* ---- by size --------------------------------------------------------------------------------- */
static void *alloc_in_ram(size_t size, size_t align, bool zero)
{
	struct visit visit = visit_begin();
	gfp_t gfp = GFP_MALLOC | (zero ? __GFP_ZERO : 0);
	void *p;

	/* Objects from 16 bytes on are aligned to 16; those whose size is a power of two to that. */
	size = max(size, min(align, 16ul));
	if (align > 16 && align <= PAGE_SIZE && size <= SMALL_MAX)
		size = max(1UL << fls64(size - 1), align);
	if (size <= SMALL_MAX && align <= PAGE_SIZE)
		p = kmem_cache_alloc(small_cache(size), gfp);
	else
		p = block_alloc(size, align, zero);
	visit_end(visit);
	return p;
}

void *alloc_any(size_t size, size_t align, bool zero)
{
	int saved = errno;
	void *p = NULL;

	if (unlikely(size > MALLOC_MOST))
		return no_memory();
	size = max(size, (size_t)1);
	if (size <= BLOCK_MAX && align <= BLOCK_MAX)
		p = alloc_in_ram(size, align, zero);
	/* Large ones lie elsewhere, and others when there is no room for more RAM. */
	if (!p)
		p = mapped_alloc(size, align, zero);
	if (!p)
		return no_memory();
	errno = saved;
	return p;
}

void bad_pointer(const char *call, const void *p)
{
	quire_panic("quire-malloc: %s of %p, which was not allocated, or was freed already\n", call,
		    p);
}

static void free_in_ram(void *p)
{
	struct visit visit = visit_begin();
	struct page *page = virt_to_page(p);

	if (PageFlag(page, PG_slab))
		kfree(p);
	else if (!block_free(p, page))
		bad_pointer("free", p);
	visit_end(visit);
}

void free_any(void *p)
{
	int saved = errno;

	if (preload_is_ram(p))
		free_in_ram(p);
	else if (!mapped_free(p))
		bad_pointer("free", p);
	errno = saved;
}

size_t usable_any(const void *p)
{
	const struct page *page;
	size_t size;

	if (!preload_is_ram(p))
		return mapped_usable(p);
	page = virt_to_page(p);
	if (PageFlag(page, PG_slab))
		size = ksize(p);
	else
		size = block_usable(p, page);
	return size;
}

/* ---- malloc, free, calloc -------------------------------------------------------------------- */
static quire_noinline void *alloc_slow(size_t size, size_t align, bool zero)
{
	malloc_ready();
	return malloc_options.slow ? told_alloc(size, align, zero) : alloc_any(size, align, zero);
}

static quire_noinline void free_slow(void *p)
{
	if (!p)
		return;
	malloc_ready();
	if (malloc_options.slow)
		told_free(p);
	else
		free_any(p);
}

/* This thread has no such object at hand, or no slot. */
static quire_noinline void *small_refill(size_t size)
{
	void *p = have_slot() ? kmem_cache_alloc(small_table[(size + 7) / 8], GFP_MALLOC) : NULL;

	return likely(p) ? p : alloc_slow(size, MIN_ALIGN, false);
}

static quire_noinline void *large_alloc(size_t size)
{
	if (size - SMALL_MAX - 1 < BLOCK_MAX - SMALL_MAX && have_slot()) {
		void *p = block_take_kept(size);

		if (likely(p))
			return p;
	}
	return alloc_slow(size, MIN_ALIGN, false);
}

EXPORT void *malloc(size_t size)
{
	void *p;

	if (unlikely(size > SMALL_TABLE))
		return large_alloc(size);
	p = kmem_cache_pop(small_table[(size + 7) / 8]);
	return likely(p) ? p : small_refill(size);
}

/* Not an object of one of this thread's slabs. */
static quire_noinline void free_other(void *p)
{
	if (likely(preload_is_ram(p)) && have_slot()) {
		struct page *page = virt_to_page(p);

		if (likely(page->flags & 1u << PG_slab)) {
			kfree_rest(p);
			return;
		}
		if (block_free(p, page))
			return;
	}
	free_slow(p);
}

EXPORT void free(void *p)
{
	if (unlikely(!preload_is_ram(p)) || unlikely(!kfree_push(virt_to_page(p), p)))
		free_other(p);
}

EXPORT void *calloc(size_t n, size_t size)
{
	size_t bytes;

	if (unlikely(check_mul_overflow(n, size, &bytes)))
		return no_memory();
	if (likely(bytes <= SMALL_TABLE) && have_slot()) {
		void *p = kmem_cache_alloc(small_table[(bytes + 7) / 8], GFP_MALLOC | __GFP_ZERO);

		if (likely(p))
			return p;
	}
	return alloc_slow(bytes, MIN_ALIGN, true);
}

/* ---- realloc --------------------------------------------------------------------------------- */
/* What grows once grows again: a few more bytes for a small one; for a large one as many, because
 * frames that are not touched cost nothing. */
static size_t room_to_grow(size_t had, size_t size)
{
	if (size <= had || size > BLOCK_MAX / 4)
		return 0;
	return had >= SMALL_MAX / 2 ? size : had >= 512 ? size / 4 : 0;
}

static void *move(void *p, size_t had, size_t size)
{
	void *to = malloc(size + room_to_grow(had, size));

	if (!to)
		return NULL;
	__builtin_memcpy(to, p, min(had, size));
	free(p);
	return to;
}

/* The block stays where it is if it may; what is left over of it is worth more than half of it, or
 * is given back. */
static bool resize_here(void *p, size_t had, size_t size)
{
	struct visit visit;
	bool done;

	if (size <= had && (size >= had / 2 || had <= 32) && had <= SMALL_MAX)
		return true;
	if (had <= SMALL_MAX || size <= SMALL_MAX || size > BLOCK_MAX)
		return false;
	visit = visit_begin();
	done = block_resize(virt_to_page(p), size);
	visit_end(visit);
	return done;
}

static void *realloc_any(void *p, size_t size)
{
	size_t had = usable_any(p);
	int saved = errno;

	if (!had)
		bad_pointer("realloc", p);
	if (size > MALLOC_MOST)
		return no_memory();
	if (!preload_is_ram(p)) {
		if (size <= BLOCK_MAX / 2)
			return move(p, had, size);
		p = mapped_resize(p, size);
		if (!p)
			return no_memory();
		errno = saved;
		return p;
	}
	if (resize_here(p, had, size)) {
		errno = saved;
		return p;
	}
	return move(p, had, size);
}

/* The thread has a slot: whether p may stay as it is, because no more than half of it is spare. */
static quire_always_inline bool fits(const void *p, size_t size)
{
	const struct page *page = virt_to_page(p);
	size_t had;

	if (likely(page->flags & 1u << PG_slab))
		had = ksize(p);
	else
		had = block_usable(p, page);
	return size <= had && size > had / 2;
}

EXPORT void *realloc(void *p, size_t size)
{
	if (!p)
		return malloc(size);
	if (likely(preload_is_ram(p)) && have_slot() && fits(p, size))
		return p;
	if (!size) {
		free(p);
		return NULL;
	}
	malloc_ready();
	return malloc_options.slow ? told_realloc(p, size) : realloc_any(p, size);
}

EXPORT void *reallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	return check_mul_overflow(n, size, &bytes) ? no_memory() : realloc(p, bytes);
}

/* ---- aligned --------------------------------------------------------------------------------- */
static bool power_of_two(size_t n)
{
	return n && !(n & (n - 1));
}

EXPORT void *memalign(size_t align, size_t size)
{
	/* As glibc does: the next power of two. */
	if (align > MALLOC_MOST / 2 + 1) {
		errno = EINVAL;
		return NULL;
	}
	if (!power_of_two(align))
		align = align ? 1UL << fls64(align) : 1;
	return alloc_slow(size, max(align, (size_t)MIN_ALIGN), false);
}

EXPORT void *aligned_alloc(size_t align, size_t size)
{
	if (!power_of_two(align)) {
		errno = EINVAL;
		return NULL;
	}
	return memalign(align, size);
}

EXPORT int posix_memalign(void **at, size_t align, size_t size)
{
	int saved = errno;
	void *p;

	if (!power_of_two(align) || align % sizeof(void *))
		return EINVAL;
	p = memalign(align, size);
	errno = saved;
	if (!p)
		return ENOMEM;
	*at = p;
	return 0;
}

EXPORT void *valloc(size_t size)
{
	return memalign(PAGE_SIZE, size);
}

EXPORT void *pvalloc(size_t size)
{
	return size > MALLOC_MOST ? no_memory()
				  : memalign(PAGE_SIZE, PAGE_ALIGN(max(size, (size_t)1)));
}

EXPORT size_t malloc_usable_size(void *p)
{
	if (!p)
		return 0;
	malloc_ready();
	return malloc_options.slow ? told_usable(p) : usable_any(p);
}
