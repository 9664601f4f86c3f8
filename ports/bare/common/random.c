/* SPDX-License-Identifier: MIT */
/* random.c - port_random(): how long things took since power-on, to the tick, well stirred. */
#include <bare.h>

unsigned long port_random(void)
{
	static unsigned long state;
	u64 x = __atomic_add_fetch(&state, (unsigned long)bare_ticks() | 1, __ATOMIC_RELAXED);

	x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
	return (unsigned long)(x ^ x >> 33);
}
