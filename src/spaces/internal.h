/* SPDX-License-Identifier: MIT */
/*
 * spaces/internal.h - between the files of spaces/.
 */
#ifndef QUIRE_SPACES_INTERNAL_H
#define QUIRE_SPACES_INTERNAL_H

#include <quire/err.h>
#include <quire/event.h>
#include <quire/highmem.h>
#include <quire/printk.h>
#include <quire/slab.h>
#include <quire/wait.h>
#include <quire/bytes.h>
#include "spaces/spaces.h"
#include "rmap.h"

#define STACK_GUARD ((unsigned long)QUIRE_STACK_GUARD_PAGES << PAGE_SHIFT)

struct spaces_state {
	struct kmem_cache *mm_cache, *vma_cache, *anon_vma_cache, *node_cache, *shmem_cache;
	struct page *zero_page;
	u64 zero_entry;             /* pfn of the zero page with the special bit, no rights */
	atomic_long_t committed;    /* pages promised (VM_ACCOUNT)                          */
	atomic_long_t shmem_serial; /* inode numbers of nameless files                      */
	spinlock_t anon_lookup[16]; /* from a page to its anon_vma, by hash of the latter   */
	spinlock_t mmlist_lock;     /* guards mmlist                                        */
	struct list_head mmlist;    /* every mm_struct                                      */
};
extern struct spaces_state spaces;

static inline struct pt_space mm_tables(struct mm_struct *mm)
{
	return (struct pt_space){ mm->pgd, &mm->page_table_lock, &mm->pgtables_bytes };
}

static inline pt_entry *mm_find_pte(struct mm_struct *mm, unsigned long addr, unsigned long *skip)
{
	return pt_find(mm->pgd, addr, skip);
}

/* The entry for addr, tables made on the way; NULL: no memory. */
static inline pt_entry *mm_make_pte(struct mm_struct *mm, unsigned long addr)
{
	pt_entry *pte = pt_find(mm->pgd, addr, NULL);
	struct pt_space space;

	if (likely(pte))
		return pte;
	space = mm_tables(mm);
	return pt_make_slow(&space, addr);
}

/* Pages of user memory whose table entries are gone, waiting for the TLB flush that makes it safe
 * to free them. */
#define GATHER_PAGES 96
struct gather {
	struct mm_struct *mm;
	bool no_flush; /* nothing runs on this space any more   */
	unsigned nr;
	unsigned long start, end; /* what to flush; start >= end: nothing  */
	struct page *tables;      /* table pages to free after the flush   */
	struct gather_more *more; /* what did not fit: zap.c               */
	struct page *pages[GATHER_PAGES];
};
void gather_init(struct gather *g, struct mm_struct *mm);
void gather_flush(struct gather *g);
static inline void gather_page(struct gather *g, struct page *page)
{
	g->pages[g->nr++] = page;
}
static inline void gather_range(struct gather *g, unsigned long start, unsigned long end)
{
	if (start < g->start)
		g->start = start;
	if (end > g->end)
		g->end = end;
}

/* zap.c: forget the pages of [start, end) of one area. even_cows: private copies too. */
void zap_area(struct gather *g, struct vm_area_struct *vma, unsigned long start, unsigned long end,
	      bool even_cows);
/* Take empty tables of the range out of the tree; they are freed by the next gather_flush(). */
void gather_tables(struct gather *g, unsigned long start, unsigned long end);
/* zap_area with its own gather and flush. */
void zap_range(struct vm_area_struct *vma, unsigned long start, unsigned long end);

/* vma.c */
struct vm_area_struct *vma_alloc(struct mm_struct *mm);
/* Another area like it, in no tree and on no list yet; holds its own reference to the file.  NULL:
 * no memory. */
struct vm_area_struct *vma_dup(const struct vm_area_struct *vma);
/* The same, with `pages` promised for it if the area is accounted. */
struct vm_area_struct *vma_dup_charged(const struct vm_area_struct *vma, unsigned long pages);
void vma_free(struct vm_area_struct *vma);
u64 vma_prot_of(unsigned long vm_flags);
void vma_set_flags(struct vm_area_struct *vma, unsigned long flags);
void vma_link(struct mm_struct *mm, struct vm_area_struct *vma);
void vma_unlink(struct mm_struct *mm, struct vm_area_struct *vma);
void vma_link_file(struct vm_area_struct *vma);
void vma_unlink_file(struct vm_area_struct *vma);
/* Cut at addr; the area keeps the lower part, the new one is returned, NULL: no memory or too many
 * areas. */
struct vm_area_struct *vma_split(struct vm_area_struct *vma, unsigned long addr);
/* Melt vma with its neighbours where nothing tells them apart; returns the area that now covers
 * it. */
struct vm_area_struct *vma_merge(struct vm_area_struct *vma);
/* Make [start, end) of vma an area of its own with these flags, melted with equal neighbours.
 * NULL: no memory, flags unchanged. */
struct vm_area_struct *vma_modify(struct vm_area_struct *vma, unsigned long start,
				  unsigned long end, unsigned long flags);
/* Whether `b` lies directly behind `a` and shows the same object from there on. */
bool vma_continues(const struct vm_area_struct *a, const struct vm_area_struct *b);
/* Move the borders of an area that is in the tree; vm_pgoff follows the lower one. */
void vma_resize(struct vm_area_struct *vma, unsigned long start, unsigned long end);
/* Whether an area with these properties in front of or behind `vma` would be the same area. */
bool vma_same(const struct vm_area_struct *vma, unsigned long flags, struct file *file,
	      void *private);
