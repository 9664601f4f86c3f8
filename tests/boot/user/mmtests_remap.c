/* SPDX-License-Identifier: MIT */
/* mmtests_remap.c - mremap and brk. */
#include "cpu.h"
#include "mmtests.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static void mremap_grow_in_place(void)
{
	char *p = map_free(8);

	map_at(p, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	*p = 9;
	for (size_t n = 1; n < 8; n++)
		EQUAL(mremap(p, n * PAGE, (n + 1) * PAGE, 0), p);
	EQUAL(*p, 9);
	CHECK(filled_with(p + PAGE, 7 * PAGE, 0));
	EQUAL(areas_in(p, 8 * PAGE), 1);
}

static void mremap_blocked(void)
{
	char *p = map(4, RW, ANON);

	FAILS(mremap(p, PAGE, 3 * PAGE, 0), ENOMEM);
	*p = 1;
	EQUAL(*p, 1);
}

static void mremap_moves(void)
{
	char *p = map(4, RW, ANON), *q;

	fill(p, 4, 1);
	q = mremap(p, 2 * PAGE, 100 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q != p);
	CHECK(filled_with(q, PAGE, 1) && filled_with(q + PAGE, PAGE, 2));
	CHECK(filled_with(q + 2 * PAGE, 98 * PAGE, 0));
	FAULTS(try_read, p, SIGSEGV, SEGV_MAPERR);
	CHECK(filled_with(p + 2 * PAGE, PAGE, 3));
}

static void mremap_shrinks(void)
{
	char *p = map(5, RW, ANON);

	fill(p, 5, 1);
	EQUAL(mremap(p, 5 * PAGE, 2 * PAGE, 0), p);
	CHECK(filled_with(p + PAGE, PAGE, 2));
	FAULTS(try_read, p + 2 * PAGE, SIGSEGV, SEGV_MAPERR);
	EQUAL(mremap(p, 2 * PAGE, 2 * PAGE, 0), p);
}

static void mremap_fixed(void)
{
	char *p = map(3, RW, ANON), *q = map(3, RW, ANON);

	fill(p, 3, 1);
	fill(q, 3, 7);
	EQUAL(mremap(p, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q), q);
	CHECK(filled_with(q, PAGE, 1) && filled_with(q + 2 * PAGE, PAGE, 3));
	FAULTS(try_read, p, SIGSEGV, SEGV_MAPERR);
}

static void mremap_fixed_resizes(void)
{
	char *p = map(4, RW, ANON), *q = map_free(8);

	fill(p, 4, 1);
	EQUAL(mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q), q);
	CHECK(filled_with(q + 3 * PAGE, PAGE, 4) && filled_with(q + 4 * PAGE, 4 * PAGE, 0));
	EQUAL(mremap(q, 8 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p), p);
	CHECK(filled_with(p + PAGE, PAGE, 2));
	EQUAL(areas_in(q, 8 * PAGE), 0);
}

static void mremap_errors(void)
{
	char *p = map(4, RW, ANON), *hole = map_free(4);

	FAILS(mremap(p + 1, PAGE, PAGE, MREMAP_MAYMOVE), EINVAL);
	FAILS(mremap(p, PAGE, 0, MREMAP_MAYMOVE), EINVAL);
	FAILS(mremap(p, PAGE, PAGE, 0x100), EINVAL);
	FAILS(mremap(p, PAGE, PAGE, MREMAP_FIXED, hole), EINVAL);
	FAILS(mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + PAGE), EINVAL);
	FAILS(mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, hole + 1), EINVAL);
	FAILS(mremap(hole, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
	FAILS(mremap(p, PAGE, CPU_TOO_MUCH, MREMAP_MAYMOVE), ENOMEM);
	FAILS(mremap(p, 0, PAGE, MREMAP_MAYMOVE), EINVAL); /* private: nothing to share */
	WRITES(p);
}

static void mremap_grow_across_areas(void)
{
	char *p = map(4, RW, ANON);

	CHECK(mprotect(p + PAGE, PAGE, PROT_READ) == 0);
	FAILS(mremap(p, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE), EFAULT);
	WRITES(p);
}

static void mremap_keeps_protection(void)
{
	char *p = map(2, RW, ANON), *q = map_free(2);

	fill(p, 2, 1);
	CHECK(mprotect(p, 2 * PAGE, PROT_READ) == 0);
	EQUAL(mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q), q);
	FAULTS(try_write, q, SIGSEGV, SEGV_ACCERR);
	CHECK(filled_with(q + PAGE, PAGE, 2));
}

