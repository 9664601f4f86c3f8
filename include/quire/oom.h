/* SPDX-License-Identifier: MIT */
/* quire/oom.h - when nothing can be freed: choose who goes, say why, and let the machine live. */
#ifndef QUIRE_OOM_H
#define QUIRE_OOM_H

#include <quire/mm.h>
#include <quire/types.h>

#define OOM_SCORE_ADJ_MIN (-1000)
#define OOM_SCORE_ADJ_MAX 1000

/* A process as the OOM killer sees it; filled in by the embedder. */
struct oom_candidate {
	void *task; /* handle for kill()                                    */
	int pid, tgid;
	unsigned uid;
	const char *comm;
	struct mm_struct *mm; /* NULL: it has none, skip it                           */
	short oom_score_adj;  /* -1000 (never) .. 1000 (first)                        */
	bool unkillable;      /* init                                                 */
	bool dying;           /* already killed, not gone yet                         */
};

struct oom_ops {
	/* Call fn for each process until it returns false.  Any context where GFP_KERNEL is
	 * allowed; must not sleep. */
	void (*for_each)(bool (*fn)(const struct oom_candidate *c, void *arg), void *arg);
	/* The process must die (SIGKILL) and may dip into the reserves until then.  Must not
	 * sleep. */
	void (*kill)(void *task);
	/* Who asks for memory now: task handle, name and pid for the report; NULL when none. */
	void *(*current_task)(const char **comm, int *pid, short *adj);
	/* The running task has been told to die, so it may use the reserves to get there.  NULL:
	 * never.  Any context. */
	bool (*current_is_dying)(void);
};

/* Connects the killer to frames/'s slow path.  One set at a time; NULL disconnects. */
void oom_init(const struct oom_ops *ops);

/* Linux's badness: pages of RSS + page tables + oom_score_adj thousandths of all memory; LONG_MIN
 * for who must not die. */
long oom_badness(const struct oom_candidate *c, unsigned long totalpages);

/* Processes killed since oom_init(). */
unsigned long oom_kills(void);

#endif
