/* SPDX-License-Identifier: MIT */
/*
 * fs/sysfs_memory.c - /sys/devices/system/memory: sections of memory that go and come.
 *
 *   block_size_bytes    bytes in a section, hexadecimal
 *   memoryN/state       "online" or "offline", and takes either       N is the section's number
 *   memoryN/phys_index  N, hexadecimal
 */
#include "sysfs.h"
#include <quire/contig.h>
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

/* The machine ends: sections that are out of use come back, to be counted. */
void sysfs_memory_exit(void)
{
	char name[PROC_NAME];

	for (int n = sysfs_next_section(-1, name); n >= 0; n = sysfs_next_section(n, name))
		if (section_is_offline(section_pfn(n)) &&
		    online_pages(section_pfn(n), SECTION_FRAMES))
			printk("quire: %s does not come back\n", name);
}

const struct proc_entry sysfs_memory_entries[] = {
	{ .name = "block_size_bytes", .mode = 0444, .show = block_size_bytes },
	{ 0 },
};
static const struct proc_entry section_entries[] = {
	{ .name = "phys_index", .mode = 0444, .show = phys_index },
	{ .name = "state", .mode = 0644, .show = state_show, .store = state_store },
	{ 0 },
};
const struct proc_entry sysfs_memory_section = { .mode = 0755, .children = section_entries };
