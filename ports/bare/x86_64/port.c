/* SPDX-License-Identifier: MIT */
/*
 * port.c - the ordinary functions of quire/port.h on this machine: the end, calls.
 * The rest is in ../common.
 */
#include "bare_private.h"
#include <quire/err.h>
#include <quire/uaccess.h>

/* ---- end ----------------------------------------------------------------------------------- */
void bare_exit(unsigned status)
{
	__asm__ volatile("cli");
	outb(0xf4, (u8)status); /* QEMU's isa-debug-exit         */
	outw(0x604, 0x2000);    /* power off: QEMU's ACPI on pc, q35 */
	outw(0xb004, 0x2000);
	for (;;)
		__asm__ volatile("cli; hlt");
}

void bare_reboot(void)
{
	static const struct {
		u16 limit;
		u64 base;
	} __attribute__((__packed__)) nothing = { 0, 0 };

	outb(0xf4, 0);
	outb(0x64, 0xfe); /* keyboard controller: reset    */
	__asm__ volatile("lidt %0; int3" : : "m"(nothing));
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* ---- who called ------------------------------------------------------------------------------ */

/* Whether the bytes before `pc` are a call: direct, or through a register or memory. */
bool bare_follows_call(unsigned long pc)
{
	const u8 *at = (const u8 *)pc;

	if (at[-5] == 0xe8)
		return true;
	/* ff /2: two to seven bytes with what the address needs. */
	for (unsigned n = 2; n <= 7; n++)
		if (at[-(int)n] == 0xff && (at[1 - (int)n] >> 3 & 7) == 2)
			return true;
	return false;
}

/* ---- user words ------------------------------------------------------------------------------ */
int bare_cmpxchg_user(u32 *at, u32 expected, u32 desired, u32 *seen);

int port_cmpxchg_user(u32 __user *at, u32 expected, u32 desired, u32 *seen)
{
	if (unlikely(!access_ok(at, 4)))
		return -EFAULT;
	return bare_cmpxchg_user((u32 *)at, expected, desired, seen);
}
