/* SPDX-License-Identifier: MIT */
/*
 * trap.c - what trap.S calls: sorts aborts by what the fault status registers say of them.
 *
 *   user mode      -> the kernel's trap_page_fault(), trap_user()
 *   kernel mode    -> an entry that the space's root lacks (maps_kernel_fault), a user copy's way out
 *                     (.bare.extable), or a report and panic
 *   no room left   -> on a stack of its own: a kernel stack that ran into its guard page
 */
#include "bare_private.h"
#include <quire/bytes.h>
#include <quire/printk.h>

#define FSR_WRITE  (1u << 11) /* of a data abort */
#define THUMB      0x20u      /* of CPSR         */
#define MODE(cpsr) ((cpsr)&31u)
#define SVC_MODE   0x13u

/* Codes of short descriptors. */
#define STATUS_NO_SECTION 5u

/* What a page table can be the reason for: no translation, not used before, not allowed. */
static bool is_page_fault(u32 fsr)
{
	const u32 codes = 1u << 3 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 13 | 1u << 15;

	return codes >> BARE_FSR_STATUS(fsr) & 1;
}

static const char *status_name(u32 fsr)
{
	static const char *const words[32] = {
		[0x01] = "alignment",
		[0x02] = "debug event",
		[0x03] = "access flag of a section",
		[0x04] = "instruction cache maintenance",
		[0x05] = "translation of a section",
		[0x06] = "access flag of a page",
		[0x07] = "translation of a page",
		[0x08] = "external abort",
		[0x09] = "domain of a section",
		[0x0b] = "domain of a page",
		[0x0c] = "external abort in a table walk, first level",
		[0x0d] = "permission of a section",
		[0x0e] = "external abort in a table walk, second level",
		[0x0f] = "permission of a page",
		[0x10] = "conflict in the TLB",
		[0x16] = "asynchronous external abort",
		[0x18] = "asynchronous parity error",
		[0x19] = "parity error",
		[0x1c] = "parity error in a table walk, first level",
		[0x1e] = "parity error in a table walk, second level",
	};
	const char *name = words[BARE_FSR_STATUS(fsr)];

	return name ? name : "?";
}

bool bare_follows_call(unsigned long pc)
{
	u32 before = *(const u32 *)(pc - 4);

	return !(pc & 3) &&
	       ((before & 0x0f000000) == 0x0b000000 || (before & 0x0ffffff0) == 0x012fff30);
}

/* fsr: what of it is known, or 0 */
static void __noreturn die(const struct bare_regs *r, const char *what, unsigned long addr, u32 fsr)
{
	char who[64], where[160];

	kernel_whoami(who, sizeof(who));
	maps_explain(addr, where, sizeof(where));
	printk("BUG: %s in kernel mode, running %s, address %08lx: %s\n", what, who, addr, where);
	if (fsr)
		printk("FSR %08lx: %s\n", (unsigned long)fsr, status_name(fsr));
	printk("pc %08lx sp %08lx cpsr %08lx lr %08lx\n", (unsigned long)r->pc,
	       (unsigned long)r->sp, (unsigned long)r->cpsr, (unsigned long)r->lr);
	for (unsigned i = 0; i < 12; i += 4)
		printk("r%-2u %08lx r%-2u %08lx r%-2u %08lx r%-2u %08lx\n", i,
		       (unsigned long)r->r[i], i + 1, (unsigned long)r->r[i + 1], i + 2,
		       (unsigned long)r->r[i + 2], i + 3, (unsigned long)r->r[i + 3]);
	printk("r12 %08lx\n", (unsigned long)r->r[12]);
	bare_show_stack(r->sp);
	port_panic(what);
}

/* ---- user mode ------------------------------------------------------------------------------- */
void bare_user_fetch(struct bare_regs *regs, u32 fsr, unsigned long addr)
{
	bare_irq_enable();
	if (is_page_fault(fsr))
		trap_page_fault(regs, addr,
				(u64)fsr << 32 | BARE_FAULT_USER | BARE_FAULT_EXEC |
					(BARE_FSR_STATUS(fsr) >= 13 ? BARE_FAULT_PRESENT : 0));
	else
		trap_user(regs, BARE_TRAP_FETCH, fsr, addr);
}

static u64 data_error(u32 fsr)
{
	return (u64)fsr << 32 | (fsr & FSR_WRITE ? BARE_FAULT_WRITE : 0) |
	       (BARE_FSR_STATUS(fsr) >= 13 ? BARE_FAULT_PRESENT : 0);
}

void bare_user_data(struct bare_regs *regs, u32 fsr, unsigned long addr)
{
	bare_irq_enable();
	if (is_page_fault(fsr))
		trap_page_fault(regs, addr, data_error(fsr) | BARE_FAULT_USER);
	else
		trap_user(regs, BARE_TRAP_DATA, fsr, addr);
}

/* The processor names the instruction behind. */
void bare_undefined(struct bare_regs *regs)
{
	const struct bare_extable *out;

	regs->pc -= regs->cpsr & THUMB ? 2 : 4;
	if (bare_user_mode(regs)) {
		bare_irq_enable();
		trap_user(regs, BARE_TRAP_UNDEFINED, 0, regs->pc);
		return;
	}
	out = bare_way_out(regs->pc);
	if (!out)
		die(regs, "undefined instruction", 0, 0);
	regs->pc = out->fixup;
}

/* ---- kernel mode ----------------------------------------------------------------------------- */
/* The kernel's own tables lead there, and those of the space do not yet. */
static bool missed_table(u32 fsr, unsigned long addr)
{
	const u32 *root = bare_this_cpu()->root;

	return BARE_FSR_STATUS(fsr) == STATUS_NO_SECTION && addr >= PORT_TASK_SIZE && root &&
	       maps_kernel_fault(port_virt_to_phys(root), addr);
}

void bare_kernel_fetch(struct bare_regs *regs, u32 fsr, unsigned long addr)
{
	if (!missed_table(fsr, addr))
		die(regs, addr < PAGE_SIZE ? "call of NULL" : "instruction fetch", addr, fsr);
}

void bare_kernel_data(struct bare_regs *regs, u32 fsr, unsigned long addr)
{
	const struct bare_extable *out;

	if (missed_table(fsr, addr))
		return;
	out = bare_way_out(regs->pc);
	if (out && is_page_fault(fsr) && addr < PORT_TASK_SIZE && !(regs->cpsr & BARE_CPSR_I)) {
		bool fixed;

		bare_irq_enable();
		fixed = trap_page_fault(regs, addr, data_error(fsr));
		bare_irq_disable();
		if (fixed)
			return;
	}
	if (!out || MODE(regs->cpsr) != SVC_MODE)
		die(regs,
		    !is_page_fault(fsr) ? "data abort"
		    : addr < PAGE_SIZE  ? "NULL pointer"
					: "page fault",
		    addr, fsr);
	regs->pc = out->fixup;
}

void bare_stack_overflow(struct bare_regs *regs, u32 fsr, unsigned long addr)
{
	char who[64], where[160];

	kernel_whoami(who, sizeof(who));
	maps_explain(addr, where, sizeof(where));
	printk("BUG: kernel stack overflow of %s: touched %08lx, %s\n", who, addr, where);
	die(regs, "stack overflow", addr, fsr);
}

/* Vectors that nothing should come by: reset, hypervisor call, fast interrupt. */
void bare_bad_entry(void)
{
	port_panic("an exception that there is no handler for");
}
