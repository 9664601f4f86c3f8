/* SPDX-License-Identifier: MIT */
/*
 * boot/memmap.c - makes sense of what the firmware says about memory.  Nothing in it is trusted.
 *
 *   entries, any order     |== RAM ==|      |=== RAM ===|   |= RAM =|
 *                                |~ ACPI ~|       |R|
 *   scratch list           |=====|          |=====| |===|   |=======|     RAM less what is not
 *   memory                  whole pages of it, below 2^QUIRE_MAX_PHYS_BITS
 *
 * The scratch list is a list of its own, so that a map that is refused leaves memblock as it was.
 * Always true:  no byte that any entry calls something other than RAM becomes memory.
 * Lock:         none; one CPU.
 */
#include <quire/err.h>
#include <quire/init.h>
#include <quire/memmap.h>
#include <quire/page.h>
#include <quire/printk.h>
#include "boot.h"

#define SCRATCH_REGIONS 640
#define MAX_WARNINGS    16
#define PHYS_LIMIT      ((phys_addr_t)1 << QUIRE_MAX_PHYS_BITS)

static struct memblock_region scratch_regions[SCRATCH_REGIONS + 1];

struct reading {
	struct memblock_type ram; /* the scratch list             */
	unsigned warnings;
};

static const char *__init type_name(unsigned type)
{
	static const char *const names[] = {
		"reserved", "RAM",      "reserved", "ACPI tables",
		"ACPI NVS", "unusable", "disabled", "persistent memory"
	};

	return type < ARRAY_SIZE(names) ? names[type] : "unknown, so reserved";
}

/* "entry 3 (vga) [0xa0000-0xbffff] reserved" */
static void __init entry_words(char *buf, size_t size, const struct quire_memmap_entry *e, size_t i)
{
	quire_snprintf(buf, size, "entry %zu (%s) [0x%llx-0x%llx] %s", i,
		       e->name ? e->name : "no name", (unsigned long long)e->base,
		       (unsigned long long)(e->base + e->size - 1), type_name(e->type));
}

static void __init warn(struct reading *in, const struct quire_memmap_entry *e, size_t i,
			const char *what)
{
	char words[128];

	if (++in->warnings > MAX_WARNINGS)
		return;
	entry_words(words, sizeof(words), e, i);
	pr_warn("memory map: %s %s\n", words, what);
}

static bool __init wraps(const struct quire_memmap_entry *e)
{
	return e->size > ~(phys_addr_t)0 - e->base;
}

/* RAM: add what is below the limit.  0 or -ENOMEM. */
static int __init read_ram(struct reading *in, const struct quire_memmap_entry *e, size_t i)
{
	phys_addr_t size = e->size, before = in->ram.total_size;
	int err;

	if (!size) {
		warn(in, e, i, "is empty: ignored");
		return 0;
	}
	if (e->base >= PHYS_LIMIT) {
		warn(in, e, i, "is beyond the addresses this machine can use: ignored");
		return 0;
	}
	if (wraps(e) || e->base + size > PHYS_LIMIT) {
		warn(in, e, i,
		     wraps(e) ? "wraps around: cut" : "reaches beyond usable addresses: cut");
		size = PHYS_LIMIT - e->base;
	}
	err = region_list_add(&in->ram, e->base, size, 0, MEMBLOCK_NONE);
	if (!err && in->ram.total_size - before != size)
		warn(in, e, i, "overlaps other RAM: joined");
	return err;
}

/* Anything else: take it out, and with it every page that it touches. */
static int __init read_other(struct reading *in, const struct quire_memmap_entry *e, size_t i)
{
	phys_addr_t start = QUIRE_ALIGN_DOWN(e->base, PAGE_SIZE),
		    end = wraps(e) ? ~(phys_addr_t)0 : e->base + e->size;

	if (!e->size)
		return 0;
	if (memblock_overlaps_region(&in->ram, e->base, end - e->base))
		warn(in, e, i, "lies over RAM: not used as RAM");
	end = max(end, QUIRE_ALIGN_UP(end, PAGE_SIZE));
	return region_list_remove(&in->ram, start, end - start);
}