static void mremap_of_file_keeps_offset(void)
{
	int fd = file_of(6);
	char *p = map_at(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 2 * PAGE), *q;

	READS(p);
	q = mremap(p, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED);
	CHECK(filled_with(q, PAGE, 3) && filled_with(q + 3 * PAGE, PAGE, 6));
}

static void mremap_zero_length_duplicates_shared(void)
{
	char *p = map(2, RW, SHANON), *q = mremap(p, 0, 2 * PAGE, MREMAP_MAYMOVE);

	CHECK(q != MAP_FAILED && q != p);
	p[PAGE] = 33;
	EQUAL(q[PAGE], 33);
}

static void mremap_dontunmap(void)
{
	char *p = map(2, RW, ANON), *q;

	fill(p, 2, 1);
	q = mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	CHECK(q != MAP_FAILED && q != p);
	CHECK(filled_with(q, PAGE, 1) && filled_with(q + PAGE, PAGE, 2));
	CHECK(filled_with(p, 2 * PAGE, 0));
	FAILS(mremap(q, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP), EINVAL);
}

static void mremap_part_of_an_area(void)
{
	char *p = map(6, RW, ANON), *q = map_free(2);

	fill(p, 6, 1);
	EQUAL(mremap(p + 2 * PAGE, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q), q);
	CHECK(filled_with(q, PAGE, 3) && filled_with(q + PAGE, PAGE, 4));
	CHECK(filled_with(p + PAGE, PAGE, 2) && filled_with(p + 4 * PAGE, PAGE, 5));
	FAULTS(try_read, p + 2 * PAGE, SIGSEGV, SEGV_MAPERR);
}

static void mremap_back_and_forth(void)
{
	char *p = map(700, RW, ANON), *q = map_free(700), *t;

	fill(p, 700, 0);
	for (int i = 0; i < 9; i++) {
		EQUAL(mremap(p, 700 * PAGE, 700 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q), q);
		t = p;
		p = q;
		q = t;
	}
	for (int i = 0; i < 700; i++)
		CHECK(filled_with(p + i * PAGE, PAGE, i));
}

static void cow_write(void *p)
{
	memset(p, 77, 4 * PAGE);
	EQUAL(mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, map_free(4)) !=
		      MAP_FAILED,
	      1);
}

static void mremap_of_shared_frames(void)
{
	char *p = map(4, RW, ANON), *q = map_free(4);

	fill(p, 4, 1);
	EQUAL(in_child(cow_write, p), 0);
	EQUAL(mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q), q);
	CHECK(filled_with(q, PAGE, 1) && filled_with(q + 3 * PAGE, PAGE, 4));
	WRITES(q);
}

/* ---- brk ------------------------------------------------------------------------------------ */

static char *raw_brk(void *to)
{
	return (char *)syscall(SYS_brk, to);
}

static void brk_grows_and_shrinks(void)
{
	char *start = raw_brk(NULL),
	     *aligned = (char *)(((uintptr_t)start + PAGE - 1) & ~(PAGE - 1));

	EQUAL(raw_brk(aligned + 10 * PAGE), aligned + 10 * PAGE);
	CHECK(filled_with(aligned, 10 * PAGE, 0));
	memset(aligned, 5, 10 * PAGE);
	EQUAL(raw_brk(aligned + 2 * PAGE), aligned + 2 * PAGE);
	FAULTS(try_read, aligned + 2 * PAGE, SIGSEGV, SEGV_MAPERR);
	CHECK(filled_with(aligned, 2 * PAGE, 5));
	EQUAL(raw_brk(aligned + 4 * PAGE), aligned + 4 * PAGE);
	CHECK(filled_with(aligned + 2 * PAGE, 2 * PAGE, 0));
}

