/* SPDX-License-Identifier: MIT */
/*
 * spaces/migrate.c - user memory moves to another frame while programs run.
 *
 *   entries:   [ rw frame 7 ]      [ moving 7, w ]          [ rw frame 9 ]
 *                     unmap_entry ─────>     restore_entry ────>
 *   frame 7    refs: us, cache, maps       us, cache       us ─> free
 *   frame 9    refs: us                    us          us, cache, maps
 *                                      └ copied here ┘
 *
 * A fault that meets a "moving" entry waits; fork copies it, mremap carries it along, mprotect takes
 * its right to write, munmap clears it.  When no entry is left and nobody but us and the page cache
 * holds the frame, nobody can reach the contents, and they are copied.  If somebody does hold it the
 * entries are changed back.
 *
 * Always true:  an entry that says "moving" is in an area that the walk finds, and its frame is
 *               locked and referenced by whoever moves it; so it is gone when the lock is.
 * Lock:         PG_locked of both frames; then the walk's lock > page_table_lock > ptl for the
 *               entries, i_pages_lock for the cache.
 */
#include <quire/migrate.h>
#include "internal.h"

struct relocation {
	struct page *from;
	struct page *to;  /* what restored entries map: the new frame, or after a failure the old */
	unsigned entries; /* that were changed                                                    */
};

void migration_entry_wait(pt_entry *pte, pte_t was)
{
	/* The table stays: mmap_lock is held, and whoever moves the page does not need it. */
	wait_event(&page_waiters, pte_read(pte) != was);
}

pt_entry *lock_entry(struct mm_struct *mm, unsigned long addr)
{
	pt_entry *pte;

	spin_lock(&mm->page_table_lock);
	pte = mm_find_pte(mm, addr, NULL);
	if (!pte) {
		spin_unlock(&mm->page_table_lock);
		return NULL;
	}
	pt_lock(pt_page(pte));
	return pte;
}

void unlock_entry(struct mm_struct *mm, pt_entry *pte)
{
	pt_unlock(pt_page(pte));
	spin_unlock(&mm->page_table_lock);
}

static void count_mapped(const struct page *page, long n)
{
	mod_nid_page_state(page_to_nid(page),
			   PageFlag(page, PG_anon) ? NR_ANON_MAPPED : NR_FILE_MAPPED, n);
}

/* The entry no longer maps the frame, but the space still counts it. */
static void forget_mapping(const struct vm_area_struct *vma, struct page *page)
{
	bool last = atomic_dec_and_test(&page->_mapcount);

	if (last)
		count_mapped(page, -1);
	if (PageFlag(page, PG_mlocked) && (last || READ_ONCE(vma->vm_flags) & VM_LOCKED))
		mlock_forget(page);
	put_page(page); /* not the last: whoever moves it has one */
}

static void unmap_entry(struct vm_area_struct *vma, unsigned long addr, void *arg)
{
	struct relocation *r = arg;
	pt_entry *pte = lock_entry(vma->vm_mm, addr);
	pte_t e;

	if (!pte)
		return;
	e = pte_read(pte);
	if (pte_present(e) && !pte_special(e) && pte_page(e) == r->from) {
		/* Never empty in between, and what the processor notes until then is kept. */
		e = pte_exchange(pte, pte_make_migration(e));
		pte_set(pte, pte_make_migration(e));
		port_flush_tlb_range(vma->vm_mm->root, addr, addr + PAGE_SIZE);
		if (pte_dirty(e))
			set_page_dirty(r->from);
		forget_mapping(vma, r->from);
		r->entries++;
	}
	unlock_entry(vma->vm_mm, pte);
}

static void restore_entry(struct vm_area_struct *vma, unsigned long addr, void *arg)
{
	const u64 kept = PTE_WRITE | PTE_DIRTY | PTE_ACCESSED;
	struct relocation *r = arg;
	pt_entry *pte = lock_entry(vma->vm_mm, addr);
	pte_t e;

	if (!pte)
		return;
	e = pte_read(pte);
	if (pte_migration(e) && pte_page(e) == r->from) {
		get_page(r->to);
		if (atomic_inc_return(&r->to->_mapcount) == 1)
			count_mapped(r->to, 1);
		mlock_note(vma, r->to);
		/* If the area's rights are being changed the entry's turn comes after us. */
		pte_set(pte,
			pte_make(page_to_pfn(r->to), READ_ONCE(vma->vm_page_prot) | (e & kept)));
		r->entries++;
	}
	unlock_entry(vma->vm_mm, pte);
}

unsigned make_migration_ptes(const struct rmap *rmap, struct page *page)
{
	struct relocation r = { page, page, 0 };

	rmap_walk(rmap, unmap_entry, &r);
	return r.entries;
}