static int __init read_all(struct reading *in, const struct quire_memmap_entry *e, size_t n,
			   char *why, size_t whylen)
{
	char words[128];

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < n; i++) {
			bool ram = e[i].type == QUIRE_MEMMAP_RAM;

			if (ram != (pass == 0))
				continue;
			if ((ram ? read_ram : read_other)(in, &e[i], i) == 0)
				continue;
			entry_words(words, sizeof(words), &e[i], i);
			quire_snprintf(why, whylen, "%s makes more than %d separate ranges of RAM",
				       words, SCRATCH_REGIONS);
			return -EINVAL;
		}
	}
	return 0;
}

/* Whole pages only; what is less is not worth a region.  Returns what is left, in bytes. */
static phys_addr_t __init cut_to_pages(struct memblock_type *ram)
{
	unsigned long to = 0;
	phys_addr_t total = 0;

	for (unsigned long i = 0; i < ram->cnt; i++) {
		struct memblock_region r = ram->regions[i];
		phys_addr_t start = QUIRE_ALIGN_UP(r.base, PAGE_SIZE),
			    end = QUIRE_ALIGN_DOWN(region_end(&r), PAGE_SIZE);

		if (start >= end)
			continue;
		r.base = start;
		r.size = end - start;
		total += r.size;
		ram->regions[to++] = r;
	}
	ram->cnt = to;
	ram->total_size = total;
	return total;
}

static size_t __init largest_entry(const struct quire_memmap_entry *e, size_t n)
{
	size_t best = n;

	for (size_t i = 0; i < n; i++)
		if (e[i].type == QUIRE_MEMMAP_RAM && (best == n || e[i].size > e[best].size))
			best = i;
	return best;
}

static int __init refuse_too_little(phys_addr_t total, const struct quire_memmap_entry *e, size_t n,
				    char *why, size_t whylen)
{
	size_t best = largest_entry(e, n);
	char words[128] = "no entry is RAM";

	if (best < n)
		entry_words(words, sizeof(words), &e[best], best);
	quire_snprintf(why, whylen, "only %llu KiB of usable RAM, %lu KiB are needed; largest: %s",
		       (unsigned long long)total >> 10, QUIRE_MEMMAP_MIN_RAM >> 10, words);
	return -EINVAL;
}

/* The largest range goes in first: memblock may need room from it to note the others. */
static int __init commit(struct memblock_type *ram, char *why, size_t whylen)
{
	unsigned long first = 0, i;

	for (i = 1; i < ram->cnt; i++)
		if (ram->regions[i].size > ram->regions[first].size)
			first = i;
	memblock_add(ram->regions[first].base, ram->regions[first].size);
	for (i = 0; i < ram->cnt; i++)
		if (memblock_add(ram->regions[i].base, ram->regions[i].size))
			goto undo;
	return 0;
undo:
	quire_snprintf(why, whylen, "no room to note range %lu of %lu, [0x%llx-0x%llx]", i,
		       ram->cnt, (unsigned long long)ram->regions[i].base,
		       (unsigned long long)region_end(&ram->regions[i]) - 1);
	while (i-- > 0)
		memblock_remove(ram->regions[i].base, ram->regions[i].size);
	memblock_remove(ram->regions[first].base, ram->regions[first].size);
	return -EINVAL;
}

int __init quire_memmap_add(const struct quire_memmap_entry *e, size_t n, char *why, size_t whylen)
{
	struct reading in = { .ram = { .max = SCRATCH_REGIONS, .regions = scratch_regions } };
	phys_addr_t total;
	int err;

	if (!e || !n) {
		quire_snprintf(why, whylen, "the memory map has no entries");
		return -EINVAL;
	}
	err = read_all(&in, e, n, why, whylen);
	if (err)
		return err;
	if (in.warnings > MAX_WARNINGS)
		pr_warn("memory map: and %u more entries like these\n", in.warnings - MAX_WARNINGS);
	total = cut_to_pages(&in.ram);
	if (total < QUIRE_MEMMAP_MIN_RAM)
		return refuse_too_little(total, e, n, why, whylen);
	return commit(&in.ram, why, whylen);
}
