/* SPDX-License-Identifier: MIT */
/*
 * heap/failslab.c - objects whose allocation is made to fail.
 *
 * Linked only where it is used: arming it sets the hook of slub.c.
 *
 * Lock: the attribute's own.
 */
#include <quire/fault_inject.h>
#include <quire/gfp.h>
#include "base/base.h"
#include "heap/heap.h"

static bool should_failslab(gfp_t gfp, size_t size)
{
	if (gfp & __GFP_NOFAIL || (failslab.ignore_gfp_wait && gfp & __GFP_DIRECT_RECLAIM))
		return false;
	return should_fail(&failslab.attr, size);
}

static void armed(bool can_fire)
{
	failslab_hook = can_fire ? should_failslab : NULL;
	gate_watch(GATE_FAILSLAB, can_fire);
}

struct failslab failslab = {
	.attr = FAULT_ATTR_INITIALIZER("failslab", armed),
	.ignore_gfp_wait = true,
};
