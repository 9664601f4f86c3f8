/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/trap.c - the exceptions of programs, but for page faults: which signal each one is.
 */
#include "kernel.h"

#define ILL_ILLOPC       1
#define BUS_OBJERR       3
#define STATUS_ALIGNMENT 0x21

/* ESR_EL1's bits of a trapped floating-point exception; the first one counts. */
static int fpe_code(u64 esr)
{
	static const int code[5] = { FPE_FLTINV, FPE_FLTDIV, FPE_FLTOVF, FPE_FLTUND, FPE_FLTRES };

	for (unsigned i = 0; i < 5; i++)
		if (esr >> i & 1)
			return code[i];
	return FPE_FLTINV;
}

void trap_user(struct bare_regs *regs, unsigned class, u64 esr, unsigned long addr)
{
	struct task *t = current;

	t->fault_trapno = TRAP_OPCODE;
	t->fault_error = esr << 32;
	t->fault_addr = addr;
	switch (class) {
	case 0x22: /* PC alignment */
	case 0x26: /* SP alignment */ force_signal(SIGBUS, BUS_ADRALN, addr); break;
	case 0x20: /* aborts that no page table is the reason for */
	case 0x24:
		force_signal(SIGBUS, (esr & 63) == STATUS_ALIGNMENT ? BUS_ADRALN : BUS_OBJERR,
			     addr);
		break;
	case 0x2c: force_signal(SIGFPE, fpe_code(esr), regs->pc); break;
	case 0x30: /* breakpoint, single step, watchpoint of a debugger that is not there */
	case 0x32:
	case 0x34: force_signal(SIGTRAP, TRAP_TRACE, regs->pc); break;
	case 0x3c: force_signal(SIGTRAP, TRAP_BRKPT, regs->pc); break;
	default: /* undefined, or something of the machine that programs have no right to */
		force_signal(SIGILL, ILL_ILLOPC, regs->pc);
		break;
	}
}
