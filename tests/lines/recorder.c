/* SPDX-License-Identifier: MIT */
/*
 * tests/lines/recorder.c - what gcc and clang call from code that is compiled with
 * -fsanitize=thread.
 *
 *   store of n bytes at a  ->  __tsan_write<n>(a)             then the store itself
 *   atomic operation       ->  __tsan_atomic<bits>_<op>(a)    which has to do it
 *
 * Compiled without the sanitizer.  One thread.
 */
#include <stdlib.h>
#include <string.h>
#include "recorder.h"

#define PIECE     8u         /* bytes that are told apart                  */
#define SLOTS     (1u << 20) /* of the table, a power of two               */
#define MAX_LOCKS 16u

struct slot {
	uintptr_t piece; /* address / PIECE; 0: unused                         */
	uint64_t cpus;   /* who wrote there                                    */
};
static struct slot slots[SLOTS];
static const void *locks[MAX_LOCKS];
static unsigned nr_locks, nr_slots;
static unsigned long nr_taken;
static bool on;
static unsigned cpu;

void recorder_reset(void)
{
	memset(slots, 0, sizeof(slots));
	nr_locks = nr_slots = 0;
	nr_taken = 0;
	on = false;
}

void recorder_on(unsigned now)
{
	cpu = now;
	on = true;
}

void recorder_off(void)
{
	on = false;
}

void recorder_count_lock(const void *word)
{
	if (nr_locks == MAX_LOCKS)
		abort();
	locks[nr_locks++] = word;
}

unsigned long recorder_locks(void)
{
	return nr_taken;
}

static struct slot *slot_of(uintptr_t piece)
{
	unsigned i = (unsigned)((uint64_t)piece * 0x9e3779b97f4a7c15ULL >> 44);

	while (slots[i % SLOTS].piece && slots[i % SLOTS].piece != piece)
		i++;
	return &slots[i % SLOTS];
}

static void note(const volatile void *at, unsigned long n)
{
	uintptr_t piece = (uintptr_t)at / PIECE, last = ((uintptr_t)at + n - 1) / PIECE;

	for (; on && n && piece <= last && nr_slots <= SLOTS / 2; piece++) {
		struct slot *slot = slot_of(piece);

		if (!slot->piece && ++nr_slots > SLOTS / 2)
			return;
		slot->piece = piece;
		slot->cpus |= 1ULL << cpu;
	}
}

static void note_exchange(const volatile void *at, unsigned long n)
{
	note(at, n);
	for (unsigned i = 0; on && i < nr_locks; i++)
		nr_taken += locks[i] == at;
}

/* ---- what was seen --------------------------------------------------------------------------- */
static int by_place(const void *a, const void *b)
{
	uintptr_t x = ((const struct slot *)a)->piece, y = ((const struct slot *)b)->piece;

	return x < y ? -1 : x > y;
}

void recorder_for_each(unsigned shift, void (*fn)(uintptr_t at, uint64_t cpus, void *arg),
		       void *arg)
{
	struct slot *seen = malloc((nr_slots + 1) * sizeof(*seen));
	unsigned n = 0;

	if (!seen || nr_slots > SLOTS / 2)
		abort(); /* more was written than the table has room for */
	for (unsigned i = 0; i < SLOTS; i++)
		if (slots[i].piece)
			seen[n++] = slots[i];
	qsort(seen, n, sizeof(*seen), by_place);
	for (unsigned i = 0; i < n;) {
		uintptr_t at = seen[i].piece * PIECE >> shift;
		uint64_t cpus = 0;

		for (; i < n && seen[i].piece * PIECE >> shift == at; i++)
			cpus |= seen[i].cpus;
		fn(at << shift, cpus, arg);
	}
	free(seen);
}

/* ---- the compiler's calls -------------------------------------------------------------------- */
void __tsan_init(void);
void __tsan_func_entry(void *pc);
void __tsan_func_exit(void);
void __tsan_read_range(void *at, unsigned long n);
void __tsan_write_range(void *at, unsigned long n);
void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_signal_fence(int order);

void __tsan_init(void) {}

void __tsan_func_entry(void *pc)
{
	(void)pc;
}

void __tsan_func_exit(void) {}

void __tsan_read_range(void *at, unsigned long n)
{
	(void)at, (void)n;
}

void __tsan_write_range(void *at, unsigned long n)
{
	note(at, n);
}

