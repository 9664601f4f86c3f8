/* SPDX-License-Identifier: MIT */
/*
 * mce.c - machine check: memory has failed; which tasks hear of it, and when.
 *
 *   a task touches what is lost            SIGBUS, BUS_MCEERR_AR, the address
 *   memory is lost that a process maps     SIGBUS, BUS_MCEERR_AO to its first task that asked to hear at
 *                                          once: by prctl(PR_MCE_KILL), or all by memory_failure_early_kill
 *
 * Lock: task_lock.
 */
#include "kernel.h"
#include <quire/init.h>
#include <quire/memory_failure.h>

/* prctl()'s numbers */
#define PR_MCE_KILL_CLEAR   0
#define PR_MCE_KILL_SET     1
#define PR_MCE_KILL_LATE    0
#define PR_MCE_KILL_EARLY   1
#define PR_MCE_KILL_DEFAULT 2

int sysctl_memory_failure_early_kill;

long mce_set_policy(unsigned long what, unsigned long policy)
{
	if (what == PR_MCE_KILL_CLEAR) {
		if (policy)
			return -EINVAL;
		current->mce_kill = MCE_KILL_DEFAULT;
		return 0;
	}
	if (what != PR_MCE_KILL_SET || policy > PR_MCE_KILL_DEFAULT)
		return -EINVAL;
	current->mce_kill = policy == PR_MCE_KILL_LATE    ? MCE_KILL_LATE
			    : policy == PR_MCE_KILL_EARLY ? MCE_KILL_EARLY
							  : MCE_KILL_DEFAULT;
	return 0;
}

long mce_get_policy(void)
{
	switch (current->mce_kill) {
	case MCE_KILL_LATE: return PR_MCE_KILL_LATE;
	case MCE_KILL_EARLY: return PR_MCE_KILL_EARLY;
	default: return PR_MCE_KILL_DEFAULT;
	}
}

void mce_fault(unsigned long addr)
{
	printk("MCE: Killing %s:%d due to hardware memory corruption fault at %lx\n", current->comm,
	       current->tid, addr);
	force_signal(SIGBUS, BUS_MCEERR_AR, addr);
}

static bool hears_early(const struct task *t)
{
	return t->mce_kill == MCE_KILL_EARLY ||
	       (t->mce_kill == MCE_KILL_DEFAULT && sysctl_memory_failure_early_kill);
}

/* The task of a process that is to hear of what its space has lost, or NULL. */
static struct task *listener_locked(struct process *p, const struct mm_struct *mm)
{
	struct task *t;

	list_for_each_entry(t, &p->tasks, thread_link)
		if (t->mm == mm && !t->exiting && hears_early(t))
			return t;
	return NULL;
}

static void tell_locked(const struct mm_struct *mm, const struct linux_siginfo *info)
{
	struct process *p;

	list_for_each_entry(p, &all_processes, all) {
		struct task *t = p->zombie ? NULL : listener_locked(p, mm);

		if (!t)
			continue;
		printk("Memory failure: Sending SIGBUS to %s:%d due to hardware memory "
		       "corruption\n",
		       t->comm, t->tid);
		send_signal_locked(SIGBUS, info, p, t);
	}
}

static void memory_lost(struct mm_struct *mm, unsigned long addr, int flags)
{
	struct linux_siginfo info = { .si_code = BUS_MCEERR_AO };
	unsigned long irq;

	if (flags & MF_ACTION_REQUIRED && current->mm == mm) {
		mce_fault(addr);
		return;
	}
	info.addr = addr;
	info.addr_lsb = PAGE_SHIFT;
	spin_lock_irqsave(&task_lock, irq);
	tell_locked(mm, &info);
	spin_unlock_irqrestore(&task_lock, irq);
}

void __init mce_init(void)
{
	set_memory_lost_fn(memory_lost);
}
