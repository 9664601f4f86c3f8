/* SPDX-License-Identifier: MIT */
/*
 * guard.c - sampled guard pages (see guard.h).
 *
 *   |guard|  object|guard|  object|guard| ...      a place is a page and the guard behind it; objects
 *                                                  end where the guard begins, as far as alignment lets
 *
 * Freed places stay closed and wait their turn: the one freed longest ago is used again first.
 * Lock: guard_lock.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <quire/lock.h>
#include <quire/printk.h>
#include "guard.h"
#include "qmalloc.h"

#define NR_PLACES 512u

struct place {
	char *object; /* where it begins or began, or NULL: never used              */
	size_t size;  /* bytes asked for                                           */
	bool used;
};

static struct {
	u32 lock;
	char *pages; /* 1 + 2 * NR_PLACES of them, or NULL                              */
	struct place place[NR_PLACES];
	u32 queue[NR_PLACES]; /* places in use by nobody, longest free first            */
	u32 first, nr;        /* of the queue                                           */
	u32 calls;
	struct sigaction before;
} guard;

static char *page_of_place(u32 i)
{
	return guard.pages + PAGE_SIZE * (1 + 2 * (size_t)i);
}

/* The place whose page or guard the address lies in, or NULL. */
static struct place *place_of(const void *p)
{
	size_t offset = (size_t)((const char *)p - guard.pages);

	if (!guard.pages || offset >= PAGE_SIZE * (1 + 2 * (size_t)NR_PLACES))
		return NULL;
	return &guard.place[offset < PAGE_SIZE ? 0 : (offset - PAGE_SIZE) / (2 * PAGE_SIZE)];
}

/* ---- the fault ------------------------------------------------------------------------------- */
static void tell(const struct place *place, const char *at)
{
	long from = at - place->object;

	if (!place->used)
		printk("BUG: quire-malloc: byte %ld of %p (%zu bytes) was used after it was "
		       "freed\n",
		       from, (const void *)place->object, place->size);
	else
		printk("BUG: quire-malloc: byte %ld of %p was used, which has %zu bytes\n", from,
		       (const void *)place->object, place->size);
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	const struct place *place = place_of(info->si_addr);

	(void)context;
	if (place && place->object)
		tell(place, info->si_addr);
	/* Whoever was here before gets it when the instruction is tried again. */
	sigaction(sig, &guard.before, NULL);
}

static void start(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_NODEFER };
	char *map = mmap(NULL, PAGE_SIZE * (1 + 2 * (size_t)NR_PLACES), PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return;
	for (u32 i = 0; i < NR_PLACES; i++)
		guard.queue[i] = i;
	guard.nr = NR_PLACES;
	guard.pages = map;
	action.sa_sigaction = on_fault;
	sigaction(SIGSEGV, &action, &guard.before);
}

/* ---- alloc and free -------------------------------------------------------------------------- */
static void *open_place(u32 i, size_t size, size_t align)
{
	char *page = page_of_place(i);
	struct place *place = &guard.place[i];

	if (mprotect(page, PAGE_SIZE, PROT_READ | PROT_WRITE))
		return NULL;
	*place = (struct place){ page + QUIRE_ALIGN_DOWN(PAGE_SIZE - size, align), size, true };
	return place->object;
}

void *guard_alloc(size_t size, size_t align)
{
	u32 turn = __atomic_add_fetch(&guard.calls, 1, __ATOMIC_RELAXED);
	void *p = NULL;

	if (turn % malloc_options.guard || size > PAGE_SIZE || align > PAGE_SIZE)
		return NULL;
	align = max(align, size >= 16 ? (size_t)16 : (size_t)MIN_ALIGN);
	raw_lock(&guard.lock);
	if (!guard.pages)
		start();
	if (guard.nr) {
		u32 i = guard.queue[guard.first];

		p = open_place(i, max(size, (size_t)1), align);
		if (p) {
			guard.first = (guard.first + 1) % NR_PLACES;
			guard.nr--;
		}
	}
	raw_unlock(&guard.lock);
	return p;
}

bool guard_free(void *p)
{
	struct place *place = place_of(p);
	u32 i = (u32)(place - guard.place);

	if (!place)
		return false;
	raw_lock(&guard.lock);
	if (!place->used || place->object != p) {
		raw_unlock(&guard.lock);
		bad_pointer("free", p);
	}
	place->used = false;
	(void)madvise(page_of_place(i), PAGE_SIZE, MADV_DONTNEED);
	(void)mprotect(page_of_place(i), PAGE_SIZE, PROT_NONE);
	guard.queue[(guard.first + guard.nr++) % NR_PLACES] = i;
	raw_unlock(&guard.lock);
	return true;
}

size_t guard_size(const void *p)
{
	const struct place *place = place_of(p);

	return place && place->used && place->object == p ? place->size : 0;
}

void guard_freeze(void)
{
	raw_lock(&guard.lock);
}

void guard_thaw(void)
{
	raw_unlock(&guard.lock);
}
