/* SPDX-License-Identifier: MIT */
/*
 * quire/vmstat.h - counters: what memory is used for (per zone, per node) and what happened
 * (events).
 *
 * Every CPU adds to its own copy, in one or two instructions; a reader adds the copies up.  Names
 * and texts are those of Linux 6.18's /proc/vmstat and /proc/zoneinfo, in the same order.  Counters
 * that quire does not keep stay 0.
 *
 * Units: pages, except _B (bytes; the reports show pages) and _KB (KiB).
 * Context: any.  Updates need no lock; sums may be off by what happens meanwhile and are never
 *          negative.
 */
#ifndef QUIRE_VMSTAT_H
#define QUIRE_VMSTAT_H

#include <quire/percpu.h>
#include <quire/types.h>

#define QUIRE_ZONE_STATS(X)                                                                        \
	X(NR_FREE_PAGES, "nr_free_pages")                                                          \
	X(NR_FREE_PAGES_BLOCKS, "nr_free_pages_blocks")                                            \
	X(NR_ZONE_INACTIVE_ANON, "nr_zone_inactive_anon")                                          \
	X(NR_ZONE_ACTIVE_ANON, "nr_zone_active_anon")                                              \
	X(NR_ZONE_INACTIVE_FILE, "nr_zone_inactive_file")                                          \
	X(NR_ZONE_ACTIVE_FILE, "nr_zone_active_file")                                              \
	X(NR_ZONE_UNEVICTABLE, "nr_zone_unevictable")                                              \
	X(NR_ZONE_WRITE_PENDING, "nr_zone_write_pending")                                          \
	X(NR_MLOCK, "nr_mlock")                                                                    \
	X(NR_ZSPAGES, "nr_zspages")                                                                \
	X(NR_FREE_CMA_PAGES, "nr_free_cma")

/* Where an allocation was served from, against where it was wanted; see zone_statistics(). */
#define QUIRE_NUMA_STATS(X)                                                                        \
	X(NUMA_HIT, "numa_hit")                                                                    \
	X(NUMA_MISS, "numa_miss")                                                                  \
	X(NUMA_FOREIGN, "numa_foreign")                                                            \
	X(NUMA_INTERLEAVE, "numa_interleave")                                                      \
	X(NUMA_LOCAL, "numa_local")                                                                \
	X(NUMA_OTHER, "numa_other")

