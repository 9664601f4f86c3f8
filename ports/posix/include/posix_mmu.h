/* SPDX-License-Identifier: MIT */
/*
 * posix_mmu.h - the processor's view of memory: what a program or a trap would see, for tests.
 *
 * Every access goes through the page tables as the processor of the build's format reads them (x86,
 * AArch64, ARMv7, RISC-V), behind a modelled TLB per CPU.  A missing or forbidden translation of a user
 * address calls do_user_fault() as a trap handler would.  The MMU is also the referee of the port's
 * contract, and stops the test in words when
 *   - a remembered translation that grants more than the tables do is used (one CPU): a flush was
 *     forgotten;
 *   - an entry in use comes to map other memory without being made invalid and flushed first, where the
 *     architecture demands that (ARMv7, AArch64; one CPU);
 *   - a frame is mapped as memory and as a device at the same time.
 */
#ifndef QUIRE_POSIX_MMU_H
#define QUIRE_POSIX_MMU_H

#include <quire/mm.h>

#define POSIX_TLB_ENTRIES 64 /* at the start */
#define POSIX_TLB_MOST    1536

/* Why there is no access. */
enum posix_mmu_fault {
	POSIX_MMU_OK,
	POSIX_MMU_ABSENT,    /* no entry, or no such address                                    */
	POSIX_MMU_DENIED,    /* rights; also the first store where the processor notes none     */
	POSIX_MMU_UNUSED,    /* the first use, where the processor notes none (access flag)     */
	POSIX_MMU_MALFORMED, /* an entry that the processor's manual forbids                    */
};

/* Run on this space from now on (NULL: on the kernel's tables only). */
void posix_set_mm(struct mm_struct *mm);
struct mm_struct *posix_current_mm(void);

/* A load, store or instruction fetch of n bytes by the program.  0, or the VM_FAULT_* bits that would become a signal;
 * bytes before the faulting page are transferred. */
vm_fault_t posix_load(unsigned long addr, void *buf, size_t n);
vm_fault_t posix_store(unsigned long addr, const void *buf, size_t n);
vm_fault_t posix_fetch(unsigned long addr);

/* Where kernel address va leads: a host pointer, or NULL. write: as for a store. */
void *posix_kernel_access(unsigned long va, bool write);

/* One access without a trap handler. */
enum posix_mmu_fault posix_mmu_try(unsigned long addr, bool write, bool user);

struct posix_tlb_stats {
	unsigned long hits, misses, flushed_entries, flushes, faults;
	unsigned long walks, walk_reads; /* of the tables; entries read by them */
};
/* Of the calling CPU, since posix_mmu_reset(). */
struct posix_tlb_stats posix_tlb_stats(void);
/* Every CPU has a TLB of so many entries, empty now: 1..4, or a multiple of 4 up to POSIX_TLB_MOST.
 * 0 or -EINVAL.  No CPU may be translating. */
int posix_tlb_resize(unsigned entries) __must_check;
/* Forget every translation and count on every CPU: a new machine. */
void posix_mmu_reset(void);

#endif
