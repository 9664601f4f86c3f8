/* SPDX-License-Identifier: MIT */
/*
 * entry.S - from the loader (Linux's boot protocol of a zImage: MMU and data cache off, SVC or HYP mode,
 * r2 = device tree) to the first C function.
 *
 *   anywhere in the first 128 MiB of RAM -> RAM + 0x8000, where it is linked -> instructions completed with
 *   where RAM is -> early tables at RAM + 0x4000: sections for the image at PAGE_OFFSET and at itself, and for
 *   the device tree -> bare_start()
 *
 * Runs wherever it was loaded: all addresses are relative to it until the MMU is on.  boot.c adds RAM to the
 * early tables; the kernel's own replace them, and free_initmem() gives this code back.
 */
#include <bare.h>
#include "bare_private.h"

#define ZIMAGE_MAGIC 0x016f2818
#define HYP_MODE     0x1a
#define SVC_MODE     0x13
#define ABT_MODE     0x17
#define MASKED       0x1c0      /* of cpsr: asynchronous aborts, interrupts, fast interrupts */

/* sctlr: on: MMU, data cache, branch prediction, instruction cache; off: alignment checks, high vectors,
 * HA, WXN, UWXN, EE, TRE, AFE, TE: what the formats of tables and code here ask for */
#define SCTLR_ON  (1 | 1 << 2 | 1 << 11 | 1 << 12)
#define SCTLR_OFF (1 << 1 | 1 << 13 | 1 << 17 | 1 << 19 | 1 << 20 | 1 << 25 | 1 << 28 | 1 << 29 | 1 << 30)

	.syntax unified
	.arm
	.arch_extension virt

	.section .head.text, "ax"
	.globl bare_head
bare_head:
	.rept 8
	nop
	.endr
	b primary
	.long ZIMAGE_MAGIC
	.long 0                         /* it may be loaded anywhere */
	.long bare_load_size
	.long 0x04030201                /* little-endian */

	.macro LINKED reg, sym          /* where it is now; r10 = where we are, minus where we are linked */
	ldr \reg, =\sym
	add \reg, \reg, r10
	.endm

	.section .init.text, "ax"
primary:
	cpsid aif
	mrs r0, cpsr
	and r1, r0, #31
	cmp r1, #HYP_MODE
	bne 1f

	/* HYP mode: SVC mode gets everything, and its virtual counter is the physical one. */
	bic r0, r0, #31
	orr r0, r0, #SVC_MODE
	orr r0, r0, #MASKED
	msr spsr_fsxc, r0
	mov r1, #0
	mcr p15, 4, r1, c1, c1, 0       /* HCR */
	mcr p15, 4, r1, c1, c1, 2       /* HCPTR */
	mcr p15, 4, r1, c1, c1, 3       /* HSTR */
	mcrr p15, 4, r1, r1, c14        /* CNTVOFF */
	mrc p15, 4, r1, c14, c1, 0      /* CNTHCTL */
	orr r1, r1, #3
	mcr p15, 4, r1, c14, c1, 0
	adr r1, 1f
	msr elr_hyp, r1
	eret
1:	cps #SVC_MODE
	mov r11, r2                     /* r11 = device tree */
	adr r0, 1b
	ldr r1, =1b
	sub r10, r0, r1
	and r7, r0, #0xf8000000         /* r7 = RAM */
	LINKED r8, bare_head
	add r6, r7, #BARE_TEXT_OFFSET
	cmp r8, r6
	beq in_place

	/* Below the tables-to-be is room for the code that copies the rest, possibly over itself. */
	ldr r5, =bare_load_size
	ldr r9, =in_place
	ldr r0, =bare_head
	sub r9, r9, r0
	add r9, r9, r6
	add r0, r7, #0x3000
	mov r4, r0
	adr r1, mover
	adr r2, mover_end
1:	ldr r3, [r1], #4
	str r3, [r0], #4
	cmp r1, r2
	blo 1b
	mov r0, #0
	mcr p15, 0, r0, c7, c5, 0       /* ICIALLU */
	dsb
	isb
	bx r4
	.ltorg

/* r5 bytes, a multiple of 16, from r8 to r6; then on at r9. */
mover:
	cmp r6, r8
	bhi 2f
1:	ldmia r8!, {r0-r3}
	subs r5, r5, #16
	stmia r6!, {r0-r3}
	bhi 1b
	b 3f
2:	add r8, r8, r5
	add r6, r6, r5
1:	ldmdb r8!, {r0-r3}
	subs r5, r5, #16
	stmdb r6!, {r0-r3}
	bhi 1b
3:	dsb
	mov r0, #0
	mcr p15, 0, r0, c7, c5, 0       /* ICIALLU */
	dsb
	isb
	bx r9
mover_end:

