/* SPDX-License-Identifier: MIT */
/*
 * trace.c - the recorder: a buffer per thread, written out in whole chunks.
 *
 *   call -> record in this thread's buffer --full, thread ends, exit--> a chunk of the file
 *
 * Records carry the number of the call among all of the process, so that a reader can put the
 * threads' chunks back into one order.
 *
 * Always true:  a chunk is written in one piece and holds whole records.
 * Lock:         each buffer's own (its thread, and whoever writes all of them out), then write_lock;
 *               list_lock for the list of buffers.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <quire/lock.h>
#include <quire/printk.h>
#include "qmalloc.h"
#include "trace.h"

#define BUFFER_SIZE (64u << 10)
#define RECORD_MOST 48u /* bytes of one record                                        */
#define HEAD_MOST   40u /* bytes of a chunk's head, which is written before the records   */

enum { OP_MALLOC, OP_CALLOC, OP_ALIGNED, OP_FREE, OP_REALLOC };

struct buffer {
	u32 lock;
	u32 thread;          /* number of the thread, from 0 in order of first calls         */
	size_t used;         /* bytes of records                                          */
	u64 call;            /* number of the call that was recorded last                  */
	u64 first_call;      /* number that the first record counts from                    */
	u64 address;         /* of the block of the last record                             */
	bool idle;           /* its thread has ended                                       */
	struct buffer *next; /* (list_lock)                                              */
	u8 at[BUFFER_SIZE];
};

static struct {
	int fd;
	u32 list_lock, write_lock;
	u32 threads;
	u64 calls;
	struct buffer *all;
	bool over; /* nothing is recorded any more */
} trace = { .fd = -1 };

static __thread struct buffer *mine __attribute__((__tls_model__("initial-exec")));

/* ---- writing out ----------------------------------------------------------------------------- */
static u8 *put_number(u8 *at, u64 n)
{
	for (; n > 127; n >>= 7)
		*at++ = (u8)(n | 128);
	*at++ = (u8)n;
	return at;
}

static u64 zigzag(s64 n)
{
	return (u64)n << 1 ^ (u64)(n >> 63);
}

static void write_whole(const void *from, size_t n)
{
	while (n && trace.fd >= 0) {
		ssize_t done = write(trace.fd, from, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			printk("quire-malloc: the trace ends here: it cannot be written\n");
			trace.over = true;
			return;
		}
		from = (const char *)from + done;
		n -= (size_t)done;
	}
}

/* Its lock is held. */
static void flush(struct buffer *buffer)
{
	u8 chunk[HEAD_MOST], *end = chunk;
	struct timespec now;

	if (!buffer->used)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	*end++ = 'C';
	end = put_number(end, buffer->thread);
	end = put_number(end, (u64)now.tv_sec * 1000000 + (u64)now.tv_nsec / 1000);
	end = put_number(end, buffer->first_call);
	end = put_number(end, buffer->used);
	raw_lock(&trace.write_lock);
	write_whole(chunk, (size_t)(end - chunk));
	write_whole(buffer->at, buffer->used);
	raw_unlock(&trace.write_lock);
	buffer->used = 0;
	buffer->address = 0;
	buffer->first_call = buffer->call;
}

static void open_file(void)
{
	static const char head[] = "quire-trace 1\n";
	char name[sizeof(malloc_options.trace_file) + 16];
	const char *from = malloc_options.trace_file, *pid = strstr(from, "%p");

	if (pid)
		quire_snprintf(name, sizeof(name), "%.*s%d%s", (int)(pid - from), from,
			       (int)getpid(), pid + 2);
	else
		quire_snprintf(name, sizeof(name), "%s", from);
	trace.fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
	if (trace.fd < 0) {
		printk("quire-malloc: the trace cannot be written to %s: error %d\n", name, errno);
		trace.over = true;
		return;
	}
	write_whole(head, sizeof(head) - 1);
}

/* ---- a thread's buffer ----------------------------------------------------------------------- */
static struct buffer *reuse(void)
{
	struct buffer *buffer = trace.all;

	while (buffer && !buffer->idle)
		buffer = buffer->next;
	return buffer;
}

static struct buffer *new_buffer(void)
{
	struct buffer *buffer;

