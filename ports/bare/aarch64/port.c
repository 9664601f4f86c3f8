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

/* ---- the end --------------------------------------------------------------------------------- */

/* Anybody who does not serve it sees an undefined instruction, whose way out is the next one. */
void bare_semihost(unsigned long op, const unsigned long block[2])
{
	__asm__ volatile("mov x0, %0\n\t"
			 "mov x1, %1\n"
			 "1:\thlt #0xf000\n"
			 "2:\n\t"
			 ".pushsection .bare.extable, \"a\"\n\t"
			 ".quad 1b, 2b\n\t"
			 ".popsection"
			 :
			 : "r"(op), "r"(block)
			 : "x0", "x1", "memory");
}

void bare_psci_call(u32 what, bool by_smc)
{
	register u64 x0 __asm__("x0") = what;

	if (by_smc)
		__asm__ volatile("smc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
	else
		__asm__ volatile("hvc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
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
