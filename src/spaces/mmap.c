/* SPDX-License-Identifier: MIT */
/*
 * spaces/mmap.c - put a range of addresses into a space: mmap(2), brk(2), and the stack that exec
 * needs.
 *
 *   check flags, file and limits  ->  choose a place  ->  clear it (MAP_FIXED)  ->  melt with a
 *   neighbour, or a new area
 *
 * Lock:  mmap_lock held for writing from the choice of the place on.
 */
#include "internal.h"

unsigned long get_unmapped_area(struct mm_struct *mm, unsigned long len)
{
	unsigned long low =
		quire_vm.mmap_min_addr > PAGE_SIZE ? PAGE_ALIGN(quire_vm.mmap_min_addr) : PAGE_SIZE;
	unsigned long at = range_find_hole_topdown(&mm->areas, len, PAGE_SIZE, low, mm->mmap_base);

	if (at == ~0UL)
		at = range_find_hole_bottomup(&mm->areas, len, PAGE_SIZE, low, PORT_TASK_SIZE);
	return at == ~0UL ? (unsigned long)-ENOMEM : at;
}

/* Whether [addr, addr+len) is free, with the guard below a stack left alone. */
static bool range_is_free(struct mm_struct *mm, unsigned long addr, unsigned long len)
{
	struct vm_area_struct *next = find_vma(mm, addr);

	return !next || (addr + len <= next->vm_start &&
			 next->vm_start - (addr + len) >= next->range.low_guard);
}

static unsigned long choose_place(struct mm_struct *mm, unsigned long addr, unsigned long len,
				  unsigned long flags)
{
	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (addr & ~PAGE_MASK)
			return (unsigned long)-EINVAL;
		if (!user_range_ok(addr, len))
			return (unsigned long)-ENOMEM;
		if (addr < quire_vm.mmap_min_addr)
			return (unsigned long)-EPERM;
		if (flags & MAP_FIXED_NOREPLACE) {
			struct vm_area_struct *next = find_vma(mm, addr);

			if (next && next->vm_start < addr + len)
				return (unsigned long)-EEXIST;
		}
		return addr;
	}
	if (flags & MAP_32BIT) {
		unsigned long at = range_find_hole_bottomup(&mm->areas, len, PAGE_SIZE,
							    0x40000000UL, 0x80000000UL);

		return at == ~0UL ? (unsigned long)-ENOMEM : at;
	}
	if (addr) {
		addr = PAGE_ALIGN(addr);
		if (addr >= quire_vm.mmap_min_addr && user_range_ok(addr, len) &&
		    range_is_free(mm, addr, len))
			return addr;
	}
	return get_unmapped_area(mm, len);
}

/* Try to make the new range part of the area in front of it or behind it. */
static struct vm_area_struct *extend_neighbour(struct mm_struct *mm, struct vm_area_struct *next,
					       unsigned long addr, unsigned long len,
					       unsigned long vm_flags, struct file *file,
					       unsigned long pgoff)
{
	struct vm_area_struct *prev = next ? vma_prev(next) : vma_of_range(mm->areas.last);

	if (vm_flags & (VM_PFNMAP | VM_GROWSDOWN))
		return NULL;
	if (prev && prev->vm_end == addr && vma_same(prev, vm_flags, file, NULL) &&
	    (file || !prev->vm_ops) &&
	    prev->vm_pgoff + ((prev->vm_end - prev->vm_start) >> PAGE_SHIFT) == pgoff) {
		vma_resize(prev, prev->vm_start, addr + len);
		return vma_merge(prev);
	}
	if (next && next->vm_start == addr + len && vma_same(next, vm_flags, file, NULL) &&
	    (file || !next->vm_ops) && pgoff + (len >> PAGE_SHIFT) == next->vm_pgoff) {
		vma_resize(next, addr, next->vm_end);
		return next;
	}
	return NULL;
}

/* A new area for the range; the file, if any, may have its own idea of it.  Error pointer on
 * failure. */
static struct vm_area_struct *new_area(struct mm_struct *mm, struct vm_area_struct *next,
				       unsigned long addr, unsigned long len,
				       unsigned long vm_flags, struct file *file,
				       unsigned long pgoff)
{
	struct vm_area_struct *vma = vma_alloc(mm);
	int err;

	if (!vma)
		return ERR_PTR(-ENOMEM);
	vma->vm_start = addr;
	vma->vm_end = addr + len;
	vma->vm_pgoff = pgoff;
	vma_set_flags(vma, vm_flags);
	if (vm_flags & VM_GROWSDOWN)
		vma->range.low_guard = STACK_GUARD;
	if (file) {
		vma->vm_file = get_file(file);
		if (file->f_op->mmap) {
			err = file->f_op->mmap(file, vma);
			if (err) {
				zap_range(vma, addr, addr + len);
				fput(file);
				kmem_cache_free(spaces.vma_cache, vma);
				return ERR_PTR(err);
			}
		}
	}
	range_insert(&mm->areas, &vma->range, next ? next->range.prev : mm->areas.last);
	mm->map_count++;
	vma_link_file(vma);
	return vma;
}

