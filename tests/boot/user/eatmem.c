/* SPDX-License-Identifier: MIT */
/*
 * eatmem.c - takes memory and touches it until it is killed or refused.
 *
 *   eatmem [MiB]     stop after so many (exit 0); without a number never stop
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
	unsigned long limit = argc > 1 ? strtoul(argv[1], 0, 10) : ~0ul;

	for (unsigned long mib = 0; mib < limit; mib++) {
		char *p = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);

		if (p == MAP_FAILED)
			return 3;
		memset(p, 1 + (int)(mib & 127), 1 << 20);
	}
	return 0;
}
