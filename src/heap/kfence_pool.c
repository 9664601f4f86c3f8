/* SPDX-License-Identifier: MIT */
/*
 * heap/kfence_pool.c - the frames of kfence's pool, and what is counted of it.
 *
 *   one block of frames, in page order:  | guard | place 0 | guard | place 1 | guard | ..      all closed
 *   another:                             | struct kfence_place [nr] | queue [nr] |
 *
 * Lock: kfence_state.lock; the pool comes and goes while nobody else is in the heap.
 */
#include <quire/gfp.h>
#include "kfence.h"

/* ---- the law --------------------------------------------------------------------------------- */
static const char *check_places(void)
{
	const struct kfence_state *k = &kfence_state;
	unsigned long used = 0;

	for (u32 i = 0; k->pool && i < k->nr; i++)
		used += k->place[i].state == PLACE_USED;
	for (u32 i = 0; k->nr && i < k->nr_free; i++)
		if (k->place[k->queue[(k->first + i) % k->nr]].state == PLACE_USED)
			return "a place of kfence is both used and free";
	if (used + k->nr_free != k->nr)
		return "a place of kfence is neither used nor free";
	return used == k->counts.allocated - k->counts.frees ? NULL : "kfence counts wrongly";
}

const char *kfence_pool_check(void)
{
	unsigned long flags = kfence_enter();
	const char *why = check_places();

	kfence_leave(flags);
	return why;
}

void show_kfence_stats(struct seq_out *out)
{
	const struct kfence_state *k = &kfence_state;
	struct kfence_counts c = k->counts;

	seq_printf(out, "enabled: %d\n", k->pool != NULL);
	seq_printf(out, "currently allocated: %lu\n", c.allocated - c.frees);
	seq_printf(out, "total allocations: %lu\ntotal frees: %lu\n", c.allocated, c.frees);
	seq_printf(out, "total bugs: %lu\nskipped allocations (capacity): %lu\n", c.bugs,
		   c.skipped);
}

/* ---- start and stop -------------------------------------------------------------------------- */
/* Frames for as many places as are wanted, or half of that, and so on; *nr is how many. */
static u8 *take_pool(u32 *nr)
{
	for (*nr = QUIRE_KFENCE_NUM_OBJECTS; *nr; *nr /= 2) {
		unsigned order = get_order((2 * (size_t)*nr + 1) * PAGE_SIZE);
		u8 *pool = order > MAX_PAGE_ORDER
				   ? NULL
				   : (u8 *)__get_free_pages(GFP_KERNEL | __GFP_NOWARN, order);

		if (pool)
			return pool;
	}
	return NULL;
}

static size_t table_bytes(u32 nr)
{
	return nr * (sizeof(struct kfence_place) + sizeof(u32));
}

static void give_back(void *block, size_t bytes)
{
	if (block)
		free_pages((unsigned long)block, get_order(bytes));
}

static void close_guards(void)
{
	struct kfence_state *k = &kfence_state;

	k->closes = PORT_PROTECT_PAGE && port_protect_prepare(k->pool, 2UL * k->nr + 1);
	for (u32 i = 0; i < 2 * k->nr + 1; i++) {
		u8 *page = k->pool + i * PAGE_SIZE;

		if (!k->closes)
			kfence_fill_canaries(page, page + PAGE_SIZE);
		kfence_set_closed(page, true);
	}
}

void kfence_pool_make(void)
{
	struct kfence_state *k = &kfence_state;
	u32 nr = 0;
	u8 *pool = k->pool ? NULL : take_pool(&nr);
	void *table = pool ? (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN,
						      get_order(table_bytes(nr)))
			   : NULL;

	if (k->pool)
		return;
	if (!table) {
		give_back(pool, (2 * (size_t)nr + 1) * PAGE_SIZE);
		pr_warn("kfence: no memory for its pool: it stays off\n");
		return;
	}
	k->nr = k->nr_free = nr;
	k->place = table;
	k->queue = (u32 *)(k->place + nr);
	for (u32 i = 0; i < nr; i++)
		k->queue[i] = i;
	k->pool = pool;
	close_guards();
	printk("kfence: initialized - using %zu bytes for %u objects at 0x%lx-0x%lx%s\n",
	       kfence_pool_bytes(), nr, (unsigned long)pool,
	       (unsigned long)pool + kfence_pool_bytes(), k->closes ? "" : ", which stay open");
}

void kfence_pool_drop(void)
{
	struct kfence_state *k = &kfence_state;
	size_t bytes = kfence_pool_bytes();

	for (size_t at = 0; at < bytes; at += PAGE_SIZE)
		kfence_set_closed(k->pool + at, false);
	give_back(k->pool, bytes);
	give_back(k->place, table_bytes(k->nr));
	memset(k, 0, sizeof(*k));
	kfence = NULL;
}
