/* SPDX-License-Identifier: MIT */
/*
 * preload.c - quire preload PROG ARGS: PROG as it is, on quire's malloc.
 *
 *   LD_PRELOAD=libquire-malloc.so  QUIRE_MALLOC=what the options say  exec PROG
 */
#include "quire.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct preload {
	const char *library;
	char words[PATH_MAX + 256]; /* for QUIRE_MALLOC */
	char **program;             /* its name and arguments, NULL-terminated */
};

static void add_word(struct preload *preload, const char *word, const char *value)
{
	size_t used = strlen(preload->words), room = sizeof(preload->words) - used;
	int n = snprintf(preload->words + used, room, "%s%s%s%s", used ? "," : "", word,
			 value ? "=" : "", value ? value : "");

	if (n < 0 || (size_t)n >= room)
		die(EXIT_USAGE, "the options are too long");
}

/* What the library would complain about in the middle of nowhere is said here. */
static void check_debug(const char *letters)
{
	if (!*letters || letters[strspn(letters, "FZPU")])
		die(EXIT_USAGE, "--debug takes some of the letters F, Z, P and U, not '%s'",
		    letters);
}

static void check_guard(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || *text == '-' || !n || n > 100000000)
		die(EXIT_USAGE, "--guard takes a number from 1 on, not '%s'", text);
}

/* PROG may change its directory before it allocates. */
static void add_trace(struct preload *preload, const char *name)
{
	char path[PATH_MAX], here[PATH_MAX];
	int n;

	if (!*name || strchr(name, ','))
		die(EXIT_USAGE, "--trace takes the name of a file without commas, not '%s'", name);
	if (*name == '/') {
		add_word(preload, "trace", name);
		return;
	}
	if (!getcwd(here, sizeof(here)))
		die(EXIT_MACHINE, "where are we? %s", strerror(errno));
	n = snprintf(path, sizeof(path), "%s/%s", here, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		die(EXIT_USAGE, "--trace: the name is too long");
	add_word(preload, "trace", path);
}

enum { KEY_REPORT = 'r', KEY_GO_ON = 1000, KEY_NO_THREAD };

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct preload *preload = state->input;

	switch (key) {
	case 'd':
		if (arg)
			check_debug(arg);
		add_word(preload, "debug", arg);
		return 0;
	case 'g':
		check_guard(arg);
		add_word(preload, "guard", arg);
		return 0;
	case 't': add_trace(preload, arg); return 0;
	case KEY_REPORT: add_word(preload, "report", NULL); return 0;
	case KEY_GO_ON: add_word(preload, "go-on", NULL); return 0;
	case KEY_NO_THREAD: add_word(preload, "no-thread", NULL); return 0;
	case 'l': preload->library = arg; return 0;
	case ARGP_KEY_ARG:
		/* The first word that is no option is PROG; all after it is PROG's. */
		preload->program = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS: argp_error(state, "which program?"); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ "debug", 'd', "LETTERS", OPTION_ARG_OPTIONAL,
	  "check frees (F), red zones (Z), poison (P), remember callers (U); all of them", 0 },
	{ "guard", 'g', "N", 0, "one allocation in N gets a guard page behind it", 0 },
	{ "trace", 't', "FILE", 0, "record every call in FILE; %p in it is the process's number",
	  0 },
	{ "report", KEY_REPORT, NULL, 0, "say at exit what was used", 0 },
	{ "go-on", KEY_GO_ON, NULL, 0, "damaged memory is reported and does not end PROG", 0 },
	{ "no-thread", KEY_NO_THREAD, NULL, 0,
	  "no thread that gives free memory back; malloc_trim() does", 0 },
	{ "library", 'l', "FILE", 0, "the library ($QUIRE_MALLOC_LIBRARY, else what was built)",
	  0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static const struct argp parser = {
	options,
	parse_option,
	"PROG [ARG...]",
	"Run PROG, an ordinary dynamically linked program, with its malloc from quire's frames and "
	"heap.",
	NULL,
	NULL,
	NULL,
};

const char *preload_library(const char *given)
{
	const char *const places[] = { given, getenv("QUIRE_MALLOC_LIBRARY"), QUIRE_DEFAULT_MALLOC,
				       QUIRE_INSTALLED_MALLOC };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (!places[i])
			continue;
		if (access(places[i], R_OK) == 0)
			return places[i];
		if (i < 2)
			die(EXIT_MACHINE, "cannot read the library %s: %s", places[i],
			    strerror(errno));
	}
	die(EXIT_MACHINE, "there is no libquire-malloc.so; 'make tool' builds one, --library names "
			  "one");
}

static void set(const char *name, const char *value)
{
	if (setenv(name, value, 1))
		die(EXIT_MACHINE, "cannot set %s: %s", name, strerror(errno));
}

/* Before what is preloaded already: the first one's malloc counts. */
static void set_preload(const char *library)
{
	const char *before = getenv("LD_PRELOAD");
	char *full = realpath(library, NULL), *both;

	if (!full)
		die(EXIT_MACHINE, "cannot find %s: %s", library, strerror(errno));
	if (strpbrk(full, " :"))
		die(EXIT_MACHINE, "the loader cannot preload %s: there is a space or a colon in it",
		    full);
	if (asprintf(&both, "%s%s%s", full, before && *before ? ":" : "", before ? before : "") < 0)
		die(EXIT_MACHINE, "no memory");
	set("LD_PRELOAD", both);
	free(both);
	free(full);
}

int preload_main(int argc, char **argv)
{
	static struct preload preload;

	argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &preload);
	set_preload(preload_library(preload.library));
	if (*preload.words)
		set("QUIRE_MALLOC", preload.words);
	execvp(preload.program[0], preload.program);
	die(errno == ENOENT ? 127 : 126, "cannot run %s: %s", preload.program[0], strerror(errno));
}
