/* SPDX-License-Identifier: MIT */
/*
 * guard.h - a few allocations, chosen by counting, get pages of their own with a guard page behind
 * them: an overrun, or a use after the free, is a fault at once, and the report says whose.
 */
#ifndef QUIRE_MALLOC_GUARD_H
#define QUIRE_MALLOC_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* All bytes zero; NULL: it is not this call's turn, too large, or no place is free. */
void *guard_alloc(size_t size, size_t align);
/* False: p is none of these.  A second free is reported. */
bool guard_free(void *p);
/* Bytes asked for, at least 1; 0: p is none of these. */
size_t guard_size(const void *p);

/* Nobody is at the places between the two: fork(). */
void guard_freeze(void);
void guard_thaw(void);

#endif
