/* SPDX-License-Identifier: MIT */
/*
 * tests/lines/cpus_test.c - 16 and 64 simulated CPUs: on the local path no cache line is written by
 * two of them and no lock is taken; and what batches cost in locks.
 *
 * With the argument "figures" prints them for bench/bench-frames.sh instead: name, tab, value.
 */
#include <stdio.h>
#include <string.h>
#include <quire/tune.h>
#include "frames/frames.h"
#include "recorder.h"
#include "support/layers.h"

#define GIB      (1ULL << 30)
#define MAX_CPUS 64u
#define EACH     4096u /* frames that a CPU moves in the workloads of many     */
#define ROUNDS   200u  /* on the local path                            */
#define BURST    8u    /* and on the local path                                */

static const struct posix_bank bank = { 4 * GIB, 8 * GIB, 0 };
static unsigned nr_cpus;
static struct page *held[MAX_CPUS][EACH];

static void machine_up(unsigned cpus)
{
	struct zone *zone;

	nr_cpus = cpus;
	start_frames(&bank, 1, cpus);
	for (unsigned cpu = cpus; cpu-- > 0;)
		posix_cpu_enter(cpu); /* CPU 0 is the last */
	recorder_reset();
	for_each_populated_zone(zone) recorder_count_lock(&zone->lock.locked);
}

static void machine_down(void)
{
	recorder_off();
	for (unsigned cpu = nr_cpus; cpu-- > 1;) {
		posix_cpu_enter(cpu);
		posix_cpu_leave();
	}
	posix_cpu_enter(0);
	drain_all_pages();
	stop_frames();
}

/* It is this CPU's turn. */
static void turn(unsigned cpu)
{
	recorder_off();
	posix_this_cpu.id = cpu;
	posix_this_cpu.percpu_offset = quire_percpu_offset[cpu];
	recorder_on(cpu);
}

/* ---- the local path -------------------------------------------------------------------------- */
static void burst(unsigned cpu, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		held[cpu][i] = alloc_page(GFP_KERNEL);
		assert_non_null(held[cpu][i]);
	}
	while (n--)
		__free_page(held[cpu][n]);
}

static void local_path(void)
{
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		turn(cpu);
		recorder_off();
		burst(cpu, BURST); /* its list has something */
	}
	for (unsigned round = 0; round < ROUNDS; round++)
		for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
			turn(cpu);
			burst(cpu, 1 + round % BURST);
		}
	recorder_off();
}

static unsigned long local_ops(void)
{
	unsigned long n = 0;

	for (unsigned round = 0; round < ROUNDS; round++)
		n += 2 * (1 + round % BURST) * nr_cpus;
	return n;
}

struct shared {
	unsigned long lines;       /* of anything but descriptors, written by two CPUs or more */
	unsigned long descriptors; /* frame descriptors that were                              */
	unsigned long neighbours;  /* lines of descriptors that were                           */
	unsigned long written;     /* lines written at all                                     */
	uintptr_t example;
};

static bool is_descriptor(uintptr_t at)
{
	return at >= (uintptr_t)pfn_to_page(PHYS_PFN(bank.base)) &&
	       at < (uintptr_t)pfn_to_page(PHYS_PFN(bank.base + bank.size));
}

/* The stack and thread-local words are every thread's own; here one thread plays all CPUs. */
static bool is_thread_own(uintptr_t at)
{
	uintptr_t tls = (uintptr_t)&posix_this_cpu, sp = (uintptr_t)__builtin_frame_address(0);

	return (at <= tls + sizeof(posix_this_cpu) && at + LINE_BYTES > tls) ||
	       at - (sp - (1 << 20)) < 2 << 20;
}

static void count_line(uintptr_t at, uint64_t cpus, void *arg)
{
	struct shared *s = arg;

	if (is_thread_own(at))
		return;
	s->written++;
	if (!(cpus & (cpus - 1)))
		return;
	if (is_descriptor(at)) {
		s->neighbours++;
	} else {
		s->lines++;
		s->example = at;
	}
}

static void count_descriptor(uintptr_t at, uint64_t cpus, void *arg)
{
	struct shared *s = arg;

	if (is_descriptor(at) && cpus & (cpus - 1))
		s->descriptors++;
}

