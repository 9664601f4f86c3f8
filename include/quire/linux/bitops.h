/* SPDX-License-Identifier: MIT */
/* linux/bitops.h for code written against Linux: single bits, alone and in arrays. */
#ifndef QUIRE_LINUX_BITOPS_H
#define QUIRE_LINUX_BITOPS_H

#include <quire/bitmap.h>
#include <quire/linux/bits.h>

/* The first bit that is off; there must be one. */
static inline unsigned long ffz(unsigned long x)
{
	return __ffs(~x);
}

static inline unsigned hweight32(u32 x)
{
	return (unsigned)__builtin_popcount(x);
}

static inline unsigned hweight64(u64 x)
{
	return (unsigned)__builtin_popcountll(x);
}

#endif
