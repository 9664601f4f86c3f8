/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - the boot kernel's tasks, processes, signals and time.  Files: fs/fs.h.
 *
 *   struct process   what getpid() names: parent, children, limits, timers, one or more tasks
 *   struct task      what the scheduler runs; its first member is the port's bare_thread
 *   files, fs_info, sighand    shared or copied by clone(2)
 *
 * Kernel code is not preempted: a task gives the CPU away only in port_block(), port_yield() and on
 * its way to user mode.
 *
 * Locks:  task_lock   process tree, states, signals, pid table  (spinlock, interrupts off)
 *         rq.lock     one per CPU: what is runnable (spinlock, interrupts off, inside task_lock)
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <bare.h>
#include <quire/atomic.h>
#include <quire/err.h>
#include <quire/gfp.h>
#include <quire/list.h>
#include <quire/lock.h>
#include <quire/mm.h>
#include <quire/oom.h>
#include <quire/printk.h>
#include <quire/slab.h>
#include <quire/bytes.h>
#include <quire/uaccess.h>
#include "abi.h"

/* Ranks of our locks; see quire/lock.h. */
#define LOCK_RANK_KERNEL_FILES ((enum lock_rank)(LOCK_RANK_KERNEL + 1))
#define LOCK_RANK_KERNEL_TTY   ((enum lock_rank)(LOCK_RANK_KERNEL + 2))
#define LOCK_RANK_KERNEL_TASK  ((enum lock_rank)(LOCK_RANK_KERNEL + 8))
#define LOCK_RANK_KERNEL_STACK ((enum lock_rank)(LOCK_RANK_KERNEL + 9))
#define LOCK_RANK_KERNEL_WAIT  ((enum lock_rank)(LOCK_RANK_KERNEL + 10))
#define LOCK_RANK_KERNEL_TIMER ((enum lock_rank)(LOCK_RANK_KERNEL + 11))

#define max3(a, b, c)                                                                              \
	({                                                                                         \
		__typeof__(a) m_ = max(a, b);                                                      \
		max(m_, c);                                                                        \
	})
#define min3(a, b, c)                                                                              \
	({                                                                                         \
		__typeof__(a) m_ = min(a, b);                                                      \
		min(m_, c);                                                                        \
	})

static inline size_t strlen(const char *s)
{
	return qstrlen(s);
}

static inline int strcmp(const char *a, const char *b)
{
	return qstrcmp(a, b);
}

static inline int strncmp(const char *a, const char *b, size_t n)
{
	return qstrncmp(a, b, n);
}

static inline char *strchr(const char *s, int c)
{
	return (char *)qstrchr(s, c);
}

static inline char *strrchr(const char *s, int c)
{
	char *found = NULL;

	for (; *s; s++)
		if (*s == (char)c)
			found = (char *)s;
	return found;
}

struct files;
struct fs_info;
struct kfile;

/* ---- waiting --------------------------------------------------------------------------------- */
struct task;
struct wait_list {
	spinlock_t lock;
	struct list_head waiters;
};
struct waiter {
	struct list_head link;
	struct task *task;
	struct wait_list *on; /* NULL: on none */
};
void wait_list_init(struct wait_list *w);
void wait_add(struct wait_list *w, struct waiter *me);
void wait_remove(struct waiter *me);
void wake_all(struct wait_list *w);
/* Sleep until cond, or a signal: 0 or -ERESTARTSYS. */
#define wait_until(w, cond)                                                                        \
	({                                                                                         \
		struct waiter me_ = { .on = NULL };                                                \
		int r_ = 0;                                                                        \
		if (!(cond)) {                                                                     \
			wait_add((w), &me_);                                                       \
			while (!(cond)) {                                                          \
				if (signal_pending(current)) {                                     \
					r_ = -ERESTARTSYS;                                         \
					break;                                                     \
				}                                                                  \
				port_block();                                                      \
			}                                                                          \
			wait_remove(&me_);                                                         \
		}                                                                                  \
		r_;                                                                                \
	})

/* ---- timers ---------------------------------------------------------------------------------- */
struct ktimer {
	struct list_head link;        /* in order of expiry; empty: not armed */
	u64 expires;                  /* bare_clock_ns()                      */
	void (*fn)(struct ktimer *t); /* interrupts off                       */
};
void timer_setup(struct ktimer *t, void (*fn)(struct ktimer *t));
void timer_arm(struct ktimer *t, u64 expires);
bool timer_cancel(struct ktimer *t);
/* Block until woken, a signal, or the time `expires` (TIME_NEVER).  False: the time has come. */
bool block_until(u64 expires);
#define TIME_NEVER (~0ULL)
extern s64 wall_offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
static inline u64 now_ns(void)
{
	return bare_clock_ns();
}
static inline s64 wall_ns(void)
{
	return (s64)bare_clock_ns() + wall_offset_ns;
}
/* Nanoseconds of a timespec, clipped; -EINVAL for a bad one. */
int timespec_to_ns(const struct linux_timespec *ts, u64 *ns);
int read_timespec(const void __user *at, struct linux_timespec *ts);
int get_timespec(const void __user *at, u64 *ns);
int put_timespec(void __user *at, u64 ns);
struct linux_timeval ns_to_timeval(u64 ns);

