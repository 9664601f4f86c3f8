/* SPDX-License-Identifier: MIT */
/* fs/proc.h - the tables that make up /proc: proc.c walks them, proc_files.c and proc_pid.c fill
 * them. */
#ifndef KERNEL_PROC_H
#define KERNEL_PROC_H

#include "fs.h"

/* One name.  Exactly one of show, children, link or number is set. */
struct proc_entry {
	const char *name;
	u32 mode;
	/* The text of the file; pid 0 outside of /proc/PID.  0 or -errno. */
	int (*show)(struct seq_out *out, int pid);
	/* A line was written to it.  0 or -errno. */
	int (*store)(const char *text);
	const struct proc_entry *children; /* ends with a NULL name                     */
	/* Symbolic link: its text; and, if it is not only text, its target. */
	long (*link)(int pid, char *buf, size_t size);
	struct dentry *(*target)(int pid, unsigned number);
	bool numbers; /* a directory of descriptor numbers (fd)                    */
};

extern const struct proc_entry proc_root_entries[], proc_pid_entries[];
extern const struct proc_entry proc_fd_link;

bool proc_pid_exists(int pid);
/* The smallest pid above `after`, or 0. */
int proc_next_pid(int after);
/* The open file of a process, referenced, or NULL. */
struct kfile *proc_get_file(int pid, unsigned fd);
/* Whose file is being written, for store(). */
extern int proc_store_pid;
int proc_next_fd(int pid, int after);

#endif
