/* SPDX-License-Identifier: MIT */
/*
 * trap.S - every way into the kernel and back out.
 *
 *   SVC                       -> table call -> RFE          no work pending
 *   abort, undefined          -> C handler  -> RFE
 *   interrupt                 -> C handler  -> RFE
 *
 * The kernel runs in SVC mode; the modes that the processor enters by itself are left at once, with SRS to the
 * stack of SVC mode.  While a program runs, that is the empty kernel stack of its thread.  Only aborts look
 * whether there is room: a store to a stack without room is an abort, from whichever mode.
 *
 * The vectors are a page of the text that is also seen at 0xffff0000.
 */
#include <bare.h>

#define SVC_MODE 0x13
#define ABT_MODE 0x17

/* From the stack pointer behind the general registers of struct bare_regs. */
#define BELOW BARE_REGS_R0
#define PC_AT (BARE_REGS_PC - BELOW)

	.syntax unified
	.arm

	.section .vectors, "ax"
	.globl bare_vectors
bare_vectors:
	ldr pc, 8f                      /* reset: never */
	ldr pc, 1f
	ldr pc, 2f
	ldr pc, 3f
	ldr pc, 4f
	ldr pc, 8f                      /* hypervisor call: never */
	ldr pc, 6f
	ldr pc, 7f
1:	.long undefined
2:	.long system_call
3:	.long prefetch_abort
4:	.long data_abort
6:	.long interrupt
7:	.long fast_interrupt
8:	.long never

/* After SRS in SVC mode: the registers of a program; r4 .. r12 are free then. */
	.macro SAVE_USER
	sub sp, sp, #PC_AT
	stmia sp, {r0-r14}^
	.endm

