/* SPDX-License-Identifier: MIT */
/* linux/mutex.h for code written against Linux: one at a time, asleep meanwhile. */
#ifndef QUIRE_LINUX_MUTEX_H
#define QUIRE_LINUX_MUTEX_H

#include <quire/lock.h>

/* Nothing interrupts the wait. */
static inline int __must_check mutex_lock_interruptible(struct mutex *mutex)
{
	mutex_lock(mutex);
	return 0;
}
#define mutex_lock_killable(mutex) mutex_lock_interruptible(mutex)
#define mutex_destroy(mutex)       ((void)(mutex))

#endif
