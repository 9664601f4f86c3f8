/* SPDX-License-Identifier: MIT */
/*
 * frames/reporting.c - frames that stay free are reported to whoever lends the memory.
 *
 *   a group   |##..#......##...|  free frames taken out -> runs reported, no lock held -> put back
 *   touched    PUT: wait a cycle, and count; no PUT and a count: report; 0: nothing new is free
 *
 * A group whose frames are all reported keeps 0 until a frame is put into it again.
 * Lock: zone->lock around taking and putting, one group at a time.
 */
#include <quire/page_reporting.h>
#include "frames.h"

#define MOST_CYCLES 8u /* with puts in each of them, before a group is reported all the same */

/* One more cycle has passed: whether the group is to be reported in it. */
static bool is_due(u8 *touched, bool all)
{
	unsigned cycles = *touched >> 1;

	if (!*touched)
		return false;
	if (all || !(*touched & GROUP_PUT) || cycles >= MOST_CYCLES)
		return true;
	*touched = (u8)((cycles + 1) << 1);
	return false;
}

/* The runs of free frames in sets of neighbouring words, one after the other. */
struct run {
	unsigned long pfn, nr;
};

static unsigned long report_run(struct page_reporting_dev_info *dev, const struct run *run,
				bool *failed)
{
	if (run->nr < 1UL << dev->order)
		return 0;
	if (dev->report(dev, pfn_to_page(run->pfn), run->nr)) {
		*failed = true;
		return 0;
	}
	return run->nr;
}

static unsigned long report_sets(struct page_reporting_dev_info *dev, const struct frame_set *set,
				 unsigned n, bool *failed)
{
	struct run run = { 0, 0 };
	unsigned long reported = 0;

	for (unsigned i = 0; i < n; i++) {
		for (u64 bits = set[i].bits; bits;) {
			unsigned at = (unsigned)__builtin_ctzll(bits);
			u64 rest = ~(bits >> at);
			unsigned nr = rest ? (unsigned)__builtin_ctzll(rest) : 64 - at;

			if (run.pfn + run.nr != set[i].pfn + at) {
				reported += report_run(dev, &run, failed);
				run = (struct run){ set[i].pfn + at, 0 };
			}
			run.nr += nr;
			bits &= at + nr < 64 ? ~0ULL << (at + nr) : 0;
		}
	}
	return reported + report_run(dev, &run, failed);
}

/* The free frames of one group; zone->lock is held, and let go meanwhile. */
static unsigned long report_group(struct page_reporting_dev_info *dev, struct zone *zone, u32 g,
				  unsigned long *flags)
{
	struct zone_groups *gs = &zone->groups;
	unsigned long pfn = group_pfn(gs, g), reported;
	struct frame_set set[GROUP_WORDS];
	bool failed = false;
	unsigned n;
	u8 meanwhile;

	n = buddy_take_range_locked(zone, pfn, pfn + GROUP_FRAMES, set, GROUP_WORDS);
	gs->touched[g] = 0;
	if (!n)
		return 0;
	spin_unlock_irqrestore(&zone->lock, *flags);
	reported = report_sets(dev, set, n, &failed);
	spin_lock_irqsave(&zone->lock, *flags);
	meanwhile = gs->touched[g];
	buddy_put_frames_locked(zone, set, n);
	gs->touched[g] = failed ? GROUP_PUT : meanwhile;
	return reported;
}

/* Kept apart, or being emptied by somebody: not ours to take, even for a moment. */
static bool may_take(const struct zone *zone, u32 g)
{
	return group_type(zone, g) < MIGRATE_PCPTYPES;
}

static unsigned long report_zone(struct page_reporting_dev_info *dev, struct zone *zone, bool all)
{
	struct zone_groups *gs = &zone->groups;
	unsigned long reported = 0, flags;

	spin_lock_irqsave(&zone->lock, flags);
	for (u32 g = 0; g < gs->nr; g++)
		if (gs->touched[g] && may_take(zone, g) && is_due(&gs->touched[g], all))
			reported += report_group(dev, zone, g, &flags);
	spin_unlock_irqrestore(&zone->lock, flags);
	return reported;
}

unsigned long page_reporting_cycle(struct page_reporting_dev_info *dev, bool all)
{
	unsigned long reported = 0;
	struct zone *zone;

	for_each_populated_zone(zone) reported += report_zone(dev, zone, all);
	return reported;
}

static quire_racy bool any_touched(const struct zone_groups *gs)
{
	for (u32 g = 0; g < gs->nr; g++)
		if (gs->touched[g] && gs->group[g].nr_free)
			return true;
	return false;
}

bool page_reporting_pending(void)
{
	struct zone *zone;

	for_each_populated_zone(zone) if (any_touched(&zone->groups)) return true;
	return false;
}
