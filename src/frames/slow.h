/* SPDX-License-Identifier: MIT */
/*
 * frames/slow.h - a request on its slow path, between slow.c and low.c.
 */
#ifndef QUIRE_SRC_FRAMES_SLOW_H
#define QUIRE_SRC_FRAMES_SLOW_H

#include "frames.h"

struct request {
	gfp_t gfp;
	unsigned order;
	enum zone_type high; /* highest zone that will do    */
	enum migratetype type;
	const struct zonelist *zones;
};

/* From the first zone that can serve, as low as `how` (ALLOC_*) lets it go; or NULL. */
struct page *take_from_zones(const struct request *req, unsigned how);
/* The same, and if need be with what CPUs parked, and with what is kept for the urgent. */
struct page *gather_and_take(const struct request *req, unsigned how);
/* How low the request may go below the min mark: ALLOC_*. */
unsigned entitlement(const struct request *req);

/* What low.c can do.  Only who has something to be done when memory is low links it. */
struct low_path {
	/* Whether the running task may use the reserves, so that it can die. */
	bool (*dying)(void);
	/* A zone is below its low mark. */
	void (*wake)(const struct request *req);
	/* Memory of two types is in one pageblock now; zone->lock held. */
	void (*mixed)(struct zone *zone);
	/* The request may sleep.  NULL: everything was tried. */
	struct page *(*retry)(const struct request *req);
};
extern const struct low_path *low_path; /* NULL: not linked */

static inline const struct low_path *low_path_now(void)
{
	return QUIRE_RECLAIM ? low_path : NULL;
}

#endif
