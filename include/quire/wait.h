/* SPDX-License-Identifier: MIT */
/*
 * quire/wait.h - sleep until something is true; tell sleepers that it may be.
 *
 *	wait_event(&pipe->readers, pipe->bytes > 0);           one side
 *	pipe->bytes += n;  wake_up(&pipe->readers);            the other, after the change
 *
 * Waiting: task context, no spinlock held.  Waking: any context.
 */
#ifndef QUIRE_WAIT_H
#define QUIRE_WAIT_H

#include <quire/lock.h>

typedef struct wait_queue_head {
	spinlock_t lock; /* guards waiters; irqs off */
	struct list_head
		waiters; /* wait_queue_entry.link, oldest first, exclusive ones at the end */
} wait_queue_head_t;

struct wait_queue_entry {
	struct list_head link; /* on a queue, or empty                           */
	void *who;             /* port_self() of the sleeper                     */
	bool exclusive;        /* wake_up() wakes only one of these              */
};
typedef struct wait_queue_entry wait_queue_entry_t;

#define DECLARE_WAIT_QUEUE_HEAD(wq)                                                                \
	wait_queue_head_t wq = { SPIN_LOCK_UNLOCKED(#wq, LOCK_RANK_WAIT),                          \
				 LIST_HEAD_INIT((wq).waiters) }
/* An entry on the sleeper's own stack. */
#define DEFINE_WAIT(entry)                                                                         \
	struct wait_queue_entry entry = { LIST_HEAD_INIT((entry).link), port_self(), false }

void init_waitqueue_head(wait_queue_head_t *wq);
void add_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *entry);
void add_wait_queue_exclusive(wait_queue_head_t *wq, struct wait_queue_entry *entry);
void remove_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *entry);

/* Be on the queue from now on: whatever makes the condition true after this wakes us.  Look at the
 * condition after it, then port_block(), then again.  finish_wait() ends it and may be called when
 * not queued. */
void prepare_to_wait(wait_queue_head_t *wq, struct wait_queue_entry *entry);
void prepare_to_wait_exclusive(wait_queue_head_t *wq, struct wait_queue_entry *entry);
void finish_wait(wait_queue_head_t *wq, struct wait_queue_entry *entry);

/* Wake every ordinary waiter and up to nr_exclusive of the others; 0: all. */
void __wake_up(wait_queue_head_t *wq, unsigned nr_exclusive);
#define wake_up(wq)        __wake_up((wq), 1)
#define wake_up_nr(wq, nr) __wake_up((wq), (nr))
#define wake_up_all(wq)    __wake_up((wq), 0)

static inline bool waitqueue_active(const wait_queue_head_t *wq)
{
	return !list_empty(&wq->waiters);
}

/* Sleep until cond is true; it is evaluated several times, never with a lock held. */
#define wait_event(wq, cond)                                                                       \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			DEFINE_WAIT(wait_);                                                        \
			for (;;) {                                                                 \
				prepare_to_wait((wq), &wait_);                                     \
				if (cond)                                                          \
					break;                                                     \
				port_block();                                                      \
			}                                                                          \
			finish_wait((wq), &wait_);                                                 \
		}                                                                                  \
	} while (0)

#endif
