/* SPDX-License-Identifier: MIT */
/*
 * sigframe.c - the frame of a signal handler on the user stack, and the way back (rt_sigreturn).
 *
 *   high   | FPU state, 64-aligned              |
 *          | siginfo, ucontext                  |   16-aligned + 8, as after a call
 *   rsp -> | return address (sa_restorer)       |
 *
 * The layout is the one that <sys/ucontext.h> shows.  Nothing read back is trusted.
 */
#include "signal.h"
#include "syscall.h"

#define REDZONE              128
#define UC_FP_XSTATE         1
#define UC_SIGCONTEXT_SS     2
#define UC_STRICT_RESTORE_SS 4
#define EFLAGS_USER          0x50dd5ULL /* AC RF OF DF TF SF ZF AF PF CF */
#define EFLAGS_FIXED         0x202ULL
#define CANNOT_BLOCK         (SIGBIT(SIGKILL) | SIGBIT(SIGSTOP))

static bool on_altstack(const struct task *t, u64 sp)
{
	return !(t->altstack.flags & SS_AUTODISARM) && t->altstack.size && sp > t->altstack.sp &&
	       sp - t->altstack.sp <= t->altstack.size;
}

static u64 frame_top(const struct task *t, const struct bare_regs *regs,
		     const struct linux_sigaction *action)
{
	if ((action->flags & SA_ONSTACK) && t->altstack.size && !on_altstack(t, regs->rsp))
		return t->altstack.sp + t->altstack.size;
	return regs->rsp - REDZONE;
}

static void fill_context(struct linux_sigcontext *c, const struct bare_regs *r,
			 const struct task *t)
{
	c->r8 = r->r8;
	c->r9 = r->r9;
	c->r10 = r->r10;
	c->r11 = r->r11;
	c->r12 = r->r12;
	c->r13 = r->r13;
	c->r14 = r->r14;
	c->r15 = r->r15;
	c->rdi = r->rdi;
	c->rsi = r->rsi;
	c->rbp = r->rbp;
	c->rbx = r->rbx;
	c->rdx = r->rdx;
	c->rax = r->rax;
	c->rcx = r->rcx;
	c->rsp = r->rsp;
	c->rip = r->rip;
	c->eflags = r->eflags;
	c->cs = BARE_USER_CS;
	c->gs = c->fs = 0;
	c->ss = BARE_USER_DS;
	c->err = t->fault_error;
	c->trapno = t->fault_trapno;
	c->cr2 = t->fault_addr;
	memset(c->reserved, 0, sizeof(c->reserved));
}

int signal_push_frame(struct bare_regs *regs, int sig, const struct linux_siginfo *info,
		      const struct linux_sigaction *action, u64 mask)
{
	struct task *t = current;
	struct linux_rt_sigframe f, __user *at;
	u64 fp = (frame_top(t, regs, action) - bare_fpu_frame_size()) & ~63ULL;
	size_t size =
		action->flags & SA_SIGINFO ? sizeof(f) : offsetof(struct linux_rt_sigframe, info);

	at = (void __user *)(((fp - sizeof(f)) & ~15ULL) - 8);
	if (!(action->flags & SA_RESTORER) || action->handler >= PORT_TASK_SIZE ||
	    !access_ok(at, sizeof(f)))
		return -EFAULT;
	if (bare_fpu_to_user((void __user *)fp))
		return -EFAULT;
	f.pretcode = action->restorer;
	f.uc.flags = (bare_fpu_frame_size() > 512 ? UC_FP_XSTATE : 0) | UC_SIGCONTEXT_SS |
		     UC_STRICT_RESTORE_SS;
	f.uc.link = 0;
	f.uc.stack = t->altstack;
	if (t->altstack.size)
		f.uc.stack.flags = (t->altstack.flags & SS_AUTODISARM) |
				   (on_altstack(t, regs->rsp) ? SS_ONSTACK : 0);
	fill_context(&f.uc.mcontext, regs, t);
	f.uc.mcontext.oldmask = mask;
	f.uc.mcontext.fpstate = fp;
	f.uc.sigmask = mask;
	if (action->flags & SA_SIGINFO)
		f.info = *info;
	if (copy_to_user(at, &f, size))
		return -EFAULT;
	if (t->altstack.flags & SS_AUTODISARM)
		t->altstack = (struct linux_stack_t){ .flags = SS_DISABLE };
	regs->rdi = (u64)sig;
	regs->rsi = (u64)&at->info;
	regs->rdx = (u64)&at->uc;
	regs->rax = 0;
	regs->rsp = (u64)at;
	regs->rip = action->handler;
	regs->eflags &= ~0x10500ULL; /* DF, TF, RF */
	regs->orig_rax = (u64)-1;
	return 0;
}

static void load_context(struct bare_regs *r, const struct linux_sigcontext *c)
{
	r->r8 = c->r8;
	r->r9 = c->r9;
	r->r10 = c->r10;
	r->r11 = c->r11;
	r->r12 = c->r12;
	r->r13 = c->r13;
	r->r14 = c->r14;
	r->r15 = c->r15;
	r->rdi = c->rdi;
	r->rsi = c->rsi;
	r->rbp = c->rbp;
	r->rbx = c->rbx;
	r->rdx = c->rdx;
	r->rax = c->rax;
	r->rcx = c->rcx;
	r->rsp = c->rsp;
	r->rip = c->rip;
	r->eflags = (c->eflags & EFLAGS_USER) | EFLAGS_FIXED;
	r->cs = BARE_USER_CS;
	r->ss = BARE_USER_DS;
}

long sys_rt_sigreturn(void)
{
	struct task *t = current;
	struct bare_regs *regs = task_regs(t);
	struct linux_rt_sigframe __user *at = (void __user *)(regs->rsp - 8);
	struct linux_ucontext uc;
	unsigned long flags;

	if (copy_from_user(&uc, &at->uc, sizeof(uc)) || uc.mcontext.rip >= PORT_TASK_SIZE)
		goto bad;
	if (uc.mcontext.fpstate) {
		if (bare_fpu_from_user((const void __user *)uc.mcontext.fpstate))
			goto bad;
	} else {
		bare_fpu_reset(&t->thread);
	}
	load_context(regs, &uc.mcontext);
	regs->orig_rax = (u64)-1;
	spin_lock_irqsave(&task_lock, flags);
	t->blocked = uc.sigmask & ~CANNOT_BLOCK;
	recalc_signals_locked(t);
	spin_unlock_irqrestore(&task_lock, flags);
	if (!on_altstack(t, regs->rsp) || (uc.stack.flags & SS_AUTODISARM)) {
		t->altstack = uc.stack;
		t->altstack.flags &= SS_AUTODISARM | SS_DISABLE;
		if (t->altstack.flags & SS_DISABLE)
			t->altstack.size = 0;
	}
	set_work(t, BARE_WORK_RETURN);
	return (long)regs->rax;
bad:
	force_signal(SIGSEGV, SI_KERNEL, 0);
	return 0;
}

/* ---- sigaltstack ----------------------------------------------------------------------------- */
long sys_sigaltstack(const struct linux_stack_t __user *in, struct linux_stack_t __user *out)
{
	struct task *t = current;
	struct linux_stack_t old = t->altstack, new;
	bool on = on_altstack(t, task_regs(t)->rsp);

	old.pad = 0;
	if (t->altstack.size)
		old.flags = (t->altstack.flags & SS_AUTODISARM) | (on ? SS_ONSTACK : 0);
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
