/* SPDX-License-Identifier: MIT */
/* explain_test.c - entries in words: what the manuals say, ours and others', whole and broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <quire/pte.h>
#include "maps/formats/armv7.h"
#include "maps/maps.h"

struct row {
	unsigned level;
	u64 entry;
	const char *words;
};

static void check(const char *format, const struct row *row, size_t rows)
{
	char buf[QUIRE_PTE_WORDS];

	for (size_t i = 0; i < rows; i++) {
		quire_ssize_t n =
			quire_pte_explain(format, row[i].level, row[i].entry, buf, sizeof(buf));

		assert_string_equal(buf, row[i].words);
		assert_int_equal(n, strlen(buf));
	}
}

static void test_x86(void **state)
{
	static const struct row rows[] = {
		/* P RW US A D, frame 0x12345 */
		{ 3, 0x0000000012345067ULL, "page of 4 KiB at 0x12345000 rwx user accessed dirty" },
		{ 3, 0x8000000012345065ULL, "page of 4 KiB at 0x12345000 r-- user accessed dirty" },
		{ 2, 0x80000000002001e3ULL,
		  "page of 2 MiB at 0x200000 rw- kernel global accessed dirty" },
		{ 1, 0x80000000400001e3ULL,
		  "page of 1 GiB at 0x40000000 rw- kernel global accessed dirty" },
		{ 2, 0x0000000000abc027ULL, "table at 0xabc000" },
		{ 0, 0x0000000000001067ULL, "table at 0x1000" },
		{ 0, 0x0000000000001023ULL, "table at 0x1000 kernel only" },
		{ 1, 0x8000000000001025ULL, "table at 0x1000 read-only below no execution below" },
		{ 3, 0x80000000fee0017bULL,
		  "page of 4 KiB at 0xfee00000 rw- kernel global uncached accessed dirty" },
		{ 3, 0x8000000012345069ULL | 1u << 11,
		  "page of 4 KiB at 0x12345000 r-- kernel write-through accessed dirty software "
		  "0x800" },
		{ 3, 0xa8000000123450f7ULL,
		  "page of 4 KiB at 0x12345000 rw- user uncached-minus PAT accessed dirty "
		  "protection key 5" },
		{ 3, 0x0000000000000000ULL, "not present (software value 0x0)" },
		{ 3, 0x0000000012345400ULL,
		  "not present (software value 0x12345400), page at 0x12345000 without any right" },
		{ 3, 0x0000000012345262ULL, "page at 0x12345000 is being moved" },
		{ 3, 0x0000000012345204ULL, "page at 0x12345000 is lost" },
		{ 0, 0x00000000000010e7ULL,
		  "table at 0x1000; but there are no pages of this size: bit 7 must be zero" },
		{ 2, 0x00000000002060e3ULL,
		  "page of 2 MiB at 0x200000 rwx kernel accessed dirty; but 0x6000 must be zero" },
	};
	static const struct row pae[] = {
		{ 0, 0x0000000000001001ULL, "table at 0x1000" },
		{ 0, 0x0000000000001067ULL, "table at 0x1000; but 0x66 must be zero" },
		{ 2, 0x0010000000001067ULL,
		  "page of 4 KiB at 0x1000 rwx user accessed dirty; but "
		  "0x10000000000000 must be zero" },
	};
	char buf[128];

	(void)state;
	check("x86-64", rows, ARRAY_SIZE(rows));
	check("x86-pae", pae, ARRAY_SIZE(pae));
	pt_explain(&pt_x86_pae, 3, 0, buf, sizeof(buf));
	assert_string_equal(buf, "x86-pae has no level 3");
}

static void test_aarch64(void **state)
{
	static const struct row rows[] = {
		{ 3, 0x00e8000040001f43,
		  "page of 4 KiB at 0x40001000 kernel rw- user rw- attribute 0 "
		  "(write-back) inner shareable accessed dirty" },
		{ 3, 0x0068000040001fc3,
		  "page of 4 KiB at 0x40001000 kernel r-- user r-- attribute 0 (write-back) inner "
		  "shareable accessed first store makes it writable" },
		{ 3, 0x0060000040001bc3,
		  "page of 4 KiB at 0x40001000 kernel r-- user r-- attribute 0 "
		  "(write-back) inner shareable first use faults" },
		{ 3, 0x00e8000009000707,
		  "page of 4 KiB at 0x9000000 kernel rw- user --- attribute 1 (device) inner "
		  "shareable global accessed dirty" },
		/* PXN clear: still not executed by the kernel, for the user writes it */
		{ 3, 0x0000000040001f43,
		  "page of 4 KiB at 0x40001000 kernel rw- user rwx attribute 0 "
		  "(write-back) inner shareable accessed" },
		{ 3, 0x0070000040001c53,
		  "page of 4 KiB at 0x40001000 kernel rw- user rw- attribute 4 "
		  "not shared accessed contiguous (one of 16 alike)" },
		{ 2, 0x00e8000040200701,
		  "block of 2 MiB at 0x40200000 kernel rw- user --- attribute 0 "
		  "(write-back) inner shareable global accessed dirty" },
		{ 1, 0x0040000040000781,
		  "block of 1 GiB at 0x40000000 kernel r-x user --- attribute 0 "
		  "(write-back) inner shareable global accessed" },
		{ 2, 0x0060000040204701,
		  "block of 2 MiB at 0x40200000 kernel rw- user --- attribute 0 (write-back) inner "
		  "shareable global accessed; but 0x4000 must be zero" },
		{ 3, 0x0060000040001d03,
		  "page of 4 KiB at 0x40001000 kernel rw- user --- attribute 0 (write-back) "
		  "accessed; "
		  "but shareability 1 is reserved" },
		{ 0, 0x0000000040203003, "table at 0x40203000" },
		{ 1, 0x7800000040203003,
		  "table at 0x40203000 read-only below kernel only no user "
		  "execution below no kernel execution below" },
		{ 0, 0x0000000000000701,
		  "nothing (0x701); but there are no blocks of this size: access faults" },
		{ 3, 0x0000000040001701,
		  "nothing (0x40001701); but type 1 is reserved at the last "
		  "level: access faults" },
		{ 3, 0x0000000040001702, "not present (software value 0x40001702)" },
		{ 3, 0x0460000040001c80,
		  "not present (software value 0x460000040001c80), page at "
		  "0x40001000 without any right" },
	};

	(void)state;
	check("aarch64", rows, ARRAY_SIZE(rows));
}

