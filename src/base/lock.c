/* SPDX-License-Identifier: MIT */
/*
 * base/lock.c - spinning, and the rank checks of debug builds.
 *
 *   this CPU holds     zone (rank 74)  ->  wait queue (75)          fine: ranks rise
 *   and now wants      heap (73)                                    stops, with both names
 *
 * Always true:  held_locks lists what this CPU holds, in the order taken; an interrupt's locks are
 *               judged apart.
 * Lock:         none; each CPU has its own list.
 */
#include <quire/lock.h>
#include <quire/percpu.h>
#include <quire/printk.h>

void raw_lock_contended(u32 *word)
{
	do {
		while (__atomic_load_n(word, __ATOMIC_RELAXED))
			port_cpu_relax();
	} while (!raw_trylock(word));
}

/* ---- ranks ----------------------------------------------------------------------------------- */
#if QUIRE_DEBUG
#define MAX_HELD 24

struct held_lock {
	spinlock_t *lock;
	u32 irq_depth; /* an interrupt's locks are judged apart from those it interrupted */
};
struct held_locks {
	unsigned n;
	struct held_lock at[MAX_HELD];
};
static DEFINE_PER_CPU(struct held_locks, held_locks);

static u32 irq_depth(void)
{
	return this_cpu_read(quire_cpu.irq);
}

void lock_debug_init(spinlock_t *lock, const char *name, unsigned rank)
{
	lock->rank = rank;
	lock->owner = 0;
	lock->name = name;
}

void lock_debug_before(spinlock_t *lock, bool nested)
{
	struct held_locks *held = this_cpu_ptr(&held_locks);
	u32 depth = irq_depth();

	for (unsigned i = 0; i < held->n; i++) {
		const spinlock_t *h = held->at[i].lock;

		if (h == lock)
			quire_panic("lock: %s is taken by the CPU that holds it\n", lock->name);
		if (held->at[i].irq_depth != depth || !h->rank || !lock->rank)
			continue;
		if (h->rank > lock->rank || (h->rank == lock->rank && !nested))
			quire_panic("lock: %s (rank %u) is taken while %s (rank %u) is held\n",
				    lock->name, lock->rank, h->name, h->rank);
	}
}

void lock_debug_taken(spinlock_t *lock)
{
	struct held_locks *held = this_cpu_ptr(&held_locks);

	if (held->n == MAX_HELD)
		quire_panic("lock: more than %d locks are held by one CPU\n", MAX_HELD);
	__atomic_store_n(&lock->owner, port_cpu_id() + 1, __ATOMIC_RELAXED);
	held->at[held->n++] = (struct held_lock){ lock, irq_depth() };
}

void lock_debug_release(spinlock_t *lock)
{
	struct held_locks *held = this_cpu_ptr(&held_locks);
	unsigned i = held->n;

	while (i-- > 0) {
		if (held->at[i].lock != lock)
			continue;
		for (; i + 1 < held->n; i++)
			held->at[i] = held->at[i + 1];
		held->n--;
		__atomic_store_n(&lock->owner, 0, __ATOMIC_RELAXED);
		return;
	}
	quire_panic("lock: %s is released by a CPU that does not hold it\n",
		    lock->name ? lock->name : "(no name)");
}

void lock_debug_assert_held(const spinlock_t *lock)
{
	if (!spin_is_locked(lock) ||
	    __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) != port_cpu_id() + 1)
		quire_panic("lock: %s must be held here\n", lock->name);
}

void lock_debug_assert_none(const char *who)
{
	const struct held_locks *held = this_cpu_ptr(&held_locks);
	u32 depth = irq_depth();

	if (depth)
		quire_panic("lock: %s may sleep and is called from an interrupt\n", who);
	for (unsigned i = 0; i < held->n; i++)
		if (held->at[i].irq_depth == depth)
			quire_panic("lock: %s may sleep and is called with %s held\n", who,
				    held->at[i].lock->name);
}
#endif
