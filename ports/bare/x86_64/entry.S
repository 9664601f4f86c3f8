/* SPDX-License-Identifier: MIT */
/*
 * entry.S - from the PVH entry (32-bit, no paging) to long mode and the first C function.
 *
 *   early tables: page directories of 2 MiB pages for the first 4 GiB, where all firmware tables
 *   are, seen from identity (until the jump) and PAGE_OFFSET (linear map); the first GiB also from
 *   -2 GiB (the image).  boot.c replaces them, and free_initmem() gives them back, with this code.
 *
 * On entry: ebx = physical address of hvm_start_info; flat segments; interrupts off.
 */
#include <bare.h>

#define VIRT 0xffffffff80000000
#define PHYS(x) ((x) - VIRT)

	.section .note.pvh, "a", @note
	.align 4
	.long 4, 4, 18                  /* name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long PHYS(pvh_entry)

	.section .init.text, "ax"
	.code32
	.globl pvh_entry
pvh_entry:
	cld
	cli
	movl $PHYS(early_stack_top), %esp
	movl %ebx, %ebp                 /* keep hvm_start_info */

	/* The image's .init.bss and .bss may hold anything. */
	movl $PHYS(bare_init_bss_start), %edi
	movl $PHYS(bare_image_end), %ecx
	subl %edi, %ecx
	shrl $2, %ecx
	xorl %eax, %eax
	rep stosl

	/* 4 x 512 entries of 2 MiB: present, writable, large, global is left out. */
	movl $PHYS(early_pd), %edi
	movl $0x83, %eax
	movl $2048, %ecx
1:	movl %eax, (%edi)
	movl $0, 4(%edi)
	addl $0x200000, %eax
	addl $8, %edi
	loop 1b

	movl $PHYS(early_pd) + 3, %eax
	movl %eax, PHYS(early_pdpt_image) + 510 * 8
	movl $PHYS(early_pdpt), %edi            /* identity and PAGE_OFFSET: GiB 0..3 */
	movl $4, %ecx
1:	movl %eax, (%edi)
	addl $4096, %eax
	addl $8, %edi
	loop 1b
	movl $PHYS(early_pdpt) + 3, %eax
	movl %eax, PHYS(bare_early_pml4)
	movl %eax, PHYS(bare_early_pml4) + 273 * 8
	movl $PHYS(early_pdpt_image) + 3, %eax
	movl %eax, PHYS(bare_early_pml4) + 511 * 8

	movl %cr4, %eax
	orl $0x20, %eax                 /* PAE */
	movl %eax, %cr4
	movl $PHYS(bare_early_pml4), %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx          /* EFER: LME, SCE; NXE if CPUID has it */
	rdmsr
	orl $0x101, %eax
	movl %eax, %esi
	movl $0x80000001, %eax
	cpuid
	testl $(1 << 20), %edx
	jz 1f
	orl $0x800, %esi
1:	movl %esi, %eax
	xorl %edx, %edx
	movl $0xc0000080, %ecx
	wrmsr
	movl $0x80010023, %eax          /* PG WP NE MP PE */
	movl %eax, %cr0
	lgdt PHYS(early_gdt_ptr)
	ljmp $0x10, $PHYS(long_mode)

	.code64
long_mode:
	movl $0x18, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movabsq $high, %rax
	jmp *%rax
high:
	movq $early_stack_top, %rsp
	movl %ebp, %edi
	xorl %ebp, %ebp
	call bare_start
1:	cli
	hlt
	jmp 1b

	.section .init.rodata, "a"
	.align 8
early_gdt:
	.quad 0, 0
	.quad 0x00af9b000000ffff        /* 0x10 kernel code */
	.quad 0x00cf93000000ffff        /* 0x18 kernel data */
early_gdt_ptr:
	.word 31
	.long PHYS(early_gdt)

	.section .init.bss, "aw", @nobits
	.align 4096
bare_early_pml4:
	.skip 4096
early_pdpt:
	.skip 4096
early_pdpt_image:
	.skip 4096
early_pd:
	.skip 4 * 4096

	.bss
	.align 4096
	.globl early_stack /* the idle task's later on */
early_stack:
	.skip 16384
	.globl early_stack_top
early_stack_top:

	.section .note.GNU-stack, "", @progbits
