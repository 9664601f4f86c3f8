/* SPDX-License-Identifier: MIT */
/*
 * spaces/munmap.c - take a range of addresses out of a space.
 *
 *      start                        end
 *   [ a |#####][#### b ####][######| c ]     a and c are trimmed, b goes; an area that sticks out on
 *                                             both sides is cut in two, the only step that can fail
 *
 * Lock:  mmap_lock held for writing.
 */
#include "internal.h"

static void uncharge(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	long pages = (long)((end - start) >> PAGE_SHIFT);

	vm_stat_account(mm, vma->vm_flags, -pages);
	if (vma->vm_flags & VM_ACCOUNT)
		vm_uncommit((unsigned long)pages);
	if (vma->vm_flags & VM_LOCKED)
		mm->locked_vm -= (unsigned long)pages;
}

/* Whether a trimmed area has to be told apart by its driver: then it is split, not shrunk. */
static bool needs_split(const struct vm_area_struct *vma)
{
	return vma->vm_ops && (vma->vm_ops->open || vma->vm_ops->close);
}

static void trim(struct gather *g, struct vm_area_struct *vma, unsigned long start,
		 unsigned long end)
{
	struct mm_struct *mm = vma->vm_mm;

	zap_area(g, vma, start, end, true);
	uncharge(mm, vma, start, end);
	if (start == vma->vm_start)
		vma_resize(vma, end, vma->vm_end);
	else
		vma_resize(vma, vma->vm_start, start);
}

/* Everything in [start, end) of the area goes; it may stick out on one side at most. */
static struct vm_area_struct *unmap_part(struct gather *g, struct vm_area_struct *vma,
					 unsigned long start, unsigned long end,
					 struct vm_area_struct *dead)
{
	if (vma->vm_start < start || vma->vm_end > end) {
		trim(g, vma, max(start, vma->vm_start), min(end, vma->vm_end));
		return dead;
	}
	vma_unlink(vma->vm_mm, vma);
	zap_area(g, vma, vma->vm_start, vma->vm_end, true);
	uncharge(vma->vm_mm, vma, vma->vm_start, vma->vm_end);
	vma->range.next = (struct range_node *)dead;
	return vma;
}

/* Cut areas that must not be trimmed in place.  0 or -ENOMEM. */
static int split_edges(struct vm_area_struct **first, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma = *first, *last;
	bool both = vma->vm_start < start && vma->vm_end > end;

	if (both && vma->vm_mm->map_count >= quire_vm.max_map_count)
		return -ENOMEM;
	if (vma->vm_start < start && (both || needs_split(vma))) {
		vma = vma_split(vma, start);
		if (!vma)
			return -ENOMEM;
		*first = vma;
	}
	last = find_vma(vma->vm_mm, end - 1);
	if (last && last->vm_start < end && last->vm_end > end && needs_split(last))
		return vma_split(last, end) ? 0 : -ENOMEM;
	return 0;
}

int unmap_locked(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma = find_vma(mm, start), *next, *dead = NULL;
	struct gather g;

	if (!vma || vma->vm_start >= end)
		return 0;
	if (split_edges(&vma, start, end) != 0)
		return -ENOMEM;
	gather_init(&g, mm);
	for (; vma && vma->vm_start < end; vma = next) {
		next = vma_next(vma);
		dead = unmap_part(&g, vma, start, end, dead);
	}
	gather_tables(&g, start, end);
	gather_flush(&g);
	while (dead) {
		vma = dead;
		dead = (struct vm_area_struct *)vma->range.next;
		vma_free(vma);
	}
	return 0;
}

long do_munmap(struct mm_struct *mm, unsigned long addr, unsigned long len)
{
	int err;

	if ((addr & ~PAGE_MASK) || len == 0 || len > PORT_TASK_SIZE)
		return -EINVAL;
	len = PAGE_ALIGN(len);
	if (!user_range_ok(addr, len))
		return -EINVAL;
	down_write(&mm->mmap_lock);
	err = unmap_locked(mm, addr, addr + len);
	up_write(&mm->mmap_lock);
	quire_event(munmap, addr, len, 0);
	return err;
}
