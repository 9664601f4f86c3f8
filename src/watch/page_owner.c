/* SPDX-License-Identifier: MIT */
/*
 * watch/page_owner.c - /proc/page_owner: a paragraph for every block in use, in Linux's layout.
 *
 *	Page allocated via order 0, mask 0xcc0(GFP_KERNEL), pid 1, tgid 1 (init), ts 42 ns
 *	PFN 0x1234 type Unmovable Block 9 type Unmovable Flags 0x4800000(node=0|zone=2)
 *	 0xffffffff80101234
 *	 (empty line)
 *
 * quire has no clock: ts counts the allocations and frees before it.
 *
 * Lock: none; a block that changes hands meanwhile may be shown half and half.
 */
#include <quire/gfp.h>
#include <quire/mmzone.h>
#include <quire/page_owner.h>
#include "frames/frames.h"

static void show_stack(struct seq_out *out, depot_stack_handle_t handle)
{
	const unsigned long *pc;
	unsigned n = page_owner_stack(handle, &pc);

	for (unsigned i = 0; i < n; i++)
		seq_printf(out, " 0x%lx\n", pc[i]);
}

static void show_block(struct seq_out *out, unsigned long pfn, const struct page_owner *o)
{
	const struct page *page = pfn_to_page(pfn);
	char gfp[GFP_WORDS], flags[FLAG_WORDS];

	gfp_words(gfp, sizeof(gfp), o->gfp);
	page_flag_words(flags, sizeof(flags), READ_ONCE(page->flags));
	seq_printf(out,
		   "Page allocated via order %u, mask %#x(%s), pid %d, tgid %d (%s), ts %llu ns\n",
		   o->order, o->gfp, gfp, o->pid, o->tgid, o->comm, (unsigned long long)o->ts);
	seq_printf(out, "PFN 0x%lx type %s Block %lu type %s Flags %#x(%s)\n", pfn,
		   migratetype_names[gfp_migratetype(o->gfp)], pfn >> pageblock_order,
		   migratetype_names[get_pageblock_migratetype(page)], READ_ONCE(page->flags),
		   flags);
	show_stack(out, o->alloc_stack);
	if (o->migrate_reason >= 0 && o->migrate_reason < MR_TYPES)
		seq_printf(out, "Page has been migrated, last migrate reason: %s\n",
			   migrate_reason_names[o->migrate_reason]);
	seq_putc(out, '\n');
}

/* Frames to the next block; a frame that is free, or whose block was split, is one by itself. */
static unsigned long show_frame(struct seq_out *out, unsigned long pfn)
{
	unsigned order = page_order_taken(READ_ONCE(pfn_to_page(pfn)->flags));
	struct page_owner owner;

	if (!page_owner_get(pfn, &owner) || !owner.allocated)
		return 1;
	owner.order = (u8)min((unsigned)owner.order, order);
	show_block(out, pfn, &owner);
	return 1UL << owner.order;
}

static void show_zone(struct seq_out *out, const struct zone *zone)
{
	unsigned long pfn = zone->zone_start_pfn, end = zone_end_pfn(zone);

	while (pfn < end && !out->error) {
		if (!pfn_valid(pfn))
			pfn = next_section(pfn);
		else if (page_zone(pfn_to_page(pfn)) != zone)
			pfn++;
		else
			pfn += show_frame(out, pfn);
	}
}

void show_page_owner(struct seq_out *out)
{
	struct zone *zone;

	if (page_owner_enabled())
		for_each_populated_zone(zone) show_zone(out, zone);
}
