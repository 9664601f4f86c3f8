/* SPDX-License-Identifier: MIT */
/*
 * frames/groups.h - which frames are free: a bit for each, a descriptor for every group of them, and
 * for each migratetype a way from "a block of this order" to the lowest group that has one.
 *
 *   rows of a type   partly used   |..1.1......1....|     a bit per group; trees of 64 children a
 *                    order 0       |..1.............|     node, so that the lowest set bit of a
 *                    ...           |                |     million is found in four steps
 *                    order MAX     |...............1|
 *   groups           nr_free, type, largest               a group is in the row of its largest block
 *   bitmaps          1110 0000 1111 ...                   GROUP_WORDS words per group, 1: free;
 *                                                         not kept for groups that are wholly free
 *                                                         or wholly in use
 *
 * A group whose frames are all free is a block of its own or the inside of a larger one; the
 * group where that block begins is in the row of the block's order.
 *
 * Lock: zone->lock.
 */
#ifndef QUIRE_SRC_GROUPS_H
#define QUIRE_SRC_GROUPS_H

#include <quire/mmzone.h>

#define GROUP_FRAMES (1u << FRAME_GROUP_ORDER)
#define WORD_ORDER   (FRAME_GROUP_ORDER < 6 ? FRAME_GROUP_ORDER : 6u) /* frames in a word, log2 */
#define WORD_FRAMES  (1u << WORD_ORDER)
#define GROUP_WORDS  (GROUP_FRAMES / WORD_FRAMES)
#define WORD_FULL    (~0ULL >> (64 - WORD_FRAMES))

/* Bit 0 of zone_groups.touched: frames were put here since reporting.c looked; the bits above count
 * how often it saw that since the free frames were last reported. */
#define GROUP_PUT 1u

#define ROW_PARTLY NR_PAGE_ORDERS /* groups with free frames and others          */

enum { LARGEST_NONE = -1, LARGEST_INSIDE = -2 }; /* nothing free; inside a larger free block */

/* ---- where a frame is ------------------------------------------------------------------------ */
static inline const struct zone_extent *extent_of_pfn(const struct zone_groups *gs,
						      unsigned long pfn)
{
	const struct zone_extent *e = gs->extent;

	while (unlikely(pfn - e->start_pfn >= e->frames))
		e++;
	return e;
}

/* Number of the group that holds a frame of the zone. */
static inline u32 group_of_pfn(const struct zone_groups *gs, unsigned long pfn)
{
	const struct zone_extent *e = extent_of_pfn(gs, pfn);

	return e->first_group + (u32)((pfn - e->start_pfn) >> FRAME_GROUP_ORDER);
}

/* First frame of a group. */
static inline unsigned long group_pfn(const struct zone_groups *gs, u32 g)
{
	const struct zone_extent *e = gs->extent;

	while (unlikely(g - e->first_group >= e->frames >> FRAME_GROUP_ORDER))
		e++;
	return e->start_pfn + ((unsigned long)(g - e->first_group) << FRAME_GROUP_ORDER);
}

static inline u64 *group_words(const struct zone_groups *gs, u32 g)
{
	return &gs->free[(size_t)g * GROUP_WORDS];
}

/* The word of the frame's bit. */
static inline u64 *word_of_pfn(const struct zone_groups *gs, u32 g, unsigned long pfn)
{
	return &group_words(gs, g)[pfn >> WORD_ORDER & (GROUP_WORDS - 1)];
}

static quire_always_inline enum migratetype group_type(const struct zone *zone, u32 g)
{
	return (enum migratetype)zone->groups.group[g].type;
}

/* The bits of a group count while some of its frames are free and some are not; before either they
 * are written anew. */
static quire_always_inline bool group_is_whole(const struct frame_group *group)
{
	return group->nr_free == GROUP_FRAMES;
}

