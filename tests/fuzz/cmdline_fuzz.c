/* SPDX-License-Identifier: MIT */
/*
 * Any text as a kernel's command line, on a machine of two nodes: it boots, every frame is in one
 * zone and counted, and memory under a name is really kept.
 */
#include <posix_machine.h>
#include <quire/boot.h>
#include <quire/check.h>
#include <quire/mmzone.h>
#include <quire/stop.h>
#include <quire/tune.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB (1u << 20)

static const struct posix_bank banks[] = { { 0, 24 * MIB, 0 }, { 32 * MIB, 8 * MIB, 1 } };

static void stop(const char *why)
{
	fprintf(stderr, "cmdline_fuzz: %s\n", why);
	abort();
}

static void check_zones(void)
{
	unsigned long present = 0;
	struct zone *zone;

	for_each_populated_zone(zone) present += zone->present_pages;
	if (present != 32 * MIB / PAGE_SIZE)
		stop("the zones do not have all frames");
	for_each_populated_zone(zone)
	{
		const char *why;

		spin_lock(&zone->lock);
		why = buddy_check(zone);
		spin_unlock(&zone->lock);
		if (why)
			stop(why);
	}
}

/* The first letter may be the name of a range. */
static void check_named(const char *words)
{
	const char name[] = { words[0], 0 };
	phys_addr_t start, size;

	if (!reserve_mem_find_by_name(name, &start, &size))
		return;
	if (!memblock_is_region_reserved(start, size) || !memblock_is_region_memory(start, size))
		stop("memory with a name is not kept");
	if (!reserve_mem_release_by_name(name) || reserve_mem_release_by_name(name))
		stop("a name can be given up once");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char words[256];

	len = len < sizeof(words) - 1 ? len : sizeof(words) - 1;
	memcpy(words, data, len);
	words[len] = 0;
	if (posix_machine_start(&(struct posix_machine){ banks, 2, 1 }))
		stop("no machine");
	if (memblock_mark_mirror(0, 8 * MIB) || memblock_mark_hotplug(32 * MIB, 8 * MIB))
		stop("no room for marks");
	frames_parse_cmdline(words);
	reserve_mem_parse_cmdline(words);
	frames_init();
	memblock_free_all();
	check_named(words);
	check_zones();
	frames_exit();
	posix_machine_stop();
	posix_log_take();
	return 0;
}
