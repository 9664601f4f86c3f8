/* SPDX-License-Identifier: MIT */
/*
 * trap.c - what trap.S calls: sorts exceptions by scause.
 *
 *   user mode      -> the kernel's trap_page_fault(), trap_user()
 *   kernel mode    -> a guard page of quire/kfence.h: a report, and on
 *                  -> a user copy's way out (.bare.extable), or a report and panic
 *   no room left   -> on a stack of its own: a kernel stack that ran into its guard page
 *
 * A processor may remember that there was no translation: the one for the address is forgotten after every fault that
 * was resolved.
 */
#include "bare_private.h"
#include <quire/kfence.h>
#include <quire/printk.h>

#define CAUSE_TIMER       5
#define CAUSE_CODE_FAULT  12
#define CAUSE_LOAD_FAULT  13
#define CAUSE_STORE_FAULT 15

static const char *const names[16] = {
	"misaligned code",     "code access fault",
	"illegal instruction", "breakpoint",
	"misaligned load",     "load access fault",
	"misaligned store",    "store access fault",
	"call from user mode", "call from kernel mode",
	"reserved exception",  "call from machine mode",
	"page fault of code",  "page fault of a load",
	"reserved exception",  "page fault of a store",
};

static const char *cause_name(u64 cause)
{
	return cause < ARRAY_SIZE(names) ? names[cause] : "exception";
}

static void __noreturn die(const struct bare_regs *r, const char *what, unsigned long addr,
			   u64 cause)
{
	static const char *const name[32] = { "pc", "ra", "sp",  "gp",  "tp", "t0", "t1", "t2",
					      "s0", "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
					      "a6", "a7", "s2",  "s3",  "s4", "s5", "s6", "s7",
					      "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6" };
	const u64 *v = &r->pc;
	char who[64], where[160];

	kernel_whoami(who, sizeof(who));
	maps_explain(addr, where, sizeof(where));
	printk("BUG: %s in kernel mode, running %s, address %016lx: %s\n", what, who, addr, where);
	printk("scause %lu: %s, sstatus %016lx\n", (unsigned long)cause, cause_name(cause),
	       (unsigned long)r->status);
	for (unsigned i = 0; i < 32; i += 4)
		printk("%-3s %016lx %-3s %016lx %-3s %016lx %-3s %016lx\n", name[i],
		       (unsigned long)v[i], name[i + 1], (unsigned long)v[i + 1], name[i + 2],
		       (unsigned long)v[i + 2], name[i + 3], (unsigned long)v[i + 3]);
	bare_show_stack(r->sp);
	port_panic(what);
}

void bare_interrupt(struct bare_regs *regs, u64 cause)
{
	if ((cause & 0xff) != CAUSE_TIMER) {
		printk("warning: interrupt %lu that nobody asked for\n",
		       (unsigned long)(cause & 0xff));
		return;
	}
	bare_timer_stop();
	trap_timer(regs);
}

static bool is_page_fault(u64 cause)
{
	return cause == CAUSE_CODE_FAULT || cause == CAUSE_LOAD_FAULT || cause == CAUSE_STORE_FAULT;
}

static u64 fault_error(const struct bare_regs *regs, u64 cause)
{
	return cause << 32 | (bare_user_mode(regs) ? BARE_FAULT_USER : 0) |
	       (cause == CAUSE_STORE_FAULT ? BARE_FAULT_WRITE : 0) |
	       (cause == CAUSE_CODE_FAULT ? BARE_FAULT_EXEC : 0);
}

static void forget(unsigned long addr)
{
	__asm__ volatile("sfence.vma %0, zero" : : "r"(addr) : "memory");
}

void bare_user_trap(struct bare_regs *regs, u64 cause, unsigned long value)
{
	bare_irq_enable();
	if (is_page_fault(cause)) {
		trap_page_fault(regs, value, fault_error(regs, cause));
		forget(value);
		return;
	}
	trap_user(regs, (unsigned)cause, value);
}

u64 bare_entry_at(unsigned long addr)
{
	u64 *table =
		port_phys_to_virt((CSR_READ(satp) & ((1UL << SATP_ASID_SHIFT) - 1)) << PAGE_SHIFT);

	for (unsigned shift = BARE_ROOT_SHIFT;; shift -= 9) {
		u64 entry = table[addr >> shift & 511];

		if (!bare_entry_valid(entry))
			return 0;
		if (entry & RV_MAPS || shift == PAGE_SHIFT)
			return entry;
		table = port_phys_to_virt(bare_entry_pa(entry));
	}
}

/* The kernel's own mappings, made since the processor last looked: whether the access is allowed by now. */
static bool was_late(unsigned long addr, u64 cause)
{
	u64 wanted = cause == CAUSE_STORE_FAULT  ? RV_WRITE
		     : cause == CAUSE_CODE_FAULT ? RV_EXEC
						 : RV_READ;

	return bare_entry_at(addr) & wanted;
}

static bool kernel_page_fault(struct bare_regs *regs, u64 cause, unsigned long addr)
{
	static unsigned long last_late;
	bool fixed = false;

	if (addr < PORT_TASK_SIZE) {
		if (!(regs->status & BARE_STATUS_SPIE) || !bare_way_out(regs->pc))
			return false;
		bare_irq_enable();
		fixed = trap_page_fault(regs, addr, fault_error(regs, cause));
		bare_irq_disable();
	} else if (was_late(addr, cause) && last_late != addr) {
		fixed = true; /* once: a second time in a row is something else */
	}
	last_late = addr;
	if (fixed)
		forget(addr);
	return fixed;
}

void bare_kernel_trap(struct bare_regs *regs, u64 cause, unsigned long value)
{
	const struct bare_extable *out;

	if (is_page_fault(cause)) {
		if (kernel_page_fault(regs, cause, value))
			return;
		if (value >= PORT_TASK_SIZE &&
		    kfence_handle_page_fault(value, cause == CAUSE_STORE_FAULT, regs->pc))
			return;
	}
	out = bare_way_out(regs->pc);
	if (out) {
		regs->pc = out->fixup;
		return;
	}
	if (is_page_fault(cause))
		die(regs, value < PAGE_SIZE ? "NULL pointer" : "page fault", value, cause);
	die(regs, cause_name(cause), value, cause);
}

void bare_stack_overflow(struct bare_regs *regs, u64 cause, unsigned long value)
{
	char who[64], where[160];

	kernel_whoami(who, sizeof(who));
	maps_explain(value, where, sizeof(where));
	printk("BUG: kernel stack overflow of %s: touched %016lx, %s\n", who, value, where);
	die(regs, "stack overflow", value, cause);
}
