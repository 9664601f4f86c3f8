/* SPDX-License-Identifier: MIT */
/*
 * mm_harness.h - a machine with address spaces for a test: started, checked to the last frame,
 * stopped.
 */
#ifndef QUIRE_TESTS_MM_HARNESS_H
#define QUIRE_TESTS_MM_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <posix_machine.h>
#include <posix_mmu.h>
#include <quire/err.h>
#include <quire/event.h>
#include <quire/gfp.h>
#include <quire/highmem.h>
#include <quire/mm.h>
#include <quire/pagemap.h>
#include <quire/quire.h>
#include <quire/slab.h>
#include <quire/uaccess.h>
#include <quire/vmalloc.h>
#include <quire/watch.h>

static unsigned long harness_free;

/* With MM_HARNESS_HIGHMEM, which needs a port with highmem, the memory of a test is beyond the linear map, and what
 * the kernel needs for itself below. */
#ifdef MM_HARNESS_HIGHMEM
#define HARNESS_LOW_MIB 24u
static inline int harness_start(unsigned mib)
{
	const struct posix_bank banks[] = { { 1 << 20, HARNESS_LOW_MIB << 20, 0 },
					    { PORT_LOWMEM_PHYS_END, (phys_addr_t)mib << 20, 0 } };

	return posix_machine_start(&(struct posix_machine){ banks, 2, 1 });
}
#else
static inline int harness_start(unsigned mib)
{
	return posix_machine_start_simple(mib, 1);
}
#endif

static inline void machine_up(unsigned mib)
{
	assert_int_equal(harness_start(mib), 0);
	assert_int_equal(quire_start(1, NULL, NULL), 0);
	harness_free = quire_free_pages_exact() + maps_kernel_tables();
}

/* Every law holds and not one frame is missing. */
static inline void machine_down(void)
{
	const char *why = check_all();
	unsigned long now = quire_free_pages_exact() + maps_kernel_tables();

	if (why)
		fail_msg("check_all: %s\n%s", why, posix_log_take());
	if (now != harness_free)
		fail_msg("free frames: %lu before, %lu after\n%s", harness_free, now,
			 posix_log_take());
	posix_set_mm(NULL);
	quire_stop();
	posix_machine_stop();
}

static inline int machine_setup(void **state)
{
	(void)state;
	machine_up(32);
	return 0;
}

static inline int machine_teardown(void **state)
{
	(void)state;
	machine_down();
	return 0;
}

#define MM_TEST(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)

static inline struct mm_struct *new_mm(void)
{
	struct mm_struct *mm = mm_alloc();

	assert_non_null(mm);
	posix_set_mm(mm);
	return mm;
}

static inline void end_mm(struct mm_struct *mm)
{
	const char *why = mm_check(mm);

	if (why)
		fail_msg("mm_check: %s", why);
	if (posix_current_mm() == mm)
		posix_set_mm(NULL);
	mmput(mm);
}

#define ANON_PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW           (PROT_READ | PROT_WRITE)

static inline unsigned long map_anon(struct mm_struct *mm, unsigned long len, unsigned long prot)
{
	long at = do_mmap(mm, NULL, 0, len, prot, ANON_PRIVATE, 0);

	assert_false(IS_ERR_VALUE((unsigned long)at));
	return (unsigned long)at;
}

static inline void put_u32(unsigned long addr, u32 v)
{
	assert_int_equal(posix_store(addr, &v, sizeof(v)), 0);
}

static inline u32 get_u32(unsigned long addr)
{
	u32 v = 0;

	assert_int_equal(posix_load(addr, &v, sizeof(v)), 0);
	return v;
}

#define assert_mm_ok(mm)                                                                           \
	do {                                                                                       \
		const char *why_ = mm_check(mm);                                                   \
		if (why_)                                                                          \
			fail_msg("mm_check: %s", why_);                                            \
	} while (0)

/* What a page holds, wherever it is. */
static inline u32 page_u32(struct page *page, unsigned offset)
{
	u32 v;

	memcpy_from_page((char *)&v, page, offset, sizeof(v));
	return v;
}

/* A small random source whose seed can be replayed: QUIRE_SEED=n. */
static inline u64 seed_from_env(u64 otherwise)
{
	const char *s = getenv("QUIRE_SEED");

	return s ? strtoull(s, NULL, 0) : otherwise;
}

static inline u32 rnd(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (u32)(*state >> 16);
}

#endif
