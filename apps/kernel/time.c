/* SPDX-License-Identifier: MIT */
/*
 * time.c - timers, the tick, and the system calls about time.
 *
 *   one-shot APIC timer -> trap_timer() -> timers that are due, tick every 10 ms -> arm again
 *
 * Lock: timer_lock, interrupts off, guards the list of timers; their functions run without it.
 */
#include "kernel.h"
#include "syscall.h"
#include <quire/init.h>
#include <quire/percpu.h>

#define TICK_NS (NSEC_PER_SEC / USER_HZ)

static spinlock_t timer_lock;
static struct list_head timers; /* armed, soonest first */
static u64 next_tick, armed_for;
s64 wall_offset_ns;

void timer_setup(struct ktimer *t, void (*fn)(struct ktimer *t))
{
	INIT_LIST_HEAD(&t->link);
	t->fn = fn;
}

static void arm_hardware(u64 when)
{
	u64 now = now_ns();

	armed_for = when;
	bare_timer_arm(when > now ? when - now : 1);
}

void timer_arm(struct ktimer *t, u64 expires)
{
	unsigned long flags;
	struct list_head *at;

	spin_lock_irqsave(&timer_lock, flags);
	list_del_init(&t->link);
	t->expires = expires;
	for (at = timers.prev; at != &timers; at = at->prev)
		if (list_entry(at, struct ktimer, link)->expires <= expires)
			break;
	list_add(&t->link, at);
	if (expires < armed_for)
		arm_hardware(expires);
	spin_unlock_irqrestore(&timer_lock, flags);
}

/* Whether it was still armed. */
bool timer_cancel(struct ktimer *t)
{
	unsigned long flags;
	bool was;

	spin_lock_irqsave(&timer_lock, flags);
	was = !list_empty(&t->link);
	list_del_init(&t->link);
	spin_unlock_irqrestore(&timer_lock, flags);
	return was;
}

static void run_due(u64 now)
{
	unsigned long flags;

	for (;;) {
		struct ktimer *t = NULL;

		spin_lock_irqsave(&timer_lock, flags);
		if (!list_empty(&timers)) {
			t = list_first_entry(&timers, struct ktimer, link);
			if (t->expires > now)
				t = NULL;
			else
				list_del_init(&t->link);
		}
		spin_unlock_irqrestore(&timer_lock, flags);
		if (!t)
			return;
		t->fn(t);
	}
}

void trap_timer(struct bare_regs *regs)
{
	u64 now = now_ns(), next;
	unsigned long flags;

	quire_irq_enter();
	run_due(now);
	if (now >= next_tick) {
		sched_tick(bare_user_mode(regs));
		tty_poll_input();
		compactd_tick();
		next_tick += TICK_NS;
		if (next_tick <= now)
			next_tick = now + TICK_NS;
	}
	spin_lock_irqsave(&timer_lock, flags);
	next = next_tick;
	if (!list_empty(&timers))
		next = min(next, list_first_entry(&timers, struct ktimer, link)->expires);
	arm_hardware(next);
	spin_unlock_irqrestore(&timer_lock, flags);
	quire_irq_exit();
}

/* After bare_interrupts_init(). */
void __init time_init(void)
{
	spin_lock_init(&timer_lock, "timer_lock", LOCK_RANK_KERNEL_TIMER);
	INIT_LIST_HEAD(&timers);
	wall_offset_ns = bare_rtc_read() * NSEC_PER_SEC - (s64)now_ns();
	next_tick = now_ns() + TICK_NS;
	arm_hardware(next_tick);
}

bool block_until(u64 expires)
{
	struct task *t = current;

	if (expires == TIME_NEVER) {
		port_block();
		return true;
	}
	if (now_ns() >= expires)
		return false;
	timer_arm(&t->sleep_timer, expires);
	port_block();
	timer_cancel(&t->sleep_timer);
	return now_ns() < expires;
}

