/* SPDX-License-Identifier: MIT */
/*
 * uart16550.c - the serial console on port 0x3f8: polled both ways.
 *
 * The kernel calls serial_read() on its tick; nothing is lost as long as 16 bytes a tick are
 * enough, and QEMU waits.
 */
#include <bare.h>

#define COM1      0x3f8
#define LSR_DATA  0x01
#define LSR_EMPTY 0x20
#define FIFO      16

static inline void uart_out(unsigned reg, u8 v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "d"((u16)(COM1 + reg)));
}

static inline u8 uart_in(unsigned reg)
{
	u8 v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "d"((u16)(COM1 + reg)));
	return v;
}

void serial_init(void)
{
	uart_out(1, 0);    /* no interrupts                */
	uart_out(3, 0x80); /* divisor: 115200              */
	uart_out(0, 1);
	uart_out(1, 0);
	uart_out(3, 3); /* 8n1                          */
	uart_out(2, 7); /* FIFOs on and empty           */
	uart_out(4, 3); /* DTR RTS                      */
}

/* No newline translation here: the terminal layer or port_log() decides. */
void serial_write(const char *text, size_t len)
{
	while (len > 0) {
		size_t n = len < FIFO ? len : FIFO;
		const char *at = text;
		u16 port = COM1;

		for (unsigned guard = 0; !(uart_in(5) & LSR_EMPTY) && guard < 1000000; guard++)
			port_cpu_relax();
		text += n;
		len -= n;
		__asm__ volatile("rep outsb" : "+S"(at), "+c"(n) : "d"(port) : "memory");
	}
}

int serial_read(void)
{
	return uart_in(5) & LSR_DATA ? uart_in(0) : -1;
}
