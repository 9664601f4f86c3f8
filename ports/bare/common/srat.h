/* SPDX-License-Identifier: MIT */
/* srat.h - which memory and which CPU is near which, from the firmware's ACPI tables. */
#ifndef QUIRE_BARE_SRAT_H
#define QUIRE_BARE_SRAT_H

#include <quire/types.h>

#define SRAT_MAX_NODES QUIRE_NR_NODES
#define SRAT_MAX_MEM   128
#define SRAT_MAX_CPUS  256

struct srat_numa {
	unsigned nr_nodes;          /* numbered in the order in which the table names them  */
	u32 domain[SRAT_MAX_NODES]; /* what the table calls them                            */
	unsigned nr_mem, nr_cpus;
	struct {
		u64 base, size; /* bytes; disjoint, in the table's order               */
		unsigned node;
		bool hotplug; /* may be unplugged                                    */
	} mem[SRAT_MAX_MEM];
	struct {
		u32 apic_id;
		unsigned node;
	} cpu[SRAT_MAX_CPUS];
	u8 distance[SRAT_MAX_NODES][SRAT_MAX_NODES]; /* 0: no table says                     */
	const char *no_distances; /* why a table of distances was not used, or NULL      */
};

/* Physical memory as the reader sees it: [pa, pa + size) readable at the address returned, or NULL.
 * It stays readable until the next call. */
struct srat_reader {
	const void *(*at)(void *arg, u64 pa, u64 size);
	void *arg;
};

/*
 * Follow the root pointer at physical address `rsdp` to SRAT and SLIT and take in what they say.
 * Nothing in them is trusted: every address, length, checksum and number is looked at before it is
 * used.
 *   Returns:  NULL; or why the tables are not used, and *numa is empty: srat_none if there is no
 *             SRAT, as on a machine with one node.
 */
extern const char srat_none[];
const char *srat_read(const struct srat_reader *reader, u64 rsdp, struct srat_numa *numa);

#endif
