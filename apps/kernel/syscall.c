/* SPDX-License-Identifier: MIT */
/*
 * syscall.c - the table of system calls by their x86-64 Linux number, and the count of those we do
 * not have.
 *
 *   SYSCALL -> trap.S -> bare_syscall_table[rax](rdi, rsi, rdx, r10, r8, r9)
 *
 * An empty place leads to sys_unknown(), which counts and says ENOSYS.
 */
#include "syscall.h"

#define UNKNOWN_MAX 512

static u32 unknown_count[UNKNOWN_MAX + 1]; /* (a) the last one: all higher numbers */

static long sys_unknown(void)
{
	u64 nr = task_regs(current)->orig_rax;

	__atomic_fetch_add(&unknown_count[nr < UNKNOWN_MAX ? nr : UNKNOWN_MAX], 1,
			   __ATOMIC_RELAXED);
	return -ENOSYS;
}

unsigned long unknown_syscalls(void)
{
	unsigned long sum = 0;

	for (unsigned i = 0; i <= UNKNOWN_MAX; i++)
		sum += unknown_count[i];
	return sum;
}

/* One line for each number that was asked for and is not there. */
void show_unknown_syscalls(struct seq_out *out)
{
	for (unsigned i = 0; i <= UNKNOWN_MAX; i++)
		if (unknown_count[i])
			seq_printf(out, "system call %u%s: %u times\n", i,
				   i == UNKNOWN_MAX ? " or higher" : "", unknown_count[i]);
}

/* Each function has its own arguments; the entry passes six words, and the callee looks at those
 * it knows. */
