/* SPDX-License-Identifier: MIT */
/*
 * arch/riscv64/arch.h - what of the Linux user interface, and of a program's registers, is this machine's.
 * arch/x86_64/arch.h has the same names.
 */
#ifndef KERNEL_ARCH_H
#define KERNEL_ARCH_H

#include <bare.h>
#include "newer/arch_newer.h"

#define ARCH_NAME        "riscv64" /* uname -m                                */
#define ARCH_PLATFORM    ARCH_NAME /* AT_PLATFORM                             */
#define ARCH_ELF_MACHINE 243
#define ARCH_SIGRETURN   0x800 /* where vdso.ld puts __vdso_rt_sigreturn()    */

#define O_DIRECTORY 0200000
#define O_NOFOLLOW  0400000
#define O_TMPFILE   020200000
#define MINSIGSTKSZ 2048

#define ARCH_CALLS                                                                                 \
	CALL(134, sys_riscv_sigaction), CALL(258, sys_riscv_hwprobe),                              \
		CALL(259, sys_riscv_flush_icache),
/* calls.c */
struct riscv_sigaction;
struct riscv_hwprobe;
long sys_riscv_sigaction(int sig, const struct riscv_sigaction __user *in,
			 struct riscv_sigaction __user *out, size_t size);
long sys_riscv_hwprobe(struct riscv_hwprobe __user *pairs, size_t nr, size_t set_size,
		       const unsigned long __user *cpus, unsigned flags);
long sys_riscv_flush_icache(unsigned long start, unsigned long end, unsigned long flags);

/* ---- registers of a program ------------------------------------------------------------------ */
#define REGS_PC      pc
#define REGS_SP      sp
#define REGS_RESULT  a[0]
#define REGS_SYSCALL syscall
#include "../regs.h"

/* Make the call again, as number `nr`. */
static inline void regs_repeat_syscall(struct bare_regs *r, unsigned long nr)
{
	r->a[0] = r->orig_a0;
	r->a[7] = nr;
	r->pc -= 4; /* the ECALL instruction */
}

/* A program begins. */
static inline void regs_start(struct bare_regs *r, unsigned long pc, unsigned long sp)
{
	u64 fpu = r->status & BARE_STATUS_FS;

	*r = (struct bare_regs){
		.pc = pc, .sp = sp, .status = BARE_STATUS_SPIE | fpu, .syscall = -1
	};
}

/* A child goes on with its parent's thread-local storage, which its registers have, or with its own. */
static inline void thread_copy_tls(struct bare_thread *child, bool own, unsigned long tls)
{
	if (own)
		bare_thread_regs(child)->tp = tls;
}

/* AT_HWCAP */
static inline unsigned long arch_hwcap(void)
{
	return bare_hwcap();
}

/* AT_MINSIGSTKSZ: bytes that a signal frame takes. */
static inline unsigned long arch_min_frame(void)
{
	return 1088;
}

/* What is said of a page fault: the processor does not say whether there is a page. */
static inline u64 arch_fault_error(u64 error, unsigned long addr)
{
	return error | (bare_entry_at(addr) ? BARE_FAULT_PRESENT : 0);
}

/* Whether programs can read the clock's counter. */
static inline bool arch_user_counter(void)
{
	return true;
}

#endif
