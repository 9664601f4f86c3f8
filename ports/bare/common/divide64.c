/* SPDX-License-Identifier: MIT */
/*
 * divide64.c - division of 64 bits, by the school's method (Knuth, The Art of Computer Programming 2, 4.3.1 D) in
 * digits of 16 and 32 bits: nothing here divides more than 32 bits by 32.
 *
 *   u64 / u32:   high word / d, then (remainder, low word) / d
 *   u64 / u64:   d's upper 32 bits estimate a quotient of one word, at most one too large
 */
#include "divide64.h"

/* (high, low) / d, high < d, d's top bit set: one digit of 16 bits of the quotient at a time. */
static u32 divide_normal(u32 high, u32 low, u32 d, u32 *remainder)
{
	u32 d1 = d >> 16, d0 = d & 0xffff, quotient = 0;

	for (int shift = 16; shift >= 0; shift -= 16) {
		u32 next = low >> shift & 0xffff;
		u32 digit = high / d1, rest = high - digit * d1;

		while (digit > 0xffff || digit * d0 > (rest << 16 | next)) {
			digit--;
			rest += d1;
			if (rest > 0xffff)
				break; /* no longer too large */
		}
		high = (high << 16 | next) - digit * d;
		quotient = quotient << 16 | digit;
	}
	*remainder = high;
	return quotient;
}

/* (high, low) / d, high < d: any d but 0. */
static u32 divide_words(u32 high, u32 low, u32 d, u32 *remainder)
{
	unsigned shift = (unsigned)__builtin_clz(d);
	u32 quotient;

	if (!high) {
		quotient = low / d;
		*remainder = low - quotient * d;
		return quotient;
	}
	if (shift)
		high = high << shift | low >> (32 - shift);
	quotient = divide_normal(high, low << shift, d << shift, remainder);
	*remainder >>= shift;
	return quotient;
}

static void divide_by_word(struct bare_quotient *out, u64 n, u32 d)
{
	u32 high = (u32)(n >> 32), above = high >= d ? high / d : 0, remainder;
	u32 below = divide_words(high - above * d, (u32)n, d, &remainder);

	*out = (struct bare_quotient){ (u64)above << 32 | below, remainder };
}

/* d has more than 32 bits, so the quotient has less. */
static void divide_by_two(struct bare_quotient *out, u64 n, u64 d)
{
	unsigned shift = (unsigned)__builtin_clz((u32)(d >> 32));
	u64 half = n >> 1;
	u32 top = (u32)(d << shift >> 32), unused;
	u32 guess = divide_words((u32)(half >> 32), (u32)half, top, &unused);
	u64 quotient = (u64)guess << shift >> 31;

	/* Cut digits of d made it too large by one at most, and by nothing too small. */
	if (quotient)
		quotient--;
	n -= quotient * d;
	if (n >= d) {
		n -= d;
		quotient++;
	}
	*out = (struct bare_quotient){ quotient, n };
}

void bare_divide64(struct bare_quotient *out, u64 n, u64 d)
{
	if (!d)
		*out = (struct bare_quotient){ 0, n };
	else if (d >> 32)
		divide_by_two(out, n, d);
	else
		divide_by_word(out, n, (u32)d);
}

void bare_divide64_signed(struct bare_quotient *out, s64 n, s64 d)
{
	bare_divide64(out, n < 0 ? -(u64)n : (u64)n, d < 0 ? -(u64)d : (u64)d);
	if ((n < 0) != (d < 0))
		out->quotient = -out->quotient;
	if (n < 0)
		out->remainder = -out->remainder;
}
