/* SPDX-License-Identifier: MIT */
/*
 * tlb.c - forgetting translations, here and on the other CPUs that run.
 *
 *   up to 32 pages   invlpg each
 *   more             reload CR3 (user) or toggle CR4.PGE (kernel: its entries are global)
 *
 * A shoot-down publishes one request, interrupts every other CPU that is on line and waits until
 * each has answered.  Lock: `shoot.lock`, interrupts may be on or off; a waiting CPU answers
 * requests itself, so two CPUs that shoot at each other with interrupts off do not wait for ever.
 */
#include "bare_private.h"
#include <quire/atomic.h>

#define FLUSH_ALL_ABOVE 32

static struct {
	u32 lock;
	unsigned long start, end; /* of the request                               */
	phys_addr_t root;         /* user space concerned; 0: kernel addresses    */
	u64 pending;              /* CPUs that have not answered yet, by bit      */
} shoot;

static void flush_local(phys_addr_t root, unsigned long start, unsigned long end)
{
	if (root && (read_cr3() & ~0xfffUL) != root)
		return;
	if (end - start <= FLUSH_ALL_ABOVE * PAGE_SIZE) {
		for (unsigned long at = start; at < end; at += PAGE_SIZE)
			__asm__ volatile("invlpg (%0)" : : "r"(at) : "memory");
	} else if (root || !bare_feature.pge) {
		write_cr3(read_cr3());
	} else {
		u64 cr4 = read_cr4();

		write_cr4(cr4 & ~CR4_PGE);
		write_cr4(cr4);
	}
}

/* IPI handler, and what a waiting CPU does for others. */
static void answer(void)
{
	u64 me = 1ULL << port_cpu_id();

	if (!(__atomic_load_n(&shoot.pending, __ATOMIC_ACQUIRE) & me))
		return;
	flush_local(shoot.root, shoot.start, shoot.end);
	__atomic_fetch_and(&shoot.pending, ~me, __ATOMIC_RELEASE);
}

static quire_noinline void shoot_down(phys_addr_t root, unsigned long start, unsigned long end)
{
	unsigned me = port_cpu_id(), n = bare_nr_cpus_online();
	u64 others = ((n < 64 ? 1ULL << n : 0) - 1) & ~(1ULL << me);

	while (__atomic_exchange_n(&shoot.lock, 1, __ATOMIC_ACQUIRE)) {
		answer();
		port_cpu_relax();
	}
	shoot.root = root;
	shoot.start = start;
	shoot.end = end;
	__atomic_store_n(&shoot.pending, others, __ATOMIC_RELEASE);
	for (unsigned cpu = 0; cpu < n; cpu++)
		if (cpu != me)
			bare_ipi_send(cpu, BARE_IPI_TLB);
	while (__atomic_load_n(&shoot.pending, __ATOMIC_ACQUIRE))
		port_cpu_relax();
	__atomic_store_n(&shoot.lock, 0, __ATOMIC_RELEASE);
}

static void flush(phys_addr_t root, unsigned long start, unsigned long end)
{
	flush_local(root, start, end);
	if (unlikely(bare_nr_cpus_online() > 1))
		shoot_down(root, start, end);
}

void port_flush_tlb_range(phys_addr_t root, unsigned long start, unsigned long end)
{
	flush(root, start, end);
}

void port_flush_tlb_mm(phys_addr_t root)
{
	flush(root, 0, PORT_TASK_SIZE);
}

void port_flush_tlb_kernel(unsigned long start, unsigned long end)
{
	flush(0, start, end);
}

/* Other CPUs are not waited for: the caller may hold any lock. */
void bare_forget_page(unsigned long at)
{
	flush_local(0, at, at + PAGE_SIZE);
}

/* To flush the translation of a page that is never mapped does no harm, and each CPU answers. */
bool port_membarrier(void)
{
	if (bare_nr_cpus_online() > 1)
		shoot_down(0, 0, PAGE_SIZE);
	return true;
}

void port_load_root(phys_addr_t root)
{
	write_cr3(root);
}

void bare_tlb_init(void)
{
	bare_ipi_register(BARE_IPI_TLB, answer);
}
