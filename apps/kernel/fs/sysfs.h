/* SPDX-License-Identifier: MIT */
/* fs/sysfs.h - the parts that sysfs.c puts together. */
#ifndef KERNEL_SYSFS_H
#define KERNEL_SYSFS_H

#include "proc.h"

/* sysfs_cma.c: a directory for each area */
extern const struct proc_entry sysfs_cma_area, debugfs_cma_area;
int sysfs_next_cma(int after, char *name);
void sysfs_cma_exit(void);

/* sysfs_fault.c: /sys/kernel/debug/... */
extern const struct proc_entry debugfs_fail_page_alloc[], debugfs_failslab[];

/* sysfs_memory.c: /sys/devices/system/memory, /sys/kernel/debug/hwpoison */
extern const struct proc_entry debugfs_hwpoison[];
extern const struct proc_entry sysfs_memory_entries[], sysfs_memory_section;
int sysfs_next_section(int after, char *name);
void sysfs_memory_exit(void);

#endif