static void test_riscv(void **state)
{
	static const struct row rows[] = {
		{ 2, 0x200804d7, "page of 4 KiB at 0x80201000 rw- user accessed dirty" },
		{ 2, 0x2008046b, "page of 4 KiB at 0x80201000 r-x kernel global accessed" },
		{ 2, 0x20080459, "page of 4 KiB at 0x80201000 --x user accessed" },
		{ 1, 0x200800e7, "page of 2 MiB at 0x80200000 rw- kernel global accessed dirty" },
		{ 0, 0x200000e7, "page of 1 GiB at 0x80000000 rw- kernel global accessed dirty" },
		{ 0, 0x20080801, "table at 0x80202000" },
		{ 0, 0x200808f1, "table at 0x80202000 global; but 0xd0 must be zero" },
		{ 2, 0x20080801, "table at 0x80202000; but this is the last level: access faults" },
		{ 2, 0x20080445,
		  "page of 4 KiB at 0x80201000 -w- kernel accessed; but W without R is "
		  "reserved: access faults" },
		{ 1, 0x200804e7,
		  "page of 2 MiB at 0x80201000 rw- kernel global accessed dirty; but "
		  "the address is no multiple of the size: access faults" },
		{ 2, 0x40000000040000e7,
		  "page of 4 KiB at 0x10000000 rw- kernel global device accessed dirty" },
		{ 2, 0x60000000040000e7,
		  "page of 4 KiB at 0x10000000 rw- kernel global accessed "
		  "dirty; but PBMT 3 is reserved: access faults" },
		{ 2, 0x80000000200820d7, "page of 64 KiB at 0x80200000 rw- user accessed dirty" },
		{ 2, 0x80000000200804d7,
		  "page of 4 KiB at 0x80201000 rw- user accessed dirty; but N is "
		  "for 64 KiB only: access faults" },
		{ 2, 0x00400000200804d7,
		  "page of 4 KiB at 0x80201000 rw- user accessed dirty; but "
		  "0x40000000000000 must be zero" },
		{ 2, 0x20080640,
		  "not present (software value 0x20080640), page at 0x80201000 without "
		  "any right" },
	};
	static const struct row sv57[] = {
		{ 0, 0x40000000006b,
		  "page of 256 TiB at 0x1000000000000 r-x kernel global accessed" },
		{ 1, 0x20000000eb,
		  "page of 512 GiB at 0x8000000000 r-x kernel global accessed dirty" },
	};

	(void)state;
	check("riscv-sv39", rows, ARRAY_SIZE(rows));
	check("riscv-sv57", sv57, ARRAY_SIZE(sv57));
}