/* ---- conversions ----------------------------------------------------------------------------- */
int timespec_to_ns(const struct linux_timespec *ts, u64 *ns)
{
	if (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	if (ts->tv_sec >= 9000000000LL)
		*ns = 9000000000ULL * NSEC_PER_SEC;
	else
		*ns = (u64)ts->tv_sec * NSEC_PER_SEC + (u64)ts->tv_nsec;
	return 0;
}

/* Nanoseconds are a word of the machine and padding. */
int read_timespec(const void __user *at, struct linux_timespec *ts)
{
	if (copy_from_user(ts, at, sizeof(*ts)))
		return -EFAULT;
	ts->tv_nsec = (long)ts->tv_nsec;
	return 0;
}

int get_timespec(const void __user *at, u64 *ns)
{
	struct linux_timespec ts;
	int error = read_timespec(at, &ts);

	return error ? error : timespec_to_ns(&ts, ns);
}

int put_timespec(void __user *at, u64 ns)
{
	struct linux_timespec ts = { (s64)(ns / NSEC_PER_SEC), (s64)(ns % NSEC_PER_SEC) };

	return copy_to_user(at, &ts, sizeof(ts)) ? -EFAULT : 0;
}

struct linux_timeval ns_to_timeval(u64 ns)
{
	return (struct linux_timeval){ (long)(ns / NSEC_PER_SEC),
				       (long)(ns % NSEC_PER_SEC / 1000) };
}

static u64 process_cpu_ns(struct process *p)
{
	unsigned long flags;
	struct task *t;
	u64 sum;

	spin_lock_irqsave(&task_lock, flags);
	sum = p->utime + p->stime;
	list_for_each_entry(t, &p->tasks, thread_link)
		sum += t->utime + t->stime;
	spin_unlock_irqrestore(&task_lock, flags);
	return sum;
}

int read_clock(int which, u64 *ns)
{
	switch (which) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE: *ns = (u64)wall_ns(); return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME: *ns = now_ns(); return 0;
	case CLOCK_PROCESS_CPUTIME_ID: *ns = process_cpu_ns(current->proc); return 0;
	case CLOCK_THREAD_CPUTIME_ID: *ns = current->utime + current->stime; return 0;
	default: return -EINVAL;
	}
}

/* ---- system calls ---------------------------------------------------------------------------- */
long sys_clock_gettime(int which, void __user *ts)
{
	u64 ns;
	int error = read_clock(which, &ns);

	return error ? error : put_timespec(ts, ns);
}

int clock_resolution(int which, u64 *ns)
{
	int error = read_clock(which, ns);

	if (!error)
		*ns = which == CLOCK_PROCESS_CPUTIME_ID || which == CLOCK_THREAD_CPUTIME_ID
			      ? TICK_NS
			      : 1;
	return error;
}

long sys_clock_getres(int which, void __user *ts)
{
	u64 ns;
	int error = clock_resolution(which, &ns);

	return error || !ts ? error : put_timespec(ts, ns);
}

static void set_wall(u64 ns)
{
	wall_offset_ns = (s64)ns - (s64)now_ns();
	vdso_update_wall();
}

int set_clock(int which, u64 ns)
{
	if (which != CLOCK_REALTIME)
		return -EINVAL;
	set_wall(ns);
	return 0;
}

long sys_clock_settime(int which, const void __user *ts)
{
	u64 ns;
	int error = get_timespec(ts, &ns);

	return error ? error : set_clock(which, ns);
}

long sys_gettimeofday(struct linux_timeval __user *tv, u64 __user *tz)
{
	struct linux_timeval v = ns_to_timeval((u64)wall_ns());

	if (tv && copy_to_user(tv, &v, sizeof(v)))
		return -EFAULT;
	return tz && put_user(0, tz) ? -EFAULT : 0;
}

long sys_settimeofday(const struct linux_timeval __user *tv, const void __user *tz)
{
	struct linux_timeval v;

	(void)tz;
	if (!tv)
		return 0;
	if (copy_from_user(&v, tv, sizeof(v)))
		return -EFAULT;
	if (v.tv_sec < 0 || v.tv_usec < 0 || v.tv_usec >= 1000000)
		return -EINVAL;
	set_wall((u64)v.tv_sec * NSEC_PER_SEC + (u64)v.tv_usec * 1000);
	return 0;
}

long sys_time(long __user *at)
{
	long now = (long)(wall_ns() / NSEC_PER_SEC);

	if (at && put_user(now, at))
		return -EFAULT;
	return now;
}

/* Until `expires` or a signal; 0, or the time left in *left. */
static int sleep_until(u64 expires, u64 *left)
{
	u64 now;

	while (block_until(expires))
		if (signal_pending(current))
			break;
	now = now_ns();
	if (now >= expires)
		return 0;
	*left = expires - now;
	return -EINTR;
}

