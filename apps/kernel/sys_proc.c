/* SPDX-License-Identifier: MIT */
/*
 * sys_proc.c - system calls about processes and the machine: ids, groups, limits, usage, names,
 * randomness.
 */
#include "fs/fs.h"
#include "syscall.h"
#include <quire/mmzone.h>
#include <quire/vmstat.h>

/* ---- ids ------------------------------------------------------------------------------------- */
long sys_getpid(void)
{
	return current->proc->pid;
}

long sys_gettid(void)
{
	return current->tid;
}

long sys_getppid(void)
{
	return READ_ONCE(current->proc->ppid);
}

long sys_getuid(void)
{
	return current->proc->uid;
}

long sys_geteuid(void)
{
	return current->proc->euid;
}

long sys_getgid(void)
{
	return current->proc->gid;
}

long sys_getegid(void)
{
	return current->proc->egid;
}

static bool one_of(u32 id, u32 a, u32 b, u32 c)
{
	return id == ~0u || id == a || id == b || id == c;
}

long sys_setresuid(u32 r, u32 e, u32 s)
{
	struct process *p = current->proc;

	if (p->euid &&
	    (!one_of(r, p->uid, p->euid, p->suid) || !one_of(e, p->uid, p->euid, p->suid) ||
	     !one_of(s, p->uid, p->euid, p->suid)))
		return -EPERM;
	p->uid = r == ~0u ? p->uid : r;
	p->euid = e == ~0u ? p->euid : e;
	p->suid = s == ~0u ? p->suid : s;
	return 0;
}

long sys_setresgid(u32 r, u32 e, u32 s)
{
	struct process *p = current->proc;

	if (p->euid &&
	    (!one_of(r, p->gid, p->egid, p->sgid) || !one_of(e, p->gid, p->egid, p->sgid) ||
	     !one_of(s, p->gid, p->egid, p->sgid)))
		return -EPERM;
	p->gid = r == ~0u ? p->gid : r;
	p->egid = e == ~0u ? p->egid : e;
	p->sgid = s == ~0u ? p->sgid : s;
	return 0;
}

long sys_setuid(u32 id)
{
	return current->proc->euid ? sys_setresuid(~0u, id, ~0u) : sys_setresuid(id, id, id);
}

long sys_setgid(u32 id)
{
	return current->proc->euid ? sys_setresgid(~0u, id, ~0u) : sys_setresgid(id, id, id);
}

long sys_setreuid(u32 r, u32 e)
{
	return sys_setresuid(r, e, e == ~0u ? ~0u : e);
}

long sys_setregid(u32 r, u32 e)
{
	return sys_setresgid(r, e, e == ~0u ? ~0u : e);
}

static long put_three(u32 a, u32 b, u32 c, u32 __user *x, u32 __user *y, u32 __user *z)
{
	return put_user(a, x) || put_user(b, y) || put_user(c, z) ? -EFAULT : 0;
}

long sys_getresuid(u32 __user *r, u32 __user *e, u32 __user *s)
{
	struct process *p = current->proc;

	return put_three(p->uid, p->euid, p->suid, r, e, s);
}

long sys_getresgid(u32 __user *r, u32 __user *e, u32 __user *s)
{
	struct process *p = current->proc;

	return put_three(p->gid, p->egid, p->sgid, r, e, s);
}

/* No supplementary groups exist. */
long sys_getgroups(int n, u32 __user *list)
{
	(void)list;
	return n < 0 ? -EINVAL : 0;
}

long sys_setgroups(int n, const u32 __user *list)
{
	(void)list;
	return current->proc->euid ? -EPERM : n < 0 || n > 65536 ? -EINVAL : 0;
}

/* ---- groups and sessions --------------------------------------------------------------------- */
static long find_id(int pid, bool session)
{
	unsigned long flags;
	struct process *p;
	long r = -ESRCH;

	if (pid == 0)
		return session ? current->proc->sid : current->proc->pgid;
	spin_lock_irqsave(&task_lock, flags);
	p = process_find_locked(pid);
	if (p)
		r = session ? p->sid : p->pgid;
	spin_unlock_irqrestore(&task_lock, flags);
	return r;
}

long sys_getpgid(int pid)
{
	return find_id(pid, false);
}

long sys_getpgrp(void)
{
	return current->proc->pgid;
}

long sys_getsid(int pid)
{
	return find_id(pid, true);
}

static long change_group_locked(int pid, int pgid)
{
	struct process *me = current->proc, *p = pid ? process_find_locked(pid) : me, *other;

	if (!p || (p != me && p->parent != me))
		return -ESRCH;
	if (p != me && p->did_exec)
		return -EACCES;
	if (p->sid != me->sid || p->pid == p->sid)
		return -EPERM;
	if (pgid == 0)
		pgid = p->pid;
	if (pgid != p->pid) {
		bool found = false;

		list_for_each_entry(other, &all_processes, all)
			found |= other->pgid == pgid && other->sid == me->sid;
		if (!found)
			return -EPERM;
	}
	p->pgid = pgid;
	return 0;
}

