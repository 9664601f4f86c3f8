/* SPDX-License-Identifier: MIT */
/* Code written against Linux's memblock: headers, names, arguments and fields; the two lists. */
#include "linux_arena.h"

static void initial_state(void **state)
{
	(void)state;
	reset();
	assert_non_null(memblock.memory.regions);
	assert_int_equal(memblock.memory.cnt, 0);
	assert_int_equal(memblock.memory.max, INIT_MEMBLOCK_REGIONS);
	assert_string_equal(memblock.memory.name, "memory");
	assert_non_null(memblock.reserved.regions);
	assert_int_equal(memblock.reserved.cnt, 0);
	assert_int_equal(memblock.reserved.max, INIT_MEMBLOCK_REGIONS);
	assert_string_equal(memblock.reserved.name, "reserved");
	assert_false(memblock.bottom_up);
	assert_int_equal(memblock.current_limit, MEMBLOCK_ALLOC_ANYWHERE);
}

/* ---- adding and taking away: the same for both lists ---------------------------------------- */
static const struct {
	const char *what;
	struct range in[3]; /* added in this order                */
	struct range out;   /* then taken away                    */
	struct range is[4]; /* result                             */
} lists[] = {
	{ "one", { { 16, 4 } }, { 0, 0 }, { { 16, 4 } } },
	{ "apart", { { 16, 4 }, { 32, 4 } }, { 0, 0 }, { { 16, 4 }, { 32, 4 } } },
	{ "apart, high first", { { 32, 4 }, { 16, 4 } }, { 0, 0 }, { { 16, 4 }, { 32, 4 } } },
	{ "over the start", { { 16, 8 }, { 12, 8 } }, { 0, 0 }, { { 12, 12 } } },
	{ "over the end", { { 16, 8 }, { 20, 8 } }, { 0, 0 }, { { 16, 12 } } },
	{ "within", { { 16, 8 }, { 18, 2 } }, { 0, 0 }, { { 16, 8 } } },
	{ "around", { { 18, 2 }, { 16, 8 } }, { 0, 0 }, { { 16, 8 } } },
	{ "twice", { { 16, 8 }, { 16, 8 } }, { 0, 0 }, { { 16, 8 } } },
	{ "between touching", { { 8, 4 }, { 16, 4 }, { 12, 4 } }, { 0, 0 }, { { 8, 12 } } },
	{ "over two", { { 8, 4 }, { 16, 4 }, { 10, 8 } }, { 0, 0 }, { { 8, 12 } } },
	{ "take one of two", { { 8, 4 }, { 16, 4 } }, { 8, 4 }, { { 16, 4 } } },
	{ "take nothing there", { { 8, 4 } }, { 16, 4 }, { { 8, 4 } } },
	{ "take the start", { { 8, 8 } }, { 4, 8 }, { { 12, 4 } } },
	{ "take the end", { { 8, 8 } }, { 12, 8 }, { { 8, 4 } } },
	{ "take the middle", { { 8, 8 } }, { 10, 2 }, { { 8, 2 }, { 12, 4 } } },
	{ "take all and more", { { 8, 8 } }, { 4, 32 }, { { 0, 0 } } },
	{ "take between two", { { 8, 8 }, { 24, 8 } }, { 12, 16 }, { { 8, 4 }, { 28, 4 } } },
};

static void check_list(struct memblock_type *type, int (*put)(phys_addr_t, phys_addr_t),
		       int (*take)(phys_addr_t, phys_addr_t), unsigned i)
{
	unsigned long n = 0;
	phys_addr_t total = 0;

	reset();
	for (unsigned j = 0; j < 3; j++)
		assert_int_equal(put(lists[i].in[j].base * K, lists[i].in[j].size * K), 0);
	assert_int_equal(take(lists[i].out.base * K, lists[i].out.size * K), 0);
	for (; n < 4 && lists[i].is[n].size; n++) {
		assert_region(*type, n, lists[i].is[n].base * K, lists[i].is[n].size * K);
		total += lists[i].is[n].size * K;
	}
	if (type->cnt != n || type->total_size != total)
		fail_msg("%s: %lu regions", lists[i].what, type->cnt);
	assert_law(memblock_check());
}

