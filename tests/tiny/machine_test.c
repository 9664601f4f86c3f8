/* SPDX-License-Identifier: MIT */
/* A machine of 512 KiB in a process, with quire/config_tiny.h. */
#include "support/layers.h"
#include "suite.h"

/* "BUG" at the start of a line of the log, so far. */
unsigned tiny_bugs(void)
{
	static unsigned bugs;
	const char *at = posix_log_take();

	for (; (at = strstr(at, "BUG: ")); at++)
		bugs++;
	return bugs;
}

static void machine_works(void **state)
{
	const struct posix_bank bank = { 0x400000, 512 << 10, 0 };

	(void)state;
	/* The second machine is like the first. */
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(posix_machine_start(&(struct posix_machine){ &bank, 1, 1 }), 0);
		assert_law(tiny_start());
		assert_true(logged("Memory: 508K/512K available (4K reserved"));
		assert_int_equal(tiny_frames.ram, 128);
		for (unsigned i = 0; i < nr_tiny_cases; i++) {
			const char *why = tiny_cases[i].run();

			if (why)
				fail_msg("%s: %s", tiny_cases[i].name, why);
		}
		assert_law(tiny_stop());
		posix_machine_stop();
	}
}

/* The lists of boot memory do not grow: what does not fit is refused, and they stay as they were. */
static void known_map(void **state)
{
	unsigned n = 0;

	(void)state;
	assert_int_equal(QUIRE_BOOT_GROW, 0);
	while (n < 1000 && memblock_add((phys_addr_t)n << 20, PAGE_SIZE) == 0)
		n++;
	assert_int_equal(n, QUIRE_BOOT_REGIONS);
	assert_int_equal(memblock.memory.cnt, n);
	assert_int_equal(memblock_phys_mem_size(), n * PAGE_SIZE);
	memblock_exit();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(machine_works),
		cmocka_unit_test(known_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
