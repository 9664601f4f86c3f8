/* SPDX-License-Identifier: MIT */
/*
 * uaccess.S - instructions that touch user memory, each with a way out in .bare.extable.
 *
 * sstatus.SUM lets kernel code touch it, for as long as a copy takes.  By words where both addresses and the count
 * allow; a fault in the middle of a block is tried again byte by byte, so that the count is exact.
 */
	.macro EX insn, fixup
	.pushsection .bare.extable, "a"
	.quad \insn
	.quad \fixup
	.popsection
	.endm

	.macro OPEN
	li t6, 1 << 18
	csrs sstatus, t6
	.endm

	.macro CLOSE
	csrc sstatus, t6
	.endm

	.text

/* A load is user memory's where `side` is l, a store where it is s: only that may fault. */
	.macro EX_IF side, is, insn, fixup
	.ifc \side, \is
	EX \insn, \fixup
	.endif
	.endm

/* size_t bare_copy_from_user(void *to, const void *from, size_t n): bytes not copied; and to user */
	.macro COPY name, side
	.align 2
	.globl \name
\name:
	OPEN
	or t0, a0, a1
	andi t0, t0, 7
	li t1, 32
	bnez t0, 3f
1:	bltu a2, t1, 2f
11:	ld t2, 0(a1)
12:	ld t3, 8(a1)
13:	ld t4, 16(a1)
14:	ld t5, 24(a1)
15:	sd t2, 0(a0)
16:	sd t3, 8(a0)
17:	sd t4, 16(a0)
18:	sd t5, 24(a0)
	addi a0, a0, 32
	addi a1, a1, 32
	addi a2, a2, -32
	j 1b
2:	li t1, 8
	bltu a2, t1, 3f
21:	ld t2, 0(a1)
22:	sd t2, 0(a0)
	addi a0, a0, 8
	addi a1, a1, 8
	addi a2, a2, -8
	j 2b
3:	beqz a2, 4f
31:	lb t2, 0(a1)
32:	sb t2, 0(a0)
	addi a0, a0, 1
	addi a1, a1, 1
	addi a2, a2, -1
	j 3b
4:	CLOSE
	mv a0, a2
	ret
	EX_IF \side, l, 11b, 3b
	EX_IF \side, l, 12b, 3b
	EX_IF \side, l, 13b, 3b
	EX_IF \side, l, 14b, 3b
	EX_IF \side, s, 15b, 3b
	EX_IF \side, s, 16b, 3b
	EX_IF \side, s, 17b, 3b
	EX_IF \side, s, 18b, 3b
	EX_IF \side, l, 21b, 3b
	EX_IF \side, s, 22b, 3b
	EX_IF \side, l, 31b, 4b
	EX_IF \side, s, 32b, 4b
	.endm

	COPY bare_copy_from_user, l
	COPY bare_copy_to_user, s

/* size_t bare_clear_user(void *to, size_t n): bytes not cleared */
	.align 2
	.globl bare_clear_user
bare_clear_user:
	OPEN
	andi t0, a0, 7
	li t1, 32
	bnez t0, 3f
1:	bltu a1, t1, 3f
11:	sd zero, 0(a0)
12:	sd zero, 8(a0)
13:	sd zero, 16(a0)
14:	sd zero, 24(a0)
	addi a0, a0, 32
	addi a1, a1, -32
	j 1b
3:	beqz a1, 4f
31:	sb zero, 0(a0)
	addi a0, a0, 1
	addi a1, a1, -1
	j 3b
4:	CLOSE
	mv a0, a1
	ret
	EX 11b, 3b
	EX 12b, 3b
	EX 13b, 3b
	EX 14b, 3b
	EX 31b, 4b

/* int bare_cmpxchg_user(u32 *at, u32 expected, u32 desired, u32 *seen) */
	.align 2
	.globl bare_cmpxchg_user
bare_cmpxchg_user:
	OPEN
	sext.w a1, a1
1:	lr.w.aqrl t0, (a0)
	bne t0, a1, 3f
2:	sc.w.rl t1, a2, (a0)
	bnez t1, 1b
3:	CLOSE
	sw t0, 0(a3)
	li a0, 0
	ret
4:	CLOSE
	li a0, -14
	ret
	EX 1b, 4b
	EX 2b, 4b

	.section .note.GNU-stack, "", @progbits
