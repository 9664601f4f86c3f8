/* SPDX-License-Identifier: MIT */
/*
 * arch/armv7/vdso/vdso.c - runs in user mode, in every program: clocks without a system call where programs
 * can read the counter of the generic timer, and the way back from a signal handler.
 */
#include "vdso_clock.h"

#define SYS_GETTIMEOFDAY    78
#define SYS_CLOCK_GETTIME   263
#define SYS_CLOCK_GETRES    264
#define SYS_CLOCK_GETTIME64 403

struct time32 {
	s32 sec, part; /* nanoseconds or microseconds */
};

int __vdso_clock_gettime(int which, struct time32 *ts);
int __vdso_clock_gettime64(int which, struct timespec64 *ts);
int __vdso_gettimeofday(struct time32 *tv, void *tz);
int __vdso_clock_getres(int which, struct time32 *ts);

static inline u64 vdso_ticks(void)
{
	u64 v;

	__asm__ volatile("isb\n\tmrrc p15, 1, %Q0, %R0, c14" : "=r"(v) : : "memory");
	return v;
}

static inline int syscall2(int nr, unsigned long a, unsigned long b)
{
	register unsigned long r0 __asm__("r0") = a;
	register unsigned long r1 __asm__("r1") = b;
	register int r7 __asm__("r7") = nr;

	__asm__ volatile("svc #0" : "+r"(r0) : "r"(r1), "r"(r7) : "memory");
	return (int)r0;
}

int __vdso_clock_gettime64(int which, struct timespec64 *ts)
{
	if (vvar_page.counter && read_clock(which, ts))
		return 0;
	return syscall2(SYS_CLOCK_GETTIME64, (unsigned long)which, (unsigned long)ts);
}

int __vdso_clock_gettime(int which, struct time32 *ts)
{
	struct timespec64 wide;

	if (!vvar_page.counter || !read_clock(which, &wide))
		return syscall2(SYS_CLOCK_GETTIME, (unsigned long)which, (unsigned long)ts);
	*ts = (struct time32){ (s32)wide.sec, (s32)wide.nsec };
	return 0;
}

int __vdso_gettimeofday(struct time32 *tv, void *tz)
{
	struct timespec64 wide;

	if (!vvar_page.counter)
		return syscall2(SYS_GETTIMEOFDAY, (unsigned long)tv, (unsigned long)tz);
	read_clock(CLOCK_REALTIME, &wide);
	if (tv)
		*tv = (struct time32){ (s32)wide.sec, (s32)((u32)wide.nsec / 1000) };
	if (tz)
		*(u64 *)tz = 0;
	return 0;
}

int __vdso_clock_getres(int which, struct time32 *ts)
{
	return syscall2(SYS_CLOCK_GETRES, (unsigned long)which, (unsigned long)ts);
}

/* Unwinders know each frame by these two instructions. */
__asm__(".pushsection .rt_sigreturn, \"ax\"\n\t"
	".arm\n\t"
	".globl __kernel_rt_sigreturn\n\t"
	".type __kernel_rt_sigreturn, %function\n"
	"__kernel_rt_sigreturn:\n\t"
	"mov r7, #173\n\t"
	"svc #0\n\t"
	".popsection\n\t"
	".pushsection .sigreturn, \"ax\"\n\t"
	".arm\n\t"
	".globl __kernel_sigreturn\n\t"
	".type __kernel_sigreturn, %function\n"
	"__kernel_sigreturn:\n\t"
	"mov r7, #119\n\t"
	"svc #0\n\t"
	".popsection");
