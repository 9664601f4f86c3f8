/* SPDX-License-Identifier: MIT */
/*
 * fs/poll.c - poll, ppoll, select and pselect: wait on several files at once.
 *
 * First round: ask each file and leave a waiter on its lists.  Sleep, ask again, until something is
 * ready, a signal comes or the time is up; then take all waiters off.
 */
#include "fs.h"
#include "../syscall.h"

#define POLL_MAX_FDS 1024

void poll_wait(struct poll_table *pt, struct wait_list *w)
{
	if (pt->waiters && pt->used < pt->max)
		wait_add(w, &pt->waiters[pt->used++]);
}

static unsigned ask(int fd, unsigned wanted, struct poll_table *pt)
{
	struct kfile *f;
	unsigned events;

	if (fd < 0)
		return 0;
	f = fget((unsigned)fd);
	if (!f)
		return POLLNVAL;
	events = f->ops->poll ? f->ops->poll(f, pt) : POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	kfile_put(f);
	return events & (wanted | POLLERR | POLLHUP);
}

static unsigned ask_all(struct linux_pollfd *fds, unsigned n, struct poll_table *pt)
{
	unsigned ready = 0;

	for (unsigned i = 0; i < n; i++) {
		fds[i].revents = (s16)ask(fds[i].fd, (unsigned)(u16)fds[i].events, pt);
		ready += fds[i].revents != 0;
	}
	return ready;
}

/* How many are ready; 0: time is up; -EINTR.  Files that are closed meanwhile by others stay until
 * we have left their lists, because a waiter's list lives in the file: each is held. */
static long poll_until(struct linux_pollfd *fds, unsigned n, u64 expires)
{
	struct poll_table pt = { .max = n * POLL_MAX_WAITERS }, none = { 0 };
	struct kfile **held;
	unsigned ready = ask_all(fds, n, &none);
	bool in_time = true;

	if (ready || expires == 0)
		return ready;
	pt.waiters = kvzalloc(pt.max * sizeof(*pt.waiters) + sizeof(*pt.waiters), GFP_KERNEL);
	held = kvzalloc((n + 1) * sizeof(*held), GFP_KERNEL);
	if (!pt.waiters || !held) {
		kvfree(pt.waiters);
		kvfree(held);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < n; i++)
		held[i] = fds[i].fd >= 0 ? fget((unsigned)fds[i].fd) : NULL;
	ready = ask_all(fds, n, &pt);
	while (!ready && in_time && !signal_pending(current)) {
		in_time = block_until(expires);
		ready = ask_all(fds, n, &none);
	}
	for (unsigned i = 0; i < pt.used; i++)
		wait_remove(&pt.waiters[i]);
	for (unsigned i = 0; i < n; i++)
		if (held[i])
			kfile_put(held[i]);
	kvfree(pt.waiters);
	kvfree(held);
	return ready ? (long)ready : in_time ? -EINTR : 0;
}

static long poll_user(struct linux_pollfd __user *ufds, unsigned n, u64 expires)
{
	struct linux_pollfd few[8], *fds = few;
	long r;

	if (n > POLL_MAX_FDS)
		return -EINVAL;
	if (n > ARRAY_SIZE(few))
		fds = kvmalloc(n * sizeof(*fds), GFP_KERNEL);
	if (!fds)
		return -ENOMEM;
	r = copy_from_user(fds, ufds, n * sizeof(*fds)) ? -EFAULT : 0;
	if (!r)
		r = poll_until(fds, n, expires);
	if (r >= 0 && copy_to_user(ufds, fds, n * sizeof(*fds)))
		r = -EFAULT;
	if (fds != few)
		kvfree(fds);
	return r;
}

/* ---- temporary signal masks ------------------------------------------------------------------ */
static int use_mask(const u64 __user *mask, size_t size)
{
	u64 set;

	if (!mask)
		return 0;
	if (size != 8)
		return -EINVAL;
	if (get_user(set, mask))
		return -EFAULT;
	set_temporary_mask(set);
	return 0;
}

/* If no signal came the old mask is put back here, else on the way out. */
static long done_with_mask(long r)
{
	if (r != -EINTR)
		drop_temporary_mask();
	return r == -EINTR ? -ERESTARTNOHAND : r;
}

long sys_poll(struct linux_pollfd __user *fds, unsigned n, int timeout_ms)
{
	u64 expires = timeout_ms < 0 ? TIME_NEVER
		      : timeout_ms   ? now_ns() + (u64)timeout_ms * 1000000
				     : 0;

	return poll_user(fds, n, expires);
}

static u64 expiry(const u64 *timeout)
{
	return !timeout ? TIME_NEVER : *timeout ? now_ns() + *timeout : 0;
}

long do_ppoll(struct linux_pollfd __user *fds, unsigned n, const u64 *timeout,
	      const u64 __user *mask, size_t size)
{
	u64 expires = expiry(timeout);
	int error = use_mask(mask, size);

	return error ? error : done_with_mask(poll_user(fds, n, expires));
}

