/* SPDX-License-Identifier: MIT */
/*
 * signal.c - sending signals and what they do on the way back to user mode.
 *
 *   send -> pending set + queue of a task or of the process -> work bit -> exit_to_user() -> action
 *
 *   action:  handler        registers are saved in a frame on the user stack (sigframe.c)
 *            default        ignore, stop, continue, or end the process
 *
 * Lock: task_lock, interrupts off, for everything pending and for sighand->action.
 */
#include "kernel.h"
#include "signal.h"
#include <quire/init.h>

#define SYNCHRONOUS                                                                                \
	(SIGBIT(SIGSEGV) | SIGBIT(SIGBUS) | SIGBIT(SIGILL) | SIGBIT(SIGTRAP) | SIGBIT(SIGFPE) |    \
	 SIGBIT(SIGSYS))
#define STOPS           (SIGBIT(SIGSTOP) | SIGBIT(SIGTSTP) | SIGBIT(SIGTTIN) | SIGBIT(SIGTTOU))
#define DEFAULT_IGNORES (SIGBIT(SIGCHLD) | SIGBIT(SIGURG) | SIGBIT(SIGWINCH) | SIGBIT(SIGCONT))
#define CANNOT_CATCH    (SIGBIT(SIGKILL) | SIGBIT(SIGSTOP))

static struct kmem_cache *queue_cache, *sighand_cache;

int __init signal_init(void)
{
	queue_cache = kmem_cache_create("sigqueue", sizeof(struct sigqueue), 0, 0, NULL);
	sighand_cache = kmem_cache_create("sighand_cache", sizeof(struct sighand), 0, 0, NULL);
	return queue_cache && sighand_cache ? 0 : -ENOMEM;
}

/* ---- tables of actions ----------------------------------------------------------------------- */
struct sighand *sighand_alloc(const struct sighand *from)
{
	struct sighand *s = kmem_cache_alloc(sighand_cache, GFP_KERNEL);

	if (!s)
		return NULL;
	if (from)
		memcpy(s->action, from->action, sizeof(s->action));
	else
		memset(s->action, 0, sizeof(s->action));
	s->refs = 1;
	return s;
}

void sighand_put(struct sighand *s)
{
	unsigned long flags;
	bool last;

	spin_lock_irqsave(&task_lock, flags);
	last = --s->refs == 0;
	spin_unlock_irqrestore(&task_lock, flags);
	if (last)
		kmem_cache_free(sighand_cache, s);
}

/* exec: handlers are gone, ignored stays ignored. */
void signal_exec(struct task *t)
{
	for (int i = 0; i < NSIG; i++) {
		struct linux_sigaction *a = &t->sighand->action[i];

		if (a->handler > SIG_IGN)
			memset(a, 0, sizeof(*a));
		else
			a->mask = a->flags = 0;
	}
	t->altstack = (struct linux_stack_t){ .flags = SS_DISABLE };
}

/* ---- pending sets ---------------------------------------------------------------------------- */
void sigpending_init(struct sigpending *p)
{
	p->set = 0;
	INIT_LIST_HEAD(&p->queue);
}

static void remove_pending(struct sigpending *p, u64 set)
{
	struct sigqueue *q, *next;

	if (!(p->set & set))
		return;
	p->set &= ~set;
	list_for_each_entry_safe(q, next, &p->queue, link) {
		if (SIGBIT(q->info.si_signo) & set) {
			list_del(&q->link);
			kmem_cache_free(queue_cache, q);
		}
	}
}

void sigpending_flush(struct sigpending *p)
{
	remove_pending(p, ~0ULL);
}

/* Set or clear t's work bit from what is pending.  Only t itself may clear. */
void recalc_signals_locked(struct task *t)
{
	struct process *p = t->proc;

	if (((t->pending.set | p->shared.set) & ~t->blocked) || p->stopped || p->group_exit ||
	    (p->exec_task && p->exec_task != t))
		set_work(t, BARE_WORK_SIGNAL);
	else if (t == current)
		clear_work(t, BARE_WORK_SIGNAL);
}

