/* SPDX-License-Identifier: MIT */
/*
 * spaces/limits.c - how much may be mapped, and how much may be promised.
 *
 * A private writable page is a promise: it may need a frame of its own one day.  Committed_AS
 * counts the promises; vm.overcommit_memory says how many are too many
 * (Documentation/mm/overcommit-accounting).
 */
#include <quire/printk.h>
#include "internal.h"

struct quire_vm_sysctl quire_vm = {
	.overcommit_memory = 0,
	.overcommit_ratio = 50,
	.max_map_count = QUIRE_MAX_MAP_COUNT,
	.mmap_min_addr = QUIRE_MMAP_MIN_ADDR,
};

unsigned long vm_memory_committed(void)
{
	long n = atomic_long_read(&spaces.committed);

	return n < 0 ? 0 : (unsigned long)n;
}

unsigned long vm_commit_limit(void)
{
	return totalram_pages() * (unsigned long)quire_vm.overcommit_ratio / 100;
}

int vm_commit(struct mm_struct *mm, unsigned long pages)
{
	long now = atomic_long_add_return((long)pages, &spaces.committed);
	bool ok;

	(void)mm;
	switch (quire_vm.overcommit_memory) {
	case 1: ok = true; break;
	case 2: ok = now >= 0 && (unsigned long)now <= vm_commit_limit(); break;
	default: /* heuristic: refuse only what could never be there at once */
		ok = pages <= totalram_pages();
		break;
	}
	if (ok)
		return 0;
	vm_uncommit(pages);
	return -ENOMEM;
}

void vm_uncommit(unsigned long pages)
{
	atomic_long_sub((long)pages, &spaces.committed);
}

bool may_expand_vm(struct mm_struct *mm, unsigned long flags, unsigned long pages)
{
	if (mm->limits.as != RLIM_UNLIMITED && mm->total_vm + pages > mm->limits.as >> PAGE_SHIFT)
		return false;
	if ((flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE &&
	    mm->limits.data != RLIM_UNLIMITED &&
	    mm->data_vm + pages > mm->limits.data >> PAGE_SHIFT)
		return false;
	return true;
}
