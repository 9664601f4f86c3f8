/* SPDX-License-Identifier: MIT */
/*
 * spaces/zap.c - forget mapped pages: clear entries, flush once, then free.
 *
 *   entries cleared ──> gather ──(done)──> one TLB flush ──> frames freed in one go, empty tables freed
 *                         └─(full)──> a frame that holds the others, where a flush interrupts CPUs
 *
 * Always true:  no frame and no table page is freed before the flush that follows the clearing of
 *               its entry.
 * Lock:         mmap_lock (reading suffices), or i_mmap_lock and page_table_lock (truncation); ptl per table.
 */
#include "internal.h"

void gather_init(struct gather *g, struct mm_struct *mm)
{
	g->mm = mm;
	g->no_flush = false;
	g->nr = 0;
	g->start = ~0UL;
	g->end = 0;
	g->tables = NULL;
	g->more = NULL;
}

/* Frames that were gathered before, in a frame of their own. */
struct gather_more {
	struct gather_more *next;
	unsigned nr;
	struct page *pages[];
};
#define MORE_PAGES ((PAGE_SIZE - sizeof(struct gather_more)) / sizeof(struct page *))
/* Most that wait for one flush: what others could use meanwhile. */
#define MORE_MOST  20u

/* All that is gathered, which is as many as fit.  With one CPU a flush is a few instructions, and the frames may as
 * well go now.  With more it interrupts them, and waits.  False: flush. */
static bool set_aside(struct gather *g)
{
	u64 cpus = __atomic_load_n(&quire_online_cpus, __ATOMIC_RELAXED);
	struct gather_more *m = g->more;
	unsigned n = 0;

	if (!(cpus & (cpus - 1)) || g->no_flush)
		return false;
	if (!m || m->nr + GATHER_PAGES > MORE_PAGES) {
		for (; m; m = m->next)
			n++;
		m = n < MORE_MOST ? (void *)__get_free_page(GFP_NOWAIT) : NULL;
		if (!m)
			return false;
		*m = (struct gather_more){ g->more, 0 };
		g->more = m;
	}
	memcpy(m->pages + m->nr, g->pages, sizeof(g->pages));
	m->nr += GATHER_PAGES;
	g->nr = 0;
	return true;
}

/* What a page carries only while it is mapped as anonymous memory. */
#define ANON_FLAGS (1u << PG_anon | 1u << PG_swapbacked | 1u << PG_dirty | 1u << PG_uptodate)

static void free_gathered(struct gather *g)
{
	unsigned i, n = 0;

	for (i = 0; i < g->nr; i++) {
		struct page *page = g->pages[i];

		if (!put_page_testzero(page))
			continue;
		if (PageFlag(page, PG_anon))
			page_flags_keep(page, ~ANON_FLAGS);
		g->pages[n++] = page;
	}
	g->nr = 0;
	if (n)
		free_pages_bulk_array(g->pages, n);
}

/* There is nothing to flush any more: what was set aside is gathered again, and goes. */
static quire_noinline void free_more(struct gather *g)
{
	struct gather_more *m = g->more;

	g->more = NULL;
	while (m) {
		struct gather_more *emptied = m;

		m->nr -= GATHER_PAGES;
		g->nr = GATHER_PAGES;
		memcpy(g->pages, m->pages + m->nr, sizeof(g->pages));
		if (!m->nr)
			m = m->next;
		gather_flush(g);
		if (m != emptied)
			free_page((unsigned long)emptied);
	}
}

void gather_flush(struct gather *g)
{
	if (g->start < g->end && !g->no_flush)
		port_flush_tlb_range(g->mm->root, g->start, g->end);
	g->start = ~0UL;
	g->end = 0;
	if (g->nr)
		free_gathered(g);
	if (g->tables) {
		pt_free_list(g->tables);
		g->tables = NULL;
	}
	if (unlikely(g->more))
		free_more(g);
}

void gather_tables(struct gather *g, unsigned long start, unsigned long end)
{
	struct pt_space space = mm_tables(g->mm);
	struct page *list = pt_detach_empty(&space, start, end), *last = list;

	if (!list)
		return;
	while (last->word2)
		last = (struct page *)last->word2;
	last->word2 = (unsigned long)g->tables;
	g->tables = list;
	gather_range(g, start, end);
}

/* What one table's worth of zapping did to the counters. */
struct zap_count {
	unsigned rss[NR_MM_COUNTERS];
	unsigned unmapped_anon, unmapped_file; /* of the table's node, as most of its pages are */
	unsigned cleared;
	u32 home; /* flags of the table, for its node */
};

static void apply_count(struct mm_struct *mm, struct page *table, const struct zap_count *c)
{
	int i;

	pt_count(table, -(int)c->cleared);
	for (i = 0; i < NR_MM_COUNTERS; i++)
		if (c->rss[i])
			atomic_long_sub(c->rss[i], &mm->rss_stat[i]);
	if (c->unmapped_anon)
		mod_nid_page_state(page_to_nid(table), NR_ANON_MAPPED, -(long)c->unmapped_anon);
	if (c->unmapped_file)
		mod_nid_page_state(page_to_nid(table), NR_FILE_MAPPED, -(long)c->unmapped_file);
}

/* The page is going to be counted as one of `home`, its table's node, and is of another. */
static quire_noinline void count_elsewhere(const struct page *page, unsigned home, bool anon)
{
	enum node_stat_item item = anon ? NR_ANON_MAPPED : NR_FILE_MAPPED;

	mod_nid_page_state(home, item, 1);
	mod_nid_page_state(page_to_nid(page), item, -1);
}

