/* SPDX-License-Identifier: MIT */
/*
 * spaces/filemap.c - the page cache: the pages of a file, each in memory once, for read, write and
 * mmap alike.
 *
 *   read(2), write(2)  ->  read_mapping_page, grab_cache_page_write  ─┐
 *   page fault         ->  filemap_map_around, filemap_fault         ─┴─>  page tree of the address_space
 *
 *   memory failure     ->  a page whose contents are lost and stored nowhere stays, not up to date:
 *                          who asks for it gets an error until the file is truncated
 *
 * Always true:  a cached page has PG_cache, holds one reference for the cache, and its mapping and
 *               index lead back. A page is visible in the tree while it is still being filled;
 *               PG_locked says so.
 * Lock:         i_pages_lock for the tree; PG_locked of a page while it is filled or taken out.
 */
#include <quire/percpu.h>
#include "internal.h"

wait_queue_head_t page_waiters;

void filemap_init(void)
{
	init_waitqueue_head(&page_waiters);
}

void address_space_init(struct address_space *m, const struct address_space_operations *ops,
			void *host)
{
	memset(m, 0, sizeof(*m));
	spin_lock_init(&m->i_pages_lock, "i_pages", LOCK_RANK_I_PAGES);
	spin_lock_init(&m->i_mmap_lock, "i_mmap", LOCK_RANK_I_MMAP);
	span_tree_init(&m->i_mmap);
	m->a_ops = ops;
	m->host = host;
}

void fput(struct file *file)
{
	if (atomic_dec_and_test(&file->f_count))
		file->f_op->release(file);
}

void unlock_page(struct page *page)
{
	ClearPageFlag(page, PG_locked);
	wake_up_all(&page_waiters);
}

void wait_on_page_locked(struct page *page)
{
	wait_event(&page_waiters, !PageFlag(page, PG_locked));
}

void lock_page(struct page *page)
{
	while (TestSetPageFlag(page, PG_locked))
		wait_on_page_locked(page);
}

struct page *find_get_page(struct address_space *m, pgoff_t index)
{
	struct page **slot, *page = NULL;

	spin_lock(&m->i_pages_lock);
	slot = page_tree_slot(m, index);
	if (slot && *slot) {
		page = *slot;
		get_page(page);
	}
	spin_unlock(&m->i_pages_lock);
	return page;
}

struct page *find_get_next_page(struct address_space *m, pgoff_t *index, pgoff_t last)
{
	struct page *page;

	spin_lock(&m->i_pages_lock);
	page = page_tree_next(m, index, last);
	if (page)
		get_page(page);
	spin_unlock(&m->i_pages_lock);
	if (page)
		(*index)++;
	return page;
}

static void account_cached(struct address_space *m, struct page *page, long n)
{
	mod_nid_page_state(page_to_nid(page), NR_FILE_PAGES, n);
	if (m->flags & AS_SHMEM)
		mod_nid_page_state(page_to_nid(page), NR_SHMEM, n);
}

/* A new page in the cache: locked, not up to date, with a reference for the caller.  -EEXIST:
 * another was faster. */
static int add_new_page(struct address_space *m, pgoff_t index, gfp_t gfp, struct page **out)
{
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE | gfp);
	int err;

	if (!page)
		return -ENOMEM;
	page->mapping = m;
	page->index = index;
	get_page(page); /* the cache's */
	page_flags_publish(page, 1u << PG_cache | 1u << PG_locked |
					 (m->flags & AS_SHMEM ? 1u << PG_swapbacked : 0));
	spin_lock(&m->i_pages_lock);
	err = page_tree_insert(m, index, page);
	spin_unlock(&m->i_pages_lock);
	if (err) {
		/* Who moves pages may have taken it for one of the cache and hold it. */
		page->mapping = NULL;
		ClearPageFlag(page, PG_cache);
		unlock_page(page);
		put_page(page);
		put_page(page);
		return err;
	}
	account_cached(m, page, 1);
	quire_event(mm_filemap_add_to_page_cache, page_to_pfn(page), index, 0);
	*out = page;
	return 0;
}

void filemap_remove_page(struct address_space *m, struct page *page)
{
	spin_lock(&m->i_pages_lock);
	page_tree_erase(m, page->index);
	spin_unlock(&m->i_pages_lock);
	account_cached(m, page, -1);
	quire_event(mm_filemap_delete_from_page_cache, page_to_pfn(page), page->index, 0);
	WRITE_ONCE(page->mapping, NULL);
	/* PG_swapbacked stays while the page is mapped: it says which counter its mappings are
	 * in. */
	__atomic_fetch_and(&page->flags, ~(1u << PG_cache | 1u << PG_dirty | 1u << PG_uptodate),
			   __ATOMIC_RELAXED);
	unlock_page(page);
	put_page(page);
}

/* Fill a new page from its store.  On failure it leaves the cache and the caller's reference is
 * dropped. */
static int fill_page(struct address_space *m, struct page *page)
{
	int err = 0;

	if (m->a_ops && m->a_ops->read_folio)
		err = m->a_ops->read_folio(m, page);
	if (err) {
		filemap_remove_page(m, page);
		put_page(page);
		return err;
	}
	SetPageFlag(page, PG_uptodate);
	unlock_page(page);
	return 0;
}

