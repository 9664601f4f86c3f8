/* SPDX-License-Identifier: MIT */
/* arch/riscv64/calls.c - system calls that no other machine has, or has otherwise. */
#include "signal.h"
#include "syscall.h"

#define FLUSH_LOCAL 1UL /* of this thread only */

/* There is no restorer here: handlers return to the vDSO. */
struct riscv_sigaction {
	u64 handler, flags, mask;
};

long sys_riscv_sigaction(int sig, const struct riscv_sigaction __user *in,
			 struct riscv_sigaction __user *out, size_t size)
{
	struct riscv_sigaction user;
	struct linux_sigaction new, old;
	int error;

	if (size != 8)
		return -EINVAL;
	if (in) {
		if (copy_from_user(&user, in, sizeof(user)))
			return -EFAULT;
		new = (struct linux_sigaction){ .handler = user.handler,
						.flags = user.flags,
						.mask = user.mask };
	}
	error = signal_set_action(sig, in ? &new : NULL, &old);
	if (error || !out)
		return error;
	user = (struct riscv_sigaction){ old.handler, old.flags, old.mask };
	return copy_to_user(out, &user, sizeof(user)) ? -EFAULT : 0;
}

/* Code that a program has written is about to run; the range is a hint. */
long sys_riscv_flush_icache(unsigned long start, unsigned long end, unsigned long flags)
{
	(void)start;
	(void)end;
	if (flags & ~FLUSH_LOCAL)
		return -EINVAL;
	__asm__ volatile(".word 0x0000100f" : : : "memory"); /* fence.i; one CPU runs */
	return 0;
}
