/* SPDX-License-Identifier: MIT */
/*
 * elf.c - reads the head of an ELF file that may hold anything at all.
 *
 * Every sum is checked for wrap-around before it is compared; nothing outside hdr[0, len) is read.
 */
#include "elf.h"
#include <quire/err.h>

#define PT_LOAD      1
#define PT_INTERP    3
#define PT_GNU_STACK 0x6474e551
#define ET_EXEC      2
#define ET_DYN       3
#define PHENT_SIZE   56
#define PATH_LIMIT   4096

struct ehdr {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct phdr {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct ehdr) == 64 && sizeof(struct phdr) == PHENT_SIZE, "ELF64");

static void copy(void *to, const u8 *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((u8 *)to)[i] = from[i];
}

static bool good_header(const struct ehdr *e, size_t len, unsigned machine)
{
	static const u8 ident[7] = {
		0x7f, 'E', 'L', 'F', 2, 1, 1
	}; /* 64-bit, little-endian, version 1 */

	for (unsigned i = 0; i < sizeof(ident); i++)
		if (e->ident[i] != ident[i])
			return false;
	if (e->machine != machine || (e->type != ET_EXEC && e->type != ET_DYN))
		return false;
	if (e->phentsize != PHENT_SIZE || e->phnum == 0)
		return false;
	return e->phoff <= len && (u64)e->phnum * PHENT_SIZE <= len - e->phoff;
}

static bool add_load(struct elf_image *out, const struct phdr *p)
{
	struct elf_load *l = &out->load[out->nr_loads];
	u64 end;

	if (p->memsz == 0)
		return true;
	if (out->nr_loads == ELF_MAX_LOADS || p->filesz > p->memsz)
		return false;
	if ((p->vaddr ^ p->offset) & (PAGE_SIZE - 1))
		return false;
	if (p->memsz > ELF_USER_TOP || p->vaddr > ELF_USER_TOP - p->memsz ||
	    p->offset > INT64_MAX - p->memsz)
		return false;
	if (out->nr_loads && PAGE_ALIGN_DOWN(p->vaddr) < out->high)
		return false; /* not ascending, or shares a page with the one before */
	end = PAGE_ALIGN(p->vaddr + p->memsz);
	if (end > ELF_USER_TOP)
		return false;
	if (!out->nr_loads)
		out->low = PAGE_ALIGN_DOWN(p->vaddr);
	out->high = end;
	*l = (struct elf_load){ p->vaddr, p->memsz, p->filesz, p->offset, p->flags & 7 };
	out->nr_loads++;
	return true;
}

/* The program headers' own address, if a segment loads them. */
static void find_phdr(struct elf_image *out, u64 phoff)
{
	u64 size = (u64)out->phnum * PHENT_SIZE;

	out->phdr = 0;
	for (unsigned i = 0; i < out->nr_loads; i++) {
		const struct elf_load *l = &out->load[i];

		if (phoff >= l->offset && size <= l->filesz &&
		    phoff - l->offset <= l->filesz - size)
			out->phdr = l->vaddr + (phoff - l->offset);
	}
}

int elf_parse(const void *hdr, size_t len, unsigned machine, struct elf_image *out)
{
	const u8 *bytes = hdr;
	struct ehdr e;
	struct phdr p;

	if (len < sizeof(e))
		return -ENOEXEC;
	copy(&e, bytes, sizeof(e));
	if (!good_header(&e, len, machine))
		return -ENOEXEC;
	out->pie = e.type == ET_DYN;
	out->exec_stack = false;
	out->entry = e.entry;
	out->phnum = e.phnum;
	out->nr_loads = 0;
	out->low = out->high = 0;
	out->interp_offset = out->interp_size = 0;
	for (unsigned i = 0; i < e.phnum; i++) {
		copy(&p, bytes + e.phoff + (u64)i * PHENT_SIZE, sizeof(p));
		if (p.type == PT_LOAD && !add_load(out, &p))
			return -ENOEXEC;
		if (p.type == PT_GNU_STACK)
			out->exec_stack = p.flags & ELF_EXEC;
		if (p.type == PT_INTERP) {
			if (p.filesz < 2 || p.filesz > PATH_LIMIT ||
			    p.offset > INT64_MAX - PATH_LIMIT)
				return -ENOEXEC;
			out->interp_offset = p.offset;
			out->interp_size = p.filesz;
		}
	}
	if (!out->nr_loads || e.entry >= ELF_USER_TOP ||
	    (out->pie && out->high - out->low > ELF_USER_TOP / 4))
		return -ENOEXEC;
	if (e.entry < out->low || e.entry >= out->high)
		return -ENOEXEC;
	find_phdr(out, e.phoff);
	return 0;
}
