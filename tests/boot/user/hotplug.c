/* SPDX-License-Identifier: MIT */
/*
 * hotplug.c - sections of memory go and come while four processes use the pages in them.
 *
 * The sections are taken from the top down as long as what is in them finds a place elsewhere.
 */
#include "machine.h"

#define MEMORY "/sys/devices/system/memory/"

static long section_kib;

static const char *state_of(int n)
{
	static char path[64];

	snprintf(path, sizeof(path), MEMORY "memory%d/state", n);
	return path;
}

static int is_offline(int n)
{
	char text[16];

	get_text(state_of(n), text, sizeof(text));
	return !strcmp(text, "offline\n");
}

static int exists(int n)
{
	return access(state_of(n), F_OK) == 0;
}

/* How many could be taken, from both ends in turn, for memory may be in use at either; *wrong: answers that are
 * neither yes nor EBUSY. */
static int take_sections(int low, int top, int *wrong)
{
	int taken = 0;

	for (int turn = 0; low <= top; turn++) {
		int n = turn % 2 ? low++ : top--, error;

		if (!exists(n) || meminfo("MemFree:") < section_kib + 8192)
			continue;
		error = put_text(state_of(n), "offline\n");
		taken += !error;
		*wrong += error ? error != EBUSY || is_offline(n) : !is_offline(n);
	}
	return taken;
}

static int bring_back(int top)
{
	int good = 1;

	for (int n = 0; n <= top; n++)
		if (exists(n) && is_offline(n))
			good &= put_text(state_of(n), "online") == 0 && !is_offline(n);
	return good;
}

int main(void)
{
	long total = meminfo("MemTotal:"), moved = get_key("/proc/vmstat", "pgmigrate_success ");
	int first = 0, top = 0, wrong = 0, taken;
	struct checkers *checkers;
	struct kinds kinds;
	char size[32];

	get_text(MEMORY "block_size_bytes", size, sizeof(size));
	section_kib = strtol(size, NULL, 16) / 1024;
	while (top < 4096 && meminfo("MemTotal:") / section_kib + 64 > top)
		top++;
	while (first < 1 << 16 && !exists(first))
		first++;
	top += first;
	kinds_map(&kinds, (size_t)total / 4 / KINDS);
	for (long free = meminfo("MemFree:"); meminfo("MemFree:") > free / 2;)
		kinds_add(&kinds);
	checkers = checkers_start(&kinds);
	step("half of memory is in use by four processes", checkers_agree(checkers));
	step("the kernel's own section stays", put_text(state_of(first), "offline") == EBUSY);
	step("nonsense is refused", put_text(state_of(first + 1), "sideways") == EINVAL &&
					    put_text(state_of(first + 1), "online") == EINVAL);

	taken = take_sections(first, top, &wrong);
	moved = get_key("/proc/vmstat", "pgmigrate_success ") - moved;
	printf("%d sections of %ld kB went, %ld pages moved\n", taken, section_kib, moved);
	step("sections go offline, or are busy", taken >= 2 && !wrong);
	step("pages have moved", moved > 100);
	step("MemTotal is less by them", meminfo("MemTotal:") == total - taken * section_kib);
	step("all kinds are intact", kinds_bad(&kinds, 0) == 0);
	step("so they are for the others", checkers_agree(checkers));
	step("they come back", bring_back(top) && meminfo("MemTotal:") == total);
	step("the others end well", checkers_stop(checkers));
	step("all kinds are still intact", kinds_bad(&kinds, 0) == 0);
	return failures;
}