unsigned try_to_migrate(const struct rmap *rmap, struct page *page)
{
	return page_mapcount(page) > 0 ? make_migration_ptes(rmap, page) : 0;
}

unsigned remove_migration_ptes(const struct rmap *rmap, struct page *from, struct page *to)
{
	struct relocation r = { from, to, 0 };

	rmap_walk(rmap, restore_entry, &r);
	return r.entries;
}

/* ---- the owner's word ------------------------------------------------------------------------ */
/* What a frame carries for its owner, and takes along; PG_uptodate follows when the contents have
 * arrived, PG_mlocked with the entries. */
#define CARRIED                                                                                    \
	(1u << PG_anon | 1u << PG_cache | 1u << PG_swapbacked | 1u << PG_dirty | 1u << PG_private_2)

/* If the count is what it is when nobody else knows the frame: 0, so that nobody can come to. */
static bool page_ref_freeze(struct page *page, int count)
{
	return __atomic_compare_exchange_n(&page->_refcount.counter, &count, 0, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static void take_identity(struct page *to, struct page *from)
{
	to->mapping = from->mapping; /* or the anon_vma */
	to->index = from->index;
	to->private = from->private;
	__atomic_fetch_or(&to->flags, READ_ONCE(from->flags) & CARRIED, __ATOMIC_RELEASE);
}

static bool replace_anon(struct page *to, struct page *from)
{
	if (!page_ref_freeze(from, 1))
		return false;
	take_identity(to, from);
	atomic_set(&from->_refcount, 1);
	return true;
}

static void account_move(const struct address_space *m, struct page *page, long n)
{
	mod_nid_page_state(page_to_nid(page), NR_FILE_PAGES, n);
	if (m->flags & AS_SHMEM)
		mod_nid_page_state(page_to_nid(page), NR_SHMEM, n);
}

/* From now on who looks for the page finds the new frame, and waits for its lock. */
static bool replace_cached(struct page *to, struct page *from)
{
	struct address_space *m = from->mapping;
	bool mine;

	spin_lock(&m->i_pages_lock);
	mine = page_ref_freeze(from, 2);
	if (mine) {
		take_identity(to, from);
		get_page(to); /* the cache's */
		*page_tree_slot(m, from->index) = to;
		atomic_set(&from->_refcount, 1);
	}
	spin_unlock(&m->i_pages_lock);
	if (mine) {
		account_move(m, from, -1);
		account_move(m, to, 1);
	}
	return mine;
}

/* No entry maps the old frame.  False: somebody holds it by reference. */
static bool replace(struct page *to, struct page *from)
{
	bool uptodate = PageFlag(from, PG_uptodate);

	if (!(PageFlag(from, PG_cache) ? replace_cached(to, from) : replace_anon(to, from)))
		return false;
	copy_highpage(to, from);
	if (uptodate)
		SetPageFlag(to, PG_uptodate);
	return true;
}

/* The old frame means nothing any more. */
static void retire(struct page *page)
{
	__atomic_fetch_and(&page->flags, ~(CARRIED | 1u << PG_uptodate), __ATOMIC_RELAXED);
	WRITE_ONCE(page->mapping, NULL);
}

static bool user_page_isolate(struct page *page, isolate_mode_t mode)
{
	(void)mode;
	/* A page on its way out of memory moves by itself. */
	return PageFlag(page, PG_cache) || page_mapcount(page) > 0;
}

static int user_page_migrate(struct page *to, struct page *from, enum migrate_mode mode)
{
	int known = 1 + PageFlag(from, PG_cache);
	struct rmap rmap;
	unsigned changed;
	bool moved;

	(void)mode;
	if (PageFlag(from, PG_poisoned))
		return -EHWPOISON; /* its contents are not to be trusted, nor read */
	if (page_count(from) > page_mapcount(from) + known || !rmap_begin(&rmap, from))
		return -EAGAIN;
	changed = try_to_migrate(&rmap, from);
	moved = page_mapcount(from) == 0 && replace(to, from);
	if (changed)
		remove_migration_ptes(&rmap, from, moved ? to : from);
	rmap_end(&rmap);
	if (moved)
		retire(from);
	return moved ? 0 : -EAGAIN;
}

static const struct user_page_mover mover = {
	.ops = { .isolate_page = user_page_isolate, .migrate_page = user_page_migrate },
	.lock = lock_page,
	.unlock = unlock_page,
};

void migrate_init(void)
{
	set_user_page_mover(&mover);
}

void migrate_exit(void)
{
	set_user_page_mover(NULL);
}
