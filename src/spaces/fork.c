/* SPDX-License-Identifier: MIT */
/*
 * spaces/fork.c - whole spaces: made empty, copied, given back.
 *
 *   parent  [ rw page ]──┐  fork   parent [ r- page ]──┐
 *                        frame 1                       frame 2 mappings; the first store copies,
 *   child                          child  [ r- page ]──┘ the last owner reuses
 *
 * Areas of a file that hold no private page are not copied at all: a fault finds them in the cache
 * again.
 *
 * Lock:  the parent's mmap_lock held for writing; the child is nobody else's yet.
 */
#include "internal.h"

#define MMAP_GAP (128UL << 20) /* room for the stack below the top of user space */

phys_addr_t mm_kernel_root(void)
{
	return maps_kernel_root();
}

struct mm_struct *mm_alloc(void)
{
	struct mm_struct *mm = kmem_cache_zalloc(spaces.mm_cache, GFP_KERNEL);

	if (!mm)
		return NULL;
	mm->pgd = pt_new_root();
	if (!mm->pgd) {
		kmem_cache_free(spaces.mm_cache, mm);
		return NULL;
	}
	mm->root = __pa(mm->pgd);
	range_tree_init(&mm->areas);
	init_rwsem(&mm->mmap_lock);
	spin_lock_init(&mm->page_table_lock, "page_table_lock", LOCK_RANK_PAGE_TABLE);
	atomic_set(&mm->mm_users, 1);
	atomic_long_set(&mm->pgtables_bytes, (long)PT_ROOT_SIZE);
	mm->mmap_base = (PORT_TASK_SIZE - MMAP_GAP - STACK_GUARD) & PAGE_MASK;
	mm->limits = (struct mm_limits){ RLIM_UNLIMITED, RLIM_UNLIMITED, RLIM_UNLIMITED,
					 RLIM_UNLIMITED };
	spin_lock(&spaces.mmlist_lock);
	list_add_tail(&mm->mmlist, &spaces.mmlist);
	spin_unlock(&spaces.mmlist_lock);
	return mm;
}

/* ---- the end --------------------------------------------------------------------------------- */
static void unmap_everything(struct mm_struct *mm)
{
	struct vm_area_struct *vma, *next;
	struct gather g;

	gather_init(&g, mm);
	g.no_flush = true;
	for (vma = vma_first(mm); vma; vma = vma_next(vma)) {
		/* Out of the file's list first: a truncation must not walk tables that go away. */
		vma_unlink_file(vma);
		zap_area(&g, vma, vma->vm_start, vma->vm_end, true);
		gather_tables(&g, vma->vm_start, vma->vm_end);
	}
	gather_flush(&g);
	for (vma = vma_first(mm); vma; vma = next) {
		next = vma_next(vma);
		if (vma->vm_flags & VM_ACCOUNT)
			vm_uncommit((vma->vm_end - vma->vm_start) >> PAGE_SHIFT);
		vma_free(vma);
	}
	range_tree_init(&mm->areas);
}

void mmput(struct mm_struct *mm)
{
	int i;

	if (!atomic_dec_and_test(&mm->mm_users))
		return;
	spin_lock(&spaces.mmlist_lock);
	list_del(&mm->mmlist);
	spin_unlock(&spaces.mmlist_lock);
	quire_event(exit_mmap, mm, 0, 0);
	unmap_everything(mm);
	for (i = 0; i < NR_MM_COUNTERS; i++)
		if (atomic_long_read(&mm->rss_stat[i]) != 0)
			quire_damage("a space ends with counter %d at %ld", i,
				     atomic_long_read(&mm->rss_stat[i]));
	if (atomic_long_read(&mm->pgtables_bytes) != (long)PT_ROOT_SIZE)
		quire_damage("a space ends with %ld bytes of tables",
			     atomic_long_read(&mm->pgtables_bytes));
	if (mm->exe_file)
		fput(mm->exe_file);
	pt_free_root(mm->pgd);
	kmem_cache_free(spaces.mm_cache, mm);
}

/* ---- fork ------------------------------------------------------------------------------------ */
/* Copy n entries; returns how many went over.  Both tables are locked: the child's areas can be
 * found by their pages already. */
