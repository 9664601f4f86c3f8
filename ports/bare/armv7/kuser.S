/* SPDX-License-Identifier: MIT */
/*
 * kuser.S - the helpers at fixed addresses in the vectors page, which programs call instead of using
 * instructions that not every ARM processor has.  Their contract is Linux's documented one
 * (kernel_user_helpers): entry addresses, registers, and which of those survive.
 *
 *   ffff0ffc   word: how many slots of 32 bytes there are
 *   ffff0fe0   get_tls           r0 = the thread's word; all else survives
 *   ffff0fc0   cmpxchg           r0 old, r1 new, r2 -> word; r0 = 0 and C set: done; r3, ip and flags go
 *   ffff0fa0   memory_barrier    all survives
 *   ffff0f60   cmpxchg64         r0 -> old, r1 -> new, r2 -> two words; as cmpxchg; ip survives, r3 and lr may go
 *
 * kernel.ld puts these KUSER_SIZE bytes at the end of the page that is seen at 0xffff0000.  Bodies that are longer than
 * their slot stand in front.  Position-independent, ARM instructions.
 */
	.arch armv7-a
	.syntax unified
	.section .vectors.kuser, "ax"
	.arm
	.balign 32
kuser_start:

do_cmpxchg:
	dmb
1:	ldrex ip, [r2]
	cmp ip, r0
	bne 2f
	strex r3, r1, [r2]
	cmp r3, #0
	bne 1b
	dmb
	subs r0, r0, r0		/* 0, and C: nothing was borrowed */
	bx lr
2:	clrex
	dmb
	movs r0, #1
	cmn r0, #0		/* C clear */
	bx lr

do_cmpxchg64:
	push {r4, r5, r6, r7, r8, r9}
	ldrd r4, r5, [r0]
	ldrd r6, r7, [r1]
	dmb
1:	ldrexd r8, r9, [r2]
	cmp r8, r4
	cmpeq r9, r5
	bne 2f
	strexd r3, r6, r7, [r2]
	cmp r3, #0
	bne 1b
	dmb
	pop {r4, r5, r6, r7, r8, r9}
	subs r0, r0, r0
	bx lr
2:	clrex
	dmb
	pop {r4, r5, r6, r7, r8, r9}
	movs r0, #1
	cmn r0, #0
	bx lr

	/* From here each slot is where its address says. */
#define KUSER_SIZE 512
#define SLOT(address) .org kuser_start + KUSER_SIZE - (0x1000 - (address)), 0

	SLOT(0xf60)
	b do_cmpxchg64
	SLOT(0xfa0)
	dmb
	bx lr
	SLOT(0xfc0)
	b do_cmpxchg
	SLOT(0xfe0)
	mrc p15, 0, r0, c13, c0, 3	/* TPIDRURO */
	bx lr
	SLOT(0xffc)
	.word 5

	.section .note.GNU-stack, "", %progbits
