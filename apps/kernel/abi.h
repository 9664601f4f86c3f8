/* SPDX-License-Identifier: MIT */
/*
 * abi.h - numbers and layouts of the Linux user interface, as its manual pages give them.  What differs
 * between machines is in arch/ARCH/arch.h.
 *
 * A word of the interface is a `long`, as wide as the machine's registers; what is s64 or u64 here is so
 * everywhere.  No structure is aligned to more than a word on any machine (ABI_WORDS).
 */
#ifndef KERNEL_ABI_H
#define KERNEL_ABI_H

#include <quire/types.h>
#include "arch.h"

#define ABI_LONG_BITS (8 * sizeof(long))
/* Where a word is 64 bits wide an int before one leaves a gap: so many ints fill it. */
#define ABI_GAP       (sizeof(long) / 4 - 1)
#define ABI_WORDS     __attribute__((__packed__, __aligned__(sizeof(long))))

/* ---- errors that quire/err.h has no need of -------------------------------------------------- */
#define EALREADY       114
#define EINPROGRESS    115
#define ENOTSOCK       88
#define ENODATA        61
#define EPROTO         71
/* Never seen by user code: the call is to be made again, or has ended by a signal. */
#define ERESTARTSYS    512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ERESTART_BLOCK 516

/* ---- open, stat, directories ----------------------------------------------------------------- */
#define O_ACCMODE  3
#define O_RDONLY   0
#define O_WRONLY   1
#define O_RDWR     2
#define O_CREAT    0100
#define O_EXCL     0200
#define O_NOCTTY   0400
#define O_TRUNC    01000
#define O_APPEND   02000
#define O_NONBLOCK 04000
#define O_CLOEXEC  02000000
#define O_PATH     010000000

#define AT_FDCWD            (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_REMOVEDIR        0x200
#define AT_SYMLINK_FOLLOW   0x400
#define AT_EMPTY_PATH       0x1000

#define S_IFMT      0170000
#define S_IFSOCK    0140000
#define S_IFLNK     0120000
#define S_IFREG     0100000
#define S_IFBLK     0060000
#define S_IFDIR     0040000
#define S_IFCHR     0020000
#define S_IFIFO     0010000
#define S_ISLNK(m)  (((m)&S_IFMT) == S_IFLNK)
#define S_ISREG(m)  (((m)&S_IFMT) == S_IFREG)
#define S_ISDIR(m)  (((m)&S_IFMT) == S_IFDIR)
#define S_ISCHR(m)  (((m)&S_IFMT) == S_IFCHR)
#define S_ISBLK(m)  (((m)&S_IFMT) == S_IFBLK)
#define S_ISFIFO(m) (((m)&S_IFMT) == S_IFIFO)

struct linux_statx_timestamp {
	s64 tv_sec;
	u32 tv_nsec;
	s32 pad;
};
struct linux_statx {
	u32 stx_mask, stx_blksize;
	u64 stx_attributes;
	u32 stx_nlink, stx_uid, stx_gid;
	u16 stx_mode, pad1;
	u64 stx_ino, stx_size, stx_blocks, stx_attributes_mask;
	struct linux_statx_timestamp stx_atime, stx_btime, stx_ctime, stx_mtime;
	u32 stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
	u64 stx_mnt_id, pad2, pad3[12];
};
_Static_assert(sizeof(struct linux_statx) == 256, "struct statx");

struct linux_statfs {
	long f_type, f_bsize;
	unsigned long f_blocks, f_bfree, f_bavail, f_files, f_ffree;
	u32 f_fsid[2];
	long f_namelen, f_frsize, f_flags, spare[4];
};
_Static_assert(sizeof(struct linux_statfs) == 8 + 14 * sizeof(long), "struct statfs");

struct linux_dirent64 {
	u64 d_ino;
	s64 d_off;
	u16 d_reclen;
	u8 d_type;
	char d_name[];
};
/* getdents(): the type is the last byte of the record. */
struct linux_dirent {
	unsigned long d_ino;
	long d_off;
	u16 d_reclen;
	char d_name[];
};
#define DT_OF_MODE(m) (((m)&S_IFMT) >> 12)

