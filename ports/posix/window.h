/* SPDX-License-Identifier: MIT */
/* window.h - between the files of this port: RAM that has no address in the linear map. */
#ifndef QUIRE_POSIX_WINDOW_H
#define QUIRE_POSIX_WINDOW_H

#include <stdbool.h>
#include <quire/types.h>

/* Physical [start, end) has no address: put it somewhere.  0 or -errno.  Undo. */
int window_start(phys_addr_t start, phys_addr_t end);
void window_stop(void);

/* Where the machine itself, not its kernel, reaches a byte of RAM. */
char *window_ram(phys_addr_t pa);
/* Bytes of such RAM that the host really gives us now. */
size_t window_resident(void);

/* The TLBs forget kernel [start, last]. */
void window_flush(unsigned long start, unsigned long last);

#endif
