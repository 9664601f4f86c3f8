/* SPDX-License-Identifier: MIT */
/*
 * exit.c - how tasks and processes end, and how parents hear of it.
 *
 *   last task gone  ->  zombie: pid, status and times only  ->  wait4() by the parent  ->  nothing
 *
 * Orphans go to init.  When init itself ends, kmain (main.c) takes over and reaps everything.
 */
#include "kernel.h"
#include "syscall.h"

/* ---- ending ---------------------------------------------------------------------------------- */

/* The parent of a vfork may go on. */
void exec_release_vfork(struct process *p)
{
	unsigned long flags;
	struct task *waiter;

	if (!p->vfork_waiter)
		return;
	spin_lock_irqsave(&task_lock, flags);
	waiter = p->vfork_waiter;
	p->vfork_waiter = NULL;
	if (waiter)
		port_unblock(waiter);
	spin_unlock_irqrestore(&task_lock, flags);
}

static void leave_space(struct task *t)
{
	struct mm_struct *mm = t->mm;
	unsigned long flags;

	if (!mm)
		return;
	if (atomic_read(&mm->mm_users) > 1) {
		futex_exit_robust(t);
		if (t->clear_child_tid && !put_user(0u, t->clear_child_tid))
			futex_wake(t->clear_child_tid, 1, ~0u);
	}
	t->proc->maxrss = max3(t->proc->maxrss, (u64)mm->hiwater_rss, (u64)get_mm_rss(mm));
	if (t == t->proc->leader || t->proc->nr_tasks == 1)
		exec_release_vfork(t->proc);
	spin_lock_irqsave(&task_lock, flags);
	t->mm = NULL;
	sched_use_mm(NULL);
	spin_unlock_irqrestore(&task_lock, flags);
	mmput(mm);
}

/* Others look at them through /proc, under task_lock. */
static void leave_files(struct task *t)
{
	struct files *files = t->files;
	struct fs_info *fs = t->fs;
	unsigned long flags;

	spin_lock_irqsave(&task_lock, flags);
	t->files = NULL;
	t->fs = NULL;
	spin_unlock_irqrestore(&task_lock, flags);
	files_put(files);
	fs_info_put(fs);
}

static void adopt_children_locked(struct process *p)
{
	struct process *child, *next;

	list_for_each_entry_safe(child, next, &p->children, sibling) {
		list_del(&child->sibling);
		child->parent = init_process;
		child->ppid = init_process->pid;
		child->exit_signal = SIGCHLD;
		list_add_tail(&child->sibling, &init_process->children);
		if (child->zombie)
			signal_notify_parent_locked(child, CLD_EXITED, 0);
	}
}

/* Groups that lose their last tie to the session by our end, and are stopped, are told. */
static void orphan_groups_locked(struct process *p)
{
	struct process *child;

	list_for_each_entry(child, &p->children, sibling) {
		if (child->sid != p->sid || child->pgid == p->pgid || !child->stopped)
			continue;
		if (pgrp_orphaned_locked(child->pgid, p)) {
			kill_pgrp_locked(SIGHUP, child->pgid, NULL);
			kill_pgrp_locked(SIGCONT, child->pgid, NULL);
		}
	}
}

static void unlink_process_locked(struct process *p)
{
	list_del_init(&p->sibling);
	list_del(&p->all);
	nr_processes--;
	pid_free_locked(p->leader);
}

/* The parent does not want to know. */
static bool nobody_waits_locked(struct process *p)
{
	struct process *parent = p->parent;
	const struct linux_sigaction *a;

	if (p->is_init || !parent || parent->zombie || !parent->leader->sighand ||
	    p->exit_signal != SIGCHLD)
		return false;
	a = &parent->leader->sighand->action[SIGCHLD - 1];
	return a->handler == SIG_IGN || (a->flags & SA_NOCLDWAIT);
}

/* The last task of p is leaving.  True: p is gone for good once the caller is off the CPU. */
static bool become_zombie_locked(struct process *p)
{
	int sig = p->exit_code & 0x7f;

	orphan_groups_locked(p);
	if (!p->is_init)
		adopt_children_locked(p);
	p->zombie = true;
	p->stopped = false;
	sigpending_flush(&p->shared);
	signal_notify_parent_locked(p, sig ? CLD_KILLED : CLD_EXITED,
				    sig ? sig : p->exit_code >> 8);
	if (p->is_init)
		port_unblock(kmain_task);
	if (init_process->zombie)
		port_unblock(kmain_task);
	if (!nobody_waits_locked(p))
		return false;
	unlink_process_locked(p);
	return true;
}

