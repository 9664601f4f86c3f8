/* SPDX-License-Identifier: MIT */
/*
 * quire/kfence.h - some objects lie alone between closed pages, so that who leaves one is caught in the act.
 *
 *   | closed |   object| closed |object   | closed | freed: | closed | ...        a place is a page
 *   | guard  |         | guard  |         | guard  | closed | guard  |            and the guard behind
 *
 * One allocation in so many goes there, chosen by count; the others never know.  With the port's help
 * (PORT_PROTECT_PAGE) a fault tells at once; without it, and for bytes of the object's own page, what
 * was written is found when the object is freed, or its place is used again.  Reports have the layout
 * of Linux's (Documentation/dev-tools/kfence.rst); the machine goes on.
 *
 *   out-of-bounds, use-after-free     by fault        memory corruption   bytes around, found later
 *   invalid free                      at the free: not the start of an object, or freed before
 *
 * While it is off it costs nothing on the fast paths, and while it is on still nothing: counting is done
 * where a CPU runs out of objects.  Caches with SLAB_TYPESAFE_BY_RCU, memory for DMA and objects above
 * a page are never guarded.
 */
#ifndef QUIRE_KFENCE_H
#define QUIRE_KFENCE_H

#include <quire/types.h>

struct seq_out;

/* Guard about one in sample_interval allocations (at least 1), as long as places are free.  Linux's
 * kfence.sample_interval= counts milliseconds.  Before kfence_init(); lasts until heap_exit(). */
void kfence_enable(unsigned long sample_interval);

/* Take the frames and begin, if it is enabled; without memory it says so and stays off.  After heap_init(),
 * and after maps_init() where the kernel's tables are this library's.  quire_start() calls it.
 *   Context: task, may sleep. */
void kfence_init(void);

/* Whether an address is in the pool. */
bool is_kfence_address(const void *addr);

/*
 * The kernel's page-fault handler asks: is the fault kfence's doing?  True: it is reported, the page is
 * open and the instruction can be tried again.  False: not an address of the pool.
 *   Given:    ip, the instruction's address.
 *   Context:  any.
 */
bool kfence_handle_page_fault(unsigned long addr, bool is_write, unsigned long ip);

/* What Linux has in debugfs as kfence/stats. */
void show_kfence_stats(struct seq_out *out);

#endif
