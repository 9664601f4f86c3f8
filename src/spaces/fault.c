/* SPDX-License-Identifier: MIT */
/*
 * spaces/fault.c - a user address was touched that the tables do not translate.
 *
 *   no area                        ->  SIGSEGV MAPERR, or the stack grows
 *   area does not allow it         ->  SIGSEGV ACCERR
 *   entry empty, anonymous         ->  read: the zero page        write: a zeroed frame
 *   entry empty, file              ->  the cache's page (and those around it), or a private copy of it
 *   entry read-only, write         ->  last owner reuses the page, else a copy
 *   page on the move (migration)   ->  wait until it has arrived
 *   page lost (memory_failure)     ->  SIGBUS
 *
 * Lock:  mmap_lock for reading keeps the areas; ptl of the one table guards the entry.  Work that
 *        may sleep is done before ptl is taken, and the entry is compared with what it was.
 */
#include <quire/percpu.h>
#include "internal.h"

static unsigned long linear_index(const struct vm_area_struct *vma, unsigned long addr)
{
	return vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);
}

/* A frame for private memory of the area at addr, accounted to nobody yet. */
static quire_always_inline struct page *new_anon_page(struct vm_area_struct *vma,
						      unsigned long addr, gfp_t gfp)
{
	struct anon_vma *anon_vma = anon_vma_prepare(vma);
	struct page *page;

	if (unlikely(!anon_vma))
		return NULL;
	page = alloc_page(GFP_HIGHUSER_MOVABLE | gfp);
	if (likely(page)) {
		page->anon_vma = anon_vma;
		page->index = linear_index(vma, addr);
		/* Last: from now on it is taken for what it says. */
		page_flags_publish(page, 1u << PG_anon | 1u << PG_swapbacked | 1u << PG_uptodate |
						 1u << PG_dirty);
	}
	return page;
}

static u64 writable_prot(const struct vm_area_struct *vma)
{
	return vma->vm_page_prot | PTE_WRITE | PTE_DIRTY;
}

/* The area maps the page once more. */
static quire_always_inline void add_mapping(struct vm_area_struct *vma, struct page *page)
{
	int which = page_mm_counter(page);

	if (atomic_inc_return(&page->_mapcount) == 1)
		mod_nid_page_state(page_to_nid(page),
				   which == MM_ANONPAGES ? NR_ANON_MAPPED : NR_FILE_MAPPED, 1);
	atomic_long_inc(&vma->vm_mm->rss_stat[which]);
	mlock_note(vma, page);
}

/* Undo for one mapping of the area, whose entry points elsewhere by now; drops the mapping's
 * reference. */
static void uncount_mapping(struct vm_area_struct *vma, struct page *page)
{
	int which = page_mm_counter(page);
	bool last = atomic_dec_and_test(&page->_mapcount);

	atomic_long_dec(&vma->vm_mm->rss_stat[which]);
	if (last)
		mod_nid_page_state(page_to_nid(page),
				   which == MM_ANONPAGES ? NR_ANON_MAPPED : NR_FILE_MAPPED, -1);
	if (PageFlag(page, PG_mlocked) && (last || (vma->vm_flags & VM_LOCKED)))
		mlock_forget(page);
	put_page(page);
}

/* Put `e`, which maps `page` unless that is NULL, into an entry that was empty; the caller's
 * reference becomes the mapping's.  False: somebody else filled the entry first, or the page has
 * left the file `mapping` (NULL: it has none) by truncation, or is lost. */
static bool fill_entry(struct vm_area_struct *vma, pt_entry *pte, pte_t e, struct page *page,
		       const struct address_space *mapping)
{
	struct page *table = pt_page(pte);
	bool mine;

	pt_lock(table);
	/* A truncation removes the page and then looks at the tables once more: it waits for this
	 * lock and finds our entry, or we find that the page is the file's no more.  A failure of
	 * its memory likewise. */
	mine = pte_none(pte) &&
	       (!mapping || (READ_ONCE(page->mapping) == mapping && PageFlag(page, PG_uptodate)));
	if (mine) {
		/* Before the lock is dropped: then others may unmap, move and free the page. */
		if (page)
			add_mapping(vma, page);
		pte_set(pte, e);
		pt_count(table, 1);
	}
	pt_unlock(table);
	return mine;
}

