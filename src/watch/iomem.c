/* SPDX-License-Identifier: MIT */
/*
 * watch/iomem.c - /proc/iomem: one line for each range of physical addresses, indented below the
 * range that it is part of (proc(5)).
 */
#include <quire/ioport.h>
#include <quire/watch.h>

#define DEEPEST 8 /* what lies deeper is not indented further */

/* The next of the tree in the order of the lines, and how deep it is. */
static const struct resource *next(const struct resource *r, unsigned *depth)
{
	if (r->child) {
		++*depth;
		return r->child;
	}
	while (r && !r->sibling) {
		r = r->parent;
		--*depth;
	}
	return r ? r->sibling : NULL;
}

void show_iomem(struct seq_out *out)
{
	unsigned depth = 0;

	for (const struct resource *r = iomem_resource.child; r; r = next(r, &depth))
		seq_printf(out, "%*s%08llx-%08llx : %s\n", (int)min(depth, (unsigned)DEEPEST) * 2,
			   "", (unsigned long long)r->start, (unsigned long long)r->end, r->name);
}