long sys_setpgid(int pid, int pgid)
{
	unsigned long flags;
	long r;

	if (pgid < 0)
		return -EINVAL;
	spin_lock_irqsave(&task_lock, flags);
	r = change_group_locked(pid, pgid);
	spin_unlock_irqrestore(&task_lock, flags);
	return r;
}

long sys_setsid(void)
{
	struct process *me = current->proc, *p;
	unsigned long flags;
	long r = 0;

	spin_lock_irqsave(&task_lock, flags);
	list_for_each_entry(p, &all_processes, all)
		if (p->pgid == me->pid)
			r = -EPERM;
	if (!r) {
		me->sid = me->pgid = me->pid;
		me->has_tty = false;
		r = me->pid;
	}
	spin_unlock_irqrestore(&task_lock, flags);
	return r;
}

/* ---- limits ---------------------------------------------------------------------------------- */
static unsigned long limit_in_words(u64 limit)
{
	return (unsigned long)min(limit, (u64)~0ul);
}

/* The space keeps to its process's limits. */
void tell_limits(struct mm_struct *mm, const struct process *p)
{
	mm->limits.as = limit_in_words(p->rlim[RLIMIT_AS].cur);
	mm->limits.data = limit_in_words(p->rlim[RLIMIT_DATA].cur);
	mm->limits.stack = limit_in_words(p->rlim[RLIMIT_STACK].cur);
	mm->limits.memlock = limit_in_words(p->rlim[RLIMIT_MEMLOCK].cur);
}

static long change_limit(struct process *p, unsigned which, const struct linux_rlimit *new)
{
	struct mm_struct *mm;

	if (new->cur > new->max)
		return -EINVAL;
	if (new->max > p->rlim[which].max && current->proc->euid)
		return -EPERM;
	p->rlim[which] = *new;
	mm = process_mm_get(p);
	if (mm) {
		tell_limits(mm, p);
		mmput(mm);
	}
	return 0;
}

long do_prlimit(int pid, unsigned which, const struct linux_rlimit *set, struct linux_rlimit *old)
{
	struct process *p = current->proc;
	unsigned long flags;

	if (which >= RLIM_NLIMITS)
		return -EINVAL;
	if (!pid || pid == p->pid) {
		*old = p->rlim[which];
		return set ? change_limit(p, which, set) : 0;
	}
	spin_lock_irqsave(&task_lock, flags);
	p = process_find_locked(pid);
	if (p)
		*old = p->rlim[which];
	if (p && set && set->cur <= set->max)
		p->rlim[which] = *set; /* its space hears of it at the next exec */
	spin_unlock_irqrestore(&task_lock, flags);
	return p ? 0 : -ESRCH;
}

long sys_prlimit64(int pid, unsigned which, const struct linux_rlimit __user *in,
		   struct linux_rlimit __user *out)
{
	struct linux_rlimit new, old;
	long r;

	if (which >= RLIM_NLIMITS)
		return -EINVAL;
	if (in && copy_from_user(&new, in, sizeof(new)))
		return -EFAULT;
	r = do_prlimit(pid, which, in ? &new : NULL, &old);
	if (!r && out && copy_to_user(out, &old, sizeof(old)))
		return -EFAULT;
	return r;
}

long sys_getrlimit(unsigned which, struct linux_rlimit __user *out)
{
	return sys_prlimit64(0, which, NULL, out);
}

long sys_setrlimit(unsigned which, const struct linux_rlimit __user *in)
{
	return sys_prlimit64(0, which, in, NULL);
}

/* ---- usage ----------------------------------------------------------------------------------- */
static void add_task(struct linux_rusage *u, const struct task *t, u64 *utime, u64 *stime)
{
	*utime += t->utime;
	*stime += t->stime;
	u->ru_minflt += (long)t->minflt;
	u->ru_majflt += (long)t->majflt;
	u->ru_nvcsw += (long)t->nvcsw;
	u->ru_nivcsw += (long)t->nivcsw;
}

static void usage_self(struct linux_rusage *u, u64 *utime, u64 *stime)
{
	struct process *p = current->proc;
	unsigned long flags;
	struct task *t;

	*utime = p->utime;
	*stime = p->stime;
	u->ru_minflt = (long)p->minflt;
	u->ru_majflt = (long)p->majflt;
	u->ru_nvcsw = (long)p->nvcsw;
	u->ru_nivcsw = (long)p->nivcsw;
	spin_lock_irqsave(&task_lock, flags);
	list_for_each_entry(t, &p->tasks, thread_link)
		add_task(u, t, utime, stime);
	spin_unlock_irqrestore(&task_lock, flags);
	u->ru_maxrss = (long)(max3(p->maxrss, (u64)current->mm->hiwater_rss,
				   (u64)get_mm_rss(current->mm)) *
			      (PAGE_SIZE / 1024));
}

