/* SPDX-License-Identifier: MIT */
/* mmtests_stack.c - the stack, resource limits, and what /proc says of them. */
#include "mmtests.h"

/* Through a pointer that nobody can foresee, so that no compiler makes a loop of it. */
static long deep(long bytes);
static long (*volatile go_deep)(long) = deep;

static long deep(long bytes)
{
	volatile char frame[2000];

	frame[0] = 1;
	frame[1999] = 1;
	__asm__ volatile("" : : "r"(frame) : "memory"); /* all of it is wanted */
	return bytes <= 0 ? 0 : go_deep(bytes - 2000) + frame[0] + frame[1999];
}

static void stack_grows(void)
{
	long before = status_kib("VmStk");

	CHECK(go_deep(17 << 18) > 0); /* 4.25 MiB: some of it was there before */
	CHECK(status_kib("VmStk") >= before + 4000);
}

static void stack_has_a_limit(void)
{
	struct rlimit limit;

	CHECK(getrlimit(RLIMIT_STACK, &limit) == 0);
	CHECK(limit.rlim_cur >= 1 << 20);
}

static void too_deep(void *unused)
{
	struct rlimit limit = { 2 << 20, 2 << 20 };

	(void)unused;
	setrlimit(RLIMIT_STACK, &limit);
	CHECK(go_deep(1 << 20) > 0);
	go_deep(8 << 20);
}

static void stack_limit_kills(void)
{
	int status = in_child(too_deep, NULL);

	CHECK(WIFSIGNALED(status));
	EQUAL(WTERMSIG(status), SIGSEGV);
}

static void stack_is_in_maps(void)
{
	char here = 0;

	EQUAL(areas_in(&here, 1), 1);
	CHECK(strcmp(perms_of(&here), "rw-p") == 0);
}

static void stack_of_the_child_is_its_own(void)
{
	volatile int local = 1;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		local = 2;
		go_deep(1 << 20);
		_exit(local);
	}
	EQUAL(child_exit(pid), 2);
	EQUAL(local, 1);
}

static void limit_as(void)
{
	struct rlimit limit = { 64 << 20, 64 << 20 };

	CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
	FAILS(mmap(NULL, 128 << 20, RW, ANON, -1, 0), ENOMEM);
	WRITES(map(16, RW, ANON));
}

static void limit_data(void)
{
	struct rlimit limit = { 8 << 20, 8 << 20 };

	CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
	FAILS(mmap(NULL, 32 << 20, RW, ANON, -1, 0), ENOMEM);
	CHECK(mmap(NULL, 32 << 20, PROT_READ, ANON, -1, 0) != MAP_FAILED);
}

static void prlimit_reads_and_writes(void)
{
	struct rlimit now, wanted = { 1000 << 20, 2000 << 20 };

	EQUAL(prlimit(0, RLIMIT_AS, &wanted, NULL), 0);
	EQUAL(prlimit(0, RLIMIT_AS, NULL, &now), 0);
	EQUAL(now.rlim_cur, wanted.rlim_cur);
	EQUAL(now.rlim_max, wanted.rlim_max);
	wanted.rlim_cur = 3000ul << 20;
	FAILS(prlimit(0, RLIMIT_AS, &wanted, NULL), EINVAL); /* soft above hard */
	FAILS(prlimit(0, (__rlimit_resource_t)99, NULL, &now), EINVAL);
}

static void status_counts(void)
{
	long size = status_kib("VmSize"), rss = status_kib("VmRSS");
	char *p = map(1000, RW, ANON);

	CHECK(size > 0 && rss > 0);
	EQUAL(status_kib("VmSize"), size + 4000);
	CHECK(status_kib("VmRSS") < rss + 400);
	(void)madvise(p, 1000 * PAGE, MADV_NOHUGEPAGE);
	fill(p, 1000, 1);
	CHECK(status_kib("VmRSS") >= rss + 3900);
	CHECK(status_kib("VmPeak") >= status_kib("VmSize"));
	CHECK(status_kib("VmHWM") >= status_kib("VmRSS"));
}

static void statm_agrees(void)
{
	unsigned long size, rss;
	FILE *f = fopen("/proc/self/statm", "r");

	CHECK(f != NULL);
	EQUAL(fscanf(f, "%lu %lu", &size, &rss), 2);
	EQUAL(size * 4, status_kib("VmSize"));
	CHECK(rss > 0);
}

/* One field of the smaps entry that starts at `at`, in KiB. */
static long smaps_kib(char *at, const char *key)
{
	char line[512];
	int here = 0;
	long value = -1;
	FILE *f = fopen("/proc/self/smaps", "r");

	CHECK(f != NULL);
	while (fgets(line, sizeof(line), f)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = start <= (unsigned long)at && (unsigned long)at < end;
		else if (here && strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
			value = strtol(line + strlen(key) + 1, NULL, 10);
	}
	fclose(f);
	return value;
}

static void smaps_counts(void)
{
	char *p = map_free(10);

	map_at(p, 10 * PAGE, RW, SHANON | MAP_FIXED, -1, 0);
	CHECK(smaps_kib(p, "Size") == 40 && smaps_kib(p, "Rss") == 0);
	fill(p, 4, 1);
	EQUAL(smaps_kib(p, "Rss"), 16);
	EQUAL(smaps_kib(p, "Pss"), 16);
	EQUAL(smaps_kib(p, "Private_Dirty"), 16);
}

static void look_shared(void *p)
{
	EQUAL(smaps_kib(p, "Shared_Dirty"), 16);
	EQUAL(smaps_kib(p, "Pss"), 8);
	*(char *)p = 1;
	EQUAL(smaps_kib(p, "Private_Dirty"), 4);
}

static void smaps_tells_shared(void)
{
	char *p = map_free(4);

	map_at(p, 4 * PAGE, PROT_READ | PROT_WRITE, ANON | MAP_FIXED, -1, 0);
	fill(p, 4, 1);
	EQUAL(smaps_kib(p, "Private_Dirty"), 16);
	EQUAL(smaps_kib(p, "Anonymous"), 16);
	EQUAL(in_child(look_shared, p), 0);
}

const struct mmtest tests_stack[] = {
	{ "stack_grows", stack_grows },
	{ "stack_has_a_limit", stack_has_a_limit },
	{ "stack_limit_kills", stack_limit_kills },
	{ "stack_is_in_maps", stack_is_in_maps },
	{ "stack_of_the_child_is_its_own", stack_of_the_child_is_its_own },
	{ "limit_as", limit_as },
	{ "limit_data", limit_data },
	{ "prlimit_reads_and_writes", prlimit_reads_and_writes },
	{ "status_counts", status_counts },
	{ "statm_agrees", statm_agrees },
	{ "smaps_counts", smaps_counts },
	{ "smaps_tells_shared", smaps_tells_shared },
	{ NULL, NULL },
};
