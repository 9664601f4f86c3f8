/* SPDX-License-Identifier: MIT */
/*
 * fs/proc_files.c - the files directly below /proc, and /proc/sys.  The library's own reports only
 * need a name here.
 */
#include "proc.h"
#include <quire/bytes.h>
#include <quire/compaction.h>
#include <quire/mmzone.h>
#include <quire/page_owner.h>
#include <quire/shrinker.h>
#include <quire/slab.h>
#include <quire/slabinfo.h>
#include <quire/tune.h>
#include <quire/vmalloc.h>
#include <quire/watch.h>

#define REPORT(fn)                                                                                 \
	static int fn##_file(struct seq_out *out, int pid)                                         \
	{                                                                                          \
		(void)pid;                                                                         \
		fn(out);                                                                           \
		return 0;                                                                          \
	}
REPORT(show_buddyinfo)
REPORT(show_page_owner)
REPORT(show_pagetypeinfo)
REPORT(show_meminfo)
REPORT(show_zoneinfo)
REPORT(show_iomem)
REPORT(show_vmstat)
REPORT(show_slabinfo)
REPORT(show_vmallocinfo)
REPORT(show_unknown_syscalls)

static int uptime(struct seq_out *out, int pid)
{
	u64 ns = now_ns();

	(void)pid;
	seq_printf(out, "%lu.%02lu 0.00\n", (unsigned long)(ns / NSEC_PER_SEC),
		   (unsigned long)(ns / 10000000 % 100));
	return 0;
}

static int loadavg(struct seq_out *out, int pid)
{
	(void)pid;
	for (unsigned i = 0; i < 3; i++) {
		u64 l = sched_loadavg(i);

		seq_printf(out, "%lu.%02lu ", (unsigned long)(l >> 16),
			   (unsigned long)((l & 0xffff) * 100 >> 16));
	}
	seq_printf(out, "%u/%u %d\n", sched_nr_running(), nr_processes, current->tid);
	return 0;
}

static int cpuinfo(struct seq_out *out, int pid)
{
	char brand[64], features[64];

	(void)pid;
	bare_cpu_brand(brand, sizeof(brand));
	bare_features(features, sizeof(features));
	for (unsigned i = 0; i < bare_nr_cpus_online(); i++)
		seq_printf(out,
			   "processor\t: %u\nmodel name\t: %s\ncpu MHz\t\t: %lu.%03lu\nflags\t\t: "
			   "%s\n\n",
			   i, brand, (unsigned long)(bare_clock.hz / 1000000),
			   (unsigned long)(bare_clock.hz / 1000 % 1000), features);
	return 0;
}

static int stat_file(struct seq_out *out, int pid)
{
	u64 user = 0, system = 0, tick = NSEC_PER_SEC / USER_HZ;
	unsigned long flags;
	struct process *p;
	struct task *t;

	(void)pid;
	spin_lock_irqsave(&task_lock, flags);
	list_for_each_entry(p, &all_processes, all) {
		user += p->utime + p->cutime;
		system += p->stime + p->cstime;
		list_for_each_entry(t, &p->tasks, thread_link) {
			user += t->utime;
			system += t->stime;
		}
	}
	spin_unlock_irqrestore(&task_lock, flags);
	user /= tick;
	system /= tick;
	seq_printf(out, "cpu  %lu 0 %lu %lu 0 0 0 0 0 0\n", (unsigned long)user,
		   (unsigned long)system,
		   (unsigned long)(max(now_ns() / tick, user + system) - user - system));
	seq_printf(out, "ctxt %lu\nbtime %lu\nprocesses %u\nprocs_running %u\nprocs_blocked 0\n",
		   (unsigned long)sched_switches(),
		   (unsigned long)((u64)wall_offset_ns / NSEC_PER_SEC), nr_processes,
		   sched_nr_running());
	return 0;
}

static int version(struct seq_out *out, int pid)
{
	(void)pid;
	seq_puts(out, "Linux version 6.1.0-quire (quire) #1 quire\n");
	return 0;
}

static int filesystems(struct seq_out *out, int pid)
{
	(void)pid;
	seq_puts(out, "nodev\tproc\nnodev\tramfs\nnodev\tsysfs\nnodev\ttmpfs\n");
	return 0;
}

static int kernel_cmdline(struct seq_out *out, int pid)
{
	(void)pid;
	seq_printf(out, "%s\n", boot_info->cmdline);
	return 0;
}

/* ---- /proc/sys/vm ---------------------------------------------------------------------------- */
int parse_ulong(const char *text, unsigned long *v)
{
	*v = 0;
	while (*text == ' ')
		text++;
	if (*text < '0' || *text > '9')
		return -EINVAL;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (*v > (~0UL - 9) / 10)
			return -EINVAL;
		*v = *v * 10 + (unsigned long)(*text - '0');
	}
	return *text && *text != '\n' ? -EINVAL : 0;
}