long sys_ppoll(struct linux_pollfd __user *fds, unsigned n, const void __user *timeout,
	       const u64 __user *mask, size_t size)
{
	u64 ns;
	int error = timeout ? get_timespec(timeout, &ns) : 0;

	return error ? error : do_ppoll(fds, n, timeout ? &ns : NULL, mask, size);
}

/* ---- select ---------------------------------------------------------------------------------- */
static const unsigned set_events[3] = { POLLIN | POLLRDNORM | POLLHUP | POLLERR,
					POLLOUT | POLLWRNORM | POLLERR, POLLPRI };

/* Bytes of a set of n descriptors: it is made of words. */
static size_t set_size(unsigned n)
{
	return DIV_ROUND_UP(n, ABI_LONG_BITS) * sizeof(long);
}

static int read_sets(u64 sets[3][16], void __user *const user[3], unsigned n)
{
	for (unsigned s = 0; s < 3; s++) {
		memset(sets[s], 0, 128);
		if (user[s] && copy_from_user(sets[s], user[s], set_size(n)))
			return -EFAULT;
	}
	return 0;
}

static long select_until(unsigned n, void __user *const user[3], u64 expires)
{
	u64 sets[3][16], out[3][16] = { 0 };
	struct linux_pollfd *fds;
	unsigned count = 0;
	long r, bits = 0;

	if (n > 1024)
		return -EINVAL;
	if (read_sets(sets, user, n))
		return -EFAULT;
	fds = kvmalloc((n + 1) * sizeof(*fds), GFP_KERNEL);
	if (!fds)
		return -ENOMEM;
	for (unsigned fd = 0; fd < n; fd++) {
		unsigned events = 0;

		for (unsigned s = 0; s < 3; s++)
			if (sets[s][fd / 64] >> (fd % 64) & 1)
				events |= set_events[s];
		if (events)
			fds[count++] = (struct linux_pollfd){ (s32)fd, (s16)events, 0 };
	}
	r = poll_until(fds, count, expires);
	for (unsigned i = 0; r >= 0 && i < count; i++) {
		if (fds[i].revents & POLLNVAL)
			r = -EBADF;
		for (unsigned s = 0; s < 3; s++) {
			unsigned fd = (unsigned)fds[i].fd;

			if ((sets[s][fd / 64] >> (fd % 64) & 1) &&
			    ((unsigned)fds[i].revents & set_events[s])) {
				out[s][fd / 64] |= 1ULL << (fd % 64);
				bits++;
			}
		}
	}
	kvfree(fds);
	if (r < 0)
		return r;
	for (unsigned s = 0; s < 3; s++)
		if (user[s] && copy_to_user(user[s], out[s], set_size(n)))
			return -EFAULT;
	return bits;
}

long sys_select(int n, void __user *in, void __user *out, void __user *ex,
		struct linux_timeval __user *timeout)
{
	void __user *const user[3] = { in, out, ex };
	struct linux_timeval tv;
	u64 expires = TIME_NEVER, now, ns;
	long r;

	if (n < 0)
		return -EINVAL;
	if (timeout) {
		if (copy_from_user(&tv, timeout, sizeof(tv)))
			return -EFAULT;
		if (tv.tv_sec < 0 || tv.tv_usec < 0)
			return -EINVAL;
		ns = (u64)min((s64)tv.tv_sec, (s64)8000000000) * NSEC_PER_SEC +
		     (u64)tv.tv_usec * 1000;
		expires = ns ? now_ns() + ns : 0;
	}
	r = select_until((unsigned)n, user, expires);
	if (timeout) {
		now = now_ns();
		ns = expires > now ? expires - now : 0;
		tv = ns_to_timeval(ns);
		if (copy_to_user(timeout, &tv, sizeof(tv)))
			return -EFAULT;
	}
	return r == -EINTR ? -ERESTARTNOHAND : r;
}

long do_pselect(int n, void __user *const sets[3], const u64 *timeout,
		const unsigned long __user *mask)
{
	unsigned long arg[2] = { 0, 0 };
	u64 expires = expiry(timeout);
	int error = 0;

	if (n < 0)
		return -EINVAL;
	if (mask && copy_from_user(arg, mask, sizeof(arg)))
		error = -EFAULT;
	if (!error)
		error = use_mask((const u64 __user *)arg[0], arg[1]);
	return error ? error : done_with_mask(select_until((unsigned)n, sets, expires));
}

long sys_pselect6(int n, void __user *in, void __user *out, void __user *ex,
		  const void __user *timeout, const unsigned long __user *mask)
{
	void __user *const sets[3] = { in, out, ex };
	u64 ns;
	int error = timeout ? get_timespec(timeout, &ns) : 0;

	return error ? error : do_pselect(n, sets, timeout ? &ns : NULL, mask);
}
