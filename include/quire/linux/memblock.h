/* SPDX-License-Identifier: MIT */
/* linux/memblock.h for code written against Linux: memory before there is an allocator. */
#ifndef QUIRE_LINUX_MEMBLOCK_H
#define QUIRE_LINUX_MEMBLOCK_H

#include <quire/boot.h>
#include <quire/memblock.h>
#include <quire/linux/cache.h>
#include <quire/linux/init.h>
#include <quire/linux/limits.h>
#include <quire/linux/mm.h>
#include <quire/linux/numa.h>
#include <quire/linux/sizes.h>

/* Nobody follows leaks here. */
#define MEMBLOCK_ALLOC_KASAN MEMBLOCK_ALLOC_NOLEAKTRACE

#endif
