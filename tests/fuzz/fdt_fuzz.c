/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a flattened device tree: it is taken or refused in words, never read beyond its end, and
 * what was taken makes sense.  Half of the inputs get a good header, so that the tokens are reached.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fdt.h"
#include "support/fdt_maker.h"

static void stop(const char *why)
{
	fprintf(stderr, "fdt_fuzz: %s\n", why);
	abort();
}

static int good(const struct fdt_range *r)
{
	return r->size ? r->base + r->size > r->base : !r->base;
}

static void check_taken(const struct fdt_machine *m, const uint8_t *blob, size_t len)
{
	if (!m->nr_mem || m->nr_mem > FDT_MAX_MEM || m->nr_reserved > FDT_MAX_RESERVED ||
	    m->nr_cpus > FDT_MAX_CPUS || m->size > len)
		stop("taken, but the numbers are impossible");
	for (unsigned i = 0; i < m->nr_mem; i++)
		if (!m->mem[i].size || !good(&m->mem[i]))
			stop("a range of memory is empty or wraps around");
	for (unsigned i = 0; i < m->nr_reserved; i++)
		if (!m->reserved[i].size || !good(&m->reserved[i]))
			stop("a range that is reserved is empty or wraps around");
	if (!good(&m->uart) || !good(&m->rtc))
		stop("a device wraps around");
	if (m->gic_version && (!m->gic_dist.size || !good(&m->gic_dist)))
		stop("an interrupt controller without registers");
	if (m->initrd_start > m->initrd_end || (m->timer_irq && m->timer_irq - 16 > 15))
		stop("an initrd or a timer that cannot be");
	if (m->bootargs &&
	    ((const uint8_t *)m->bootargs < blob ||
	     !memchr(m->bootargs, 0, (size_t)(blob + len - (const uint8_t *)m->bootargs))))
		stop("a command line without an end");
}

/* The input is the tokens; all names that matter are the strings. */
static size_t wrap(const uint8_t *data, size_t len, uint8_t *out)
{
	static const char names[] =
		"#address-cells\0#size-cells\0reg\0compatible\0device_type\0status\0"
		"interrupts\0method\0no-map\0bootargs\0stdout-path\0"
		"linux,initrd-start\0linux,initrd-end";
	static struct fdt_maker f;

	fdt_begin(&f);
	if (len > sizeof(f.blob) - FDT_TOKENS_AT - sizeof(names) - 16)
		len = sizeof(f.blob) - FDT_TOKENS_AT - sizeof(names) - 16;
	memcpy(f.strings, names, sizeof(names));
	f.nr_strings = sizeof(names);
	fdt_bytes(&f, data, (uint32_t)len);
	fdt_finish(&f);
	memcpy(out, f.blob, f.size);
	return f.size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct fdt_machine m;
	uint8_t *blob = malloc(len + sizeof(((struct fdt_maker *)0)->blob));
	size_t size = len;
	const char *why;

	if (len && data[0] & 1)
		size = wrap(data + 1, len - 1, blob);
	else if (len)
		memcpy(blob, data + 1, size = len - 1);
	blob = realloc(blob, size ? size : 1); /* so that a byte too many is seen */
	why = fdt_read(blob, size, &m);
	if (!why)
		check_taken(&m, blob, size);
	else if (!why[0] || m.nr_mem || m.nr_reserved || m.size)
		stop("refused without a reason, or something was kept");
	free(blob);
	return 0;
}