#define QUIRE_NODE_STATS(X)                                                                        \
	X(NR_INACTIVE_ANON, "nr_inactive_anon")                                                    \
	X(NR_ACTIVE_ANON, "nr_active_anon")                                                        \
	X(NR_INACTIVE_FILE, "nr_inactive_file")                                                    \
	X(NR_ACTIVE_FILE, "nr_active_file")                                                        \
	X(NR_UNEVICTABLE, "nr_unevictable")                                                        \
	X(NR_SLAB_RECLAIMABLE_B, "nr_slab_reclaimable")                                            \
	X(NR_SLAB_UNRECLAIMABLE_B, "nr_slab_unreclaimable")                                        \
	X(NR_ISOLATED_ANON, "nr_isolated_anon")                                                    \
	X(NR_ISOLATED_FILE, "nr_isolated_file")                                                    \
	X(WORKINGSET_NODES, "workingset_nodes")                                                    \
	X(WORKINGSET_REFAULT_ANON, "workingset_refault_anon")                                      \
	X(WORKINGSET_REFAULT_FILE, "workingset_refault_file")                                      \
	X(WORKINGSET_ACTIVATE_ANON, "workingset_activate_anon")                                    \
	X(WORKINGSET_ACTIVATE_FILE, "workingset_activate_file")                                    \
	X(WORKINGSET_RESTORE_ANON, "workingset_restore_anon")                                      \
	X(WORKINGSET_RESTORE_FILE, "workingset_restore_file")                                      \
	X(WORKINGSET_NODERECLAIM, "workingset_nodereclaim")                                        \
	X(NR_ANON_MAPPED, "nr_anon_pages")                                                         \
	X(NR_FILE_MAPPED, "nr_mapped")                                                             \
	X(NR_FILE_PAGES, "nr_file_pages")                                                          \
	X(NR_FILE_DIRTY, "nr_dirty")                                                               \
	X(NR_WRITEBACK, "nr_writeback")                                                            \
	X(NR_SHMEM, "nr_shmem")                                                                    \
	X(NR_SHMEM_THPS, "nr_shmem_hugepages")                                                     \
	X(NR_SHMEM_PMDMAPPED, "nr_shmem_pmdmapped")                                                \
	X(NR_FILE_THPS, "nr_file_hugepages")                                                       \
	X(NR_FILE_PMDMAPPED, "nr_file_pmdmapped")                                                  \
	X(NR_ANON_THPS, "nr_anon_transparent_hugepages")                                           \
	X(NR_VMSCAN_WRITE, "nr_vmscan_write")                                                      \
	X(NR_VMSCAN_IMMEDIATE, "nr_vmscan_immediate_reclaim")                                      \
	X(NR_DIRTIED, "nr_dirtied")                                                                \
	X(NR_WRITTEN, "nr_written")                                                                \
	X(NR_THROTTLED_WRITTEN, "nr_throttled_written")                                            \
	X(NR_KERNEL_MISC_RECLAIMABLE, "nr_kernel_misc_reclaimable")                                \
	X(NR_FOLL_PIN_ACQUIRED, "nr_foll_pin_acquired")                                            \
	X(NR_FOLL_PIN_RELEASED, "nr_foll_pin_released")                                            \
	X(NR_KERNEL_STACK_KB, "nr_kernel_stack")                                                   \
	X(NR_PAGETABLE, "nr_page_table_pages")                                                     \
	X(NR_SECONDARY_PAGETABLE, "nr_sec_page_table_pages")                                       \
	X(NR_IOMMU_PAGES, "nr_iommu_pages")                                                        \
	X(NR_SWAPCACHED, "nr_swapcached")                                                          \
	X(PGPROMOTE_SUCCESS, "pgpromote_success")                                                  \
	X(PGPROMOTE_CANDIDATE, "pgpromote_candidate")                                              \
	X(PGPROMOTE_CANDIDATE_NRL, "pgpromote_candidate_nrl")                                      \
	X(PGDEMOTE_KSWAPD, "pgdemote_kswapd")                                                      \
	X(PGDEMOTE_DIRECT, "pgdemote_direct")                                                      \
	X(PGDEMOTE_KHUGEPAGED, "pgdemote_khugepaged")                                              \
	X(PGDEMOTE_PROACTIVE, "pgdemote_proactive")                                                \
	X(NR_HUGETLB, "nr_hugetlb")                                                                \
	X(NR_BALLOON_PAGES, "nr_balloon_pages")                                                    \
	X(NR_KERNEL_FILE_PAGES, "nr_kernel_file_pages")

