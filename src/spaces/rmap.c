/* SPDX-License-Identifier: MIT */
/*
 * spaces/rmap.c - anon_vmas come, grow and go; the walk from a page to those who map it.
 *
 *   page ──anon_vma──> A ── areas P, P', ... by the pages they hold, parents before their children
 *                      └─ B ── areas C, ...
 *                      └─ D ── areas E, ...
 *
 * How an anon_vma that a page names is known to be alive:  a page that is mapped is mapped by an area
 * of its tree, and an area leaves only after its last entry is cleared.  So under the lookup lock of
 * that anon_vma, `mapped` means alive; and nobody frees one without having taken that lock once after
 * its last area left.  What holds a reference (a walk, an anon_vma below) keeps it from then on.
 *
 * Lock:  lookup lock (by hash of the anon_vma's address) > root->lock > page_table_lock.
 */
#include "internal.h"

static spinlock_t *lookup_lock(const struct anon_vma *av)
{
	return &spaces.anon_lookup[((uintptr_t)av >> 7) % ARRAY_SIZE(spaces.anon_lookup)];
}

/* ---- making ---------------------------------------------------------------------------------- */
static struct anon_vma *anon_vma_alloc(const struct mm_struct *mm, struct anon_vma *parent)
{
	struct anon_vma *av = kmem_cache_alloc(spaces.anon_vma_cache, GFP_KERNEL);

	if (!av)
		return NULL;
	av->root = parent ? parent->root : av;
	av->parent = parent;
	av->mm = mm;
	av->refs = 0;
	av->depth = parent ? parent->depth + 1 : 0;
	spin_lock_init(&av->lock, "anon_vma", LOCK_RANK_ANON_VMA);
	span_tree_init(&av->areas);
	INIT_LIST_HEAD(&av->children);
	return av;
}

static void attach_locked(struct anon_vma *av, struct vm_area_struct *vma)
{
	span_insert(&av->areas, &vma->anon_node, vma->vm_pgoff, vma_last_pgoff(vma));
	av->refs++;
	/* Faults look at it without the lock; what they find is complete. */
	__atomic_store_n(&vma->anon_vma, av, __ATOMIC_RELEASE);
}

/* One that a neighbour has already, so that the two can melt one day. */
static struct anon_vma *neighbours_anon_vma(struct vm_area_struct *vma)
{
	struct vm_area_struct *prev = vma_prev(vma), *next = vma_next(vma);
	struct anon_vma *av;

	av = prev && vma_continues(prev, vma) ? READ_ONCE(prev->anon_vma) : NULL;
	if (!av || READ_ONCE(av->mm) != vma->vm_mm)
		av = next && vma_continues(vma, next) ? READ_ONCE(next->anon_vma) : NULL;
	/* An inherited one may be left at any time; its own the neighbour keeps. */
	return av && READ_ONCE(av->mm) == vma->vm_mm ? av : NULL;
}

static struct anon_vma *first_anon_vma(struct vm_area_struct *vma)
{
	struct anon_vma *av = neighbours_anon_vma(vma), *surplus = NULL;

	if (!av)
		av = surplus = anon_vma_alloc(vma->vm_mm, NULL);
	if (!av)
		return NULL;
	spin_lock(&av->root->lock);
	spin_lock(&vma->vm_mm->page_table_lock); /* two threads may fault here for the first time */
	if (!vma->anon_vma) {
		attach_locked(av, vma);
		surplus = NULL;
	}
	spin_unlock(&vma->vm_mm->page_table_lock);
	spin_unlock(&av->root->lock);
	if (!surplus)
		return av;
	kmem_cache_free(spaces.anon_vma_cache, surplus);
	return vma->anon_vma;
}

/* The area came by fork and has only pages that its parent had.  From now on it has some of its own:
 * it becomes the heir of an anon_vma that nobody else uses, or gets one below, its neighbour's if that
 * has one there.  Without memory the inherited one serves. */
static struct anon_vma *own_anon_vma(struct vm_area_struct *vma, struct anon_vma *parent)
{
	struct anon_vma *own = neighbours_anon_vma(vma), *surplus = NULL;

