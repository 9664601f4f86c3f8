/* SPDX-License-Identifier: MIT */
/*
 * frames/frames.h - what the files of frames/ share, and what later folders may know of them.
 */
#ifndef QUIRE_SRC_FRAMES_H
#define QUIRE_SRC_FRAMES_H

#include <quire/boot.h>
#include <quire/compaction.h>
#include <quire/gfp.h>
#include <quire/mmzone.h>
#include <quire/numa.h>
#include "base/base.h"

struct seq_out;

#include "groups.h"

#define SECTION_FRAMES (1UL << (QUIRE_SECTION_SHIFT - PAGE_SHIFT))
/* First frame of the section after the one that holds pfn. */
static inline unsigned long next_section(unsigned long pfn)
{
	return (pfn / SECTION_FRAMES + 1) * SECTION_FRAMES;
}

/* ---- per-CPU lists ---------------------------------------------------------------------------
 * One stack of free blocks per pcp order and migratetype; the last column (HIGHATOMIC, ISOLATE)
 * never holds any.
 */
#define PCP_SMALL_ORDERS 4u /* 0..3, and pageblock_order            */
#define PCP_ORDERS       (PCP_SMALL_ORDERS + 1)
#define PCP_TYPES        (MIGRATE_PCPTYPES + 1)
#define NR_PCP_LISTS     (PCP_ORDERS * PCP_TYPES)
#define PCP_NONE         (~0u)

struct pcp_list {
	u32 *top;              /* (p) past the first frame of the block that goes out next */
	u32 *slot;             /* (c) where the lowest is                              */
	u32 *limit;            /* (p) past the highest; slot: nothing may be parked    */
	u32 room;              /* (c) blocks that there is room for                    */
	u64 fresh;             /* (c) flags and count of what goes out                 */
	u8 order;              /* (c)                                                  */
	u8 migratetype;        /* (c)                                                  */
	u16 batch;             /* (c) blocks moved at a time, at least                 */
	u16 most;              /* (c) and at most                                      */
	u16 refill;            /* (p) blocks that the next refill takes                */
	u16 drain;             /* (p) blocks that the next drain gives back            */
	unsigned long nr_free; /* (p) blocks taken back by the fast path               */
	long nr_moved;         /* (p) blocks put here otherwise, less those taken otherwise */
};

struct pcp {
	struct pcp_list list[NR_PCP_LISTS];
	u32 *slots;        /* (c) room of them all                                 */
	size_t slots_size; /* (c) in bytes                                         */
};

/* Blocks parked, and the most that may be. */
static quire_always_inline u32 pcp_count(const struct pcp_list *list)
{
	return (u32)(READ_ONCE(list->top) - list->slot);
}

static quire_always_inline u32 pcp_high(const struct pcp_list *list)
{
	return (u32)(READ_ONCE(list->limit) - list->slot);
}

/* Blocks that the fast path handed out: what came in, less what is still here. */
#define PCP_NR_ALLOC(list)                                                                         \
	(READ_ONCE((list)->nr_free) + (unsigned long)READ_ONCE((list)->nr_moved) - pcp_count(list))

_Static_assert(PCP_TYPES == QUIRE_PCP_COLUMNS && PAGE_PCPMT_MASK < QUIRE_PCP_COLUMNS &&
		       MAX_NR_ZONES * PCP_TYPES == QUIRE_PCP_ALLOC_KEYS && PAGE_ZONE_MASK < 8,
	       "percpu.h has room for every list");

/* Row of the lists for an order, or PCP_NONE. */
static inline unsigned pcp_row(unsigned order)
{
	if (order < PCP_SMALL_ORDERS)
		return order;
	return order == pageblock_order ? PCP_SMALL_ORDERS : PCP_NONE;
}

/* Begin to use this CPU's lists; false: they are not ours now.  `closed`: what keeps us out.  A
 * handler that interrupts such a stretch leaves it marked as it was: quire_irq_exit(). */
static quire_always_inline bool pcp_enter_if(struct quire_cpu *cpu, u64 closed)
{
	WRITE_ONCE(cpu->busy, 1);
	barrier(); /* who closes the gate makes a real one of it, port_membarrier() */
	if (likely(!(gate_load(cpu) & closed))) {
		barrier();
		return true;
	}
	if (!cpu->irq)
		__atomic_store_n(&cpu->busy, 0, __ATOMIC_RELEASE);
	return false;
}

/* On a fast path: nobody is listening either. */
static quire_always_inline bool pcp_enter(struct quire_cpu *cpu)
{
	return pcp_enter_if(cpu, ~0xffffULL);
}

