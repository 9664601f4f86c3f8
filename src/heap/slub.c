/* SPDX-License-Identifier: MIT */
/*
 * heap/slub.c - a CPU owns the slabs it takes objects from, so that most of what it does needs no lock
 * and no atomic.
 *
 *   kmem_cache_alloc <── pop    slab_cpu.free: list of the active slab's free objects
 *   kmem_cache_free  ──> push   the same, or the list of another slab of this CPU's
 *                    ──> cmpxchg  page->slab_remote of a slab that another CPU owns
 *
 *   slab_cpu.free is empty:  what others freed to this CPU's slabs, objects of the active one that were
 *                            never chained, a partial slab of this CPU's, one of the node's, new frames
 *
 * Who frees to an empty slab_remote tells the owner: the slab goes on slab_cpu.notified, and the link
 * to the next one there stands at the end of the chain of objects, marked as such:
 *
 *   notified ──> slab A, slab_remote ──> obj ──> obj ──> (slab B, 1)        slab B, slab_remote ──> obj ──> (0, 1)
 *
 * Always true:  an object is on one list at most; what lies on slab_remote counts as in use, and so do
 *               all objects of a slab while it is active; a slab whose slab_remote has objects is on
 *               its owner's `notified`, or on its way there.
 * Lock:         none but the node's.  (p): task code of the CPU, in one store at the end, so that a
 *               copy of memory at any moment is sound.  (b): see frames/drain.c about the gate.
 */
#include <quire/event.h>
#include "freelist.h"

#if QUIRE_HEAP == QUIRE_HEAP_SLUB

/* A token where other pages keep the upper bits of a pointer: then it proves the page a slab. */
#if UINTPTR_MAX > 0xffffffffu && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OWNER_PROVES_SLAB true
#else
#define OWNER_PROVES_SLAB false
#endif

/* ---- fast paths ------------------------------------------------------------------------------ */
/* Pop from this CPU's active slab, unless it has none left or the gate is closed. */
static quire_always_inline void *pop_active(const struct kmem_cache *cache)
{
	unsigned long offset = port_percpu_offset();
	struct slab_cpu *c;
	void *object;

	if (!gate_open(offset))
		return NULL;
	c = percpu_at(cache->cpu, offset);
	object = c->free;
	if (likely(object))
		c->free = next_active(c, object);
	return object;
}

static quire_always_inline void push_unchecked(struct slab_cpu *c, void *object)
{
	set_next_active(c, object, c->free);
	barrier();
	c->free = object;
}

static quire_always_inline bool is_active_object(const struct slab_cpu *c, const void *object)
{
	unsigned long offset = (unsigned long)object - c->base;

	return likely(offset < c->slab_bytes) &&
	       likely(is_multiple((u32)offset, c->magic, c->limit));
}

/* Push to the active slab; false: it is no object of that, or the one freed last. */
static quire_always_inline bool push_object(struct slab_cpu *c, void *object)
{
	if (!is_active_object(c, object) || unlikely(c->free == object))
		return false;
	push_unchecked(c, object);
	return true;
}

/* The same, if the page is of an active slab of this CPU's and the gate is open. */
static quire_always_inline bool push_active(const struct page *page, void *object,
					    unsigned long offset)
{
	barrier();
	if (unlikely(READ_ONCE(page->slab_owner) != gate_load(percpu_at(&quire_cpu, offset))))
		return false;
	if (!OWNER_PROVES_SLAB && unlikely(!PageFlag(page, PG_slab)))
		return false;
	return push_object(page->slab_cpu, object);
}

/* Nothing to pop: through this CPU's slabs, if nobody wants to see it. */
static quire_noinline void *alloc_refill(struct kmem_cache *cache, gfp_t gfp, const void *caller)
{
	void *object;

	if (!gate_open(port_percpu_offset()) || !cache->owned || unlikely(kfence))
		return alloc_slow(cache, gfp, NUMA_NO_NODE, caller);
	object = object_take(cache, gfp, NUMA_NO_NODE);
	return object ? clear_object(cache, object, gfp) : NULL;
}

