/* SPDX-License-Identifier: MIT */
/*
 * watch/vmstat_text.c - what the counters of quire/vmstat.h are called in reports.
 *
 * Here and not beside the counters: who links pages and heap alone need not carry four hundred names.
 */
#include <quire/vmstat.h>

#define TEXT_(id, text) text,
const char *const zone_stat_text[NR_VM_ZONE_STAT_ITEMS] = { QUIRE_ZONE_STATS(TEXT_) };
const char *const numa_stat_text[NR_VM_NUMA_EVENT_ITEMS] = { QUIRE_NUMA_STATS(TEXT_) };
const char *const node_stat_text[NR_VM_NODE_STAT_ITEMS] = { QUIRE_NODE_STATS(TEXT_) };
const char *const vm_event_text[NR_VM_EVENT_ITEMS] = { QUIRE_VM_EVENTS(TEXT_) };
#undef TEXT_
