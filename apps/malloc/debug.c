/* SPDX-License-Identifier: MIT */
/*
 * debug.c - every call goes through here while somebody wants to see it: checks to the byte, sampled
 * guard pages, the trace.
 *
 *   | bytes asked for ......| cc cc cc cc cc | size ^ mark |      what the allocator gave
 *   0                     size              end - 8       end
 *
 * The heap's own flags watch the object as a whole; the bytes between what was asked and what was
 * given are watched here, when it is freed.
 * Lock: none; a block is its owner's.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <string.h>
#include <quire/printk.h>
#include "qmalloc.h"
#include "guard.h"
#include "trace.h"

#define BYTE_SLACK 0xcc
#define POISONED   0xa56b6b6b6b6b6b6bUL /* the end of an object that the heap poisoned as free */
#define MARK       0x71756972655f7a65UL

static u64 *trailer(const void *p, size_t given)
{
	return (u64 *)((char *)p + given - sizeof(u64));
}

/* What was asked for; given is the whole.  ~0: the trailer is damaged. */
static size_t asked(const void *p, size_t given)
{
	size_t size = *trailer(p, given) ^ MARK ^ (unsigned long)p;

	return size <= given - sizeof(u64) ? size : ~0UL;
}

static void arm(void *p, size_t size)
{
	size_t given = usable_any(p);

	memset((char *)p + size, BYTE_SLACK, given - sizeof(u64) - size);
	*trailer(p, given) = size ^ MARK ^ (unsigned long)p;
}

/* The offset of the first byte that was written behind the end, or ~0. */
static size_t first_overrun(const void *p, size_t given)
{
	size_t size = asked(p, given), slack = given - sizeof(u64) - size;
	const u8 *from = (const u8 *)p + size;

	if (size == ~0UL)
		return given - sizeof(u64);
	/* Mostly nothing was: each byte is as the one before it. */
	if (!slack || (*from == BYTE_SLACK && !memcmp(from, from + 1, slack - 1)))
		return ~0UL;
	for (size_t i = size; i < given - sizeof(u64); i++)
		if (((const u8 *)p)[i] != BYTE_SLACK)
			return i;
	return ~0UL;
}

/* Report what is wrong with the block, if anything is: damaged ones are not reused. */
static bool check(const char *call, const void *p)
{
	size_t given = usable_any(p), at;

	if (!given)
		bad_pointer(call, p);
	if (*trailer(p, given) == POISONED)
		bad_pointer(call, p);
	at = first_overrun(p, given);
	if (at == ~0UL)
		return true;
	printk("BUG: quire-malloc: %s of %p, %zu bytes: it was overrun: byte %zu behind its start "
	       "was written\n",
	       call, p, min(asked(p, given), given), at);
	return false;
}

/* ---- one call -------------------------------------------------------------------------------- */
static void *checked_alloc(size_t size, size_t align, bool zero)
{
	void *p;

	if (malloc_options.guard && (p = guard_alloc(size, align)))
		return p;
	if (!malloc_options.debug)
		return alloc_any(size, align, zero);
	if (size > MALLOC_MOST - sizeof(u64)) {
		errno = ENOMEM;
		return NULL;
	}
	p = alloc_any(size + sizeof(u64), align, zero);
	if (p)
		arm(p, size);
	return p;
}

static void checked_free(const char *call, void *p)
{
	if (guard_free(p))
		return;
	if (!malloc_options.debug || check(call, p))
		free_any(p);
}

void *told_alloc(size_t size, size_t align, bool zero)
{
	void *p = checked_alloc(size, align, zero);

	if (malloc_options.trace)
		trace_alloc(p, size, align, zero);
	return p;
}

void told_free(void *p)
{
	if (malloc_options.trace)
		trace_free(p);
	checked_free("free", p);
}

size_t told_usable(const void *p)
{
	size_t size = guard_size(p);

	if (size)
		return size;
	if (!malloc_options.debug)
		return usable_any(p);
	return check("malloc_usable_size", p) ? asked(p, usable_any(p)) : 0;
}

void *told_realloc(void *p, size_t size)
{
	size_t had = told_usable(p);
	void *to;

	if (!had && !malloc_options.debug && !guard_size(p))
		bad_pointer("realloc", p);
	to = checked_alloc(size, MIN_ALIGN, false);
	if (!to)
		return NULL;
	memcpy(to, p, min(had, size));
	if (malloc_options.trace)
		trace_realloc(p, to, size);
	checked_free("realloc", p);
	return to;
}
