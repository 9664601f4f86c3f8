/* SPDX-License-Identifier: MIT */
/*
 * base/wait.c - wait queues.
 *
 *   sleeper:  on the queue -> look -> port_block() -> look ...      waker:  change -> off the queue -> port_unblock()
 *
 * Always true:  an entry is on a queue only between prepare_to_wait() and the wake-up or
 *               finish_wait(), so a waker that holds the queue's lock may touch it though it lives
 *               on the sleeper's stack.
 * Lock:         wq->lock, interrupts off; the embedder's scheduler locks come inside it.
 */
#include <quire/wait.h>

void init_waitqueue_head(wait_queue_head_t *wq)
{
	spin_lock_init(&wq->lock, "wait queue", LOCK_RANK_WAIT);
	INIT_LIST_HEAD(&wq->waiters);
}

static void enqueue(wait_queue_head_t *wq, struct wait_queue_entry *entry, bool exclusive)
{
	unsigned long flags;

	spin_lock_irqsave(&wq->lock, flags);
	entry->who = port_self();
	entry->exclusive = exclusive;
	if (list_empty(&entry->link)) {
		if (exclusive)
			list_add_tail(&entry->link, &wq->waiters);
		else
			list_add(&entry->link, &wq->waiters);
	}
	spin_unlock_irqrestore(&wq->lock, flags);
}

static void dequeue(wait_queue_head_t *wq, struct wait_queue_entry *entry)
{
	unsigned long flags;

	/* Always under the lock: a waker may be about to read the entry. */
	spin_lock_irqsave(&wq->lock, flags);
	list_del_init(&entry->link);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void add_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *entry)
{
	enqueue(wq, entry, false);
}

void add_wait_queue_exclusive(wait_queue_head_t *wq, struct wait_queue_entry *entry)
{
	enqueue(wq, entry, true);
}

void remove_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *entry)
{
	dequeue(wq, entry);
}

void prepare_to_wait(wait_queue_head_t *wq, struct wait_queue_entry *entry)
{
	enqueue(wq, entry, false);
}

void prepare_to_wait_exclusive(wait_queue_head_t *wq, struct wait_queue_entry *entry)
{
	enqueue(wq, entry, true);
}

void finish_wait(wait_queue_head_t *wq, struct wait_queue_entry *entry)
{
	dequeue(wq, entry);
}

void __wake_up(wait_queue_head_t *wq, unsigned nr_exclusive)
{
	struct wait_queue_entry *entry, *n;
	unsigned woken = 0;
	unsigned long flags;

	spin_lock_irqsave(&wq->lock, flags);
	list_for_each_entry_safe(entry, n, &wq->waiters, link) {
		if (entry->exclusive && nr_exclusive && woken++ == nr_exclusive)
			break;
		list_del_init(&entry->link);
		port_unblock(entry->who);
	}
	spin_unlock_irqrestore(&wq->lock, flags);
}
