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

static inline u64 monotonic_ns(void)
{
	return (u64)((unsigned __int128)(vdso_ticks() - vvar_page.base) * vvar_page.mult >> 32);
}

static inline u64 wall_ns(void)
{
	return monotonic_ns() + (u64)READ_ONCE(vvar_page.wall_offset_ns);
}

/* False: only the kernel knows that clock. */
static inline bool read_clock(int which, struct timespec64 *ts)
{
	u64 ns;

	/* 1 MONOTONIC, 4 MONOTONIC_RAW, 6 MONOTONIC_COARSE, 7 BOOTTIME */
	if (likely((unsigned)which < 8 && (0xd2 >> which & 1)))
		ns = monotonic_ns();
	else if (which == CLOCK_REALTIME || which == 5)
		ns = wall_ns();
	else
		return false;
	ts->sec = (s64)(ns / NSEC_PER_SEC);
	ts->nsec = (s64)(ns % NSEC_PER_SEC);
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
