/* SPDX-License-Identifier: MIT */
/*
 * mmtests.h - what the memory-semantics checks share.
 *
 * Every test is a function that runs in a child process of its own and leaves through CHECK when
 * something is wrong.  The reference is Linux itself: the whole program must pass there before it
 * judges anything else.
 */
#ifndef MMTESTS_H
#define MMTESTS_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

struct mmtest {
	const char *name;
	void (*run)(void);
};

/* Each file's table ends with a NULL name. */
extern const struct mmtest tests_map[], tests_remap[], tests_advice[], tests_file[], tests_fork[];
extern const struct mmtest tests_signal[], tests_stack[], tests_ipc[], tests_kernel[];

#define PAGE   4096ul
#define RW     (PROT_READ | PROT_WRITE)
#define ANON   (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHANON (MAP_SHARED | MAP_ANONYMOUS)

/* Say what failed and leave the child with status 1. */
_Noreturn void mm_fail(const char *file, int line, const char *what, long got, int err);
/* Leave the child with status 77: this system does not let us look. */
_Noreturn void mm_skip(const char *why);

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		errno = 0;                                                                         \
		if (!(cond))                                                                       \
			mm_fail(__FILE__, __LINE__, #cond, -1, errno);                             \
	} while (0)
#define EQUAL(expr, want)                                                                          \
	do {                                                                                       \
		errno = 0;                                                                         \
		long got_ = (long)(expr);                                                          \
		if (got_ != (long)(want))                                                          \
			mm_fail(__FILE__, __LINE__, #expr " == " #want, got_, errno);              \
	} while (0)
/* The call fails with exactly this errno. */
#define FAILS(expr, code)                                                                          \
	do {                                                                                       \
		errno = 0;                                                                         \
		long got_ = (long)(expr);                                                          \
		if (got_ != -1 || errno != (code))                                                 \
			mm_fail(__FILE__, __LINE__, #expr " fails with " #code, got_, errno);      \
	} while (0)

/* mmap that must succeed. */
char *map_at(void *at, size_t len, int prot, int flags, int fd, off_t offset);
static inline char *map(size_t pages, int prot, int flags)
{
	return map_at(NULL, pages * PAGE, prot, flags, -1, 0);
}
/* Pages of address space that nobody uses, with a page of nothing on either side. */
char *map_free(size_t pages);
/* A memfd of so many pages, page i filled with the byte i + 1. */
int file_of(size_t pages);
void fill(char *at, size_t pages, int first);
int filled_with(const char *at, size_t len, int byte);

/* What happened at an access: sig 0 is nothing. */
struct fault {
	int sig, code;
	void *addr;
};
struct fault try_read(const volatile void *at);
struct fault try_write(volatile void *at);
struct fault try_call(void *at);
/* The access ends in this signal, si_code and address. */
#define FAULTS(access, at, want_sig, want_code)                                                    \
	do {                                                                                       \
		struct fault f_ = access(at);                                                      \
		EQUAL(f_.sig, want_sig);                                                           \
		EQUAL(f_.code, want_code);                                                         \
		EQUAL(f_.addr, at);                                                                \
	} while (0)
#define READS(at)  EQUAL(try_read(at).sig, 0)
#define WRITES(at) EQUAL(try_write(at).sig, 0)

/* Run f in a child; its wait status. */
int in_child(void (*f)(void *), void *arg);
int child_exit(pid_t pid);
long status_kib(const char *key);
/* The permissions ("rw-p") of the line of /proc/self/maps that holds the address; NULL when none
 * does. */
const char *perms_of(const void *at);
/* How many lines of /proc/self/maps touch [at, at + len). */
int areas_in(const void *at, size_t len);
int resident(const void *at, size_t pages);
long sysctl_value(const char *path);

#endif
