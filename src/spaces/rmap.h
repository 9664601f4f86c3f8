/* SPDX-License-Identifier: MIT */
/*
 * spaces/rmap.h - from a page to the table entries that map it.
 *
 *            fork            first store            P and C are areas, A and B are anon_vmas
 *   A: P  ──────────>  A: P C  ──────────>  A: P          pages of A may be mapped by P and by C,
 *                                           └─ B: C       pages of B by C alone
 *
 * Anonymous pages have no file that could list who maps them.  Their areas hang on an anon_vma, made
 * when the area gets its first anonymous page; the page names it.  fork hangs the child's area on the
 * same one, behind the parent's, without allocating anything.  When the child stores for the
 * first time, its area moves to an anon_vma of its own below the parent's.  So what may map a page of
 * an anon_vma are the areas of that anon_vma and of those below it, and a process that forks a
 * thousand children need not look at them for what it has done since.
 *
 * Always true:  an area that maps a page of anon_vma A hangs on A or on one below A, and
 *               linear page index - vm_pgoff says where in the area; split, merge and mremap keep
 *               vm_pgoff such that it does.
 *               A parent's area stands before those that were forked off it.  (A walk that restores
 *               entries while fork copies them sees the parent first, hence every copy.)
 * Lock:         lock of the tree's root, for areas, refs, and together with mmap_lock for the borders
 *               of the areas; i_mmap_lock does the same for areas of files.
 */
#ifndef QUIRE_SPACES_RMAP_H
#define QUIRE_SPACES_RMAP_H

#include <quire/mm.h>
#include <quire/pagemap.h>

/* Generations of forks that get anon_vmas of their own; those after share the last one.  More:
 * fewer areas to look at in deep families.  Fewer: a chain of forks whose parents exit keeps less. */
#define ANON_VMA_DEPTH 8u

/* Who guards a field:  (c) set once  (r) root->lock */
struct anon_vma {
	struct anon_vma *root;      /* (c) of the tree, perhaps itself                            */
	struct anon_vma *parent;    /* (c) NULL: it is a root                                     */
	const struct mm_struct *mm; /* (r) whose new pages name it; compared, never followed      */
	unsigned refs;              /* (r) areas, anon_vmas below, walks; 0: nobody can find it   */
	unsigned depth;             /* (c) 0: root                                                */
	spinlock_t lock;            /* a root's guards the whole tree                             */
	struct span_tree areas;     /* (r) vma->anon_node                                         */
	struct list_head children;  /* (r) sibling of those below                                 */
	struct list_head sibling;
};

/* The anon_vma for a new anonymous page of the area; NULL: no memory. mmap_lock held, for reading
 * at least.  May sleep. */
struct anon_vma *anon_vma_prepare_slow(struct vm_area_struct *vma);
static inline struct anon_vma *anon_vma_prepare(struct vm_area_struct *vma)
{
	struct anon_vma *av = __atomic_load_n(&vma->anon_vma, __ATOMIC_ACQUIRE);

	if (likely(av) && likely(READ_ONCE(av->mm) == vma->vm_mm))
		return av;
	return anon_vma_prepare_slow(vma);
}

/* `new`, a copy of `old` that hangs on none yet, may map the same anonymous pages. */
void anon_vma_clone(struct vm_area_struct *new, struct vm_area_struct *old);
/* The same with rmap_lock(old) held; it has an anon_vma. */
void anon_vma_attach_locked(struct vm_area_struct *new, struct vm_area_struct *old);
/* The area maps nothing anonymous any more; it has an anon_vma. */
void anon_vma_detach(struct vm_area_struct *vma);
/* Whether one area can be found for the pages of both: one has no anon_vma, or that of one is above
 * that of the other, or the same. */
bool anon_vma_compatible(const struct anon_vma *a, const struct anon_vma *b);
/* `to` may map what `from` does, and `from` nothing any more: they melt, and are compatible.  Both
 * locked by rmap_lock(). */
void anon_vma_melt_locked(struct vm_area_struct *to, struct vm_area_struct *from);

static inline spinlock_t *i_mmap_lock_of(const struct vm_area_struct *vma)
{
	return vma->vm_file && vma->vm_file->f_mapping ? &vma->vm_file->f_mapping->i_mmap_lock
						       : NULL;
}

/* Around changes of vm_start, vm_end, vm_pgoff, and of where entries lie: no walk is under way.
 * mmap_lock held for writing. */
static inline void rmap_lock(struct vm_area_struct *vma)
{
	if (i_mmap_lock_of(vma))
		spin_lock(i_mmap_lock_of(vma));
	if (vma->anon_vma)
		spin_lock(&vma->anon_vma->root->lock);
}

static inline void rmap_unlock(struct vm_area_struct *vma)
{
	if (vma->anon_vma)
		spin_unlock(&vma->anon_vma->root->lock);
	if (i_mmap_lock_of(vma))
		spin_unlock(i_mmap_lock_of(vma));
}

static inline pgoff_t vma_last_pgoff(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff + ((vma->vm_end - vma->vm_start) >> PAGE_SHIFT) - 1;
}

/* The area, which has a file with pages, can be found from there. */
static inline void rmap_insert_file_locked(struct vm_area_struct *vma)
{
	span_insert(&vma->vm_file->f_mapping->i_mmap, &vma->shared, vma->vm_pgoff,
		    vma_last_pgoff(vma));
}

/* Its borders have changed. */
static inline void rmap_resized_locked(struct vm_area_struct *vma)
{
	if (i_mmap_lock_of(vma))
		span_resize(&vma->vm_file->f_mapping->i_mmap, &vma->shared, vma->vm_pgoff,
			    vma_last_pgoff(vma));
	if (vma->anon_vma)
		span_resize(&vma->anon_vma->areas, &vma->anon_node, vma->vm_pgoff,
			    vma_last_pgoff(vma));
}

/* What a walk needs to know of a page; good from rmap_begin() to rmap_end(), even while the page is
 * mapped nowhere. */
struct rmap {
	struct anon_vma *anon_vma;     /* anonymous: held          */
	struct address_space *mapping; /* or of the page cache     */
	pgoff_t index;
};

/* The page is locked by the caller, and PG_anon or PG_cache.  False: it is mapped nowhere, and
 * there is nothing to end. */
bool rmap_begin(struct rmap *r, struct page *page);
void rmap_end(struct rmap *r);

/* Call fn for each place where an area could map the page.  The list's lock is held: fn may take
 * page_table_lock and ptl, and does not sleep. */
typedef void (*rmap_fn)(struct vm_area_struct *vma, unsigned long addr, void *arg);
void rmap_walk(const struct rmap *r, rmap_fn fn, void *arg);

/* Whether `av` or one above it is what the page names: then a walk for the page sees the areas of
 * av. */
bool anon_vma_covers(const struct page *page, const struct anon_vma *av);
/* The laws of the tree that the area hangs on, each checked from one area only.  No change
 * meanwhile.  Words or NULL. */
const char *anon_vma_check(const struct vm_area_struct *vma);

#endif
