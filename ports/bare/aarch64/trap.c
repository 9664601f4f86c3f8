/* SPDX-License-Identifier: MIT */
/*
 * trap.c - what trap.S calls: sorts exceptions by what ESR_EL1 says of them.
 *
 *   user mode      -> the kernel's trap_page_fault(), trap_user()
 *   kernel mode    -> a user copy's way out (.bare.extable), or a report and panic
 *   no room left   -> on a stack of its own: a kernel stack that ran into its guard page
 */
#include "bare_private.h"
#include <quire/bytes.h>
#include <quire/printk.h>

/* ESR_EL1: class, and for aborts why and how. */
#define EC(esr)         ((unsigned)((esr) >> 26) & 63)
#define EC_INSN_USER    0x20
#define EC_INSN_KERNEL  0x21
#define EC_DATA_USER    0x24
#define EC_DATA_KERNEL  0x25
#define EC_BRK          0x3c
#define ABORT_WRITE     (1u << 6)
#define ABORT_CACHE     (1u << 8) /* by cache maintenance: says "write", and is none */
#define STATUS(esr)     ((unsigned)(esr)&63)
#define STATUS_LAST     15 /* 4..7 no translation, 8..11 not used before, 12..15 not allowed */
#define STATUS_EXTERNAL 16

static const char *class_name(unsigned class)
{
	switch (class) {
	case 0x00: return "undefined instruction";
	case 0x07: return "use of the FPU";
	case 0x0e: return "illegal state";
	case 0x15: return "system call";
	case 0x18: return "system register";
	case EC_INSN_USER:
	case EC_INSN_KERNEL: return "instruction abort";
	case 0x22: return "PC alignment";
	case EC_DATA_USER:
	case EC_DATA_KERNEL: return "data abort";
	case 0x26: return "SP alignment";
	case 0x2f: return "SError";
	case EC_BRK: return "breakpoint";
	default: return "exception";
	}
}

static const char *status_name(unsigned status)
{
	static const char *const words[4] = { "address size", "translation", "access flag",
					      "permission" };

	if (status <= STATUS_LAST)
		return words[status >> 2];
	switch (status) {
	case STATUS_EXTERNAL: return "external abort";
	case 0x21: return "alignment";
	case 0x30: return "conflict in the TLB";
	default: return status >= 0x14 && status <= 0x17 ? "external abort in a table walk" : "?";
	}
}

static bool is_abort(unsigned class)
{
	return class >= EC_INSN_USER && class <= EC_DATA_KERNEL && (class & ~5u) == EC_INSN_USER;
}

void bare_die(const struct bare_regs *r, const char *what, unsigned long addr, u64 esr)
{
	char who[64], where[160];

	kernel_whoami(who, sizeof(who));
	maps_explain(addr, where, sizeof(where));
	printk("BUG: %s in kernel mode, running %s, address %016lx: %s\n", what, who, addr, where);
	printk("ESR %08lx: %s%s%s\n", (unsigned long)esr, class_name(EC(esr)),
	       is_abort(EC(esr)) ? ", " : "", is_abort(EC(esr)) ? status_name(STATUS(esr)) : "");
	printk("pc %016lx sp %016lx pstate %08lx lr %016lx\n", (unsigned long)r->pc,
	       (unsigned long)r->sp, (unsigned long)r->pstate, (unsigned long)r->x[30]);
	for (unsigned i = 0; i < 30; i += 3)
		printk("x%-2u %016lx x%-2u %016lx x%-2u %016lx\n", i, (unsigned long)r->x[i], i + 1,
		       (unsigned long)r->x[i + 1], i + 2, (unsigned long)r->x[i + 2]);
	bare_show_stack(r->sp);
	port_panic(what);
}

static u64 fault_error(u64 esr)
{
	unsigned class = EC(esr), status = STATUS(esr);
	u64 error = esr << 32 | (status >= 12 ? BARE_FAULT_PRESENT : 0);

	if (class == EC_INSN_USER)
		return error | BARE_FAULT_USER | BARE_FAULT_EXEC;
	if (class == EC_DATA_USER)
		error |= BARE_FAULT_USER;
	if ((esr & ABORT_WRITE) && !(esr & ABORT_CACHE))
		error |= BARE_FAULT_WRITE;
	return error;
}

/* An abort that the tables are the reason for. */
static bool is_page_fault(u64 esr)
{
	return is_abort(EC(esr)) && STATUS(esr) <= STATUS_LAST;
}

void bare_el0_sync(struct bare_regs *regs, u64 esr, unsigned long addr)
{
	bare_irq_enable();
	if (is_page_fault(esr))
		trap_page_fault(regs, addr, fault_error(esr));
	else
		trap_user(regs, EC(esr), esr, addr);
}

void bare_el1_sync(struct bare_regs *regs, u64 esr, unsigned long addr)
{
	const struct bare_extable *out = bare_way_out(regs->pc);

	if (out && is_page_fault(esr) && addr < PORT_TASK_SIZE && !(regs->pstate & BARE_PSTATE_I)) {
		bool fixed;

		bare_irq_enable();
		fixed = trap_page_fault(regs, addr, fault_error(esr));
		bare_irq_disable();
		if (fixed)
			return;
	}
	if (out) {
		regs->pc = out->fixup;
		return;
	}
	if (is_page_fault(esr))
		bare_die(regs, addr < PAGE_SIZE ? "NULL pointer" : "page fault", addr, esr);
	bare_die(regs, class_name(EC(esr)), is_abort(EC(esr)) ? addr : 0, esr);
}

void bare_stack_overflow(struct bare_regs *regs, u64 esr, unsigned long addr)
{
	char who[64], where[160];

	kernel_whoami(who, sizeof(who));
	maps_explain(addr, where, sizeof(where));
	printk("BUG: kernel stack overflow of %s: touched %016lx, %s\n", who, addr, where);
	bare_die(regs, "stack overflow", addr, esr);
}

/* Vectors that nothing should come by: asynchronous errors, FIQ, 32-bit programs. */
void bare_bad_entry(struct bare_regs *regs, u64 esr, u64 vector)
{
	static const char *const kind[4] = { "synchronous exception", "interrupt", "FIQ",
					     "SError" };

	printk("BUG: vector %lu\n", (unsigned long)vector);
	bare_die(regs, kind[vector & 3], BARE_READ(far_el1), esr);
}
