/* SPDX-License-Identifier: MIT */
/*
 * frames/sets.c - single frames, many at a time: the bitmaps are changed a word at a time.
 *
 *   a group's words   |1101 0000 ...|  --take 64-->  { bits 1101..., pfn, nr } { ... }  --> a CPU's list
 *                     |             |  <--put------  neighbours that were freed are put together
 *
 * And the frames of a range, those and no others: for who empties it.
 *
 * Always true:  a frame is in at most one set, or its bit is set, or it is somebody's.
 * Lock:         zone->lock.
 */
#include "frames.h"

/* ---- single frames, many at a time ----------------------------------------------------------- */

/* The n lowest bits of a word. */
static u64 lowest_bits(u64 word, unsigned n)
{
	u64 rest = word;

	while (n--)
		rest &= rest - 1;
	return word ^ rest;
}

/* The n lowest free frames of a group, or fewer if there is no room to say which. */
static unsigned take_frames_of(struct zone *zone, u32 g, struct frame_set *set, unsigned room,
			       unsigned *n)
{
	struct zone_groups *gs = &zone->groups;
	unsigned had = gs->group[g].nr_free, left = min(*n, had), nr_sets = 0, taken = 0;
	u64 *words = group_words(gs, g);
	u32 pfn = (u32)group_pfn(gs, g);

	group_use_words(gs, g);
	for (unsigned i = 0; left && nr_sets < room; i++, pfn += WORD_FRAMES) {
		unsigned here = word_count(words[i]);
		u64 bits = words[i];

		if (!here)
			continue;
		if (here > left) {
			here = left;
			bits = lowest_bits(bits, left);
		}
		words[i] &= ~bits;
		set[nr_sets++] = (struct frame_set){ bits, pfn, here };
		taken += here;
		left -= here;
	}
	group_set_free(gs, g, had - taken, had == taken ? LARGEST_NONE : words_largest(words));
	buddy_account(zone, -(long)taken, group_type(zone, g));
	*n -= taken;
	return nr_sets;
}

/* The group whose single frames are to be used next. */
static u32 find_frames(struct zone *zone, enum migratetype type)
{
	struct zone_groups *gs = &zone->groups;
	u32 g = row_first(gs, type, ROW_PARTLY);

	if (g == ROW_EMPTY)
		g = buddy_find_locked(zone, 0, type);
	if (g != ROW_EMPTY && gs->group[g].largest > (int)FRAME_GROUP_ORDER)
		buddy_split_locked(gs, g, FRAME_GROUP_ORDER);
	return g;
}

/* As buddy_take_locked() looks for a block. */
static u32 find_frames_for(struct zone *zone, enum migratetype type)
{
	u32 g = ROW_EMPTY;

	if (buddy_cma_first(zone, type))
		g = find_frames(zone, MIGRATE_CMA);
	if (g == ROW_EMPTY)
		g = find_frames(zone, type);
	if (QUIRE_MOBILITY && g == ROW_EMPTY && type == MIGRATE_MOVABLE)
		g = find_frames(zone, MIGRATE_CMA);
	return g;
}

unsigned buddy_take_frames_locked(struct zone *zone, enum migratetype type, struct frame_set *set,
				  unsigned room, unsigned n)
{
	unsigned nr_sets = 0;

	assert_spin_locked(&zone->lock);
	while (n && nr_sets < room) {
		u32 g = find_frames_for(zone, type);
		unsigned long pfn;

		if (g != ROW_EMPTY) {
			nr_sets += take_frames_of(zone, g, set + nr_sets, room - nr_sets, &n);
			continue;
		}
		pfn = buddy_take_fallback_locked(zone, 0, type);
		if (pfn == PFN_NONE)
			break;
		set[nr_sets++] = (struct frame_set){ 1, (u32)pfn, 1 };
		n--;
	}
	return nr_sets;
}

/* ---- giving back ----------------------------------------------------------------------------- */

/* The frames of a set that are free already are reported and left out. */
static quire_cold void put_set_slow(struct zone *zone, const struct frame_set *set)
{
	const struct zone_groups *gs = &zone->groups;
	u32 g = group_of_pfn(gs, set->pfn);
	u64 *word = word_of_pfn(gs, g, set->pfn);

	for (unsigned i = 0; i < WORD_FRAMES; i++) {
		if (!(set->bits >> i & 1))
			continue;
		if (*word >> i & 1) {
			buddy_report_free(set->pfn + i);
			continue;
		}
		*word |= 1ULL << i;
		buddy_put_part_locked(zone, g, 1, words_grow(group_words(gs, g), set->pfn + i, 0));
	}
}