void vm_stat_account(struct mm_struct *mm, unsigned long flags, long pages);

/* limits.c: may so many more pages be mapped / promised? 0 or -ENOMEM */
bool may_expand_vm(struct mm_struct *mm, unsigned long flags, unsigned long pages);
int vm_commit(struct mm_struct *mm, unsigned long pages);
void vm_uncommit(unsigned long pages);
static inline bool accountable(unsigned long flags)
{
	return (flags & (VM_WRITE | VM_SHARED | VM_NORESERVE)) == VM_WRITE;
}

/* munmap.c; mmap_lock held for writing, arguments page-aligned */
int unmap_locked(struct mm_struct *mm, unsigned long start, unsigned long end);
/* mmap.c */
long map_locked(struct mm_struct *mm, struct file *file, unsigned long addr, unsigned long len,
		unsigned long vm_flags, unsigned long pgoff);
/* fault.c; mmap_lock held for reading or writing, addr page-aligned */
vm_fault_t handle_area_fault(struct vm_area_struct *vma, unsigned long addr, unsigned flags);
int expand_stack(struct vm_area_struct *vma, unsigned long addr);
/* mlock.c; both take mmap_lock.  Fault in [start, end): as the areas are used, going on after an
 * area that cannot be (first error returned: -ENOMEM, -EFAULT, -EHWPOISON); or as for reading or
 * writing, stopping at the first error. */
int mm_populate(struct mm_struct *mm, unsigned long start, unsigned long end);
int populate_range(struct mm_struct *mm, unsigned long start, unsigned long end, bool write);

/* An area maps the page: if it is locked, so is the page. */
static inline void mlock_note(const struct vm_area_struct *vma, struct page *page)
{
	if (unlikely(READ_ONCE(vma->vm_flags) & VM_LOCKED) && !TestSetPageFlag(page, PG_mlocked))
		mod_zone_page_state(page_zone(page), NR_MLOCK, 1);
}

/* A page that was counted in NR_MLOCK is no longer held by a locked area. */
static inline void mlock_forget(struct page *page)
{
	if (__atomic_fetch_and(&page->flags, ~(1u << PG_mlocked), __ATOMIC_RELAXED) >> PG_mlocked &
	    1)
		mod_zone_page_state(page_zone(page), NR_MLOCK, -1);
}

/* migrate.c: user memory can be moved, or no more. */
void migrate_init(void);
void migrate_exit(void);
/* Change the entries that map the page to such that say "moving", or those that say so of `from` to
 * entries of `to`, which may be `from`.  How many were changed.  Both pages locked.
 * make_migration_ptes() looks even if the page seems to be mapped nowhere. */
unsigned make_migration_ptes(const struct rmap *rmap, struct page *page);
unsigned try_to_migrate(const struct rmap *rmap, struct page *page);
unsigned remove_migration_ptes(const struct rmap *rmap, struct page *from, struct page *to);
/* The entry for addr with its table locked, and no table of the space can go; NULL: there is none. */
pt_entry *lock_entry(struct mm_struct *mm, unsigned long addr);
void unlock_entry(struct mm_struct *mm, pt_entry *pte);
/* Sleep until *pte, which says that its page is being moved, says something else.  mmap_lock held. */
void migration_entry_wait(pt_entry *pte, pte_t was);

/* memory_failure.c: frames/ can ask for user memory whose frame failed, or no more; madvise's way to
 * break [start, end), or with `soft` to move it elsewhere.  0 or -errno. */
void memory_failure_init(void);
void memory_failure_exit(void);
long inject_memory_failure(struct mm_struct *mm, unsigned long start, unsigned long end, bool soft);

/* filemap.c */
/* Take a locked page out of the cache, drop the cache's reference, and unlock it. */
void filemap_remove_page(struct address_space *m, struct page *page);
/* Whether what is in memory is a copy of something. */
bool mapping_has_store(const struct address_space *m);
/* All who wait for some page's lock, or for a move to end: rare, so one queue serves. */
extern wait_queue_head_t page_waiters;
/* Map what the cache has around addr; true if addr itself was mapped.  ptl not held. */
bool filemap_map_around(struct vm_area_struct *vma, unsigned long addr, pt_entry *pte);
struct page *filemap_fault(struct vm_area_struct *vma, pgoff_t pgoff, vm_fault_t *why);
/* page_tree.c; i_pages_lock held */
struct page **page_tree_slot(struct address_space *m, pgoff_t index);
int page_tree_insert(struct address_space *m, pgoff_t index, struct page *page);
struct page *page_tree_erase(struct address_space *m, pgoff_t index);
/* The first page at or after *index and not after last; *index becomes its place.  NULL: none. */
struct page *page_tree_next(struct address_space *m, pgoff_t *index, pgoff_t last);
size_t page_tree_node_size(void);
void filemap_init(void);
/* shmem.c */
size_t shmem_object_size(void);

/* A range of a system call: page-aligned start, no wrap, below the end of user space. */
static inline bool user_range_ok(unsigned long addr, unsigned long len)
{
	return len <= PORT_TASK_SIZE && addr <= PORT_TASK_SIZE - len;
}

static inline bool vma_is_anonymous(const struct vm_area_struct *vma)
{
	return !vma->vm_ops && !vma->vm_file;
}

#endif
