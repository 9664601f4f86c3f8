/* SPDX-License-Identifier: MIT */
/* popcount.c - what the compiler may call to count bits, on machines without an instruction for it. */
#include <quire/types.h>

int __popcountdi2(long v);

/* Called by what link-time optimisation makes, after it has thrown away what nobody calls. */
__attribute__((__used__)) int __popcountdi2(long v)
{
	u64 x = (u64)v;

	x -= x >> 1 & 0x5555555555555555ULL;
	x = (x & 0x3333333333333333ULL) + (x >> 2 & 0x3333333333333333ULL);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (int)(x * 0x0101010101010101ULL >> 56);
}
