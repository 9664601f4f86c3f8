/* SPDX-License-Identifier: MIT */
/*
 * frames/fail_page_alloc.c - frames and blocks whose allocation is made to fail.
 *
 * Linked only where it is used: arming it sets the hook of slow.c.
 *
 * Lock: the attribute's own.
 */
#include <quire/fault_inject.h>
#include "debug.h"

/* Why this request is never made to fail, or NULL. */
static const char *why_exempt(gfp_t gfp, unsigned order)
{
	if (gfp & __GFP_NOFAIL)
		return "it cannot fail";
	if (order < fail_page_alloc.min_order)
		return "it is too small";
	if (fail_page_alloc.ignore_gfp_highmem && gfp & __GFP_HIGHMEM)
		return "it is for user memory";
	if (fail_page_alloc.ignore_gfp_wait && gfp & __GFP_DIRECT_RECLAIM)
		return "it may wait";
	return NULL;
}

static bool should_fail_frames(gfp_t gfp, unsigned order)
{
	return !why_exempt(gfp, order) && should_fail(&fail_page_alloc.attr, 1UL << order);
}

static void armed(bool can_fire)
{
	fail_page_alloc_hook = can_fire ? should_fail_frames : NULL;
	gate_watch(GATE_FAIL_PAGE_ALLOC, can_fire);
}

struct fail_page_alloc fail_page_alloc = {
	.attr = FAULT_ATTR_INITIALIZER("fail_page_alloc", armed),
	.ignore_gfp_highmem = true,
	.ignore_gfp_wait = true,
	.min_order = 1,
};