/* The same of the kernel, and r4 = the registers; the stack pointer may have been odd. */
	.macro SAVE_KERNEL
	sub sp, sp, #PC_AT
	stmia sp, {r0-r12}
	add r4, sp, #(BARE_REGS_SIZE - BELOW)
	str r4, [sp, #(BARE_REGS_SP - BELOW)]
	str lr, [sp, #(BARE_REGS_LR - BELOW)]
	mvn r5, #0
	sub sp, sp, #BELOW
	str r5, [sp, #BARE_REGS_SYSCALL]
	mov r4, sp
	bic sp, sp, #7
	mov r0, r4
	.endm

	.macro NO_CALL                  /* an exception of a program; r0 = the registers */
	mvn r7, #0
	push {r4-r7}
	mov r0, sp
	.endm

	.text

/* ---- system calls: r7 = number, r0 .. r5 ----------------------------------------------------- */
system_call:
	srsdb sp!, #SVC_MODE
	SAVE_USER
	mov r6, r0
	push {r4-r7}
	cmp r7, #BARE_NR_SYSCALLS
	movhs r7, #BARE_NR_SYSCALLS
	movw r8, #:lower16:bare_syscall_table
	movt r8, #:upper16:bare_syscall_table
	ldr r8, [r8, r7, lsl #2]
	cpsie i
	blx r8
	str r0, [sp, #BARE_REGS_R0]

return_to_user:
	cpsid i
	mrc p15, 0, r1, c13, c0, 4
	ldr r1, [r1, #BARE_CPU_CURRENT]
	ldr r1, [r1, #BARE_THREAD_WORK]
	cmp r1, #0
	bne return_to_user_work
return_to_user_all:
	add sp, sp, #BELOW
	ldmia sp, {r0-r14}^
	add sp, sp, #PC_AT
	rfeia sp!
return_to_user_work:
	mov r0, sp
	bl exit_to_user
	clrex
	b return_to_user_all

/* An exception in the middle of a load and store exclusive: the store must fail. */
return_from_exception:
	clrex
	b return_to_user

/* ---- aborts ---------------------------------------------------------------------------------- */
/* In abort mode, whose stack pointer leads to a few words to keep registers in. */
	.macro ABORT name, back, status, address, from_user, from_kernel
\name:
	sub lr, lr, #\back
	str r0, [sp]
	mrs r0, spsr
	tst r0, #15
	ldr r0, [sp]
	bne \name\()_of_kernel
	srsdb sp!, #SVC_MODE
	cps #SVC_MODE
	SAVE_USER
	NO_CALL
	mrc p15, 0, r1, c5, c0, \status
	mrc p15, 0, r2, c6, c0, \address
	bl \from_user
	b return_from_exception

\name\()_of_kernel:
	stmia sp, {r0-r1}
	cps #SVC_MODE
	mov r1, sp
	cps #ABT_MODE
	mrc p15, 0, r0, c13, c0, 4
	ldr r0, [r0, #BARE_CPU_KSTACK]
	sub r0, r0, r1                  /* used */
	add r0, r0, #BARE_REGS_SIZE
	cmp r0, #BARE_KSTACK_SIZE
	ldmia sp, {r0-r1}
	bhi \name\()_overflow
	srsdb sp!, #SVC_MODE
	cps #SVC_MODE
	SAVE_KERNEL
	mrc p15, 0, r1, c5, c0, \status
	mrc p15, 0, r2, c6, c0, \address
	bl \from_kernel
	b return_to_kernel

\name\()_overflow:
	srsdb sp!, #ABT_MODE
	sub sp, sp, #PC_AT
	stmia sp, {r0-r12}
	mov r0, sp
	cps #SVC_MODE
	str sp, [r0, #(BARE_REGS_SP - BELOW)]
	str lr, [r0, #(BARE_REGS_LR - BELOW)]
	mov sp, r0
	NO_CALL
	mrc p15, 0, r1, c5, c0, \status
	mrc p15, 0, r2, c6, c0, \address
	bl bare_stack_overflow
	.endm

	ABORT prefetch_abort, 4, 1, 2, bare_user_fetch, bare_kernel_fetch
	ABORT data_abort, 8, 0, 0, bare_user_data, bare_kernel_data

/* ---- undefined instructions, interrupts ------------------------------------------------------ */
	.macro ENTRY name, handler
\name:
	srsdb sp!, #SVC_MODE
	cps #SVC_MODE
	push {r4}
	ldr r4, [sp, #8]                /* where SRS put SPSR */
	tst r4, #15
	pop {r4}
	bne 1f
	SAVE_USER
	NO_CALL
	bl \handler
	b return_from_exception
1:	SAVE_KERNEL
	bl \handler
	b return_to_kernel
	.endm

	ENTRY undefined, bare_undefined
interrupt:
	sub lr, lr, #4
	ENTRY any_interrupt, bare_irq

return_to_kernel:               /* r4 = the registers */
	add sp, r4, #BELOW
	clrex
	ldr lr, [sp, #(BARE_REGS_LR - BELOW)]
	ldmia sp, {r0-r12}
	add sp, sp, #PC_AT
	rfeia sp!

fast_interrupt:
never:
	cps #SVC_MODE
	bl bare_bad_entry

/* ---- threads --------------------------------------------------------------------------------- */
	.globl thread_start_user
thread_start_user:              /* r4 = fn() */
	blx r4
	.globl bare_enter_user
bare_enter_user:
	cpsid i
	mrc p15, 0, r1, c13, c0, 4
	ldr r0, [r1, #BARE_CPU_KSTACK]
	sub sp, r0, #BARE_REGS_SIZE
	b return_to_user

	.globl thread_start_kernel
thread_start_kernel:            /* r4 = fn, r5 = arg */
	mov r0, r5
	blx r4
	udf #0

/* void switch_stacks(struct bare_thread *prev, struct bare_thread *next) */
	.globl switch_stacks
switch_stacks:
	push {r3-r11, lr}
	str sp, [r0, #BARE_THREAD_KSP]
	clrex
	ldr sp, [r1, #BARE_THREAD_KSP]
	pop {r3-r11, pc}

	.section .note.GNU-stack, "", %progbits
