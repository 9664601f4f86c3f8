/* SPDX-License-Identifier: MIT */
/*
 * pl011.c - the serial console of Arm machines: polled both ways.  Speed and format stay as the
 * firmware left them.
 */
#include "pl011.h"
#include <bare.h>

#define DR       0x00
#define FR       0x18
#define CR       0x30
#define IMSC     0x38
#define FR_EMPTY 0x10 /* nothing was received */
#define FR_FULL  0x20 /* no room to send      */
#define CR_ON    0x301

static volatile char *uart;

static u32 get(unsigned reg)
{
	return *(volatile u32 *)(uart + reg);
}

static void put(unsigned reg, u32 v)
{
	*(volatile u32 *)(uart + reg) = v;
}

void pl011_at(volatile void *registers)
{
	uart = registers;
}

void serial_init(void)
{
	if (!uart)
		return;
	put(IMSC, 0);
	put(CR, CR_ON);
}

/* No newline translation here: the terminal layer or port_log() decides. */
void serial_write(const char *text, size_t len)
{
	for (; uart && len > 0; text++, len--) {
		for (unsigned guard = 0; (get(FR) & FR_FULL) && guard < 1000000; guard++)
			port_cpu_relax();
		put(DR, (u8)*text);
	}
}

int serial_read(void)
{
	return uart && !(get(FR) & FR_EMPTY) ? (int)(get(DR) & 0xff) : -1;
}
