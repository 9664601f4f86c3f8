/* SPDX-License-Identifier: MIT */
/*
 * clock.c - the clock and the alarm: the generic timer, where the CPU has one, else the global timer of
 * Cortex-A9's neighbours: 64 bits, and a comparator for each CPU.
 */
#include "bare_private.h"
#include "gic.h"
#include <quire/init.h>
#include <quire/printk.h>

#define TIMER_ENABLE  1u
#define DEFAULT_TIMER 27 /* of either kind, on every known machine */

/* The global timer. */
#define GT_LOW        0x00
#define GT_HIGH       0x04
#define GT_CONTROL    0x08
#define GT_STATUS     0x0c
#define GT_CMP_LOW    0x10
#define GT_CMP_HIGH   0x14
#define GT_ON         1u
#define GT_CMP_ON     2u
#define GT_IRQ        4u
#define GT_DEFAULT_HZ 100000000u /* where the tree says nothing */

struct bare_clock bare_clock;
static bool generic;             /* the CPU has the generic timer */
static volatile void *registers; /* of the global timer; NULL: nowhere */
static u64 ticks_per_ns;         /* 32.32 */

void bare_clock_at(volatile void *at)
{
	registers = at;
}

static u64 read_global(void)
{
	u32 high, low;

	do {
		high = reg_read(registers, GT_HIGH);
		low = reg_read(registers, GT_LOW);
	} while (reg_read(registers, GT_HIGH) != high);
	return (u64)high << 32 | low;
}

bool bare_user_counter(void)
{
	return generic;
}

u64 bare_ticks(void)
{
	u64 v = 0;

	if (generic)
		__asm__ volatile("isb\n\tmrrc p15, 1, %Q0, %R0, c14" : "=r"(v) : : "memory");
	else if (registers)
		v = read_global();
	return v;
}

static u32 __init start_generic(void)
{
	u32 hz = BARE_READ(c14, 0, c0, 0); /* CNTFRQ */

	BARE_WRITE(c14, 0, c3, 1, 0); /* CNTV_CTL */
	BARE_WRITE(c14, 0, c1, 0, 2); /* CNTKCTL: programs read the virtual counter */
	/* The firmware may have forgotten: better a wrong clock than none. */
	return hz < 1000000 ? 62500000 : hz;
}

static u32 __init start_global(void)
{
	u32 hz = bare_machine.global_timer_hz;

	if (!registers)
		quire_panic("no timer: the CPU has none, and the device tree has no "
			    "arm,cortex-a9-global-timer\n");
	reg_write(registers, GT_CONTROL, GT_ON);
	return hz < 1000000 ? GT_DEFAULT_HZ : hz;
}

void __init bare_clock_init(void)
{
	u32 hz;

	generic = BARE_READ(c0, 0, c1, 1) >> 16 & 15; /* ID_PFR1 */
	hz = generic ? start_generic() : start_global();
	bare_clock.hz = hz;
	bare_clock.mult = (1000000000ULL << 32) / hz;
	bare_clock.base = bare_ticks();
	ticks_per_ns = ((u64)hz << 32) / 1000000000;
}

void __init bare_interrupts_init(void)
{
	unsigned irq = generic ? bare_machine.timer_irq : bare_machine.global_timer_irq;

	bare_gic_init(irq ? irq : DEFAULT_TIMER);
}

void bare_timer_arm(u64 ns)
{
	u64 ticks = bare_mul_shift32(ns, ticks_per_ns), at = bare_ticks() + (ticks ? ticks : 1);

	if (generic) {
		__asm__ volatile("mcrr p15, 3, %Q0, %R0, c14" : : "r"(at)); /* CNTV_CVAL */
		BARE_WRITE(c14, 0, c3, 1, TIMER_ENABLE);
		isb();
		return;
	}
	reg_write(registers, GT_CONTROL, GT_ON);
	reg_write(registers, GT_STATUS, 1);
	reg_write(registers, GT_CMP_LOW, (u32)at);
	reg_write(registers, GT_CMP_HIGH, (u32)(at >> 32));
	reg_write(registers, GT_CONTROL, GT_ON | GT_CMP_ON | GT_IRQ);
}

/* The line stays up for as long as the comparator is met. */
void bare_timer_stop(void)
{
	if (generic) {
		BARE_WRITE(c14, 0, c3, 1, 0);
		isb();
		return;
	}
	reg_write(registers, GT_CONTROL, GT_ON);
	reg_write(registers, GT_STATUS, 1);
}

/* ---- other CPUs: none is started ------------------------------------------------------------- */
void bare_ipi_send(unsigned cpu, unsigned number)
{
	(void)cpu;
	(void)number;
}

unsigned bare_nr_cpus_online(void)
{
	return 1;
}
