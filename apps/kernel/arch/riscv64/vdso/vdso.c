/* SPDX-License-Identifier: MIT */
/*
 * arch/riscv64/vdso/vdso.c - runs in user mode, in every program: clocks without a system call, and the way back from
 * a signal handler.
 */
#include "vdso_clock.h"

#define SYS_CLOCK_GETRES  114
#define SYS_CLOCK_GETTIME 113
#define SYS_FLUSH_ICACHE  259

int __vdso_clock_gettime(int which, struct timespec64 *ts);
int __vdso_gettimeofday(struct timespec64 *tv, void *tz);
int __vdso_clock_getres(int which, struct timespec64 *ts);
int __vdso_flush_icache(void *start, void *end, unsigned long flags);

static inline u64 vdso_ticks(void)
{
	u64 v;

	__asm__ volatile("rdtime %0" : "=r"(v) : : "memory");
	return v;
}

static inline long syscall3(long nr, long a, long b, long c)
{
	register long a7 __asm__("a7") = nr;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
	return a0;
}

int __vdso_clock_gettime(int which, struct timespec64 *ts)
{
	if (read_clock(which, ts))
		return 0;
	return (int)syscall3(SYS_CLOCK_GETTIME, which, (long)ts, 0);
}

int __vdso_gettimeofday(struct timespec64 *tv, void *tz)
{
	read_wall(tv, tz);
	return 0;
}

int __vdso_clock_getres(int which, struct timespec64 *ts)
{
	return (int)syscall3(SYS_CLOCK_GETRES, which, (long)ts, 0);
}

int __vdso_flush_icache(void *start, void *end, unsigned long flags)
{
	return (int)syscall3(SYS_FLUSH_ICACHE, (long)start, (long)end, (long)flags);
}

/* Unwinders know the frame by these two instructions. */
__asm__(".pushsection .sigreturn, \"ax\"\n\t"
	".globl __vdso_rt_sigreturn\n\t"
	".type __vdso_rt_sigreturn, %function\n"
	"__vdso_rt_sigreturn:\n\t"
	"li a7, 139\n\t"
	"ecall\n\t"
	".popsection");
