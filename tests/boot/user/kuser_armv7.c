/* SPDX-License-Identifier: MIT */
/*
 * kuser_armv7.c - calls the helpers that the kernel puts at fixed addresses for programs (Linux's
 * kernel_user_helpers), and the calls that only ARM has.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "machine.h"

#define KUSER_VERSION     (*(const int *)0xffff0ffc)
#define KUSER_GET_TLS     ((void *(*)(void))0xffff0fe0)
#define KUSER_CMPXCHG     ((int (*)(int, int, volatile int *))0xffff0fc0)
#define KUSER_BARRIER     ((void (*)(void))0xffff0fa0)
#define KUSER_CMPXCHG64   ((int (*)(const int64_t *, const int64_t *, volatile int64_t *))0xffff0f60)
#define ARM_NR_CACHEFLUSH 0xf0002
#define ARM_NR_GET_TLS    0xf0006
#define ROUNDS            20000

static volatile int ticks, word;
static volatile int64_t wide;

static void *own_tls(void)
{
	void *tls;

	__asm__("mrc p15, 0, %0, c13, c0, 3" : "=r"(tls));
	return tls;
}

static void compare_and_exchange(void)
{
	int64_t old = 0x100000002, new = 0x300000004, other = 5;

	word = 7;
	step("cmpxchg stores what it should", KUSER_CMPXCHG(7, 9, &word) == 0 && word == 9);
	step("cmpxchg leaves what is different", KUSER_CMPXCHG(7, 1, &word) != 0 && word == 9);
	wide = old;
	step("cmpxchg64 stores two words", KUSER_CMPXCHG64(&old, &new, &wide) == 0 && wide == new);
	step("cmpxchg64 leaves what is different",
	     KUSER_CMPXCHG64(&old, &other, &wide) != 0 && wide == new);
	other = new ^ (1ll << 40);
	step("cmpxchg64 compares both words",
	     KUSER_CMPXCHG64(&other, &old, &wide) != 0 && wide == new);
}

/* Both the program and its handler add one: signals come between any two instructions. */
static void add_one(void)
{
	int64_t was, next;
	int old;

	do {
		old = word;
	} while (KUSER_CMPXCHG(old, old + 1, &word));
	do {
		was = wide;
		next = was + 0x100000001;
	} while (KUSER_CMPXCHG64(&was, &next, &wide));
}

static void tick(int sig)
{
	(void)sig;
	ticks++;
	add_one();
}

static void signals_come_in_between(void)
{
	pid_t child;

	word = 0;
	wide = 0;
	signal(SIGUSR1, tick);
	child = fork();
	if (child == 0) {
		for (int i = 0; i < 200; i++) {
			kill(getppid(), SIGUSR1);
			usleep(500);
		}
		_exit(0);
	}
	for (int i = 0; i < ROUNDS; i++)
		add_one();
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	step("signals arrived meanwhile", ticks > 0);
	step("no addition of a word is lost", word == ROUNDS + ticks);
	step("no addition of two words is lost", wide == (ROUNDS + ticks) * 0x100000001ll);
}

/* Code is written, told of, and runs; twice at one address. */
static void written_code_runs(void)
{
	uint32_t *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int good = p != MAP_FAILED;

	for (uint32_t i = 1; good && i <= 2; i++) {
		p[0] = 0xe3a00000 | i; /* mov r0, #i */
		p[1] = 0xe12fff1e;     /* bx lr      */
		good = syscall(ARM_NR_CACHEFLUSH, p, p + 2, 0) == 0 &&
		       ((uint32_t(*)(void))(uintptr_t)p)() == i;
	}
	step("code that was written runs after cacheflush", good);
	step("cacheflush refuses what is not there",
	     syscall(ARM_NR_CACHEFLUSH, 8, 4, 0) == -1 && errno == EINVAL);
	step("cacheflush refuses the kernel",
	     syscall(ARM_NR_CACHEFLUSH, 0xfff00000, 0xfff01000, 0) == -1 && errno == EFAULT);
}

int main(void)
{
	step("the page has its version", KUSER_VERSION >= 5);
	step("get_tls finds the thread's word", KUSER_GET_TLS() == own_tls());
	step("the system call finds it too", (void *)syscall(ARM_NR_GET_TLS) == own_tls());
	KUSER_BARRIER();
	compare_and_exchange();
	signals_come_in_between();
	written_code_runs();
	return failures;
}
