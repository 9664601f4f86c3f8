/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/sigframe.c - the frame of a signal handler on the user stack, and the way back (rt_sigreturn).
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

struct linux_sigcontext {
	u64 r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip,
		eflags;
	u16 cs, gs, fs, ss;
	u64 err, trapno, oldmask, cr2, fpstate, reserved[8];
};
struct linux_ucontext {
	u64 flags, link;
	struct linux_stack_t stack;
	struct linux_sigcontext mcontext;
	u64 sigmask;
};
struct linux_rt_sigframe {
	u64 pretcode;
	struct linux_ucontext uc;
	struct linux_siginfo info;
};
_Static_assert(sizeof(struct linux_ucontext) == 304, "struct ucontext");

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
	u64 fp = (signal_stack_top(t, regs, action, REDZONE) - bare_fpu_frame_size()) & ~63ULL;
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
	f.uc.stack = signal_altstack(t, regs->rsp);
	fill_context(&f.uc.mcontext, regs, t);
	f.uc.mcontext.oldmask = mask;
	f.uc.mcontext.fpstate = fp;
	f.uc.sigmask = mask;
	if (action->flags & SA_SIGINFO)
		f.info = *info;
	if (copy_to_user(at, &f, size))
		return -EFAULT;
	signal_enter_handler(t);
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
	signal_leave_handler(t, &uc.stack, uc.sigmask);
	set_work(t, BARE_WORK_RETURN);
	return (long)regs->rax;
bad:
	force_signal(SIGSEGV, SI_KERNEL, 0);
	return 0;
}
