/* SPDX-License-Identifier: MIT */
/*
 * Machines of 1 to QUIRE_NR_NODES nodes: distances, the order in which zones are tried, CPUs and
 * their nodes, who counts what.  Built twice: as the library is, and with room for 64 nodes.
 */
#include <pthread.h>
#include "frames/frames.h"
#include <quire/err.h>
#include <quire/zoneinfo.h>
#include "support/layers.h"

#define MIB (1ULL << 20)
#define N   QUIRE_NR_NODES

static struct posix_bank banks[2 * N];

/* `nodes` nodes of 8 MiB every 32 MiB; with `twice` each has a second bank above all first ones. */
static void start_nodes(unsigned nodes, bool twice, unsigned cpus)
{
	unsigned n = 0;

	for (unsigned round = 0; round < (twice ? 2 : 1); round++)
		for (unsigned nid = 0; nid < nodes; nid++)
			banks[n++] = (struct posix_bank){ (round * nodes + nid + 1) * 32 * MIB,
							  8 * MIB, (int)nid };
	start_frames(banks, n, cpus);
}

static const struct zonelist *fallback(unsigned nid)
{
	return &NODE_DATA(nid)->node_zonelists[ZONELIST_FALLBACK];
}

/* ---- distances ------------------------------------------------------------------------------- */
static void distance_table(void **state)
{
	static const struct {
		int from, to, distance, err;
	} calls[] = {
		{ 0, 0, 10, 0 },          { 0, N - 1, 10, N > 1 ? -EINVAL : 0 },
		{ 0, 0, 20, -EINVAL },    { 0, N, 20, -EINVAL },
		{ -1, 0, 20, -EINVAL },   { 0, N - 1, 255, -EINVAL },
		{ 0, N - 1, 9, -EINVAL }, { 0, N - 1, 0, -EINVAL },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++)
		assert_int_equal(numa_set_distance(calls[i].from, calls[i].to, calls[i].distance),
				 calls[i].err);
	assert_int_equal(node_distance(0, 0), LOCAL_DISTANCE);
	assert_int_equal(node_distance(0, 1), REMOTE_DISTANCE);
	assert_int_equal(node_distance(-1, 1000), REMOTE_DISTANCE);
	if (N > 1) {
		assert_int_equal(numa_set_distance(0, 1, 254), 0);
		assert_int_equal(node_distance(0, 1), 254);
		assert_int_equal(node_distance(1, 0), REMOTE_DISTANCE); /* one way */
	}
	start_nodes(1, false, 1);
	stop_frames();
	assert_int_equal(node_distance(0, 1), REMOTE_DISTANCE); /* forgotten */
}

/* Nodes of a list in order, each once, its zones from high to low. */
static unsigned node_order(const struct zonelist *list, int order[N])
{
	unsigned n = 0;

	for (unsigned i = 0; i < list->nr; i++) {
		const struct zone *zone = list->zones[i];

		assert_true(populated_zone(zone));
		if (!n || order[n - 1] != zone->node)
			order[n++] = zone->node;
		else
			assert_true(zone->idx < list->zones[i - 1]->idx);
	}
	return n;
}

/* A law that any order by distance obeys: never farther before nearer; ties by the next number. */
static void check_order(unsigned nid, unsigned nodes)
{
	int order[N];

	assert_int_equal(node_order(fallback(nid), order), nodes);
	for (unsigned i = 1; i < nodes; i++) {
		int a = node_distance((int)nid, order[i - 1]),
		    b = node_distance((int)nid, order[i]);

		assert_true(a <= b);
		if (a == b)
			assert_true((order[i - 1] + N - (int)nid) % N <
				    (order[i] + N - (int)nid) % N);
	}
	assert_int_equal(NODE_DATA(nid)->online ? order[0] : (int)nid, (int)nid);
}

static void every_number_of_nodes(void **state)
{
	/* 64 MiB of addresses for each */
	const unsigned most = sizeof(long) == 8 ? N : min(N, 16);

	(void)state;
	for (unsigned nodes = 1; nodes <= most; nodes += nodes < 5 ? 1 : 13) {
		/* a ring: the way round that is shorter */
		for (unsigned i = 0; i < nodes; i++)
			for (unsigned j = 0; j < nodes; j++) {
				unsigned way = (i - j + nodes) % nodes;

				if (i != j)
					assert_int_equal(
						numa_set_distance((int)i, (int)j,
								  10 + 3 * (int)min(way,
										    nodes - way)),
						0);
			}
		start_nodes(nodes, true, 1);
		for (unsigned nid = 0; nid < nodes; nid++) {
			struct page *page = alloc_pages_node((int)nid, GFP_KERNEL, nid & 3);

			check_order(nid, nodes);
			assert_int_equal(NODE_DATA(nid)->node_present_pages, 16 * 256);
			assert_int_equal(page_to_nid(page), nid);
			__free_pages(page, nid & 3);
		}
		stop_frames();
	}
}