#define F_DUPFD         0
#define F_GETFD         1
#define F_SETFD         2
#define F_GETFL         3
#define F_SETFL         4
#define F_GETLK         5
#define F_SETLK         6
#define F_SETLKW        7
#define F_SETOWN        8
#define F_GETOWN        9
#define F_GETLK64       12 /* of 32-bit machines, as are the next two */
#define F_SETLK64       13
#define F_SETLKW64      14
#define F_DUPFD_CLOEXEC 1030
#define F_SETPIPE_SZ    1031
#define F_GETPIPE_SZ    1032
#define F_ADD_SEALS     1033
#define F_GET_SEALS     1034
#define FD_CLOEXEC      1

#define POLLIN     0x001
#define POLLPRI    0x002
#define POLLOUT    0x004
#define POLLERR    0x008
#define POLLHUP    0x010
#define POLLNVAL   0x020
#define POLLRDNORM 0x040
#define POLLWRNORM 0x100

struct linux_pollfd {
	s32 fd;
	s16 events, revents;
};
struct linux_iovec {
	unsigned long base, len;
};
#define IOV_MAX 1024

/* ---- time ------------------------------------------------------------------------------------ */
struct linux_timespec { /* on 32-bit machines that of the calls whose name ends in _time64 */
	s64 tv_sec, tv_nsec;
};
struct linux_timeval {
	long tv_sec, tv_usec;
};
struct linux_itimerval {
	struct linux_timeval it_interval, it_value;
};
#define CLOCK_REALTIME           0
#define CLOCK_MONOTONIC          1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID  3
#define CLOCK_MONOTONIC_RAW      4
#define CLOCK_REALTIME_COARSE    5
#define CLOCK_MONOTONIC_COARSE   6
#define CLOCK_BOOTTIME           7
#define TIMER_ABSTIME            1
#define NSEC_PER_SEC             1000000000LL
#define USER_HZ                  100

struct linux_rusage {
	struct linux_timeval ru_utime, ru_stime;
	long ru_maxrss, ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, ru_nswap, ru_inblock,
		ru_oublock, ru_msgsnd, ru_msgrcv, ru_nsignals, ru_nvcsw, ru_nivcsw;
};
struct linux_rlimit { /* of prlimit64() */
	u64 cur, max;
};
#define RLIM_NO_LIMIT  (~0ULL)
#define RLIMIT_CPU     0
#define RLIMIT_FSIZE   1
#define RLIMIT_DATA    2
#define RLIMIT_STACK   3
#define RLIMIT_CORE    4
#define RLIMIT_RSS     5
#define RLIMIT_NPROC   6
#define RLIMIT_NOFILE  7
#define RLIMIT_MEMLOCK 8
#define RLIMIT_AS      9
#define RLIM_NLIMITS   16

struct linux_sysinfo {
	long uptime;
	unsigned long loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	u16 procs, pad;
	u32 pad2[ABI_GAP];
	unsigned long totalhigh, freehigh;
	u32 mem_unit;
	u32 pad3[sizeof(long) == 8 ? 1 : 2];
};
_Static_assert(sizeof(struct linux_sysinfo) == (sizeof(long) == 8 ? 112 : 64), "struct sysinfo");

/* ---- signals --------------------------------------------------------------------------------- */
#define SIGHUP    1
#define SIGINT    2
#define SIGQUIT   3
#define SIGILL    4
#define SIGTRAP   5
#define SIGABRT   6
#define SIGBUS    7
#define SIGFPE    8
#define SIGKILL   9
#define SIGUSR1   10
#define SIGSEGV   11
#define SIGUSR2   12
#define SIGPIPE   13
#define SIGALRM   14
#define SIGTERM   15
#define SIGSTKFLT 16
#define SIGCHLD   17
#define SIGCONT   18
#define SIGSTOP   19
#define SIGTSTP   20
#define SIGTTIN   21
#define SIGTTOU   22
#define SIGURG    23
#define SIGXCPU   24
#define SIGXFSZ   25
#define SIGVTALRM 26
#define SIGPROF   27
#define SIGWINCH  28
#define SIGIO     29
#define SIGSYS    31
#define NSIG      64
#define SIGBIT(n) (1ULL << ((n)-1))

#define SA_NOCLDSTOP  1u
#define SA_NOCLDWAIT  2u
#define SA_SIGINFO    4u
#define SA_RESTORER   0x04000000u
#define SA_ONSTACK    0x08000000u
#define SA_RESTART    0x10000000u
#define SA_NODEFER    0x40000000u
#define SA_RESETHAND  0x80000000u
#define SIG_DFL       0
#define SIG_IGN       1
#define SIG_BLOCK     0
#define SIG_UNBLOCK   1
#define SIG_SETMASK   2
#define SS_ONSTACK    1
#define SS_DISABLE    2
#define SS_AUTODISARM (1u << 31)

