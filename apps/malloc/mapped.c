/* SPDX-License-Identifier: MIT */
/*
 * mapped.c - above 4 MiB: every block a mapping of its own, grown in place by the host's tables.
 *
 *   |head|                                 a page, of which the head is the end; its first 48 bytes
 *   ^ map                                  stay unused unless an alignment needs more
 *        |user's bytes ................|
 *
 * Always true:  the head's mark is its address xor a secret of the process, so no other bytes pass.
 * Lock: none; a block is its owner's.  The count is atomic.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/mman.h>
#include "qmalloc.h"

struct head {
	unsigned long mark;
	char *map;   /* where the mapping begins              */
	size_t size; /* of the mapping, in bytes, whole pages */
	size_t unused;
};
#define HEAD_ROOM 64u
_Static_assert(sizeof(struct head) <= HEAD_ROOM, "the head fits its room");

size_t mapped_bytes, mapped_count;

static unsigned long mark_of(const struct head *head)
{
	return (unsigned long)head ^ preload_ram_start ^ 0x71756972655f6d61UL;
}

static struct head *head_of(const void *p)
{
	return (struct head *)((char *)p - HEAD_ROOM);
}

static bool is_mapped(const void *p)
{
	const struct head *head = head_of(p);

	return !((unsigned long)p % MIN_ALIGN) && head->mark == mark_of(head);
}

static void account(long bytes, long count)
{
	__atomic_fetch_add(&mapped_bytes, (size_t)bytes, __ATOMIC_RELAXED);
	__atomic_fetch_add(&mapped_count, (size_t)count, __ATOMIC_RELAXED);
}

void *mapped_alloc(size_t size, size_t align)
{
	size_t lead = max(align, (size_t)HEAD_ROOM), total = PAGE_ALIGN(size + lead);
	size_t spare = align > PAGE_SIZE ? align : 0;
	struct head *head;
	char *map, *p;

	if (total + spare < size)
		return NULL;
	map = mmap(NULL, total + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	p = (char *)QUIRE_ALIGN_UP((unsigned long)map + HEAD_ROOM, max(align, (size_t)HEAD_ROOM));
	head = head_of(p);
	*head = (struct head){ mark_of(head), map, total + spare, 0 };
	account((long)head->size, 1);
	return p;
}

bool mapped_free(void *p)
{
	struct head *head = head_of(p);

	if (!is_mapped(p))
		return false;
	account(-(long)head->size, -1);
	head->mark = 0;
	(void)munmap(head->map, head->size);
	return true;
}

size_t mapped_usable(const void *p)
{
	const struct head *head = head_of(p);

	return is_mapped(p) ? (size_t)(head->map + head->size - (const char *)p) : 0;
}

void *mapped_resize(void *p, size_t size)
{
	struct head *head = head_of(p);
	size_t lead = (size_t)((char *)p - head->map), total = PAGE_ALIGN(size + lead);
	char *map;

	if (total < size)
		return NULL;
	account((long)total - (long)head->size, 0);
	map = mremap(head->map, head->size, total, MREMAP_MAYMOVE);
	if (map == MAP_FAILED) {
		account((long)head->size - (long)total, 0);
		return NULL;
	}
	p = map + lead;
	head = head_of(p);
	*head = (struct head){ mark_of(head), map, total, 0 };
	return p;
}
