/* SPDX-License-Identifier: MIT */
/*
 * trap.c - what trap.S calls: sorts traps into page faults, user exceptions, interrupts, and the
 * end.
 *
 *   user mode      -> the kernel's trap_page_fault(), trap_user()
 *   kernel mode    -> a guard page of quire/kfence.h: a report, and on
 *                  -> a user copy's way out (.bare.extable), or a report and panic
 *   double fault   -> on its own stack: usually a kernel stack that ran into its guard page
 */
#include "bare_private.h"
#include <quire/kfence.h>
#include <quire/printk.h>

void bare_page_fault(struct bare_regs *regs, unsigned long addr, u64 error);
void bare_trap(struct bare_regs *regs, unsigned vector);
void bare_trap_ist(struct bare_regs *regs, unsigned vector, u64 cr2);

static const char *const names[32] = {
	"divide error",
	"debug",
	"NMI",
	"breakpoint",
	"overflow",
	"bound range",
	"invalid opcode",
	"no FPU",
	"double fault",
	"FPU overrun",
	"invalid TSS",
	"segment not present",
	"stack segment",
	"general protection",
	"page fault",
	"reserved",
	"x87 error",
	"alignment check",
	"machine check",
	"SIMD error",
	"virtualization",
	"control protection",
};

void bare_die(const struct bare_regs *r, const char *what, unsigned long addr)
{
	char who[64], where[160];

	kernel_whoami(who, sizeof(who));
	maps_explain(addr, where, sizeof(where));
	printk("BUG: %s in kernel mode, running %s, address %016lx: %s\n", what, who, addr, where);
	printk("rip %016lx rsp %016lx flags %08lx error %lx\n", (unsigned long)r->rip,
	       (unsigned long)r->rsp, (unsigned long)r->eflags, (unsigned long)r->orig_rax);
	printk("rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", (unsigned long)r->rax,
	       (unsigned long)r->rbx, (unsigned long)r->rcx, (unsigned long)r->rdx);
	printk("rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", (unsigned long)r->rsi,
	       (unsigned long)r->rdi, (unsigned long)r->rbp, (unsigned long)r->r8);
	printk("r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", (unsigned long)r->r9,
	       (unsigned long)r->r10, (unsigned long)r->r11, (unsigned long)r->r12);
	printk("r13 %016lx r14 %016lx r15 %016lx\n", (unsigned long)r->r13, (unsigned long)r->r14,
	       (unsigned long)r->r15);
	bare_show_stack(r->rsp);
	port_panic(what);
}

/* Whether the faulting instruction has a way out; if so, take it. */
static bool fix_up(struct bare_regs *regs)
{
	const struct bare_extable *out = bare_way_out(regs->rip);

	if (out)
		regs->rip = out->fixup;
	return out;
}

void bare_page_fault(struct bare_regs *regs, unsigned long addr, u64 error)
{
	if (likely(bare_user_mode(regs))) {
		regs->orig_rax = (u64)-1; /* not a system call */
		bare_irq_enable();
		trap_page_fault(regs, addr, error);
		return;
	}
	if (addr < PORT_TASK_SIZE && regs->eflags & BARE_EFLAGS_IF && bare_way_out(regs->rip)) {
		bare_irq_enable();
		bool fixed = trap_page_fault(regs, addr, error);

		bare_irq_disable();
		if (fixed)
			return;
	}
	if (addr >= PORT_TASK_SIZE &&
	    kfence_handle_page_fault(addr, error & BARE_FAULT_WRITE, regs->rip))
		return;
	if (fix_up(regs))
		return;
	bare_die(regs, addr < PAGE_SIZE ? "NULL pointer" : "page fault", addr);
}

void bare_trap(struct bare_regs *regs, unsigned vector)
{
	if (vector >= 32) {
		bare_interrupt(regs, vector);
		return;
	}
	if (bare_user_mode(regs)) {
		u64 error = regs->orig_rax == (u64)-1 ? 0 : regs->orig_rax;

		regs->orig_rax = (u64)-1;
		bare_irq_enable();
		trap_user(regs, vector, error);
		return;
	}
	if (!fix_up(regs))
		bare_die(regs, names[vector] ? names[vector] : "exception", 0);
}

void bare_trap_ist(struct bare_regs *regs, unsigned vector, u64 cr2)
{
	char who[64], where[160];

	if (vector == 2) {
		printk("warning: NMI on CPU %u at %016lx\n", port_cpu_id(),
		       (unsigned long)regs->rip);
		return;
	}
	if (vector == 8) {
		u64 top = bare_current()->kstack_top;

		kernel_whoami(who, sizeof(who));
		maps_explain(cr2, where, sizeof(where));
		if (cr2 < top && top - cr2 > 0 && top - cr2 < BARE_KSTACK_SIZE + 2 * PAGE_SIZE)
			printk("BUG: kernel stack overflow of %s: touched %016lx, %s\n", who,
			       (unsigned long)cr2, where);
		bare_die(regs, "double fault", cr2);
	}
	bare_die(regs, names[vector & 31], 0);
}
