/* SPDX-License-Identifier: MIT */
/*
 * port.c - the ordinary functions of quire/port.h on this machine: the end, caches, the console. The
 * rest is in ../common.
 */
#include "bare_private.h"
#include "vmemmap.h"
#include <quire/err.h>
#include <quire/init.h>
#include <quire/printk.h>
#include <quire/uaccess.h>

#define DESC_DEVICE_PAGE 0x0060000000000407UL /* attribute 1, used, kernel's, never executed */

#define SEMI_EXIT_EXTENDED 0x20
#define SEMI_APP_EXIT      0x20026 /* ADP_Stopped_ApplicationExit */
#define PSCI_OFF           0x84000008u
#define PSCI_RESET         0x84000009u

/* ---- the end --------------------------------------------------------------------------------- */

/* A debugger or QEMU that serves semihosting ends here; anybody else sees an undefined instruction,
 * whose way out is the next one. */
static void semihosting_exit(unsigned status)
{
	u64 block[2] = { SEMI_APP_EXIT, status };

	__asm__ volatile("mov x0, %0\n\t"
			 "mov x1, %1\n"
			 "1:\thlt #0xf000\n"
			 "2:\n\t"
			 ".pushsection .bare.extable, \"a\"\n\t"
			 ".quad 1b, 2b\n\t"
			 ".popsection"
			 :
			 : "r"((u64)SEMI_EXIT_EXTENDED), "r"(block)
			 : "x0", "x1", "memory");
}

static void psci(u32 what)
{
	register u64 x0 __asm__("x0") = what;

	if (!bare_machine.psci)
		return;
	if (bare_machine.psci_by_smc)
		__asm__ volatile("smc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
	else
		__asm__ volatile("hvc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
}

static void __noreturn halt(void)
{
	bare_irq_disable();
	for (;;)
		__asm__ volatile("wfi");
}

/* As QEMU's isa-debug-exit says it on a PC: 2 * status + 1, which QEMU never says by itself. */
void bare_exit(unsigned status)
{
	bare_irq_disable();
	semihosting_exit((status & 127) << 1 | 1);
	psci(PSCI_OFF);
	halt();
}

void bare_reboot(void)
{
	bare_irq_disable();
	semihosting_exit(1);
	psci(PSCI_RESET);
	halt();
}

/* ---- who called ------------------------------------------------------------------------------ */

/* BL, BLR */
bool bare_follows_call(unsigned long pc)
{
	u32 before;

	if (pc & 3)
		return false;
	before = *(const u32 *)(pc - 4);
	return before >> 26 == 0x25 || (before & 0xfffffc1f) == 0xd63f0000;
}

/* ---- the console's entry in the kernel's tables ---------------------------------------------- */
void __init bare_map_console(unsigned long at, phys_addr_t pa)
{
	u64 *entry = bare_kernel_entry(at, 12);

	if (!entry)
		port_panic("no memory to map the console");
	*entry = pa | DESC_DEVICE_PAGE;
	bare_entries_done();
}

/* ---- caches ---------------------------------------------------------------------------------- */
void bare_sync_icache(unsigned long entry)
{
	unsigned long at = (unsigned long)port_phys_to_virt(bare_entry_pa(entry));
	unsigned long line = 4UL << (BARE_READ(ctr_el0) >> 16 & 15);

	if (!bare_feature.cache_idc)
		for (unsigned long a = at; a < at + PAGE_SIZE; a += line)
			__asm__ volatile("dc cvau, %0" : : "r"(a) : "memory");
	__asm__ volatile("dsb ish\n\tic ialluis\n\tdsb ish\n\tisb" : : : "memory");
}

/* ---- user words ------------------------------------------------------------------------------ */
int bare_cmpxchg_user(u32 *at, u32 expected, u32 desired, u32 *seen, bool pan);

int port_cmpxchg_user(u32 __user *at, u32 expected, u32 desired, u32 *seen)
{
	if (unlikely(!access_ok(at, 4)))
		return -EFAULT;
	return bare_cmpxchg_user((u32 *)at, expected, desired, seen, bare_feature.pan);
}
