/* SPDX-License-Identifier: MIT */
/*
 * arch/armv7/time32.c - the calls whose times have 32 bits, from before there were those ending in _time64.
 *
 * Only how a time stands in the program's memory differs: each reads it, and leads to what the newer call
 * leads to.  Seconds that do not fit are cut, as they were in 1970's 68 years.
 */
#include "arch_calls.h"

struct timespec32 {
	s32 sec, nsec;
};

static int read_timespec32(const void __user *at, struct linux_timespec *ts)
{
	struct timespec32 t;

	if (copy_from_user(&t, at, sizeof(t)))
		return -EFAULT;
	*ts = (struct linux_timespec){ t.sec, t.nsec };
	return 0;
}

static int get_timespec32(const void __user *at, u64 *ns)
{
	struct linux_timespec ts;
	int error = read_timespec32(at, &ts);

	return error ? error : timespec_to_ns(&ts, ns);
}

static int put_timespec32(void __user *at, u64 ns)
{
	struct timespec32 t = { (s32)(ns / NSEC_PER_SEC), (s32)(ns % NSEC_PER_SEC) };

	return copy_to_user(at, &t, sizeof(t)) ? -EFAULT : 0;
}

/* ---- clocks and sleep ------------------------------------------------------------------------ */
long sys_clock_gettime_time32(int which, void __user *ts)
{
	u64 ns;
	int error = read_clock(which, &ns);

	return error ? error : put_timespec32(ts, ns);
}

long sys_clock_getres_time32(int which, void __user *ts)
{
	u64 ns;
	int error = clock_resolution(which, &ns);

	return error || !ts ? error : put_timespec32(ts, ns);
}

long sys_clock_settime_time32(int which, const void __user *ts)
{
	u64 ns;
	int error = get_timespec32(ts, &ns);

	return error ? error : set_clock(which, ns);
}

long sys_nanosleep_time32(const void __user *req, void __user *rem)
{
	return sys_clock_nanosleep_time32(CLOCK_MONOTONIC, 0, req, rem);
}

long sys_clock_nanosleep_time32(int which, int flags, const void __user *req, void __user *rem)
{
	u64 ns;
	int error = get_timespec32(req, &ns);

	return error ? error : clock_sleep(which, flags, ns, rem, put_timespec32);
}

/* ---- waiting for something, but not for ever ------------------------------------------------- */
long sys_ppoll_time32(struct linux_pollfd __user *fds, unsigned n, const void __user *timeout,
		      const u64 __user *mask, size_t size)
{
	u64 ns;
	int error = timeout ? get_timespec32(timeout, &ns) : 0;

	return error ? error : do_ppoll(fds, n, timeout ? &ns : NULL, mask, size);
}

long sys_pselect6_time32(int n, void __user *in, void __user *out, void __user *ex,
			 const void __user *timeout, const unsigned long __user *mask)
{
	void __user *const sets[3] = { in, out, ex };
	u64 ns;
	int error = timeout ? get_timespec32(timeout, &ns) : 0;

	return error ? error : do_pselect(n, sets, timeout ? &ns : NULL, mask);
}

long sys_rt_sigtimedwait_time32(const u64 __user *set, struct linux_siginfo __user *out,
				const void __user *timeout, size_t size)
{
	u64 ns;
	int error = timeout ? get_timespec32(timeout, &ns) : 0;

	return error ? error : do_sigtimedwait(set, out, timeout ? &ns : NULL, size);
}

long sys_futex_time32(u32 __user *at, int op, u32 val, unsigned long timeout, u32 __user *at2,
		      u32 val3)
{
	bool timed = timeout && futex_has_timeout(op);
	u64 ns;
	int error = timed ? get_timespec32((const void __user *)timeout, &ns) : 0;

	return error ? error : do_futex(at, op, val, timed ? &ns : NULL, (u32)timeout, at2, val3);
}

/* ---- files ----------------------------------------------------------------------------------- */
long sys_utimensat_time32(int dfd, const char __user *path, const void __user *times,
			  unsigned flags)
{
	const struct timespec32 __user *at = times;
	struct linux_timespec ts[2];

	if (at && (read_timespec32(&at[0], &ts[0]) || read_timespec32(&at[1], &ts[1])))
		return -EFAULT;
	return do_utimens(dfd, path, at ? ts : NULL, flags);
}