in_place:
	adr r0, in_place
	ldr r1, =in_place
	sub r10, r0, r1
	and r7, r0, #0xf8000000

	/* Where RAM is goes into the instructions that must know (quire_port.h). */
	LINKED r0, bare_linear_start
	LINKED r1, bare_linear_end
	ldr r2, =QUIRE_PAGE_OFFSET
	sub r2, r2, r7
	lsr r2, r2, #24
1:	cmp r0, r1
	bhs 2f
	ldr r3, [r0], #4
	add r3, r3, r10
	ldr r4, [r3]
	bfi r4, r2, #0, #8
	str r4, [r3]
	b 1b

	/* What the first data cache holds since power-on is forgotten, by set and way. */
2:	mov r0, #0
	mcr p15, 2, r0, c0, c0, 0       /* CSSELR */
	isb
	mrc p15, 1, r0, c0, c0, 0       /* CCSIDR */
	and r1, r0, #7
	add r1, r1, #4                  /* log2(bytes of a line) */
	ubfx r2, r0, #3, #10            /* ways - 1 */
	ubfx r3, r0, #13, #15           /* sets - 1 */
	clz r4, r2
1:	mov r5, r2
2:	lsl r6, r5, r4
	orr r6, r6, r3, lsl r1
	mcr p15, 0, r6, c7, c6, 2       /* DCISW */
	subs r5, r5, #1
	bhs 2b
	subs r3, r3, #1
	bhs 1b
	dsb

	add r4, r7, #0x4000             /* r4 = early table */
	mov r0, #0
	mov r1, r4
	add r2, r4, #0x4000
1:	str r0, [r1], #4
	cmp r1, r2
	blo 1b

	ldr r5, =BARE_SECTION
	ldr r6, =(QUIRE_PAGE_OFFSET >> 18)
	add r6, r4, r6                  /* r6 = entry of PAGE_OFFSET */
	mov r0, r7                      /* the image */
	LINKED r1, bare_image_end
	mov r2, r6
1:	orr r3, r0, r5
	str r3, [r2], #4
	add r0, r0, #0x100000
	cmp r0, r1
	blo 1b
	sub r1, r11, r7                 /* the device tree, of at most 2 MiB, if it is in low memory */
	ldr r3, =(BARE_LOWMEM_SIZE - 0x300000)
	cmp r1, r3
	bhs 2f
	lsr r0, r11, #20
	lsr r1, r1, #20
	add r2, r6, r1, lsl #2
	orr r3, r5, r0, lsl #20
	str r3, [r2], #4
	add r3, r3, #0x100000
	str r3, [r2], #4
	add r3, r3, #0x100000
	str r3, [r2], #4
2:	adr r0, mmu_on                  /* this code at itself */
	lsr r0, r0, #20
	orr r3, r5, r0, lsl #20
	str r3, [r4, r0, lsl #2]

	mov r0, #0
	dsb
	mcr p15, 0, r0, c8, c7, 0       /* TLBIALL */
	mcr p15, 0, r0, c7, c5, 0       /* ICIALLU */
	mcr p15, 0, r0, c7, c5, 6       /* BPIALL */
	mcr p15, 0, r0, c2, c0, 2       /* TTBCR: all addresses by TTBR0, short descriptors */
	mcr p15, 0, r0, c13, c0, 1      /* CONTEXTIDR */
	orr r1, r4, #BARE_TTBR_FLAGS
	mcr p15, 0, r1, c2, c0, 0       /* TTBR0 */
	mcr p15, 0, r1, c2, c0, 1       /* TTBR1 */
	mov r1, #1
	mcr p15, 0, r1, c3, c0, 0       /* DACR: domain 0 as its entries say */
	dsb
	isb
	ldr r1, =SCTLR_ON
	ldr r2, =SCTLR_OFF
	mrc p15, 0, r0, c1, c0, 0       /* SCTLR */
	orr r0, r0, r1
	bic r0, r0, r2
	ldr r1, =high
mmu_on:
	mcr p15, 0, r0, c1, c0, 0
	isb
	bx r1
high:
	ldr r0, =bare_init_bss_start
	ldr r1, =bare_image_end
	mov r2, #0
	mov r3, #0
1:	stmia r0!, {r2, r3}             /* both are multiples of 4 KiB */
	cmp r0, r1
	blo 1b
	cps #ABT_MODE
	ldr sp, =bare_abort_scratch
	cps #SVC_MODE
	ldr sp, =early_stack_top
	mov r0, r11
	add r1, r7, #BARE_TEXT_OFFSET
	bl bare_start
1:	wfi
	b 1b
	.ltorg

	.bss
	.align 12
	.globl early_stack /* the idle task's later on */
early_stack:
	.skip BARE_KSTACK_SIZE
	.globl early_stack_top
early_stack_top:
	.skip 8176
	.globl bare_abort_scratch /* a few words of abort mode's; below them is the stack of stack overflows */
bare_abort_scratch:
	.skip 16

	.section .note.GNU-stack, "", %progbits
