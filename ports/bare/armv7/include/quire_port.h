/* SPDX-License-Identifier: MIT */
/*
 * quire_port.h - the ARMv7-A machine on bare metal: the hot hooks of quire/port.h as inlines.
 *
 *   00000000                  user space, up to PORT_TASK_SIZE
 *   PAGE_OFFSET - 16 MiB      modules; the last 2 MiB: pages of high memory, mapped for a while
 *   PAGE_OFFSET               RAM from its first byte on, the image in it; 0x80000000 or 0xc0000000
 *   f0800000 .. ff800000      vmalloc, ioremap; 8 MiB below it are nobody's
 *   ffc80000 .. fff80000      fixmap
 *   fffe0000                  registers that the port itself needs
 *   ffff0000                  exception vectors
 *
 * Where RAM begins is found out at the start, and the instructions that turn physical addresses into linear
 * ones are completed with it (entry.S): one image for every machine, at the price of a constant.
 */
#ifndef QUIRE_PORT_BARE_ARMV7_H
#define QUIRE_PORT_BARE_ARMV7_H

#include <quire/types.h>

#ifndef QUIRE_PAGE_OFFSET
#define QUIRE_PAGE_OFFSET 0x80000000
#endif

#define PAGE_OFFSET            ((unsigned long)QUIRE_PAGE_OFFSET)
#define PORT_VMALLOC_START     0xf0800000UL
#define PORT_VMALLOC_END       0xff800000UL
#define PORT_FIXADDR_TOP       0xfff7f000UL
#define PORT_TASK_SIZE         (PAGE_OFFSET - (16UL << 20))
#define PORT_MODULES_START     PORT_TASK_SIZE
#define PORT_MODULES_END       PORT_PKMAP_START
#define PORT_PKMAP_START       (PAGE_OFFSET - (2UL << 20))
#define PORT_LOWMEM_END        0xf0000000UL /* the rest of RAM is high memory */
#define PORT_PHYS_OFFSET       port_virt_to_phys((void *)PAGE_OFFSET)
#define PORT_PT_FORMAT         armv7
#define PORT_KERNEL_TABLES     1
#define PORT_STACK_TRACE       1
#define PORT_RANDOM            1
#define PORT_INIT_SECTIONS     1
#define PORT_ASIDS             1
#define PORT_PT_WRITTEN        1
#define PORT_PT_WRITTEN_KERNEL 1

/* Where things are in the per-CPU block that TPIDRPRW points to (struct bare_cpu in bare.h checks
 * them). */
#define BARE_CPU_PERCPU 8
#define BARE_CPU_QUIRE  12
#define BARE_CPU_ID     16

#define BARE_CPSR_I 0x80UL /* interrupts are off */

/* The operand of each such instruction is its upper eight bits; entry.S puts in PAGE_OFFSET minus the first
 * byte of RAM.  This one only says how it is encoded. */
#define BARE_LINEAR_SHIFT(insn, to, from)                                                          \
	__asm__("1:\t" insn " %0, %1, #0x81000000\n\t"                                             \
		".pushsection .init.linear, \"a\"\n\t"                                             \
		".long 1b\n\t"                                                                     \
		".popsection"                                                                      \
		: "=r"(to)                                                                         \
		: "r"(from))

static inline void *port_phys_to_virt(phys_addr_t pa)
{
	void *va;

	BARE_LINEAR_SHIFT("add", va, (u32)pa);
	return va;
}

static inline phys_addr_t port_virt_to_phys(const void *va)
{
	u32 pa;

	BARE_LINEAR_SHIFT("sub", pa, va);
	return pa;
}

static inline unsigned long port_irq_save(void)
{
	unsigned long flags;

	__asm__ volatile("mrs %0, cpsr\n\tcpsid i" : "=r"(flags) : : "memory");
	return flags;
}

static inline void port_irq_restore(unsigned long state)
{
	if (!(state & BARE_CPSR_I))
		__asm__ volatile("cpsie i" : : : "memory");
}

static inline bool port_irqs_disabled(void)
{
	unsigned long flags;

	__asm__ volatile("mrs %0, cpsr" : "=r"(flags) : : "memory");
	return flags & BARE_CPSR_I;
}

static inline unsigned port_cpu_id(void)
{
	unsigned id;

	__asm__ volatile("mrc p15, 0, %0, c13, c0, 4\n\tldr %0, [%0, %1]"
			 : "=r"(id)
			 : "i"(BARE_CPU_ID));
	return id;
}

static inline unsigned long port_percpu_offset(void)
{
	unsigned long offset;

	__asm__ volatile("mrc p15, 0, %0, c13, c0, 4\n\tldr %0, [%0, %1]"
			 : "=r"(offset)
			 : "i"(BARE_CPU_PERCPU));
	return offset;
}

struct quire_cpu;
#define PORT_THIS_CPU 1
static inline struct quire_cpu *port_this_cpu(void)
{
	struct quire_cpu *mine;

	__asm__ volatile("mrc p15, 0, %0, c13, c0, 4\n\tldr %0, [%0, %1]"
			 : "=r"(mine)
			 : "i"(BARE_CPU_QUIRE));
	return mine;
}

static inline void port_cpu_relax(void)
{
	__asm__ volatile("yield" : : : "memory");
}

static inline void port_clear_page(void *page)
{
	const void *end = (const char *)page + 4096;

	__asm__ volatile("mov r2, #0\n\t"
			 "mov r3, #0\n\t"
			 "mov r4, #0\n\t"
			 "mov r5, #0\n\t"
			 "mov r6, #0\n\t"
			 "mov r8, #0\n\t"
			 "mov r9, #0\n\t"
			 "mov r12, #0\n"
			 "1:\t.rept 16\n\t"
			 "stmia %0!, {r2-r6, r8, r9, r12}\n\t"
			 ".endr\n\t"
			 "cmp %0, %1\n\t"
			 "bne 1b"
			 : "+r"(page)
			 : "r"(end)
			 : "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r12", "cc", "memory");
}

static inline void port_copy_page(void *to, const void *from)
{
	const void *end = (const char *)from + 4096;

	__asm__ volatile("1:\t.rept 8\n\t"
			 "ldmia %1!, {r3-r6, r8, r9, r12, lr}\n\t"
			 "stmia %0!, {r3-r6, r8, r9, r12, lr}\n\t"
			 ".endr\n\t"
			 "cmp %1, %2\n\t"
			 "bne 1b"
			 : "+r"(to), "+r"(from)
			 : "r"(end)
			 : "r3", "r4", "r5", "r6", "r8", "r9", "r12", "lr", "cc", "memory");
}

/* What a page-table entry leads user mode to execute: its frame may have been written as data. */
void bare_sync_icache(unsigned long entry);

/* Of the entry that the library reads (src/maps/formats/armv7.h): there, user mode's, and not NOEXEC. */
#define BARE_PTE_USER_EXEC_MASK 0x85UL
#define BARE_PTE_USER_EXEC      0x05UL

/* Table walks read the caches (tlb.c looks whether they do): a barrier makes them see a store. */
static inline void port_pt_written(const void *at)
{
	unsigned long entry = *(const volatile unsigned long *)at;

	if ((entry & BARE_PTE_USER_EXEC_MASK) == BARE_PTE_USER_EXEC)
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
