/* SPDX-License-Identifier: MIT */
/*
 * arch/armv7/arch.h - what of the Linux user interface, and of a program's registers, is this machine's.
 * arch/x86_64/arch.h has the same names.
 *
 * The interface is that of the ARM EABI: words of 32 bits, and a 64-bit argument in an even register and the
 * next one.
 */
#ifndef KERNEL_ARCH_H
#define KERNEL_ARCH_H

#include <bare.h>

#define ARCH_NAME         "armv7l" /* uname -m                                 */
#define ARCH_PLATFORM     "v7l"    /* AT_PLATFORM                              */
#define ARCH_ELF_MACHINE  40
#define ARCH_NR_RESTART   0 /* restart_syscall()                           */
/* Where vdso.ld puts __kernel_rt_sigreturn() and __kernel_sigreturn(). */
#define ARCH_RT_SIGRETURN 0x800
#define ARCH_SIGRETURN    0x820

#define O_DIRECTORY 040000
#define O_NOFOLLOW  0100000
#define O_TMPFILE   020040000
#define MINSIGSTKSZ 2048

/* CPSR */
#define ARM_MODE_USER 0x10u
#define ARM_THUMB     0x20u

/* What stat64() and its kin give; the first inode number is cut to 32 bits. */
struct linux_stat {
	u64 st_dev;
	u32 pad0, st_ino_low, st_mode, st_nlink, st_uid, st_gid;
	u64 st_rdev;
	u32 pad1, pad2;
	s64 st_size;
	u32 st_blksize, pad3;
	u64 st_blocks;
	u32 st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
	u64 st_ino;
};
_Static_assert(sizeof(struct linux_stat) == 104, "struct stat64");

/* All fields of every machine are filled in. */
static inline void arch_finish_stat(struct linux_stat *st)
{
	st->st_ino_low = (u32)st->st_ino;
}

/* ---- registers of a program ------------------------------------------------------------------ */
#define REGS_PC      pc
#define REGS_SP      sp
#define REGS_RESULT  r[0]
#define REGS_SYSCALL syscall
#include "../regs.h"

/* Where to go on, in the instruction set that bit 0 names; a Thumb IT block begun elsewhere is over. */
static inline void regs_set_pc(struct bare_regs *r, unsigned long pc)
{
	r->cpsr &= ~(0x0600fc00u | ARM_THUMB);
	if (pc & 1)
		r->cpsr |= ARM_THUMB;
	r->pc = pc & ~(pc & 1 ? 1ul : 3ul);
}

/* Make the call again, as number `nr`. */
static inline void regs_repeat_syscall(struct bare_regs *r, unsigned long nr)
{
	r->r[0] = r->orig_r0;
	r->r[7] = nr;
	r->pc -= r->cpsr & ARM_THUMB ? 2 : 4; /* the SVC instruction */
}

/* A program begins. */
static inline void regs_start(struct bare_regs *r, unsigned long pc, unsigned long sp)
{
	*r = (struct bare_regs){ .sp = sp, .cpsr = ARM_MODE_USER, .syscall = -1 };
	regs_set_pc(r, pc);
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
	return (unsigned long)bare_hwcap();
}

/* AT_MINSIGSTKSZ: bytes that a signal frame takes. */
static inline unsigned long arch_min_frame(void)
{
	return 896;
}

/* Whether programs can read the clock's counter. */
static inline bool arch_user_counter(void)
{
	return bare_user_counter();
}

/* What is said of a page fault: the processor says all of it. */
static inline u64 arch_fault_error(u64 error, unsigned long addr)
{
	(void)addr;
	return error;
}

#endif
