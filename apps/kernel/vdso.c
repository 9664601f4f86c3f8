/* SPDX-License-Identifier: MIT */
/*
 * vdso.c - the pages that every program gets: clock data, and the code that reads it without a
 * system call.
 *
 *   [vvar]  one page, read-only, which we keep up to date     [vdso]  vdso.so, built from vdso/
 */
#include "kernel.h"
#include "arch.h"
#include "vvar.h"
#include <quire/init.h>

extern const char vdso_start[], vdso_end[];

#define VDSO_MAX_PAGES 4

static struct page *vvar_page, *vdso_pages[VDSO_MAX_PAGES];
static unsigned nr_vdso_pages;

void vdso_update_wall(void)
{
	struct vvar *v = page_address(vvar_page);

	WRITE_ONCE(v->wall_offset_ns, wall_offset_ns);
}

int __init vdso_init(void)
{
	size_t size = (size_t)(vdso_end - vdso_start);
	struct vvar *v;

	nr_vdso_pages = (unsigned)PFN_UP(size);
	vvar_page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!vvar_page || nr_vdso_pages > VDSO_MAX_PAGES)
		return -ENOMEM;
	v = page_address(vvar_page);
	v->base = bare_clock.base;
	v->mult = bare_clock.mult;
	v->counter = arch_user_counter();
	vdso_update_wall();
	for (unsigned i = 0; i < nr_vdso_pages; i++) {
		vdso_pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!vdso_pages[i])
			return -ENOMEM;
		memcpy(page_address(vdso_pages[i]), vdso_start + i * PAGE_SIZE,
		       min(size - i * PAGE_SIZE, PAGE_SIZE));
	}
	return 0;
}

/* exec: both, next to each other; *base is where the ELF header is. */
int vdso_map(struct mm_struct *mm, unsigned long *base)
{
	unsigned long at;
	int error;

	down_write(&mm->mmap_lock);
	at = get_unmapped_area(mm, (nr_vdso_pages + 1) * PAGE_SIZE);
	up_write(&mm->mmap_lock);
	if (IS_ERR_VALUE(at))
		return -ENOMEM;
	error = install_special_mapping(mm, at, 1, &vvar_page,
					VM_READ | VM_MAYREAD | VM_DONTEXPAND | VM_DONTDUMP,
					"[vvar]");
	if (!error)
		error = install_special_mapping(
			mm, at + PAGE_SIZE, nr_vdso_pages, vdso_pages,
			VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYEXEC | VM_DONTEXPAND, "[vdso]");
	*base = at + PAGE_SIZE;
	return error;
}
