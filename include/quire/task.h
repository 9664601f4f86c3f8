/* SPDX-License-Identifier: MIT */
/*
 * quire/task.h - who is running, for reports, and how it came here.
 *
 * quire knows nothing of tasks; a kernel that has some says once how to ask.  Without it everything
 * is done by "swapper", pid 0, as on a machine that has not started its first program yet.
 */
#ifndef QUIRE_TASK_H
#define QUIRE_TASK_H

#include <quire/types.h>

#define TASK_COMM_LEN 16

struct quire_task {
	int pid, tgid;            /* of the thread; of its process                     */
	bool make_it_fail;        /* faults may be injected into it: fault_attr.task_filter */
	char comm[TASK_COMM_LEN]; /* name, terminated                                  */
};

/* Say how the running task is described; NULL: there are none (any more).  The function is called
 * in any context, with any lock held: it must not sleep, lock or allocate.  `who` holds the
 * defaults. */
void set_current_task_fn(void (*describe)(struct quire_task *who));

/* The task that runs on this CPU.  Any context. */
void quire_current_task(struct quire_task *who);

/* Return addresses of the calling CPU, innermost first: how many of pc[n] were filled; 0 if the
 * port cannot tell (port_stack_trace()).  Any context. */
unsigned quire_stack_trace(unsigned long *pc, unsigned n);

/* CPU, task and call trace to the log.  Any context. */
void dump_stack(void);

#endif
