/* SPDX-License-Identifier: MIT */
/* watch/watch.h - between the files of watch/. */
#ifndef QUIRE_WATCH_WATCH_H
#define QUIRE_WATCH_WATCH_H

#include <quire/mmzone.h>
#include <quire/page.h>

/* A zone type that this kind of machine cannot have is left out of reports, as Linux does. */
static inline bool zone_type_exists(unsigned idx)
{
	return idx != ZONE_HIGHMEM || sizeof(long) == 4;
}

/* A node counter as the reports show it: slab counters are kept in bytes. */
static inline unsigned long node_item_pages(const struct pglist_data *node,
					    enum node_stat_item item)
{
	unsigned long n = node_page_state(node, item);

	return item == NR_SLAB_RECLAIMABLE_B || item == NR_SLAB_UNRECLAIMABLE_B ? n >> PAGE_SHIFT
										: n;
}

#endif
