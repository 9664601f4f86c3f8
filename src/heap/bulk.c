/* SPDX-License-Identifier: MIT */
/*
 * heap/bulk.c - many objects of a cache at a time.
 *
 *   alloc   as many as the CPU's list has, cut off in one go; then one by the usual way, which fills it
 *   free    as many as follow each other from the active slab, put on in one go; else one the usual way
 *
 * Lock: none here.
 */
#include "heap.h"

int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t n, void **objects)
{
	size_t done = 0;

	while (done < n) {
		u32 taken = pop_many(cache, objects + done, n - done);

		for (u32 i = 0; gfp & __GFP_ZERO && i < taken; i++)
			memset(objects[done + i], 0, cache->object_size);
		done += taken;
		if (done == n)
			break;
		objects[done] = kmem_cache_alloc(cache, gfp);
		if (!objects[done]) {
			kmem_cache_free_bulk(cache, done, objects);
			return 0;
		}
		done++;
	}
	return (int)n;
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t n, void **objects)
{
	while (n) {
		u32 given = push_many(cache, objects, n);

		if (!given) {
			kmem_cache_free(cache, *objects);
			given = 1;
		}
		objects += given;
		n -= given;
	}
}
