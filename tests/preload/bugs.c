/* SPDX-License-Identifier: MIT */
/*
 * bugs.c BUG - a program with a bug in how it uses its memory.  It must not come to its end: exit
 * status 0 says that nobody noticed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *volatile hidden;

static char *make(size_t size)
{
	hidden = malloc(size);
	return hidden;
}

static void double_free(void)
{
	char *p = make(100);

	free(p);
	free(hidden);
}

static void double_free_later(void)
{
	char *p = make(100), *q = make(100);

	hidden = p;
	free(p);
	free(q);
	free(hidden);
}

static void double_free_large(void)
{
	char *p = make(100000);

	free(p);
	free(hidden);
}

static void inside(void)
{
	hidden = make(100) + 16;
	free(hidden);
}

static void inside_large(void)
{
	hidden = make(100000) + 4096;
	free(hidden);
}

static void stack(void)
{
	char place[64];

	hidden = place + 16;
	free(hidden);
}

static void wild_realloc(void)
{
	hidden = make(100000) + 8192;
	hidden = realloc(hidden, 10);
}

static void overrun(void)
{
	char *p = make(100);

	p[100] = 1;
	free(p);
}

static void overrun_large(void)
{
	char *p = make(100000);

	p[100001] = 1;
	free(p);
}

static void after_free(void)
{
	char *p = make(100);

	free(p);
	((char *)hidden)[50] = 1;
	for (int i = 0; i < 1000; i++)
		hidden = make(100);
}

static void guard_overrun(void)
{
	/* Reads: what a write would damage in the nine out of ten that are not guarded is malloc's. */
	for (int i = 0; i < 100; i++) {
		hidden = make(112);
		(void)((volatile char *)hidden)[112];
	}
}

static void guard_after_free(void)
{
	for (int i = 0; i < 100; i++) {
		free(make(100));
		((volatile char *)hidden)[0] = 1;
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} bugs[] = {
	{ "double-free", double_free },
	{ "double-free-later", double_free_later },
	{ "double-free-large", double_free_large },
	{ "inside", inside },
	{ "inside-large", inside_large },
	{ "stack", stack },
	{ "wild-realloc", wild_realloc },
	{ "overrun", overrun },
	{ "overrun-large", overrun_large },
	{ "after-free", after_free },
	{ "guard-overrun", guard_overrun },
	{ "guard-after-free", guard_after_free },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(bugs) / sizeof(bugs[0]); i++)
		if (argc > 1 && !strcmp(argv[1], bugs[i].name)) {
			bugs[i].run();
			return 0;
		}
	fprintf(stderr, "bugs: which bug?\n");
	return 2;
}
