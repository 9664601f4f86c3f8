/* SPDX-License-Identifier: MIT */
/* base/string.c - text without libc.  No state, no locks. */
#include <quire/err.h>
#include <quire/bytes.h>

size_t qstrlen(const char *s)
{
	const char *end = s;

	while (*end)
		end++;
	return (size_t)(end - s);
}

size_t qstrnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int qstrcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

int qstrncmp(const char *a, const char *b, size_t n)
{
	while (n && *a && *a == *b)
		a++, b++, n--;
	return n ? (unsigned char)*a - (unsigned char)*b : 0;
}

const char *qstrchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return s;
}

long qstrscpy(char *to, const char *from, size_t size)
{
	size_t n = qstrnlen(from, size);
	bool cut = n == size;

	if (cut)
		n--;
	memcpy(to, from, n);
	to[n] = 0;
	return cut ? -E2BIG : (long)n;
}

void memzero_explicit(void *at, size_t n)
{
	memset(at, 0, n);
	__asm__ volatile("" : : "r"(at) : "memory");
}