struct ABI_WORDS linux_sigaction {
	unsigned long handler, flags, restorer;
	u64 mask;
};
_Static_assert(sizeof(struct linux_sigaction) == 3 * sizeof(long) + 8, "struct sigaction");
struct linux_siginfo {
	s32 si_signo, si_errno, si_code, pad[ABI_GAP];
	union {
		struct {
			s32 pid;
			u32 uid;
			union {
				unsigned long value;
				s32 status;
			};
			long utime, stime;
		};
		struct {
			unsigned long addr;
			s16 addr_lsb; /* BUS_MCEERR_*: log2 of what is lost around addr */
		};
		s32 raw[29 - ABI_GAP];
	};
};
_Static_assert(sizeof(struct linux_siginfo) == 128, "siginfo_t");
#define SI_USER       0
#define SI_KERNEL     0x80
#define SI_QUEUE      (-1)
#define SI_TIMER      (-2)
#define SI_TKILL      (-6)
#define ILL_ILLOPN    2
#define FPE_INTDIV    1
#define FPE_FLTDIV    3
#define FPE_FLTOVF    4
#define FPE_FLTUND    5
#define FPE_FLTRES    6
#define FPE_FLTINV    7
#define SEGV_MAPERR   1
#define SEGV_ACCERR   2
#define BUS_ADRALN    1
#define BUS_ADRERR    2
#define BUS_MCEERR_AR 4
#define BUS_MCEERR_AO 5
#define TRAP_BRKPT    1
#define TRAP_TRACE    2
#define CLD_EXITED    1
#define CLD_KILLED    2
#define CLD_DUMPED    3
#define CLD_STOPPED   5
#define CLD_CONTINUED 6

struct linux_stack_t {
	unsigned long sp;
	u32 flags, pad[ABI_GAP];
	unsigned long size;
};
_Static_assert(sizeof(struct linux_stack_t) == 3 * sizeof(long), "stack_t");

/* ---- processes ------------------------------------------------------------------------------- */
#define CLONE_VM             0x100u
#define CLONE_FS             0x200u
#define CLONE_FILES          0x400u
#define CLONE_SIGHAND        0x800u
#define CLONE_PIDFD          0x1000u
#define CLONE_PTRACE         0x2000u
#define CLONE_VFORK          0x4000u
#define CLONE_PARENT         0x8000u
#define CLONE_THREAD         0x10000u
#define CLONE_NEWNS          0x20000u
#define CLONE_SYSVSEM        0x40000u
#define CLONE_SETTLS         0x80000u
#define CLONE_PARENT_SETTID  0x100000u
#define CLONE_CHILD_CLEARTID 0x200000u
#define CLONE_DETACHED       0x400000u
#define CLONE_UNTRACED       0x800000u
#define CLONE_CHILD_SETTID   0x1000000u
#define CLONE_IO             0x80000000u

#define WNOHANG    1
#define WUNTRACED  2
#define WSTOPPED   2
#define WEXITED    4
#define WCONTINUED 8
#define WNOWAIT    0x01000000
#define WNOTHREAD  0x20000000
#define WALL       0x40000000
#define WCLONE     0x80000000u

#define FUTEX_WAIT           0
#define FUTEX_WAKE           1
#define FUTEX_REQUEUE        3
#define FUTEX_CMP_REQUEUE    4
#define FUTEX_WAKE_OP        5
#define FUTEX_WAIT_BITSET    9
#define FUTEX_WAKE_BITSET    10
#define FUTEX_PRIVATE_FLAG   128
#define FUTEX_CLOCK_REALTIME 256
#define FUTEX_WAITERS        0x80000000u
#define FUTEX_OWNER_DIED     0x40000000u
#define FUTEX_TID_MASK       0x3fffffffu

/* ---- terminal -------------------------------------------------------------------------------- */
#define NCCS 19
struct linux_termios {
	u32 iflag, oflag, cflag, lflag;
	u8 line, cc[NCCS];
};
_Static_assert(sizeof(struct linux_termios) == 36, "struct termios");
struct linux_winsize {
	u16 row, col, xpixel, ypixel;
};

struct linux_utsname {
	char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
};

#endif
