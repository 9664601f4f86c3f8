/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/arch.h - what of the Linux user interface, and of a program's registers, is this machine's.
 * arch/x86_64/arch.h has the same names.
 */
#ifndef KERNEL_ARCH_H
#define KERNEL_ARCH_H

#include <bare.h>
#include "newer/arch_newer.h"

#define ARCH_NAME        "aarch64" /* uname -m                                */
#define ARCH_PLATFORM    ARCH_NAME /* AT_PLATFORM */
#define ARCH_ELF_MACHINE 183
#define ARCH_SIGRETURN   0x800 /* where vdso.ld puts __kernel_rt_sigreturn()  */

#define O_DIRECTORY 040000
#define O_NOFOLLOW  0100000
#define O_TMPFILE   020040000
#define MINSIGSTKSZ 5120

#define ARCH_CALLS                                                                                 \
	CALL(38, sys_renameat), CALL(134, sys_rt_sigaction), CALL(163, sys_getrlimit),             \
		CALL(164, sys_setrlimit),

/* ---- registers of a program ------------------------------------------------------------------ */
#define REGS_PC      pc
#define REGS_SP      sp
#define REGS_RESULT  x[0]
#define REGS_SYSCALL syscall
#include "../regs.h"

/* Make the call again, as number `nr`. */
static inline void regs_repeat_syscall(struct bare_regs *r, unsigned long nr)
{
	r->x[0] = r->orig_x0;
	r->x[8] = nr;
	r->pc -= 4; /* the SVC instruction */
}

/* A program begins. */
static inline void regs_start(struct bare_regs *r, unsigned long pc, unsigned long sp)
{
	*r = (struct bare_regs){ .pc = pc, .sp = sp, .syscall = -1 };
	bare_set_tls(0);
}

/* A child goes on with its parent's thread-local storage, or with its own. */
static inline void thread_copy_tls(struct bare_thread *child, bool own, unsigned long tls)
{
	child->tls = own ? tls : bare_get_tls();
}

/* AT_HWCAP */
static inline unsigned long arch_hwcap(void)
{
	return bare_hwcap();
}

/* AT_MINSIGSTKSZ: bytes that a signal frame takes. */
static inline unsigned long arch_min_frame(void)
{
	return 4720;
}

/* What is said of a page fault: the processor says all of it. */
static inline u64 arch_fault_error(u64 error, unsigned long addr)
{
	(void)addr;
	return error;
}

/* Whether programs can read the clock's counter. */
static inline bool arch_user_counter(void)
{
	return true;
}

#endif
