/* SPDX-License-Identifier: MIT */
/*
 * ports/preload/cpus.c - threads as CPUs: entering a slot, barriers, waiting.
 *
 * Lock: none; a slot belongs to whoever entered it last.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <preload_machine.h>
#include <quire/percpu.h>
#include <quire/port.h>

void port_percpu_set(unsigned cpu, unsigned long offset)
{
	(void)cpu, (void)offset; /* whoever enters looks it up */
}

void preload_cpu_enter(unsigned cpu)
{
	preload_cpu.id = cpu;
	preload_cpu.percpu_offset = quire_percpu_offset[cpu];
}

void preload_cpu_leave(void)
{
	preload_cpu.percpu_offset = 0;
	preload_cpu.id = 0;
}

/* Whoever holds the lock may have lost its processor. */
void port_cpu_relax(void)
{
	static __thread unsigned spins __attribute__((__tls_model__("initial-exec")));

	if (++spins % 64 == 0)
		sched_yield();
	else
		__builtin_ia32_pause();
}

/* A child of fork() may have to register again. */
bool port_membarrier(void)
{
	int saved = errno;
	bool done = !syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);

	if (!done && errno == EPERM &&
	    !syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0))
		done = !syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
	errno = saved;
	return done;
}

/* ---- sleep and wake -------------------------------------------------------------------------- */
static __thread u32 permit __attribute__((__tls_model__("initial-exec")));

void *port_self(void)
{
	return &permit;
}

void port_block(void)
{
	int saved = errno;

	while (!__atomic_exchange_n(&permit, 0, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &permit, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	errno = saved;
}

void port_unblock(void *who)
{
	int saved = errno;

	__atomic_store_n((u32 *)who, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, who, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	errno = saved;
}

void port_yield(void)
{
	int saved = errno;

	sched_yield();
	errno = saved;
}
