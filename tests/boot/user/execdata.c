/* SPDX-License-Identifier: MIT */
/* execdata.c - jumps into its own data: dies of SIGSEGV, for data is not executable. */
#include "cpu.h"

static cpu_code_t code[] = { CPU_RETURN };

int main(void)
{
	((void (*)(void))(uintptr_t)code)();
	return 0;
}
