/* SPDX-License-Identifier: MIT */
/*
 * tests/tiny/suite.h - kmalloc on a machine of a few hundred KiB: by machine_test.c in a process, by
 * tests/boot/tiny on an emulated one.  No libc.
 */
#ifndef TESTS_TINY_SUITE_H
#define TESTS_TINY_SUITE_H

#include <quire/types.h>

struct tiny_case {
	const char *name;
	const char *(*run)(void); /* words of what went wrong, or NULL */
};
extern const struct tiny_case tiny_cases[];
extern const unsigned nr_tiny_cases;

/* From what memblock knows to a heap, and back: tiny_stop() says what is missing, or NULL.  Frames
 * that each step left free are in tiny_frames. */
const char *tiny_start(void);
const char *tiny_stop(void);
struct tiny_frames {
	unsigned long ram, managed, with_cpu, with_heap;
};
extern struct tiny_frames tiny_frames;

/* The machine's: bytes logged so far that begin with "BUG". */
unsigned tiny_bugs(void);

#endif
