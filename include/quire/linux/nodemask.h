/* SPDX-License-Identifier: MIT */
/* linux/nodemask.h for code written against Linux: sets of nodes: those that have memory. */
#ifndef QUIRE_LINUX_NODEMASK_H
#define QUIRE_LINUX_NODEMASK_H

#include <quire/mmzone.h>
#include <quire/linux/numa.h>

#define node_online(nid)   ((unsigned)(nid) < QUIRE_NR_NODES && NODE_DATA(nid)->online)
#define for_each_node(nid) for ((nid) = 0; (nid) < (int)QUIRE_NR_NODES; (nid)++)
#define for_each_online_node(nid)                                                                  \
	for_each_node(nid)                                                                         \
		if (node_online(nid))
#define nr_node_ids ((unsigned)QUIRE_NR_NODES)

#endif
