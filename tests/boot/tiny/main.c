/* SPDX-License-Identifier: MIT */
/*
 * tests/boot/tiny/main.c - a machine that gives quire 512 KiB of RAM: ports/none with a serial line, and
 * tests/tiny/suite.c.
 *
 *   1 MiB   this image and its stack       4 MiB |######## 512 KiB: all that memblock knows ########|
 *
 * Everything that quire needs to know about the RAM lies in it; its constants and fixed variables are
 * in the image, and their size is in the log.
 */
#include <quire/boot.h>
#include <quire/port.h>
#include <quire/printk.h>
#include "tiny/suite.h"

#define RAM_START ((phys_addr_t)4 << 20)
#define RAM_SIZE  ((phys_addr_t)512 << 10)
#define ROUNDS    2u /* the second machine is like the first */

#define COM1      0x3f8
#define COM1_LSR  0x3fd
#define LSR_EMPTY 0x20
#define DEBUG_OUT 0xf4 /* isa-debug-exit: QEMU's status becomes 2 * value + 1 */

/* ---- the port: what ports/none leaves out ---------------------------------------------------- */
static unsigned bugs;

static void out(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "d"(port));
}

static u8 in(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "d"(port));
	return value;
}

unsigned long port_none_percpu_offset;

void port_percpu_set(unsigned cpu, unsigned long offset)
{
	(void)cpu;
	port_none_percpu_offset = offset;
}

/* Called with whole lines, or the start of one. */
void port_log(const char *text, size_t len)
{
	bugs += len > 5 && !__builtin_memcmp(text, "BUG: ", 5);
	while (len--) {
		while (!(in(COM1_LSR)&LSR_EMPTY))
			port_cpu_relax();
		out(COM1, (u8)*text++);
	}
}

static void power_off(u8 status)
{
	out(DEBUG_OUT, status);
	for (;;)
		__asm__ volatile("cli; hlt");
}

void port_panic(const char *why)
{
	(void)why;
	power_off(98);
	__builtin_unreachable();
}

bool port_membarrier(void)
{
	return true;
}

void port_yield(void) {}

unsigned tiny_bugs(void)
{
	return bugs;
}

/* ---- the machine ----------------------------------------------------------------------------- */
static unsigned number;

/* One line of TAP.  Returns 1 if it tells of a failure. */
static unsigned tell(unsigned round, const char *name, const char *why)
{
	printk("%sok %u - round %u: %s%s%s\n", why ? "not " : "", ++number, round, name,
	       why ? ": " : "", why ? why : "");
	return why != NULL;
}

static void print_sizes(void)
{
	extern char tiny_entry[], tiny_code_end[], tiny_variables_end[];
	const struct tiny_frames *f = &tiny_frames;
	unsigned long used = f->ram - f->with_heap;

	printk("tiny: of %lu KiB: %lu KiB frame descriptors and maps, %lu KiB per-CPU data, %lu "
	       "KiB "
	       "heap; %lu KiB (%lu.%lu %%) free\n",
	       f->ram * 4, (f->ram - f->managed) * 4, (f->managed - f->with_cpu) * 4,
	       (f->with_cpu - f->with_heap) * 4, f->with_heap * 4, f->with_heap * 100 / f->ram,
	       f->with_heap * 1000 / f->ram % 10);
	printk("tiny: metadata takes %lu.%lu %%; outside of it %lu bytes of code and constants and "
	       "%lu "
	       "of variables, with the tests\n",
	       used * 100 / f->ram, used * 1000 / f->ram % 10,
	       (unsigned long)(tiny_code_end - tiny_entry),
	       (unsigned long)(tiny_variables_end - tiny_code_end));
}

static unsigned run_round(unsigned round)
{
	unsigned failures;
	const char *why;

	if (memblock_add(RAM_START, RAM_SIZE))
		return tell(round, "memblock takes the RAM", "it does not");
	why = tiny_start();
	failures = tell(round, "the machine starts", why);
	if (why)
		return failures;
	print_sizes();
	for (unsigned i = 0; i < nr_tiny_cases; i++)
		failures += tell(round, tiny_cases[i].name, tiny_cases[i].run());
	failures += tell(round, "every frame is back", tiny_stop());
	memblock_exit();
	return failures;
}

void tiny_main(void);
void tiny_main(void)
{
	unsigned failures = 0;

	for (unsigned round = 1; round <= ROUNDS; round++)
		failures += run_round(round);
	printk("tiny: %u checks, %u failures\n", number, failures);
	power_off(failures ? 1 : 0);
}
