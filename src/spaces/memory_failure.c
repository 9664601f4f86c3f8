/* SPDX-License-Identifier: MIT */
/*
 * spaces/memory_failure.c - the frame of a user's page has failed: nobody may read it again, and who
 * needs what was in it is told.
 *
 *   the page was                        its entries become         in the page cache
 *   anonymous                           lost                       -
 *   of a file, as it is stored          empty: a fault reads it    removed: read again
 *   of a file, newer than stored        lost                       removed, and msync() says so
 *   shmem or ramfs, written             lost                       kept, not up to date: -EIO
 *   shmem or ramfs, never written       empty                      removed: it is zero again
 *
 * All entries are first changed to "moving", so that whoever faults waits, and what the processors
 * noted of stores is known; then to what they become.
 *
 * Lock:  PG_locked of the page; inside it the walk's, as for a move (migrate.c).
 */
#include <quire/memory_failure.h>
#include "internal.h"

/* Whom to tell that the page is lost. */
struct victim {
	struct victim *next;
	struct mm_struct *mm; /* referenced */
	unsigned long addr;
};

struct loss {
	struct page *page;
	bool lost; /* what was in it is nowhere else                             */
	bool kill; /* entries say so even if it is                               */
	struct victim *victims;
};

static void (*lost_fn)(struct mm_struct *mm, unsigned long addr, int flags);

void set_memory_lost_fn(void (*fn)(struct mm_struct *mm, unsigned long addr, int flags))
{
	lost_fn = fn;
}

/* ---- who is told ----------------------------------------------------------------------------- */
/* Without memory for it the task is not told now, but when it touches the page. */
static void note_victim(struct loss *loss, struct mm_struct *mm, unsigned long addr)
{
	struct victim *v = lost_fn ? kmalloc(sizeof(*v), GFP_ATOMIC | __GFP_NOWARN) : NULL;

	if (!v)
		return;
	if (!atomic_inc_not_zero(&mm->mm_users)) {
		kfree(v);
		return;
	}
	*v = (struct victim){ loss->victims, mm, addr };
	loss->victims = v;
}

static void tell_victims(struct loss *loss, int flags)
{
	while (loss->victims) {
		struct victim *v = loss->victims;

		loss->victims = v->next;
		if (lost_fn)
			lost_fn(v->mm, v->addr, flags);
		mmput(v->mm);
		kfree(v);
	}
}

/* ---- entries --------------------------------------------------------------------------------- */
static void settle_entry(struct vm_area_struct *vma, unsigned long addr, void *arg)
{
	struct mm_struct *mm = vma->vm_mm;
	struct loss *loss = arg;
	pt_entry *pte = lock_entry(mm, addr);
	pte_t e;
	bool mine;

	if (!pte)
		return;
	e = pte_read(pte);
	mine = pte_migration(e) && pte_page(e) == loss->page;
	if (mine) {
		atomic_long_dec(&mm->rss_stat[page_mm_counter(loss->page)]);
		pte_set(pte, loss->kill ? pte_make_hwpoison(e) : 0);
		if (!loss->kill)
			pt_count(pt_page(pte), -1);
	}
	unlock_entry(mm, pte);
	if (mine && loss->kill)
		note_victim(loss, mm, addr);
}

/* Empty the entries that map the page, or make them say that it is lost. */
static void unmap(struct loss *loss, const struct rmap *rmap)
{
	struct page *page = loss->page;
	unsigned changed = make_migration_ptes(rmap, page);

	loss->lost |= PageFlag(page, PG_anon) || PageFlag(page, PG_dirty);
	loss->kill |= loss->lost;
	if (changed)
		rmap_walk(rmap, settle_entry, loss);
}

/* ---- the page cache -------------------------------------------------------------------------- */
/* A locked page of the cache leaves it, or stays there as a mark; unlocked then. */
static void leave_cache(struct loss *loss, const struct rmap *rmap)
{
	struct page *page = loss->page;
	struct address_space *m = rmap->mapping;
	bool stays = loss->lost && !mapping_has_store(m);

	if (!loss->lost)
		printk("Memory failure: %#lx: corrupted page was clean: dropped without side "
		       "effects\n",
		       page_to_pfn(page));
	else if (!stays)
		mapping_set_error(m, -EIO);
	if (stays)
		ClearPageFlag(page, PG_uptodate);
	else
		filemap_remove_page(m, page);
	/* A fault may have mapped it since; from now on none does. */
	unmap(loss, rmap);
	if (stays)
		unlock_page(page);
}

static int recover(struct page *page, int flags, bool *lost)
{
	struct loss loss = { page, false, flags & MF_MUST_KILL, NULL };
	bool cached;
	struct rmap rmap;

	lock_page(page);
	cached = PageFlag(page, PG_cache);
	if ((cached || PageFlag(page, PG_anon)) && rmap_begin(&rmap, page)) {
		unmap(&loss, &rmap);
		if (cached)
			leave_cache(&loss, &rmap);
		rmap_end(&rmap);
	}
	if (!cached)
		unlock_page(page);
	tell_victims(&loss, flags);
	*lost = loss.lost;
	return page_mapcount(page) || page_count(page) > 1 + PageFlag(page, PG_cache) ? -EBUSY : 0;
}

static const struct memory_failure_ops ops = { recover };

void memory_failure_init(void)
{
	set_memory_failure_ops(&ops);
}

void memory_failure_exit(void)
{
	set_memory_failure_ops(NULL);
	lost_fn = NULL;
}

/* ---- by hand --------------------------------------------------------------------------------- */
/* A frame of the space's own for addr, referenced: the zero page is everybody's.  0 or -errno. */
static int get_own_page(struct mm_struct *mm, unsigned long addr, struct page **page)
{
	long got = get_user_pages(mm, addr, 1, 0, page);

	if (got == 1 && *page == spaces.zero_page) {
		put_page(*page);
		got = get_user_pages(mm, addr, 1, FOLL_WRITE, page);
	}
	return got == 1 ? 0 : (int)got;
}

long inject_memory_failure(struct mm_struct *mm, unsigned long start, unsigned long end, bool soft)
{
	for (; start < end; start += PAGE_SIZE) {
		struct page *page;
		unsigned long pfn;
		int err = get_own_page(mm, start, &page);

		if (err)
			return err;
		pfn = page_to_pfn(page);
		printk(soft ? "Soft offlining pfn %#lx at process virtual address %#lx\n"
			    : "Injecting memory failure for pfn %#lx at process virtual address "
			      "%#lx\n",
		       pfn, start);
		if (soft) {
			put_page(page); /* who holds a page keeps it from moving */
			err = soft_offline_page(pfn);
		} else {
			err = memory_failure(pfn, MF_COUNT_INCREASED);
		}
		if (err)
			return err;
	}
	return 0;
}
