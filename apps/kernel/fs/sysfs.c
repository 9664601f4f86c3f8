/* SPDX-License-Identifier: MIT */
/*
 * fs/sysfs.c - /sys: as much of Linux's tree as there is something to say about memory.
 *
 *   devices/system/memory/memoryN/state        a section goes and comes     sysfs_memory.c
 *   devices/system/memory/hard_offline_page    frames that fail             sysfs_memory.c
 *   kernel/debug/hwpoison                      the same, and undone         sysfs_memory.c
 *   kernel/mm/cma/NAME/...                     counters of an area          sysfs_cma.c
 *   kernel/debug/cma/NAME/alloc free ...       claims by hand               sysfs_cma.c
 *   kernel/debug/extfrag/..._index             how free memory is divided
 *   kernel/debug/fail_page_alloc, failslab     injected failures            sysfs_fault.c
 *   kernel/debug/kfence/stats                  counters of guarded objects
 *   kernel/debug/page_owner                    as /proc/page_owner
 *   kernel/debug/quire/alloc_order             can such a block be had?
 *
 * What Linux keeps in a debugfs of its own is part of this tree.
 */
#include "sysfs.h"
#include <quire/kfence.h>
#include <quire/gfp.h>
#include <quire/page_owner.h>
#include <quire/watch.h>

/* ---- extfrag --------------------------------------------------------------------------------- */
static int extfrag_index(struct seq_out *out, int pid)
{
	(void)pid;
	show_extfrag_index(out);
	return 0;
}

static int unusable_index_file(struct seq_out *out, int pid)
{
	(void)pid;
	show_unusable_index(out);
	return 0;
}

static int kfence_stats_file(struct seq_out *out, int pid)
{
	(void)pid;
	show_kfence_stats(out);
	return 0;
}

static int page_owner_file(struct seq_out *out, int pid)
{
	(void)pid;
	show_page_owner(out);
	return 0;
}

/* ---- alloc_order: write an order, read what came of it --------------------------------------- */
static struct {
	bool asked, without, with; /* compaction */
	unsigned order;
} last_try;

static bool can_be_had(gfp_t gfp, unsigned order)
{
	struct page *page = alloc_pages(gfp | __GFP_NOWARN, order);

	if (page)
		__free_pages(page, order);
	return page;
}

static int alloc_order_store(const char *text)
{
	unsigned long order;
	int error = parse_ulong(text, &order);

	if (error || order > MAX_PAGE_ORDER)
		return -EINVAL;
	last_try.asked = true;
	last_try.order = (unsigned)order;
	last_try.without = can_be_had(GFP_NOWAIT, last_try.order);
	last_try.with = can_be_had(GFP_KERNEL | __GFP_NORETRY, last_try.order);
	return 0;
}

static int alloc_order_show(struct seq_out *out, int pid)
{
	(void)pid;
	if (last_try.asked)
		seq_printf(out, "order %u: %s without compaction, %s with it\n", last_try.order,
			   last_try.without ? "had" : "refused", last_try.with ? "had" : "refused");
	return 0;
}

/* ---- the tree -------------------------------------------------------------------------------- */
static const struct proc_entry system_entries[] = {
	{ .name = "memory",
	  .mode = 0555,
	  .children = sysfs_memory_entries,
	  .each = &sysfs_memory_section,
	  .next = sysfs_next_section },
	{ 0 },
};
static const struct proc_entry devices_entries[] = {
	{ .name = "system", .mode = 0555, .children = system_entries },
	{ 0 },
};
static const struct proc_entry extfrag_entries[] = {
	{ .name = "extfrag_index", .mode = 0444, .show = extfrag_index },
	{ .name = "unusable_index", .mode = 0444, .show = unusable_index_file },
	{ 0 },
};
static const struct proc_entry quire_entries[] = {
	{ .name = "alloc_order",
	  .mode = 0600,
	  .show = alloc_order_show,
	  .store = alloc_order_store },
	{ 0 },
};
static const struct proc_entry kfence_entries[] = {
	{ .name = "stats", .mode = 0444, .show = kfence_stats_file },
	{ 0 },
};
static const struct proc_entry debug_entries[] = {
	{ .name = "cma", .mode = 0700, .each = &debugfs_cma_area, .next = sysfs_next_cma },
	{ .name = "extfrag", .mode = 0755, .children = extfrag_entries },
	{ .name = "fail_page_alloc", .mode = 0700, .children = debugfs_fail_page_alloc },
	{ .name = "failslab", .mode = 0700, .children = debugfs_failslab },
	{ .name = "hwpoison", .mode = 0700, .children = debugfs_hwpoison },
	{ .name = "kfence", .mode = 0700, .children = kfence_entries },
	{ .name = "page_owner", .mode = 0400, .show = page_owner_file },
	{ .name = "quire", .mode = 0700, .children = quire_entries },
	{ 0 },
};
static const struct proc_entry mm_entries[] = {
	{ .name = "cma", .mode = 0755, .each = &sysfs_cma_area, .next = sysfs_next_cma },
	{ 0 },
};
static const struct proc_entry kernel_entries[] = {
	{ .name = "debug", .mode = 0700, .children = debug_entries },
	{ .name = "mm", .mode = 0755, .children = mm_entries },
	{ 0 },
};
const struct proc_entry sysfs_root_entries[] = {
	{ .name = "devices", .mode = 0555, .children = devices_entries },
	{ .name = "kernel", .mode = 0555, .children = kernel_entries },
	{ 0 },
};

/* What was claimed and what was taken out of use goes back, so that the balance is that of programs. */
void sysfs_exit(void)
{
	sysfs_cma_exit();
	sysfs_memory_exit();
}
