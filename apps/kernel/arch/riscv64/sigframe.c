/* SPDX-License-Identifier: MIT */
/*
 * arch/riscv64/sigframe.c - the frame of a signal handler on the user stack, and the way back (rt_sigreturn).
 *
 *   high   | ucontext: registers, FPU            |
 *   sp ->  | siginfo                             |   16-aligned
 *
 * The layout is the one that <sys/ucontext.h> shows.  Nothing read back is trusted.
 */
#include "signal.h"
#include "syscall.h"

struct linux_fpstate { /* of the extensions F, D and Q the largest */
	u64 f[64];
	u32 fcsr, reserved[3];
};
struct linux_sigcontext {
	u64 regs[32]; /* pc, x1 .. x31 */
	union {
		struct linux_fpstate q;
		struct bare_fpu d;
	};
};
struct linux_ucontext {
	u64 flags, link;
	struct linux_stack_t stack;
	u64 sigmask;
	u8 unused[120];
	u64 pad;
	struct linux_sigcontext mcontext;
};
struct linux_rt_sigframe {
	struct linux_siginfo info;
	struct linux_ucontext uc;
};
_Static_assert(offsetof(struct linux_ucontext, mcontext) == 176, "struct ucontext");
_Static_assert(sizeof(struct linux_sigcontext) == 784, "struct sigcontext");
_Static_assert(sizeof(struct linux_rt_sigframe) == 1088, "struct rt_sigframe");

static int write_context(struct linux_ucontext __user *at, const struct bare_regs *regs, u64 mask)
{
	struct task *t = current;
	struct linux_ucontext uc;

	memset(&uc, 0, sizeof(uc));
	uc.stack = signal_altstack(t, regs->sp);
	uc.sigmask = mask;
	memcpy(uc.mcontext.regs, regs, sizeof(uc.mcontext.regs));
	bare_fpu_read(&uc.mcontext.d);
	uc.mcontext.d.pad = 0;
	return copy_to_user(at, &uc, sizeof(uc)) ? -EFAULT : 0;
}

int signal_push_frame(struct bare_regs *regs, int sig, const struct linux_siginfo *info,
		      const struct linux_sigaction *action, u64 mask)
{
	struct task *t = current;
	struct linux_rt_sigframe __user *at;

	at = (void __user *)((signal_stack_top(t, regs, action, 0) - sizeof(*at)) & ~15ULL);
	if (action->handler >= PORT_TASK_SIZE || !access_ok(at, sizeof(*at)))
		return -EFAULT;
	if (write_context(&at->uc, regs, mask))
		return -EFAULT;
	if ((action->flags & SA_SIGINFO) && copy_to_user(&at->info, info, sizeof(*info)))
		return -EFAULT;
	signal_enter_handler(t);
	regs->a[0] = (u64)sig;
	regs->a[1] = (u64)&at->info;
	regs->a[2] = (u64)&at->uc;
	regs->ra = t->proc->vdso + ARCH_SIGRETURN;
	regs->sp = (u64)at;
	regs->pc = action->handler;
	regs->syscall = -1;
	return 0;
}

long sys_rt_sigreturn(void)
{
	struct task *t = current;
	struct bare_regs *regs = task_regs(t);
	struct linux_rt_sigframe __user *at = (void __user *)regs->sp;
	struct linux_ucontext uc;

	if (copy_from_user(&uc, &at->uc, sizeof(uc)) || uc.mcontext.regs[0] >= PORT_TASK_SIZE) {
		force_signal(SIGSEGV, SI_KERNEL, 0);
		return 0;
	}
	bare_fpu_write(&uc.mcontext.d);
	memcpy(regs, uc.mcontext.regs, sizeof(uc.mcontext.regs));
	regs->syscall = -1;
	signal_leave_handler(t, &uc.stack, uc.sigmask);
	set_work(t, BARE_WORK_RETURN);
	return (long)regs->a[0];
}
