/* SPDX-License-Identifier: MIT */
/*
 * tests/support/movers.h - movable frames whose owner is a table: it says where each is now, and knows
 * what it holds.
 */
#ifndef TESTS_SUPPORT_MOVERS_H
#define TESTS_SUPPORT_MOVERS_H

#include <quire/migrate.h>
#include "support/layers.h"

#define MAX_MOVERS 20000u
static struct page *mover[MAX_MOVERS]; /* NULL: not there */
static unsigned long nr_moves;

static const struct movable_ops mover_ops;

static int mover_migrate(struct page *to, struct page *from, enum migrate_mode mode)
{
	(void)mode;
	port_copy_page(page_address(to), page_address(from));
	assert_ptr_equal(mover[from->private], from);
	mover[from->private] = to;
	to->private = from->private;
	get_page(to);
	__SetPageMovable(to, &mover_ops);
	__ClearPageMovable(from);
	put_page(from);
	nr_moves++;
	return 0;
}

static const struct movable_ops mover_ops = { NULL, mover_migrate, NULL };

/* A frame for entry i, or false. */
static inline bool mover_get(unsigned i, gfp_t gfp)
{
	struct page *page = alloc_page(gfp);

	mover[i] = page;
	if (!page)
		return false;
	page->private = i;
	*(unsigned long *)page_address(page) = i ^ 0x5a5aUL;
	__SetPageMovable(page, &mover_ops);
	return true;
}

static inline void mover_put(unsigned i)
{
	struct page *page = mover[i];

	if (!page)
		return;
	assert_int_equal(*(unsigned long *)page_address(page), i ^ 0x5a5aUL);
	SetPageFlag(page, PG_locked);
	__ClearPageMovable(page);
	ClearPageFlag(page, PG_locked);
	mover[i] = NULL;
	put_page(page);
}

static inline void movers_check(void)
{
	for (unsigned i = 0; i < MAX_MOVERS; i++)
		if (mover[i]) {
			assert_int_equal(page_count(mover[i]), 1);
			assert_int_equal(mover[i]->private, i);
			assert_int_equal(*(unsigned long *)page_address(mover[i]), i ^ 0x5a5aUL);
		}
}

static inline void movers_free(void)
{
	for (unsigned i = 0; i < MAX_MOVERS; i++)
		mover_put(i);
}

#endif
