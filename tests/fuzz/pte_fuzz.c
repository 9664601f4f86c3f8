/* SPDX-License-Identifier: MIT */
/*
 * Any value as an entry of any format and level: its explanation stays in its buffer and ends, and
 * what an entry means does not change when it is written again.
 */
#include <quire/pte.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "maps/formats/aarch64.h"
#include "maps/formats/armv7.h"
#include "maps/formats/riscv.h"
#include "maps/formats/x86_64.h"

static const struct pt_format *const formats[] = {
	&pt_armv7,      &pt_armv7_soft, &pt_aarch64,       &pt_riscv_sv39, &pt_riscv_sv48,
	&pt_riscv_sv57, &pt_x86_64,     &pt_x86_64_5level, &pt_x86_pae,
};

static void stop(const char *why)
{
	fprintf(stderr, "pte_fuzz: %s\n", why);
	abort();
}

/* In memory of exactly that size, so that one byte too far is seen. */
static void check_words(const struct pt_format *f, unsigned level, u64 entry, size_t size)
{
	char whole[QUIRE_PTE_WORDS], *buf = malloc(size ? size : 1);
	size_t n = pt_explain(f, level, entry, whole, sizeof(whole));

	if (!n || n >= sizeof(whole) || strlen(whole) != n || strstr(whole, "(null)"))
		stop("no words, too many, or none where some should be");
	if (pt_explain(f, level, entry, size ? buf : NULL, size) != n)
		stop("the length depends on the room");
	if (size && (strlen(buf) != (n < size ? n : size - 1) || memcmp(buf, whole, strlen(buf))))
		stop("what fits is not the beginning of the whole");
	free(buf);
}

/* By name: the same words, or a refusal that leaves the buffer alone. */
static void check_name(const struct pt_format *f, unsigned level, u64 entry)
{
	char words[QUIRE_PTE_WORDS], named[QUIRE_PTE_WORDS] = "#";
	bool fits = level < f->levels && (f->entry_bits == 64 || !(entry >> 32));
	quire_ssize_t n = quire_pte_explain(f->name, level, entry, named, sizeof(named));

	pt_explain(f, level, entry, words, sizeof(words));
	if (fits ? n != (quire_ssize_t)strlen(words) || strcmp(words, named) != 0
		 : n != -EINVAL || strcmp(named, "#") != 0)
		stop("the public function says something else");
}

/* Once it went through an entry of ours, a meaning stays. */
static void check_meaning(const struct pt_format *f, unsigned level, u64 value)
{
	u64 entry = pt_encode(f, level, value);
	pte_t once = pt_decode(f, level, entry);
	pte_t again = pt_decode(f, level, pt_encode(f, level, once));

	if (f->entry_bits == 32 && entry >> 32)
		stop("an entry is wider than its table's");
	if (once != again)
		stop("a meaning changes when it is written again");
	if (!(value & PTE_PRESENT) && level + 1u == f->levels && f->family != PT_ARMV7_SOFT &&
	    (entry & f->valid))
		stop("the hardware would take what is not present");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct pt_format *f;
	u64 value = 0;
	unsigned level;

	if (len < 3)
		return 0;
	f = formats[data[0] % ARRAY_SIZE(formats)];
	level = data[1] % 8;
	memcpy(&value, data + 3, len - 3 < sizeof(value) ? len - 3 : sizeof(value));
	check_words(f, level, value, data[2]);
	check_name(f, level, value);
	if (f->entry_bits == 32)
		check_words(f, level, value & 0xffffffff, data[2]);
	if (level < f->levels && f->level[level].leaf.mask)
		check_meaning(f, level, value);
	return 0;
}
