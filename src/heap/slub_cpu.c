/* SPDX-License-Identifier: MIT */
/*
 * heap/slub_cpu.c - between the objects that a CPU has at hand and its slabs.
 *
 *   refill   spare; else all free objects of the oldest partial slabs, until they are enough; else some
 *            that were never chained; else a slab of the node's
 *   make room   `free` becomes spare; if nobody took what was spare, both go back: a run of one slab's at a time
 *
 * Always true:  an object is on one list at most; those on a CPU's two lists count as in use, and may be
 *               of slabs that went to others since.  A slab that a CPU owns is on its partial list,
 *               or is c->slab, just if it has a free object.
 * Lock:         none but the node's: between heap_enter() and pcp_leave(), or for a CPU kept out.
 */
#include "freelist.h"

#if QUIRE_HEAP == QUIRE_HEAP_SLUB

#define GATHER 16u /* objects that a refill wants before it stops looking at slabs  */

/* ---- slabs ----------------------------------------------------------------------------------- */
static bool is_at_work(const struct slab_cpu *c, const struct page *slab)
{
	return c->slab == (u32)page_to_pfn(slab);
}

void slab_leaves(struct page *slab, struct leaving *out)
{
	slab->slab_next = out->slabs ? (u32)page_to_pfn(out->slabs) : 0;
	out->slabs = slab;
}

/* The slab will not be the CPU's any more. */
static void forget(struct slab_cpu *c, const struct page *slab)
{
	if (near_base(c) == (unsigned long)page_address(slab))
		set_near_base(c, NO_BASE);
}

/* The oldest: most of its objects have come back since. */
static struct page *take_partial(struct slab_cpu *c)
{
	struct page *slab = slab_list_oldest(&c->partial);

	if (!slab)
		return NULL;
	slab_list_remove(&c->partial, slab);
	c->nr_empty = (u8)(c->nr_empty - !slab->inuse);
	return slab;
}

static void add_partial(struct slab_cpu *c, struct page *slab)
{
	slab_list_add(&c->partial, slab);
	c->nr_empty = (u8)(c->nr_empty + !slab->inuse);
}

void take_over(struct kmem_cache *cache, struct page *slab)
{
	unsigned token = this_cpu_read(quire_cpu.token);

	set_owner(cache, slab, cache->counted ? token | OWNER_COUNTED : token);
	__atomic_store_n(&slab->slab_remote, REMOTE_EMPTY, __ATOMIC_RELEASE);
}

void take_over_new(struct kmem_cache *cache, struct slab_cpu *c, struct page *slab)
{
	take_over(cache, slab);
	add_partial(c, slab);
}

static struct page *take_node_slab(struct kmem_cache *cache)
{
	struct page *slab = NULL;
	unsigned long flags;

	for (unsigned nid = 0; nid < QUIRE_NR_NODES && !slab; nid++) {
		struct heap_node *node = &cache->node[nid];

		if (!racy_read(node->partial.first))
			continue;
		spin_lock_irqsave(&node->lock, flags);
		slab = node_take_slab_locked(cache, node);
		if (slab)
			take_over(cache, slab);
		spin_unlock_irqrestore(&node->lock, flags);
	}
	return slab;
}

/* A slab of this CPU's, which is on no list, becomes the node's.  False: others have freed to it, and
 * must be heard first. */
static bool hand_over(struct kmem_cache *cache, struct slab_cpu *c, struct page *slab,
		      struct leaving *out)
{
	struct heap_node *node = node_of(cache, slab);
	u16 empty = REMOTE_EMPTY;
	unsigned long flags;
	bool ours;

