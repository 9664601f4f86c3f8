/* SPDX-License-Identifier: MIT */
/*
 * srat.c - from ACPI's root pointer to the tables of affinity (SRAT) and of distances (SLIT).
 *
 *   RSDP -> XSDT, else RSDT -> SRAT:  48 bytes, then entries |type|length| ... |
 *                           -> SLIT:  44 bytes, then n x n bytes
 *
 * The firmware wrote them and the machine must boot whatever they hold, so all of it is bytes
 * until it was checked; a table that is wrong anywhere is not used at all.
 */
#include <quire/bytes.h>
#include <quire/init.h>
#include "srat.h"

#define RSDP_SIZE     20u /* of revision 0; the checksum covers it */
#define RSDP_SIZE_2   36u
#define HEADER_SIZE   36u
#define MAX_TABLE     (1u << 20)
#define MAX_POINTERS  256u
#define SRAT_ENTRIES  48u /* where they begin */
#define SLIT_ENTRIES  44u
#define ENTRY_ENABLED 1u
#define MEM_HOTPLUG   2u

const char srat_none[] = "there is no table of affinity";

enum { SRAT_CPU = 0, SRAT_MEM = 1, SRAT_X2APIC = 2 };

/* ---- bytes ----------------------------------------------------------------------------------- */
static u32 __init get32(const u8 *at)
{
	return at[0] | (u32)at[1] << 8 | (u32)at[2] << 16 | (u32)at[3] << 24;
}

static u64 __init get64(const u8 *at)
{
	return get32(at) | (u64)get32(at + 4) << 32;
}

static bool __init sums_to_zero(const u8 *at, u32 n)
{
	u8 sum = 0;

	while (n-- > 0)
		sum = (u8)(sum + *at++);
	return sum == 0;
}

static const u8 *__init read_at(const struct srat_reader *reader, u64 pa, u64 size)
{
	return pa && size <= ~pa ? reader->at(reader->arg, pa, size) : NULL;
}

/* The whole table at pa with its length, or NULL and why. */
static const u8 *__init read_table(const struct srat_reader *reader, u64 pa, u32 *len,
				   const char **why)
{
	const u8 *t = read_at(reader, pa, HEADER_SIZE);

	*why = "a table lies where it cannot be read";
	if (!t)
		return NULL;
	*len = get32(t + 4);
	*why = "a table has an impossible length";
	if (*len < HEADER_SIZE || *len > MAX_TABLE)
		return NULL;
	*why = "a table lies where it cannot be read";
	t = read_at(reader, pa, *len);
	if (!t)
		return NULL;
	*why = "a table's checksum is wrong";
	return sums_to_zero(t, *len) ? t : NULL;
}

/* ---- finding --------------------------------------------------------------------------------- */

/* Where the pointers to all tables are, and how wide they are. */
struct root {
	u64 pa;
	unsigned width;
};

static const char *__init read_rsdp(const struct srat_reader *reader, u64 pa, struct root *root)
{
	const u8 *r = read_at(reader, pa, RSDP_SIZE);

	if (!r || memcmp(r, "RSD PTR ", 8) != 0)
		return "there is no ACPI root pointer";
	if (!sums_to_zero(r, RSDP_SIZE))
		return "the root pointer's checksum is wrong";
	*root = (struct root){ get32(r + 16), 4 };
	if (r[15] < 2)
		return NULL;
	r = read_at(reader, pa, RSDP_SIZE_2);
	if (!r || get32(r + 20) < RSDP_SIZE_2 || !sums_to_zero(r, RSDP_SIZE_2))
		return "the root pointer's checksum is wrong";
	if (get64(r + 24))
		*root = (struct root){ get64(r + 24), 8 };
	return NULL;
}

/* Physical address of the table with that name; 0: there is none. */
static const char *__init find_table(const struct srat_reader *reader, const struct root *root,
				     const char name[4], u64 *pa)
{
	u64 pointers[MAX_POINTERS];
	const char *why;
	u32 len, n;
	const u8 *t = read_table(reader, root->pa, &len, &why);

	*pa = 0;
	if (!t)
		return why;
	n = (len - HEADER_SIZE) / root->width;
	if (n > MAX_POINTERS)
		return "the root table has too many entries";
	for (u32 i = 0; i < n; i++) {
		const u8 *at = t + HEADER_SIZE + i * root->width;

		pointers[i] = root->width == 8 ? get64(at) : get32(at);
	}
	for (u32 i = 0; i < n && !*pa; i++) {
		t = read_at(reader, pointers[i], 4);
		if (t && memcmp(t, name, 4) == 0)
			*pa = pointers[i];
	}
	return NULL;
}

/* ---- SRAT ------------------------------------------------------------------------------------ */

/* The node of a proximity domain, a new one if it was not seen before; -1: too many. */
static int __init node_of(struct srat_numa *numa, u32 domain)
{
	for (unsigned i = 0; i < numa->nr_nodes; i++)
		if (numa->domain[i] == domain)
			return (int)i;
	if (numa->nr_nodes == SRAT_MAX_NODES)
		return -1;
	numa->domain[numa->nr_nodes] = domain;
	return (int)numa->nr_nodes++;
}

static const char *__init add_cpu(struct srat_numa *numa, u32 apic_id, u32 domain)
{
	int node = node_of(numa, domain);

	if (node < 0)
		return "it names more nodes than this kernel has room for";
	if (numa->nr_cpus == SRAT_MAX_CPUS)
		return "it names too many CPUs";
	numa->cpu[numa->nr_cpus].apic_id = apic_id;
	numa->cpu[numa->nr_cpus++].node = (unsigned)node;
	return NULL;
}

