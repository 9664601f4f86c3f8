/* SPDX-License-Identifier: MIT */
/*
 * quire_port.h - the port to no machine at all.  It compiles, does nothing, and explains
 * everything: copy this folder to start a port, and replace each body.  The contracts are in
 * quire/port.h; none.c has the functions.
 *
 * A kernel that wants pages and heap only needs what is marked (1).  What is marked (2) or (3) may
 * stay as it is until mappings and address spaces are adopted.
 */
#ifndef QUIRE_PORT_NONE_H
#define QUIRE_PORT_NONE_H

#include <quire/types.h>

/* (1) Kernel virtual address of physical 0.  With an identity map: 0. */
#define PAGE_OFFSET        0UL
/* (2) Kernel addresses that vmalloc and ioremap may use; page-aligned, mapped by nobody else. */
#define PORT_VMALLOC_START (sizeof(void *) == 8 ? 0xffffc90000000000UL : 0xf0000000UL)
#define PORT_VMALLOC_END   (sizeof(void *) == 8 ? 0xffffe90000000000UL : 0xff000000UL)
/* (3) First address above user space. */
#define PORT_TASK_SIZE     (sizeof(void *) == 8 ? 0x7ffffffff000UL : 0xc0000000UL)
/* (2) Which of src/maps/formats the machine reads, and whether the kernel half is built by this
 * library. */
#if UINTPTR_MAX > 0xffffffffu
#define PORT_PT_FORMAT x86_64
#else
#define PORT_PT_FORMAT x86_pae
#endif
#define PORT_KERNEL_TABLES 0

/* (2) Define PORT_MODULES_START and PORT_MODULES_END where branches of the kernel's text reach, for
 * module_alloc(), and PORT_FIXADDR_TOP where 3 MiB below are free, for quire/fixmap.h. */

/* (2) Define PORT_PKMAP_START, 2 MiB for kmap(), where there may be more RAM than kernel addresses: see
 * quire/highmem.h. */

/* (1) Define PORT_STACK_TRACE as 1 and implement port_stack_trace(), and reports show who
 * called. */

/* (1) Define PORT_PROTECT_PAGE as 1 and implement port_protect_prepare() and port_protect_page(), and
 * let the trap of a page fault call kfence_handle_page_fault(): then sampled objects are guarded by
 * pages that fault.  Without it their surroundings are looked at when they are freed. */

/* Without PORT_VMEMMAP quire allocates one array of frame descriptors from memblock.  With a large
 * hole in physical memory, define it as an unused kernel address and implement
 * port_vmemmap_populate(). */

/* (1) The linear map: one addition on most machines. */
static inline void *port_phys_to_virt(phys_addr_t pa)
{
	return (void *)(unsigned long)(pa + PAGE_OFFSET);
}

static inline phys_addr_t port_virt_to_phys(const void *va)
{
	return (phys_addr_t)((unsigned long)va - PAGE_OFFSET);
}

/* (1) Switch interrupts off and return what they were before; put that back.  A program without
 * interrupts may leave these empty. */
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

/* (1) Which CPU this is.  One CPU: always 0. */
static inline unsigned port_cpu_id(void)
{
	return 0;
}

/* (1) What percpu_init() told port_percpu_set() for this CPU, 0 before.  Keep it where it is cheap
 * to read: in a segment base (x86), a system register (ARM), a thread register (RISC-V). */
extern unsigned long port_none_percpu_offset;
static inline unsigned long port_percpu_offset(void)
{
	return port_none_percpu_offset;
}

/* (1) Inside a spinning loop: let the other hardware thread work (pause, yield, wfe). */
static inline void port_cpu_relax(void)
{
	barrier();
}

/* (1) The fastest way to clear and to copy one page. */
static inline void port_clear_page(void *page)
{
	__builtin_memset(page, 0, 4096);
}

static inline void port_copy_page(void *to, const void *from)
{
	__builtin_memcpy(to, from, 4096);
}

#endif
