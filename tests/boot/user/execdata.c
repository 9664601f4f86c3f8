/* SPDX-License-Identifier: MIT */
/* execdata.c - jumps into its own data: dies of SIGSEGV, for data is not executable. */
#include <stdint.h>

static unsigned char code[] = { 0xc3 };

int main(void)
{
	((void (*)(void))(uintptr_t)code)();
	return 0;
}
