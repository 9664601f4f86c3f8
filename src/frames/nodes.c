/* SPDX-License-Identifier: MIT */
/*
 * frames/nodes.c - from memblock's list of RAM to nodes and zones.
 *
 *   memblock.memory  |####|        |#############|            |########|
 *   zones            |-- DMA --|------ DMA32 ------ ... ------|- NORMAL -|- HIGHMEM or MOVABLE -|
 *                     each spans its node's RAM, holes included
 *
 * Always true:  a frame is in exactly one zone, told by its flags; what a zone type's end cuts off
 *               belongs to a higher one.
 * Lock:         none; boot, one CPU.
 */
#include <quire/bytes.h>
#include <quire/init.h>
#include <quire/printk.h>
#include <quire/stop.h>
#include "slow.h"
#include "zones.h"

const char *const zone_names[MAX_NR_ZONES] = { "DMA", "DMA32", "Normal", "HighMem", "Movable" };
const char *const migratetype_names[MIGRATE_TYPES] = { "Unmovable",  "Movable", "Reclaimable",
						       "HighAtomic", "CMA",     "Isolate" };

struct pglist_data quire_nodes[QUIRE_NR_NODES];

/* ---- zone types by address ------------------------------------------------------------------- */

/* Without 64-bit addresses there is no DMA32. */
#define DMA_END_PFN   ((unsigned long)QUIRE_ZONE_DMA_MIB << (20 - PAGE_SHIFT))
#define DMA32_END_PFN (sizeof(long) == 8 ? 1UL << (32 - PAGE_SHIFT) : DMA_END_PFN)

/* First frame above the types that have an end; what lies above them all is HIGHMEM. */
#define ENDS_AT_POWER_ON                                                                           \
	{                                                                                          \
		DMA_END_PFN, DMA32_END_PFN, ~0UL                                                   \
	}
static unsigned long zone_end[ZONE_HIGHMEM] = ENDS_AT_POWER_ON;

void set_zone_end(enum zone_type type, phys_addr_t end)
{
	quire_assert(type < ZONE_HIGHMEM, "only DMA, DMA32 and NORMAL end at an address");
	if (type < ZONE_HIGHMEM)
		zone_end[type] = PHYS_PFN(end);
}

unsigned zone_type_of(unsigned long pfn)
{
	unsigned type = ZONE_DMA;

	while (type < ZONE_HIGHMEM && pfn >= zone_end[type])
		type++;
	return type;
}

unsigned long zone_type_start(unsigned type)
{
	unsigned long start = 0;

	for (unsigned below = ZONE_DMA; below < min(type, (unsigned)ZONE_HIGHMEM); below++)
		start = max(start, zone_end[below]);
	return start;
}

const struct zone_movable_ops *zone_movable_ops;
const struct compaction_ops *compaction_ops;
const struct cma_ops *cma_ops;
unsigned long totalcma_pages;

static unsigned long __init movable_from(const struct memblock_region *r)
{
	return zone_movable_ops ? zone_movable_ops->from(r) : ~0UL;
}

static unsigned __init type_in_region(const struct memblock_region *r, unsigned long pfn)
{
	return pfn >= movable_from(r) ? ZONE_MOVABLE : zone_type_of(pfn);
}

/* First frame of [pfn, end) that is not of pfn's type. */
static unsigned long __init type_stops(const struct memblock_region *r, unsigned long pfn,
				       unsigned long end)
{
	unsigned type = type_in_region(r, pfn);

	if (type == ZONE_MOVABLE)
		return end;
	end = min(end, movable_from(r));
	return type < ZONE_HIGHMEM ? min(end, zone_end[type]) : end;
}

/* ---- nodes and zones ------------------------------------------------------------------------- */

void add_present(unsigned nid, unsigned type, unsigned long pfn, unsigned long end)
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
static void __init mark_hole(unsigned long pfn, unsigned long end, unsigned nid)
{
	while (pfn < end) {
		unsigned long stop = min(end, (pfn / SECTION_FRAMES + 1) * SECTION_FRAMES);

		if (!section_present(pfn)) {
			pfn = stop;
			continue;
		}
		for (; pfn < stop; pfn++)
			pfn_to_page(pfn)->flags = 1u << PG_reserved |
						  zone_type_of(pfn) << PAGE_ZONE_SHIFT |
						  nid << PAGE_NODE_SHIFT;
	}
}

unsigned region_node(const struct memblock_region *r)
{
	return r->nid >= 0 && r->nid < QUIRE_NR_NODES ? (unsigned)r->nid : 0;
}

static void __init warn_of_nodes(void)
{
	const struct memblock_region *r;

	for_each_mem_region(r)
		if (numa_valid_node(r->nid) && r->nid >= QUIRE_NR_NODES)
			pr_warn("frames: node %d of RAM at 0x%llx does not fit QUIRE_NR_NODES: "
				"taken as node 0\n",
				r->nid, (unsigned long long)r->base);
}

static void __init make_zones(void)
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
			unsigned long stop = type_stops(r, pfn, end);

			add_present(nid, type_in_region(r, pfn), pfn, stop);
			pfn = stop;
		}
	}
	mark_hole(done, QUIRE_ALIGN_UP(quire_max_pfn, SECTION_FRAMES), nid);
}

static void __init init_zone(struct pglist_data *node, unsigned type)
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

/* What has an address in the linear map is all that boot memory may be taken from. */
static void __init keep_memblock_low(void)
{
	phys_addr_t end;

	for (unsigned type = ZONE_DMA; PORT_HIGHMEM && type < ZONE_HIGHMEM; type++)
		zone_end[type] = min(zone_end[type], QUIRE_LOWMEM_END_PFN);
	end = PFN_PHYS(zone_end[ZONE_NORMAL]);
	memblock_set_current_limit(min(memblock_get_current_limit(), end));
}

void __init frames_init(void)
{
	memset(quire_nodes, 0, sizeof(quire_nodes));
	pcp_boot_init();
	keep_memblock_low();
	sections_init();
	warn_of_nodes();
	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		NODE_DATA(nid)->node_id = (int)nid;
	if (zone_movable_ops)
		zone_movable_ops->place();
	make_zones();
	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		for (unsigned type = 0; type < MAX_NR_ZONES; type++)
			init_zone(NODE_DATA(nid), type);
	zonelists_init();
	frame_debug_init();
}

void frames_exit(void)
{
	memset(quire_nodes, 0, sizeof(quire_nodes));
	memcpy(zone_end, (const unsigned long[ZONE_HIGHMEM])ENDS_AT_POWER_ON, sizeof(zone_end));
	low_memory_ops = NULL;
	low_path = NULL;
	report_exit();
	frame_debug_exit();
	sections_exit();
	if (zone_movable_ops)
		zone_movable_ops->forget();
	zone_movable_ops = NULL;
	zonelists_exit();
	watermarks_exit();
	vmstat_exit();
	if (compaction_ops)
		compaction_ops->exit();
	compaction_ops = NULL;
	if (cma_ops)
		cma_ops->exit();
	cma_ops = NULL;
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
