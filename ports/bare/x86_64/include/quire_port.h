/* SPDX-License-Identifier: MIT */
/*
 * quire_port.h - the x86-64 machine on bare metal: the hot hooks of quire/port.h as inlines.
 *
 *   0000000000000000  user space, up to PORT_TASK_SIZE
 *   ffff888000000000  PAGE_OFFSET       all RAM, physical 0 first
 *   ffffc90000000000  PORT_VMALLOC      32 TiB
 *   ffffea0000000000  PORT_VMEMMAP      frame descriptors
 *   ffffffff80000000  the kernel image, at its physical address above this
 *   ffffffffa0000000  modules, up to ffffffffff000000
 *   ffffffffff7ff000  PORT_FIXADDR_TOP, 3 MiB down
 */
#ifndef QUIRE_PORT_BARE_X86_64_H
#define QUIRE_PORT_BARE_X86_64_H

#include <quire/types.h>

#define PAGE_OFFSET        0xffff888000000000UL
#define PORT_VMALLOC_START 0xffffc90000000000UL
#define PORT_VMALLOC_END   0xffffe90000000000UL
#define PORT_MODULES_START 0xffffffffa0000000UL
#define PORT_MODULES_END   0xffffffffff000000UL
#define PORT_FIXADDR_TOP   0xffffffffff7ff000UL
#define PORT_VMEMMAP       0xffffea0000000000UL
#define PORT_TASK_SIZE     0x00007ffffffff000UL
#define PORT_PT_FORMAT     x86_64
#define PORT_KERNEL_TABLES 1
#define PORT_STACK_TRACE   1
#define PORT_PROTECT_PAGE  1
#define PORT_RANDOM        1
#define PORT_INIT_SECTIONS 1
#define PORT_ASIDS         bare_pcid

/* Translations carry numbers of spaces: the processor has PCID, INVPCID and global entries.  Known before anything
 * else of this library is called. */
extern bool bare_pcid;

/* Where things are in the per-CPU block that GS points to (struct bare_cpu in bare.h checks
 * them). */
#define BARE_GS_PERCPU    32
#define BARE_GS_QUIRE_CPU 40
#define BARE_GS_CPU_ID    48

#define BARE_EFLAGS_IF 0x200UL

static inline void *port_phys_to_virt(phys_addr_t pa)
{
	return (void *)(pa + PAGE_OFFSET);
}

static inline phys_addr_t port_virt_to_phys(const void *va)
{
	return (phys_addr_t)(unsigned long)va - PAGE_OFFSET;
}

static inline unsigned long port_irq_save(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	return flags;
}

static inline void port_irq_restore(unsigned long state)
{
	if (state & BARE_EFLAGS_IF)
		__asm__ volatile("sti" : : : "memory");
}

static inline bool port_irqs_disabled(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags) : : "memory");
	return !(flags & BARE_EFLAGS_IF);
}

static inline unsigned port_cpu_id(void)
{
	unsigned id;

	__asm__ volatile("movl %%gs:%c1, %0" : "=r"(id) : "i"(BARE_GS_CPU_ID));
	return id;
}

static inline unsigned long port_percpu_offset(void)
{
	unsigned long offset;

	__asm__ volatile("movq %%gs:%c1, %0" : "=r"(offset) : "i"(BARE_GS_PERCPU));
	return offset;
}

struct quire_cpu;
#define PORT_THIS_CPU 1
static inline struct quire_cpu *port_this_cpu(void)
{
	struct quire_cpu *cpu;

	__asm__ volatile("movq %%gs:%c1, %0" : "=r"(cpu) : "i"(BARE_GS_QUIRE_CPU));
	return cpu;
}

static inline void port_cpu_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline void port_clear_page(void *page)
{
	unsigned long n = 4096 / 8;

	__asm__ volatile("rep stosq" : "+D"(page), "+c"(n) : "a"(0UL) : "memory");
}

static inline void port_copy_page(void *to, const void *from)
{
	unsigned long n = 4096 / 8;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

#endif
