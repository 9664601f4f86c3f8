/* SPDX-License-Identifier: MIT */
/*
 * report_test.c - our reports beside real text of Linux 6.18 (tests/fixtures): same names, same
 * order, same columns.
 *
 * Numbers differ between machines, so lines are compared by shape: every digit becomes 9, and where
 * a column is right-aligned the place of its last digit must agree.
 */
#include <quire/slabinfo.h>
#include "mm_harness.h"
#include "support/fixture.h"

static char ours[1 << 20], linux_text[1 << 17];

static const char *report(void (*show)(struct seq_out *))
{
	struct seq_buf buf = { ours, sizeof(ours), 0 };
	struct seq_out out = { seq_buf_emit, &buf, 0, 0 };

	show(&out);
	assert_int_equal(out.error, 0);
	ours[buf.len] = 0;
	return ours;
}

static struct mm_struct *shown;
static void maps_of_shown(struct seq_out *out)
{
	show_pid_maps(out, shown);
}
static void smaps_of_shown(struct seq_out *out)
{
	show_pid_smaps(out, shown);
}
static void rollup_of_shown(struct seq_out *out)
{
	show_pid_smaps_rollup(out, shown);
}
static void statm_of_shown(struct seq_out *out)
{
	show_pid_statm(out, shown);
}
static void status_of_shown(struct seq_out *out)
{
	show_pid_status_mem(out, shown);
}

static const char *fixture(const char *name)
{
	return fixture_read(name, linux_text, sizeof(linux_text));
}

/* The line at p without its newline, copied; returns where the next begins, or NULL at the end. */
static const char *take_line(const char *p, char *line, size_t size)
{
	const char *end = strchr(p, '\n');

	if (!*p)
		return NULL;
	assert_non_null(end); /* every line of every report ends in a newline */
	snprintf(line, size, "%.*s", (int)(end - p), p);
	return end + 1;
}

/* "name value" lines: every line of ours exists in Linux's text, in the same order; with_all: and
 * none is missing. */
static void compare_keys(const char *mine, const char *theirs, bool with_all, bool same_length)
{
	char a[512], b[512], key_a[128], key_b[128];

	while ((mine = take_line(mine, a, sizeof(a)))) {
		assert_int_equal(sscanf(a, "%127s", key_a), 1);
		for (;;) {
			theirs = take_line(theirs, b, sizeof(b));
			if (!theirs)
				fail_msg("Linux has no line '%s' here", key_a);
			assert_int_equal(sscanf(b, "%127s", key_b), 1);
			if (!strcmp(key_a, key_b))
				break;
			if (with_all)
				fail_msg("ours says '%s' where Linux says '%s'", key_a, key_b);
		}
		if (same_length && strlen(a) != strlen(b))
			fail_msg("'%s' and '%s' differ in length", a, b);
	}
	if (with_all && take_line(theirs, b, sizeof(b)))
		fail_msg("Linux goes on with '%s'", b);
}

/* Linux shows lines for high memory on 32-bit machines only; the fixture is of a 64-bit one. */
static void drop_high_lines(char *text)
{
	char *to = text;

	while (*text) {
		size_t n = strcspn(text, "\n") + 1;

		if (!memmem(text, n, "_high ", 6) && strncmp(text, "High", 4) &&
		    strncmp(text, "Low", 3)) {
			memmove(to, text, n);
			to += n;
		}
		text += n;
	}
	*to = 0;
}

static void test_meminfo(void **state)
{
	static const char *const needed[] = { "MemTotal:",   "MemFree:",      "MemAvailable:",
					      "Cached:",     "SwapTotal:",    "AnonPages:",
					      "Mapped:",     "Shmem:",        "Slab:",
					      "PageTables:", "Committed_AS:", "VmallocUsed:" };
	unsigned i;

	(void)state;
	report(show_meminfo);
	if (sizeof(long) == 4)
		drop_high_lines(ours);
	compare_keys(ours, fixture("meminfo"), false, false);
	report(show_meminfo);
	for (i = 0; i < ARRAY_SIZE(needed); i++)
		assert_non_null(strstr(ours, needed[i]));
	assert_true(!strncmp(ours, "MemTotal:       ", 16));
	assert_int_equal(strcspn(ours, "\n"), strlen("MemTotal:       24684084 kB"));
}

