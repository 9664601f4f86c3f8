/* SPDX-License-Identifier: MIT */
/* rangetree_test.c - random ranges against a bitmap of units; every hole search against a slow
 * scan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <quire/rangetree.h>

#define UNITS 400u

static struct range_tree tree;
static unsigned char used[UNITS];
static u64 rng = 0x9e3779b97f4a7c15ull;

static unsigned below(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned)(rng >> 20) % n;
}

static bool is_free(unsigned at, unsigned len)
{
	unsigned i;

	for (i = 0; i < len; i++)
		if (used[at + i])
			return false;
	return true;
}

/* The address that a search must give, by trying every one. */
static unsigned long scan(unsigned len, unsigned align, unsigned low, unsigned high, bool topdown)
{
	unsigned at;

	for (at = 0; at < UNITS; at++) {
		unsigned a = topdown ? UNITS - 1 - at : at;

		if (a % align == 0 && a >= low && a + len <= high && is_free(a, len))
			return a;
	}
	return ~0UL;
}

static void check_searches(void)
{
	unsigned len = 1 + below(12), align = 1u << below(4), low = below(UNITS / 2),
		 high = low + below(UNITS - low);

	assert_int_equal(range_find_hole_topdown(&tree, len, align, low, high),
			 scan(len, align, low, high, true));
	assert_int_equal(range_find_hole_bottomup(&tree, len, align, low, high),
			 scan(len, align, low, high, false));
}

static void add(unsigned at, unsigned len)
{
	struct range_node *node = calloc(1, sizeof(*node)), *next = range_find(&tree, at);

	node->start = at;
	node->end = at + len;
	range_insert(&tree, node, next ? next->prev : tree.last);
	memset(used + at, 1, len);
}

static void drop(struct range_node *node)
{
	memset(used + node->start, 0, node->end - node->start);
	range_erase(&tree, node);
	free(node);
}

static void test_against_bitmap(void **state)
{
	unsigned step, i;

	(void)state;
	range_tree_init(&tree);
	memset(used, 0, sizeof(used));
	for (step = 0; step < 20000; step++) {
		unsigned at = below(UNITS - 16), len = 1 + below(16);
		struct range_node *node = range_find(&tree, at);

		if (below(2) && is_free(at, len)) {
			add(at, len);
		} else if (node && below(3)) {
			drop(node);
		} else if (node && node->end - node->start > 1) {
			memset(used + node->start, 0, 1);
			range_resize(&tree, node, node->start + 1, node->end);
		}
		if (range_tree_check(&tree))
			fail_msg("step %u: %s", step, range_tree_check(&tree));
		for (i = 0; i < 3; i++)
			check_searches();
	}
	while (tree.first)
		drop(tree.first);
	assert_null(tree.root.rb_node);
}

static void test_guard_is_left_free(void **state)
{
	struct range_node stack = { .start = 100, .end = 120, .low_guard = 30 };

	(void)state;
	range_tree_init(&tree);
	range_insert(&tree, &stack, NULL);
	assert_int_equal(range_find_hole_topdown(&tree, 10, 1, 0, 110), 60);
	assert_int_equal(range_find_hole_topdown(&tree, 10, 1, 0, 400), 390);
	assert_int_equal(range_find_hole_bottomup(&tree, 80, 1, 0, 400), 120);
}

static void test_check_sees_damage(void **state)
{
	struct range_node a = { .start = 10, .end = 20 }, b = { .start = 30, .end = 40 };

	(void)state;
	range_tree_init(&tree);
	range_insert(&tree, &a, NULL);
	range_insert(&tree, &b, &a);
	assert_null(range_tree_check(&tree));
	a.gap++;
	assert_string_equal(range_tree_check(&tree), "a subtree's largest hole is wrong");
	a.gap--;
	a.end = 35;
	assert_non_null(range_tree_check(&tree));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_bitmap),
		cmocka_unit_test(test_guard_is_left_free),
		cmocka_unit_test(test_check_sees_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