static unsigned copy_entries(struct mm_struct *mm, pt_entry *from, pt_entry *to, unsigned long n,
			     bool cow, bool *protected)
{
	unsigned rss[NR_MM_COUNTERS] = { 0 }, copied = 0;
	unsigned long i;

	for (i = 0; i < n; i++) {
		struct page *page;
		pte_t e;

		if (!pte_read_some(&from[i], &e))
			continue;
		if (!pte_special(e)) {
			page = pte_page(e);
			if (cow && pte_write(e)) {
				pte_clear_bits(&from[i], PTE_WRITE);
				e &= ~PTE_WRITE;
				*protected = true;
			}
			atomic_inc(&page->_refcount);
			atomic_inc(&page->_mapcount);
			rss[page_mm_counter(page)]++;
		} else if (pte_migration(e)) {
			if (cow)
				e &= ~PTE_WRITE;
			pte_set(&from[i], e);
			rss[page_mm_counter(pte_page(e))]++;
		}
		pte_copy(&to[i], &from[i], e);
		copied++;
	}
	for (i = 0; i < NR_MM_COUNTERS; i++)
		if (rss[i])
			atomic_long_add(rss[i], &mm->rss_stat[i]);
	return copied;
}

static int copy_area_pages(struct mm_struct *mm, struct vm_area_struct *vma, bool *protected)
{
	const bool cow = (vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE;
	unsigned long addr = vma->vm_start, to = 0;

	while (addr < vma->vm_end) {
		pt_entry *from = mm_find_pte(vma->vm_mm, addr, &to), *dest;
		struct page *table;

		if (!from) {
			if (to <= addr)
				break;
			addr = to;
			continue;
		}
		to = pt_table_end(addr, vma->vm_end);
		table = pt_page(from);
		if (READ_ONCE(table->nr_present)) {
			dest = mm_make_pte(mm, addr);
			if (!dest)
				return -ENOMEM;
			pt_lock(table);
			pt_lock(pt_page(dest));
			pt_count(pt_page(dest),
				 (int)copy_entries(mm, from, dest, (to - addr) >> PAGE_SHIFT, cow,
						   protected));
			pt_unlock(pt_page(dest));
			pt_unlock(table);
		}
		addr = to;
	}
	return 0;
}

/* Whether a fault could not bring the area's pages back by itself. */
static bool needs_copy(const struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_WIPEONFORK)
		return false;
	return vma->anon_vma || (vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP));
}

static int copy_area(struct mm_struct *mm, struct vm_area_struct *vma, bool *protected)
{
	unsigned long pages = (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
	struct vm_area_struct *new;

	new = vma_dup_charged(vma, pages);
	if (!new)
		return -ENOMEM;
	new->vm_mm = mm;
	new->vm_flags &= ~(VM_LOCKED | VM_LOCKONFAULT);
	range_insert(&mm->areas, &new->range, mm->areas.last);
	mm->map_count++;
	vma_link_file(new);
	if (!(vma->vm_flags & VM_WIPEONFORK))
		anon_vma_clone(new, vma);
	vm_stat_account(mm, new->vm_flags, (long)pages);
	return needs_copy(vma) ? copy_area_pages(mm, vma, protected) : 0;
}

static void copy_layout(struct mm_struct *mm, const struct mm_struct *old)
{
	mm->mmap_base = old->mmap_base;
	mm->limits = old->limits;
	mm->start_code = old->start_code;
	mm->end_code = old->end_code;
	mm->start_data = old->start_data;
	mm->end_data = old->end_data;
	mm->start_brk = old->start_brk;
	mm->brk = old->brk;
	mm->start_stack = old->start_stack;
	mm->arg_start = old->arg_start;
	mm->arg_end = old->arg_end;
	mm->env_start = old->env_start;
	mm->env_end = old->env_end;
	mm->exe_file = old->exe_file ? get_file(old->exe_file) : NULL;
}

struct mm_struct *mm_fork(struct mm_struct *old)
{
	struct mm_struct *mm = mm_alloc();
	struct vm_area_struct *vma;
	bool protected = false;
	int err = 0;

	if (!mm)
		return NULL;
	down_write(&old->mmap_lock);
	copy_layout(mm, old);
	for (vma = vma_first(old); vma && !err; vma = vma_next(vma))
		if (!(vma->vm_flags & VM_DONTCOPY))
			err = copy_area(mm, vma, &protected);
	if (protected)
		port_flush_tlb_mm(old->root);
	up_write(&old->mmap_lock);
	WRITE_ONCE(mm->hiwater_rss,
		   get_mm_rss(mm)); /* a truncation may look at the space already */
	if (err) {
		mmput(mm);
		return NULL;
	}
	quire_event(fork, old, mm, 0);
	return mm;
}
