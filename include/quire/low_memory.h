/* SPDX-License-Identifier: MIT */
/*
 * quire/low_memory.h - what is done when memory is low, filled in by who can do it: swap/, a host that
 * has more.  Who never says so links none of it: a request that finds nothing fails.
 */
#ifndef QUIRE_LOW_MEMORY_H
#define QUIRE_LOW_MEMORY_H

#include <quire/mmzone.h>

struct low_memory_ops {
	/* A zone of this node fell below its low watermark.  Any context; must not sleep or
	 * allocate. */
	void (*wake_kswapd)(struct zone *zone, gfp_t gfp, unsigned order);
	/* Free something, for this request.  Task context, no lock held, interrupts on.  Frames
	 * freed. */
	unsigned long (*direct_reclaim)(struct zone *preferred, gfp_t gfp, unsigned order);
	/* Nothing could be reclaimed.  True: someone was told to die, try again soon.  Task
	 * context. */
	bool (*out_of_memory)(gfp_t gfp, unsigned order);
	/* The running task is dying and may use the reserves, so that it can. */
	bool (*current_is_dying)(void);
};
/* NULL, or NULL members: skip that step. */
void set_low_memory_ops(const struct low_memory_ops *ops);

/*
 * Types were mixed in a pageblock: lift the zone's marks by a pageblock, up to
 * watermark_boost_factor.  Caller holds zone->lock, and wakes kswapd later if true; false: nothing
 * was lifted, boosting is off or the zone too small.  kswapd drops the boost again once it has
 * reclaimed that much: zone_unboost() says how many frames it was and takes the lock itself.
 */
bool boost_watermark(struct zone *zone);
unsigned long zone_unboost(struct zone *zone);

#endif
