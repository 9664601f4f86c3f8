/* SPDX-License-Identifier: MIT */
/*
 * apic.c - the old interrupt controllers silenced; the local APIC's timer and inter-processor
 * interrupts.
 */
#include "bare_private.h"
#include <quire/init.h>
#include <quire/printk.h>

#define APIC_ID            0x20
#define APIC_EOI           0xb0
#define APIC_SVR           0xf0
#define APIC_ICR_LOW       0x300
#define APIC_ICR_HIGH      0x310
#define APIC_LVT_TIMER     0x320
#define APIC_LVT_LINT0     0x350
#define APIC_LVT_LINT1     0x360
#define APIC_LVT_ERROR     0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE  0x3e0
#define APIC_MASKED        0x10000u

static volatile u32 *apic;
static u64 apic_mult; /* APIC ticks per nanosecond, 32.32     */
static unsigned cpus_online = 1;
static void (*ipi_handler[256])(void);

static u32 apic_read(unsigned reg)
{
	return apic[reg / 4];
}

static void apic_write(unsigned reg, u32 v)
{
	apic[reg / 4] = v;
}

/* Both PICs: vectors out of the way of exceptions, everything masked. */
static void __init silence_pic(void)
{
	outb(0x20, 0x11);
	outb(0xa0, 0x11);
	outb(0x21, 0x20);
	outb(0xa1, 0x28);
	outb(0x21, 4);
	outb(0xa1, 2);
	outb(0x21, 1);
	outb(0xa1, 1);
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
}

/* Let the timer run for a tenth of a millisecond of TSC time. */
static void __init calibrate(void)
{
	u64 span = bare_clock.hz / 10000, start;
	u32 left, before;

	apic_write(APIC_TIMER_DIVIDE, 0xb); /* by 1 */
	apic_write(APIC_LVT_TIMER, APIC_MASKED);
	apic_write(APIC_TIMER_INITIAL, 0xffffffff);
	before = apic_read(APIC_TIMER_CURRENT);
	start = bare_ticks();
	while (bare_ticks() - start < span)
		;
	left = apic_read(APIC_TIMER_CURRENT);
	apic_write(APIC_TIMER_INITIAL, 0);
	apic_mult = ((u64)(before - left) << 32) / 100000;
	if (!apic_mult)
		apic_mult = 1ULL << 32;
}

void __init bare_interrupts_init(void)
{
	phys_addr_t base = rdmsr(MSR_APIC_BASE) & 0xffffff000ULL;

	silence_pic();
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0x800);
	apic = ioremap(base, 4096);
	if (!apic)
		port_panic("no room to map the local APIC");
	bare_cpus[0].apic_id = apic_read(APIC_ID) >> 24;
	apic_write(APIC_SVR, 0x100 | BARE_VECTOR_SPURIOUS);
	apic_write(APIC_LVT_LINT0, APIC_MASKED);
	apic_write(APIC_LVT_LINT1, 0x400); /* NMI */
	apic_write(APIC_LVT_ERROR, APIC_MASKED);
	calibrate();
	apic_write(APIC_LVT_TIMER, BARE_VECTOR_TIMER);
	bare_tlb_init();
}

void bare_timer_arm(u64 ns)
{
	u64 ticks = (u64)((unsigned __int128)ns * apic_mult >> 32);

	if (ticks < 1)
		ticks = 1;
	apic_write(APIC_TIMER_INITIAL, ticks > 0xffffffff ? 0xffffffff : (u32)ticks);
}

void bare_ipi_send(unsigned cpu, unsigned vector)
{
	unsigned long flags = port_irq_save();

	while (apic_read(APIC_ICR_LOW) & 0x1000)
		port_cpu_relax();
	apic_write(APIC_ICR_HIGH, bare_cpus[cpu].apic_id << 24);
	apic_write(APIC_ICR_LOW, 0x4000 | vector);
	port_irq_restore(flags);
}

void bare_ipi_register(unsigned vector, void (*fn)(void))
{
	ipi_handler[vector & 255] = fn;
}

unsigned bare_nr_cpus_online(void)
{
	return cpus_online;
}

void bare_interrupt(struct bare_regs *regs, unsigned vector)
{
	if (vector == BARE_VECTOR_SPURIOUS || !apic)
		return;
	apic_write(APIC_EOI, 0);
	if (vector == BARE_VECTOR_TIMER)
		trap_timer(regs);
	else if (ipi_handler[vector])
		ipi_handler[vector]();
	else
		printk("warning: interrupt %u that nobody asked for\n", vector);
}
