/* SPDX-License-Identifier: MIT */
/*
 * fork.c - clone(2) in all its forms: what the child shares and what it gets a copy of.
 *
 *                 fork      vfork     pthread_create
 *   space         copy      shared    shared
 *   files, cwd    copy      copy      shared
 *   handlers      copy      copy      shared
 *   process       new       new       same
 *
 * Everything is made before anybody can see the child; a failure undoes it in reverse.
 */
#include "kernel.h"
#include "syscall.h"

struct clone_request {
	unsigned long flags, stack, tls;
	u32 __user *parent_tid, *child_tid;
	int exit_signal;
};

/* First thing a child runs, in its own space. */
static void child_start(void)
{
	struct task *t = current;

	sched_finish_new();
	if (t->restart_rmtp) { /* CLONE_CHILD_SETTID */
		u32 __user *at = (u32 __user *)t->restart_rmtp;

		t->restart_rmtp = 0;
		bare_irq_enable();
		if (put_user((u32)t->tid, at))
			t->restart_rmtp =
				0; /* the parent asked for a bad address: nothing to tell */
	}
}

static void copy_thread(struct task *t, const struct clone_request *r)
{
	struct bare_regs *regs = task_regs(t);

	*regs = *task_regs(current);
	regs_set_result(regs, 0);
	regs_forget_syscall(regs);
	if (r->stack)
		regs_set_sp(regs, r->stack);
	bare_fpu_fork(&t->thread);
	thread_copy_tls(&t->thread, r->flags & CLONE_SETTLS, r->tls);
	bare_thread_init_user(&t->thread, child_start);
}

/* What the child needs before it has an id.  0 or -ENOMEM with nothing kept. */
static int copy_parts(struct task *t, const struct clone_request *r)
{
	struct task *me = current;
	unsigned long flags;

	t->files = r->flags & CLONE_FILES ? files_get(me->files) : files_copy(me->files);
	if (!t->files)
		return -ENOMEM;
	t->fs = r->flags & CLONE_FS ? fs_info_get(me->fs) : fs_info_copy(me->fs);
	if (!t->fs)
		goto no_fs;
	if (r->flags & CLONE_SIGHAND) {
		spin_lock_irqsave(&task_lock, flags);
		me->sighand->refs++;
		spin_unlock_irqrestore(&task_lock, flags);
		t->sighand = me->sighand;
	} else {
		t->sighand = sighand_alloc(me->sighand);
	}
	if (!t->sighand)
		goto no_sighand;
	t->mm = r->flags & CLONE_VM ? mmget(me->mm) : mm_fork(me->mm);
	if (!t->mm)
		goto no_mm;
	return 0;
no_mm:
	sighand_put(t->sighand);
no_sighand:
	fs_info_put(t->fs);
no_fs:
	files_put(t->files);
	return -ENOMEM;
}

static void drop_parts(struct task *t)
{
	mmput(t->mm);
	sighand_put(t->sighand);
	fs_info_put(t->fs);
	files_put(t->files);
}

static struct process *copy_process(struct task *t, const struct clone_request *r)
{
	struct process *p = process_alloc(), *me = current->proc;

	if (!p)
		return NULL;
	p->pgid = me->pgid;
	p->sid = me->sid;
	p->has_tty = me->has_tty;
	p->oom_score_adj = me->oom_score_adj;
	p->exit_signal = r->exit_signal;
	p->leader = t;
	memcpy(p->rlim, me->rlim, sizeof(p->rlim));
	p->uid = me->uid;
	p->euid = me->euid;
	p->suid = me->suid;
	p->gid = me->gid;
	p->egid = me->egid;
	p->sgid = me->sgid;
	p->personality = me->personality;
	p->vdso = me->vdso;
	p->start_ns = now_ns();
	timer_setup(&p->real_timer, real_timer_fn);
	return p;
}

/* Put the child where others find it.  -EAGAIN: we are being killed. */
static int publish(struct task *t, struct process *p, const struct clone_request *r)
{
	struct process *me = current->proc, *parent = r->flags & CLONE_PARENT ? me->parent : me;
	unsigned long flags;

	spin_lock_irqsave(&task_lock, flags);
	if (signal_fatal_pending(current) || (me->in_exec && (r->flags & CLONE_THREAD))) {
		pid_free_locked(t);
		spin_unlock_irqrestore(&task_lock, flags);
		return -EAGAIN;
	}
	t->proc = p;
	if (!(r->flags & CLONE_THREAD)) {
		p->pid = t->tid;
		p->parent = parent;
		p->ppid = parent->pid;
		list_add_tail(&p->sibling, &parent->children);
		list_add_tail(&p->all, &all_processes);
		nr_processes++;
	}
	list_add_tail(&t->thread_link, &p->tasks);
	p->nr_tasks++;
	if (r->flags & CLONE_VFORK)
		p->vfork_waiter = current;
	spin_unlock_irqrestore(&task_lock, flags);
	return 0;
}

static struct task *make_child(const struct clone_request *r)
{
	struct task *me = current, *t = task_alloc();
	struct process *p = me->proc;
	int error = -ENOMEM;

