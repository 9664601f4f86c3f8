/* SPDX-License-Identifier: MIT */
/*
 * sbi.c - calls of the firmware (RISC-V Supervisor Binary Interface 1.0): words before there is a console, the timer,
 * the end.
 */
#include "bare_private.h"

#define SBI_PUTCHAR 1UL /* of version 0.1; firmware keeps it */
#define SBI_TIME    0x54494d45UL
#define SBI_RESET   0x53525354UL /* SRST */

long sbi_call(unsigned long extension, unsigned long function, unsigned long a, unsigned long b)
{
	register unsigned long a0 __asm__("a0") = a;
	register unsigned long a1 __asm__("a1") = b;
	register unsigned long a6 __asm__("a6") = function;
	register unsigned long a7 __asm__("a7") = extension;

	__asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
	return (long)a0;
}

void sbi_write(const char *text)
{
	for (; *text; text++)
		sbi_call(SBI_PUTCHAR, 0, (u8)*text, 0);
}

/* trap_timer() is due when the clock shows `at`; ~0: never. */
void sbi_set_timer(u64 at)
{
	sbi_call(SBI_TIME, 0, at, 0);
}

void sbi_power(bool again)
{
	sbi_call(SBI_RESET, 0, again, 0);
	for (;;)
		__asm__ volatile("wfi");
}
