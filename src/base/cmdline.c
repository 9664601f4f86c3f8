/* SPDX-License-Identifier: MIT */
/*
 * base/cmdline.c - reading a kernel's command line: its words, and sizes in them.
 *
 *   "quiet movablecore=25% reserve_mem=12M:4096:trace -- /bin/sh"
 *     |     |               |                         the rest is the first program's
 *
 * Lock: none.
 */
#include <quire/bytes.h>
#include "base.h"

const char *cmdline_next(const char **at, size_t *len)
{
	const char *word = *at;

	while (*word == ' ' || *word == '\t' || *word == '\n')
		word++;
	*len = 0;
	while (word[*len] && word[*len] != ' ' && word[*len] != '\t' && word[*len] != '\n')
		++*len;
	*at = word + *len;
	if (!*len || (*len == 2 && word[0] == '-' && word[1] == '-'))
		return NULL;
	return word;
}

const char *cmdline_value(const char *word, size_t len, const char *name)
{
	size_t n = qstrlen(name);

	return len >= n && !memcmp(word, name, n) ? word + n : NULL;
}

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* log2 of what the letter multiplies by; 0: it is no such letter. */
static unsigned suffix_shift(char c)
{
	static const char letters[] = "kmgtpe";
	const char *found = c ? qstrchr(letters, (char)(c | 0x20)) : NULL;

	return found && *found ? 10 * (unsigned)(found - letters + 1) : 0;
}

unsigned long long memparse(const char *text, char **end)
{
	unsigned base = 10, shift;
	unsigned long long v = 0;
	const char *first;

	if (text[0] == '0' && (text[1] | 0x20) == 'x' && digit_of(text[2]) < 16) {
		base = 16;
		text += 2;
	} else if (text[0] == '0') {
		base = 8;
	}
	for (first = text; digit_of(*text) < base; text++) {
		if (__builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, digit_of(*text), &v))
			v = ~0ULL;
	}
	shift = text == first ? 0 : suffix_shift(*text);
	if (shift) {
		v = v > ~0ULL >> shift ? ~0ULL : v << shift;
		text++;
	}
	if (end)
		*end = (char *)text;
	return v;
}
