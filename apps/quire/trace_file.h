/* SPDX-License-Identifier: MIT */
/* trace_file.h - a trace of allocation, read (docs/trace.md).  What is wrong with it ends the tool. */
#ifndef QUIRE_TOOL_TRACE_FILE_H
#define QUIRE_TOOL_TRACE_FILE_H

#include <stddef.h>
#include <stdint.h>

enum trace_kind { TRACE_MALLOC, TRACE_CALLOC, TRACE_ALIGNED, TRACE_FREE, TRACE_REALLOC };

struct trace_call {
	uint64_t number; /* of the call, in the order of all threads                    */
	size_t size;     /* bytes asked for                                             */
	uint64_t address, old_address;
	uint32_t block, old; /* numbers of blocks; old: of TRACE_REALLOC                    */
	uint32_t thread;
	uint8_t kind, align; /* align: log2                                                 */
};

struct trace_calls {
	struct trace_call *call; /* by number                                               */
	size_t nr, blocks;
	uint32_t threads;
};

/* All of the file, sorted by number.  Frees of blocks that it does not have are left out. */
void trace_read(const char *path, struct trace_calls *calls);
/* Zero bytes that malloc knows nothing of. */
void *trace_room(size_t size);
/* Start this tool again with these arguments. */
void trace_exec_self(char **argv) __attribute__((__noreturn__));

#endif
