/* SPDX-License-Identifier: MIT */
/*
 * frag.c - memory in pieces, and large blocks made out of it.
 *
 *   frag order    a request for a large block that fails without compaction succeeds with it
 *   frag memory   compact_memory makes whole blocks of all that is free but a rest in each zone
 *   frag daemon   so does kcompactd, unasked, when it is told to keep memory in one piece
 *
 * All memory is filled until no block of 2 MiB is left; then every second page is unmapped.  What
 * remains must hold what was written there, wherever it is by then.
 */
#include "machine.h"

#define ALLOC_ORDER "/sys/kernel/debug/quire/alloc_order"

static uint64_t *memory;
static size_t pages;

static void fill_some(void)
{
	for (int i = 0; i < 32; i++, pages++)
		page_fill(memory + pages * WORDS, pages);
}

/* What lower zones keep from programs that could have a higher one is free in whole blocks, and no program gets it:
 * without that all memory can be filled.  And every second page of much memory is many areas. */
static char ratios[128];
static long areas;

static void open_zones(void)
{
	get_text(VM "lowmem_reserve_ratio", ratios, sizeof(ratios));
	areas = get_number(VM "max_map_count");
	if (put_text(VM "lowmem_reserve_ratio", "0 0 0 0 0\n") ||
	    put_number(VM "max_map_count", 1 << 20))
		give_up("lowmem_reserve_ratio, max_map_count");
}

static void close_zones(void)
{
	put_text(VM "lowmem_reserve_ratio", ratios);
}

static void fill(void)
{
	memory = map_pages((size_t)meminfo("MemTotal:") / 4, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	while (whole_blocks())
		fill_some();
	/* The last block is broken up, but its pieces may be parked on the CPU's lists: use those too. */
	for (int i = 0; i < 16 && meminfo("MemFree:") > 1024; i++)
		fill_some();
}

static int unmap_every_second(void)
{
	for (size_t i = 0; i < pages; i += 2)
		if (munmap(memory + i * WORDS, PAGE))
			return 0;
	return 1;
}

static int rest_is_intact(void)
{
	for (size_t i = 1; i < pages; i += 2)
		if (!page_holds(memory + i * WORDS, i))
			return 0;
	return 1;
}

static void show(const char *path)
{
	char text[2048];

	get_text(path, text, sizeof(text));
	printf("%s:\n%s", path, text);
}

static int at_once(void)
{
	char text[128];

	if (put_text(ALLOC_ORDER, "9\n"))
		give_up(ALLOC_ORDER);
	get_text(ALLOC_ORDER, text, sizeof(text));
	fputs(text, stdout);
	return !strcmp(text, "order 9: refused without compaction, had with it\n");
}

static long zones(void)
{
	char text[4096];
	long n = 0;

	get_text("/proc/buddyinfo", text, sizeof(text));
	for (const char *at = text; (at = strstr(at, "zone")); at++)
		n++;
	return n;
}

/* No zone has two blocks' worth of free memory in pieces: less than one cannot be made whole, and
 * where something of the kernel's lies nothing can. */
static int mostly_whole(void)
{
	return meminfo("MemFree:") - whole_blocks() * 2048 < zones() * 2 * 2048;
}

static int refused(const char *path, const char *text)
{
	return put_text(path, text) == EINVAL;
}

static int knobs_refuse(void)
{
	return refused(VM "compact_memory", "2") && refused(VM "compact_memory", "") &&
	       refused(VM "compaction_proactiveness", "101") &&
	       refused(VM "extfrag_threshold", "1001") && refused(ALLOC_ORDER, "11") &&
	       get_number(VM "extfrag_threshold") == 500;
}

static int by_hand(void)
{
	return !put_number(VM "compact_memory", 1) && mostly_whole();
}

static int by_daemon(void)
{
	put_number(VM "compaction_proactiveness", 100);
	for (int patience = 200; patience && !mostly_whole(); patience--)
		usleep(100000);
	return mostly_whole();
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "order";
	long proactive = get_number(VM "compaction_proactiveness"), min = lower_watermarks();
	long moved = get_key("/proc/vmstat", "pgmigrate_success "), had;

	step("knobs refuse what makes no sense", knobs_refuse());
	put_number(VM "compaction_proactiveness", 0);
	open_zones();
	fill();
	step("all memory is filled", pages * 4 > (size_t)meminfo("MemTotal:") / 2);
	step("every second page is unmapped", unmap_every_second());
	restore_watermarks(min);
	close_zones();
	show("/proc/buddyinfo");
	show("/sys/kernel/debug/extfrag/extfrag_index");
	had = whole_blocks();
	if (!strcmp(how, "order"))
		step("a block of order 9 only with compaction", had == 0 && at_once());
	else if (!strcmp(how, "memory"))
		step("compact_memory makes whole blocks", by_hand());
	else
		step("kcompactd makes whole blocks", by_daemon());
	show("/proc/buddyinfo");
	moved = get_key("/proc/vmstat", "pgmigrate_success ") - moved;
	printf("%ld pages moved\n", moved);
	step("pages have moved", moved > 100);
	step("what remains is intact", rest_is_intact());
	put_number(VM "compaction_proactiveness", proactive);
	put_number(VM "max_map_count", areas);
	return failures;
}
