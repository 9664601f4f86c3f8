/* SPDX-License-Identifier: MIT */
/*
 * frames/alloc.c - alloc_pages, free_pages and their family.
 *
 *   alloc_pages  ->  this CPU's stack (pcp)  --empty-->  slow.c: batches from the zones,
 *   watermarks, reclaim, OOM
 *   free_pages   ->  this CPU's stack (pcp)  --full--->  slow.c: batches to the zones
 *
 * The fast path is a gate test, one pop or push, and a handful of stores into the frame's own
 * descriptor.
 *
 * Always true:  a frame that leaves here has one reference and no owner's flags; one that comes
 *               back has none left, is not mapped and is not on a free list, or it is reported and
 *               never used again.
 * Lock:         none here.
 */
#include <quire/event.h>
#include <quire/highmem.h>
#include <quire/printk.h>
#include "alloc.h"

/* A block from this CPU's stack, or NULL: empty, or the gate is closed. */
static quire_always_inline struct page *pop_block(unsigned long pcp_index, unsigned row)
{
	struct quire_cpu *cpu = this_quire_cpu();
	struct page *page;

	if (!QUIRE_PCP || unlikely(!pcp_enter(cpu)))
		return NULL;
	page = pcp_pop(cpu->alloc[pcp_index] + row * PCP_TYPES);
	WRITE_ONCE(cpu->near_page, page);
	pcp_leave(cpu);
	return page;
}

struct page *alloc_frame(gfp_t gfp, unsigned long pcp_index)
{
	struct page *page = pop_block(pcp_index, 0);

	return likely(page) ? page : alloc_pages_slow(gfp, 0, NUMA_NO_NODE);
}

struct page *alloc_frame_zeroed(gfp_t gfp, unsigned long pcp_index)
{
	struct page *page = pop_block(pcp_index, 0);

	if (unlikely(!page))
		return alloc_pages_slow(gfp, 0, NUMA_NO_NODE);
	clear_highpage(page);
	return page;
}

struct page *alloc_block(gfp_t gfp, unsigned order)
{
	if (likely(order == 0 && !(gfp & __GFP_ZERO)))
		return alloc_frame(gfp, quire_pcp_index(gfp));
	if (order == 0)
		return alloc_frame_zeroed(gfp, quire_pcp_index(gfp));
	if (likely(pcp_row(order) != PCP_NONE && !(gfp & (__GFP_ZERO | __GFP_COMP)))) {
		struct page *page = pop_block(quire_pcp_index(gfp), pcp_row(order));

		if (likely(page))
			return page;
	}
	return alloc_pages_slow(gfp, order, NUMA_NO_NODE);
}

struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned order)
{
	if (nid == NUMA_NO_NODE && !(gfp & __GFP_THISNODE))
		return alloc_pages(gfp, order);
	return alloc_pages_slow(gfp, order, nid);
}

/* Flags of a frame that is freed, other than where it is, its column and its order.  Whatever is left
 * of its owner's is looked at, or cleared, on the slow path. */
#define PAGE_OWNER_MASK ((1u << PAGE_ORDER_SHIFT) - 1)

/* Whether nobody owns the block, and it is of the order that it was taken with. */
static quire_always_inline bool is_plain(const struct page *page, u32 flags, unsigned order)
{
	return likely((flags & (PAGE_OWNER_MASK | PAGE_ORDER_MASK << PAGE_ORDER_SHIFT)) ==
		      order << PAGE_ORDER_SHIFT) &&
	       likely(!page->_mapcount.counter);
}

/* To the list that its flags name; false: it is full. */
static quire_always_inline bool push_entered(struct quire_cpu *cpu, struct page *page, u32 flags,
					     unsigned row)
{
	struct pcp_list *list = cpu->free[flags >> PAGE_ZONE_SHIFT] + row * PCP_TYPES;

	if (unlikely(!pcp_push(list, page, flags)))
		return false;
	list->nr_free++;
	return true;
}

