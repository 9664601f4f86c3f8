/* SPDX-License-Identifier: MIT */
/* mmio.h - registers of devices: 32 bits, in order. */
#ifndef QUIRE_BARE_MMIO_H
#define QUIRE_BARE_MMIO_H

#include <quire/types.h>

static inline u32 reg_read(const volatile void *base, unsigned at)
{
	return *(const volatile u32 *)((const volatile char *)base + at);
}

static inline void reg_write(volatile void *base, unsigned at, u32 v)
{
	*(volatile u32 *)((volatile char *)base + at) = v;
}

#endif
