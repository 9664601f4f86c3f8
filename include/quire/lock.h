/* SPDX-License-Identifier: MIT */
/*
 * quire/lock.h - spinlocks with ranks, and sleeping locks.
 *
 * Locks are taken in rising order of rank: the enum below is the documentation, and debug builds
 * stop at the first violation, with both names.  Two locks of the same rank are never held
 * together, except through spin_lock_nested(), whose caller has an order of its own.
 */
#ifndef QUIRE_LOCK_H
#define QUIRE_LOCK_H

#include <quire/list.h>
#include <quire/port.h>
#include <quire/types.h>

enum lock_rank {
	LOCK_RANK_NONE,        /* not checked                                                   */
	LOCK_RANK_KERNEL,      /* .. LOCK_RANK_KERNEL + 31: the embedder's, outermost           */
	LOCK_RANK_I_MMAP = 64, /* address_space.i_mmap_lock: who maps a file                    */
	LOCK_RANK_ANON_LOOKUP, /* from a page to its anon_vma                                   */
	LOCK_RANK_ANON_VMA,    /* a tree of anon_vmas: who maps anonymous pages                 */
	LOCK_RANK_VMAP_PURGE,  /* one CPU at a time flushes what others have unmapped           */
	LOCK_RANK_PAGE_TABLE,  /* mm_struct.page_table_lock: upper tables                       */
	LOCK_RANK_PTL,         /* entries of one table page (a u32 in struct page: not checked) */
	LOCK_RANK_I_PAGES,     /* address_space.i_pages_lock: page cache tree                   */
	LOCK_RANK_SPACES,      /* spare tables and other lists of spaces/                       */
	LOCK_RANK_VMAP,        /* vmalloc areas                                                 */
	LOCK_RANK_SWAP,
	LOCK_RANK_HEAP_CACHES, /* list of object caches                                         */
	LOCK_RANK_PERCPU,      /* layout of the dynamic per-CPU area                            */
	LOCK_RANK_HEAP,        /* slabs of one cache on one node                                */
	LOCK_RANK_ZONE,        /* zone->lock: free lists                                        */
	LOCK_RANK_KMAP,        /* which frames kmap() has where                                 */
	LOCK_RANK_WAIT,        /* wait queues and the insides of sleeping locks                 */
	LOCK_RANK_SCHED,       /* .. + 15: the embedder's, taken inside port_unblock()          */
	LOCK_RANK_LOG = 255,   /* console: last, so that anyone may print                       */
};

/* ---- spinlocks ------------------------------------------------------------------------------- */
typedef struct spinlock {
	u32 locked; /* (a) 1 while someone holds it           */
#if QUIRE_DEBUG
	u32 rank;         /* (c) enum lock_rank                     */
	u32 owner;        /* CPU number + 1 of the holder, else 0   */
	const char *name; /* (c) for reports                        */
#endif
} spinlock_t;

#if QUIRE_DEBUG
#define SPIN_LOCK_UNLOCKED(lock_name, lock_rank)                                                   \
	{                                                                                          \
		0, (lock_rank), 0, (lock_name)                                                     \
	}
void lock_debug_init(spinlock_t *lock, const char *name, unsigned rank);
void lock_debug_before(spinlock_t *lock, bool nested);
void lock_debug_taken(spinlock_t *lock);
void lock_debug_release(spinlock_t *lock);
void lock_debug_assert_held(const spinlock_t *lock);
/* Stops if this CPU holds a spinlock: called where one may sleep. */
void lock_debug_assert_none(const char *who);
#else
#define SPIN_LOCK_UNLOCKED(lock_name, lock_rank)                                                   \
	{                                                                                          \
		0                                                                                  \
	}
static inline void lock_debug_init(spinlock_t *lock, const char *name, unsigned rank)
{
	(void)lock, (void)name, (void)rank;
}
static inline void lock_debug_before(spinlock_t *lock, bool nested)
{
	(void)lock, (void)nested;
}
static inline void lock_debug_taken(spinlock_t *lock)
{
	(void)lock;
}
static inline void lock_debug_release(spinlock_t *lock)
{
	(void)lock;
}
static inline void lock_debug_assert_held(const spinlock_t *lock)
{
	(void)lock;
}
static inline void lock_debug_assert_none(const char *who)
{
	(void)who;
}
#endif

/* Static, unlocked: DEFINE_SPINLOCK(pid_lock, LOCK_RANK_KERNEL + 2); */
#define DEFINE_SPINLOCK(lock, lock_rank) spinlock_t lock = SPIN_LOCK_UNLOCKED(#lock, lock_rank)

static inline void spin_lock_init(spinlock_t *lock, const char *name, enum lock_rank rank)
{
	lock->locked = 0;
	lock_debug_init(lock, name, rank);
}

/* A lock that is one bare word, for places that have no room for more.  No rank. */
void raw_lock_contended(u32 *word);

static inline bool raw_trylock(u32 *word)
{
	return __atomic_exchange_n(word, 1, __ATOMIC_ACQUIRE) == 0;
}

static inline void raw_lock(u32 *word)
{
	/* One CPU: who holds a lock has interrupts off, or they do not take it. */
	if (QUIRE_NR_CPUS == 1)
		WRITE_ONCE(*word, 1);
	else if (unlikely(!raw_trylock(word)))
		raw_lock_contended(word);
}

static inline void raw_unlock(u32 *word)
{
	__atomic_store_n(word, 0, __ATOMIC_RELEASE);
}

/*
 * Take the lock, spinning until it is free.  Any context; a lock that interrupt handlers take too
 * is taken with interrupts off by everyone (spin_lock_irqsave).  The holder must not sleep.
 */
