/* SPDX-License-Identifier: MIT */
/*
 * syscall.h - the system calls, by the file that has them.
 *
 * All follow one convention: user pointers are marked __user and never trusted; the result is a
 * value or -errno; they run in task context with interrupts on.
 */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include "kernel.h"

struct linux_clone_args;

/* syscall.c: counts the number, -ENOSYS */
long sys_unknown(void);

/* exec.c */
long sys_execve(const char __user *path, const unsigned long __user *argv,
		const unsigned long __user *envp);

/* exit.c */
long sys_exit(int code);
long sys_exit_group(int code);
long sys_wait4(int pid, int __user *status, int options, struct linux_rusage __user *usage);
long sys_waitid(int idtype, int id, struct linux_siginfo __user *out, int options,
		struct linux_rusage __user *usage);

/* fork.c */
long sys_clone(unsigned long flags, unsigned long stack, u32 __user *ptid, u32 __user *ctid,
	       unsigned long tls);
long sys_fork(void);
long sys_vfork(void);
long sys_clone3(const struct linux_clone_args __user *uargs, size_t size);
long sys_set_tid_address(u32 __user *at);
long sys_set_robust_list(unsigned long head, size_t len);
long sys_get_robust_list(int pid, unsigned long __user *head, size_t __user *len);

/* fs/files.c */
long sys_close(unsigned fd);
long sys_close_range(unsigned first, unsigned last, unsigned flags);
long sys_dup(unsigned fd);
long sys_dup3(unsigned fd, unsigned to, unsigned flags);
long sys_dup2(unsigned fd, unsigned to);
long sys_fcntl(unsigned fd, int cmd, unsigned long arg);

/* fs/poll.c */
long sys_poll(struct linux_pollfd __user *fds, unsigned n, int timeout_ms);
long sys_ppoll(struct linux_pollfd __user *fds, unsigned n, const void __user *timeout,
	       const u64 __user *mask, size_t size);
long sys_select(int n, void __user *in, void __user *out, void __user *ex,
		struct linux_timeval __user *timeout);
/* mask: address and size of a signal mask. */
long sys_pselect6(int n, void __user *in, void __user *out, void __user *ex,
		  const void __user *timeout, const unsigned long __user *mask);
/* The same two with the time already read, in ns; NULL: no limit. */
long do_ppoll(struct linux_pollfd __user *fds, unsigned n, const u64 *timeout,
	      const u64 __user *mask, size_t size);
long do_pselect(int n, void __user *const sets[3], const u64 *timeout,
		const unsigned long __user *mask);

/* futex.c */
long sys_futex(u32 __user *at, int op, u32 val, unsigned long timeout, u32 __user *at2, u32 val3);
/* Whether `timeout` of the call is the address of a time. */
bool futex_has_timeout(int op);
/* The call with its time, if it has one, in *ns. */
long do_futex(u32 __user *at, int op, u32 val, const u64 *ns, u32 val2, u32 __user *at2, u32 val3);

/* shm.c */
long sys_shmget(s32 key, size_t size, int flags);
long sys_shmat(int id, unsigned long addr, int flags);
long sys_shmdt(unsigned long addr);
long sys_shmctl(int id, int cmd, void __user *arg);

/* sigframe.c */
long sys_rt_sigreturn(void);
long sys_sigaltstack(const struct linux_stack_t __user *in, struct linux_stack_t __user *out);

/* sys_io.c */
long sys_read(unsigned fd, char __user *buf, size_t n);
long sys_write(unsigned fd, const char __user *buf, size_t n);
long sys_pread64(unsigned fd, char __user *buf, size_t n, quire_loff_t pos);
long sys_pwrite64(unsigned fd, const char __user *buf, size_t n, quire_loff_t pos);
long sys_readv(unsigned fd, const struct linux_iovec __user *vec, unsigned long count);
long sys_writev(unsigned fd, const struct linux_iovec __user *vec, unsigned long count);
long sys_preadv(unsigned fd, const struct linux_iovec __user *vec, unsigned long count,
		quire_loff_t pos);
long sys_pwritev(unsigned fd, const struct linux_iovec __user *vec, unsigned long count,
		 quire_loff_t pos);
long sys_lseek(unsigned fd, long off, int whence);
quire_loff_t do_lseek(unsigned fd, quire_loff_t off, int whence);
long sys_ftruncate(unsigned fd, quire_loff_t size);
long sys_fallocate(unsigned fd, int mode, quire_loff_t off, quire_loff_t len);
long sys_fsync(unsigned fd);
long sys_fadvise64(unsigned fd, quire_loff_t off, quire_loff_t len, int advice);
long sys_sync(void);
long sys_flock(unsigned fd, int op);
long sys_ioctl(unsigned fd, unsigned cmd, unsigned long arg);
long sys_pipe2(int __user *fds, unsigned flags);
long sys_pipe(int __user *fds);
long sys_sendfile(unsigned out, unsigned in, quire_loff_t __user *upos, size_t n);
long sys_copy_file_range(unsigned in, quire_loff_t __user *uin, unsigned out,
			 quire_loff_t __user *uout, size_t n, unsigned flags);
