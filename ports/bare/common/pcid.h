/* SPDX-License-Identifier: MIT */
/*
 * pcid.h - what an x86 processor is told where translations carry the number of their space (PCID).
 *
 *   quire/asid.h: which number a space has  ──>  here: which instructions that takes  ──>  x86_64/tlb.c
 *                                                                                     └─>  a model of the manual
 *
 * The instructions are the caller's: the port has the processor's, the test those of a model that goes by Intel's
 * manual (volume 3, 4.10).  What they forget of this CPU, and of no other:
 *
 *                              translations              entries of upper levels
 *   MOV CR3, bit 63 clear      of the number, not global of the number
 *   MOV CR3, bit 63 set        none                      none
 *   INVLPG                     of the address: of the    of the number that is loaded
 *                              number loaded, and global
 *   INVPCID of an address      of it and the number      of it and the number
 *   INVPCID of a space         of the number             of the number
 *   INVPCID of all             of all                    of all
 *   INVPCID of all, globals    all that there is         all that there is
 *
 * Always true:  the kernel's translations are global; its own root is loaded under number 0, a program's never.
 * Lock:         none; interrupts as they are, but nothing else may be loaded between the steps of a flush.
 */
#ifndef QUIRE_BARE_PCID_H
#define QUIRE_BARE_PCID_H

#include <quire/asid.h>
#include <quire/types.h>

#define PCID_BITS 12u
#define CR3_KEEP  (1ULL << 63) /* nothing is forgotten          */
#define CR3_PCID  0xfffULL     /* number of the space           */

/* Pages up to which a flush names each, by make bench-tlb; more: everything of the space, or of the kernel. */
#define FLUSH_ALL_ABOVE 32ul

enum invpcid { INVPCID_ADDRESS, INVPCID_SPACE, INVPCID_ALL_AND_GLOBALS, INVPCID_ALL };

/* ---- given by whoever uses this ---------------------------------------------------------------- */
u64 pcid_read_cr3(void);
void pcid_write_cr3(u64 v);
void pcid_invlpg(unsigned long va);
void pcid_invpcid(enum invpcid type, unsigned pcid, unsigned long va);

/* ---- decided here, for the CPU that asks ------------------------------------------------------- */
/* Run on that root, of which asid_switch() has said `to`.  Interrupts off. */
void pcid_load_root(phys_addr_t root, struct asid_switch to);

/* Forget [start, end) of the space that asid_of() has found under `asid`. */
void pcid_flush(unsigned asid, unsigned long start, unsigned long end);

/* Forget [start, end) of the kernel's, and any way through a table that is going to be freed. */
void pcid_flush_kernel(unsigned long start, unsigned long end);

#endif
