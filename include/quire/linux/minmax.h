/* SPDX-License-Identifier: MIT */
/* linux/minmax.h for code written against Linux: smaller, larger, between. */
#ifndef QUIRE_LINUX_MINMAX_H
#define QUIRE_LINUX_MINMAX_H

#include <quire/types.h>

#define min_t(type, a, b)           min((type)(a), (type)(b))
#define max_t(type, a, b)           max((type)(a), (type)(b))
#define min3(a, b, c)               min(min(a, b), c)
#define max3(a, b, c)               max(max(a, b), c)
#define min_not_zero(a, b)          ((a) == 0 ? (b) : (b) == 0 ? (a) : min(a, b))
#define clamp(x, low, high)         min(max(x, low), high)
#define clamp_t(type, x, low, high) clamp((type)(x), (type)(low), (type)(high))
#define clamp_val(x, low, high)     clamp_t(__typeof__(x), x, low, high)
#define swap(a, b)                                                                                 \
	do {                                                                                       \
		__typeof__(a) was_ = (a);                                                          \
		(a) = (b);                                                                         \
		(b) = was_;                                                                        \
	} while (0)

#endif
