/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/vdso/vdso.c - runs in user mode, in every program: clocks without a system call, and the
 * way back from a signal handler.
 */
#include "vdso_clock.h"

#define SYS_CLOCK_GETRES  114
#define SYS_CLOCK_GETTIME 113

int __kernel_clock_gettime(int which, struct timespec64 *ts);
int __kernel_gettimeofday(struct timespec64 *tv, void *tz);
int __kernel_clock_getres(int which, struct timespec64 *ts);

static inline u64 vdso_ticks(void)
{
	u64 v;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(v) : : "memory");
	return v;
}

static inline long syscall2(long nr, long a, long b)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
	return x0;
}

int __kernel_clock_gettime(int which, struct timespec64 *ts)
{
	if (read_clock(which, ts))
		return 0;
	return (int)syscall2(SYS_CLOCK_GETTIME, which, (long)ts);
}

int __kernel_gettimeofday(struct timespec64 *tv, void *tz)
{
	read_wall(tv, tz);
	return 0;
}

int __kernel_clock_getres(int which, struct timespec64 *ts)
{
	return (int)syscall2(SYS_CLOCK_GETRES, which, (long)ts);
}

/* Unwinders know the frame by these two instructions. */
__asm__(".pushsection .sigreturn, \"ax\"\n\t"
	".globl __kernel_rt_sigreturn\n\t"
	".type __kernel_rt_sigreturn, %function\n"
	"__kernel_rt_sigreturn:\n\t"
	"mov x8, #139\n\t"
	"svc #0\n\t"
	".popsection");