static inline bool pcp_enter_slow(struct quire_cpu *cpu)
{
	return pcp_enter_if(cpu, 0xffff0000ULL | (u64)QUIRE_GATE_CLAIMED << 32);
}

static quire_always_inline void pcp_leave(struct quire_cpu *cpu)
{
	__atomic_store_n(&cpu->busy, 0, __ATOMIC_RELEASE);
}

/* This CPU's list for blocks of that order and column, or NULL if there is none. */
static inline struct pcp_list *pcp_list_of(const struct zone *zone, unsigned order, unsigned column)
{
	unsigned row = pcp_row(order);
	struct pcp_list *list;

	if (!QUIRE_PCP || row == PCP_NONE || !zone->pcp)
		return NULL;
	list = &this_cpu_ptr(zone->pcp)->list[row * PCP_TYPES + column];
	return pcp_high(list) ? list : NULL;
}

/* Give every populated zone its lists.  Called by percpu_init() once areas exist. */
void pcp_init(void);
/* The same for a CPU whose area was copied from another's; 0, or -ENOMEM and it has none. */
int pcp_add_cpu(unsigned cpu);
/* Before that, and after percpu_exit(): lists that hold nothing. */
void pcp_boot_init(void);
void pcp_exit(void);

/* From now on all CPUs free to the zone itself, and nothing is parked; until it is enabled as often as
 * it was disabled.  Task context, no spinlock held. */
void zone_pcp_disable(struct zone *zone);
void zone_pcp_enable(struct zone *zone);
/* Slow halves, between pcp_enter_slow() and pcp_leave().  pcp_refill: at least one block on the list,
 * or false.  pcp_make_room: room for one block at least.  pcp_drain_list: `n` oldest blocks go back. */
bool pcp_refill(struct zone *zone, struct pcp_list *list);
void pcp_make_room(struct pcp_list *list);
void pcp_drain_list(struct pcp_list *list, unsigned n);
/* The lists of a CPU that is stopped, or alone: drained, and nothing is parked there any more. */
void pcp_shut(unsigned cpu);
/* Frames that the CPU freed and that wait for their descriptors go to their zones (alloc.c).  It is this
 * CPU, between pcp_enter() and pcp_leave(), or one that is kept out. */
void far_flush(struct quire_cpu *cpu);
extern bool late_frees; /* see set_late_frees() */

/* ---- all of it held still (freeze.c, called by heap/) ---------------------------------------- */
/* First these, then locks of lower folders' users, then the zones; and back. */
void frames_freeze(void);
void frames_thaw(bool copy); /* copy: other CPUs will never run again, see quire/freeze.h */
void zones_freeze(void);
void zones_thaw(void);
/* Its parts in drain.c and hotplug.c. */
void pcp_freeze(void);
void pcp_thaw(bool copy);
void hotplug_freeze(void);
void hotplug_thaw(void);

/* ---- free frames (buddy.c, sets.c, fallback.c); zone->lock held, interrupts off ----------------------- */
#define PFN_NONE (~0UL)

/* Take a block of 2^order frames of the type, from CMA if it may, stealing from others if need be:
 * its first frame, or PFN_NONE. */
unsigned long buddy_take_locked(struct zone *zone, unsigned order, enum migratetype type);
/* The same for who wants up to 2^more such blocks: *order says how large a block it is. */
unsigned long buddy_take_run_locked(struct zone *zone, unsigned *order, enum migratetype type,
				    unsigned more);
/* Only from pageblocks of exactly this type. */
unsigned long buddy_take_exact_locked(struct zone *zone, unsigned order, enum migratetype type);
/* Only from those of others. */
unsigned long buddy_take_fallback_locked(struct zone *zone, unsigned order, enum migratetype type);
/* Single frames of one word of the bitmaps. */
struct frame_set {
	u64 bits;
	u32 pfn; /* frame of bit 0                                       */
	u32 nr;  /* bits that are set                                    */
};
/* Take up to n single frames, the lowest first: how many sets of them were filled, `room` at most. */
unsigned buddy_take_frames_locked(struct zone *zone, enum migratetype type, struct frame_set *set,
				  unsigned room, unsigned n);
/* Give a block back; it is glued to its free buddies.  What is free already is reported. */
void buddy_put_locked(struct zone *zone, unsigned long pfn, unsigned order);
/* The same for nr_sets sets of single frames. */
void buddy_put_frames_locked(struct zone *zone, const struct frame_set *set, unsigned nr_sets);
/* Take exactly the frames [pfn, end), which are of the zone; false: some are not free, none is taken. */
bool buddy_claim_locked(struct zone *zone, unsigned long pfn, unsigned long end);
/* Take one frame if it is free; takes zone->lock. */
bool buddy_take_frame(struct zone *zone, unsigned long pfn);
/* Take what is free of [pfn, end) in one group, `room` sets at most: how many sets were filled. */
unsigned buddy_take_range_locked(struct zone *zone, unsigned long pfn, unsigned long end,
				 struct frame_set *set, unsigned room);
