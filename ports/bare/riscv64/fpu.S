/* SPDX-License-Identifier: MIT */
/* fpu.S - the only instructions of the kernel that touch the FPU's registers: on for as long as that takes. */
	.macro ALL op
	.irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\op f\i, (\i * 8)(a0)
	.endr
	.endm

	.text
/* void bare_fpu_save(struct bare_fpu *to) */
	.globl bare_fpu_save
bare_fpu_save:
	li a2, 0x6000
	csrs sstatus, a2
	ALL fsd
	frcsr a1
	sw a1, 256(a0)
	csrc sstatus, a2
	ret

/* void bare_fpu_load(const struct bare_fpu *from) */
	.globl bare_fpu_load
bare_fpu_load:
	li a2, 0x6000
	csrs sstatus, a2
	ALL fld
	lw a1, 256(a0)
	fscsr a1
	csrc sstatus, a2
	ret

	.section .note.GNU-stack, "", @progbits
