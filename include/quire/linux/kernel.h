/* SPDX-License-Identifier: MIT */
/* linux/kernel.h for code written against Linux: the odds and ends that everything uses. */
#ifndef QUIRE_LINUX_KERNEL_H
#define QUIRE_LINUX_KERNEL_H

#include <stdarg.h>
#include <quire/lock.h>
#include <quire/linux/align.h>
#include <quire/linux/bitops.h>
#include <quire/linux/bug.h>
#include <quire/linux/compiler.h>
#include <quire/linux/container_of.h>
#include <quire/linux/err.h>
#include <quire/linux/init.h>
#include <quire/linux/limits.h>
#include <quire/linux/log2.h>
#include <quire/linux/math.h>
#include <quire/linux/minmax.h>
#include <quire/linux/printk.h>
#include <quire/linux/stddef.h>
#include <quire/linux/string.h>
#include <quire/linux/types.h>

#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define lower_32_bits(n) ((u32)(n))
/* A debug build stops if a spinlock is held. */
#define might_sleep()    lock_debug_assert_none("might_sleep")
#define scnprintf(buf, size, fmt, ...)                                                             \
	({                                                                                         \
		size_t room_ = (size);                                                             \
		int len_ = quire_snprintf((buf), room_, fmt, ##__VA_ARGS__);                       \
		room_ == 0 ? 0 : min(len_, (int)room_ - 1);                                        \
	})
#if !__STDC_HOSTED__
#define snprintf(buf, size, fmt, ...) quire_snprintf((buf), (size), fmt, ##__VA_ARGS__)
#endif

#endif