#define SETTING(name, place, low, high)                                                            \
	static int name##_show(struct seq_out *out, int pid)                                       \
	{                                                                                          \
		(void)pid;                                                                         \
		seq_printf(out, "%lu\n", (unsigned long)(place));                                  \
		return 0;                                                                          \
	}                                                                                          \
	static int name##_store(const char *text)                                                  \
	{                                                                                          \
		unsigned long v;                                                                   \
		int error = parse_ulong(text, &v);                                                 \
		if (!error && (v - (low) > (high) - (low)))                                        \
			error = -EINVAL;                                                           \
		if (!error)                                                                        \
			(place) = (__typeof__(place))v;                                            \
		return error;                                                                      \
	}
SETTING(overcommit_memory, quire_vm.overcommit_memory, 0UL, 2UL)
SETTING(overcommit_ratio, quire_vm.overcommit_ratio, 0UL, 1000000UL)
SETTING(max_map_count, quire_vm.max_map_count, 0UL, 1UL << 30)
SETTING(mmap_min_addr, quire_vm.mmap_min_addr, 0UL, 1UL << 30)

SETTING(memory_failure_early_kill, sysctl_memory_failure_early_kill, 0UL, 1UL)
SETTING(compaction_proactiveness, sysctl_compaction_proactiveness, 0UL, 100UL)
SETTING(extfrag_threshold, sysctl_extfrag_threshold, 0UL, 1000UL)
SETTING(watermark_boost_factor, watermark_boost_factor, 0UL, (unsigned long)INT32_MAX)

/* A number that the library takes by a function. */
#define KNOB(name, set, high)                                                                      \
	static int name##_show(struct seq_out *out, int pid)                                       \
	{                                                                                          \
		(void)pid;                                                                         \
		seq_printf(out, "%lu\n", (unsigned long)name);                                     \
		return 0;                                                                          \
	}                                                                                          \
	static int name##_store(const char *text)                                                  \
	{                                                                                          \
		unsigned long v;                                                                   \
		int error = parse_ulong(text, &v);                                                 \
		return error ? error : v > (high) ? -EINVAL : set((__typeof__(name))v);            \
	}
KNOB(min_free_kbytes, set_min_free_kbytes, ~0UL)
KNOB(watermark_scale_factor, set_watermark_scale_factor, 3000UL)

static int lowmem_reserve_ratio_show(struct seq_out *out, int pid)
{
	(void)pid;
	for (unsigned i = 0; i < MAX_NR_ZONES; i++)
		seq_printf(out, "%u%c", lowmem_reserve_ratio[i],
			   i + 1 < MAX_NR_ZONES ? '\t' : '\n');
	return 0;
}

/* As many numbers as there are, from ZONE_DMA up; the first that is none ends it. */
static int lowmem_reserve_ratio_store(const char *text)
{
	for (unsigned i = 0; i < MAX_NR_ZONES && *text; i++) {
		char *end;
		unsigned long long v;

		while (*text == ' ' || *text == '\t')
			text++;
		v = memparse(text, &end);
		if (end == text || v > INT32_MAX)
			return i ? 0 : -EINVAL;
		set_lowmem_reserve_ratio((enum zone_type)i, (unsigned)v);
		text = end;
	}
	return 0;
}

static int compact_memory_store(const char *text)
{
	unsigned long v;

	if (parse_ulong(text, &v) || v != 1)
		return -EINVAL;
	compact_memory();
	return 0;
}

/* 1: pages of files, of which none has a store to come back from; 2: what shrinkers keep; 4: and say
 * nothing from now on. */
static int drop_caches_store(const char *text)
{
	static bool silent;
	unsigned long v;

	if (parse_ulong(text, &v) || v < 1 || v > 4)
		return -EINVAL;
	if (v & 1)
		count_vm_event(DROP_PAGECACHE);
	if (v & 2)
		(void)drop_slab();
	silent |= v & 4;
	if (!silent)
		printk("%s (%d): drop_caches: %lu\n", current->comm, current->tid, v);
	return 0;
}

static int pid_max_show(struct seq_out *out, int pid)
{
	(void)pid;
	seq_puts(out, "32768\n");
	return 0;
}

static int osrelease_show(struct seq_out *out, int pid)
{
	(void)pid;
	seq_puts(out, "6.1.0-quire\n");
	return 0;
}

static int uuid_show(struct seq_out *out, int pid)
{
	u8 b[16];

	(void)pid;
	random_bytes(b, sizeof(b));
	b[6] = (b[6] & 15) | 0x40;
	b[8] = (b[8] & 63) | 0x80;
	seq_printf(out, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x\n",
		   b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
		   b[13], b[14], b[15]);
	return 0;
}