inline void *kmem_cache_alloc_plain(struct kmem_cache *cache, gfp_t gfp)
{
	void *object = pop_active(cache);

	if (likely(object))
		return object;
	return alloc_refill(cache, gfp, __builtin_return_address(0));
}

void *kmem_cache_alloc_zeroed(struct kmem_cache *cache, gfp_t gfp)
{
	void *object = pop_active(cache);

	if (likely(object))
		return clear_object(cache, object, gfp);
	return alloc_refill(cache, gfp, __builtin_return_address(0));
}

u32 pop_many(struct kmem_cache *cache, void **objects, size_t n)
{
	unsigned long offset = port_percpu_offset();
	struct slab_cpu *c = percpu_at(cache->cpu, offset);
	void *object = c->free;
	u32 taken = 0;

	if (!gate_open(offset))
		return 0;
	for (; object && taken < n; object = next_active(c, object))
		objects[taken++] = object;
	barrier();
	c->free = object;
	return taken;
}

/* How many of the first objects are of the active slab, and not the one freed last: these. */
u32 push_many(struct kmem_cache *cache, void **objects, size_t n)
{
	struct slab_cpu *c;
	u32 given = 0;
	void *first;

	if (QUIRE_DEBUG || !gate_open(port_percpu_offset()))
		return 0;
	c = this_cpu_ptr(cache->cpu);
	first = c->free;
	for (; given < n && is_active_object(c, objects[given]) && objects[given] != first;
	     given++) {
		set_next_active(c, objects[given], first);
		first = objects[given];
	}
	barrier();
	c->free = first;
	return given;
}

inline void *__kmalloc(size_t size, gfp_t gfp)
{
	unsigned long offset = port_percpu_offset();

	if (likely(size - 1 < KMALLOC_MAX_CACHE_SIZE &&
		   !(gfp & (__GFP_ZERO | __GFP_HIGHMEM | __GFP_DMA | __GFP_RECLAIMABLE)) &&
		   gate_open(offset))) {
		struct slab_cpu *c = (void *)((char *)percpu_at(&kmalloc_cpu[0], offset) +
					      kmalloc_slot[(size - 1) / 8] * 8ul);
		void *object = c->free;

		if (likely(object)) {
			c->free = next_active(c, object);
			return object;
		}
	}
	return kmalloc_slow(size, gfp, __builtin_return_address(0));
}

/* ---- slabs of this CPU's; between heap_enter() and pcp_leave() -------------------------------- */
static void set_owner(struct page *slab, unsigned owner)
{
	WRITE_ONCE(slab->slab_owner, (u16)owner);
}

/* How many objects a list has. */
static u32 chain_length(const struct kmem_cache *cache, const struct page *slab, void *object)
{
	u32 n = 0;

	for (; object; object = peek_object(cache, slab, object))
		n++;
	return n;
}

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

/* What others freed to a slab, and what they will see there instead: the chain's first and last
 * object, how many they are, and the slab behind. */
struct remote_chain {
	void *first, *last;
	u32 n, next;
};

static struct remote_chain take_remote(const struct kmem_cache *cache, struct page *slab,
				       u16 instead)
{
	u16 unit = __atomic_exchange_n(&slab->slab_remote, instead, __ATOMIC_ACQUIRE);
	struct remote_chain chain = { object_at(cache, slab, unit), NULL, 1, 0 };

	void *next = next_remote(cache, slab, chain.first);

	for (chain.last = chain.first; !is_chain_end(next); chain.n++) {
		chain.last = next;
		next = next_remote(cache, slab, next);
	}
	chain.next = (u32)((unsigned long)next >> 1);
	return chain;
}

/* Put it on the slab's own list. */
static void join_chain(const struct kmem_cache *cache, struct page *slab,
		       const struct remote_chain *chain)
{
	set_link(cache, chain->last, slab->slab_free);
	slab->slab_free = chain->first;
	slab->inuse = (u16)(slab->inuse - chain->n);
}

/* Caches whose link is not at the start of an object are served from slab_free, counted. */
static bool is_linked(const struct kmem_cache *cache)
{
	return cache->link;
}

