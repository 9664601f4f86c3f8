/* SPDX-License-Identifier: MIT */
/*
 * fs/sysfs_fault.c - /sys/kernel/debug/fail_page_alloc and failslab: the knobs that
 * Documentation/fault-injection describes, a file each.
 *
 * The machine has one CPU: whoever writes here is the only one inside the library.
 */
#include "sysfs.h"
#include <quire/fault_inject.h>

/* A number; `-1` where the knob has it. */
static int parse_times(const char *text, long *v)
{
	unsigned long n;
	int error = *text == '-' ? parse_ulong(text + 1, &n) : parse_ulong(text, &n);

	if (error || (*text == '-' && n != 1) || n > (unsigned long)INT32_MAX)
		return -EINVAL;
	*v = *text == '-' ? -1 : (long)n;
	return 0;
}

#define FILE_OF(name, place, format, type, parse, attr)                                            \
	static int name##_show(struct seq_out *out, int pid)                                       \
	{                                                                                          \
		(void)pid;                                                                         \
		seq_printf(out, format "\n", (type)(place));                                       \
		return 0;                                                                          \
	}                                                                                          \
	static int name##_store(const char *text)                                                  \
	{                                                                                          \
		type v;                                                                            \
		int error = parse(text, &v);                                                       \
		if (error)                                                                         \
			return error;                                                              \
		(place) = (__typeof__(place))v;                                                    \
		fault_attr_apply(attr);                                                            \
		return 0;                                                                          \
	}
#define NUMBER(name, place, attr) FILE_OF(name, place, "%lu", unsigned long, parse_ulong, attr)

/* Y or N. */
#define SWITCH(name, place)                                                                        \
	static int name##_show(struct seq_out *out, int pid)                                       \
	{                                                                                          \
		(void)pid;                                                                         \
		seq_puts(out, (place) ? "Y\n" : "N\n");                                            \
		return 0;                                                                          \
	}                                                                                          \
	static int name##_store(const char *text)                                                  \
	{                                                                                          \
		if (!qstrchr("YyNn10", *text) || !*text)                                           \
			return -EINVAL;                                                            \
		(place) = *text == 'Y' || *text == 'y' || *text == '1';                            \
		return 0;                                                                          \
	}

static int parse_percent(const char *text, unsigned long *v)
{
	int error = parse_ulong(text, v);

	return !error && *v > 100 ? -EINVAL : error;
}

/* What both have. */
#define ATTR(prefix, attr)                                                                         \
	FILE_OF(prefix##_probability, (attr)->probability, "%lu", unsigned long, parse_percent,    \
		attr)                                                                              \
	NUMBER(prefix##_interval, (attr)->interval, attr)                                          \
	NUMBER(prefix##_space, (attr)->space, attr)                                                \
	NUMBER(prefix##_verbose, (attr)->verbose, attr)                                            \
	FILE_OF(prefix##_times, (attr)->times, "%ld", long, parse_times, attr)

#define ENTRY(name_, prefix)                                                                       \
	{                                                                                          \
		.name = (name_), .mode = 0600, .show = prefix##_show, .store = prefix##_store      \
	}
#define ATTR_ENTRIES(prefix)                                                                       \
	ENTRY("probability", prefix##_probability), ENTRY("interval", prefix##_interval),          \
		ENTRY("space", prefix##_space), ENTRY("verbose", prefix##_verbose),                \
		ENTRY("times", prefix##_times)

ATTR(pages, &fail_page_alloc.attr)
SWITCH(pages_wait, fail_page_alloc.ignore_gfp_wait)
SWITCH(pages_highmem, fail_page_alloc.ignore_gfp_highmem)
NUMBER(pages_min_order, fail_page_alloc.min_order, &fail_page_alloc.attr)
ATTR(slab, &failslab.attr)
SWITCH(slab_wait, failslab.ignore_gfp_wait)

const struct proc_entry debugfs_fail_page_alloc[] = {
	ATTR_ENTRIES(pages),
	ENTRY("ignore-gfp-wait", pages_wait),
	ENTRY("ignore-gfp-highmem", pages_highmem),
	ENTRY("min-order", pages_min_order),
	{ 0 },
};
const struct proc_entry debugfs_failslab[] = {
	ATTR_ENTRIES(slab),
	ENTRY("ignore-gfp-wait", slab_wait),
	{ 0 },
};
