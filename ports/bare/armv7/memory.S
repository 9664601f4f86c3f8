/* SPDX-License-Identifier: MIT */
/* memory.S - memcpy, memmove, memset and memcmp, which the compiler calls, also by the names of ARM's run-time ABI. */
#include "copy.inc"

	.syntax unified
	.arm
	.text

	.macro FUNCTION names:vararg
	.align 4
	.irp name, \names
	.globl \name
\name:
	.endr
	.endm

	FUNCTION memcpy, __aeabi_memcpy, __aeabi_memcpy4, __aeabi_memcpy8
	push {r0, lr}
	COPY kernel, kernel
	pop {r0, pc}

/* Upwards, unless that would overwrite what is still to be read. */
	FUNCTION memmove, __aeabi_memmove, __aeabi_memmove4, __aeabi_memmove8
	sub r3, r0, r1
	cmp r3, r2
	bhs memcpy
	add r1, r1, r2
	add ip, r0, r2
	subs r2, r2, #4
	blo 2f
1:	ldr r3, [r1, #-4]!
	str r3, [ip, #-4]!
	subs r2, r2, #4
	bhs 1b
2:	adds r2, r2, #4
	bxeq lr
3:	ldrb r3, [r1, #-1]!
	strb r3, [ip, #-1]!
	subs r2, r2, #1
	bne 3b
	bx lr

	FUNCTION __aeabi_memclr, __aeabi_memclr4, __aeabi_memclr8
	mov r2, #0
/* void __aeabi_memset(void *to, size_t n, int c) */
	FUNCTION __aeabi_memset, __aeabi_memset4, __aeabi_memset8
	mov r3, r1
	mov r1, r2
	mov r2, r3
	FUNCTION memset
	mov ip, r0
	and r1, r1, #255
	orr r1, r1, r1, lsl #8
	orr r1, r1, r1, lsl #16
	cmp r2, #4
	blo 3f
1:	tst ip, #3
	bne 5f
	subs r2, r2, #32
	blo 22f
	push {r4-r8, lr}
	mov r3, r1
	mov r4, r1
	mov r5, r1
	mov r6, r1
	mov r7, r1
	mov r8, r1
	mov lr, r1
2:	stmia ip!, {r1, r3-r8, lr}
	subs r2, r2, #32
	bhs 2b
	pop {r4-r8, lr}
22:	adds r2, r2, #28
	blo 24f
23:	str r1, [ip], #4
	subs r2, r2, #4
	bhs 23b
24:	add r2, r2, #4
3:	cmp r2, #0
	bxeq lr
4:	strb r1, [ip], #1
	subs r2, r2, #1
	bne 4b
	bx lr
5:	strb r1, [ip], #1               /* to a multiple of 4; four bytes or more are left */
	sub r2, r2, #1
	tst ip, #3
	bne 5b
	b 1b

	FUNCTION memcmp
	subs r2, r2, #4
	blo 2f
1:	ldr r3, [r0], #4
	ldr ip, [r1], #4
	cmp r3, ip
	bne 4f
	subs r2, r2, #4
	bhs 1b
2:	adds r2, r2, #4
	beq 5f
3:	ldrb r3, [r0], #1
	ldrb ip, [r1], #1
	subs r3, r3, ip
	bne 6f
	subs r2, r2, #1
	bne 3b
5:	mov r0, #0
	bx lr
4:	rev r3, r3                      /* the first byte that differs decides */
	rev ip, ip
	cmp r3, ip
	mvnlo r0, #0
	movhi r0, #1
	bx lr
6:	mov r0, r3
	bx lr

	.section .note.GNU-stack, "", %progbits
