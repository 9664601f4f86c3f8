/* SPDX-License-Identifier: MIT */
/*
 * fs/sysfs_memory.c - /sys/devices/system/memory: sections of memory that go and come, frames that
 * fail.
 *
 *   block_size_bytes    bytes in a section, hexadecimal
 *   memoryN/state       "online" or "offline", and takes either       N is the section's number
 *   memoryN/phys_index  N, hexadecimal
 *   hard_offline_page   write a physical address: the frame there has failed
 *   soft_offline_page   the same: it will, and its contents are to move elsewhere
 *
 * and /sys/kernel/debug/hwpoison: corrupt-pfn, unpoison-pfn take a frame's number.
 */
#include "sysfs.h"
#include <quire/contig.h>
#include <quire/memory_failure.h>
#include <quire/mmzone.h>

#define SECTION_FRAMES (1UL << (QUIRE_SECTION_SHIFT - PAGE_SHIFT))

static unsigned long section_pfn(int n)
{
	return (unsigned long)n * SECTION_FRAMES;
}

int sysfs_next_section(int after, char *name)
{
	unsigned long end = 0;
	struct zone *zone;

	for_each_populated_zone(zone) end = max(end, zone_end_pfn(zone));
	for (int n = after + 1; section_pfn(n) < end; n++) {
		if (!pfn_valid(section_pfn(n)))
			continue;
		quire_snprintf(name, PROC_NAME, "memory%d", n);
		return n;
	}
	return -1;
}

static int block_size_bytes(struct seq_out *out, int pid)
{
	(void)pid;
	seq_printf(out, "%lx\n", SECTION_FRAMES << PAGE_SHIFT);
	return 0;
}

static int phys_index(struct seq_out *out, int n)
{
	seq_printf(out, "%08x\n", (unsigned)n);
	return 0;
}

static int state_show(struct seq_out *out, int n)
{
	seq_puts(out, section_is_offline(section_pfn(n)) ? "offline\n" : "online\n");
	return 0;
}

static bool is_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	return !strncmp(text, word, len) && (!text[len] || text[len] == '\n');
}

static int state_store(const char *text)
{
	unsigned long pfn = section_pfn(proc_store_pid);

	if (is_word(text, "offline"))
		return offline_pages(pfn, SECTION_FRAMES);
	if (is_word(text, "online"))
		return online_pages(pfn, SECTION_FRAMES);
	return -EINVAL;
}

/* ---- frames that fail ------------------------------------------------------------------------ */
/* A number in any of C's notations and nothing else. */
static int parse_u64(const char *text, unsigned long long *v)
{
	char *end;

	*v = memparse(text, &end);
	return end == text || (*end && *end != '\n') ? -EINVAL : 0;
}

static int on_address(const char *text, int (*act)(unsigned long pfn))
{
	unsigned long long pa;
	int error = parse_u64(text, &pa);

	return error ? error : act((unsigned long)(pa >> PAGE_SHIFT));
}

static int on_pfn(const char *text, int (*act)(unsigned long pfn))
{
	unsigned long long pfn;
	int error = parse_u64(text, &pfn);

	return error ? error : act((unsigned long)pfn);
}

static int fail_now(unsigned long pfn)
{
	return memory_failure(pfn, 0);
}

static int hard_offline_store(const char *text)
{
	return on_address(text, fail_now);
}

static int soft_offline_store(const char *text)
{
	return on_address(text, soft_offline_page);
}

static int corrupt_pfn_store(const char *text)
{
	return on_pfn(text, fail_now);
}

static int unpoison_pfn_store(const char *text)
{
	return on_pfn(text, unpoison_memory);
}

/* Frames that are out of use come back; how many were. */
static unsigned long unpoison_all(void)
{
	unsigned long n = 0;
	struct zone *zone;

	for_each_populated_zone(zone) for (unsigned long pfn = zone->zone_start_pfn;
					   pfn < zone_end_pfn(zone) && num_poisoned_pages();
					   pfn++) if (pfn_valid(pfn) &&
						      PageFlag(pfn_to_page(pfn), PG_poisoned)) n +=
		!unpoison_memory(pfn);
	return n;
}

/* The machine ends: what is out of use comes back, to be counted. */
void sysfs_memory_exit(void)
{
	unsigned long failed = unpoison_all();
	char name[PROC_NAME];

	if (failed)
		printk("quire: %lu frames were out of use\n", failed);
	for (int n = sysfs_next_section(-1, name); n >= 0; n = sysfs_next_section(n, name))
		if (section_is_offline(section_pfn(n)) &&
		    online_pages(section_pfn(n), SECTION_FRAMES))
			printk("quire: %s does not come back\n", name);
}

const struct proc_entry sysfs_memory_entries[] = {
	{ .name = "block_size_bytes", .mode = 0444, .show = block_size_bytes },
	{ .name = "hard_offline_page", .mode = 0200, .store = hard_offline_store },
	{ .name = "soft_offline_page", .mode = 0200, .store = soft_offline_store },
	{ 0 },
};
static const struct proc_entry section_entries[] = {
	{ .name = "phys_index", .mode = 0444, .show = phys_index },
	{ .name = "state", .mode = 0644, .show = state_show, .store = state_store },
	{ 0 },
};
const struct proc_entry sysfs_memory_section = { .mode = 0755, .children = section_entries };
const struct proc_entry debugfs_hwpoison[] = {
	{ .name = "corrupt-pfn", .mode = 0200, .store = corrupt_pfn_store },
	{ .name = "unpoison-pfn", .mode = 0200, .store = unpoison_pfn_store },
	{ 0 },
};