bool mapping_has_store(const struct address_space *m)
{
	return m->a_ops && m->a_ops->read_folio;
}

/* Whether the page is neither filled nor being filled: its memory failed. */
static bool is_lost(const struct address_space *m, const struct page *page)
{
	u32 flags = READ_ONCE(page->flags);

	return !(flags & (1u << PG_uptodate | 1u << PG_locked)) && READ_ONCE(page->mapping) == m;
}

/* As read_mapping_page(), but -EHWPOISON if it is lost; *major says whether a store was read. */
static struct page *get_uptodate_page(struct address_space *m, pgoff_t index, bool *major)
{
	struct page *page;
	int err;

	for (;;) {
		page = find_get_page(m, index);
		if (page) {
			if (likely(PageFlag(page, PG_uptodate)))
				return page;
			wait_on_page_locked(page);
			if (PageFlag(page, PG_uptodate) && page->mapping == m)
				return page;
			err = is_lost(m, page) ? -EHWPOISON : 0;
			put_page(page);
			if (err)
				return ERR_PTR(err);
			continue;
		}
		err = add_new_page(m, index, mapping_has_store(m) ? 0 : __GFP_ZERO, &page);
		if (err == -EEXIST)
			continue;
		if (err)
			return ERR_PTR(err);
		*major = mapping_has_store(m);
		err = fill_page(m, page);
		return err ? ERR_PTR(err) : page;
	}
}

struct page *read_mapping_page(struct address_space *m, pgoff_t index)
{
	bool major = false;
	struct page *page = get_uptodate_page(m, index, &major);

	return PTR_ERR(page) == -EHWPOISON ? ERR_PTR(-EIO) : page;
}

struct page *grab_cache_page_write(struct address_space *m, pgoff_t index, unsigned from,
				   unsigned to)
{
	struct page *page = find_get_page(m, index);
	int err;

	if (page && PageFlag(page, PG_uptodate))
		return page;
	if (page)
		put_page(page);
	if (page || from != 0 || to != PAGE_SIZE)
		return read_mapping_page(m, index);
	err = add_new_page(m, index, 0, &page);
	if (err == -EEXIST)
		return read_mapping_page(m, index);
	if (err)
		return ERR_PTR(err);
	SetPageFlag(page, PG_uptodate);
	unlock_page(page);
	return page;
}

void set_page_dirty(struct page *page)
{
	if (!PageFlag(page, PG_dirty))
		SetPageFlag(page, PG_dirty);
}

void mapping_set_error(struct address_space *m, int error)
{
	__atomic_store_n(&m->wb_err, error, __ATOMIC_RELAXED);
}

int filemap_check_errors(struct address_space *m)
{
	if (likely(!READ_ONCE(m->wb_err)))
		return 0;
	return __atomic_exchange_n(&m->wb_err, 0, __ATOMIC_RELAXED);
}

/* ---- truncation ------------------------------------------------------------------------------ */
static void clear_part(struct address_space *m, pgoff_t index, unsigned from, unsigned to)
{
	struct page *page = find_get_page(m, index);

	if (!page)
		return;
	lock_page(page);
	if (page->mapping == m && PageFlag(page, PG_uptodate)) {
		memzero_page(page, from, to - from);
		set_page_dirty(page);
	}
	unlock_page(page);
	put_page(page);
}

static void remove_pages(struct address_space *m, pgoff_t first, pgoff_t last)
{
	struct page *page;

	while (first <= last && (page = find_get_next_page(m, &first, last))) {
		lock_page(page);
		if (page->mapping == m)
			filemap_remove_page(m, page);
		else
			unlock_page(page);
		put_page(page);
	}
}

void truncate_pagecache_range(struct address_space *m, quire_loff_t start, quire_loff_t end)
{
	pgoff_t first = (pgoff_t)((u64)(start + (quire_loff_t)PAGE_SIZE - 1) >> PAGE_SHIFT);
	pgoff_t limit = (pgoff_t)((u64)end >> PAGE_SHIFT);
	unsigned head = (unsigned)start & (PAGE_SIZE - 1), tail = (unsigned)end & (PAGE_SIZE - 1);

	if (start >= end)
		return;
	if (head) {
		bool same = (u64)start >> PAGE_SHIFT == (u64)end >> PAGE_SHIFT;

		clear_part(m, first - 1, head, same ? tail : (unsigned)PAGE_SIZE);
		if (same)
			return;
	}
	if (tail)
		clear_part(m, limit, 0, tail);
	if (first >= limit)
		return;
	unmap_mapping_range(m, first, limit - 1, false);
	remove_pages(m, first, limit - 1);
	/* A fault may have mapped a page between the two; it holds the page, not the file. */
	unmap_mapping_range(m, first, limit - 1, false);
}