static void adds_and_removes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(lists); i++) {
		check_list(&memblock.memory, memblock_add, memblock_remove, i);
		check_list(&memblock.reserved, memblock_reserve, memblock_phys_free, i);
		check_list(&memblock.reserved, memblock_reserve_kern, memblock_phys_free, i);
	}
}

static void near_the_end_of_addresses(void **state)
{
	phys_addr_t base = PHYS_ADDR_MAX - SZ_1M, start, end;
	unsigned n = 0;
	u64 i;

	(void)state;
	reset();
	memblock_add(base, SZ_2M);
	assert_region(memblock.memory, 0, base, SZ_1M);
	memblock_reserve(base, SZ_2M);
	assert_region(memblock.reserved, 0, base, SZ_1M);
	for_each_mem_range(i, &start, &end) {
		assert_int_equal(start, base);
		assert_int_equal(end, PHYS_ADDR_MAX);
		n++;
	}
	for_each_mem_range_rev(i, &start, &end) n++;
	assert_int_equal(n, 2);
	memblock_phys_free(base + K, SZ_2M);
	assert_region(memblock.reserved, 0, base, K);
	memblock_remove(base + K, SZ_2M);
	assert_region(memblock.memory, 0, base, K);
}

/* ---- flags ----------------------------------------------------------------------------------- */
static void marks(void **state)
{
	static const struct {
		int (*set)(phys_addr_t, phys_addr_t), (*clear)(phys_addr_t, phys_addr_t);
		bool (*is)(const struct memblock_region *);
		enum memblock_flags flag;
	} kinds[] = {
		{ memblock_mark_hotplug, memblock_clear_hotplug, memblock_is_hotpluggable,
		  MEMBLOCK_HOTPLUG },
		{ memblock_mark_nomap, memblock_clear_nomap, memblock_is_nomap, MEMBLOCK_NOMAP },
		{ memblock_mark_mirror, NULL, memblock_is_mirror, MEMBLOCK_MIRROR },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		reset();
		memblock_add(at(0), ARENA);
		assert_int_equal(kinds[i].set(at(64 * K), 64 * K), 0);
		assert_int_equal(memblock.memory.cnt, 3);
		assert_region(memblock.memory, 1, at(64 * K), 64 * K);
		assert_int_equal(memblock.memory.regions[0].flags, MEMBLOCK_NONE);
		assert_int_equal(memblock.memory.regions[1].flags, kinds[i].flag);
		assert_true(kinds[i].is(&memblock.memory.regions[1]));
		if (!kinds[i].clear)
			continue;
		kinds[i].clear(at(64 * K), 64 * K);
		assert_int_equal(memblock.memory.cnt, 1);
	}
	reset();
	memblock_reserve(at(0), 64 * K);
	memblock_reserved_mark_noinit(at(0), 32 * K);
	assert_int_equal(memblock.reserved.cnt, 2);
	assert_true(memblock_is_reserved_noinit(&memblock.reserved.regions[0]));
}

