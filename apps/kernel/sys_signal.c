/* SPDX-License-Identifier: MIT */
/*
 * sys_signal.c - the system calls about signals.
 */
#include "signal.h"
#include "syscall.h"

#define CANNOT_BLOCK (SIGBIT(SIGKILL) | SIGBIT(SIGSTOP))

static void set_blocked(u64 mask)
{
	unsigned long flags;

	spin_lock_irqsave(&task_lock, flags);
	current->blocked = mask & ~CANNOT_BLOCK;
	recalc_signals_locked(current);
	spin_unlock_irqrestore(&task_lock, flags);
}

void set_temporary_mask(u64 mask)
{
	struct task *t = current;

	t->saved_mask = t->blocked;
	t->need_restore_mask = true;
	set_blocked(mask);
}

void drop_temporary_mask(void)
{
	struct task *t = current;

	if (!t->need_restore_mask)
		return;
	t->need_restore_mask = false;
	set_blocked(t->saved_mask);
}

/* The current process's action for `sig` becomes *new, if there is one; *old is what it was. */
int signal_set_action(int sig, const struct linux_sigaction *new, struct linux_sigaction *old)
{
	struct task *t = current;
	unsigned long flags;

	if (sig < 1 || sig > NSIG || (new && (SIGBIT(sig) & CANNOT_BLOCK)))
		return -EINVAL;
	spin_lock_irqsave(&task_lock, flags);
	*old = t->sighand->action[sig - 1];
	if (new) {
		t->sighand->action[sig - 1] = *new;
		t->sighand->action[sig - 1].mask &= ~CANNOT_BLOCK;
		if (signal_ignored(t, sig)) {
			signal_discard_locked(t, SIGBIT(sig));
			recalc_signals_locked(t);
		}
	}
	spin_unlock_irqrestore(&task_lock, flags);
	return 0;
}

long sys_rt_sigaction(int sig, const struct linux_sigaction __user *in,
		      struct linux_sigaction __user *out, size_t size)
{
	struct linux_sigaction new, old;
	int error;

	if (size != 8)
		return -EINVAL;
	if (in && copy_from_user(&new, in, sizeof(new)))
		return -EFAULT;
	error = signal_set_action(sig, in ? &new : NULL, &old);
	if (!error && out && copy_to_user(out, &old, sizeof(old)))
		return -EFAULT;
	return error;
}

long sys_rt_sigprocmask(int how, const u64 __user *in, u64 __user *out, size_t size)
{
	u64 old = current->blocked, set;

	if (size != 8)
		return -EINVAL;
	if (in) {
		if (get_user(set, in))
			return -EFAULT;
		switch (how) {
		case SIG_BLOCK: set_blocked(old | set); break;
		case SIG_UNBLOCK: set_blocked(old & ~set); break;
		case SIG_SETMASK: set_blocked(set); break;
		default: return -EINVAL;
		}
	}
	return out && put_user(old, out) ? -EFAULT : 0;
}

long sys_rt_sigpending(u64 __user *out, size_t size)
{
	struct task *t = current;
	u64 set = (t->pending.set | t->proc->shared.set) & t->blocked;

	if (size > 8)
		return -EINVAL;
	return copy_to_user(out, &set, size) ? -EFAULT : 0;
}

long sys_rt_sigsuspend(const u64 __user *mask, size_t size)
{
	u64 set;

	if (size != 8)
		return -EINVAL;
	if (get_user(set, mask))
		return -EFAULT;
	set_temporary_mask(set);
	while (!signal_pending(current))
		port_block();
	return -ERESTARTNOHAND;
}

long sys_pause(void)
{
	while (!signal_pending(current))
		port_block();
	return -ERESTARTNOHAND;
}

long do_sigtimedwait(const u64 __user *set, struct linux_siginfo __user *out, const u64 *ns,
		     size_t size)
{
	struct task *t = current;
	struct linux_siginfo info;
	u64 wanted, expires = ns ? now_ns() + *ns : TIME_NEVER, old = t->blocked;
	unsigned long flags;
	bool in_time = true;
	int sig;

	if (size != 8)
		return -EINVAL;
	if (get_user(wanted, set))
		return -EFAULT;
	wanted &= ~CANNOT_BLOCK;
	for (;;) {
		spin_lock_irqsave(&task_lock, flags);
		t->blocked = old;
		sig = signal_dequeue_locked(t, ~wanted, &info);
		if (!sig)
			t->blocked = old & ~wanted; /* so that senders wake us */
		recalc_signals_locked(t);
		spin_unlock_irqrestore(&task_lock, flags);
		if (sig || !in_time || signal_pending(t))
			break;
		in_time = block_until(expires);
	}
	set_blocked(old);
	if (!sig)
		return in_time ? -EINTR : -EAGAIN;
	if (out && copy_to_user(out, &info, sizeof(info)))
		return -EFAULT;
	return sig;
}

