/* SPDX-License-Identifier: MIT */
/*
 * frames/poison.c - a frame that is free holds a pattern; one that does not was written to.
 *
 *   hand-over: cc cc cc ...  ──>  in use  ──freed──>  aa aa aa ...  ──checked──>  in use
 *
 * Always true:  between being freed and being handed out every byte of a frame is one of the two
 *               patterns, the same throughout.  They differ in four bits, so a bit that flipped
 *               never makes one look like the other.
 * Lock:         none; a frame is filled and checked by whoever holds it.
 */
#include <quire/bytes.h>
#include <quire/highmem.h>
#include <quire/page_poison.h>
#include <quire/printk.h>
#include <quire/task.h>
#include "debug.h"

#define DUMP_LINE  16u /* bytes of a line of the dump                          */
#define DUMP_LINES 8u  /* of a frame: enough to recognise what was written     */

static struct {
	bool pattern, zero_taken, zero_freed; /* (c) what is asked for                */
	enum page_poison_policy policy;       /* (c)                                  */
	unsigned long nr_damaged;             /* (a) blocks                           */
} poison;

unsigned long page_poison_nr_damaged(void)
{
	return racy_read(poison.nr_damaged);
}

static void forget(void)
{
	memset(&poison, 0, sizeof(poison));
	frames_init_on_alloc = frames_init_on_free = false;
}

static void fill(struct page *page, unsigned order, u8 byte)
{
	for (unsigned long i = 0; i < 1UL << order; i++)
		memset_page(page + i, 0, byte, PAGE_SIZE);
}

static void clear(struct page *page, unsigned order)
{
	for (unsigned long i = 0; i < 1UL << order; i++)
		clear_highpage(page + i);
}

/* ---- what is wrong with a frame -------------------------------------------------------------- */
struct damage {
	unsigned first, last; /* bytes of the frame that differ, and all between       */
	unsigned bytes;       /* how many do                                           */
	unsigned bits;        /* and how many bits of them                             */
	u8 pattern;           /* from what                                             */
};

static struct damage compare(const u8 *at, u8 pattern)
{
	struct damage d = { .pattern = pattern };

	for (unsigned i = 0; i < PAGE_SIZE; i++) {
		if (likely(at[i] == pattern))
			continue;
		if (!d.bytes++)
			d.first = i;
		d.last = i;
		d.bits += word_count((u8)(at[i] ^ pattern));
	}
	return d;
}

static bool is_whole(const u8 *at, u8 pattern)
{
	const unsigned long *words = (const unsigned long *)at;
	unsigned long all = ~0UL / 255 * pattern, differ = 0;

	for (unsigned i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		differ |= words[i] ^ all;
	return !differ;
}

/* Taken for the pattern that more of it has. */
static struct damage find_damage(const u8 *at)
{
	struct damage freed, fresh;

	if (likely(is_whole(at, PAGE_POISON) || is_whole(at, PAGE_POISON_FRESH)))
		return (struct damage){ .pattern = PAGE_POISON };
	freed = compare(at, PAGE_POISON);
	fresh = compare(at, PAGE_POISON_FRESH);
	return fresh.bytes < freed.bytes ? fresh : freed;
}

static void dump_bytes(const u8 *at, const struct damage *d)
{
	unsigned from = d->first / DUMP_LINE * DUMP_LINE;

	for (unsigned line = 0; line < DUMP_LINES && from <= d->last; line++, from += DUMP_LINE) {
		char text[DUMP_LINE * 3 + 1];

		for (unsigned i = 0; i < DUMP_LINE; i++)
			quire_snprintf(text + i * 3, 4, " %02x", at[from + i]);
		printk("%lx:%s\n", (unsigned long)&at[from], text);
	}
}

static void report(const struct page *page, const u8 *at, const struct damage *d)
{
	printk("BUG: pagealloc: %s in pfn 0x%lx: bytes 0x%03x..0x%03x, %u of them are not 0x%02x\n",
	       d->bits == 1 ? "single bit error" : "memory corruption", page_to_pfn(page), d->first,
	       d->last, d->bytes, d->pattern);
	dump_bytes(at, d);
	dump_stack();
	dump_page(page, "pagealloc: corrupted page details");
}

static bool frame_is_whole(const struct page *page)
{
	const u8 *at = kmap_local_page((struct page *)page);
	struct damage d = find_damage(at);

	if (unlikely(d.bytes))
		report(page, at, &d);
	kunmap_local(at);
	return !d.bytes;
}

static bool check(const struct page *page, unsigned order)
{
	bool whole = true;

	for (unsigned long i = 0; i < 1UL << order; i++)
		whole &= frame_is_whole(page + i);
	if (likely(whole))
		return true;
	__atomic_fetch_add(&poison.nr_damaged, 1, __ATOMIC_RELAXED);
	return poison.policy == PAGE_POISON_REPORT;
}

/* ---- frames that change hands ---------------------------------------------------------------- */
static bool taken(struct page *page, unsigned order, gfp_t gfp)
{
	if (poison.pattern && !check(page, order))
		return false;
	if (poison.zero_taken && !(gfp & __GFP_ZERO))
		clear(page, order);
	return true;
}

static bool freed(struct page *page, unsigned order)
{
	if (poison.pattern)
		fill(page, order, PAGE_POISON);
	else if (poison.zero_freed)
		clear(page, order);
	return true;
}

static void managed(struct page *page, unsigned long n)
{
	for (; poison.pattern && n; n--)
		fill(page++, 0, PAGE_POISON_FRESH);
}

static const struct frame_watcher watcher = {
	.taken = taken,
	.freed = freed,
	.exit = forget,
	.managed = managed,
};

void page_poison_enable(enum page_poison_policy policy)
{
	poison.pattern = true;
	poison.policy = policy;
	frame_watch(WATCHER_POISON, &watcher);
}

void init_on_alloc_enable(void)
{
	poison.zero_taken = frames_init_on_alloc = true;
	frame_watch(WATCHER_POISON, &watcher);
}

void init_on_free_enable(void)
{
	poison.zero_freed = frames_init_on_free = true;
	frame_watch(WATCHER_POISON, &watcher);
}
