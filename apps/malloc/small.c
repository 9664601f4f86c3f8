/* SPDX-License-Identifier: MIT */
/*
 * small.c - size classes: which cache serves how many bytes.
 *
 *   8 | 16 32 48 .. 128 | 144 160 .. 256 | 288 320 .. 512 | ... | .. 8192
 *       steps of 16       eight steps to each doubling: at most an eighth is wasted
 *
 * Lock: none; the tables are written once.
 */
#include <quire/bits.h>
#include <quire/err.h>
#include <quire/printk.h>
#include "qmalloc.h"

#define NR_STEPS   8u /* to each doubling above 128                                 */
#define NR_CLASSES (1 + 8 + 6 * NR_STEPS)

struct kmem_cache *small_table[SMALL_TABLE / 8 + 1];
static struct kmem_cache *class_cache[NR_CLASSES];

static unsigned class_of(size_t size)
{
	unsigned top;

	if (size <= 8)
		return 0;
	if (size <= 128)
		return (unsigned)(size + 15) / 16;
	top = fls((unsigned)size - 1) - 1; /* 2^top < size <= 2^(top + 1) */
	return 9 + (top - 7) * NR_STEPS + (unsigned)((size - 1) >> (top - 3)) - NR_STEPS;
}

static unsigned class_size(unsigned class)
{
	unsigned step;

	if (!class)
		return 8;
	if (class <= 8)
		return class * 16;
	step = (class - 9) % NR_STEPS;
	return (NR_STEPS + 1 + step) << ((class - 9) / NR_STEPS + 4);
}

struct kmem_cache *small_cache(size_t size)
{
	return class_cache[class_of(size)];
}

int small_start(void)
{
	char name[24];

	for (unsigned i = 0; i < NR_CLASSES; i++) {
		unsigned size = class_size(i);

		quire_snprintf(name, sizeof(name), "malloc-%u", size);
		class_cache[i] = kmem_cache_create(name, size, size & (size - 1) ? 0 : min(size, (unsigned)PAGE_SIZE),
						   SLAB_NO_MERGE, NULL);
		if (!class_cache[i])
			return -ENOMEM;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(small_table); i++)
		small_table[i] = small_cache(max(i * 8u, 1u));
	return 0;
}