/* Allocate from this slab from now on. */
static void activate(struct kmem_cache *cache, struct slab_cpu *c, struct page *slab)
{
	c->slab = slab;
	if (is_linked(cache)) {
		set_owner(slab, this_cpu_read(quire_cpu.token) | OWNER_PARTIAL);
		return;
	}
	c->base = (unsigned long)page_address(slab);
	c->slab_bytes = (unsigned long)cache->objects * cache->size;
	c->free = slab->slab_free;
	slab->slab_cpu = c;
	slab->inuse = (u16)(cache->objects - slab_unchained(cache, slab));
	set_owner(slab, this_cpu_read(quire_cpu.token));
}

/* The reverse: the slab counts its own free objects again. */
static void deactivate(struct kmem_cache *cache, struct slab_cpu *c)
{
	struct page *slab = c->slab;

	c->slab = NULL;
	c->slab_bytes = 0;
	if (is_linked(cache))
		return;
	slab->slab_free = c->free;
	slab->inuse = (u16)(slab->inuse - chain_length(cache, slab, c->free));
	c->free = NULL;
}

/* The active slab has no free object: does it have some that were never chained?  True: yes, now. */
static bool chain_active(struct kmem_cache *cache, struct slab_cpu *c)
{
	struct page *slab = c->slab;

	if (!slab_chain_more(cache, slab))
		return false;
	if (!is_linked(cache)) {
		c->free = slab->slab_free;
		slab->slab_cpu = c;
		slab->inuse = (u16)(cache->objects - slab_unchained(cache, slab));
	}
	return true;
}

/* A slab joins the partial ones. */
static void add_partial(struct slab_cpu *c, struct page *slab)
{
	set_owner(slab, (READ_ONCE(slab->slab_owner) & OWNER_CPU) | OWNER_PARTIAL);
	slab_list_add(&c->partial, slab);
}

/* A slab of the list has no object in use any more.  Returned if it can go. */
static struct page *emptied(const struct kmem_cache *cache, struct slab_cpu *c, struct page *slab)
{
	if (slab == c->slab)
		return NULL;
	if (c->nr_empty < cache->keep_empty) {
		c->nr_empty++;
		return NULL;
	}
	slab_list_remove(&c->partial, slab);
	return slab;
}

static void chain_surplus(struct page **surplus, struct page *slab)
{
	if (!slab)
		return;
	slab->slab_next = *surplus ? (u32)page_to_pfn(*surplus) : 0;
	*surplus = slab;
}

/* What others freed to one slab of ours.  Returns the slab behind it. */
static u32 collect(struct kmem_cache *cache, struct slab_cpu *c, struct page *slab,
		   struct page **surplus)
{
	struct remote_chain chain = take_remote(cache, slab, REMOTE_EMPTY);
	bool counted = slab->inuse;

	if (slab == c->slab && !is_linked(cache)) {
		set_next_active(c, chain.last, c->free);
		barrier();
		c->free = chain.first;
		return chain.next;
	}
	join_chain(cache, slab, &chain);
	if (READ_ONCE(slab->slab_owner) & OWNER_FULL)
		add_partial(c, slab);
	if (counted && !slab->inuse)
		chain_surplus(surplus, emptied(cache, c, slab));
	return chain.next;
}

/* The same for all of them.  From now on we listen. */
static void take_notified(struct kmem_cache *cache, struct slab_cpu *c, struct page **surplus)
{
	u32 at = __atomic_exchange_n(&c->notified, 0, __ATOMIC_SEQ_CST);

	while (at && at != NOT_LISTENING)
		at = collect(cache, c, pfn_to_page(at), surplus);
}

/* The oldest: most of its objects have come back since. */
static struct page *take_partial(struct slab_cpu *c)
{
	struct page *slab = slab_list_oldest(&c->partial);

	if (!slab)
		return NULL;
	slab_list_remove(&c->partial, slab);
	c->nr_empty -= !slab->inuse;
	return slab;
}

