/* SPDX-License-Identifier: MIT */
/* fpu.S - the only instructions of the kernel that touch the FPU's registers. */
	.syntax unified
	.arm
	.fpu vfpv3

	.macro IF_32 label              /* 16 registers: on at the label; ip is scratch */
	vmrs ip, mvfr0
	and ip, ip, #15
	cmp ip, #2
	bne \label
	.endm

	.text
/* void bare_fpu_on(void) */
	.globl bare_fpu_on
bare_fpu_on:
	mov r0, #(1 << 30)
	vmsr fpexc, r0
	bx lr

/* u32 bare_fpu_features(unsigned which): MVFR0, MVFR1 */
	.globl bare_fpu_features
bare_fpu_features:
	cmp r0, #0
	vmrseq r0, mvfr0
	vmrsne r0, mvfr1
	bx lr

/* void bare_fpu_save(struct bare_fpu *to) */
	.globl bare_fpu_save
bare_fpu_save:
	vmrs r1, fpscr
	str r1, [r0, #256]
	vstmia r0!, {d0-d15}
	IF_32 1f
	vstmia r0, {d16-d31}
1:	bx lr

/* void bare_fpu_load(const struct bare_fpu *from) */
	.globl bare_fpu_load
bare_fpu_load:
	ldr r1, [r0, #256]
	vmsr fpscr, r1
	vldmia r0!, {d0-d15}
	IF_32 1f
	vldmia r0, {d16-d31}
1:	bx lr

	.section .note.GNU-stack, "", %progbits
