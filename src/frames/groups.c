/* SPDX-License-Identifier: MIT */
/*
 * frames/groups.c - the bitmaps of free frames and the trees over their groups (see groups.h).
 *
 * Always true:  a group is in row `largest` of its type and in no other, unless nothing is free or it
 *               lies inside a larger block; it is in row "partly used" when 0 < nr_free < all.
 *               A bit of an upper level is set if and only if a bit of the word below it is.
 * Lock:         zone->lock.
 */
#include <quire/bits.h>
#include <quire/bytes.h>
#include <quire/init.h>
#include <quire/printk.h>
#include "frames.h"

/* ---- words ----------------------------------------------------------------------------------- */
const u64 word_starts[6] = { 0x5555555555555555, 0x1111111111111111, 0x0101010101010101,
			     0x0001000100010001, 0x0000000100000001, 0x0000000000000001 };

/* Order of the largest run of 2^k set bits at a multiple of 2^k; word is not 0. */
static unsigned word_largest(u64 word)
{
	unsigned order = 0;

	while (order < 6 && (word = word_pairs(word, order)))
		order++;
	return order;
}

/* Bit i: word i is all ones. */
static u64 full_words(const u64 words[GROUP_WORDS])
{
	u64 full = 0;

	for (unsigned i = 0; i < GROUP_WORDS; i++)
		full |= (u64)(words[i] == WORD_FULL) << i;
	return full;
}

/* The words have a free frame, but no word is full. */
static int largest_in_words(const u64 words[GROUP_WORDS])
{
	u64 runs[GROUP_WORDS], any = 1;
	unsigned order = 0;

	memcpy(runs, words, sizeof(runs));
	for (; any && order < WORD_ORDER; order++) {
		any = 0;
		for (unsigned i = 0; i < GROUP_WORDS; i++)
			any |= runs[i] = word_pairs(runs[i], order);
	}
	return any ? (int)order : (int)order - 1;
}

int words_largest(const u64 words[GROUP_WORDS])
{
	u64 full = full_words(words), any = 0;

	if (full)
		return (int)(WORD_ORDER + word_largest(full));
	for (unsigned i = 0; i < GROUP_WORDS; i++)
		any |= words[i];
	return any ? largest_in_words(words) : LARGEST_NONE;
}

static bool run_is_free(const u64 words[GROUP_WORDS], unsigned long at, unsigned order)
{
	const u64 *word = &words[at >> WORD_ORDER];

	if (order < WORD_ORDER)
		return !(~*word & block_mask(order, at));
	for (unsigned i = 0; i < 1u << (order - WORD_ORDER); i++)
		if (word[i] != WORD_FULL)
			return false;
	return true;
}

unsigned words_grow(const u64 words[GROUP_WORDS], unsigned long pfn, unsigned order)
{
	unsigned long at = pfn & (GROUP_FRAMES - 1);

	while (order < FRAME_GROUP_ORDER && run_is_free(words, (at >> order ^ 1) << order, order))
		order++;
	return order;
}

unsigned words_grow_word(const u64 words[GROUP_WORDS], unsigned long pfn)
{
	u64 word = words[pfn >> WORD_ORDER & (GROUP_WORDS - 1)];

	return word == WORD_FULL ? words_grow(words, pfn & ~(WORD_FRAMES - 1UL), WORD_ORDER)
				 : word_largest(word);
}

unsigned words_find(const u64 words[GROUP_WORDS], unsigned order)
{
	u64 runs = 0;
	unsigned i = 0;

	if (order >= WORD_ORDER) {
		runs = full_words(words);
		for (unsigned k = WORD_ORDER; k < order; k++)
			runs = word_pairs(runs, k - WORD_ORDER);
		return (unsigned)__builtin_ctzll(runs) << WORD_ORDER;
	}
	for (;; i++) {
		runs = words[i];
		for (unsigned k = 0; k < order; k++)
			runs = word_pairs(runs, k);
		if (runs)
			return (i << WORD_ORDER) + (unsigned)__builtin_ctzll(runs);
	}
}

/* Blocks of order k are the runs of 2^k frames that are not halves of a larger one. */
static void count_runs(u64 runs, unsigned base, unsigned most, unsigned long nr[NR_PAGE_ORDERS])
{
	for (unsigned k = 0; k <= most && runs; k++) {
		u64 pairs = k < most ? word_pairs(runs, k) : 0;

		nr[base + k] += word_count(runs) - 2 * word_count(pairs);
		runs = pairs;
	}
}