static void nodes_of_regions(void **state)
{
	unsigned long start = 1, end = 1;

	(void)state;
	reset();
	memblock_add(at(0), ARENA);
	assert_false(memblock_validate_numa_coverage(ARENA - 1));
	assert_true(memblock_validate_numa_coverage(ARENA));
	assert_int_equal(memblock_set_node(at(0), 128 * K, &memblock.memory, 0), 0);
	assert_int_equal(memblock_set_node(at(128 * K), 128 * K, &memblock.memory, 1), 0);
	assert_true(memblock_validate_numa_coverage(0));
	assert_int_equal(memblock.memory.cnt, 2);
	assert_int_equal(memblock_get_region_node(&memblock.memory.regions[1]), 1);
	memblock_set_region_node(&memblock.memory.regions[1], 3);
	assert_int_equal(memblock_search_pfn_nid(PHYS_PFN(at(130 * K)), &start, &end), 3);
	assert_int_equal(start, PHYS_PFN(at(128 * K)));
	assert_int_equal(end, PHYS_PFN(at(256 * K)));
	assert_int_equal(memblock_search_pfn_nid(PHYS_PFN(at(256 * K)), &start, &end),
			 NUMA_NO_NODE);
	/* reserved regions have nodes, too, and adding over them changes neither */
	memblock_reserve(at(0), 64 * K);
	memblock_set_node(at(32 * K), 32 * K, &memblock.reserved, 2);
	memblock_reserve(at(0), 128 * K);
	assert_int_equal(memblock.reserved.cnt, 3);
	assert_int_equal(memblock.reserved.regions[1].nid, 2);
	assert_law(memblock_check());
}

/* ---- limits ---------------------------------------------------------------------------------- */
static void two_banks(void)
{
	reset();
	memblock_add(at(0), 64 * K);
	memblock_add(at(128 * K), 64 * K);
	memblock_reserve(at(32 * K), 16 * K);
	memblock_reserve(at(160 * K), 32 * K);
}

static void limits(void **state)
{
	(void)state;
	two_banks();
	memblock_enforce_memory_limit(0);
	memblock_enforce_memory_limit(200 * K);
	assert_int_equal(memblock_phys_mem_size(), 128 * K);
	memblock_enforce_memory_limit(104 * K);
	assert_int_equal(memblock_end_of_DRAM(), at(168 * K));
	assert_region(memblock.reserved, 1, at(160 * K), 8 * K);
	memblock_enforce_memory_limit(40 * K);
	assert_int_equal(memblock.memory.cnt, 1);
	assert_region(memblock.reserved, 0, at(32 * K), 8 * K);

	two_banks();
	memblock_mark_nomap(at(0), 4 * K);
	memblock_cap_memory_range(at(8 * K), 0);
	assert_int_equal(memblock_phys_mem_size(), 128 * K);
	memblock_cap_memory_range(at(8 * K), 128 * K);
	assert_int_equal(memblock.memory.cnt, 3);
	assert_region(memblock.memory, 0, at(0), 4 * K);
	assert_region(memblock.memory, 1, at(8 * K), 56 * K);
	assert_region(memblock.memory, 2, at(128 * K), 8 * K);
	assert_int_equal(memblock.reserved.cnt, 1);

	two_banks();
	memblock_mark_nomap(at(188 * K), 4 * K);
	memblock_mem_limit_remove_map(0);
	memblock_mem_limit_remove_map(SZ_1G);
	assert_int_equal(memblock_phys_mem_size(), 128 * K);
	memblock_mem_limit_remove_map(80 * K);
	assert_region(memblock.memory, 1, at(128 * K), 16 * K);
	assert_region(memblock.memory, 2, at(188 * K), 4 * K);
	reset();
	memblock_cap_memory_range(0, SZ_1M);
	assert_int_equal(memblock.memory.cnt, 0);
}

static void trims(void **state)
{
	(void)state;
	reset();
	memblock_add(SZ_64K, SZ_64K);           /* stays          */
	memblock_add(SZ_256K + 1, SZ_128K);     /* both ends      */
	memblock_add(SZ_1M + 1, SZ_64K);        /* nothing whole  */
	memblock_add(SZ_2M, SZ_64K + SZ_4K);    /* the end        */
	memblock_add(SZ_4M - SZ_4K, SZ_4K * 8); /* nothing whole  */
	memblock_trim_memory(SZ_64K);
	assert_int_equal(memblock.memory.cnt, 3);
	assert_region(memblock.memory, 0, SZ_64K, SZ_64K);
	assert_region(memblock.memory, 1, SZ_256K + SZ_64K, SZ_64K);
	assert_region(memblock.memory, 2, SZ_2M, SZ_64K);
	assert_law(memblock_check());
}

