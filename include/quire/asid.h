/* SPDX-License-Identifier: MIT */
/*
 * quire/asid.h - numbers of address spaces, for processors whose TLB tags translations with one: ASIDs
 * of Arm and RISC-V, PCIDs of x86.  For ports; a port that empties its TLB on every switch needs none of it.
 *
 *   port_load_root(root):          asid_switch(root) ──> number for the root register, flush first?
 *   port_flush_tlb_range(root):    asid_of(root)     ──> number whose translations to forget
 *
 * There are fewer numbers than spaces.  When none is left a new generation begins: spaces that run
 * keep theirs, every other one gets a new number when it next runs, and each CPU forgets all user
 * translations before it runs anything else.  So a number means one space at a time, and no TLB holds
 * what a number meant before.
 */
#ifndef QUIRE_ASID_H
#define QUIRE_ASID_H

#include <quire/types.h>

#define ASID_LEAST_BITS 2u
#define ASID_MOST_BITS  16u
#define ASID_NOBODY     0u /* the number of no space: for a CPU that runs on the kernel's tables only */

/*
 * Start over, with 2^bits numbers, of which one is ASID_NOBODY's.  Once, before the first switch: by the
 * port, when it knows what the processor has; its <quire_port.h> defines PORT_ASIDS as 1, or as an
 * expression that is true then.
 *   Returns:  0; -EINVAL: bits are not ASID_LEAST_BITS to ASID_MOST_BITS, or make fewer numbers than
 *             QUIRE_NR_CPUS + 2.
 */
int asid_init(unsigned bits) __must_check;

struct asid_switch {
	unsigned asid; /* what the translations are to be tagged with                     */
	bool flush;    /* forget all user translations of this CPU first, of every number */
};

/*
 * The calling CPU is going to run on the space whose table root is `root`, made by mm_alloc(); 0: on
 * none.  Interrupts off.  Takes a lock of its own for a few instructions; never sleeps or fails.
 */
struct asid_switch asid_switch(phys_addr_t root);

/*
 * The number under which some TLB may hold usable translations of the space; ASID_NOBODY: none does, and
 * there is nothing to forget.  Any context.
 */
unsigned asid_of(phys_addr_t root);

struct asid_stats {
	unsigned long given;       /* numbers that a space got, of any generation        */
	unsigned long generations; /* that began because no number was left              */
	unsigned long flushes;     /* that were asked of CPUs because of it              */
};
struct asid_stats asid_stats(void);

#endif
