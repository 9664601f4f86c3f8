/* SPDX-License-Identifier: MIT */
/*
 * spaces/special.c - areas that are filled by somebody else: kernel pages with a name ([vdso]),
 * device frames.
 */
#include <quire/printk.h>
#include "internal.h"

/* What a special mapping shows; lives as long as the area and its copies. */
struct special {
	atomic_t users;
	unsigned n;
	char name[16];
	struct page *pages[];
};

static void special_open(struct vm_area_struct *vma)
{
	atomic_inc(&((struct special *)vma->vm_private_data)->users);
}

static void special_close(struct vm_area_struct *vma)
{
	struct special *s = vma->vm_private_data;

	if (atomic_dec_and_test(&s->users))
		kfree(s);
}

static vm_fault_t special_fault(struct vm_fault *vmf)
{
	struct special *s = vmf->vma->vm_private_data;

	if (vmf->pgoff >= s->n)
		return VM_FAULT_SIGBUS;
	vmf->page = s->pages[vmf->pgoff];
	get_page(vmf->page);
	return 0;
}

static const char *special_name(struct vm_area_struct *vma)
{
	return ((struct special *)vma->vm_private_data)->name;
}

static const struct vm_operations_struct special_ops = {
	.open = special_open,
	.close = special_close,
	.fault = special_fault,
	.name = special_name,
};

int install_special_mapping(struct mm_struct *mm, unsigned long addr, unsigned n,
			    struct page *const *pages, unsigned long vm_flags, const char *name)
{
	struct special *s = kmalloc(sizeof(*s) + n * sizeof(struct page *), GFP_KERNEL);
	struct vm_area_struct *vma = vma_alloc(mm), *next;
	unsigned long len = (unsigned long)n << PAGE_SHIFT;
	int err = -ENOMEM;

	if (!s || !vma)
		goto fail;
	atomic_set(&s->users, 1);
	s->n = n;
	quire_snprintf(s->name, sizeof(s->name), "%s", name);
	memcpy(s->pages, pages, n * sizeof(struct page *));
	vma->vm_start = addr;
	vma->vm_end = addr + len;
	vma->vm_ops = &special_ops;
	vma->vm_private_data = s;
	vma_set_flags(vma, vm_flags | VM_DONTEXPAND | VM_DONTDUMP);
	down_write(&mm->mmap_lock);
	next = find_vma(mm, addr);
	if (!user_range_ok(addr, len) || (next && next->vm_start < addr + len)) {
		up_write(&mm->mmap_lock);
		err = -EINVAL;
		goto fail;
	}
	vma_link(mm, vma);
	vm_stat_account(mm, vma->vm_flags, (long)n);
	up_write(&mm->mmap_lock);
	return 0;
fail:
	kfree(s);
	if (vma)
		kmem_cache_free(spaces.vma_cache, vma);
	return err;
}

/* Fill one empty entry.  0, -ENOMEM or -EBUSY. */
static int fill_entry(struct vm_area_struct *vma, unsigned long addr, pte_t e)
{
	pt_entry *pte = mm_make_pte(vma->vm_mm, addr);
	struct page *table;
	int err = 0;

	if (!pte)
		return -ENOMEM;
	table = pt_page(pte);
	pt_lock(table);
	if (pte_read(pte)) {
		err = -EBUSY;
	} else {
		pte_set(pte, e);
		pt_count(table, 1);
	}
	pt_unlock(table);
	return err;
}

int remap_pfn_range(struct vm_area_struct *vma, unsigned long addr, unsigned long pfn,
		    unsigned long size, u64 prot)
{
	unsigned long done;
	int err = 0;

	if ((addr & ~PAGE_MASK) || addr < vma->vm_start || size > vma->vm_end - addr)
		return -EINVAL;
	vma->vm_flags |= VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP;
	for (done = 0; done < size && !err; done += PAGE_SIZE)
		err = fill_entry(vma, addr + done,
				 pte_make(pfn + (done >> PAGE_SHIFT),
					  (prot ? prot : vma->vm_page_prot) | PTE_SPECIAL));
	return err;
}

int vm_insert_page(struct vm_area_struct *vma, unsigned long addr, struct page *page)
{
	int err, which;

	if (addr < vma->vm_start || addr >= vma->vm_end)
		return -EFAULT;
	if (page_count(page) == 0 || PageFlag(page, PG_anon))
		return -EINVAL;
	which = page_mm_counter(page);
	get_page(page);
	if (atomic_inc_return(&page->_mapcount) == 1)
		mod_nid_page_state(page_to_nid(page), NR_FILE_MAPPED, 1);
	err = fill_entry(vma, addr & PAGE_MASK, pte_make(page_to_pfn(page), vma->vm_page_prot));
	if (err) {
		if (atomic_dec_and_test(&page->_mapcount))
			mod_nid_page_state(page_to_nid(page), NR_FILE_MAPPED, -1);
		put_page(page);
		return err;
	}
	__atomic_fetch_or(&vma->vm_flags, VM_MIXEDMAP, __ATOMIC_RELAXED);
	atomic_long_inc(&vma->vm_mm->rss_stat[which]);
	return 0;
}

int remap_vmalloc_range_partial(struct vm_area_struct *vma, unsigned long uaddr, void *kaddr,
				unsigned long pgoff, unsigned long size)
{
	unsigned long from = (unsigned long)kaddr + (pgoff << PAGE_SHIFT), done;
	int err = 0;

	size = PAGE_ALIGN(size);
	if ((uaddr | (unsigned long)kaddr) & ~PAGE_MASK || !size || uaddr < vma->vm_start ||
	    uaddr >= vma->vm_end || size > vma->vm_end - uaddr)
		return -EINVAL;
	if (pgoff > ~0UL >> PAGE_SHIFT || from < (unsigned long)kaddr ||
	    !vmalloc_for_users(from, size))
		return -EINVAL;
	for (done = 0; done < size && !err; done += err ? 0 : PAGE_SIZE)
		err = vm_insert_page(vma, uaddr + done, vmalloc_to_page((char *)from + done));
	if (err) {
		zap_range(vma, uaddr, uaddr + done);
		return err;
	}
	vma->vm_flags |= VM_DONTEXPAND | VM_DONTDUMP;
	return 0;
}

int remap_vmalloc_range(struct vm_area_struct *vma, void *addr, unsigned long pgoff)
{
	return remap_vmalloc_range_partial(vma, vma->vm_start, addr, pgoff,
					   vma->vm_end - vma->vm_start);
}
