/* SPDX-License-Identifier: MIT */
/* bare_private.h - instructions and names that the port's own files share. */
#ifndef QUIRE_BARE_PRIVATE_H
#define QUIRE_BARE_PRIVATE_H

#ifndef QUIRE_PAGE_OFFSET
#error "QUIRE_PAGE_OFFSET: where RAM is seen; cmake/bare.cmake says 0x80000000 or 0xc0000000"
#endif

#define BARE_TEXT_OFFSET 0x8000 /* from the first byte of RAM to the image   */
#define BARE_EARLY_TABLE 0x4000 /* and to the early table, of 16 KiB         */
#define BARE_LOWMEM_SIZE                                                                           \
	(0xf0000000 - QUIRE_PAGE_OFFSET) /* of RAM that the linear map has room for   */
#define BARE_SECTION 0x140e /* 1 MiB, domain 0, kernel's, normal memory, write-back             */
#define BARE_SECTION_IO                                                                            \
	0x0416               /* the same, device, never executed                                 */
#define BARE_TTBR_FLAGS 0x48 /* table walks: write-back, write-allocate                          */

/* Where pages of the port's own are seen; for the first two the MiB around it while the tables are early. */
#define BARE_CONSOLE_VIRT 0xfffe0000
#define BARE_TIMER_VIRT   0xfffe1000
#define BARE_VECTORS_VIRT 0xffff0000

#ifndef __ASSEMBLER__

#include "board.h"
#include "fdt_boot.h"
#include "mmio.h"

/* A register of coprocessor 15, by crn, op1, crm, op2. */
#define BARE_READ(crn, op1, crm, op2)                                                              \
	({                                                                                         \
		u32 v_;                                                                            \
		__asm__ volatile("mrc p15, " #op1 ", %0, " #crn ", " #crm ", " #op2 : "=r"(v_));   \
		v_;                                                                                \
	})
#define BARE_WRITE(crn, op1, crm, op2, v)                                                          \
	__asm__ volatile("mcr p15, " #op1 ", %0, " #crn ", " #crm ", " #op2                        \
			 :                                                                         \
			 : "r"((u32)(v))                                                           \
			 : "memory")

static inline void isb(void)
{
	__asm__ volatile("isb" : : : "memory");
}

static inline void dsb(void)
{
	__asm__ volatile("dsb" : : : "memory");
}

/* boot.c: a page in the kernel's tables at one of the addresses above */
void bare_map_own(unsigned long at, phys_addr_t pa, bool device);
/* cpu.c */
void bare_cpu_init(unsigned cpu);
/* The space that is loaded must lead to the stack that is used from now on, faults being taken on it. */
void bare_see_stack(unsigned long top);
/* fpu.S */
void bare_fpu_on(void);
u32 bare_fpu_features(unsigned which); /* MVFR0, MVFR1 */
/* tlb.c */
void bare_tlb_init(void);
/* clock.c: where the registers of a timer that the CPU has none for are seen */
void bare_clock_at(volatile void *registers);
void bare_timer_stop(void);
/* trap.S calls */
void bare_irq(struct bare_regs *regs);
void bare_undefined(struct bare_regs *regs);
void bare_user_fetch(struct bare_regs *regs, u32 fsr, unsigned long addr);
void bare_user_data(struct bare_regs *regs, u32 fsr, unsigned long addr);
void bare_kernel_fetch(struct bare_regs *regs, u32 fsr, unsigned long addr);
void bare_kernel_data(struct bare_regs *regs, u32 fsr, unsigned long addr);
void bare_stack_overflow(struct bare_regs *regs, u32 fsr, unsigned long addr) __noreturn;
void bare_bad_entry(void) __noreturn;
/* trap.S */
extern char bare_vectors[];

#endif /* !__ASSEMBLER__ */
#endif