static quire_always_inline bool group_frame_is_free(const struct zone_groups *gs, unsigned long pfn)
{
	u32 g = group_of_pfn(gs, pfn);
	unsigned nr_free = gs->group[g].nr_free;

	if (nr_free == 0 || nr_free == GROUP_FRAMES)
		return nr_free;
	return *word_of_pfn(gs, g, pfn) >> (pfn & (WORD_FRAMES - 1)) & 1;
}

/* The bits of a group are about to be looked at or changed. */
static inline void group_use_words(const struct zone_groups *gs, u32 g)
{
	unsigned nr_free = gs->group[g].nr_free;

	if (nr_free == 0 || nr_free == GROUP_FRAMES)
		for (unsigned i = 0; i < GROUP_WORDS; i++)
			group_words(gs, g)[i] = nr_free ? WORD_FULL : 0;
}

/* Groups of a pageblock. */
#define PAGEBLOCK_GROUPS (1u << (pageblock_order - FRAME_GROUP_ORDER))

/* ---- words ----------------------------------------------------------------------------------- */
/* Bits 0, 2^(k+1), 2 * 2^(k+1), ...: where blocks of order k + 1 begin in a word. */
extern const u64 word_starts[6];

/* Where free blocks of order + 1 begin, given where those of `order` do. */
static inline u64 word_pairs(u64 runs, unsigned order)
{
	return runs & runs >> (1u << order) & word_starts[order];
}

static inline unsigned word_count(u64 word)
{
	word -= word >> 1 & 0x5555555555555555;
	word = (word & 0x3333333333333333) + (word >> 2 & 0x3333333333333333);
	word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (unsigned)(word * 0x0101010101010101 >> 56);
}

/* Bits of a block of 2^order frames, order <= WORD_ORDER, at its place in a word. */
static inline u64 block_mask(unsigned order, unsigned long pfn)
{
	return (~0ULL >> (64 - (1u << order))) << (pfn & (WORD_FRAMES - 1));
}

/* Order of the largest free block of a group, or LARGEST_NONE; FRAME_GROUP_ORDER if it is whole. */
int words_largest(const u64 words[GROUP_WORDS]);
/* Order of the free block that holds the frame, within its group, if [pfn, pfn + 2^order) is free. */
unsigned words_grow(const u64 words[GROUP_WORDS], unsigned long pfn, unsigned order);
/* Order of the largest free block that has frames in the same word as pfn. */
unsigned words_grow_word(const u64 words[GROUP_WORDS], unsigned long pfn);
/* Number in the group of the first frame of the lowest free block of that order.  There is one. */
unsigned words_find(const u64 words[GROUP_WORDS], unsigned order);
/* Blocks of each order up to FRAME_GROUP_ORDER are added to nr[]. */
void words_count(const u64 words[GROUP_WORDS], unsigned long nr[NR_PAGE_ORDERS]);

/* ---- rows ------------------------------------------------------------------------------------ */
#define ROW_EMPTY (~0u)

/* The lowest group of a row, or ROW_EMPTY. */
u32 row_first(const struct zone_groups *gs, enum migratetype type, unsigned row);
bool row_test(const struct zone_groups *gs, enum migratetype type, unsigned row, u32 g);
/* Words of a broken law of a row's tree, or NULL. */
const char *row_check(const struct zone_groups *gs, enum migratetype type, unsigned row);

/* The group has another largest block now: the rows are told. */
void group_set_largest(struct zone_groups *gs, u32 g, int largest);
/* The group has another number of free frames now; largest as with group_set_largest(). */
void group_set_free(struct zone_groups *gs, u32 g, unsigned nr_free, int largest);
/* The group changes hands. */
void group_set_type(struct zone_groups *gs, u32 g, enum migratetype type);

/* ---- boot ------------------------------------------------------------------------------------ */
/* Lay out the groups of a zone: nothing free, everything of type MOVABLE.  Panics without memory. */
void groups_init(struct zone *zone);
/* The zone, whose end is the end of RAM, has so many frames more, none of them free yet. */
void groups_grow_locked(struct zone *zone, unsigned long frames);

#endif
