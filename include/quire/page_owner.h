/* SPDX-License-Identifier: MIT */
/*
 * quire/page_owner.h - who allocated each frame, from where, and who freed it last.
 *
 * Switched on before the machine starts (boot word page_owner=on, or page_owner_enable()).  Then a
 * record is kept for every frame, 64 bytes each on most machines, every allocation and free is
 * noted, and the per-CPU fast paths are closed.  Otherwise it costs nothing at all.
 *
 * The report is Linux's: one paragraph per allocated block, for tools/mm/page_owner_sort.
 */
#ifndef QUIRE_PAGE_OWNER_H
#define QUIRE_PAGE_OWNER_H

#include <quire/migrate.h>
#include <quire/printk.h>
#include <quire/stackdepot.h>
#include <quire/task.h>
#include <quire/types.h>

/* Times count allocations and frees of blocks since boot: there need be no clock. */
struct page_owner {
	u64 ts;                           /* when it was allocated; 0: never            */
	u64 free_ts;                      /* when it was freed; 0: never                */
	gfp_t gfp;                        /* of the request                             */
	depot_stack_handle_t alloc_stack; /* who allocated it, page_owner_stack()       */
	depot_stack_handle_t free_stack;  /* who freed it last                          */
	int pid, tgid;                    /* of who allocated it                        */
	int free_pid, free_tgid;          /* of who freed it last                       */
	u8 order;                         /* of the block that was allocated            */
	u8 allocated;                     /* 1: in use now                              */
	s16 migrate_reason;               /* enum migrate_reason, or -1: never moved    */
	char comm[TASK_COMM_LEN];         /* name of who allocated it                   */
};

/* Keep records from the next frames_init() until frames_exit(). */
void page_owner_enable(void);
/* Whether records are kept. */
bool page_owner_enabled(void);

/* What is known of a frame, whether it is in use or not.  False: nothing was noted, or no records
 * are kept.  A snapshot; any context. */
bool page_owner_get(unsigned long pfn, struct page_owner *owner);

/* The addresses of a record's trace: how many; *pc points to them. */
unsigned page_owner_stack(depot_stack_handle_t handle, const unsigned long **pc);

/* The frame's contents were moved here, and this is why.  migrate_pages() says it by itself, and
 * who allocated the old frame is then taken to own the new one. */
void page_owner_set_migrate_reason(const struct page *page, enum migrate_reason reason);

/* /proc/page_owner: all blocks in use.  Task context, no lock held. */
void show_page_owner(struct seq_out *out);

#endif
