/* SPDX-License-Identifier: MIT */
/*
 * uaccess.S - instructions that touch user memory, each with a way out in .bare.extable.
 *
 * LDTR and STTR have the rights of user mode: a kernel address that slipped through faults.  A fault in
 * the middle of a block is tried again byte by byte, so that the count is exact.
 */
	.macro EX insn, fixup
	.pushsection .bare.extable, "a"
	.quad \insn
	.quad \fixup
	.popsection
	.endm

	.text

/* What a copy moves in a step: the instructions numbered 11 to 31 touch user memory. */
	.macro FROM_32
11:	ldtr x4, [x1]
12:	ldtr x5, [x1, #8]
13:	ldtr x6, [x1, #16]
14:	ldtr x7, [x1, #24]
	stp x4, x5, [x0]
	stp x6, x7, [x0, #16]
	.endm
	.macro FROM_8
21:	ldtr x4, [x1]
	str x4, [x0], #8
	.endm
	.macro FROM_1
31:	ldtrb w4, [x1]
	strb w4, [x0], #1
	.endm

	.macro TO_32
	ldp x4, x5, [x1]
	ldp x6, x7, [x1, #16]
11:	sttr x4, [x0]
12:	sttr x5, [x0, #8]
13:	sttr x6, [x0, #16]
14:	sttr x7, [x0, #24]
	.endm
	.macro TO_8
	ldr x4, [x1]
21:	sttr x4, [x0]
	add x0, x0, #8
	.endm
	.macro TO_1
	ldrb w4, [x1]
31:	sttrb w4, [x0]
	add x0, x0, #1
	.endm

/* size_t NAME(void *to, const void *from, size_t n): bytes not copied */
	.macro COPY name, way
	.align 4
	.globl \name
\name:
1:	cmp x2, #32
	b.lo 2f
	\way\()_32
	add x0, x0, #32
	add x1, x1, #32
	sub x2, x2, #32
	b 1b
2:	cmp x2, #8
	b.lo 3f
	\way\()_8
	add x1, x1, #8
	sub x2, x2, #8
	b 2b
3:	cbz x2, 4f
	\way\()_1
	add x1, x1, #1
	sub x2, x2, #1
	b 3b
4:	mov x0, x2
	ret
	EX 11b, 3b
	EX 12b, 3b
	EX 13b, 3b
	EX 14b, 3b
	EX 21b, 3b
	EX 31b, 4b
	.endm

	COPY bare_copy_from_user, FROM
	COPY bare_copy_to_user, TO

/* size_t bare_clear_user(void *to, size_t n): bytes not cleared */
	.align 4
	.globl bare_clear_user
bare_clear_user:
1:	cmp x1, #32
	b.lo 3f
11:	sttr xzr, [x0]
12:	sttr xzr, [x0, #8]
13:	sttr xzr, [x0, #16]
14:	sttr xzr, [x0, #24]
	add x0, x0, #32
	sub x1, x1, #32
	b 1b
3:	cbz x1, 4f
31:	sttrb wzr, [x0]
	add x0, x0, #1
	sub x1, x1, #1
	b 3b
4:	mov x0, x1
	ret
	EX 11b, 3b
	EX 12b, 3b
	EX 13b, 3b
	EX 14b, 3b
	EX 31b, 4b

/* int bare_cmpxchg_user(u32 *at, u32 expected, u32 desired, u32 *seen, bool pan)
 * Exclusive accesses have no form with user mode's rights: PAN is lifted around them. */
	.align 4
	.globl bare_cmpxchg_user
bare_cmpxchg_user:
	cbz w4, 1f
	.inst 0xd500409f                /* msr pan, #0 */
1:	ldaxr w5, [x0]
	cmp w5, w1
	b.ne 3f
2:	stlxr w6, w2, [x0]
	cbnz w6, 1b
3:	clrex
	str w5, [x3]
	mov w0, #0
5:	cbz w4, 6f
	.inst 0xd500419f                /* msr pan, #1 */
6:	ret
4:	mov w0, #-14
	b 5b
	EX 1b, 4b
	EX 2b, 4b

	.section .note.GNU-stack, "", @progbits