#define CALL(nr, fn) [nr] = (bare_syscall_t)(void (*)(void))fn

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif
const bare_syscall_t bare_syscall_table[BARE_NR_SYSCALLS + 1] = {
	[0 ... BARE_NR_SYSCALLS] = (bare_syscall_t)(void (*)(void))sys_unknown,
	CALL(0, sys_read),
	CALL(1, sys_write),
	CALL(2, sys_open),
	CALL(3, sys_close),
	CALL(4, sys_stat),
	CALL(5, sys_fstat),
	CALL(6, sys_lstat),
	CALL(7, sys_poll),
	CALL(8, sys_lseek),
	CALL(9, sys_mmap),
	CALL(10, sys_mprotect),
	CALL(11, sys_munmap),
	CALL(12, sys_brk),
	CALL(13, sys_rt_sigaction),
	CALL(14, sys_rt_sigprocmask),
	CALL(15, sys_rt_sigreturn),
	CALL(16, sys_ioctl),
	CALL(17, sys_pread64),
	CALL(18, sys_pwrite64),
	CALL(19, sys_readv),
	CALL(20, sys_writev),
	CALL(21, sys_access),
	CALL(22, sys_pipe),
	CALL(23, sys_select),
	CALL(24, sys_sched_yield),
	CALL(25, sys_mremap),
	CALL(26, sys_msync),
	CALL(27, sys_mincore),
	CALL(28, sys_madvise),
	CALL(29, sys_shmget),
	CALL(30, sys_shmat),
	CALL(31, sys_shmctl),
	CALL(32, sys_dup),
	CALL(33, sys_dup2),
	CALL(34, sys_pause),
	CALL(35, sys_nanosleep),
	CALL(36, sys_getitimer),
	CALL(37, sys_alarm),
	CALL(38, sys_setitimer),
	CALL(39, sys_getpid),
	CALL(40, sys_sendfile),
	CALL(56, sys_clone),
	CALL(57, sys_fork),
	CALL(58, sys_vfork),
	CALL(59, sys_execve),
	CALL(60, sys_exit),
	CALL(61, sys_wait4),
	CALL(62, sys_kill),
	CALL(63, sys_uname),
	CALL(67, sys_shmdt),
	CALL(72, sys_fcntl),
	CALL(73, sys_flock),
	CALL(74, sys_fsync),
	CALL(75, sys_fsync),
	CALL(76, sys_truncate),
	CALL(77, sys_ftruncate),
	CALL(78, sys_getdents),
	CALL(79, sys_getcwd),
	CALL(80, sys_chdir),
	CALL(81, sys_fchdir),
	CALL(82, sys_rename),
	CALL(83, sys_mkdir),
	CALL(84, sys_rmdir),
	CALL(85, sys_creat),
	CALL(86, sys_link),
	CALL(87, sys_unlink),
	CALL(88, sys_symlink),
	CALL(89, sys_readlink),
	CALL(90, sys_chmod),
	CALL(91, sys_fchmod),
	CALL(92, sys_chown),
	CALL(93, sys_fchown),
	CALL(94, sys_lchown),
	CALL(95, sys_umask),
	CALL(96, sys_gettimeofday),
	CALL(97, sys_getrlimit),
	CALL(98, sys_getrusage),
	CALL(99, sys_sysinfo),
	CALL(100, sys_times),
	CALL(102, sys_getuid),
	CALL(103, sys_syslog),
	CALL(104, sys_getgid),
	CALL(105, sys_setuid),
	CALL(106, sys_setgid),
	CALL(107, sys_geteuid),
	CALL(108, sys_getegid),
	CALL(109, sys_setpgid),
	CALL(110, sys_getppid),
	CALL(111, sys_getpgrp),
	CALL(112, sys_setsid),
	CALL(113, sys_setreuid),
	CALL(114, sys_setregid),
	CALL(115, sys_getgroups),
	CALL(116, sys_setgroups),
	CALL(117, sys_setresuid),
	CALL(118, sys_getresuid),
	CALL(119, sys_setresgid),
	CALL(120, sys_getresgid),
	CALL(121, sys_getpgid),
	CALL(124, sys_getsid),
	CALL(127, sys_rt_sigpending),
	CALL(128, sys_rt_sigtimedwait),
	CALL(129, sys_rt_sigqueueinfo),
	CALL(130, sys_rt_sigsuspend),
	CALL(131, sys_sigaltstack),
	CALL(132, sys_utime),
	CALL(133, sys_mknod),
	CALL(135, sys_personality),
	CALL(137, sys_statfs),
	CALL(138, sys_fstatfs),
	CALL(140, sys_getpriority),
	CALL(141, sys_setpriority),
	CALL(143, sys_sched_getparam),
	CALL(145, sys_sched_getscheduler),
	CALL(149, sys_mlock),
	CALL(150, sys_munlock),
	CALL(151, sys_mlockall),
	CALL(152, sys_munlockall),
	CALL(157, sys_prctl),
	CALL(158, sys_arch_prctl),
	CALL(160, sys_setrlimit),
	CALL(161, sys_chroot),
	CALL(162, sys_sync),
	CALL(164, sys_settimeofday),
	CALL(165, sys_mount),
	CALL(166, sys_umount2),
	CALL(169, sys_reboot),
	CALL(170, sys_sethostname),
	CALL(171, sys_setdomainname),
	CALL(186, sys_gettid),
	CALL(188, sys_no_xattr),
	CALL(189, sys_no_xattr),
	CALL(190, sys_no_xattr),
	CALL(191, sys_no_xattr),
	CALL(192, sys_no_xattr),
	CALL(193, sys_no_xattr),
	CALL(194, sys_no_xattr),
	CALL(195, sys_no_xattr),
	CALL(196, sys_no_xattr),
	CALL(197, sys_no_xattr),
	CALL(198, sys_no_xattr),
	CALL(199, sys_no_xattr),
	CALL(200, sys_tkill),
	CALL(201, sys_time),
	CALL(202, sys_futex),
	CALL(203, sys_sched_setaffinity),
	CALL(204, sys_sched_getaffinity),
	CALL(217, sys_getdents64),
	CALL(218, sys_set_tid_address),
	CALL(219, sys_restart_syscall),
	CALL(221, sys_fadvise64),
	CALL(227, sys_clock_settime),
	CALL(228, sys_clock_gettime),
	CALL(229, sys_clock_getres),
	CALL(230, sys_clock_nanosleep),
	CALL(231, sys_exit_group),
	CALL(234, sys_tgkill),
	CALL(235, sys_utimes),
	CALL(247, sys_waitid),
	CALL(257, sys_openat),
	CALL(258, sys_mkdirat),
	CALL(259, sys_mknodat),
	CALL(260, sys_fchownat),
	CALL(262, sys_newfstatat),
	CALL(263, sys_unlinkat),
	CALL(264, sys_renameat),
	CALL(265, sys_linkat),
	CALL(266, sys_symlinkat),
	CALL(267, sys_readlinkat),
	CALL(268, sys_fchmodat),
	CALL(269, sys_faccessat),
	CALL(270, sys_pselect6),
	CALL(271, sys_ppoll),
	CALL(273, sys_set_robust_list),
	CALL(274, sys_get_robust_list),
	CALL(280, sys_utimensat),
	CALL(285, sys_fallocate),
	CALL(292, sys_dup3),
	CALL(293, sys_pipe2),
	CALL(295, sys_preadv),
	CALL(296, sys_pwritev),
	CALL(302, sys_prlimit64),
	CALL(306, sys_fsync),
	CALL(309, sys_getcpu),
	CALL(310, sys_process_vm_readv),
	CALL(311, sys_process_vm_writev),
	CALL(316, sys_renameat2),
	CALL(318, sys_getrandom),
	CALL(319, sys_memfd_create),
	CALL(325, sys_mlock2),
	CALL(326, sys_copy_file_range),
	CALL(332, sys_statx),
	CALL(334, sys_rseq),
	CALL(435, sys_clone3),
	CALL(436, sys_close_range),
	CALL(439, sys_faccessat2),
};
#pragma GCC diagnostic pop
