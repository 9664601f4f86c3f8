/* SPDX-License-Identifier: MIT */
/*
 * quire/mmzone.h - nodes, zones, free lists, watermarks: how physical memory is divided.
 *
 *   node 0                                                      node 1
 *   |-- DMA --|------- DMA32 -------|--------- NORMAL ---------|------ NORMAL ------|   ...
 *    0..16 MiB        ..4 GiB               the rest
 *
 * Zones never overlap and no allocation straddles two.  A request names the highest zone it can
 * use; the node's zonelist says in which order to try.
 */
#ifndef QUIRE_MMZONE_H
#define QUIRE_MMZONE_H

#include <quire/lock.h>
#include <quire/page.h>
#include <quire/types.h>
#include <quire/vmstat.h>

enum zone_type {
	ZONE_DMA,     /* below 16 MiB: ISA devices                            */
	ZONE_DMA32,   /* below 4 GiB: 32-bit devices                          */
	ZONE_NORMAL,  /* the rest that the linear map covers                  */
	ZONE_HIGHMEM, /* beyond the linear map (32-bit)                       */
	ZONE_MOVABLE, /* only what can be moved or dropped                    */
	MAX_NR_ZONES
};
extern const char *const zone_names[MAX_NR_ZONES];

enum migratetype {
	MIGRATE_UNMOVABLE,                     /* kernel memory: stays where it is             */
	MIGRATE_MOVABLE,                       /* user memory: can be moved                    */
	MIGRATE_RECLAIMABLE,                   /* caches: can be dropped                       */
	MIGRATE_PCPTYPES,                      /* types that have per-CPU lists                */
	MIGRATE_HIGHATOMIC = MIGRATE_PCPTYPES, /* kept for those who cannot wait */
	MIGRATE_CMA,     /* lent to movable memory until its owner claims it */
	MIGRATE_ISOLATE, /* being emptied: nobody allocates from it      */
	MIGRATE_TYPES
};
extern const char *const migratetype_names[MIGRATE_TYPES];

enum zone_watermarks { WMARK_MIN, WMARK_LOW, WMARK_HIGH, WMARK_PROMO, NR_WMARK };

#define MAX_PAGE_ORDER     QUIRE_MAX_ORDER
#define NR_PAGE_ORDERS     (QUIRE_MAX_ORDER + 1)
#define pageblock_order    ((unsigned)QUIRE_PAGEBLOCK_ORDER)
#define pageblock_nr_pages (1UL << QUIRE_PAGEBLOCK_ORDER)

/*
 * Free frames are kept outside struct page, by frame group: a pageblock, or 2^9 frames of a larger
 * one.  A bit per frame says whether it is free; the group's descriptor counts them and knows the
 * largest block, so that a lookup by type and order ends at the group of the lowest address that
 * serves.
 */
#define FRAME_GROUP_ORDER ((unsigned)(QUIRE_PAGEBLOCK_ORDER < 9 ? QUIRE_PAGEBLOCK_ORDER : 9))
#define GROUP_ROWS        (NR_PAGE_ORDERS + 1) /* orders of the largest block, and "partly used" */
#define GROUP_LEVELS      5                    /* 64^5 groups are 2^51 bytes and more            */

struct frame_group {
	u16 nr_free;          /* (z) frames that are free                             */
	u8 type : 4;          /* (z) enum migratetype of its pageblock                */
	u8 isolated_from : 4; /* (z) what it was before it became ISOLATE                */
	s8 largest;           /* (z) order of the largest free block that begins here, or below 0 */
};

/* A stretch of a zone without holes that are a section long.  Groups are numbered through all. */
struct zone_extent {
	unsigned long start_pfn; /* (c) of its first group                               */
	unsigned long frames;    /* (c) whole groups                                     */
	u32 first_group;         /* (c) number of its first group in the zone            */
};