void __tsan_atomic_thread_fence(int order)
{
	(void)order;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void __tsan_atomic_signal_fence(int order)
{
	(void)order;
}

#define PLAIN(name, n)                                                                             \
	void __tsan_read##name(void *at);                                                          \
	void __tsan_write##name(void *at);                                                         \
	void __tsan_read##name(void *at)                                                           \
	{                                                                                          \
		(void)at;                                                                          \
	}                                                                                          \
	void __tsan_write##name(void *at)                                                          \
	{                                                                                          \
		note(at, n);                                                                       \
	}
PLAIN(1, 1)
PLAIN(2, 2)
PLAIN(4, 4)
PLAIN(8, 8)
PLAIN(16, 16)

#define UNALIGNED(n)                                                                               \
	void __tsan_unaligned_read##n(void *at);                                                   \
	void __tsan_unaligned_write##n(void *at);                                                  \
	void __tsan_unaligned_read##n(void *at)                                                    \
	{                                                                                          \
		(void)at;                                                                          \
	}                                                                                          \
	void __tsan_unaligned_write##n(void *at)                                                   \
	{                                                                                          \
		note(at, n);                                                                       \
	}
UNALIGNED(2)
UNALIGNED(4)
UNALIGNED(8)
UNALIGNED(16)

#define ATOMIC_OP(bits, type, op)                                                                  \
	type __tsan_atomic##bits##_##op(volatile type *at, type v, int order);                     \
	type __tsan_atomic##bits##_##op(volatile type *at, type v, int order)                      \
	{                                                                                          \
		(void)order;                                                                       \
		note(at, sizeof(type));                                                            \
		return __atomic_##op(at, v, __ATOMIC_SEQ_CST);                                     \
	}

/* It counts as a store even if it fails: the line is taken for writing. */
#define ATOMIC_CAS(bits, type, name)                                                               \
	int __tsan_atomic##bits##_compare_exchange_##name(volatile type *at, type *was, type v,    \
							  int order, int fail_order);              \
	int __tsan_atomic##bits##_compare_exchange_##name(volatile type *at, type *was, type v,    \
							  int order, int fail_order)               \
	{                                                                                          \
		(void)order, (void)fail_order;                                                     \
		note(at, sizeof(type));                                                            \
		return __atomic_compare_exchange_n(at, was, v, 0, __ATOMIC_SEQ_CST,                \
						   __ATOMIC_SEQ_CST);                              \
	}

/* clang's form: returns what was there. */
#define ATOMIC_CAS_VAL(bits, type)                                                                 \
	type __tsan_atomic##bits##_compare_exchange_val(volatile type *at, type was, type v,       \
							int order, int fail_order);                \
	type __tsan_atomic##bits##_compare_exchange_val(volatile type *at, type was, type v,       \
							int order, int fail_order)                 \
	{                                                                                          \
		__tsan_atomic##bits##_compare_exchange_strong(at, &was, v, order, fail_order);     \
		return was;                                                                        \
	}

#define ATOMICS(bits, type)                                                                        \
	type __tsan_atomic##bits##_load(const volatile type *at, int order);                       \
	type __tsan_atomic##bits##_load(const volatile type *at, int order)                        \
	{                                                                                          \
		(void)order;                                                                       \
		return __atomic_load_n(at, __ATOMIC_SEQ_CST);                                      \
	}                                                                                          \
	void __tsan_atomic##bits##_store(volatile type *at, type v, int order);                    \
	void __tsan_atomic##bits##_store(volatile type *at, type v, int order)                     \
	{                                                                                          \
		(void)order;                                                                       \
		note(at, sizeof(type));                                                            \
		__atomic_store_n(at, v, __ATOMIC_SEQ_CST);                                         \
	}                                                                                          \
	type __tsan_atomic##bits##_exchange(volatile type *at, type v, int order);                 \
	type __tsan_atomic##bits##_exchange(volatile type *at, type v, int order)                  \
	{                                                                                          \
		(void)order;                                                                       \
		note_exchange(at, sizeof(type));                                                   \
		return __atomic_exchange_n(at, v, __ATOMIC_SEQ_CST);                               \
	}                                                                                          \
	ATOMIC_OP(bits, type, fetch_add)                                                           \
	ATOMIC_OP(bits, type, fetch_sub)                                                           \
	ATOMIC_OP(bits, type, fetch_and)                                                           \
	ATOMIC_OP(bits, type, fetch_or)                                                            \
	ATOMIC_OP(bits, type, fetch_xor)                                                           \
	ATOMIC_CAS(bits, type, strong)                                                             \
	ATOMIC_CAS(bits, type, weak)                                                               \
	ATOMIC_CAS_VAL(bits, type)
ATOMICS(8, uint8_t)
ATOMICS(16, uint16_t)
ATOMICS(32, uint32_t)
ATOMICS(64, uint64_t)
