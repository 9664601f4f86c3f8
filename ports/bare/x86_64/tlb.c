/* SPDX-License-Identifier: MIT */
/*
 * tlb.c - forgetting translations, here and on the other CPUs that run.
 *
 *                    no numbers                      spaces have numbers (PCID): pcid.h
 *   a few pages      invlpg each                     the same; invpcid where the space is not loaded
 *   more             reload CR3 (user) or toggle     reload CR3 or invpcid; all contexts
 *                    CR4.PGE (kernel: global)
 *   another space    CR3: all of the last is gone    CR3 and number: nothing is
 *
 * A processor without numbers runs no instruction for their sake: SITE_OF_CALL.
 *
 * A shoot-down publishes one request, interrupts every other CPU that is on line and waits until
 * each has answered.  Lock: `shoot.lock`, interrupts may be on or off; a waiting CPU answers
 * requests itself, so two CPUs that shoot at each other with interrupts off do not wait for ever.
 */
#include "bare_private.h"
#include "pcid.h"
#include <quire/atomic.h>
#include <quire/init.h>
#include <quire/printk.h>

bool bare_pcid;

/* An instruction of three bytes as one of five: with a prefix that means nothing in 64-bit mode, and a REX prefix that
 * changes nothing.  Where there are numbers, `to` is called instead (cpu.c); it keeps what the compiler has in registers. */
#define SITE_OF_CALL(bytes, to)                                                                    \
	"99: .byte 0x2e, 0x48, " bytes "\n\t.pushsection .bare.pcid, \"a\"\n\t.quad 99b, " to      \
	"\n\t.popsection"

static struct {
	u32 lock;
	unsigned long start, end; /* of the request                               */
	phys_addr_t root;         /* user space concerned; 0: kernel addresses    */
	u64 pending;              /* CPUs that have not answered yet, by bit      */
} shoot;

/* movq %cr3, %rax.  With numbers: forget the range of the space, loaded or not, and say that no root is. */
static u64 loaded_or_flushed(phys_addr_t root, unsigned long start, unsigned long end)
{
	u64 cr3;

	__asm__ volatile(SITE_OF_CALL("0x0f, 0x20, 0xd8", "bare_pcid_flush_site")
			 : "=a"(cr3)
			 : "D"(root), "S"(start), "d"(end)
			 : "memory");
	return cr3;
}

static void flush_local(phys_addr_t root, unsigned long start, unsigned long end)
{
	if (root && (loaded_or_flushed(root, start, end) & ~0xfffUL) != root)
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

static void flush_local_kernel(unsigned long start, unsigned long end)
{
	if (bare_pcid)
		pcid_flush_kernel(start, end);
	else
		flush_local(0, start, end);
}

/* IPI handler, and what a waiting CPU does for others. */
static void answer(void)
{
	u64 me = 1ULL << port_cpu_id();

	if (!(__atomic_load_n(&shoot.pending, __ATOMIC_ACQUIRE) & me))
		return;
	if (shoot.root)
		flush_local(shoot.root, shoot.start, shoot.end);
	else
		flush_local_kernel(shoot.start, shoot.end);
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
	flush_local_kernel(start, end);
	if (unlikely(bare_nr_cpus_online() > 1))
		shoot_down(0, start, end);
}

/* Other CPUs are not waited for: the caller may hold any lock.  No table goes: there is nothing but the translation. */
void bare_forget_page(unsigned long at)
{
	flush_local(0, at, at + PAGE_SIZE);
}

/* There is nothing to flush, and each CPU answers. */
bool port_membarrier(void)
{
	if (bare_nr_cpus_online() > 1)
		shoot_down(0, 0, 0);
	return true;
}

/* movq %rdi, %cr3 */
void port_load_root(phys_addr_t root)
{
	__asm__ volatile(SITE_OF_CALL("0x0f, 0x22, 0xdf", "bare_pcid_load_site")
			 :
			 : "D"(root)
			 : "memory");
}

/* ---- spaces with numbers --------------------------------------------------------------------- */
u64 pcid_read_cr3(void)
{
	return read_cr3();
}

void pcid_write_cr3(u64 v)
{
	write_cr3(v);
}

void pcid_invlpg(unsigned long va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

void pcid_invpcid(enum invpcid type, unsigned pcid, unsigned long va)
{
	const u64 what[2] = { pcid, va };

	__asm__ volatile("invpcid %0, %1" : : "m"(what), "r"((u64)type) : "memory");
}

/* Called by pcid.S, in place of port_load_root()'s instruction. */
void bare_pcid_load(phys_addr_t root);
void bare_pcid_load(phys_addr_t root)
{
	pcid_load_root(root, asid_switch(root == maps_kernel_root() ? 0 : root));
}

/* And in place of flush_local()'s. */
void bare_pcid_flush(phys_addr_t root, unsigned long start, unsigned long end);
void bare_pcid_flush(phys_addr_t root, unsigned long start, unsigned long end)
{
	pcid_flush(asid_of(root), start, end);
}

/* quire_start() has built the kernel's tables: leave the early ones.  Their translations of low addresses have number 0
 * and go with this, before there are numbers to keep any. */
void __init bare_tlb_init(void)
{
	bare_ipi_register(BARE_IPI_TLB, answer);
	write_cr3(maps_kernel_root());
	if (!bare_pcid)
		return;
	if (asid_init(PCID_BITS))
		quire_panic("PCIDs are too few for %u CPUs\n", (unsigned)QUIRE_NR_CPUS);
	write_cr4(read_cr4() | CR4_PCIDE);
}