bool signal_fatal_pending(struct task *t)
{
	return t->proc->group_exit || (t->pending.set & SIGBIT(SIGKILL));
}

bool signal_ignored(struct task *t, int sig)
{
	unsigned long h = t->sighand->action[sig - 1].handler;

	return h == SIG_IGN || (h == SIG_DFL && (SIGBIT(sig) & DEFAULT_IGNORES));
}

static void notify_task(struct task *t)
{
	set_work(t, BARE_WORK_SIGNAL);
	port_unblock(t);
}

static void enqueue_locked(struct sigpending *to, int sig, const struct linux_siginfo *info)
{
	struct sigqueue *q;

	if (sig < 32 && (to->set & SIGBIT(sig)))
		return;
	to->set |= SIGBIT(sig);
	q = kmem_cache_alloc(queue_cache, GFP_ATOMIC | __GFP_NOWARN);
	if (!q)
		return; /* the signal is delivered, without its details */
	if (info) {
		q->info = *info;
	} else {
		memset(&q->info, 0, sizeof(q->info));
		q->info.si_code = SI_KERNEL;
	}
	q->info.si_signo = sig;
	list_add_tail(&q->link, &to->queue);
}

/* Take the first signal outside `blocked` and its details.  0: none. */
static int dequeue_from(struct sigpending *p, u64 blocked, struct linux_siginfo *info)
{
	u64 ready = p->set & ~blocked;
	struct sigqueue *q, *next;
	bool found = false, more = false;
	int sig;

	if (!ready)
		return 0;
	sig = __builtin_ctzll(ready & SYNCHRONOUS ? ready & SYNCHRONOUS : ready) + 1;
	list_for_each_entry_safe(q, next, &p->queue, link) {
		if (q->info.si_signo != sig)
			continue;
		if (found) {
			more = true;
			break;
		}
		*info = q->info;
		found = true;
		list_del(&q->link);
		kmem_cache_free(queue_cache, q);
	}
	if (!found) {
		memset(info, 0, sizeof(*info));
		info->si_signo = sig;
	}
	if (!more)
		p->set &= ~SIGBIT(sig);
	return sig;
}

int signal_dequeue_locked(struct task *t, u64 blocked, struct linux_siginfo *info)
{
	int sig = dequeue_from(&t->pending, blocked, info);

	return sig ? sig : dequeue_from(&t->proc->shared, blocked, info);
}

void signal_discard_locked(struct task *t, u64 set)
{
	remove_pending(&t->pending, set);
	remove_pending(&t->proc->shared, set);
}

/* ---- sending --------------------------------------------------------------------------------- */
static void continue_locked(struct process *p)
{
	struct task *t;

	remove_pending(&p->shared, STOPS);
	list_for_each_entry(t, &p->tasks, thread_link)
		remove_pending(&t->pending, STOPS);
	if (!p->stopped)
		return;
	p->stopped = false;
	p->report_stop = false;
	p->report_cont = true;
	list_for_each_entry(t, &p->tasks, thread_link)
		port_unblock(t);
	signal_notify_parent_locked(p, CLD_CONTINUED, SIGCONT);
}

static void remove_everywhere(struct process *p, u64 set)
{
	struct task *t;

	remove_pending(&p->shared, set);
	list_for_each_entry(t, &p->tasks, thread_link)
		remove_pending(&t->pending, set);
}

static void kill_locked(struct process *p)
{
	struct task *t;

	if (!p->group_exit) {
		p->group_exit = true;
		p->exit_code = SIGKILL;
	}
	p->stopped = false;
	list_for_each_entry(t, &p->tasks, thread_link)
		notify_task(t);
}

/* A task that will take the signal now, or NULL. */
static struct task *choose_task(struct process *p, int sig)
{
	struct task *t;

	list_for_each_entry(t, &p->tasks, thread_link)
		if (!t->exiting && !(t->blocked & SIGBIT(sig)))
			return t;
	return NULL;
}