static unsigned long meminfo_kb(const char *name)
{
	const char *at = strstr(ours, name);

	assert_non_null(at);
	return strtoul(at + strlen(name), NULL, 10);
}

/* Four lines between those of locked memory and of swap, which add up. */
static void test_meminfo_of_highmem(void **state)
{
	const char *at;

	(void)state;
	report(show_meminfo);
	if (sizeof(long) == 8) {
		assert_null(strstr(ours, "HighTotal:"));
		assert_null(strstr(ours, "LowTotal:"));
		return;
	}
	at = strstr(ours, "Mlocked:");
	assert_non_null(at);
	for (const char *const *name =
		     (const char *const[]){ "HighTotal:", "HighFree:", "LowTotal:", "LowFree:",
					    "SwapTotal:", NULL };
	     *name; name++) {
		at = strchr(at, '\n') + 1;
		assert_int_equal(strncmp(at, *name, strlen(*name)), 0);
	}
#ifdef MM_HARNESS_HIGHMEM
	assert_int_equal(meminfo_kb("HighTotal:"), 32 << 10);
#else
	assert_int_equal(meminfo_kb("HighTotal:"), 0);
#endif
	assert_int_equal(meminfo_kb("HighTotal:") + meminfo_kb("LowTotal:"),
			 meminfo_kb("MemTotal:"));
	assert_int_equal(meminfo_kb("HighFree:") + meminfo_kb("LowFree:"), meminfo_kb("MemFree:"));
}

static void test_vmstat(void **state)
{
	(void)state;
	report(show_vmstat);
	if (sizeof(long) == 4)
		drop_high_lines(ours);
	compare_keys(ours, fixture("vmstat"), true, false);
}

/* The same line of a report on both sides: prefix equal, then fields at the same columns. */
static void test_buddyinfo(void **state)
{
	char a[512], b[512];
	const char *mine = report(show_buddyinfo), *theirs = fixture("buddyinfo");

	(void)state;
	assert_non_null(theirs = take_line(theirs, b, sizeof(b)));
	assert_non_null(mine = take_line(mine, a, sizeof(a)));
	assert_int_equal(strlen(a), strlen(b)); /* eleven orders, trailing blank */
	assert_memory_equal(a, "Node 0, zone      DMA ", 22);
	assert_int_equal(a[strlen(a) - 1], ' ');
	assert_non_null(mine = take_line(mine, a, sizeof(a)));
	/* Above 16 MiB: a zone of its own on 64-bit machines, NORMAL on 32-bit ones. */
	assert_memory_equal(
		a, sizeof(long) == 8 ? "Node 0, zone    DMA32 " : "Node 0, zone   Normal ", 22);
	if (totalhigh_pages()) {
		assert_non_null(mine = take_line(mine, a, sizeof(a)));
		assert_memory_equal(a, "Node 0, zone  HighMem ", 22);
	}
	assert_null(take_line(mine, a, sizeof(a)));
}

static void test_pagetypeinfo(void **state)
{
	char a[512], b[512];
	const char *mine = report(show_pagetypeinfo), *theirs = fixture("pagetypeinfo");
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++) {
		mine = take_line(mine, a, sizeof(a));
		theirs = take_line(theirs, b, sizeof(b));
		assert_string_equal(a, b);
	}
	/* One line per type of zone DMA, in the same order and columns. */
	for (i = 0; i < 5; i++) {
		mine = take_line(mine, a, sizeof(a));
		theirs = take_line(theirs, b, sizeof(b));
		assert_memory_equal(a, b, strlen("Node    0, zone      DMA, type    Unmovable "));
		assert_int_equal(strlen(a), strlen(b));
	}
	mine = strstr(mine, "\n\nNumber");
	theirs = strstr(theirs, "\n\nNumber");
	assert_non_null(mine);
	assert_non_null(theirs);
	assert_memory_equal(mine, theirs, strcspn(theirs + 2, "\n") + 2);
	assert_int_equal(strcspn(strstr(mine, "\nNode") + 1, "\n"),
			 strcspn(strstr(theirs, "\nNode") + 1, "\n"));
}

