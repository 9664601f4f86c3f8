/* SPDX-License-Identifier: MIT */
/*
 * ports/posix/mmu.c - programs' accesses to memory, as a processor with a trap handler makes them.
 *
 *   posix_load, posix_store, posix_fetch, user copies
 *        └──> tlb.c: translate ──fault──> do_user_fault() ──> again, or a signal
 *
 * Lock:  none of its own; tlb.c's is held while the host touches a page.
 */
#include <string.h>
#include <posix_machine.h>
#include <quire/port.h>
#include <quire/vmalloc.h>
#include "tlb.h"

static __thread struct mm_struct *current_mm;

/* Retry until it works or the fault is final.  Not NULL: the caller ends the access. */
static char *access_user(unsigned long addr, unsigned need, vm_fault_t *why)
{
	unsigned flags = FAULT_FLAG_USER | (need == MMU_WRITE  ? FAULT_FLAG_WRITE
					    : need == MMU_EXEC ? FAULT_FLAG_INSTRUCTION
							       : 0);
	enum posix_mmu_fault fault;
	int tries;

	*why = VM_FAULT_MAPERR;
	if (addr >= PORT_TASK_SIZE || !current_mm)
		return NULL;
	for (tries = 0; tries < 64; tries++) {
		char *host = tlb_begin(addr, need, true, &fault);

		if (host)
			return host;
		if (fault == POSIX_MMU_MALFORMED)
			port_panic(
				"referee: an entry that no processor takes stands in a user table");
		*why = do_user_fault(current_mm, addr, flags);
		if (*why & VM_FAULT_ERROR)
			return NULL;
	}
	port_panic("referee: a fault was answered 64 times and the access still does not work");
}

static size_t transfer(unsigned long addr, void *buf, size_t n, unsigned need, vm_fault_t *why)
{
	size_t done = 0;

	*why = 0;
	while (done < n) {
		size_t piece = PAGE_SIZE - ((addr + done) & ~PAGE_MASK);
		char *host = access_user(addr + done, need, why);

		if (!host)
			break;
		*why = 0;
		if (piece > n - done)
			piece = n - done;
		if (need == MMU_WRITE)
			memcpy(host, (char *)buf + done, piece);
		else
			memcpy((char *)buf + done, host, piece);
		tlb_end();
		done += piece;
	}
	return done;
}

vm_fault_t posix_load(unsigned long addr, void *buf, size_t n)
{
	vm_fault_t why;

	transfer(addr, buf, n, MMU_READ, &why);
	return why;
}

vm_fault_t posix_store(unsigned long addr, const void *buf, size_t n)
{
	vm_fault_t why;

	transfer(addr, (void *)(uintptr_t)buf, n, MMU_WRITE, &why);
	return why;
}

vm_fault_t posix_fetch(unsigned long addr)
{
	vm_fault_t why;

	if (!access_user(addr, MMU_EXEC, &why))
		return why;
	tlb_end();
	return 0;
}

/* A page that the kernel has mapped since this root was copied comes by a fault. */
void *posix_kernel_access(unsigned long va, bool write)
{
	unsigned need = write ? MMU_WRITE : MMU_READ;
	enum posix_mmu_fault fault;
	char *host = tlb_begin(va, need, false, &fault);

	if (!host && current_mm && maps_kernel_fault(current_mm->root, va))
		host = tlb_begin(va, need, false, &fault);
	if (host)
		tlb_end();
	return host;
}

enum posix_mmu_fault posix_mmu_try(unsigned long addr, bool write, bool user)
{
	enum posix_mmu_fault fault;

	if (tlb_begin(addr, write ? MMU_WRITE : MMU_READ, user, &fault))
		tlb_end();
	return fault;
}

/* ---- user copies ----------------------------------------------------------------------------- */
static bool in_user_space(const void *addr, size_t n)
{
	return n <= PORT_TASK_SIZE && (unsigned long)addr <= PORT_TASK_SIZE - n;
}

size_t port_copy_from_user(void *to, const void __user *from, size_t n)
{
	vm_fault_t why;

	return in_user_space(from, n) ? n - transfer((unsigned long)from, to, n, MMU_READ, &why)
				      : n;
}

size_t port_copy_to_user(void __user *to, const void *from, size_t n)
{
	vm_fault_t why;

	return in_user_space(to, n) ? n - transfer((unsigned long)to, (void *)(uintptr_t)from, n,
						   MMU_WRITE, &why)
				    : n;
}

size_t port_clear_user(void __user *to, size_t n)
{
	static const char zero[4096];

	while (n) {
		size_t piece = n < sizeof(zero) ? n : sizeof(zero),
		       left = port_copy_to_user(to, zero, piece);

		if (left)
			return n - (piece - left);
		to = (char *)to + piece;
		n -= piece;
	}
	return 0;
}

int port_cmpxchg_user(u32 __user *at, u32 expected, u32 desired, u32 *seen)
{
	vm_fault_t why;
	u32 *host = in_user_space(at, 4) && !((unsigned long)at & 3)
			    ? (u32 *)(void *)access_user((unsigned long)at, MMU_WRITE, &why)
			    : NULL;

	if (!host)
		return -14;
	*seen = expected;
	__atomic_compare_exchange_n(host, seen, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	tlb_end();
	return 0;
}

/* ---- who runs -------------------------------------------------------------------------------- */
void posix_set_mm(struct mm_struct *mm)
{
	current_mm = mm;
	port_load_root(mm ? mm->root : 0);
}

struct mm_struct *posix_current_mm(void)
{
	return current_mm;
}

void posix_mmu_reset(void)
{
	current_mm = NULL;
	tlb_reset();
}
