/* SPDX-License-Identifier: MIT */
/*
 * quire/run.h - neighbouring frames in any number, not only a power of two.
 *
 * Context and failure: as alloc_pages(), see quire/gfp.h.
 */
#ifndef QUIRE_RUN_H
#define QUIRE_RUN_H

#include <quire/gfp.h>

/*
 * A run of nr neighbouring frames, aligned to 2^align_order of them: the first, which holds the only
 * reference; the owner may use its descriptor as that of any block, and says how many there are when
 * it frees.  NULL: no memory, or more than 2^MAX_PAGE_ORDER frames, or nr is 0.
 */
struct page *alloc_run(gfp_t gfp, unsigned long nr, unsigned align_order) __must_check;
/* nr frames of a run go back: all of it, or its end, from `page` on. */
void free_run(struct page *page, unsigned long nr);
/* The `more` frames behind a run of nr are its too, if they are free just now.  False: nothing has
 * changed. */
bool extend_run(struct page *page, unsigned long nr, unsigned long more) __must_check;

#endif
