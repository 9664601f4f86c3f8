/* SPDX-License-Identifier: MIT */
/*
 * posix_machine.h - build a machine, use it, take it apart; thousands of times in one process.
 *
 *	const struct posix_bank bank = { 0x100000, 64 << 20, 0 };
 *	posix_machine_start(&(struct posix_machine){ .banks = &bank, .nr_banks = 1, .nr_cpus = 2 });
 *	quire_start(2, NULL, NULL);   ...   quire_stop();
 *	posix_machine_stop();
 */
#ifndef QUIRE_POSIX_MACHINE_H
#define QUIRE_POSIX_MACHINE_H

#include <quire/types.h>

struct posix_bank {
	phys_addr_t base, size; /* bytes, multiples of PAGE_SIZE        */
	int nid;                /* node                                 */
};

struct posix_machine {
	const struct posix_bank *banks; /* disjoint                             */
	unsigned nr_banks;
	unsigned nr_cpus; /* 1..QUIRE_NR_CPUS; 0 means 1          */
};

/* Make the RAM and add it to memblock; the calling thread becomes CPU 0.  0 or -errno.  One machine
 * at a time. */
int posix_machine_start(const struct posix_machine *desc) __must_check;
/* Give everything back to the host; memblock is empty again.  The layers must have been stopped. */
void posix_machine_stop(void);

/* The simplest machine: `mib` MiB at physical 1 MiB, one node.  0 or -errno. */
int posix_machine_start_simple(unsigned mib, unsigned nr_cpus) __must_check;

/* The calling thread becomes CPU `cpu`, or stops being it (its caches are drained). */
void posix_cpu_enter(unsigned cpu);
void posix_cpu_leave(void);

/* CPUs of the machine that runs. */
unsigned posix_nr_cpus(void);

/* Bytes of RAM the host really gives us now: pages touched, and what came with them in large host
 * pages. */
size_t posix_ram_resident(void);

/* What was logged since the last call; valid until the next.  With QUIRE_LOG in the environment it
 * also goes to stderr as it comes. */
const char *posix_log_take(void);

/* Pages cannot be closed from now on: port_protect_prepare() says no.  Until posix_machine_stop(). */
void posix_no_protection(void);

/* Called by port_block() when its thread is about to sleep and when it goes on: for tests with more threads than
 * CPUs, which may be another's in between (posix_cpu_lend).  NULL: none. */
extern void (*posix_sleep_hook)(bool asleep);
/* The calling thread is CPU `cpu` from now on, which is online and nobody's at the moment. */
void posix_cpu_lend(unsigned cpu);

/* Called by port_panic() before it aborts; may longjmp.  NULL: none. */
extern void (*posix_panic_hook)(const char *why);

#endif
