/* SPDX-License-Identifier: MIT */
/*
 * frames/frames.h - what the files of frames/ share, and what later folders may know of them.
 */
#ifndef QUIRE_SRC_FRAMES_H
#define QUIRE_SRC_FRAMES_H

#include <quire/boot.h>
#include <quire/gfp.h>
#include <quire/mmzone.h>
#include <quire/numa.h>
#include "base/base.h"

struct seq_out;

/* ---- per-CPU lists
 * --------------------------------------------------------------------------------- One stack of
 * free blocks per pcp order and migratetype; the last column (HIGHATOMIC, ISOLATE) never holds any.
 */
#define PCP_SMALL_ORDERS 4u /* 0..3, and pageblock_order            */
#define PCP_ORDERS       (PCP_SMALL_ORDERS + 1)
#define PCP_TYPES        (MIGRATE_PCPTYPES + 1)
#define NR_PCP_LISTS     (PCP_ORDERS * PCP_TYPES)
#define PCP_NONE         (~0u)

struct pcp_list {
	u32 count;             /* (p) blocks parked                                    */
	u32 high;              /* (c) most that may be; 0 before percpu_init()         */
	struct page **slot;    /* (c) room for `high`; slot[count - 1] goes out next   */
	unsigned long nr_free; /* (p) blocks taken back by the fast path               */
	long nr_moved;         /* (p) blocks put here otherwise, less those taken otherwise */
	u16 batch;             /* (c) blocks moved at a time                           */
	u8 order;              /* (c)                                                  */
	u8 migratetype;        /* (c)                                                  */
};

struct pcp {
	struct pcp_list list[NR_PCP_LISTS];
};

/* Blocks that the fast path handed out: what came in, less what is still here. */
#define PCP_NR_ALLOC(list)                                                                         \
	(READ_ONCE((list)->nr_free) + (unsigned long)READ_ONCE((list)->nr_moved) -                 \
	 READ_ONCE((list)->count))

/* This CPU's lists of single frames.  Both tables are indexed with what the caller has at hand. */
#define NR_PCP_KEYS (QUIRE_NR_NODES * (PAGE_ZONE_MASK + 1) * (PAGE_PCPMT_MASK + 1))
struct pcp_map {
	struct pcp_list *alloc[MAX_NR_ZONES *
			       PCP_TYPES];  /* by quire_pcp_index(gfp): the first zone it tries */
	struct pcp_list *free[NR_PCP_KEYS]; /* by page->flags >> PAGE_ZONE_SHIFT               */
};
DECLARE_PER_CPU(struct pcp_map, pcp_map);
_Static_assert(PCP_TYPES == QUIRE_PCP_COLUMNS, "gfp.h and frames.h agree on the columns");

/* Row of the lists for an order, or PCP_NONE. */
static inline unsigned pcp_row(unsigned order)
{
	if (order < PCP_SMALL_ORDERS)
		return order;
	return order == pageblock_order ? PCP_SMALL_ORDERS : PCP_NONE;
}

/* This CPU's list for blocks of that order and column, or NULL if there is none or it may not be
 * touched now. */
static inline struct pcp_list *pcp_usable_list(const struct zone *zone, unsigned order,
					       unsigned column)
{
	unsigned long offset = port_percpu_offset();
	unsigned row = pcp_row(order);
	struct pcp_list *list;

	if (row == PCP_NONE || !zone->pcp || !gate_passable(offset))
		return NULL;
	list = &percpu_at(zone->pcp, offset)->list[row * PCP_TYPES + column];
	return list->high ? list : NULL;
}

/* Give every populated zone its lists.  Called by percpu_init() once areas exist. */
void pcp_init(void);
/* Before that, and after percpu_exit(): lists that hold nothing. */
void pcp_boot_init(void);
void pcp_exit(void);

/* Slow halves.  pcp_refill: at least one block on the list, or false.  pcp_drain_list: `n` oldest
 * blocks go back. */
bool pcp_refill(struct zone *zone, struct pcp_list *list);
void pcp_drain_list(struct pcp_list *list, unsigned n);

