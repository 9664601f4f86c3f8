/* SPDX-License-Identifier: MIT */
/* mmtests_advice.c - madvise, mincore, mlock. */
#include "mmtests.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif

static void dontneed_forgets_private(void)
{
	char *p = map(4, RW, ANON);

	fill(p, 4, 1);
	CHECK(madvise(p + PAGE, 2 * PAGE, MADV_DONTNEED) == 0);
	EQUAL(resident(p, 4), 2);
	CHECK(filled_with(p, PAGE, 1) && filled_with(p + PAGE, 2 * PAGE, 0) &&
	      filled_with(p + 3 * PAGE, PAGE, 4));
	WRITES(p + PAGE);
}

static void dontneed_keeps_shared(void)
{
	char *p = map(2, RW, SHANON);

	fill(p, 2, 1);
	CHECK(madvise(p, 2 * PAGE, MADV_DONTNEED) == 0);
	CHECK(filled_with(p, PAGE, 1) && filled_with(p + PAGE, PAGE, 2));
}

static void dontneed_returns_to_the_file(void)
{
	int fd = file_of(2);
	char *p = map_at(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);

	fill(p, 2, 50);
	CHECK(madvise(p, 2 * PAGE, MADV_DONTNEED) == 0);
	CHECK(filled_with(p, PAGE, 1) && filled_with(p + PAGE, PAGE, 2));
}

static void dontneed_gives_back(void)
{
	char *p = map(1024, RW, ANON | MAP_POPULATE);
	long before = status_kib("VmRSS");

	CHECK(madvise(p, 1024 * PAGE, MADV_DONTNEED) == 0);
	CHECK(status_kib("VmRSS") <= before - 2048);
}

