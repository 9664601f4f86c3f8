/* SPDX-License-Identifier: MIT */
/*
 * trap.c - what the port hands us: page faults and the exceptions of user programs.
 *
 *   fault resolved      -> back to the instruction
 *   not mapped, not allowed, past the end of a file -> SIGSEGV, SIGBUS
 *   memory that failed -> SIGBUS (mce.c)
 *   no memory           -> whoever the OOM killer chose goes; try again, unless it was us
 */
#include "kernel.h"

#define PF_WRITE 2
#define PF_USER  4
#define PF_INSTR 16

static quire_noinline void fault_signal(struct task *t, vm_fault_t r, unsigned long addr, u64 error)
{
	t->fault_addr = addr;
	t->fault_error = error;
	t->fault_trapno = 14;
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
	unsigned flags = (error & PF_WRITE ? FAULT_FLAG_WRITE : 0) |
			 (error & PF_USER ? FAULT_FLAG_USER : 0) |
			 (error & PF_INSTR ? FAULT_FLAG_INSTRUCTION : 0);
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

/* x87 and SSE tell what went wrong in their status words; the first unmasked exception counts. */
static int fpe_code(u32 raised)
{
	if (raised & 1)
		return FPE_FLTINV;
	if (raised & 4)
		return FPE_FLTDIV;
	if (raised & 8)
		return FPE_FLTOVF;
	if (raised & (16 | 2))
		return FPE_FLTUND;
	return raised & 32 ? FPE_FLTRES : FPE_FLTINV;
}

static int x87_code(void)
{
	u16 status, control;

	__asm__ volatile("fnstsw %0; fnstcw %1" : "=m"(status), "=m"(control));
	return fpe_code(status & ~control & 0x3fu);
}

static int sse_code(void)
{
	u32 mxcsr;

	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	return fpe_code(mxcsr & ~(mxcsr >> 7) & 0x3f);
}

void trap_user(struct bare_regs *regs, unsigned vector, u64 error)
{
	struct task *t = current;

	t->fault_trapno = vector;
	t->fault_error = error;
	t->fault_addr = 0;
	switch (vector) {
	case 0: force_signal(SIGFPE, FPE_INTDIV, regs->rip); break;
	case 1:
		regs->eflags &= ~0x100UL;
		force_signal(SIGTRAP, TRAP_TRACE, regs->rip);
		break;
	case 3: force_signal(SIGTRAP, SI_KERNEL, 0); break;
	case 6: force_signal(SIGILL, ILL_ILLOPN, regs->rip); break;
	case 16: force_signal(SIGFPE, x87_code(), regs->rip); break;
	case 17: force_signal(SIGBUS, BUS_ADRALN, 0); break;
	case 19: force_signal(SIGFPE, sse_code(), regs->rip); break;
	case 11:
	case 12: force_signal(SIGBUS, SI_KERNEL, 0); break;
	default: /* general protection and what nobody expects */
		force_signal(SIGSEGV, SI_KERNEL, 0);
		break;
	}
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
