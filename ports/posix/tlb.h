/* SPDX-License-Identifier: MIT */
/*
 * tlb.h - between the files of the software MMU: a translation, taken from the TLB or the tables.
 */
#ifndef QUIRE_POSIX_TLB_H
#define QUIRE_POSIX_TLB_H

#include "walk.h"

/* The processor that this build simulates. */
#define POSIX_MMU POSIX_CAT(mmu_, PORT_PT_FORMAT)

/* Bytes of a page that the host may touch until tlb_end(); NULL: `*fault` says why not.  `need`: one of
 * MMU_READ, MMU_WRITE, MMU_EXEC; user: by a program.  A flush waits for accesses under way, as a
 * shoot-down does. */
char *tlb_begin(unsigned long addr, unsigned need, bool user, enum posix_mmu_fault *fault);
void tlb_end(void);

/* Forget everything, on every CPU; no root is loaded. */
void tlb_reset(void);

#endif
