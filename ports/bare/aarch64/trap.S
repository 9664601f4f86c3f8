/* SPDX-License-Identifier: MIT */
/*
 * trap.S - every way into the kernel and back out.
 *
 *   SVC         -> table call -> eret          no work pending
 *   exception   -> C handler  -> eret
 *   interrupt   -> C handler  -> eret
 *
 * While a program runs SP_EL1 is the top of its kernel stack, and its own stack pointer is SP_EL0; while
 * the kernel runs SP_EL0 and TPIDRRO_EL0 are scratch.
 */
#include <bare.h>

	.macro SAVE_GENERAL             /* x0 .. x29; x19 .. x29 are free then */
	stp x0, x1, [sp, #0]
	stp x2, x3, [sp, #16]
	stp x4, x5, [sp, #32]
	stp x6, x7, [sp, #48]
	stp x8, x9, [sp, #64]
	stp x10, x11, [sp, #80]
	stp x12, x13, [sp, #96]
	stp x14, x15, [sp, #112]
	stp x16, x17, [sp, #128]
	stp x18, x19, [sp, #144]
	stp x20, x21, [sp, #160]
	stp x22, x23, [sp, #176]
	stp x24, x25, [sp, #192]
	stp x26, x27, [sp, #208]
	stp x28, x29, [sp, #224]
	.endm

	.macro SAVE_STATE               /* x21 = the stack pointer of before */
	mrs x22, elr_el1
	mrs x23, spsr_el1
	mov x24, #-1
	stp x30, x21, [sp, #BARE_REGS_LR]
	stp x22, x23, [sp, #BARE_REGS_PC]
	stp x0, x24, [sp, #BARE_REGS_ORIG_X0]
	.endm

	.macro SAVE_USER
	sub sp, sp, #BARE_REGS_SIZE
	SAVE_GENERAL
	mrs x21, sp_el0
	SAVE_STATE
	msr daifclr, #4                 /* asynchronous errors are heard of at once */
	.endm

	.macro RESTORE_AND_RETURN
	ldp x22, x23, [sp, #BARE_REGS_PC]
	msr elr_el1, x22
	msr spsr_el1, x23
	ldp x0, x1, [sp, #0]
	ldp x2, x3, [sp, #16]
	ldp x4, x5, [sp, #32]
	ldp x6, x7, [sp, #48]
	ldp x8, x9, [sp, #64]
	ldp x10, x11, [sp, #80]
	ldp x12, x13, [sp, #96]
	ldp x14, x15, [sp, #112]
	ldp x16, x17, [sp, #128]
	ldp x18, x19, [sp, #144]
	ldp x20, x21, [sp, #160]
	ldp x22, x23, [sp, #176]
	ldp x24, x25, [sp, #192]
	ldp x26, x27, [sp, #208]
	ldp x28, x29, [sp, #224]
	ldr x30, [sp, #BARE_REGS_LR]
	add sp, sp, #BARE_REGS_SIZE
	eret
	.endm

	.text

/* ---- from user mode -------------------------------------------------------------------------- */
el0_sync:
	SAVE_USER
	mrs x25, esr_el1
	lsr x24, x25, #26
	cmp x24, #0x15                  /* SVC of 64-bit code */
	b.ne 1f
	mov w9, w8
	str x9, [sp, #BARE_REGS_SYSCALL]
	mov x10, #BARE_NR_SYSCALLS
	cmp x9, x10
	csel x9, x9, x10, lo
	adrp x10, bare_syscall_table
	add x10, x10, :lo12:bare_syscall_table
	ldr x9, [x10, x9, lsl #3]
	msr daifclr, #2
	blr x9
	str x0, [sp]
	b return_to_user
1:	mov x0, sp
	mov x1, x25
	mrs x2, far_el1
	bl bare_el0_sync
	b return_to_user

el0_irq:
	SAVE_USER
	mov x0, sp
	bl bare_irq
return_to_user:
	msr daifset, #2
	mrs x1, tpidr_el1
	ldr x1, [x1, #BARE_CPU_CURRENT]
	ldr w1, [x1, #BARE_THREAD_WORK]
	cbnz w1, return_to_user_work
return_to_user_all:
	ldr x21, [sp, #BARE_REGS_SP]
	msr sp_el0, x21
	msr tpidrro_el0, xzr
	RESTORE_AND_RETURN
return_to_user_work:
	mov x0, sp
	bl exit_to_user
	b return_to_user_all

/* ---- from kernel mode ------------------------------------------------------------------------ */
/* There may be no room: the stack pointer is looked at before anything is pushed. */
el1_sync:
	msr sp_el0, x0
	msr tpidrro_el0, x1
	mrs x0, tpidr_el1
	ldr x0, [x0, #BARE_CPU_KSTACK]
	sub x0, x0, #BARE_KSTACK_SIZE
	sub x1, sp, #BARE_REGS_SIZE
	cmp x1, x0
	b.lo el1_overflow
	mrs x0, sp_el0
	mrs x1, tpidrro_el0
	sub sp, sp, #BARE_REGS_SIZE
	SAVE_GENERAL
	add x21, sp, #BARE_REGS_SIZE
	SAVE_STATE
	mov x0, sp
	mrs x1, esr_el1
	mrs x2, far_el1
	bl bare_el1_sync
	RESTORE_AND_RETURN

el1_overflow:
	adrp x0, bare_overflow_stack_top
	add x0, x0, :lo12:bare_overflow_stack_top
	mov sp, x0
	add x1, x1, #BARE_REGS_SIZE
	msr tpidr_el0, x1               /* the stack pointer of before; the program is not seen again */
	mrs x0, sp_el0
	mrs x1, tpidrro_el0
	sub sp, sp, #BARE_REGS_SIZE
	SAVE_GENERAL
	mrs x21, tpidr_el0
	SAVE_STATE
	mov x0, sp
	mrs x1, esr_el1
	mrs x2, far_el1
	bl bare_stack_overflow

el1_irq:
	sub sp, sp, #BARE_REGS_SIZE
	SAVE_GENERAL
	add x21, sp, #BARE_REGS_SIZE
	SAVE_STATE
	mov x0, sp
	bl bare_irq
	RESTORE_AND_RETURN

	.macro BAD n
	.align 7
	sub sp, sp, #BARE_REGS_SIZE
	SAVE_GENERAL
	mov x26, #\n
	b bad_entry
	.endm
bad_entry:
	add x21, sp, #BARE_REGS_SIZE
	SAVE_STATE
	mov x0, sp
	mrs x1, esr_el1
	mov x2, x26
	bl bare_bad_entry

	.macro TO target
	.align 7
	b \target
	.endm

	.align 11
	.globl bare_vectors
bare_vectors:
	BAD 0                           /* EL1 on SP_EL0: never */
	BAD 1
	BAD 2
	BAD 3
	TO el1_sync
	TO el1_irq
	BAD 6                           /* FIQ */
	BAD 7                           /* SError */
	TO el0_sync
	TO el0_irq
	BAD 10
	BAD 11
	BAD 12                          /* 32-bit programs: there are none */
	BAD 13
	BAD 14
	BAD 15

/* ---- threads --------------------------------------------------------------------------------- */
	.globl thread_start_user
thread_start_user:              /* x19 = fn() */
	blr x19
	.globl bare_enter_user
bare_enter_user:
	msr daifset, #2
	mrs x1, tpidr_el1
	ldr x0, [x1, #BARE_CPU_KSTACK]
	sub x0, x0, #BARE_REGS_SIZE
	mov sp, x0
	b return_to_user

	.globl thread_start_kernel
thread_start_kernel:            /* x19 = fn, x20 = arg */
	mov x0, x20
	blr x19
	brk #1

/* void switch_stacks(struct bare_thread *prev, struct bare_thread *next) */
	.globl switch_stacks
switch_stacks:
	stp x19, x20, [sp, #-96]!
	stp x21, x22, [sp, #16]
	stp x23, x24, [sp, #32]
	stp x25, x26, [sp, #48]
	stp x27, x28, [sp, #64]
	stp x29, x30, [sp, #80]
	mov x9, sp
	str x9, [x0, #BARE_THREAD_KSP]
	ldr x9, [x1, #BARE_THREAD_KSP]
	mov sp, x9
	ldp x21, x22, [sp, #16]
	ldp x23, x24, [sp, #32]
	ldp x25, x26, [sp, #48]
	ldp x27, x28, [sp, #64]
	ldp x29, x30, [sp, #80]
	ldp x19, x20, [sp], #96
	ret

	.section .note.GNU-stack, "", @progbits
