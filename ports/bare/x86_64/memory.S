/* SPDX-License-Identifier: MIT */
/*
 * memory.S - memcpy, memmove, memset and memcmp: string instructions, eight bytes at a time.
 */
	.text

/* void *memcpy(void *to, const void *from, size_t n) */
	.align 16
	.globl memcpy
memcpy:
	movq %rdi, %rax
	movq %rdx, %rcx
	shrq $3, %rcx
	rep movsq
	movl %edx, %ecx
	andl $7, %ecx
	rep movsb
	ret

/* void *memmove(void *to, const void *from, size_t n): backwards only when `to` lies inside the
 * source */
	.align 16
	.globl memmove
memmove:
	movq %rdi, %rax
	subq %rsi, %rax
	cmpq %rdx, %rax
	jae memcpy
	movq %rdi, %rax
	movq %rdx, %rcx
	leaq -1(%rdi, %rdx), %rdi
	leaq -1(%rsi, %rdx), %rsi
	std
	rep movsb
	cld
	ret

/* void *memset(void *at, int byte, size_t n) */
	.align 16
	.globl memset
memset:
	movq %rdi, %r8
	movzbl %sil, %eax
	testl %eax, %eax
	jz 1f
	movabsq $0x0101010101010101, %rcx
	imulq %rcx, %rax
1:	movq %rdx, %rcx
	shrq $3, %rcx
	rep stosq
	movl %edx, %ecx
	andl $7, %ecx
	rep stosb
	movq %r8, %rax
	ret

/* int memcmp(const void *a, const void *b, size_t n) */
	.align 16
	.globl memcmp
memcmp:
	movq %rdx, %rcx
	xorl %eax, %eax
	testq %rcx, %rcx
	jz 1f
	repe cmpsb
	je 1f
	movzbl -1(%rdi), %eax
	movzbl -1(%rsi), %ecx
	subl %ecx, %eax
1:	ret

	.section .note.GNU-stack, "", @progbits
