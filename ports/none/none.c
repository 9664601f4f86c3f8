/* SPDX-License-Identifier: MIT */
/*
 * ports/none/none.c - the functions of a port, each doing the least that its contract allows.
 *
 * Replace from the top: tier 1 makes pages and heap work, tier 2 kernel mappings, tier 3 address
 * spaces.
 */
#include <quire/err.h>
#include <quire/port.h>

/* ---- tier 1: pages and heap ------------------------------------------------------------------ */
unsigned long port_none_percpu_offset;

/* Send the text to a serial port, a screen, a ring buffer.  Here it is lost. */
void port_log(const char *text, size_t len)
{
	(void)text, (void)len;
}

/* Show `why`, then stop, reboot or enter a debugger; never return. */
void port_panic(const char *why)
{
	(void)why;
	for (;;)
		port_cpu_relax();
}

/* Only called if quire_port.h defines PORT_VMEMMAP. */
int port_vmemmap_populate(unsigned long start, unsigned long end)
{
	(void)start, (void)end;
	return -ENOMEM;
}

/* Remember the offset for that CPU; on the CPU itself load it into the register that
 * port_percpu_offset() reads. */
void port_percpu_set(unsigned cpu, unsigned long offset)
{
	if (cpu == port_cpu_id())
		port_none_percpu_offset = offset;
}

/* Interrupt the other CPUs and wait until each has answered; with one CPU there are none. */
bool port_membarrier(void)
{
	return true;
}

/* Let another task run; without tasks there is none. */
void port_yield(void) {}

/* ---- tier 2: mappings ------------------------------------------------------------------------ */

/* Invalidate page by page if the range is short, everything if it is long; tell the other CPUs and
 * wait for them. */
void port_flush_tlb_range(phys_addr_t root, unsigned long start, unsigned long end)
{
	(void)root, (void)start, (void)end;
}

void port_flush_tlb_mm(phys_addr_t root)
{
	(void)root;
}

void port_flush_tlb_kernel(unsigned long start, unsigned long end)
{
	(void)start, (void)end;
}

/* Load the table root register (CR3, TTBR0, satp). */
void port_load_root(phys_addr_t root)
{
	(void)root;
}

/* ---- tier 3: address spaces ------------------------------------------------------------------ */

/* Check that the range is below PORT_TASK_SIZE, then copy with instructions whose faults you
 * recover from.  Each returns what was not copied; here that is everything. */
size_t port_copy_from_user(void *to, const void __user *from, size_t n)
{
	(void)to, (void)from;
	return n;
}

size_t port_copy_to_user(void __user *to, const void *from, size_t n)
{
	(void)to, (void)from;
	return n;
}

size_t port_clear_user(void __user *to, size_t n)
{
	(void)to;
	return n;
}

int port_cmpxchg_user(u32 __user *at, u32 expected, u32 desired, u32 *seen)
{
	(void)at, (void)expected, (void)desired, (void)seen;
	return -EFAULT;
}

/* The running thread; sleep until woken; wake.  One thread only: it never has to wait for
 * another. */
void *port_self(void)
{
	static char only;

	return &only;
}

void port_block(void) {}

void port_unblock(void *who)
{
	(void)who;
}
