/* SPDX-License-Identifier: MIT */
/* hello.c - says hello, and gives its first argument back as its exit status. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	printf("hello from a static program, %d argument%s\n", argc - 1, argc == 2 ? "" : "s");
	return argc > 1 ? atoi(argv[1]) : 0;
}
