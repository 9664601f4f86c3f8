/* SPDX-License-Identifier: MIT */
/*
 * spaces/mlock.c - mlock, munlock, mlockall; mincore and msync, which also only look at what is
 * there.
 *
 * Lock:  mmap_lock, for writing where areas change; ptl per table.
 */
#include <quire/uaccess.h>
#include "internal.h"

/* ---- populate -------------------------------------------------------------------------------- */
static bool good_entry(struct vm_area_struct *vma, unsigned long addr, bool write)
{
	pt_entry *pte = mm_find_pte(vma->vm_mm, addr, NULL);
	pte_t e = pte ? pte_read(pte) : 0;

	return pte_present(e) && (!write || pte_write(e));
}

/* Fault one area's pages in.  0, -ENOMEM, -EFAULT, or -EHWPOISON: a page is lost.  mmap_lock held
 * for reading. */
static int populate_area(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			 bool write)
{
	unsigned flags = write ? FAULT_FLAG_WRITE : 0;

	for (; start < end; start += PAGE_SIZE) {
		unsigned tries;

		/* A page that is moved or discarded meanwhile is faulted in again. */
		for (tries = 0; tries < 16 && !good_entry(vma, start, write); tries++) {
			vm_fault_t ret = handle_area_fault(vma, start, flags);

			if (ret & VM_FAULT_HWPOISON)
				return -EHWPOISON;
			if (ret & VM_FAULT_ERROR)
				return ret & VM_FAULT_OOM ? -ENOMEM : -EFAULT;
		}
	}
	return 0;
}

int populate_range(struct mm_struct *mm, unsigned long start, unsigned long end, bool write)
{
	int err = 0;

	down_read(&mm->mmap_lock);
	while (start < end && !err) {
		struct vm_area_struct *vma = find_vma(mm, start);
		unsigned long to;

		if (!vma || vma->vm_start > start) {
			err = -ENOMEM;
			break;
		}
		to = min(end, vma->vm_end);
		if ((vma->vm_flags & (VM_IO | VM_PFNMAP)) ||
		    !(vma->vm_flags & (write ? VM_WRITE : VM_READ)))
			err = -EINVAL;
		else
			err = populate_area(vma, start, to, write);
		start = to;
	}
	up_read(&mm->mmap_lock);
	return err;
}

