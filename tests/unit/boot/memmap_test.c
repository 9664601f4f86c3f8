/* SPDX-License-Identifier: MIT */
/* Firmware maps as they come: each is normalised with a warning that names the entry, or refused in words. */
#include <quire/err.h>
#include <quire/memmap.h>
#include "support/layers.h"

#define MIB (1ULL << 20)
#define E(base, size, type, name)                                                                  \
	{                                                                                          \
		(base), (size), (type), (name)                                                     \
	}

static char why[200];

static int add(const struct quire_memmap_entry *e, size_t n)
{
	why[0] = 0;
	posix_log_take();
	return quire_memmap_add(e, n, why, sizeof(why));
}

static void a_pc(void **state)
{
	static const struct quire_memmap_entry map[] = {
		E(0xfffc0000, 0x40000, 2, "rom"),  E(0, 0x9fc00, 1, "low"),
		E(0x9fc00, 0x400, 2, "ebda"),      E(0xf0000, 0x10000, 2, "bios"),
		E(0x100000, 255 * MIB, 1, "high"),
	};

	(void)state;
	memblock_exit();
	assert_int_equal(add(map, ARRAY_SIZE(map)), 0);
	assert_string_equal(posix_log_take(), "");
	assert_int_equal(memblock.memory.cnt, 2);
	assert_int_equal(memblock.memory.regions[0].size, 0x9f000);
	assert_int_equal(memblock.memory.regions[1].base, 0x100000);
	memblock_exit();
}

static const struct {
	const char *what;
	struct quire_memmap_entry map[4];
	size_t n;
	unsigned long pages; /* of RAM that results           */
	const char *warning; /* words in the log, or NULL     */
} shapes[] = {
	{ "unsorted, touching", { E(2 * MIB, MIB, 1, "b"), E(MIB, MIB, 1, "a") }, 2, 512, NULL },
	{ "empty entry",
	  { E(MIB, 2 * MIB, 1, "a"), E(0x1000, 0, 1, "none") },
	  2,
	  512,
	  "entry 1 (none)" },
	{ "overlap",
	  { E(MIB, 2 * MIB, 1, "a"), E(2 * MIB, 2 * MIB, 1, "b") },
	  2,
	  768,
	  "entry 1 (b) [0x200000-0x3fffff] RAM overlaps" },
	{ "reserved over RAM",
	  { E(0x180000, 0x10, 2, "r"), E(MIB, 2 * MIB, 1, "a") },
	  2,
	  511,
	  "entry 0 (r)" },
	{ "unknown type over RAM",
	  { E(MIB, 2 * MIB, 1, "a"), E(0x180000, 0x2001, 77, NULL) },
	  2,
	  509,
	  "entry 1 (no name)" },
	{ "wraps",
	  { E(MIB, 2 * MIB, 1, "a"), E(~0ULL - 0xfff, 0x10000, 1, "w") },
	  2,
	  512,
	  "entry 1 (w)" },
	{ "reserved that wraps",
	  { E(MIB, 2 * MIB, 1, "a"), E(0x200000, ~0ULL, 2, "all") },
	  2,
	  256,
	  "entry 1 (all)" },
	{ "ragged edges", { E(MIB + 1, 2 * MIB, 1, "a") }, 1, 511, NULL },
	{ "pieces of a page",
	  { E(MIB, MIB, 1, "a"), E(2 * MIB, 0x800, 1, "b"), E(2 * MIB + 0x800, 0x800, 1, "c") },
	  3,
	  257,
	  NULL },
};

static void odd_shapes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(shapes); i++) {
		const char *log;

		memblock_exit();
		if (add(shapes[i].map, shapes[i].n))
			fail_msg("%s: refused: %s", shapes[i].what, why);
		log = posix_log_take();
		if (memblock_phys_mem_size() >> 12 != shapes[i].pages)
			fail_msg("%s: %llu pages", shapes[i].what,
				 (unsigned long long)memblock_phys_mem_size() >> 12);
		if (shapes[i].warning ? !strstr(log, shapes[i].warning) : *log)
			fail_msg("%s: logged \"%s\"", shapes[i].what, log);
		assert_law(memblock_check());
	}
	memblock_exit();
}

static void beyond_the_limit(void **state)
{
	phys_addr_t limit = (phys_addr_t)1 << QUIRE_MAX_PHYS_BITS;
	struct quire_memmap_entry map[] = { E(MIB, MIB, 1, "a"), E(0, MIB, 1, "edge"),
					    E(0, MIB, 1, "far") };

	(void)state;
	map[1].base = limit - MIB / 2;
	map[2].base = limit + MIB;
	memblock_exit();
	assert_int_equal(add(map, 3), 0);
	assert_int_equal(memblock_phys_mem_size(), MIB + MIB / 2);
	assert_non_null(strstr(posix_log_take(), "entry 2 (far)"));
	memblock_exit();
}

static void refusals(void **state)
{
	static const struct quire_memmap_entry tiny[] = { E(0, 0x80000, 1, "crumb"),
							  E(MIB, MIB, 2, "r") };
	static const struct quire_memmap_entry none[] = { E(MIB, 64 * MIB, 2, "r") };

	(void)state;
	memblock_exit();
	memblock_reserve(0x1000, 0x1000);
	assert_int_equal(add(tiny, 2), -EINVAL);
	assert_non_null(strstr(why, "512 KiB of usable RAM"));
	assert_non_null(strstr(why, "(crumb)"));
	assert_int_equal(add(none, 1), -EINVAL);
	assert_non_null(strstr(why, "no entry is RAM"));
	assert_int_equal(add(NULL, 0), -EINVAL);
	assert_int_equal(memblock.memory.cnt, 0);
	assert_int_equal(memblock.reserved.cnt, 1);
	memblock_exit();
}

/* 300 separate ranges: the list must grow into the memory that it describes. */
static void many_entries(void **state)
{
	static struct quire_memmap_entry map[2000];
	static const struct posix_bank bank = { MIB, 16 * MIB, 0 };

	(void)state;
	assert_int_equal(posix_machine_start(&(struct posix_machine){ &bank, 1, 1 }), 0);
	memblock_remove(0, ~0ULL);
	for (unsigned i = 0; i < 300; i++)
		map[i] = (struct quire_memmap_entry)E(MIB + (u64)i * 0x6000,
						      i == 7 ? 0x5000 : 0x4000, 1, "bank");
	map[299].size = 8 * MIB;
	assert_int_equal(add(map, 300), 0);
	assert_int_equal(memblock.memory.cnt, 300);
	assert_law(memblock_check());
	posix_machine_stop();
	/* More than can be noted: refused, naming the entry. */
	for (unsigned i = 0; i < 2000; i++)
		map[i] = (struct quire_memmap_entry)E(MIB + (u64)i * 0x2000, 0x1000, 1, "crumb");
	assert_int_equal(add(map, 2000), -EINVAL);
	assert_non_null(strstr(why, "entry 6"));
	assert_int_equal(memblock.memory.cnt, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pc),
		cmocka_unit_test(odd_shapes),
		cmocka_unit_test(beyond_the_limit),
		cmocka_unit_test(refusals),
		cmocka_unit_test(many_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
