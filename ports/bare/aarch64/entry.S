/* SPDX-License-Identifier: MIT */
/*
 * entry.S - from the loader (Linux's arm64 boot protocol: MMU off, EL1 or EL2, x0 = device tree) to the
 * first C function.
 *
 *   early tables: the GiB of this code seen at itself (TTBR0); in TTBR1 the GiB of the image and that
 *   of the device tree from PAGE_OFFSET, the image from -2 GiB, and room for the console's registers.
 *   boot.c replaces them, and free_initmem() gives them back, with this code.
 *
 * Runs wherever it was loaded: all addresses are relative to it until the MMU is on.
 */
#include <bare.h>

#define BLOCK_NORMAL 0x701              /* block, attribute 0, inner shareable, used   */
#define BLOCK_XN     (3 << 53)
#define TABLE        3

/* sctlr_el1: RES1 bits of Armv8.0, MMU and caches on, stack alignment checked, EL0 may use DC ZVA,
 * read CTR, maintain caches, WFE and WFI */
#define SCTLR_ON (0x30d00800 | 1 | 4 | 8 | 16 | 1 << 12 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 18 | 1 << 26)
#define SCTLR_OFF 0x30d00800

	.section .head.text, "ax"
	.globl bare_head
bare_head:
	b primary
	.long 0
	.quad 0                         /* offset from a 2 MiB boundary */
	.quad bare_image_size
	.quad 0xa                       /* little-endian, 4 KiB pages, anywhere in memory */
	.quad 0, 0, 0
	.ascii "ARM\x64"
	.long 0

	.macro ADDR reg, sym
	adrp \reg, \sym
	add \reg, \reg, :lo12:\sym
	.endm

