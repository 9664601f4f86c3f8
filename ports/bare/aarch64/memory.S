/* SPDX-License-Identifier: MIT */
/*
 * memory.S - memcpy, memmove, memset and memcmp, which the compiler calls: blocks of 32 bytes, then
 * bytes.  Only normal memory: alignment does not matter there.
 */
	.text
	.align 4
	.globl memcpy
memcpy:
	mov x3, x0
1:	subs x2, x2, #32
	b.lo 2f
	ldp x4, x5, [x1]
	ldp x6, x7, [x1, #16]
	add x1, x1, #32
	stp x4, x5, [x3]
	stp x6, x7, [x3, #16]
	add x3, x3, #32
	b 1b
2:	add x2, x2, #32
21:	subs x2, x2, #8
	b.lo 3f
	ldr x4, [x1], #8
	str x4, [x3], #8
	b 21b
3:	adds x2, x2, #8
	b.eq 5f
4:	ldrb w4, [x1], #1
	strb w4, [x3], #1
	subs x2, x2, #1
	b.ne 4b
5:	ret

/* Upwards, unless that would overwrite what is still to be read. */
	.align 4
	.globl memmove
memmove:
	sub x3, x0, x1
	cmp x3, x2
	b.hs memcpy
	add x1, x1, x2
	add x3, x0, x2
1:	cmp x2, #8
	b.lo 2f
	ldr x4, [x1, #-8]!
	str x4, [x3, #-8]!
	sub x2, x2, #8
	b 1b
2:	cbz x2, 3f
	ldrb w4, [x1, #-1]!
	strb w4, [x3, #-1]!
	sub x2, x2, #1
	b 2b
3:	ret

	.align 4
	.globl memset
memset:
	and x1, x1, #0xff
	mov x4, #0x0101010101010101
	mul x1, x1, x4
	mov x3, x0
1:	subs x2, x2, #32
	b.lo 2f
	stp x1, x1, [x3]
	stp x1, x1, [x3, #16]
	add x3, x3, #32
	b 1b
2:	adds x2, x2, #32
	b.eq 4f
3:	strb w1, [x3], #1
	subs x2, x2, #1
	b.ne 3b
4:	ret

	.align 4
	.globl memcmp
memcmp:
	mov x3, x0
1:	cbz x2, 2f
	ldrb w4, [x3], #1
	ldrb w5, [x1], #1
	sub x2, x2, #1
	subs w0, w4, w5
	b.eq 1b
	ret
2:	mov w0, #0
	ret

	.section .note.GNU-stack, "", @progbits
