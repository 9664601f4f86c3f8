/* SPDX-License-Identifier: MIT */
/*
 * tests/support/fixture.h - text of a real Linux, from tests/fixtures.
 */
#ifndef TESTS_SUPPORT_FIXTURE_H
#define TESTS_SUPPORT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* The report's text in `text`, which ends in a zero. */
static inline const char *fixture_read(const char *name, char *text, size_t size)
{
	const char *root = strrchr(__FILE__, '/');
	char path[512];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%.*s/../fixtures/linux-6.18-proc/%s", (int)(root - __FILE__),
		 __FILE__, name);
	f = fopen(path, "r");
	if (!f)
		fail_msg("cannot open %s", path);
	n = fread(text, 1, size - 1, f);
	fclose(f);
	text[n] = 0;
	return text;
}

#endif
