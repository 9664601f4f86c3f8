/* SPDX-License-Identifier: MIT */
/*
 * tests/support/layers.h - a machine up to frames/ or heap/, and down again, for tests of the lower
 * folders.
 *
 * Stopping checks the balance: what was managed at the start is free at the end.
 */
#ifndef TESTS_SUPPORT_LAYERS_H
#define TESTS_SUPPORT_LAYERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <posix_machine.h>
#include <quire/boot.h>
#include <quire/check.h>
#include <quire/event.h>
#include <quire/printk.h>
#include <quire/slab.h>
#include <quire/slab_debug.h>
#include <quire/stop.h>

/* A law must hold; otherwise its words are the failure. */
#define assert_law(expr)                                                                           \
	do {                                                                                       \
		const char *why_ = (expr);                                                         \
		if (why_)                                                                          \
			fail_msg("%s: %s", #expr, why_);                                           \
	} while (0)

static inline void start_frames(const struct posix_bank *banks, unsigned n, unsigned cpus)
{
	assert_int_equal(posix_machine_start(&(struct posix_machine){ banks, n, cpus }), 0);
	frames_init();
	memblock_free_all();
	assert_int_equal(percpu_init(cpus), 0);
	assert_law(frames_check());
}

static inline void stop_frames(void)
{
	percpu_exit();
	assert_law(frames_check());
	assert_int_equal(nr_free_pages(), totalram_pages());
	frames_exit();
	posix_machine_stop();
}

static inline void start_heap(unsigned mib, unsigned cpus)
{
	const struct posix_bank bank = { 1 << 20, (phys_addr_t)mib << 20, 0 };

	start_frames(&bank, 1, cpus);
	slab_debug_enable();
	assert_int_equal(heap_init(), 0);
	assert_law(heap_check());
}

/* Returns how many objects were never freed. */
static inline unsigned long stop_heap(void)
{
	unsigned long live;

	assert_law(heap_check());
	live = heap_exit();
	stop_frames();
	return live;
}

/* Whether the log since the last look contains the words. */
static inline int logged(const char *words)
{
	return strstr(posix_log_take(), words) != NULL;
}

/* ---- panics are caught ----------------------------------------------------------------------- */
static jmp_buf panic_jump;
static char panic_words[512];

__attribute__((unused)) static void catch_panic(const char *why)
{
	snprintf(panic_words, sizeof(panic_words), "%s", why);
	longjmp(panic_jump, 1);
}

/* The statement must panic with these words. */
#define assert_panics(statement, words)                                                            \
	do {                                                                                       \
		posix_panic_hook = catch_panic;                                                    \
		if (setjmp(panic_jump) == 0) {                                                     \
			statement;                                                                 \
			fail_msg("did not panic: %s", #statement);                                 \
		}                                                                                  \
		posix_panic_hook = NULL;                                                           \
		if (!strstr(panic_words, words))                                                   \
			fail_msg("panicked with \"%s\", not \"%s\"", panic_words, words);          \
	} while (0)

/* ---- random numbers, from QUIRE_SEED or the seed given --------------------------------------- */
static unsigned long long random_state, random_seed;

__attribute__((unused)) static void random_start(unsigned long long seed)
{
	const char *env = getenv("QUIRE_SEED");

	random_seed = env ? strtoull(env, NULL, 0) : seed;
	random_state = random_seed * 2654435769u + 88172645463325252ull;
}

__attribute__((unused)) static unsigned long random_below(unsigned long n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned long)(random_state % n);
}

/* As assert_law, and says how to see it again. */
#define assert_law_seeded(expr, step)                                                              \
	do {                                                                                       \
		const char *why_ = (expr);                                                         \
		if (why_)                                                                          \
			fail_msg("step %lu, QUIRE_SEED=%llu: %s: %s", (unsigned long)(step),       \
				 random_seed, #expr, why_);                                        \
	} while (0)

#endif
