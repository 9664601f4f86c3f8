/* SPDX-License-Identifier: MIT */
/*
 * trap.S - every way into the kernel and back out.
 *
 *   SYSCALL     -> table call -> sysret          no work pending: about 50 instructions in all
 *   exception   -> C handler  -> iret
 *   interrupt   -> C handler  -> iret
 *   NMI, #MC, #DF: own stacks (IST), and GS is found from its base, not from CS
 *
 * Always true: kernel C code runs with GS = this CPU's block, DF = 0, AC = 0.
 */
#include <bare.h>

/* stac/clac where SMAP is on: a 3-byte nop that cpu.c patches. */
	.macro SMAP_SITE bytes
99:	.byte 0x0f, 0x1f, 0x00
	.pushsection .bare.smap, "a"
	.quad 99b
	.quad \bytes
	.popsection
	.endm
#define CLAC SMAP_SITE 0xca010f
#define STAC SMAP_SITE 0xcb010f

	.macro PUSH_REGS rax=%rax
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq \rax
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	.endm

	.macro POP_SAVED                /* what C preserves by itself */
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	.endm

	.macro POP_SCRATCH
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rax
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
	.endm

	.text

/* ---- SYSCALL --------------------------------------------------------------------------------- */
	.align 64
	.globl bare_syscall_entry
bare_syscall_entry:
	swapgs
	movq %rsp, %gs:BARE_CPU_USER_RSP
	movq %gs:BARE_CPU_KSTACK, %rsp
	pushq $BARE_USER_DS
	pushq %gs:BARE_CPU_USER_RSP
	pushq %r11
	pushq $BARE_USER_CS
	pushq %rcx
	pushq %rax
	PUSH_REGS $-38
	sti
	cmpq $BARE_NR_SYSCALLS, %rax
	jae 2f
1:	movq %r10, %rcx
	call *bare_syscall_table(, %rax, 8)
	movq %rax, BARE_REGS_RAX(%rsp)
	cli
	movq %gs:BARE_CPU_CURRENT, %rcx
	cmpl $0, BARE_THREAD_WORK(%rcx)
	jne return_to_user_work
	addq $48, %rsp
	POP_SCRATCH
	movq 32(%rsp), %rsp
	swapgs
	sysretq
2:	movl $BARE_NR_SYSCALLS, %eax
	jmp 1b

/* Work first; the registers may be other ones afterwards, so all are loaded, by IRET. */
return_to_user_work:
	movq %rsp, %rdi
	call exit_to_user
	.globl return_to_user_all
return_to_user_all:
	POP_SAVED
	POP_SCRATCH
	addq $8, %rsp
	swapgs
	.globl bare_iretq_user
bare_iretq_user:
	iretq

/* ---- first run of a thread ------------------------------------------------------------------- */
	.globl thread_start_user
thread_start_user:              /* rbx = fn() */
	call *%rbx
	.globl bare_enter_user
bare_enter_user:
	cli
	movq %gs:BARE_CPU_KSTACK, %rsp
	subq $BARE_REGS_SIZE, %rsp
	movq %gs:BARE_CPU_CURRENT, %rcx
	cmpl $0, BARE_THREAD_WORK(%rcx)
	jne return_to_user_work
	jmp return_to_user_all

	.globl thread_start_kernel
thread_start_kernel:            /* rbx = fn, r12 = arg */
	movq %r12, %rdi
	call *%rbx
	ud2

/* void switch_stacks(struct bare_thread *prev, struct bare_thread *next) */
	.globl switch_stacks
switch_stacks:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, BARE_THREAD_KSP(%rdi)
	movq BARE_THREAD_KSP(%rsi), %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret

/* ---- exceptions and interrupts --------------------------------------------------------------- */
return_from_trap:
	testb $3, BARE_REGS_CS(%rsp)
	jz 1f
	cli
	movq %gs:BARE_CPU_CURRENT, %rcx
	cmpl $0, BARE_THREAD_WORK(%rcx)
	jne return_to_user_work
	addq $48, %rsp
	POP_SCRATCH
	addq $8, %rsp
	swapgs
	jmp bare_iretq_user
1:	addq $48, %rsp
	POP_SCRATCH
	addq $8, %rsp
	iretq

	.align 16
vector_page_fault:
	PUSH_REGS
	testb $3, BARE_REGS_CS(%rsp)
	jz 1f
	swapgs
1:	cld
	CLAC
	movq %rsp, %rdi
	movq %cr2, %rsi
	movq BARE_REGS_ORIG_RAX(%rsp), %rdx
	call bare_page_fault
	jmp return_from_trap

/* rdi is on the stack already, in its place; edi = vector */
	.align 16
trap_common:
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq %rax
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	testb $3, BARE_REGS_CS(%rsp)
	jz 1f
	swapgs
1:	cld
	CLAC
	movl %edi, %esi
	movq %rsp, %rdi
	call bare_trap
	jmp return_from_trap

/* On an IST stack.  Not even CS says what GS is: kernel code runs for a moment with the user's. */
	.align 16
paranoid_common:
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq %rax
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	cld
	CLAC
	movl %edi, %r12d
	xorl %ebx, %ebx
	movl $0xc0000101, %ecx          /* MSR_GS_BASE: the kernel's is in the upper half */
	rdmsr
	testl %edx, %edx
	js 1f
	swapgs
	incl %ebx
1:	movl %r12d, %esi
	movq %rsp, %rdi
	movq %cr2, %rdx
	call bare_trap_ist
	testl %ebx, %ebx
	jz 1f
	swapgs
1:	POP_SAVED
	POP_SCRATCH
	addq $8, %rsp
	iretq

	.macro VECTOR n, common, has_error=0
	.align 16
	.if \has_error == 0
	pushq $-1
	.endif
	pushq %rdi
	movl $\n, %edi
	jmp \common
	.endm

	.align 16
	.globl bare_vectors
bare_vectors:
	.set v, 0
	.rept 256
	.align 16
	.if v == 14
	jmp vector_page_fault
	.elseif v == 8
	VECTOR 8, paranoid_common, 1
	.elseif v == 2 || v == 18
	VECTOR v, paranoid_common
	.elseif v == 10 || v == 11 || v == 12 || v == 13 || v == 17 || v == 21 || v == 29 || v == 30
	VECTOR v, trap_common, 1
	.else
	VECTOR v, trap_common
	.endif
	.set v, v + 1
	.endr

	.section .note.GNU-stack, "", @progbits
