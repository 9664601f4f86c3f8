/* SPDX-License-Identifier: MIT */
/*
 * quire/atomic.h - counters that several CPUs change.  Names and ordering rules are Linux's:
 * operations that return a value are full barriers, the others order nothing.
 */
#ifndef QUIRE_ATOMIC_H
#define QUIRE_ATOMIC_H

#include <quire/types.h>

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	long counter;
} atomic_long_t;

#define ATOMIC_INIT(i)                                                                             \
	{                                                                                          \
		(i)                                                                                \
	}

#define QUIRE_ATOMIC_OPS(prefix, type, word)                                                       \
	static inline word prefix##_read(const type *v)                                            \
	{                                                                                          \
		return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);                             \
	}                                                                                          \
	static inline void prefix##_set(type *v, word i)                                           \
	{                                                                                          \
		__atomic_store_n(&v->counter, i, __ATOMIC_RELAXED);                                \
	}                                                                                          \
	static inline void prefix##_add(word i, type *v)                                           \
	{                                                                                          \
		__atomic_fetch_add(&v->counter, i, __ATOMIC_RELAXED);                              \
	}                                                                                          \
	static inline void prefix##_sub(word i, type *v)                                           \
	{                                                                                          \
		__atomic_fetch_sub(&v->counter, i, __ATOMIC_RELAXED);                              \
	}                                                                                          \
	static inline void prefix##_inc(type *v)                                                   \
	{                                                                                          \
		__atomic_fetch_add(&v->counter, 1, __ATOMIC_RELAXED);                              \
	}                                                                                          \
	static inline void prefix##_dec(type *v)                                                   \
	{                                                                                          \
		__atomic_fetch_sub(&v->counter, 1, __ATOMIC_RELAXED);                              \
	}                                                                                          \
	static inline word prefix##_add_return(word i, type *v)                                    \
	{                                                                                          \
		return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST);                       \
	}                                                                                          \
	static inline word prefix##_inc_return(type *v)                                            \
	{                                                                                          \
		return __atomic_add_fetch(&v->counter, 1, __ATOMIC_SEQ_CST);                       \
	}                                                                                          \
	static inline bool prefix##_dec_and_test(type *v)                                          \
	{                                                                                          \
		return __atomic_sub_fetch(&v->counter, 1, __ATOMIC_SEQ_CST) == 0;                  \
	}                                                                                          \
	static inline bool prefix##_inc_not_zero(type *v)                                          \
	{                                                                                          \
		word old = prefix##_read(v);                                                       \
		while (old && !__atomic_compare_exchange_n(&v->counter, &old, old + 1, false,      \
							   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))    \
			;                                                                          \
		return old != 0;                                                                   \
	}
QUIRE_ATOMIC_OPS(atomic, atomic_t, int)
QUIRE_ATOMIC_OPS(atomic_long, atomic_long_t, long)
#undef QUIRE_ATOMIC_OPS

#endif