	forget(c, slab);
	spin_lock_irqsave(&node->lock, flags);
	ours = __atomic_compare_exchange_n(&slab->slab_remote, &empty, (u16)REMOTE_CLOSED, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
	if (ours) {
		set_owner(cache, slab, OWNER_NOBODY);
		if (node_add_locked(cache, node, slab))
			slab_leaves(slab, out);
	}
	spin_unlock_irqrestore(&node->lock, flags);
	return ours;
}

static void hand_one_over(struct kmem_cache *cache, struct slab_cpu *c, struct leaving *out)
{
	struct page *slab = take_partial(c);

	if (!hand_over(cache, c, slab, out))
		add_partial(c, slab);
}

/* A slab of the list has no object in use any more. */
static void emptied(const struct kmem_cache *cache, struct slab_cpu *c, struct page *slab,
		    struct leaving *out)
{
	if (c->nr_empty < cache->keep_empty) {
		c->nr_empty++;
		return;
	}
	slab_list_remove(&c->partial, slab);
	forget(c, slab);
	slab_leaves(slab, out);
}

void slab_reopened(struct kmem_cache *cache, struct slab_cpu *c, struct page *slab, bool had_free,
		   struct leaving *out)
{
	if (is_at_work(c, slab))
		return;
	if (!had_free)
		slab_list_add(&c->partial, slab);
	if (!slab->inuse)
		emptied(cache, c, slab, out);
	else if (unlikely(c->partial.nr > cache->cpu_partial))
		hand_one_over(cache, c, out);
}

/*
 * The first objects of a full slab come back; false: others have freed to it, and we hear of it soon.
 * Who freed to it while its owner did not listen, perhaps in another life of this CPU, hands it over
 * right now: hence we listen first, look then, as he does the reverse.
 */
static bool may_reopen(struct slab_cpu *c, const struct page *slab)
{
	if (READ_ONCE(c->notified) == NOT_LISTENING)
		__atomic_exchange_n(&c->notified, 0, __ATOMIC_SEQ_CST);
	return __atomic_load_n(&slab->slab_remote, __ATOMIC_SEQ_CST) == REMOTE_EMPTY;
}

/* ---- from slabs to the lists ----------------------------------------------------------------- */
/* Not all of the slab is chained: that goes on with it; or all is. */
static void set_at_work(const struct kmem_cache *cache, struct slab_cpu *c, struct page *slab)
{
	struct page *before = c->slab ? pfn_to_page(c->slab) : NULL;

	if (!slab_unchained(cache, slab)) {
		if (slab == before)
			c->slab = 0;
		return;
	}
	if (before && slab != before)
		add_partial(c, before);
	c->slab = (u32)page_to_pfn(slab);
}

/* All free objects of a slab that is on no list, as far as they are chained: the first; *n of them. */
static void *strip(struct kmem_cache *cache, struct slab_cpu *c, struct page *slab, u32 *n)
{
	u32 chained;
	void *first;

	if (!slab->slab_free)
		slab_chain_more(cache, slab);
	chained = cache->objects - slab_unchained(cache, slab);
	first = slab->slab_free;
	*n = chained - slab->inuse;
	slab->slab_free = NULL;
	slab->inuse = (u16)chained;
	set_near_base(c, (unsigned long)page_address(slab));
	set_at_work(cache, c, slab);
	return first;
}

/* c->free is empty.  False: there is no free object. */
static bool gather(struct kmem_cache *cache, struct slab_cpu *c)
{
	void *list = NULL, *last = NULL, *next;
	struct page *slab;
	u32 got = 0, n;

	while (got < GATHER && (slab = take_partial(c))) {
		next = strip(cache, c, slab, &n);
		if (last)
			set_link(cache, last, next);
		else
			list = next;
		got += n;
		for (; got < GATHER && next; next = next_at_hand(c, next))
			last = next;
	}
	if (!got) {
		slab = c->slab ? pfn_to_page(c->slab) : take_node_slab(cache);
		if (!slab)
			return false;
		list = strip(cache, c, slab, &n);
	}
	barrier();
	c->free = list;
	return true;
}

static bool refill(struct kmem_cache *cache, struct slab_cpu *c, struct leaving *out)
{
	if (READ_ONCE(c->notified))
		take_notified(cache, c, out);
	if (!c->spare)
		return gather(cache, c);
	c->free = c->spare;
	c->spare = NULL;
	return true;
}

/* One object, straight from its slab. */
static void *take_counted(struct kmem_cache *cache, struct slab_cpu *c, struct leaving *out)
{
	struct page *slab;
	void *object;

	if (READ_ONCE(c->notified))
		take_notified(cache, c, out);
	slab = c->slab ? pfn_to_page(c->slab) : take_partial(c);
	if (!slab)
		slab = take_node_slab(cache);
	if (!slab)
		return NULL;
	if (!slab->slab_free)
		slab_chain_more(cache, slab);
	object = slab->slab_free;
	slab->slab_free = next_object(cache, slab, object);
	slab->inuse++;
	count_lost(cache, slab);
	c->slab = slab_has_free(cache, slab) ? (u32)page_to_pfn(slab) : 0;
	return object;
}

void *cpu_take(struct kmem_cache *cache, struct slab_cpu *c, struct leaving *out)
{
	void *object;

	if (cache->counted)
		return take_counted(cache, c, out);
	if (!c->free && !refill(cache, c, out))
		return NULL;
	object = c->free;
	c->free = next_at_hand(c, object);
	return object;
}

/* ---- from the lists to slabs ----------------------------------------------------------------- */
/* Objects that follow each other on a list and are of one slab. */
struct run {
	void *first, *last;
	u32 n;
};

/* True: they are on the slab's list, or were freed twice, which is reported. */
static bool give_run(struct kmem_cache *cache, struct slab_cpu *c, struct page *slab,
		     const struct run *run, struct leaving *out)
{
	bool had_free = slab_has_free(cache, slab);

	if (unlikely(slab->slab_free == run->first || slab->inuse < run->n)) {
		report_freed_twice(cache, run->first);
		return true;
	}
	if (!had_free && !may_reopen(c, slab))
		return false;
	set_link(cache, run->last, slab->slab_free);
	barrier();
	slab->slab_free = run->first;
	barrier();
	slab->inuse = (u16)(slab->inuse - run->n);
	slab_reopened(cache, c, slab, had_free, out);
	return true;
}

/* Each to its slab; those of slabs that are not the CPU's leave.  Returns how many more objects there
 * were than two to a run: below 0, most were alone. */
static long flush(struct kmem_cache *cache, struct slab_cpu *c, unsigned token, void *list,
		  struct leaving *out)
{
	long together = 0;