static void test_armv7(void **state)
{
	static const struct row rows[] = {
		{ 1, 0x8000187f,
		  "small page of 4 KiB at 0x80001000 kernel rw- user rw- write-back" },
		{ 1, 0x8000187e,
		  "small page of 4 KiB at 0x80001000 kernel rwx user rwx write-back" },
		{ 1, 0x80001a7f,
		  "small page of 4 KiB at 0x80001000 kernel r-- user r-- write-back" },
		{ 1, 0x8000102f,
		  "small page of 4 KiB at 0x80001000 kernel rw- user r-- write-back "
		  "without write-allocate global" },
		{ 1, 0x1c090017,
		  "small page of 4 KiB at 0x1c090000 kernel rw- user --- shareable "
		  "device global" },
		{ 1, 0x8000100e,
		  "small page of 4 KiB at 0x80001000 kernel --- user --- write-back "
		  "without write-allocate global" },
		{ 1, 0x80001113,
		  "small page of 4 KiB at 0x80001000 kernel rw- user --- inner "
		  "uncached, outer uncached global" },
		{ 1, 0x80001e0f,
		  "small page of 4 KiB at 0x80001000 kernel --- user --- write-back without "
		  "write-allocate shared; but AP 4 is reserved" },
		{ 1, 0x80001057,
		  "small page of 4 KiB at 0x80001000 kernel rw- user --- global; but TEX, "
		  "C and B are a reserved combination" },
		{ 1, 0x8001985d,
		  "large page of 64 KiB at 0x80010000 kernel rw- user --- write-back "
		  "one of 16 alike; but 0x40 must be zero" },
		{ 1, 0x80001a7c, "not present (software value 0x80001a7c)" },
		{ 0, 0x80204c01, "table at 0x80204c00 domain 0" },
		{ 0, 0x80204ced,
		  "table at 0x80204c00 no kernel execution below non-secure domain 7" },
		{ 0, 0x80204c11, "table at 0x80204c00 domain 0; but 0x10 must be zero" },
		{ 0, 0x8010141e,
		  "section of 1 MiB at 0x80100000 kernel rw- user --- write-back global "
		  "domain 0" },
		{ 0, 0x8010940e,
		  "section of 1 MiB at 0x80100000 kernel r-x user --- write-back global "
		  "domain 0" },
		{ 0, 0x801b942f,
		  "section of 1 MiB at 0x80100000 kernel r-- user --- write-back shared "
		  "non-secure domain 1" },
		{ 0, 0x8135145e,
		  "supersection of 16 MiB at 0x2381000000 kernel rw- user --- "
		  "write-back shared global one of 16 alike domain 0" },
		{ 0, 0x80204c00, "not present (software value 0x80204c00)" },
	};
	static const struct row soft[] = {
		{ 1, 0x80001067,
		  "software entry, page of 4 KiB at 0x80001000 rwx user accessed dirty" },
		{ 1, 0x1c0901fb,
		  "software entry, page of 4 KiB at 0x1c090000 rw- kernel global device "
		  "accessed dirty" },
		{ 1, 0x800014a0,
		  "not present (software value 0x800014a0), page at 0x80001000 without "
		  "any right" },
		{ 1, 0x80001202, "page at 0x80001000 is being moved" },
		{ 0, 0x80204c01, "table at 0x80204c00 domain 0" },
	};
	char buf[QUIRE_PTE_WORDS];

	(void)state;
	check("armv7", rows, ARRAY_SIZE(rows));
	check("armv7-soft", soft, ARRAY_SIZE(soft));
	pt_explain(&pt_armv7, 1, 0x100000000, buf, sizeof(buf));
	assert_string_equal(buf, "an entry of armv7 has 32 bits; 0x100000000 does not fit");
}

/* A buffer that is too small is filled and terminated; what the caller got wrong is a number. */
static void test_buffer_and_errors(void **state)
{
	static const char whole[] = "page of 4 KiB at 0x12345000 rwx user accessed dirty";
	char buf[80];

	(void)state;
	for (size_t size = 0; size <= sizeof(whole); size++) {
		memset(buf, '#', sizeof(buf));
		assert_int_equal(quire_pte_explain("x86-64", 3, 0x12345067, size ? buf : NULL,
						   size),
				 sizeof(whole) - 1);
		if (size) {
			assert_memory_equal(buf, whole, size - 1);
			assert_int_equal(buf[size - 1], '\0');
		}
		assert_int_equal(buf[size], '#');
	}
	memset(buf, '#', sizeof(buf));
	assert_int_equal(quire_pte_explain("x86-65", 3, 0, buf, sizeof(buf)), -ENOENT);
	assert_int_equal(quire_pte_explain("x86", 3, 0, buf, sizeof(buf)), -ENOENT);
	assert_int_equal(quire_pte_explain("x86-64", 4, 0, buf, sizeof(buf)), -EINVAL);
	assert_int_equal(quire_pte_explain("armv7", 1, 1ULL << 32, buf, sizeof(buf)), -EINVAL);
	assert_int_equal(buf[0], '#');
}

static void test_names(void **state)
{
	static const struct quire_pte_format known[] = {
		{ "armv7", 2, 32 },      { "armv7-soft", 2, 32 },    { "aarch64", 4, 64 },
		{ "riscv-sv39", 3, 64 }, { "riscv-sv48", 4, 64 },    { "riscv-sv57", 5, 64 },
		{ "x86-64", 4, 64 },     { "x86-64-5level", 5, 64 }, { "x86-pae", 3, 64 },
	};
	struct quire_pte_format about;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
		assert_string_equal(quire_pte_format(i, &about), known[i].name);
		assert_string_equal(about.name, known[i].name);
		assert_int_equal(about.levels, known[i].levels);
		assert_int_equal(about.entry_bits, known[i].entry_bits);
	}
	assert_null(quire_pte_format(ARRAY_SIZE(known), &about));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_x86),
		cmocka_unit_test(test_aarch64),
		cmocka_unit_test(test_riscv),
		cmocka_unit_test(test_armv7),
		cmocka_unit_test(test_buffer_and_errors),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