static void questions(void **state)
{
	struct memblock_region *r;
	unsigned n = 0;

	(void)state;
	two_banks();
	assert_int_equal(memblock_start_of_DRAM(), at(0));
	assert_int_equal(memblock_end_of_DRAM(), at(192 * K));
	assert_int_equal(memblock_phys_mem_size(), 128 * K);
	assert_int_equal(memblock_reserved_size(), 48 * K);
	assert_int_equal(memblock_estimated_nr_free_pages(), 80 * K / PAGE_SIZE);
	assert_true(memblock_overlaps_region(&memblock.memory, at(60 * K), 8 * K));
	assert_false(memblock_overlaps_region(&memblock.memory, at(64 * K), 64 * K));
	assert_true(memblock_is_region_memory(at(4 * K), 60 * K));
	assert_false(memblock_is_region_memory(at(4 * K), 61 * K));
	assert_true(memblock_is_region_reserved(at(0), 33 * K));
	assert_false(memblock_is_region_reserved(at(0), 32 * K));
	memblock_remove(at(0), 1);
	r = &memblock.memory.regions[0];
	assert_int_equal(memblock_region_memory_base_pfn(r), PFN_UP(at(1)));
	assert_int_equal(memblock_region_memory_end_pfn(r), PFN_DOWN(at(64 * K)));
	for_each_reserved_mem_region(r) n +=
		memblock_region_reserved_end_pfn(r) > memblock_region_reserved_base_pfn(r);
	for_each_mem_region(r)
		n++;
	assert_int_equal(n, 4);
}

/* ---- iterators ------------------------------------------------------------------------------- */
static void iterates(void **state)
{
	static const struct range free[] = { { 0, 32 }, { 48, 16 }, { 128, 32 } };
	phys_addr_t start, end;
	unsigned n = 0;
	int nid;
	u64 i;

	(void)state;
	two_banks();
	for_each_free_mem_range(i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, &nid) {
		assert_int_equal(start, at(free[n].base * K));
		assert_int_equal(end - start, free[n].size * K);
		n++;
	}
	assert_int_equal(n, 3);
	for_each_free_mem_range_reverse(i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL) {
		n--;
		assert_int_equal(start, at(free[n].base * K));
		assert_int_equal(end - start, free[n].size * K);
	}
	assert_int_equal(n, 0);
	assert_true(i == U64_MAX);
	for_each_reserved_mem_range(i, &start, &end)
		n += (unsigned)((end - start) / K);
	assert_int_equal(n, 48);
	/* all banks of memory are shown, except those that have no mapping */
	memblock_mark_hotplug(at(0), 64 * K);
	memblock_mark_nomap(at(128 * K), 32 * K);
	movable_node_enabled = true;
	n = 0;
	for_each_mem_range(i, &start, &end)
		n += (unsigned)((end - start) / K);
	assert_int_equal(n, 96);
	for_each_free_mem_range(i, NUMA_NO_NODE, MEMBLOCK_NOMAP, &start, NULL, NULL)
		assert_int_equal(start, at(128 * K));
	reset();
}

static void iterates_over_frames(void **state)
{
	unsigned long start, end, frames = 0;
	int i, nid, n = 0;

	(void)state;
	reset();
	memblock_add_node(at(1), SZ_8K - 1, 0, MEMBLOCK_NONE);
	memblock_add_node(at(64 * K + 1), SZ_4K, 1, MEMBLOCK_NONE); /* no whole frame */
	memblock_add_node(at(128 * K), SZ_8K, 1, MEMBLOCK_NONE);
	for_each_mem_pfn_range(i, MAX_NUMNODES, &start, &end, &nid)
	{
		frames += end - start;
		n++;
	}
	assert_int_equal(n, 2);
	assert_int_equal(frames, 3);
	assert_int_equal(i, -1);
	for_each_mem_pfn_range(i, 1, &start, NULL, NULL)
		assert_int_equal(start, PHYS_PFN(at(128 * K)));
}

