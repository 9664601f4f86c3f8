/* SPDX-License-Identifier: MIT */
/*
 * quire_port.h - the RISC-V 64 machine on bare metal: the hot hooks of quire/port.h as inlines.
 *
 *   Sv39 (every 64-bit processor with an MMU has it)          Sv48              Sv57
 *   0000000000000000  user space, up to PORT_TASK_SIZE
 *   ffffffc000000000  PAGE_OFFSET   all RAM, from physical 0  ffff800000000000  ff00000000000000
 *   ffffffe000000000  PORT_VMALLOC  64 GiB; else 1 TiB        ffffc00000000000  ff80000000000000
 *   fffffff000000000  PORT_VMEMMAP  frame descriptors         fffff00000000000  ffc0000000000000
 *   ffffffff00000000  modules
 *   ffffffff80000000  the kernel image, wherever it was loaded
 *   ffffffffc0000000  the console's registers
 *   ffffffffff7ff000  PORT_FIXADDR_TOP, 3 MiB down
 *
 * BARE_SV says which of them the image is built for (cmake/bare.cmake: QUIRE_FORMAT).
 */
#ifndef QUIRE_PORT_BARE_RISCV64_H
#define QUIRE_PORT_BARE_RISCV64_H

#include <quire/types.h>

#ifndef BARE_SV
#define BARE_SV 39
#endif

#if BARE_SV == 39
#define PORT_PT_FORMAT     riscv_sv39
#define PAGE_OFFSET        0xffffffc000000000UL
#define PORT_VMALLOC_START 0xffffffe000000000UL
#define PORT_VMALLOC_END   0xfffffff000000000UL
#define PORT_VMEMMAP       0xfffffff000000000UL
#define PORT_TASK_SIZE     0x0000004000000000UL
#elif BARE_SV == 48
#define PORT_PT_FORMAT     riscv_sv48
#define PAGE_OFFSET        0xffff800000000000UL
#define PORT_VMALLOC_START 0xffffc00000000000UL
#define PORT_VMALLOC_END   0xffffc10000000000UL
#define PORT_VMEMMAP       0xfffff00000000000UL
#define PORT_TASK_SIZE     0x0000800000000000UL
#elif BARE_SV == 57
#define PORT_PT_FORMAT     riscv_sv57
#define PAGE_OFFSET        0xff00000000000000UL
#define PORT_VMALLOC_START 0xff80000000000000UL
#define PORT_VMALLOC_END   0xff80010000000000UL
#define PORT_VMEMMAP       0xffc0000000000000UL
#define PORT_TASK_SIZE     0x0100000000000000UL
#else
#error "BARE_SV is the size of an address in bits: 39, 48 or 57"
#endif

#define PORT_MODULES_START     0xffffffff00000000UL
#define PORT_MODULES_END       0xffffffff80000000UL
#define PORT_FIXADDR_TOP       0xffffffffff7ff000UL
#define PORT_KERNEL_TABLES     1
#define PORT_STACK_TRACE       1
#define PORT_PROTECT_PAGE      1
#define PORT_RANDOM            1
#define PORT_INIT_SECTIONS     1
#define PORT_ASIDS             1
#define PORT_PT_WRITTEN        1
#define PORT_PT_WRITTEN_KERNEL 1

/* Where things are in the per-CPU block that tp points to (struct bare_cpu in bare.h checks them). */
#define BARE_CPU_PERCPU 16
#define BARE_CPU_QUIRE  24
#define BARE_CPU_ID     32

#define BARE_STATUS_SIE 2UL /* sstatus: interrupts are on */

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

	__asm__ volatile("csrrci %0, sstatus, 2" : "=r"(flags) : : "memory");
	return flags;
}

static inline void port_irq_restore(unsigned long state)
{
	if (state & BARE_STATUS_SIE)
		__asm__ volatile("csrsi sstatus, 2" : : : "memory");
}

static inline bool port_irqs_disabled(void)
{
	unsigned long flags;

	__asm__ volatile("csrr %0, sstatus" : "=r"(flags) : : "memory");
	return !(flags & BARE_STATUS_SIE);
}

static inline unsigned port_cpu_id(void)
{
	unsigned id;

	__asm__ volatile("lw %0, %1(tp)" : "=r"(id) : "i"(BARE_CPU_ID));
	return id;
}

static inline unsigned long port_percpu_offset(void)
{
	unsigned long offset;

	__asm__ volatile("ld %0, %1(tp)" : "=r"(offset) : "i"(BARE_CPU_PERCPU));
	return offset;
}

struct quire_cpu;
#define PORT_THIS_CPU 1
static inline struct quire_cpu *port_this_cpu(void)
{
	struct quire_cpu *mine;

	__asm__ volatile("ld %0, %1(tp)" : "=r"(mine) : "i"(BARE_CPU_QUIRE));
	return mine;
}

static inline void port_cpu_relax(void)
{
	__asm__ volatile(
		".word 0x0100000f"
		:
		:
		: "memory"); /* pause: a hint, and a fence of nothing where there is none */
}

static inline void port_clear_page(void *page)
{
	void *end = (char *)page + 4096;

	__asm__ volatile("1:\tsd zero, 0(%0)\n\t"
			 "sd zero, 8(%0)\n\t"
			 "sd zero, 16(%0)\n\t"
			 "sd zero, 24(%0)\n\t"
			 "sd zero, 32(%0)\n\t"
			 "sd zero, 40(%0)\n\t"
			 "sd zero, 48(%0)\n\t"
			 "sd zero, 56(%0)\n\t"
			 "addi %0, %0, 64\n\t"
			 "bne %0, %1, 1b"
			 : "+r"(page)
			 : "r"(end)
			 : "memory");
}

static inline void port_copy_page(void *to, const void *from)
{
	const void *end = (const char *)from + 4096;
	unsigned long a, b, c, d;

	__asm__ volatile("1:\tld %2, 0(%1)\n\t"
			 "ld %3, 8(%1)\n\t"
			 "ld %4, 16(%1)\n\t"
			 "ld %5, 24(%1)\n\t"
			 "addi %1, %1, 32\n\t"
			 "sd %2, 0(%0)\n\t"
			 "sd %3, 8(%0)\n\t"
			 "sd %4, 16(%0)\n\t"
			 "sd %5, 24(%0)\n\t"
			 "addi %0, %0, 32\n\t"
			 "bne %1, %6, 1b"
			 : "+r"(to), "+r"(from), "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d)
			 : "r"(end)
			 : "memory");
}

#define BARE_PTE_USER_CODE 0x19UL /* valid, executed by user mode */

/* Stores are seen by table walks after a fence.  What user mode is going to execute may have been written as data:
 * its instruction fetches see it after FENCE.I. */
static inline void port_pt_written(const void *at)
{
	unsigned long entry = *(const volatile unsigned long *)at;

	if ((entry & BARE_PTE_USER_CODE) == BARE_PTE_USER_CODE)
		__asm__ volatile(".word 0x0000100f" : : : "memory"); /* fence.i */
	else
		__asm__ volatile("fence w, rw" : : : "memory");
}

static inline void port_pt_written_kernel(const void *at, unsigned long n)
{
	(void)at;
	(void)n;
	__asm__ volatile("fence w, rw" : : : "memory");
}

#endif
