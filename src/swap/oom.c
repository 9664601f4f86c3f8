/* SPDX-License-Identifier: MIT */
/*
 * swap/oom.c - the OOM killer: nothing can be freed, so someone has to go, and the log says who and
 * why.
 *
 *   frames/ slow path ──out_of_memory()──> somebody dying already? wait for it
 *                                          else: most badness ──kill()──> its memory comes back
 *
 * Badness is the share of memory that would come back (RSS, tables), shifted by oom_score_adj
 * thousandths of everything; proc(5), oom_score_adj.
 *
 * Lock:  none of its own; the embedder's for_each() gives a consistent list.
 */
#include <limits.h>
#include <quire/event.h>
#include <quire/gfp.h>
#include <quire/low_memory.h>
#include <quire/printk.h>
#include <quire/show_mem.h>
#include <quire/bytes.h>
#include "swap/swap.h"

/* How many times a request waits for one victim before it may ask for another. */
#define PATIENCE 10000

static struct oom_state {
	const struct oom_ops *ops;
	unsigned long kills;
	unsigned long waited; /* rounds spent waiting for a victim that is not gone yet */
} oom;

long oom_badness(const struct oom_candidate *c, unsigned long totalpages)
{
	long points;

	if (c->unkillable || !c->mm || c->oom_score_adj == OOM_SCORE_ADJ_MIN)
		return LONG_MIN;
	points = (long)get_mm_rss(c->mm) +
		 atomic_long_read(&c->mm->pgtables_bytes) / (long)PAGE_SIZE;
	return points + (long)c->oom_score_adj * (long)totalpages / 1000;
}

unsigned long oom_kills(void)
{
	return oom.kills;
}

/* ---- choosing -------------------------------------------------------------------------------- */
struct choice {
	struct oom_candidate best;
	long points;
	bool dying; /* somebody was told to go and still holds memory */
};

static bool weigh(const struct oom_candidate *c, void *arg)
{
	struct choice *choice = arg;
	long points;

	if (c->dying && c->mm) {
		choice->dying = true;
		return oom.waited >= PATIENCE; /* it does not go: look for another */
	}
	points = oom_badness(c, totalram_pages());
	if (points > choice->points) {
		choice->points = points;
		choice->best = *c;
	}
	return true;
}

/* ---- the report ------------------------------------------------------------------------------ */
static bool print_task(const struct oom_candidate *c, void *arg)
{
	(void)arg;
	if (!c->mm)
		return true;
	printk("[%7d] %5u %5d %8lu %8lu %8lu %8lu %9lu %8ld %8d         %5d %s\n", c->pid, c->uid,
	       c->tgid, c->mm->total_vm, get_mm_rss(c->mm), get_mm_counter(c->mm, MM_ANONPAGES),
	       get_mm_counter(c->mm, MM_FILEPAGES), get_mm_counter(c->mm, MM_SHMEMPAGES),
	       atomic_long_read(&c->mm->pgtables_bytes), 0, c->oom_score_adj, c->comm);
	return true;
}

static void report(gfp_t gfp, unsigned order)
{
	const char *comm = "swapper";
	short adj = 0;
	int pid = 0;

	if (oom.ops->current_task)
		oom.ops->current_task(&comm, &pid, &adj);
	printk("%s invoked oom-killer: gfp_mask=0x%x, order=%u, oom_score_adj=%d\n", comm, gfp,
	       order, adj);
	show_mem();
	printk("Tasks state (memory values in pages):\n");
	printk("[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes "
	       "swapents oom_score_adj name\n");
	oom.ops->for_each(print_task, NULL);
}

static void report_victim(const struct oom_candidate *c)
{
	const unsigned kb = PAGE_SIZE / 1024;

	printk("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/"
	       ",mems_allowed=0,global_oom,"
	       "task_memcg=/,task=%s,pid=%d,uid=%u\n",
	       c->comm, c->pid, c->uid);
	printk("Out of memory: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, "
	       "file-rss:%lukB, "
	       "shmem-rss:%lukB, UID:%u pgtables:%ldkB oom_score_adj:%d\n",
	       c->pid, c->comm, c->mm->total_vm * kb, get_mm_counter(c->mm, MM_ANONPAGES) * kb,
	       get_mm_counter(c->mm, MM_FILEPAGES) * kb, get_mm_counter(c->mm, MM_SHMEMPAGES) * kb,
	       c->uid, atomic_long_read(&c->mm->pgtables_bytes) / 1024, c->oom_score_adj);
}

/* The slow path has tried everything.  True: somebody is going, try again. */
static bool out_of_memory(gfp_t gfp, unsigned order)
{
	struct choice choice = { .points = LONG_MIN };

	if (!oom.ops)
		return false;
	oom.ops->for_each(weigh, &choice);
	if (choice.dying && oom.waited < PATIENCE) {
		oom.waited++;
		return true;
	}
	oom.waited = 0;
	report(gfp, order);
	if (choice.points == LONG_MIN) {
		printk("Out of memory and no killable processes...\n");
		return false;
	}
	report_victim(&choice.best);
	quire_event(mark_victim, choice.best.pid, choice.points, 0);
	oom.ops->kill(choice.best.task);
	oom.kills++;
	count_vm_event(OOM_KILL);
	return true;
}

static bool current_is_dying(void)
{
	return oom.ops && oom.ops->current_is_dying && oom.ops->current_is_dying();
}

static const struct low_memory_ops low_memory = {
	.out_of_memory = out_of_memory,
	.current_is_dying = current_is_dying,
};

void oom_init(const struct oom_ops *ops)
{
	memset(&oom, 0, sizeof(oom));
	oom.ops = ops;
	set_low_memory_ops(ops ? &low_memory : NULL);
}
