/* SPDX-License-Identifier: MIT */
/* bare_private.h - instructions and names that the port's own files share. */
#ifndef QUIRE_BARE_PRIVATE_H
#define QUIRE_BARE_PRIVATE_H

#include "board.h"
#include "fdt_boot.h"

/* Where the console's registers are seen: their GiB with the early tables, their page with the kernel's. */
#define BARE_CONSOLE_VIRT 0xffffffffc0000000UL
#define GIB               (1UL << 30)

#define CSR_READ(reg)                                                                              \
	({                                                                                         \
		u64 v_;                                                                            \
		__asm__ volatile("csrr %0, " #reg : "=r"(v_));                                     \
		v_;                                                                                \
	})
#define CSR_WRITE(reg, v) __asm__ volatile("csrw " #reg ", %0" : : "r"((u64)(v)) : "memory")

/* ---- entries ---------------------------------------------------------------------------------- */
#define BARE_ROOT_SHIFT (BARE_SV - 9)
#define RV_VALID        1UL
#define RV_READ         2UL
#define RV_WRITE        4UL
#define RV_EXEC         8UL
#define RV_MAPS         (RV_READ | RV_WRITE | RV_EXEC) /* else it leads to a table */
#define RV_RW           0xc7UL                         /* valid, read, written, accessed, dirty */
#define RV_RWX          0xcfUL
#define RV_GLOBAL       0x20UL

static inline u64 bare_entry(phys_addr_t pa, u64 bits)
{
	return pa >> 2 | bits;
}

static inline bool bare_entry_valid(u64 entry)
{
	return entry & RV_VALID;
}

static inline phys_addr_t bare_entry_pa(u64 entry)
{
	return (entry & 0x003ffffffffffc00UL) << 2;
}

static inline u64 bare_entry_of_table(phys_addr_t pa)
{
	return bare_entry(pa, RV_VALID);
}

static inline u64 bare_entry_of_descriptors(phys_addr_t pa, bool large)
{
	(void)large;
	return bare_entry(pa, RV_RW | RV_GLOBAL);
}

static inline void bare_entries_done(void)
{
	__asm__ volatile("sfence.vma" : : : "memory");
}

/* satp */
#define SATP_MODE       (BARE_SV / 9 + 4UL) /* 8: Sv39, 9: Sv48, 10: Sv57 */
#define SATP_MODE_SHIFT 60
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK  0xffffUL

/* sbi.c: what the machine's firmware does for us; 0 or a negative SBI error */
long sbi_call(unsigned long extension, unsigned long function, unsigned long a, unsigned long b);
void sbi_write(const char *text);
void sbi_set_timer(u64 at);
void sbi_power(bool again) __noreturn;

/* early.c: the tables to start with, made before the MMU is on */
u64 bare_early_tables(phys_addr_t fdt);
extern u64 bare_early_root[512];
extern u64 *bare_early_console; /* physical: the entry for the GiB at BARE_CONSOLE_VIRT */
/* cpu.c */
extern unsigned bare_asid_bits;
void bare_cpu_init(unsigned cpu, unsigned hart);
/* tlb.c */
void bare_tlb_init(void);
/* port.c: a page of device registers at kernel address `at`, in the kernel's own tables */
void bare_map_registers(unsigned long at, phys_addr_t pa);
/* ... and where those of SiFive's test device are seen: without them the end has no status */
void bare_finisher_at(volatile void *registers);
/* clock.c: the timer's interrupt */
void bare_timer_stop(void);
/* trap.S calls */
void bare_interrupt(struct bare_regs *regs, u64 cause);
void bare_user_trap(struct bare_regs *regs, u64 cause, unsigned long value);
void bare_kernel_trap(struct bare_regs *regs, u64 cause, unsigned long value);
void bare_stack_overflow(struct bare_regs *regs, u64 cause, unsigned long value) __noreturn;

#endif
