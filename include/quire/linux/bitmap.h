/* SPDX-License-Identifier: MIT */
/* linux/bitmap.h for code written against Linux: sets of small numbers. */
#ifndef QUIRE_LINUX_BITMAP_H
#define QUIRE_LINUX_BITMAP_H

#include <quire/bitmap.h>
#include <quire/linux/bitops.h>

static inline bool bitmap_empty(const unsigned long *map, unsigned long nbits)
{
	return find_first_bit(map, nbits) >= nbits;
}

static inline bool bitmap_full(const unsigned long *map, unsigned long nbits)
{
	return find_first_zero_bit(map, nbits) >= nbits;
}

#endif
