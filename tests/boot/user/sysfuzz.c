/* SPDX-License-Identifier: MIT */
/*
 * sysfuzz.c [PROCESSES [SEED]] - system calls with arguments that mean nothing, in processes of
 * their own.
 *
 * Each process makes 400 calls from its seed and is stopped after 150 ms.  What is left out would
 * stop this program itself: reboot, kill of everybody, waits for ever.  The machine must go on,
 * with every page back at the end.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cpu.h"

#define CALLS 400
#ifndef SYS_poll
#define SYS_poll SYS_ppoll /* newer machines have this one only */
#endif

#ifdef SYS_mmap
#define SYS_MMAP SYS_mmap
#else
#define SYS_MMAP SYS_mmap2
#endif
/* Numbers below are tried; where a word has 32 bits there are more of them. */
#define HIGHEST (sizeof(long) == 8 ? 340ul : 440ul)

static uint64_t state;
static char buffer[65536];
static char *area;

static unsigned long next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned long)state;
}

static unsigned long argument(void)
{
	switch (next() % 14) {
	case 0: return 0;
	case 1: return next() % 8;
	case 2: return next() % 4096;
	case 3: return (unsigned long)buffer + next() % 60000;
	case 4: return (unsigned long)area + next() % 64 * 4096;
	case 5: return next();
	case 6: return 0 - next() % 100;
	case 7: return CPU_LINEAR_MAP + next() % (1UL << 28);
	case 8: return CPU_TASK_SIZE - next() % 8192;
	case 9: return 1UL << next() % (8 * sizeof(long));
	case 10: return (unsigned)next();
	case 11: return next() % 64 * 4096;
	case 12: return (unsigned long)"/tmp/sysfuzz";
	default: return (unsigned long)buffer + next() % 16 * 4096;
	}
}

static int left_out(long nr)
{
	static const short no[] = {
		SYS_reboot,          SYS_kill,
		SYS_tkill,           SYS_tgkill,
		SYS_rt_sigqueueinfo, SYS_exit,
		SYS_exit_group,      SYS_setsid,
		SYS_setpgid,         SYS_rt_sigsuspend,
		SYS_wait4,           SYS_waitid,
		SYS_setitimer,       SYS_rt_sigreturn,
		SYS_mount,           SYS_umount2,
		SYS_chroot,          SYS_clock_settime,
		SYS_settimeofday,    SYS_sethostname,
		SYS_nanosleep,       SYS_clock_nanosleep,
#ifdef SYS_fork /* newer machines make do without */
		SYS_pause,           SYS_fork,
		SYS_vfork,
#endif
#ifdef SYS_alarm
		SYS_alarm,
#endif
#ifdef SYS_sigreturn
		SYS_sigreturn,
#endif
#ifdef SYS_clock_settime64 /* machines of 32 bits have two of each */
		SYS_clock_settime64, SYS_clock_nanosleep_time64,
#endif
	};

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (no[i] == nr)
			return 1;
	return 0;
}

static long choose(void)
{
	static const short often[] = {
		SYS_MMAP,   SYS_mprotect, SYS_munmap, SYS_brk,
		SYS_mremap, SYS_madvise,  SYS_clone,  SYS_rt_sigaction,
		SYS_futex,  SYS_openat,   SYS_fcntl,  SYS_write,
		SYS_read,   SYS_poll,     SYS_ppoll,  SYS_process_vm_readv,
	};

	return next() % 8 ? (long)(next() % HIGHEST) : often[next() % 16];
}

static void handler(int sig)
{
	(void)sig;
}

static void prepare(unsigned long seed)
{
	struct itimerval end = { { 0, 0 }, { 0, 150000 } };

	state = seed * 0x9e3779b97f4a7c15ull | 1;
	setpgid(0, 0);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	area = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mkdir("/tmp/sysfuzz", 0777);
	if (chdir("/tmp/sysfuzz"))
		_exit(1);
	for (int sig = 1; sig < 32; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && sig != SIGSEGV && sig != SIGBUS &&
		    sig != SIGALRM)
			signal(sig, handler);
	setitimer(ITIMER_REAL, &end, NULL);
	for (size_t i = 0; i < sizeof(buffer); i++)
		buffer[i] = (char)(next() % 5 ? next() : 0);
	strcpy(buffer, "/tmp/sysfuzz/a");
	strcpy(buffer + 4096, "b");
}

static void one_process(unsigned long seed)
{
	prepare(seed);
	for (int i = 0; i < CALLS; i++) {
		long nr = choose();
		unsigned long a[6];

		for (int k = 0; k < 6; k++)
			a[k] = argument();
		if (left_out(nr))
			continue;
		if (nr == SYS_clone)
			a[0] &= ~0x4000UL; /* CLONE_VFORK: we would wait for it */
		if (syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]) == 0 && nr == SYS_clone)
			_exit(0);
	}
	_exit(0);
}

/* By readdir() alone: files may bear times that the stat() of rm has no room for. */
static void remove_tree(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	char name[4096];

	while (dir && (d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, d->d_name);
		if (d->d_type == DT_DIR)
			remove_tree(name);
		else
			unlink(name);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

int main(int argc, char **argv)
{
	int processes = argc > 1 ? atoi(argv[1]) : 100, status;
	unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;

	for (int i = 0; i < processes; i++) {
		pid_t pid = fork();

		if (pid == 0)
			one_process(seed + (unsigned long)i);
		if (pid < 0) {
			printf("FAIL sysfuzz: fork: %s\n", strerror(errno));
			return 1;
		}
		while (waitpid(pid, &status, 0) < 0)
			;
		kill(-pid, SIGKILL);
		while (waitpid(-1, &status, WNOHANG) > 0)
			;
	}
	remove_tree("/tmp/sysfuzz");
	if (access("/tmp/sysfuzz", F_OK) == 0) {
		printf("FAIL sysfuzz: something of it stays in /tmp\n");
		return 1;
	}
	printf("ok sysfuzz\n");
	return 0;
}
