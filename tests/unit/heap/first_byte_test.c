/* SPDX-License-Identifier: MIT */
/* first_byte_test.c - one multiplication tells where objects start: beside division, for every layout. */
#include "heap/heap.h"
#include "support/layers.h"

#define MOST 32768u

static struct kmem_cache laid_out(u32 size, u32 slab)
{
	struct kmem_cache cache = { .size = size, .objects = (u16)(slab / size) };

	cache.magic = ~0UL / size + 1 + !(size & (size - 1));
	cache.limit = cache.objects * (cache.magic * size);
	return cache;
}

static bool divided(const struct kmem_cache *cache, unsigned long offset)
{
	return offset % cache->size == 0 && offset / cache->size < cache->objects;
}

/* The cache as heap_attach() makes it has the numbers that are tested below. */
static void as_attached(void **state)
{
	(void)state;
	start_heap(16, 1);
	for (u32 size = 8; size <= 2048; size += 8) {
		struct kmem_cache *cache = kmem_cache_create("t", size, 0, SLAB_NO_MERGE, NULL);
		struct kmem_cache same;

		assert_non_null(cache);
		same = laid_out(cache->size, (u32)PAGE_SIZE << cache->order);
		if (QUIRE_HEAP == QUIRE_HEAP_SLUB) {
			assert_int_equal(cache->magic, same.magic);
			assert_int_equal(cache->limit, same.limit);
		}
		kmem_cache_destroy(cache);
	}
	assert_int_equal(stop_heap(), 0);
}

static void every_offset(void **state)
{
	(void)state;
	for (u32 slab = 4096; slab <= MOST; slab *= 2)
		for (u32 size = 8; size <= slab; size += 8) {
			struct kmem_cache cache = laid_out(size, slab);
			u32 step = size < 512 ? 1 : 7; /* also no multiples of 8 */

			for (u32 offset = 0; offset < MOST; offset += step)
				if (is_first_byte(offset, cache.magic, cache.limit) !=
				    divided(&cache, offset))
					fail_msg("size %u, slab %u, offset %u", size, slab, offset);
			for (u32 k = 0; k * size < MOST; k++)
				assert_int_equal(is_first_byte(k * size, cache.magic, cache.limit),
						 k < cache.objects);
		}
}

/* The distance of any two addresses: up to 2^48, either way. */
static void far_away(void **state)
{
	u64 random = 88172645463325252ull;

	(void)state;
	for (u32 size = 8; size <= MOST; size += 8) {
		struct kmem_cache cache = laid_out(size, MOST);

		for (unsigned i = 0; i < 400; i++) {
			unsigned long offset;

			random ^= random << 13, random ^= random >> 7, random ^= random << 17;
			offset = (unsigned long)(random >> (16 + random % 32));
			if (i % 2)
				offset -= offset % size; /* a multiple, but of another slab */
			if (i % 4 > 1)
				offset = -offset;
			assert_int_equal(is_first_byte(offset, cache.magic, cache.limit),
					 divided(&cache, offset));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_attached),
		cmocka_unit_test(every_offset),
		cmocka_unit_test(far_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
