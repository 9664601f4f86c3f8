/* SPDX-License-Identifier: MIT */
/*
 * elf_fuzz.c - the boot kernel's ELF reader against anything.
 *
 * Whatever the bytes are, the answer is "no" or an image that keeps every promise of elf.h.
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

static void check_load(const struct elf_image *image, unsigned i)
{
	const struct elf_load *load = &image->load[i];
	u64 end = load->vaddr + load->memsz;

	require(load->memsz >= load->filesz);
	require(end >= load->vaddr && end <= ELF_USER_TOP);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_image image;
	uint8_t *copy = malloc(size ? size : 1); /* so that a read beyond the end is seen */

	memcpy(copy, data, size);
	if (elf_parse(copy, size, 62, &image) == 0) {
		require(image.nr_loads >= 1 && image.nr_loads <= ELF_MAX_LOADS);
		require(image.low % PAGE == 0 && image.high % PAGE == 0 && image.low < image.high);
		for (unsigned i = 0; i < image.nr_loads; i++)
			check_load(&image, i);
	}
	free(copy);
	return 0;
}
