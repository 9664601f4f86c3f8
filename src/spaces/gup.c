/* SPDX-License-Identifier: MIT */
/*
 * spaces/gup.c - frames behind user addresses, for the kernel's own use: get_user_pages, memory of
 * another space, and the user copies that are built on the port's.
 *
 * Lock:  mmap_lock for reading while the entries are looked at.
 */
#include <quire/uaccess.h>
#include "internal.h"

/* The page behind addr with a reference, if the entry is good enough already. */
static struct page *try_get_page(struct mm_struct *mm, unsigned long addr, bool write)
{
	pt_entry *pte = mm_find_pte(mm, addr, NULL);
	struct page *table, *page = NULL;
	pte_t e;

	if (!pte)
		return NULL;
	table = pt_page(pte);
	pt_lock(table);
	e = pte_read(pte);
	if (pte_valid(e) && (!write || pte_write(e)) && pfn_valid(pte_pfn(e))) {
		page = pte_page(e);
		get_page(page);
	}
	pt_unlock(table);
	return page;
}

/* mmap_lock held for reading. */
static struct page *get_one(struct mm_struct *mm, unsigned long addr, bool write, long *err)
{
	struct vm_area_struct *vma = find_vma(mm, addr);
	unsigned tries;

	*err = -EFAULT;
	if (!vma || vma->vm_start > addr || !(vma->vm_flags & (write ? VM_WRITE : VM_READ)) ||
	    (vma->vm_flags & (VM_PFNMAP | VM_IO)))
		return NULL;
	for (tries = 0; tries < 16; tries++) {
		struct page *page = try_get_page(mm, addr & PAGE_MASK, write);
		vm_fault_t ret;

		if (page)
			return page;
		ret = handle_area_fault(vma, addr & PAGE_MASK, write ? FAULT_FLAG_WRITE : 0);
		if (ret & VM_FAULT_ERROR) {
			*err = ret & VM_FAULT_OOM ? -ENOMEM : -EFAULT;
			return NULL;
		}
	}
	return NULL;
}

long get_user_pages(struct mm_struct *mm, unsigned long addr, unsigned long n, unsigned gup_flags,
		    struct page **pages)
{
	unsigned long i;
	long err = 0;

	if (addr >= PORT_TASK_SIZE)
		return -EFAULT;
	down_read(&mm->mmap_lock);
	for (i = 0; i < n && addr + i * PAGE_SIZE < PORT_TASK_SIZE; i++) {
		pages[i] = get_one(mm, addr + i * PAGE_SIZE, gup_flags & FOLL_WRITE, &err);
		if (!pages[i])
			break;
	}
	up_read(&mm->mmap_lock);
	return i ? (long)i : err ? err : -EFAULT;
}

size_t access_remote_vm(struct mm_struct *mm, unsigned long addr, void *buf, size_t len, bool write)
{
	size_t done = 0;

	while (done < len) {
		unsigned offset = (unsigned)(addr + done) & (PAGE_SIZE - 1);
		size_t n = min(len - done, (size_t)(PAGE_SIZE - offset));
		struct page *page;

		if (get_user_pages(mm, addr + done, 1, write ? FOLL_WRITE : 0, &page) != 1)
			break;
		if (write) {
			memcpy_to_page(page, offset, (char *)buf + done, n);
			set_page_dirty(page);
		} else {
			memcpy_from_page((char *)buf + done, page, offset, n);
		}
		put_page(page);
		done += n;
	}
	return done;
}

size_t copy_from_user_unchecked(void *to, const void __user *from, size_t n)
{
	size_t left = port_copy_from_user(to, from, n);

	if (unlikely(left))
		memset((char *)to + (n - left), 0, left);
	return left;
}

long strncpy_from_user(char *to, const char __user *from, long count)
{
	long done = 0;

	if (count <= 0)
		return 0;
	if (check_object_size(to, (size_t)count, false))
		return -EFAULT;
	while (done < count) {
		/* A piece that stays in one page cannot fail half-way, and never touches the page
		 * behind. */
		unsigned long at = (unsigned long)from + (unsigned long)done;
		long n = (long)(PAGE_SIZE - (at & (PAGE_SIZE - 1))), i;

		n = min(n, 64L);
		n = min(n, count - done);
		if (port_copy_from_user(to + done, from + done, (size_t)n))
			return -EFAULT;
		for (i = 0; i < n; i++)
			if (!to[done + i])
				return done + i;
		done += n;
	}
	return done;
}
