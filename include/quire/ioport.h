/* SPDX-License-Identifier: MIT */
/*
 * quire/ioport.h - who owns which physical addresses: the tree behind /proc/iomem.
 *
 *   00001000-0009efff : System RAM
 *   00100000-0ffdffff : System RAM         a range lies wholly inside its parent;
 *     00200000-0023cfff : Kernel code      children are sorted and do not overlap
 *   fffc0000-ffffffff : Reserved
 *
 * Names, fields and return values are Linux's.  The caller owns the structs and keeps them while
 * they are in the tree.
 * Context: boot, or task context with callers that keep off each other; a reader may be in between.
 */
#ifndef QUIRE_IOPORT_H
#define QUIRE_IOPORT_H

#include <quire/types.h>

typedef phys_addr_t resource_size_t;

struct resource {
	resource_size_t start, end; /* bytes; `end` is the last one                      */
	const char *name;
	unsigned long flags; /* IORESOURCE_*                                      */
	struct resource *parent, *sibling, *child; /* NULL: not in a tree, last, none */
};
#define IORESOURCE_MEM        0x00000200UL
#define IORESOURCE_SYSTEM_RAM 0x01000000UL

/* The root: all physical addresses. */
extern struct resource iomem_resource;

static inline resource_size_t resource_size(const struct resource *r)
{
	return r->end - r->start + 1;
}

/* Whether r2 lies wholly inside r1. */
static inline bool resource_contains(const struct resource *r1, const struct resource *r2)
{
	return r1->start <= r2->start && r1->end >= r2->end;
}

/* Make it a child of `root`.  0; -EBUSY: it is not inside, is empty, or overlaps a child. */
int request_resource(struct resource *root, struct resource *r);
/* Put it at the deepest place below `root` that holds it; children there that it covers become its
 * own.  0, or -EBUSY as above; then nothing has changed. */
int insert_resource(struct resource *root, struct resource *r);
/* Take it out, with all below it.  0, or -EINVAL: it is in no tree. */
int release_resource(struct resource *r);

/* Enter what memblock knows: memory as "System RAM", NOMAP memory as "reserved".  Once memblock is
 * complete, before the hand-over: the structs are memblock's.  0, or -ENOMEM. */
int insert_memblock_resources(void);

#endif
