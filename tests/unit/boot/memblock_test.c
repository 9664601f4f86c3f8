/* SPDX-License-Identifier: MIT */
/* memblock: the two lists, the iterators and the allocator, against a byte-per-page model and by hand. */
#include <quire/err.h>
#include "support/layers.h"

#define PAGES 512u

/* A small machine whose memory is really there, for lists that must grow. */
static void start(void)
{
	assert_int_equal(posix_machine_start_simple(8, 1), 0);
}

static void adds_merge_and_split(void **state)
{
	(void)state;
	memblock_exit();
	memblock_add(0x10000, 0x10000);
	memblock_add(0x30000, 0x10000);
	assert_int_equal(memblock.memory.cnt, 2);
	memblock_add(0x18000, 0x20000);
	assert_int_equal(memblock.memory.cnt, 1);
	assert_int_equal(memblock.memory.regions[0].base, 0x10000);
	assert_int_equal(memblock.memory.regions[0].size, 0x30000);
	memblock_remove(0x20000, 0x1000);
	assert_int_equal(memblock.memory.cnt, 2);
	assert_int_equal(memblock_phys_mem_size(), 0x2f000);
	memblock_add_node(0x20000, 0x1000, 1, MEMBLOCK_NONE);
	assert_int_equal(memblock.memory.cnt, 3);
	assert_int_equal(memblock_get_region_node_at(0x20fff), 1);
	memblock_set_node(0, ~0ULL, &memblock.memory, 0);
	assert_int_equal(memblock.memory.cnt, 1);
	assert_law(memblock_check());
	memblock_exit();
}

static void ends_of_the_world(void **state)
{
	(void)state;
	memblock_exit();
	memblock_add(0, 0);
	assert_int_equal(memblock.memory.cnt, 0);
	memblock_add(~0ULL - 0xfff, 0x10000);
	assert_int_equal(memblock.memory.cnt, 1);
	memblock_add(0, 0x1000);
	assert_law(memblock_check());
	memblock_remove(0, ~0ULL);
	assert_int_equal(memblock.memory.cnt, 0);
	assert_int_equal(memblock_phys_mem_size(), 0);
	assert_int_equal(memblock_end_of_DRAM(), 0);
}

static void questions(void **state)
{
	(void)state;
	memblock_exit();
	memblock_add(0x1000, 0x4000);
	memblock_add_node(0x5000, 0x1000, 1, MEMBLOCK_NONE);
	memblock_reserve(0x2000, 0x1000);
	assert_true(memblock_is_memory(0x1000) && !memblock_is_memory(0xfff) &&
		    !memblock_is_memory(0x6000));
	assert_true(memblock_is_reserved(0x2fff) && !memblock_is_reserved(0x3000));
	/* within one region, as in Linux: the node changes at 0x5000 */
	assert_true(memblock_is_region_memory(0x1000, 0x4000) &&
		    !memblock_is_region_memory(0x1000, 0x4001) &&
		    memblock_is_region_memory(0x5000, 0x1000));
	assert_true(memblock_is_region_reserved(0, 0x2001) &&
		    !memblock_is_region_reserved(0, 0x2000));
	assert_true(memblock_is_region_reserved(0x2800, 1) &&
		    !memblock_is_region_reserved(0x3000, 0x9000));
	memblock_mark_nomap(0x3000, 0x1000);
	assert_true(memblock_is_memory(0x3000) && !memblock_is_map_memory(0x3000));
	memblock_clear_nomap(0x3000, 0x1000);
	assert_int_equal(memblock.memory.cnt, 2);
	memblock_exit();
}

static void limits(void **state)
{
	(void)state;
	memblock_exit();
	memblock_add(0x1000, 0x4000);
	memblock_add(0x8000, 0x4000);
	memblock_enforce_memory_limit(0x6000);
	assert_int_equal(memblock_phys_mem_size(), 0x6000);
	assert_int_equal(memblock_end_of_DRAM(), 0xa000);
	memblock_cap_memory_range(0x2000, 0x7000);
	assert_int_equal(memblock_start_of_DRAM(), 0x2000);
	assert_int_equal(memblock_end_of_DRAM(), 0x9000);
	memblock_exit();
	memblock_add(0x1800, 0x2000);
	memblock_add(0x4100, 0x200);
	memblock_trim_memory(0x1000);
	assert_int_equal(memblock.memory.cnt, 1);
	assert_int_equal(memblock_start_of_DRAM(), 0x2000);
	assert_int_equal(memblock_phys_mem_size(), 0x1000);
	memblock_exit();
}

