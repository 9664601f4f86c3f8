/* SPDX-License-Identifier: MIT */
/* gic3.c - version 3 of Arm's interrupt controller: the CPU's redistributor, and the CPU interface in registers. */
#include "gic.h"
#include "bare_private.h"
#include <quire/init.h>

#define GICR_WAKER   0x0014
#define GICR_SGI     0x10000 /* second frame: private interrupts, as in the distributor */
#define GICR_IGROUPR 0x080

bool __init bare_gic3_init(volatile void *dist, unsigned timer_irq)
{
	volatile char *redist = bare_gic_map(&bare_machine.gic_redist, "redistributor");
	volatile char *private = redist + GICR_SGI;
	unsigned guard = 0;

	reg_write(dist, GICD_CTLR, 0x12); /* affinity routing, group 1 */
	reg_write(redist, GICR_WAKER, reg_read(redist, GICR_WAKER) & ~2u);
	while ((reg_read(redist, GICR_WAKER) & 4) && ++guard < 1000000)
		port_cpu_relax();
	reg_write(private, GICR_IGROUPR, 0xffffffff);
	bare_gic_private_on(private, timer_irq);
	BARE_WRITE(s3_0_c12_c12_5, BARE_READ(s3_0_c12_c12_5) | 1); /* ICC_SRE_EL1: registers */
	isb();
	BARE_WRITE(s3_0_c4_c6_0, 0xff); /* ICC_PMR_EL1     */
	BARE_WRITE(s3_0_c12_c12_7, 1);  /* ICC_IGRPEN1_EL1 */
	isb();
	return true;
}

u32 bare_gic3_acknowledge(void)
{
	return (u32)BARE_READ(s3_0_c12_c12_0); /* ICC_IAR1_EL1 */
}

void bare_gic3_finished(u32 iar)
{
	BARE_WRITE(s3_0_c12_c12_1, iar); /* ICC_EOIR1_EL1 */
}