long sys_rt_sigtimedwait(const u64 __user *set, struct linux_siginfo __user *out,
			 const void __user *timeout, size_t size)
{
	u64 ns;
	int error = timeout ? get_timespec(timeout, &ns) : 0;

	return error ? error : do_sigtimedwait(set, out, timeout ? &ns : NULL, size);
}

/* ---- kill ------------------------------------------------------------------------------------ */
static void user_info(struct linux_siginfo *info, int sig, int code)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = code;
	info->pid = current->proc->pid;
	info->uid = current->proc->uid;
}

static bool may_kill(const struct process *p, int sig)
{
	const struct process *me = current->proc;

	return me->euid == 0 || me->euid == p->uid || me->uid == p->uid || me->euid == p->suid ||
	       me->uid == p->suid || (sig == SIGCONT && me->sid == p->sid);
}

/* Every process that `pid` names: 0 if one could be signalled. */
static long kill_many(int pid, int sig, const struct linux_siginfo *info)
{
	struct process *me = current->proc, *p;
	int pgid = pid == 0 ? me->pgid : -pid;
	long result = -ESRCH;
	unsigned long flags;

	spin_lock_irqsave(&task_lock, flags);
	list_for_each_entry(p, &all_processes, all) {
		if (pid == -1 ? p->is_init || p == me : p->pgid != pgid)
			continue;
		if (may_kill(p, sig)) {
			send_signal_locked(sig, info, p, NULL);
			result = 0;
		} else if (result == -ESRCH) {
			result = -EPERM;
		}
	}
	spin_unlock_irqrestore(&task_lock, flags);
	return result;
}

static long kill_one(int pid, int sig, const struct linux_siginfo *info)
{
	unsigned long flags;
	struct process *p;
	long result;

	spin_lock_irqsave(&task_lock, flags);
	p = process_find_locked(pid);
	result = !p ? -ESRCH : !may_kill(p, sig) ? -EPERM : send_signal_locked(sig, info, p, NULL);
	spin_unlock_irqrestore(&task_lock, flags);
	return result;
}

long sys_kill(int pid, int sig)
{
	struct linux_siginfo info;

	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	user_info(&info, sig, SI_USER);
	return pid > 0 ? kill_one(pid, sig, &info) : kill_many(pid, sig, &info);
}

static long kill_task(int tgid, int tid, int sig, const struct linux_siginfo *info)
{
	unsigned long flags;
	struct task *t;
	long result = -ESRCH;

	if (sig < 0 || sig > NSIG || tid <= 0)
		return -EINVAL;
	spin_lock_irqsave(&task_lock, flags);
	t = task_find_locked(tid);
	if (t && t->proc && (tgid <= 0 || t->proc->pid == tgid)) {
		result = -EPERM;
		if (may_kill(t->proc, sig))
			result = t->exiting ? 0 : send_signal_locked(sig, info, t->proc, t);
	}
	spin_unlock_irqrestore(&task_lock, flags);
	return result;
}

long sys_tgkill(int tgid, int tid, int sig)
{
	struct linux_siginfo info;

	user_info(&info, sig, SI_TKILL);
	return tgid <= 0 ? -EINVAL : kill_task(tgid, tid, sig, &info);
}

long sys_tkill(int tid, int sig)
{
	struct linux_siginfo info;

	user_info(&info, sig, SI_TKILL);
	return kill_task(0, tid, sig, &info);
}

long sys_rt_sigqueueinfo(int pid, int sig, const struct linux_siginfo __user *uinfo)
{
	struct linux_siginfo info;

	if (copy_from_user(&info, uinfo, sizeof(info)))
		return -EFAULT;
	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	if ((info.si_code >= 0 || info.si_code == SI_TKILL) && pid != current->proc->pid)
		return -EPERM;
	info.si_signo = sig;
	return kill_one(pid, sig, &info);
}

/* ---- groups, for the terminal ---------------------------------------------------------------- */
bool pgrp_orphaned(int pgid)
{
	unsigned long flags;
	bool r;

	spin_lock_irqsave(&task_lock, flags);
	r = pgrp_orphaned_locked(pgid, NULL);
	spin_unlock_irqrestore(&task_lock, flags);
	return r;
}

bool session_has_group(int sid, int pgid)
{
	struct process *p;
	unsigned long flags;
	bool found = false;

	spin_lock_irqsave(&task_lock, flags);
	list_for_each_entry(p, &all_processes, all)
		found |= p->sid == sid && p->pgid == pgid;
	spin_unlock_irqrestore(&task_lock, flags);
	return found;
}
