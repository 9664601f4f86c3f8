/* SPDX-License-Identifier: MIT */
/*
 * posix_mmu.h - the processor's view of memory: what a program or a trap would see, for tests.
 *
 * Every user access goes through the page tables as the hardware reads them, behind a modelled TLB
 * of POSIX_TLB_ENTRIES per CPU. A missing or forbidden translation calls do_user_fault() as a trap
 * handler would. The MMU is also the referee of the port's contract: with one CPU, a remembered
 * translation that grants more than the tables do, used when no call is under way, is a flush that
 * was forgotten, and stops the test in words.
 */
#ifndef QUIRE_POSIX_MMU_H
#define QUIRE_POSIX_MMU_H

#include <quire/mm.h>

#define POSIX_TLB_ENTRIES 64

/* Run on this space from now on (NULL: on the kernel's tables only). */
void posix_set_mm(struct mm_struct *mm);
struct mm_struct *posix_current_mm(void);

/* A load, store or instruction fetch of n bytes by the program.  0, or the VM_FAULT_* bits that would become a signal;
 * bytes before the faulting page are transferred. */
vm_fault_t posix_load(unsigned long addr, void *buf, size_t n);
vm_fault_t posix_store(unsigned long addr, const void *buf, size_t n);
vm_fault_t posix_fetch(unsigned long addr);

/* Where kernel address va leads by the kernel's tables: a host pointer, or NULL. write: as for a
 * store. */
void *posix_kernel_access(unsigned long va, bool write);

struct posix_tlb_stats {
	unsigned long hits, misses, flushed_entries, flushes, faults;
};
/* Of the calling CPU, since posix_mmu_reset(). */
struct posix_tlb_stats posix_tlb_stats(void);
/* Forget every translation and count on every CPU: a new machine. */
void posix_mmu_reset(void);

#endif
