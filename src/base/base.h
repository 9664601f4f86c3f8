/* SPDX-License-Identifier: MIT */
/*
 * base/base.h - what every folder of the core shares and the public headers do not show.
 */
#ifndef QUIRE_BASE_H
#define QUIRE_BASE_H

#include <quire/percpu.h>
#include <quire/types.h>

/* Whether this allocation is the one that fault injection wants to fail.  Counts it.  Cold: callers
 * are on a slow path already, because injection closes the gate. */
bool quire_should_fail(gfp_t gfp);

/* What is changed under a lock and looked at without it, where a moment-old value does. */
#define racy_read(x)     __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define racy_write(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#define racy_add(x, n)   racy_write(x, (x) + (n))

/* The same where any moment's value does, and a compiler may fold the load into what uses it. */
#if defined(__SANITIZE_THREAD__) || defined(__clang__)
#define glance(x) racy_read(x)
#else
#define glance(x) (x)
#endif

/* For a function that looks at plain fields which their owners change meanwhile, and says why that
 * is harmless. */
#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define quire_racy __attribute__((__no_sanitize__("thread"), __noinline__))
#endif
#endif
#if !defined(quire_racy) && defined(__SANITIZE_THREAD__)
#define quire_racy __attribute__((__no_sanitize__("thread"), __noinline__))
#endif
#ifndef quire_racy
#define quire_racy
#endif

/* Add to a word that only this CPU changes and others read: one instruction where there is one, which
 * the compiler makes of plain code only. */
#if defined(__SANITIZE_THREAD__)
#define owner_add(x, n) racy_add(x, n)
#else
#define owner_add(x, n)                                                                            \
	do {                                                                                       \
		barrier();                                                                         \
		(x) += (n);                                                                        \
		barrier();                                                                         \
	} while (0)
#endif

/* A per-CPU variable's copy, given port_percpu_offset(), so that a fast path loads the offset
 * once. */
#define percpu_at(ptr, offset) ((__typeof__(ptr))((unsigned long)(ptr) + (offset)))

/* The gate, read with acquire order; a barrier() follows.  Where every load is one it may become part
 * of another instruction. */
static quire_always_inline u64 gate_load(const struct quire_cpu *cpu)
{
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
	return cpu->gate;
#elif defined(__SANITIZE_THREAD__)
	/* By the halves that are written: to the sanitizer another size is another variable. */
	return (u64)__atomic_load_n(&cpu->closed, __ATOMIC_ACQUIRE) << 32 |
	       (u32)READ_ONCE(cpu->irq) << 16 | READ_ONCE(cpu->token);
#else
	return __atomic_load_n(&cpu->gate, __ATOMIC_ACQUIRE);
#endif
}

/* Whether the per-CPU caches of this CPU may be used by a fast path. */
static inline bool gate_open(unsigned long offset)
{
	barrier(); /* every time anew */
	return likely(!QUIRE_GATE_CLOSED(gate_load(percpu_at(&quire_cpu, offset))));
}

/* Whether a slow path may touch this CPU's caches: yes, unless it runs in an interrupt handler. */
static inline bool gate_passable(unsigned long offset)
{
	return !percpu_at(&quire_cpu, offset)->irq;
}

/* The next word of a kernel's command line, not terminated; *len bytes long.  NULL: no more, or "--"
 * came, behind which are the first program's arguments. */
const char *cmdline_next(const char **at, size_t *len);
/* What follows `name` ("kernelcore=") in the word; NULL if it begins otherwise. */
const char *cmdline_value(const char *word, size_t len, const char *name);

/* Who may want to see every operation, a bit each. */
enum gate_watcher {
	GATE_EVENTS = 1,          /* an event sink                                        */
	GATE_FAIL_NTH = 2,        /* quire_fail_nth()                                     */
	GATE_FAIL_PAGE_ALLOC = 4, /* fault injection                                      */
	GATE_FAILSLAB = 8,
	GATE_FRAME_DEBUG = 16, /* page_owner, poisoning                                */
};
/* A struct fault_attr with which nothing fails; once its probability is set, one call does. */
#define FAULT_ATTR_INITIALIZER(attr_name, armed_fn)                                                \
	{                                                                                          \
		.name = (attr_name), .interval = 1, .times = 1, .verbose = 2,                      \
		.seed = FAULT_ATTR_SEED, .armed = (armed_fn)                                       \
	}

/* Close the gate of every CPU for an onlooker, or open it when he was the last. */
void gate_watch(unsigned watcher, bool watched);

/* The area of every CPU, or the boot copy for CPU 0 before percpu_init(): for sums. */
#define percpu_of(ptr, cpu) percpu_at(ptr, quire_percpu_offset[cpu])

#endif