long sys_getrusage(int who, struct linux_rusage __user *out)
{
	struct process *p = current->proc;
	struct linux_rusage u;
	u64 utime = 0, stime = 0;

	memset(&u, 0, sizeof(u));
	if (who == 0) {
		usage_self(&u, &utime, &stime);
	} else if (who == 1) { /* RUSAGE_THREAD */
		add_task(&u, current, &utime, &stime);
	} else if (who == -1) {
		utime = p->cutime;
		stime = p->cstime;
		u.ru_minflt = (long)p->cminflt;
		u.ru_majflt = (long)p->cmajflt;
		u.ru_maxrss = (long)(p->cmaxrss * (PAGE_SIZE / 1024));
	} else {
		return -EINVAL;
	}
	u.ru_utime = ns_to_timeval(utime);
	u.ru_stime = ns_to_timeval(stime);
	return copy_to_user(out, &u, sizeof(u)) ? -EFAULT : 0;
}

long sys_times(long __user *out)
{
	struct process *p = current->proc;
	const u64 tick = NSEC_PER_SEC / USER_HZ;
	struct linux_rusage u;
	u64 utime, stime;
	long v[4];

	usage_self(&u, &utime, &stime);
	v[0] = (long)(utime / tick);
	v[1] = (long)(stime / tick);
	v[2] = (long)(p->cutime / tick);
	v[3] = (long)(p->cstime / tick);
	if (out && copy_to_user(out, v, sizeof(v)))
		return -EFAULT;
	return (long)(now_ns() / tick);
}

long sys_sysinfo(struct linux_sysinfo __user *out)
{
	struct linux_sysinfo s;

	memset(&s, 0, sizeof(s));
	s.uptime = (long)(now_ns() / NSEC_PER_SEC);
	for (unsigned i = 0; i < 3; i++)
		s.loads[i] = (unsigned long)sched_loadavg(i);
	s.totalram = totalram_pages() * PAGE_SIZE;
	s.freeram = nr_free_pages() * PAGE_SIZE;
	s.procs = (u16)nr_processes;
	s.mem_unit = 1;
	return copy_to_user(out, &s, sizeof(s)) ? -EFAULT : 0;
}

/* ---- names of the machine -------------------------------------------------------------------- */
static char nodename[65] = "quire", domainname[65] = "(none)";

long sys_uname(struct linux_utsname __user *out)
{
	struct linux_utsname u;

	memset(&u, 0, sizeof(u));
	quire_snprintf(u.sysname, 65, "Linux");
	quire_snprintf(u.nodename, 65, "%s", nodename);
	quire_snprintf(u.release, 65, "6.1.0-quire");
	quire_snprintf(u.version, 65, "#1 quire");
	quire_snprintf(u.machine, 65, ARCH_NAME);
	quire_snprintf(u.domainname, 65, "%s", domainname);
	return copy_to_user(out, &u, sizeof(u)) ? -EFAULT : 0;
}

static long set_name(char to[65], const char __user *name, long len)
{
	char text[65] = "";

	if (len < 0 || len > 64)
		return -EINVAL;
	if (current->proc->euid)
		return -EPERM;
	if (copy_from_user(text, name, (size_t)len))
		return -EFAULT;
	memcpy(to, text, 65);
	return 0;
}

long sys_sethostname(const char __user *name, long len)
{
	return set_name(nodename, name, len);
}

long sys_setdomainname(const char __user *name, long len)
{
	return set_name(domainname, name, len);
}

long sys_reboot(int magic, int magic2, unsigned cmd)
{
	(void)magic2;
	if (current->proc->euid)
		return -EPERM;
	if ((unsigned)magic != 0xfee1dead)
		return -EINVAL;
	switch (cmd) {
	case 0x01234567: bare_reboot();
	case 0x4321fedc: /* power off */
	case 0xcdef0123: /* halt      */
		printk("quire: powered off by %s[%d]\n", current->comm, current->tid);
		bare_exit(0);
	case 0:
	case 0x89abcdef: return 0;
	default: return -EINVAL;
	}
}

