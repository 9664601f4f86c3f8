/* SPDX-License-Identifier: MIT */
/* linux/bits.h for code written against Linux: masks. */
#ifndef QUIRE_LINUX_BITS_H
#define QUIRE_LINUX_BITS_H

#include <quire/bits.h>

#define BITS_PER_BYTE          8
#define GENMASK(high, low)     ((~0UL << (low)) & (~0UL >> (BITS_PER_LONG - 1 - (high))))
#define GENMASK_ULL(high, low) ((~0ULL << (low)) & (~0ULL >> (63 - (high))))

#endif
