/* SPDX-License-Identifier: MIT */
/* linux/log2.h for code written against Linux: powers of two. */
#ifndef QUIRE_LINUX_LOG2_H
#define QUIRE_LINUX_LOG2_H

#include <quire/bits.h>

static inline unsigned order_base_2(unsigned long n)
{
	return n > 1 ? ilog2(n - 1) + 1 : 0;
}

#endif
