/* SPDX-License-Identifier: MIT */
/*
 * tests/lines/recorder.h - which simulated CPU writes which cache line, and how often a lock is
 * taken.
 *
 * The library is compiled with -fsanitize=thread and linked without its run time: recorder.c is
 * what the compiler calls at every store and every atomic operation instead.  Simulated CPUs take
 * turns in one thread, so each store belongs to the one whose turn it is.
 *
 * Not seen: stores by memset(), memcpy() and assembly (this_cpu_add(), which writes to its own
 * CPU's area only).
 */
#ifndef TESTS_LINES_RECORDER_H
#define TESTS_LINES_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#define LINE_BYTES 64u

/* Forget everything.  Stores are noted only between recorder_on() and recorder_off(). */
void recorder_reset(void);
void recorder_on(unsigned cpu);
void recorder_off(void);

/* Exchanges of this word, that is attempts to take the lock, are counted from now on; at most
 * 16. */
void recorder_count_lock(const void *word);
unsigned long recorder_locks(void);

/* Every place of 2^shift bytes that was written, by increasing address; `cpus` has a bit for each
 * writer.  shift 6: cache lines.  Room is for half a million words: aborts if more were written. */
void recorder_for_each(unsigned shift, void (*fn)(uintptr_t at, uint64_t cpus, void *arg),
		       void *arg);

#endif
