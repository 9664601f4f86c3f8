/* SPDX-License-Identifier: MIT */
/*
 * spaces/vma.c - areas: made, linked, cut and melted.
 *
 *   [ a: r-- file@0 ][ a': r-- file@2 ]   two neighbours that nothing tells apart are one area;
 *   [ a: r-- file@0  ...              ]   vma_modify() cuts where it must and melts where it can
 *
 * Always true:  areas of a space are disjoint and page-aligned, map_count counts them, mm->vmacache
 *               is NULL or one of them, every file area is on its file's i_mmap.
 * Lock:         mmap_lock held for writing; i_mmap_lock for the file's list.
 */
#include "internal.h"

struct vm_area_struct *vma_alloc(struct mm_struct *mm)
{
	struct vm_area_struct *vma = kmem_cache_zalloc(spaces.vma_cache, GFP_KERNEL);

	if (vma)
		vma->vm_mm = mm;
	return vma;
}

struct vm_area_struct *vma_dup(const struct vm_area_struct *vma)
{
	struct vm_area_struct *new = kmem_cache_alloc(spaces.vma_cache, GFP_KERNEL);

	if (!new)
		return NULL;
	memcpy(new, vma,
	       offsetof(struct vm_area_struct, shared)); /* the rest is guarded by i_mmap_lock */
	new->anon_vma = NULL;
	if (new->vm_file)
		get_file(new->vm_file);
	if (new->vm_ops &&new->vm_ops->open)
		new->vm_ops->open(new);
	return new;
}

struct vm_area_struct *vma_dup_charged(const struct vm_area_struct *vma, unsigned long pages)
{
	struct vm_area_struct *new;

	if ((vma->vm_flags & VM_ACCOUNT) && vm_commit(vma->vm_mm, pages) != 0)
		return NULL;
	new = vma_dup(vma);
	if (!new && (vma->vm_flags & VM_ACCOUNT))
		vm_uncommit(pages);
	return new;
}

void vma_free(struct vm_area_struct *vma)
{
	if (vma->anon_vma)
		anon_vma_detach(vma);
	if (vma->vm_ops && vma->vm_ops->close)
		vma->vm_ops->close(vma);
	if (vma->vm_file)
		fput(vma->vm_file);
	kmem_cache_free(spaces.vma_cache, vma);
}

/* A private page is write-protected until its first store, so only shared areas map writable at
 * once. */
u64 vma_prot_of(unsigned long f)
{
	return pt_user_prot(f & (VM_READ | VM_WRITE),
			    (f & (VM_WRITE | VM_SHARED)) == (VM_WRITE | VM_SHARED), f & VM_EXEC);
}

void vma_set_flags(struct vm_area_struct *vma, unsigned long flags)
{
	/* A walk over the entries of a page looks at both with only the entry's lock held. */
	WRITE_ONCE(vma->vm_flags, flags);
	WRITE_ONCE(vma->vm_page_prot, vma_prot_of(flags));
}

void vma_link_file(struct vm_area_struct *vma)
{
	spinlock_t *lock = i_mmap_lock_of(vma);

	if (!lock)
		return;
	spin_lock(lock);
	rmap_insert_file_locked(vma);
	spin_unlock(lock);
}

void vma_unlink_file(struct vm_area_struct *vma)
{
	spinlock_t *lock = i_mmap_lock_of(vma);

	if (!lock)
		return;
	spin_lock(lock);
	span_erase(&vma->vm_file->f_mapping->i_mmap, &vma->shared);
	spin_unlock(lock);
}

void vma_link(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct range_node *next = range_find(&mm->areas, vma->vm_start);

	range_insert(&mm->areas, &vma->range, next ? next->prev : mm->areas.last);
	mm->map_count++;
	vma_link_file(vma);
}

static void remove_area(struct mm_struct *mm, struct vm_area_struct *vma)
{
	range_erase(&mm->areas, &vma->range);
	mm->map_count--;
	if (mm->vmacache == vma)
		mm->vmacache = NULL;
}

void vma_unlink(struct mm_struct *mm, struct vm_area_struct *vma)
{
	remove_area(mm, vma);
	vma_unlink_file(vma);
}

void vma_resize(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	rmap_lock(vma);
	if (start > vma->vm_start)
		vma->vm_pgoff += (start - vma->vm_start) >> PAGE_SHIFT;
	else
		vma->vm_pgoff -= (vma->vm_start - start) >> PAGE_SHIFT;
	range_resize(&vma->vm_mm->areas, &vma->range, start, end);
	rmap_resized_locked(vma);
	rmap_unlock(vma);
}

struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = READ_ONCE(mm->vmacache);

	/* The last answer is good for its own addresses and for the hole below them. */
	if (vma && addr < vma->vm_end &&
	    (addr >= vma->vm_start || !vma->range.prev || vma->range.prev->end <= addr))
		return vma;
	vma = vma_of_range(range_find(&mm->areas, addr));
	if (vma)
		WRITE_ONCE(mm->vmacache, vma);
	return vma;
}

struct vm_area_struct *vma_split(struct vm_area_struct *vma, unsigned long addr)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_area_struct *upper;

	if (mm->map_count >= quire_vm.max_map_count)
		return NULL;
	upper = vma_dup(vma);
	if (!upper)
		return NULL;
	upper->vm_start = addr;
	upper->vm_pgoff += (addr - vma->vm_start) >> PAGE_SHIFT;
	upper->range.low_guard = 0;
	rmap_lock(vma);
	vma->vm_end = addr;
	range_insert(&mm->areas, &upper->range, &vma->range);
	rmap_resized_locked(vma);
	if (i_mmap_lock_of(upper))
		rmap_insert_file_locked(upper);
	if (vma->anon_vma)
		anon_vma_attach_locked(upper, vma);
	rmap_unlock(vma);
	mm->map_count++;
	return upper;
}

bool vma_same(const struct vm_area_struct *vma, unsigned long flags, struct file *file,
	      void *private)
{
	return vma->vm_flags == flags && vma->vm_file == file && vma->vm_private_data == private &&
	       !(vma->vm_ops && vma->vm_ops->close) && !(flags & VM_PFNMAP);
}

bool vma_continues(const struct vm_area_struct *a, const struct vm_area_struct *b)
{
	return a->vm_end == b->vm_start &&
	       a->vm_pgoff + ((a->vm_end - a->vm_start) >> PAGE_SHIFT) == b->vm_pgoff &&
	       a->vm_file == b->vm_file && a->vm_ops == b->vm_ops;
}

/* Whether `b`, directly behind `a`, only continues it.  Pages of two anon_vmas side by side
 * cannot be found through one area. */
static bool can_merge(const struct vm_area_struct *a, const struct vm_area_struct *b)
{
	return vma_continues(a, b) && vma_same(a, b->vm_flags, b->vm_file, b->vm_private_data) &&
	       anon_vma_compatible(a->anon_vma, b->anon_vma);
}

/* `b` is swallowed by `a`, which lies directly below it. */
static void swallow(struct vm_area_struct *a, struct vm_area_struct *b)
{
	struct mm_struct *mm = a->vm_mm;
	unsigned long end = b->vm_end;
	struct vm_area_struct *known = b->anon_vma ? b : a; /* has the anon_vma, if there is one */

	rmap_lock(known);
	if (i_mmap_lock_of(b))
		span_erase(&b->vm_file->f_mapping->i_mmap, &b->shared);
	anon_vma_melt_locked(a, b);
	remove_area(mm, b);
	range_resize(&mm->areas, &a->range, a->vm_start, end);
	rmap_resized_locked(a);
	rmap_unlock(a);
	if (b->vm_file)
		fput(b->vm_file);
	kmem_cache_free(spaces.vma_cache, b);
}

struct vm_area_struct *vma_merge(struct vm_area_struct *vma)
{
	struct vm_area_struct *prev = vma_prev(vma), *next = vma_next(vma);

	if (next && can_merge(vma, next))
		swallow(vma, next);
	if (prev && can_merge(prev, vma)) {
		swallow(prev, vma);
		vma = prev;
	}
	return vma;
}

struct vm_area_struct *vma_modify(struct vm_area_struct *vma, unsigned long start,
				  unsigned long end, unsigned long flags)
{
	if (vma->vm_start < start) {
		vma = vma_split(vma, start);
		if (!vma)
			return NULL;
	}
	if (end < vma->vm_end && !vma_split(vma, end)) {
		vma_merge(vma);
		return NULL;
	}
	vma_set_flags(vma, flags);
	return vma_merge(vma);
}

void vm_stat_account(struct mm_struct *mm, unsigned long flags, long pages)
{
	mm->total_vm += (unsigned long)pages;
	if (flags & VM_GROWSDOWN)
		mm->stack_vm += (unsigned long)pages;
	else if ((flags & (VM_WRITE | VM_SHARED)) == VM_WRITE)
		mm->data_vm += (unsigned long)pages;
	else if ((flags & (VM_EXEC | VM_WRITE)) == VM_EXEC)
		mm->exec_vm += (unsigned long)pages;
	if (mm->total_vm > mm->hiwater_vm)
		mm->hiwater_vm = mm->total_vm;
}
