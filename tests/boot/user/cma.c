/* SPDX-License-Identifier: MIT */
/*
 * cma.c - all of a CMA area is claimed while four processes use the pages in it.
 *
 * Memory of every kind is taken until the area is full, so that pages of each kind lie in it; then
 * what was taken first (and is elsewhere) is given back, so that there is somewhere to go.  The
 * kernel overwrites what is claimed: a page that had stayed would show.
 */
#include "machine.h"

#define STAT  "/sys/kernel/mm/cma/reserved/"
#define DEBUG "/sys/kernel/debug/cma/reserved/"

int main(void)
{
	long count = get_number(DEBUG "count"), area_kib = count * 4, min = lower_watermarks(),
	     moved;
	size_t room = (size_t)meminfo("MemTotal:") / 4;
	uint64_t *ballast = map_pages(room, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	struct checkers *checkers;
	struct kinds kinds;

	kinds_map(&kinds, room / KINDS);
	/* movable memory goes to the area when half of what is free is there */
	for (size_t i = 0; i < room && meminfo("MemFree:") > 2 * area_kib + 20480; i += 16)
		for (size_t k = 0; k < 16; k++)
			page_fill(ballast + (i + k) * WORDS, i + k);
	while (meminfo("CmaFree:") > 512)
		for (int i = 0; i < 4; i++)
			kinds_add(&kinds);
	printf("%zu pages of each kind, CmaTotal %ld kB, CmaFree %ld kB\n", kinds.pages,
	       meminfo("CmaTotal:"), meminfo("CmaFree:"));
	step("the area is full of pages of all kinds", meminfo("CmaFree:") * 16 < area_kib);
	munmap(ballast, room * PAGE);
	restore_watermarks(min);
	step("nothing of it is claimed", get_number(DEBUG "used") == 0);
	checkers = checkers_start(&kinds);
	step("three more processes share them and write", checkers_agree(checkers));

	moved = get_key("/proc/vmstat", "pgmigrate_success ");
	step("the whole area is claimed", put_number(DEBUG "alloc", count) == 0);
	moved = get_key("/proc/vmstat", "pgmigrate_success ") - moved;
	printf("%ld pages moved out of %ld\n", moved, count);
	step("what was there has moved", moved > count * 7 / 8);
	step("used, maxchunk and available_pages say so",
	     get_number(DEBUG "used") == count && get_number(DEBUG "maxchunk") == 0 &&
		     get_number(STAT "available_pages") == 0 && meminfo("CmaFree:") == 0);
	step("nothing more is to be had",
	     put_number(DEBUG "alloc", 1) == ENOMEM && get_number(STAT "alloc_pages_fail") == 1);
	step("all kinds are intact", kinds_bad(&kinds, 0) == 0);
	step("so they are for the others", checkers_agree(checkers));

	step("the claim is given back", put_number(DEBUG "free", count) == 0 &&
						get_number(DEBUG "maxchunk") == count &&
						get_number(STAT "release_pages_success") == count);
	step("the others end well", checkers_stop(checkers));
	step("all kinds are still intact", kinds_bad(&kinds, 0) == 0);
	return failures;
}