static struct shared look(void)
{
	struct shared s = { 0 };

	recorder_for_each(6, count_line, &s);
	recorder_for_each(5, count_descriptor, &s); /* struct page is 32 bytes */
	return s;
}

static void no_line_is_shared(void **state)
{
	static const unsigned sizes[] = { 2, 16, 64 };

	(void)state;
	_Static_assert(sizeof(struct page) == 32, "count_descriptor() thinks so");
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct shared s;

		machine_up(sizes[i]);
		local_path();
		s = look();
		assert_true(s.written >= 2 * nr_cpus); /* something was recorded */
		if (s.lines)
			fail_msg("%u CPUs: %lu lines are written by several, one at %#lx", nr_cpus,
				 s.lines, (unsigned long)s.example);
		assert_int_equal(s.descriptors, 0);
		assert_int_equal(recorder_locks(), 0);
		machine_down();
	}
}

/* The recorder does find what is shared: a frame that goes from one CPU to another. */
static void sharing_is_found(void **state)
{
	struct shared s;

	(void)state;
	machine_up(2);
	set_late_frees(false); /* the descriptor is written at once */
	turn(0);
	held[0][0] = alloc_page(GFP_KERNEL);
	turn(1);
	__free_page(held[0][0]);
	recorder_off();
	s = look();
	assert_true(s.descriptors >= 1);
	assert_true(recorder_locks() >= 1);
	set_late_frees(true);
	machine_down();
}

/* ---- locks ----------------------------------------------------------------------------------- */

/* Every CPU in turn takes a frame, again and again; then they give them back, each its own or those
 * of its neighbour.  Acquisitions of zone locks per operation. */
static double locks_in_bulk(bool own)
{
	unsigned long ops = 0;

	for (unsigned i = 0; i < EACH; i++)
		for (unsigned cpu = 0; cpu < nr_cpus; cpu++, ops++) {
			turn(cpu);
			held[cpu][i] = alloc_page(GFP_HIGHUSER_MOVABLE);
			assert_non_null(held[cpu][i]);
		}
	for (unsigned i = EACH; i-- > 0;)
		for (unsigned cpu = 0; cpu < nr_cpus; cpu++, ops++) {
			turn(cpu);
			__free_page(held[own ? cpu : (cpu + 1) % nr_cpus][i]);
		}
	recorder_off();
	return (double)recorder_locks() / (double)ops;
}

static double measure_locks(unsigned cpus, bool own)
{
	double locks;

	machine_up(cpus);
	locks = locks_in_bulk(own);
	machine_down();
	return locks;
}

static void one_lock_per_batch(void **state)
{
	(void)state;
	for (unsigned cpus = 16; cpus <= 64; cpus *= 4)
		for (unsigned own = 0; own < 2; own++) {
			double locks = measure_locks(cpus, own);

			if (locks > 1.0 / QUIRE_PCP_BATCH)
				fail_msg("%u CPUs: %f acquisitions per operation", cpus, locks);
			assert_true(locks > 0); /* they were counted */
		}
}

static void figures(void)
{
	for (unsigned cpus = 16; cpus <= 64; cpus *= 4) {
		struct shared s;

		machine_up(cpus);
		local_path();
		s = look();
		printf("cpus%u.local.lock-per-op\t%.5f\n", cpus,
		       (double)recorder_locks() / (double)local_ops());
		printf("cpus%u.local.lines-shared\t%lu\n", cpus, s.lines);
		printf("cpus%u.local.descriptors-shared\t%lu\n", cpus, s.descriptors);
		printf("cpus%u.local.descriptor-lines-shared\t%lu\n", cpus, s.neighbours);
		machine_down();
		printf("cpus%u.lock-per-op\t%.5f\n", cpus, measure_locks(cpus, true));
		printf("cpus%u.foreign-frees.lock-per-op\t%.5f\n", cpus,
		       measure_locks(cpus, false));
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_line_is_shared),
		cmocka_unit_test(sharing_is_found),
		cmocka_unit_test(one_lock_per_batch),
	};

	if (argc > 1 && !strcmp(argv[1], "figures")) {
		figures();
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
