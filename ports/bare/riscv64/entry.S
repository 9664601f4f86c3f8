/* SPDX-License-Identifier: MIT */
/*
 * entry.S - from the loader (Linux's RISC-V boot protocol: S mode, MMU off, a0 = hart, a1 = device tree) to the first
 * C function.  Runs wherever it was loaded, at a multiple of 2 MiB: addresses are relative until the MMU is on.
 *
 * The early tables are early.c's.  boot.c replaces them, and free_initmem() gives them back, with this code.
 */
#include <bare.h>

	.section .head.text, "ax"
	.globl bare_head
bare_head:
	.option push
	.option norvc
	j primary
	.word 0
	.option pop
	.quad 0x200000                  /* offset from the start of RAM */
	.quad bare_image_size
	.quad 0                         /* little-endian */
	.word 2                         /* version 0.2 of this header */
	.word 0
	.quad 0
	.ascii "RISCV\0\0\0"
	.ascii "RSC\x05"
	.word 0

	.section .init.text, "ax"
primary:
	csrw sie, zero
	csrw sip, zero
	li t0, 0x6000                   /* no FPU before a program wants it */
	csrc sstatus, t0
	mv s0, a0
	mv s1, a1

	lla t0, bare_init_bss_start     /* .init.bss and .bss may hold anything */
	lla t1, bare_image_end
1:	sd zero, 0(t0)
	addi t0, t0, 8
	bltu t0, t1, 1b

	lla sp, early_stack_top
	mv a0, s1
	call bare_early_tables          /* a0 = satp */

	/* The code after the switch is seen where it is linked, and nowhere else: the fault leads there. */
	lla t0, bare_head               /* where the image is */
	mv s2, t0
	lla t1, high
	sub t1, t1, t0
	li t2, -0x80000000
	add t1, t1, t2
	csrw stvec, t1
	lla t3, early_stack_top
	sub t3, t3, t0
	add sp, t3, t2
	sfence.vma
	csrw satp, a0
	sfence.vma
	lla a0, no_such_mode            /* still here: satp does not take it */
	call sbi_write
	li a0, 0
	call sbi_power
	.align 2
high:
	csrw sscratch, zero
	mv a1, s2
	mv a2, s0
	mv a0, s1
	call bare_start
1:	wfi
	j 1b

	.section .init.rodata, "a"
no_such_mode:
	.asciz "PANIC: this processor has no page tables of the kind that this kernel is built for\n"

	.section .init.bss, "aw", @nobits
	.align 12
	.globl bare_early_root
bare_early_root:
	.skip 4096
	.globl bare_early_pool
bare_early_pool:
	.skip 8 * 4096

	.bss
	.align 12
	.globl early_stack /* the idle task's later on */
early_stack:
	.skip BARE_KSTACK_SIZE
	.globl early_stack_top
early_stack_top:
	.skip 8192
	.globl bare_overflow_stack_top
bare_overflow_stack_top:

	.section .note.GNU-stack, "", @progbits
