/* SPDX-License-Identifier: MIT */
/* elf.h - what a program file asks for, after every number in it has been checked. */
#ifndef KERNEL_ELF_H
#define KERNEL_ELF_H

#include <quire/types.h>

#define ELF_MAX_LOADS 16

#define ELF_READ  4u
#define ELF_WRITE 2u
#define ELF_EXEC  1u

/* For whom a program must be. */
struct elf_machine {
	u16 machine;  /* EM_*                                                      */
	u8 bits;      /* of an address: 32 or 64                                   */
	u64 user_top; /* programs lie below; at least a page                       */
};

struct elf_load {
	u64 vaddr; /* where its bytes go; vaddr and offset agree in their low 12 bits      */
	u64 memsz; /* bytes in memory, at least filesz                                     */
	u64 filesz, offset;
	u32 flags; /* ELF_READ | ELF_WRITE | ELF_EXEC                                      */
};

struct elf_image {
	bool pie; /* may be placed anywhere: add a bias to every address          */
	bool exec_stack;
	u64 entry;
	u64 phdr; /* address of the program headers in memory, 0: not loaded      */
	u16 phnum, phentsize;
	unsigned nr_loads; /* 1 .. ELF_MAX_LOADS, ascending, no two share a page           */
	u64 low, high;     /* page-aligned span of all of them                             */
	u64 interp_offset, interp_size; /* path of the dynamic loader with its zero; size 0: none */
	struct elf_load load[ELF_MAX_LOADS];
	const char *foreign; /* after -ENOEXEC: "for ..." what other machine, or NULL      */
};

/*
 * Read the ELF header and program headers in hdr[0, len) of a program for `machine`.  0, or -ENOEXEC with
 * nothing of *out defined but foreign.
 * A pure function: nothing but its arguments is touched.
 */
int elf_parse(const void *hdr, size_t len, const struct elf_machine *machine,
	      struct elf_image *out);

#endif
