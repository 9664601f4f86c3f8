/* SPDX-License-Identifier: MIT */
/* linux/memory_hotplug.h for code written against Linux: memory that comes and goes. */
#ifndef QUIRE_LINUX_MEMORY_HOTPLUG_H
#define QUIRE_LINUX_MEMORY_HOTPLUG_H

#include <quire/contig.h>
#include <quire/memblock.h>

static inline bool movable_node_is_enabled(void)
{
	return movable_node_enabled;
}

#endif
