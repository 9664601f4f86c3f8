/* SPDX-License-Identifier: MIT */
/* main.c - quire COMMAND ...: picks the sub-command. */
#include "quire.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *help;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "boot", "run a static Linux program on a machine whose memory quire manages", boot_main },
	{ "preload", "run an ordinary program on quire's malloc", preload_main },
	{ "top", "what a process on quire's malloc has, while it runs", top_main },
	{ "replay", "do the calls of a trace again, on this or another malloc", replay_main },
	{ "pte", "what a page-table entry means, in words", pte_main },
};
#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

void die(int status, const char *format, ...)
{
	va_list args;

	console_restore();
	fputs("quire: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(status);
}

static void usage(FILE *to)
{
	fputs("Usage: quire COMMAND [OPTION...]\n\nCommands:\n", to);
	for (size_t i = 0; i < NR_COMMANDS; i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
	fputs("\n'quire COMMAND --help' tells more.\n", to);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return 0;
	}
	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	die(EXIT_USAGE, "no command '%s'; try 'quire --help'", argv[1]);
}
