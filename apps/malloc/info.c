/* SPDX-License-Identifier: MIT */
/*
 * info.c - how much there is and who has it: mallinfo, malloc_info, malloc_stats, mallopt, and the
 * report at exit.
 *
 * Lock: none; sums of a moment.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <quire/printk.h>
#include <quire/slabinfo.h>
#include <quire/vmstat.h>
#include <quire/zoneinfo.h>
#include "qmalloc.h"

#define EXPORT __attribute__((__visibility__("default")))

struct malloc_totals malloc_totals(void)
{
	struct visit visit = visit_begin();
	struct malloc_totals t = { .ram = totalram_pages() << PAGE_SHIFT,
				   .unused = nr_free_pages() << PAGE_SHIFT };
	struct zone *zone;

	for_each_populated_zone(zone) t.unused += zone_pcp_pages(zone) << PAGE_SHIFT;
	visit_end(visit);
	t.mapped = __atomic_load_n(&mapped_bytes, __ATOMIC_RELAXED);
	t.nr_mapped = __atomic_load_n(&mapped_count, __ATOMIC_RELAXED);
	t.unused = min(t.unused, t.ram);
	return t;
}

EXPORT struct mallinfo2 mallinfo2(void)
{
	struct malloc_totals t = malloc_totals();

	return (struct mallinfo2){
		.arena = t.ram,
		.ordblks = 1,
		.hblks = t.nr_mapped,
		.hblkhd = t.mapped,
		.uordblks = t.ram - t.unused,
		.fordblks = t.unused,
		.keepcost = t.unused,
	};
}

/* As far as an int goes. */
EXPORT struct mallinfo mallinfo(void)
{
	struct mallinfo2 m = mallinfo2();

	return (struct mallinfo){
		.arena = (int)m.arena,
		.ordblks = (int)m.ordblks,
		.hblks = (int)m.hblks,
		.hblkhd = (int)m.hblkhd,
		.uordblks = (int)m.uordblks,
		.fordblks = (int)m.fordblks,
		.keepcost = (int)m.keepcost,
	};
}

EXPORT int malloc_info(int options, FILE *to)
{
	struct malloc_totals t = malloc_totals();

	if (options) {
		errno = EINVAL;
		return -1;
	}
	fprintf(to,
		"<malloc version=\"1\">\n<heap nr=\"0\">\n<sizes>\n</sizes>\n"
		"<total type=\"rest\" count=\"1\" size=\"%zu\"/>\n"
		"<system type=\"current\" size=\"%zu\"/>\n</heap>\n"
		"<total type=\"rest\" count=\"1\" size=\"%zu\"/>\n"
		"<total type=\"mmap\" count=\"%zu\" size=\"%zu\"/>\n"
		"<system type=\"current\" size=\"%zu\"/>\n</malloc>\n",
		t.unused, t.ram, t.unused, t.nr_mapped, t.mapped, t.ram + t.mapped);
	return 0;
}

/* What glibc knows is accepted: none of it changes what is right.  0: it is not known. */
EXPORT int mallopt(int parameter, int value)
{
	(void)value;
	switch (parameter) {
	case M_MXFAST:
	case M_TRIM_THRESHOLD:
	case M_TOP_PAD:
	case M_MMAP_THRESHOLD:
	case M_MMAP_MAX:
	case M_CHECK_ACTION:
	case M_PERTURB:
	case M_ARENA_TEST:
	case M_ARENA_MAX: return 1;
	default: return 0;
	}
}

EXPORT int malloc_trim(size_t pad)
{
	(void)pad;
	return release_frames(true) != 0;
}

EXPORT void malloc_stats(void)
{
	struct malloc_totals t = malloc_totals();

	printk("quire-malloc: %zu KiB of RAM, %zu KiB of it free; %zu blocks mapped, %zu KiB\n",
	       t.ram >> 10, t.unused >> 10, t.nr_mapped, t.mapped >> 10);
}

/* ---- at exit --------------------------------------------------------------------------------- */
static void show(void (*report)(struct seq_out *out))
{
	struct seq_out out = { .emit = seq_log_emit };

	report(&out);
}

__attribute__((__destructor__(102))) static void report_at_exit(void)
{
	struct visit visit;

	if (!malloc_options.report)
		return;
	malloc_stats();
	visit = visit_begin();
	show(show_slabinfo);
	visit_end(visit);
}
