/* SPDX-License-Identifier: MIT */
/*
 * spaces/mremap.c - make a mapping longer, shorter, or move it, without copying a byte.
 *
 *   shrink:        unmap the tail
 *   grow:          into the hole behind, if it is large enough
 *   move:          new area elsewhere, entries moved table by table, old area unmapped
 *
 * Lock:  mmap_lock held for writing; both ptls, the lower table's first.
 */
#include "internal.h"

struct move {
	struct vm_area_struct *vma; /* what is moved                       */
	unsigned long old, old_len, new_len, flags, target;
	bool target_given;
};

static void lock_both(struct page *a, struct page *b)
{
	if (a == b) {
		pt_lock(a);
		return;
	}
	pt_lock(a < b ? a : b);
	pt_lock(a < b ? b : a);
}

static void unlock_both(struct page *a, struct page *b)
{
	pt_unlock(a);
	if (a != b)
		pt_unlock(b);
}

/* The locks of reverse mapping are held: a walk that comes by finds an entry either in the old place
 * or in the new, never in neither. */
static void move_entries(pt_entry *from, pt_entry *to, unsigned long n)
{
	struct page *a = pt_page(from), *b = pt_page(to);
	unsigned long i;
	unsigned moved = 0;

	lock_both(a, b);
	for (i = 0; i < n; i++) {
		if (pte_none(&from[i]))
			continue;
		pte_move(&to[i], &from[i]);
		moved++;
	}
	pt_count(a, -(int)moved);
	pt_count(b, (int)moved);
	unlock_both(a, b);
}

/* Move the entries of [old, old+len) to `new`, an area with the same pages.  Returns the bytes dealt with: less than len if no
 * memory. */
static unsigned long move_tables(struct vm_area_struct *vma, unsigned long old, unsigned long new,
				 unsigned long len)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long done = 0;

	while (done < len) {
		unsigned long to = 0, step;
		pt_entry *from = mm_find_pte(mm, old + done, &to), *dest;

		if (!from) {
			if (to <= old + done)
				break;
			done = to - old;
			continue;
		}
		to = pt_table_end(old + done, old + len);
		step = pt_table_end(new + done, new + len) - (new + done);
		step = min(step, to - (old + done));
		dest = mm_make_pte(mm, new + done);
		if (!dest)
			return done;
		rmap_lock(vma);
		move_entries(from, dest, step >> PAGE_SHIFT);
		rmap_unlock(vma);
		done += step;
	}
	return len;
}

static long move_area(struct mm_struct *mm, struct move *m)
{
	struct vm_area_struct *vma = m->vma, *new;
	unsigned long pgoff = vma->vm_pgoff + ((m->old - vma->vm_start) >> PAGE_SHIFT),
		      pages = m->new_len >> PAGE_SHIFT;
	unsigned long moved;

	if (mm->map_count + 2 >= quire_vm.max_map_count)
		return -ENOMEM;
	new = vma_dup_charged(vma, pages);
	if (!new)
		return -ENOMEM;
	new->vm_start = m->target;
	new->vm_end = m->target + m->new_len;
	new->vm_pgoff = pgoff;
	vma_link(mm, new);
	anon_vma_clone(new, vma);
	vm_stat_account(mm, new->vm_flags, (long)pages);
	if (new->vm_flags & VM_LOCKED)
		mm->locked_vm += pages;
	if (m->old_len == 0) { /* a second mapping of the same pages: faults fill it */
		vma_merge(new);
		return (long)m->target;
	}
	moved = move_tables(vma, m->old, m->target, m->old_len);
	port_flush_tlb_range(mm->root, m->old, m->old + m->old_len);
	if (moved < m->old_len) {
		/* No memory for a table on the way.  The tables of the old range still exist, so
		 * moving back what was moved cannot fail. */
		move_tables(new, m->target, m->old, moved);
		port_flush_tlb_range(mm->root, m->target, m->target + m->new_len);
		unmap_locked(mm, m->target, m->target + m->new_len);
		return -ENOMEM;
	}
	vma_merge(new);
	if (!(m->flags & MREMAP_DONTUNMAP)) {
		unmap_locked(mm, m->old, m->old + m->old_len);
	} else {
		struct gather g;

		gather_init(&g, mm);
		gather_tables(&g, m->old, m->old + m->old_len);
		gather_flush(&g);
	}
	return (long)m->target;
}

/* Whether the pages behind the mapping are free, and nothing forbids to use them. */
static bool can_grow_in_place(struct mm_struct *mm, const struct move *m)
{
	unsigned long end = m->old + m->old_len, grow = m->new_len - m->old_len;
	struct vm_area_struct *next = vma_next(m->vma);

	if (m->vma->vm_end != end || !user_range_ok(end, grow))
		return false;
	if (m->vma->vm_ops && m->vma->vm_ops->close)
		return false;
	return !next || (next->vm_start >= end + grow &&
			 next->vm_start - (end + grow) >= next->range.low_guard);
	(void)mm;
}

