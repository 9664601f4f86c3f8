/* SPDX-License-Identifier: MIT */
/* fdt_boot.h - what a device tree says of memory, turned into memblock's lists. */
#ifndef QUIRE_BARE_FDT_BOOT_H
#define QUIRE_BARE_FDT_BOOT_H

#include "fdt.h"

/* What the tree says of the machine. */
extern struct fdt_machine bare_machine;

/*
 * The tree at physical address pa, of which `reach` bytes can be seen at `blob`; 0: it cannot be seen.  Fills
 * bare_machine and the command line.  NULL, or in words why it cannot be used.
 */
const char *bare_fdt_read(const void *blob, size_t reach);
/* RAM, what is in use, and the initial RAM disk; the tree itself is at pa.  After bare_record_image(). */
void bare_fdt_memory(phys_addr_t pa);

#endif