	if (parent->depth + 1 >= ANON_VMA_DEPTH)
		return parent;
	if (!own || own->parent != parent)
		own = surplus = anon_vma_alloc(vma->vm_mm, parent);
	spin_lock(&parent->root->lock);
	if (vma->anon_vma == parent && parent->refs == 1) {
		WRITE_ONCE(parent->mm, vma->vm_mm);
	} else if (vma->anon_vma == parent && own) {
		if (own == surplus) {
			list_add_tail(&own->sibling, &parent->children);
			parent->refs++;
			surplus = NULL;
		}
		span_erase(&parent->areas, &vma->anon_node);
		parent->refs--; /* not the last: `own` has one */
		attach_locked(own, vma);
	}
	own = vma->anon_vma;
	spin_unlock(&parent->root->lock);
	if (surplus)
		kmem_cache_free(spaces.anon_vma_cache, surplus);
	return own;
}

struct anon_vma *anon_vma_prepare_slow(struct vm_area_struct *vma)
{
	struct anon_vma *av = __atomic_load_n(&vma->anon_vma, __ATOMIC_ACQUIRE);

	if (!av)
		return first_anon_vma(vma);
	return READ_ONCE(av->mm) == vma->vm_mm ? av : own_anon_vma(vma, av);
}

void anon_vma_attach_locked(struct vm_area_struct *new, struct vm_area_struct *old)
{
	attach_locked(old->anon_vma, new);
}

void anon_vma_clone(struct vm_area_struct *new, struct vm_area_struct *old)
{
	struct anon_vma *av = old->anon_vma;

	if (!av)
		return;
	spin_lock(&av->root->lock);
	anon_vma_attach_locked(new, old);
	spin_unlock(&av->root->lock);
}

/* ---- ending ---------------------------------------------------------------------------------- */
/* Drop a reference, and root->lock, which is held. */
static void put_and_unlock(struct anon_vma *av)
{
	for (;;) {
		struct anon_vma *parent = av->parent;
		bool last = --av->refs == 0;

		if (last && parent)
			list_del(&av->sibling);
		spin_unlock(&av->root->lock);
		if (!last)
			return;
		/* Who found it through a page may be on the way to its root's lock. */
		spin_lock(lookup_lock(av));
		spin_unlock(lookup_lock(av));
		kmem_cache_free(spaces.anon_vma_cache, av);
		if (!parent)
			return;
		av = parent;
		spin_lock(&av->root->lock);
	}
}

void anon_vma_detach(struct vm_area_struct *vma)
{
	struct anon_vma *av = vma->anon_vma;

	spin_lock(&av->root->lock);
	span_erase(&av->areas, &vma->anon_node);
	vma->anon_vma = NULL;
	put_and_unlock(av);
}

/* Whether `above` is `av` or one above it. */
static bool is_above(const struct anon_vma *above, const struct anon_vma *av)
{
	while (av && av != above)
		av = av->parent;
	return av;
}

bool anon_vma_compatible(const struct anon_vma *a, const struct anon_vma *b)
{
	return !a || !b || is_above(a, b) || is_above(b, a);
}

/* Leave an anon_vma that somebody else, or one below, keeps. */
static void leave_locked(struct vm_area_struct *vma)
{
	span_erase(&vma->anon_vma->areas, &vma->anon_node);
	vma->anon_vma->refs--;
	vma->anon_vma = NULL;
}

void anon_vma_melt_locked(struct vm_area_struct *to, struct vm_area_struct *from)
{
	struct anon_vma *av = from->anon_vma;

	if (!av)
		return;
	/* The lower of the two is found for the pages of both. */
	if (to->anon_vma && to->anon_vma != av && is_above(to->anon_vma, av))
		leave_locked(to);
	if (!to->anon_vma)
		attach_locked(av, to);
	leave_locked(from);
}

/* ---- walking --------------------------------------------------------------------------------- */
bool rmap_begin(struct rmap *r, struct page *page)
{
	struct anon_vma *av = page->anon_vma;

	r->index = page->index;
	r->anon_vma = NULL;
	r->mapping = NULL;
	if (PageFlag(page, PG_cache)) {
		r->mapping = page->mapping;
		return true;
	}
	spin_lock(lookup_lock(av));
	if (page_mapcount(page) > 0) {
		spin_lock(&av->root->lock);
		if (av->refs) {
			av->refs++;
			r->anon_vma = av;
		}
		spin_unlock(&av->root->lock);
	}
	spin_unlock(lookup_lock(av));
	return r->anon_vma;
}