/* The area's new page goes where the entry is still empty; otherwise it was not needed. */
static quire_always_inline void map_private_page(struct vm_area_struct *vma, pt_entry *pte,
						 struct page *page)
{
	pte_t e = pte_make(page_to_pfn(page), writable_prot(vma));

	if (unlikely(!fill_entry(vma, pte, e, page, NULL)))
		put_page(page);
}

static vm_fault_t anon_fault(struct vm_area_struct *vma, unsigned long addr, pt_entry *pte,
			     unsigned flags)
{
	struct page *page;

	if (!(flags & FAULT_FLAG_WRITE)) {
		fill_entry(vma, pte, spaces.zero_entry | vma->vm_page_prot, NULL, NULL);
		return 0;
	}
	page = new_anon_page(vma, addr, __GFP_ZERO);
	if (unlikely(!page))
		return VM_FAULT_OOM;
	map_private_page(vma, pte, page);
	return 0;
}

/* A store to a private file page that is not mapped yet: copy at once. */
static vm_fault_t private_write_fault(struct vm_area_struct *vma, unsigned long addr, pt_entry *pte,
				      struct page *from)
{
	struct page *page = new_anon_page(vma, addr, 0);

	if (!page) {
		put_page(from);
		return VM_FAULT_OOM;
	}
	copy_highpage(page, from);
	put_page(from);
	map_private_page(vma, pte, page);
	return 0;
}

static struct page *driver_fault(struct vm_area_struct *vma, unsigned long addr, unsigned flags,
				 pgoff_t pgoff, vm_fault_t *why)
{
	struct vm_fault vmf = { vma, flags, addr, pgoff, NULL };

	*why = vma->vm_ops->fault(&vmf);
	return *why & (VM_FAULT_ERROR | VM_FAULT_NOPAGE) ? NULL : vmf.page;
}

static vm_fault_t file_fault(struct vm_area_struct *vma, unsigned long addr, pt_entry *pte,
			     unsigned flags)
{
	const struct address_space *mapping = NULL;
	pgoff_t pgoff = linear_index(vma, addr);
	bool write = flags & FAULT_FLAG_WRITE;
	vm_fault_t why = 0;
	struct page *page;
	pte_t e;

	if (vma->vm_ops && vma->vm_ops->fault) {
		page = driver_fault(vma, addr, flags, pgoff, &why);
	} else {
		if (!vma->vm_file || !vma->vm_file->f_mapping)
			return VM_FAULT_SIGBUS; /* a driver's area with nothing behind this page */
		if (!write && filemap_map_around(vma, addr, pte))
			return 0;
		mapping = vma->vm_file->f_mapping;
		page = filemap_fault(vma, pgoff, &why);
	}
	if (!page)
		return why & VM_FAULT_NOPAGE ? 0 : why;
	if (write && !(vma->vm_flags & VM_SHARED))
		return why | private_write_fault(vma, addr, pte, page);
	e = pte_make(page_to_pfn(page), vma->vm_page_prot);
	if (write) {
		e |= PTE_DIRTY;
		set_page_dirty(page);
	}
	if (!fill_entry(vma, pte, e, page, mapping))
		put_page(page);
	return why;
}

/* Whether the space that faults is the only holder of the page. */
static bool last_owner(const struct page *page)
{
	return PageFlag(page, PG_anon) && page_mapcount(page) == 1 && page_count(page) == 1;
}

/* Whether nothing but the processor's marks changed. */
static bool same_entry(pte_t now, pte_t was)
{
	return ((now ^ was) & ~(PTE_ACCESSED | PTE_DIRTY)) == 0;
}

static void make_writable(struct vm_area_struct *vma, unsigned long addr, pt_entry *pte)
{
	pte_set_bits(pte, PTE_WRITE | PTE_DIRTY | PTE_ACCESSED);
	port_flush_tlb_range(vma->vm_mm->root, addr, addr + PAGE_SIZE);
}

/* An entry that processors may remember maps another frame from now on.  Some machines must never
 * see both: they see a hole in between, and a fault that meets it waits for the table's lock, which
 * is held. */
