/* SPDX-License-Identifier: MIT */
/* stackoverflow.c - recurses until the stack's limit: dies of SIGSEGV. */
static int deeper(volatile char *above);
static int (*volatile again)(volatile char *) = deeper; /* so that no compiler sees the recursion */

static int deeper(volatile char *above)
{
	volatile char frame[1024];

	frame[0] = above ? *above : 0;
	return again(frame) + frame[0];
}

int main(void)
{
	return deeper(0);
}
