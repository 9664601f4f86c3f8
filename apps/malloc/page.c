/* SPDX-License-Identifier: MIT */
/*
 * page.c - fills the page that `quire top` reads, when somebody asked since the last time.
 *
 * Lock: none: only the thread of release.c writes it.
 */
#include <quire/percpu.h>
#include <quire/printk.h>
#include <quire/slabinfo.h>
#include <quire/zoneinfo.h>
#include "page.h"
#include "qmalloc.h"

extern struct malloc_page quire_malloc_page;
__attribute__((__visibility__("default"))) struct malloc_page quire_malloc_page;

static void write_text(char *to, size_t size, void (*report)(struct seq_out *out))
{
	struct seq_buf buf = { to, size - 1, 0 };
	struct seq_out out = { .emit = seq_buf_emit, .arg = &buf };

	report(&out);
	to[buf.len] = 0;
}

static void show_buddies(struct seq_out *out)
{
	unsigned long nr[MIGRATE_TYPES][NR_PAGE_ORDERS];
	struct zone *zone;

	for_each_populated_zone(zone)
	{
		zone_free_blocks(zone, nr);
		seq_printf(out, "Node %d, zone %8s ", zone->node, zone->name);
		for (unsigned order = 0; order < NR_PAGE_ORDERS; order++) {
			unsigned long n = 0;

			for (unsigned type = 0; type < MIGRATE_TYPES; type++)
				n += nr[type][order];
			seq_printf(out, "%6lu ", n);
		}
		seq_puts(out, "\n");
	}
}

/* Whether anybody is watching. */
bool page_refresh(void)
{
	struct malloc_page *page = &quire_malloc_page;
	u32 asked = __atomic_load_n(&page->asked, __ATOMIC_ACQUIRE);
	struct malloc_totals t;

	page->magic = MALLOC_PAGE_MAGIC;
	if (asked == page->answered)
		return false;
	t = malloc_totals();
	page->ram = t.ram;
	page->unused = t.unused;
	page->mapped = t.mapped;
	page->nr_mapped = t.nr_mapped;
	page->slots = quire_nr_cpus - 2;
	page->slots_free = threads_slots_free();
	write_text(page->slabinfo, sizeof(page->slabinfo), show_slabinfo);
	write_text(page->buddyinfo, sizeof(page->buddyinfo), show_buddies);
	__atomic_store_n(&page->answered, asked, __ATOMIC_RELEASE);
	return true;
}