/* \table[(\pa >> \shift) & 511] = \entry */
	.macro ENTRY table, pa, shift, entry, tmp
	ubfx \tmp, \pa, #\shift, #9
	str \entry, [\table, \tmp, lsl #3]
	.endm

	.section .init.text, "ax"
primary:
	mov x20, x0
	msr daifset, #15
	mrs x0, CurrentEL
	cmp x0, #8
	b.ne at_el1

	/* EL2: EL1 gets everything, and its virtual counter is the physical one. */
	mov x0, #(1 << 31)
	msr hcr_el2, x0
	mrs x0, cnthctl_el2
	orr x0, x0, #3
	msr cnthctl_el2, x0
	msr cntvoff_el2, xzr
	mov x0, #0x33ff
	msr cptr_el2, x0
	msr hstr_el2, xzr
	msr vttbr_el2, xzr
	mrs x0, midr_el1
	msr vpidr_el2, x0
	mrs x0, mpidr_el1
	msr vmpidr_el2, x0
	mrs x0, id_aa64pfr0_el1
	ubfx x0, x0, #24, #4            /* a GIC's system registers */
	cbz x0, 1f
	mrs x0, s3_4_c12_c9_5           /* ICC_SRE_EL2: SRE, Enable */
	orr x0, x0, #1
	orr x0, x0, #8
	msr s3_4_c12_c9_5, x0
	isb
	msr s3_4_c12_c11_0, xzr         /* ICH_HCR_EL2 */
1:	ldr x0, =SCTLR_OFF
	msr sctlr_el1, x0
	mov x0, #0x3c5                  /* EL1h, all masked */
	msr spsr_el2, x0
	adr x0, at_el1
	msr elr_el2, x0
	eret

at_el1:
	ldr x0, =SCTLR_OFF
	msr sctlr_el1, x0
	isb

	/* The image's .init.bss and .bss may hold anything; nor may a cache hold it back. */
	ADDR x0, bare_init_bss_start
	ADDR x1, bare_image_end
	mov x2, x0
1:	stp xzr, xzr, [x2], #16
	cmp x2, x1
	b.lo 1b
	mrs x3, ctr_el0
	ubfx x3, x3, #16, #4
	mov x4, #4
	lsl x3, x4, x3
1:	dc ivac, x0
	add x0, x0, x3
	cmp x0, x1
	b.lo 1b
	dsb sy

	/* x21 = where the image is, x22 = BLOCK_NORMAL, x23 = the same, not executable */
	ADDR x21, bare_head
	mov x22, #BLOCK_NORMAL
	mov x23, #BLOCK_XN
	orr x23, x23, x22

	adr x1, mmu_on                  /* identity */
	ADDR x2, early_idmap_l0
	ADDR x3, early_idmap_l1
	orr x4, x3, #TABLE
	ENTRY x2, x1, 39, x4, x5
	and x4, x1, #~((1 << 30) - 1)
	orr x4, x4, x22
	ENTRY x3, x1, 30, x4, x5

	ADDR x2, early_l0               /* linear: the image's GiB and the device tree's */
	ADDR x3, early_linear_l1
	orr x4, x3, #TABLE
	ENTRY x2, x21, 39, x4, x5
	and x4, x21, #~((1 << 30) - 1)
	orr x4, x4, x23
	ENTRY x3, x21, 30, x4, x5
	eor x4, x21, x20
	lsr x4, x4, #39
	cbnz x4, 1f                     /* too far away: boot.c will find nothing there */
	and x4, x20, #~((1 << 30) - 1)
	orr x4, x4, x23
	ENTRY x3, x20, 30, x4, x5
1:
	ADDR x3, early_image_l1         /* the image, in pieces of 2 MiB */
	orr x4, x3, #TABLE
	str x4, [x2, #511 * 8]
	ADDR x2, early_image_l2
	orr x4, x2, #TABLE
	str x4, [x3, #510 * 8]
	ADDR x4, bare_early_console
	orr x4, x4, #TABLE
	str x4, [x3, #511 * 8]
	orr x4, x21, x22
	ADDR x5, bare_image_end
	sub x5, x5, x21
1:	str x4, [x2], #8
	add x4, x4, #0x200000
	subs x5, x5, #0x200000
	b.hi 1b

	ldr x0, =0x4400ff               /* attribute 0: write-back, 1: Device-nGnRnE, 2: not cached */
	msr mair_el1, x0
	ldr x0, =0xb5103510             /* 48 bits, 4 KiB, write-back, inner shareable, twice */
	mrs x1, id_aa64mmfr0_el1
	and x2, x1, #15                 /* physical addresses of at most 48 bits */
	mov x3, #5
	cmp x2, x3
	csel x2, x2, x3, lo
	orr x0, x0, x2, lsl #32
	ubfx x2, x1, #4, #4             /* 2: ASIDs of 16 bits */
	ubfx x2, x2, #1, #1
	orr x0, x0, x2, lsl #36
	msr tcr_el1, x0
	ADDR x0, early_idmap_l0
	msr ttbr0_el1, x0
	ADDR x0, early_l0
	msr ttbr1_el1, x0
	dsb sy
	tlbi vmalle1
	ic iallu
	dsb sy
	isb
	ldr x0, =SCTLR_ON
	ldr x1, =high
	msr sctlr_el1, x0
mmu_on:
	isb
	br x1
high:
	ldr x0, =early_stack_top
	mov sp, x0
	mov x29, xzr
	mov x0, x20
	mov x1, x21
	bl bare_start
1:	wfi
	b 1b
	.ltorg

	.section .init.bss, "aw", @nobits
	.align 12
early_idmap_l0:
	.skip 4096
early_idmap_l1:
	.skip 4096
early_l0:
	.skip 4096
early_linear_l1:
	.skip 4096
early_image_l1:
	.skip 4096
early_image_l2:
	.skip 4096
	.globl bare_early_console
bare_early_console:
	.skip 4096

	.bss
	.align 12
	.globl bare_empty_root          /* TTBR0 of those who run on the kernel's tables only */
bare_empty_root:
	.skip 4096
	.globl early_stack /* the idle task's later on */
early_stack:
	.skip BARE_KSTACK_SIZE
	.globl early_stack_top
early_stack_top:
	.globl bare_overflow_stack_top
	.skip 8192
bare_overflow_stack_top:

	.section .note.GNU-stack, "", @progbits