/* One line per zone type and event: _HIGH exists on machines with high memory only. */
#define QUIRE_VM_EVENTS(X)                                                                         \
	X(PGPGIN, "pgpgin")                                                                        \
	X(PGPGOUT, "pgpgout")                                                                      \
	X(PSWPIN, "pswpin")                                                                        \
	X(PSWPOUT, "pswpout")                                                                      \
	X(PGALLOC_DMA, "pgalloc_dma")                                                              \
	X(PGALLOC_DMA32, "pgalloc_dma32")                                                          \
	X(PGALLOC_NORMAL, "pgalloc_normal")                                                        \
	X(PGALLOC_HIGH, "pgalloc_high")                                                            \
	X(PGALLOC_MOVABLE, "pgalloc_movable")                                                      \
	X(PGALLOC_DEVICE, "pgalloc_device")                                                        \
	X(ALLOCSTALL_DMA, "allocstall_dma")                                                        \
	X(ALLOCSTALL_DMA32, "allocstall_dma32")                                                    \
	X(ALLOCSTALL_NORMAL, "allocstall_normal")                                                  \
	X(ALLOCSTALL_HIGH, "allocstall_high")                                                      \
	X(ALLOCSTALL_MOVABLE, "allocstall_movable")                                                \
	X(ALLOCSTALL_DEVICE, "allocstall_device")                                                  \
	X(PGSKIP_DMA, "pgskip_dma")                                                                \
	X(PGSKIP_DMA32, "pgskip_dma32")                                                            \
	X(PGSKIP_NORMAL, "pgskip_normal")                                                          \
	X(PGSKIP_HIGH, "pgskip_high")                                                              \
	X(PGSKIP_MOVABLE, "pgskip_movable")                                                        \
	X(PGSKIP_DEVICE, "pgskip_device")                                                          \
	X(PGFREE, "pgfree")                                                                        \
	X(PGACTIVATE, "pgactivate")                                                                \
	X(PGDEACTIVATE, "pgdeactivate")                                                            \
	X(PGLAZYFREE, "pglazyfree")                                                                \
	X(PGFAULT, "pgfault")                                                                      \
	X(PGMAJFAULT, "pgmajfault")                                                                \
	X(PGLAZYFREED, "pglazyfreed")                                                              \
	X(PGREFILL, "pgrefill")                                                                    \
	X(PGREUSE, "pgreuse")                                                                      \
	X(PGSTEAL_KSWAPD, "pgsteal_kswapd")                                                        \
	X(PGSTEAL_DIRECT, "pgsteal_direct")                                                        \
	X(PGSTEAL_KHUGEPAGED, "pgsteal_khugepaged")                                                \
	X(PGSTEAL_PROACTIVE, "pgsteal_proactive")                                                  \
	X(PGSCAN_KSWAPD, "pgscan_kswapd")                                                          \
	X(PGSCAN_DIRECT, "pgscan_direct")                                                          \
	X(PGSCAN_KHUGEPAGED, "pgscan_khugepaged")                                                  \
	X(PGSCAN_PROACTIVE, "pgscan_proactive")                                                    \
	X(PGSCAN_DIRECT_THROTTLE, "pgscan_direct_throttle")                                        \
	X(PGSCAN_ANON, "pgscan_anon")                                                              \
	X(PGSCAN_FILE, "pgscan_file")                                                              \
	X(PGSTEAL_ANON, "pgsteal_anon")                                                            \
	X(PGSTEAL_FILE, "pgsteal_file")                                                            \
	X(ZONE_RECLAIM_SUCCESS, "zone_reclaim_success")                                            \
	X(ZONE_RECLAIM_FAILED, "zone_reclaim_failed")                                              \
	X(PGINODESTEAL, "pginodesteal")                                                            \
	X(SLABS_SCANNED, "slabs_scanned")                                                          \
	X(KSWAPD_INODESTEAL, "kswapd_inodesteal")                                                  \
	X(KSWAPD_LOW_WMARK_HIT_QUICKLY, "kswapd_low_wmark_hit_quickly")                            \
	X(KSWAPD_HIGH_WMARK_HIT_QUICKLY, "kswapd_high_wmark_hit_quickly")                          \
	X(PAGEOUTRUN, "pageoutrun")                                                                \
	X(PGROTATED, "pgrotated")                                                                  \
	X(DROP_PAGECACHE, "drop_pagecache")                                                        \
	X(DROP_SLAB, "drop_slab")                                                                  \
	X(OOM_KILL, "oom_kill")                                                                    \
	X(NUMA_PTE_UPDATES, "numa_pte_updates")                                                    \
	X(NUMA_HUGE_PTE_UPDATES, "numa_huge_pte_updates")                                          \
	X(NUMA_HINT_FAULTS, "numa_hint_faults")                                                    \
	X(NUMA_HINT_FAULTS_LOCAL, "numa_hint_faults_local")                                        \
	X(NUMA_PAGES_MIGRATED, "numa_pages_migrated")                                              \
	X(PGMIGRATE_SUCCESS, "pgmigrate_success")                                                  \
	X(PGMIGRATE_FAIL, "pgmigrate_fail")                                                        \
	X(THP_MIGRATION_SUCCESS, "thp_migration_success")                                          \
	X(THP_MIGRATION_FAIL, "thp_migration_fail")                                                \
	X(THP_MIGRATION_SPLIT, "thp_migration_split")                                              \
	X(COMPACTMIGRATE_SCANNED, "compact_migrate_scanned")                                       \
	X(COMPACTFREE_SCANNED, "compact_free_scanned")                                             \
	X(COMPACTISOLATED, "compact_isolated")                                                     \
	X(COMPACTSTALL, "compact_stall")                                                           \
	X(COMPACTFAIL, "compact_fail")                                                             \
	X(COMPACTSUCCESS, "compact_success")                                                       \
	X(KCOMPACTD_WAKE, "compact_daemon_wake")                                                   \
	X(KCOMPACTD_MIGRATE_SCANNED, "compact_daemon_migrate_scanned")                             \
	X(KCOMPACTD_FREE_SCANNED, "compact_daemon_free_scanned")                                   \
	X(HTLB_BUDDY_ALLOC_SUCCESS, "htlb_buddy_alloc_success")                                    \
	X(HTLB_BUDDY_ALLOC_FAIL, "htlb_buddy_alloc_fail")                                          \
	X(CMA_ALLOC_SUCCESS, "cma_alloc_success")                                                  \
	X(CMA_ALLOC_FAIL, "cma_alloc_fail")                                                        \
	X(CMA_RELEASE_SUCCESS, "cma_release_success")                                              \
	X(UNEVICTABLE_PGS_CULLED, "unevictable_pgs_culled")                                        \
	X(UNEVICTABLE_PGS_SCANNED, "unevictable_pgs_scanned")                                      \
	X(UNEVICTABLE_PGS_RESCUED, "unevictable_pgs_rescued")                                      \
	X(UNEVICTABLE_PGS_MLOCKED, "unevictable_pgs_mlocked")                                      \
	X(UNEVICTABLE_PGS_MUNLOCKED, "unevictable_pgs_munlocked")                                  \
	X(UNEVICTABLE_PGS_CLEARED, "unevictable_pgs_cleared")                                      \
	X(UNEVICTABLE_PGS_STRANDED, "unevictable_pgs_stranded")                                    \
	X(THP_FAULT_ALLOC, "thp_fault_alloc")                                                      \
	X(THP_FAULT_FALLBACK, "thp_fault_fallback")                                                \
	X(THP_FAULT_FALLBACK_CHARGE, "thp_fault_fallback_charge")                                  \
	X(THP_COLLAPSE_ALLOC, "thp_collapse_alloc")                                                \
	X(THP_COLLAPSE_ALLOC_FAILED, "thp_collapse_alloc_failed")                                  \
	X(THP_FILE_ALLOC, "thp_file_alloc")                                                        \
	X(THP_FILE_FALLBACK, "thp_file_fallback")                                                  \
	X(THP_FILE_FALLBACK_CHARGE, "thp_file_fallback_charge")                                    \
	X(THP_FILE_MAPPED, "thp_file_mapped")                                                      \
	X(THP_SPLIT_PAGE, "thp_split_page")                                                        \
	X(THP_SPLIT_PAGE_FAILED, "thp_split_page_failed")                                          \
	X(THP_DEFERRED_SPLIT_PAGE, "thp_deferred_split_page")                                      \
	X(THP_UNDERUSED_SPLIT_PAGE, "thp_underused_split_page")                                    \
	X(THP_SPLIT_PMD, "thp_split_pmd")                                                          \
	X(THP_SCAN_EXCEED_NONE_PTE, "thp_scan_exceed_none_pte")                                    \
	X(THP_SCAN_EXCEED_SWAP_PTE, "thp_scan_exceed_swap_pte")                                    \
	X(THP_SCAN_EXCEED_SHARE_PTE, "thp_scan_exceed_share_pte")                                  \
	X(THP_SPLIT_PUD, "thp_split_pud")                                                          \
	X(THP_ZERO_PAGE_ALLOC, "thp_zero_page_alloc")                                              \
	X(THP_ZERO_PAGE_ALLOC_FAILED, "thp_zero_page_alloc_failed")                                \
	X(THP_SWPOUT, "thp_swpout")                                                                \
	X(THP_SWPOUT_FALLBACK, "thp_swpout_fallback")                                              \
	X(BALLOON_INFLATE, "balloon_inflate")                                                      \
	X(BALLOON_DEFLATE, "balloon_deflate")                                                      \
	X(BALLOON_MIGRATE, "balloon_migrate")                                                      \
	X(SWAP_RA, "swap_ra")                                                                      \
	X(SWAP_RA_HIT, "swap_ra_hit")                                                              \
	X(SWPIN_ZERO, "swpin_zero")                                                                \
	X(SWPOUT_ZERO, "swpout_zero")                                                              \
	X(KSM_SWPIN_COPY, "ksm_swpin_copy")                                                        \
	X(COW_KSM, "cow_ksm")                                                                      \
	X(ZSWPIN, "zswpin")                                                                        \
	X(ZSWPOUT, "zswpout")                                                                      \
	X(ZSWPWB, "zswpwb")                                                                        \
	X(DIRECT_MAP_LEVEL2_SPLITS, "direct_map_level2_splits")                                    \
	X(DIRECT_MAP_LEVEL3_SPLITS, "direct_map_level3_splits")                                    \
	X(DIRECT_MAP_LEVEL2_COLLAPSES, "direct_map_level2_collapses")                              \
	X(DIRECT_MAP_LEVEL3_COLLAPSES, "direct_map_level3_collapses")

