/* SPDX-License-Identifier: MIT */
/*
 * maps/asid.c - a number for each space that runs, and a new generation when they run out.
 *
 *   context of a space     | generation | number |      0: it never ran
 *   current generation     |     7      |
 *
 *   7|3  the number is the space's          6|3  it was; unless some CPU runs the space, it gets another
 *
 * The context lives in the descriptor of the root table's first frame.
 *
 * Always true:  two CPUs never run different spaces under one number, and where a CPU's TLB may hold
 *               translations of an earlier meaning of a number, the CPU is to flush before it runs
 *               another space.
 * Lock:         asids.lock, for everything here, contexts included; interrupts off.
 */
#include <quire/asid.h>
#include <quire/bitmap.h>
#include <quire/bytes.h>
#include <quire/err.h>
#include <quire/lock.h>
#include "maps/maps.h"

/* What a CPU runs. */
struct asid_cpu {
	phys_addr_t root; /* 0: no space                                                */
	unsigned number;  /* under this number                                          */
	bool flush;       /* a generation began: its TLB has not been emptied since     */
};

static struct asids {
	u32 lock;
	unsigned bits;
	unsigned next;  /* where to look for a free number                                */
	u64 generation; /* a multiple of 1 << bits, and not 0                             */
	struct asid_stats stats;
	struct asid_cpu cpu[QUIRE_NR_CPUS];
	unsigned long used[(1u << ASID_MOST_BITS) / (8 * sizeof(long))]; /* in this generation */
} asids;

int asid_init(unsigned bits)
{
	if (bits < ASID_LEAST_BITS || bits > ASID_MOST_BITS || (1u << bits) < QUIRE_NR_CPUS + 2u)
		return -EINVAL;
	memset(&asids, 0, sizeof(asids));
	asids.bits = bits;
	asids.generation = 1u << bits;
	return 0;
}

/* ---- a space's context ----------------------------------------------------------------------- */
/* Both owner's words of the descriptor where a word has 32 bits, the first where it has 64. */
typedef u64 asid_context __attribute__((__may_alias__));

_Static_assert(sizeof(struct page) - __builtin_offsetof(struct page, word1) >= 8 &&
		       __builtin_offsetof(struct page, word1) % 8 == 0,
	       "a context needs eight bytes of a root's descriptor");

static asid_context *context_of(phys_addr_t root)
{
	return (asid_context *)(void *)&pfn_to_page(PHYS_PFN(root))->word1;
}

/* A frame becomes, or was, the first of a root: nothing is left of a space that it belonged to.  A CPU
 * that was not told to run anything else keeps its translations and its number until it is, but
 * nobody is looked for under that root. */
void asid_forget(phys_addr_t root)
{
	unsigned long irq = port_irq_save();
	unsigned cpu;

	raw_lock(&asids.lock);
	*context_of(root) = 0;
	for (cpu = 0; cpu < QUIRE_NR_CPUS; cpu++)
		if (asids.cpu[cpu].root == root)
			asids.cpu[cpu].root = 0;
	raw_unlock(&asids.lock);
	port_irq_restore(irq);
}

static unsigned number_of(u64 context)
{
	return (unsigned)(context & ((1u << asids.bits) - 1));
}

static bool is_current(u64 context)
{
	return context >> asids.bits == asids.generation >> asids.bits;
}

/* The number under which some CPU runs the space, or ASID_NOBODY. */
static unsigned running_number(phys_addr_t root)
{
	unsigned cpu;

	for (cpu = 0; cpu < QUIRE_NR_CPUS; cpu++)
		if (asids.cpu[cpu].root == root)
			return asids.cpu[cpu].number;
	return ASID_NOBODY;
}

/* ---- numbers --------------------------------------------------------------------------------- */
/* Every number is free again, but for those of the spaces that run. */
static void begin_generation(void)
{
	unsigned cpu;

	asids.generation += 1ULL << asids.bits;
	memset(asids.used, 0, sizeof(asids.used));
	for (cpu = 0; cpu < QUIRE_NR_CPUS; cpu++) {
		if (asids.cpu[cpu].root)
			__set_bit(asids.cpu[cpu].number, asids.used);
		asids.cpu[cpu].flush = true;
	}
	asids.stats.generations++;
}

/* A free number, or ASID_NOBODY. */
static unsigned find_free(void)
{
	unsigned nr = 1u << asids.bits, i;

	for (i = 0; i < nr; i++) {
		unsigned n = (asids.next + i) & (nr - 1);

		if (n == ASID_NOBODY || test_bit(n, asids.used))
			continue;
		asids.next = n + 1;
		return n;
	}
	return ASID_NOBODY;
}

static unsigned take_number(void)
{
	unsigned n = find_free();

	if (n == ASID_NOBODY) {
		begin_generation();
		n = find_free(); /* more numbers than CPUs: there is one */
	}
	__set_bit(n, asids.used);
	asids.stats.given++;
	return n;
}

/* The space's number in the current generation. */
static unsigned number_for(phys_addr_t root)
{
	asid_context *context = context_of(root);
	unsigned n;

	if (is_current(*context))
		return number_of(*context);
	/* Another CPU has run it since before the generation began: it was kept. */
	n = *context ? running_number(root) : ASID_NOBODY;
	if (n == ASID_NOBODY)
		n = take_number();
	*context = asids.generation | n;
	return n;
}

/* ---- for ports ------------------------------------------------------------------------------- */
struct asid_switch asid_switch(phys_addr_t root)
{
	struct asid_cpu *me = &asids.cpu[port_cpu_id()];
	struct asid_switch s = { ASID_NOBODY, false };

	raw_lock(&asids.lock);
	if (root)
		s.asid = number_for(root);
	me->root = root;
	me->number = s.asid;
	s.flush = me->flush;
	me->flush = false;
	asids.stats.flushes += s.flush;
	raw_unlock(&asids.lock);
	return s;
}

unsigned asid_of(phys_addr_t root)
{
	unsigned long irq = port_irq_save();
	unsigned n = ASID_NOBODY;
	u64 context;

	raw_lock(&asids.lock);
	context = *context_of(root);
	if (context)
		n = is_current(context) ? number_of(context) : running_number(root);
	raw_unlock(&asids.lock);
	port_irq_restore(irq);
	return n;
}

struct asid_stats asid_stats(void)
{
	unsigned long irq = port_irq_save();
	struct asid_stats stats;

	raw_lock(&asids.lock);
	stats = asids.stats;
	raw_unlock(&asids.lock);
	port_irq_restore(irq);
	return stats;
}
