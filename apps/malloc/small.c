/* SPDX-License-Identifier: MIT */
/*
 * small.c - size classes: which cache serves how many bytes.
 *
 *   8 | 16 32 48 .. 128 | 144 160 .. 256 | 288 .. 512 | 544 576 .. | 1088 .. | .. 5456 6544 8192
 *       steps of 16       eight to each doubling        from 512 on: the whole parts of a slab, a
 *                                                       sixteenth to a quarter of it, so none is left
 *
 * At most an eighth of an object is wasted, above 4 KiB a fifth.
 * Lock: none; the tables are written once.
 */
#include <quire/bits.h>
#include <quire/err.h>
#include <quire/printk.h>
#include "qmalloc.h"

#define NR_STEPS   8u /* to each doubling above 128                                 */
#define NR_CLASSES (1 + 8 + 5 * NR_STEPS + 4)
#define SLAB_MOST  32768u /* bytes that a slab has at most                              */
#define GRAIN      16u

struct kmem_cache *small_table[SMALL_TABLE / 8 + 1];
static struct kmem_cache *class_cache[NR_CLASSES];
static u8 class_of[SMALL_MAX / GRAIN + 1]; /* by bytes in grains, rounded up */

static unsigned class_size(unsigned class)
{
	unsigned step, from;

	if (!class)
		return 8;
	if (class <= 8)
		return class * GRAIN;
	step = (class - 9) % NR_STEPS + 1;
	from = 128u << (class - 9) / NR_STEPS;
	if (from < 512)
		return from + from / NR_STEPS * step;
	if (from >= SLAB_MOST / 8)
		return QUIRE_ALIGN_DOWN(SLAB_MOST / (8 - step), GRAIN);
	/* from is a sixteenth of the slab. */
	return QUIRE_ALIGN_DOWN(16 * from / (16 - step), GRAIN);
}

struct kmem_cache *small_cache(size_t size)
{
	return class_cache[size <= 8 ? 0 : class_of[DIV_ROUND_UP(size, GRAIN)]];
}

static void map_sizes(void)
{
	unsigned class = 1;

	for (unsigned i = 1; i < ARRAY_SIZE(class_of); i++) {
		class += i * GRAIN > class_size(class);
		class_of[i] = (u8) class;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(small_table); i++)
		small_table[i] = small_cache(max(i * 8u, 1u));
}

int small_start(void)
{
	char name[24];

	for (unsigned i = 0; i < NR_CLASSES; i++) {
		unsigned size = class_size(i);

		/* Also with red zones between them, objects are where their size would put them. */
		unsigned align = min(size & -size, (unsigned)PAGE_SIZE);

		quire_snprintf(name, sizeof(name), "malloc-%u", size);
		class_cache[i] = kmem_cache_create(name, size, align,
						   SLAB_NO_MERGE | malloc_options.debug, NULL);
		if (!class_cache[i])
			return -ENOMEM;
	}
	map_sizes();
	return 0;
}