#define QUIRE_ENUM_(id, text) id,
enum zone_stat_item { QUIRE_ZONE_STATS(QUIRE_ENUM_) NR_VM_ZONE_STAT_ITEMS };
enum numa_stat_item { QUIRE_NUMA_STATS(QUIRE_ENUM_) NR_VM_NUMA_EVENT_ITEMS };
enum node_stat_item { QUIRE_NODE_STATS(QUIRE_ENUM_) NR_VM_NODE_STAT_ITEMS };
enum vm_event_item { QUIRE_VM_EVENTS(QUIRE_ENUM_) NR_VM_EVENT_ITEMS };
#undef QUIRE_ENUM_

/* Their names in reports, by number. */
extern const char *const zone_stat_text[NR_VM_ZONE_STAT_ITEMS];
extern const char *const numa_stat_text[NR_VM_NUMA_EVENT_ITEMS];
extern const char *const node_stat_text[NR_VM_NODE_STAT_ITEMS];
extern const char *const vm_event_text[NR_VM_EVENT_ITEMS];

struct zone;
struct pglist_data;

#define QUIRE_NR_ZONE_ROWS (QUIRE_NR_NODES * 5) /* nodes x zone types */

/* One CPU's share of every counter.  Row of a zone: node * MAX_NR_ZONES + type. */
struct vm_counters {
	long event[NR_VM_EVENT_ITEMS];
	long node[QUIRE_NR_NODES][NR_VM_NODE_STAT_ITEMS];
	long zone[QUIRE_NR_ZONE_ROWS][NR_VM_ZONE_STAT_ITEMS];
	long numa[QUIRE_NR_ZONE_ROWS][NR_VM_NUMA_EVENT_ITEMS]; /* but for the fast path, which the
								  * per-CPU lists count     */
};
DECLARE_PER_CPU(struct vm_counters, vm_counters);

