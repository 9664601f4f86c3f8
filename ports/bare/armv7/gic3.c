/* SPDX-License-Identifier: MIT */
/* gic3.c - version 3 of Arm's interrupt controller (gic.h): no ARMv7 CPU has registers for it. */
#include "gic.h"

bool bare_gic3_init(volatile void *dist, unsigned timer_irq)
{
	(void)dist, (void)timer_irq;
	return false;
}

u32 bare_gic3_acknowledge(void)
{
	return 1023; /* none */
}

void bare_gic3_finished(u32 iar)
{
	(void)iar;
}
