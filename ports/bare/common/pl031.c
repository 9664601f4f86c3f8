/* SPDX-License-Identifier: MIT */
/* pl031.c - Arm's battery clock, where the device tree has one. */
#include "fdt_boot.h"
#include "mmio.h"
#include <bare.h>

#define RTC_DR 0x00 /* seconds since 1970 */

s64 bare_rtc_read(void)
{
	const struct fdt_range *where = &bare_machine.rtc;
	volatile void *rtc = where->size ? ioremap((phys_addr_t)where->base, PAGE_SIZE) : NULL;
	s64 now = 0;

	if (rtc) {
		now = reg_read(rtc, RTC_DR);
		iounmap((void *)rtc);
	}
	return now;
}
