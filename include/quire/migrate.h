/* SPDX-License-Identifier: MIT */
/*
 * quire/migrate.h - move the contents of a frame to another frame while its owner looks away.
 *
 *   isolate_movable_page(page)           a hold on it; its owner lets go as far as it must
 *   migrate_pages(pages, n, ...)         contents and owner's pointers go to new frames
 *   putback_movable_pages(pages, n)      or not: everything as it was
 *
 * Two kinds of frames can be moved.  User memory, anonymous or page cache: spaces/ knows who maps it
 * and changes the tables; programs notice nothing but time.  And kernel memory whose owner says so
 * and brings the functions: __SetPageMovable().
 *
 * A frame that is held by reference (get_user_pages, a read or write of its file under way) cannot
 * be moved for as long as it is: the holder knows its address.
 */
#ifndef QUIRE_MIGRATE_H
#define QUIRE_MIGRATE_H

#include <quire/page.h>
#include <quire/types.h>

/* What the caller is willing to wait for. */
enum migrate_mode {
	MIGRATE_ASYNC,      /* nothing: a page that is locked is left alone                */
	MIGRATE_SYNC_LIGHT, /* a page's lock, but not the store that fills a page          */
	MIGRATE_SYNC,       /* whatever it takes                                           */
};

/* Why, for the event and the log; Linux's values. */
enum migrate_reason {
	MR_COMPACTION,
	MR_MEMORY_FAILURE,
	MR_MEMORY_HOTPLUG,
	MR_SYSCALL,
	MR_MEMPOLICY_MBIND,
	MR_NUMA_MISPLACED,
	MR_CONTIG_RANGE,
	MR_LONGTERM_PIN,
	MR_DEMOTION,
	MR_DAMON,
	MR_TYPES
};
extern const char *const migrate_reason_names[MR_TYPES];
#define MR_CMA MR_CONTIG_RANGE /* its name before alloc_contig_range() had other users */

/* What to isolate; handed through to the owner. */
typedef unsigned isolate_mode_t;
#define ISOLATE_UNMAPPED      0x2u
#define ISOLATE_ASYNC_MIGRATE 0x4u
#define ISOLATE_UNEVICTABLE   0x8u

/*
 * How an owner lets its frames be moved.  The page is locked (PG_locked) in each call and referenced
 * by the caller, so it is not freed meanwhile.
 *   isolate_page  may this frame be moved soon?  true: the owner keeps it where it is and does not
 *                 give it to anyone new until migrate_page or putback_page.  NULL: always.
 *   migrate_page  copy `from` to `to` and use `to` from now on.  0: the owner has dropped its
 *                 reference to `from` and taken one of `to` (get_page); -EAGAIN: not now, try
 *                 again; another -errno: not at all.  On failure both are as before.
 *   putback_page  it was not moved; as before.  NULL: nothing to do.
 * May sleep if the mode allows (isolate_page: never).
 */
struct movable_ops {
	bool (*isolate_page)(struct page *page, isolate_mode_t mode);
	int (*migrate_page)(struct page *to, struct page *from, enum migrate_mode mode);
	void (*putback_page)(struct page *page);
};

/*
 * From now on the frame can be moved; it is the caller's, single, referenced, and its `mapping` word
 * holds `ops` as long as this lasts.
 */
void __SetPageMovable(struct page *page, const struct movable_ops *ops);

/*
 * No longer.  With the page locked by the caller (lock_page), so that no move is under way; if it is
 * isolated, whoever isolated it will find that out, and putback_page is not called.  Before the owner
 * frees the frame.
 */
void __ClearPageMovable(struct page *page);

/*
 * Take hold of a frame to move it: any frame whatever may be asked about, whoever owns it, even one
 * that is free.
 *   Returns:  true: it has PG_isolated and a reference of the caller's; it goes to migrate_pages()
 *             or putback_movable_pages().  false: it cannot be moved, or not now.
 *   Context:  any but interrupts; does not sleep.
 */
bool isolate_movable_page(struct page *page, isolate_mode_t mode);

/* Let go of isolated pages, unmoved; NULL entries are passed over.  May sleep. */
void putback_movable_pages(struct page **pages, unsigned nr);

/* A frame for the contents of `page`: fresh from the allocator, single, one reference.  NULL: none
 * left.  May sleep. */
typedef struct page *new_page_t(struct page *page, unsigned long private);
/* It was not needed after all; NULL instead of a function: put_page(). */
typedef void free_page_t(struct page *page, unsigned long private);

/*
 * Move the isolated pages from[0..nr).  All are dealt with on return, and the entries are NULL:
 * those that could not be moved are put back, the old frames of the others are freed as soon as
 * nobody holds them.
 *   private       is handed to get_new_page and put_new_page
 *   nr_succeeded  out: how many moved; may be NULL
 *   Returns:      how many were not moved, or -ENOMEM: get_new_page had no more
 *   Context:      task, no spinlock held, mmap_lock of any space may be held.  Sleeps unless
 *                 MIGRATE_ASYNC; the caller may hold no page lock then.
 */
int migrate_pages(struct page **from, unsigned nr, new_page_t get_new_page,
		  free_page_t put_new_page, unsigned long private, enum migrate_mode mode,
		  enum migrate_reason reason, unsigned *nr_succeeded);

/* What keeps the frame where it is, as far as can be seen without a lock; NULL: it could be moved. */
const char *page_why_immovable(const struct page *page);

/*
 * The owner of user memory, spaces/, says once how it is moved; NULL: there is none any more.
 *   lock    wait for the page's lock; sleeps
 *   unlock  and wake those who wait
 */
struct user_page_mover {
	struct movable_ops ops;
	void (*lock)(struct page *page);
	void (*unlock)(struct page *page);
};
void set_user_page_mover(const struct user_page_mover *mover);

#endif
