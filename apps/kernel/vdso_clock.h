/* SPDX-License-Identifier: MIT */
/*
 * vdso_clock.h - for arch/ARCH/vdso/vdso.c, which runs in user mode: clocks without a system call.
 *
 * The [vvar] page lies right before the image.  The clock never changes its rate, so no sequence
 * count is needed.
 */
#ifndef KERNEL_VDSO_CLOCK_H
#define KERNEL_VDSO_CLOCK_H

#include "vvar.h"

#define CLOCK_REALTIME 0
#define NSEC_PER_SEC   1000000000ULL

struct timespec64 {
	s64 sec, nsec;
};

extern const struct vvar vvar_page __attribute__((__visibility__("hidden")));

/* The including file has them. */
static inline u64 vdso_ticks(void);

/* The compiler's helpers for these are not here where a word has 32 bits. */
#ifdef __SIZEOF_INT128__
static inline u64 mul_shift32(u64 a, u64 b)
{
	return (u64)((unsigned __int128)a * b >> 32);
}

static inline u64 split_seconds(u64 ns, u32 *rest)
{
	*rest = (u32)(ns % NSEC_PER_SEC);
	return ns / NSEC_PER_SEC;
}

static inline s64 wall_offset(void)
{
	return READ_ONCE(vvar_page.wall_offset_ns);
}
#else
static inline u64 mul_shift32(u64 a, u64 b)
{
	u64 low = (u64)(u32)a * (u32)b;

	return (a >> 32) * b + (u64)(u32)a * (b >> 32) + (low >> 32);
}

/* By the reciprocal: 2^(32 + 29) / NSEC_PER_SEC, less what rounding and the low half of ns take away. */
static inline u64 split_seconds(u64 ns, u32 *rest)
{
	u64 sec = (u64)(u32)(ns >> 32) * 2305843009u >> 29;

	for (ns -= sec * (u32)NSEC_PER_SEC; ns >= NSEC_PER_SEC; ns -= NSEC_PER_SEC) {
		sec++;
		__asm__("" : "+r"(ns)); /* or the compiler makes a division of it */
	}
	*rest = (u32)ns;
	return sec;
}

/* Two words: read until nobody has changed them in between. */
static inline s64 wall_offset(void)
{
	s64 a, b;

	do {
		a = READ_ONCE(vvar_page.wall_offset_ns);
		b = READ_ONCE(vvar_page.wall_offset_ns);
	} while (a != b);
	return a;
}
#endif

static inline u64 monotonic_ns(void)
{
	return mul_shift32(vdso_ticks() - vvar_page.base, vvar_page.mult);
}

static inline u64 wall_ns(void)
{
	return monotonic_ns() + (u64)wall_offset();
}

/* False: only the kernel knows that clock. */
static inline bool read_clock(int which, struct timespec64 *ts)
{
	u64 ns;
	u32 rest;

	/* 1 MONOTONIC, 4 MONOTONIC_RAW, 6 MONOTONIC_COARSE, 7 BOOTTIME */
	if (likely((unsigned)which < 8 && (0xd2 >> which & 1)))
		ns = monotonic_ns();
	else if (which == CLOCK_REALTIME || which == 5)
		ns = wall_ns();
	else
		return false;
	ts->sec = (s64)split_seconds(ns, &rest);
	ts->nsec = rest;
	return true;
}

static inline void read_wall(struct timespec64 *tv, void *tz)
{
	u64 ns = wall_ns();

	if (tv) {
		tv->sec = (s64)(ns / NSEC_PER_SEC);
		tv->nsec = (s64)(ns % NSEC_PER_SEC / 1000);
	}
	if (tz)
		*(u64 *)tz = 0;
}

#endif
