/* SPDX-License-Identifier: MIT */
/* nullread.c - reads address 0: dies of SIGSEGV. */
int main(void)
{
	return *(volatile int *)0;
}
