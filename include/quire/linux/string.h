/* SPDX-License-Identifier: MIT */
/*
 * linux/string.h for code written against Linux: memory and text; a hosted program has most of
 * it from its libc.
 */
#ifndef QUIRE_LINUX_STRING_H
#define QUIRE_LINUX_STRING_H

#include <quire/bytes.h>

#if __STDC_HOSTED__
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
#else
#define strlen(s)        qstrlen(s)
#define strnlen(s, max)  qstrnlen((s), (max))
#define strcmp(a, b)     qstrcmp((a), (b))
#define strncmp(a, b, n) qstrncmp((a), (b), (n))
#define strchr(s, c)     ((char *)qstrchr((s), (c)))
#endif

/* strscpy(to, from), for arrays, or strscpy(to, from, size). */
#define strscpy(to, ...)                   QUIRE_STRSCPY(to, __VA_ARGS__, sizeof(to), )
#define QUIRE_STRSCPY(to, from, size, ...) qstrscpy((to), (from), (size))

#endif
