/* SPDX-License-Identifier: MIT */
/*
 * copy.h - one way to copy memory upwards, for memory.S and uaccess.S: blocks of 32 bytes where both sides are
 * multiples of 4, else words of any alignment (SCTLR.A is clear, and it is normal memory), then bytes.
 *
 * LD and ST say "user" where the load or the store may fault; then what is left is tried byte by byte, so that
 * the count is exact, and r0 is how many bytes were not copied.  An abort leaves the base register as it was.
 */
	.macro EX insn, fixup
	.pushsection .bare.extable, "a"
	.long \insn, \fixup
	.popsection
	.endm

	.macro AT who, fixup, insn:vararg
	.ifc \who, user
99:	\insn
	EX 99b, \fixup
	.else
	\insn
	.endif
	.endm

/* r0 = to, r1 = from, r2 = bytes; r3 and ip are scratch */
	.macro COPY ld, st
	cmp r2, #32
	blo 30f
	orr r3, r0, r1
	tst r3, #3
	push {r4-r8, lr}
	bne 20f
	sub r2, r2, #32
10:	AT \ld, 11f, ldmia r1!, {r3-r8, ip, lr}
	AT \st, 12f, stmia r0!, {r3-r8, ip, lr}
	subs r2, r2, #32
	bhs 10b
	add r2, r2, #32
	pop {r4-r8, lr}
	b 30f
12:	sub r1, r1, #32
11:	add r2, r2, #32
	pop {r4-r8, lr}
	b 40f

20:	sub r2, r2, #16
21:	AT \ld, 23f, ldr r3, [r1]
	AT \ld, 23f, ldr r4, [r1, #4]
	AT \ld, 23f, ldr r5, [r1, #8]
	AT \ld, 23f, ldr r6, [r1, #12]
	AT \st, 23f, str r3, [r0]
	AT \st, 23f, str r4, [r0, #4]
	AT \st, 23f, str r5, [r0, #8]
	AT \st, 23f, str r6, [r0, #12]
	add r1, r1, #16
	add r0, r0, #16
	subs r2, r2, #16
	bhs 21b
	add r2, r2, #16
	pop {r4-r8, lr}
	b 30f
23:	add r2, r2, #16
	pop {r4-r8, lr}
	b 40f

30:	subs r2, r2, #4
	blo 33f
31:	AT \ld, 34f, ldr r3, [r1]
	AT \st, 34f, str r3, [r0]
	add r1, r1, #4
	add r0, r0, #4
	subs r2, r2, #4
	bhs 31b
33:	adds r2, r2, #4
	beq 50f
40:	AT \ld, 50f, ldrb r3, [r1]
	AT \st, 50f, strb r3, [r0]
	add r1, r1, #1
	add r0, r0, #1
	subs r2, r2, #1
	bne 40b
	b 50f
34:	add r2, r2, #4
	b 40b
50:
	.endm
