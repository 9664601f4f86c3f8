/* SPDX-License-Identifier: MIT */
/*
 * futex.c - fast user-space locks: wait on a word, wake who waits.
 *
 * A waiter is known by the frame and offset of its word if the mapping is shared, by space and
 * address if it is private.  Private and shared calls on one private word must agree, as on Linux.
 *
 *   hash of the key -> bucket -> waiters, oldest first
 *
 * Lock: bucket.lock.  The word is compared after the waiter has queued itself, so a wake in between
 * is not lost.
 */
#include "kernel.h"
#include "syscall.h"
#include <quire/init.h>

#define FUTEX_BUCKETS 256

struct futex_key {
	const void *space; /* mm, or the page's mapping, or the page            */
	u64 at;            /* address, or byte offset in the mapping            */
};

struct futex_waiter {
	struct list_head link;
	struct futex_key key;
	struct task *task;
	u32 bitset;
	bool woken; /* off the list                                      */
	struct futex_bucket *bucket;
};

struct futex_bucket {
	spinlock_t lock;
	struct list_head waiters;
};

static struct futex_bucket buckets[FUTEX_BUCKETS];

void __init futex_init(void)
{
	for (unsigned i = 0; i < FUTEX_BUCKETS; i++) {
		spin_lock_init(&buckets[i].lock, "futex", LOCK_RANK_KERNEL_WAIT);
		INIT_LIST_HEAD(&buckets[i].waiters);
	}
}

static struct futex_bucket *bucket_of(const struct futex_key *k)
{
	u64 h = ((unsigned long)k->space ^ k->at * 0x9e3779b97f4a7c15ULL) * 0x9e3779b97f4a7c15ULL;

	return &buckets[h >> 56];
}

/* Shared: the page behind the address tells. */
static int make_key(u32 __user *at, bool private, struct futex_key *k)
{
	struct page *page;

	if ((unsigned long)at & 3)
		return -EINVAL;
	if (!access_ok(at, 4))
		return -EFAULT;
	k->space = current->mm;
	k->at = (unsigned long)at;
	if (private)
		return 0;
	if (get_user_pages(current->mm, (unsigned long)at & PAGE_MASK, 1, 0, &page) != 1)
		return -EFAULT;
	if (PageFlag(page, PG_cache)) {
		k->space = page->mapping;
		k->at = ((u64)page->index << PAGE_SHIFT) + ((unsigned long)at & ~PAGE_MASK);
	}
	put_page(page);
	return 0;
}

static bool same_key(const struct futex_key *a, const struct futex_key *b)
{
	return a->space == b->space && a->at == b->at;
}

/* Wake up to n waiters of the key. */
static int wake_key(const struct futex_key *key, int n, u32 bitset)
{
	struct futex_bucket *b = bucket_of(key);
	struct futex_waiter *w, *next;
	unsigned long flags;
	int woken = 0;

	if (list_empty(&b->waiters))
		return 0;
	spin_lock_irqsave(&b->lock, flags);
	list_for_each_entry_safe(w, next, &b->waiters, link) {
		if (woken >= n)
			break;
		if (!same_key(&w->key, key) || !(w->bitset & bitset))
			continue;
		list_del(&w->link);
		woken++;
		WRITE_ONCE(w->woken, true);
		port_unblock(w->task);
	}
	spin_unlock_irqrestore(&b->lock, flags);
	return woken;
}

long futex_wake(u32 __user *at, int n, u32 bitset)
{
	struct futex_key shared, private;
	int woken;

	if (make_key(at, true, &private))
		return 0;
	woken = wake_key(&private, n, bitset);
	if (woken < n && !make_key(at, false, &shared) && !same_key(&shared, &private))
		woken += wake_key(&shared, n - woken, bitset);
	return woken;
}

