/* SPDX-License-Identifier: MIT */
/*
 * spaces/madvise.c - madvise(2): a few pieces of advice change what memory holds, the rest change
 * flags or nothing.
 *
 *   DONTNEED, FREE           pages of the range go (private ones read as zero, shared ones come back from the file)
 *   REMOVE                   and the file gets a hole
 *   POPULATE_READ/WRITE      pages come
 *   DONTFORK .. KEEPONFORK, DONTDUMP, (NO)HUGEPAGE, NORMAL RANDOM SEQUENTIAL: area flags
 *   HWPOISON, SOFT_OFFLINE   the frames of the range fail, or are taken out of use
 *   WILLNEED COLD PAGEOUT    hints; nothing is read ahead or written out yet, which is allowed
 *
 * FREE frees at once: the pages may read as zero any time after the call, so at once is right too.
 *
 * Lock:  mmap_lock for reading where only entries change, for writing where areas change.
 */
#include "internal.h"

/* The area flags after the advice, or a negative errno; flags unchanged for advice that changes
 * none. */
static long advised_flags(const struct vm_area_struct *vma, int advice)
{
	unsigned long f = vma->vm_flags;

	switch (advice) {
	case MADV_NORMAL: return (long)(f & ~(VM_RAND_READ | VM_SEQ_READ));
	case MADV_RANDOM: return (long)((f & ~VM_SEQ_READ) | VM_RAND_READ);
	case MADV_SEQUENTIAL: return (long)((f & ~VM_RAND_READ) | VM_SEQ_READ);
	case MADV_DONTFORK: return (long)(f | VM_DONTCOPY);
	case MADV_DOFORK: return f & VM_IO ? -EINVAL : (long)(f & ~VM_DONTCOPY);
	case MADV_WIPEONFORK:
		return vma->vm_file || (f & VM_SHARED) ? -EINVAL : (long)(f | VM_WIPEONFORK);
	case MADV_KEEPONFORK: return (long)(f & ~VM_WIPEONFORK);
	case MADV_DONTDUMP: return (long)(f | VM_DONTDUMP);
	case MADV_DODUMP: return (long)(f & ~VM_DONTDUMP);
	case MADV_HUGEPAGE: return (long)((f & ~VM_NOHUGEPAGE) | VM_HUGEPAGE);
	case MADV_NOHUGEPAGE: return (long)((f & ~VM_HUGEPAGE) | VM_NOHUGEPAGE);
	default: return (long)f;
	}
}

static long drop_pages(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		       int advice)
{
	if (vma->vm_flags & VM_PFNMAP)
		return -EINVAL;
	if ((vma->vm_flags & VM_LOCKED) && advice != MADV_DONTNEED_LOCKED)
		return -EINVAL;
	if (advice == MADV_FREE && (vma->vm_file || (vma->vm_flags & VM_SHARED)))
		return -EINVAL;
	zap_range(vma, start, end);
	return 0;
}

/* MADV_REMOVE: drops and retakes mmap_lock. */
static long punch_hole(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long start,
		       unsigned long end)
{
	quire_loff_t from = (quire_loff_t)((u64)vma->vm_pgoff << PAGE_SHIFT) +
			    (quire_loff_t)(start - vma->vm_start);
	struct file *file = vma->vm_file;

	if (vma->vm_flags & VM_LOCKED)
		return -EINVAL;
	if (!file || !file->f_mapping)
		return -EINVAL;
	if ((vma->vm_flags & (VM_SHARED | VM_WRITE)) != (VM_SHARED | VM_WRITE))
		return -EACCES;
	get_file(file);
	up_read(&mm->mmap_lock);
	truncate_pagecache_range(file->f_mapping, from, from + (quire_loff_t)(end - start));
	fput(file);
	down_read(&mm->mmap_lock);
	return 0;
}