static void brk_refuses(void)
{
	char *now = raw_brk(NULL);

	EQUAL(raw_brk((void *)1), now);
	EQUAL(raw_brk((void *)0x7fffffffffff), now);
	EQUAL(raw_brk(now), now);
}

static void brk_unaligned(void)
{
	char *now = raw_brk(NULL);

	EQUAL(raw_brk(now + 100), now + 100);
	WRITES(now + 99);
	EQUAL(raw_brk(NULL), now + 100);
	EQUAL(raw_brk(now + 5 * PAGE + 7), now + 5 * PAGE + 7);
	WRITES(now + 5 * PAGE);
}

static void brk_stops_before_a_mapping(void)
{
	char *start = raw_brk(NULL),
	     *aligned = (char *)(((uintptr_t)start + PAGE - 1) & ~(PAGE - 1));
	char *wall = map_at(aligned + 64 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);

	EQUAL(wall, aligned + 64 * PAGE);
	EQUAL(raw_brk(aligned + 80 * PAGE), start);
	EQUAL(raw_brk(aligned + 8 * PAGE), aligned + 8 * PAGE);
}

static void brk_is_limited(void)
{
	struct rlimit limit = { 1 << 20, 1 << 20 };
	char *start = raw_brk(NULL);

	CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
	EQUAL(raw_brk(start + (64 << 20)), start);
	FAILS(sbrk(64 << 20), ENOMEM);
}

static void brk_hole_by_munmap(void)
{
	char *start = raw_brk(NULL),
	     *aligned = (char *)(((uintptr_t)start + PAGE - 1) & ~(PAGE - 1));

	EQUAL(raw_brk(aligned + 6 * PAGE), aligned + 6 * PAGE);
	CHECK(munmap(aligned + 2 * PAGE, PAGE) == 0);
	FAULTS(try_read, aligned + 2 * PAGE, SIGSEGV, SEGV_MAPERR);
	EQUAL(raw_brk(aligned + PAGE), aligned + PAGE);
	EQUAL(areas_in(aligned + PAGE, 5 * PAGE), 0);
}

static void malloc_works(void)
{
	static char *p[2000];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 2000; i++) {
			p[i] = malloc(16 + i * 37 % 5000);
			CHECK(p[i] != NULL);
			memset(p[i], i, 16 + i * 37 % 5000);
		}
		for (int i = 0; i < 2000; i++) {
			CHECK(filled_with(p[i], 16 + i * 37 % 5000, i));
			free(p[i]);
		}
	}
}

const struct mmtest tests_remap[] = {
	{ "mremap_grow_in_place", mremap_grow_in_place },
	{ "mremap_blocked", mremap_blocked },
	{ "mremap_moves", mremap_moves },
	{ "mremap_shrinks", mremap_shrinks },
	{ "mremap_fixed", mremap_fixed },
	{ "mremap_fixed_resizes", mremap_fixed_resizes },
	{ "mremap_errors", mremap_errors },
	{ "mremap_grow_across_areas", mremap_grow_across_areas },
	{ "mremap_keeps_protection", mremap_keeps_protection },
	{ "mremap_of_file_keeps_offset", mremap_of_file_keeps_offset },
	{ "mremap_zero_length_duplicates_shared", mremap_zero_length_duplicates_shared },
	{ "mremap_dontunmap", mremap_dontunmap },
	{ "mremap_part_of_an_area", mremap_part_of_an_area },
	{ "mremap_back_and_forth", mremap_back_and_forth },
	{ "mremap_of_shared_frames", mremap_of_shared_frames },
	{ "brk_grows_and_shrinks", brk_grows_and_shrinks },
	{ "brk_refuses", brk_refuses },
	{ "brk_unaligned", brk_unaligned },
	{ "brk_stops_before_a_mapping", brk_stops_before_a_mapping },
	{ "brk_is_limited", brk_is_limited },
	{ "brk_hole_by_munmap", brk_hole_by_munmap },
	{ "malloc_works", malloc_works },
	{ NULL, NULL },
};
