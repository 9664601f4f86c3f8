/* SPDX-License-Identifier: MIT */
/* linux/numa.h for code written against Linux: node numbers and distances. */
#ifndef QUIRE_LINUX_NUMA_H
#define QUIRE_LINUX_NUMA_H

#include <quire/memblock.h>
#include <quire/mmzone.h>
#include <quire/numa.h>

#define NODES_SHIFT         6
/* The first node that has memory; 0 while none has. */
#define first_online_node   (first_online_pgdat() ? first_online_pgdat()->node_id : 0)
/* Requests fall back by distance from a node without memory too. */
#define numa_mem_id()       numa_node_id()
#define cpu_to_mem(cpu)     cpu_to_node(cpu)
#define numa_set_node(c, n) ((void)set_cpu_node((c), (n)))

#endif
