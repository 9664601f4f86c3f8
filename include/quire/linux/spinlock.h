/* SPDX-License-Identifier: MIT */
/*
 * linux/spinlock.h for code written against Linux: locks without a rank, which are not checked
 * for order.
 */
#ifndef QUIRE_LINUX_SPINLOCK_H
#define QUIRE_LINUX_SPINLOCK_H

#include <quire/lock.h>

#define QUIRE_SECOND(a, b, ...) b
#undef DEFINE_SPINLOCK
/* DEFINE_SPINLOCK(lock) as in Linux, or with a rank as in quire. */
#define DEFINE_SPINLOCK(lock, ...)                                                                 \
	spinlock_t lock =                                                                          \
		SPIN_LOCK_UNLOCKED(#lock, QUIRE_SECOND(0, ##__VA_ARGS__, LOCK_RANK_NONE, ))
#define QUIRE_LOCK_INIT1(lock)             (spin_lock_init)((lock), #lock, LOCK_RANK_NONE)
#define QUIRE_LOCK_INIT3(lock, name, rank) (spin_lock_init)((lock), (name), (rank))
#define QUIRE_FOURTH(a, b, c, d, ...)      d
#define spin_lock_init(...)                                                                        \
	QUIRE_FOURTH(__VA_ARGS__, QUIRE_LOCK_INIT3, , QUIRE_LOCK_INIT1, )(__VA_ARGS__)

typedef spinlock_t raw_spinlock_t;
#define __SPIN_LOCK_UNLOCKED(lock)          SPIN_LOCK_UNLOCKED(#lock, LOCK_RANK_NONE)
#define raw_spin_lock(lock)                 spin_lock(lock)
#define raw_spin_unlock(lock)               spin_unlock(lock)
#define raw_spin_lock_irqsave(lock, f)      spin_lock_irqsave(lock, f)
#define raw_spin_unlock_irqrestore(lock, f) spin_unlock_irqrestore(lock, f)
#define lockdep_assert_held(lock)           assert_spin_locked(lock)

/* Interrupts are on before. */
#define spin_lock_irq(lock)                                                                        \
	do {                                                                                       \
		(void)port_irq_save();                                                             \
		spin_lock(lock);                                                                   \
	} while (0)
#define spin_unlock_irq(lock)                                                                      \
	do {                                                                                       \
		spin_unlock(lock);                                                                 \
		port_irq_restore(0);                                                               \
	} while (0)
#define local_irq_save(flags)    ((flags) = port_irq_save())
#define local_irq_restore(flags) port_irq_restore(flags)
#define irqs_disabled()          port_irqs_disabled()
#define cpu_relax()              port_cpu_relax()

#endif