long sys_getdents64(unsigned fd, char __user *buf, unsigned n);
long sys_getdents(unsigned fd, char __user *buf, unsigned n);

/* sys_mm.c */
long sys_mmap(unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags,
	      int fd, u64 off);
long sys_munmap(unsigned long addr, unsigned long len);
long sys_mprotect(unsigned long addr, unsigned long len, unsigned long prot);
long sys_mremap(unsigned long old, unsigned long old_len, unsigned long new_len,
		unsigned long flags, unsigned long new_addr);
long sys_brk(unsigned long brk);
long sys_madvise(unsigned long addr, unsigned long len, int advice);
long sys_mincore(unsigned long addr, unsigned long len, unsigned char __user *vec);
long sys_mlock(unsigned long addr, unsigned long len);
long sys_mlock2(unsigned long addr, unsigned long len, int flags);
long sys_munlock(unsigned long addr, unsigned long len);
long sys_mlockall(int flags);
long sys_munlockall(void);
long sys_msync(unsigned long addr, unsigned long len, int flags);
long sys_memfd_create(const char __user *uname, unsigned flags);
long sys_process_vm_readv(int pid, const struct linux_iovec __user *l, unsigned long ln,
			  const struct linux_iovec __user *r, unsigned long rn,
			  unsigned long flags);
long sys_process_vm_writev(int pid, const struct linux_iovec __user *l, unsigned long ln,
			   const struct linux_iovec __user *r, unsigned long rn,
			   unsigned long flags);

/* sys_name.c */
long sys_openat(int dfd, const char __user *path, u32 flags, u32 mode);
long sys_open(const char __user *path, u32 flags, u32 mode);
long sys_creat(const char __user *path, u32 mode);
long sys_newfstatat(int dfd, const char __user *path, struct linux_stat __user *out,
		    unsigned flags);
long sys_stat(const char __user *path, struct linux_stat __user *out);
long sys_lstat(const char __user *path, struct linux_stat __user *out);
long sys_fstat(unsigned fd, struct linux_stat __user *out);
long sys_statx(int dfd, const char __user *path, unsigned flags, unsigned mask,
	       struct linux_statx __user *out);
/* What the two calls below tell, in kernel memory. */
long statfs_of_path(const char __user *path, struct linux_statfs *out);
long statfs_of_fd(unsigned fd, struct linux_statfs *out);
long sys_statfs(const char __user *path, struct linux_statfs __user *out);
long sys_fstatfs(unsigned fd, struct linux_statfs __user *out);
long sys_faccessat2(int dfd, const char __user *path, unsigned mode, unsigned flags);
long sys_faccessat(int dfd, const char __user *path, unsigned mode);
long sys_access(const char __user *path, unsigned mode);
long sys_fchmodat(int dfd, const char __user *path, u32 mode);
long sys_chmod(const char __user *path, u32 mode);
long sys_fchmod(unsigned fd, u32 mode);
long sys_fchownat(int dfd, const char __user *path, u32 uid, u32 gid, unsigned flags);
long sys_chown(const char __user *path, u32 uid, u32 gid);
long sys_lchown(const char __user *path, u32 uid, u32 gid);
long sys_fchown(unsigned fd, u32 uid, u32 gid);
long sys_utimensat(int dfd, const char __user *path, const struct linux_timespec __user *times,
		   unsigned flags);
/* times NULL: now. */
long do_utimens(int dfd, const char __user *path, const struct linux_timespec *times,
		unsigned flags);
long sys_utimes(const char __user *path, const struct linux_timeval __user *times);
long sys_utime(const char __user *path, const long __user *times);
long sys_truncate(const char __user *path, quire_loff_t size);
long sys_umask(u32 mask);
long sys_mkdirat(int dfd, const char __user *path, u32 mode);
long sys_mkdir(const char __user *path, u32 mode);
long sys_mknodat(int dfd, const char __user *path, u32 mode, u32 dev);
long sys_mknod(const char __user *path, u32 mode, u32 dev);
long sys_unlinkat(int dfd, const char __user *path, unsigned flags);
long sys_unlink(const char __user *path);
long sys_rmdir(const char __user *path);
long sys_renameat2(int fromfd, const char __user *from, int tofd, const char __user *to,
		   unsigned flags);
long sys_renameat(int fromfd, const char __user *from, int tofd, const char __user *to);
long sys_rename(const char __user *from, const char __user *to);
long sys_linkat(int fromfd, const char __user *from, int tofd, const char __user *to,
		unsigned flags);
long sys_link(const char __user *from, const char __user *to);
long sys_symlinkat(const char __user *target, int dfd, const char __user *path);
long sys_symlink(const char __user *target, const char __user *path);
long sys_readlinkat(int dfd, const char __user *path, char __user *buf, int size);
long sys_readlink(const char __user *path, char __user *buf, int size);
long sys_chdir(const char __user *path);
long sys_chroot(const char __user *path);
long sys_fchdir(unsigned fd);
long sys_no_xattr(void);
long sys_syslog(int type, char __user *buf, int len);
long sys_getcwd(char __user *buf, size_t size);
long sys_mount(const char __user *source, const char __user *target, const char __user *type,
	       unsigned long flags);
