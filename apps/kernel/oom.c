/* SPDX-License-Identifier: MIT */
/*
 * oom.c - shows our processes to the library's OOM killer, and does what it decides.
 */
#include "kernel.h"
#include <quire/init.h>

static struct mm_struct *any_mm_locked(struct process *p)
{
	struct task *t;

	list_for_each_entry(t, &p->tasks, thread_link)
		if (t->mm)
			return t->mm;
	return NULL;
}

static void for_each(bool (*fn)(const struct oom_candidate *c, void *arg), void *arg)
{
	unsigned long flags;
	struct process *p;

	spin_lock_irqsave(&task_lock, flags);
	list_for_each_entry(p, &all_processes, all) {
		struct oom_candidate c = {
			.task = p,
			.pid = p->pid,
			.tgid = p->pid,
			.uid = p->uid,
			.comm = p->leader->comm,
			.mm = p->zombie ? NULL : any_mm_locked(p),
			.oom_score_adj = p->oom_score_adj,
			.unkillable = p->is_init && nr_processes > 1,
			.dying = p->group_exit || p->oom_killed,
		};

		if (!fn(&c, arg))
			break;
	}
	spin_unlock_irqrestore(&task_lock, flags);
}

static void kill_victim(void *task)
{
	struct process *p = task;
	unsigned long flags;
	struct task *t;

	spin_lock_irqsave(&task_lock, flags);
	p->oom_killed = true;
	list_for_each_entry(t, &p->tasks, thread_link)
		t->memalloc = true;
	spin_unlock_irqrestore(&task_lock, flags);
	signal_kill(p);
}

static void *current_task(const char **comm, int *pid, short *adj)
{
	struct task *t = current;

	if (!t || !t->proc)
		return NULL;
	*comm = t->comm;
	*pid = t->tid;
	*adj = t->proc->oom_score_adj;
	return t->proc;
}

static bool current_is_dying(void)
{
	return current && current->memalloc;
}

static const struct oom_ops ops = {
	.for_each = for_each,
	.kill = kill_victim,
	.current_task = current_task,
	.current_is_dying = current_is_dying,
};

void __init kernel_oom_init(void)
{
	oom_init(&ops);
}