static long advise_entries(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long start,
			   unsigned long end, int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE: return drop_pages(vma, start, end, advice);
	case MADV_REMOVE: return punch_hole(mm, vma, start, end);
	default: /* WILLNEED, COLD, PAGEOUT */
		return vma->vm_flags & (VM_LOCKED | VM_PFNMAP) && advice != MADV_WILLNEED ? -EINVAL
											  : 0;
	}
}

static long advise_flags(struct vm_area_struct **vma, unsigned long start, unsigned long end,
			 int advice)
{
	long flags = advised_flags(*vma, advice);

	if (flags < 0)
		return flags;
	if ((unsigned long)flags == (*vma)->vm_flags)
		return 0;
	*vma = vma_modify(*vma, start, end, (unsigned long)flags);
	return *vma ? 0 : -ENOMEM;
}

/* Area by area; holes are passed over and reported at the end. */
static long walk(struct mm_struct *mm, unsigned long start, unsigned long end, int advice,
		 bool flags_change)
{
	struct vm_area_struct *vma;
	bool hole = false;

	while (start < end) {
		unsigned long to;
		long err;

		vma = find_vma(mm, start);
		if (!vma || vma->vm_start >= end)
			return -ENOMEM;
		if (vma->vm_start > start) {
			hole = true;
			start = vma->vm_start;
		}
		to = min(end, vma->vm_end);
		err = flags_change ? advise_flags(&vma, start, to, advice)
				   : advise_entries(mm, vma, start, to, advice);
		if (err)
			return err;
		start = to;
	}
	return hole ? -ENOMEM : 0;
}

enum advice_kind { ADVICE_BAD, ADVICE_FLAGS, ADVICE_ENTRIES, ADVICE_POPULATE, ADVICE_FAILURE };

static enum advice_kind kind_of(int advice)
{
	switch (advice) {
	case MADV_NORMAL ... MADV_SEQUENTIAL:
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_HUGEPAGE ... MADV_KEEPONFORK: return ADVICE_FLAGS;
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_REMOVE:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_DONTNEED_LOCKED: return ADVICE_ENTRIES;
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE: return ADVICE_POPULATE;
	case MADV_HWPOISON:
	case MADV_SOFT_OFFLINE: return ADVICE_FAILURE;
	default: /* MERGEABLE too: there is no same-page merging */ return ADVICE_BAD;
	}
}

/* Whether the advice would change the flags of any area; if not, reading the areas is enough. */
static bool changes_flags(struct mm_struct *mm, unsigned long start, unsigned long end, int advice)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	for (; vma && vma->vm_start < end; vma = vma_next(vma))
		if (advised_flags(vma, advice) != (long)vma->vm_flags)
			return true;
	return false;
}

long do_madvise(struct mm_struct *mm, unsigned long addr, unsigned long len, int advice)
{
	enum advice_kind kind = kind_of(advice);
	unsigned long size = PAGE_ALIGN(len);
	bool change;
	long err;

	if (kind == ADVICE_BAD || (addr & ~PAGE_MASK) || (len && !size) || addr + size < addr)
		return -EINVAL;
	if (size == 0)
		return 0;
	if (kind == ADVICE_POPULATE)
		return populate_range(mm, addr, addr + size, advice == MADV_POPULATE_WRITE);
	if (kind == ADVICE_FAILURE)
		return inject_memory_failure(mm, addr, addr + size, advice == MADV_SOFT_OFFLINE);
	down_read(&mm->mmap_lock);
	change = kind == ADVICE_FLAGS && changes_flags(mm, addr, addr + size, advice);
	if (!change) {
		err = walk(mm, addr, addr + size, advice, kind == ADVICE_FLAGS);
		up_read(&mm->mmap_lock);
		return err;
	}
	up_read(&mm->mmap_lock);
	down_write(&mm->mmap_lock);
	err = walk(mm, addr, addr + size, advice, true);
	up_write(&mm->mmap_lock);
	return err;
}