/* To one task, or (t NULL) to the process.  task_lock held.  0. */
int send_signal_locked(int sig, const struct linux_siginfo *info, struct process *p, struct task *t)
{
	struct task *some = t ? t : p->leader;

	if (sig == 0 || p->zombie || list_empty(&p->tasks))
		return 0;
	if (p->is_init && (SIGBIT(sig) & CANNOT_CATCH))
		return 0;
	if (sig == SIGCONT)
		continue_locked(p);
	else if (SIGBIT(sig) & STOPS)
		remove_everywhere(p, SIGBIT(SIGCONT));
	if (sig == SIGKILL) {
		kill_locked(p);
		return 0;
	}
	if (!some->exiting && some->sighand && !(some->blocked & SIGBIT(sig))) {
		if (signal_ignored(some, sig))
			return 0;
		/* The first program dies of what it did itself and of the terminal, not of what
		 * others send. */
		if (p->is_init && info && current->proc != p &&
		    some->sighand->action[sig - 1].handler == SIG_DFL)
			return 0;
	}
	enqueue_locked(t ? &t->pending : &p->shared, sig, info);
	if (!t)
		t = choose_task(p, sig);
	if (t && !(t->blocked & SIGBIT(sig)))
		notify_task(t);
	return 0;
}

/* Even the first program. */
void signal_kill(struct process *p)
{
	unsigned long flags;

	spin_lock_irqsave(&task_lock, flags);
	if (!p->zombie)
		kill_locked(p);
	spin_unlock_irqrestore(&task_lock, flags);
}

int send_signal(int sig, const struct linux_siginfo *info, struct process *p)
{
	unsigned long flags;
	int r;

	spin_lock_irqsave(&task_lock, flags);
	r = send_signal_locked(sig, info, p, NULL);
	spin_unlock_irqrestore(&task_lock, flags);
	return r;
}

int send_signal_task(int sig, const struct linux_siginfo *info, struct task *t)
{
	unsigned long flags;
	int r;

	spin_lock_irqsave(&task_lock, flags);
	r = send_signal_locked(sig, info, t->proc, t);
	spin_unlock_irqrestore(&task_lock, flags);
	return r;
}

int kill_pgrp_locked(int sig, int pgid, const struct linux_siginfo *info)
{
	struct process *p;
	int found = -ESRCH;

	list_for_each_entry(p, &all_processes, all) {
		if (p->pgid == pgid) {
			found = 0;
			send_signal_locked(sig, info, p, NULL);
		}
	}
	return found;
}

int kill_pgrp(int sig, int pgid, const struct linux_siginfo *info)
{
	unsigned long flags;
	int r;

	spin_lock_irqsave(&task_lock, flags);
	r = kill_pgrp_locked(sig, pgid, info);
	spin_unlock_irqrestore(&task_lock, flags);
	return r;
}

/* The current task did it to itself (a fault): not even a blocked or ignored signal can be put
 * off. */
void force_signal(int sig, int code, unsigned long addr)
{
	struct task *t = current;
	struct linux_siginfo info;
	struct linux_sigaction *a = &t->sighand->action[sig - 1];
	unsigned long flags;

	memset(&info, 0, sizeof(info));
	info.si_signo = sig;
	info.si_code = code;
	info.addr = addr;
	if (sig == SIGBUS && code == BUS_MCEERR_AR)
		info.addr_lsb = PAGE_SHIFT;
	spin_lock_irqsave(&task_lock, flags);
	if ((t->blocked & SIGBIT(sig)) || a->handler == SIG_IGN) {
		a->handler = SIG_DFL;
		t->blocked &= ~SIGBIT(sig);
	}
	enqueue_locked(&t->pending, sig, &info);
	set_work(t, BARE_WORK_SIGNAL);
	spin_unlock_irqrestore(&task_lock, flags);
}

