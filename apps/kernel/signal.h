/* SPDX-License-Identifier: MIT */
/* signal.h - between signal.c, sigframe.c and sys_signal.c. */
#ifndef KERNEL_SIGNAL_H
#define KERNEL_SIGNAL_H

#include "kernel.h"

/* Save the registers on the user stack and point them at the handler.  0 or -EFAULT. */
int signal_push_frame(struct bare_regs *regs, int sig, const struct linux_siginfo *info,
		      const struct linux_sigaction *action, u64 mask);
/* The first pending signal outside `blocked`, or 0. */
int signal_dequeue_locked(struct task *t, u64 blocked, struct linux_siginfo *info);
/* Forget pending signals of a set. */
void signal_discard_locked(struct task *t, u64 set);

#endif