static void a_table_of_distances(void **state)
{
	static const u8 table[4][4] = {
		{ 10, 30, 20, 40 }, { 30, 10, 40, 20 }, { 20, 20, 10, 20 }, { 40, 25, 30, 10 }
	};
	static const int want[4][4] = {
		{ 0, 2, 1, 3 }, { 1, 3, 0, 2 }, { 2, 3, 0, 1 }, { 3, 1, 2, 0 }
	};

	(void)state;
	if (N < 4)
		return;
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 4; j++)
			assert_int_equal(numa_set_distance(i, j, table[i][j]), 0);
	start_nodes(4, false, 1);
	for (unsigned nid = 0; nid < 4; nid++) {
		int order[N];

		assert_int_equal(node_order(fallback(nid), order), 4);
		assert_memory_equal(order, want[nid], sizeof(want[nid]));
	}
	stop_frames();
}

/* When a node is empty its requests go to the nearest one, then to the next. */
static void falls_back_by_distance(void **state)
{
	unsigned long n[3] = { 0 };
	struct page *page, *next, *all = NULL;

	(void)state;
	if (N < 3)
		return;
	assert_int_equal(numa_set_distance(0, 1, 40), 0);
	start_nodes(3, false, 1);
	while ((page = alloc_pages_node(0, GFP_KERNEL | __GFP_NOWARN, 0))) {
		unsigned nid = page_to_nid(page);

		/* once the farther node serves, the nearer has nothing left that we may have */
		assert_true(nid != 1 || (n[0] && n[2]));
		n[nid]++;
		page->mapping = (struct address_space *)all;
		all = page;
	}
	assert_true(n[0] > 1800 && n[1] > 1800 && n[2] > 1800);
	assert_true(n[0] + n[1] + n[2] <= 3 * 8 * 256);
	for (page = all; page; page = next) {
		next = (struct page *)page->mapping;
		page->mapping = NULL;
		__free_page(page);
	}
	stop_frames();
}

/* ---- CPUs ------------------------------------------------------------------------------------ */
struct cpu_work {
	unsigned cpu;
	unsigned nid[4]; /* where orders 0..3 came from */
};

static void *take_on_cpu(void *arg)
{
	struct cpu_work *w = arg;

	posix_cpu_enter(w->cpu);
	for (unsigned round = 0; round < 100; round++)
		for (unsigned order = 0; order < 4; order++) {
			struct page *page = alloc_pages(GFP_KERNEL, order);

			w->nid[order] = page ? page_to_nid(page) : ~0u;
			if (page)
				__free_pages(page, order);
		}
	posix_cpu_leave();
	return NULL;
}

static void run_on_cpu(struct cpu_work *w)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, take_on_cpu, w), 0);
	pthread_join(thread, NULL);
}

static struct zone *first_zone(unsigned nid)
{
	return NODE_DATA(nid)->node_zonelists[ZONELIST_NOFALLBACK].zones[0];
}

static void cpus_prefer_their_node(void **state)
{
	struct cpu_work w = { .cpu = 1 };
	struct zone *zone;
	unsigned long before;

	(void)state;
	if (N < 3 || QUIRE_NR_CPUS < 2)
		return;
	assert_int_equal(set_cpu_node(QUIRE_NR_CPUS, 0), -EINVAL);
	assert_int_equal(set_cpu_node(0, N), -EINVAL);
	assert_int_equal(set_cpu_node(0, -1), -EINVAL);
	assert_int_equal(set_cpu_node(1, 2), 0);
	start_nodes(3, false, 2);
	assert_int_equal(cpu_to_node(1), 2);
	assert_int_equal(numa_node_id(), 0);
	before = zone_numa_event(first_zone(0), NUMA_HIT); /* the per-CPU areas */
	run_on_cpu(&w);
	for (unsigned order = 0; order < 4; order++)
		assert_int_equal(w.nid[order], 2);
	zone = first_zone(2);
	assert_int_equal(zone_numa_event(zone, NUMA_HIT), 400);
	assert_int_equal(zone_numa_event(zone, NUMA_LOCAL), 400);
	assert_int_equal(zone_numa_event(zone, NUMA_OTHER), 0);
	assert_int_equal(zone_numa_event(first_zone(0), NUMA_HIT), before);
	stop_frames();
	assert_int_equal(cpu_to_node(1), 0);
}

