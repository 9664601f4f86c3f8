/* SPDX-License-Identifier: MIT */
/*
 * Memory for tests written against Linux's memblock.
 *
 * Physical addresses are host addresses here: no machine is started, so memory that is given to
 * memblock is an array of this program, as in a test-suite that knows nothing of quire.  Tables
 * give offsets in that array.
 */
#ifndef TESTS_UNIT_BOOT_LINUX_ARENA_H
#define TESTS_UNIT_BOOT_LINUX_ARENA_H

#include "support/layers.h"
#include <quire/linux/kernel.h>
#include <quire/linux/memblock.h>
#include <quire/linux/memory_hotplug.h>
#include <quire/linux/numa.h>
#include <quire/linux/types.h>

#define ARENA SZ_256K
#define K     SZ_1K

static _Alignas(SZ_64K) unsigned char arena[ARENA];

static inline phys_addr_t at(long offset)
{
	return virt_to_phys(arena) + (phys_addr_t)offset;
}

static inline void reset(void)
{
	memblock_exit();
	movable_node_enabled = false;
	memset(arena, 0xa5, sizeof(arena));
}

struct range {
	long base, size;
};

#define assert_region(type, i, b, s)                                                               \
	do {                                                                                       \
		assert_true((type).cnt > (unsigned long)(i));                                      \
		assert_int_equal((type).regions[i].base, (phys_addr_t)(b));                        \
		assert_int_equal((type).regions[i].size, (phys_addr_t)(s));                        \
	} while (0)

#endif
