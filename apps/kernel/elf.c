/* SPDX-License-Identifier: MIT */
/*
 * elf.c - reads the head of an ELF file that may hold anything at all.
 *
 *   file of 32 bits -> struct ehdr32, phdr32 -> widened -+
 *   file of 64 bits -> struct ehdr, phdr ----------------+-> checked -> struct elf_image
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
#define PATH_LIMIT   4096
#define CLASS_32     1
#define CLASS_64     2

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
_Static_assert(sizeof(struct ehdr) == 64 && sizeof(struct phdr) == 56, "ELF64");

struct ehdr32 {
	u8 ident[16];
	u16 type, machine;
	u32 version, entry, phoff, shoff, flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct phdr32 {
	u32 type, offset, vaddr, paddr, filesz, memsz, flags, align;
};
_Static_assert(sizeof(struct ehdr32) == 52 && sizeof(struct phdr32) == 32, "ELF32");

/* What is read, and the program it is read for. */
struct reader {
	const u8 *bytes;
	size_t len;
	const struct elf_machine *machine;
	struct elf_image *out;
};

static void copy(void *to, const u8 *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((u8 *)to)[i] = from[i];
}

static bool narrow(const struct reader *r)
{
	return r->machine->bits == 32;
}

static size_t phent_size(const struct reader *r)
{
	return narrow(r) ? sizeof(struct phdr32) : sizeof(struct phdr);
}

/* False: the file is shorter. */
static bool read_ehdr(const struct reader *r, struct ehdr *e)
{
	struct ehdr32 n;

	if (r->len < (narrow(r) ? sizeof(n) : sizeof(*e)))
		return false;
	if (!narrow(r)) {
		copy(e, r->bytes, sizeof(*e));
		return true;
	}
	copy(&n, r->bytes, sizeof(n));
	*e = (struct ehdr){
		.type = n.type,
		.machine = n.machine,
		.entry = n.entry,
		.phoff = n.phoff,
		.phentsize = n.phentsize,
		.phnum = n.phnum,
	};
	copy(e->ident, n.ident, sizeof(e->ident));
	return true;
}

static void read_phdr(const struct reader *r, u64 at, struct phdr *p)
{
	struct phdr32 n;

	if (!narrow(r)) {
		copy(p, r->bytes + at, sizeof(*p));
		return;
	}
	copy(&n, r->bytes + at, sizeof(n));
	*p = (struct phdr){
		.type = n.type,
		.flags = n.flags,
		.offset = n.offset,
		.vaddr = n.vaddr,
		.filesz = n.filesz,
		.memsz = n.memsz,
	};
}

static bool is_elf(const struct reader *r)
{
	return r->len >= sizeof(struct ehdr32) && r->bytes[0] == 0x7f && r->bytes[1] == 'E' &&
	       r->bytes[2] == 'L' && r->bytes[3] == 'F';
}

/* Which other machine a file that is ELF is for, or NULL.  The first 20 bytes are the same for all. */
static const char *why_foreign(const struct reader *r)
{
	u8 class = r->bytes[4];

	if (class == CLASS_64 && narrow(r))
		return "for a 64-bit machine";
	if (class == CLASS_32 && !narrow(r))
		return "for a 32-bit machine";
	if (r->bytes[5] == 2)
		return "for a big-endian machine";
	if ((r->bytes[18] | r->bytes[19] << 8) != r->machine->machine)
		return "for another processor";
	return NULL;
}

static bool good_header(const struct reader *r, const struct ehdr *e)
{
	/* of its class, little-endian, version 1 */
	if (e->ident[4] != (narrow(r) ? CLASS_32 : CLASS_64) || e->ident[5] != 1 ||
	    e->ident[6] != 1)
		return false;
	if (e->type != ET_EXEC && e->type != ET_DYN)
		return false;
	if (e->phentsize != phent_size(r) || e->phnum == 0)
		return false;
	return e->phoff <= r->len && (u64)e->phnum * phent_size(r) <= r->len - e->phoff;
}

static bool add_load(const struct reader *r, const struct phdr *p)
{
	struct elf_image *out = r->out;
	struct elf_load *l = &out->load[out->nr_loads];
	u64 top = r->machine->user_top, end;

	if (p->memsz == 0)
		return true;
	if (out->nr_loads == ELF_MAX_LOADS || p->filesz > p->memsz)
		return false;
	if ((p->vaddr ^ p->offset) & (PAGE_SIZE - 1))
		return false;
	if (p->memsz > top || p->vaddr > top - p->memsz || p->offset > INT64_MAX - p->memsz)
		return false;
	if (out->nr_loads && QUIRE_ALIGN_DOWN(p->vaddr, (u64)PAGE_SIZE) < out->high)
		return false; /* not ascending, or shares a page with the one before */
	end = QUIRE_ALIGN_UP(p->vaddr + p->memsz, (u64)PAGE_SIZE);
	if (end > top)
		return false;
	if (!out->nr_loads)
		out->low = QUIRE_ALIGN_DOWN(p->vaddr, (u64)PAGE_SIZE);
	out->high = end;
	*l = (struct elf_load){ p->vaddr, p->memsz, p->filesz, p->offset, p->flags & 7 };
	out->nr_loads++;
	return true;
}

/* The program headers' own address, if a segment loads them. */
static void find_phdr(struct elf_image *out, u64 phoff)
{
	u64 size = (u64)out->phnum * out->phentsize;

	out->phdr = 0;
	for (unsigned i = 0; i < out->nr_loads; i++) {
		const struct elf_load *l = &out->load[i];

		if (phoff >= l->offset && size <= l->filesz &&
		    phoff - l->offset <= l->filesz - size)
			out->phdr = l->vaddr + (phoff - l->offset);
	}
}

/* One program header into *out; false: the program cannot run. */
static bool add_phdr(const struct reader *r, const struct phdr *p)
{
	struct elf_image *out = r->out;

	switch (p->type) {
	case PT_LOAD: return add_load(r, p);
	case PT_GNU_STACK: out->exec_stack = p->flags & ELF_EXEC; return true;
	case PT_INTERP:
		if (p->filesz < 2 || p->filesz > PATH_LIMIT || p->offset > INT64_MAX - PATH_LIMIT)
			return false;
		out->interp_offset = p->offset;
		out->interp_size = p->filesz;
		return true;
	default: return true;
	}
}

int elf_parse(const void *hdr, size_t len, const struct elf_machine *machine, struct elf_image *out)
{
	const struct reader r = { hdr, len, machine, out };
	struct ehdr e;
	struct phdr p;

	out->foreign = is_elf(&r) ? why_foreign(&r) : NULL;
	if (!is_elf(&r) || out->foreign || !read_ehdr(&r, &e) || !good_header(&r, &e))
		return -ENOEXEC;
	out->pie = e.type == ET_DYN;
	out->exec_stack = false;
	out->entry = e.entry;
	out->phnum = e.phnum;
	out->phentsize = e.phentsize;
	out->nr_loads = 0;
	out->low = out->high = 0;
	out->interp_offset = out->interp_size = 0;
	for (unsigned i = 0; i < e.phnum; i++) {
		read_phdr(&r, e.phoff + (u64)i * e.phentsize, &p);
		if (!add_phdr(&r, &p))
			return -ENOEXEC;
	}
	if (!out->nr_loads || e.entry >= machine->user_top ||
	    (out->pie && out->high - out->low > machine->user_top / 4))
		return -ENOEXEC;
	if (e.entry < out->low || e.entry >= out->high)
		return -ENOEXEC;
	find_phdr(out, e.phoff);
	return 0;
}