/* Tell the parent that p has stopped, gone on, or (CLD_EXITED...) ended. */
void signal_notify_parent_locked(struct process *p, int code, int status)
{
	struct process *parent = p->parent;
	struct linux_siginfo info;
	struct linux_sigaction *a;
	int sig = code >= CLD_STOPPED ? SIGCHLD : p->exit_signal;

	if (!parent)
		return;
	wake_all(&parent->wait_child);
	if (!sig || parent->zombie || !parent->leader || !parent->leader->sighand)
		return;
	a = &parent->leader->sighand->action[SIGCHLD - 1];
	if (code >= CLD_STOPPED && (a->flags & SA_NOCLDSTOP))
		return;
	if (sig == SIGCHLD && signal_ignored(parent->leader, SIGCHLD) &&
	    !(parent->leader->blocked & SIGBIT(SIGCHLD)))
		return;
	memset(&info, 0, sizeof(info));
	info.si_code = code;
	info.pid = p->pid;
	info.uid = p->uid;
	info.status = status;
	info.utime = (long)(p->utime / (NSEC_PER_SEC / USER_HZ));
	info.stime = (long)(p->stime / (NSEC_PER_SEC / USER_HZ));
	send_signal_locked(sig, &info, parent, NULL);
}

/* ---- delivery -------------------------------------------------------------------------------- */

/* No process of the group has a parent in another group of the same session. */
bool pgrp_orphaned_locked(int pgid, struct process *ignore)
{
	struct process *p;

	list_for_each_entry(p, &all_processes, all) {
		if (p->pgid != pgid || p == ignore || p->zombie || !p->parent)
			continue;
		if (p->parent->pgid != pgid && p->parent->sid == p->sid)
			return false;
	}
	return true;
}

static void stop_here(struct task *t, int sig)
{
	struct process *p = t->proc;
	struct task *other;
	unsigned long flags;

	spin_lock_irqsave(&task_lock, flags);
	if (!p->stopped && !p->group_exit &&
	    (sig == SIGSTOP || !pgrp_orphaned_locked(p->pgid, NULL))) {
		p->stopped = true;
		p->stop_signal = sig;
		p->report_stop = true;
		p->report_cont = false;
		list_for_each_entry(other, &p->tasks, thread_link)
			if (other != t)
				notify_task(other);
		signal_notify_parent_locked(p, CLD_STOPPED, sig);
	}
	spin_unlock_irqrestore(&task_lock, flags);
}

/* A system call that a signal cut short: `action` runs next, or NULL if none does. */
static void restart_syscall(struct bare_regs *regs, const struct linux_sigaction *action)
{
	long result = (long)regs_result(regs);
	bool again;

	if (regs_syscall(regs) < 0)
		return;
	if (result == -ERESTARTNOINTR)
		again = true;
	else if (result == -ERESTARTSYS)
		again = !action || (action->flags & SA_RESTART);
	else if (result == -ERESTARTNOHAND || result == -ERESTART_BLOCK)
		again = !action;
	else
		return;
	if (!again) {
		regs_set_result(regs, (unsigned long)-EINTR);
	} else {
		regs_repeat_syscall(regs, result == -ERESTART_BLOCK
						  ? ARCH_NR_RESTART
						  : (unsigned long)regs_syscall(regs));
	}
	regs_forget_syscall(regs);
}

/* Run a handler: mask, frame, registers. */
static void handle(struct bare_regs *regs, int sig, const struct linux_siginfo *info,
		   const struct linux_sigaction *action)
{
	struct task *t = current;
	u64 mask = t->need_restore_mask ? t->saved_mask : t->blocked;
	unsigned long flags;

	t->need_restore_mask = false;
	if (signal_push_frame(regs, sig, info, action, mask)) {
		if (sig == SIGSEGV)
			t->sighand->action[SIGSEGV - 1].handler = SIG_DFL;
		force_signal(SIGSEGV, SI_KERNEL, 0);
		return;
	}
	spin_lock_irqsave(&task_lock, flags);
	t->blocked |= action->mask;
	if (!(action->flags & SA_NODEFER))
		t->blocked |= SIGBIT(sig);
	t->blocked &= ~CANNOT_CATCH;
	recalc_signals_locked(t);
	spin_unlock_irqrestore(&task_lock, flags);
}