struct zone_groups {
	struct zone_extent *extent; /* (c) in rising order                                  */
	u32 nr_extents;             /* (c)                                                  */
	u32 nr;                     /* (z) groups of the zone                               */
	u32 room;                   /* (c) groups it may get by add_memory(); 0: none       */
	struct frame_group *group;  /* (z) by number                                        */
	u64 *free;                  /* (z) words of the bitmaps, by group                   */
	u8 *touched;                /* (z) by group: GROUP_PUT, and for how many cycles     */
	u64 *rows;                  /* (z) which groups, by migratetype and row (groups.h)  */
	u32 row_words;              /* (c) size of a row                                    */
	u32 levels;                 /* (c) of a row's tree                                  */
	u32 level[GROUP_LEVELS];    /* (c) where each level starts in a row, lowest first   */
	u32 present[MIGRATE_TYPES]; /* (z) bit k: there is a free block of order k          */
};

/* Who guards a field:  (c) set once at boot   (z) zone->lock   (a) atomic */
struct zone {
	spinlock_t lock;                  /* free lists and pageblock types; irqs off             */
	u8 idx;                           /* (c) enum zone_type                                   */
	u8 node;                          /* (c) node number                                      */
	u16 id;                           /* (c) node * 8 + idx: index of vm_counters.zone        */
	const char *name;                 /* (c)                                                  */
	struct pglist_data *zone_pgdat;   /* (c)                                                  */
	unsigned long nr_free;            /* (z) frames on the free lists                         */
	unsigned long nr_free_highatomic; /* (z) of them in HIGHATOMIC and ISOLATE blocks         */
	unsigned long nr_free_cma;        /* (z) of them in CMA blocks                            */
	unsigned long
		_watermark[NR_WMARK];  /* (c) frames; min < low < high                         */
	unsigned long watermark_boost; /* (z) frames added to each                             */
	unsigned long
		lowmem_reserve[MAX_NR_ZONES]; /* (c) frames kept from requests that could have used
						 * the higher zone [i]                                  */
	unsigned long zone_start_pfn; /* (c) first frame                                      */
	unsigned long spanned_pages;  /* (c) frames from first to last, holes included        */
	unsigned long present_pages;  /* (z) of them RAM; sections go and come                */
	atomic_long_t managed_pages;  /* (a) of them given to the buddy system                */
	unsigned long
		nr_reserved_highatomic; /* (z) frames in pageblocks of that type                */
	struct pcp __percpu *pcp;       /* (c) per-CPU lists                                    */
	unsigned long cma_pages;        /* frames of its CMA areas                              */
	u32 pcp_disabled;               /* by how many: nothing is parked on any CPU            */
	u32 compact_considered;         /* (racy) requests since compaction failed              */
	u32 compact_defer_shift;        /* (racy) how many pass before it is tried again, log2  */
	u32 compact_order_failed;       /* (racy) least order that it failed for                */
	struct zone_groups groups;      /* (z) free frames                                      */
};

/* Zones in the order in which a request tries them. */
struct zonelist {
	unsigned nr;
	struct zone *zones[QUIRE_NR_NODES * MAX_NR_ZONES];
};
enum { ZONELIST_FALLBACK, ZONELIST_NOFALLBACK, MAX_ZONELISTS };

struct pglist_data {
	int node_id;
	bool online; /* has memory                           */
	unsigned long node_start_pfn;
	unsigned long node_present_pages;
	unsigned long node_spanned_pages;
	struct zone node_zones[MAX_NR_ZONES];
	struct zonelist node_zonelists[MAX_ZONELISTS];
};
typedef struct pglist_data pg_data_t;

extern struct pglist_data quire_nodes[QUIRE_NR_NODES];
#define NODE_DATA(nid) (&quire_nodes[nid])

/* Steps over nodes with memory; NULL ends. */
struct pglist_data *next_online_pgdat(struct pglist_data *node);
#define first_online_pgdat() next_online_pgdat(NULL)
#define for_each_online_pgdat(node)                                                                \
	for ((node) = first_online_pgdat(); (node); (node) = next_online_pgdat(node))
