/* SPDX-License-Identifier: MIT */
/*
 * frames/nodes.c - from memblock's list of RAM to nodes, zones and a descriptor for every frame.
 *
 *   memblock.memory    |####|        |#############|            |########|
 *   sections           [====|====]   [====|====|===]            [====|===]      descriptors exist for these only
 *   zones              |-- DMA --|------ DMA32 ------ ... ------|- NORMAL -|     each spans its node's RAM, holes included
 *
 * Always true:  a section holds whole blocks of MAX_PAGE_ORDER, so the buddy of a frame with a descriptor has one;
 *               a frame is in exactly one zone, told by its flags.
 * Lock:         none; boot, one CPU.
 */
#include <quire/bitmap.h>
#include <quire/printk.h>
#include <quire/bytes.h>
#include "frames.h"

const char *const zone_names[MAX_NR_ZONES] = { "DMA", "DMA32", "Normal", "HighMem", "Movable" };
const char *const migratetype_names[MIGRATE_TYPES] = { "Unmovable",  "Movable", "Reclaimable",
						       "HighAtomic", "CMA",     "Isolate" };

struct pglist_data quire_nodes[QUIRE_NR_NODES];
unsigned long quire_max_pfn;
unsigned long quire_descriptor_bytes;
static unsigned long *present_sections; /* bit n: section n has descriptors */

bool pfn_valid(unsigned long pfn)
{
	return pfn < quire_max_pfn && test_bit(pfn / SECTION_FRAMES, present_sections);
}

/* ---- descriptors ----------------------------------------------------------------------------- */
#ifdef PORT_VMEMMAP
static void reserve_descriptors(unsigned long first_pfn, unsigned long end_pfn)
{
	(void)first_pfn, (void)end_pfn;
}

static void populate_section(unsigned long pfn)
{
	unsigned long start = QUIRE_ALIGN_DOWN((unsigned long)pfn_to_page(pfn), PAGE_SIZE);
	unsigned long end =
		QUIRE_ALIGN_UP((unsigned long)pfn_to_page(pfn + SECTION_FRAMES), PAGE_SIZE);

	if (port_vmemmap_populate(start, end))
		quire_panic("frames: no memory for the descriptors of frames from 0x%lx\n", pfn);
}
#else
struct page *quire_vmemmap;

static void reserve_descriptors(unsigned long first_pfn, unsigned long end_pfn)
{
	size_t size = (end_pfn - first_pfn) * sizeof(struct page);
	struct page *map = memblock_alloc(size, PAGE_SIZE);

	if (!map)
		quire_panic("frames: no memory for %zu bytes of frame descriptors\n", size);
	quire_vmemmap = map - first_pfn;
}

static void populate_section(unsigned long pfn)
{
	(void)pfn;
}
#endif

static void make_sections(void)
{
	unsigned long first = PHYS_PFN(memblock_start_of_DRAM()), bytes;
	const struct memblock_region *r;

	quire_max_pfn = PHYS_PFN(memblock_end_of_DRAM());
	bytes = BITS_TO_LONGS(quire_max_pfn / SECTION_FRAMES + 1) * sizeof(long);
	present_sections = memblock_alloc(bytes, sizeof(long));
	if (!present_sections)
		quire_panic("frames: no memory for %lu bytes of section table\n", bytes);
	reserve_descriptors(QUIRE_ALIGN_DOWN(first, SECTION_FRAMES),
			    QUIRE_ALIGN_UP(quire_max_pfn, SECTION_FRAMES));
	for_each_mem_region(r) {
		unsigned long section = PHYS_PFN(r->base) / SECTION_FRAMES;

		for (; section <= PHYS_PFN(r->base + r->size - 1) / SECTION_FRAMES; section++) {
			if (test_bit(section, present_sections))
				continue;
			populate_section(section * SECTION_FRAMES);
			__set_bit(section, present_sections);
			quire_descriptor_bytes += SECTION_FRAMES * sizeof(struct page);
		}
	}
}

/* ---- zones ----------------------------------------------------------------------------------- */

/* First frame above the zone type.  Without 64-bit addresses there is no DMA32. */
static unsigned long zone_limit(unsigned type)
{
	switch (type) {
	case ZONE_DMA: return (16UL << 20) >> PAGE_SHIFT;
	case ZONE_DMA32:
		return sizeof(long) == 8 ? 1UL << (32 - PAGE_SHIFT) : (16UL << 20) >> PAGE_SHIFT;
	case ZONE_NORMAL: return ~0UL;
	default: return 0;
	}
}

static unsigned zone_type_of(unsigned long pfn)
{
	unsigned type = ZONE_DMA;

	while (pfn >= zone_limit(type))
		type++;
	return type;
}

/* Count frames [pfn, end) of one zone and write where they are into their descriptors. */
static void add_present(unsigned nid, unsigned type, unsigned long pfn, unsigned long end)
{
	struct pglist_data *node = NODE_DATA(nid);
	struct zone *zone = &node->node_zones[type];
	u32 place = type << PAGE_ZONE_SHIFT | nid << PAGE_NODE_SHIFT;

	if (!zone->present_pages)
		zone->zone_start_pfn = pfn;
	zone->present_pages += end - pfn;
	zone->spanned_pages = end - zone->zone_start_pfn;
	if (!node->online)
		node->node_start_pfn = pfn;
	node->online = true;
	node->node_present_pages += end - pfn;
	node->node_spanned_pages = end - node->node_start_pfn;
	for (; pfn < end; pfn++)
		pfn_to_page(pfn)->flags = place;
}

