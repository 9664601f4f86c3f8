/* SPDX-License-Identifier: MIT */
/*
 * elf_fuzz.c - the boot kernel's ELF reader against anything.
 *
 * Whatever the bytes are, the answer is "no" or an image that keeps every promise of elf.h, for a machine of
 * 64 bits and for one of 32; and no file is for both.
 */
#include <stdlib.h>
#include <string.h>

#include "elf.h"

#define PAGE 4096ull

static void require(int holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_load(const struct elf_machine *machine, const struct elf_image *image, unsigned i)
{
	const struct elf_load *load = &image->load[i];
	u64 end = load->vaddr + load->memsz;

	require(load->memsz >= load->filesz);
	require(end >= load->vaddr && end <= machine->user_top);
	require(load->offset + load->filesz >= load->offset);
	require((load->vaddr & (PAGE - 1)) == (load->offset & (PAGE - 1)));
	require(load->vaddr >= image->low && end <= image->high);
	if (i > 0) {
		const struct elf_load *before = load - 1;
		u64 last = before->memsz ? before->vaddr + before->memsz - 1 : before->vaddr;

		require(load->vaddr > before->vaddr);
		require(load->vaddr / PAGE > last / PAGE);
	}
}

static int parse(const uint8_t *bytes, size_t size, const struct elf_machine *machine)
{
	struct elf_image image;

	if (elf_parse(bytes, size, machine, &image) != 0)
		return 0;
	require(!image.foreign);
	require(image.nr_loads >= 1 && image.nr_loads <= ELF_MAX_LOADS);
	require(image.low % PAGE == 0 && image.high % PAGE == 0 && image.low < image.high);
	require(image.high <= machine->user_top);
	require(image.phentsize == (machine->bits == 32 ? 32 : 56));
	for (unsigned i = 0; i < image.nr_loads; i++)
		check_load(machine, &image, i);
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct elf_machine x86_64 = { 62, 64, 0x7ffffffff000 };
	static const struct elf_machine armv7 = { 40, 32, 0x7f000000 };
	uint8_t *copy = malloc(size ? size : 1); /* so that a read beyond the end is seen */
	int wide, narrow;

	memcpy(copy, data, size);
	wide = parse(copy, size, &x86_64);
	narrow = parse(copy, size, &armv7);
	require(!wide || !narrow);
	free(copy);
	return 0;
}