static void physmem_is_apart(void **state)
{
	phys_addr_t start, end, total = 0;
	u64 i;

	(void)state;
	reset();
	memblock_physmem_add(at(0), ARENA);
	assert_int_equal(memblock.memory.cnt, 0);
	memblock_reserve(at(64 * K), 64 * K);
	for_each_physmem_range(i, &memblock.reserved, &start, &end) total += end - start;
	for_each_physmem_range(i, NULL, &start, &end) total += end - start;
	assert_int_equal(total, 192 * K + ARENA);
	memblock_dump_all();
	reset();
}

/* ---- arrays that double ---------------------------------------------------------------------- */
#define ARRAY_BYTES(n) PAGE_ALIGN((n) * sizeof(struct memblock_region))

static void reserved_doubles(void **state)
{
	phys_addr_t array;

	(void)state;
	reset();
	memblock_allow_resize();
	memblock_add(at(0), ARENA);
	for (long i = 0; i < INIT_MEMBLOCK_REGIONS; i++)
		assert_int_equal(memblock_reserve(at(64 * i), 32), 0);
	assert_int_equal(memblock.reserved.cnt, INIT_MEMBLOCK_REGIONS);
	assert_int_equal(memblock.reserved.max, INIT_MEMBLOCK_REGIONS);
	assert_int_equal(memblock_reserve(at(64 * INIT_MEMBLOCK_REGIONS), 32), 0);
	/* the new one, and the array itself at the top of memory */
	assert_int_equal(memblock.reserved.cnt, INIT_MEMBLOCK_REGIONS + 2);
	assert_int_equal(memblock.reserved.max, 2 * INIT_MEMBLOCK_REGIONS);
	assert_int_equal(memblock_reserved_size(),
			 (INIT_MEMBLOCK_REGIONS + 1) * 32 + ARRAY_BYTES(256));
	array = virt_to_phys(memblock.reserved.regions);
	assert_int_equal(array, at(ARENA - ARRAY_BYTES(256)));
	/* the next doubling gives the first array back */
	for (long i = INIT_MEMBLOCK_REGIONS + 1; i < 300; i++)
		assert_int_equal(memblock_reserve(at(64 * i), 32), 0);
	assert_int_equal(memblock.reserved.max, 4 * INIT_MEMBLOCK_REGIONS);
	assert_int_equal(memblock_reserved_size(), 300 * 32 + ARRAY_BYTES(512));
	assert_false(memblock_is_reserved(array));
	for (long i = 0; i < 300; i++)
		assert_region(memblock.reserved, i, at(64 * i), 32);
	assert_law(memblock_check());
	reset();
}

static void the_array_avoids_what_is_being_reserved(void **state)
{
	(void)state;
	reset();
	memblock_add(at(0), ARENA);
	for (long i = 0; i < INIT_MEMBLOCK_REGIONS; i++)
		memblock_reserve(at(64 * i), 32);
	assert_int_equal(memblock_reserve(at(16 * K), ARENA - 16 * K), 0);
	assert_true(virt_to_phys(memblock.reserved.regions) + ARRAY_BYTES(256) <= at(16 * K));
	assert_law(memblock_check());
	reset();
}

static void memory_doubles(void **state)
{
	(void)state;
	reset();
	memblock_allow_resize();
	memblock_add(at(0), 64 * K);
	for (long i = 1; i <= INIT_MEMBLOCK_REGIONS; i++)
		assert_int_equal(memblock_add(at(ARENA + 128 * i), 64), 0);
	assert_int_equal(memblock.memory.cnt, INIT_MEMBLOCK_REGIONS + 1);
	assert_int_equal(memblock.memory.max, 2 * INIT_MEMBLOCK_REGIONS);
	assert_int_equal(memblock.reserved.cnt, 1);
	assert_int_equal(memblock_reserved_size(), ARRAY_BYTES(256));
	assert_law(memblock_check());
	reset();
}

