/* SPDX-License-Identifier: MIT */
/*
 * gic.h - Arm's interrupt controller, set up for one CPU and one interrupt, that of its timer.
 *
 * What version 3 has in registers of the CPU is in each board's gic3.c.
 */
#ifndef QUIRE_BARE_GIC_H
#define QUIRE_BARE_GIC_H

#include "fdt_boot.h"

#define GICD_CTLR  0x000
#define GICD_TYPER 0x004

/* After quire_start(): needs ioremap().  Panics where the tree has no controller that is known. */
void bare_gic_init(unsigned timer_irq);
/* Switch on a private interrupt at `frame`, where its registers are laid out as in the distributor. */
void bare_gic_private_on(volatile void *frame, unsigned irq);
/* Map what the tree has of it; panics, in words, where that is nothing. */
volatile void *bare_gic_map(const struct fdt_range *r, const char *what);

/* Version 3: false: the CPU has no such interface.  The distributor is mapped, and devices are off. */
bool bare_gic3_init(volatile void *dist, unsigned timer_irq);
u32 bare_gic3_acknowledge(void);
void bare_gic3_finished(u32 iar);

#endif
