/* SPDX-License-Identifier: MIT */
/* grow_test.c - memory that is added after boot: add_memory(). */
#include <quire/boot.h>
#include <quire/check.h>
#include <quire/contig.h>
#include <quire/err.h>
#include <quire/gfp.h>
#include <quire/numa.h>
#include <quire/percpu.h>
#include <posix_machine.h>
#include "support/layers.h"

#define MIB     ((phys_addr_t)1 << 20)
#define SECTION ((phys_addr_t)1 << QUIRE_SECTION_SHIFT)

/* RAM at 1 section; room for 6 more, of which the machine has 4. */
static int up(void **state)
{
	const struct posix_bank bank[] = { { SECTION, 2 * SECTION, 0 }, { 5 * SECTION, 4 * SECTION, 0 } };

	(void)state;
	assert_int_equal(posix_machine_start(&(struct posix_machine){ bank, 2, 2 }), 0);
	return 0;
}