/* Take the task out of its process.  True: the process went with it. */
static bool leave_process(struct task *t)
{
	struct process *p = t->proc;
	struct sighand *hand = t->sighand;
	unsigned long flags;
	bool last, gone = false;

	spin_lock_irqsave(&task_lock, flags);
	sigpending_flush(&t->pending);
	list_del(&t->thread_link);
	last = --p->nr_tasks == 0;
	p->utime += t->utime;
	p->stime += t->stime;
	p->minflt += t->minflt;
	p->majflt += t->majflt;
	p->nvcsw += t->nvcsw;
	p->nivcsw += t->nivcsw;
	t->sighand = NULL;
	if (p->in_exec && p->nr_tasks == 1)
		port_unblock(list_first_entry(&p->tasks, struct task, thread_link));
	if (t != p->leader) {
		pid_free_locked(t);
		t->proc = NULL;
	}
	if (last)
		gone = become_zombie_locked(p);
	if (gone && p->leader == t)
		t->proc = NULL; /* the scheduler frees it */
	spin_unlock_irqrestore(&task_lock, flags);
	sighand_put(hand);
	if (gone && p->leader != t)
		task_free(p->leader);
	return gone;
}

/* `code` as wait4() shows it. */
void do_exit(int code)
{
	struct task *t = current;
	struct process *p = t->proc;

	t->exiting = true;
	if (p->nr_tasks == 1) {
		if (!p->group_exit)
			p->exit_code = code;
		timer_cancel(&p->real_timer);
		if (p->pid == p->sid && p->has_tty)
			tty_session_exit(p);
	}
	timer_cancel(&t->sleep_timer);
	leave_space(t);
	leave_files(t);
	if (leave_process(t))
		process_free(p);
	sched_die();
}

void do_group_exit(int code)
{
	struct process *p = current->proc;
	unsigned long flags;
	struct task *t;

	if (p->nr_tasks > 1) {
		spin_lock_irqsave(&task_lock, flags);
		if (!p->group_exit) {
			p->group_exit = true;
			p->exit_code = code;
		}
		list_for_each_entry(t, &p->tasks, thread_link) {
			set_work(t, BARE_WORK_SIGNAL);
			port_unblock(t);
		}
		spin_unlock_irqrestore(&task_lock, flags);
	} else if (!p->group_exit) {
		p->exit_code = code;
	}
	do_exit(code);
}

/* exec: end all other tasks of the process and become its leader. */
void process_kill_others(struct process *p)
{
	struct task *me = current, *t, *old;
	unsigned long flags;

	if (p->nr_tasks > 1) {
		spin_lock_irqsave(&task_lock, flags);
		p->in_exec = true;
		p->exec_task = me;
		list_for_each_entry(t, &p->tasks, thread_link) {
			if (t != me) {
				set_work(t, BARE_WORK_SIGNAL);
				port_unblock(t);
			}
		}
		spin_unlock_irqrestore(&task_lock, flags);
		while (READ_ONCE(p->nr_tasks) > 1)
			port_block();
		p->in_exec = false;
		p->exec_task = NULL;
	}
	if (p->leader == me)
		return;
	spin_lock_irqsave(&task_lock, flags);
	old = p->leader;
	pid_free_locked(old);
	pid_free_locked(me);
	p->leader = me;
	old->proc = NULL;
	pid_take_locked(me, p->pid);
	spin_unlock_irqrestore(&task_lock, flags);
	task_free(old);
}

long sys_exit(int code)
{
	do_exit((code & 0xff) << 8);
}

long sys_exit_group(int code)
{
	do_group_exit((code & 0xff) << 8);
}

/* ---- waiting --------------------------------------------------------------------------------- */
struct wait_request {
	int which; /* > 0 pid, 0 own group, -1 any, < -1 group                     */
	int options;
	/* out */
	int pid, code, status; /* code: CLD_*; status as wait4() shows it                      */
	u32 uid;
	struct linux_rusage usage;
	bool want_usage;
};

static bool wanted(const struct wait_request *w, const struct process *child,
		   const struct process *me)
{
	if (w->which > 0)
		return child->pid == w->which;
	if (w->which == -1)
		return true;
	return child->pgid == (w->which ? -w->which : me->pgid);
}

/* Own and waited-for usage of a child that has ended. */
static void fill_usage(struct linux_rusage *u, const struct process *p)
{
	memset(u, 0, sizeof(*u));
	u->ru_utime = ns_to_timeval(p->utime + p->cutime);
	u->ru_stime = ns_to_timeval(p->stime + p->cstime);
	u->ru_maxrss = (long)(max(p->maxrss, p->cmaxrss) * (PAGE_SIZE / 1024));
	u->ru_minflt = (long)(p->minflt + p->cminflt);
	u->ru_majflt = (long)(p->majflt + p->cmajflt);
	u->ru_nvcsw = (long)p->nvcsw;
	u->ru_nivcsw = (long)p->nivcsw;
}

static void add_usage(struct process *to, const struct process *child)
{
	to->cutime += child->utime + child->cutime;
	to->cstime += child->stime + child->cstime;
	to->cminflt += child->minflt + child->cminflt;
	to->cmajflt += child->majflt + child->cmajflt;
	to->cmaxrss = max3(to->cmaxrss, child->maxrss, child->cmaxrss);
}

static bool look_at_child(struct wait_request *w, struct process *me, struct process *child,
			  struct process **reap)
{
	int sig = child->exit_code & 0x7f;

