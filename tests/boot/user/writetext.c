/* SPDX-License-Identifier: MIT */
/* writetext.c - writes into its own program text: dies of SIGSEGV. */
#include <stdint.h>

int main(void)
{
	*(volatile char *)(uintptr_t)main = 0;
	return 0;
}