	if (!t)
		return ERR_PTR(-ENOMEM);
	if (copy_parts(t, r))
		goto no_parts;
	if (!(r->flags & CLONE_THREAD))
		p = copy_process(t, r);
	if (!p)
		goto no_process;
	memcpy(t->comm, me->comm, sizeof(t->comm));
	t->blocked = me->blocked;
	t->mce_kill = me->mce_kill;
	if (!(r->flags & CLONE_VM) || (r->flags & CLONE_VFORK))
		t->altstack = me->altstack;
	t->cpu = port_cpu_id();
	if (r->flags & CLONE_CHILD_CLEARTID)
		t->clear_child_tid = r->child_tid;
	if (r->flags & CLONE_CHILD_SETTID)
		t->restart_rmtp = (unsigned long)r->child_tid;
	copy_thread(t, r);
	error = pid_alloc(t);
	if (!error)
		error = publish(t, p, r);
	if (!error)
		return t;
	if (p != me->proc)
		process_free(p);
no_process:
	drop_parts(t);
no_parts:
	t->mm = NULL;
	task_free(t);
	return ERR_PTR(error);
}

static bool sensible(unsigned long flags)
{
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return false;
	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return false;
	return !(flags & CLONE_PIDFD);
}

static bool still_waiting(struct task *child, int tid)
{
	unsigned long flags;
	bool waiting;

	spin_lock_irqsave(&task_lock, flags);
	waiting = task_find_locked(tid) == child && child->proc &&
		  child->proc->vfork_waiter == current;
	if (waiting && current->proc->group_exit) {
		child->proc->vfork_waiter = NULL;
		waiting = false;
	}
	spin_unlock_irqrestore(&task_lock, flags);
	return waiting;
}

static long clone_with(const struct clone_request *r)
{
	struct task *t;
	int tid;

	if (!sensible(r->flags))
		return -EINVAL;
	t = make_child(r);
	if (IS_ERR(t))
		return PTR_ERR(t);
	tid = t->tid;
	if ((r->flags & CLONE_PARENT_SETTID) && put_user((u32)tid, r->parent_tid))
		tid = t->tid; /* a bad address is the caller's loss, as on Linux */
	sched_start(t);
	if (r->flags & CLONE_VFORK)
		while (still_waiting(t, tid))
			port_block();
	return tid;
}

/* ---- system calls ---------------------------------------------------------------------------- */
long sys_clone(unsigned long flags, unsigned long stack, u32 __user *ptid, u32 __user *ctid,
	       unsigned long tls)
{
	struct clone_request r = {
		.flags = flags & ~0xffUL,
		.stack = stack,
		.tls = tls,
		.parent_tid = ptid,
		.child_tid = ctid,
		.exit_signal = (int)(flags & 0xff),
	};

	if (r.exit_signal > NSIG)
		return -EINVAL;
	return clone_with(&r);
}

long sys_fork(void)
{
	struct clone_request r = { .exit_signal = SIGCHLD };

	return clone_with(&r);
}

long sys_vfork(void)
{
	struct clone_request r = { .flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD };

	return clone_with(&r);
}

struct linux_clone_args {
	u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
		set_tid_size, cgroup;
};

/* A word of the machine cannot hold one of the addresses. */
static bool beyond_words(const struct linux_clone_args *a)
{
	return (unsigned long)a->stack != a->stack ||
	       (unsigned long)a->stack_size != a->stack_size || (unsigned long)a->tls != a->tls ||
	       (unsigned long)a->parent_tid != a->parent_tid ||
	       (unsigned long)a->child_tid != a->child_tid;
}

long sys_clone3(const struct linux_clone_args __user *uargs, size_t size)
{
	struct linux_clone_args a;
	struct clone_request r;

	memset(&a, 0, sizeof(a));
	if (size < 64 || size > PAGE_SIZE)
		return size < 64 ? -EINVAL : -E2BIG;
	if (copy_from_user(&a, uargs, min(size, sizeof(a))))
		return -EFAULT;
	if ((a.flags & 0xff) || a.exit_signal > NSIG || a.set_tid_size || (a.flags >> 32) ||
	    !a.stack != !a.stack_size || beyond_words(&a))
		return -EINVAL;
	r = (struct clone_request){
		.flags = (unsigned long)a.flags,
		.stack = (unsigned long)(a.stack ? a.stack + a.stack_size : 0),
		.tls = (unsigned long)a.tls,
		.parent_tid = (u32 __user *)(unsigned long)a.parent_tid,
		.child_tid = (u32 __user *)(unsigned long)a.child_tid,
		.exit_signal = (int)a.exit_signal,
	};
	return clone_with(&r);
}

long sys_set_tid_address(u32 __user *at)
{
	current->clear_child_tid = at;
	return current->tid;
}

#define ROBUST_LIST_SIZE (3 * sizeof(long))

long sys_set_robust_list(unsigned long head, size_t len)
{
	if (len != ROBUST_LIST_SIZE)
		return -EINVAL;
	current->robust_list = head;
	return 0;
}

long sys_get_robust_list(int pid, unsigned long __user *head, size_t __user *len)
{
	if (pid && pid != current->tid)
		return -EPERM;
	if (put_user(current->robust_list, head) || put_user(ROBUST_LIST_SIZE, len))
		return -EFAULT;
	return 0;
}
