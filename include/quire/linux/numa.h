/* SPDX-License-Identifier: MIT */
/* linux/numa.h for code written against Linux: node numbers. */
#ifndef QUIRE_LINUX_NUMA_H
#define QUIRE_LINUX_NUMA_H

#include <quire/memblock.h>

#define NODES_SHIFT       6
#define first_online_node 0
#define numa_node_id()    0
#define numa_mem_id()     0

#endif