	if (child->zombie && (w->options & WEXITED)) {
		w->status = child->exit_code;
		w->code = sig ? CLD_KILLED : CLD_EXITED;
		if (!(w->options & WNOWAIT)) {
			unlink_process_locked(child);
			add_usage(me, child);
			*reap = child;
		}
	} else if (child->report_stop && child->stopped && (w->options & WUNTRACED)) {
		w->status = child->stop_signal << 8 | 0x7f;
		w->code = CLD_STOPPED;
		child->report_stop = w->options & WNOWAIT;
	} else if (child->report_cont && (w->options & WCONTINUED)) {
		w->status = 0xffff;
		w->code = CLD_CONTINUED;
		child->report_cont = w->options & WNOWAIT;
	} else {
		return false;
	}
	if (w->want_usage)
		fill_usage(&w->usage, child);
	w->pid = child->pid;
	w->uid = child->uid;
	return true;
}

/* pid: there was one.  0: children, but none ready.  -ECHILD: no such children. */
static int wait_look(struct wait_request *w)
{
	struct process *me = current->proc, *child, *reap = NULL;
	int result = -ECHILD;
	unsigned long flags;

	spin_lock_irqsave(&task_lock, flags);
	list_for_each_entry(child, &me->children, sibling) {
		if (!wanted(w, child, me))
			continue;
		result = 0;
		if (look_at_child(w, me, child, &reap)) {
			result = w->pid;
			break;
		}
	}
	spin_unlock_irqrestore(&task_lock, flags);
	if (reap) {
		task_free(reap->leader);
		process_free(reap);
	}
	return result;
}

static int do_wait(struct wait_request *w)
{
	int r = 0;

	if (w->options & WNOHANG)
		return wait_look(w);
	if (wait_until(&current->proc->wait_child, (r = wait_look(w)) != 0))
		return -ERESTARTSYS;
	return r;
}

long sys_wait4(int pid, int __user *status, int options, struct linux_rusage __user *usage)
{
	struct wait_request w;
	int r;

	if ((unsigned)options & ~(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE))
		return -EINVAL;
	w.which = pid;
	w.options = options | WEXITED;
	w.want_usage = usage != NULL;
	r = do_wait(&w);
	if (r <= 0)
		return r;
	if (status && put_user(w.status, status))
		return -EFAULT;
	if (usage && copy_to_user(usage, &w.usage, sizeof(w.usage)))
		return -EFAULT;
	return r;
}

long sys_waitid(int idtype, int id, struct linux_siginfo __user *out, int options,
		struct linux_rusage __user *usage)
{
	struct wait_request w;
	struct linux_siginfo info;
	int r;

	if (!(options & (WEXITED | WSTOPPED | WCONTINUED)) || idtype < 0 || idtype > 2)
		return -EINVAL;
	w.which = idtype == 0 ? -1 : idtype == 1 ? id : id ? -id : 0;
	if (idtype == 1 && id <= 0)
		return -EINVAL;
	w.options = options;
	w.want_usage = usage != NULL;
	r = do_wait(&w);
	if (r < 0)
		return r;
	memset(&info, 0, sizeof(info));
	if (r > 0) {
		info.si_signo = SIGCHLD;
		info.si_code = w.code;
		info.pid = w.pid;
		info.uid = w.uid;
		info.status = w.code == CLD_EXITED      ? w.status >> 8 & 0xff
			      : w.code == CLD_CONTINUED ? SIGCONT
			      : w.code == CLD_STOPPED   ? w.status >> 8
							: w.status & 0x7f;
		if (usage && copy_to_user(usage, &w.usage, sizeof(w.usage)))
			return -EFAULT;
	}
	return out && copy_to_user(out, &info, sizeof(info)) ? -EFAULT : 0;
}

/* ---- the end of init: called by kmain -------------------------------------------------------- */
static struct process *find_reapable_locked(unsigned *alive)
{
	struct process *p;

	*alive = 0;
	list_for_each_entry(p, &all_processes, all) {
		if (p->zombie && !READ_ONCE(p->leader->on_cpu) &&
		    (!p->is_init || nr_processes == 1))
			return p;
		++*alive;
	}
	return NULL;
}

/* Kill every process and take all zombies, init last; returns when none is left. */
void kill_all_and_reap(void)
{
	struct process *p;
	unsigned long flags;
	unsigned alive;

	spin_lock_irqsave(&task_lock, flags);
	list_for_each_entry(p, &all_processes, all)
		if (!p->is_init)
			send_signal_locked(SIGKILL, NULL, p, NULL);
	spin_unlock_irqrestore(&task_lock, flags);
	for (;;) {
		spin_lock_irqsave(&task_lock, flags);
		p = find_reapable_locked(&alive);
		if (p) {
			struct process *child, *next;

			list_for_each_entry_safe(child, next, &p->children, sibling) {
				list_del_init(&child->sibling);
				child->parent = NULL;
			}
			unlink_process_locked(p);
		}
		spin_unlock_irqrestore(&task_lock, flags);
		if (p) {
			task_free(p->leader);
			process_free(p);
		} else if (alive) {
			port_block();
		} else {
			return;
		}
	}
}
