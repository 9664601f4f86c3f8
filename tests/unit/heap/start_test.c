/* SPDX-License-Identifier: MIT */
/* The heap starts, or does not and has taken nothing: every allocation on the way fails once. */
#include <quire/err.h>
#include "heap/heap.h"
#include "support/layers.h"

static unsigned long free_now(void)
{
	drain_all_pages();
	return nr_free_pages();
}

static void every_step_fails(void **state)
{
	const struct posix_bank bank = { 1 << 20, 64 << 20, 0 };
	unsigned failures = 0;
	bool failed = true;
	void *p;

	(void)state;
	start_frames(&bank, 1, 2);
	for (unsigned n = 1; failed; n++) {
		unsigned long before = free_now();
		int err;

		quire_fail_nth(n);
		err = heap_init();
		failed = quire_fail_fired();
		quire_fail_nth(0);
		if (!err)
			break; /* it could do without */
		assert_int_equal(err, -ENOMEM);
		assert_true(failed);
		failures++;
		assert_null(strstr(posix_log_take(), "BUG"));
		assert_int_equal(free_now(), before);
		assert_law(frames_check());
	}
	assert_true(failures > 0);
	p = kmalloc(100, GFP_KERNEL);
	assert_non_null(p);
	kfree(p);
	assert_int_equal(stop_heap(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_step_fails) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
