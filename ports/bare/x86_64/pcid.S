/* SPDX-License-Identifier: MIT */
/*
 * pcid.S - what is called in place of two instructions of tlb.c where the processor numbers spaces.
 *
 * The instructions have five bytes, as a call has, and cpu.c puts the call there before anything runs them.  The
 * compiler knows of no call: every register but the result is as it was.
 */
	.macro SAVE
	.irp r, rcx, rdx, rsi, rdi, r8, r9, r10, r11
	pushq %\r
	.endr
	.endm

	.macro RESTORE
	.irp r, r11, r10, r9, r8, rdi, rsi, rdx, rcx
	popq %\r
	.endr
	.endm

	.text
	.balign 16
	.globl bare_pcid_load_site      /* for movq %rdi, %cr3 */
bare_pcid_load_site:
	pushq %rax
	SAVE
	call bare_pcid_load
	RESTORE
	popq %rax
	ret

	.balign 16
	.globl bare_pcid_flush_site     /* for movq %cr3, %rax: all is done, and no root that anybody asks for */
bare_pcid_flush_site:
	SAVE
	call bare_pcid_flush
	RESTORE
	movq $-1, %rax
	ret

	.section .note.GNU-stack, "", @progbits
