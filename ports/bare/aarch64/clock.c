/* SPDX-License-Identifier: MIT */
/*
 * clock.c - the generic timer: its virtual counter is the clock, its comparator the alarm.
 */
#include "bare_private.h"
#include "gic.h"
#include <quire/init.h>

#define TIMER_ENABLE  1UL
#define DEFAULT_TIMER 27 /* the virtual timer's interrupt on every known machine */

struct bare_clock bare_clock;
static u64 ticks_per_ns; /* 32.32 */

void __init bare_clock_init(void)
{
	u64 hz = BARE_READ(cntfrq_el0);

	if (hz < 1000000)
		hz = 62500000; /* the firmware forgot: better a wrong clock than none */
	BARE_WRITE(cntv_ctl_el0, 0);
	bare_clock.hz = hz;
	bare_clock.mult = (1000000000UL << 32) / hz;
	bare_clock.base = bare_ticks();
	ticks_per_ns = (hz << 32) / 1000000000;
}

void __init bare_interrupts_init(void)
{
	bare_gic_init(bare_machine.timer_irq ? bare_machine.timer_irq : DEFAULT_TIMER);
}

void bare_timer_arm(u64 ns)
{
	u64 ticks = (u64)((unsigned __int128)ns * ticks_per_ns >> 32);

	BARE_WRITE(cntv_cval_el0, bare_ticks() + (ticks ? ticks : 1));
	BARE_WRITE(cntv_ctl_el0, TIMER_ENABLE);
	isb();
}

/* The line stays up for as long as the comparator is met. */
void bare_timer_stop(void)
{
	BARE_WRITE(cntv_ctl_el0, 0);
	isb();
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
