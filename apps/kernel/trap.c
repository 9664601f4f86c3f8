/* SPDX-License-Identifier: MIT */
/*
 * trap.c - what the port hands us: page faults.  Other exceptions of programs: arch/ARCH/trap.c.
 *
 *   fault resolved      -> back to the instruction
 *   not mapped, not allowed, past the end of a file -> SIGSEGV, SIGBUS
 *   memory that failed -> SIGBUS (mce.c)
 *   no memory           -> whoever the OOM killer chose goes; try again, unless it was us
 */
#include "kernel.h"

static quire_noinline void fault_signal(struct task *t, vm_fault_t r, unsigned long addr, u64 error)
{
	t->fault_addr = addr;
	t->fault_error = arch_fault_error(error, addr);
	t->fault_trapno = TRAP_PAGE;
	if (r & VM_FAULT_HWPOISON)
		mce_fault(addr);
	else if (r & VM_FAULT_SIGBUS)
		force_signal(SIGBUS, BUS_ADRERR, addr);
	else
		force_signal(SIGSEGV, r & VM_FAULT_ACCERR ? SEGV_ACCERR : SEGV_MAPERR, addr);
}

/* Out of memory, and the killer found nobody or somebody else: let the victim run, or go
 * ourselves. */
static quire_noinline bool fault_oom(struct task *t)
{
	if (signal_fatal_pending(t))
		return false;
	port_yield();
	return true;
}

static bool out_of_memory(struct task *t, unsigned *tries)
{
	return ++*tries < 100 && fault_oom(t);
}

bool trap_page_fault(struct bare_regs *regs, unsigned long addr, u64 error)
{
	struct task *t = current;
	unsigned flags = (error & BARE_FAULT_WRITE ? FAULT_FLAG_WRITE : 0) |
			 (error & BARE_FAULT_USER ? FAULT_FLAG_USER : 0) |
			 (error & BARE_FAULT_EXEC ? FAULT_FLAG_INSTRUCTION : 0);
	unsigned tries = 0;
	vm_fault_t r;

	if (unlikely(!t->mm))
		return false;
	for (;;) {
		if (unlikely(addr >= PORT_TASK_SIZE))
			r = VM_FAULT_MAPERR; /* what the kernel has there is nobody's business */
		else
			r = do_user_fault(t->mm, addr, flags);
		if (likely(!(r & (VM_FAULT_ERROR | VM_FAULT_MAJOR)))) {
			t->minflt++;
			return true;
		}
		if (!(r & VM_FAULT_ERROR)) {
			t->majflt++;
			return true;
		}
		if (!(r & VM_FAULT_OOM) || !out_of_memory(t, &tries))
			break;
	}
	if (r & VM_FAULT_OOM) {
		if (!signal_fatal_pending(t)) {
			printk("%s[%d]: killed: no memory for a page, and nobody else to kill\n",
			       t->comm, t->tid);
			signal_kill(t->proc);
		}
		return !bare_user_mode(regs) ? false : true;
	}
	if (!bare_user_mode(regs))
		return false;
	fault_signal(t, r, addr, error);
	return true;
}

size_t kernel_whoami(char *buf, size_t size)
{
	struct task *t = current;

	if (!t) {
		quire_snprintf(buf, size, "boot");
		return 4;
	}
	return (size_t)quire_snprintf(buf, size, "%s[%d]", t->comm, t->tid);
}
