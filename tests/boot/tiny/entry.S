/* SPDX-License-Identifier: MIT */
/*
 * entry.S - from the PVH entry (32-bit, no paging) to long mode, 1 GiB mapped at its own addresses, and
 * tiny_main().
 */
	.section .note.pvh, "a", @note
	.align 4
	.long 4, 4, 18                  /* name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long tiny_entry

	.text
	.code32
	.globl tiny_entry
tiny_entry:
	cld
	cli
	movl $tiny_stack_top, %esp
	movl $tiny_bss_start, %edi
	movl $tiny_bss_end, %ecx
	subl %edi, %ecx
	xorl %eax, %eax
	rep stosb
	/* 512 entries of 2 MiB: present, writable, large. */
	movl $page_directory, %edi
	movl $0x83, %eax
	movl $512, %ecx
1:	movl %eax, (%edi)
	addl $0x200000, %eax
	addl $8, %edi
	loop 1b
	movl $page_directory + 3, upper
	movl $upper + 3, top
	movl %cr4, %eax
	orl $0x20, %eax                 /* PAE */
	movl %eax, %cr4
	movl $top, %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx          /* EFER: LME */
	rdmsr
	orl $0x100, %eax
	wrmsr
	movl $0x80000011, %eax          /* PG ET PE */
	movl %eax, %cr0
	lgdt gdt_ptr
	ljmp $8, $long_mode

	.code64
long_mode:
	movl $16, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %ebp, %ebp
	call tiny_main
1:	cli
	hlt
	jmp 1b

	.section .rodata, "a"
	.align 8
gdt:	.quad 0
	.quad 0x00af9b000000ffff        /* code */
	.quad 0x00cf93000000ffff        /* data */
gdt_ptr:
	.word 23
	.long gdt

	.section .bss.start, "aw", @nobits
	.align 4096
top:	.skip 4096
upper:	.skip 4096
page_directory:
	.skip 4096
	.skip 16384
tiny_stack_top:

	.section .note.GNU-stack, "", @progbits
