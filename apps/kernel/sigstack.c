/* SPDX-License-Identifier: MIT */
/*
 * sigstack.c - on which stack a handler runs, and what changes for a task when it begins and ends.  The
 * frame itself: arch/ARCH/sigframe.c.
 */
#include "signal.h"
#include "syscall.h"

#define CANNOT_BLOCK (SIGBIT(SIGKILL) | SIGBIT(SIGSTOP))

static bool on_altstack(const struct task *t, unsigned long sp)
{
	return !(t->altstack.flags & SS_AUTODISARM) && t->altstack.size && sp > t->altstack.sp &&
	       sp - t->altstack.sp <= t->altstack.size;
}

unsigned long signal_stack_top(const struct task *t, const struct bare_regs *regs,
			       const struct linux_sigaction *action, unsigned long redzone)
{
	if ((action->flags & SA_ONSTACK) && t->altstack.size && !on_altstack(t, regs_sp(regs)))
		return t->altstack.sp + t->altstack.size;
	return regs_sp(regs) - redzone;
}

struct linux_stack_t signal_altstack(const struct task *t, unsigned long sp)
{
	struct linux_stack_t s = t->altstack;

	if (s.size)
		s.flags = (s.flags & SS_AUTODISARM) | (on_altstack(t, sp) ? SS_ONSTACK : 0);
	return s;
}

void signal_enter_handler(struct task *t)
{
	if (t->altstack.flags & SS_AUTODISARM)
		t->altstack = (struct linux_stack_t){ .flags = SS_DISABLE };
}

void signal_leave_handler(struct task *t, const struct linux_stack_t *stack, u64 mask)
{
	unsigned long flags;

	spin_lock_irqsave(&task_lock, flags);
	t->blocked = mask & ~CANNOT_BLOCK;
	recalc_signals_locked(t);
	spin_unlock_irqrestore(&task_lock, flags);
	if (on_altstack(t, regs_sp(task_regs(t))) && !(stack->flags & SS_AUTODISARM))
		return;
	t->altstack = *stack;
	t->altstack.flags &= SS_AUTODISARM | SS_DISABLE;
	if (t->altstack.flags & SS_DISABLE)
		t->altstack.size = 0;
}

/* ---- sigaltstack ----------------------------------------------------------------------------- */
long sys_sigaltstack(const struct linux_stack_t __user *in, struct linux_stack_t __user *out)
{
	struct task *t = current;
	struct linux_stack_t old = signal_altstack(t, regs_sp(task_regs(t))), new;
	bool on = on_altstack(t, regs_sp(task_regs(t)));

	memset(old.pad, 0, sizeof(old.pad));
	if (in) {
		if (copy_from_user(&new, in, sizeof(new)))
			return -EFAULT;
		if (on)
			return -EPERM;
		if (new.flags & ~(SS_ONSTACK | SS_DISABLE | SS_AUTODISARM))
			return -EINVAL;
		if (new.flags & SS_DISABLE) {
			new.sp = new.size = 0;
		} else if (new.size < MINSIGSTKSZ) {
			return -ENOMEM;
		}
		new.flags &= SS_DISABLE | SS_AUTODISARM;
		t->altstack = new;
	}
	return out && copy_to_user(out, &old, sizeof(old)) ? -EFAULT : 0;
}
