/* SPDX-License-Identifier: MIT */
/*
 * gic.c - Arm's interrupt controller, versions 2 and 3: set up for one CPU and the timer's interrupt.
 *
 *   distributor (shared)    on, everything of devices off
 *   version 2               CPU interface: memory     private interrupts: in the distributor
 *   version 3               CPU interface: registers  private interrupts: in the CPU's redistributor
 */
#include "bare_private.h"
#include <quire/init.h>
#include <quire/printk.h>

#define GICD_CTLR       0x000
#define GICD_ISENABLER  0x100
#define GICD_ICENABLER  0x180
#define GICD_IPRIORITYR 0x400
#define GICD_TYPER      0x004
#define GICC_CTLR       0x00
#define GICC_PMR        0x04
#define GICC_IAR        0x0c
#define GICC_EOIR       0x10
#define GICR_WAKER      0x0014
#define GICR_SGI        0x10000 /* second frame: private interrupts, as in the distributor */
#define GICR_IGROUPR    0x080
#define NONE            1020 /* numbers from here on are no interrupts */
#define PRIORITY        0xa0

static volatile void *dist, *cpu_if, *redist;
static unsigned timer;

static volatile void *__init map(const struct fdt_range *r, const char *what)
{
	volatile void *at = r->size ? ioremap(r->base, r->size) : NULL;

	if (!at)
		quire_panic("GIC: no %s: the device tree gives none, or there is no room\n", what);
	return at;
}

static void __init devices_off(void)
{
	unsigned lines = (reg_read(dist, GICD_TYPER) & 31) + 1;

	for (unsigned i = 1; i < lines; i++)
		reg_write(dist, GICD_ICENABLER + 4 * i, 0xffffffff);
}

static void __init private_on(volatile void *frame, unsigned irq)
{
	unsigned at = GICD_IPRIORITYR + (irq & ~3u), shift = 8 * (irq & 3);
	u32 v = reg_read(frame, at) & ~(0xffu << shift);

	reg_write(frame, at, v | PRIORITY << shift);
	reg_write(frame, GICD_ISENABLER, 1u << irq);
}

static void __init init_v2(void)
{
	cpu_if = map(&bare_machine.gic_cpu, "CPU interface");
	devices_off();
	private_on(dist, timer);
	reg_write(dist, GICD_CTLR, 1);
	reg_write(cpu_if, GICC_PMR, 0xff);
	reg_write(cpu_if, GICC_CTLR, 1);
}

static void __init init_v3(void)
{
	volatile char *private;
	unsigned guard = 0;

	redist = map(&bare_machine.gic_redist, "redistributor");
	private = (volatile char *)redist + GICR_SGI;
	devices_off();
	reg_write(dist, GICD_CTLR, 0x12); /* affinity routing, group 1 */
	reg_write(redist, GICR_WAKER, reg_read(redist, GICR_WAKER) & ~2u);
	while ((reg_read(redist, GICR_WAKER) & 4) && ++guard < 1000000)
		port_cpu_relax();
	reg_write(private, GICR_IGROUPR, 0xffffffff);
	private_on(private, timer);
	BARE_WRITE(s3_0_c12_c12_5, BARE_READ(s3_0_c12_c12_5) | 1); /* ICC_SRE_EL1: registers */
	isb();
	BARE_WRITE(s3_0_c4_c6_0, 0xff); /* ICC_PMR_EL1     */
	BARE_WRITE(s3_0_c12_c12_7, 1);  /* ICC_IGRPEN1_EL1 */
	isb();
}

void __init bare_gic_init(unsigned timer_irq)
{
	timer = timer_irq;
	if (bare_machine.gic_version == 0)
		quire_panic(
			"the device tree has no interrupt controller that is known: GIC 2 or 3\n");
	dist = map(&bare_machine.gic_dist, "distributor");
	if (bare_machine.gic_version == 2)
		init_v2();
	else
		init_v3();
	printk("GIC version %u, timer interrupt %u\n", bare_machine.gic_version, timer);
}

static u32 acknowledge(void)
{
	if (!redist)
		return reg_read(cpu_if, GICC_IAR);
	return (u32)BARE_READ(s3_0_c12_c12_0); /* ICC_IAR1_EL1 */
}

static void finished(u32 iar)
{
	if (!redist)
		reg_write(cpu_if, GICC_EOIR, iar);
	else
		BARE_WRITE(s3_0_c12_c12_1, iar); /* ICC_EOIR1_EL1 */
	isb();
}

void bare_irq(struct bare_regs *regs)
{
	u32 iar = acknowledge();
	unsigned irq = redist ? iar & 0xffffff : iar & 0x3ff;

	if (irq >= NONE)
		return;
	if (irq == timer)
		bare_timer_stop();
	finished(iar);
	if (irq == timer)
		trap_timer(regs);
	else
		printk("warning: interrupt %u that nobody asked for\n", irq);
}
