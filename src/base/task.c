/* SPDX-License-Identifier: MIT */
/*
 * base/task.c - who runs here and how it came here, for reports.
 *
 *   the embedder's tasks ──describe()──> name and number ──┐
 *   port_stack_trace()   ──────────────> return addresses ─┴─> log, page_owner, fault injection
 *
 * Lock: none; the function is set while no other CPU is inside quire.
 */
#include <quire/bytes.h>
#include <quire/percpu.h>
#include <quire/printk.h>
#include <quire/task.h>

#define TRACE_DEPTH 16

static void (*describe_current)(struct quire_task *who);

void set_current_task_fn(void (*describe)(struct quire_task *who))
{
	describe_current = describe;
}

void quire_current_task(struct quire_task *who)
{
	*who = (struct quire_task){ .comm = "swapper" };
	if (describe_current)
		describe_current(who);
}

unsigned quire_stack_trace(unsigned long *pc, unsigned n)
{
	return PORT_STACK_TRACE ? port_stack_trace(pc, n) : 0;
}

void dump_stack(void)
{
	unsigned long pc[TRACE_DEPTH];
	unsigned n = quire_stack_trace(pc, TRACE_DEPTH);
	struct quire_task who;

	quire_current_task(&who);
	printk("CPU: %u PID: %d Comm: %s\n", port_cpu_id(), who.pid, who.comm);
	if (!n)
		return;
	printk("Call Trace:\n");
	for (unsigned i = 0; i < n; i++)
		printk(" 0x%lx\n", pc[i]);
}
