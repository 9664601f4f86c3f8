/* SPDX-License-Identifier: MIT */
/*
 * boot/regions.c - sorted lists of disjoint ranges: add, remove, split, merge, grow.
 *
 *   before     |--- a ---|            |--- b ---|
 *   add             |xxxxxxxxxxxxxxxxxxxxx|            only the holes are new: attributes of a and b stay
 *   after      |--- a ---|xxxxxxxxxxxx|--- b ---|      ... and touching neighbours with equal attributes merge
 *
 * Always true:  sorted, disjoint, none empty, no two that touch are equal in node and flags; total_size is the sum.
 * Lock:         none; one CPU.
 */
#include <quire/err.h>
#include <quire/page.h>
#include <quire/printk.h>
#include <quire/string.h>
#include "boot.h"

unsigned long region_list_find(const struct memblock_type *type, phys_addr_t addr)
{
	unsigned long low = 0, high = type->cnt;

	while (low < high) {
		unsigned long mid = low + (high - low) / 2;

		if (region_end(&type->regions[mid]) > addr)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static void insert_at(struct memblock_type *type, unsigned long i, phys_addr_t base,
		      phys_addr_t end, int nid, enum memblock_flags flags)
{
	struct memblock_region *r = &type->regions[i];

	memmove(r + 1, r, (type->cnt - i) * sizeof(*r));
	*r = (struct memblock_region){ base, end - base, flags, nid };
	type->cnt++;
	type->total_size += end - base;
}

static void delete_at(struct memblock_type *type, unsigned long i)
{
	struct memblock_region *r = &type->regions[i];

	type->total_size -= r->size;
	type->cnt--;
	memmove(r, r + 1, (type->cnt - i) * sizeof(*r));
}

static void merge(struct memblock_type *type)
{
	unsigned long to = 0;

	for (unsigned long i = 1; i < type->cnt; i++) {
		struct memblock_region *a = &type->regions[to], *b = &type->regions[i];

		if (region_end(a) == b->base && a->nid == b->nid && a->flags == b->flags)
			a->size += b->size;
		else
			type->regions[++to] = *b;
	}
	if (type->cnt)
		type->cnt = to + 1;
}

/* Clip at the end of the address space; false if nothing is left. */
static bool clip(phys_addr_t base, phys_addr_t size, phys_addr_t *end)
{
	*end = size > ~(phys_addr_t)0 - base ? ~(phys_addr_t)0 : base + size;
	return base < *end;
}

/*
 * Twice the room.  The new array comes from memory that is free now and not in [base, end), which the caller is about to
 * change.  Reserving it may need room in `reserved` itself: the new array is in place by then.
 */
static int grow(struct memblock_type *type, phys_addr_t base, phys_addr_t end)
{
	phys_addr_t old_size = type->max * sizeof(struct memblock_region),
		    new_size = QUIRE_ALIGN_UP(old_size * 2, PAGE_SIZE), at, low;

	if (!type->name)
		return -ENOMEM;
	at = memblock_find_in_range(end, memblock.current_limit, new_size, PAGE_SIZE);
	low = min(base, memblock.current_limit);
	if (!at && low)
		at = memblock_find_in_range(0, low, new_size, PAGE_SIZE);
	if (!at)
		return -ENOMEM;
	memcpy(__va(at), type->regions, type->cnt * sizeof(struct memblock_region));
	type->regions = __va(at);
	type->max = (unsigned long)(new_size / sizeof(struct memblock_region));
	/* The old array, if it was not the static one, stays reserved: it is a few KiB and boot ends soon. */
	return memblock_reserve(at, new_size);
}

static int make_room(struct memblock_type *type, unsigned long more, phys_addr_t base,
		     phys_addr_t end)
{
	while (type->cnt + more > type->max)
		if (grow(type, base, end))
			return -ENOMEM;
	return 0;
}

/* Holes of the list inside [base, end): how many, or with `fill` put a region into each. */
static unsigned long holes(struct memblock_type *type, phys_addr_t base, phys_addr_t end, bool fill,
			   int nid, enum memblock_flags flags)
{
	unsigned long i = region_list_find(type, base), n = 0;

	while (base < end) {
		phys_addr_t next = i < type->cnt ? type->regions[i].base : end,
			    stop = min(next, end);

		if (base < stop) {
			n++;
			if (fill)
				insert_at(type, i++, base, stop, nid, flags);
		}
		if (i == type->cnt)
			break;
		base = max(base, region_end(&type->regions[i++]));
	}
	return n;
}

int region_list_add(struct memblock_type *type, phys_addr_t base, phys_addr_t size, int nid,
		    enum memblock_flags flags)
{
	phys_addr_t end;

	if (!clip(base, size, &end))
		return 0;
	if (make_room(type, holes(type, base, end, false, nid, flags), base, end))
		return -ENOMEM;
	/* Growing may have reserved the array somewhere else in this very list: count again, now it fits. */
	if (make_room(type, holes(type, base, end, false, nid, flags), base, end))
		return -ENOMEM;
	holes(type, base, end, true, nid, flags);
	merge(type);
	return 0;
}

/* Make `at` a border between regions if it lies inside one.  There is room. */
static void split_at(struct memblock_type *type, phys_addr_t at)
{
	unsigned long i = region_list_find(type, at);
	struct memblock_region *r = &type->regions[i];
	phys_addr_t end;

	if (i == type->cnt || r->base >= at)
		return;
	end = region_end(r);
	type->total_size -= end - at;
	r->size = at - r->base;
	insert_at(type, i + 1, at, end, r->nid, r->flags);
}

/* Split at both ends; [*first, *last) are the regions inside.  0 or -ENOMEM. */
static int isolate(struct memblock_type *type, phys_addr_t base, phys_addr_t end,
		   unsigned long *first, unsigned long *last)
{
	if (make_room(type, 2, base, end))
		return -ENOMEM;
	split_at(type, base);
	split_at(type, end);
	*first = region_list_find(type, base);
	for (*last = *first; *last < type->cnt && type->regions[*last].base < end;)
		++*last;
	return 0;
}

int region_list_remove(struct memblock_type *type, phys_addr_t base, phys_addr_t size)
{
	unsigned long first, last;
	phys_addr_t end;

	if (!clip(base, size, &end))
		return 0;
	if (isolate(type, base, end, &first, &last))
		return -ENOMEM;
	while (last-- > first)
		delete_at(type, last);
	return 0;
}

static int change_flags(phys_addr_t base, phys_addr_t size, enum memblock_flags set,
			enum memblock_flags clear)
{
	unsigned long first, last;
	phys_addr_t end;

	if (!clip(base, size, &end))
		return 0;
	if (isolate(&memblock.memory, base, end, &first, &last))
		return -ENOMEM;
	for (; first < last; first++) {
		struct memblock_region *r = &memblock.memory.regions[first];

		r->flags = (enum memblock_flags)((r->flags & ~(unsigned)clear) | set);
	}
	merge(&memblock.memory);
	return 0;
}

int memblock_mark_hotplug(phys_addr_t base, phys_addr_t size)
{
	return change_flags(base, size, MEMBLOCK_HOTPLUG, MEMBLOCK_NONE);
}

int memblock_clear_hotplug(phys_addr_t base, phys_addr_t size)
{
	return change_flags(base, size, MEMBLOCK_NONE, MEMBLOCK_HOTPLUG);
}

int memblock_mark_mirror(phys_addr_t base, phys_addr_t size)
{
	return change_flags(base, size, MEMBLOCK_MIRROR, MEMBLOCK_NONE);
}

int memblock_mark_nomap(phys_addr_t base, phys_addr_t size)
{
	return change_flags(base, size, MEMBLOCK_NOMAP, MEMBLOCK_NONE);
}

int memblock_clear_nomap(phys_addr_t base, phys_addr_t size)
{
	return change_flags(base, size, MEMBLOCK_NONE, MEMBLOCK_NOMAP);
}

int memblock_set_node(phys_addr_t base, phys_addr_t size, struct memblock_type *type, int nid)
{
	unsigned long first, last;
	phys_addr_t end;

	if (!clip(base, size, &end))
		return 0;
	if (isolate(type, base, end, &first, &last))
		return -ENOMEM;
	for (; first < last; first++)
		type->regions[first].nid = nid;
	merge(type);
	return 0;
}

const char *region_list_check(const struct memblock_type *type)
{
	phys_addr_t total = 0;

	for (unsigned long i = 0; i < type->cnt; i++) {
		const struct memblock_region *r = &type->regions[i];

		if (!r->size || region_end(r) < r->base)
			return "a region is empty or wraps around";
		total += r->size;
		if (!i)
			continue;
		if (region_end(r - 1) > r->base)
			return "two regions overlap or are out of order";
		if (region_end(r - 1) == r->base && r[-1].nid == r->nid && r[-1].flags == r->flags)
			return "two equal regions that touch were never merged";
	}
	if (type->cnt > type->max)
		return "a list has more regions than room";
	return total == type->total_size ? NULL : "total_size is not the sum of the regions";
}
