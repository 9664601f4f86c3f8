/* SPDX-License-Identifier: MIT */
/* arch_newer.h - what the newer machines of Linux, AArch64 and RISC-V, have alike. */
#ifndef KERNEL_ARCH_NEWER_H
#define KERNEL_ARCH_NEWER_H

#include <quire/types.h>

#define ARCH_NR_RESTART 128 /* restart_syscall() */

struct linux_stat {
	u64 st_dev, st_ino;
	u32 st_mode, st_nlink, st_uid, st_gid;
	u64 st_rdev, pad0;
	s64 st_size;
	s32 st_blksize, pad1;
	s64 st_blocks;
	u64 st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
	u32 unused[2];
};
_Static_assert(sizeof(struct linux_stat) == 128, "struct stat");

/* All fields of every machine are filled in. */
static inline void arch_finish_stat(struct linux_stat *st)
{
	(void)st;
}

#endif
