/* SPDX-License-Identifier: MIT */
/*
 * heap/slub_remote.c - what others than its owner free to a slab.
 *
 *   notified ──> slab A, slab_remote ──> obj ──> obj ──> (slab B, 1)        slab B, slab_remote ──> obj ──> (0, 1)
 *
 * Who frees to an empty slab_remote tells the owner: the slab goes on slab_cpu.notified, and the link
 * to the next one there stands at the end of the chain of objects, marked as such.
 *
 * Objects that are freed one after the other are often of one slab: so many wait on the CPU that freed
 * them, and go in one step.
 *
 * Always true:  what lies on slab_remote, or waits, counts as in use; a slab whose slab_remote has
 *               objects is on its owner's `notified`, or on its way there.
 * Lock:         none but the node's, for a slab whose owner does not listen.
 */
#include "freelist.h"

#if QUIRE_HEAP == QUIRE_HEAP_SLUB

/* The end of a chain of objects on slab_remote, and the slab behind. */
static void *chain_end(u32 next)
{
	return (void *)((unsigned long)next << 1 | 1);
}

static bool is_chain_end(const void *link)
{
	return (unsigned long)link & 1;
}

static void *object_at(const struct kmem_cache *cache, const struct page *slab, u16 unit)
{
	return (char *)page_address(slab) + ((size_t)unit << cache->unit_shift);
}

/* ---- the owner's side ------------------------------------------------------------------------ */
/* What others freed to a slab goes on its own list; they see `instead` there.  Returns the slab behind. */
static u32 collect(const struct kmem_cache *cache, struct page *slab, u16 instead)
{
	u16 unit = __atomic_exchange_n(&slab->slab_remote, instead, __ATOMIC_ACQUIRE), n = 1;
	void *first = object_at(cache, slab, unit), *last = first, *next;

	for (; next = next_remote(cache, slab, last), !is_chain_end(next); n++)
		last = next;
	set_link(cache, last, slab->slab_free);
	slab->slab_free = first;
	slab->inuse = (u16)(slab->inuse - n);
	return (u32)((unsigned long)next >> 1);
}

void take_notified(struct kmem_cache *cache, struct slab_cpu *c, struct leaving *out)
{
	u32 at = __atomic_exchange_n(&c->notified, 0, __ATOMIC_SEQ_CST);

	while (at && at != NOT_LISTENING) {
		struct page *slab = pfn_to_page(at);
		bool had_free = slab_has_free(cache, slab);

		at = collect(cache, slab, REMOTE_EMPTY);
		slab_reopened(cache, c, slab, had_free, out);
	}
}

/* Others freed to the slab, which is on no list, and nobody listens: it becomes the node's.  Returns
 * the slab behind. */
static u32 hand_over_unheard(struct kmem_cache *cache, struct page *slab, struct leaving *out)
{
	struct heap_node *node = node_of(cache, slab);
	unsigned long flags;
	u32 next;

	spin_lock_irqsave(&node->lock, flags);
	next = collect(cache, slab, REMOTE_CLOSED);
	set_owner(cache, slab, OWNER_NOBODY);
	if (node_add_locked(cache, node, slab))
		slab_leaves(slab, out);
	spin_unlock_irqrestore(&node->lock, flags);
	return next;
}

void stop_listening(struct kmem_cache *cache, struct slab_cpu *c, struct leaving *out)
{
	u32 at = __atomic_exchange_n(&c->notified, NOT_LISTENING, __ATOMIC_SEQ_CST);

	while (at && at != NOT_LISTENING)
		at = hand_over_unheard(cache, pfn_to_page(at), out);
}