static void full_lists_can_still_shrink(void **state)
{
	(void)state;
	reset();
	for (phys_addr_t i = 0; i < INIT_MEMBLOCK_REGIONS; i++)
		assert_int_equal(memblock_add(SZ_1M + i * 64, 32), 0);
	/* splitting needs room that is not there, taking away does not */
	assert_int_equal(memblock_remove(SZ_1M + 8, 8), -ENOMEM);
	assert_int_equal(memblock_remove(SZ_1M, 32), 0);
	assert_int_equal(memblock_remove(SZ_1M + 64 + 24, 8), 0);
	assert_int_equal(memblock.memory.cnt, INIT_MEMBLOCK_REGIONS - 1);
	assert_law(memblock_check());
	reset();
}

/* The range that does not fit any more may lie anywhere among those that do. */
static void doubles_at_every_place(void **state)
{
	(void)state;
	for (long last = 0; last <= INIT_MEMBLOCK_REGIONS; last++) {
		reset();
		memblock_add(at(0), ARENA);
		for (long i = 0; i <= INIT_MEMBLOCK_REGIONS; i++)
			if (i != last)
				assert_int_equal(memblock_reserve(at(64 * i), 32), 0);
		assert_int_equal(memblock.reserved.max, INIT_MEMBLOCK_REGIONS);
		assert_int_equal(memblock_reserve(at(64 * last), 32), 0);
		assert_int_equal(memblock.reserved.max, 2 * INIT_MEMBLOCK_REGIONS);
		for (long i = 0; i <= INIT_MEMBLOCK_REGIONS; i++)
			assert_region(memblock.reserved, i, at(64 * i), 32);
		assert_law(memblock_check());
	}
	/* or fill a hundred holes at once, which merge only afterwards */
	reset();
	memblock_add(at(0), ARENA);
	for (long i = 0; i < INIT_MEMBLOCK_REGIONS; i++)
		assert_int_equal(memblock_reserve(at(64 * i), 32), 0);
	assert_int_equal(memblock_reserve(at(32), 64 * 100), 0);
	assert_int_equal(memblock.reserved.cnt, INIT_MEMBLOCK_REGIONS - 100 + 1); /* the array */
	assert_int_equal(memblock.reserved.max, 2 * INIT_MEMBLOCK_REGIONS);
	assert_int_equal(memblock_reserve(at(0), 64 * INIT_MEMBLOCK_REGIONS), 0);
	assert_region(memblock.reserved, 0, at(0), 64 * INIT_MEMBLOCK_REGIONS);
	reset();
}

/* ---- who reserved it ------------------------------------------------------------------------- */
static void sizes_of_our_own(void **state)
{
	(void)state;
	reset();
	memblock_add_node(at(0), 128 * K, 0, MEMBLOCK_NONE);
	memblock_add_node(at(128 * K), 128 * K, 1, MEMBLOCK_NONE);
	assert_int_equal(memblock_reserved_kern_size(MEMBLOCK_ALLOC_ANYWHERE, NUMA_NO_NODE), 0);
	memblock_reserve(at(0), 16 * K); /* firmware's */
	assert_int_equal(memblock_reserved_kern_size(MEMBLOCK_ALLOC_ANYWHERE, NUMA_NO_NODE), 0);
	memblock_reserve_kern(at(16 * K), 8 * K);
	assert_int_equal(memblock.reserved.cnt, 1); /* it keeps no regions apart */
	assert_int_equal(memblock_reserved_kern_size(MEMBLOCK_ALLOC_ANYWHERE, 0), 8 * K);
	assert_int_equal(memblock_phys_alloc(4 * K, K), at(252 * K));
	assert_int_equal(memblock_reserved_kern_size(MEMBLOCK_ALLOC_ANYWHERE, 1), 4 * K);
	memblock_reserve_kern(at(126 * K), 4 * K); /* of both */
	assert_int_equal(memblock_reserved_kern_size(MEMBLOCK_ALLOC_ANYWHERE, 0), 10 * K);
	assert_int_equal(memblock_reserved_kern_size(MEMBLOCK_ALLOC_ANYWHERE, 1), 6 * K);
	assert_int_equal(memblock_reserved_kern_size(MEMBLOCK_ALLOC_ANYWHERE, NUMA_NO_NODE),
			 16 * K);
	assert_int_equal(memblock_reserved_kern_size(at(20 * K), NUMA_NO_NODE), 4 * K);
	assert_int_equal(memblock_reserved_kern_size(at(129 * K), NUMA_NO_NODE), 11 * K);
	assert_int_equal(memblock_reserved_kern_size(0, NUMA_NO_NODE), 0);
	memblock_phys_free(at(18 * K), 2 * K);
	assert_int_equal(memblock_reserved_kern_size(MEMBLOCK_ALLOC_ANYWHERE, 0), 8 * K);
	memblock_reserve_kern(at(ARENA), 4 * K); /* not RAM */
	assert_int_equal(memblock_reserved_kern_size(MEMBLOCK_ALLOC_ANYWHERE, NUMA_NO_NODE),
			 14 * K);
	assert_law(memblock_check());
	reset();
	assert_int_equal(memblock_reserved_kern_size(MEMBLOCK_ALLOC_ANYWHERE, NUMA_NO_NODE), 0);
}

