/* SPDX-License-Identifier: MIT */
/*
 * tests/port/mutants.c - ports with one broken promise each: the suite must find it.  Linked in front of a port's
 * functions (--wrap); hosted.c says which mistake by PORT_MUTANT in the environment.  Without one, nothing changes.
 */
#include <stdlib.h>
#include <string.h>
#include <quire/err.h>
#include <quire/port.h>

static bool mutant(const char *name)
{
	const char *chosen = getenv("PORT_MUTANT");

	return chosen && !strcmp(chosen, name);
}

size_t __real_port_copy_from_user(void *to, const void __user *from, size_t n);
size_t __real_port_copy_to_user(void __user *to, const void *from, size_t n);
size_t __real_port_clear_user(void __user *to, size_t n);
int __real_port_cmpxchg_user(u32 __user *at, u32 expected, u32 desired, u32 *seen);
unsigned long __real_port_random(void);
unsigned __real_port_stack_trace(unsigned long *pc, unsigned n);
size_t __wrap_port_copy_from_user(void *to, const void __user *from, size_t n);
size_t __wrap_port_copy_to_user(void __user *to, const void *from, size_t n);
size_t __wrap_port_clear_user(void __user *to, size_t n);
int __wrap_port_cmpxchg_user(u32 __user *at, u32 expected, u32 desired, u32 *seen);
unsigned long __wrap_port_random(void);
unsigned __wrap_port_stack_trace(unsigned long *pc, unsigned n);

/* A fault anywhere counts as if nothing had been copied; or the last byte is forgotten. */
size_t __wrap_port_copy_from_user(void *to, const void __user *from, size_t n)
{
	size_t left = __real_port_copy_from_user(to, from, n);

	if (mutant("all-or-nothing") && left)
		return n;
	if (mutant("last-byte") && !left && n > 1)
		((char *)to)[n - 1] ^= 1;
	return left;
}

size_t __wrap_port_copy_to_user(void __user *to, const void *from, size_t n)
{
	size_t left = __real_port_copy_to_user(to, from, n);

	return mutant("rounds-down") ? left & ~7UL : left;
}

size_t __wrap_port_clear_user(void __user *to, size_t n)
{
	return mutant("says-all") ? 0 : __real_port_clear_user(to, n);
}

int __wrap_port_cmpxchg_user(u32 __user *at, u32 expected, u32 desired, u32 *seen)
{
	int error = __real_port_cmpxchg_user(at, expected, desired, seen);

	if (mutant("always-swaps") && !error && *seen != expected)
		__real_port_copy_to_user(at, &desired, sizeof(desired));
	return mutant("no-fault") && error ? 0 : error;
}

unsigned long __wrap_port_random(void)
{
	return mutant("no-chance") ? 4 : __real_port_random();
}

unsigned __wrap_port_stack_trace(unsigned long *pc, unsigned n)
{
	if (mutant("one-more"))
		pc[n] = 1;
	return __real_port_stack_trace(pc, n);
}
