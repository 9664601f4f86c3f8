/* SPDX-License-Identifier: MIT */
/* linux/compiler.h for code written against Linux: attributes and hints. */
#ifndef QUIRE_LINUX_COMPILER_H
#define QUIRE_LINUX_COMPILER_H

#include <quire/types.h>

#define noinline __attribute__((__noinline__))
#ifndef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#endif
#define __maybe_unused  __attribute__((__unused__))
#define __always_unused __attribute__((__unused__))
#ifndef __packed
#define __packed __attribute__((__packed__))
#endif
#ifndef __aligned
#define __aligned(n) __attribute__((__aligned__(n)))
#endif
#define __weak __attribute__((__weak__))
#define __cold __attribute__((__cold__))
#define __refdata
#define __force
#define __rcu
#define __kernel
#define fallthrough             __attribute__((__fallthrough__))
#define unreachable()           __builtin_unreachable()
#define smp_mb()                __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()               __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb()               __atomic_thread_fence(__ATOMIC_RELEASE)
#define smp_load_acquire(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

#endif
