/* SPDX-License-Identifier: MIT */
/*
 * ns16550.c - the PC's serial port where its registers are in memory: polled both ways.  Speed and format stay as the
 * firmware left them.
 */
#include "ns16550.h"
#include <bare.h>

#define RBR       0 /* read: received, write: to send */
#define IER       1
#define FCR       2
#define LSR       5
#define LSR_DATA  0x01
#define LSR_EMPTY 0x20
#define FIFO      16

static volatile u8 *uart;
static unsigned reg_shift;

static u8 get(unsigned reg)
{
	return uart[reg << reg_shift];
}

static void put(unsigned reg, u8 v)
{
	uart[reg << reg_shift] = v;
}

void ns16550_at(volatile void *registers, unsigned shift)
{
	uart = registers;
	reg_shift = shift;
}

void serial_init(void)
{
	if (!uart)
		return;
	put(IER, 0);
	put(FCR, 7); /* FIFOs on and empty */
}

/* No newline translation here: the terminal layer or port_log() decides. */
void serial_write(const char *text, size_t len)
{
	while (uart && len > 0) {
		size_t n = len < FIFO ? len : FIFO;

		for (unsigned guard = 0; !(get(LSR) & LSR_EMPTY) && guard < 1000000; guard++)
			port_cpu_relax();
		for (len -= n; n; n--)
			put(RBR, (u8)*text++);
	}
}

int serial_read(void)
{
	return uart && (get(LSR) & LSR_DATA) ? (int)get(RBR) : -1;
}
