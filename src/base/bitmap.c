/* SPDX-License-Identifier: MIT */
/*
 * base/bitmap.c - searches and ranges in bitmaps, a word at a time.
 *
 *   word 0                word 1                       bit n is bit n % BITS_PER_LONG of word n / BITS_PER_LONG
 *   |63 ........... 1 0|127 ............. 64| ...
 *
 * Lock: the caller's.
 */
#include <quire/bitmap.h>

/* Bits of the word that starts at bit `base` which lie inside [start, end). */
static unsigned long word_mask(unsigned long base, unsigned long start, unsigned long end)
{
	unsigned long mask = ~0UL;

	if (start > base)
		mask <<= start - base;
	if (end - base < BITS_PER_LONG)
		mask &= (1UL << (end - base)) - 1;
	return mask;
}

void bitmap_zero(unsigned long *map, unsigned long nbits)
{
	for (unsigned long i = 0; i < BITS_TO_LONGS(nbits); i++)
		map[i] = 0;
}

void bitmap_fill(unsigned long *map, unsigned long nbits)
{
	bitmap_zero(map, nbits);
	bitmap_set(map, 0, nbits);
}

void bitmap_set(unsigned long *map, unsigned long start, unsigned long len)
{
	unsigned long end = start + len;

	for (unsigned long base = QUIRE_ALIGN_DOWN(start, BITS_PER_LONG); base < end;
	     base += BITS_PER_LONG)
		map[BIT_WORD(base)] |= word_mask(base, start, end);
}

void bitmap_clear(unsigned long *map, unsigned long start, unsigned long len)
{
	unsigned long end = start + len;

	for (unsigned long base = QUIRE_ALIGN_DOWN(start, BITS_PER_LONG); base < end;
	     base += BITS_PER_LONG)
		map[BIT_WORD(base)] &= ~word_mask(base, start, end);
}

unsigned long bitmap_weight(const unsigned long *map, unsigned long nbits)
{
	unsigned long n = 0;

	for (unsigned long base = 0; base < nbits; base += BITS_PER_LONG)
		n += hweight_long(map[BIT_WORD(base)] & word_mask(base, 0, nbits));
	return n;
}

/* invert: 0 to look for bits that are on, ~0 for those that are off. */
static unsigned long find_next(const unsigned long *map, unsigned long size, unsigned long from,
			       unsigned long invert)
{
	if (from >= size)
		return size;
	for (unsigned long base = QUIRE_ALIGN_DOWN(from, BITS_PER_LONG); base < size;
	     base += BITS_PER_LONG) {
		unsigned long word = (map[BIT_WORD(base)] ^ invert) & word_mask(base, from, size);

		if (word)
			return base + __ffs(word);
	}
	return size;
}

unsigned long find_next_bit(const unsigned long *map, unsigned long size, unsigned long from)
{
	return find_next(map, size, from, 0);
}

unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size, unsigned long from)
{
	return find_next(map, size, from, ~0UL);
}

unsigned long bitmap_find_next_zero_area(const unsigned long *map, unsigned long size,
					 unsigned long from, unsigned long len, unsigned long align)
{
	while (from < size) {
		unsigned long start = QUIRE_ALIGN_UP(find_next_zero_bit(map, size, from), align),
			      taken;

		if (start < from || start >= size || len > size - start)
			break;
		taken = find_next_bit(map, start + len, start);
		if (taken == start + len)
			return start;
		from = taken + 1;
	}
	return size;
}