/* A slab that is nobody's becomes this CPU's. */
static void take_over(struct page *slab)
{
	set_owner(slab, this_cpu_read(quire_cpu.token) | OWNER_FULL);
	__atomic_store_n(&slab->slab_remote, REMOTE_EMPTY, __ATOMIC_RELEASE);
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
			take_over(slab);
		spin_unlock_irqrestore(&node->lock, flags);
	}
	return slab;
}

static bool has_list(const struct kmem_cache *cache, const struct slab_cpu *c)
{
	return is_linked(cache) ? c->slab && c->slab->slab_free : !!c->free;
}

/* Objects for the list that alloc pops from, of slabs that exist; false: there are none. */
static bool refill(struct kmem_cache *cache, struct slab_cpu *c, struct page **surplus)
{
	struct page *slab;

	if (READ_ONCE(c->notified))
		take_notified(cache, c, surplus);
	if (has_list(cache, c) || (c->slab && chain_active(cache, c)))
		return true;
	if (c->slab) {
		slab = c->slab;
		deactivate(cache, c);
		set_owner(slab, this_cpu_read(quire_cpu.token) | OWNER_FULL);
	}
	slab = take_partial(c);
	if (!slab)
		slab = take_node_slab(cache);
	if (!slab)
		return false;
	activate(cache, c, slab);
	return has_list(cache, c) || chain_active(cache, c);
}

static void *pop_entered(struct kmem_cache *cache, struct slab_cpu *c)
{
	struct page *slab = c->slab;
	void *object;

	if (!is_linked(cache)) {
		object = c->free;
		if (object)
			c->free = next_active(c, object);
		return object;
	}
	object = slab ? slab->slab_free : NULL;
	if (object) {
		slab->slab_free = next_object(cache, slab, object);
		slab->inuse++;
		count_lost(cache, slab);
	}
	return object;
}

/* ---- allocate -------------------------------------------------------------------------------- */
/* From slabs that are nobody's: interrupt handlers, requests for a node, debugging. */
static void *take_shared(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	for (;;) {
		void *object = node_take(cache, nid);
		struct page *slab;

		if (object)
			return object;
		slab = slab_new(cache, gfp, nid);
		if (!slab)
			return NULL;
		if (nid != NUMA_NO_NODE)
			nid = (int)page_to_nid(slab); /* another node may have had to serve */
		node_add(cache, slab);
	}
}

/* Through this CPU's slabs.  Only making one may sleep; after it we may be on another CPU. */
static void *take_owned(struct kmem_cache *cache, gfp_t gfp)
{
	struct page *fresh = NULL, *surplus = NULL;
	void *object = NULL;

	for (;;) {
		struct quire_cpu *cpu = this_cpu_ptr(&quire_cpu);
		struct slab_cpu *c = this_cpu_ptr(cache->cpu);

		if (!heap_enter(cpu))
			break;
		if (fresh) {
			take_over(fresh);
			add_partial(c, fresh);
			c->nr_empty++;
		}
		object = pop_entered(cache, c);
		if (!object && refill(cache, c, &surplus))
			object = pop_entered(cache, c);
		pcp_leave(cpu);
		if (unlikely(surplus))
			slabs_release(cache, surplus);
		surplus = NULL;
		if (object)
			return object;
		fresh = slab_new(cache, gfp, NUMA_NO_NODE);
		if (!fresh)
			return NULL;
	}
	if (fresh)
		node_add(cache, fresh);
	return take_shared(cache, gfp, NUMA_NO_NODE);
}

void *object_take(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	if (nid == NUMA_NO_NODE && cache->owned)
		return take_owned(cache, gfp);
	return take_shared(cache, gfp, nid);
}

/* ---- free to a slab of one's own; between heap_enter() and pcp_leave() ------------------------ */
/* A slab of this CPU's, which is on no list, becomes the node's.  *surplus: it can go.  False: others
 * have freed to it, and must be heard first. */
