/* SPDX-License-Identifier: MIT */
/*
 * qmalloc.h - what the parts of libquire-malloc.so share.
 *
 *   api.c     the C names: malloc, free ...     small.c   up to 8 KiB: objects of the heap's caches
 *   start.c   from nothing to a heap; growth    block.c   up to 4 MiB: runs of frames
 *   threads.c threads take slots as CPUs        mapped.c  above: mappings of their own
 *
 * Lock: `quire_started` and who holds a slot: threads.c.  The rest locks in the library.
 */
#ifndef QUIRE_QMALLOC_H
#define QUIRE_QMALLOC_H

#include <preload_machine.h>
#include <quire/gfp.h>
#include <quire/slab.h>

#define GFP_MALLOC (GFP_KERNEL | __GFP_NOWARN)

#define SMALL_MAX   8192u                         /* bytes; larger ones are runs of frames     */
#define BLOCK_MAX   (PAGE_SIZE << MAX_PAGE_ORDER) /* bytes; larger ones are mapped        */
#define MALLOC_MOST ((size_t)PTRDIFF_MAX)         /* bytes; more is refused                    */
#define MIN_ALIGN   8u /* of less than 16 bytes; others are aligned to 16             */

/* ---- threads.c ------------------------------------------------------------------------------- */
/* Whether the calling thread holds a slot: then it may call the library at once. */
static quire_always_inline bool have_slot(void)
{
	return likely(preload_cpu.percpu_offset != 0);
}

/* Between the two the thread is a CPU: its own, or the one that threads without a slot share, which
 * is locked.  The first call starts everything. */
struct visit {
	enum { VISIT_NOTHING, VISIT_OWN, VISIT_SHARED } kind; /* what visit_end() takes off */
};
struct visit visit_begin(void);
void visit_end(struct visit visit);
/* As the shared CPU, for a thread that is none of the program's; after the start. */
struct visit visit_shared(void);
void threads_start(void);

/* ---- start.c --------------------------------------------------------------------------------- */
/* RAM, frames, heap, caches: once, on whatever thread comes first.  Ends the process if there is not
 * even the least memory. */
void malloc_start(void);
extern bool malloc_started;

/* The same, from outside any lock. */
void malloc_begin(void);
static inline void malloc_ready(void)
{
	if (unlikely(!__atomic_load_n(&malloc_started, __ATOMIC_ACQUIRE)))
		malloc_begin();
}
/* Nobody adds RAM between the two. */
void growth_freeze(void);
void growth_thaw(void);

/* ---- release.c ------------------------------------------------------------------------------- */
/* Free frames go back to the host: what has been free for a second or two, or all.  How many. */
unsigned long release_frames(bool all);
/* From now on somebody looks after free memory.  False: there can be no such thread. */
bool release_watch(void);
/* No cycle between the two.  In the child of a fork() nobody looks after RAM until it grows again. */
void release_freeze(void);
void release_thaw(bool child);

/* ---- small.c --------------------------------------------------------------------------------- */
/* The cache for sizes up to SMALL_TABLE, by (size + 7) / 8. */
#define SMALL_TABLE 1024u
extern struct kmem_cache *small_table[SMALL_TABLE / 8 + 1];
int small_start(void);
/* The cache for 1 .. SMALL_MAX bytes. */
struct kmem_cache *small_cache(size_t size);

/* ---- block.c; the thread is a CPU ------------------------------------------------------------ */
/* A run of frames for SMALL_MAX < size <= BLOCK_MAX, or smaller with an alignment above a page. */
void *block_alloc(size_t size, size_t align, bool zero);
/* page: of the first byte of p.  False: p is no block. */
bool block_free(void *p, struct page *page);
size_t block_usable(const void *p, const struct page *page);
/* Make it larger or smaller where it is; false: it stays as it was. */
bool block_resize(struct page *page, size_t size);
/* One that this slot keeps, for SMALL_MAX < size <= BLOCK_MAX, or NULL. */
void *block_take_kept(size_t size);
/* What the thread's slot keeps goes back: it ends. */
void blocks_thread_ends(void);
/* What slots keep goes back: of those that did nothing since the last call, or of all. */
void blocks_release(bool all);
/* Nobody is at what is kept between the two; the child of a fork() gets what the others kept. */
void blocks_freeze(void);
void blocks_thaw(bool child);

/* ---- mapped.c; any thread -------------------------------------------------------------------- */
void *mapped_alloc(size_t size, size_t align, bool zero);
/* Freed mappings that are kept for the next block: all go, or those that a cycle ago were there. */
void mapped_release(bool all);
void mapped_freeze(void);
void mapped_thaw(void);
bool mapped_free(void *p);
size_t mapped_usable(const void *p);
extern size_t mapped_bytes, mapped_count; /* of all; atomic */
void *mapped_resize(void *p, size_t size);

/* ---- options.c ------------------------------------------------------------------------------- */
struct malloc_options {
	bool slow;          /* something below is on that wants to see every call           */
	slab_flags_t debug; /* SLAB_*, for all caches; not 0: sizes are checked to the byte   */
	unsigned guard;     /* one call in so many gets pages of its own; 0: none             */
	bool trace;         /* calls are recorded                                             */
	bool report;        /* say at exit what was used                                      */
	bool no_thread;     /* nobody looks after free memory                                 */
	bool go_on;         /* damage is reported, and does not end the process               */
	char trace_file[256];
};
extern struct malloc_options malloc_options; /* written once, by options_read() */
/* From QUIRE_MALLOC in the environment; what is wrong there ends the process, in words. */
void options_read(void);

/* ---- debug.c: the same as below, for who wants to see every call ----------------------------- */
void *told_alloc(size_t size, size_t align, bool zero);
void told_free(void *p);
void *told_realloc(void *p, size_t size);
size_t told_usable(const void *p);

/* ---- info.c, page.c -------------------------------------------------------------------------- */
struct malloc_totals {
	size_t ram;    /* bytes of RAM opened so far                                  */
	size_t unused; /* of them free                                                */
	size_t mapped, nr_mapped;
};
struct malloc_totals malloc_totals(void);
/* Somebody outside who wants to know is told; whether there is one.  The thread is a CPU. */
bool page_refresh(void);
unsigned threads_slots_free(void);

/* ---- any --------------------------------------------------------------------------------------- */
void *alloc_any(size_t size, size_t align, bool zero);
void free_any(void *p);
size_t usable_any(const void *p);

/* Stop, with what was wrong. */
void bad_pointer(const char *call, const void *p) __noreturn;

#endif
