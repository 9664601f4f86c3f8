/* SPDX-License-Identifier: MIT */
/*
 * heap/debug.h - what debug.c and debug_report.c share.
 */
#ifndef QUIRE_SRC_HEAP_DEBUG_H
#define QUIRE_SRC_HEAP_DEBUG_H

#include <quire/stackdepot.h>
#include "heap.h"

#define BYTE_FREED    0x6b
#define BYTE_END      0xa5 /* last of a poisoned object                            */
#define BYTE_PADDING  0x5a
#define BYTE_RED_FREE 0xbb
#define BYTE_RED_USED 0xcc
#define RED_BYTES     8u

/* Who did something to an object. */
struct track {
	const void *caller;         /* NULL: nobody yet                                     */
	depot_stack_handle_t stack; /* from where                                           */
	u16 cpu;
	int pid;
};
enum track_item { TRACK_ALLOC, TRACK_FREE };

struct track *debug_track(const struct kmem_cache *cache, const void *object);
/* Whether all is in an object's slot that must be there, in use or free; what is not is reported and
 * repaired. */
bool debug_object_check(const struct kmem_cache *cache, void *object, bool in_use);

/* ---- debug_report.c -------------------------------------------------------------------------- */
void debug_tracks_init(void);
void debug_tracks_exit(void);
void debug_track_fill(struct track *track, const void *caller);
/* A report; object may be NULL: of the cache as such. */
void debug_report(const struct kmem_cache *cache, const void *object, const char *what);
/* n bytes at `at` of the object's slot are not `byte`. */
void debug_report_bytes(const struct kmem_cache *cache, const void *object, const char *what,
			const u8 *at, u32 n, int byte);
/* One line or more: who allocated the object, from where. */
void debug_describe(const struct kmem_cache *cache, const void *object);

#endif