void words_count(const u64 words[GROUP_WORDS], unsigned long nr[NR_PAGE_ORDERS])
{
	for (unsigned i = 0; i < GROUP_WORDS; i++)
		if (words[i] != WORD_FULL)
			count_runs(words[i], 0, WORD_ORDER, nr);
	count_runs(full_words(words), WORD_ORDER, FRAME_GROUP_ORDER - WORD_ORDER, nr);
}

/* ---- rows ------------------------------------------------------------------------------------ */
static u64 *row_words(const struct zone_groups *gs, enum migratetype type, unsigned row)
{
	return &gs->rows[(size_t)((unsigned)type * GROUP_ROWS + row) * gs->row_words];
}

/* An order's presence is looked at without the lock. */
static void set_present(struct zone_groups *gs, enum migratetype type, unsigned row, bool there)
{
	u32 bit = 1u << row;

	racy_write(gs->present[type], there ? gs->present[type] | bit : gs->present[type] & ~bit);
}

/* The word at bit g of level 0 became empty, or is not any more: so the upper levels are told. */
static quire_noinline void row_tell(struct zone_groups *gs, enum migratetype type, unsigned row,
				    u32 g, bool there)
{
	u64 *words = row_words(gs, type, row);

	for (unsigned level = 1; level < gs->levels; level++) {
		u64 *word, was;

		g >>= 6;
		word = &words[gs->level[level] + (g >> 6)];
		was = *word;
		*word = there ? was | 1ULL << (g & 63) : was & ~(1ULL << (g & 63));
		if (there ? was : *word)
			return;
	}
	set_present(gs, type, row, there);
}

static inline void row_set(struct zone_groups *gs, enum migratetype type, unsigned row, u32 g)
{
	u64 *word = &row_words(gs, type, row)[g >> 6], was = *word;

	*word = was | 1ULL << (g & 63);
	if (!was)
		row_tell(gs, type, row, g, true);
}

static inline void row_clear(struct zone_groups *gs, enum migratetype type, unsigned row, u32 g)
{
	u64 *word = &row_words(gs, type, row)[g >> 6];

	*word &= ~(1ULL << (g & 63));
	if (!*word)
		row_tell(gs, type, row, g, false);
}

u32 row_first(const struct zone_groups *gs, enum migratetype type, unsigned row)
{
	const u64 *words = row_words(gs, type, row);
	u32 at = 0;

	if (!(gs->present[type] >> row & 1))
		return ROW_EMPTY;
	for (unsigned level = gs->levels; level-- > 0;)
		at = at * 64 + (u32)__builtin_ctzll(words[gs->level[level] + at]);
	return at;
}

bool row_test(const struct zone_groups *gs, enum migratetype type, unsigned row, u32 g)
{
	return row_words(gs, type, row)[g >> 6] >> (g & 63) & 1;
}

const char *row_check(const struct zone_groups *gs, enum migratetype type, unsigned row)
{
	const u64 *words = row_words(gs, type, row);
	u32 bits = gs->nr;

	for (unsigned level = 0; level < gs->levels; level++) {
		u32 nr_words = DIV_ROUND_UP(bits, 64u);
		bool top = level + 1 == gs->levels;

		for (u32 i = 0; i < nr_words; i++) {
			bool above = top ? gs->present[type] >> row & 1
					 : words[gs->level[level + 1] + (i >> 6)] >> (i & 63) & 1;

			if (above != (words[gs->level[level] + i] != 0))
				return "an upper level of a row disagrees with the words below it";
		}
		bits = nr_words;
	}
	return NULL;
}

void group_set_largest(struct zone_groups *gs, u32 g, int largest)
{
	struct frame_group *group = &gs->group[g];
	enum migratetype type = (enum migratetype)group->type;

	if (group->largest == largest)
		return;
	if (group->largest >= 0)
		row_clear(gs, type, (unsigned)group->largest, g);
	if (largest >= 0)
		row_set(gs, type, (unsigned)largest, g);
	group->largest = (s8)largest;
}

static bool partly(unsigned nr_free)
{
	return nr_free - 1 < GROUP_FRAMES - 1;
}

void group_set_free(struct zone_groups *gs, u32 g, unsigned nr_free, int largest)
{
	struct frame_group *group = &gs->group[g];

	if (partly(nr_free) && !partly(group->nr_free))
		row_set(gs, (enum migratetype)group->type, ROW_PARTLY, g);
	if (!partly(nr_free) && partly(group->nr_free))
		row_clear(gs, (enum migratetype)group->type, ROW_PARTLY, g);
	group->nr_free = (u16)nr_free;
	group_set_largest(gs, g, largest);
}

