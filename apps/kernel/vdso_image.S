/* SPDX-License-Identifier: MIT */
/* vdso_image.S - the built vdso.so inside the kernel. */
	.section .rodata, "a"
	.balign 16
	.globl vdso_start, vdso_end
vdso_start:
	.incbin VDSO_PATH
vdso_end:

	.section .note.GNU-stack, "", %progbits