static const struct proc_entry vm_entries[] = {
	{ .name = "overcommit_memory",
	  .mode = 0644,
	  .show = overcommit_memory_show,
	  .store = overcommit_memory_store },
	{ .name = "overcommit_ratio",
	  .mode = 0644,
	  .show = overcommit_ratio_show,
	  .store = overcommit_ratio_store },
	{ .name = "max_map_count",
	  .mode = 0644,
	  .show = max_map_count_show,
	  .store = max_map_count_store },
	{ .name = "mmap_min_addr",
	  .mode = 0644,
	  .show = mmap_min_addr_show,
	  .store = mmap_min_addr_store },
	{ .name = "min_free_kbytes",
	  .mode = 0644,
	  .show = min_free_kbytes_show,
	  .store = min_free_kbytes_store },
	{ .name = "watermark_boost_factor",
	  .mode = 0644,
	  .show = watermark_boost_factor_show,
	  .store = watermark_boost_factor_store },
	{ .name = "watermark_scale_factor",
	  .mode = 0644,
	  .show = watermark_scale_factor_show,
	  .store = watermark_scale_factor_store },
	{ .name = "compact_memory", .mode = 0200, .store = compact_memory_store },
	{ .name = "compaction_proactiveness",
	  .mode = 0644,
	  .show = compaction_proactiveness_show,
	  .store = compaction_proactiveness_store },
	{ .name = "drop_caches", .mode = 0200, .store = drop_caches_store },
	{ .name = "extfrag_threshold",
	  .mode = 0644,
	  .show = extfrag_threshold_show,
	  .store = extfrag_threshold_store },
	{ .name = "lowmem_reserve_ratio",
	  .mode = 0644,
	  .show = lowmem_reserve_ratio_show,
	  .store = lowmem_reserve_ratio_store },
	{ .name = "memory_failure_early_kill",
	  .mode = 0644,
	  .show = memory_failure_early_kill_show,
	  .store = memory_failure_early_kill_store },
	{ 0 },
};
static const struct proc_entry random_entries[] = {
	{ .name = "uuid", .mode = 0444, .show = uuid_show },
	{ 0 },
};
static const struct proc_entry kernel_entries[] = {
	{ .name = "osrelease", .mode = 0444, .show = osrelease_show },
	{ .name = "pid_max", .mode = 0444, .show = pid_max_show },
	{ .name = "random", .mode = 0555, .children = random_entries },
	{ 0 },
};
static const struct proc_entry sys_entries[] = {
	{ .name = "kernel", .mode = 0555, .children = kernel_entries },
	{ .name = "vm", .mode = 0555, .children = vm_entries },
	{ 0 },
};

static long self_link(int pid, char *buf, size_t size)
{
	char text[16];
	int n = quire_snprintf(text, sizeof(text), "%d", current->proc ? current->proc->pid : 0);

	(void)pid;
	memcpy(buf, text, min((size_t)n, size));
	return (long)min((size_t)n, size);
}

static long mounts_link(int pid, char *buf, size_t size)
{
	static const char text[] = "self/mounts";

	(void)pid;
	memcpy(buf, text, min(sizeof(text) - 1, size));
	return (long)min(sizeof(text) - 1, size);
}

const struct proc_entry proc_root_entries[] = {
	{ .name = "buddyinfo", .mode = 0444, .show = show_buddyinfo_file },
	{ .name = "cmdline", .mode = 0444, .show = kernel_cmdline },
	{ .name = "cpuinfo", .mode = 0444, .show = cpuinfo },
	{ .name = "filesystems", .mode = 0444, .show = filesystems },
	{ .name = "iomem", .mode = 0400, .show = show_iomem_file },
	{ .name = "loadavg", .mode = 0444, .show = loadavg },
	{ .name = "meminfo", .mode = 0444, .show = show_meminfo_file },
	{ .name = "mounts", .mode = 0777, .link = mounts_link },
	{ .name = "page_owner", .mode = 0400, .show = show_page_owner_file },
	{ .name = "pagetypeinfo", .mode = 0400, .show = show_pagetypeinfo_file },
	{ .name = "self", .mode = 0777, .link = self_link },
	{ .name = "slabinfo", .mode = 0400, .show = show_slabinfo_file },
	{ .name = "stat", .mode = 0444, .show = stat_file },
	{ .name = "sys", .mode = 0555, .children = sys_entries },
	{ .name = "unknown_syscalls", .mode = 0444, .show = show_unknown_syscalls_file },
	{ .name = "uptime", .mode = 0444, .show = uptime },
	{ .name = "version", .mode = 0444, .show = version },
	{ .name = "vmallocinfo", .mode = 0400, .show = show_vmallocinfo_file },
	{ .name = "vmstat", .mode = 0444, .show = show_vmstat_file },
	{ .name = "zoneinfo", .mode = 0444, .show = show_zoneinfo_file },
	{ 0 },
};
