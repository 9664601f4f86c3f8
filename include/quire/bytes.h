/* SPDX-License-Identifier: MIT */
/*
 * quire/bytes.h - the few text and memory functions that the core uses.
 *
 * mem* come from the platform: the host's libc, or the bare port; the compiler may call them
 * anyway. The q* functions are ours, so that a freestanding port owes us nothing more.
 */
#ifndef QUIRE_BYTES_H
#define QUIRE_BYTES_H

#include <quire/types.h>

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *at, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* As the C functions of the same name without the q. */
size_t qstrlen(const char *s);
size_t qstrnlen(const char *s, size_t max);
int qstrcmp(const char *a, const char *b);
int qstrncmp(const char *a, const char *b, size_t n);
const char *qstrchr(const char *s, int c);

/* Copy a string into to[size], cut if need be, always terminated.  Returns the length copied, or
 * -E2BIG if cut (Linux's strscpy).  size must not be 0. */
long qstrscpy(char *to, const char *from, size_t size);

/* A number of bytes as on a command line: decimal, 0x.. or octal, then K, M, G, T, P or E (either
 * case).  Too much is ~0.  *end (unless NULL) is where it ends: `text` itself if no digit is
 * there. */
unsigned long long memparse(const char *text, char **end);

/* Clear memory that held a secret: never optimised away. */
void memzero_explicit(void *at, size_t n);

#endif
