/* SPDX-License-Identifier: MIT */
/*
 * arch/armv7/trap.c - the exceptions of programs, but for page faults: which signal each one is.
 */
#include "kernel.h"

#define ILL_ILLOPC 1
#define BUS_OBJERR 3

/* Fault status of an abort, of the short-descriptor format: five bits of the register. */
#define FSR_STATUS(fsr)  (((fsr)&15) | ((fsr) >> 6 & 16))
#define STATUS_ALIGNMENT 1
#define STATUS_DEBUG     2

/* What debuggers write over an instruction; the processor itself has no opinion of it. */
#define BREAK_ARM     0xe7f001f0u
#define BREAK_THUMB   0xde01u
#define BREAK_THUMB_W 0xa000f7f0u /* two halves, as they lie in memory */

static bool is_breakpoint(const struct bare_regs *regs)
{
	u32 word;
	u16 half;

	if (!(regs->cpsr & ARM_THUMB))
		return !get_user(word, (const u32 __user *)regs->pc) && word == BREAK_ARM;
	if (!get_user(half, (const u16 __user *)regs->pc) && half == BREAK_THUMB)
		return true;
	return !copy_from_user(&word, (const void __user *)regs->pc, sizeof(word)) &&
	       word == BREAK_THUMB_W;
}

void trap_user(struct bare_regs *regs, unsigned kind, u32 fsr, unsigned long addr)
{
	struct task *t = current;
	unsigned status = FSR_STATUS(fsr);

	t->fault_trapno = TRAP_OPCODE;
	t->fault_error = (u64)fsr << 32;
	t->fault_addr = addr;
	if (kind == BARE_TRAP_UNDEFINED) {
		if (is_breakpoint(regs))
			force_signal(SIGTRAP, TRAP_BRKPT, regs->pc);
		else
			force_signal(SIGILL, ILL_ILLOPC, regs->pc);
	} else if (status == STATUS_DEBUG) {
		force_signal(SIGTRAP, TRAP_BRKPT, regs->pc);
	} else { /* aborts that no page table is the reason for */
		force_signal(SIGBUS, status == STATUS_ALIGNMENT ? BUS_ADRALN : BUS_OBJERR, addr);
	}
}
