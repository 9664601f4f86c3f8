/* SPDX-License-Identifier: MIT */
/* mmtests_map.c - mmap, munmap, mprotect. */
#include "cpu.h"
#include "mmtests.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static void mmap_anon_is_zero(void)
{
	char *p = map(64, RW, ANON);

	CHECK(filled_with(p, 64 * PAGE, 0));
	memset(p, 7, 64 * PAGE);
	CHECK(munmap(p, 64 * PAGE) == 0);
	p = map(64, RW, ANON);
	CHECK(filled_with(p, 64 * PAGE, 0));
}

static void mmap_keeps_what_is_written(void)
{
	unsigned *p = (unsigned *)map(1024, RW, ANON);

	for (unsigned i = 0; i < 1024 * 1024; i++)
		p[i] = i * 2654435761u;
	for (unsigned i = 0; i < 1024 * 1024; i++)
		CHECK(p[i] == i * 2654435761u);
}

static void mmap_errors(void)
{
	FAILS(cpu_mmap(0, 0, RW, ANON, -1, 0), EINVAL);
	FAILS(cpu_mmap(0, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
	FAILS(cpu_mmap(0, PAGE, RW, MAP_ANONYMOUS | MAP_SHARED | MAP_PRIVATE, -1, 0), EINVAL);
	FAILS(cpu_mmap(0x10000001, PAGE, RW, ANON | MAP_FIXED, -1, 0), EINVAL);
	FAILS(cpu_mmap(0, PAGE, RW, ANON, -1, 1), EINVAL);
	FAILS(cpu_mmap(0, PAGE, RW, MAP_PRIVATE, -1, 0), EBADF);
	FAILS(cpu_mmap(0, PAGE, RW, MAP_PRIVATE, 999, 0), EBADF);
}

static void mmap_too_long(void)
{
	const unsigned long not_users[] = { CPU_NOT_USERS };

	FAILS(cpu_mmap(0, ~0ul, RW, ANON, -1, 0), ENOMEM);
	FAILS(cpu_mmap(0, CPU_TASK_SIZE + PAGE, RW, ANON | MAP_NORESERVE, -1, 0), ENOMEM);
	for (unsigned i = 0; i < sizeof(not_users) / sizeof(not_users[0]); i++)
		FAILS(cpu_mmap(not_users[i], PAGE, RW, ANON | MAP_FIXED, -1, 0), ENOMEM);
}

static void mmap_length_is_rounded_up(void)
{
	char *p = map_free(3);

	EQUAL(map_at(p, 1, RW, ANON | MAP_FIXED, -1, 0), p);
	WRITES(p + PAGE - 1);
	FAULTS(try_write, p + PAGE, SIGSEGV, SEGV_MAPERR);
	EQUAL(map_at(p, PAGE + 1, RW, ANON | MAP_FIXED, -1, 0), p);
	WRITES(p + 2 * PAGE - 1);
}

static void mmap_fixed_replaces(void)
{
	char *p = map(4, RW, ANON);

	fill(p, 4, 1);
	EQUAL(map_at(p + PAGE, 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0), p + PAGE);
	CHECK(filled_with(p, PAGE, 1));
	CHECK(filled_with(p + PAGE, 2 * PAGE, 0));
	CHECK(filled_with(p + 3 * PAGE, PAGE, 4));
}

static void mmap_fixed_noreplace(void)
{
	char *p = map_free(4);

	EQUAL(map_at(p, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), p);
	*p = 1;
	FAILS(mmap(p, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	FAILS(mmap(p - PAGE, 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	EQUAL(*p, 1);
}

static void mmap_hint(void)
{
	char *p = map_free(4), *q;

	EQUAL(map_at(p, PAGE, RW, ANON, -1, 0), p);
	q = map_at(p, PAGE, RW, ANON, -1, 0);
	CHECK(q != p);
	CHECK(munmap(p, PAGE) == 0);
	q = map_at(p + 1, PAGE, RW, ANON, -1, 0);
	CHECK(((uintptr_t)q & (PAGE - 1)) == 0);
}

static void mmap_finds_distinct_places(void)
{
	static char *p[200];

	for (int i = 0; i < 200; i++) {
		p[i] = map(1 + i % 7, RW, ANON);
		memset(p[i], i, (1 + i % 7) * PAGE);
	}
	for (int i = 0; i < 200; i++)
		CHECK(filled_with(p[i], (1 + i % 7) * PAGE, i));
}

static void mmap_ignores_old_flags(void)
{
	WRITES(map(1, RW, ANON | MAP_STACK));
	WRITES(map(1, RW, ANON | MAP_NORESERVE));
	WRITES(map(1, RW, ANON | MAP_DENYWRITE));
	WRITES(map(1, RW, ANON | MAP_EXECUTABLE));
}

static void mmap_populate(void)
{
	char *p = map(32, RW, ANON | MAP_POPULATE);

	EQUAL(resident(p, 32), 32);
	CHECK(filled_with(p, 32 * PAGE, 0));
}

static void mmap_noreserve_is_lazy(void)
{
	const size_t pages = sizeof(long) == 8 ? 1 << 20 : 1 << 18; /* 4 GiB or 1 GiB */
	char *p = map(pages, RW, ANON | MAP_NORESERVE);

	for (size_t i = 0; i < pages; i += pages / 16)
		p[i * PAGE] = 1;
	CHECK(munmap(p, pages * PAGE) == 0);
}

static void mmap_null_reads_fault(void)
{
	FAULTS(try_read, (char *)NULL, SIGSEGV, SEGV_MAPERR);
	FAULTS(try_write, (char *)8, SIGSEGV, SEGV_MAPERR);
}

static void mmap_neighbours_merge(void)
{
	char *p = map_free(4);

	for (int i = 0; i < 4; i++)
		map_at(p + i * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	EQUAL(areas_in(p, 4 * PAGE), 1);
	CHECK(mprotect(p + PAGE, PAGE, PROT_READ) == 0);
	EQUAL(areas_in(p, 4 * PAGE), 3);
	CHECK(mprotect(p + PAGE, PAGE, RW) == 0);
	EQUAL(areas_in(p, 4 * PAGE), 1);
}

static void mmap_growsdown(void)
{
	char *p = map_free(600) + 599 * PAGE;

	map_at(p, PAGE, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
	WRITES(p);
	WRITES(p - 1);
	WRITES(p - 3 * PAGE);
	CHECK(areas_in(p - 3 * PAGE, 4 * PAGE) == 1);
}

static void munmap_errors(void)
{
	char *p = map(2, RW, ANON);

	FAILS(munmap(p + 1, PAGE), EINVAL);
	FAILS(munmap(p, 0), EINVAL);
	FAILS(munmap((void *)0xfffffffffff000, 2 * PAGE), EINVAL);
	FAILS(munmap(p, ~0ul - PAGE), EINVAL);
	WRITES(p);
}

static void munmap_of_nothing(void)
{
	char *p = map_free(4);

	EQUAL(munmap(p, 4 * PAGE), 0);
}

static void munmap_parts(void)
{
	char *p = map(9, RW, ANON);

	fill(p, 9, 1);
	CHECK(munmap(p, PAGE) == 0);
	CHECK(munmap(p + 4 * PAGE, PAGE) == 0);
	CHECK(munmap(p + 8 * PAGE, 1) == 0); /* rounded up */
	for (int i = 0; i < 9; i++) {
		if (i % 4 == 0)
			FAULTS(try_read, p + i * PAGE, SIGSEGV, SEGV_MAPERR);
		else
			CHECK(filled_with(p + i * PAGE, PAGE, i + 1));
	}
}

static void munmap_across_areas(void)
{
	char *p = map_free(8);

	for (int i = 0; i < 8; i += 2) {
		map_at(p + i * PAGE, PAGE, i & 2 ? PROT_READ : RW, ANON | MAP_FIXED, -1, 0);
		READS(p + i * PAGE);
	}
	CHECK(munmap(p, 8 * PAGE) == 0);
	EQUAL(areas_in(p, 8 * PAGE), 0);
}

static void munmap_gives_back(void)
{
	long before = status_kib("VmRSS");
	char *p = map(1024, RW, ANON | MAP_POPULATE);

	CHECK(status_kib("VmRSS") >= before + 4000);
	CHECK(munmap(p, 1024 * PAGE) == 0);
	CHECK(status_kib("VmRSS") < before + 1000);
}

static void munmap_checkerboard(void)
{
	char *p = map(512, RW, ANON);

	fill(p, 512, 0);
	for (int i = 0; i < 512; i += 2)
		CHECK(munmap(p + i * PAGE, PAGE) == 0);
	for (int i = 1; i < 512; i += 2)
		CHECK(filled_with(p + i * PAGE, PAGE, i));
	for (int i = 0; i < 512; i += 2)
		EQUAL(map_at(p + i * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0), p + i * PAGE);
	for (int i = 0; i < 512; i++)
		CHECK(filled_with(p + i * PAGE, PAGE, i & 1 ? i : 0));
}

static void mprotect_readonly(void)
{
	char *p = map(1, RW, ANON);

	*p = 42;
	CHECK(mprotect(p, PAGE, PROT_READ) == 0);
	EQUAL(*(volatile char *)p, 42);
	FAULTS(try_write, p, SIGSEGV, SEGV_ACCERR);
	CHECK(mprotect(p, PAGE, RW) == 0);
	WRITES(p);
}

static void mprotect_none(void)
{
	char *p = map(3, RW, ANON);

	fill(p, 3, 1);
	CHECK(mprotect(p + PAGE, PAGE, PROT_NONE) == 0);
	FAULTS(try_read, p + PAGE, SIGSEGV, SEGV_ACCERR);
	FAULTS(try_write, p + 2 * PAGE - 1, SIGSEGV, SEGV_ACCERR);
	CHECK(strcmp(perms_of(p + PAGE), "---p") == 0);
	CHECK(mprotect(p + PAGE, PAGE, RW) == 0);
	CHECK(filled_with(p + PAGE, PAGE, 2));
}

static void mprotect_before_first_touch(void)
{
	char *p = map(2, PROT_NONE, ANON);

	FAULTS(try_read, p, SIGSEGV, SEGV_ACCERR);
	CHECK(mprotect(p, PAGE, PROT_READ) == 0);
	EQUAL(*(volatile char *)p, 0);
	FAULTS(try_write, p, SIGSEGV, SEGV_ACCERR);
	CHECK(mprotect(p, 2 * PAGE, RW) == 0);
	WRITES(p);
	WRITES(p + PAGE);
}

static void mprotect_errors(void)
{
	char *p = map(1, RW, ANON), *hole = map_free(3);

	FAILS(mprotect(p + 1, PAGE, PROT_READ), EINVAL);
	FAILS(mprotect(p, PAGE, PROT_READ | 0x4000), EINVAL);
	FAILS(mprotect(p, PAGE, PROT_READ | PROT_GROWSDOWN | PROT_GROWSUP), EINVAL);
	EQUAL(mprotect(p, 0, PROT_READ), 0);
	WRITES(p);
	FAILS(mprotect(hole, PAGE, PROT_READ), ENOMEM);
	FAILS(mprotect(p, ~0ul & ~(PAGE - 1), PROT_READ), ENOMEM);
}

static void mprotect_stops_at_hole(void)
{
	char *p = map_free(3);

	map_at(p, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	map_at(p + 2 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	FAILS(mprotect(p, 3 * PAGE, PROT_READ), ENOMEM);
	FAULTS(try_write, p, SIGSEGV, SEGV_ACCERR);
	WRITES(p + 2 * PAGE);
}

static void mprotect_across_areas(void)
{
	char *p = map(6, RW, ANON);

	fill(p, 6, 1);
	for (int i = 0; i < 6; i += 2)
		CHECK(mprotect(p + i * PAGE, PAGE, PROT_READ) == 0);
	CHECK(mprotect(p + PAGE, 4 * PAGE, PROT_NONE) == 0);
	READS(p);
	FAULTS(try_read, p + PAGE, SIGSEGV, SEGV_ACCERR);
	FAULTS(try_read, p + 4 * PAGE, SIGSEGV, SEGV_ACCERR);
	WRITES(p + 5 * PAGE);
	CHECK(mprotect(p, 6 * PAGE, PROT_READ) == 0);
	for (int i = 0; i < 5; i++)
		CHECK(filled_with(p + i * PAGE, PAGE, i + 1));
}

static void mprotect_exec(void)
{
	cpu_code_t *p = (cpu_code_t *)map(1, RW, ANON);

	*p = CPU_RETURN;
	FAULTS(try_call, (char *)p, SIGSEGV, SEGV_ACCERR);
	CHECK(mprotect(p, PAGE, PROT_READ | PROT_EXEC) == 0);
	EQUAL(try_call(p).sig, 0);
	FAULTS(try_write, (char *)p, SIGSEGV, SEGV_ACCERR);
	CHECK(mprotect(p, PAGE, PROT_READ) == 0);
	FAULTS(try_call, (char *)p, SIGSEGV, SEGV_ACCERR);
}

static void mprotect_many_times(void)
{
	char *p = map(16, RW, ANON);

	for (int i = 0; i < 500; i++) {
		CHECK(mprotect(p + (i * 5 % 16) * PAGE, PAGE, i & 1 ? PROT_READ : RW) == 0);
		CHECK(mprotect(p + (i * 3 % 16) * PAGE, PAGE, RW) == 0);
		WRITES(p + (i * 3 % 16) * PAGE);
	}
	CHECK(mprotect(p, 16 * PAGE, RW) == 0);
	EQUAL(areas_in(p, 16 * PAGE), 1);
}

static void maps_shows_permissions(void)
{
	CHECK(strcmp(perms_of(map(1, PROT_READ, ANON)), "r--p") == 0);
	CHECK(strcmp(perms_of(map(1, RW, ANON)), "rw-p") == 0);
	CHECK(strcmp(perms_of(map(1, PROT_READ | PROT_EXEC, ANON)), "r-xp") == 0);
	CHECK(strcmp(perms_of(map(1, RW, SHANON)), "rw-s") == 0);
}

static void map_count_limit(void)
{
	long limit = sysctl_value("/proc/sys/vm/max_map_count"), i;
	char *p;

	if (limit < 100 || limit > 100000)
		mm_skip("max_map_count is not the usual one");
	p = map(2 * (size_t)limit + 10, PROT_NONE, ANON | MAP_NORESERVE);
	for (i = 0; i <= limit; i++)
		if (mprotect(p + (2 * i + 1) * (long)PAGE, PAGE, PROT_READ) != 0)
			break;
	CHECK(i <= limit);
	FAILS(mprotect(p + (2 * i + 1) * (long)PAGE, PAGE, PROT_READ), ENOMEM);
	CHECK(2 * i < limit && 2 * i > limit - 200);
	/* The rest is one area: a hole in its middle would be one more.  A call that failed may
	 * have used up the last. */
	for (i = 0; i < 3; i++)
		if (munmap(p + (2 * limit - 4 * i) * (long)PAGE, PAGE) != 0)
			break;
	CHECK(i < 3);
	FAILS(munmap(p + (2 * limit - 4 * i) * (long)PAGE, PAGE), ENOMEM);
	EQUAL(munmap(p, PAGE), 0);
}

const struct mmtest tests_map[] = {
	{ "mmap_anon_is_zero", mmap_anon_is_zero },
	{ "mmap_keeps_what_is_written", mmap_keeps_what_is_written },
	{ "mmap_errors", mmap_errors },
	{ "mmap_too_long", mmap_too_long },
	{ "mmap_length_is_rounded_up", mmap_length_is_rounded_up },
	{ "mmap_fixed_replaces", mmap_fixed_replaces },
	{ "mmap_fixed_noreplace", mmap_fixed_noreplace },
	{ "mmap_hint", mmap_hint },
	{ "mmap_finds_distinct_places", mmap_finds_distinct_places },
	{ "mmap_ignores_old_flags", mmap_ignores_old_flags },
	{ "mmap_populate", mmap_populate },
	{ "mmap_noreserve_is_lazy", mmap_noreserve_is_lazy },
	{ "mmap_null_reads_fault", mmap_null_reads_fault },
	{ "mmap_neighbours_merge", mmap_neighbours_merge },
	{ "mmap_growsdown", mmap_growsdown },
	{ "munmap_errors", munmap_errors },
	{ "munmap_of_nothing", munmap_of_nothing },
	{ "munmap_parts", munmap_parts },
	{ "munmap_across_areas", munmap_across_areas },
	{ "munmap_gives_back", munmap_gives_back },
	{ "munmap_checkerboard", munmap_checkerboard },
	{ "mprotect_readonly", mprotect_readonly },
	{ "mprotect_none", mprotect_none },
	{ "mprotect_before_first_touch", mprotect_before_first_touch },
	{ "mprotect_errors", mprotect_errors },
	{ "mprotect_stops_at_hole", mprotect_stops_at_hole },
	{ "mprotect_across_areas", mprotect_across_areas },
	{ "mprotect_exec", mprotect_exec },
	{ "mprotect_many_times", mprotect_many_times },
	{ "maps_shows_permissions", maps_shows_permissions },
	{ "map_count_limit", map_count_limit },
	{ NULL, NULL },
};
