/* SPDX-License-Identifier: MIT */
/*
 * threads.c - threads come, take a slot as a CPU takes its place, and go.
 *
 *   first call of a thread --> a free slot, or a new one --> its own until the thread ends: drained
 *                          \-> none left, or the thread is ending: the shared slot, for one call
 *
 *   CPU 0  shared, whoever uses it holds shared_lock     CPU 1  never runs: new slots are copies of it
 *
 * Always true:  a slot is of one thread at a time; a thread outside a visit holds its own or none.
 * Lock:         shared_lock, which also guards the list of free slots; outermost.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <quire/err.h>
#include <quire/freeze.h>
#include <quire/late_cpu.h>
#include <quire/lock.h>
#include <quire/percpu.h>
#include "guard.h"
#include "qmalloc.h"
#include "trace.h"

#define CPU_SHARED 0u
#define CPU_MODEL  1u

static u32 shared_lock;
static u64 free_slots; /* bit n: CPU n has an area and no thread */

/* What a thread is to us. */
enum thread_state { THREAD_NEW, THREAD_HAS_SLOT, THREAD_SHARES };
static __thread struct {
	enum thread_state state;
	unsigned cpu;     /* its slot, if it has one            */
	unsigned endings; /* rounds of destructors that were seen */
} me __attribute__((__tls_model__("initial-exec")));

static pthread_key_t key;
static bool fork_visit; /* the forking thread is a CPU only meanwhile; shared_lock     */

/* Destructors of others may allocate: stay until they had their turn. */
static void thread_ends(void *unused)
{
	unsigned cpu = me.cpu;

	if (me.state != THREAD_HAS_SLOT)
		return;
	if (++me.endings < PTHREAD_DESTRUCTOR_ITERATIONS - 1 && !pthread_setspecific(key, unused))
		return;
	trace_thread_ends();
	me.state = THREAD_SHARES;
	preload_cpu_enter(cpu);
	blocks_thread_ends();
	quire_cpu_offline(cpu);
	preload_cpu_leave();
	raw_lock(&shared_lock);
	free_slots |= 1ULL << cpu;
	raw_unlock(&shared_lock);
}

unsigned threads_slots_free(void)
{
	return (unsigned)__builtin_popcountll(__atomic_load_n(&free_slots, __ATOMIC_RELAXED));
}

/* A slot, or -1.  The thread is the shared CPU. */
static int take_slot(void)
{
	int cpu;

	if (!free_slots)
		return percpu_add_cpu(CPU_MODEL);
	cpu = __builtin_ctzll(free_slots);
	free_slots &= free_slots - 1;
	return cpu;
}

/* The thread is the shared CPU, and becomes its own if there is a slot. */
static bool settle(void)
{
	int cpu = take_slot();

	if (cpu < 0) {
		me.state = THREAD_SHARES;
		return false;
	}
	me.state = THREAD_HAS_SLOT;
	me.cpu = (unsigned)cpu;
	preload_cpu_enter((unsigned)cpu);
	quire_cpu_online((unsigned)cpu);
	return true;
}

/* While every call is to be seen a thread puts its slot on for the call only: so fast paths, which
 * look for it, never open. */
static struct visit own_slot(void)
{
	preload_cpu_enter(me.cpu);
	return (struct visit){ VISIT_OWN };
}

struct visit visit_begin(void)
{
	if (have_slot())
		return (struct visit){ VISIT_NOTHING };
	if (me.state == THREAD_HAS_SLOT)
		return own_slot();
	raw_lock(&shared_lock);
	malloc_start();
	preload_cpu_enter(CPU_SHARED);
	if (me.state != THREAD_NEW || !settle())
		return (struct visit){ VISIT_SHARED };
	raw_unlock(&shared_lock);
	/* This may allocate: we have a slot by now. */
	(void)pthread_setspecific(key, &me);
	return (struct visit){ malloc_options.slow ? VISIT_OWN : VISIT_NOTHING };
}

void visit_end(struct visit visit)
{
	if (likely(visit.kind == VISIT_NOTHING))
		return;
	preload_cpu_leave();
	if (visit.kind == VISIT_SHARED)
		raw_unlock(&shared_lock);
}

struct visit visit_shared(void)
{
	raw_lock(&shared_lock);
	preload_cpu_enter(CPU_SHARED);
	return (struct visit){ VISIT_SHARED };
}

void malloc_begin(void)
{
	raw_lock(&shared_lock);
	malloc_start();
	raw_unlock(&shared_lock);
}

/* ---- fork ------------------------------------------------------------------------------------ */
/* The child has this thread alone.  The slots of the others are lost to it, with what they cached:
 * nobody can tell what they were in the middle of. */
static void before_fork(void)
{
	raw_lock(&shared_lock);
	malloc_start();
	fork_visit = !have_slot();
	if (fork_visit)
		preload_cpu_enter(me.state == THREAD_HAS_SLOT ? me.cpu : CPU_SHARED);
	guard_freeze();
	mapped_freeze();
	release_freeze();
	blocks_freeze();
	growth_freeze();
	quire_freeze();
}

static void after_fork(bool child)
{
	if (child)
		quire_thaw_copy();
	else
		quire_thaw();
	growth_thaw();
	blocks_thaw(child);
	release_thaw(child);
	mapped_thaw();
	guard_thaw();
	trace_thaw(child);
	if (fork_visit)
		preload_cpu_leave();
	raw_unlock(&shared_lock);
}

static void after_fork_parent(void)
{
	after_fork(false);
}

static void after_fork_child(void)
{
	after_fork(true);
}

/* First of all constructors, hence innermost of all handlers: those of others may allocate. */
__attribute__((__constructor__(101))) static void watch_fork(void)
{
	(void)pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

void threads_start(void)
{
	if (pthread_key_create(&key, thread_ends))
		me.state = THREAD_SHARES;
}
