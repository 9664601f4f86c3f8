/* SPDX-License-Identifier: MIT */
/* bare_private.h - instructions and names that the port's own files share. */
#ifndef QUIRE_BARE_PRIVATE_H
#define QUIRE_BARE_PRIVATE_H

#include "board.h"

#define BARE_IMAGE_VIRT 0xffffffff80000000UL

struct bare_smap_site {
	u64 at;    /* a 3-byte nop  */
	u64 bytes; /* what to put there */
};
extern const struct bare_smap_site bare_smap_start[], bare_smap_end[];

struct bare_pcid_site {
	u64 at; /* an instruction of five bytes */
	u64 to; /* what to call instead         */
};
extern const struct bare_pcid_site bare_pcid_start[], bare_pcid_end[];

#define MSR_APIC_BASE      0x1b
#define MSR_EFER           0xc0000080
#define MSR_STAR           0xc0000081
#define MSR_LSTAR          0xc0000082
#define MSR_SFMASK         0xc0000084
#define MSR_PAT            0x277u
/* As at reset, but entry 1, which nothing used before, is write-combining: what ioremap_wc() asks for. */
#define PAT_WITH_WC        0x0007040600070106ULL
#define MSR_FS_BASE        0xc0000100
#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102

#define CR4_PGE        (1UL << 7)
#define CR4_OSFXSR     (1UL << 9)
#define CR4_OSXMMEXCPT (1UL << 10)
#define CR4_UMIP       (1UL << 11)
#define CR4_FSGSBASE   (1UL << 16)
#define CR4_PCIDE      (1UL << 17)
#define CR4_OSXSAVE    (1UL << 18)
#define CR4_SMEP       (1UL << 20)
#define CR4_SMAP       (1UL << 21)

#define BARE_VECTOR_TIMER    0x40
#define BARE_VECTOR_SPURIOUS 0xff

struct bare_features {
	bool nx, smep, smap, umip, pge, fsgsbase, xsave;
	u64 xcr0;     /* state components that XSAVE keeps   */
	u32 fpu_size; /* bytes of a saved state              */
	u32 mxcsr_mask;
};
extern struct bare_features bare_feature;
extern struct bare_cpu bare_cpus[QUIRE_NR_CPUS];

static inline void outb(u16 port, u8 v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline u8 inb(u16 port)
{
	u8 v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outw(u16 port, u16 v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 msr, u64 v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

static inline void cpuid(u32 leaf, u32 sub, u32 out[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
			 : "a"(leaf), "c"(sub));
}

static inline u64 read_cr2(void)
{
	u64 v;

	__asm__ volatile("movq %%cr2, %0" : "=r"(v));
	return v;
}

static inline u64 read_cr3(void)
{
	u64 v;

	__asm__ volatile("movq %%cr3, %0" : "=r"(v));
	return v;
}

static inline void write_cr3(u64 v)
{
	__asm__ volatile("movq %0, %%cr3" : : "r"(v) : "memory");
}

static inline u64 read_cr4(void)
{
	u64 v;

	__asm__ volatile("movq %%cr4, %0" : "=r"(v));
	return v;
}

static inline void write_cr4(u64 v)
{
	__asm__ volatile("movq %0, %%cr4" : : "r"(v) : "memory");
}

/* ---- entries that the port makes itself (vmemmap.h) ------------------------------------------ */
#define BARE_ROOT_SHIFT 39
#define PTE_P           1UL
#define PTE_W           2UL
#define PTE_PS          0x80UL
#define PTE_G           0x100UL
#define PTE_NX          (1UL << 63)

static inline bool bare_entry_valid(u64 entry)
{
	return entry & PTE_P;
}

static inline phys_addr_t bare_entry_pa(u64 entry)
{
	return entry & 0x000ffffffffff000UL;
}

static inline u64 bare_entry_of_table(phys_addr_t pa)
{
	return pa | PTE_P | PTE_W;
}

static inline u64 bare_entry_of_descriptors(phys_addr_t pa, bool large)
{
	return pa | PTE_P | PTE_W | (large ? PTE_PS : 0) | (bare_feature.pge ? PTE_G : 0) |
	       (bare_feature.nx ? PTE_NX : 0);
}

static inline void bare_entries_done(void) {}

/* boot.c: memory at a physical address while the early tables are loaded, or NULL */
const void *bare_early(u64 pa, u64 size);
/* numa.c: nodes of memory and of this CPU, from the tables that the root pointer leads to */
void bare_numa_init(u64 rsdp);
/* cpu.c */
void bare_cpu_init(unsigned cpu);
void bare_fpu_init(void);
/* tlb.c */
void bare_tlb_init(void);
/* apic.c */
void bare_interrupt(struct bare_regs *regs, unsigned vector);
/* trap.c */
void bare_die(const struct bare_regs *regs, const char *what, unsigned long addr) __noreturn;

#endif
