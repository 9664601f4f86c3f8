/* SPDX-License-Identifier: MIT */
/*
 * trap.S - every way into the kernel and back out.
 *
 *   ECALL       -> table call -> sret          no work pending
 *   exception   -> C handler  -> sret
 *   interrupt   -> C handler  -> sret
 *
 * While a program runs sscratch is this CPU's block, and the top of the kernel stack is there; in the kernel
 * sscratch is 0 and the block is behind tp.
 */
#include <bare.h>

#define KSTACK_SHIFT 14 /* BARE_KSTACK_SIZE */
.if (1 << KSTACK_SHIFT) - BARE_KSTACK_SIZE
.error "KSTACK_SHIFT"
.endif
#define SCRATCH0 BARE_CPU_SCRATCH
#define SCRATCH1 (BARE_CPU_SCRATCH + 8)

	.macro EACH op, n:vararg
	.irp i, \n
	\op x\i, (\i * 8)(sp)
	.endr
	.endm

/* All but sp, tp and t0, and the state of before: t0 is free then. */
	.macro SAVE_REST
	EACH sd, 1, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	csrr s0, sepc
	csrr s1, sstatus
	csrr s2, scause
	sd s0, 0(sp)
	sd s1, BARE_REGS_STATUS(sp)
	.endm

	.macro RESTORE_AND_RETURN
	ld t0, 0(sp)
	ld t1, BARE_REGS_STATUS(sp)
	csrw sepc, t0
	csrw sstatus, t1
	EACH ld, 1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.endm

	.text
	.align 2
	.globl bare_trap_entry
bare_trap_entry:
	csrrw tp, sscratch, tp
	beqz tp, from_kernel

/* ---- from user mode -------------------------------------------------------------------------- */
	sd sp, SCRATCH0(tp)
	ld sp, BARE_CPU_KSTACK(tp)
	addi sp, sp, -BARE_REGS_SIZE
	sd t0, 40(sp)
	SAVE_REST
	ld s3, SCRATCH0(tp)
	csrrw s4, sscratch, zero
	sd s3, 16(sp)
	sd s4, 32(sp)
	li t0, -1
	sd a0, BARE_REGS_ORIG_A0(sp)
	sd t0, BARE_REGS_SYSCALL(sp)
	addi t1, s2, -8                 /* ECALL from user mode */
	bnez t1, user_trap
	addi s0, s0, 4
	sext.w a7, a7
	sd s0, 0(sp)
	sd a7, BARE_REGS_SYSCALL(sp)
	li t0, BARE_NR_SYSCALLS
	bltu a7, t0, 1f
	mv a7, t0
1:	slli t0, a7, 3
	lla t1, bare_syscall_table
	add t1, t1, t0
	ld t1, 0(t1)
	csrsi sstatus, 2
	jalr t1
	sd a0, BARE_REGS_A0(sp)
	j return_to_user

user_trap:
	mv a0, sp
	mv a1, s2
	csrr a2, stval
	bltz s2, 1f
	call bare_user_trap
	j return_to_user
1:	call bare_interrupt
return_to_user:
	csrci sstatus, 2
	ld t0, BARE_CPU_CURRENT(tp)
	lw t1, BARE_THREAD_WORK(t0)
	bnez t1, return_to_user_work
return_to_user_all:
	csrw sscratch, tp
	RESTORE_AND_RETURN
	ld tp, 32(sp)
	ld sp, 16(sp)
	sret
return_to_user_work:
	mv a0, sp
	call exit_to_user
	j return_to_user_all

/* ---- from kernel mode ------------------------------------------------------------------------ */
/* There may be no room: the stack pointer is looked at before anything is pushed. */
from_kernel:
	csrrw tp, sscratch, tp
	sd t0, SCRATCH0(tp)
	sd sp, SCRATCH1(tp)
	ld t0, BARE_CPU_KSTACK(tp)
	sub t0, t0, sp
	addi t0, t0, BARE_REGS_SIZE - 1 /* bytes in use then, less one */
	addi sp, sp, -BARE_REGS_SIZE
	srli t0, t0, KSTACK_SHIFT
	bnez t0, overflow
	ld t0, SCRATCH0(tp)
	sd t0, 40(sp)
	SAVE_REST
	ld s3, SCRATCH1(tp)
	sd s3, 16(sp)
	sd tp, 32(sp)
	li t0, -1
	sd t0, BARE_REGS_SYSCALL(sp)
	li t0, 1 << 18                  /* BARE_STATUS_SUM: it was a user copy's */
	csrc sstatus, t0
	mv a0, sp
	mv a1, s2
	csrr a2, stval
	bltz s2, 1f
	call bare_kernel_trap
	j 2f
1:	call bare_interrupt
2:	RESTORE_AND_RETURN
	ld sp, 16(sp)
	sret

overflow:
	lla sp, bare_overflow_stack_top
	addi sp, sp, -BARE_REGS_SIZE
	ld t0, SCRATCH0(tp)
	sd t0, 40(sp)
	SAVE_REST
	ld s3, SCRATCH1(tp)
	sd s3, 16(sp)
	sd tp, 32(sp)
	mv a0, sp
	mv a1, s2
	csrr a2, stval
	call bare_stack_overflow

/* ---- threads --------------------------------------------------------------------------------- */
	.globl thread_start_user
thread_start_user:              /* s0 = fn() */
	jalr s0
	.globl bare_enter_user
bare_enter_user:
	csrci sstatus, 2
	ld sp, BARE_CPU_KSTACK(tp)
	addi sp, sp, -BARE_REGS_SIZE
	j return_to_user

	.globl thread_start_kernel
thread_start_kernel:            /* s0 = fn, s1 = arg */
	mv a0, s1
	jalr s0
	ebreak

/* void switch_stacks(struct bare_thread *prev, struct bare_thread *next) */
	.globl switch_stacks
switch_stacks:
	addi sp, sp, -112
	sd ra, 0(sp)
	sd s0, 8(sp)
	sd s1, 16(sp)
	sd s2, 24(sp)
	sd s3, 32(sp)
	sd s4, 40(sp)
	sd s5, 48(sp)
	sd s6, 56(sp)
	sd s7, 64(sp)
	sd s8, 72(sp)
	sd s9, 80(sp)
	sd s10, 88(sp)
	sd s11, 96(sp)
	sd sp, BARE_THREAD_KSP(a0)
	ld sp, BARE_THREAD_KSP(a1)
	ld ra, 0(sp)
	ld s0, 8(sp)
	ld s1, 16(sp)
	ld s2, 24(sp)
	ld s3, 32(sp)
	ld s4, 40(sp)
	ld s5, 48(sp)
	ld s6, 56(sp)
	ld s7, 64(sp)
	ld s8, 72(sp)
	ld s9, 80(sp)
	ld s10, 88(sp)
	ld s11, 96(sp)
	addi sp, sp, 112
	ret

	.section .note.GNU-stack, "", @progbits
