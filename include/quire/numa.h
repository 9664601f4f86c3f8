/* SPDX-License-Identifier: MIT */
/*
 * quire/numa.h - which memory is how far from which CPU.
 *
 *   set_cpu_node(), numa_set_distance()  ->  frames_init()  ->  zonelists, the nearest node first
 *
 * Without a word from the port there is one distance between all nodes, and every CPU is on node 0.
 */
#ifndef QUIRE_NUMA_H
#define QUIRE_NUMA_H

#include <quire/port.h>
#include <quire/types.h>

#define LOCAL_DISTANCE  10
#define REMOTE_DISTANCE 20

/* How far memory of node `to` is from CPUs of node `from`: LOCAL_DISTANCE for itself, else what the
 * firmware or numa_set_distance() said, else REMOTE_DISTANCE.  Any numbers may be asked. */
int node_distance(int from, int to);
/* Set it, one way; 11..254 between different nodes.  Before frames_init(); forgotten by
 * frames_exit().  0, or -EINVAL with a line in the log. */
int numa_set_distance(int from, int to, int distance);

/* The node whose memory CPU `cpu` is nearest to: 0 until set_cpu_node(), before percpu_init(), says
 * otherwise; 0 or -EINVAL.  The node need not have memory.  Forgotten by frames_exit(). */
int set_cpu_node(unsigned cpu, int nid);
extern u8 quire_cpu_node[QUIRE_NR_CPUS];
static inline int cpu_to_node(unsigned cpu)
{
	return quire_cpu_node[cpu];
}

/* Where this CPU is. */
static inline int numa_node_id(void)
{
	return cpu_to_node(port_cpu_id());
}

#endif
