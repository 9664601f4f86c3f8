/* SPDX-License-Identifier: MIT */
/*
 * linux/page-flags.h for code written against Linux: PageX() and its family, for the flags that
 * quire has.
 */
#ifndef QUIRE_LINUX_PAGE_FLAGS_H
#define QUIRE_LINUX_PAGE_FLAGS_H

#include <quire/page.h>
#include <quire/zoneinfo.h>

#define QUIRE_PAGE_FLAG(Name, flag)                                                                \
	static inline bool Page##Name(const struct page *page)                                     \
	{                                                                                          \
		return PageFlag(page, flag);                                                       \
	}                                                                                          \
	static inline void SetPage##Name(struct page *page)                                        \
	{                                                                                          \
		SetPageFlag(page, flag);                                                           \
	}                                                                                          \
	static inline void ClearPage##Name(struct page *page)                                      \
	{                                                                                          \
		ClearPageFlag(page, flag);                                                         \
	}
QUIRE_PAGE_FLAG(Locked, PG_locked)
QUIRE_PAGE_FLAG(Uptodate, PG_uptodate)
QUIRE_PAGE_FLAG(Dirty, PG_dirty)
QUIRE_PAGE_FLAG(Reserved, PG_reserved)
QUIRE_PAGE_FLAG(SwapBacked, PG_swapbacked)
QUIRE_PAGE_FLAG(Mlocked, PG_mlocked)
#undef QUIRE_PAGE_FLAG

static inline bool PageSlab(const struct page *page)
{
	return PageFlag(page, PG_slab);
}

static inline bool PageBuddy(const struct page *page)
{
	return is_free_buddy_page(page);
}

static inline bool PageTable(const struct page *page)
{
	return PageFlag(page, PG_table);
}

static inline bool PageMovable(const struct page *page)
{
	return PageFlag(page, PG_movable);
}

static inline bool PageIsolated(const struct page *page)
{
	return PageFlag(page, PG_isolated);
}

static inline bool PageAnon(const struct page *page)
{
	return PageFlag(page, PG_anon);
}

static inline bool PageHead(const struct page *page)
{
	return PageFlag(page, PG_head);
}

static inline bool PageTail(const struct page *page)
{
	return PageFlag(page, PG_tail);
}

static inline bool PageCompound(const struct page *page)
{
	return PageHead(page) || PageTail(page);
}

#endif