static bool hand_over(struct kmem_cache *cache, struct page *slab, struct page **surplus)
{
	struct heap_node *node = node_of(cache, slab);
	u16 empty = REMOTE_EMPTY;
	unsigned long flags;
	bool ours;

	spin_lock_irqsave(&node->lock, flags);
	ours = __atomic_compare_exchange_n(&slab->slab_remote, &empty, (u16)REMOTE_CLOSED, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
	if (ours) {
		set_owner(slab, OWNER_NOBODY);
		if (node_add_locked(cache, node, slab))
			chain_surplus(surplus, slab);
	}
	spin_unlock_irqrestore(&node->lock, flags);
	return ours;
}

/* Too many partial slabs: the node gets one. */
static void hand_one_over(struct kmem_cache *cache, struct slab_cpu *c, struct page **surplus)
{
	struct page *slab = take_partial(c);

	if (hand_over(cache, slab, surplus))
		return;
	add_partial(c, slab);
	c->nr_empty += !slab->inuse;
}

static void push_counted(struct kmem_cache *cache, struct page *slab, void *object)
{
	set_link(cache, object, slab->slab_free);
	barrier();
	slab->slab_free = object;
	barrier();
	slab->inuse--;
}

/*
 * The first object of a full slab comes back; false: others have freed to it, and we hear of it soon.
 * Who freed to it while its owner did not listen, perhaps in another life of this CPU, hands it over
 * right now: hence we listen first, look then, as he does the reverse.
 */
static bool reopen_full(struct kmem_cache *cache, struct slab_cpu *c, struct page *slab,
			void *object)
{
	if (READ_ONCE(c->notified) == NOT_LISTENING)
		__atomic_exchange_n(&c->notified, 0, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&slab->slab_remote, __ATOMIC_SEQ_CST) != REMOTE_EMPTY)
		return false;
	push_counted(cache, slab, object);
	add_partial(c, slab);
	return true;
}

/* False: the slab is not this CPU's, or not now.  *surplus: a slab that can go. */
static bool give_entered(struct kmem_cache *cache, struct slab_cpu *c, struct page *slab,
			 void *object, struct page **surplus)
{
	unsigned owner = READ_ONCE(slab->slab_owner), token = this_cpu_read(quire_cpu.token);

	if (owner == (token | OWNER_PARTIAL)) {
		if (slab->slab_free == object) {
			report_freed_twice(cache, object);
			return true;
		}
		push_counted(cache, slab, object);
	} else if (owner == token) {
		if (c->free == object)
			report_freed_twice(cache, object);
		else
			push_unchecked(c, object);
		return true;
	} else if (owner != (token | OWNER_FULL) || !reopen_full(cache, c, slab, object)) {
		return false;
	}
	if (!slab->inuse)
		*surplus = emptied(cache, c, slab);
	else if (unlikely(c->partial.nr > cache->cpu_partial))
		hand_one_over(cache, c, surplus);
	return true;
}

static bool give_own(struct kmem_cache *cache, struct page *slab, void *object)
{
	struct quire_cpu *cpu = this_cpu_ptr(&quire_cpu);
	struct page *surplus = NULL;
	bool done;

	if ((READ_ONCE(slab->slab_owner) & OWNER_CPU) != cpu->token || !heap_enter(cpu))
		return false;
	done = give_entered(cache, this_cpu_ptr(cache->cpu), slab, object, &surplus);
	pcp_leave(cpu);
	if (surplus)
		slab_release(cache, surplus);
	return done;
}

/* ---- free to a slab of another's ------------------------------------------------------------- */
/* Others freed to the slab, which is on no list, and nobody listens: it becomes the node's.  Returns
 * the slab behind. */
static u32 hand_over_unheard(struct kmem_cache *cache, struct page *slab, struct page **surplus)
{
	struct heap_node *node = node_of(cache, slab);
	struct remote_chain chain;
	unsigned long flags;

	spin_lock_irqsave(&node->lock, flags);
	chain = take_remote(cache, slab, REMOTE_CLOSED);
	join_chain(cache, slab, &chain);
	set_owner(slab, OWNER_NOBODY);
	if (node_add_locked(cache, node, slab))
		chain_surplus(surplus, slab);
	spin_unlock_irqrestore(&node->lock, flags);
	return chain.next;
}

