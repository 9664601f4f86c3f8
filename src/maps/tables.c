/* SPDX-License-Identifier: MIT */
/*
 * maps/tables.c - table pages: made on demand, freed when they map nothing, kept zero while spare.
 *
 *   pt_make_slow:     root ─> [miss: a zeroed page] ─> … ─> last level
 *   pt_detach_empty:  last level with nr_present == 0 ─> out of its parent ─> perhaps the parent
 *   too
 *
 * A table that is taken out holds only zeroes, so a few are kept per CPU and need no clearing when
 * they are used again.
 *
 * Lock:  page_table_lock of the space guards entries above the last level.  The spares are per CPU,
 *        irqs off.
 */
#include <quire/gfp.h>
#include <quire/percpu.h>
#include "maps/maps.h"

#define NR_SPARES 16

struct spare_tables {
	unsigned nr;
	struct page *page[NR_SPARES];
};

static DEFINE_PER_CPU(struct spare_tables, spare_tables);

static struct page *take_spare(void)
{
	unsigned long irq = port_irq_save();
	struct spare_tables *s = this_cpu_ptr(&spare_tables);
	struct page *page = s->nr ? s->page[--s->nr] : NULL;

	port_irq_restore(irq);
	return page;
}

struct page *pt_alloc_table(gfp_t gfp)
{
	struct page *page = take_spare();

	if (!page) {
		page = alloc_page(gfp | __GFP_ZERO);
		if (!page)
			return NULL;
		__SetPageFlag(page, PG_table);
	}
	page->ptl = 0;
	page->nr_present = 0;
	inc_node_page_state(page, NR_PAGETABLE);
	return page;
}

static void release_table(struct page *page)
{
	page->ptl = 0;
	page->nr_present = 0;
	__ClearPageFlag(page, PG_table);
	__free_page(page);
}

void pt_free_table(struct page *page)
{
	unsigned long irq;
	struct spare_tables *s;

	dec_node_page_state(page, NR_PAGETABLE);
	irq = port_irq_save();
	s = this_cpu_ptr(&spare_tables);
	if (s->nr < NR_SPARES) {
		s->page[s->nr++] = page;
		page = NULL;
	}
	port_irq_restore(irq);
	if (page)
		release_table(page);
}

void pt_drain_spares(void)
{
	unsigned cpu;

	for_each_possible_cpu(cpu) {
		struct spare_tables *s = per_cpu_ptr(&spare_tables, cpu);

		while (s->nr)
			release_table(s->page[--s->nr]);
	}
}

/* ---- roots ----------------------------------------------------------------------------------- */
/* A root of several frames is a block, and afterwards each frame a table page like any other. */
static struct page *alloc_wide_root(void)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO, PT_ROOT_ORDER);
	unsigned i;

	if (!page)
		return NULL;
	split_page(page, PT_ROOT_ORDER);
	for (i = 0; i < 1u << PT_ROOT_ORDER; i++) {
		__SetPageFlag(page + i, PG_table);
		page[i].ptl = 0;
		page[i].nr_present = 0;
		inc_node_page_state(page + i, NR_PAGETABLE);
	}
	return page;
}

pt_entry *pt_alloc_root(void)
{
	struct page *page = PT_ROOT_ORDER ? alloc_wide_root() : pt_alloc_table(GFP_KERNEL);

	return page ? page_address(page) : NULL;
}

void pt_release_root(pt_entry *root)
{
	struct page *page = pt_page(root);
	unsigned i;

	for (i = 0; i < 1u << PT_ROOT_ORDER; i++)
		pt_free_table(page + i);
}

/* ---- tables of a space ----------------------------------------------------------------------- */
/* Put a new table into `entry`, unless another CPU was faster. */
static int fill_entry(const struct pt_space *space, pt_entry *entry, unsigned level)
{
	struct page *page = pt_alloc_table(GFP_KERNEL);

	if (!page)
		return -1;
	spin_lock(space->lock);
	if (!pt_used(pt_read(entry))) {
		pt_publish_table(entry, level, PFN_PHYS(page_to_pfn(page)), true);
		if (level > 0)
			pt_count(pt_page(entry), 1);
		atomic_long_add(PAGE_SIZE, space->bytes);
		page = NULL;
	}
	spin_unlock(space->lock);
	if (page)
		pt_free_table(page);
	return 0;
}

pt_entry *pt_make_slow(const struct pt_space *space, unsigned long va)
{
	pt_entry *table = space->root;
	unsigned level;

	for (level = 0; level < PT_LAST; level++) {
		pt_entry *entry = pt_slot(table, pt_index(va, level), level);

		if (!pt_used(pt_read(entry)) && fill_entry(space, entry, level) != 0)
			return NULL;
		table = pt_table_of(level, pt_read(entry));
	}
	return table + pt_index(va, PT_LAST);
}

/* Take the empty tables below `table` out, and those that become empty by it, but none that an
 * entry of a level above `keep` points to.  Early tables of the kernel are not counted and stay.
 * The tables' lock is held. */
static struct page *detach_level(const struct pt_space *space, pt_entry *table, unsigned level,
				 unsigned keep, unsigned long start, unsigned long last,
				 struct page *list)
{
	unsigned i, first = pt_index(start, level), end = pt_index(last, level);
	unsigned long span = 1UL << pt_shift(level);

	for (i = first; i <= end; i++) {
		pt_entry *entry = pt_slot(table, i, level);
		u64 raw = entry->raw;
		struct page *child;

		if (!pt_used(raw) || pt_is_block(level, raw))
			continue;
		child = pfn_to_page(PHYS_PFN(pt_table_phys(level, raw)));
		if (level + 1 < PT_LAST) {
			unsigned long base = i == first ? start
							: (start & ~(span - 1)) +
								  (unsigned long)(i - first) * span;
			unsigned long top = i == end ? last : (base | (span - 1));

			list = detach_level(space, pt_table_of(level, raw), level + 1, keep, base,
					    top, list);
		}
		if (level < keep || child->nr_present || !PageFlag(child, PG_table))
			continue;
		pt_erase(entry);
		if (level > 0)
			pt_count(pt_page(entry), -1);
		if (space->bytes)
			atomic_long_sub(PAGE_SIZE, space->bytes);
		child->word2 = (unsigned long)list;
		list = child;
	}
	return list;
}

struct page *pt_detach_empty(const struct pt_space *space, unsigned long start, unsigned long end)
{
	struct page *list;

	spin_lock(space->lock);
	list = detach_level(space, space->root, 0, 0, start, end - 1, NULL);
	spin_unlock(space->lock);
	return list;
}

struct page *pt_detach_empty_kernel(pt_entry *pgd, unsigned long start, unsigned long end)
{
	struct pt_space space = { pgd, NULL, NULL };

	/* Every space has a copy of the root entries, so what they point to stays. */
	return detach_level(&space, pgd, 0, 1, start, end - 1, NULL);
}

void pt_free_list(struct page *list)
{
	while (list) {
		struct page *next = (struct page *)list->word2;

		list->word2 = 0;
		pt_free_table(list);
		list = next;
	}
}
