/* SPDX-License-Identifier: MIT */
/* late.c - a library for dlopen(): it allocates as it is loaded, when it is asked, and as it goes. */
#include <stdlib.h>
#include <string.h>

static char *mine;
static __thread char *threads_own;

__attribute__((constructor)) static void come(void)
{
	mine = calloc(1, 5000);
}

__attribute__((destructor)) static void go(void)
{
	free(mine);
	free(threads_own);
}

void *late_make(size_t size);
void *late_make(size_t size)
{
	free(threads_own);
	threads_own = malloc(10);
	memset(mine, 1, 5000);
	return malloc(size);
}
