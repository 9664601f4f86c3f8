/* SPDX-License-Identifier: MIT */
/*
 * watch/extfrag.c - extfrag_index and unusable_index: layouts of Linux 6.18, byte for byte.
 *
 *   Node 0, zone   Normal -1.000 -1.000  0.931  0.966 ...     why a request of the order fails
 *   Node 0, zone   Normal 0.000 0.007 0.020 0.045 ...         what share of free memory is no use to it
 *
 * Always true:  columns are orders, 0 first; an index is in thousandths.
 * Lock:         none here; the indices take zone->lock.
 */
#include <quire/compaction.h>
#include <quire/watch.h>
#include "watch.h"

static void begin_line(struct seq_out *out, const struct zone *zone)
{
	seq_printf(out, "Node %d, zone %8s ", zone->node, zone->name);
}

/* Minus goes before the 0 of "-0.500", which "%2d.%03d" would not do. */
static void show_signed(struct seq_out *out, int thousandths)
{
	unsigned size = (unsigned)(thousandths < 0 ? -thousandths : thousandths);

	seq_printf(out, "%c%u.%03u ", thousandths < 0 ? '-' : ' ', size / 1000, size % 1000);
}

void show_extfrag_index(struct seq_out *out)
{
	struct zone *zone;

	for_each_populated_zone(zone)
	{
		begin_line(out, zone);
		for (unsigned order = 0; order < NR_PAGE_ORDERS; order++)
			show_signed(out, fragmentation_index(zone, order));
		seq_putc(out, '\n');
	}
}

void show_unusable_index(struct seq_out *out)
{
	struct zone *zone;

	for_each_populated_zone(zone)
	{
		begin_line(out, zone);
		for (unsigned order = 0; order < NR_PAGE_ORDERS; order++) {
			int share = unusable_index(zone, order);

			seq_printf(out, "%d.%03d ", share / 1000, share % 1000);
		}
		seq_putc(out, '\n');
	}
}
