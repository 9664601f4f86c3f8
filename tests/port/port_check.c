/* SPDX-License-Identifier: MIT */
/* tests/port/port_check.c - the checks of all tiers that there are, and that nothing is missing afterwards. */
#include "port_check.h"
#include <quire/check.h>
#include <quire/gfp.h>
#include <quire/printk.h>
#include <quire/vmalloc.h>
#include <quire/watch.h>

const struct port_host *port_host;
static unsigned said, failed;

void port_says(bool good, const char *what)
{
	char line[160];

	said++;
	failed += !good;
	quire_snprintf(line, sizeof(line), "%sok %u - port %s: %s\n", good ? "" : "not ", said,
		       port_host->name, what);
	port_host->say(line);
}

/* What is parked on CPUs counts as free, and so do tables that the kernel keeps for its next mappings. */
static unsigned long free_now(void)
{
#if PORT_CHECK_TIERS >= 3
	if (port_host->use)
		return quire_free_pages_exact() + maps_kernel_tables();
#endif
	drain_all_pages();
	return nr_free_pages();
}

static const char *broken_law(void)
{
	const char *why = frames_check();

#if PORT_CHECK_TIERS >= 3
	if (port_host->use)
		return check_all();
#endif
	return why ? why : heap_check();
}

unsigned port_check(const struct port_host *host)
{
	unsigned long before;
	char line[32];

	port_host = host;
	said = failed = 0;
	port_check_closed_pages(); /* a large page of the linear map may stay cut up */
	before = free_now();
	port_check_pages();
#if PORT_CHECK_TIERS >= 2
	if (host->touch)
		port_check_mappings();
#endif
#if PORT_CHECK_TIERS >= 3
	if (host->touch && host->use)
		port_check_spaces();
#endif
	port_says(!broken_law(), "every law holds afterwards");
	port_says(free_now() == before, "not a frame is missing afterwards");
	quire_snprintf(line, sizeof(line), "1..%u\n", said);
	host->say(line);
	return failed;
}