static void descriptors_left_alone(void **state)
{
	(void)state;
	reset();
	memblock_add(at(0), ARENA);
	memblock_reserve(at(0), 32 * K);
	assert_int_equal(memblock_reserved_mark_noinit(at(8 * K), 8 * K), 0);
	assert_int_equal(memblock.reserved.cnt, 3);
	assert_false(memblock_is_reserved_noinit(&memblock.reserved.regions[0]));
	assert_true(memblock_is_reserved_noinit(&memblock.reserved.regions[1]));
	assert_region(memblock.reserved, 1, at(8 * K), 8 * K);
	assert_int_equal(__memblock_reserve(at(64 * K), 8 * K, 2, MEMBLOCK_RSRV_NOINIT), 0);
	assert_int_equal(memblock.reserved.regions[3].nid, 2);
	assert_true(memblock_is_reserved_noinit(&memblock.reserved.regions[3]));
	assert_true(memblock_is_reserved(at(8 * K)));
	assert_law(memblock_check());
	reset();
}

/* ---- memory that is handed on ---------------------------------------------------------------- */
static void scratch_only(void **state)
{
	static const bool directions[] = { false, true };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		phys_addr_t first = directions[i] ? at(64 * K) : at(95 * K);

		reset();
		memblock_set_bottom_up(directions[i]);
		memblock_add(at(0), ARENA);
		memblock_set_kho_scratch_only();
		assert_int_equal(memblock_phys_alloc(K, K), 0); /* there is none */
		assert_int_equal(memblock_mark_kho_scratch(at(64 * K), 32 * K), 0);
		assert_int_equal(memblock.memory.cnt, 3);
		assert_true(memblock_is_kho_scratch(&memblock.memory.regions[1]));
		assert_int_equal(memblock_phys_alloc(K, K), first);
		assert_int_equal(memblock_phys_alloc(32 * K, K), 0); /* nor elsewhere */
		assert_int_equal(memblock_find_in_range(at(0), at(64 * K), K, K), 0);
		assert_null(memblock_alloc(64 * K, K));
		memblock_clear_kho_scratch_only();
		assert_int_equal(memblock_phys_alloc(K, K), directions[i] ? at(0) : at(255 * K));
		assert_int_equal(memblock_clear_kho_scratch(at(0), ARENA), 0);
		assert_int_equal(memblock.memory.cnt, 1);
		assert_law(memblock_check());
	}
	memblock_set_kho_scratch_only();
	reset(); /* forgets that, too */
	memblock_add(at(0), ARENA);
	assert_int_equal(memblock_phys_alloc(K, K), at(255 * K));
	reset();
}

