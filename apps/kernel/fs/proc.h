/* SPDX-License-Identifier: MIT */
/* fs/proc.h - the tables that make up /proc and /sys: proc.c walks them; proc_files.c, proc_pid.c
 * and sysfs*.c fill them. */
#ifndef KERNEL_PROC_H
#define KERNEL_PROC_H

#include "fs.h"

/* One name.  A file has show, store or both; a directory children, each or numbers; a link link or
 * target. */
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
	/* A directory of things that are alike: `each` is what every one of them looks like, and its
	 * files are given the thing's number in place of a pid. */
	const struct proc_entry *each;
	/* The number of the thing after `after`, from -1 on, and its name in name[PROC_NAME]; -1: there is
	 * none. */
	int (*next)(int after, char *name);
};
#define PROC_NAME 32

extern const struct proc_entry proc_root_entries[], proc_pid_entries[], sysfs_root_entries[];
extern const struct proc_entry proc_fd_link;

bool proc_pid_exists(int pid);
/* The smallest pid above `after`, or 0. */
int proc_next_pid(int after);
/* The open file of a process, referenced, or NULL. */
struct kfile *proc_get_file(int pid, unsigned fd);
/* Whose file is being written, for store(): a pid, or the number of a thing. */
extern int proc_store_pid;
/* What store() was given as a number and nothing else; -EINVAL. */
int parse_ulong(const char *text, unsigned long *v);
int proc_next_fd(int pid, int after);

#endif
