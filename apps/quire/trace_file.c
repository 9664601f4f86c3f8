/* SPDX-License-Identifier: MIT */
/*
 * trace_file.c - from the bytes of a trace to calls in order, with numbers for blocks.
 *
 * The file is somebody else's: every number is checked before it is used.
 */
#include "quire.h"
#include "trace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_THREADS 100000u

/* What is left to read. */
struct reader {
	const char *path;
	const uint8_t *start, *at, *end;
};

static void __attribute__((noreturn)) wrong(const struct reader *r, const char *what)
{
	die(EXIT_USAGE, "%s is no trace: %s, at byte %td", r->path, what, r->at - r->start);
}

static uint64_t number(struct reader *r)
{
	uint64_t n = 0;

	for (unsigned shift = 0; r->at < r->end; shift += 7) {
		uint8_t byte = *r->at++;

		if (shift > 63)
			wrong(r, "a number has no end");
		n |= (uint64_t)(byte & 127) << shift;
		if (!(byte & 128))
			return n;
	}
	wrong(r, "it ends inside a number");
}

static uint64_t address(struct reader *r, uint64_t *last)
{
	uint64_t n = number(r);

	*last += n >> 1 ^ -(n & 1);
	return *last;
}

void *trace_room(size_t size)
{
	void *p = mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	if (p == MAP_FAILED)
		die(EXIT_MACHINE, "no memory for %zu bytes", size);
	return p;
}

void trace_exec_self(char **argv)
{
	char **all = trace_room(64 * sizeof(*all));
	size_t n = 1;

	all[0] = "quire";
	for (; *argv && n < 63; argv++)
		all[n++] = *argv;
	execv("/proc/self/exe", all);
	die(EXIT_MACHINE, "cannot start again: %s", strerror(errno));
}

/* ---- records --------------------------------------------------------------------------------- */
static void read_record(struct reader *r, struct trace_call *call, uint64_t *last_call,
			uint64_t *last_address)
{
	uint8_t head = *r->at++;

	*last_call += head >> 3 == 31 ? number(r) : head >> 3;
	*call = (struct trace_call){ .number = *last_call, .kind = head & 7 };
	if (call->kind > TRACE_REALLOC)
		wrong(r, "there is no such kind of record");
	if (call->kind == TRACE_REALLOC)
		call->old_address = address(r, last_address);
	call->address = address(r, last_address);
	if (call->kind != TRACE_FREE)
		call->size = number(r);
	if (call->kind == TRACE_ALIGNED) {
		uint64_t align = number(r);

		if (align > 62)
			wrong(r, "there is no such alignment");
		call->align = (uint8_t)align;
	}
}

static void read_chunk(struct reader *r, struct trace_calls *calls)
{
	uint64_t thread, last_call, bytes, last_address = 0;
	struct reader records = *r;

	if (*r->at++ != 'C')
		wrong(r, "no chunk begins here");
	thread = number(r);
	(void)number(r); /* when it was written */
	last_call = number(r);
	bytes = number(r);
	if (thread >= MOST_THREADS)
		wrong(r, "there are too many threads");
	if (bytes > (uint64_t)(r->end - r->at))
		wrong(r, "it ends inside a chunk");
	records.at = r->at;
	records.end = r->at + bytes;
	while (records.at < records.end) {
		struct trace_call *call = &calls->call[calls->nr++];

		read_record(&records, call, &last_call, &last_address);
		call->thread = (uint32_t)thread;
	}
	if (thread >= calls->threads)
		calls->threads = (uint32_t)thread + 1;
	r->at = records.end;
}

/* ---- blocks ---------------------------------------------------------------------------------- */
static int by_number(const void *a, const void *b)
{
	const struct trace_call *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* A table from addresses in use to the numbers of blocks: open addressing, entries are never taken
 * out, only emptied. */
struct blocks {
	uint64_t *address;
	uint32_t *block; /* + 1; 0: none, though the address was seen */
	size_t mask;
};

static uint32_t *entry(struct blocks *table, uint64_t of)
{
	size_t i = of * 0x9e3779b97f4a7c15u >> 20 & table->mask;

	while (table->address[i] && table->address[i] != of)
		i = (i + 1) & table->mask;
	table->address[i] = of;
	return &table->block[i];
}

static struct blocks make_table(size_t calls)
{
	struct blocks table = { .mask = 1023 };

	while (table.mask < calls * 4)
		table.mask = table.mask * 2 + 1;
	table.address = trace_room((table.mask + 1) * sizeof(uint64_t));
	table.block = trace_room((table.mask + 1) * sizeof(uint32_t));
	return table;
}

/* False: it frees what the trace does not have, from before its beginning. */
static bool number_block(struct trace_calls *calls, struct blocks *table, struct trace_call *call)
{
	uint32_t *old;

	if (call->kind == TRACE_FREE || call->kind == TRACE_REALLOC) {
		old = entry(table, call->kind == TRACE_FREE ? call->address : call->old_address);
		if (!*old && call->kind == TRACE_FREE)
			return false;
		if (!*old)
			call->kind = TRACE_MALLOC;
		else
			call->block = call->old = *old - 1;
		*old = 0;
	}
	if (call->kind != TRACE_FREE) {
		call->block = (uint32_t)calls->blocks++;
		*entry(table, call->address) = call->block + 1;
	}
	return true;
}

static void number_blocks(struct trace_calls *calls)
{
	struct blocks table = make_table(calls->nr);
	size_t kept = 0;

	for (size_t i = 0; i < calls->nr; i++)
		if (number_block(calls, &table, &calls->call[i]))
			calls->call[kept++] = calls->call[i];
	calls->nr = kept;
	munmap(table.address, (table.mask + 1) * sizeof(uint64_t));
	munmap(table.block, (table.mask + 1) * sizeof(uint32_t));
}

static struct reader open_trace(const char *path)
{
	static const char head[] = "quire-trace 1\n";
	struct reader r = { .path = path };
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		die(EXIT_USAGE, "cannot read %s: %s", path, strerror(errno));
	if (st.st_size < (off_t)sizeof(head) - 1)
		die(EXIT_USAGE, "%s is no trace: it is too short", path);
	r.start = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (r.start == MAP_FAILED)
		die(EXIT_USAGE, "cannot read %s: %s", path, strerror(errno));
	close(fd);
	r.at = r.start;
	r.end = r.start + st.st_size;
	if (memcmp(r.at, head, sizeof(head) - 1) != 0)
		wrong(&r, "it does not begin as one");
	r.at += sizeof(head) - 1;
	return r;
}

void trace_read(const char *path, struct trace_calls *calls)
{
	struct reader r = open_trace(path);

	/* A record has two bytes at least. */
	calls->call = trace_room(((size_t)(r.end - r.start) / 2 + 1) * sizeof(*calls->call));
	while (r.at < r.end)
		read_chunk(&r, calls);
	munmap((void *)r.start, (size_t)(r.end - r.start));
	qsort(calls->call, calls->nr, sizeof(*calls->call), by_number);
	number_blocks(calls);
}