/* ---- signals --------------------------------------------------------------------------------- */
struct sigqueue {
	struct list_head link;
	struct linux_siginfo info;
};
struct sigpending {
	u64 set;
	struct list_head queue; /* struct sigqueue, oldest first */
};
struct sighand {
	int refs; /* task_lock */
	struct linux_sigaction action[NSIG];
};

/* ---- processes and tasks --------------------------------------------------------------------- */
enum task_state { TASK_RUNNING, TASK_BLOCKED, TASK_DEAD };

struct process {
	int pid;  /* = tid of its first task                              */
	int ppid; /* pid of parent, for getppid()                         */
	int pgid, sid;
	struct process *parent;
	struct list_head children, sibling;
	struct list_head all;   /* in all_processes                                     */
	struct list_head tasks; /* its tasks, by task.thread_link                       */
	int nr_tasks;           /* on that list                                         */
	struct task *leader;
	bool zombie, group_exit, in_exec, is_init, has_tty, did_exec;
	bool stopped;                  /* by a signal                                          */
	bool report_stop, report_cont; /* wait4() has not told the parent yet                  */
	bool oom_killed;
	int stop_signal;
	int exit_code; /* as wait4() shows it                                  */
	int exit_signal;
	short oom_score_adj;
	struct sigpending shared;
	struct wait_list wait_child; /* its tasks that wait4()                               */
	struct linux_rlimit rlim[RLIM_NLIMITS];
	struct ktimer real_timer;
	u64 real_interval;
	u64 start_ns;
	u64 utime, stime, minflt, majflt, nvcsw, nivcsw;       /* of tasks that are gone       */
	u64 cutime, cstime, cminflt, cmajflt, cmaxrss, maxrss; /* of children waited for       */
	u32 uid, euid, suid, gid, egid, sgid;
	struct task *vfork_waiter; /* sleeps until we exec or exit                         */
	struct task *exec_task;    /* ends all others of the process                       */
	u64 personality;
	unsigned long vdso; /* where its program has it                             */
};

struct task {
	struct bare_thread thread; /* must be first                                        */
	struct mm_struct *mm;      /* NULL: kernel only                                    */
	struct process *proc;
	int tid;
	u8 state;               /* enum task_state, rq lock                             */
	bool unparked;          /* port_unblock() came before port_block(), rq lock     */
	bool on_cpu;            /* its stack is in use                                  */
	bool need_restore_mask; /* sigsuspend: give back saved_mask                     */
	bool memalloc;          /* being killed for memory: reserves are open           */
	bool exiting;
	u8 mce_kill; /* enum mce_kill: when to hear of lost memory              */
	u8 ticks_left;
	unsigned cpu;
	struct list_head run_link;    /* run queue                                            */
	struct list_head thread_link; /* proc->tasks                                          */
	struct task *tid_next;        /* hash chain                                           */
	struct files *files;
	struct fs_info *fs;
	struct sighand *sighand;
	u64 blocked, saved_mask;
	struct sigpending pending;
	struct linux_stack_t altstack;
	u32 __user *clear_child_tid;
	unsigned long robust_list;
	u64 minflt, majflt, utime, stime, nvcsw, nivcsw;
	unsigned long fault_addr;   /* for the signal frame                                 */
	unsigned long fault_trapno; /* TRAP_*                                               */
	u64 fault_error;
	u64 restart_expires; /* nanosleep that a signal cut short                    */
	unsigned long restart_rmtp;
	int (*restart_put)(void __user *at, u64 ns); /* how the time left is written          */
	struct ktimer sleep_timer;
	void *stack; /* KSTACK_SIZE bytes from the stack cache               */
	char comm[16];
};

#define KSTACK_SIZE 16384

/* An address in full width. */
#if UINTPTR_MAX > 0xffffffffu
#define ADDRESS "%016lx"
#else
#define ADDRESS "%08lx"
#endif

/* Why a program was stopped: x86's numbers, because its signal frames show them. */
#define TRAP_OPCODE     6
#define TRAP_PROTECTION 13
#define TRAP_PAGE       14

#define current ((struct task *)bare_current())

extern spinlock_t task_lock;
extern struct list_head all_processes;
extern struct process *init_process;
extern struct task idle_task;
extern struct task *kmain_task;
extern unsigned nr_processes;

static inline bool signal_pending(const struct task *t)
{
	return READ_ONCE(t->thread.work) & BARE_WORK_SIGNAL;
}

static inline void set_work(struct task *t, u32 bits)
{
	__atomic_fetch_or(&t->thread.work, bits, __ATOMIC_SEQ_CST);
}

static inline void clear_work(struct task *t, u32 bits)
{
	__atomic_fetch_and(&t->thread.work, ~bits, __ATOMIC_SEQ_CST);
}

static inline struct bare_regs *task_regs(const struct task *t)
{
	return bare_thread_regs(&t->thread);
}