long sys_umount2(const char __user *target, int flags);

/* sys_proc.c */
long sys_getpid(void);
long sys_gettid(void);
long sys_getppid(void);
long sys_getuid(void);
long sys_geteuid(void);
long sys_getgid(void);
long sys_getegid(void);
long sys_setresuid(u32 r, u32 e, u32 s);
long sys_setresgid(u32 r, u32 e, u32 s);
long sys_setuid(u32 id);
long sys_setgid(u32 id);
long sys_setreuid(u32 r, u32 e);
long sys_setregid(u32 r, u32 e);
long sys_getresuid(u32 __user *r, u32 __user *e, u32 __user *s);
long sys_getresgid(u32 __user *r, u32 __user *e, u32 __user *s);
long sys_getgroups(int n, u32 __user *list);
long sys_setgroups(int n, const u32 __user *list);
long sys_getpgid(int pid);
long sys_getpgrp(void);
long sys_getsid(int pid);
long sys_setpgid(int pid, int pgid);
long sys_setsid(void);
long sys_prlimit64(int pid, unsigned which, const struct linux_rlimit __user *in,
		   struct linux_rlimit __user *out);
/* In kernel memory; set NULL: as it is. */
long do_prlimit(int pid, unsigned which, const struct linux_rlimit *set, struct linux_rlimit *old);
long sys_getrlimit(unsigned which, struct linux_rlimit __user *out);
long sys_setrlimit(unsigned which, const struct linux_rlimit __user *in);
long sys_getrusage(int who, struct linux_rusage __user *out);
long sys_times(long __user *out);
long sys_sysinfo(struct linux_sysinfo __user *out);
long sys_uname(struct linux_utsname __user *out);
long sys_sethostname(const char __user *name, long len);
long sys_setdomainname(const char __user *name, long len);
long sys_reboot(int magic, int magic2, unsigned cmd);
long sys_sched_yield(void);
long sys_getrandom(char __user *buf, size_t n, unsigned flags);
long sys_prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4,
	       unsigned long arg5);
long sys_personality(unsigned long persona);
long sys_getpriority(int which, int who);
long sys_setpriority(int which, int who, int nice);
long sys_sched_getscheduler(int pid);
long sys_sched_getparam(int pid, int __user *out);
long sys_sched_getaffinity(int pid, unsigned size, unsigned long __user *mask);
long sys_sched_setaffinity(int pid, unsigned size, const unsigned long __user *mask);
long sys_getcpu(u32 __user *cpu, u32 __user *node);
long sys_rseq(void);

/* sys_signal.c */
long sys_rt_sigaction(int sig, const struct linux_sigaction __user *in,
		      struct linux_sigaction __user *out, size_t size);
long sys_rt_sigprocmask(int how, const u64 __user *in, u64 __user *out, size_t size);
long sys_rt_sigpending(u64 __user *out, size_t size);
long sys_rt_sigsuspend(const u64 __user *mask, size_t size);
long sys_pause(void);
long sys_rt_sigtimedwait(const u64 __user *set, struct linux_siginfo __user *out,
			 const void __user *timeout, size_t size);
/* The same with the time in *ns; NULL: no limit. */
long do_sigtimedwait(const u64 __user *set, struct linux_siginfo __user *out, const u64 *ns,
		     size_t size);
long sys_kill(int pid, int sig);
long sys_tgkill(int tgid, int tid, int sig);
long sys_tkill(int tid, int sig);
long sys_rt_sigqueueinfo(int pid, int sig, const struct linux_siginfo __user *uinfo);

/* time.c */
typedef int (*put_time_fn)(void __user *at, u64 ns);
int read_clock(int which, u64 *ns);
int clock_resolution(int which, u64 *ns);
int set_clock(int which, u64 ns);
/* clock_nanosleep(); `put` writes what is left to *rem if a signal comes. */
long clock_sleep(int which, int flags, u64 ns, void __user *rem, put_time_fn put);
long sys_clock_gettime(int which, void __user *ts);
long sys_clock_getres(int which, void __user *ts);
long sys_clock_settime(int which, const void __user *ts);
long sys_gettimeofday(struct linux_timeval __user *tv, u64 __user *tz);
long sys_settimeofday(const struct linux_timeval __user *tv, const void __user *tz);
long sys_time(long __user *at);
long sys_restart_syscall(void);
long sys_nanosleep(const void __user *req, void __user *rem);
long sys_clock_nanosleep(int which, int flags, const void __user *req, void __user *rem);
long sys_alarm(unsigned seconds);
long sys_getitimer(int which, struct linux_itimerval __user *out);
long sys_setitimer(int which, const struct linux_itimerval __user *in,
		   struct linux_itimerval __user *out);

#endif