/* A block that only the caller holds, or nobody, goes to this CPU's stack. */
static quire_always_inline void push_block(struct quire_cpu *cpu, struct page *page, unsigned order,
					   unsigned row)
{
	u32 flags = READ_ONCE(page->flags);

	if (QUIRE_PCP && is_plain(page, flags, order) && likely(pcp_enter(cpu))) {
		bool pushed = push_entered(cpu, page, flags, row);

		pcp_leave(cpu);
		if (likely(pushed))
			return;
	}
	atomic_set(&page->_refcount, 0); /* who moves frames may be looking at it */
	free_frames_slow(page, order);
}

/* A part of a block that was taken is freed as a block of its own. */
static void page_set_marks(struct page *page, unsigned order)
{
	u32 column = READ_ONCE(page->flags) & PAGE_PCPMT_MASK << PAGE_PCPMT_SHIFT;

	page_flags_write(page, (READ_ONCE(page->flags) & PAGE_PLACE_MASK) | column |
				       block_marks(order, 0));
}

/* More than one holder, or none: the caller's reference is dropped.  False: there is nothing to
 * free. */
static quire_cold bool drop_slow(struct page *page, unsigned order)
{
	if (put_page_testzero(page))
		return true;
	if (page_count(page) > 0 && !PageFlag(page, PG_head)) {
		/* Somebody holds the first frame and will free it alone: the rest goes now. */
		page_set_marks(page, 0);
		while (order-- > 0) {
			page_set_marks(page + (1UL << order), order);
			free_frames_slow(page + (1UL << order), order);
		}
	}
	return false;
}

static quire_cold void free_shared(struct page *page, unsigned order)
{
	if (drop_slow(page, order))
		free_frames_slow(page, order);
}

static quire_always_inline void free_near(struct quire_cpu *cpu, struct page *page)
{
	/* If ours is the only reference nobody else can change the count. */
	if (unlikely(page->_refcount.counter != 1)) {
		free_shared(page, 0);
		return;
	}
	push_block(cpu, page, 0, 0);
}

/* ---- frames that come back in no order ------------------------------------------------------- */

/* Descriptors this many bytes apart, or less, are likely to be in the cache together. */
#define NEAR_BYTES (1UL << 14)

/* Whether the processor would have to wait for the descriptor: it is far from the one that was handed
 * out or taken back last. */
static quire_always_inline bool is_far(struct quire_cpu *cpu, struct page *page)
{
	unsigned long distance = (unsigned long)cpu->near_page ^ (unsigned long)page;

	WRITE_ONCE(cpu->near_page, page);
	return distance >= NEAR_BYTES;
}

/* A frame that waited is not so plain, or there is no room for it.  `caller` freed it. */
static quire_noinline void free_waited(struct quire_cpu *cpu, struct page *page, const void *caller)
{
	WRITE_ONCE(cpu->far_caller, caller);
	free_near(cpu, page);
	WRITE_ONCE(cpu->far_caller, NULL);
}

/* Whether there is nothing left to do for it, between pcp_enter() and pcp_leave(). */
static quire_always_inline bool push_waited(struct quire_cpu *cpu, struct page *page)
{
	u32 flags;

	if (unlikely(!page))
		return true;
	flags = READ_ONCE(page->flags);
	return likely(page->_refcount.counter == 1) && is_plain(page, flags, 0) &&
	       push_entered(cpu, page, flags, 0);
}

/* The frame takes the place of one that has waited, whose descriptor is here by now.  What was freed
 * before already is only found then: the report says by whom. */
static quire_noinline void free_far(struct quire_cpu *cpu, struct page *page, const void *caller)
{
	struct far_free *slot = &cpu->far[cpu->far_at], old = { page, caller };

	if (unlikely(!pcp_enter(cpu))) {
		free_near(cpu, page);
		return;
	}
	if (likely(!cpu->far_shut)) {
		__builtin_prefetch(page, 1);
		old = *slot;
		WRITE_ONCE(slot->page, page);
		slot->caller = caller;
		cpu->far_at = (cpu->far_at + 1) % QUIRE_FAR_FREES;
	}
	if (likely(push_waited(cpu, old.page))) {
		pcp_leave(cpu);
		return;
	}
	pcp_leave(cpu);
	free_waited(cpu, old.page, old.caller);
}