/* Set the type of the pageblock that holds the frame; its free frames go along.  How many. */
unsigned long pageblock_convert_locked(struct zone *zone, unsigned long pfn, enum migratetype type);
/* Free frames of the pageblock that holds the frame. */
unsigned long pageblock_nr_free_locked(const struct zone *zone, unsigned long pfn);

/* Between the three files.  A group with a block of that order, or ROW_EMPTY; take from it; */
u32 buddy_find_locked(const struct zone *zone, unsigned order, enum migratetype type);
unsigned long buddy_take_from_locked(struct zone *zone, u32 g, unsigned order);
/* the whole block at g becomes one of order `want`, the halves that are left over are blocks; */
void buddy_split_locked(struct zone_groups *gs, u32 g, unsigned want);
/* a free block of whole groups that is larger than `order` is halved until g's part is that large; */
void buddy_isolate_block_locked(struct zone *zone, u32 g, unsigned order);
/* the free frames at g are a block of that order, and larger if its buddies are free; */
void buddy_glue_locked(struct zone *zone, u32 g, unsigned order);
/* what is allocated for this type comes from CMA pageblocks while they are the larger half; */
bool buddy_cma_first(const struct zone *zone, enum migratetype type);
/* frames of a group were set free and its bits are set, and the block they belong to now is `order`; */
void buddy_put_part_locked(struct zone *zone, u32 g, unsigned nr, unsigned order);
/* a frame is freed that is free; */
void buddy_report_free(unsigned long pfn);
/* free frames have come or gone; the second: only of a type that not everyone may use. */
void buddy_account(struct zone *zone, long frames, enum migratetype type);
void account_kept(struct zone *zone, long frames, enum migratetype type);

static quire_always_inline enum migratetype pageblock_type(const struct zone *zone,
							   unsigned long pfn)
{
	return group_type(zone, group_of_pfn(&zone->groups, pfn));
}