/* Order of the largest free block that has frames in the word, to which the set was just added. */
static unsigned grown(const u64 *words, const struct frame_set *set)
{
	u64 buddy;

	if (set->nr > 1)
		return words_grow_word(words, set->pfn);
	/* What is freed in random order has no free neighbour most of the time. */
	buddy = set->bits & word_starts[0] ? set->bits << 1 : set->bits >> 1;
	if (!(words[set->pfn >> WORD_ORDER & (GROUP_WORDS - 1)] & buddy))
		return 0;
	return words_grow(words, set->pfn + (unsigned)__builtin_ctzll(set->bits), 0);
}

static inline void put_set(struct zone *zone, const struct frame_set *set)
{
	struct zone_groups *gs = &zone->groups;
	u32 g = group_of_pfn(gs, set->pfn);
	struct frame_group *group = &gs->group[g];
	u64 *word = word_of_pfn(gs, g, set->pfn);
	unsigned order;

	group_use_words(gs, g);
	if (unlikely(*word & set->bits)) {
		put_set_slow(zone, set);
		return;
	}
	*word |= set->bits;
	order = grown(group_words(gs, g), set);
	if (likely((int)order <= group->largest && group->nr_free + set->nr < GROUP_FRAMES)) {
		group->nr_free += (u16)set->nr; /* nothing that is looked up has changed */
		buddy_account(zone, set->nr, (enum migratetype)group->type);
		return;
	}
	buddy_put_part_locked(zone, g, set->nr, order);
}

void buddy_put_frames_locked(struct zone *zone, const struct frame_set *set, unsigned nr_sets)
{
	assert_spin_locked(&zone->lock);
	for (unsigned i = 0; i < nr_sets; i++)
		put_set(zone, &set[i]);
}

/* ---- this frame and no other ----------------------------------------------------------------- */

/* The frames of a word that lie in [pfn, end), where pfn does. */
static u64 range_mask(unsigned long pfn, unsigned long end)
{
	unsigned long first = pfn & ~(WORD_FRAMES - 1UL);
	u64 mask = WORD_FULL & ~0ULL << (pfn - first);

	return end - first < WORD_FRAMES ? mask & ((1ULL << (end - first)) - 1) : mask;
}

unsigned buddy_take_range_locked(struct zone *zone, unsigned long pfn, unsigned long end,
				 struct frame_set *set, unsigned room)
{
	struct zone_groups *gs = &zone->groups;
	u32 g = group_of_pfn(gs, pfn);
	unsigned n = 0, taken = 0, had = gs->group[g].nr_free;

	assert_spin_locked(&zone->lock);
	if (!had)
		return 0;
	buddy_isolate_block_locked(zone, g, FRAME_GROUP_ORDER);
	group_use_words(gs, g);
	end = min(end, (pfn | (GROUP_FRAMES - 1)) + 1);
	while (pfn < end && n < room) {
		u64 *word = word_of_pfn(gs, g, pfn), bits = *word & range_mask(pfn, end);

		*word &= ~bits;
		pfn &= ~(WORD_FRAMES - 1UL);
		if (bits)
			set[n++] = (struct frame_set){ bits, (u32)pfn, word_count(bits) };
		taken += word_count(bits);
		pfn += WORD_FRAMES;
	}
	if (taken) {
		group_set_free(gs, g, had - taken,
			       had == taken ? LARGEST_NONE : words_largest(group_words(gs, g)));
		buddy_account(zone, -(long)taken, group_type(zone, g));
	}
	return n;
}

static bool range_is_free(const struct zone *zone, unsigned long pfn, unsigned long end)
{
	for (; pfn < end; pfn++)
		if (!group_frame_is_free(&zone->groups, pfn))
			return false;
	return true;
}

bool buddy_claim_locked(struct zone *zone, unsigned long pfn, unsigned long end)
{
	struct frame_set set[GROUP_WORDS];

	assert_spin_locked(&zone->lock);
	if (!range_is_free(zone, pfn, end))
		return false;
	while (pfn < end) {
		buddy_take_range_locked(zone, pfn, end, set, GROUP_WORDS);
		pfn = (pfn | (GROUP_FRAMES - 1)) + 1;
	}
	return true;
}

bool buddy_take_frame(struct zone *zone, unsigned long pfn)
{
	unsigned long flags;
	bool taken;

	spin_lock_irqsave(&zone->lock, flags);
	taken = buddy_claim_locked(zone, pfn, pfn + 1);
	spin_unlock_irqrestore(&zone->lock, flags);
	return taken;
}
