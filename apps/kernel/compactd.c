/* SPDX-License-Identifier: MIT */
/*
 * compactd.c - a task of each node that runs the library's kcompactd().
 *
 *   tick ──every half second──> kcompactd_poke(nid) ──> task: kcompactd(nid) ... stopped ──> gone
 *
 * The tasks start after the free pages were counted and are gone before they are counted again, so
 * what they hold is in the balance.
 */
#include "kernel.h"
#include <quire/compaction.h>
#include <quire/mmzone.h>

#define POKE_TICKS (USER_HZ / 2)

static unsigned nr_running; /* tasks that have not come to their end */

static void compactd(void *arg)
{
	kcompactd((int)(long)arg);
	__atomic_sub_fetch(&nr_running, 1, __ATOMIC_RELEASE);
	port_unblock(kmain_task);
	sched_die();
}

void compactd_start(void)
{
	struct pglist_data *node;
	char name[16];

	for_each_online_pgdat(node)
	{
		struct task *t;

		quire_snprintf(name, sizeof(name), "kcompactd%d", node->node_id);
		t = kthread_start(compactd, (void *)(long)node->node_id, name);
		if (!t)
			quire_panic("no memory for %s\n", name);
		nr_running++;
		sched_start(t);
	}
}

/* Every tick of the first CPU, interrupts off. */
void compactd_tick(void)
{
	static unsigned ticks;
	struct pglist_data *node;

	if (++ticks < POKE_TICKS)
		return;
	ticks = 0;
	for_each_online_pgdat(node) kcompactd_poke(node->node_id);
}

/* Called by kmain; waits until the tasks are gone. */
void compactd_stop(void)
{
	struct pglist_data *node;

	for_each_online_pgdat(node) kcompactd_stop(node->node_id);
	while (__atomic_load_n(&nr_running, __ATOMIC_ACQUIRE))
		port_block();
}
