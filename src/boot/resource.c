/* SPDX-License-Identifier: MIT */
/*
 * boot/resource.c - a tree of address ranges with names.
 *
 *   iomem_resource -> | System RAM | ------------> | Reserved |        siblings, rising
 *                          |
 *                     | Kernel code | -> | Kernel data |               children, inside
 *
 * Always true:  a child lies wholly inside its parent; siblings rise and do not overlap.
 * Lock:         none: changes at boot, or by callers who keep off each other.
 */
#include <quire/err.h>
#include <quire/init.h>
#include <quire/ioport.h>
#include <quire/printk.h>
#include "boot.h"

#define ALL_ADDRESSES                                                                              \
	{                                                                                          \
		.end = ~(resource_size_t)0, .name = "PCI mem", .flags = IORESOURCE_MEM             \
	}

struct resource iomem_resource = ALL_ADDRESSES;

void resources_exit(void)
{
	iomem_resource = (struct resource)ALL_ADDRESSES;
}

static bool fits(const struct resource *parent, const struct resource *r)
{
	return r->start <= r->end && resource_contains(parent, r);
}

/* The link to the first child that ends at or above r's start. */
static struct resource **first_after(struct resource *parent, const struct resource *r)
{
	struct resource **link = &parent->child;

	while (*link && (*link)->end < r->start)
		link = &(*link)->sibling;
	return link;
}

int request_resource(struct resource *root, struct resource *r)
{
	struct resource **link = first_after(root, r);

	if (!fits(root, r) || (*link && (*link)->start <= r->end))
		return -EBUSY;
	r->parent = root;
	r->sibling = *link;
	*link = r;
	return 0;
}

/* The children at *link that r covers change over to it. */
static int adopt(struct resource *parent, struct resource **link, struct resource *r)
{
	struct resource *last = *link;

	while (last->sibling && last->sibling->start <= r->end)
		last = last->sibling;
	if (!resource_contains(r, *link) || !resource_contains(r, last))
		return -EBUSY;
	r->parent = parent;
	r->child = *link;
	r->sibling = last->sibling;
	last->sibling = NULL;
	*link = r;
	for (struct resource *child = r->child; child; child = child->sibling)
		child->parent = r;
	return 0;
}

int insert_resource(struct resource *root, struct resource *r)
{
	if (!fits(root, r))
		return -EBUSY;
	for (;;) {
		struct resource **link = first_after(root, r);

		if (!*link || (*link)->start > r->end)
			return request_resource(root, r);
		/* A range like one that is there goes above it. */
		if (!fits(*link, r) || resource_contains(r, *link))
			return adopt(root, link, r);
		root = *link;
	}
}

int release_resource(struct resource *r)
{
	struct resource **link;

	if (!r->parent)
		return -EINVAL;
	for (link = &r->parent->child; *link && *link != r;)
		link = &(*link)->sibling;
	if (!*link)
		return -EINVAL;
	*link = r->sibling;
	r->parent = r->sibling = NULL;
	return 0;
}

/* One bank after another that touches it and is of its kind is one line. */
static bool __init goes_on(const struct resource *r, const struct memblock_region *m)
{
	bool nomap = r->flags == IORESOURCE_MEM;

	return r->end + 1 == m->base && nomap == memblock_is_nomap(m);
}

int __init insert_memblock_resources(void)
{
	/* What is allocated here changes `reserved`, not `memory`. */
	unsigned long n = memblock.memory.cnt, used = 0;
	struct resource *all = memblock_alloc(n * sizeof(*all), sizeof(long));
	const struct memblock_region *m;

	if (!all)
		return -ENOMEM;
	for_each_mem_region(m) {
		bool nomap = memblock_is_nomap(m);

		if (used && goes_on(&all[used - 1], m)) {
			all[used - 1].end += m->size;
			continue;
		}
		all[used++] = (struct resource){
			.start = m->base,
			.end = m->base + m->size - 1,
			.name = nomap ? "reserved" : "System RAM",
			.flags = nomap ? IORESOURCE_MEM : IORESOURCE_MEM | IORESOURCE_SYSTEM_RAM,
		};
	}
	for (unsigned long i = 0; i < used; i++)
		if (insert_resource(&iomem_resource, &all[i]))
			pr_warn("iomem: RAM at 0x%llx overlaps what is there\n",
				(unsigned long long)all[i].start);
	return 0;
}