void group_set_type(struct zone_groups *gs, u32 g, enum migratetype type)
{
	struct frame_group *group = &gs->group[g];
	unsigned nr_free = group->nr_free;
	s8 largest = group->largest;

	if (largest == LARGEST_INSIDE) {
		group->type = type & 15;
		return;
	}
	group_set_free(gs, g, 0, LARGEST_NONE);
	group->type = type & 15;
	group_set_free(gs, g, nr_free, largest);
}

/* ---- boot ------------------------------------------------------------------------------------ */
static void *__init take_boot_memory(const struct zone *zone, size_t size)
{
	void *memory = memblock_alloc_node(size, 64, zone->node);

	if (!memory)
		quire_panic("frames: no memory for %zu bytes of free-frame map\n", size);
	return memory;
}

/* Call the zone's stretches of present sections one by one; the first `room` are written down. */
static u32 __init find_extents(const struct zone *zone, struct zone_extent *extent, u32 room)
{
	unsigned long pfn = QUIRE_ALIGN_DOWN(zone->zone_start_pfn, (unsigned long)GROUP_FRAMES);
	unsigned long end = QUIRE_ALIGN_UP(zone_end_pfn(zone), (unsigned long)GROUP_FRAMES), stop;
	u32 n = 0, groups = 0;

	for (; pfn < end; pfn = stop) {
		unsigned long from = pfn;

		while (pfn < end && pfn_valid(pfn))
			pfn = min(end, next_section(pfn));
		stop = min(end, next_section(pfn));
		if (pfn == from)
			continue;
		if (n < room)
			extent[n] = (struct zone_extent){ from, pfn - from, groups };
		groups += (u32)((pfn - from) >> FRAME_GROUP_ORDER);
		n++;
	}
	return n;
}

static void __init lay_out_rows(struct zone_groups *gs, u32 words)
{
	do {
		words = DIV_ROUND_UP(words, 64u);
		gs->level[gs->levels++] = gs->row_words;
		gs->row_words += words;
	} while (words > 1);
}

/* The groups of the last frames of a zone that are not laid out yet: nothing is free there. */
static void add_groups(struct zone_groups *gs, u32 nr)
{
	for (u32 g = gs->nr; g < nr; g++)
		gs->group[g] =
			(struct frame_group){ .type = MIGRATE_MOVABLE, .largest = LARGEST_NONE };
	racy_write(gs->nr, nr);
}

void groups_grow_locked(struct zone *zone, unsigned long frames)
{
	struct zone_groups *gs = &zone->groups;

	assert_spin_locked(&zone->lock);
	gs->extent[gs->nr_extents - 1].frames += frames;
	add_groups(gs, gs->nr + (u32)(frames >> FRAME_GROUP_ORDER));
}

/* Groups that the zone may get later: it is the one that ends where RAM ends. */
static u32 groups_to_come(const struct zone *zone)
{
	if (zone_end_pfn(zone) != quire_max_pfn)
		return 0;
	return (u32)((quire_room_pfn - quire_max_pfn) >> FRAME_GROUP_ORDER);
}

void __init groups_init(struct zone *zone)
{
	struct zone_groups *gs = &zone->groups;
	const struct zone_extent *last;
	u32 nr, room;

	memset(gs, 0, sizeof(*gs));
	gs->nr_extents = find_extents(zone, NULL, 0);
	gs->extent = take_boot_memory(zone, gs->nr_extents * sizeof(*gs->extent));
	find_extents(zone, gs->extent, gs->nr_extents);
	last = &gs->extent[gs->nr_extents - 1];
	nr = last->first_group + (u32)(last->frames >> FRAME_GROUP_ORDER);
	room = nr + groups_to_come(zone);
	gs->room = room > nr ? room : 0;
	lay_out_rows(gs, room);
	gs->group = take_boot_memory(zone, room * sizeof(*gs->group));
	gs->free = take_boot_memory(zone, (size_t)room * GROUP_WORDS * sizeof(u64));
	gs->touched = take_boot_memory(zone, room);
	gs->rows = take_boot_memory(zone, (size_t)MIGRATE_TYPES * GROUP_ROWS * gs->row_words *
						  sizeof(u64));
	add_groups(gs, nr);
}