/* sched.c */
void sched_init(void);
void schedule(void);
void sched_tick(bool user);
void sched_start(struct task *t); /* first time on the run queue */
void sched_finish_new(void);      /* first thing a new thread does */
void sched_die(void) __noreturn;
void sched_use_mm(struct mm_struct *mm);
u64 sched_switches(void);
void sched_idle_loop(void) __noreturn;
unsigned sched_nr_running(void);
u64 sched_loadavg(unsigned which);

/* task.c */
int task_init(void);
struct task *task_alloc(void);
void task_free(struct task *t);
int pid_alloc(struct task *t); /* hashes it; task_lock not held */
void pid_free_locked(struct task *t);
void pid_take_locked(struct task *t, int id);
struct task *task_find_locked(int tid);
struct process *process_find_locked(int pid);
struct process *process_alloc(void);
void process_free(struct process *p);
void task_cache_drain(void);
struct task *kthread_start(void (*fn)(void *), void *arg, const char *name);
struct mm_struct *process_mm_get(struct process *p); /* referenced or NULL */

/* exit.c, exec.c; `code` is a status as wait4() shows it */
void do_exit(int code) __noreturn;       /* this task         */
void do_group_exit(int code) __noreturn; /* the whole process */
void process_kill_others(struct process *p);
void exec_release_vfork(struct process *p);
int kernel_exec(const char *path, char *const *argv, char *const *envp);
void kill_all_and_reap(void);

/* sys_proc.c */
void tell_limits(struct mm_struct *mm, const struct process *p);

/* signal.c */
int signal_init(void);
int send_signal(int sig, const struct linux_siginfo *info, struct process *p);
int send_signal_task(int sig, const struct linux_siginfo *info, struct task *t);
int send_signal_locked(int sig, const struct linux_siginfo *info, struct process *p,
		       struct task *t);
void force_signal(int sig, int code, unsigned long addr);
void signal_kill(struct process *p);
int kill_pgrp(int sig, int pgid, const struct linux_siginfo *info);
int kill_pgrp_locked(int sig, int pgid, const struct linux_siginfo *info);
void sigpending_init(struct sigpending *p);
void sigpending_flush(struct sigpending *p);
void recalc_signals_locked(struct task *t);
void signal_exec(struct task *t);
struct sighand *sighand_alloc(const struct sighand *from);
void sighand_put(struct sighand *s);
void signal_notify_parent_locked(struct process *p, int code, int status);
bool signal_fatal_pending(struct task *t);
bool signal_ignored(struct task *t, int sig);
bool pgrp_orphaned_locked(int pgid, struct process *ignore);
bool pgrp_orphaned(int pgid);
bool session_has_group(int sid, int pgid);
/* A signal mask for the length of one call (sigsuspend, ppoll, pselect). */
void set_temporary_mask(u64 mask);
void drop_temporary_mask(void);

/* futex.c */
void futex_init(void);
long futex_wake(u32 __user *at, int n, u32 bitset);
void futex_exit_robust(struct task *t);

/* time.c */
void time_init(void);
void real_timer_fn(struct ktimer *t);

/* fs/ */
int fs_init(void);
void fs_exit_all(void);
int initramfs_unpack(const void *start, size_t len);
void files_put(struct files *f);
void fs_info_put(struct fs_info *f);
struct files *files_copy(struct files *old);
struct fs_info *fs_info_copy(struct fs_info *old);
struct files *files_get(struct files *f);
struct fs_info *fs_info_get(struct fs_info *f);
int files_open_console(void);
void files_close_on_exec(struct files *f);
void tty_poll_input(void);
void tty_session_exit(struct process *leader);
void tty_give_to(struct process *p);
void shm_init(void);
void shm_exit_all(void);

/* oom.c */
void kernel_oom_init(void);

/* mce.c */
enum mce_kill { MCE_KILL_DEFAULT, MCE_KILL_LATE, MCE_KILL_EARLY };
extern int sysctl_memory_failure_early_kill; /* what MCE_KILL_DEFAULT means: 1 early */
void mce_init(void);
/* The running task touched memory that is lost. */
void mce_fault(unsigned long addr);
/* prctl(PR_MCE_KILL), prctl(PR_MCE_KILL_GET) */
long mce_set_policy(unsigned long what, unsigned long policy);
long mce_get_policy(void);

/* compactd.c */
void compactd_start(void);
void compactd_tick(void); /* interrupts off */
void compactd_stop(void);

/* syscall.c */
void show_unknown_syscalls(struct seq_out *out);
unsigned long unknown_syscalls(void);

/* main.c */
extern struct bare_boot *boot_info;
extern unsigned long ram_pages;

/* bench.c: measures and ends the machine if the command line says so */
void bench_if_asked(void);
/* mistakes.c: mistake=... on the command line. */
void make_mistakes(void);

/* vdso.c */
int vdso_init(void);
int vdso_map(struct mm_struct *mm, unsigned long *base);
void vdso_update_wall(void);

/* elf.c is in elf.h, files are in fs/fs.h */

#endif
