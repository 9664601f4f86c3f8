/* SPDX-License-Identifier: MIT */
/*
 * frames/freeze.c - the part of quire_freeze() that is frames': nobody adds memory, nobody is at the
 * per-CPU lists, and the zones are locked.
 *
 * Lock: hotplug_mutex and what pcp_freeze() holds, then zone->lock of all zones.
 */
#include "frames.h"

void frames_freeze(void)
{
	hotplug_freeze();
	pcp_freeze();
}

void frames_thaw(bool copy)
{
	pcp_thaw(copy);
	hotplug_thaw();
}

void zones_freeze(void)
{
	struct zone *zone;

	for_each_populated_zone(zone) raw_lock(&zone->lock.locked);
}

void zones_thaw(void)
{
	struct zone *zone;

	for_each_populated_zone(zone) raw_unlock(&zone->lock.locked);
}
