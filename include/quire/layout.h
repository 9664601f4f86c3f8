/* SPDX-License-Identifier: MIT */
/*
 * quire/layout.h - the kernel's addresses by name, for the log and for who asks what an address is.
 *
 *   0            PORT_TASK_SIZE                                                        the top (32-bit, classic)
 *   | user space | modules | pkmap | lowmem ... | 8 MiB hole | vmalloc ... | hole | fixmap | hole | vectors |
 *
 * The ranges are the port's (quire/port.h); those that it does not have are left out.  Between two ranges
 * that do not touch there is a hole, and nothing is ever mapped in one.
 */
#ifndef QUIRE_LAYOUT_H
#define QUIRE_LAYOUT_H

#include <quire/types.h>

struct layout_range {
	const char *name;    /* "lowmem"                                                */
	unsigned long start; /* first byte                                              */
	unsigned long last;  /* last byte: a range may end where addresses do           */
};
#define LAYOUT_RANGES 12u

/* All ranges, lowest first, user space among them: how many.  After frames_init(); any context. */
unsigned maps_layout(struct layout_range range[LAYOUT_RANGES]);

/*
 * The ranges to the log, highest first, as a 32-bit Linux prints them at boot ("Virtual kernel memory layout:"),
 * and what of the kernel's image is where.  After maps_early_init() and frames_init().
 */
void maps_print_layout(void);

/* Which range, or which hole, an address is in, in words: "the 8 MiB hole above lowmem".  Any context; takes
 * no lock.  maps_explain() (quire/vmalloc.h), which asks here, knows the areas of vmalloc too. */
void maps_name(unsigned long addr, char *buf, size_t size);

#endif
