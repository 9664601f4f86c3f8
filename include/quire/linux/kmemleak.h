/* SPDX-License-Identifier: MIT */
/* linux/kmemleak.h for code written against Linux: nobody follows leaks here. */
#ifndef QUIRE_LINUX_KMEMLEAK_H
#define QUIRE_LINUX_KMEMLEAK_H

#include <quire/types.h>

static inline void kmemleak_alloc_phys(phys_addr_t phys, size_t size, gfp_t gfp)
{
	(void)phys, (void)size, (void)gfp;
}

static inline void kmemleak_free_part_phys(phys_addr_t phys, size_t size)
{
	(void)phys, (void)size;
}

static inline void kmemleak_ignore_phys(phys_addr_t phys)
{
	(void)phys;
}

#endif