static void ranges_overlap(void **state)
{
	static const struct {
		phys_addr_t a, a_size, b, b_size;
		bool yes;
	} rows[] = {
		{ 0, 16, 16, 16, false }, { 0, 17, 16, 16, true }, { 16, 16, 0, 16, false },
		{ 16, 16, 0, 17, true },  { 0, 64, 16, 16, true }, { 16, 16, 0, 64, true },
		{ 8, 8, 8, 8, true },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(memblock_addrs_overlap(rows[i].a, rows[i].a_size, rows[i].b,
							rows[i].b_size),
				 rows[i].yes);
}

/* ---- memory with a name ---------------------------------------------------------------------- */
static void named_memory(void **state)
{
	static const struct {
		const char *arg;
		int err;
	} calls[] = {
		{ "12k:4096:trace", 0 },
		{ "4096:0:oops -- /bin/sh", 0 },
		{ "1K:64:x9 quiet", 0 },
		{ "12k:4096:trace", -EEXIST },
		{ "", -EINVAL },
		{ "12k", -EINVAL },
		{ "12k:", -EINVAL },
		{ "12k:4096", -EINVAL },
		{ "12k:4096:", -EINVAL },
		{ "0:4096:zero", -EINVAL },
		{ ":4096:none", -EINVAL },
		{ "4k::none", -EINVAL },
		{ "4k:4095:odd", -EINVAL },
		{ "4k:64:1234", -EINVAL },
		{ "4k:64:sixteen_letters__", -EINVAL },
		{ "12x:64:name", -EINVAL },
		{ "1G:64:large", -ENOMEM },
		{ "4k:64:a", 0 },
		{ "4k:64:b", 0 },
		{ "4k:64:c", 0 },
		{ "4k:64:d", 0 },
		{ "4k:64:exactly_fifteen", 0 },
		{ "4k:64:e", -EBUSY },
	};
	phys_addr_t start = 7, size = 7;

	(void)state;
	reset();
	memblock_add(at(0), ARENA);
	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++)
		if (reserve_mem_add(calls[i].arg) != calls[i].err)
			fail_msg("reserve_mem=%s: not %d", calls[i].arg, calls[i].err);
	assert_int_equal(reserve_mem_find_by_name("no", &start, &size), 0);
	assert_int_equal(reserve_mem_find_by_name("", &start, &size), 0);
	assert_true(start == 7 && size == 7);
	assert_int_equal(reserve_mem_find_by_name("trace", &start, &size), 1);
	assert_int_equal(start, at(ARENA - 12 * K));
	assert_int_equal(size, 12 * K);
	assert_true(memblock_is_region_reserved(start, size));
	assert_int_equal(reserve_mem_find_by_name("oops", &start, &size), 1);
	assert_int_equal(size, 4096);
	assert_int_equal(reserve_mem_release_by_name("no"), 0);
	reset();
	assert_int_equal(reserve_mem_find_by_name("trace", &start, &size), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(initial_state),
		cmocka_unit_test(adds_and_removes),
		cmocka_unit_test(near_the_end_of_addresses),
		cmocka_unit_test(marks),
		cmocka_unit_test(nodes_of_regions),
		cmocka_unit_test(limits),
		cmocka_unit_test(trims),
		cmocka_unit_test(questions),
		cmocka_unit_test(iterates),
		cmocka_unit_test(iterates_over_frames),
		cmocka_unit_test(physmem_is_apart),
		cmocka_unit_test(reserved_doubles),
		cmocka_unit_test(the_array_avoids_what_is_being_reserved),
		cmocka_unit_test(memory_doubles),
		cmocka_unit_test(full_lists_can_still_shrink),
		cmocka_unit_test(doubles_at_every_place),
		cmocka_unit_test(sizes_of_our_own),
		cmocka_unit_test(descriptors_left_alone),
		cmocka_unit_test(scratch_only),
		cmocka_unit_test(ranges_overlap),
		cmocka_unit_test(named_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
