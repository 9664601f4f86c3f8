/* SPDX-License-Identifier: MIT */
/*
 * quire/bits.h - arithmetic on single words: which bit, how many, the next power of two.
 *
 * Bits are numbered from 0, the least significant.  Everything is pure and usable in any context.
 */
#ifndef QUIRE_BITS_H
#define QUIRE_BITS_H

#include <quire/types.h>

#define BITS_PER_LONG ((unsigned)(sizeof(long) * 8))
#define BIT(n)        (1UL << (n))
#define BIT_ULL(n)    (1ULL << (n))

/* Number of the lowest set bit.  x must not be 0. */
static inline unsigned __ffs(unsigned long x)
{
	return (unsigned)__builtin_ctzl(x);
}

/* Number of the highest set bit.  x must not be 0. */
static inline unsigned __fls(unsigned long x)
{
	return BITS_PER_LONG - 1 - (unsigned)__builtin_clzl(x);
}

/* As above but counted from 1, so that 0 can mean "none". */
static inline int ffs_long(unsigned long x)
{
	return __builtin_ffsl((long)x);
}

static inline int fls(unsigned x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

static inline int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

static inline unsigned hweight_long(unsigned long x)
{
	return (unsigned)__builtin_popcountl(x);
}

/* log2, rounded down.  n must not be 0. */
static inline unsigned ilog2(u64 n)
{
	return 63 - (unsigned)__builtin_clzll(n);
}

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

/* The smallest power of two that is at least n.  1 <= n <= half the range of the type. */
static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	return n <= 1 ? 1 : 1UL << (__fls(n - 1) + 1);
}

/* The largest power of two that is at most n.  n must not be 0. */
static inline unsigned long rounddown_pow_of_two(unsigned long n)
{
	return 1UL << __fls(n);
}

/* The smallest order whose block of 2^order frames holds `size` bytes; 0 for size 0. */
static inline unsigned get_order(unsigned long size)
{
	return size <= PAGE_SIZE ? 0 : __fls((size - 1) >> PAGE_SHIFT) + 1;
}

#endif