static inline void spin_lock(spinlock_t *lock)
{
	lock_debug_before(lock, false);
	raw_lock(&lock->locked);
	lock_debug_taken(lock);
}

/* The same for a second lock of a rank already held; the caller's own order prevents deadlock. */
static inline void spin_lock_nested(spinlock_t *lock)
{
	lock_debug_before(lock, true);
	raw_lock(&lock->locked);
	lock_debug_taken(lock);
}

static inline bool spin_trylock(spinlock_t *lock)
{
	if (!raw_trylock(&lock->locked))
		return false;
	lock_debug_taken(lock);
	return true;
}

static inline void spin_unlock(spinlock_t *lock)
{
	lock_debug_release(lock);
	raw_unlock(&lock->locked);
}

static inline bool spin_is_locked(const spinlock_t *lock)
{
	return __atomic_load_n(&lock->locked, __ATOMIC_RELAXED);
}

/* flags is an `unsigned long` variable of the caller's: what interrupts were before. */
#define spin_lock_irqsave(lock, flags)                                                             \
	do {                                                                                       \
		(flags) = port_irq_save();                                                         \
		spin_lock(lock);                                                                   \
	} while (0)
#define spin_unlock_irqrestore(lock, flags)                                                        \
	do {                                                                                       \
		spin_unlock(lock);                                                                 \
		port_irq_restore(flags);                                                           \
	} while (0)

/* Debug builds stop unless this CPU holds the lock. */
static inline void assert_spin_locked(const spinlock_t *lock)
{
	lock_debug_assert_held(lock);
}

/* ---- sleeping locks
 * -------------------------------------------------------------------------------- Task context, no
 * spinlock held.  One atomic operation when nobody is in the way; waiters are served in order of
 * arrival and sleep in port_block(). */

/* Many readers or one writer. */
struct rw_semaphore {
	u32 count;            /* (a) RWSEM_* below                                              */
	spinlock_t wait_lock; /* guards waiters; irqs off                                       */
	struct list_head waiters;
};
#define RWSEM_WRITER  1u /* a writer is in                                                 */
#define RWSEM_WAITERS 2u /* the list is not empty: newcomers queue                         */
#define RWSEM_READER  4u /* one reader                                                     */

#define RWSEM_INITIALIZER(sem)                                                                     \
	{                                                                                          \
		0, SPIN_LOCK_UNLOCKED(#sem, LOCK_RANK_WAIT), LIST_HEAD_INIT((sem).waiters)         \
	}
#define DECLARE_RWSEM(sem) struct rw_semaphore sem = RWSEM_INITIALIZER(sem)

void init_rwsem(struct rw_semaphore *sem);
void rwsem_down_read_slow(struct rw_semaphore *sem);
void rwsem_down_write_slow(struct rw_semaphore *sem);
void rwsem_wake_slow(struct rw_semaphore *sem);

static inline void down_read(struct rw_semaphore *sem)
{
	lock_debug_assert_none("down_read");
	if (unlikely(__atomic_fetch_add(&sem->count, RWSEM_READER, __ATOMIC_ACQUIRE) &
		     (RWSEM_WRITER | RWSEM_WAITERS)))
		rwsem_down_read_slow(sem);
}

/* Never waits. */
static inline bool down_read_trylock(struct rw_semaphore *sem)
{
	u32 old = __atomic_load_n(&sem->count, __ATOMIC_RELAXED);

	while (!(old & (RWSEM_WRITER | RWSEM_WAITERS)))
		if (__atomic_compare_exchange_n(&sem->count, &old, old + RWSEM_READER, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

static inline void up_read(struct rw_semaphore *sem)
{
	if (unlikely(__atomic_sub_fetch(&sem->count, RWSEM_READER, __ATOMIC_RELEASE) ==
		     RWSEM_WAITERS))
		rwsem_wake_slow(sem);
}

static inline bool down_write_trylock(struct rw_semaphore *sem)
{
	u32 none = 0;

	return __atomic_compare_exchange_n(&sem->count, &none, RWSEM_WRITER, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void down_write(struct rw_semaphore *sem)
{
	lock_debug_assert_none("down_write");
	if (unlikely(!down_write_trylock(sem)))
		rwsem_down_write_slow(sem);
}

static inline void up_write(struct rw_semaphore *sem)
{
	if (unlikely(__atomic_sub_fetch(&sem->count, RWSEM_WRITER, __ATOMIC_RELEASE) &
		     RWSEM_WAITERS))
		rwsem_wake_slow(sem);
}

/* From writer to reader without letting go. */
static inline void downgrade_write(struct rw_semaphore *sem)
{
	if (unlikely(
		    __atomic_add_fetch(&sem->count, RWSEM_READER - RWSEM_WRITER, __ATOMIC_RELEASE) &
		    RWSEM_WAITERS))
		rwsem_wake_slow(sem);
}

static inline bool rwsem_is_locked(const struct rw_semaphore *sem)
{
	return __atomic_load_n(&sem->count, __ATOMIC_RELAXED) & ~RWSEM_WAITERS;
}

/* One at a time. */
struct mutex {
	struct rw_semaphore sem;
};
#define DEFINE_MUTEX(name) struct mutex name = { RWSEM_INITIALIZER((name).sem) }

static inline void mutex_init(struct mutex *mutex)
{
	init_rwsem(&mutex->sem);
}

static inline void mutex_lock(struct mutex *mutex)
{
	down_write(&mutex->sem);
}

static inline bool mutex_trylock(struct mutex *mutex)
{
	return down_write_trylock(&mutex->sem);
}

static inline void mutex_unlock(struct mutex *mutex)
{
	up_write(&mutex->sem);
}

static inline bool mutex_is_locked(const struct mutex *mutex)
{
	return rwsem_is_locked(&mutex->sem);
}

#endif
