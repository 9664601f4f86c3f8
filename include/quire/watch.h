/* SPDX-License-Identifier: MIT */
/*
 * quire/watch.h - what is true right now: Linux-format reports and check_all().
 *
 * Layouts are Linux 6.18's, byte for byte.  All take locks for short times, may be called in task
 * context, and write to any seq_out.
 */
#ifndef QUIRE_WATCH_H
#define QUIRE_WATCH_H

#include <quire/mm.h>
#include <quire/printk.h>
#include <quire/types.h>

void show_buddyinfo(struct seq_out *out);    /* /proc/buddyinfo    */
void show_pagetypeinfo(struct seq_out *out); /* /proc/pagetypeinfo */
void show_meminfo(struct seq_out *out);      /* /proc/meminfo      */
void show_zoneinfo(struct seq_out *out);     /* /proc/zoneinfo     */
void show_vmstat(struct seq_out *out);       /* /proc/vmstat       */
void show_iomem(struct seq_out *out);        /* /proc/iomem        */
/* /sys/kernel/debug/extfrag: why a request of each order would fail, and how much of what is free
 * is of no use to it; quire/compaction.h says what the numbers mean. */
void show_extfrag_index(struct seq_out *out);
void show_unusable_index(struct seq_out *out);
/* /proc/slabinfo: quire/slab.h, /proc/vmallocinfo: quire/vmalloc.h */

/* /proc/PID/...; take mmap_lock for reading. */
void show_pid_maps(struct seq_out *out, struct mm_struct *mm);
void show_pid_smaps(struct seq_out *out, struct mm_struct *mm);
void show_pid_smaps_rollup(struct seq_out *out, struct mm_struct *mm);
void show_pid_statm(struct seq_out *out, struct mm_struct *mm);
/* The VmPeak: .. HugetlbPages: lines of /proc/PID/status; the embedder prints the lines around
 * them. */
void show_pid_status_mem(struct seq_out *out, struct mm_struct *mm);

/* Every law of every folder, and the recount of every frame: free + per-CPU + used by owner =
 * managed.  The first broken law's words, or NULL.  Slow; task context. */
const char *check_all(void);

/* Frames free now, per-CPU lists and caches of spare tables drained first: what the balance
 * compares. */
unsigned long quire_free_pages_exact(void);

#endif
