/* SPDX-License-Identifier: MIT */
/*
 * pte.c - quire pte --format FORMAT [--level N] ENTRY...: page-table entries in words.
 *
 *   $ quire pte --format armv7 0x8000047e
 *   0x8000047e  small page of 4 KiB at 0x80000000 kernel rwx user rwx ...
 *
 * All that is said comes from the library; here are the arguments and what is wrong with them.
 */
#include "quire.h"

#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <quire/pte.h>
#include <stdlib.h>
#include <string.h>

struct request {
	struct quire_pte_format format;
	bool format_given, level_given;
	unsigned long level;
	char **entry;
	size_t entries;
};

static _Noreturn void unknown_format(const char *name)
{
	char known[512] = "";
	const char *one;

	for (unsigned i = 0; (one = quire_pte_format(i, NULL)); i++) {
		size_t used = strlen(known);

		snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "", one);
	}
	die(EXIT_USAGE, "no format '%s'; there are %s", name, known);
}

static void choose_format(struct request *request, const char *name)
{
	const char *one;

	for (unsigned i = 0; (one = quire_pte_format(i, &request->format)); i++)
		if (strcmp(one, name) == 0) {
			request->format_given = true;
			return;
		}
	unknown_format(name);
}

/* A whole number without a sign, decimal, 0x... or 0...; false: something else. */
static bool read_number(const char *text, uint64_t *value)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoull(text, &end, 0);
	return !*end && errno != ERANGE;
}

static void choose_level(struct request *request, const char *text)
{
	uint64_t level;

	if (!read_number(text, &level) || level > 99)
		die(EXIT_USAGE, "--level takes a number (0 is the root), not '%s'", text);
	request->level = (unsigned long)level;
	request->level_given = true;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case 'f': choose_format(request, arg); return 0;
	case 'l': choose_level(request, arg); return 0;
	case ARGP_KEY_ARGS:
		request->entry = state->argv + state->next;
		request->entries = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_NO_ARGS: argp_error(state, "which entry?"); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ "format", 'f', "FORMAT", 0,
	  "armv7, armv7-soft, aarch64, riscv-sv39, riscv-sv48, riscv-sv57, x86-64, x86-64-5level "
	  "or x86-pae",
	  0 },
	{ "level", 'l', "N", 0, "the entry is from a table of level N, 0 being the root (a page's)",
	  0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static const struct argp parser = {
	options, parse_option, "ENTRY...", "Say in words what page-table entries mean.",
	NULL,    NULL,         NULL,
};

static void check_request(struct request *request)
{
	const struct quire_pte_format *f = &request->format;

	if (!request->format_given)
		die(EXIT_USAGE, "--format says which machine's entries these are; try 'quire pte "
				"--help'");
	if (!request->level_given)
		request->level = f->levels - 1;
	if (request->level >= f->levels)
		die(EXIT_USAGE, "%s has no level %lu; its levels are 0 to %u", f->name,
		    request->level, f->levels - 1);
}

static uint64_t read_entry(const char *text, const struct quire_pte_format *f)
{
	uint64_t entry;

	if (!read_number(text, &entry))
		die(EXIT_USAGE, "'%s' is no entry: a number of at most 64 bits is, such as 0x123",
		    text);
	if (f->entry_bits < 64 && entry >> f->entry_bits)
		die(EXIT_USAGE, "'%s' is wider than the %u bits of an entry of %s", text,
		    f->entry_bits, f->name);
	return entry;
}

int pte_main(int argc, char **argv)
{
	struct request request = { 0 };
	char words[QUIRE_PTE_WORDS];

	argp_parse(&parser, argc, argv, 0, NULL, &request);
	check_request(&request);
	for (size_t i = 0; i < request.entries; i++) /* all are right, or nothing is said */
		read_entry(request.entry[i], &request.format);
	for (size_t i = 0; i < request.entries; i++) {
		uint64_t entry = read_entry(request.entry[i], &request.format);

		quire_pte_explain(request.format.name, (unsigned)request.level, entry, words,
				  sizeof(words));
		printf("0x%0*llx  %s\n", (int)(request.format.entry_bits / 4),
		       (unsigned long long)entry, words);
	}
	return 0;
}