/* syslog(2): what dmesg needs. */
long sys_syslog(int type, char __user *buf, int len)
{
	char *text;
	size_t n;
	long r;

	if (type == 10) /* size of the buffer */
		return 16384;
	if (type != 3 && type != 4) /* read all */
		return type >= 0 && type <= 10 ? 0 : -EINVAL;
	if (!buf || len < 0)
		return -EINVAL;
	text = kmalloc(16384, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	n = bare_log_copy(text, min((size_t)len, (size_t)16384));
	r = copy_to_user(buf, text, n) ? -EFAULT : (long)n;
	kfree(text);
	return r;
}

/* ---- odds and ends --------------------------------------------------------------------------- */
long sys_sched_yield(void)
{
	port_yield();
	return 0;
}

long sys_getrandom(char __user *buf, size_t n, unsigned flags)
{
	u8 chunk[256];
	size_t done = 0;

	if (flags & ~7u)
		return -EINVAL;
	while (done < n) {
		size_t len = min(n - done, sizeof(chunk));

		random_bytes(chunk, len);
		if (copy_to_user(buf + done, chunk, len))
			return done ? (long)done : -EFAULT;
		done += len;
		if (signal_pending(current))
			break;
	}
	return (long)done;
}

#define PR_SET_PDEATHSIG    1
#define PR_GET_DUMPABLE     3
#define PR_SET_DUMPABLE     4
#define PR_SET_NAME         15
#define PR_GET_NAME         16
#define PR_SET_TIMERSLACK   29
#define PR_MCE_KILL         33
#define PR_MCE_KILL_GET     34
#define PR_SET_NO_NEW_PRIVS 38
#define PR_GET_NO_NEW_PRIVS 39
#define PR_SET_THP_DISABLE  41
#define PR_GET_THP_DISABLE  42

long sys_prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4,
	       unsigned long arg5)
{
	char name[16] = "";
	long n;

	switch (option) {
	case PR_SET_NAME:
		n = strncpy_from_user(name, (const char __user *)arg2, sizeof(name) - 1);
		if (n < 0)
			return n;
		name[15] = 0;
		memcpy(current->comm, name, sizeof(name));
		return 0;
	case PR_GET_NAME: return copy_to_user((void __user *)arg2, current->comm, 16) ? -EFAULT : 0;
	case PR_GET_DUMPABLE: return 1;
	case PR_SET_DUMPABLE: return arg2 > 1 ? -EINVAL : 0;
	case PR_SET_THP_DISABLE: /* there are no huge pages yet: they are off for everyone */
		return arg3 || arg4 || arg5 ? -EINVAL : 0;
	case PR_GET_THP_DISABLE: return arg2 || arg3 || arg4 || arg5 ? -EINVAL : 1;
	case PR_MCE_KILL: return arg4 || arg5 ? -EINVAL : mce_set_policy(arg2, arg3);
	case PR_MCE_KILL_GET: return arg2 || arg3 || arg4 || arg5 ? -EINVAL : mce_get_policy();
	case PR_GET_NO_NEW_PRIVS: return 0;
	default: return -EINVAL;
	}
}

long sys_personality(unsigned long persona)
{
	u64 old = current->proc->personality;

	if ((unsigned)persona != ~0u)
		current->proc->personality = (unsigned)persona;
	return (long)old;
}

/* All are equal: priorities are accepted where they change nothing. */
long sys_getpriority(int which, int who)
{
	(void)who;
	return which < 0 || which > 2 ? -EINVAL : 20;
}

long sys_setpriority(int which, int who, int nice)
{
	(void)who;
	return which < 0 || which > 2 ? -EINVAL : nice ? -EACCES : 0;
}

long sys_sched_getscheduler(int pid)
{
	return pid < 0 ? -EINVAL : 0;
}

long sys_sched_getparam(int pid, int __user *out)
{
	return pid < 0 ? -EINVAL : put_user(0, out);
}

long sys_sched_getaffinity(int pid, unsigned size, unsigned long __user *mask)
{
	unsigned long cpus = (1ul << bare_nr_cpus_online()) - 1;

	(void)pid;
	if (size < sizeof(cpus) || size % sizeof(cpus))
		return -EINVAL;
	return copy_to_user(mask, &cpus, sizeof(cpus)) ? -EFAULT : (long)sizeof(cpus);
}

long sys_sched_setaffinity(int pid, unsigned size, const unsigned long __user *mask)
{
	unsigned long cpus = 0;

	(void)pid;
	if (copy_from_user(&cpus, mask, min((size_t)size, sizeof(cpus))))
		return -EFAULT;
	return cpus & 1 ? 0 : -EINVAL;
}

long sys_getcpu(u32 __user *cpu, u32 __user *node)
{
	if (cpu && put_user(port_cpu_id(), cpu))
		return -EFAULT;
	return node && put_user(0u, node) ? -EFAULT : 0;
}

/* glibc and musl work without restartable sequences, and ask for them at every start. */
long sys_rseq(void)
{
	return -ENOSYS;
}
