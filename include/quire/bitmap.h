/* SPDX-License-Identifier: MIT */
/*
 * quire/bitmap.h - sets of small numbers, one bit each, in an array of unsigned long.
 *
 * set_bit and its family are atomic, the __ forms are not.  The find_ functions return `size` when
 * there is no such bit.
 */
#ifndef QUIRE_BITMAP_H
#define QUIRE_BITMAP_H

#include <quire/bits.h>

#define BITS_TO_LONGS(n)            (((n) + sizeof(long) * 8 - 1) / (sizeof(long) * 8))
#define DECLARE_BITMAP(name, nbits) unsigned long name[BITS_TO_LONGS(nbits)]
#define BIT_WORD(n)                 ((n) / BITS_PER_LONG)
#define BIT_MASK(n)                 (1UL << ((n) % BITS_PER_LONG))

static inline bool test_bit(unsigned long nr, const unsigned long *map)
{
	return READ_ONCE(map[BIT_WORD(nr)]) >> (nr % BITS_PER_LONG) & 1;
}

static inline void __set_bit(unsigned long nr, unsigned long *map)
{
	map[BIT_WORD(nr)] |= BIT_MASK(nr);
}

static inline void __clear_bit(unsigned long nr, unsigned long *map)
{
	map[BIT_WORD(nr)] &= ~BIT_MASK(nr);
}

static inline void set_bit(unsigned long nr, unsigned long *map)
{
	__atomic_fetch_or(&map[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_RELAXED);
}

static inline void clear_bit(unsigned long nr, unsigned long *map)
{
	__atomic_fetch_and(&map[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_RELAXED);
}

/* Full barriers; return whether the bit was set before. */
static inline bool test_and_set_bit(unsigned long nr, unsigned long *map)
{
	return __atomic_fetch_or(&map[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_SEQ_CST) & BIT_MASK(nr);
}

static inline bool test_and_clear_bit(unsigned long nr, unsigned long *map)
{
	return __atomic_fetch_and(&map[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_SEQ_CST) &
	       BIT_MASK(nr);
}

/* Every bit of [0, nbits) off or on; bits of the last word beyond nbits are cleared. */
void bitmap_zero(unsigned long *map, unsigned long nbits);
void bitmap_fill(unsigned long *map, unsigned long nbits);

/* Bits [start, start + len) on or off.  Not atomic. */
void bitmap_set(unsigned long *map, unsigned long start, unsigned long len);
void bitmap_clear(unsigned long *map, unsigned long start, unsigned long len);

/* How many bits of [0, nbits) are on. */
unsigned long bitmap_weight(const unsigned long *map, unsigned long nbits);

/* The first bit at or after `from` and below `size` that is on (off). */
unsigned long find_next_bit(const unsigned long *map, unsigned long size, unsigned long from);
unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size, unsigned long from);

#define find_first_bit(map, size)      find_next_bit((map), (size), 0)
#define find_first_zero_bit(map, size) find_next_zero_bit((map), (size), 0)

/* The first run of `len` bits that are off, at or after `from`, starting at a multiple of align (a
 * power of two); `size` if there is none. */
unsigned long bitmap_find_next_zero_area(const unsigned long *map, unsigned long size,
					 unsigned long from, unsigned long len,
					 unsigned long align);

#define for_each_set_bit(bit, map, size)                                                           \
	for ((bit) = find_next_bit((map), (size), 0); (bit) < (size);                              \
	     (bit) = find_next_bit((map), (size), (bit) + 1))

#endif