static void replace_entry(struct mm_struct *mm, unsigned long addr, pt_entry *pte, pte_t e)
{
	pte_set(pte, pt_fmt.break_first ? 0 : e);
	port_flush_tlb_range(mm->root, addr, addr + PAGE_SIZE);
	if (pt_fmt.break_first)
		pte_set(pte, e);
}

/* Replace the read-only entry `was` by a private copy of what it maps.  `old` is referenced, NULL:
 * the zero page. */
static vm_fault_t copy_on_write(struct vm_area_struct *vma, unsigned long addr, pt_entry *pte,
				pte_t was, struct page *old)
{
	struct mm_struct *mm = vma->vm_mm;
	struct page *page =
		old ? new_anon_page(vma, addr, 0) : new_anon_page(vma, addr, __GFP_ZERO);
	struct page *table = pt_page(pte);
	bool mine;

	if (!page) {
		if (old)
			put_page(old);
		return VM_FAULT_OOM;
	}
	if (old)
		copy_highpage(page, old);
	/* While we copied, the entry was unlocked: another thread may have copied it first, or
	 * DONTNEED or a truncation may have emptied it.  In both cases it is no longer `was` and
	 * our copy is surplus.  The old frame cannot have come back as another page: we hold a
	 * reference. */
	pt_lock(table);
	mine = same_entry(pte_read(pte), was);
	if (mine) {
		add_mapping(vma, page);
		replace_entry(mm, addr, pte, pte_make(page_to_pfn(page), writable_prot(vma)));
	}
	pt_unlock(table);
	if (!mine)
		put_page(page);
	else if (old)
		uncount_mapping(vma, old);
	if (old)
		put_page(old);
	return 0;
}

static vm_fault_t write_protect_fault(struct vm_area_struct *vma, unsigned long addr, pt_entry *pte,
				      pte_t was)
{
	struct page *table = pt_page(pte), *old = NULL;

	pt_lock(table);
	if (!same_entry(pte_read(pte), was)) {
		pt_unlock(table);
		return 0;
	}
	if (!pte_special(was)) {
		old = pte_page(was);
		if (vma->vm_flags & VM_SHARED) {
			set_page_dirty(old);
			make_writable(vma, addr, pte);
			pt_unlock(table);
			return 0;
		}
		if (last_owner(old)) {
			make_writable(vma, addr, pte);
			pt_unlock(table);
			count_vm_event(PGREUSE);
			return 0;
		}
		get_page(old);
	} else if (vma->vm_flags & VM_SHARED) {
		make_writable(vma, addr, pte);
		pt_unlock(table);
		return 0;
	}
	pt_unlock(table);
	return copy_on_write(vma, addr, pte, was, old);
}

/* The entry allows the access, and yet it faulted: the processor leaves it to us to note use and
 * stores, or another thread was faster, or the processor remembered an entry with fewer rights. */
static void note_use(struct vm_area_struct *vma, unsigned long addr, pt_entry *pte, pte_t was,
		     unsigned flags)
{
	u64 marks = PTE_ACCESSED | (flags & FAULT_FLAG_WRITE ? PTE_DIRTY : 0);
	struct page *table = pt_page(pte);

	if (!(pt_fmt.notes_accessed && pt_fmt.notes_dirty) && (marks & ~was)) {
		pt_lock(table);
		if (same_entry(pte_read(pte), was))
			pte_set_bits(pte, marks);
		pt_unlock(table);
	}
	port_flush_tlb_range(vma->vm_mm->root, addr, addr + PAGE_SIZE);
}

vm_fault_t handle_area_fault(struct vm_area_struct *vma, unsigned long addr, unsigned flags)
{
	pt_entry *pte = mm_make_pte(vma->vm_mm, addr);
	pte_t e;

	if (unlikely(!pte))
		return VM_FAULT_OOM;
	if (!pte_read_some(pte, &e)) {
		if (!vma->vm_file && !vma->vm_ops)
			return anon_fault(vma, addr, pte, flags);
		return file_fault(vma, addr, pte, flags);
	}
	if (unlikely(pte_migration(e))) {
		migration_entry_wait(pte, e);
		return handle_area_fault(vma, addr, flags);
	}
	if (unlikely(pte_hwpoison(e)))
		return VM_FAULT_HWPOISON;
	if ((flags & FAULT_FLAG_WRITE) && !pte_write(e))
		return write_protect_fault(vma, addr, pte, e);
	note_use(vma, addr, pte, e, flags);
	return 0;
}