/* ---- the others' ----------------------------------------------------------------------------- */
/* The object is the last of the first chain that others freed to the slab since its owner looked. */
static void notify_owner(struct kmem_cache *cache, struct page *slab, void *object)
{
	unsigned cpu = (READ_ONCE(slab->slab_owner) & OWNER_CPU) - 1;
	u32 *notified = &per_cpu_ptr(cache->cpu, cpu)->notified;
	u32 before = __atomic_load_n(notified, __ATOMIC_SEQ_CST);

	do {
		if (before == NOT_LISTENING) {
			struct leaving out = { NULL, NULL };

			set_link(cache, object, chain_end(0));
			hand_over_unheard(cache, slab, &out);
			slabs_release(cache, out.slabs);
			return;
		}
		set_link(cache, object, chain_end(before));
	} while (!__atomic_compare_exchange_n(notified, &before, (u32)page_to_pfn(slab), true,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
}

/* A chain of objects of one slab, linked from first to last; false: the slab is nobody's. */
static bool give_chain(struct kmem_cache *cache, struct page *slab, void *first, void *last)
{
	unsigned long offset = (unsigned long)first - (unsigned long)page_address(slab);
	u16 unit = (u16)(offset >> cache->unit_shift);
	u16 before = __atomic_load_n(&slab->slab_remote, __ATOMIC_RELAXED);

	do {
		if (before == REMOTE_CLOSED)
			return false;
		if (before == unit) {
			report_freed_twice(cache, first);
			return true;
		}
		set_link(cache, last,
			 before == REMOTE_EMPTY ? chain_end(0) : object_at(cache, slab, before));
	} while (!__atomic_compare_exchange_n(&slab->slab_remote, &before, unit, true,
					      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	if (before == REMOTE_EMPTY)
		notify_owner(cache, slab, last);
	return true;
}

bool give_remote(struct kmem_cache *cache, struct page *slab, void *object)
{
	return give_chain(cache, slab, object, object);
}

/* ---- objects that wait ----------------------------------------------------------------------- */
#define MOST_WAITING 32u

/* Of one slab that is not this CPU's, the one freed last first.  (b) */
struct waiting {
	void *first, *last;
	u32 slab; /* pfn, 0: none */
	u32 n;
};

static DEFINE_PER_CPU(struct waiting, waiting[NR_CPU_CACHES]);

static struct waiting *waiting_on(const struct kmem_cache *cache, unsigned cpu)
{
	return per_cpu_ptr(&waiting[cache->id / ID_STEP], cpu);
}

/* The object joins those that wait, or *gone: these make room for it. */
static void wait_with(struct kmem_cache *cache, struct waiting *w, u32 slab, void *object,
		      struct waiting *gone)
{
	if (w->slab == slab && w->n < MOST_WAITING) {
		set_link(cache, object, w->first);
		w->first = object;
		w->n++;
		return;
	}
	*gone = *w;
	*w = (struct waiting){ object, object, slab, 1 };
}

static void give_each(struct kmem_cache *cache, struct page *slab, const struct waiting *gone)
{
	void *object = gone->first, *next;

	for (u32 n = gone->n; n && object; n--, object = next) {
		next = n > 1 ? next_at_hand(this_cpu_ptr(cache->cpu), object) : NULL;
		while (!give_remote(cache, slab, object) && !node_give(cache, slab, object))
			;
	}
}

bool give_later(struct kmem_cache *cache, struct page *slab, void *object)
{
	struct quire_cpu *cpu = this_cpu_ptr(&quire_cpu);
	struct waiting gone = { NULL, NULL, 0, 0 };
	struct waiting *w;
	bool twice;

	if (cache->counted || !READ_ONCE(slab->slab_owner) || !heap_enter(cpu))
		return false;
	w = waiting_on(cache, port_cpu_id());
	twice = w->slab && w->first == object;
	if (!twice)
		wait_with(cache, w, (u32)page_to_pfn(slab), object, &gone);
	pcp_leave(cpu);
	if (twice)
		report_freed_twice(cache, object);
	if (gone.slab && !give_chain(cache, pfn_to_page(gone.slab), gone.first, gone.last))
		give_each(cache, pfn_to_page(gone.slab), &gone);
	return true;
}

void take_waiting(struct kmem_cache *cache, unsigned cpu, struct leaving *out)
{
	struct waiting *w = waiting_on(cache, cpu);

	if (cache->counted || !w->slab)
		return;
	set_link(cache, w->last, out->objects);
	out->objects = w->first;
	w->slab = 0;
}
#endif