/* A CPU on a node without memory is served by the nearest that has some: a hit, but not local. */
static void node_without_memory(void **state)
{
	struct cpu_work w = { .cpu = 1 };

	(void)state;
	if (N < 4 || QUIRE_NR_CPUS < 2)
		return;
	assert_int_equal(set_cpu_node(1, 3), 0);
	assert_int_equal(numa_set_distance(3, 1, 15), 0);
	start_nodes(3, false, 2);
	assert_false(NODE_DATA(3)->online);
	check_order(3, 3);
	run_on_cpu(&w);
	for (unsigned order = 0; order < 4; order++)
		assert_int_equal(w.nid[order], 1);
	assert_int_equal(zone_numa_event(first_zone(1), NUMA_HIT), 400);
	assert_int_equal(zone_numa_event(first_zone(1), NUMA_OTHER), 400);
	assert_int_equal(zone_numa_event(first_zone(1), NUMA_LOCAL), 0);
	assert_null(alloc_pages_node(3, GFP_KERNEL | __GFP_THISNODE | __GFP_NOWARN, 0));
	stop_frames();
}

/* One row: a request for `nid` on CPU 0, on node 0; who counts what. */
static void numa_counters(void **state)
{
	static const enum numa_stat_item items[] = { NUMA_HIT, NUMA_MISS, NUMA_FOREIGN, NUMA_LOCAL,
						     NUMA_OTHER };
	static const struct {
		int nid;
		bool empty;  /* node 1 has nothing left */
		long on0[5]; /* hit miss foreign local other */
		long on1[5];
	} rows[] = {
		{ NUMA_NO_NODE, false, { 1, 0, 0, 1, 0 }, { 0 } },
		{ 0, false, { 1, 0, 0, 1, 0 }, { 0 } },
		{ 1, false, { 0 }, { 1, 0, 0, 0, 1 } },
		{ 1, true, { 0, 1, 0, 1, 0 }, { 0, 0, 1, 0, 0 } },
	};

	(void)state;
	if (N < 2)
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct page *page, *rest[64];
		unsigned n = 0;
		long before[2][5];

		start_nodes(2, false, 1);
		while (rows[i].empty &&
		       (rest[n] = alloc_pages_node(
				1, GFP_KERNEL | __GFP_MEMALLOC | __GFP_THISNODE | __GFP_NOWARN, 9)))
			n++;
		for (unsigned j = 0; j < 10; j++) {
			int nid = (int)(j / 5);

			before[nid][j % 5] =
				(long)zone_numa_event(first_zone((unsigned)nid), items[j % 5]);
		}
		/* order 9: nothing of it is left on node 1, whatever its smaller blocks are */
		page = alloc_pages_node(rows[i].nid, GFP_KERNEL, rows[i].empty ? 9 : 0);
		assert_non_null(page);
		for (unsigned j = 0; j < 10; j++) {
			unsigned nid = j / 5;

			assert_int_equal((long)zone_numa_event(first_zone(nid), items[j % 5]) -
						 before[nid][j % 5],
					 (nid ? rows[i].on1 : rows[i].on0)[j % 5]);
		}
		__free_pages(page, rows[i].empty ? 9 : 0);
		while (n-- > 0)
			__free_pages(rest[n], 9);
		stop_frames();
	}
}

/* RAM of a node that the configuration has no room for is node 0's, with a line in the log. */
static void too_many_nodes(void **state)
{
	const struct posix_bank two[] = { { 32 * MIB, 8 * MIB, 0 }, { 64 * MIB, 8 * MIB, N } };

	(void)state;
	start_frames(two, 2, 1);
	assert_int_equal(page_to_nid(pfn_to_page(PHYS_PFN(64 * MIB))), 0);
	assert_int_equal(NODE_DATA(0)->node_present_pages, 16 * 256);
	assert_int_equal(logged("does not fit QUIRE_NR_NODES"), N < MAX_NUMNODES);
	stop_frames();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distance_table),         cmocka_unit_test(every_number_of_nodes),
		cmocka_unit_test(a_table_of_distances),   cmocka_unit_test(falls_back_by_distance),
		cmocka_unit_test(cpus_prefer_their_node), cmocka_unit_test(node_without_memory),
		cmocka_unit_test(numa_counters),          cmocka_unit_test(too_many_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