static void madvise_errors(void)
{
	char *p = map(2, RW, ANON);

	FAILS(madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
	FAILS(madvise(p, PAGE, 9999), EINVAL);
	EQUAL(madvise(p, 0, MADV_DONTNEED), 0);
	FAILS(madvise(p, 0, 9999), EINVAL);
	FAILS(madvise(p, ~0ul, MADV_NORMAL), EINVAL);
	CHECK(munmap(p, PAGE) == 0);
	FAILS(madvise(p, PAGE, MADV_NORMAL), ENOMEM);
}

static void madvise_continues_past_a_hole(void)
{
	char *p = map(3, RW, ANON);

	fill(p, 3, 1);
	CHECK(munmap(p + PAGE, PAGE) == 0);
	FAILS(madvise(p, 3 * PAGE, MADV_DONTNEED), ENOMEM);
	CHECK(filled_with(p, PAGE, 0) && filled_with(p + 2 * PAGE, PAGE, 0));
}

static void madvise_hints_are_accepted(void)
{
	static const int hints[] = { MADV_NORMAL,   MADV_RANDOM,   MADV_SEQUENTIAL,
				     MADV_WILLNEED, MADV_DONTDUMP, MADV_DODUMP };
	int fd = file_of(2);
	char *p = map(2, RW, ANON), *q = map_at(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	fill(p, 2, 1);
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		EQUAL(madvise(p, 2 * PAGE, hints[i]), 0);
		EQUAL(madvise(q, 2 * PAGE, hints[i]), 0);
	}
	CHECK(filled_with(p, PAGE, 1) && filled_with(q + PAGE, PAGE, 2));
}

static void madvise_free(void)
{
	char *p = map(2, RW, ANON), *q = map(1, RW, SHANON);

	fill(p, 2, 1);
	EQUAL(madvise(p, 2 * PAGE, MADV_FREE), 0);
	CHECK(*p == 0 || *p == 1);
	p[PAGE] = 3;
	EQUAL(p[PAGE], 3);
	FAILS(madvise(q, PAGE, MADV_FREE), EINVAL);
}

static void look_for_nothing(void *p)
{
	FAULTS(try_read, (char *)p, SIGSEGV, SEGV_MAPERR);
}
static void look_for_zero(void *p)
{
	CHECK(filled_with(p, PAGE, 0));
}
static void look_for_one(void *p)
{
	CHECK(filled_with(p, PAGE, 1));
}

static void madvise_dontfork(void)
{
	char *p = map(1, RW, ANON);

	fill(p, 1, 1);
	CHECK(madvise(p, PAGE, MADV_DONTFORK) == 0);
	EQUAL(in_child(look_for_nothing, p), 0);
	CHECK(filled_with(p, PAGE, 1));
	CHECK(madvise(p, PAGE, MADV_DOFORK) == 0);
	EQUAL(in_child(look_for_one, p), 0);
}

static void madvise_wipeonfork(void)
{
	char *p = map(1, RW, ANON);

	fill(p, 1, 1);
	CHECK(madvise(p, PAGE, MADV_WIPEONFORK) == 0);
	EQUAL(in_child(look_for_zero, p), 0);
	CHECK(filled_with(p, PAGE, 1));
	CHECK(madvise(p, PAGE, MADV_KEEPONFORK) == 0);
	EQUAL(in_child(look_for_one, p), 0);
	FAILS(madvise(map(1, RW, SHANON), PAGE, MADV_WIPEONFORK), EINVAL);
}

static void madvise_remove(void)
{
	int fd = file_of(3);
	char *p = map_at(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0), byte = 9;

	CHECK(madvise(p + PAGE, PAGE, MADV_REMOVE) == 0);
	CHECK(filled_with(p, PAGE, 1) && filled_with(p + PAGE, PAGE, 0) &&
	      filled_with(p + 2 * PAGE, PAGE, 3));
	EQUAL(pread(fd, &byte, 1, PAGE), 1);
	EQUAL(byte, 0);
	FAILS(madvise(map(1, RW, ANON), PAGE, MADV_REMOVE), EINVAL);
}

static void madvise_populate(void)
{
	char *p = map(8, RW, ANON), *q = map(1, PROT_READ, ANON);

	EQUAL(madvise(p, 4 * PAGE, MADV_POPULATE_WRITE), 0);
	EQUAL(resident(p, 8), 4);
	EQUAL(madvise(p + 4 * PAGE, 4 * PAGE, MADV_POPULATE_READ), 0);
	EQUAL(resident(p, 8), 8);
	FAILS(madvise(q, PAGE, MADV_POPULATE_WRITE), EINVAL);
	FAILS(madvise(map_free(1), PAGE, MADV_POPULATE_READ), ENOMEM);
}

/* ---- mincore -------------------------------------------------------------------------------- */

static void mincore_tells_touched(void)
{
	char *p = map(8, RW, ANON);

	EQUAL(resident(p, 8), 0);
	p[2 * PAGE] = 1;
	READS(p + 5 * PAGE);
	EQUAL(resident(p, 8), 2);
	EQUAL(resident(p + 2 * PAGE, 1), 1);
	EQUAL(resident(p + 3 * PAGE, 1), 0);
}

static void mincore_errors(void)
{
	unsigned char vec[4];
	char *p = map(2, RW, ANON);

	FAILS(mincore(p + 1, PAGE, vec), EINVAL);
	FAILS(mincore(map_free(1), PAGE, vec), ENOMEM);
	FAILS(mincore(p, PAGE, (void *)8), EFAULT);
	EQUAL(mincore(p, 0, vec), 0);
	CHECK(munmap(p + PAGE, PAGE) == 0);
	FAILS(mincore(p, 2 * PAGE, vec), ENOMEM);
}

static void mincore_of_a_file(void)
{
	int fd = file_of(4);
	char *p;

	CHECK(ftruncate(fd, 8 * PAGE) == 0);
	p = map_at(NULL, 8 * PAGE, RW, MAP_SHARED, fd, 0);
	EQUAL(resident(p, 4), 4); /* in the page cache, though not in the page table */
	EQUAL(resident(p + 4 * PAGE, 4), 0);
	p[6 * PAGE] = 1;
	EQUAL(resident(p + 6 * PAGE, 1), 1);
}

/* ---- mlock ---------------------------------------------------------------------------------- */

static void mlock_brings_in(void)
{
	char *p = map(8, RW, ANON);

	CHECK(mlock(p, 8 * PAGE) == 0);
	EQUAL(resident(p, 8), 8);
	EQUAL(status_kib("VmLck"), 32);
	CHECK(munlock(p + 2 * PAGE, 2 * PAGE) == 0);
	EQUAL(status_kib("VmLck"), 24);
	CHECK(munlock(p, 8 * PAGE) == 0);
	EQUAL(status_kib("VmLck"), 0);
	EQUAL(areas_in(p, 8 * PAGE), 1);
}

static void mlock_rounds(void)
{
	char *p = map(4, RW, ANON);

	CHECK(mlock(p + PAGE + 100, PAGE) == 0); /* touches pages 1 and 2 */
	EQUAL(resident(p, 4), 2);
	EQUAL(status_kib("VmLck"), 8);
}

static void mlock_errors(void)
{
	char *p = map_free(3);

	map_at(p, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	FAILS(mlock(p, 3 * PAGE), ENOMEM);
	FAILS(mlock(p + PAGE, PAGE), ENOMEM);
	FAILS(munlock(p + PAGE, PAGE), ENOMEM);
	FAILS(syscall(SYS_mlock2, p, PAGE, 0x80), EINVAL);
	EQUAL(mlock(p, 0), 0);
	FAILS(mlock(map(1, PROT_NONE, ANON), PAGE), ENOMEM);
}

static void mlock_forbids_dontneed(void)
{
	char *p = map(1, RW, ANON);

	CHECK(mlock(p, PAGE) == 0);
	FAILS(madvise(p, PAGE, MADV_DONTNEED), EINVAL);
	FAILS(msync(p, PAGE, MS_INVALIDATE), EBUSY);
	CHECK(munlock(p, PAGE) == 0);
	EQUAL(madvise(p, PAGE, MADV_DONTNEED), 0);
}

static void mlock_onfault(void)
{
	char *p = map(4, RW, ANON);

	EQUAL(syscall(SYS_mlock2, p, 4 * PAGE, MLOCK_ONFAULT), 0);
	EQUAL(resident(p, 4), 0);
	EQUAL(status_kib("VmLck"), 16);
	p[PAGE] = 1;
	EQUAL(resident(p, 4), 1);
}

static void mlockall_covers_later_maps(void)
{
	char *p;

	FAILS(mlockall(0), EINVAL);
	FAILS(mlockall(0x100), EINVAL);
	EQUAL(mlockall(MCL_FUTURE), 0);
	p = map(4, RW, ANON);
	EQUAL(resident(p, 4), 4);
	EQUAL(munlockall(), 0);
	p = map(4, RW, ANON);
	EQUAL(resident(p, 4), 0);
}

static void mlockall_current(void)
{
	char *p = map(16, RW, ANON);

	EQUAL(mlockall(MCL_CURRENT), 0);
	EQUAL(resident(p, 16), 16);
	CHECK(status_kib("VmLck") >= 64);
	EQUAL(munlockall(), 0);
	EQUAL(status_kib("VmLck"), 0);
}

static void no_locks_here(void *unused)
{
	(void)unused;
	EQUAL(status_kib("VmLck"), 0);
}

static void mlock_is_not_inherited(void)
{
	CHECK(mlock(map(4, RW, ANON), 4 * PAGE) == 0);
	EQUAL(in_child(no_locks_here, NULL), 0);
}

static void map_locked(void)
{
	char *p = map(4, RW, ANON | MAP_LOCKED);

	EQUAL(resident(p, 4), 4);
	EQUAL(status_kib("VmLck"), 16);
	CHECK(munmap(p, 4 * PAGE) == 0);
	EQUAL(status_kib("VmLck"), 0);
}

const struct mmtest tests_advice[] = {
	{ "dontneed_forgets_private", dontneed_forgets_private },
	{ "dontneed_keeps_shared", dontneed_keeps_shared },
	{ "dontneed_returns_to_the_file", dontneed_returns_to_the_file },
	{ "dontneed_gives_back", dontneed_gives_back },
	{ "madvise_errors", madvise_errors },
	{ "madvise_continues_past_a_hole", madvise_continues_past_a_hole },
	{ "madvise_hints_are_accepted", madvise_hints_are_accepted },
	{ "madvise_free", madvise_free },
	{ "madvise_dontfork", madvise_dontfork },
	{ "madvise_wipeonfork", madvise_wipeonfork },
	{ "madvise_remove", madvise_remove },
	{ "madvise_populate", madvise_populate },
	{ "mincore_tells_touched", mincore_tells_touched },
	{ "mincore_errors", mincore_errors },
	{ "mincore_of_a_file", mincore_of_a_file },
	{ "mlock_brings_in", mlock_brings_in },
	{ "mlock_rounds", mlock_rounds },
	{ "mlock_errors", mlock_errors },
	{ "mlock_forbids_dontneed", mlock_forbids_dontneed },
	{ "mlock_onfault", mlock_onfault },
	{ "mlockall_covers_later_maps", mlockall_covers_later_maps },
	{ "mlockall_current", mlockall_current },
	{ "mlock_is_not_inherited", mlock_is_not_inherited },
	{ "map_locked", map_locked },
	{ NULL, NULL },
};
