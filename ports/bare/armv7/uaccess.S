/* SPDX-License-Identifier: MIT */
/*
 * uaccess.S - instructions that touch user memory, each with a way out in .bare.extable.
 *
 * The kernel's own loads and stores: in these tables it may do to a page of user mode's exactly what user mode
 * may, and read-only is for both (src/maps/formats/armv7.h); that the address is a program's was asked before
 * (../common/user.c).  So whole blocks go by LDM and STM, which LDRT and STRT have nothing like.
 */
#include "copy.inc"

	.syntax unified
	.arm
	.text

/* size_t bare_copy_from_user(void *to, const void *from, size_t n): bytes not copied */
	.align 4
	.globl bare_copy_from_user
bare_copy_from_user:
	COPY user, kernel
	mov r0, r2
	bx lr

/* size_t bare_copy_to_user(void *to, const void *from, size_t n): bytes not copied */
	.align 4
	.globl bare_copy_to_user
bare_copy_to_user:
	COPY kernel, user
	mov r0, r2
	bx lr

/* size_t bare_clear_user(void *to, size_t n): bytes not cleared */
	.align 4
	.globl bare_clear_user
bare_clear_user:
	mov r2, #0
	mov r3, #0
	mov ip, #0
	tst r0, #3
	bne 4f
	subs r1, r1, #16
	blo 3f
	push {r4, lr}
	mov r4, #0
1:	AT user, 2f, stmia r0!, {r2-r4, ip}
	subs r1, r1, #16
	bhs 1b
2:	pop {r4, lr}
3:	add r1, r1, #16
4:	cmp r1, #0
	beq 6f
5:	AT user, 6f, strb r2, [r0]
	add r0, r0, #1
	subs r1, r1, #1
	bne 5b
6:	mov r0, r1
	bx lr

/* int bare_cmpxchg_user(u32 *at, u32 expected, u32 desired, u32 *seen): 0 or -EFAULT */
	.align 4
	.globl bare_cmpxchg_user
bare_cmpxchg_user:
	push {r4, lr}
	dmb
1:	AT user, 4f, ldrex ip, [r0]
	cmp ip, r1
	bne 3f
	AT user, 4f, strex r4, r2, [r0]
	cmp r4, #0
	bne 1b
3:	clrex
	dmb
	str ip, [r3]
	mov r0, #0
	pop {r4, pc}
4:	mvn r0, #13
	pop {r4, pc}

/* size_t bare_clean_user(unsigned long start, unsigned long end, unsigned long line): of its data cache to where
 * instruction fetches look; bytes not cleaned */
	.align 4
	.globl bare_clean_user
bare_clean_user:
	cmp r0, r1
	bhs 2f
1:	AT user, 3f, mcr p15, 0, r0, c7, c11, 1 /* DCCMVAU */
	add r0, r0, r2
	cmp r0, r1
	blo 1b
2:	mov r0, #0
	bx lr
3:	sub r0, r1, r0
	bx lr

	.section .note.GNU-stack, "", %progbits
