/* SPDX-License-Identifier: MIT */
/*
 * quire_port.h - the AArch64 machine on bare metal: the hot hooks of quire/port.h as inlines.
 *
 *   0000000000000000  user space (TTBR0), up to PORT_TASK_SIZE
 *   ffff000000000000  PAGE_OFFSET       all RAM, physical 0 first (TTBR1 from here on)
 *   ffff800000000000  PORT_VMALLOC      1 TiB
 *   fffffc0000000000  PORT_VMEMMAP      frame descriptors
 *   ffffffff80000000  the kernel image, wherever it was loaded
 *   ffffffffc0000000  the console's registers
 */
#ifndef QUIRE_PORT_BARE_AARCH64_H
#define QUIRE_PORT_BARE_AARCH64_H

#include <quire/types.h>

#define PAGE_OFFSET            0xffff000000000000UL
#define PORT_VMALLOC_START     0xffff800000000000UL
#define PORT_VMALLOC_END       0xffff810000000000UL
#define PORT_VMEMMAP           0xfffffc0000000000UL
#define PORT_TASK_SIZE         0x0001000000000000UL
#define PORT_PT_FORMAT         aarch64
#define PORT_KERNEL_TABLES     1
#define PORT_STACK_TRACE       1
#define PORT_RANDOM            1
#define PORT_INIT_SECTIONS     1
#define PORT_ASIDS             1
#define PORT_PT_WRITTEN        1
#define PORT_PT_WRITTEN_KERNEL 1

/* Where things are in the per-CPU block that TPIDR_EL1 points to (struct bare_cpu in bare.h checks
 * them). */
#define BARE_CPU_PERCPU 16
#define BARE_CPU_QUIRE  24
#define BARE_CPU_ID     32

#define BARE_PSTATE_I 0x80UL /* interrupts are off */

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

	__asm__ volatile("mrs %0, daif\n\tmsr daifset, #2" : "=r"(flags) : : "memory");
	return flags;
}

static inline void port_irq_restore(unsigned long state)
{
	if (!(state & BARE_PSTATE_I))
		__asm__ volatile("msr daifclr, #2" : : : "memory");
}

static inline bool port_irqs_disabled(void)
{
	unsigned long flags;

	__asm__ volatile("mrs %0, daif" : "=r"(flags) : : "memory");
	return flags & BARE_PSTATE_I;
}

static inline unsigned port_cpu_id(void)
{
	unsigned long cpu;
	unsigned id;

	__asm__ volatile("mrs %0, tpidr_el1" : "=r"(cpu));
	__asm__ volatile("ldr %w0, [%1, %2]" : "=r"(id) : "r"(cpu), "i"(BARE_CPU_ID));
	return id;
}

static inline unsigned long port_percpu_offset(void)
{
	unsigned long cpu, offset;

	__asm__ volatile("mrs %0, tpidr_el1" : "=r"(cpu));
	__asm__ volatile("ldr %0, [%1, %2]" : "=r"(offset) : "r"(cpu), "i"(BARE_CPU_PERCPU));
	return offset;
}

struct quire_cpu;
#define PORT_THIS_CPU 1
static inline struct quire_cpu *port_this_cpu(void)
{
	unsigned long cpu;
	struct quire_cpu *mine;

	__asm__ volatile("mrs %0, tpidr_el1" : "=r"(cpu));
	__asm__ volatile("ldr %0, [%1, %2]" : "=r"(mine) : "r"(cpu), "i"(BARE_CPU_QUIRE));
	return mine;
}

static inline void port_cpu_relax(void)
{
	__asm__ volatile("yield" : : : "memory");
}

/* By blocks of DC ZVA, usually 64 bytes each, where the processor lets us. */
static inline void port_clear_page(void *page)
{
	unsigned long id, step, at = (unsigned long)page, end = at + 4096;

	__asm__("mrs %0, dczid_el0" : "=r"(id));
	if (id & 16) {
		for (; at < end; at += 16)
			__asm__ volatile("stp xzr, xzr, [%0]" : : "r"(at) : "memory");
		return;
	}
	for (step = 4UL << (id & 15); at < end; at += step)
		__asm__ volatile("dc zva, %0" : : "r"(at) : "memory");
}

static inline void port_copy_page(void *to, const void *from)
{
	const void *end = (const char *)from + 4096;
	unsigned long a, b, c, d;

	__asm__ volatile("1:\tldp %2, %3, [%1]\n\t"
			 "ldp %4, %5, [%1, #16]\n\t"
			 "add %1, %1, #32\n\t"
			 "cmp %1, %6\n\t"
			 "stp %2, %3, [%0]\n\t"
			 "stp %4, %5, [%0, #16]\n\t"
			 "add %0, %0, #32\n\t"
			 "b.ne 1b"
			 : "+r"(to), "+r"(from), "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d)
			 : "r"(end)
			 : "cc", "memory");
}

/* What a page-table entry leads user mode to execute: its frame may have been written as data. */
void bare_sync_icache(unsigned long entry);
extern bool bare_icache_snoops; /* instruction fetches see every store in time */

#define BARE_PTE_PAGE_EXEC_MASK ((1UL << 54) | 0x43UL)
#define BARE_PTE_PAGE_EXEC      0x43UL /* a page, for user mode, without UXN */

static inline void port_pt_written(const void *at)
{
	unsigned long entry = *(const volatile unsigned long *)at;

	if ((entry & BARE_PTE_PAGE_EXEC_MASK) == BARE_PTE_PAGE_EXEC && !bare_icache_snoops)
		bare_sync_icache(entry);
	__asm__ volatile("dsb ishst\n\tisb" : : : "memory");
}

static inline void port_pt_written_kernel(const void *at, unsigned long n)
{
	(void)at;
	(void)n;
	__asm__ volatile("dsb ishst\n\tisb" : : : "memory");
}

#endif
