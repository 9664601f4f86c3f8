/* SPDX-License-Identifier: MIT */
/*
 * frames/buddy.c - hands out runs of 2^k page frames and glues them back together.
 *
 *   handover.c, pcp.c, slow.c  ->  bits and groups (groups.h)  ->  pcp.c, slow.c
 *
 *   order 2   |       0..3        |       4..7        |     a block starts at a multiple of its size;
 *   order 1   |  0..1   |  2..3   |  4..5   |  6..7   |     its buddy's first frame differs from its
 *   order 0   | 0  | 1  | 2  | 3  | 4  | 5  | 6  | 7  |     own in one bit, bit k.
 *
 * Inside a group nothing is ever split or merged: what the bits show is a block.  Whole groups are
 * blocks too, glued with their buddies up to MAX_PAGE_ORDER.  What is asked for comes from the
 * lowest group that is in use already, so that memory stays in large pieces at the other end;
 * which pageblock serves whom when a type has nothing left is fallback.c's.
 *
 * Always true:  a whole free block of order k < MAX_PAGE_ORDER never has a free buddy of order k (of
 *               a kind it may merge with); zone->nr_free is the number of set bits.
 * Lock:         zone->lock guards everything in this file.  Nothing here sleeps.
 */
#include <quire/bytes.h>
#include "frames.h"

/* ---- counts ---------------------------------------------------------------------------------- */
/* Watermarks are checked without the lock, hence single stores. */
void account_kept(struct zone *zone, long frames, enum migratetype type)
{
	if (type == MIGRATE_CMA)
		racy_add(zone->nr_free_cma, (unsigned long)frames);
	else if (type >= MIGRATE_PCPTYPES)
		racy_add(zone->nr_free_highatomic, (unsigned long)frames);
}

static void account(struct zone *zone, long frames, enum migratetype type)
{
	racy_add(zone->nr_free, (unsigned long)frames);
	account_kept(zone, frames, type);
}

/* ---- whole groups ---------------------------------------------------------------------------- */

/* The group where the buddy of a block begins, or ROW_EMPTY if it is not of this zone. */
static u32 buddy_of(const struct zone_groups *gs, u32 g, unsigned order)
{
	unsigned long pfn = group_pfn(gs, g);
	const struct zone_extent *e = extent_of_pfn(gs, pfn);
	unsigned long at = (pfn ^ 1UL << order) - e->start_pfn;

	return at < e->frames ? e->first_group + (u32)(at >> FRAME_GROUP_ORDER) : ROW_EMPTY;
}

/* Pageblocks that are kept apart on purpose stay single. */
static bool may_merge(const struct zone *zone, u32 g, u32 buddy, unsigned order)
{
	return order < pageblock_order || (group_type(zone, g) < MIGRATE_PCPTYPES &&
					   group_type(zone, buddy) < MIGRATE_PCPTYPES);
}

void buddy_glue_locked(struct zone *zone, u32 g, unsigned order)
{
	struct zone_groups *gs = &zone->groups;

	for (; order < MAX_PAGE_ORDER; order++) {
		u32 buddy = buddy_of(gs, g, order);

		if (buddy == ROW_EMPTY || gs->group[buddy].largest != (int)order ||
		    !may_merge(zone, g, buddy, order))
			break;
		group_set_largest(gs, max(g, buddy), LARGEST_INSIDE);
		g = min(g, buddy);
		group_set_largest(gs, g, LARGEST_INSIDE);
	}
	group_set_largest(gs, g, (int)order);
}

/* The upper halves of a block of order `have` down to `want` become blocks. */
static void split_off(struct zone_groups *gs, u32 g, unsigned have, unsigned want)
{
	while (have-- > want)
		group_set_largest(gs, g + (1u << (have - FRAME_GROUP_ORDER)), (int)have);
}

void buddy_split_locked(struct zone_groups *gs, u32 g, unsigned want)
{
	split_off(gs, g, (unsigned)gs->group[g].largest, want);
	group_set_largest(gs, g, (int)want);
}

void buddy_isolate_block_locked(struct zone *zone, u32 g, unsigned order)
{
	struct zone_groups *gs = &zone->groups;
	unsigned long pfn = group_pfn(gs, g), start = extent_of_pfn(gs, pfn)->start_pfn;

	for (unsigned have = order + 1; have <= MAX_PAGE_ORDER; have++) {
		unsigned long head_pfn = pfn >> have << have;
		u32 head;

		if (head_pfn < start)
			return;
		head = group_of_pfn(gs, head_pfn);
		if (gs->group[head].largest != (int)have)
			continue;
		/* Halve it until the half that holds g is small enough. */
		while (have-- > order) {
			u32 upper = head + (1u << (have - FRAME_GROUP_ORDER));

			group_set_largest(gs, head, (int)have);
			group_set_largest(gs, upper, (int)have);
			head = g >= upper ? upper : head;
		}
		return;
	}
}

