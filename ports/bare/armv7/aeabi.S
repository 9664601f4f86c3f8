/* SPDX-License-Identifier: MIT */
/*
 * aeabi.S - division, which the compiler calls by the names of ARM's run-time ABI: Cortex-A9 has no instruction
 * for it.  The memory functions of that ABI are in memory.S.
 *
 *   32 bits   shift and subtract, unrolled: entered at the first bit that the quotient can have
 *   64 bits   divide64.c, in terms of 32 bits
 *
 * A division by 0 gives 0, and leaves what was to be divided.
 */
	.syntax unified
	.arm
	.text

	.macro FUNCTION name            /* also for callers in Thumb */
	.globl \name
	.type \name, %function
	.endm

/* u32 quotient (r0) and remainder (r1) of r0 and r1; r2, r3, ip are scratch */
	.align 4
	FUNCTION __aeabi_uidivmod
	FUNCTION __aeabi_uidiv
__aeabi_uidivmod:
__aeabi_uidiv:
	cmp r1, #1
	bls 3f
	cmp r0, r1
	blo 4f
	clz r2, r1
	clz r3, r0
	sub r3, r2, r3                  /* highest bit of the quotient */
	mov r2, #0
	rsb r3, r3, #31
	add r3, r3, r3, lsl #1          /* three instructions for each bit */
	add pc, pc, r3, lsl #2
	nop
	.set bit, 31
	.rept 32
	cmp r0, r1, lsl #bit
	adc r2, r2, r2
	subhs r0, r0, r1, lsl #bit
	.set bit, bit - 1
	.endr
	mov r1, r0
	mov r0, r2
	bx lr
3:	mov ip, r0                      /* by 1, or by 0 */
	muls r0, r0, r1
	sub r1, ip, r0
	bx lr
4:	mov r1, r0
	mov r0, #0
	bx lr

/* The same, signed: the quotient is cut towards 0, the remainder has the sign of r0. */
	.align 4
	FUNCTION __aeabi_idivmod
	FUNCTION __aeabi_idiv
__aeabi_idivmod:
__aeabi_idiv:
	push {r4, lr}
	eor r4, r0, r1
	lsr r4, r4, #31                 /* bit 0: the quotient is negative; bit 31: r0 was */
	and r2, r0, #0x80000000
	orr r4, r4, r2
	cmp r0, #0
	rsblt r0, r0, #0
	cmp r1, #0
	rsblt r1, r1, #0
	bl __aeabi_uidivmod
	tst r4, #1
	rsbne r0, r0, #0
	cmp r4, #0
	rsblt r1, r1, #0
	pop {r4, pc}

/* u64 quotient (r0, r1) and remainder (r2, r3) of r0, r1 and r2, r3 */
	.macro BY_C name, function
	.align 4
	FUNCTION \name
\name:
	push {r4, lr}
	sub sp, sp, #16
	push {r2, r3}                   /* the divisor, where C has what does not fit into r0 .. r3 */
	mov r3, r1
	mov r2, r0
	add r0, sp, #8
	bl \function
	add sp, sp, #8
	pop {r0-r3}
	pop {r4, pc}
	.endm
	BY_C __aeabi_uldivmod, bare_divide64
	BY_C __aeabi_ldivmod, bare_divide64_signed

	.section .note.GNU-stack, "", %progbits
