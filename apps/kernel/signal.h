/* SPDX-License-Identifier: MIT */
/* signal.h - between signal.c, sigstack.c, arch/ARCH/sigframe.c and sys_signal.c. */
#ifndef KERNEL_SIGNAL_H
#define KERNEL_SIGNAL_H

#include "kernel.h"

/* Save the registers on the user stack and point them at the handler.  0 or -EFAULT. */
int signal_push_frame(struct bare_regs *regs, int sig, const struct linux_siginfo *info,
		      const struct linux_sigaction *action, u64 mask);
/* Where a handler's frame ends: on the alternate stack, or `redzone` bytes below the stack pointer. */
unsigned long signal_stack_top(const struct task *t, const struct bare_regs *regs,
			       const struct linux_sigaction *action, unsigned long redzone);
/* The alternate stack as a program that runs on `sp` sees it. */
struct linux_stack_t signal_altstack(const struct task *t, unsigned long sp);
/* The frame is written. */
void signal_enter_handler(struct task *t);
/* The registers are the frame's again: so are mask and alternate stack. */
void signal_leave_handler(struct task *t, const struct linux_stack_t *stack, u64 mask);
/* The first pending signal outside `blocked`, or 0. */
int signal_dequeue_locked(struct task *t, u64 blocked, struct linux_siginfo *info);
/* Forget pending signals of a set. */
void signal_discard_locked(struct task *t, u64 set);

/* sys_signal.c: sigaction() without the user's structure.  0 or -EINVAL. */
int signal_set_action(int sig, const struct linux_sigaction *new, struct linux_sigaction *old);

#endif