	raw_lock(&trace.list_lock);
	if (trace.fd < 0 && !trace.over)
		open_file();
	buffer = reuse();
	if (!buffer && !trace.over) {
		buffer = mmap(NULL, sizeof(*buffer), PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (buffer == MAP_FAILED)
			buffer = NULL;
	}
	if (buffer && !buffer->idle) {
		buffer->next = trace.all;
		trace.all = buffer;
	}
	if (buffer) {
		buffer->idle = false;
		buffer->thread = trace.threads++;
	}
	raw_unlock(&trace.list_lock);
	return buffer;
}

/* Room for one more record, which begins with its kind; NULL: nothing is recorded. */
static u8 *begin(unsigned op, struct buffer **of)
{
	u64 call;
	u8 *at;

	if (!mine && !trace.over)
		mine = new_buffer();
	if (!mine || trace.over)
		return NULL;
	raw_lock(&mine->lock);
	if (mine->used + RECORD_MOST > BUFFER_SIZE)
		flush(mine);
	call = __atomic_add_fetch(&trace.calls, 1, __ATOMIC_RELAXED);
	at = mine->at + mine->used;
	/* The kind in the lower three bits; above them how many calls there were since, 31: a number
	 * follows. */
	if (call - mine->call < 31) {
		*at++ = (u8)(op | (call - mine->call) << 3);
	} else {
		*at++ = (u8)(op | 31 << 3);
		at = put_number(at, call - mine->call);
	}
	mine->call = call;
	*of = mine;
	return at;
}

static void end_record(struct buffer *buffer, const u8 *at)
{
	buffer->used = (size_t)(at - buffer->at);
	raw_unlock(&buffer->lock);
}

static u8 *put_address(struct buffer *buffer, u8 *at, const void *p)
{
	u64 address = (unsigned long)p >> 3;

	at = put_number(at, zigzag((s64)(address - buffer->address)));
	buffer->address = address;
	return at;
}

/* ---- records --------------------------------------------------------------------------------- */
void trace_alloc(const void *p, size_t size, size_t align, bool zero)
{
	unsigned op = align > MIN_ALIGN ? OP_ALIGNED : zero ? OP_CALLOC : OP_MALLOC;
	int saved = errno;
	struct buffer *buffer;
	u8 *at = p ? begin(op, &buffer) : NULL;

	if (at) {
		at = put_address(buffer, at, p);
		at = put_number(at, size);
		if (op == OP_ALIGNED)
			at = put_number(at, (u64)__builtin_ctzl(align));
		end_record(buffer, at);
	}
	errno = saved;
}

void trace_free(const void *p)
{
	int saved = errno;
	struct buffer *buffer;
	u8 *at = begin(OP_FREE, &buffer);

	if (at)
		end_record(buffer, put_address(buffer, at, p));
	errno = saved;
}

void trace_realloc(const void *from, const void *to, size_t size)
{
	int saved = errno;
	struct buffer *buffer;
	u8 *at = begin(OP_REALLOC, &buffer);

	if (at) {
		at = put_address(buffer, at, from);
		at = put_address(buffer, at, to);
		end_record(buffer, put_number(at, size));
	}
	errno = saved;
}

/* ---- ends ------------------------------------------------------------------------------------ */
void trace_thread_ends(void)
{
	struct buffer *buffer = mine;

	if (!buffer)
		return;
	mine = NULL;
	raw_lock(&buffer->lock);
	flush(buffer);
	raw_unlock(&buffer->lock);
	raw_lock(&trace.list_lock);
	buffer->idle = true;
	raw_unlock(&trace.list_lock);
}

/* The list only grows, and what is on it stays. */
static struct buffer *first_buffer(void)
{
	struct buffer *buffer;

	raw_lock(&trace.list_lock);
	buffer = trace.all;
	raw_unlock(&trace.list_lock);
	return buffer;
}

__attribute__((__destructor__(101))) static void trace_ends(void)
{
	if (!malloc_options.trace)
		return;
	for (struct buffer *buffer = first_buffer(); buffer; buffer = buffer->next) {
		raw_lock(&buffer->lock);
		flush(buffer);
		raw_unlock(&buffer->lock);
	}
	trace.over = true;
}

void trace_thaw(bool child)
{
	if (!child)
		return;
	/* What the others recorded is the parent's to write. */
	trace.over = true;
	trace.all = NULL;
	mine = NULL;
}