/* Make the mapping at a place that is chosen.  The address, or -errno with the old mapping gone
 * only if the new one failed for want of memory. */
long map_locked(struct mm_struct *mm, struct file *file, unsigned long addr, unsigned long len,
		unsigned long vm_flags, unsigned long pgoff)
{
	unsigned long pages = len >> PAGE_SHIFT;
	struct vm_area_struct *next, *vma = NULL;
	int err;

	if (!may_expand_vm(mm, vm_flags, pages))
		return -ENOMEM;
	next = find_vma(mm, addr);
	if (next && next->vm_start < addr + len) {
		err = unmap_locked(mm, addr, addr + len);
		if (err)
			return err;
		next = find_vma(mm, addr);
	}
	if (mm->map_count >= quire_vm.max_map_count)
		return -ENOMEM;
	if (accountable(vm_flags)) {
		if (vm_commit(mm, pages) != 0)
			return -ENOMEM;
		vm_flags |= VM_ACCOUNT;
	}
	if (!file || !file->f_op->mmap)
		vma = extend_neighbour(mm, next, addr, len, vm_flags, file, pgoff);
	if (!vma) {
		vma = new_area(mm, next, addr, len, vm_flags, file, pgoff);
		if (IS_ERR(vma)) {
			if (vm_flags & VM_ACCOUNT)
				vm_uncommit(pages);
			return PTR_ERR(vma);
		}
	}
	vm_stat_account(mm, vm_flags, (long)pages);
	if (vm_flags & VM_LOCKED)
		mm->locked_vm += pages;
	return (long)addr;
}

/* What the file allows.  0 or -errno; clears MAY bits. */
static int check_file(const struct file *file, unsigned long flags, unsigned long *vm_flags)
{
	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	if (!file->f_mapping && !file->f_op->mmap)
		return -ENODEV;
	if ((flags & MAP_TYPE) == MAP_PRIVATE)
		return 0;
	if (!(file->f_mode & FMODE_WRITE)) {
		if (*vm_flags & VM_WRITE)
			return -EACCES;
		*vm_flags &= ~VM_MAYWRITE;
	}
	return 0;
}

static int flags_of(struct mm_struct *mm, const struct file *file, unsigned long prot,
		    unsigned long flags, unsigned long *out)
{
	unsigned long f = (prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) | mm->def_flags |
			  VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;

	switch (flags & MAP_TYPE) {
	case MAP_SHARED:
	case MAP_SHARED_VALIDATE: f |= VM_SHARED | VM_MAYSHARE; break;
	case MAP_PRIVATE: break;
	default: return -EINVAL;
	}
	if ((flags & MAP_TYPE) == MAP_SHARED_VALIDATE && (flags & MAP_SYNC))
		return -EOPNOTSUPP;
	if (flags & MAP_HUGETLB)
		return -EINVAL;
	if (flags & MAP_LOCKED)
		f |= VM_LOCKED;
	if ((flags & MAP_NORESERVE) && quire_vm.overcommit_memory != 2)
		f |= VM_NORESERVE;
	if (flags & MAP_GROWSDOWN) {
		if (f & VM_SHARED || file)
			return -EINVAL;
		f |= VM_GROWSDOWN;
	}
	*out = f;
	return file ? check_file(file, flags, out) : 0;
}

static bool lock_limit_allows(const struct mm_struct *mm, unsigned long vm_flags, unsigned long len)
{
	if (!(vm_flags & VM_LOCKED) || mm->limits.memlock == RLIM_UNLIMITED)
		return true;
	return mm->locked_vm + (len >> PAGE_SHIFT) <= mm->limits.memlock >> PAGE_SHIFT;
}

static long mmap_file(struct mm_struct *mm, struct file *file, unsigned long addr,
		      unsigned long len, unsigned long prot, unsigned long flags,
		      unsigned long pgoff, unsigned long *vm_flags)
{
	int err = flags_of(mm, file, prot, flags, vm_flags);

	if (err)
		return err;
	addr = choose_place(mm, addr, len, flags);
	if (IS_ERR_VALUE(addr))
		return (long)addr;
	if (!lock_limit_allows(mm, *vm_flags, len))
		return -EAGAIN;
	if (!file)
		pgoff = addr >> PAGE_SHIFT;
	return map_locked(mm, file, addr, len, *vm_flags, pgoff);
}

