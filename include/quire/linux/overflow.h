/* SPDX-License-Identifier: MIT */
/* linux/overflow.h for code written against Linux: arithmetic that says when it did not fit. */
#ifndef QUIRE_LINUX_OVERFLOW_H
#define QUIRE_LINUX_OVERFLOW_H

#include <quire/overflow.h>

#define array3_size(a, b, c)            size_mul(size_mul(a, b), c)
#define flex_array_size(ptr, member, n) size_mul(sizeof((ptr)->member[0]), (n))

#endif
