/* SPDX-License-Identifier: MIT */
/*
 * port.c - the ordinary functions of quire/port.h on this machine: the end, the console.  The rest is in ../common.
 */
#include "bare_private.h"
#include "vmemmap.h"
#include <quire/err.h>
#include <quire/init.h>
#include <quire/uaccess.h>

#define FINISH_PASS 0x5555u /* SiFive's test device: the end, well or with a code */
#define FINISH_FAIL 0x3333u

/* ---- the end --------------------------------------------------------------------------------- */

static volatile u32 *finisher;

void __init bare_finisher_at(volatile void *registers)
{
	finisher = registers;
}

/* As QEMU's isa-debug-exit says it on a PC: 2 * status + 1, which QEMU never says by itself. */
void bare_exit(unsigned status)
{
	bare_irq_disable();
	if (finisher)
		*finisher = ((status & 127) << 1 | 1) << 16 | FINISH_FAIL;
	sbi_power(false);
}

void bare_reboot(void)
{
	bare_irq_disable();
	if (finisher)
		*finisher = 1 << 16 | FINISH_FAIL;
	sbi_power(true);
}

/* ---- who called ------------------------------------------------------------------------------ */

/* JAL and JALR that leave their return address in ra, and C.JALR. */
bool bare_follows_call(unsigned long pc)
{
	u32 before;
	u16 half;

	if (pc & 1)
		return false;
	half = *(const u16 *)(pc - 2);
	if ((half & 0xf07f) == 0x9002 && half & 0xf80)
		return true;
	before = *(const u16 *)(pc - 4) | (u32)half << 16;
	return (before & 0xfff) == 0x0ef || (before & 0x7fff) == 0x00e7;
}

/* ---- device registers before there is ioremap() ---------------------------------------------- */
void __init bare_map_registers(unsigned long at, phys_addr_t pa)
{
	u64 *entry = bare_kernel_entry(at, 12);

	if (!entry)
		port_panic("no memory to map device registers");
	*entry = bare_entry(pa, RV_RW | RV_GLOBAL);
	bare_entries_done();
}

/* ---- user words ------------------------------------------------------------------------------ */
int bare_cmpxchg_user(u32 *at, u32 expected, u32 desired, u32 *seen);

int port_cmpxchg_user(u32 __user *at, u32 expected, u32 desired, u32 *seen)
{
	if (unlikely(!access_ok(at, 4)))
		return -EFAULT;
	return bare_cmpxchg_user((u32 *)at, expected, desired, seen);
}