/* ---- taking ---------------------------------------------------------------------------------- */
/* Groups of a block come or go as a whole; none of them is in a row. */
static void set_whole(struct zone_groups *gs, u32 g, unsigned order, unsigned nr_free, int largest)
{
	for (u32 i = 0; i < 1u << (order - FRAME_GROUP_ORDER); i++) {
		gs->group[g + i].nr_free = (u16)nr_free;
		gs->group[g + i].largest = (s8)largest;
	}
}

static unsigned long take_whole(struct zone *zone, u32 g, unsigned order)
{
	struct zone_groups *gs = &zone->groups;
	unsigned have = (unsigned)gs->group[g].largest;

	group_set_largest(gs, g, LARGEST_INSIDE);
	split_off(gs, g, have, order);
	set_whole(gs, g, order, 0, LARGEST_NONE);
	account(zone, -(1L << order), group_type(zone, g));
	return group_pfn(gs, g);
}

static unsigned long take_part(struct zone *zone, u32 g, unsigned order)
{
	struct zone_groups *gs = &zone->groups;
	u64 *words = group_words(gs, g);
	unsigned at;

	group_use_words(gs, g);
	at = words_find(words, order);
	if (order < WORD_ORDER)
		words[at >> WORD_ORDER] &= ~block_mask(order, at);
	else
		for (unsigned i = 0; i < 1u << (order - WORD_ORDER); i++)
			words[(at >> WORD_ORDER) + i] = 0;
	group_set_free(gs, g, gs->group[g].nr_free - (1u << order), words_largest(words));
	account(zone, -(1L << order), group_type(zone, g));
	return group_pfn(gs, g) + at;
}

unsigned long buddy_take_from_locked(struct zone *zone, u32 g, unsigned order)
{
	struct zone_groups *gs = &zone->groups;

	if (order >= FRAME_GROUP_ORDER)
		return take_whole(zone, g, order);
	if (gs->group[g].largest > (int)FRAME_GROUP_ORDER)
		buddy_split_locked(gs, g, FRAME_GROUP_ORDER);
	return take_part(zone, g, order);
}

u32 buddy_find_locked(const struct zone *zone, unsigned order, enum migratetype type)
{
	const struct zone_groups *gs = &zone->groups;
	u32 fits = gs->present[type] & ((2u << MAX_PAGE_ORDER) - 1) & ~0u << order;

	assert_spin_locked(&zone->lock);
	return fits ? row_first(gs, type, (unsigned)__builtin_ctz(fits)) : ROW_EMPTY;
}

unsigned long buddy_take_exact_locked(struct zone *zone, unsigned order, enum migratetype type)
{
	u32 g = buddy_find_locked(zone, order, type);

	return g == ROW_EMPTY ? PFN_NONE : buddy_take_from_locked(zone, g, order);
}

/* Idle CMA memory is used up before the rest is gone, so that both run low together. */
static bool cma_first(const struct zone *zone, enum migratetype type)
{
	return type == MIGRATE_MOVABLE && zone->nr_free_cma > zone->nr_free / 2;
}

unsigned long buddy_take_locked(struct zone *zone, unsigned order, enum migratetype type)
{
	unsigned long pfn = PFN_NONE;

	if (cma_first(zone, type))
		pfn = buddy_take_exact_locked(zone, order, MIGRATE_CMA);
	if (pfn == PFN_NONE)
		pfn = buddy_take_exact_locked(zone, order, type);
	if (pfn == PFN_NONE && type == MIGRATE_MOVABLE)
		pfn = buddy_take_exact_locked(zone, order, MIGRATE_CMA);
	if (pfn == PFN_NONE)
		pfn = buddy_take_fallback_locked(zone, order, type);
	return pfn;
}

/* Whether all pageblocks of a free block are of the type. */
static bool is_all_of(const struct zone *zone, u32 g, unsigned order, enum migratetype type)
{
	if (order <= pageblock_order)
		return true;
	for (u32 i = 0; i < 1u << (order - FRAME_GROUP_ORDER); i += PAGEBLOCK_GROUPS)
		if (group_type(zone, g + i) != type)
			return false;
	return true;
}

unsigned long buddy_take_run_locked(struct zone *zone, unsigned *order, enum migratetype type,
				    unsigned more)
{
	u32 g = more ? buddy_find_locked(zone, *order, type) : ROW_EMPTY;
	unsigned most;

	if (g == ROW_EMPTY || cma_first(zone, type))
		return buddy_take_locked(zone, *order, type);
	most = min((unsigned)zone->groups.group[g].largest, *order + more);
	if (is_all_of(zone, g, most, type))
		*order = most;
	return buddy_take_from_locked(zone, g, *order);
}

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
	account(zone, -(long)taken, group_type(zone, g));
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

	if (cma_first(zone, type))
		g = find_frames(zone, MIGRATE_CMA);
	if (g == ROW_EMPTY)
		g = find_frames(zone, type);
	if (g == ROW_EMPTY && type == MIGRATE_MOVABLE)
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
		account(zone, -(long)taken, group_type(zone, g));
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