/* Every line of the first zone, by its first word. */
static void test_zoneinfo(void **state)
{
	char a[512], b[512], ka[64], kb[64];
	const char *mine = report(show_zoneinfo), *theirs = fixture("zoneinfo");
	unsigned lines = 0;

	(void)state;
	for (;;) {
		mine = take_line(mine, a, sizeof(a));
		theirs = take_line(theirs, b, sizeof(b));
		assert_non_null(mine);
		assert_non_null(theirs);
		if (strstr(b, "    cpu: 1"))
			break; /* Linux's machine has two CPUs, ours one */
		assert_int_equal(strspn(a, " "), strspn(b, " "));
		assert_int_equal(sscanf(a, "%63s", ka), 1);
		assert_int_equal(sscanf(b, "%63s", kb), 1);
		assert_string_equal(ka, kb);
		/* The number begins in the same column (the name is padded to twelve). */
		if (strchr(b, ':') == NULL && strspn(b, " ") == 6)
			assert_int_equal(strrchr(a, ' ') - a, strrchr(b, ' ') - b);
		lines++;
	}
	assert_true(lines > 80);
	assert_memory_equal(a, "  node_unreclaimable:  0", 24);
	take_line(mine, a, sizeof(a));
	assert_memory_equal(a, "  start_pfn:           ", 23);
	assert_non_null(strstr(ours, sizeof(long) == 8 ? "Node 0, zone    DMA32\n"
						       : "Node 0, zone   Normal\n"));
	assert_non_null(
		strstr(ours, "Node 0, zone  Movable\n  pages free     0\n        boost    0\n"));
}

static void test_slabinfo(void **state)
{
	char a[512], b[512];
	const char *mine = report(show_slabinfo), *theirs = fixture("slabinfo");
	unsigned lines = 0, n[6];
	char name[64];

	(void)state;
	for (lines = 0; lines < 2; lines++) {
		mine = take_line(mine, a, sizeof(a));
		theirs = take_line(theirs, b, sizeof(b));
		assert_string_equal(a, b);
	}
	while ((mine = take_line(mine, a, sizeof(a)))) {
		int end = 0;

		assert_int_equal(sscanf(a,
					"%63s %u %u %u %u %u : tunables    0    0    0 : slabdata "
					"%u %*u %*u%n",
					name, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &end),
				 7);
		assert_int_equal(a[end], 0);
		assert_true(n[0] <= n[1]);
		/* "%-17s %6lu %6lu %6u %4u %4d" */
		if (strlen(name) <= 17)
			assert_int_equal(strstr(a, " : tunables") - a, 17 + 7 + 7 + 7 + 5 + 5);
		lines++;
	}
	assert_true(lines > 15);
	assert_non_null(strstr(ours, "\nvm_area_struct "));
	assert_non_null(strstr(ours, "\nkmalloc-64 "));
}

static void build_process(void)
{
	shown = new_mm();
	shown->start_brk = 0x5555000;
	shown->brk = 0x5555000;
	assert_int_equal(do_brk(shown, 0x5555000 + 5 * PAGE_SIZE), 0x5555000 + 5 * PAGE_SIZE);
	put_u32(0x5555000, 1);
	assert_int_equal(mm_setup_stack(shown, PORT_TASK_SIZE & ~0xfffffUL, 132 << 10, 0), 0);
	put_u32((PORT_TASK_SIZE & ~0xfffffUL) - 8, 1);
	map_anon(shown, 3 * PAGE_SIZE, RW);
	assert_int_equal(do_mlock(shown, map_anon(shown, PAGE_SIZE, PROT_READ), PAGE_SIZE, 0, true),
			 0);
}

