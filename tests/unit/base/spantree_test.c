/* SPDX-License-Identifier: MIT */
/* Span trees against an array that is searched from end to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <quire/spantree.h>

#define SPANS  200u
#define PLACES 300u

static struct span_tree tree;
static struct span_node span[SPANS];
static bool there[SPANS];
static u64 rng = 20240229;

static unsigned below(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned)(rng >> 20) % n;
}

static bool holds(const struct span_node *node, pgoff_t first, pgoff_t last)
{
	return node->first <= last && node->last >= first;
}

static void check_search(pgoff_t first, pgoff_t last)
{
	const struct span_node *at, *prev = NULL;
	unsigned found = 0, expected = 0;

	for (unsigned i = 0; i < SPANS; i++)
		expected += there[i] && holds(&span[i], first, last);
	span_for_each(at, &tree, first, last)
	{
		assert_true(there[at - span] && holds(at, first, last));
		assert_true(!prev || prev->first <= at->first);
		prev = at;
		found++;
	}
	assert_int_equal(found, expected);
}

static void test_against_array(void **state)
{
	(void)state;
	span_tree_init(&tree);
	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = below(SPANS);
		pgoff_t first = below(PLACES), last = first + below(below(8) ? 10 : PLACES);

		if (!there[i]) {
			span_insert(&tree, &span[i], first, last);
			there[i] = true;
		} else if (below(2)) {
			span_resize(&tree, &span[i], first, last);
		} else if (below(2)) {
			span_resize(&tree, &span[i], span[i].first, span[i].first + below(50));
		} else {
			span_erase(&tree, &span[i]);
			there[i] = false;
		}
		if (step % 16 == 0 && span_tree_check(&tree))
			fail_msg("step %u: %s", step, span_tree_check(&tree));
		check_search(first, last);
		check_search(first, first);
	}
	check_search(0, ~(pgoff_t)0);
}

static void test_equals_in_order_of_arrival(void **state)
{
	struct span_node *at;
	unsigned i;

	(void)state;
	span_tree_init(&tree);
	for (i = 0; i < SPANS; i++)
		span_insert(&tree, &span[i], 7, 7 + below(20));
	i = 0;
	span_for_each(at, &tree, 7, 7) assert_ptr_equal(at, &span[i++]);
	assert_int_equal(i, SPANS);
}

static void test_ends_of_the_range(void **state)
{
	const pgoff_t top = ~(pgoff_t)0;

	(void)state;
	span_tree_init(&tree);
	assert_true(span_tree_empty(&tree));
	assert_null(span_first(&tree, 0, top));
	span_insert(&tree, &span[0], 0, 0);
	span_insert(&tree, &span[1], top, top);
	assert_ptr_equal(span_first(&tree, 0, 0), &span[0]);
	assert_null(span_next(&span[0], 0, top - 1));
	assert_ptr_equal(span_next(&span[0], 0, top), &span[1]);
	assert_null(span_first(&tree, 1, top - 1));
	span_erase(&tree, &span[0]);
	span_erase(&tree, &span[1]);
	assert_true(span_tree_empty(&tree));
}

static void test_check_sees_damage(void **state)
{
	(void)state;
	span_tree_init(&tree);
	span_insert(&tree, &span[0], 10, 20);
	span_insert(&tree, &span[1], 15, 40);
	assert_null(span_tree_check(&tree));
	span[0].reach++;
	assert_string_equal(span_tree_check(&tree), "a span's reach is not that of its subtree");
	span[0].reach--;
	span[1].first = 5;
	assert_string_equal(span_tree_check(&tree), "spans are not sorted");
	span[1].last = 4;
	assert_string_equal(span_tree_check(&tree), "a span ends before it begins");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_array),
		cmocka_unit_test(test_equals_in_order_of_arrival),
		cmocka_unit_test(test_ends_of_the_range),
		cmocka_unit_test(test_check_sees_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