/* Take ourselves off the list; true if a wake came first. */
static bool unqueue(struct futex_waiter *w)
{
	unsigned long flags;
	bool woken;

	for (;;) {
		struct futex_bucket *b = READ_ONCE(w->bucket);

		spin_lock_irqsave(&b->lock, flags);
		if (b == w->bucket || w->woken)
			break;
		spin_unlock_irqrestore(&b->lock, flags); /* requeued meanwhile */
		continue;
	}
	woken = w->woken;
	if (!woken)
		list_del(&w->link);
	spin_unlock_irqrestore(&w->bucket->lock, flags);
	return woken;
}

static long futex_wait(u32 __user *at, u32 expected, u64 expires, u32 bitset, bool private)
{
	struct futex_waiter w = { .task = current, .bitset = bitset };
	unsigned long flags;
	int error = make_key(at, private, &w.key);
	bool in_time = true;
	u32 now;

	if (error || !bitset)
		return error ? error : -EINVAL;
	w.bucket = bucket_of(&w.key);
	spin_lock_irqsave(&w.bucket->lock, flags);
	list_add_tail(&w.link, &w.bucket->waiters);
	spin_unlock_irqrestore(&w.bucket->lock, flags);
	error = get_user(now, at);
	if (error || now != expected) {
		unqueue(&w);
		return error ? error : -EAGAIN;
	}
	while (!READ_ONCE(w.woken) && in_time && !signal_pending(current))
		in_time = block_until(expires);
	if (unqueue(&w))
		return 0;
	return in_time ? (expires == TIME_NEVER ? -ERESTARTSYS : -EINTR) : -ETIMEDOUT;
}

static long futex_requeue(u32 __user *from, u32 __user *to, int wake, int move, bool private,
			  const u32 *expected)
{
	struct futex_key a, b;
	struct futex_bucket *ba, *bb;
	struct futex_waiter *w, *next;
	unsigned long flags;
	u32 now;
	int error = make_key(from, private, &a), done;

	if (!error)
		error = make_key(to, private, &b);
	if (!error && expected) {
		error = get_user(now, from);
		if (!error && now != *expected)
			error = -EAGAIN;
	}
	if (error)
		return error;
	done = wake_key(&a, wake, ~0u);
	ba = bucket_of(&a);
	bb = bucket_of(&b);
	flags = port_irq_save();
	spin_lock(min(&ba->lock, &bb->lock));
	if (ba != bb)
		spin_lock_nested(max(&ba->lock, &bb->lock));
	list_for_each_entry_safe(w, next, &ba->waiters, link) {
		if (move <= 0)
			break;
		if (!same_key(&w->key, &a))
			continue;
		list_del(&w->link);
		w->key = b;
		w->bucket = bb;
		list_add_tail(&w->link, &bb->waiters);
		move--;
		done++;
	}
	if (ba != bb)
		spin_unlock(max(&ba->lock, &bb->lock));
	spin_unlock(min(&ba->lock, &bb->lock));
	port_irq_restore(flags);
	return done;
}

/* FUTEX_WAKE_OP: change *to as told, wake on from, and on `to` if its old value passes a test. */
static long futex_wake_op(u32 __user *from, u32 __user *to, int n, int n2, u32 op, bool private)
{
	s32 arg = (s32)(op << 8) >> 20, cmparg = (s32)(op << 20) >> 20;
	struct futex_key a, b;
	u32 old, new, seen;
	int error = make_key(from, private, &a), woken;
	bool pass;

	if (!error)
		error = make_key(to, private, &b);
	if (!error)
		error = get_user(old, to);
	if (error)
		return error;
	if (op >> 31)
		arg = 1 << (arg & 31);
	for (;; old = seen) {
		switch (op >> 28 & 7) {
		case 0: new = (u32)arg; break;
		case 1: new = old + (u32)arg; break;
		case 2: new = old | (u32)arg; break;
		case 3: new = old & ~(u32)arg; break;
		case 4: new = old ^ (u32)arg; break;
		default: return -ENOSYS;
		}
		if (port_cmpxchg_user(to, old, new, &seen))
			return -EFAULT;
		if (seen == old)
			break;
	}
	switch (op >> 24 & 15) {
	case 0: pass = (s32)old == cmparg; break;
	case 1: pass = (s32)old != cmparg; break;
	case 2: pass = (s32)old < cmparg; break;
	case 3: pass = (s32)old <= cmparg; break;
	case 4: pass = (s32)old > cmparg; break;
	case 5: pass = (s32)old >= cmparg; break;
	default: return -ENOSYS;
	}
	woken = wake_key(&a, n, ~0u);
	return pass ? woken + wake_key(&b, n2, ~0u) : woken;
}

