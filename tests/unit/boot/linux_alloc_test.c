/* SPDX-License-Identifier: MIT */
/* Code written against Linux's memblock: where its allocations land, top-down and bottom-up. */
#include "linux_arena.h"

#define NO (-1L) /* the allocation must fail */

/* ---- allocation ------------------------------------------------------------------------------ */
enum how { TRY, TRY_RAW, EXACT_RAW, FROM, NODE, PLAIN, PHYS_RANGE, PHYS_TRY };
#define ANY NUMA_NO_NODE
#define WHOLE                                                                                      \
	{                                                                                          \
		{                                                                                  \
			0, 256, ANY                                                                \
		}                                                                                  \
	}

static const struct {
	const char *what;
	struct {
		long base, size; /* KiB */
		int nid;
	} memory[4];
	struct range taken[3];       /* KiB                                          */
	enum how how;                /* which function                               */
	long size, align, low, high; /* bytes, bytes, KiB, KiB (0: no limit)         */
	int nid;                     /* asked for                                    */
	long top, bottom;            /* bytes: result top-down, bottom-up; NO        */
	unsigned long regions;       /* reserved afterwards, 0: do not look          */
} allocs[] = {
	{ "plain", WHOLE, { { 0 } }, PLAIN, 64, 64, 0, 0, ANY, 0x3ffc0, 0, 1 },
	{ "no alignment given", WHOLE, { { 0 } }, PLAIN, 8, 0, 0, 0, ANY, 0x3ffc0, 0, 1 },
	{ "aligned down or up",
	  WHOLE,
	  { { 0, 1 } },
	  PLAIN,
	  100,
	  4096,
	  0,
	  0,
	  ANY,
	  0x3f000,
	  0x1000,
	  2 },
	{ "joins what is above", WHOLE, { { 252, 4 } }, PLAIN, 1024, 64, 0, 0, ANY, 0x3ec00, 0, 0 },
	{ "joins what is below",
	  WHOLE,
	  { { 0, 4 } },
	  PLAIN,
	  1024,
	  64,
	  0,
	  0,
	  ANY,
	  0x3fc00,
	  0x1000,
	  0 },
	{ "fills a gap",
	  WHOLE,
	  { { 0, 64 }, { 68, 188 } },
	  PLAIN,
	  4096,
	  64,
	  0,
	  0,
	  ANY,
	  0x10000,
	  0x10000,
	  1 },
	{ "gap too small",
	  WHOLE,
	  { { 0, 64 }, { 68, 188 } },
	  PLAIN,
	  4097,
	  1,
	  0,
	  0,
	  ANY,
	  NO,
	  NO,
	  2 },
	{ "gap not aligned",
	  WHOLE,
	  { { 0, 65 }, { 69, 187 } },
	  PLAIN,
	  4096,
	  8192,
	  0,
	  0,
	  ANY,
	  NO,
	  NO,
	  2 },
	{ "skips a small gap",
	  WHOLE,
	  { { 32, 192 }, { 248, 8 } },
	  PLAIN,
	  28 * K,
	  1024,
	  0,
	  0,
	  ANY,
	  0x1000,
	  0,
	  0 },
	{ "all of it", WHOLE, { { 0 } }, PLAIN, 256 * K, 64, 0, 0, ANY, 0, 0, 1 },
	{ "more than all", WHOLE, { { 0 } }, PLAIN, 256 * K + 1, 64, 0, 0, ANY, NO, NO, 0 },
	{ "full", WHOLE, { { 0, 256 } }, PLAIN, 8, 8, 0, 0, ANY, NO, NO, 1 },
	{ "no memory", { { 0 } }, { { 0 } }, PLAIN, 8, 8, 0, 0, ANY, NO, NO, 0 },
	{ "second bank",
	  { { 0, 8, ANY }, { 64, 64, ANY } },
	  { { 0 } },
	  PLAIN,
	  16 * K,
	  64,
	  0,
	  0,
	  ANY,
	  0x1c000,
	  0x10000,
	  1 },

	{ "between bounds", WHOLE, { { 0 } }, TRY, 4096, 64, 64, 128, ANY, 0x1f000, 0x10000, 1 },
	{ "raw", WHOLE, { { 0 } }, TRY_RAW, 4096, 64, 64, 128, ANY, 0x1f000, 0x10000, 1 },
	{ "just fits", WHOLE, { { 0 } }, TRY, 64 * K, 64, 64, 128, ANY, 0x10000, 0x10000, 1 },
	{ "bounds too narrow", WHOLE, { { 0 } }, TRY, 64 * K, 64, 96, 128, ANY, 0x10000, 0, 1 },
	{ "never beyond max", WHOLE, { { 0, 128 } }, TRY, 64, 64, 0, 128, ANY, NO, NO, 1 },
	{ "min above all memory", WHOLE, { { 0 } }, TRY, 64, 64, 300, 0, ANY, 0x3ffc0, 0, 1 },
	{ "max below memory", { { 64, 64, ANY } }, { { 0 } }, TRY, 64, 64, 0, 64, ANY, NO, NO, 0 },
	{ "bounds crossed", WHOLE, { { 0 } }, TRY, 64, 64, 128, 64, ANY, 0xffc0, 0, 1 },
	{ "above reserved in bounds",
	  WHOLE,
	  { { 64, 32 } },
	  TRY,
	  4096,
	  64,
	  64,
	  128,
	  ANY,
	  0x1f000,
	  0x18000,
	  0 },
	{ "from", WHOLE, { { 0 } }, FROM, 4096, 64, 64, 0, ANY, 0x3f000, 0x10000, 1 },
	{ "from, given up", WHOLE, { { 64, 192 } }, FROM, 4096, 64, 64, 0, ANY, 0xf000, 0, 0 },
	{ "range", WHOLE, { { 0 } }, PHYS_RANGE, 4096, 64, 64, 128, ANY, 0x1f000, 0x10000, 1 },
	{ "range, kept", WHOLE, { { 64, 64 } }, PHYS_RANGE, 4096, 64, 64, 128, ANY, NO, NO, 1 },

	{ "node",
	  { { 0, 64, 0 }, { 64, 64, 1 }, { 128, 64, 2 } },
	  { { 0 } },
	  NODE,
	  4096,
	  64,
	  0,
	  0,
	  1,
	  0x1f000,
	  0x10000,
	  1 },
	{ "all of a node",
	  { { 0, 64, 0 }, { 64, 64, 1 } },
	  { { 0 } },
	  NODE,
	  64 * K,
	  64,
	  0,
	  0,
	  0,
	  0,
	  0,
	  1 },
	{ "node too small",
	  { { 0, 16, 0 }, { 64, 64, 1 } },
	  { { 0 } },
	  NODE,
	  32 * K,
	  64,
	  0,
	  0,
	  0,
	  0x18000,
	  0x10000,
	  1 },
	{ "node full",
	  { { 0, 64, 0 }, { 64, 64, 1 } },
	  { { 0, 64 } },
	  NODE,
	  64,
	  64,
	  0,
	  0,
	  0,
	  0x1ffc0,
	  0x10000,
	  0 },
	{ "node in pieces",
	  { { 0, 64, 7 }, { 64, 64, 1 }, { 128, 64, 7 } },
	  { { 0 } },
	  NODE,
	  4096,
	  64,
	  0,
	  0,
	  7,
	  0x2f000,
	  0,
	  1 },
	{ "piece of a node",
	  { { 0, 64, 7 }, { 64, 64, 1 }, { 128, 64, 7 } },
	  { { 160, 32 } },
	  NODE,
	  48 * K,
	  64,
	  0,
	  0,
	  7,
	  0x4000,
	  0,
	  0 },
	{ "two nodes' worth",
	  { { 0, 64, 0 }, { 64, 64, 1 } },
	  { { 0 } },
	  NODE,
	  96 * K,
	  64,
	  0,
	  0,
	  0,
	  NO,
	  NO,
	  0 },
	{ "node, bounds in another",
	  { { 0, 64, 0 }, { 64, 64, 1 } },
	  { { 0 } },
	  TRY,
	  4096,
	  64,
	  64,
	  128,
	  0,
	  0x1f000,
	  0x10000,
	  1 },
	{ "bounds over two nodes",
	  { { 0, 64, 0 }, { 64, 64, 1 } },
	  { { 0 } },
	  TRY,
	  4096,
	  64,
	  32,
	  96,
	  0,
	  0xf000,
	  0x8000,
	  1 },
	{ "node and bound given up",
	  { { 0, 64, 0 }, { 64, 64, 1 } },
	  { { 64, 64 } },
	  TRY,
	  4096,
	  64,
	  64,
	  0,
	  1,
	  0xf000,
	  0,
	  0 },
	{ "bound goes, node stays",
	  { { 0, 64, 0 }, { 64, 64, 1 } },
	  { { 0 } },
	  TRY_RAW,
	  4096,
	  64,
	  128,
	  0,
	  0,
	  0xf000,
	  0,
	  1 },
	{ "no such node",
	  { { 0, 64, 0 }, { 64, 64, 1 } },
	  { { 0 } },
	  NODE,
	  4096,
	  64,
	  0,
	  0,
	  5,
	  0x1f000,
	  0,
	  1 },
	{ "exact",
	  { { 0, 64, 0 }, { 64, 64, 1 } },
	  { { 0 } },
	  EXACT_RAW,
	  4096,
	  64,
	  0,
	  0,
	  0,
	  0xf000,
	  0,
	  1 },
	{ "exact, full",
	  { { 0, 64, 0 }, { 64, 64, 1 } },
	  { { 0, 64 } },
	  EXACT_RAW,
	  64,
	  64,
	  0,
	  0,
	  0,
	  NO,
	  NO,
	  1 },
	{ "exact, too small",
	  { { 0, 16, 0 }, { 64, 64, 1 } },
	  { { 0 } },
	  EXACT_RAW,
	  32 * K,
	  64,
	  0,
	  0,
	  0,
	  NO,
	  NO,
	  0 },
	{ "exact, no such node",
	  { { 0, 64, 0 } },
	  { { 0 } },
	  EXACT_RAW,
	  64,
	  64,
	  0,
	  0,
	  5,
	  NO,
	  NO,
	  0 },
	{ "exact, min given up",
	  { { 0, 64, 0 }, { 64, 64, 1 } },
	  { { 0 } },
	  EXACT_RAW,
	  4096,
	  64,
	  64,
	  0,
	  0,
	  0xf000,
	  0,
	  1 },
	{ "exact, max in another",
	  { { 0, 64, 0 }, { 64, 64, 1 } },
	  { { 0 } },
	  EXACT_RAW,
	  64,
	  64,
	  0,
	  64,
	  1,
	  NO,
	  NO,
	  0 },
	{ "physical, node",
	  { { 0, 64, 0 }, { 64, 64, 1 } },
	  { { 0 } },
	  PHYS_TRY,
	  4096,
	  64,
	  0,
	  0,
	  0,
	  0xf000,
	  0,
	  1 },
	{ "physical, another node",
	  { { 0, 64, 0 }, { 64, 64, 1 } },
	  { { 0, 64 } },
	  PHYS_TRY,
	  4096,
	  64,
	  0,
	  0,
	  0,
	  0x1f000,
	  0x10000,
	  0 },
};

