/* SPDX-License-Identifier: MIT */
/*
 * quire/zoneinfo.h - what reports want to know of zones and counters, beyond what allocation needs.
 *
 * Context: any, unless it says otherwise; the numbers may be a moment old.
 */
#ifndef QUIRE_ZONEINFO_H
#define QUIRE_ZONEINFO_H

#include <quire/mmzone.h>
#include <quire/vmstat.h>

/* Free blocks of the zone by migratetype and order, as a buddy system counts them: a block is as
 * large as its alignment and its neighbours let it be.  Takes zone->lock; walks the zone. */
void zone_free_blocks(struct zone *zone, unsigned long nr[MIGRATE_TYPES][NR_PAGE_ORDERS]);

/* Whether the frame is free and not parked on a CPU's list.  A snapshot; any context. */
bool is_free_buddy_page(const struct page *page);

/* ---- what the per-CPU lists hold, for reports ------------------------------------------------ */
struct pcp_info {
	unsigned long count; /* frames parked                                        */
	unsigned long high;  /* most that may be                                     */
	unsigned long batch; /* moved at a time                                      */
};
void zone_pcp_info(const struct zone *zone, unsigned cpu, struct pcp_info *info);
/* Frames parked by all CPUs for this zone; by everyone. */
unsigned long zone_pcp_pages(const struct zone *zone);

/* ---- sums -------------------------------------------------------------------------------------- */
/* What can be given to new work without swapping, in frames (MemAvailable). */
unsigned long si_mem_available(void);
/* numa_hit and its family of one zone. */
unsigned long zone_numa_event(const struct zone *zone, enum numa_stat_item item);
/* All events since boot, by number. */
void all_vm_events(unsigned long sum[NR_VM_EVENT_ITEMS]);

#endif
