/* SPDX-License-Identifier: MIT */
/* program.c - looks at a program before the machine is started for it. */
#include "quire.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static const char *why_not_header(const Elf64_Ehdr *header, size_t got)
{
	if (got < EI_NIDENT || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return "it is not an ELF program (a script needs an interpreter, which the machine "
		       "would not have)";
	if (got < sizeof(*header) || header->e_ident[EI_CLASS] != ELFCLASS64 ||
	    header->e_machine != EM_X86_64)
		return "it is a program for another machine, not for x86-64";
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
		return "it is an ELF file, but not a program";
	if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0 ||
	    header->e_entry == 0)
		return "it is an ELF file without anything to run";
	return NULL;
}

static const char *why_not_segments(FILE *file, const Elf64_Ehdr *header)
{
	Elf64_Phdr segment;

	if (header->e_phoff > INT64_MAX || fseeko(file, (off_t)header->e_phoff, SEEK_SET) != 0)
		return "its program headers are outside of the file";
	for (unsigned i = 0; i < header->e_phnum; i++) {
		if (fread(&segment, sizeof(segment), 1, file) != 1)
			return "its program headers are outside of the file";
		if (segment.p_type == PT_INTERP)
			return "it is dynamically linked; the machine has no shared libraries, "
			       "link it with -static";
	}
	return NULL;
}

const char *program_why_not(const char *path)
{
	struct stat st;
	Elf64_Ehdr header = { 0 };
	const char *why;
	FILE *file = fopen(path, "rb");

	if (!file)
		return strerror(errno);
	if (fstat(fileno(file), &st) != 0 || !S_ISREG(st.st_mode)) {
		fclose(file);
		return "it is not a regular file";
	}
	why = why_not_header(&header, fread(&header, 1, sizeof(header), file));
	if (!why)
		why = why_not_segments(file, &header);
	fclose(file);
	return why;
}