/* Steps over all zones of online nodes, empty ones too. */
struct zone *next_zone(struct zone *zone);
#define for_each_zone(zone) for ((zone) = next_zone(NULL); (zone); (zone) = next_zone(zone))
#define for_each_populated_zone(zone)                                                              \
	for_each_zone(zone)                                                                        \
		if (populated_zone(zone))

static inline bool populated_zone(const struct zone *zone)
{
	return READ_ONCE(zone->present_pages) != 0;
}

static inline unsigned long zone_managed_pages(const struct zone *zone)
{
	return (unsigned long)atomic_long_read(&zone->managed_pages);
}

static inline unsigned long zone_end_pfn(const struct zone *zone)
{
	return zone->zone_start_pfn + zone->spanned_pages;
}

static inline unsigned long min_wmark_pages(const struct zone *zone)
{
	return READ_ONCE(zone->_watermark[WMARK_MIN]) + READ_ONCE(zone->watermark_boost);
}

static inline unsigned long low_wmark_pages(const struct zone *zone)
{
	return READ_ONCE(zone->_watermark[WMARK_LOW]) + READ_ONCE(zone->watermark_boost);
}

static inline unsigned long high_wmark_pages(const struct zone *zone)
{
	return READ_ONCE(zone->_watermark[WMARK_HIGH]) + READ_ONCE(zone->watermark_boost);
}

static inline struct zone *page_zone(const struct page *page)
{
	return &NODE_DATA(page_to_nid(page))->node_zones[page_zonenum(page)];
}

/* Kind of the pageblock that holds the frame. */
enum migratetype get_pageblock_migratetype(const struct page *page);

/* ---- start and stop -------------------------------------------------------------------------- */
/* Nodes, zones, frame descriptors and free-list heads for everything in memblock.memory.  Panics
 * when memblock has no room for them.  After it memblock_free_all() (quire/boot.h) hands the memory
 * over. */
void frames_init(void);

/* ---- watermarks ------------------------------------------------------------------------------ */
extern unsigned long min_free_kbytes;    /* KiB kept free: 4 * sqrt(lowmem KiB), or what was set */
extern unsigned long totalreserve_pages; /* frames that user memory cannot count on              */
/* Recompute after managed pages changed (memblock_free_all() does).  min_free_kbytes follows the
 * amount of memory, but not below what was set. */
void init_per_zone_wmark_min(void);

/* How far below a mark a request may go. */
enum {
	ALLOC_LOW = 0x01,           /* judged by the low mark, else by min                  */
	ALLOC_HIGH = 0x02,          /* half of the mark is open: __GFP_HIGH                 */
	ALLOC_HARDER = 0x04,        /* and a quarter more, and HIGHATOMIC: cannot wait      */
	ALLOC_NO_WATERMARKS = 0x08, /* everything is open: it frees memory soon             */
	ALLOC_CMA = 0x10,           /* CMA pageblocks will do: movable                      */
};

/*
 * Whether a block of this order could be taken from the zone and still leave more than `mark` (one
 * of {min,low,high}_wmark_pages()) and what it keeps from requests that could have used zone type
 * highest_zoneidx; and whether there is such a block.  Any context; a moment later it may be wrong.
 */
bool zone_watermark_ok(struct zone *zone, unsigned order, unsigned long mark, int highest_zoneidx,
		       unsigned alloc_flags);

/* ---- how much there is ----------------------------------------------------------------------- */
unsigned long totalram_pages(
	void);                     /* frames given to the buddy system in all                     */
unsigned long nr_free_pages(void); /* on free lists now                                           */

/* Give the parked frames of all CPUs back; those of CPUs that run, if port_membarrier() can.  Task
 * context, no spinlock held. */
void drain_all_pages(void);
/* CPU `cpu` is stopped, or is this one: give back what it parked. */
void drain_pages(unsigned cpu);

#endif
