/* SPDX-License-Identifier: MIT */
/* bare_private.h - instructions and names that the port's own files share. */
#ifndef QUIRE_BARE_PRIVATE_H
#define QUIRE_BARE_PRIVATE_H

#include "board.h"
#include "fdt_boot.h"
#include "mmio.h"

/* Where the console's registers are seen, before and after the kernel has its own tables. */
#define BARE_CONSOLE_VIRT 0xffffffffc0000000UL

#define BARE_READ(reg)                                                                             \
	({                                                                                         \
		u64 v_;                                                                            \
		__asm__ volatile("mrs %0, " #reg : "=r"(v_));                                      \
		v_;                                                                                \
	})
#define BARE_WRITE(reg, v) __asm__ volatile("msr " #reg ", %0" : : "r"((u64)(v)) : "memory")

static inline void isb(void)
{
	__asm__ volatile("isb" : : : "memory");
}

/* ---- entries that the port makes itself (vmemmap.h) ------------------------------------------ */
#define BARE_ROOT_SHIFT 39
#define DESC_TABLE      3UL
#define DESC_NORMAL                                                                                \
	0x0060000000000700UL /* attribute 0, inner shareable, used, kernel's, never executed */

static inline bool bare_entry_valid(u64 entry)
{
	return entry & 1;
}

static inline phys_addr_t bare_entry_pa(u64 entry)
{
	return entry & 0x0000fffffffff000UL;
}

static inline u64 bare_entry_of_table(phys_addr_t pa)
{
	return pa | DESC_TABLE;
}

static inline u64 bare_entry_of_descriptors(phys_addr_t pa, bool large)
{
	return pa | DESC_NORMAL | (large ? 1 : 3);
}

static inline void bare_entries_done(void)
{
	__asm__ volatile("dsb ishst\n\tisb" : : : "memory");
}

/* cpu.c */
extern struct bare_features {
	bool pan;       /* kernel code does not touch user memory by accident */
	bool cache_idc; /* stores need not be cleaned for instruction fetches */
	unsigned asid_bits;
} bare_feature;
void bare_cpu_init(unsigned cpu);
/* fpu.S */
/* tlb.c */
void bare_tlb_init(void);
/* port.c: a page of device registers at kernel address `at`, in the kernel's own tables */
void bare_map_console(unsigned long at, phys_addr_t pa);
/* clock.c: the timer's interrupt */
void bare_timer_stop(void);
/* trap.S calls */
void bare_irq(struct bare_regs *regs);
void bare_el0_sync(struct bare_regs *regs, u64 esr, unsigned long addr);
void bare_el1_sync(struct bare_regs *regs, u64 esr, unsigned long addr);
void bare_bad_entry(struct bare_regs *regs, u64 esr, u64 vector) __noreturn;
void bare_stack_overflow(struct bare_regs *regs, u64 esr, unsigned long addr) __noreturn;
/* trap.c */
void bare_die(const struct bare_regs *regs, const char *what, unsigned long addr,
	      u64 esr) __noreturn;

#endif
