/* SPDX-License-Identifier: MIT */
/* arch_calls.h - the system calls that only the ARM EABI has; for the table in syscall.c. */
#ifndef KERNEL_ARCH_CALLS_H
#define KERNEL_ARCH_CALLS_H

#include "syscall.h"

struct linux_statfs64;
struct rlimit_words;

/* calls.c */
long sys_arm_private(unsigned long a, unsigned long b, unsigned long c);
long sys_mmap2(unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags,
	       int fd, unsigned long page);
long sys_llseek(unsigned fd, u32 high, u32 low, s64 __user *result, int whence);
long sys_preadv_words(unsigned fd, const struct linux_iovec __user *vec, unsigned long count,
		      u32 low, u32 high);
long sys_pwritev_words(unsigned fd, const struct linux_iovec __user *vec, unsigned long count,
		       u32 low, u32 high);
long sys_truncate_word(const char __user *path, long size);
long sys_ftruncate_word(unsigned fd, long size);
long sys_fadvise64_advice_first(unsigned fd, int advice, quire_loff_t off, quire_loff_t len);
long sys_statfs64(const char __user *path, size_t size, struct linux_statfs64 __user *out);
long sys_fstatfs64(unsigned fd, size_t size, struct linux_statfs64 __user *out);
long sys_getrlimit_words(unsigned which, struct rlimit_words __user *out);
long sys_setrlimit_words(unsigned which, const struct rlimit_words __user *in);
long sys_clone_tls_first(unsigned long flags, unsigned long stack, u32 __user *ptid,
			 unsigned long tls, u32 __user *ctid);

/* sigframe.c */
long sys_sigreturn(void);

/* time32.c */
long sys_clock_gettime_time32(int which, void __user *ts);
long sys_clock_getres_time32(int which, void __user *ts);
long sys_clock_settime_time32(int which, const void __user *ts);
long sys_nanosleep_time32(const void __user *req, void __user *rem);
long sys_clock_nanosleep_time32(int which, int flags, const void __user *req, void __user *rem);
long sys_ppoll_time32(struct linux_pollfd __user *fds, unsigned n, const void __user *timeout,
		      const u64 __user *mask, size_t size);
long sys_pselect6_time32(int n, void __user *in, void __user *out, void __user *ex,
			 const void __user *timeout, const unsigned long __user *mask);
long sys_rt_sigtimedwait_time32(const u64 __user *set, struct linux_siginfo __user *out,
				const void __user *timeout, size_t size);
long sys_futex_time32(u32 __user *at, int op, u32 val, unsigned long timeout, u32 __user *at2,
		      u32 val3);
long sys_utimensat_time32(int dfd, const char __user *path, const void __user *times,
			  unsigned flags);

#endif
