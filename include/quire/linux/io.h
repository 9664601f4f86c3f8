/* SPDX-License-Identifier: MIT */
/* linux/io.h for code written against Linux: device registers. */
#ifndef QUIRE_LINUX_IO_H
#define QUIRE_LINUX_IO_H

#include <quire/bytes.h>
#include <quire/vmalloc.h>
#include <quire/linux/mm.h>
#include <quire/linux/types.h>

#define QUIRE_IO(letter, type)                                                                     \
	static inline type read##letter(const volatile void __iomem *at)                           \
	{                                                                                          \
		type value = *(const volatile type *)at;                                           \
		barrier();                                                                         \
		return value;                                                                      \
	}                                                                                          \
	static inline void write##letter(type value, volatile void __iomem *at)                    \
	{                                                                                          \
		barrier();                                                                         \
		*(volatile type *)at = value;                                                      \
	}
QUIRE_IO(b, u8)
QUIRE_IO(w, u16)
QUIRE_IO(l, u32)
QUIRE_IO(q, u64)
#undef QUIRE_IO
#define readl_relaxed(at)     readl(at)
#define writel_relaxed(v, at) writel((v), (at))

/* Byte by byte: a device may not like anything wider. */
static inline void memcpy_fromio(void *to, const volatile void __iomem *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((u8 *)to)[i] = readb((const volatile u8 *)from + i);
}

static inline void memcpy_toio(volatile void __iomem *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		writeb(((const u8 *)from)[i], (volatile u8 *)to + i);
}

static inline void memset_io(volatile void __iomem *at, int byte, size_t n)
{
	for (size_t i = 0; i < n; i++)
		writeb((u8)byte, (volatile u8 *)at + i);
}

#endif