static phys_addr_t address(void *p)
{
	return p ? virt_to_phys(p) : 0;
}

static phys_addr_t allocate(unsigned i)
{
	phys_addr_t size = allocs[i].size, align = allocs[i].align,
		    low = allocs[i].low ? at(allocs[i].low * K) : MEMBLOCK_LOW_LIMIT,
		    high = allocs[i].high ? at(allocs[i].high * K) : MEMBLOCK_ALLOC_ACCESSIBLE;
	int nid = allocs[i].nid;

	switch (allocs[i].how) {
	case TRY: return address(memblock_alloc_try_nid(size, align, low, high, nid));
	case TRY_RAW: return address(memblock_alloc_try_nid_raw(size, align, low, high, nid));
	case EXACT_RAW: return address(memblock_alloc_exact_nid_raw(size, align, low, high, nid));
	case FROM: return address(memblock_alloc_from(size, align, low));
	case NODE: return address(memblock_alloc_node(size, align, nid));
	case PHYS_RANGE: return memblock_phys_alloc_range(size, align, low, high);
	case PHYS_TRY: return memblock_phys_alloc_try_nid(size, align, nid);
	default: return address(memblock_alloc(size, align));
	}
}

static void check_alloc(unsigned i, bool bottom_up)
{
	long want = bottom_up ? allocs[i].bottom : allocs[i].top;
	bool raw = allocs[i].how == TRY_RAW || allocs[i].how == EXACT_RAW ||
		   allocs[i].how == PHYS_RANGE || allocs[i].how == PHYS_TRY;
	phys_addr_t before, got;

	reset();
	memblock_set_bottom_up(bottom_up);
	for (unsigned j = 0; j < 4 && allocs[i].memory[j].size; j++)
		memblock_add_node(at(allocs[i].memory[j].base * K), allocs[i].memory[j].size * K,
				  allocs[i].memory[j].nid, MEMBLOCK_NONE);
	for (unsigned j = 0; j < 3 && allocs[i].taken[j].size; j++)
		memblock_reserve(at(allocs[i].taken[j].base * K), allocs[i].taken[j].size * K);
	before = memblock_reserved_size();
	got = allocate(i);
	if (got != (want == NO ? 0 : at(want)))
		fail_msg("%s, %s: got %lx", allocs[i].what, bottom_up ? "bottom-up" : "top-down",
			 got ? (long)(got - at(0)) : NO);
	assert_int_equal(memblock_reserved_size() - before, want == NO ? 0 : allocs[i].size);
	if (allocs[i].regions && memblock.reserved.cnt != allocs[i].regions)
		fail_msg("%s: %lu regions", allocs[i].what, memblock.reserved.cnt);
	for (long j = 0; want != NO && j < allocs[i].size; j++)
		assert_int_equal(arena[want + j], raw ? 0xa5 : 0);
	assert_law(memblock_check());
}

