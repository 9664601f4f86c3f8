/* SPDX-License-Identifier: MIT */
/* trace.h - every call is recorded in a file: docs/trace.md says how. */
#ifndef QUIRE_MALLOC_TRACE_H
#define QUIRE_MALLOC_TRACE_H

#include <stdbool.h>
#include <stddef.h>

/* After the call.  p NULL: it failed, which is not recorded. */
void trace_alloc(const void *p, size_t size, size_t align, bool zero);
/* Before the call, so that nobody can have got the block yet. */
void trace_free(const void *p);
/* Both blocks exist. */
void trace_realloc(const void *from, const void *to, size_t size);
/* What the calling thread recorded is written out. */
void trace_thread_ends(void);
/* After a fork(): the child records nothing any more. */
void trace_thaw(bool child);

#endif
