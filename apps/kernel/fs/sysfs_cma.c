/* SPDX-License-Identifier: MIT */
/*
 * fs/sysfs_cma.c - what happens in CMA areas, and claims by hand in place of a device's driver.
 *
 *   /sys/kernel/mm/cma/NAME/      counters since boot, in frames
 *   /sys/kernel/debug/cma/NAME/   alloc   write n: claim n neighbouring frames
 *                                 free    write n: give n back, the last claim first
 *
 * Always true:  a frame on the list of claims is ours alone.
 * Lock:         claims_mutex for the list.
 */
#include "sysfs.h"
#include <quire/cma.h>
#include <quire/linux/highmem.h>

struct claim {
	struct list_head link; /* in claims, newest first */
	struct cma *area;
	struct page *pages;
	unsigned long count;
};

static DEFINE_MUTEX(claims_mutex);
static LIST_HEAD(claims);

/* ---- areas are numbered in the order in which they were declared ----------------------------- */
struct area_search {
	int left;
	struct cma *found;
};

static int nth(struct cma *area, void *data)
{
	struct area_search *s = data;

	if (s->left--)
		return 0;
	s->found = area;
	return 1;
}

static struct cma *area_of(int n)
{
	struct area_search s = { n, NULL };

	cma_for_each_area(nth, &s);
	return s.found;
}

int sysfs_next_cma(int after, char *name)
{
	struct cma *area = area_of(after + 1);

	if (!area)
		return -1;
	quire_snprintf(name, PROC_NAME, "%s", cma_get_name(area));
	return after + 1;
}

/* ---- counters -------------------------------------------------------------------------------- */
#define COUNTER(name, value)                                                                       \
	static int name(struct seq_out *out, int n)                                                \
	{                                                                                          \
		struct cma_stat s;                                                                 \
		cma_get_stat(area_of(n), &s);                                                      \
		seq_printf(out, "%lu\n", (value));                                                 \
		return 0;                                                                          \
	}
COUNTER(alloc_pages_success, s.allocated)
COUNTER(alloc_pages_fail, s.failed)
COUNTER(release_pages_success, s.released)
COUNTER(total_pages, s.count)
COUNTER(available_pages, s.count - s.used)
COUNTER(used, s.used)
COUNTER(maxchunk, s.maxchunk)

static int base_pfn(struct seq_out *out, int n)
{
	seq_printf(out, "%lu\n", (unsigned long)PHYS_PFN(cma_get_base(area_of(n))));
	return 0;
}

/* ---- claims ---------------------------------------------------------------------------------- */

/* What a device would do; had anybody else still a use for a frame it would show. */
static void write_over(struct page *pages, unsigned long count)
{
	for (unsigned long i = 0; i < count; i++) {
		void *at = kmap_local_page(pages + i);

		memset(at, 0xc5, PAGE_SIZE);
		kunmap_local(at);
	}
}

static int alloc_store(const char *text)
{
	struct claim *c = kmalloc(sizeof(*c), GFP_KERNEL);
	unsigned long count;
	int error = parse_ulong(text, &count);

	if (!c || error) {
		kfree(c);
		return error ? error : -ENOMEM;
	}
	c->area = area_of(proc_store_pid);
	c->count = count;
	c->pages = cma_alloc(c->area, count, 0, false);
	if (!c->pages) {
		kfree(c);
		return -ENOMEM;
	}
	write_over(c->pages, count);
	mutex_lock(&claims_mutex);
	list_add(&c->link, &claims);
	mutex_unlock(&claims_mutex);
	return 0;
}

/* Up to `count` frames of a claim go back; how many did. */
static unsigned long give_back(struct claim *c, unsigned long count)
{
	count = min(count, c->count);
	if (!cma_release(c->area, c->pages, count))
		return 0;
	c->pages += count;
	c->count -= count;
	if (!c->count) {
		list_del(&c->link);
		kfree(c);
	}
	return count;
}

static int free_store(const char *text)
{
	struct cma *area = area_of(proc_store_pid);
	unsigned long count;
	int error = parse_ulong(text, &count);
	struct claim *c, *next;

	if (error)
		return error;
	mutex_lock(&claims_mutex);
	list_for_each_entry_safe(c, next, &claims, link)
		if (count && c->area == area)
			count -= give_back(c, count);
	mutex_unlock(&claims_mutex);
	return 0;
}

/* The machine ends: what is still claimed goes back. */
void sysfs_cma_exit(void)
{
	struct claim *c, *next;

	list_for_each_entry_safe(c, next, &claims, link)
		give_back(c, c->count);
}

static const struct proc_entry counter_entries[] = {
	{ .name = "alloc_pages_fail", .mode = 0444, .show = alloc_pages_fail },
	{ .name = "alloc_pages_success", .mode = 0444, .show = alloc_pages_success },
	{ .name = "available_pages", .mode = 0444, .show = available_pages },
	{ .name = "release_pages_success", .mode = 0444, .show = release_pages_success },
	{ .name = "total_pages", .mode = 0444, .show = total_pages },
	{ 0 },
};
const struct proc_entry sysfs_cma_area = { .mode = 0755, .children = counter_entries };

static const struct proc_entry debug_entries[] = {
	{ .name = "alloc", .mode = 0200, .store = alloc_store },
	{ .name = "base_pfn", .mode = 0444, .show = base_pfn },
	{ .name = "count", .mode = 0444, .show = total_pages },
	{ .name = "free", .mode = 0200, .store = free_store },
	{ .name = "maxchunk", .mode = 0444, .show = maxchunk },
	{ .name = "used", .mode = 0444, .show = used },
	{ 0 },
};
const struct proc_entry debugfs_cma_area = { .mode = 0755, .children = debug_entries };
