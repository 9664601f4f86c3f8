/* SPDX-License-Identifier: MIT */
/*
 * quire_port.h - the machine inside an ordinary process: the hot hooks of quire/port.h.
 *
 *   RAM          one big reservation of host addresses; banks are readable, holes fault, and so does what
 *                the simulated linear map has no room for (highmem: ports/posix/window.c)
 *   CPUs         threads: each has a number, its own per-CPU offset and its own "interrupts off"
 *   descriptors  a second reservation, populated section by section
 *
 * PAGE_OFFSET and the other kernel addresses are those of the simulated machine: they stand in page
 * tables and are never host pointers.
 */
#ifndef QUIRE_PORT_POSIX_H
#define QUIRE_PORT_POSIX_H

#include <quire/types.h>
#include <posix_layout.h>

#define PORT_KERNEL_TABLES 1
#define PORT_VMALLOC_OWN   0
#define PORT_STACK_TRACE   1
#define PORT_PROTECT_PAGE  1
#define PORT_RANDOM        1
#define PORT_ASIDS         1
#define PORT_PT_WRITTEN    1

struct posix_cpu {
	unsigned id; /* CPU number of this thread                            */
	bool irqs_off;
	unsigned long percpu_offset;
};
extern __thread struct posix_cpu posix_this_cpu;
extern unsigned long posix_ram; /* host address of physical 0 (need not be mapped)      */
extern char *posix_vmemmap;     /* host address of the descriptor of frame 0            */

#define PORT_VMEMMAP posix_vmemmap

static inline void *port_phys_to_virt(phys_addr_t pa)
{
	return (void *)(posix_ram + (unsigned long)pa);
}

static inline phys_addr_t port_virt_to_phys(const void *va)
{
	return (unsigned long)va - posix_ram;
}

static inline unsigned long port_irq_save(void)
{
	bool was = posix_this_cpu.irqs_off;

	posix_this_cpu.irqs_off = true;
	barrier();
	return was;
}

static inline void port_irq_restore(unsigned long state)
{
	barrier();
	posix_this_cpu.irqs_off = state;
}

static inline bool port_irqs_disabled(void)
{
	return posix_this_cpu.irqs_off;
}

static inline unsigned port_cpu_id(void)
{
	return posix_this_cpu.id;
}

static inline unsigned long port_percpu_offset(void)
{
	return posix_this_cpu.percpu_offset;
}

void port_cpu_relax(void);

/* The simulated walks see every store at once; a test sees that the hook is called. */
extern __thread unsigned long posix_entries_written;
/* Pages of kmap() and of the fixmap are real ones, elsewhere. */
void posix_window_written(const void *at);
void *posix_kmap_pointer(unsigned long va);
unsigned long posix_kmap_address(const void *p);
#define PORT_KMAP_POINTER(va) posix_kmap_pointer(va)
#define PORT_KMAP_ADDRESS(p)  posix_kmap_address(p)

static inline void port_pt_written(const void *at)
{
	posix_entries_written++;
	if (PORT_PKMAP_START)
		posix_window_written(at);
}

static inline void port_clear_page(void *page)
{
	__builtin_memset(page, 0, 4096);
}

static inline void port_copy_page(void *to, const void *from)
{
	__builtin_memcpy(to, from, 4096);
}

#endif
