/* SPDX-License-Identifier: MIT */
/*
 * options.c - QUIRE_MALLOC=word,word=value,...
 *
 * Read once, before anything is allocated: no libc call that might allocate, and when the loader
 * itself allocates there is no environ yet, so the environment is read from the kernel.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>
#include <quire/printk.h>
#include "qmalloc.h"

struct malloc_options malloc_options;

static const char help[] =
	"QUIRE_MALLOC is a list of these words, with commas between them:\n"
	"  debug          debug=FZPU\n"
	"  debug=LETTERS  F check frees, Z red zones, P poison, U remember who allocated and "
	"freed\n"
	"  guard=N        one allocation in N gets pages of its own, with a guard page behind it\n"
	"  trace=FILE     record every call in FILE (%p in it: the process's number)\n"
	"  report         say on standard error at exit what was used\n"
	"  go-on          damage is reported, but does not end the process\n"
	"  no-thread      free memory goes back only by malloc_trim()\n"
	"  help           this\n";

static void __attribute__((__noreturn__)) refuse(const char *word, size_t len)
{
	printk("quire-malloc: QUIRE_MALLOC has a word that makes no sense: '%.*s'\n%s", (int)len,
	       word, help);
	_exit(2);
}

static void read_debug(const char *letters, size_t len, const char *word, size_t word_len)
{
	static const struct {
		char letter;
		slab_flags_t flag;
	} flags[] = { { 'F', SLAB_CONSISTENCY_CHECKS },
		      { 'Z', SLAB_RED_ZONE },
		      { 'P', SLAB_POISON },
		      { 'U', SLAB_STORE_USER } };

	if (!len)
		refuse(word, word_len);
	for (size_t i = 0; i < len; i++) {
		unsigned k = 0;

		while (k < ARRAY_SIZE(flags) && flags[k].letter != letters[i])
			k++;
		if (k == ARRAY_SIZE(flags))
			refuse(word, word_len);
		malloc_options.debug |= flags[k].flag;
	}
}

static unsigned read_number(const char *text, size_t len, const char *word, size_t word_len)
{
	unsigned n = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || n > 100000000)
			refuse(word, word_len);
		n = n * 10 + (unsigned)(text[i] - '0');
	}
	if (!n)
		refuse(word, word_len);
	return n;
}

static bool is(const char *word, size_t len, const char *name)
{
	return len == strlen(name) && !memcmp(word, name, len);
}

/* What follows "name=" in the word, or NULL. */
static const char *value_of(const char *word, size_t len, const char *name)
{
	size_t n = strlen(name);

	return len > n && !memcmp(word, name, n) && word[n] == '=' ? word + n + 1 : NULL;
}

static void read_trace(const char *name, size_t len, const char *word, size_t word_len)
{
	if (!len || len >= sizeof(malloc_options.trace_file))
		refuse(word, word_len);
	memcpy(malloc_options.trace_file, name, len);
	malloc_options.trace = true;
}

static void read_word(const char *word, size_t len)
{
	const char *value, *end = word + len;

	if (is(word, len, "debug"))
		read_debug("FZPU", 4, word, len);
	else if ((value = value_of(word, len, "debug")))
		read_debug(value, (size_t)(end - value), word, len);
	else if ((value = value_of(word, len, "guard")))
		malloc_options.guard = read_number(value, (size_t)(end - value), word, len);
	else if ((value = value_of(word, len, "trace")))
		read_trace(value, (size_t)(end - value), word, len);
	else if (is(word, len, "report"))
		malloc_options.report = true;
	else if (is(word, len, "go-on"))
		malloc_options.go_on = true;
	else if (is(word, len, "no-thread"))
		malloc_options.no_thread = true;
	else if (is(word, len, "help"))
		printk("%s", help);
	else if (len)
		refuse(word, len);
}

static void read_words(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, ",");

		read_word(text, len);
		text += len + (text[len] == ',');
	}
}

/* Copy the value of QUIRE_MALLOC from /proc/self/environ; false: it is not there. */
static bool from_kernel(char *value, size_t size)
{
	static const char name[] = "QUIRE_MALLOC=";
	size_t at = 0, match = 0;
	char chunk[512];
	ssize_t n;
	int fd = open("/proc/self/environ", O_RDONLY | O_CLOEXEC);
	bool in = false, skip = false;

	if (fd < 0)
		return false;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (in && (!chunk[i] || at + 1 >= size))
				goto out;
			if (in)
				value[at++] = chunk[i];
			else if (!chunk[i])
				match = 0, skip = false;
			else if (!skip && chunk[i] == name[match])
				in = !name[++match];
			else
				skip = true;
		}
	}
out:
	close(fd);
	value[at] = 0;
	return in;
}

/* Many programs close standard error before we have our say. */
static void keep_stderr(void)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 200);

	if (fd >= 0)
		preload_log_fd = fd;
}

void options_read(void)
{
	char text[512];
	const char *value = NULL;

	if (getauxval(AT_SECURE))
		return; /* not for whoever started us to decide */
	if (environ)
		value = getenv("QUIRE_MALLOC");
	else if (from_kernel(text, sizeof(text)))
		value = text;
	if (value)
		read_words(value);
	malloc_options.slow = malloc_options.debug || malloc_options.guard || malloc_options.trace;
	if (malloc_options.report)
		keep_stderr();
	preload_abort = !malloc_options.go_on && !malloc_options.debug;
}

/* A file that is not one for each process is the first one's: those that it starts record nothing. */
__attribute__((__constructor__(102))) static void keep_trace(void)
{
	char *value, *word;

	malloc_ready(); /* now that the options are to be had */
	value = malloc_options.trace && !strstr(malloc_options.trace_file, "%p")
			? getenv("QUIRE_MALLOC")
			: NULL;
	word = value ? strstr(value, "trace=") : NULL;
	if (word)
		memset(word, ',', strcspn(word, ","));
}
