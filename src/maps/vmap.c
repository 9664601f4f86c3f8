/* SPDX-License-Identifier: MIT */
/*
 * maps/vmap.c - the caller's own pages, side by side: for long in an area of their own, for a moment in a
 * piece of a block that each CPU keeps.
 *
 *   block   | piece | piece | given back | piece | never used yet ……… |
 *                                                ^ next
 *
 * A piece is cut where the last one ends, and its addresses are not used again before the whole block was
 * given back and flushed: no flush for a piece, and no search for a hole.
 *
 * Always true:  a page of a block is mapped if its bit in `used` is set; in_use counts pieces' pages until
 *               they are unmapped; a block that no CPU has open and nobody uses is retired.
 * Lock:         maps.lock guards blocks.  The entries of a piece are its owner's.
 */
#include <quire/bitmap.h>
#include <quire/bytes.h>
#include <quire/err.h>
#include <quire/percpu.h>
#include <quire/printk.h>
#include <quire/slab.h>
#include "maps/area.h"

#define BLOCK_PAGES 256u
#define VMAP_MOST   ((unsigned)((QUIRE_VMALLOC_END - QUIRE_VMALLOC_START) >> PAGE_SHIFT))
#define BLOCK_SIZE  ((unsigned long)BLOCK_PAGES << PAGE_SHIFT)

struct vm_block {
	struct vm_area *area;
	unsigned next;   /* first page that was never used              */
	unsigned in_use; /* pages that are mapped, or being unmapped    */
	bool open;       /* some CPU cuts pieces from it                */
	DECLARE_BITMAP(used, BLOCK_PAGES);
};

static DEFINE_PER_CPU(struct vm_block *, open_block);

/* ---- areas of their own ---------------------------------------------------------------------- */
/* Place and map; the area is gone if that fails. */
static void *show_pages(struct vm_area *area, struct page **pages, unsigned count, u64 bits)
{
	if (area_place(area, (unsigned long)count << PAGE_SHIFT, PAGE_SIZE) != 0) {
		pr_warn("vmap: no room for %u pages\n", count);
		area_free(area);
		return NULL;
	}
	if (pt_map_kernel_pages(area->range.start, pages, count, bits, false) == 0)
		return (void *)area->range.start;
	area_disown(area);
	area_unmap(area);
	area_retire(area);
	return NULL;
}

void *vmap(struct page **pages, unsigned count, unsigned long flags, pgprot_t prot)
{
	struct page **list;
	struct vm_area *area;
	void *at;
	u64 bits;

	if (!pages || count == 0 || count > VMAP_MOST || !pt_prot_bits(prot, &bits))
		return NULL;
	list = flags & VM_MAP_PUT_PAGES ? pages : NULL;
	area = area_new(VM_KIND_VMAP, __builtin_return_address(0));
	if (!area)
		return NULL;
	area->put_pages = list;
	if (!list)
		list = area_list(area, count, GFP_KERNEL);
	if (!list) {
		area_free(area);
		return NULL;
	}
	if (list != pages)
		memcpy(list, pages, count * sizeof(*pages));
	area->pages = list;
	area->nr_pages = count;
	at = show_pages(area, pages, count, bits);
	if (!at && list != pages && count > VM_FEW_PAGES)
		kvfree(list);
	return at;
}

static void drop_list(struct vm_area *area)
{
	for (unsigned i = 0; area->put_pages && i < area->nr_pages; i++)
		put_page(area->pages[i]);
	if (area->pages != area->few)
		kvfree(area->pages);
}

void vunmap(const void *addr)
{
	struct vm_area *area = addr ? area_take(addr, VM_KIND_VMAP, "vunmap", "vmap") : NULL;

	if (!area)
		return;
	area_unmap(area);
	drop_list(area);
	area_retire(area);
}

/* ---- pieces of blocks ------------------------------------------------------------------------ */
static struct vm_block *new_block(void)
{
	struct vm_block *block = kzalloc(sizeof(*block), GFP_KERNEL);

	if (!block)
		return NULL;
	block->area = area_new(VM_KIND_BLOCK, NULL);
	if (!block->area)
		goto no_area;
	block->area->block = block;
	if (area_place(block->area, BLOCK_SIZE, PAGE_SIZE) == 0)
		return block;
	area_free(block->area);
no_area:
	kfree(block);
	return NULL;
}

/* Nobody has it open or uses it: it is the caller's to end, and nobody finds it.  Under the lock. */
static bool block_ends(struct vm_block *block)
{
	if (block->open || block->in_use)
		return false;
	block->area->kind = VM_KIND_DYING;
	return true;
}

static void end_block(struct vm_block *block)
{
	struct vm_area *area = block->area;

	kfree(block);
	area_retire(area);
}

/* The CPU's block is closed, for lack of room or for a better one; it may have come to its end. */
static struct vm_block *close_block(struct vm_block **slot)
{
	struct vm_block *old = *slot;

	*slot = NULL;
	if (!old)
		return NULL;
	old->open = false;
	return block_ends(old) ? old : NULL;
}

