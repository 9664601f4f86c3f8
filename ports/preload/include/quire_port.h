/* SPDX-License-Identifier: MIT */
/*
 * quire_port.h - an ordinary process as the machine: the hot hooks of quire/port.h for tier 1.
 *
 *   one reservation of host addresses   |descriptors ........|RAM: 0 .. end of RAM, then room for more .....|
 *                                       ^ preload_vmemmap      ^ preload_ram, where physical 0 would be
 *
 *   RAM     untouched addresses cost nothing and read as zero; what was touched can be given back
 *   CPUs    threads that hold a slot; a thread without one is nobody and must not come here
 *   irqs    there are none: whatever interrupts a thread here may not allocate
 *
 * The offset of its per-CPU area is all that a thread's fast path loads from thread-local storage.
 */
#ifndef QUIRE_PORT_PRELOAD_H
#define QUIRE_PORT_PRELOAD_H

#include <quire/types.h>

/* There are no page tables: nothing lies here. */
#define PAGE_OFFSET        0xffff888000000000UL
#define PORT_TASK_SIZE     0x7ffffffff000UL
#define PORT_VMALLOC_START 0xffffc90000000000UL
#define PORT_VMALLOC_END   0xffffe90000000000UL
#define PORT_PT_FORMAT     x86_64
#define PORT_KERNEL_TABLES 0
#define PORT_BOOT_ZERO     1
#define PORT_RANDOM        1

struct preload_cpu {
	unsigned long percpu_offset; /* 0: this thread holds no slot          */
	unsigned id;                 /* of the slot                           */
};
extern __thread struct preload_cpu preload_cpu __attribute__((__tls_model__("initial-exec")));
extern unsigned long preload_ram; /* host address of physical 0 (nothing is mapped there)  */
extern char *preload_vmemmap;     /* host address of the descriptor of frame 0 (same)      */

#define PORT_VMEMMAP preload_vmemmap

static inline void *port_phys_to_virt(phys_addr_t pa)
{
	return (void *)(preload_ram + (unsigned long)pa);
}

static inline phys_addr_t port_virt_to_phys(const void *va)
{
	return (unsigned long)va - preload_ram;
}

static inline unsigned long port_irq_save(void)
{
	barrier();
	return 0;
}

static inline void port_irq_restore(unsigned long state)
{
	(void)state;
	barrier();
}

static inline bool port_irqs_disabled(void)
{
	return false;
}

static inline unsigned port_cpu_id(void)
{
	return preload_cpu.id;
}

static inline unsigned long port_percpu_offset(void)
{
	return preload_cpu.percpu_offset;
}

void port_cpu_relax(void);

static inline void port_clear_page(void *page)
{
	__builtin_memset(page, 0, 4096);
}

static inline void port_copy_page(void *to, const void *from)
{
	__builtin_memcpy(to, from, 4096);
}

#endif
