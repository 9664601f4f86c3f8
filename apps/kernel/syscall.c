/* SPDX-License-Identifier: MIT */
/*
 * syscall.c - the count of system calls that we do not have.  The tables: arch/ARCH/syscall.c.
 */
#include "syscall.h"

#define UNKNOWN_MAX 512

static u32 unknown_count[UNKNOWN_MAX + 1]; /* (a) the last one: all higher numbers */

/* In the table wherever there is no call of that number. */
long sys_unknown(void)
{
	unsigned long nr = (unsigned long)regs_syscall(task_regs(current));

	__atomic_fetch_add(&unknown_count[nr < UNKNOWN_MAX ? nr : UNKNOWN_MAX], 1,
			   __ATOMIC_RELAXED);
	return -ENOSYS;
}

unsigned long unknown_syscalls(void)
{
	unsigned long sum = 0;

	for (unsigned i = 0; i <= UNKNOWN_MAX; i++)
		sum += unknown_count[i];
	return sum;
}

/* One line for each number that was asked for and is not there. */
void show_unknown_syscalls(struct seq_out *out)
{
	for (unsigned i = 0; i <= UNKNOWN_MAX; i++)
		if (unknown_count[i])
			seq_printf(out, "system call %u%s: %u times\n", i,
				   i == UNKNOWN_MAX ? " or higher" : "", unknown_count[i]);
}
