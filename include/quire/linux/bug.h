/* SPDX-License-Identifier: MIT */
/* linux/bug.h for code written against Linux: stop, or say where, if something cannot be. */
#ifndef QUIRE_LINUX_BUG_H
#define QUIRE_LINUX_BUG_H

#include <quire/printk.h>
#include <quire/linux/build_bug.h>

#define BUG() quire_panic("kernel BUG at %s:%d!\n", __FILE__, __LINE__)
#define BUG_ON(cond)                                                                               \
	do {                                                                                       \
		if (unlikely(cond))                                                                \
			BUG();                                                                     \
	} while (0)
/* The value is the condition. */
#define WARN(cond, fmt, ...)                                                                       \
	({                                                                                         \
		bool warn_ = !!(cond);                                                             \
		if (unlikely(warn_))                                                               \
			printk("WARNING: %s:%d: " fmt, __FILE__, __LINE__, ##__VA_ARGS__);         \
		unlikely(warn_);                                                                   \
	})
#define WARN_ON(cond) WARN(cond, "%s\n", #cond)
#define WARN_ONCE(cond, fmt, ...)                                                                  \
	({                                                                                         \
		static bool warned_;                                                               \
		bool once_ = !!(cond);                                                             \
		if (unlikely(once_) && !warned_) {                                                 \
			warned_ = true;                                                            \
			printk("WARNING: %s:%d: " fmt, __FILE__, __LINE__, ##__VA_ARGS__);         \
		}                                                                                  \
		unlikely(once_);                                                                   \
	})
#define WARN_ON_ONCE(cond) WARN_ONCE(cond, "%s\n", #cond)
#define VM_BUG_ON(cond)                                                                            \
	do {                                                                                       \
		if (QUIRE_DEBUG)                                                                   \
			BUG_ON(cond);                                                              \
	} while (0)
#define VM_WARN_ON(cond)                                                                           \
	do {                                                                                       \
		if (QUIRE_DEBUG)                                                                   \
			(void)WARN_ON(cond);                                                       \
	} while (0)
#define VM_WARN_ON_ONCE(cond)                                                                      \
	do {                                                                                       \
		if (QUIRE_DEBUG)                                                                   \
			(void)WARN_ON_ONCE(cond);                                                  \
	} while (0)

#endif