/* The object is the first that others freed to the slab since its owner looked. */
static void notify_owner(struct kmem_cache *cache, struct page *slab, void *object)
{
	unsigned cpu = (READ_ONCE(slab->slab_owner) & OWNER_CPU) - 1;
	u32 *notified = &per_cpu_ptr(cache->cpu, cpu)->notified;
	u32 before = __atomic_load_n(notified, __ATOMIC_SEQ_CST);
	struct page *surplus = NULL;

	do {
		if (before == NOT_LISTENING) {
			set_link(cache, object, chain_end(0));
			hand_over_unheard(cache, slab, &surplus);
			slabs_release(cache, surplus);
			return;
		}
		set_link(cache, object, chain_end(before));
	} while (!__atomic_compare_exchange_n(notified, &before, (u32)page_to_pfn(slab), true,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
}

/* False: the slab is nobody's. */
static bool give_remote(struct kmem_cache *cache, struct page *slab, void *object)
{
	unsigned long offset = (unsigned long)object - (unsigned long)page_address(slab);
	u16 unit = (u16)(offset >> cache->unit_shift);
	u16 before = __atomic_load_n(&slab->slab_remote, __ATOMIC_RELAXED);

	do {
		if (before == REMOTE_CLOSED)
			return false;
		if (before == unit) {
			report_freed_twice(cache, object);
			return true;
		}
		set_link(cache, object,
			 before == REMOTE_EMPTY ? chain_end(0) : object_at(cache, slab, before));
	} while (!__atomic_compare_exchange_n(&slab->slab_remote, &before, unit, true,
					      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	if (before == REMOTE_EMPTY)
		notify_owner(cache, slab, object);
	return true;
}

void object_give(struct kmem_cache *cache, struct page *slab, void *object)
{
	/* Between two looks the slab may have changed hands, but only so often. */
	while (!give_own(cache, slab, object) && !give_remote(cache, slab, object) &&
	       !node_give(cache, slab, object))
		;
}

/* Whether nobody wants to see this free, and nothing is wrong with it at first sight. */
static bool is_plain_free(const struct kmem_cache *cache, const struct page *slab,
			  const void *object)
{
	unsigned long offset;

	if (QUIRE_DEBUG || !gate_open(port_percpu_offset()) || cache->flags & SLAB_DEBUG_FLAGS)
		return false;
	offset = (unsigned long)object - (unsigned long)page_address(slab);
	return is_multiple((u32)offset, cache->magic, cache->magic) &&
	       offset < cache->objects * cache->size;
}

static quire_noinline void cache_free_slow(struct kmem_cache *cache, void *object)
{
	unsigned long pfn = PHYS_PFN(__pa(object));
	struct page *page;

	if (pfn < quire_max_pfn) {
		page = pfn_to_page(pfn);
		if (likely(PageFlag(page, PG_slab) && page->slab_id == cache->id &&
			   is_plain_free(cache, slab_of(page), object))) {
			object_give(cache, slab_of(page), object);
			return;
		}
	}
	free_slow(cache, object, __builtin_return_address(0));
}

static quire_always_inline bool push_own(struct kmem_cache *cache, void *object)
{
	unsigned long offset = port_percpu_offset();

	return gate_open(offset) && likely(push_object(percpu_at(cache->cpu, offset), object));
}

inline void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	if (QUIRE_DEBUG || !push_own(cache, object))
		cache_free_slow(cache, object);
}

/* To a partial slab of this CPU's that stays one; false: it is another kind of free. */
static quire_always_inline bool push_partial(struct kmem_cache *cache, struct page *slab,
					     void *object, unsigned long offset)
{
	struct quire_cpu *cpu = percpu_at(&quire_cpu, offset);
	bool done = false;

	if (READ_ONCE(slab->slab_owner) != (gate_load(cpu) | OWNER_PARTIAL) || !heap_enter(cpu))
		return false;
	if (likely(READ_ONCE(slab->slab_owner) == (cpu->token | OWNER_PARTIAL) && slab->inuse > 1 &&
		   slab->slab_free != object)) {
		push_counted(cache, slab, object);
		done = true;
	}
	pcp_leave(cpu);
	return done;
}

/* Not to the active slab, or to one of its frames behind the first. */
static quire_noinline void kfree_slow(struct page *page, void *object)
{
	unsigned long offset = port_percpu_offset();
	struct kmem_cache *cache;
	struct page *slab;

	if (unlikely(!PageFlag(page, PG_slab))) {
		free_other(object);
		return;
	}
	slab = slab_of(page);
	if (slab != page && push_active(slab, object, offset))
		return;
	cache = cache_of(page);
	if (likely(is_plain_free(cache, slab, object))) {
		if (!push_partial(cache, slab, object, offset))
			object_give(cache, slab, object);
		return;
	}
	quire_event(kfree, object, 0, 0);
	free_slow(cache, object, __builtin_return_address(0));
}

inline void kfree(const void *object)
{
	unsigned long pfn = PHYS_PFN(__pa(object));
	struct page *page;

	/* NULL, ZERO_SIZE_PTR and what is not in the linear map have no frame number below the
	 * highest. */
	if (unlikely(pfn >= quire_max_pfn)) {
		free_other(object);
		return;
	}
	page = pfn_to_page(pfn);
	if (unlikely(!push_active(page, (void *)object, port_percpu_offset())))
		kfree_slow(page, (void *)object);
}

/* ---- a CPU gives up what it has -------------------------------------------------------------- */
/* A slab to which others have freed stays off the list, as a full one: we hear of it next, or they
 * find that nobody listens and hand it over. */
static void give_up(struct kmem_cache *cache, struct page *slab, struct page **surplus)
{
	set_owner(slab, (READ_ONCE(slab->slab_owner) & OWNER_CPU) | OWNER_FULL);
	(void)hand_over(cache, slab, surplus);
}

struct page *cache_hand_over(struct kmem_cache *cache, unsigned cpu)
{
	struct slab_cpu *c = per_cpu_ptr(cache->cpu, cpu);
	struct page *surplus = NULL, *slab;
	u32 at;

	if (!cache->owned)
		return NULL;
	slab = c->slab;
	if (slab) {
		deactivate(cache, c);
		give_up(cache, slab, &surplus);
	}
	while ((slab = take_partial(c)))
		give_up(cache, slab, &surplus);
	at = __atomic_exchange_n(&c->notified, NOT_LISTENING, __ATOMIC_SEQ_CST);
	while (at && at != NOT_LISTENING)
		at = hand_over_unheard(cache, pfn_to_page(at), &surplus);
	return surplus;
}

/* The owner may be at its active slab: to that the objects are freed once more. */
static u32 free_again(struct kmem_cache *cache, struct page *slab)
{
	struct remote_chain chain = take_remote(cache, slab, REMOTE_EMPTY);
	void *object = chain.first, *next;

	for (; chain.n; chain.n--, object = next) {
		next = link_next(cache, object);
		give_remote(cache, slab, object);
	}
	return chain.next;
}

static void trim_notified(struct kmem_cache *cache, struct slab_cpu *c, struct page **surplus)
{
	u32 at = __atomic_exchange_n(&c->notified, 0, __ATOMIC_SEQ_CST);

	while (at) {
		struct page *slab = pfn_to_page(at);

		at = slab == c->slab ? free_again(cache, slab) : collect(cache, c, slab, surplus);
	}
}

struct page *cache_trim(struct kmem_cache *cache, unsigned cpu)
{
	struct slab_cpu *c = per_cpu_ptr(cache->cpu, cpu);
	struct page *surplus = NULL, *slab, *next;

	if (!cache->owned || READ_ONCE(c->notified) == NOT_LISTENING)
		return NULL;
	trim_notified(cache, c, &surplus);
	for (slab = slab_list_first(&c->partial); slab; slab = next) {
		next = slab_list_next(slab);
		if (slab->inuse)
			continue;
		slab_list_remove(&c->partial, slab);
		chain_surplus(&surplus, slab);
	}
	c->nr_empty = 0;
	return surplus;
}
#endif
