/* SPDX-License-Identifier: MIT */
/*
 * vdso/vdso.c - clocks without a system call: runs in user mode, in every program.
 *
 * The [vvar] page lies right before the image.  The clock never changes its rate, so no sequence
 * count is needed.
 */
#include "vvar.h"

#define CLOCK_REALTIME    0
#define CLOCK_MONOTONIC   1
#define NSEC_PER_SEC      1000000000ULL
#define SYS_CLOCK_GETTIME 228
#define SYS_GETCPU        309

struct timespec64 {
	s64 sec, nsec;
};

extern const struct vvar vvar_page __attribute__((__visibility__("hidden")));

int __vdso_clock_gettime(int which, struct timespec64 *ts);
int __vdso_gettimeofday(struct timespec64 *tv, void *tz);
s64 __vdso_time(s64 *at);
long __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);

static inline u64 monotonic_ns(void)
{
	u32 lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (u64)((unsigned __int128)(((u64)hi << 32 | lo) - vvar_page.base) * vvar_page.mult >>
		     32);
}

static inline u64 wall_ns(void)
{
	return monotonic_ns() + (u64)READ_ONCE(vvar_page.wall_offset_ns);
}

static inline long syscall2(long nr, long a, long b)
{
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return r;
}

int __vdso_clock_gettime(int which, struct timespec64 *ts)
{
	u64 ns;

	/* 1 MONOTONIC, 4 MONOTONIC_RAW, 6 MONOTONIC_COARSE, 7 BOOTTIME */
	if (likely((unsigned)which < 8 && (0xd2 >> which & 1)))
		ns = monotonic_ns();
	else if (which == CLOCK_REALTIME || which == 5)
		ns = wall_ns();
	else
		return (int)syscall2(SYS_CLOCK_GETTIME, which, (long)ts);
	ts->sec = (s64)(ns / NSEC_PER_SEC);
	ts->nsec = (s64)(ns % NSEC_PER_SEC);
	return 0;
}

int __vdso_gettimeofday(struct timespec64 *tv, void *tz)
{
	u64 ns = wall_ns();

	if (tv) {
		tv->sec = (s64)(ns / NSEC_PER_SEC);
		tv->nsec = (s64)(ns % NSEC_PER_SEC / 1000);
	}
	if (tz)
		*(u64 *)tz = 0;
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
