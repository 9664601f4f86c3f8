/* SPDX-License-Identifier: MIT */
/*
 * quire.h - what the parts of the command-line tool share.
 *
 *   main.c     picks the sub-command        program.c   is this file something the machine can run?
 *   boot.c     quire boot                   cpio.c      writes the initramfs
 *   preload.c  quire preload                replay.c, trace_file.c   quire replay
 *   top.c      quire top                  pte.c      quire pte
 *   console.c  the terminal, and the line that carries the exit status
 */
#ifndef QUIRE_TOOL_H
#define QUIRE_TOOL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Exit statuses of the tool's own, as a shell has them; all others are the program's. */
enum {
	EXIT_MACHINE = 125, /* the machine did not start, or stopped without a status */
	EXIT_USAGE = 2,
};

/* "quire: ..." on standard error, then exit with the status. */
_Noreturn void die(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

int boot_main(int argc, char **argv);
int preload_main(int argc, char **argv);
int pte_main(int argc, char **argv);
int replay_main(int argc, char **argv);
int top_main(int argc, char **argv);

/* libquire-malloc.so: as given, or where it should be; none ends the tool. */
const char *preload_library(const char *given);

/* Why the machine cannot run the file, in words, or NULL when it can. */
const char *program_why_not(const char *path);

/* A cpio archive (newc): begin, entries, end.  Errors end the tool. */
struct cpio {
	FILE *out;
	const char *path; /* for messages */
	unsigned next_inode;
};
void cpio_dir(struct cpio *archive, const char *name, mode_t mode);
void cpio_file(struct cpio *archive, const char *name, mode_t mode, const char *from);
void cpio_text(struct cpio *archive, const char *name, const char *text);
void cpio_end(struct cpio *archive);

/*
 * Copy what the machine prints from `from` to standard output until it ends.  A line "quire: init
 * exited with status N" is for us: it is not shown, and N is returned; -1 when there was none.
 */
int console_copy(int from, bool *said_anything);
/* The terminal gives every key to the machine until console_restore(); nothing happens without a
 * terminal. */
void console_raw(void);
void console_restore(void);

#endif
