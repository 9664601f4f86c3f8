/* SPDX-License-Identifier: MIT */
/* linux/atomic.h for code written against Linux: counters that several CPUs change. */
#ifndef QUIRE_LINUX_ATOMIC_H
#define QUIRE_LINUX_ATOMIC_H

#include <quire/atomic.h>
#include <quire/linux/compiler.h>

#define atomic_fetch_add_relaxed(i, v) __atomic_fetch_add(&(v)->counter, (i), __ATOMIC_RELAXED)
#define ATOMIC_LONG_INIT(i)            ATOMIC_INIT(i)

static inline int atomic_sub_return(int i, atomic_t *v)
{
	return atomic_add_return(-i, v);
}

static inline int atomic_dec_return(atomic_t *v)
{
	return atomic_add_return(-1, v);
}

static inline bool atomic_inc_and_test(atomic_t *v)
{
	return atomic_inc_return(v) == 0;
}

static inline bool atomic_sub_and_test(int i, atomic_t *v)
{
	return atomic_sub_return(i, v) == 0;
}

/* Both return what was there before. */
static inline int atomic_xchg(atomic_t *v, int i)
{
	return __atomic_exchange_n(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline int atomic_cmpxchg(atomic_t *v, int was, int i)
{
	__atomic_compare_exchange_n(&v->counter, &was, i, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	return was;
}
#define xchg(ptr, v) __atomic_exchange_n((ptr), (v), __ATOMIC_SEQ_CST)
#define cmpxchg(ptr, was, v)                                                                       \
	({                                                                                         \
		__typeof__(*(ptr)) was_ = (was);                                                   \
		__atomic_compare_exchange_n((ptr), &was_, (v), false, __ATOMIC_SEQ_CST,            \
					    __ATOMIC_SEQ_CST);                                     \
		was_;                                                                              \
	})

#endif
