/* SPDX-License-Identifier: MIT */
/*
 * clock.c - the time counter is the clock, the firmware's timer the alarm; the battery clock is a Goldfish RTC.
 */
#include "bare_private.h"
#include <quire/init.h>

#define RTC_LOW  0 /* nanoseconds since 1970; reading this one keeps the other still */
#define RTC_HIGH 4
#define SIE_STIE 32UL

struct bare_clock bare_clock;
static u64 ticks_per_ns; /* 32.32 */

void __init bare_clock_init(void)
{
	u64 hz = bare_machine.timebase ? bare_machine.timebase : 10000000;

	bare_clock.hz = hz;
	bare_clock.mult = (1000000000UL << 32) / hz;
	bare_clock.base = bare_ticks();
	ticks_per_ns = (hz << 32) / 1000000000;
}

void __init bare_interrupts_init(void)
{
	sbi_set_timer(~0UL);
	CSR_WRITE(sie, SIE_STIE);
}

void bare_timer_arm(u64 ns)
{
	u64 ticks = bare_mul_shift32(ns, ticks_per_ns);

	sbi_set_timer(bare_ticks() + (ticks ? ticks : 1));
}

/* It stays pending for as long as the clock is past it. */
void bare_timer_stop(void)
{
	sbi_set_timer(~0UL);
}

s64 bare_rtc_read(void)
{
	volatile u32 *rtc =
		bare_machine.rtc.size ? ioremap(bare_machine.rtc.base, PAGE_SIZE) : NULL;
	u64 now = 0;

	if (rtc) {
		now = rtc[RTC_LOW / 4];
		now |= (u64)rtc[RTC_HIGH / 4] << 32;
		iounmap((void *)rtc);
	}
	return (s64)(now / 1000000000);
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
