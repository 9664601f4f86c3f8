/* SPDX-License-Identifier: MIT */
/*
 * boot/regions.c - sorted lists of disjoint ranges: add, remove, split, merge, grow.
 *
 *   before     |--- a ---|            |--- b ---|
 *   add             |xxxxxxxxxxxxxxxxxxxxx|       only the holes are new: a and b stay,
 *   after      |--- a ---|xxxxxxxxxxxx|--- b ---| and touching neighbours that are equal merge
 *
 * Always true:  sorted, disjoint, none empty, no two that touch are equal in node and flags;
 *               total_size is the sum.
 * Lock:         none; one CPU.
 */
#include <quire/err.h>
#include <quire/page.h>
#include <quire/bytes.h>
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

void region_list_delete(struct memblock_type *type, unsigned long i)
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

/*
 * Twice the room.  The new array comes from free memory outside [base, end), which the caller is
 * about to change: the part above it is tried first.  Reserving it may need room in `reserved`
 * itself: the new array is in place by then.  The old one is free memory again, unless it was
 * static.
 */
static int grow(struct memblock_type *type, phys_addr_t base, phys_addr_t end)
{
	struct memblock_region *old = type->regions;
	phys_addr_t old_size = QUIRE_ALIGN_UP(type->max * sizeof(*old), (phys_addr_t)PAGE_SIZE),
		    new_size = QUIRE_ALIGN_UP(type->max * 2 * sizeof(*old), (phys_addr_t)PAGE_SIZE),
		    at;

	if (!QUIRE_BOOT_GROW || !type->name)
		return -ENOMEM;
	at = memblock_find_in_range(end, memblock.current_limit, new_size, PAGE_SIZE);
	base = min(base, memblock.current_limit);
	if (!at && base)
		at = memblock_find_in_range(0, base, new_size, PAGE_SIZE);
	if (!at)
		return -ENOMEM;
	memcpy(__va(at), old, type->cnt * sizeof(*old));
	type->regions = __va(at);
	type->max *= 2;
	if (!region_array_is_static(old))
		memblock_phys_free(__pa(old), old_size);
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
	phys_addr_t end = region_clip(base, size), avoid_base = 0, avoid_end = 0;

	if (base >= end)
		return 0;
	/* What is being reserved is not free for the array; what becomes memory only now is not
	 * free yet, and what was memory before may be used. */
	if (type == &memblock.reserved) {
		avoid_base = base;
		avoid_end = end;
	}
	/* Growing may reserve the array in this very list and so make more holes: count again. */
	for (int twice = 0; twice < 2; twice++)
		if (make_room(type, holes(type, base, end, false, nid, flags), avoid_base,
			      avoid_end))
			return -ENOMEM;
	holes(type, base, end, true, nid, flags);
	merge(type);
	return 0;
}

static bool splits(const struct memblock_type *type, phys_addr_t at)
{
	unsigned long i = region_list_find(type, at);

	return i < type->cnt && type->regions[i].base < at;
}

/* Make `at` a border between regions if it lies inside one.  There is room. */
static void split_at(struct memblock_type *type, phys_addr_t at)
{
	unsigned long i = region_list_find(type, at);
	struct memblock_region *r = &type->regions[i];
	phys_addr_t end;

	if (!splits(type, at))
		return;
	end = region_end(r);
	type->total_size -= end - at;
	r->size = at - r->base;
	insert_at(type, i + 1, at, end, r->nid, r->flags);
}

int region_list_isolate(struct memblock_type *type, phys_addr_t base, phys_addr_t end,
			unsigned long *first, unsigned long *last)
{
	/* As in region_list_add(): what grows may change what there is to split. */
	for (int twice = 0; twice < 2; twice++)
		if (make_room(type, splits(type, base) + splits(type, end), base, end))
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
	phys_addr_t end = region_clip(base, size);
	unsigned long first, last;

	if (base >= end)
		return 0;
	if (region_list_isolate(type, base, end, &first, &last))
		return -ENOMEM;
	while (last-- > first)
		region_list_delete(type, last);
	return 0;
}

int region_list_mark(struct memblock_type *type, phys_addr_t base, phys_addr_t size,
		     enum memblock_flags flag, bool on)
{
	phys_addr_t end = region_clip(base, size);
	unsigned long first, last;

	if (base >= end)
		return 0;
	if (region_list_isolate(type, base, end, &first, &last))
		return -ENOMEM;
	for (; first < last; first++) {
		struct memblock_region *r = &type->regions[first];
		unsigned rest = r->flags & ~(unsigned)flag;

		r->flags = (enum memblock_flags)(on ? rest | flag : rest);
	}
	merge(type);
	return 0;
}

int memblock_set_node(phys_addr_t base, phys_addr_t size, struct memblock_type *type, int nid)
{
	phys_addr_t end = region_clip(base, size);
	unsigned long first, last;

	if (base >= end)
		return 0;
	if (region_list_isolate(type, base, end, &first, &last))
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
