/* SPDX-License-Identifier: MIT */
/* isolate_movable_page, migrate_pages and movable_ops, without anybody above frames/: a driver's
 * pages. */
#include <quire/err.h>
#include <quire/migrate.h>
#include <quire/tune.h>
#include <quire/zoneinfo.h>
#include "frames/frames.h"
#include "support/layers.h"

#define N 8u

/* A driver that keeps N frames; it allows, refuses, or is busy as often as told. */
static struct driver {
	struct page *page[N];
	unsigned busy, isolated, putback, moved;
	bool refuse_isolation;
	int refuse_move;
} drv;

static bool drv_isolate(struct page *page, isolate_mode_t mode)
{
	assert_true(PageFlag(page, PG_locked));
	assert_int_equal(mode, ISOLATE_UNEVICTABLE);
	drv.isolated += !drv.refuse_isolation;
	return !drv.refuse_isolation;
}

static const struct movable_ops drv_ops;

static int drv_migrate(struct page *to, struct page *from, enum migrate_mode mode)
{
	(void)mode;
	assert_true(PageFlag(to, PG_locked) && PageFlag(from, PG_locked));
	if (drv.busy) {
		drv.busy--;
		return -EAGAIN;
	}
	if (drv.refuse_move)
		return drv.refuse_move;
	memcpy(page_address(to), page_address(from), PAGE_SIZE);
	drv.page[from->private] = to;
	to->private = from->private;
	get_page(to);
	__SetPageMovable(to, &drv_ops);
	__ClearPageMovable(from);
	put_page(from);
	drv.moved++;
	return 0;
}

static void drv_putback(struct page *page)
{
	assert_true(PageFlag(page, PG_locked));
	drv.putback++;
}

static const struct movable_ops drv_ops = { drv_isolate, drv_migrate, drv_putback };

static unsigned long pfn_of[N];

static unsigned long all_vm_event(enum vm_event_item item)
{
	unsigned long sum[NR_VM_EVENT_ITEMS];

	all_vm_events(sum);
	return sum[item];
}

static int up(void **state)
{
	const struct posix_bank bank = { 1 << 20, 32 << 20, 0 };

	(void)state;
	start_frames(&bank, 1, 1);
	set_late_frees(false);
	memset(&drv, 0, sizeof(drv));
	for (unsigned i = 0; i < N; i++) {
		drv.page[i] = alloc_page(GFP_KERNEL | __GFP_MOVABLE);
		assert_non_null(drv.page[i]);
		drv.page[i]->private = i;
		pfn_of[i] = page_to_pfn(drv.page[i]);
		memset(page_address(drv.page[i]), (int)i + 1, PAGE_SIZE);
		__SetPageMovable(drv.page[i], &drv_ops);
	}
	return 0;
}

static int down(void **state)
{
	(void)state;
	assert_int_equal(global_node_page_state(NR_ISOLATED_FILE), 0);
	for (unsigned i = 0; i < N; i++) {
		const u8 *at = page_address(drv.page[i]);

		assert_int_equal(at[0], i + 1);
		assert_int_equal(at[PAGE_SIZE - 1], i + 1);
		assert_false(PageFlag(drv.page[i], PG_isolated));
		SetPageFlag(drv.page[i], PG_locked);
		__ClearPageMovable(drv.page[i]);
		ClearPageFlag(drv.page[i], PG_locked);
		assert_int_equal(page_count(drv.page[i]), 1);
		__free_page(drv.page[i]);
	}
	stop_frames();
	return 0;
}

static struct page *fresh(struct page *page, unsigned long private)
{
	unsigned *left = (unsigned *)private;

	assert_true(PageFlag(page, PG_isolated));
	if (left && (*left)-- == 0)
		return NULL;
	return alloc_page(GFP_KERNEL);
}

static unsigned given_back;

static void unused(struct page *page, unsigned long private)
{
	(void)private;
	given_back++;
	__free_page(page);
}

static unsigned isolate_all(struct page **list)
{
	for (unsigned i = 0; i < N; i++) {
		assert_true(isolate_movable_page(drv.page[i], ISOLATE_UNEVICTABLE));
		list[i] = drv.page[i];
	}
	assert_int_equal(global_node_page_state(NR_ISOLATED_FILE), N);
	return N;
}

static void pages_move(void **state)
{
	struct page *list[N];
	unsigned n = isolate_all(list), moved;

	(void)state;
	assert_false(isolate_movable_page(drv.page[0], ISOLATE_UNEVICTABLE)); /* it is already */
	assert_int_equal(
		migrate_pages(list, n, fresh, unused, 0, MIGRATE_SYNC, MR_COMPACTION, &moved), 0);
	assert_int_equal(moved, N);
	assert_int_equal(drv.moved, N);
	for (unsigned i = 0; i < N; i++) {
		assert_null(list[i]);
		assert_true(page_to_pfn(drv.page[i]) != pfn_of[i]);
		assert_string_equal(page_why_immovable(pfn_to_page(pfn_of[i])), "it is free");
	}
	assert_int_equal(all_vm_event(PGMIGRATE_SUCCESS), N);
	assert_int_equal(all_vm_event(PGMIGRATE_FAIL), 0);
}