static long wait_op(u32 __user *at, int op, u32 val, const u64 *ns, u32 bitset)
{
	u64 expires = TIME_NEVER;
	bool absolute = (op & 127) == FUTEX_WAIT_BITSET;

	if (ns) {
		if (!absolute)
			expires = now_ns() + *ns;
		else if (op & FUTEX_CLOCK_REALTIME)
			expires = (s64)*ns > wall_offset_ns ? *ns - (u64)wall_offset_ns : 0;
		else
			expires = *ns;
	}
	return futex_wait(at, val, expires, absolute ? bitset : ~0u, op & FUTEX_PRIVATE_FLAG);
}

bool futex_has_timeout(int op)
{
	return (op & 127) == FUTEX_WAIT || (op & 127) == FUTEX_WAIT_BITSET;
}

long do_futex(u32 __user *at, int op, u32 val, const u64 *ns, u32 val2, u32 __user *at2, u32 val3)
{
	bool private = op & FUTEX_PRIVATE_FLAG;
	struct futex_key key;
	int error;

	switch (op & 127) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET: return wait_op(at, op, val, ns, val3);
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
		error = make_key(at, private, &key);
		return error ? error
			     : wake_key(&key, (int)val, (op & 127) == FUTEX_WAKE ? ~0u : val3);
	case FUTEX_REQUEUE: return futex_requeue(at, at2, (int)val, (int)val2, private, NULL);
	case FUTEX_CMP_REQUEUE: return futex_requeue(at, at2, (int)val, (int)val2, private, &val3);
	case FUTEX_WAKE_OP: return futex_wake_op(at, at2, (int)val, (int)val2, val3, private);
	default: return -ENOSYS;
	}
}

/* The fourth argument is the address of a time or a number. */
long sys_futex(u32 __user *at, int op, u32 val, unsigned long timeout, u32 __user *at2, u32 val3)
{
	bool timed = timeout && futex_has_timeout(op);
	u64 ns;
	int error = timed ? get_timespec((const void __user *)timeout, &ns) : 0;

	return error ? error : do_futex(at, op, val, timed ? &ns : NULL, (u32)timeout, at2, val3);
}

/* ---- a task that dies with locks held -------------------------------------------------------- */
static void release_one(u32 __user *at, int tid)
{
	u32 old, seen;

	if (((unsigned long)at & 3) || get_user(old, at))
		return;
	while ((old & FUTEX_TID_MASK) == (u32)tid) {
		if (port_cmpxchg_user(at, old, (old & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &seen))
			return;
		if (seen == old) {
			if (old & FUTEX_WAITERS)
				futex_wake(at, 1, ~0u);
			return;
		}
		old = seen;
	}
}

/* The list is in user memory and may be anything: bounded, and every read may fail. */
void futex_exit_robust(struct task *t)
{
	struct {
		unsigned long next;
		long offset;
		unsigned long pending;
	} head;
	unsigned long at, next;

	if (!t->robust_list || copy_from_user(&head, (void __user *)t->robust_list, sizeof(head)))
		return;
	at = head.next & ~1UL;
	for (unsigned n = 0; at != t->robust_list && n < 2048; n++) {
		if (get_user(next, (unsigned long __user *)at))
			return;
		if (at != (head.pending & ~1UL))
			release_one((u32 __user *)(at + (unsigned long)head.offset), t->tid);
		at = next & ~1UL;
	}
	if (head.pending & ~1UL)
		release_one((u32 __user *)((head.pending & ~1UL) + (unsigned long)head.offset),
			    t->tid);
}