int mm_populate(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	int err = 0, one;

	down_read(&mm->mmap_lock);
	while (start < end) {
		struct vm_area_struct *vma = find_vma(mm, start);
		bool write;

		if (!vma || vma->vm_start >= end)
			break;
		start = max(start, vma->vm_start);
		/* A private writable page is broken off its origin now, so that a later store needs
		 * no frame. */
		write = (vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
		one = 0;
		if (!(vma->vm_flags & (VM_READ | VM_WRITE | VM_EXEC)))
			one = -EFAULT;
		else if (!(vma->vm_flags & (VM_IO | VM_PFNMAP)))
			one = populate_area(vma, start, min(end, vma->vm_end), write);
		err = err ? err : one;
		if (one == -ENOMEM)
			break;
		start = vma->vm_end;
	}
	up_read(&mm->mmap_lock);
	return err;
}

/* ---- mlock ----------------------------------------------------------------------------------- */
static void mark_table(struct vm_area_struct *vma, pt_entry *pte, unsigned long addr,
		       unsigned long to, void *arg)
{
	bool lock = *(bool *)arg;
	long n = 0;
	struct zone *zone = NULL;

	(void)vma;
	for (; addr < to; addr += PAGE_SIZE, pte++) {
		pte_t e = pte_read(pte);
		struct page *page;

		if (!pte_present(e) || pte_special(e))
			continue;
		page = pte_page(e);
		if (PageFlag(page, PG_mlocked) == lock)
			continue;
		if (lock)
			SetPageFlag(page, PG_mlocked);
		else
			ClearPageFlag(page, PG_mlocked);
		if (page_zone(page) != zone) {
			if (n)
				mod_zone_page_state(zone, NR_MLOCK, n);
			zone = page_zone(page);
			n = 0;
		}
		n += lock ? 1 : -1;
	}
	if (n)
		mod_zone_page_state(zone, NR_MLOCK, n);
}

/* Give [start, end) the lock flags `set` (0: unlock).  0 or -ENOMEM. */
static int lock_range(struct mm_struct *mm, unsigned long start, unsigned long end,
		      unsigned long set)
{
	struct vm_area_struct *vma = find_vma(mm, start);
	bool lock = set & VM_LOCKED;

	while (start < end) {
		unsigned long to, flags, pages;

		if (!vma || vma->vm_start > start)
			return -ENOMEM;
		to = min(end, vma->vm_end);
		flags = (vma->vm_flags & ~(VM_LOCKED | VM_LOCKONFAULT)) | set;
		pages = (to - start) >> PAGE_SHIFT;
		if (flags != vma->vm_flags && !(vma->vm_flags & (VM_IO | VM_PFNMAP))) {
			bool was = vma->vm_flags & VM_LOCKED;

			vma = vma_modify(vma, start, to, flags);
			if (!vma)
				return -ENOMEM;
			if (was != lock) {
				mm->locked_vm += lock ? pages : -pages;
				for_each_pte_range(vma, start, to, mark_table, &lock);
			}
		}
		start = to;
		if (start < end)
			vma = find_vma(mm, start);
	}
	return 0;
}

/* Pages of [start, end) that are locked already: they are not counted against the limit twice. */
static unsigned long locked_pages_in(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma;
	unsigned long n = 0;

	for (vma = find_vma(mm, start); vma && vma->vm_start < end; vma = vma_next(vma))
		if (vma->vm_flags & VM_LOCKED)
			n += (min(end, vma->vm_end) - max(start, vma->vm_start)) >> PAGE_SHIFT;
	return n;
}

/* Page-align a byte range of mlock and friends.  false: it wraps. */
static bool align_range(unsigned long *addr, unsigned long *len)
{
	*len = PAGE_ALIGN(*len + (*addr & ~PAGE_MASK));
	*addr &= PAGE_MASK;
	return user_range_ok(*addr, *len);
}

long do_mlock(struct mm_struct *mm, unsigned long addr, unsigned long len, int flags,
	      bool may_exceed)
{
	unsigned long set = VM_LOCKED | (flags & MLOCK_ONFAULT ? VM_LOCKONFAULT : 0), raw = len;
	unsigned long pages;
	long err;

	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	if (raw + (addr & ~PAGE_MASK) < raw)
		return -EINVAL;
	if (!align_range(&addr, &len))
		return raw ? -ENOMEM : 0;
	if (len == 0)
		return 0;
	if (!may_exceed && mm->limits.memlock == 0)
		return -EPERM;
	pages = len >> PAGE_SHIFT;
	down_write(&mm->mmap_lock);
	if (!may_exceed && mm->limits.memlock != RLIM_UNLIMITED &&
	    mm->locked_vm + pages - locked_pages_in(mm, addr, addr + len) > mm->limits.memlock >>
		    PAGE_SHIFT)
		err = -ENOMEM;
	else
		err = lock_range(mm, addr, addr + len, set);
	up_write(&mm->mmap_lock);
	if (!err && !(flags & MLOCK_ONFAULT))
		err = mm_populate(mm, addr, addr + len);
	return err == -EFAULT || err == -EHWPOISON ? -ENOMEM : err;
}

long do_munlock(struct mm_struct *mm, unsigned long addr, unsigned long len)
{
	unsigned long raw = len;
	long err;

	if (raw + (addr & ~PAGE_MASK) < raw)
		return -EINVAL;
	if (!align_range(&addr, &len))
		return raw ? -ENOMEM : 0;
	down_write(&mm->mmap_lock);
	err = lock_range(mm, addr, addr + len, 0);
	up_write(&mm->mmap_lock);
	return err;
}

static void lock_all_areas(struct mm_struct *mm, unsigned long set)
{
	struct vm_area_struct *vma, *next;

	for (vma = vma_first(mm); vma; vma = next) {
		unsigned long end = vma->vm_end;

		lock_range(mm, vma->vm_start, end, set);
		next = find_vma(mm, end);
	}
}

long do_mlockall(struct mm_struct *mm, int flags, bool may_exceed)
{
	unsigned long set = VM_LOCKED | (flags & MCL_ONFAULT ? VM_LOCKONFAULT : 0);

	if (!flags || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) || flags == MCL_ONFAULT)
		return -EINVAL;
	if (!may_exceed && mm->limits.memlock == 0)
		return -EPERM;
	if ((flags & MCL_CURRENT) && !may_exceed && mm->limits.memlock != RLIM_UNLIMITED &&
	    mm->total_vm > mm->limits.memlock >> PAGE_SHIFT)
		return -ENOMEM;
	down_write(&mm->mmap_lock);
	mm->def_flags = flags & MCL_FUTURE ? set : 0;
	if (flags & MCL_CURRENT)
		lock_all_areas(mm, set);
	up_write(&mm->mmap_lock);
	if ((flags & MCL_CURRENT) && !(flags & MCL_ONFAULT))
		mm_populate(mm, 0, PORT_TASK_SIZE);
	return 0;
}

