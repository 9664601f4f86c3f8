/* SPDX-License-Identifier: MIT */
/*
 * quire/overflow.h - arithmetic that says when it did not fit.
 *
 * check_*_overflow store the wrapped result and return true if it is not the real one.  The size_*
 * functions return SIZE_MAX instead, which no allocator can serve.
 */
#ifndef QUIRE_OVERFLOW_H
#define QUIRE_OVERFLOW_H

#include <quire/types.h>

#define check_add_overflow(a, b, out) __builtin_add_overflow((a), (b), (out))
#define check_sub_overflow(a, b, out) __builtin_sub_overflow((a), (b), (out))
#define check_mul_overflow(a, b, out) __builtin_mul_overflow((a), (b), (out))

static inline size_t size_mul(size_t a, size_t b)
{
	size_t bytes;

	return check_mul_overflow(a, b, &bytes) ? SIZE_MAX : bytes;
}

static inline size_t size_add(size_t a, size_t b)
{
	size_t bytes;

	return check_add_overflow(a, b, &bytes) ? SIZE_MAX : bytes;
}

/* Bytes of n elements of `each` bytes. */
static inline size_t array_size(size_t n, size_t each)
{
	return size_mul(n, each);
}

/* Bytes of *ptr followed by `count` elements of its flexible array `member`. */
#define struct_size(ptr, member, count)                                                            \
	size_add(sizeof(*(ptr)), size_mul(sizeof((ptr)->member[0]), (count)))

#endif
