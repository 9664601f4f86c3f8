/* SPDX-License-Identifier: MIT */
/* cmdline.c - words of a kernel command line. */
#include "cmdline.h"
#include <quire/bytes.h>

bool cmdline_has(const char *cmdline, const char *word)
{
	size_t n = qstrlen(word);

	for (const char *at = cmdline; *at;) {
		const char *end = at;

		while (*end && *end != ' ')
			end++;
		if ((size_t)(end - at) == 2 && memcmp(at, "--", 2) == 0)
			return false;
		if ((size_t)(end - at) == n && memcmp(at, word, n) == 0)
			return true;
		for (at = end; *at == ' '; at++)
			;
	}
	return false;
}