void rmap_end(struct rmap *r)
{
	if (!r->anon_vma)
		return;
	spin_lock(&r->anon_vma->root->lock);
	put_and_unlock(r->anon_vma);
}

static void visit(struct vm_area_struct *vma, pgoff_t index, rmap_fn fn, void *arg)
{
	fn(vma, vma->vm_start + ((index - vma->vm_pgoff) << PAGE_SHIFT), arg);
}

/* The one after av in the tree below top, parents before children; NULL: that was all. */
static struct anon_vma *next_below(struct anon_vma *av, const struct anon_vma *top)
{
	if (!list_empty(&av->children))
		return list_first_entry(&av->children, struct anon_vma, sibling);
	for (; av != top; av = av->parent)
		if (av->sibling.next != &av->parent->children)
			return list_next_entry(av, sibling);
	return NULL;
}

static void walk_anon(struct anon_vma *top, pgoff_t index, rmap_fn fn, void *arg)
{
	struct span_node *at;
	struct anon_vma *av;

	spin_lock(&top->root->lock);
	for (av = top; av; av = next_below(av, top))
		span_for_each(at, &av->areas, index, index)
			visit(container_of(at, struct vm_area_struct, anon_node), index, fn, arg);
	spin_unlock(&top->root->lock);
}

void rmap_walk(const struct rmap *r, rmap_fn fn, void *arg)
{
	struct span_node *at;

	if (r->anon_vma) {
		walk_anon(r->anon_vma, r->index, fn, arg);
		return;
	}
	spin_lock(&r->mapping->i_mmap_lock);
	span_for_each(at, &r->mapping->i_mmap, r->index, r->index)
		visit(container_of(at, struct vm_area_struct, shared), r->index, fn, arg);
	spin_unlock(&r->mapping->i_mmap_lock);
}

/* ---- laws ------------------------------------------------------------------------------------ */
bool anon_vma_covers(const struct page *page, const struct anon_vma *av)
{
	return is_above(page->anon_vma, av);
}

static const char *check_one(const struct anon_vma *av)
{
	const struct anon_vma *child;
	const struct span_node *at;
	const char *why = span_tree_check(&av->areas);
	unsigned n = 0;

	if (why)
		return why;
	span_for_each(at, &av->areas, 0, ~(pgoff_t)0)
	{
		const struct vm_area_struct *vma =
			container_of(at, struct vm_area_struct, anon_node);

		if (vma->anon_vma != av)
			return "an area hangs on an anon_vma that it does not know";
		if (at->first != vma->vm_pgoff || at->last != vma_last_pgoff(vma))
			return "an area's borders changed and its anon_vma was not told";
		n++;
	}
	list_for_each_entry(child, &av->children, sibling) {
		if (child->parent != av || child->root != av->root || child->depth != av->depth + 1)
			return "an anon_vma is below one that is not its parent";
		n++;
	}
	if (n != av->refs)
		return "an anon_vma's references disagree with its areas and those below";
	return n ? NULL : "an anon_vma that nobody uses was kept";
}

/* The first of the areas checks for all of them, and the first of the children for a parent that has
 * no areas. */
static const struct anon_vma *next_to_check(const struct anon_vma *av)
{
	const struct anon_vma *up = av->parent;

	return up && span_tree_empty(&up->areas) && up->children.next == &av->sibling ? up : NULL;
}

const char *anon_vma_check(const struct vm_area_struct *vma)
{
	const struct anon_vma *av = vma->anon_vma;
	struct anon_vma *root = av ? av->root : NULL;
	const char *why = NULL;

	if (!av)
		return NULL;
	spin_lock(&root->lock);
	if (rb_first(&av->areas.root) == &vma->anon_node.rb)
		for (; av && !why; av = next_to_check(av))
			why = check_one(av);
	spin_unlock(&root->lock);
	return why;
}