static const char *__init add_mem(struct srat_numa *numa, const u8 *e)
{
	u64 base = get64(e + 8), size = get64(e + 16);
	int node;

	if (!size)
		return NULL;
	if (size > ~base)
		return "a range of memory wraps around";
	for (unsigned i = 0; i < numa->nr_mem; i++)
		if (base < numa->mem[i].base + numa->mem[i].size && numa->mem[i].base < base + size)
			return "two ranges of memory overlap";
	node = node_of(numa, get32(e + 2));
	if (node < 0)
		return "it names more nodes than this kernel has room for";
	if (numa->nr_mem == SRAT_MAX_MEM)
		return "it names too many ranges of memory";
	numa->mem[numa->nr_mem].base = base;
	numa->mem[numa->nr_mem].size = size;
	numa->mem[numa->nr_mem].hotplug = get32(e + 28) & MEM_HOTPLUG;
	numa->mem[numa->nr_mem++].node = (unsigned)node;
	return NULL;
}

/* Domains had 8 bits in the first revision; the other bytes are noise there. */
static u32 __init cpu_domain(const u8 *e, unsigned revision)
{
	u32 low = e[2], high = e[9] | (u32)e[10] << 8 | (u32)e[11] << 16;

	return revision < 2 ? low : low | high << 8;
}

static const char *__init add_entry(struct srat_numa *numa, const u8 *e, unsigned revision)
{
	static const u8 sizes[] = { [SRAT_CPU] = 16, [SRAT_MEM] = 40, [SRAT_X2APIC] = 24 };

	if (e[0] >= ARRAY_SIZE(sizes))
		return NULL; /* of a later version: not for us */
	if (e[1] < sizes[e[0]])
		return "an entry is too short for its type";
	switch (e[0]) {
	case SRAT_CPU:
		return get32(e + 4) & ENTRY_ENABLED ? add_cpu(numa, e[3], cpu_domain(e, revision))
						    : NULL;
	case SRAT_MEM: return get32(e + 28) & ENTRY_ENABLED ? add_mem(numa, e) : NULL;
	default:
		return get32(e + 12) & ENTRY_ENABLED ? add_cpu(numa, get32(e + 8), get32(e + 4))
						     : NULL;
	}
}

static const char *__init take_srat(struct srat_numa *numa, const u8 *t, u32 len)
{
	const char *why;

	if (len < SRAT_ENTRIES)
		return "a table has an impossible length";
	for (u32 at = SRAT_ENTRIES; at < len; at += t[at + 1]) {
		if (len - at < 2 || t[at + 1] < 2 || t[at + 1] > len - at)
			return "an entry runs out of its table";
		why = add_entry(numa, t + at, t[8]);
		if (why)
			return why;
	}
	return numa->nr_mem ? NULL : "it names no memory";
}

/* ---- SLIT ------------------------------------------------------------------------------------ */
static const char *__init take_slit(struct srat_numa *numa, const u8 *t, u32 len)
{
	u64 n = len < SLIT_ENTRIES ? 0 : get64(t + HEADER_SIZE);

	if (len < SLIT_ENTRIES || n > 0xffff || n * n > len - SLIT_ENTRIES)
		return "the table of distances has an impossible length";
	for (unsigned i = 0; i < numa->nr_nodes; i++)
		if (numa->domain[i] >= n)
			return "the table of distances leaves a node out";
	for (unsigned i = 0; i < numa->nr_nodes; i++)
		for (unsigned j = 0; j < numa->nr_nodes; j++) {
			u8 d = t[SLIT_ENTRIES + numa->domain[i] * n + numa->domain[j]];

			if (i == j ? d != 10 : d <= 10)
				return "the table of distances has a node nearer to another than "
				       "to itself";
			numa->distance[i][j] = d;
		}
	return NULL;
}

static void __init read_distances(const struct srat_reader *reader, const struct root *root,
				  struct srat_numa *numa)
{
	u64 pa;
	u32 len;
	const u8 *t;

	numa->no_distances = find_table(reader, root, "SLIT", &pa);
	if (numa->no_distances || !pa)
		return;
	t = read_table(reader, pa, &len, &numa->no_distances);
	if (!t)
		return;
	numa->no_distances = take_slit(numa, t, len);
	if (numa->no_distances)
		memset(numa->distance, 0, sizeof(numa->distance));
}

/* ---- both ------------------------------------------------------------------------------------ */
static const char *__init read_affinity(const struct srat_reader *reader, const struct root *root,
					struct srat_numa *numa)
{
	u64 pa;
	u32 len;
	const u8 *t;
	const char *why = find_table(reader, root, "SRAT", &pa);

	if (why)
		return why;
	if (!pa)
		return srat_none;
	t = read_table(reader, pa, &len, &why);
	return t ? take_srat(numa, t, len) : why;
}

const char *__init srat_read(const struct srat_reader *reader, u64 rsdp, struct srat_numa *numa)
{
	struct root root;
	const char *why;

	memset(numa, 0, sizeof(*numa));
	why = read_rsdp(reader, rsdp, &root);
	if (!why)
		why = read_affinity(reader, &root, numa);
	if (why) {
		memset(numa, 0, sizeof(*numa));
		return why;
	}
	read_distances(reader, &root, numa);
	return NULL;
}