static void busy_pages_are_tried_again(void **state)
{
	const struct {
		enum migrate_mode mode;
		unsigned busy;
		int left;
	} rows[] = { { MIGRATE_ASYNC, 2, 0 },      { MIGRATE_ASYNC, 3, 1 },
		     { MIGRATE_SYNC_LIGHT, 9, 0 }, { MIGRATE_SYNC_LIGHT, 10, 1 },
		     { MIGRATE_SYNC, 9, 0 },       { MIGRATE_SYNC, 10, 1 } };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct page *one = drv.page[0];

		drv.busy = rows[i].busy;
		drv.putback = given_back = 0;
		assert_true(isolate_movable_page(one, ISOLATE_UNEVICTABLE));
		assert_int_equal(migrate_pages(&one, 1, fresh, unused, 0, rows[i].mode,
					       MR_COMPACTION, NULL),
				 rows[i].left);
		assert_int_equal(drv.putback, rows[i].left);
		assert_int_equal(given_back, rows[i].busy);
		assert_null(one);
	}
}

static void refused_pages_are_put_back(void **state)
{
	struct page *list[N];
	unsigned n = isolate_all(list), moved = 99;

	(void)state;
	drv.refuse_move = -EINVAL;
	given_back = 0;
	assert_int_equal(
		migrate_pages(list, n, fresh, unused, 0, MIGRATE_SYNC, MR_COMPACTION, &moved), N);
	assert_int_equal(moved, 0);
	assert_int_equal(drv.putback, N);
	assert_int_equal(given_back, N); /* not ten times: it will never work */
	drv.refuse_isolation = true;
	assert_false(isolate_movable_page(drv.page[0], ISOLATE_UNEVICTABLE));
	assert_int_equal(page_count(drv.page[0]), 1);
	assert_int_equal(drv.putback, N);
}

static void targets_run_out(void **state)
{
	struct page *list[N];
	unsigned n = isolate_all(list), left = 3, moved;

	(void)state;
	assert_int_equal(migrate_pages(list, n, fresh, NULL, (unsigned long)&left, MIGRATE_SYNC,
				       MR_COMPACTION, &moved),
			 -ENOMEM);
	assert_int_equal(moved, 3);
	assert_int_equal(drv.putback, N - 3);
	assert_int_equal(all_vm_event(PGMIGRATE_FAIL), N - 3);
}

static void put_back_unmoved(void **state)
{
	struct page *list[N];
	unsigned n = isolate_all(list);

	(void)state;
	putback_movable_pages(list, n);
	assert_int_equal(drv.putback, N);
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(page_to_pfn(drv.page[i]), pfn_of[i]);
}

/* The owner changes its mind, or frees the frame, while somebody is about to move it. */
static void owner_takes_it_back(void **state)
{
	struct page *one = drv.page[2], *was = one;

	(void)state;
	assert_true(isolate_movable_page(one, ISOLATE_UNEVICTABLE));
	SetPageFlag(one, PG_locked);
	__ClearPageMovable(one);
	ClearPageFlag(one, PG_locked);
	drv.page[2] = alloc_page(GFP_KERNEL);
	memset(page_address(drv.page[2]), 3, PAGE_SIZE);
	__SetPageMovable(drv.page[2], &drv_ops);
	__free_page(one);
	assert_int_equal(page_count(was), 1); /* ours */
	assert_int_equal(migrate_pages(&one, 1, fresh, NULL, 0, MIGRATE_SYNC, MR_COMPACTION, NULL),
			 0);
	assert_int_equal(page_count(was), 0);
	assert_int_equal(drv.putback + drv.moved, 0);
}

static void what_does_not_move(void **state)
{
	struct page *kernel = alloc_page(GFP_KERNEL),
		    *block = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	struct page *reserved = NULL, *locked = drv.page[1];
	unsigned long pfn;

	(void)state;
	for (pfn = PHYS_PFN(1 << 20); !reserved && pfn < quire_max_pfn; pfn++)
		if (pfn_valid(pfn) && PageFlag(pfn_to_page(pfn), PG_reserved))
			reserved = pfn_to_page(pfn);
	assert_non_null(reserved);
	SetPageFlag(locked, PG_locked);
	{
		const struct {
			struct page *page;
			const char *why;
		} rows[] = {
			{ reserved, "it was never handed to the buddy system" },
			{ kernel, "the kernel uses it and nobody said how it moves" },
			{ block, "it is part of a compound block" },
			{ block + 3, "it is free" }, /* no reference of its own */
			{ locked, "it is locked: being filled, written or moved" },
		};

		for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
			assert_string_equal(page_why_immovable(rows[i].page), rows[i].why);
			assert_false(isolate_movable_page(rows[i].page, ISOLATE_UNEVICTABLE));
		}
	}
	ClearPageFlag(locked, PG_locked);
	assert_null(page_why_immovable(locked));
	assert_int_equal(page_count(kernel), 1);
	__free_page(kernel);
	__free_pages(block, 2);
	assert_false(isolate_movable_page(kernel, ISOLATE_UNEVICTABLE));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pages_move),
		TEST(busy_pages_are_tried_again),
		TEST(refused_pages_are_put_back),
		TEST(targets_run_out),
		TEST(put_back_unmoved),
		TEST(owner_takes_it_back),
		TEST(what_does_not_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