/* Random operations against one byte per page. */
static void model(void **state)
{
	u8 mem[PAGES] = { 0 }, res[PAGES] = { 0 };

	(void)state;
	random_start(3);
	memblock_exit();
	for (unsigned step = 0; step < 3000; step++) {
		unsigned at = (unsigned)random_below(PAGES),
			 n = (unsigned)random_below(min(24u, PAGES - at) + 1);
		phys_addr_t base = (phys_addr_t)at << 12, size = (phys_addr_t)n << 12, start_pa,
			    end_pa;
		u8 seen[PAGES] = { 0 };
		u64 i;

		switch (random_below(4)) {
		case 0:
			assert_int_equal(memblock_add(base, size), 0);
			memset(mem + at, 1, n);
			break;
		case 1:
			assert_int_equal(memblock_remove(base, size), 0);
			memset(mem + at, 0, n);
			break;
		case 2:
			assert_int_equal(memblock_reserve(base, size), 0);
			memset(res + at, 1, n);
			break;
		default:
			assert_int_equal(memblock_phys_free(base, size), 0);
			memset(res + at, 0, n);
			break;
		}
		assert_law_seeded(memblock_check(), step);
		for_each_free_mem_range(i, NUMA_NO_NODE, MEMBLOCK_NONE, &start_pa, &end_pa, NULL)
			for (; start_pa < end_pa; start_pa += 4096)
				seen[start_pa >> 12]++;
		for (unsigned p = 0; p < PAGES; p++)
			assert_int_equal(seen[p], mem[p] && !res[p]);
		for_each_free_mem_range_reverse(i, NUMA_NO_NODE, MEMBLOCK_NONE, &start_pa, &end_pa,
						NULL)
			for (; start_pa < end_pa; start_pa += 4096)
				seen[start_pa >> 12]++;
		for (unsigned p = 0; p < PAGES; p++)
			assert_int_equal(seen[p], mem[p] && !res[p] ? 2 : 0);
	}
	memblock_exit();
}

static void allocates(void **state)
{
	phys_addr_t a, b;
	u8 *p;

	(void)state;
	start();
	a = memblock_phys_alloc(0x3000, 0x1000);
	assert_int_equal(a, memblock_end_of_DRAM() - 0x3000);
	memblock_set_bottom_up(true);
	b = memblock_phys_alloc(0x100, 0x4000);
	assert_int_equal(b, 0x100000);
	assert_int_equal(memblock_phys_alloc(0x10, 0), 0x100100);
	memblock_set_bottom_up(false);
	p = memblock_alloc(0x2345, 64);
	assert_non_null(p);
	for (unsigned i = 0; i < 0x2345; i++)
		assert_int_equal(p[i], 0);
	memblock_free(p, 0x2345);
	assert_false(memblock_is_reserved(__pa(p)));
	memblock_set_current_limit(0x200000);
	assert_true(__pa(memblock_alloc(0x1000, 0x1000)) < 0x200000);
	assert_null(memblock_alloc(0x200000, 0x1000));
	/* the lower bound is given up before failing, a bad alignment is not served */
	assert_non_null(memblock_alloc_from(0x1000, 0x1000, 0x300000));
	assert_int_equal(memblock_phys_alloc(0x1000, 3), 0);
	assert_int_equal(memblock_phys_alloc(0, 8), 0);
	assert_law(memblock_check());
	posix_machine_stop();
}

static void nodes(void **state)
{
	const struct posix_bank banks[] = { { 0x100000, 0x100000, 0 }, { 0x400000, 0x100000, 1 } };

	(void)state;
	assert_int_equal(posix_machine_start(&(struct posix_machine){ banks, 2, 1 }), 0);
	assert_true(__pa(memblock_alloc_node(0x1000, 0x1000, 0)) < 0x200000);
	assert_true(__pa(memblock_alloc_node(0x1000, 0x1000, 1)) >= 0x400000);
	assert_true(__pa(memblock_alloc_node(0xf0000, 0x1000, 0)) < 0x200000);
	assert_true(__pa(memblock_alloc_node(0xf0000, 0x1000, 0)) >= 0x400000);
	assert_null(memblock_alloc_exact_nid_raw(0xf0000, 0x1000, 0, 0, 0));
	posix_machine_stop();
}

static void lists_grow(void **state)
{
	(void)state;
	start();
	for (unsigned i = 0; i < 400; i++)
		assert_int_equal(memblock_reserve(0x100000 + i * 0x2000, 0x1000), 0);
	assert_true(memblock.reserved.cnt >= 400);
	assert_true(memblock.reserved.max > 128);
	for (unsigned i = 0; i < 400; i++)
		assert_true(memblock_is_reserved(0x100000 + i * 0x2000));
	/* the list itself lies in reserved memory */
	assert_true(memblock_is_reserved(__pa(memblock.reserved.regions)));
	assert_law(memblock_check());
	posix_machine_stop();
}

static void no_room_to_grow(void **state)
{
	unsigned i;

	(void)state;
	memblock_exit();
	for (i = 0; i < 1000; i++)
		if (memblock_add((phys_addr_t)i << 13, 0x1000))
			break;
	assert_int_equal(i, 128);
	assert_int_equal(memblock_add((phys_addr_t)i << 13, 0x1000), -ENOMEM);
	assert_int_equal(memblock.memory.cnt, 128);
	assert_law(memblock_check());
	memblock_exit();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_merge_and_split),
		cmocka_unit_test(ends_of_the_world),
		cmocka_unit_test(questions),
		cmocka_unit_test(limits),
		cmocka_unit_test(model),
		cmocka_unit_test(allocates),
		cmocka_unit_test(nodes),
		cmocka_unit_test(lists_grow),
		cmocka_unit_test(no_room_to_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
