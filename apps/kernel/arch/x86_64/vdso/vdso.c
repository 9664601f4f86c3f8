/* SPDX-License-Identifier: MIT */
/* arch/x86_64/vdso/vdso.c - clocks without a system call: runs in user mode, in every program. */
#include "vdso_clock.h"

#define SYS_CLOCK_GETTIME 228
#define SYS_GETCPU        309

int __vdso_clock_gettime(int which, struct timespec64 *ts);
int __vdso_gettimeofday(struct timespec64 *tv, void *tz);
s64 __vdso_time(s64 *at);
long __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);

static inline u64 vdso_ticks(void)
{
	u32 lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (u64)hi << 32 | lo;
}

static inline long syscall2(long nr, long a, long b)
{
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return r;
}

int __vdso_clock_gettime(int which, struct timespec64 *ts)
{
	if (read_clock(which, ts))
		return 0;
	return (int)syscall2(SYS_CLOCK_GETTIME, which, (long)ts);
}

int __vdso_gettimeofday(struct timespec64 *tv, void *tz)
{
	read_wall(tv, tz);
	return 0;
}

s64 __vdso_time(s64 *at)
{
	s64 now = (s64)(wall_ns() / NSEC_PER_SEC);

	if (at)
		*at = now;
	return now;
}

long __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
	(void)unused;
	return syscall2(SYS_GETCPU, (long)cpu, (long)node);
}

int clock_gettime(int which, struct timespec64 *ts)
	__attribute__((__weak__, __alias__("__vdso_clock_gettime")));
int gettimeofday(struct timespec64 *tv, void *tz)
	__attribute__((__weak__, __alias__("__vdso_gettimeofday")));
s64 time(s64 *at) __attribute__((__weak__, __alias__("__vdso_time")));
long getcpu(unsigned *cpu, unsigned *node, void *unused)
	__attribute__((__weak__, __alias__("__vdso_getcpu")));
