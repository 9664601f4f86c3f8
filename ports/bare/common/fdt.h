/* SPDX-License-Identifier: MIT */
/* fdt.h - what a flattened device tree says of a machine, as far as a kernel without drivers cares. */
#ifndef QUIRE_BARE_FDT_H
#define QUIRE_BARE_FDT_H

#include <quire/types.h>

#define FDT_MAX_MEM      64
#define FDT_MAX_RESERVED 64
#define FDT_MAX_CPUS     256

struct fdt_range {
	u64 base, size; /* bytes; not empty, does not wrap around; {0, 0}: there is none */
};

struct fdt_machine {
	u64 size;                     /* bytes of the tree itself                       */
	unsigned nr_mem, nr_reserved; /* in the tree's order; may overlap               */
	struct fdt_range mem[FDT_MAX_MEM];
	struct fdt_range reserved[FDT_MAX_RESERVED]; /* the header's and /reserved-memory's */
	bool no_map[FDT_MAX_RESERVED]; /* not even to be mapped                         */
	unsigned nr_cpus;
	const char *bootargs;         /* in the tree; NULL: none                        */
	u64 initrd_start, initrd_end; /* start < end, or both 0                         */
	struct fdt_range uart;        /* the first PL011 or 16550, or that of stdout-path */
	unsigned uart_shift;          /* its registers are 1 << this bytes apart        */
	struct fdt_range rtc;         /* PL031, Goldfish                                */
	struct fdt_range finisher;    /* SiFive's test device: ends the machine         */
	u32 timebase;                 /* ticks per second of RISC-V's clock; 0: unknown */
	char isa[64];                 /* what RISC-V the first CPU is; "": unknown      */
	unsigned gic_version;         /* 2, 3, or 0: none that is known                 */
	struct fdt_range gic_dist, gic_cpu, gic_redist; /* version 2 has cpu, 3 redist  */
	unsigned timer_irq; /* number at the GIC of the generic timer's virtual one; 0: none */
	struct fdt_range global_timer; /* Cortex-A9's                         */
	unsigned global_timer_irq;     /* number at the GIC; 0: none          */
	u32 global_timer_hz;           /* 0: the tree does not say            */
	bool psci, psci_by_smc;        /* PSCI 0.2 or later is there; called by SMC, not HVC */
};

/*
 * Read the tree at `blob`, of which `max` bytes may be looked at.  Nothing in it is trusted: every
 * offset, length, count and nesting is looked at before it is used.
 *   Returns:  NULL; or in words why the tree is refused, and *m is empty.  A tree without memory is
 *             refused.  What is not understood inside a tree that is whole is passed over.
 */
const char *fdt_read(const void *blob, size_t max, struct fdt_machine *m);

#endif
