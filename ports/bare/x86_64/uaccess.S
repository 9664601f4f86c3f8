/* SPDX-License-Identifier: MIT */
/*
 * uaccess.S - instructions that touch user memory, each with a way out in .bare.extable.
 *
 * rep movsq/stosq at every size: under instruction counting, and on hardware with fast strings,
 * nothing is cheaper.  A fault in the middle of a word is tried again byte by byte, so that the
 * count is exact.
 */
	.macro SMAP_SITE bytes
99:	.byte 0x0f, 0x1f, 0x00
	.pushsection .bare.smap, "a"
	.quad 99b
	.quad \bytes
	.popsection
	.endm
#define CLAC SMAP_SITE 0xca010f
#define STAC SMAP_SITE 0xcb010f

	.macro EX insn, fixup
	.pushsection .bare.extable, "a"
	.quad \insn
	.quad \fixup
	.popsection
	.endm

	.text

/* size_t bare_copy_from_user(void *to, const void *from, size_t n): bytes not copied; bare_copy_to_user() is the same */
	.align 16
	.globl bare_copy_from_user, bare_copy_to_user
bare_copy_from_user:
bare_copy_to_user:
	movq %rdx, %rcx
	shrq $3, %rcx
	STAC
1:	rep movsq
	movl %edx, %ecx
	andl $7, %ecx
2:	rep movsb
3:	CLAC
	movq %rcx, %rax
	ret
4:	andl $7, %edx
	leaq (%rdx, %rcx, 8), %rcx
	jmp 2b
	EX 1b, 4b
	EX 2b, 3b

/* size_t bare_clear_user(void *to, size_t n): bytes not cleared */
	.align 16
	.globl bare_clear_user
bare_clear_user:
	xorl %eax, %eax
	movq %rsi, %rcx
	shrq $3, %rcx
	STAC
1:	rep stosq
	movl %esi, %ecx
	andl $7, %ecx
2:	rep stosb
3:	CLAC
	movq %rcx, %rax
	ret
4:	andl $7, %esi
	leaq (%rsi, %rcx, 8), %rcx
	jmp 2b
	EX 1b, 4b
	EX 2b, 3b

/* int bare_cmpxchg_user(u32 *at, u32 expected, u32 desired, u32 *seen) */
	.align 16
	.globl bare_cmpxchg_user
bare_cmpxchg_user:
	movl %esi, %eax
	STAC
1:	lock cmpxchgl %edx, (%rdi)
	CLAC
	movl %eax, (%rcx)
	xorl %eax, %eax
	ret
2:	CLAC
	movl $-14, %eax
	ret
	EX 1b, 2b

/* int bare_fx_to_user(void *), bare_fx_from_user(const void *): FXSAVE area in user memory */
	.align 16
	.globl bare_fx_to_user
bare_fx_to_user:
	STAC
1:	fxsave64 (%rdi)
	CLAC
	xorl %eax, %eax
	ret
	EX 1b, fault_user

	.globl bare_fx_from_user
bare_fx_from_user:
	STAC
1:	fxrstor64 (%rdi)
	CLAC
	xorl %eax, %eax
	ret
	EX 1b, fault_user

/* int bare_x_to_user(void *, u64 features), bare_x_from_user(const void *, u64 features): XSAVE
 * area */
	.globl bare_x_to_user
bare_x_to_user:
	movl %esi, %eax
	movq %rsi, %rdx
	shrq $32, %rdx
	STAC
1:	xsave64 (%rdi)
	CLAC
	xorl %eax, %eax
	ret
	EX 1b, fault_user

	.globl bare_x_from_user
bare_x_from_user:
	movl %esi, %eax
	movq %rsi, %rdx
	shrq $32, %rdx
	STAC
1:	xrstor64 (%rdi)
	CLAC
	xorl %eax, %eax
	ret
	EX 1b, fault_user

fault_user:
	CLAC
	movl $-14, %eax
	ret

	.section .note.GNU-stack, "", @progbits