/* Frames that lie in a section and are not RAM: they exist for the arithmetic only. */
static void mark_hole(unsigned long pfn, unsigned long end, unsigned nid)
{
	while (pfn < end) {
		unsigned long stop = min(end, (pfn / SECTION_FRAMES + 1) * SECTION_FRAMES);

		if (!test_bit(pfn / SECTION_FRAMES, present_sections)) {
			pfn = stop;
			continue;
		}
		for (; pfn < stop; pfn++)
			pfn_to_page(pfn)->flags = 1u << PG_reserved |
						  zone_type_of(pfn) << PAGE_ZONE_SHIFT |
						  nid << PAGE_NODE_SHIFT;
	}
}

static unsigned region_node(const struct memblock_region *r)
{
	if (r->nid == NUMA_NO_NODE)
		return 0;
	if (r->nid < 0 || r->nid >= QUIRE_NR_NODES) {
		pr_warn("frames: node %d of RAM at 0x%llx does not fit QUIRE_NR_NODES: taken as "
			"node 0\n",
			r->nid, (unsigned long long)r->base);
		return 0;
	}
	return (unsigned)r->nid;
}

static void make_zones(void)
{
	unsigned long done = PHYS_PFN(memblock_start_of_DRAM()) / SECTION_FRAMES * SECTION_FRAMES;
	const struct memblock_region *r;
	unsigned nid = 0;

	for_each_mem_region(r) {
		unsigned long pfn = (unsigned long)PFN_UP(r->base),
			      end = (unsigned long)PFN_DOWN(r->base + r->size);

		nid = region_node(r);
		if (pfn >= end)
			continue;
		mark_hole(done, pfn, nid);
		done = end;
		while (pfn < end) {
			unsigned type = zone_type_of(pfn);
			unsigned long stop = min(end, zone_limit(type));

			add_present(nid, type, pfn, stop);
			pfn = stop;
		}
	}
	mark_hole(done, QUIRE_ALIGN_UP(quire_max_pfn, SECTION_FRAMES), nid);
}

static void init_zone(struct pglist_data *node, unsigned type)
{
	struct zone *zone = &node->node_zones[type];

	spin_lock_init(&zone->lock, "zone", LOCK_RANK_ZONE);
	zone->idx = (u8)type;
	zone->node = (u8)node->node_id;
	zone->id = (u16)(node->node_id * 8 + (int)type);
	zone->name = zone_names[type];
	zone->zone_pgdat = node;
	if (!zone->present_pages)
		return;
	groups_init(zone);
}

/* A node's own zones from high to low, then those of the other nodes, the nearest number first. */
static void make_zonelists(struct pglist_data *node)
{
	for (unsigned step = 0; step < QUIRE_NR_NODES; step++) {
		struct pglist_data *from =
			NODE_DATA(((unsigned)node->node_id + step) % QUIRE_NR_NODES);

		for (unsigned type = MAX_NR_ZONES; type-- > 0;) {
			struct zone *zone = &from->node_zones[type];
			struct zonelist *list = node->node_zonelists;

			if (!populated_zone(zone))
				continue;
			list[ZONELIST_FALLBACK].zones[list[ZONELIST_FALLBACK].nr++] = zone;
			if (!step)
				list[ZONELIST_NOFALLBACK].zones[list[ZONELIST_NOFALLBACK].nr++] =
					zone;
		}
	}
}

void frames_init(void)
{
	memset(quire_nodes, 0, sizeof(quire_nodes));
	pcp_boot_init();
	make_sections();
	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		NODE_DATA(nid)->node_id = (int)nid;
	make_zones();
	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		for (unsigned type = 0; type < MAX_NR_ZONES; type++)
			init_zone(NODE_DATA(nid), type);
	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		make_zonelists(NODE_DATA(nid));
}

void frames_exit(void)
{
	memset(quire_nodes, 0, sizeof(quire_nodes));
	quire_max_pfn = 0;
	quire_descriptor_bytes = 0;
	present_sections = NULL;
	low_memory_ops = NULL;
	nr_bad_pages = 0;
	watermarks_exit();
	vmstat_exit();
	pcp_boot_init();
}

/* ---- steps ----------------------------------------------------------------------------------- */
struct pglist_data *next_online_pgdat(struct pglist_data *node)
{
	for (node = node ? node + 1 : quire_nodes; node < quire_nodes + QUIRE_NR_NODES; node++)
		if (node->online)
			return node;
	return NULL;
}

struct zone *next_zone(struct zone *zone)
{
	struct pglist_data *node;

	if (zone && zone->idx + 1 < MAX_NR_ZONES)
		return zone + 1;
	node = next_online_pgdat(zone ? zone->zone_pgdat : NULL);
	return node ? node->node_zones : NULL;
}