static void allocates(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(allocs); i++) {
		check_alloc(i, false);
		check_alloc(i, true);
	}
}

static void current_limit_and_first_page(void **state)
{
	(void)state;
	reset();
	memblock_add(at(0), ARENA);
	memblock_set_current_limit(at(128 * K));
	assert_int_equal(memblock_get_current_limit(), at(128 * K));
	assert_int_equal(memblock_phys_alloc(K, K), at(127 * K));
	assert_ptr_equal(memblock_alloc_try_nid(K, K, 0, at(200 * K), ANY), arena + 126 * K);
	assert_ptr_equal(memblock_alloc_raw(K, K), arena + 125 * K);
	/* a physical allocation may say that it needs no address */
	assert_int_equal(memblock_phys_alloc_range(K, K, 0, MEMBLOCK_ALLOC_ANYWHERE), at(255 * K));
	reset();
	memblock_add(0, 4 * PAGE_SIZE);
	assert_int_equal(memblock_find_in_range(0, MEMBLOCK_ALLOC_ANYWHERE, 3 * PAGE_SIZE, 64),
			 PAGE_SIZE);
	assert_int_equal(memblock_find_in_range(0, MEMBLOCK_ALLOC_ANYWHERE, 4 * PAGE_SIZE, 64), 0);
	reset();
	memblock_add(SZ_2G, SZ_2G + SZ_1G);
	assert_int_equal(memblock_phys_alloc_range(PAGE_SIZE, PAGE_SIZE, 0, ARCH_LOW_ADDRESS_LIMIT),
			 0xffffe000u);
}

