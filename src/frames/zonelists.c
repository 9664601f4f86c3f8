/* SPDX-License-Identifier: MIT */
/*
 * frames/zonelists.c - which node is how far from which, on which one a CPU is, and so in which
 * order a request tries the zones.
 *
 *   distance     to 0   1   2           node 1 asks:
 *   from 0       10  20  30             1 Normal, 1 DMA32 .. its own zones from high to low,
 *   from 1       20  10  15             2 Normal, 2 DMA32 .. then the nearest node's,
 *   from 2       30  15  10             0 Normal, 0 DMA32 .. and so on; ties: the next number first
 *
 * Always true:  every populated zone is on every node's fallback list once; only the node's own are
 *               on its other list.  A node without memory has lists too: a CPU may be there.
 * Lock:         none; boot, one CPU.
 */
#include <quire/bytes.h>
#include <quire/err.h>
#include <quire/init.h>
#include <quire/printk.h>
#include "zones.h"

#define DISTANCE_MOST 254 /* 255 says unreachable in the firmware's table */

/* What was said of each pair; 0: nothing. */
static u8 distances[QUIRE_NR_NODES][QUIRE_NR_NODES];
u8 quire_cpu_node[QUIRE_NR_CPUS];

static bool node_fits(int nid)
{
	return nid >= 0 && nid < QUIRE_NR_NODES;
}

int node_distance(int from, int to)
{
	int said = node_fits(from) && node_fits(to) ? distances[from][to] : 0;

	if (said)
		return said;
	return from == to ? LOCAL_DISTANCE : REMOTE_DISTANCE;
}

int __init numa_set_distance(int from, int to, int distance)
{
	if (!node_fits(from) || !node_fits(to) || distance < LOCAL_DISTANCE ||
	    distance > DISTANCE_MOST || (from == to) != (distance == LOCAL_DISTANCE)) {
		pr_warn("frames: node %d to %d cannot be %d far\n", from, to, distance);
		return -EINVAL;
	}
	distances[from][to] = (u8)distance;
	return 0;
}

int __init set_cpu_node(unsigned cpu, int nid)
{
	if (cpu >= QUIRE_NR_CPUS || !node_fits(nid))
		return -EINVAL;
	quire_cpu_node[cpu] = (u8)nid;
	return 0;
}

static void __init append_node(struct zonelist *list, struct pglist_data *from)
{
	for (unsigned type = MAX_NR_ZONES; type-- > 0;)
		if (populated_zone(&from->node_zones[type]))
			list->zones[list->nr++] = &from->node_zones[type];
}

/* The nearest node that is not `done`, the next number first; -1: none is left. */
static int __init next_nearest(int nid, const bool *done)
{
	int best = -1;

	for (int step = 0; step < QUIRE_NR_NODES; step++) {
		int to = (nid + step) % QUIRE_NR_NODES;

		if (done[to] || !NODE_DATA(to)->online)
			continue;
		if (best < 0 || node_distance(nid, to) < node_distance(nid, best))
			best = to;
	}
	return best;
}

static void __init make_zonelists(struct pglist_data *node)
{
	struct zonelist *list = node->node_zonelists;
	bool done[QUIRE_NR_NODES] = { false };

	append_node(&list[ZONELIST_NOFALLBACK], node);
	for (int to; (to = next_nearest(node->node_id, done)) >= 0; done[to] = true)
		append_node(&list[ZONELIST_FALLBACK], NODE_DATA(to));
}

void __init zonelists_init(void)
{
	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		make_zonelists(NODE_DATA(nid));
}

void zonelists_exit(void)
{
	memset(distances, 0, sizeof(distances));
	memset(quire_cpu_node, 0, sizeof(quire_cpu_node));
}
