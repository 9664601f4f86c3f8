/* SPDX-License-Identifier: MIT */
/*
 * memory.S - memcpy, memmove, memset and memcmp, which the compiler calls: words where the addresses allow, then
 * bytes.  A word at an odd address may be a call of the firmware.
 */
	.text
	.align 2
	.globl memcpy
memcpy:
	mv a3, a0
	xor t0, a0, a1
	andi t0, t0, 7
	bnez t0, 4f
1:	andi t0, a3, 7                  /* up to a word's boundary */
	beqz t0, 2f
	beqz a2, 5f
	lb t1, 0(a1)
	sb t1, 0(a3)
	addi a1, a1, 1
	addi a3, a3, 1
	addi a2, a2, -1
	j 1b
2:	li t0, 32
21:	bltu a2, t0, 3f
	ld t1, 0(a1)
	ld t2, 8(a1)
	ld t3, 16(a1)
	ld t4, 24(a1)
	addi a1, a1, 32
	sd t1, 0(a3)
	sd t2, 8(a3)
	sd t3, 16(a3)
	sd t4, 24(a3)
	addi a3, a3, 32
	addi a2, a2, -32
	j 21b
3:	li t0, 8
31:	bltu a2, t0, 4f
	ld t1, 0(a1)
	sd t1, 0(a3)
	addi a1, a1, 8
	addi a3, a3, 8
	addi a2, a2, -8
	j 31b
4:	beqz a2, 5f
	lb t1, 0(a1)
	sb t1, 0(a3)
	addi a1, a1, 1
	addi a3, a3, 1
	addi a2, a2, -1
	j 4b
5:	ret

/* Upwards, unless that would overwrite what is still to be read. */
	.align 2
	.globl memmove
memmove:
	sub t0, a0, a1
	bgeu t0, a2, memcpy
	add a1, a1, a2
	add a3, a0, a2
	or t0, a1, a3
	or t0, t0, a2
	andi t0, t0, 7
	bnez t0, 2f
1:	beqz a2, 3f
	ld t1, -8(a1)
	sd t1, -8(a3)
	addi a1, a1, -8
	addi a3, a3, -8
	addi a2, a2, -8
	j 1b
2:	beqz a2, 3f
	lb t1, -1(a1)
	sb t1, -1(a3)
	addi a1, a1, -1
	addi a3, a3, -1
	addi a2, a2, -1
	j 2b
3:	ret

	.align 2
	.globl memset
memset:
	mv a3, a0
	andi a1, a1, 255
1:	andi t0, a3, 7
	beqz t0, 2f
	beqz a2, 5f
	sb a1, 0(a3)
	addi a3, a3, 1
	addi a2, a2, -1
	j 1b
2:	slli t0, a1, 8
	or t1, a1, t0
	slli t0, t1, 16
	or t1, t1, t0
	slli t0, t1, 32
	or t1, t1, t0
	li t0, 32
3:	bltu a2, t0, 4f
	sd t1, 0(a3)
	sd t1, 8(a3)
	sd t1, 16(a3)
	sd t1, 24(a3)
	addi a3, a3, 32
	addi a2, a2, -32
	j 3b
4:	beqz a2, 5f
	sb a1, 0(a3)
	addi a3, a3, 1
	addi a2, a2, -1
	j 4b
5:	ret

	.align 2
	.globl memcmp
memcmp:
	beqz a2, 1f
	lbu t0, 0(a0)
	lbu t1, 0(a1)
	addi a0, a0, 1
	addi a1, a1, 1
	addi a2, a2, -1
	beq t0, t1, memcmp
	sub a0, t0, t1
	ret
1:	li a0, 0
	ret

	.section .note.GNU-stack, "", @progbits