static void frees(void **state)
{
	void *p;

	(void)state;
	reset();
	memblock_add(at(0), ARENA);
	p = memblock_alloc_or_panic(SZ_4K, SZ_4K);
	assert_true(memblock_is_reserved(virt_to_phys(p)));
	memblock_free(p, SZ_4K);
	memblock_free(NULL, SZ_4K);
	assert_int_equal(memblock.reserved.cnt, 0);
	assert_int_equal(memblock_reserved_size(), 0);
}

static void flags_steer_allocation(void **state)
{
	(void)state;
	reset();
	memblock_add(at(0), ARENA);
	memblock_mark_nomap(at(192 * K), 64 * K);
	assert_int_equal(memblock_phys_alloc(K, K), at(191 * K));
	assert_true(memblock_is_memory(at(192 * K)) && !memblock_is_map_memory(at(192 * K)));
	memblock_mark_hotplug(at(128 * K), 64 * K);
	assert_int_equal(memblock_phys_alloc(K, K), at(190 * K));
	movable_node_enabled = true;
	assert_true(movable_node_is_enabled());
	assert_int_equal(memblock_phys_alloc(K, K), at(127 * K));
	/* mirrored memory first; what does not fit there goes elsewhere */
	assert_false(memblock_has_mirror());
	memblock_mark_mirror(at(32 * K), 32 * K);
	assert_true(memblock_has_mirror());
	assert_int_equal(memblock_phys_alloc(K, K), at(63 * K));
	assert_int_equal(memblock_phys_alloc(48 * K, K), at(79 * K));
	memblock_add_node(at(256 * K), 16 * K, ANY, MEMBLOCK_DRIVER_MANAGED);
	assert_true(memblock_is_driver_managed(&memblock.memory.regions[memblock.memory.cnt - 1]));
	assert_int_equal(memblock_phys_alloc_range(K, K, at(256 * K), at(272 * K)), 0);
	assert_law(memblock_check());
	reset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocates),
		cmocka_unit_test(current_limit_and_first_page),
		cmocka_unit_test(frees),
		cmocka_unit_test(flags_steer_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
