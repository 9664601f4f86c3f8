/* SPDX-License-Identifier: MIT */
/*
 * replay.c - quire replay FILE: the calls of a trace again, on the malloc of this process.
 *
 *   file -> records of all threads in the order of their calls -> blocks get numbers, addresses go
 *        -> the same calls, in one thread or in as many as there were
 *
 * Which malloc that is decides what is preloaded: --allocator starts the tool once more with a library
 * of that name.  What the tool itself needs is mapped, so that it does not count.
 */
#include "quire.h"
#include "trace_file.h"

#include <argp.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct replay {
	const char *file, *allocator;
	bool threads, touch;
	struct trace_calls calls;
	void **block; /* by number */
	size_t live, peak_live, peak_resident, allocations;
	size_t *size; /* by number, bytes asked for */
};

static struct replay replay = { .touch = true };

/* ---- measures -------------------------------------------------------------------------------- */
/* A line of /proc/self/status, in bytes. */
static size_t status(const char *name)
{
	static char text[8192];
	FILE *f = fopen("/proc/self/status", "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	const char *line;

	text[n] = 0;
	if (f)
		fclose(f);
	line = strstr(text, name);
	return line ? strtoul(line + strlen(name), NULL, 10) << 10 : 0;
}

static size_t resident(void)
{
	return status("VmRSS:");
}

/* The most is counted from now on. */
static void reset_peak(void)
{
	FILE *f = fopen("/proc/self/clear_refs", "w");

	if (!f || fputs("5", f) < 0 || fclose(f))
		die(EXIT_MACHINE, "replay: cannot reset the peak of memory: %s", strerror(errno));
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void count(long bytes)
{
	size_t live = __atomic_add_fetch(&replay.live, (size_t)bytes, __ATOMIC_RELAXED);

	if (live > replay.peak_live)
		replay.peak_live = live;
}

/* ---- calls ----------------------------------------------------------------------------------- */
/* A program writes what it asked for; a byte to each page is enough to make the page. */
static void touch(char *p, size_t size)
{
	if (!replay.touch || !p)
		return;
	for (size_t i = 0; i < size; i += 4096)
		p[i] = 1;
	if (size)
		p[size - 1] = 1;
}

static void *allocate(const struct trace_call *call)
{
	switch (call->kind) {
	case TRACE_CALLOC: return calloc(1, call->size);
	case TRACE_ALIGNED: return memalign((size_t)1 << call->align, call->size);
	default: return malloc(call->size);
	}
}

static void take(const struct trace_call *call)
{
	void *p = allocate(call);

	if (!p)
		die(EXIT_MACHINE, "replay: there is no memory for %zu bytes", call->size);
	touch(p, call->size);
	replay.size[call->block] = call->size;
	count((long)call->size);
	__atomic_store_n(&replay.block[call->block], p, __ATOMIC_RELEASE);
}

static void change(const struct trace_call *call)
{
	void *p = realloc(replay.block[call->old], call->size);

	if (!p && call->size)
		die(EXIT_MACHINE, "replay: there is no memory for %zu bytes", call->size);
	touch(p, call->size);
	count((long)call->size - (long)replay.size[call->old]);
	replay.block[call->old] = NULL;
	replay.size[call->block] = call->size;
	__atomic_store_n(&replay.block[call->block], p, __ATOMIC_RELEASE);
}

static void give(const struct trace_call *call)
{
	void *p = replay.block[call->block];

	count(-(long)replay.size[call->block]);
	replay.block[call->block] = NULL;
	free(p);
}

static void one(const struct trace_call *call)
{
	switch (call->kind) {
	case TRACE_FREE: give(call); break;
	case TRACE_REALLOC: change(call); break;
	default: take(call); break;
	}
}

/* ---- in one thread, or many ------------------------------------------------------------------ */
static void run_alone(void)
{
	for (size_t i = 0; i < replay.calls.nr; i++)
		one(&replay.calls.call[i]);
}

/* Another thread may not have made the block yet, in whose trace it did. */
static void wait_for(unsigned block)
{
	while (!__atomic_load_n(&replay.block[block], __ATOMIC_ACQUIRE))
		sched_yield();
}

static void *run_thread(void *number_of)
{
	unsigned number = (unsigned)(uintptr_t)number_of;

	for (size_t i = 0; i < replay.calls.nr; i++) {
		const struct trace_call *call = &replay.calls.call[i];

		if (call->thread != number)
			continue;
		if (call->kind == TRACE_FREE)
			wait_for(call->block);
		if (call->kind == TRACE_REALLOC)
			wait_for(call->old);
		one(call);
	}
	return NULL;
}

static void run_threads(void)
{
	unsigned n = replay.calls.threads;
	pthread_t *thread = trace_room(n * sizeof(*thread));

	for (unsigned i = 1; i < n; i++)
		if (pthread_create(&thread[i], NULL, run_thread, (void *)(uintptr_t)i))
			die(EXIT_MACHINE, "replay: cannot start thread %u of %u", i, n);
	run_thread(NULL);
	for (unsigned i = 1; i < n; i++)
		pthread_join(thread[i], NULL);
}

/* ---- the command ----------------------------------------------------------------------------- */
static const struct argp_option options[] = {
	{ "allocator", 'a', "LIB", 0,
	  "on the malloc of LIB: quire, glibc, or the name of a library to preload", 0 },
	{ "threads", 'j', NULL, 0, "in as many threads as there were, not in one", 0 },
	{ "no-touch", 'n', NULL, 0, "do not write to the blocks", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'a': replay.allocator = arg; return 0;
	case 'j': replay.threads = true; return 0;
	case 'n': replay.touch = false; return 0;
	case ARGP_KEY_ARG:
		if (replay.file)
			argp_error(state, "one trace at a time");
		replay.file = arg;
		return 0;
	case ARGP_KEY_NO_ARGS: argp_error(state, "which trace?"); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {
	options, parse_option,
	"FILE",  "Do the calls of a trace (quire preload --trace) again, and say what they cost.",
	NULL,    NULL,
	NULL,
};

/* This tool once more, on another malloc. */
static void __attribute__((noreturn)) start_on(char **argv)
{
	const char *library = replay.allocator;

	if (strcmp(library, "quire") == 0)
		library = preload_library(NULL);
	if (setenv("QUIRE_REPLAY_ON", replay.allocator, 1) ||
	    (strcmp(library, "glibc") == 0 ? unsetenv("LD_PRELOAD")
					   : setenv("LD_PRELOAD", library, 1)))
		die(EXIT_MACHINE, "replay: cannot change the environment: %s", strerror(errno));
	argv[0] = "replay";
	trace_exec_self(argv);
}

static void report(double wall, double cpu, size_t before, size_t after)
{
	size_t used = replay.peak_resident > before ? replay.peak_resident - before : 0;

	printf("calls        %zu in %u thread%s, %zu blocks\n", replay.calls.nr,
	       replay.threads ? replay.calls.threads : 1,
	       replay.threads && replay.calls.threads > 1 ? "s" : "", replay.calls.blocks);
	printf("time         %.3f s, CPU %.3f s, %.1f ns a call\n", wall, cpu,
	       replay.calls.nr ? cpu * 1e9 / (double)replay.calls.nr : 0);
	printf("live         %zu KiB at most, %zu KiB at the end\n", replay.peak_live >> 10,
	       replay.live >> 10);
	printf("resident     %zu KiB at most, %zu KiB at the end\n", used >> 10,
	       (after > before ? after - before : 0) >> 10);
	if (replay.peak_live)
		printf("overhead     %.2f bytes resident for each live one, at most\n",
		       (double)used / (double)replay.peak_live);
}

int replay_main(int argc, char **argv)
{
	double wall, cpu;
	size_t before, after;

	argp_parse(&parser, argc, argv, 0, NULL, &replay);
	if (replay.allocator && !getenv("QUIRE_REPLAY_ON"))
		start_on(argv);
	trace_read(replay.file, &replay.calls);
	replay.block = trace_room(replay.calls.blocks * sizeof(void *));
	replay.size = trace_room(replay.calls.blocks * sizeof(size_t));
	memset(replay.block, 0, replay.calls.blocks * sizeof(void *));
	memset(replay.size, 0, replay.calls.blocks * sizeof(size_t));
	reset_peak();
	before = resident();
	wall = seconds(CLOCK_MONOTONIC);
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	if (replay.threads)
		run_threads();
	else
		run_alone();
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	after = resident();
	replay.peak_resident = status("VmHWM:");
	report(wall, cpu, before, after);
	return 0;
}
