/* SPDX-License-Identifier: MIT */
/*
 * spaces/check.c - the laws of one address space, recounted from the tables.
 */
#include "internal.h"

struct tally {
	unsigned long rss[NR_MM_COUNTERS];
	const char *why;
};

static void tally_entry(struct tally *t, const struct vm_area_struct *vma, unsigned long addr,
			pte_t e)
{
	const struct page *page;

	if (pte_hwpoison(e))
		return;
	if (!pte_present(e)) {
		t->why = pte_migration(e) ? "a page was moved and an entry not changed back"
					  : "an entry is neither empty nor present";
		return;
	}
	if (pte_write(e) && !(vma->vm_flags & VM_WRITE))
		t->why = "an entry allows stores that its area forbids";
	if (pte_special(e))
		return;
	if (!pfn_valid(pte_pfn(e))) {
		t->why = "an entry maps a frame that does not exist";
		return;
	}
	page = pte_page(e);
	if (page_mapcount(page) < 1 || page_count(page) < page_mapcount(page))
		t->why = "a mapped frame has too few mappings or references";
	else if (page_was_freed(page) || PageFlag(page, PG_slab) || PageFlag(page, PG_table))
		t->why = "a mapped frame is free, or the kernel's";
	else if (PageFlag(page, PG_anon) && pte_write(e) && page_mapcount(page) > 1)
		t->why = "an anonymous page is writable and shared";
	else if (PageFlag(page, PG_anon) && !anon_vma_covers(page, vma->anon_vma))
		t->why = "an anonymous page would not be found in an area that maps it";
	else if (page->index != vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT) &&
		 PageFlag(page, PG_anon))
		t->why = "an anonymous page would be looked for at another address";
	t->rss[page_mm_counter(page)]++;
}

static void tally_table(struct vm_area_struct *vma, pt_entry *pte, unsigned long addr,
			unsigned long to, void *arg)
{
	for (; addr < to; addr += PAGE_SIZE, pte++)
		if (pte_read(pte))
			tally_entry(arg, vma, addr, pte_read(pte));
}

static const char *check_area(struct mm_struct *mm, struct vm_area_struct *vma, struct tally *t)
{
	if (vma->vm_mm != mm)
		return "an area belongs to another space";
	if ((vma->vm_start | vma->vm_end) & ~PAGE_MASK)
		return "an area is not page-aligned";
	if (vma->vm_end > PORT_TASK_SIZE)
		return "an area leaves user space";
	if (vma->vm_page_prot != vma_prot_of(vma->vm_flags))
		return "an area's entry bits do not fit its flags";
	if (i_mmap_lock_of(vma) &&
	    (vma->shared.first != vma->vm_pgoff || vma->shared.last != vma_last_pgoff(vma)))
		return "an area's borders changed and its file was not told";
	for_each_pte_range(vma, vma->vm_start, vma->vm_end, tally_table, t);
	return t->why ? t->why : anon_vma_check(vma);
}

/* Tables below `table`: every non-zero entry counted, no entry outside an area. */
static const char *check_tables(pt_entry *table, unsigned level, unsigned first, unsigned last,
				long *bytes)
{
	unsigned i, used = 0;

	for (i = first; i < last; i++) {
		u64 raw = pt_slot(table, i, level)->raw;
		const char *why;

		if (!raw)
			continue;
		used++;
		if (level == PT_LAST)
			continue;
		*bytes += (long)PAGE_SIZE;
		why = check_tables(pt_table_of(level, raw), level + 1, 0, 1u << pt_bits(level + 1),
				   bytes);
		if (why)
			return why;
	}
	if (level > 0 && used != pt_page(table)->nr_present)
		return "a table's count of entries is wrong";
	return NULL;
}

const char *mm_check(struct mm_struct *mm)
{
	struct tally t = { { 0 }, NULL };
	long bytes = (long)PT_ROOT_SIZE;
	struct vm_area_struct *vma;
	unsigned long total = 0;
	const char *why;
	int n = 0, i;

	down_read(&mm->mmap_lock);
	why = range_tree_check(&mm->areas);
	for (vma = vma_first(mm); vma && !why; vma = vma_next(vma)) {
		why = check_area(mm, vma, &t);
		total += (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
		n++;
	}
	if (!why && n != mm->map_count)
		why = "map_count disagrees with the areas";
	if (!why && total != mm->total_vm)
		why = "total_vm disagrees with the areas";
	for (i = 0; i < NR_MM_COUNTERS && !why; i++)
		if (t.rss[i] != get_mm_counter(mm, i))
			why = "an RSS counter disagrees with the tables";
	if (!why)
		why = check_tables(mm->pgd, 0, 0, pt_index(PORT_TASK_SIZE - 1, 0) + 1, &bytes);
	if (!why && bytes != atomic_long_read(&mm->pgtables_bytes))
		why = "pgtables_bytes disagrees with the tables";
	up_read(&mm->mmap_lock);
	return why;
}

/* Every space.  The caller sees to it that none comes or goes meanwhile. */
const char *spaces_check(void)
{
	struct mm_struct *mm;
	const char *why = NULL;

	list_for_each_entry(mm, &spaces.mmlist, mmlist) {
		why = mm_check(mm);
		if (why)
			break;
	}
	return why;
}
