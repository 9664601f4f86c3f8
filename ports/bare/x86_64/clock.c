/* SPDX-License-Identifier: MIT */
/*
 * clock.c - the time stamp counter, measured against the PIT, and the battery clock.
 *
 * Channel 2 of the PIT counts down a known number of ticks of 1,193,182 Hz; its output (port 0x61,
 * bit 5) goes high at the end.  Two milliseconds: an error of one PIT tick is 0.04 %.
 */
#include <quire/init.h>
#include "bare_private.h"

#define PIT_HZ    1193182u
#define PIT_TICKS 2386u /* 2 ms */

struct bare_clock bare_clock;

static u64 __init measure_tsc_hz(void)
{
	u8 gate = inb(0x61);
	u64 start, end, guard = 0;

	outb(0x61, (u8)((gate & ~2) | 1)); /* speaker off, gate on     */
	outb(0x43, 0xb0);                  /* channel 2, mode 0, 16 bit */
	outb(0x42, PIT_TICKS & 0xff);
	outb(0x42, PIT_TICKS >> 8);
	start = bare_ticks();
	while (!(inb(0x61) & 0x20) && ++guard < 100000000)
		;
	end = bare_ticks();
	outb(0x61, gate);
	return (end - start) * PIT_HZ / PIT_TICKS;
}

void __init bare_clock_init(void)
{
	u64 hz = measure_tsc_hz();

	if (hz < 1000000)
		hz = 1000000000; /* no PIT: better a wrong clock than none */
	bare_clock.hz = hz;
	bare_clock.mult = (u64)(((unsigned __int128)1000000000 << 32) / hz);
	bare_clock.base = bare_ticks();
}

static u8 cmos(u8 reg)
{
	outb(0x70, reg);
	return inb(0x71);
}

static unsigned from_bcd(unsigned v, bool bcd)
{
	return bcd ? (v & 15) + (v >> 4) * 10 : v;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static s64 days_from_civil(s64 y, unsigned m, unsigned d)
{
	s64 era, yoe, doy;

	y -= m <= 2;
	era = y / 400;
	yoe = y - era * 400;
	doy = (153 * (s64)(m + (m > 2 ? -3u : 9u)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

s64 bare_rtc_read(void)
{
	unsigned s, m, h, day, mon, year, guard = 0;
	u8 b = cmos(0x0b);
	bool bcd = !(b & 4), pm;

	while ((cmos(0x0a) & 0x80) && ++guard < 100000)
		;
	do {
		s = cmos(0);
		m = cmos(2);
		h = cmos(4);
		day = cmos(7);
		mon = cmos(8);
		year = cmos(9);
	} while (s != cmos(0) && ++guard < 100000);
	pm = !(b & 2) && (h & 0x80);
	h = from_bcd(h & 0x7f, bcd);
	if (!(b & 2))
		h = h % 12 + (pm ? 12 : 0);
	return days_from_civil(2000 + from_bcd(year, bcd), from_bcd(mon, bcd), from_bcd(day, bcd)) *
		       86400 +
	       h * 3600 + from_bcd(m, bcd) * 60 + from_bcd(s, bcd);
}