static unsigned long cut(struct vm_block *block, unsigned count)
{
	unsigned first = block->next;

	block->next += count;
	block->in_use += count;
	for (unsigned i = first; i < block->next; i++)
		__set_bit(i, block->used);
	return block->area->range.start + ((unsigned long)first << PAGE_SHIFT);
}

/* Addresses for `count` pages; 0: there are none.  Which CPU's block it is does not matter. */
static unsigned long take_piece(unsigned count)
{
	struct vm_block *fresh = NULL, *ended = NULL, **slot;
	unsigned long at = 0;

	do {
		spin_lock(&maps.lock);
		slot = this_cpu_ptr(&open_block);
		if (fresh) {
			ended = close_block(slot);
			fresh->open = true;
			*slot = fresh;
		}
		if (*slot && (*slot)->next + count <= BLOCK_PAGES)
			at = cut(*slot, count);
		spin_unlock(&maps.lock);
		if (ended)
			end_block(ended);
	} while (!at && !fresh && (fresh = new_block()));
	return at;
}

/* Entries are gone. */
static void give_piece_back(struct vm_block *block, unsigned long at, unsigned count)
{
	bool ends;

	spin_lock(&maps.lock);
	area_note_dirty_locked(at, at + ((unsigned long)count << PAGE_SHIFT));
	block->in_use -= count;
	ends = block_ends(block);
	spin_unlock(&maps.lock);
	if (ends)
		end_block(block);
}

/* The block, if all of those pages are pieces of it; they are no more. */
static struct vm_block *claim_piece(unsigned long at, unsigned count)
{
	struct vm_block *block = NULL;
	struct vm_area *area;
	unsigned first = 0;

	spin_lock(&maps.lock);
	area = area_of(range_find(&maps.areas, at));
	if (area && area->kind == VM_KIND_BLOCK && at >= area->range.start && !(at & ~PAGE_MASK)) {
		block = area->block;
		first = (unsigned)((at - area->range.start) >> PAGE_SHIFT);
	}
	for (unsigned i = 0; block && i < count; i++)
		if (first + i >= BLOCK_PAGES || !test_bit(first + i, block->used))
			block = NULL;
	for (unsigned i = 0; block && i < count; i++)
		__clear_bit(first + i, block->used);
	spin_unlock(&maps.lock);
	return block;
}

void *vm_map_ram(struct page **pages, unsigned count, int node)
{
	struct vm_area *area;
	unsigned long at;

	(void)node; /* what is mapped is there already */
	if (count == 0 || count > VMAP_MOST)
		return NULL;
	if (count > VMAP_MAX_ALLOC) {
		area = area_new(VM_KIND_RAM, __builtin_return_address(0));
		return area ? show_pages(area, pages, count, PT_KERNEL_RW) : NULL;
	}
	at = take_piece(count);
	if (!at || pt_map_kernel_pages(at, pages, count, PT_KERNEL_RW, false) == 0)
		return (void *)at;
	vm_unmap_ram((void *)at, count);
	return NULL;
}

void vm_unmap_ram(const void *mem, unsigned count)
{
	unsigned long at = (unsigned long)mem, size = (unsigned long)count << PAGE_SHIFT;
	struct vm_block *block;
	struct vm_area *area;

	if (count > VMAP_MAX_ALLOC) {
		area = area_take(mem, VM_KIND_RAM, "vm_unmap_ram", "vm_map_ram");
		if (!area)
			return;
		if (area_guard(area) - at != size)
			quire_damage("vm_unmap_ram(%p): %u pages, but %lu were mapped", mem, count,
				     (area_guard(area) - at) >> PAGE_SHIFT);
		area_unmap(area);
		area_retire(area);
		return;
	}
	block = count ? claim_piece(at, count) : NULL;
	if (!block) {
		quire_damage("vm_unmap_ram(%p): no %u pages of vm_map_ram begin there", mem, count);
		return;
	}
	pt_unmap_kernel_noflush(at, at + size);
	give_piece_back(block, at, count);
}

void vmap_drain_blocks(void)
{
	unsigned cpu;

	for_each_possible_cpu(cpu) {
		struct vm_block **slot = per_cpu_ptr(&open_block, cpu), *ended = NULL;

		spin_lock(&maps.lock);
		if (*slot && !(*slot)->in_use)
			ended = close_block(slot);
		spin_unlock(&maps.lock);
		if (ended)
			end_block(ended);
	}
}

const char *vmap_check_block(const struct vm_area *area)
{
	const struct vm_block *block = area->block;
	unsigned used = 0;

	if (block->area != area)
		return "a block of vm_map_ram names another area";
	for (unsigned i = 0; i < BLOCK_PAGES; i++) {
		bool is = test_bit(i, block->used);

		used += is;
		if (is != pte_valid(area_pte(area->range.start + i * PAGE_SIZE)))
			return "a page of a block is mapped, and nobody's, or the other way round";
	}
	if (used != block->in_use)
		return "the pages in use of a block do not add up";
	return block->open || used ? NULL : "a block that nobody uses was not retired";
}
