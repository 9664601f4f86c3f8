/* SPDX-License-Identifier: MIT */
/*
 * base/percpu.c - which CPUs there are, where their areas are, and the gate in front of their
 * caches.
 *
 * The areas themselves are heap/'s.  Written at boot, and when CPUs come and go; read by everyone.
 */
#include "base.h"

unsigned long quire_percpu_offset[QUIRE_NR_CPUS];
unsigned quire_nr_cpus = 1;
u64 quire_online_cpus = 1;

DEFINE_PER_CPU(struct quire_cpu, quire_cpu) = { .closed = QUIRE_GATE_NOBODY };

static void watch_one(struct quire_cpu *cpu, bool watched)
{
	if (watched)
		__atomic_fetch_or(&cpu->closed, QUIRE_GATE_WATCHED, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&cpu->closed, ~QUIRE_GATE_WATCHED, __ATOMIC_RELAXED);
}

void gate_watch(unsigned watcher, bool watched)
{
	static unsigned watchers; /* enum gate_watcher */
	unsigned cpu;

	watchers = watched ? watchers | watcher : watchers & ~watcher;
	watched = watchers;
	watch_one(&quire_cpu, watched); /* the boot copy, for CPUs that are laid out later */
	for_each_possible_cpu(cpu)
		watch_one(percpu_of(&quire_cpu, cpu), watched);
}