	while (list) {
		struct page *slab = slab_of(virt_to_page(list));
		unsigned long base = (unsigned long)page_address(slab);
		struct run run = { list, list, 1 };

		while ((list = next_at_hand(c, run.last)) &&
		       (unsigned long)list - base <= slab_mask(c)) {
			run.last = list;
			run.n++;
		}
		together += (long)run.n - 2;
		if (READ_ONCE(slab->slab_owner) == token && give_run(cache, c, slab, &run, out))
			continue;
		set_link(cache, run.last, out->objects);
		out->objects = run.first;
	}
	return together;
}

#define FEW 4u /* objects, which may stay where they are whatever comes         */

/*
 * `free` was given to often enough that it may be long: it becomes spare, or all goes back to the slabs
 * if nobody has wanted the spare ones.  Objects at hand that are of many slabs keep many from becoming
 * empty: then they go back sooner.
 */
static void make_room(struct kmem_cache *cache, struct slab_cpu *c, struct leaving *out)
{
	unsigned token = this_cpu_read(quire_cpu.token);
	void *list = c->free, *spare = c->spare;
	long together;
	u32 n = 0;

	c->room = (s16)cache->cpu_list;
	for (void *object = list; object && n < FEW; object = next_at_hand(c, object))
		n++;
	if (n < FEW)
		return;
	c->free = NULL;
	c->spare = spare ? NULL : list;
	if (!spare)
		return;
	together = flush(cache, c, token, list, out);
	together += flush(cache, c, token, spare, out);
	if (together < 0)
		c->room = 2 * FEW;
}

bool cpu_give(struct kmem_cache *cache, struct slab_cpu *c, struct page *slab, void *object,
	      struct leaving *out)
{
	unsigned owner = READ_ONCE(slab->slab_owner), token = this_cpu_read(quire_cpu.token);
	struct run one = { object, object, 1 };

	if (owner == (token | OWNER_COUNTED))
		return give_run(cache, c, slab, &one, out);
	if (owner != token)
		return false;
	if (c->free == object) {
		report_freed_twice(cache, object);
		return true;
	}
	if (--c->room < 0)
		make_room(cache, c, out);
	set_next_at_hand(c, object, c->free);
	barrier();
	c->free = object;
	return true;
}

/* ---- a CPU gives up what it has -------------------------------------------------------------- */
/* A slab to which others have freed stays off the list, as a full one: we hear of it next, or they
 * find that nobody listens and hand it over. */
void cache_hand_over(struct kmem_cache *cache, unsigned cpu, struct leaving *out)
{
	struct slab_cpu *c = per_cpu_ptr(cache->cpu, cpu);
	void *free = c->free, *spare = c->spare;
	struct page *slab;

	if (!cache->owned)
		return;
	take_waiting(cache, cpu, out);
	if (READ_ONCE(c->notified) != NOT_LISTENING)
		take_notified(cache, c, out);
	c->free = c->spare = NULL;
	flush(cache, c, cpu + 1, free, out);
	flush(cache, c, cpu + 1, spare, out);
	slab = c->slab ? pfn_to_page(c->slab) : NULL;
	c->slab = 0;
	for (; slab || (slab = take_partial(c)); slab = NULL)
		(void)hand_over(cache, c, slab, out);
	set_near_base(c, NO_BASE);
	stop_listening(cache, c, out);
}

static void trim_empty(struct slab_cpu *c, struct leaving *out)
{
	struct page *slab = c->slab ? pfn_to_page(c->slab) : NULL, *next;

	if (slab && !slab->inuse) {
		c->slab = 0;
		forget(c, slab);
		slab_leaves(slab, out);
	}
	for (slab = slab_list_first(&c->partial); slab; slab = next) {
		next = slab_list_next(slab);
		if (slab->inuse)
			continue;
		slab_list_remove(&c->partial, slab);
		forget(c, slab);
		slab_leaves(slab, out);
	}
	c->nr_empty = 0;
}

void cache_trim(struct kmem_cache *cache, unsigned cpu, struct leaving *out)
{
	struct slab_cpu *c = per_cpu_ptr(cache->cpu, cpu);
	void *spare = c->spare, *free = NULL;

	if (!cache->owned)
		return;
	take_waiting(cache, cpu, out);
	if (READ_ONCE(c->notified) == NOT_LISTENING)
		return;
	take_notified(cache, c, out);
	c->spare = NULL;
	if (cpu == port_cpu_id()) { /* nobody else may look at this one */
		free = c->free;
		c->free = NULL;
	}
	flush(cache, c, cpu + 1, spare, out);
	flush(cache, c, cpu + 1, free, out);
	trim_empty(c, out);
}

void let_go(struct kmem_cache *cache, const struct leaving *out)
{
	void *object = out->objects, *next;

	slabs_release(cache, out->slabs);
	for (; object; object = next) {
		struct page *slab = slab_of(virt_to_page(object));

		next = next_at_hand(this_cpu_ptr(cache->cpu), object);
		while (!give_remote(cache, slab, object) && !node_give(cache, slab, object))
			;
	}
}
#endif