static long nanosleep_until(u64 expires, void __user *rem, put_time_fn put)
{
	u64 left;

	if (!sleep_until(expires, &left))
		return 0;
	if (rem && put(rem, left))
		return -EFAULT;
	current->restart_expires = expires;
	current->restart_rmtp = (unsigned long)rem;
	current->restart_put = put;
	return -ERESTART_BLOCK;
}

long sys_restart_syscall(void)
{
	struct task *t = current;

	return nanosleep_until(t->restart_expires, (void __user *)t->restart_rmtp, t->restart_put);
}

long sys_nanosleep(const void __user *req, void __user *rem)
{
	u64 ns;
	int error = get_timespec(req, &ns);

	return error ? error : nanosleep_until(now_ns() + ns, rem, put_timespec);
}

long sys_clock_nanosleep(int which, int flags, const void __user *req, void __user *rem)
{
	u64 ns;
	int error = get_timespec(req, &ns);

	return error ? error : clock_sleep(which, flags, ns, rem, put_timespec);
}

long clock_sleep(int which, int flags, u64 ns, void __user *rem, put_time_fn put)
{
	u64 left;

	if (which != CLOCK_REALTIME && which != CLOCK_MONOTONIC && which != CLOCK_BOOTTIME)
		return -EINVAL;
	if (!(flags & TIMER_ABSTIME))
		return nanosleep_until(now_ns() + ns, rem, put);
	if (which == CLOCK_REALTIME)
		ns = (s64)ns > wall_offset_ns ? ns - (u64)wall_offset_ns : 0;
	return sleep_until(ns, &left) ? -ERESTARTNOHAND : 0;
}

/* ITIMER_REAL went off. */
void real_timer_fn(struct ktimer *t)
{
	struct process *p = container_of(t, struct process, real_timer);
	struct linux_siginfo info = { .si_signo = SIGALRM, .si_code = SI_KERNEL };
	unsigned long flags;

	spin_lock_irqsave(&task_lock, flags);
	send_signal_locked(SIGALRM, &info, p, NULL);
	spin_unlock_irqrestore(&task_lock, flags);
	if (p->real_interval)
		timer_arm(t, max(t->expires + p->real_interval, now_ns() + 1000));
}

static u64 real_timer_left(struct process *p)
{
	u64 now = now_ns();

	if (list_empty(&p->real_timer.link))
		return 0;
	return p->real_timer.expires > now ? p->real_timer.expires - now : 1;
}

static void set_real_timer(struct process *p, u64 value, u64 interval)
{
	timer_cancel(&p->real_timer);
	p->real_interval = interval;
	if (value)
		timer_arm(&p->real_timer, now_ns() + value);
}

long sys_alarm(unsigned seconds)
{
	struct process *p = current->proc;
	u64 left = real_timer_left(p);

	set_real_timer(p, seconds * (u64)NSEC_PER_SEC, 0);
	return (long)((left + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
}

static bool from_timeval(const struct linux_timeval *tv, u64 *ns)
{
	if (tv->tv_sec < 0 || (s64)tv->tv_sec > 9000000000LL || tv->tv_usec < 0 ||
	    tv->tv_usec >= 1000000)
		return false;
	*ns = (u64)tv->tv_sec * NSEC_PER_SEC + (u64)tv->tv_usec * 1000;
	return true;
}

long sys_getitimer(int which, struct linux_itimerval __user *out)
{
	struct process *p = current->proc;
	struct linux_itimerval v = { 0 };

	if (which != 0)
		return which == 1 || which == 2 ? -ENOSYS : -EINVAL;
	v.it_value = ns_to_timeval(real_timer_left(p));
	v.it_interval = ns_to_timeval(p->real_interval);
	return copy_to_user(out, &v, sizeof(v)) ? -EFAULT : 0;
}

long sys_setitimer(int which, const struct linux_itimerval __user *in,
		   struct linux_itimerval __user *out)
{
	struct linux_itimerval v = { 0 };
	u64 value, interval;
	long error = 0;

	if (in && copy_from_user(&v, in, sizeof(v)))
		return -EFAULT;
	if (!from_timeval(&v.it_value, &value) || !from_timeval(&v.it_interval, &interval))
		return -EINVAL;
	if (which != 0)
		return which == 1 || which == 2 ? -ENOSYS : -EINVAL;
	if (out)
		error = sys_getitimer(which, out);
	if (!error)
		set_real_timer(current->proc, value, interval);
	return error;
}
