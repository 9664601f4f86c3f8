/* SPDX-License-Identifier: MIT */
/* format_test.c - x86-64 entries, worked out by hand from the processor manual, and their words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "maps/maps.h"

static void test_explain(void **state)
{
	static const struct {
		unsigned level;
		pte_t entry;
		const char *words;
	} rows[] = {
		/* P RW US A D, frame 0x12345 */
		{ 3, 0x0000000012345067ULL, "page of 4 KiB at 0x12345000 rwx user accessed dirty" },
		{ 3, 0x8000000012345065ULL, "page of 4 KiB at 0x12345000 r-- user accessed dirty" },
		{ 2, 0x80000000002001e3ULL,
		  "page of 2048 KiB at 0x200000 rw- kernel global accessed dirty" },
		{ 2, 0x0000000000abc027ULL, "table at 0xabc000" },
		{ 0, 0x0000000000001067ULL, "table at 0x1000" },
		{ 3, 0x80000000fee0017bULL,
		  "page of 4 KiB at 0xfee00000 rw- kernel global uncached accessed dirty" },
		{ 3, 0x0000000000000000ULL, "not present (software value 0x0)" },
		{ 3, 0x0000000012345400ULL, "not present (software value 0x12345400)" },
		{ 3, 0x0000000012345262ULL, "page at 0x12345000 is being moved" },
	};
	char buf[128];
	unsigned i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		pt_explain(&pt_x86_64, rows[i].level, rows[i].entry, buf, sizeof(buf));
		assert_string_equal(buf, rows[i].words);
	}
	pt_explain(&pt_x86_pae, 3, 0, buf, sizeof(buf));
	assert_string_equal(buf, "x86-pae has no level 3");
}

/* Levels must cover the address bits without gap or overlap. */
static void test_levels_are_contiguous(void **state)
{
	const struct pt_format *formats[] = { &pt_x86_64, &pt_x86_pae };
	unsigned i, l;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(formats); i++) {
		const struct pt_format *f = formats[i];

		assert_int_equal(f->shift[f->levels - 1], 12);
		for (l = 0; l + 1 < f->levels; l++)
			assert_int_equal(f->shift[l], f->shift[l + 1] + f->bits[l + 1]);
		assert_int_equal(f->present & f->pfn_mask, 0);
		assert_int_equal((f->special | f->protnone) &
					 (f->pfn_mask | f->present | f->write | f->user),
				 0);
	}
	assert_int_equal(pt_x86_64.shift[0] + pt_x86_64.bits[0], 48);
	assert_int_equal(pt_x86_pae.shift[0] + pt_x86_pae.bits[0], 32);
}

/* What says that a page is being moved: the processor ignores it, nothing takes it for a frame, and
 * it keeps what the page is to have back. */
static void test_moving_entries(void **state)
{
	const u64 rights[] = { 0, pt_fmt.write, pt_fmt.write | pt_fmt.dirty | pt_fmt.accessed };
	const u64 kinds[] = { pt_fmt.present | pt_fmt.user, pt_fmt.present | pt_fmt.noexec,
			      pt_fmt.protnone };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rights) * ARRAY_SIZE(kinds); i++) {
		u64 kept = rights[i / ARRAY_SIZE(kinds)];
		pte_t e = pte_make(0xabcde, kept | kinds[i % ARRAY_SIZE(kinds)]);
		pte_t moving = pte_make_migration(e);

		assert_false(pte_migration(e));
		assert_true(pte_migration(moving));
		assert_false(pte_valid(moving) || pte_present(moving));
		assert_int_equal(pte_pfn(moving), 0xabcde);
		assert_true((moving & (pt_fmt.write | pt_fmt.dirty | pt_fmt.accessed)) == kept);
	}
	assert_true(pte_make_migration(pte_make(0, pt_fmt.present)) != 0); /* not an empty entry */
	assert_false(pte_migration(0));
	/* The zero page and device frames, also without any right, are not on the move. */
	assert_false(pte_migration(pte_make(1, pt_fmt.special | pt_fmt.present)));
	assert_false(pte_migration(pte_make(1, pt_fmt.special | pt_fmt.protnone)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_levels_are_contiguous),
		cmocka_unit_test(test_moving_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