/* Why the access is not allowed, or 0. */
static vm_fault_t access_error(const struct vm_area_struct *vma, unsigned flags)
{
	if (flags & FAULT_FLAG_WRITE)
		return vma->vm_flags & VM_WRITE ? 0 : VM_FAULT_ACCERR;
	if (flags & FAULT_FLAG_INSTRUCTION)
		return vma->vm_flags & VM_EXEC ? 0 : VM_FAULT_ACCERR;
	return vma->vm_flags & (VM_READ | VM_WRITE | VM_EXEC) ? 0 : VM_FAULT_ACCERR;
}

/* Let a stack grow down to the page of addr.  mmap_lock held for writing. */
int expand_stack(struct vm_area_struct *vma, unsigned long addr)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_area_struct *prev = vma_prev(vma);
	unsigned long grow;

	addr &= PAGE_MASK;
	if (addr >= vma->vm_start)
		return 0;
	grow = vma->vm_start - addr;
	if (addr < quire_vm.mmap_min_addr || vma->vm_end - addr > mm->limits.stack ||
	    grow >> PAGE_SHIFT > vma->vm_pgoff)
		return -ENOMEM;
	if (prev && !(prev->vm_flags & VM_GROWSDOWN) &&
	    (prev->vm_flags & (VM_READ | VM_WRITE | VM_EXEC)) && addr - prev->vm_end < STACK_GUARD)
		return -ENOMEM;
	if (prev && prev->vm_end > addr)
		return -ENOMEM;
	if (!may_expand_vm(mm, vma->vm_flags, grow >> PAGE_SHIFT))
		return -ENOMEM;
	if ((vma->vm_flags & VM_LOCKED) && mm->limits.memlock != RLIM_UNLIMITED &&
	    mm->locked_vm + (grow >> PAGE_SHIFT) > mm->limits.memlock >> PAGE_SHIFT)
		return -ENOMEM;
	if ((vma->vm_flags & VM_ACCOUNT) && vm_commit(mm, grow >> PAGE_SHIFT) != 0)
		return -ENOMEM;
	vma_resize(vma, addr, vma->vm_end);
	vm_stat_account(mm, vma->vm_flags, (long)(grow >> PAGE_SHIFT));
	if (vma->vm_flags & VM_LOCKED)
		mm->locked_vm += grow >> PAGE_SHIFT;
	return 0;
}

/* No area holds addr.  If a stack lies above, grow it; afterwards mmap_lock is held for reading
 * again. */
static struct vm_area_struct *grow_or_fail(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;

	up_read(&mm->mmap_lock);
	down_write(&mm->mmap_lock);
	vma = find_vma(mm, addr);
	if (vma && vma->vm_start > addr &&
	    (!(vma->vm_flags & VM_GROWSDOWN) || expand_stack(vma, addr) != 0))
		vma = NULL;
	downgrade_write(&mm->mmap_lock);
	return vma;
}

vm_fault_t do_user_fault(struct mm_struct *mm, unsigned long addr, unsigned flags)
{
	struct vm_area_struct *vma;
	vm_fault_t ret;

	count_vm_event(PGFAULT);
	if (unlikely(addr >= PORT_TASK_SIZE))
		return VM_FAULT_MAPERR;
	down_read(&mm->mmap_lock);
	vma = find_vma(mm, addr);
	if (unlikely(!vma || addr < vma->vm_start)) {
		if (vma && (vma->vm_flags & VM_GROWSDOWN))
			vma = grow_or_fail(mm, addr);
		else
			vma = NULL;
	}
	if (unlikely(!vma)) {
		ret = VM_FAULT_MAPERR;
	} else {
		ret = access_error(vma, flags);
		if (likely(!ret))
			ret = handle_area_fault(vma, addr & PAGE_MASK, flags);
	}
	up_read(&mm->mmap_lock);
	if (unlikely(ret & VM_FAULT_MAJOR))
		count_vm_event(PGMAJFAULT);
	quire_event(page_fault_user, addr, flags, ret);
	return ret;
}
