/* SPDX-License-Identifier: MIT */
/*
 * gic.c - Arm's interrupt controller: the distributor, and the CPU interface of versions 1 and 2.
 *
 *   distributor (shared)    on, everything of devices off
 *   version 2               CPU interface: memory     private interrupts: in the distributor
 *   version 3               CPU interface: registers  private interrupts: in the CPU's redistributor: the board's gic3.c
 */
#include "gic.h"
#include "bare_private.h"
#include <quire/init.h>
#include <quire/printk.h>

#define GICD_ISENABLER  0x100
#define GICD_ICENABLER  0x180
#define GICD_IPRIORITYR 0x400
#define GICC_CTLR       0x00
#define GICC_PMR        0x04
#define GICC_IAR        0x0c
#define GICC_EOIR       0x10
#define NONE            1020 /* numbers from here on are no interrupts */
#define PRIORITY        0xa0

static volatile void *dist, *cpu_if; /* cpu_if NULL: version 3 */
static unsigned timer;

volatile void *__init bare_gic_map(const struct fdt_range *r, const char *what)
{
	volatile void *at = r->size ? ioremap((phys_addr_t)r->base, (unsigned long)r->size) : NULL;

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

void __init bare_gic_private_on(volatile void *frame, unsigned irq)
{
	unsigned at = GICD_IPRIORITYR + (irq & ~3u), shift = 8 * (irq & 3);
	u32 v = reg_read(frame, at) & ~(0xffu << shift);

	reg_write(frame, at, v | (u32)PRIORITY << shift);
	reg_write(frame, GICD_ISENABLER, 1u << irq);
}

static void __init init_v2(void)
{
	cpu_if = bare_gic_map(&bare_machine.gic_cpu, "CPU interface");
	bare_gic_private_on(dist, timer);
	reg_write(dist, GICD_CTLR, 1);
	reg_write(cpu_if, GICC_PMR, 0xff);
	reg_write(cpu_if, GICC_CTLR, 1);
}

void __init bare_gic_init(unsigned timer_irq)
{
	timer = timer_irq;
	if (bare_machine.gic_version == 0)
		quire_panic(
			"the device tree has no interrupt controller that is known: GIC 2 or 3\n");
	dist = bare_gic_map(&bare_machine.gic_dist, "distributor");
	devices_off();
	if (bare_machine.gic_version == 2)
		init_v2();
	else if (!bare_gic3_init(dist, timer))
		quire_panic("GIC 3: this CPU has no registers for it\n");
	printk("GIC version %u, timer interrupt %u\n", bare_machine.gic_version, timer);
}

static u32 acknowledge(void)
{
	return cpu_if ? reg_read(cpu_if, GICC_IAR) : bare_gic3_acknowledge();
}

static void finished(u32 iar)
{
	if (cpu_if)
		reg_write(cpu_if, GICC_EOIR, iar);
	else
		bare_gic3_finished(iar);
	isb();
}

void bare_irq(struct bare_regs *regs)
{
	u32 iar = acknowledge();
	unsigned irq = cpu_if ? iar & 0x3ff : iar & 0xffffff;

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