void far_flush(struct quire_cpu *cpu)
{
	struct quire_cpu *here = this_quire_cpu();

	for (unsigned i = 0; i < QUIRE_FAR_FREES; i++) {
		struct page *page = cpu->far[i].page;

		WRITE_ONCE(cpu->far[i].page, NULL);
		WRITE_ONCE(here->far_caller, cpu->far[i].caller);
		if (page && put_page_testzero(page))
			free_frame_unparked(page);
	}
	WRITE_ONCE(here->far_caller, NULL);
}

void free_single(struct page *page)
{
	struct quire_cpu *cpu = this_quire_cpu();

	if (QUIRE_PCP && unlikely(is_far(cpu, page)))
		free_far(cpu, page, __builtin_return_address(0));
	else
		free_near(cpu, page);
}

void free_block(struct page *page, unsigned order)
{
	if (order == 0) {
		free_single(page);
		return;
	}
	if (unlikely(page_count(page) != 1)) {
		free_shared(page, order);
		return;
	}
	if (likely(pcp_row(order) != PCP_NONE)) {
		push_block(this_quire_cpu(), page, order, pcp_row(order));
	} else {
		atomic_set(&page->_refcount, 0);
		free_frames_slow(page, order);
	}
}

void __put_page(struct page *page)
{
	if (__put_page_was_last(page))
		free_frames_slow(page, compound_order(page));
}

bool __put_page_was_last(struct page *page)
{
	if (likely(page_count(page) == 0))
		return true;
	bad_page(page, "a reference was dropped that nobody held (freed twice?)");
	atomic_set(&page->_refcount, 0);
	return false;
}

void free_pages_bulk_array(struct page **pages, size_t n)
{
	for (size_t i = 0; i < n; i++)
		push_block(this_quire_cpu(), pages[i], 0, 0);
}

/* ---- the family ------------------------------------------------------------------------------ */
unsigned long __get_free_pages(gfp_t gfp, unsigned order)
{
	struct page *page;

	if (gfp & __GFP_HIGHMEM) {
		quire_assert(false, "__GFP_HIGHMEM memory has no address: use alloc_pages");
		return 0;
	}
	page = alloc_pages(gfp, order);
	return page ? (unsigned long)page_address(page) : 0;
}

unsigned long get_zeroed_page(gfp_t gfp)
{
	return __get_free_pages(gfp | __GFP_ZERO, 0);
}

void split_page(struct page *page, unsigned order)
{
	quire_assert(!PageFlag(page, PG_head), "split_page is for blocks that are not compound");
	for (unsigned long i = 1; i < 1UL << order; i++)
		make_owned(page + i, READ_ONCE(page->flags) & PAGE_PCPMT_MASK << PAGE_PCPMT_SHIFT);
	page_flags_keep(page, ~(PAGE_ORDER_MASK << PAGE_ORDER_SHIFT));
}

void *alloc_pages_exact(size_t size, gfp_t gfp)
{
	unsigned order = get_order(size);
	unsigned long used = (unsigned long)(PAGE_ALIGN(size) >> PAGE_SHIFT);
	struct page *page;

	if (!size || gfp & (__GFP_HIGHMEM | __GFP_COMP))
		return NULL;
	page = alloc_pages(gfp, order);
	if (!page)
		return NULL;
	split_page(page, order);
	for (unsigned long i = used; i < 1UL << order; i++)
		__free_pages(page + i, 0);
	return page_address(page);
}

void free_pages_exact(void *addr, size_t size)
{
	unsigned long at = (unsigned long)addr, end = at + PAGE_ALIGN(size);

	for (; at < end; at += PAGE_SIZE)
		free_pages(at, 0);
}

unsigned long alloc_pages_bulk(gfp_t gfp, unsigned long n, struct page **pages)
{
	unsigned long i;

	for (i = 0; i < n; i++) {
		if (!pages[i])
			pages[i] = alloc_pages(gfp, 0);
		if (!pages[i])
			break;
	}
	return i;
}
