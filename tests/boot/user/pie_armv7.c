/* SPDX-License-Identifier: MIT */
/*
 * pie_armv7.c - a static program that runs wherever it is put, without a C library: what it points to is found
 * from the program counter, and it checks where the kernel says it lies.  Gives its first argument's first digit
 * back as its exit status.
 */
#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <sys/syscall.h>

extern const char __ehdr_start[] __attribute__((__visibility__("hidden")));
void _start(void);
__attribute__((__used__)) void begin(const uintptr_t *stack);

/* The stack pointer as the kernel left it. */
__asm__(".globl _start\n\t"
	".type _start, %function\n\t"
	".thumb_func\n"
	"_start:\n\t"
	"mov r0, sp\n\t"
	"b begin");

static long call(long nr, long a, long b, long c)
{
	register long r0 __asm__("r0") = a;
	register long r1 __asm__("r1") = b;
	register long r2 __asm__("r2") = c;
	register long r7 __asm__("r7") = nr;

	__asm__ volatile("svc #0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r7) : "memory");
	return r0;
}

static uintptr_t auxval(const uintptr_t *aux, uintptr_t type)
{
	for (; aux[0] != AT_NULL; aux += 2)
		if (aux[0] == type)
			return aux[1];
	return 0;
}

void begin(const uintptr_t *stack)
{
	const char *const *argv = (const char *const *)(stack + 1);
	const ElfW(Ehdr) *head = (const ElfW(Ehdr) *)__ehdr_start;
	const uintptr_t *aux = stack + 1 + stack[0] + 1;
	int good;

	while (*aux++)
		; /* the environment */
	good = auxval(aux, AT_PHDR) == (uintptr_t)head + head->e_phoff &&
	       auxval(aux, AT_PHENT) == sizeof(ElfW(Phdr)) &&
	       auxval(aux, AT_PHNUM) == head->e_phnum &&
	       auxval(aux, AT_ENTRY) == (uintptr_t)head + head->e_entry &&
	       (uintptr_t)head >= 1u << 24 && head->e_type == ET_DYN;
	call(SYS_exit_group, !good ? 100 : stack[0] > 1 ? argv[1][0] - '0' : 0, 0, 0);
}
