/* SPDX-License-Identifier: MIT */
/*
 * arch/regs.h - the registers of a program that mean the same on every machine.  Each arch.h says what they are called in
 * struct bare_regs, and includes this.
 *
 *   REGS_PC, REGS_SP     where it is, and its stack          REGS_RESULT    what a system call returns
 *   REGS_SYSCALL         number of the system call that they are from; negative: they are from none
 */
#ifndef KERNEL_ARCH_REGS_H
#define KERNEL_ARCH_REGS_H

#include <bare.h>

static inline unsigned long regs_pc(const struct bare_regs *r)
{
	return r->REGS_PC;
}

static inline unsigned long regs_sp(const struct bare_regs *r)
{
	return r->REGS_SP;
}

static inline void regs_set_sp(struct bare_regs *r, unsigned long sp)
{
	r->REGS_SP = sp;
}

static inline unsigned long regs_result(const struct bare_regs *r)
{
	return r->REGS_RESULT;
}

static inline void regs_set_result(struct bare_regs *r, unsigned long v)
{
	r->REGS_RESULT = v;
}

static inline long regs_syscall(const struct bare_regs *r)
{
	return (long)r->REGS_SYSCALL;
}

static inline void regs_forget_syscall(struct bare_regs *r)
{
	r->REGS_SYSCALL = (__typeof__(r->REGS_SYSCALL))-1;
}

#endif