/* ---- free lists (buddy.c); zone->lock held, interrupts off ----------------------------------- */
/* Take a block of 2^order frames of the type, stealing from others if need be; NULL: none. */
struct page *buddy_take_locked(struct zone *zone, unsigned order, enum migratetype type);
/* Only from blocks of exactly this type. */
struct page *buddy_take_exact_locked(struct zone *zone, unsigned order, enum migratetype type);
/* From the smallest block that serves take up to 2^most frames, *got says how many, instead of
 * 2^order: for who would come back for more of the same. */
struct page *buddy_take_run_locked(struct zone *zone, unsigned order, enum migratetype type,
				   unsigned most, unsigned *got);
/* Give a block back and glue it to its free buddies. */
void buddy_put_locked(struct zone *zone, struct page *page, unsigned order);
/* Set the type of the pageblock that holds the frame and move its free blocks along.  Frames
 * moved. */
unsigned long pageblock_convert_locked(struct zone *zone, struct page *page, enum migratetype type);

static inline unsigned long pageblock_index(const struct zone *zone, unsigned long pfn)
{
	return (pfn >> pageblock_order) - (zone->zone_start_pfn >> pageblock_order);
}

static inline enum migratetype pageblock_type(const struct zone *zone, unsigned long pfn)
{
	return (enum migratetype)zone->pageblock_type[pageblock_index(zone, pfn)];
}

/* Whether a block of at least this order is free for a request with these ALLOC_* flags.  Without
 * the lock: a moment later it may be wrong. */
bool zone_has_free_block(const struct zone *zone, unsigned order, unsigned alloc_flags);
/* zone_watermark_ok() in words: what speaks against the request, or NULL. */
const char *zone_why_low(const struct zone *zone, unsigned order, unsigned long mark,
			 enum zone_type highest, unsigned alloc_flags);

/* Flags of a frame that say where it is, as against what it is used for. */
#define PAGE_PLACE_MASK (PAGE_ZONE_MASK << PAGE_ZONE_SHIFT | PAGE_NODE_MASK << PAGE_NODE_SHIFT)
#define PAGE_KEEP_MASK  (PAGE_PLACE_MASK | PAGE_PCPMT_MASK << PAGE_PCPMT_SHIFT)

static inline unsigned page_zone_id(u32 flags)
{
	return (flags >> PAGE_NODE_SHIFT & PAGE_NODE_MASK) * 8 +
	       (flags >> PAGE_ZONE_SHIFT & PAGE_ZONE_MASK);
}

static inline unsigned page_pcp_column(u32 flags)
{
	return flags >> PAGE_PCPMT_SHIFT & PAGE_PCPMT_MASK;
}

/* Column of the per-CPU lists, remembered in the flags of a frame in use. */
static inline void page_set_pcp_type(struct page *page, enum migratetype type)
{
	u32 column = min((u32)type, (u32)MIGRATE_PCPTYPES);

	page_flags_write(page, (page->flags & ~(PAGE_PCPMT_MASK << PAGE_PCPMT_SHIFT)) |
				       column << PAGE_PCPMT_SHIFT);
}

/* What must not be set on a frame that is being freed. */
#define PAGE_BAD_AT_FREE                                                                           \
	(1u << PG_locked | 1u << PG_reserved | 1u << PG_buddy | 1u << PG_pcp | 1u << PG_slab |     \
	 1u << PG_tail | 1u << PG_poisoned)

/* ---- reports --------------------------------------------------------------------------------- */
/* The frame is damaged or wrongly used: say so; the caller leaves it alone from now on. */
void bad_page(const struct page *page, const char *why);
void report_alloc_failure(gfp_t gfp, unsigned order);
void gfp_words(char *buf, size_t size, gfp_t gfp);
/* Bad pages reported since boot. */
extern unsigned long nr_bad_pages;

/* ---- boot ------------------------------------------------------------------------------------ */
/* The frames [pfn, end) of one zone, never managed before, become free. */
void zone_add_managed(struct zone *zone, unsigned long pfn, unsigned long end);
void watermarks_exit(void);
void vmstat_exit(void);
void vmstat_cpus_init(void);
extern unsigned long quire_max_pfn;          /* first frame number above all RAM */
extern unsigned long quire_descriptor_bytes; /* of frame descriptors that exist */
extern const struct low_memory_ops *low_memory_ops;

#endif
