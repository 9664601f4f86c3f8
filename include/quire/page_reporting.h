/* SPDX-License-Identifier: MIT */
/*
 * quire/page_reporting.h - tell whoever lends us memory which frames nobody uses: a hypervisor, or
 * the operating system below a process.
 *
 *   free for a cycle or two --report()--> the lender takes the contents --> still free, still ours
 *
 * Linux calls it free page reporting.  Frames that were put back since the last cycle wait for the
 * next one, so that what comes and goes is not reported; but not for more than eight cycles.
 */
#ifndef QUIRE_PAGE_REPORTING_H
#define QUIRE_PAGE_REPORTING_H

#include <quire/types.h>

struct page;

struct page_reporting_dev_info {
	/* 2^k or other numbers of neighbouring frames are free and stay so while this runs; what is
	 * in them is not wanted any more.  0, or an error: they are offered again later.
	 * Task context; must not allocate or free through quire. */
	int (*report)(struct page_reporting_dev_info *dev, struct page *page, unsigned long nr);
	unsigned order; /* shorter runs than 2^order frames are not worth a report        */
};

/*
 * One cycle over all zones: report what has been free since the last one, or, with `all`, whatever
 * is free now.  Frames parked on CPUs are in use for this; drain_all_pages() before helps.
 *   Context: task, no lock held, one caller at a time.  Returns how many frames were reported.
 */
unsigned long page_reporting_cycle(struct page_reporting_dev_info *dev, bool all);

/* Whether there is anything that a later cycle would report.  A moment later it may be wrong. */
bool page_reporting_pending(void);

#endif