void truncate_setsize(struct address_space *m, quire_loff_t newsize)
{
	quire_loff_t old = m->i_size;
	pgoff_t first = (pgoff_t)((u64)(newsize + (quire_loff_t)PAGE_SIZE - 1) >> PAGE_SHIFT);
	unsigned part = (unsigned)newsize & (PAGE_SIZE - 1);

	m->i_size = newsize;
	if (newsize >= old && m->nrpages == 0)
		return;
	if (newsize < old && part)
		clear_part(m, first - 1, part, PAGE_SIZE);
	if (newsize < old) {
		unmap_mapping_range(m, first, ~(pgoff_t)0, true);
		remove_pages(m, first, ~(pgoff_t)0);
		unmap_mapping_range(m, first, ~(pgoff_t)0, true);
	}
}

void truncate_inode_pages_final(struct address_space *m)
{
	remove_pages(m, 0, ~(pgoff_t)0);
}

/* ---- faults ---------------------------------------------------------------------------------- */
struct page *filemap_fault(struct vm_area_struct *vma, pgoff_t pgoff, vm_fault_t *why)
{
	struct address_space *m = vma->vm_file->f_mapping;
	bool major = false;
	struct page *page;

	if (pgoff >= (pgoff_t)((u64)(m->i_size + (quire_loff_t)PAGE_SIZE - 1) >> PAGE_SHIFT)) {
		*why = VM_FAULT_SIGBUS;
		return NULL;
	}
	page = get_uptodate_page(m, pgoff, &major);
	if (IS_ERR(page)) {
		*why = PTR_ERR(page) == -ENOMEM      ? VM_FAULT_OOM
		       : PTR_ERR(page) == -EHWPOISON ? VM_FAULT_HWPOISON
						     : VM_FAULT_SIGBUS;
		return NULL;
	}
	*why = major ? VM_FAULT_MAJOR : 0;
	return page;
}

/* Give entry `pte`, which is empty, a page of the cache; both locks are held. */
static void map_cached(struct page *page, pt_entry *pte, const struct pte_alike *like,
		       unsigned *first)
{
	get_page(page);
	if (atomic_inc_return(&page->_mapcount) == 1)
		(*first)++;
	pte_set_like(pte, page_to_phys(page), like);
}

bool filemap_map_around(struct vm_area_struct *vma, unsigned long addr, pt_entry *pte)
{
	const unsigned long window = (unsigned long)QUIRE_FAULT_AROUND_PAGES << PAGE_SHIFT;
	struct address_space *m = vma->vm_file->f_mapping;
	unsigned long start = max(addr & ~(window - 1), vma->vm_start);
	unsigned long end = min((addr & ~(window - 1)) + window, vma->vm_end), at;
	struct page *table = pt_page(pte);
	unsigned mapped = 0, first = 0;
	pgoff_t limit = (pgoff_t)((u64)(m->i_size + (quire_loff_t)PAGE_SIZE - 1) >> PAGE_SHIFT),
		index;
	const struct pte_alike like = pte_alike(vma->vm_page_prot);
	struct page **slot = NULL;
	bool hit = false;

	if (vma->vm_flags & VM_LOCKED)
		return false; /* each page is counted as locked, one by one */
	index = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);
	pte -= (addr - start) >> PAGE_SHIFT;
	pt_lock(table);
	spin_lock(&m->i_pages_lock);
	for (at = start; at < end && index < limit; at += PAGE_SIZE, index++, pte++) {
		struct page *page;

		/* Slots of 64 neighbours lie side by side in one node. */
		slot = slot && m->height && (index & 63) ? slot + 1 : page_tree_slot(m, index);
		if (!slot)
			continue;
		page = *slot;
		if (!page || !pte_none(pte) ||
		    (READ_ONCE(page->flags) & (1u << PG_locked | 1u << PG_uptodate)) !=
			    1u << PG_uptodate)
			continue;
		map_cached(page, pte, &like, &first);
		mapped++;
		hit |= at == addr;
	}
	spin_unlock(&m->i_pages_lock);
	pt_count(table, (int)mapped);
	pt_unlock(table);
	if (mapped)
		atomic_long_add(
			(long)mapped,
			&vma->vm_mm->rss_stat[m->flags & AS_SHMEM ? MM_SHMEMPAGES : MM_FILEPAGES]);
	if (first)
		mod_nid_page_state(page_to_nid(table), NR_FILE_MAPPED, (long)first);
	return hit;
}

const char *address_space_check(struct address_space *m)
{
	unsigned long n = 0;
	pgoff_t index = 0;
	struct page *page;
	const char *why = NULL;

	spin_lock(&m->i_pages_lock);
	while (!why && (page = page_tree_next(m, &index, ~(pgoff_t)0))) {
		if (page->mapping != m || page->index != index)
			why = "a cached page does not lead back to its file";
		else if (!PageFlag(page, PG_cache) || page_count(page) < 1)
			why = "a page in a file's tree is not a cached page";
		n++;
		if (++index == 0)
			break;
	}
	if (!why && n != m->nrpages)
		why = "nrpages disagrees with the page tree";
	spin_unlock(&m->i_pages_lock);
	if (why)
		return why;
	spin_lock(&m->i_mmap_lock);
	why = span_tree_check(&m->i_mmap);
	spin_unlock(&m->i_mmap_lock);
	return why;
}
