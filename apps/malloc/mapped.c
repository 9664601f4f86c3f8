/* SPDX-License-Identifier: MIT */
/*
 * mapped.c - above 4 MiB: every block a mapping of its own, grown in place by the host's tables.
 *
 *   |head|                                 a page, of which the head is the end; its first 48 bytes
 *   ^ map                                  stay unused unless an alignment needs more
 *        |user's bytes ................|
 *
 * A few freed mappings are kept for a moment, so that a program that comes and goes with large blocks
 * does not have its pages made anew each time: the next block takes the beginning of one, or moves
 * one to where it can be longer.
 *
 * Always true:  the head's mark is its address xor a secret of the process, so no other bytes pass.
 * Lock: a block is its owner's; kept.lock for those that are kept.  The counts are atomic.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/mman.h>
#include <quire/lock.h>
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

/* ---- kept for a moment ----------------------------------------------------------------------- */
#define NR_KEPT      8u
#define KEPT_LEAST   (16UL << 20) /* bytes that may be kept, or a quarter of what is mapped  */
#define REST_LEAST   (1UL << 20)  /* less of a mapping is not worth keeping                  */
#define KEPT_LARGEST (64UL << 20)

static struct {
	u32 lock;
	unsigned nr;
	size_t bytes; /* of all                                                       */
	struct {
		char *map;
		size_t size;
		bool seen; /* a cycle ago it was here already                              */
	} at[NR_KEPT];     /* oldest first                                                 */
} kept;

static void remove_kept(unsigned i)
{
	kept.bytes -= kept.at[i].size;
	kept.nr--;
	for (; i < kept.nr; i++)
		kept.at[i] = kept.at[i + 1];
}

static void drop_kept(unsigned i)
{
	(void)munmap(kept.at[i].map, kept.at[i].size);
	remove_kept(i);
}

static void keep_mapping(char *map, size_t size)
{
	size_t most = max(__atomic_load_n(&mapped_bytes, __ATOMIC_RELAXED) / 4, KEPT_LEAST);

	/* Somebody must look after it. */
	if (size > min(most, KEPT_LARGEST) || malloc_options.no_thread || !release_watch()) {
		(void)munmap(map, size);
		return;
	}
	raw_lock(&kept.lock);
	while (kept.nr && (kept.nr == NR_KEPT || kept.bytes + size > most))
		drop_kept(0);
	kept.at[kept.nr].map = map;
	kept.at[kept.nr].size = size;
	kept.at[kept.nr].seen = false;
	kept.nr++;
	kept.bytes += size;
	raw_unlock(&kept.lock);
}

/* The smallest that is large enough, else the largest. */
static unsigned best_kept(size_t size)
{
	unsigned best = 0;

	for (unsigned i = 1; i < kept.nr; i++) {
		size_t a = kept.at[i].size, b = kept.at[best].size;

		if (a >= size ? b < size || a < b : b < size && a > b)
			best = i;
	}
	return best;
}

/* A mapping of that size out of one that was kept; what is in it is arbitrary. */
static char *take_mapping(size_t size)
{
	char *map = NULL, *longer;
	size_t had = 0;

	raw_lock(&kept.lock);
	if (kept.nr) {
		unsigned i = best_kept(size);

		map = kept.at[i].map;
		had = kept.at[i].size;
		if (had >= size + REST_LEAST) {
			kept.at[i].map += size;
			kept.at[i].size -= size;
			kept.bytes -= size;
			had = size;
		} else {
			remove_kept(i);
		}
	}
	raw_unlock(&kept.lock);
	if (!map || had == size)
		return map;
	longer = mremap(map, had, size, MREMAP_MAYMOVE);
	if (longer != MAP_FAILED)
		return longer;
	(void)munmap(map, had);
	return NULL;
}

void mapped_release(bool all)
{
	raw_lock(&kept.lock);
	for (unsigned i = 0; i < kept.nr;) {
		if (all || kept.at[i].seen)
			drop_kept(i);
		else
			kept.at[i++].seen = true;
	}
	raw_unlock(&kept.lock);
}

void mapped_freeze(void)
{
	raw_lock(&kept.lock);
}

void mapped_thaw(void)
{
	raw_unlock(&kept.lock);
}

/* ---- blocks ---------------------------------------------------------------------------------- */
static char *new_mapping(size_t size)
{
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

void *mapped_alloc(size_t size, size_t align, bool zero)
{
	size_t lead = max(align, (size_t)HEAD_ROOM), total = PAGE_ALIGN(size + lead);
	size_t spare = align > PAGE_SIZE ? align : 0;
	struct head *head;
	char *map, *p;

	if (total + spare < size)
		return NULL;
	map = zero ? NULL : take_mapping(total + spare);
	if (!map)
		map = new_mapping(total + spare);
	if (!map)
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
	keep_mapping(head->map, head->size);
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