/* Load what a free of the frame will change. */
static inline void buddy_prefetch(const struct zone *zone, unsigned long pfn)
{
	u32 g = group_of_pfn(&zone->groups, pfn);

	__builtin_prefetch(&zone->groups.group[g], 1);
	__builtin_prefetch(word_of_pfn(&zone->groups, g, pfn), 1);
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
/* Flags that the owner of a block leaves as they are. */
#define PAGE_TAKEN_MASK (PAGE_KEEP_MASK | PAGE_ORDER_MASK << PAGE_ORDER_SHIFT)

static inline unsigned page_zone_id(u32 flags)
{
	return (flags >> PAGE_NODE_SHIFT & PAGE_NODE_MASK) * 8 +
	       (flags >> PAGE_ZONE_SHIFT & PAGE_ZONE_MASK);
}

static inline unsigned page_pcp_column(u32 flags)
{
	return flags >> PAGE_PCPMT_SHIFT & PAGE_PCPMT_MASK;
}

/* Column of the per-CPU lists for frames of a pageblock of that type. */
static inline u32 pcp_column_of(enum migratetype type)
{
	if (type == MIGRATE_CMA)
		return MIGRATE_MOVABLE;
	return min((u32)type, (u32)MIGRATE_PCPTYPES);
}

/* What a block in use remembers in the flags of its first frame: its order, and where it is freed
 * to. */
static inline u32 block_marks(unsigned order, u32 column)
{
	return order << PAGE_ORDER_SHIFT | column << PAGE_PCPMT_SHIFT;
}

static inline u32 page_flags_freed(u32 flags)
{
	return (flags & PAGE_KEEP_MASK) | PAGE_ORDER_FREED << PAGE_ORDER_SHIFT;
}

static inline unsigned page_order_taken(u32 flags)
{
	return flags >> PAGE_ORDER_SHIFT & PAGE_ORDER_MASK;
}

/* init_on_alloc=1, init_on_free=1: heap/ clears objects too.  The gate is closed while one is on. */
extern bool frames_init_on_alloc, frames_init_on_free;

/* ---- holding a frame that is somebody's ------------------------------------------------------ */
union page_flags_and_refs {
	struct {
		u32 flags;
		int refs;
	};
	u64 both;
};

/* Take a reference and set the flags `set` if at this very moment the frame is in use, has one of the
 * flags `any` and none of `none`: so one that was freed and is another's by now is not held by
 * mistake. */
static inline bool frame_hold(struct page *page, u32 any, u32 none, u32 set)
{
	union page_flags_and_refs was, now;

	/* Most frames fall here, without being written. */
	if (!(READ_ONCE(page->flags) & any))
		return false;
	was.both = __atomic_load_n(&page->flags_and_refs, __ATOMIC_ACQUIRE);
	do {
		if (!(was.flags & any) || was.flags & none || was.refs <= 0)
			return false;
		now.flags = was.flags | set;
		now.refs = was.refs + 1;
	} while (!__atomic_compare_exchange_n(&page->flags_and_refs, &was.both, now.both, true,
					      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	return true;
}

/* ---- ranges (isolate.c) ---------------------------------------------------------------------- */
/* The zone that all frames of the range are of, reserved ones apart; or NULL. */
struct zone *zone_of_range(unsigned long start, unsigned long end);
/* Close the pageblocks of a range of one zone, move what is in it elsewhere, take exactly its frames,
 * and open the pageblocks again.  0; -EBUSY: something does not move, or a pageblock is not of the
 * wanted type (CMA; MOVABLE: any that everybody may use) or closed already; -ENOMEM: nowhere to. */
int take_range(struct zone *zone, unsigned long start, unsigned long end, enum migratetype wanted,
	       gfp_t gfp, enum migrate_reason reason);
/* One pageblock; zone->lock held.  False: see take_range() about types. */
bool pageblock_isolate_locked(struct zone *zone, unsigned long pfn, enum migratetype wanted);
void pageblock_unisolate_locked(struct zone *zone, unsigned long pfn);
/* `private` of the frames of an offline section. */
#define PAGE_OFFLINE_MARK 0x0ff11eu

/* ---- compaction ------------------------------------------------------------------------------ */
/* As compact_zone(), on behalf of a request: not soon after it failed, not for lack of memory. */
enum compact_result compact_for(struct zone *zone, unsigned order, enum migrate_mode mode);
void kcompactd_exit(void);

/* Parts that only some machines have, and link: NULL, or set by whoever needs them. */
struct compaction_ops {
	enum compact_result (*compact)(struct zone *zone, unsigned order, enum migrate_mode mode);
	void (*wakeup)(struct zone *zone, unsigned order);
	void (*exit)(void);
};
extern const struct compaction_ops *compaction_ops;
struct cma_ops {
	void (*activate)(void); /* once memory is handed over                           */
	void (*exit)(void);
};
extern const struct cma_ops *cma_ops;
#define COSTLY_ORDER 3u /* larger blocks may be refused rather than killed for  */

/* ---- reports --------------------------------------------------------------------------------- */
/* The frame is damaged or wrongly used: say so; the caller leaves it alone from now on. */
void bad_page(const struct page *page, const char *why);
void report_alloc_failure(gfp_t gfp, unsigned order);
/* Tells more of it (show_mem.c), or NULL. */
extern void (*alloc_failure_hook)(const char *comm, gfp_t gfp, unsigned order);
/* Flags by their names, as Linux's %pGg and the inside of its %pGp print them. */
#define GFP_WORDS  400 /* room for all of them                             */
#define FLAG_WORDS 200
void gfp_words(char *buf, size_t size, gfp_t gfp);
void page_flag_words(char *buf, size_t size, u32 flags);
void report_exit(void);
/* Bad pages reported since boot. */
extern unsigned long nr_bad_pages;

/* ---- boot ------------------------------------------------------------------------------------ */
/* The frames [pfn, end) of one zone, never managed before, become managed and free. */
void zone_add_managed(struct zone *zone, unsigned long pfn, unsigned long end);
/* The same if they are counted as managed already. */
void zone_add_frames(struct zone *zone, unsigned long pfn, unsigned long end);
/* Debugging (debug.c): memory for it; off again; n frames are free for the first time. */
void frame_debug_init(void);
void frame_debug_exit(void);
void frame_debug_managed(struct page *page, unsigned long n);
/* A block that was taken becomes single frames that nobody uses any more, counted as such. */
void frames_set_aside(struct page *page, unsigned order);
void num_poisoned_pages_add(long n);
void watermarks_exit(void);
void vmstat_exit(void);
void vmstat_cpus_init(void);
extern unsigned long quire_ram_end_pfn; /* first frame number above all RAM */
/* It may grow while others look. */
#if defined(__SANITIZE_THREAD__)
#define quire_max_pfn READ_ONCE(quire_ram_end_pfn)
#else
#define quire_max_pfn quire_ram_end_pfn /* plain, so that kfree() compares with memory */
#endif
extern unsigned long quire_room_pfn;         /* and above what may be added later */
extern unsigned long quire_descriptor_bytes; /* of frame descriptors that exist */
extern const struct low_memory_ops *low_memory_ops;
/* From now on low.c is asked too (slow.h). */
void low_path_link(void);

#endif
