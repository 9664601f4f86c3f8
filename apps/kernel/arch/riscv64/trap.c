/* SPDX-License-Identifier: MIT */
/*
 * arch/riscv64/trap.c - the exceptions of programs, but for page faults: which signal each one is.
 */
#include "kernel.h"

#define ILL_ILLOPC 1
#define BUS_OBJERR 3

void trap_user(struct bare_regs *regs, unsigned cause, unsigned long value)
{
	struct task *t = current;

	t->fault_trapno = TRAP_OPCODE;
	t->fault_error = (u64)cause << 32;
	t->fault_addr = value;
	switch (cause) {
	case 0: /* misaligned: code, load, store */
	case 4:
	case 6: force_signal(SIGBUS, BUS_ADRALN, value); break;
	case 1: /* access faults: nothing answers there */
	case 5:
	case 7: force_signal(SIGBUS, BUS_OBJERR, value); break;
	case 3: force_signal(SIGTRAP, TRAP_BRKPT, regs->pc); break;
	default: /* not an instruction, or one that programs have no right to */
		force_signal(SIGILL, ILL_ILLOPC, regs->pc);
		break;
	}
}