static long grow_in_place(struct mm_struct *mm, struct move *m)
{
	struct vm_area_struct *vma = m->vma;
	unsigned long pages = (m->new_len - m->old_len) >> PAGE_SHIFT;

	if ((vma->vm_flags & VM_ACCOUNT) && vm_commit(mm, pages) != 0)
		return -ENOMEM;
	vma_resize(vma, vma->vm_start, m->old + m->new_len);
	vm_stat_account(mm, vma->vm_flags, (long)pages);
	if (vma->vm_flags & VM_LOCKED)
		mm->locked_vm += pages;
	vma_merge(vma);
	return (long)m->old;
}

/* Whether the area may become as long as asked.  0 or -errno. */
static int check_growth(struct mm_struct *mm, const struct move *m)
{
	struct vm_area_struct *vma = m->vma;
	unsigned long pages = (m->new_len - m->old_len) >> PAGE_SHIFT;
	unsigned long pgoff = vma->vm_pgoff + ((m->old - vma->vm_start) >> PAGE_SHIFT);

	if (m->new_len <= m->old_len)
		return 0;
	if (vma->vm_flags & (VM_DONTEXPAND | VM_PFNMAP))
		return -EFAULT;
	if (pgoff + (m->new_len >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	if ((vma->vm_flags & VM_LOCKED) && mm->limits.memlock != RLIM_UNLIMITED &&
	    mm->locked_vm + pages > mm->limits.memlock >> PAGE_SHIFT)
		return -EAGAIN;
	return may_expand_vm(mm, vma->vm_flags, pages) ? 0 : -ENOMEM;
}

/* Clear the way at a target that the caller chose. */
static long prepare_fixed(struct mm_struct *mm, struct move *m)
{
	if ((m->target & ~PAGE_MASK) || !user_range_ok(m->target, m->new_len))
		return -EINVAL;
	if (m->old < m->target + m->new_len && m->target < m->old + m->old_len)
		return -EINVAL;
	if (m->target < quire_vm.mmap_min_addr)
		return -EPERM;
	return unmap_locked(mm, m->target, m->target + m->new_len);
}

static long remap_locked(struct mm_struct *mm, struct move *m)
{
	long err;

	m->vma = find_vma(mm, m->old);
	if (!m->vma || m->vma->vm_start > m->old)
		return -EFAULT;
	if (m->old_len == 0) {
		/* A second mapping of the same shared pages. */
		if (!(m->vma->vm_flags & VM_SHARED) || !(m->flags & MREMAP_MAYMOVE))
			return -EINVAL;
	}
	if (m->target_given) {
		err = prepare_fixed(mm, m);
		if (err)
			return err;
		m->vma = find_vma(mm, m->old);
	}
	if (m->old_len > m->new_len) {
		err = unmap_locked(mm, m->old + m->new_len, m->old + m->old_len);
		if (err || !m->target_given)
			return err ? err : (long)m->old;
		m->old_len = m->new_len;
		m->vma = find_vma(mm, m->old);
	}
	if (m->old_len > m->vma->vm_end - m->old)
		return -EFAULT;
	err = check_growth(mm, m);
	if (err)
		return err;
	if (!m->target_given && !(m->flags & MREMAP_DONTUNMAP)) {
		if (m->old_len == m->new_len)
			return (long)m->old;
		if (m->old_len && can_grow_in_place(mm, m))
			return grow_in_place(mm, m);
		if (!(m->flags & MREMAP_MAYMOVE))
			return -ENOMEM;
	}
	if (!m->target_given) {
		m->target = get_unmapped_area(mm, m->new_len);
		if (IS_ERR_VALUE(m->target))
			return (long)m->target;
	}
	if ((m->flags & MREMAP_DONTUNMAP) && (m->vma->vm_flags & (VM_DONTEXPAND | VM_PFNMAP)))
		return -EINVAL;
	return move_area(mm, m);
}

long do_mremap(struct mm_struct *mm, unsigned long old, unsigned long old_len,
	       unsigned long new_len, unsigned long flags, unsigned long new_addr)
{
	struct move m = { NULL,  old,      PAGE_ALIGN(old_len), PAGE_ALIGN(new_len),
			  flags, new_addr, flags & MREMAP_FIXED };
	bool populate = false;
	long at;

	if (flags & ~(unsigned long)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return -EINVAL;
	if ((flags & MREMAP_FIXED) && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((flags & MREMAP_DONTUNMAP) && (!(flags & MREMAP_MAYMOVE) || m.old_len != m.new_len))
		return -EINVAL;
	if ((old & ~PAGE_MASK) || m.new_len == 0 || (old_len && m.old_len == 0))
		return -EINVAL;
	if (!user_range_ok(old, m.old_len) || m.new_len > PORT_TASK_SIZE)
		return -EINVAL;
	down_write(&mm->mmap_lock);
	at = remap_locked(mm, &m);
	if (!IS_ERR_VALUE((unsigned long)at)) {
		struct vm_area_struct *vma = find_vma(mm, (unsigned long)at);

		populate = vma && (vma->vm_flags & VM_LOCKED) && m.new_len > m.old_len;
	}
	up_write(&mm->mmap_lock);
	if (populate)
		mm_populate(mm, (unsigned long)at + m.old_len, (unsigned long)at + m.new_len);
	return at;
}