long do_munlockall(struct mm_struct *mm)
{
	down_write(&mm->mmap_lock);
	mm->def_flags = 0;
	lock_all_areas(mm, 0);
	up_write(&mm->mmap_lock);
	return 0;
}

/* ---- mincore --------------------------------------------------------------------------------- */
static unsigned char cached(struct vm_area_struct *vma, unsigned long addr)
{
	struct page *page;

	if (!vma->vm_file || !vma->vm_file->f_mapping)
		return 0;
	page = find_get_page(vma->vm_file->f_mapping,
			     vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT));
	if (!page)
		return 0;
	put_page(page);
	return 1;
}

/* What is in memory of [start, end), which lies in one area and one table's reach. */
static void residence(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		      unsigned char *vec)
{
	pt_entry *pte = mm_find_pte(vma->vm_mm, start, NULL);

	if (!pte) {
		for (; start < end; start += PAGE_SIZE)
			*vec++ = cached(vma, start);
		return;
	}
	for (; start < end; start += PAGE_SIZE, pte++)
		*vec++ = pte_none(pte) ? cached(vma, start) : 1;
}

/* Fill vec for [addr, end) as far as one area and one table go; the bytes dealt with or -errno. */
static long mincore_step(struct mm_struct *mm, unsigned long addr, unsigned long end,
			 unsigned char *vec)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	if (!vma || vma->vm_start > addr)
		return -ENOMEM;
	end = pt_table_end(addr, min(end, vma->vm_end));
	residence(vma, addr, end, vec);
	return (long)(end - addr);
}

#define MINCORE_CHUNK 512u

long do_mincore(struct mm_struct *mm, unsigned long addr, unsigned long len,
		unsigned char __user *user)
{
	unsigned char vec[MINCORE_CHUNK];
	unsigned long end;

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (!user_range_ok(addr, len))
		return -ENOMEM;
	len = PAGE_ALIGN(len);
	if (!access_ok(user, len >> PAGE_SHIFT))
		return -EFAULT;
	for (end = addr + len; addr < end;) {
		unsigned long top = min(end, addr + MINCORE_CHUNK * PAGE_SIZE), at = addr;
		size_t n;
		long step = 0;

		down_read(&mm->mmap_lock);
		while (at < top) {
			step = mincore_step(mm, at, top, vec + ((at - addr) >> PAGE_SHIFT));
			if (step < 0)
				break;
			at += (unsigned long)step;
		}
		up_read(&mm->mmap_lock);
		if (step < 0)
			return step;
		n = (top - addr) >> PAGE_SHIFT;
		if (copy_to_user(user, vec, n))
			return -EFAULT;
		user += n;
		addr = top;
	}
	return 0;
}

/* ---- msync ----------------------------------------------------------------------------------- */
/* Make one area's file durable, with mmap_lock dropped meanwhile.  0 or -errno. */
static int sync_area(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	struct file *file = get_file(vma->vm_file);
	quire_loff_t from = (quire_loff_t)((u64)vma->vm_pgoff << PAGE_SHIFT) +
			    (quire_loff_t)(start - vma->vm_start);
	int err = 0;

	up_read(&mm->mmap_lock);
	if (file->f_op->fsync)
		err = file->f_op->fsync(file, from, from + (quire_loff_t)(end - start));
	if (!err && file->f_mapping)
		err = filemap_check_errors(file->f_mapping);
	fput(file);
	down_read(&mm->mmap_lock);
	return err;
}

long do_msync(struct mm_struct *mm, unsigned long addr, unsigned long len, int flags)
{
	unsigned long end;
	long err = 0;
	bool hole = false;

	if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || (addr & ~PAGE_MASK) ||
	    ((flags & MS_ASYNC) && (flags & MS_SYNC)))
		return -EINVAL;
	len = PAGE_ALIGN(len);
	if (!user_range_ok(addr, len))
		return -ENOMEM;
	end = addr + len;
	down_read(&mm->mmap_lock);
	while (addr < end && !err) {
		struct vm_area_struct *vma = find_vma(mm, addr);
		unsigned long to;

		if (!vma || vma->vm_start >= end) {
			hole = true;
			break;
		}
		if (vma->vm_start > addr) {
			hole = true;
			addr = vma->vm_start;
		}
		to = min(end, vma->vm_end);
		if ((flags & MS_INVALIDATE) && (vma->vm_flags & VM_LOCKED))
			err = -EBUSY;
		else if ((flags & MS_SYNC) && (vma->vm_flags & VM_SHARED) && vma->vm_file)
			err = sync_area(mm, vma, addr, to);
		addr = to;
	}
	up_read(&mm->mmap_lock);
	return err ? err : hole ? -ENOMEM : 0;
}
