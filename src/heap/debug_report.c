/* SPDX-License-Identifier: MIT */
/*
 * heap/debug_report.c - what debug.c found, in the layout of Linux's reports, and who did it.
 *
 *   BUG kmalloc-64 (Not tainted): Right Redzone overwritten
 *   0xADDR-0xADDR @offset=N. First byte 0x0 instead of 0xcc
 *   Allocated in 0xCALLER cpu=N pid=N, and from where; Freed in ...
 *   Slab 0xPAGE objects=N used=N fp=0xFREE flags=0xN;  Object 0xADDR @offset=N fp=0xNEXT
 *   Redzone, Object, Redzone, Padding: the bytes
 *
 * Lock: the depot's own.
 */
#include <quire/task.h>
#include "debug.h"

#define DEPOT_ORDER 4u   /* frames of the depot, log2                                  */
#define DUMP_MOST   128u /* bytes of an object that are shown                          */

static struct stack_depot depot;
static void *depot_memory;

void debug_tracks_init(void)
{
	if (depot_memory)
		return;
	depot_memory =
		(void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN, DEPOT_ORDER);
	/* Without it tracks say who, but not from where. */
	if (depot_memory)
		stack_depot_init(&depot, depot_memory, PAGE_SIZE << DEPOT_ORDER);
}

void debug_tracks_exit(void)
{
	if (depot_memory)
		free_pages((unsigned long)depot_memory, DEPOT_ORDER);
	depot_memory = NULL;
	memset(&depot, 0, sizeof(depot));
}

void debug_track_fill(struct track *track, const void *caller)
{
	unsigned long pc[STACK_DEPOT_DEPTH];
	struct quire_task who;

	quire_current_task(&who);
	track->caller = caller;
	track->cpu = (u16)port_cpu_id();
	track->pid = who.pid;
	track->stack =
		depot.words ? stack_depot_save(&depot, pc, quire_stack_trace(pc, STACK_DEPOT_DEPTH))
			    : 0;
}

static void print_track(const struct track *track, const char *what)
{
	const unsigned long *pc = NULL;
	unsigned n = depot.words ? stack_depot_fetch(&depot, track->stack, &pc) : 0;

	if (!track->caller)
		return;
	printk("%s in %p cpu=%u pid=%d\n", what, track->caller, (unsigned)track->cpu, track->pid);
	for (unsigned i = 0; i < n; i++)
		printk(" 0x%lx\n", pc[i]);
}

void debug_describe(const struct kmem_cache *cache, const void *object)
{
	if (!(cache->flags & SLAB_STORE_USER))
		return;
	print_track(&debug_track(cache, object)[TRACK_ALLOC], "Allocated");
	print_track(&debug_track(cache, object)[TRACK_FREE], "Freed");
}

/* 16 bytes a line, and as text. */
static void dump(const char *what, const u8 *at, u32 n)
{
	static const char hex[] = "0123456789abcdef";

	for (u32 i = 0; i < n; i += 16) {
		char line[16 * 3 + 1 + 16 + 1], *to = line;

		for (u32 j = i; j < i + 16; j++) {
			*to++ = j < n ? hex[at[j] >> 4] : ' ';
			*to++ = j < n ? hex[at[j] & 15] : ' ';
			*to++ = ' ';
		}
		*to++ = ' ';
		for (u32 j = i; j < i + 16 && j < n; j++)
			*to++ = at[j] >= ' ' && at[j] < 127 ? (char)at[j] : '.';
		*to = 0;
		printk("%-8s %p: %s\n", what, (const void *)(at + i), line);
	}
}

static void header(const struct kmem_cache *cache, const char *what, const char *more)
{
	printk("=============================================================================\n");
	printk("BUG %s (Not tainted): %s%s\n", cache->name, what, more);
	printk("-----------------------------------------------------------------------------\n\n");
}

static void trailer(const struct kmem_cache *cache, const void *object)
{
	const struct page *slab = slab_of(virt_to_page(object));
	const u8 *at = object;

	debug_describe(cache, object);
	printk("Slab %p objects=%u used=%u flags=0x%x\n", (const void *)slab,
	       (unsigned)cache->objects, (unsigned)slab->inuse, slab->flags);
	printk("Object %p @offset=%lu\n\n", object,
	       (unsigned long)object - (unsigned long)page_address(slab));
	dump("Redzone", at - cache->left, cache->left);
	dump("Object", at, min(cache->object_size, DUMP_MOST));
	if (cache->flags & SLAB_RED_ZONE)
		dump("Redzone", at + cache->object_size, cache->red_end - cache->object_size);
	dump("Padding", at + cache->pad, min(cache->size - cache->left - cache->pad, DUMP_MOST));
	dump_stack();
}

void debug_report(const struct kmem_cache *cache, const void *object, const char *what)
{
	header(cache, what, "");
	if (object)
		trailer(cache, object);
}

void debug_report_bytes(const struct kmem_cache *cache, const void *object, const char *what,
			const u8 *at, u32 n, int byte)
{
	const struct page *slab = slab_of(virt_to_page(object));

	header(cache, what, " overwritten");
	printk("%p-%p @offset=%lu. First byte 0x%x instead of 0x%x\n", (const void *)at,
	       (const void *)(at + n - 1), (unsigned long)at - (unsigned long)page_address(slab),
	       (unsigned)*at, (unsigned)byte);
	trailer(cache, object);
	printk("FIX %s: Restoring %s %p-%p=0x%x\n", cache->name, what, (const void *)at,
	       (const void *)(at + n - 1), (unsigned)byte);
}
