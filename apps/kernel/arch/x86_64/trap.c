/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/trap.c - the exceptions of programs, but for page faults: which signal each one is.
 */
#include "kernel.h"

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
