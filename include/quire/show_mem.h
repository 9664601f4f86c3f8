/* SPDX-License-Identifier: MIT */
/*
 * quire/show_mem.h - how memory stands, in the log.
 */
#ifndef QUIRE_SHOW_MEM_H
#define QUIRE_SHOW_MEM_H

/* Nodes, zones and free blocks, in the layout of Linux's log ("Mem-Info:" ...).  Any context; the
 * numbers may be a moment old. */
void show_mem(void);

/*
 * From now on a page allocation that fails without __GFP_NOWARN is reported with the names of its
 * flags, a stack trace and, ten times, show_mem(); before it is one line.  Once, after frames_init()
 * (quire_start() does it); frames_exit() ends it.
 */
void show_mem_init(void);

#endif
