/* SPDX-License-Identifier: MIT */
/*
 * tests/port/port_check.h - does a port keep the promises of quire/port.h?  `make port-check PORT=...`.
 *
 *   hosted.c (a program)  ─┐
 *                          ├─> port_check(): pages.c, mappings.c, spaces.c, by the port's own hooks
 *   kernel.c (boot kernel) ┘
 *
 * Each check says one line of TAP.  What a port does not offer (PORT_RANDOM, ...) is not asked.
 */
#ifndef TESTS_PORT_CHECK_H
#define TESTS_PORT_CHECK_H

#include <quire/mm.h>
#include <quire/types.h>

/* How far the port has come; the files of higher tiers are not built. */
#ifndef PORT_CHECK_TIERS
#define PORT_CHECK_TIERS 3
#endif

/* What the program or kernel around a port tells of it. */
struct port_host {
	const char *name;
	/* Say a line, which ends in a newline. */
	void (*say)(const char *line);
	/* Where code of the kernel that touches address va really goes; NULL: a fault.  A NULL function: there are no
	 * mappings, and tiers 2 and 3 are left out. */
	void *(*touch)(unsigned long va, bool write);
	/* Run on this space (NULL: on none): faults of user copies are its.  A NULL function: tier 3 is left out. */
	void (*use)(struct mm_struct *mm);
};

/* After quire_start(), in task context, interrupts on.  How many checks failed. */
unsigned port_check(const struct port_host *host);

/* ---- for the suite's own files --------------------------------------------------------------- */
/* One line; `good` or not. */
void port_says(bool good, const char *what);
extern const struct port_host *port_host;
void port_check_closed_pages(void);
void port_check_pages(void);
void port_check_mappings(void);
void port_check_spaces(void);

#endif