/* The line that Linux logs for a program that touched what it must not. */
static void end_by_signal(struct task *t, const struct bare_regs *regs, int sig)
{
	if (sig == SIGSEGV && t->fault_trapno == TRAP_PAGE)
		printk("%s[%d]: segfault at %lx ip " ADDRESS " sp " ADDRESS " error %x\n", t->comm,
		       t->tid, t->fault_addr, regs_pc(regs), regs_sp(regs), (u32)t->fault_error);
	else if (sig == SIGSEGV && t->fault_trapno == TRAP_PROTECTION)
		printk("traps: %s[%d] general protection fault ip:%lx sp:%lx error:%lx\n", t->comm,
		       t->tid, regs_pc(regs), regs_sp(regs), (unsigned long)(u32)t->fault_error);
	else if (sig == SIGILL && t->fault_trapno == TRAP_OPCODE)
		printk("traps: %s[%d] trap invalid opcode ip:%lx sp:%lx error:0\n", t->comm, t->tid,
		       (unsigned long)regs_pc(regs), (unsigned long)regs_sp(regs));
	do_group_exit(sig);
}

/* One signal.  False: there is none left. */
static bool deliver_one(struct bare_regs *regs)
{
	struct task *t = current;
	struct process *p = t->proc;
	struct linux_sigaction action, *a;
	struct linux_siginfo info;
	unsigned long flags;
	int sig;

	spin_lock_irqsave(&task_lock, flags);
	if (p->group_exit || p->stopped || (p->exec_task && p->exec_task != t)) {
		bool end = p->group_exit || p->exec_task;

		spin_unlock_irqrestore(&task_lock, flags);
		if (end)
			do_exit(p->exit_code);
		port_block();
		return true;
	}
	sig = signal_dequeue_locked(t, t->blocked, &info);
	if (!sig) {
		recalc_signals_locked(t);
		spin_unlock_irqrestore(&task_lock, flags);
		return false;
	}
	a = &t->sighand->action[sig - 1];
	action = *a;
	if (action.handler > SIG_IGN && (action.flags & SA_RESETHAND))
		a->handler = SIG_DFL;
	recalc_signals_locked(t);
	spin_unlock_irqrestore(&task_lock, flags);

	if (action.handler > SIG_IGN) {
		restart_syscall(regs, &action);
		handle(regs, sig, &info, &action);
	} else if (action.handler == SIG_DFL && (SIGBIT(sig) & STOPS)) {
		stop_here(t, sig);
	} else if (action.handler == SIG_DFL && !(SIGBIT(sig) & DEFAULT_IGNORES)) {
		end_by_signal(t, regs, sig);
	}
	return true;
}

static void deliver_signals(struct bare_regs *regs)
{
	struct task *t = current;

	while (deliver_one(regs))
		;
	restart_syscall(regs, NULL);
	if (t->need_restore_mask) {
		unsigned long flags;

		spin_lock_irqsave(&task_lock, flags);
		t->need_restore_mask = false;
		t->blocked = t->saved_mask;
		recalc_signals_locked(t);
		spin_unlock_irqrestore(&task_lock, flags);
	}
}

/* Interrupts off on entry and return; on in between. */
void exit_to_user(struct bare_regs *regs)
{
	struct task *t = current;
	u32 work;

	while ((work = READ_ONCE(t->thread.work)) != 0) {
		if (work & BARE_WORK_RETURN)
			clear_work(t, BARE_WORK_RETURN);
		if (work & BARE_WORK_RESCHED) {
			clear_work(t, BARE_WORK_RESCHED);
			schedule();
		}
		if (work & BARE_WORK_SIGNAL) {
			bare_irq_enable();
			deliver_signals(regs);
			bare_irq_disable();
		}
	}
}
