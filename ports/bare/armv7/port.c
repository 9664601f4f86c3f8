/* SPDX-License-Identifier: MIT */
/*
 * port.c - the ordinary functions of quire/port.h on this machine: the end, instruction caches, user words.
 * Log and panic are ../common/log.c, user copies ../common/user.c.
 */
#include "bare_private.h"
#include <quire/err.h>
#include <quire/highmem.h>
#include <quire/uaccess.h>

/* ---- the end --------------------------------------------------------------------------------- */

/* By a HLT of later architectures; anybody who does not serve it sees an undefined instruction, whose way out is the
 * next one. */
void bare_semihost(unsigned long op, const unsigned long block[2])
{
	__asm__ volatile("mov r0, %0\n\t"
			 "mov r1, %1\n"
			 "1:\t.inst 0xe10f0070\n" /* hlt #0xf000 */
			 "2:\n\t"
			 ".pushsection .bare.extable, \"a\"\n\t"
			 ".long 1b, 2b\n\t"
			 ".popsection"
			 :
			 : "r"(op), "r"(block)
			 : "r0", "r1", "memory");
}

void bare_psci_call(u32 what, bool by_smc)
{
	register u32 r0 __asm__("r0") = what;

	if (by_smc)
		__asm__ volatile(".arch_extension sec\n\tsmc #0"
				 : "+r"(r0)
				 :
				 : "r1", "r2", "r3", "memory");
	else
		__asm__ volatile(".arch_extension virt\n\thvc #0"
				 : "+r"(r0)
				 :
				 : "r1", "r2", "r3", "memory");
}

/* ---- caches ---------------------------------------------------------------------------------- */
static unsigned long data_line(void)
{
	return 4UL << (BARE_READ(c0, 0, c0, 1) >> 16 & 15); /* CTR */
}

/* The instruction cache may be indexed by virtual addresses, and a frame have several: all of it goes. */
static void forget_instructions(void)
{
	__asm__ volatile("dsb" : : : "memory");
	BARE_WRITE(c7, 0, c1, 0, 0); /* ICIALLUIS */
	__asm__ volatile("dsb\n\tisb" : : : "memory");
}

void bare_sync_icache(unsigned long entry)
{
	unsigned long pfn = entry >> PAGE_SHIFT, line = data_line(), at, end;
	void *page;

	if (!pfn_valid(pfn))
		return; /* a device's */
	page = kmap_local_page(pfn_to_page(pfn));
	at = (unsigned long)page;
	end = at + PAGE_SIZE;
	while (at < end) /* lines of at most 512 bytes */
#pragma GCC unroll 8
		for (unsigned i = 0; i < 8; i++, at += line)
			BARE_WRITE(c7, 0, c11, 1, at); /* DCCMVAU */
	kunmap_local(page);
	forget_instructions();
}

/* uaccess.S: how many bytes at the end were not cleaned */
size_t bare_clean_user(unsigned long start, unsigned long end, unsigned long line);

int bare_flush_user_icache(unsigned long start, unsigned long end)
{
	unsigned long line = data_line();
	size_t left;

	if (start > end || !access_ok((void __user *)start, end - start))
		return -EFAULT;
	left = bare_clean_user(start & ~(line - 1), end, line);
	forget_instructions();
	return left ? -EFAULT : 0;
}

/* ---- user words ------------------------------------------------------------------------------ */
int bare_cmpxchg_user(u32 *at, u32 expected, u32 desired, u32 *seen);

int port_cmpxchg_user(u32 __user *at, u32 expected, u32 desired, u32 *seen)
{
	if (unlikely(!access_ok(at, 4)))
		return -EFAULT;
	return bare_cmpxchg_user((u32 *)at, expected, desired, seen);
}