/* Something happened once, or n times. */
static inline void count_vm_event(enum vm_event_item item)
{
	if (QUIRE_EVENTS)
		this_cpu_inc(vm_counters.event[item]);
}

static inline void count_vm_events(enum vm_event_item item, long n)
{
	if (QUIRE_EVENTS)
		this_cpu_add(vm_counters.event[item], n);
}

/* Page counters of a node; `nid` is a node number. */
static inline void mod_nid_page_state(unsigned nid, enum node_stat_item item, long delta)
{
	this_cpu_add(vm_counters.node[nid][item], delta);
}

void mod_node_page_state(struct pglist_data *node, enum node_stat_item item, long delta);
void mod_zone_page_state(struct zone *zone, enum zone_stat_item item, long delta);
#define inc_node_page_state(page, item) mod_nid_page_state(page_to_nid(page), item, 1)
#define dec_node_page_state(page, item) mod_nid_page_state(page_to_nid(page), item, -1)
#define inc_zone_page_state(page, item) mod_zone_page_state(page_zone(page), item, 1)
#define dec_zone_page_state(page, item) mod_zone_page_state(page_zone(page), item, -1)

/* Sums.  NR_FREE_PAGES counts the free lists, not the per-CPU lists. */
unsigned long node_page_state(const struct pglist_data *node, enum node_stat_item item);
unsigned long zone_page_state(const struct zone *zone, enum zone_stat_item item);
unsigned long global_node_page_state(enum node_stat_item item);
unsigned long global_zone_page_state(enum zone_stat_item item);
/*
 * A request whose first choice was `preferred` got a block from `zone`: numa_hit of `zone` if both
 * are on one node, else numa_miss of `zone` and numa_foreign of `preferred`; and numa_local or
 * numa_other of `zone`, as it is on this CPU's node or not.  One for a block of any order.
 */
void zone_statistics(const struct zone *preferred, const struct zone *zone);

#endif
