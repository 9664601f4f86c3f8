/* SPDX-License-Identifier: MIT */
/*
 * quire/late_cpu.h - CPUs that nobody knew of at boot, and CPUs that stop.
 */
#ifndef QUIRE_LATE_CPU_H
#define QUIRE_LATE_CPU_H

#include <quire/percpu.h>

/*
 * One CPU more, beyond those that percpu_init() laid out: its number, and its area begins as a copy
 * of that of CPU `like`, which must never have been online.
 *   Given:    nobody makes per-CPU variables or object caches meanwhile, or adds a CPU.
 *   Context:  task, may sleep.
 *   Returns:  -ENOMEM; -ENOSPC: there are QUIRE_NR_CPUS already; -EINVAL: no such CPU to copy.
 */
int percpu_add_cpu(unsigned like) __must_check;

/* CPU `cpu` has stopped: what it had cached goes back to the shared lists.  On the CPU itself as its last
 * act, or by another once it is stopped. */
void quire_cpu_offline(unsigned cpu);

#endif