/* One present, counted page loses one mapping. */
static void zap_page(struct gather *g, struct vm_area_struct *vma, pte_t e, struct page *page,
		     struct zap_count *c)
{
	u32 flags = READ_ONCE(page->flags);
	bool last = atomic_dec_and_test(&page->_mapcount);

	if (flags >> PG_anon & 1) {
		c->rss[MM_ANONPAGES]++;
		c->unmapped_anon += last;
	} else {
		c->rss[flags >> PG_swapbacked & 1 ? MM_SHMEMPAGES : MM_FILEPAGES]++;
		c->unmapped_file += last;
		if (pte_dirty(e) && !(flags >> PG_dirty & 1))
			set_page_dirty(page);
	}
	if (unlikely((flags ^ c->home) >> PAGE_NODE_SHIFT & PAGE_NODE_MASK) && last)
		count_elsewhere(page, c->home >> PAGE_NODE_SHIFT & PAGE_NODE_MASK,
				flags >> PG_anon & 1);
	if (unlikely(flags >> PG_mlocked & 1) && (last || (vma->vm_flags & VM_LOCKED)))
		mlock_forget(page);
	gather_page(g, page);
}

/* No room for another. */
static quire_noinline void gather_full(struct gather *g)
{
	if (!set_aside(g))
		gather_flush(g);
}

static void zap_table(struct gather *g, struct vm_area_struct *vma, pt_entry *pte,
		      unsigned long addr, unsigned long to, bool even_cows)
{
	struct page *table = pt_page(pte);
	struct zap_count c = { .home = READ_ONCE(table->flags) };
	unsigned long from = addr;

	pt_lock(table);
	for (; addr < to; addr += PAGE_SIZE, pte++) {
		pte_t e;

		if (!pte_read_some(pte, &e))
			continue;
		if (!pte_special(e)) {
			struct page *page = pte_page(e);

			if (!even_cows && PageFlag(page, PG_anon))
				continue;
			if (g->nr == GATHER_PAGES) {
				gather_range(g, from, addr);
				gather_full(g);
			}
			zap_page(g, vma, pte_get_and_clear(pte), page, &c);
		} else {
			if (pte_migration(e)) {
				struct page *page = pte_page(e);

				if (!even_cows && PageFlag(page, PG_anon))
					continue;
				c.rss[page_mm_counter(page)]++;
			} else if (pte_hwpoison(e) && !even_cows && !(vma->vm_flags & VM_SHARED)) {
				continue; /* perhaps of a private copy, which nothing replaces */
			}
			pte_set(pte, 0);
		}
		c.cleared++;
	}
	if (c.cleared) {
		gather_range(g, from, to);
		apply_count(g->mm, table, &c);
	}
	pt_unlock(table);
}

void zap_area(struct gather *g, struct vm_area_struct *vma, unsigned long start, unsigned long end,
	      bool even_cows)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long rss = get_mm_rss(mm), to = 0;

	if (rss > READ_ONCE(mm->hiwater_rss))
		WRITE_ONCE(mm->hiwater_rss, rss);
	while (start < end) {
		pt_entry *pte = mm_find_pte(mm, start, &to);

		if (pte) {
			to = pt_table_end(start, end);
			zap_table(g, vma, pte, start, to, even_cows);
		} else if (to <= start) {
			break;
		}
		start = to;
	}
}

void zap_range(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct gather g;

	gather_init(&g, vma->vm_mm);
	zap_area(&g, vma, start, end, true);
	gather_flush(&g);
}

void for_each_pte_range(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			pte_range_fn fn, void *arg)
{
	while (start < end) {
		unsigned long to = 0;
		pt_entry *pte = mm_find_pte(vma->vm_mm, start, &to);

		if (pte) {
			struct page *table = pt_page(pte);

			to = pt_table_end(start, end);
			pt_lock(table);
			fn(vma, pte, start, to, arg);
			pt_unlock(table);
		} else if (to <= start) {
			break;
		}
		start = to;
	}
}

/* Zap a file's pages from one area.  page_table_lock keeps the tables from being freed: the caller
 * may hold no mmap_lock at all. */
static void unmap_in_area(struct vm_area_struct *vma, pgoff_t first, pgoff_t last, bool even_cows)
{
	pgoff_t vfirst = vma->vm_pgoff,
		vlast = vfirst + ((vma->vm_end - vma->vm_start) >> PAGE_SHIFT) - 1;
	pgoff_t from = first > vfirst ? first : vfirst, to = last < vlast ? last : vlast;
	struct gather g;

	if (from > to)
		return;
	gather_init(&g, vma->vm_mm);
	spin_lock(&vma->vm_mm->page_table_lock);
	zap_area(&g, vma, vma->vm_start + ((from - vfirst) << PAGE_SHIFT),
		 vma->vm_start + ((to - vfirst + 1) << PAGE_SHIFT), even_cows);
	gather_flush(&g);
	spin_unlock(&vma->vm_mm->page_table_lock);
}

void unmap_mapping_range(struct address_space *mapping, pgoff_t first, pgoff_t last, bool even_cows)
{
	struct span_node *at;

	spin_lock(&mapping->i_mmap_lock);
	span_for_each(at, &mapping->i_mmap, first, last) unmap_in_area(
		container_of(at, struct vm_area_struct, shared), first, last, even_cows);
	spin_unlock(&mapping->i_mmap_lock);
}
