/* SPDX-License-Identifier: MIT */
/* Lists, red-black trees (plain and augmented) and bitmaps. */
#include <quire/bitmap.h>
#include <quire/list.h>
#include <quire/rbtree.h>
#include "support/layers.h"

struct item {
	struct rb_node rb;
	struct list_head link;
	unsigned key, max; /* max: of the subtree */
};

static struct item *of(const struct rb_node *rb)
{
	return rb ? container_of(rb, struct item, rb) : NULL;
}

static unsigned subtree_max(const struct item *item)
{
	unsigned m = item->key;

	if (item->rb.rb_left)
		m = max(m, of(item->rb.rb_left)->max);
	if (item->rb.rb_right)
		m = max(m, of(item->rb.rb_right)->max);
	return m;
}

static void propagate(struct rb_node *rb, struct rb_node *stop)
{
	for (; rb != stop; rb = rb_parent(rb)) {
		unsigned m = subtree_max(of(rb));

		if (of(rb)->max == m)
			break;
		of(rb)->max = m;
	}
}

static void copy(struct rb_node *from, struct rb_node *to)
{
	of(to)->max = of(from)->max;
}

static void rotate(struct rb_node *from, struct rb_node *to)
{
	of(to)->max = of(from)->max;
	of(from)->max = subtree_max(of(from));
}

static const struct rb_augment_callbacks callbacks = { propagate, copy, rotate };

static void insert(struct rb_root *root, struct item *item, bool augmented)
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	item->max = item->key;
	while (*link) {
		parent = *link;
		link = item->key < of(parent)->key ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&item->rb, parent, link);
	if (!augmented) {
		rb_insert_color(&item->rb, root);
		return;
	}
	propagate(parent, NULL);
	rb_insert_augmented(&item->rb, root, &callbacks);
}

static void check_order(const struct rb_root *root, unsigned expected)
{
	unsigned n = 0, last = 0;

	for (struct rb_node *rb = rb_first(root); rb; rb = rb_next(rb), n++) {
		assert_true(of(rb)->key >= last);
		last = of(rb)->key;
	}
	assert_int_equal(n, expected);
	n = 0;
	for (struct rb_node *rb = rb_last(root); rb; rb = rb_prev(rb))
		n++;
	assert_int_equal(n, expected);
	n = 0;
	for (struct rb_node *rb = rb_first_postorder(root); rb; rb = rb_next_postorder(rb))
		n++;
	assert_int_equal(n, expected);
}

static void check_max(const struct rb_root *root)
{
	for (struct rb_node *rb = rb_first(root); rb; rb = rb_next(rb))
		assert_int_equal(of(rb)->max, subtree_max(of(rb)));
}

static void random_tree(bool augmented)
{
	static struct item items[500];
	bool in[500] = { false };
	struct rb_root root = RB_ROOT;
	unsigned n = 0;

	random_start(1);
	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = (unsigned)random_below(step < 10000 ? 500 : 20);

		if (!in[i]) {
			items[i].key = (unsigned)random_below(300);
			insert(&root, &items[i], augmented);
			n++;
		} else {
			if (augmented)
				rb_erase_augmented(&items[i].rb, &root, &callbacks);
			else
				rb_erase(&items[i].rb, &root);
			n--;
		}
		in[i] = !in[i];
		if (step % 64 == 0 || step > 19000) {
			assert_law_seeded(rb_check(&root), step);
			check_order(&root, n);
			if (augmented)
				check_max(&root);
		}
	}
}

static void plain_tree(void **state)
{
	(void)state;
	random_tree(false);
}

static void augmented_tree(void **state)
{
	(void)state;
	random_tree(true);
}

static void replaced_node(void **state)
{
	struct rb_root root = RB_ROOT;
	struct item items[10], other = { .key = 5 };

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		items[i].key = i;
		insert(&root, &items[i], false);
	}
	rb_replace_node(&items[5].rb, &other.rb, &root);
	assert_null(rb_check(&root));
	check_order(&root, 10);
	/* the checker sees a wrong colour */
	root.rb_node->__rb_parent_color &= ~1UL;
	assert_non_null(rb_check(&root));
}

static void lists(void **state)
{
	LIST_HEAD(head);
	LIST_HEAD(more);
	struct item a = { .key = 1 }, b = { .key = 2 }, c = { .key = 3 }, *pos, *n;
	unsigned sum = 0;

	(void)state;
	list_add_tail(&b.link, &head);
	list_add_tail(&c.link, &head);
	list_add(&a.link, &head);
	list_for_each_entry(pos, &head, link)
		sum = sum * 10 + pos->key;
	assert_int_equal(sum, 123);
	list_move_tail(&a.link, &head);
	sum = 0;
	list_for_each_entry_reverse(pos, &head, link)
		sum = sum * 10 + pos->key;
	assert_int_equal(sum, 132);
	list_splice_init(&head, &more);
	assert_true(list_empty(&head));
	assert_null(list_check(&more));
	list_for_each_entry_safe(pos, n, &more, link)
		list_del_init(&pos->link);
	assert_true(list_empty(&more) && list_empty(&a.link));
	if (QUIRE_DEBUG) {
		list_add(&a.link, &head);
		list_del(&a.link);
		assert_panics(list_del(&a.link), "taken off twice");
	}
}

static void bitmaps(void **state)
{
	DECLARE_BITMAP(map, 300);
	bool model[300] = { false };

	(void)state;
	random_start(2);
	bitmap_zero(map, 300);
	for (unsigned step = 0; step < 3000; step++) {
		unsigned start = (unsigned)random_below(300),
			 len = (unsigned)random_below(300 - start + 1);
		bool on = random_below(2);
		unsigned long first = 300, weight = 0;

		(on ? bitmap_set : bitmap_clear)(map, start, len);
		memset(model + start, on, len);
		for (unsigned i = 300; i-- > 0;) {
			assert_int_equal(test_bit(i, map), model[i]);
			weight += model[i];
			if (model[i])
				first = i;
		}
		assert_int_equal(find_first_bit(map, 300), first);
		assert_int_equal(bitmap_weight(map, 300), weight);
	}
	bitmap_fill(map, 300);
	bitmap_clear(map, 70, 20);
	assert_int_equal(find_first_zero_bit(map, 300), 70);
	assert_int_equal(bitmap_find_next_zero_area(map, 300, 0, 8, 16), 80);
	assert_int_equal(bitmap_find_next_zero_area(map, 300, 0, 16, 16), 300);
}

static void bits(void **state)
{
	(void)state;
	assert_int_equal(get_order(1), 0);
	assert_int_equal(get_order(PAGE_SIZE), 0);
	assert_int_equal(get_order(PAGE_SIZE + 1), 1);
	assert_int_equal(get_order(5 * PAGE_SIZE), 3);
	assert_int_equal(roundup_pow_of_two(33), 64);
	assert_int_equal(rounddown_pow_of_two(33), 32);
	assert_int_equal(ilog2(1ULL << 40), 40);
	assert_int_equal(fls(0), 0);
	assert_int_equal(fls(8), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_tree),    cmocka_unit_test(augmented_tree),
		cmocka_unit_test(replaced_node), cmocka_unit_test(lists),
		cmocka_unit_test(bitmaps),       cmocka_unit_test(bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
