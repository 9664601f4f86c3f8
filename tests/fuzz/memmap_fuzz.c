/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a firmware map: it is taken or refused, the lists keep their laws, and no byte that
 * an entry calls something other than RAM is memory.
 */
#include <posix_machine.h>
#include <quire/memmap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ENTRIES 400

static void stop(const char *why)
{
	fprintf(stderr, "memmap_fuzz: %s\n", why);
	abort();
}

/* Nine bytes an entry: type and scale, base, size; small numbers scaled up find more edges than
 * random ones. */
static size_t decode(const uint8_t *data, size_t len, struct quire_memmap_entry *e)
{
	size_t n = 0;

	for (; len >= 9 && n < MAX_ENTRIES; data += 9, len -= 9, n++) {
		uint32_t base, size;

		memcpy(&base, data + 1, 4);
		memcpy(&size, data + 5, 4);
		e[n] = (struct quire_memmap_entry){ .base = (phys_addr_t)base
							    << (data[0] >> 4 & 7) * 5,
						    .size = (phys_addr_t)size
							    << (data[0] >> 3 & 3) * 10,
						    .type = data[0] & 7,
						    .name = n & 1 ? "odd" : NULL };
		if (data[0] == 0xff)
			e[n].base = ~(phys_addr_t)base;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct quire_memmap_entry e[MAX_ENTRIES];
	size_t n = decode(data, len, e);
	char why[128] = "";
	int err;

	memblock_exit();
	err = quire_memmap_add(e, n, why, sizeof(why));
	if (memblock_check())
		stop(memblock_check());
	if (err && (!why[0] || memblock.memory.cnt))
		stop("refused without a reason, or something was kept");
	for (size_t i = 0; i < n; i++) {
		phys_addr_t size = e[i].size;

		if (e[i].type == QUIRE_MEMMAP_RAM || !size)
			continue;
		if (size > ~(phys_addr_t)0 - e[i].base)
			size = ~(phys_addr_t)0 - e[i].base;
		if (memblock_overlaps_region(&memblock.memory, e[i].base, size))
			stop("what is not RAM became memory");
	}
	posix_log_take();
	memblock_exit();
	return 0;
}
