/* SPDX-License-Identifier: MIT */
/* arch/riscv64/calls.c - system calls that no other machine has, or has otherwise. */
#include "signal.h"
#include "syscall.h"

/* riscv_hwprobe(): what a program may ask for. */
#define PROBE_BASE      3
#define PROBE_BASE_IMA  1u
#define PROBE_IMA_EXT_0 4
#define PROBE_FD        1u
#define PROBE_C         2u
#define LETTER(c)       (1UL << ((c) - 'a'))

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

struct riscv_hwprobe {
	s64 key;
	u64 value;
};

/* A key that nobody knows becomes -1. */
static struct riscv_hwprobe probe(s64 key)
{
	u64 caps = bare_hwcap();

	if (key == PROBE_BASE)
		return (struct riscv_hwprobe){ key, PROBE_BASE_IMA };
	if (key == PROBE_IMA_EXT_0)
		return (struct riscv_hwprobe){ key, (caps & LETTER('d') ? PROBE_FD : 0) |
							    (caps & LETTER('c') ? PROBE_C : 0) };
	return (struct riscv_hwprobe){ key >= 0 && key < PROBE_BASE ? key : -1, 0 };
}

/* Every CPU is like every other: `cpus` makes no difference. */
long sys_riscv_hwprobe(struct riscv_hwprobe __user *pairs, size_t nr, size_t set_size,
		       const unsigned long __user *cpus, unsigned flags)
{
	struct riscv_hwprobe pair;

	if (flags || (!set_size && cpus))
		return -EINVAL;
	for (size_t i = 0; i < nr; i++) {
		if (copy_from_user(&pair, &pairs[i], sizeof(pair)))
			return -EFAULT;
		pair = probe(pair.key);
		if (copy_to_user(&pairs[i], &pair, sizeof(pair)))
			return -EFAULT;
	}
	return 0;
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