static void test_maps(void **state)
{
	char want[256];
	struct file *file;

	(void)state;
	build_process();
	file = shmem_file_setup("/dev/shm/x", 8 * PAGE_SIZE);
	assert_int_equal(do_mmap(shown, file, 0x400000, 2 * PAGE_SIZE, PROT_READ | PROT_EXEC,
				 MAP_SHARED | MAP_FIXED, 3),
			 0x400000);
	report(maps_of_shown);
	/* The first line worked out from proc(5); column 73 is where Linux's names begin on 64-bit
	 * machines. */
	snprintf(want, sizeof(want), "00400000-00402000 r-xs 00003000 00:01 %lu ", 1UL);
	assert_memory_equal(ours, want, strlen(want));
	assert_int_equal(strstr(ours, "/dev/shm/x") - ours, 25 + (int)sizeof(void *) * 6);
	snprintf(want, sizeof(want), "\n05555000-0555a000 rw-p 00000000 00:00 0 ");
	assert_non_null(strstr(ours, want));
	assert_non_null(strstr(ours, " [heap]\n"));
	assert_non_null(strstr(ours, " [stack]\n"));
	assert_non_null(strstr(ours, " 00:00 0 \n")); /* anonymous lines end in one blank */
	end_mm(shown);
	fput(file);
}

static void test_smaps(void **state)
{
	char a[512], b[512], ka[64], kb[64];
	const char *mine, *theirs = fixture("self_smaps");
	unsigned i;

	(void)state;
	build_process();
	mine = report(smaps_of_shown);
	mine = take_line(mine, a, sizeof(a));
	theirs = take_line(theirs, b, sizeof(b));
	for (i = 0; i < 24; i++) {
		mine = take_line(mine, a, sizeof(a));
		theirs = take_line(theirs, b, sizeof(b));
		assert_int_equal(sscanf(a, "%63s", ka), 1);
		assert_int_equal(sscanf(b, "%63s", kb), 1);
		assert_string_equal(ka, kb);
		if (strcmp(ka, "VmFlags:"))
			assert_int_equal(strlen(a), strlen(b));
	}
	assert_string_equal(ka, "VmFlags:");
	assert_string_equal(a, "VmFlags: rd wr mr mw me ac ");
	assert_non_null(strstr(ours, "VmFlags: rd wr mr mw me gd ac \n"));
	assert_non_null(strstr(ours, "Private_Dirty:         4 kB\n"));
	compare_keys(report(rollup_of_shown) + strcspn(ours, "\n") + 1,
		     fixture("self_smaps_rollup") + strcspn(linux_text, "\n") + 1, true, true);
	end_mm(shown);
}

static void test_status_and_statm(void **state)
{
	unsigned long size, resident, shared, text, lib, data, dirty;

	(void)state;
	build_process();
	report(status_of_shown);
	compare_keys(ours, strstr(fixture("self_status"), "VmPeak:"), false, true);
	assert_non_null(strstr(ours, "VmLck:\t       4 kB\n"));
	assert_non_null(strstr(ours, "RssAnon:\t       8 kB\n"));
	assert_int_equal(sscanf(report(statm_of_shown), "%lu %lu %lu %lu %lu %lu %lu\n", &size,
				&resident, &shared, &text, &lib, &data, &dirty),
			 7);
	assert_int_equal(size, 5 + 33 + 3 + 1);
	assert_int_equal(resident, 2);
	assert_int_equal(lib | dirty, 0);
	end_mm(shown);
}

static void test_vmallocinfo(void **state)
{
	void *a, *b;
	unsigned long start, end, size, caller;
	unsigned pages, node;

	(void)state;
	a = vmalloc(3 * PAGE_SIZE);
	b = ioremap(0xfee00000u, PAGE_SIZE);
	report(show_vmallocinfo);
	assert_int_equal(sscanf(ours, "0x%lx-0x%lx %lu 0x%lx pages=%u vmalloc N0=%u\n", &start,
				&end, &size, &caller, &pages, &node),
			 6);
	assert_int_equal(end - start, size);
	assert_int_equal(size, 4 * PAGE_SIZE);
	assert_int_equal(pages, 3);
	assert_non_null(strstr(ours, " phys=0x00000000fee00000 ioremap\n"));
	vfree(a);
	iounmap(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(test_meminfo_of_highmem),
		MM_TEST(test_meminfo),
		MM_TEST(test_vmstat),
		MM_TEST(test_buddyinfo),
		MM_TEST(test_pagetypeinfo),
		MM_TEST(test_zoneinfo),
		MM_TEST(test_slabinfo),
		MM_TEST(test_maps),
		MM_TEST(test_smaps),
		MM_TEST(test_status_and_statm),
		MM_TEST(test_vmallocinfo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
