/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/arch.h - what of the Linux user interface, and of a program's registers, is this machine's.
 * arch/aarch64/arch.h has the same names.
 */
#ifndef KERNEL_ARCH_H
#define KERNEL_ARCH_H

#include <bare.h>

#define ARCH_NAME        "x86_64"  /* uname -m                                */
#define ARCH_PLATFORM    ARCH_NAME /* AT_PLATFORM */
#define ARCH_ELF_MACHINE 62
#define ARCH_NR_RESTART  219 /* restart_syscall()                              */

#define O_DIRECTORY 0200000
#define O_NOFOLLOW  0400000
#define O_TMPFILE   020200000
#define MINSIGSTKSZ 2048

struct linux_stat {
	u64 st_dev, st_ino, st_nlink;
	u32 st_mode, st_uid, st_gid, pad0;
	u64 st_rdev;
	s64 st_size, st_blksize, st_blocks;
	u64 st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
	s64 unused[3];
};
_Static_assert(sizeof(struct linux_stat) == 144, "struct stat");

/* All fields of every machine are filled in. */
static inline void arch_finish_stat(struct linux_stat *st)
{
	(void)st;
}

/* ---- registers of a program ------------------------------------------------------------------ */
#define REGS_PC      rip
#define REGS_SP      rsp
#define REGS_RESULT  rax
#define REGS_SYSCALL orig_rax
#include "../regs.h"

/* Make the call again, as number `nr`. */
static inline void regs_repeat_syscall(struct bare_regs *r, unsigned long nr)
{
	r->rax = nr;
	r->rip -= 2; /* the SYSCALL instruction */
}

/* A program begins. */
static inline void regs_start(struct bare_regs *r, unsigned long pc, unsigned long sp)
{
	*r = (struct bare_regs){
		.rip = pc,
		.rsp = sp,
		.cs = BARE_USER_CS,
		.ss = BARE_USER_DS,
		.eflags = 0x202,
		.orig_rax = (u64)-1,
	};
	bare_set_fsbase(0);
	bare_set_gsbase(0);
}

/* A child goes on with its parent's thread-local storage, or with its own. */
static inline void thread_copy_tls(struct bare_thread *child, bool own, unsigned long tls)
{
	child->fsbase = own ? tls : bare_get_fsbase();
	child->gsbase = bare_get_gsbase();
}

/* AT_HWCAP: CPUID.1.EDX of a plain x86-64 processor. */
static inline unsigned long arch_hwcap(void)
{
	return 0x078bfbfd;
}

/* AT_MINSIGSTKSZ: bytes that a signal frame takes. */
static inline unsigned long arch_min_frame(void)
{
	return 1536 + bare_fpu_frame_size();
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