long do_mmap(struct mm_struct *mm, struct file *file, unsigned long addr, unsigned long len,
	     unsigned long prot, unsigned long flags, unsigned long pgoff)
{
	struct file *shmem = NULL;
	unsigned long vm_flags = 0;
	long at;

	if (len == 0)
		return -EINVAL;
	len = PAGE_ALIGN(len);
	if (len == 0 || len > PORT_TASK_SIZE)
		return -ENOMEM;
	if (pgoff + (len >> PAGE_SHIFT) < pgoff)
		return -EOVERFLOW;
	if (flags & MAP_ANONYMOUS) {
		file = NULL;
		if ((flags & MAP_TYPE) != MAP_PRIVATE && (flags & MAP_TYPE) != MAP_SHARED)
			return -EINVAL;
		if ((flags & MAP_TYPE) != MAP_PRIVATE) {
			shmem = shmem_file_setup("/dev/zero (deleted)", (quire_loff_t)len);
			if (IS_ERR(shmem))
				return PTR_ERR(shmem);
			file = shmem;
			pgoff = 0;
		}
	} else if (!file) {
		return -EBADF;
	}
	down_write(&mm->mmap_lock);
	at = mmap_file(mm, file, addr, len, prot, flags, pgoff, &vm_flags);
	up_write(&mm->mmap_lock);
	quire_event(mmap, at, len, flags);
	if (shmem)
		fput(shmem);
	if (!IS_ERR_VALUE((unsigned long)at) &&
	    ((vm_flags & VM_LOCKED) || (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE))
		mm_populate(mm, (unsigned long)at, (unsigned long)at + len);
	return at;
}

/* ---- brk ------------------------------------------------------------------------------------- */
#define BRK_FLAGS (VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)

static long brk_locked(struct mm_struct *mm, unsigned long brk, bool *populate)
{
	unsigned long old = PAGE_ALIGN(mm->brk), new = PAGE_ALIGN(brk);
	long err;

	if (brk < mm->start_brk || brk > PORT_TASK_SIZE)
		return -ENOMEM;
	if (mm->limits.data != RLIM_UNLIMITED &&
	    brk - mm->start_brk + (mm->end_data - mm->start_data) > mm->limits.data)
		return -ENOMEM;
	if (new > old) {
		if (!range_is_free(mm, old, new - old + PAGE_SIZE) ||
		    !lock_limit_allows(mm, mm->def_flags, new - old))
			return -ENOMEM;
		err = map_locked(mm, NULL, old, new - old, BRK_FLAGS | mm->def_flags,
				 old >> PAGE_SHIFT);
		if (IS_ERR_VALUE((unsigned long)err))
			return err;
		*populate = mm->def_flags & VM_LOCKED;
	} else if (new < old) {
		err = unmap_locked(mm, new, old);
		if (err)
			return err;
	}
	return 0;
}

long do_brk(struct mm_struct *mm, unsigned long brk)
{
	unsigned long old;
	bool populate = false;

	down_write(&mm->mmap_lock);
	old = mm->brk;
	if (brk_locked(mm, brk, &populate) == 0)
		mm->brk = brk;
	brk = mm->brk;
	up_write(&mm->mmap_lock);
	quire_event(brk, old, brk, 0);
	if (populate)
		mm_populate(mm, PAGE_ALIGN(old), PAGE_ALIGN(brk));
	return (long)brk;
}

long vm_brk_flags(struct mm_struct *mm, unsigned long addr, unsigned long len, unsigned long flags)
{
	long at;

	len = PAGE_ALIGN(len);
	if (len == 0)
		return 0;
	if ((addr & ~PAGE_MASK) || !user_range_ok(addr, len) || addr < quire_vm.mmap_min_addr)
		return -EINVAL;
	down_write(&mm->mmap_lock);
	at = map_locked(mm, NULL, addr, len, BRK_FLAGS | flags, addr >> PAGE_SHIFT);
	up_write(&mm->mmap_lock);
	return IS_ERR_VALUE((unsigned long)at) ? at : 0;
}

int mm_setup_stack(struct mm_struct *mm, unsigned long top, unsigned long size, unsigned long extra)
{
	unsigned long start = top - PAGE_ALIGN(size);
	long at;

	down_write(&mm->mmap_lock);
	at = map_locked(mm, NULL, start, top - start, BRK_FLAGS | VM_GROWSDOWN | extra,
			start >> PAGE_SHIFT);
	if (!IS_ERR_VALUE((unsigned long)at))
		mm->start_stack = top;
	up_write(&mm->mmap_lock);
	return IS_ERR_VALUE((unsigned long)at) ? (int)at : 0;
}