/* ---- giving back ----------------------------------------------------------------------------- */
static void report_free_twice(unsigned long pfn)
{
	bad_page(pfn_to_page(pfn), "a block that was freed has frames that are free already");
}

static void put_whole(struct zone *zone, u32 g, unsigned order)
{
	struct zone_groups *gs = &zone->groups;
	u32 nr = 1u << (order - FRAME_GROUP_ORDER);

	for (u32 i = 0; i < nr; i++)
		if (gs->group[g + i].nr_free) {
			report_free_twice(group_pfn(gs, g + i));
			return;
		}
	account(zone, 1L << order, group_type(zone, g));
	set_whole(gs, g, order, GROUP_FRAMES, LARGEST_INSIDE);
	buddy_glue_locked(zone, g, order);
}

/* Frames of a group were set free and its bits are set; the block they belong to now is `order`. */
static void put_part(struct zone *zone, u32 g, unsigned nr, unsigned order)
{
	struct zone_groups *gs = &zone->groups;
	struct frame_group *group = &gs->group[g];
	unsigned nr_free = group->nr_free + nr;

	account(zone, (long)nr, group_type(zone, g));
	if (nr_free == GROUP_FRAMES) {
		group_set_free(gs, g, nr_free, LARGEST_INSIDE);
		buddy_glue_locked(zone, g, FRAME_GROUP_ORDER);
	} else {
		group_set_free(gs, g, nr_free, max((int)group->largest, (int)order));
	}
}

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
			report_free_twice(set->pfn + i);
			continue;
		}
		*word |= 1ULL << i;
		put_part(zone, g, 1, words_grow(group_words(gs, g), set->pfn + i, 0));
	}
}

/* Order of the largest free block that has frames in the word, to which the set was just added. */
static unsigned grown(const u64 *words, const struct frame_set *set)
{
	unsigned bit = (unsigned)__builtin_ctzll(set->bits);
	const u64 *word = &words[set->pfn >> WORD_ORDER & (GROUP_WORDS - 1)];

	if (set->nr > 1)
		return words_grow_word(words, set->pfn);
	/* What is freed in random order has no free neighbour most of the time. */
	return WORD_ORDER && *word >> (bit ^ 1) & 1 ? words_grow(words, set->pfn + bit, 0) : 0;
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
		account(zone, set->nr, (enum migratetype)group->type);
		return;
	}
	put_part(zone, g, set->nr, order);
}

void buddy_put_frames_locked(struct zone *zone, const struct frame_set *set, unsigned nr_sets)
{
	assert_spin_locked(&zone->lock);
	for (unsigned i = 0; i < nr_sets; i++)
		put_set(zone, &set[i]);
}

/* Set the bits of a block within a group; false: some are set already. */
static bool set_bits(u64 *word, unsigned long pfn, unsigned order)
{
	unsigned n = order > WORD_ORDER ? 1u << (order - WORD_ORDER) : 1;
	u64 mask = order > WORD_ORDER ? WORD_FULL : block_mask(order, pfn);

	for (unsigned i = 0; i < n; i++)
		if (unlikely(word[i] & mask))
			return false;
	for (unsigned i = 0; i < n; i++)
		word[i] |= mask;
	return true;
}

void buddy_put_locked(struct zone *zone, unsigned long pfn, unsigned order)
{
	struct zone_groups *gs = &zone->groups;
	u32 g = group_of_pfn(gs, pfn);

	assert_spin_locked(&zone->lock);
	if (order >= FRAME_GROUP_ORDER) {
		put_whole(zone, g, order);
		return;
	}
	group_use_words(gs, g);
	if (set_bits(word_of_pfn(gs, g, pfn), pfn, order))
		put_part(zone, g, 1u << order, words_grow(group_words(gs, g), pfn, order));
	else
		report_free_twice(pfn);
}

/* ---- questions ------------------------------------------------------------------------------- */
void zone_free_blocks(struct zone *zone, unsigned long nr[MIGRATE_TYPES][NR_PAGE_ORDERS])
{
	const struct zone_groups *gs = &zone->groups;
	unsigned long flags;

	memset(nr, 0, sizeof(nr[0]) * MIGRATE_TYPES);
	spin_lock_irqsave(&zone->lock, flags);
	for (u32 g = 0; g < gs->nr; g++) {
		const struct frame_group *group = &gs->group[g];

		if (group->largest >= (int)FRAME_GROUP_ORDER)
			nr[group->type][group->largest]++;
		else if (group->largest >= 0)
			words_count(group_words(gs, g), nr[group->type]);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

quire_racy bool is_free_buddy_page(const struct page *page)
{
	const struct zone_groups *gs = &page_zone(page)->groups;
	unsigned long pfn = page_to_pfn(page);

	return !PageFlag(page, PG_reserved) && group_frame_is_free(gs, pfn);
}

enum migratetype get_pageblock_migratetype(const struct page *page)
{
	return pageblock_type(page_zone(page), page_to_pfn(page));
}
