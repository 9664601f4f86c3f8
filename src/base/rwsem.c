/* SPDX-License-Identifier: MIT */
/*
 * base/rwsem.c - the contended halves of sleeping locks.
 *
 *   count of an rw_semaphore:   | readers ........ | waiters queue | writer in |
 *                                31              2         1             0
 *
 * Always true:  the waiters bit is on exactly while the list is not empty (seen under wait_lock);
 *               while it is on, newcomers queue, so that nobody overtakes.
 *               Whoever leaves the count at "nobody in, someone waits" wakes the first waiter.
 * Lock:         sem->wait_lock, interrupts off.
 */
#include <quire/lock.h>

struct rwsem_waiter {
	struct list_head link;
	void *who;
	bool writer;
};

void init_rwsem(struct rw_semaphore *sem)
{
	sem->count = 0;
	spin_lock_init(&sem->wait_lock, "rw_semaphore", LOCK_RANK_WAIT);
	INIT_LIST_HEAD(&sem->waiters);
}

static void wake_first(struct rw_semaphore *sem)
{
	if (!list_empty(&sem->waiters))
		port_unblock(list_first_entry(&sem->waiters, struct rwsem_waiter, link)->who);
}

/* wait_lock held; `me` is the first waiter.  True: the lock is ours. */
static bool try_enter(struct rw_semaphore *sem, struct rwsem_waiter *me)
{
	u32 old = __atomic_load_n(&sem->count, __ATOMIC_RELAXED), next;

	do {
		if (old & RWSEM_WRITER || (me->writer && old >= RWSEM_READER))
			return false;
		next = old + (me->writer ? RWSEM_WRITER : RWSEM_READER);
		if (list_is_singular(&sem->waiters))
			next &= ~RWSEM_WAITERS;
	} while (!__atomic_compare_exchange_n(&sem->count, &old, next, false, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return true;
}

/* wait_lock held on entry, released on return. */
static void wait_in_line(struct rw_semaphore *sem, bool writer, unsigned long flags)
{
	struct rwsem_waiter me = { LIST_HEAD_INIT(me.link), port_self(), writer };

	list_add_tail(&me.link, &sem->waiters);
	__atomic_fetch_or(&sem->count, RWSEM_WAITERS, __ATOMIC_RELAXED);
	while (sem->waiters.next != &me.link || !try_enter(sem, &me)) {
		spin_unlock_irqrestore(&sem->wait_lock, flags);
		port_block();
		spin_lock_irqsave(&sem->wait_lock, flags);
	}
	list_del(&me.link);
	if (!writer && !list_empty(&sem->waiters) &&
	    !list_first_entry(&sem->waiters, struct rwsem_waiter, link)->writer)
		wake_first(sem);
	spin_unlock_irqrestore(&sem->wait_lock, flags);
}

void rwsem_down_read_slow(struct rw_semaphore *sem)
{
	unsigned long flags;

	spin_lock_irqsave(&sem->wait_lock, flags);
	/* Take back what the fast path added.  It may have kept the first waiter out: let that look
	 * again. */
	if (__atomic_sub_fetch(&sem->count, RWSEM_READER, __ATOMIC_RELAXED) == RWSEM_WAITERS)
		wake_first(sem);
	wait_in_line(sem, false, flags);
}

void rwsem_down_write_slow(struct rw_semaphore *sem)
{
	unsigned long flags;

	spin_lock_irqsave(&sem->wait_lock, flags);
	wait_in_line(sem, true, flags);
}

void rwsem_wake_slow(struct rw_semaphore *sem)
{
	unsigned long flags;

	spin_lock_irqsave(&sem->wait_lock, flags);
	wake_first(sem);
	spin_unlock_irqrestore(&sem->wait_lock, flags);
}
