/* SPDX-License-Identifier: MIT */
/*
 * spaces/mprotect.c - change what may be done with a range: areas first, then the entries that
 * exist.
 *
 * Rights are taken away at once in the entries; rights that are given come back by faults only
 * where a page must not be written without one (private pages that may be shared).
 *
 * Lock:  mmap_lock held for writing; ptl per table.
 */
#include "internal.h"

struct change {
	struct pte_rights rights;
	bool may_write; /* the area allows stores                                */
	bool shared;
	bool changed;
};

/* A private page that nobody else maps may stay, or become, writable without another fault. */
static bool may_stay_writable(const struct change *c, pte_t e)
{
	const struct page *page;

	if (!c->may_write || pte_special(e))
		return false;
	if (c->shared)
		return true;
	page = pte_page(e);
	return pte_dirty(e) && PageFlag(page, PG_anon) && page_mapcount(page) == 1 &&
	       page_count(page) == 1;
}

static void change_table(struct vm_area_struct *vma, pt_entry *pte, unsigned long addr,
			 unsigned long to, void *arg)
{
	struct change *c = arg;

	(void)vma;
	for (; addr < to; addr += PAGE_SIZE, pte++) {
		pte_t e = pte_read(pte);

		if (!pte_present(e)) {
			/* A page on the move comes back with the area's rights, and this one. */
			if (pte_migration(e) && !c->may_write)
				pte_clear_bits(pte, PTE_WRITE);
			continue;
		}
		if (pte_set_rights(&c->rights, pte, e, may_stay_writable(c, e)))
			c->changed = true;
	}
}

static void change_entries(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct change c;

	c.may_write = vma->vm_flags & VM_WRITE;
	c.shared = vma->vm_flags & VM_SHARED;
	c.changed = false;
	pte_rights_init(&c.rights, vma->vm_page_prot);
	for_each_pte_range(vma, start, end, change_table, &c);
	if (c.changed)
		port_flush_tlb_range(vma->vm_mm->root, start, end);
}

static int protect_area(struct vm_area_struct **pvma, unsigned long start, unsigned long end,
			unsigned long rights)
{
	struct vm_area_struct *vma = *pvma;
	struct mm_struct *mm = vma->vm_mm;
	unsigned long old = vma->vm_flags, flags = (old & ~(VM_READ | VM_WRITE | VM_EXEC)) | rights;
	unsigned long pages = (end - start) >> PAGE_SHIFT;
	bool charge = false;

	if ((rights & ~(old >> 4)) & (VM_READ | VM_WRITE | VM_EXEC))
		return -EACCES;
	if (flags == old)
		return 0;
	if (!(old & VM_WRITE) && (rights & VM_WRITE) && !(old & VM_SHARED)) {
		if (mm->limits.data != RLIM_UNLIMITED &&
		    mm->data_vm + pages > mm->limits.data >> PAGE_SHIFT)
			return -ENOMEM;
		if (accountable(flags) && !(old & VM_ACCOUNT)) {
			if (vm_commit(mm, pages) != 0)
				return -ENOMEM;
			charge = true;
			flags |= VM_ACCOUNT;
		}
	}
	vma = vma_modify(vma, start, end, flags);
	if (!vma) {
		if (charge)
			vm_uncommit(pages);
		return -ENOMEM;
	}
	vm_stat_account(mm, old, -(long)pages);
	vm_stat_account(mm, flags, (long)pages);
	change_entries(vma, start, end);
	*pvma = vma;
	return 0;
}

static long protect_locked(struct mm_struct *mm, unsigned long start, unsigned long end,
			   unsigned long prot)
{
	struct vm_area_struct *vma = find_vma(mm, start);
	int err;

	if (!vma)
		return -ENOMEM;
	if (prot & PROT_GROWSDOWN) {
		if (vma->vm_start >= end)
			return -ENOMEM;
		if (!(vma->vm_flags & VM_GROWSDOWN))
			return -EINVAL;
		start = vma->vm_start;
	} else if (vma->vm_start > start) {
		return -ENOMEM;
	}
	while (start < end) {
		unsigned long to;

		if (!vma || vma->vm_start > start)
			return -ENOMEM;
		to = min(end, vma->vm_end);
		err = protect_area(&vma, start, to, prot & (VM_READ | VM_WRITE | VM_EXEC));
		if (err)
			return err;
		start = to;
		if (start < end)
			vma = find_vma(mm, start);
	}
	return 0;
}

long do_mprotect(struct mm_struct *mm, unsigned long addr, unsigned long len, unsigned long prot)
{
	long err;

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if ((prot & (PROT_GROWSDOWN | PROT_GROWSUP)) == (PROT_GROWSDOWN | PROT_GROWSUP) ||
	    (prot & PROT_GROWSUP) ||
	    (prot & ~(unsigned long)(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN)))
		return -EINVAL;
	if (len == 0)
		return 0;
	len = PAGE_ALIGN(len);
	if (len == 0 || !user_range_ok(addr, len))
		return -ENOMEM;
	down_write(&mm->mmap_lock);
	err = protect_locked(mm, addr, addr + len, prot);
	up_write(&mm->mmap_lock);
	quire_event(mprotect, addr, len, prot);
	return err;
}
