/* SPDX-License-Identifier: MIT */
/*
 * inject.c - every allocation behind an operation is made to fail once, in the running machine.
 *
 *   for n = 1, 2, 3 ...   "n" > /proc/self/fail-nth, do it, until nothing failed any more
 *
 * After each operation it must work again; that nothing was lost shows in the machine's balance at
 * the end. Prints "ok NAME" or "FAIL NAME"; the exit status is the number of failures.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE   4096
#define KIB(n) ((size_t)(n) << 10)

static int control; /* /proc/self/fail-nth; each process of this program has it open  */
static char buffer[70000];

static void fail_nth(unsigned n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(control, text, (size_t)len, 0) != len) {
		perror("fail-nth");
		exit(100);
	}
}

static int has_failed(void)
{
	char c = 0;

	return pread(control, &c, 1, 0) == 1 && c == '0';
}

/* ---- operations: 0, or -1 if a part of it did not work --------------------------------------- */
static int reap(pid_t pid)
{
	int status;

	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status ? -1 : 0;
}

static int do_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return reap(pid);
}

static int run(const char *path, const char *arg)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl(path, arg, (char *)0);
		_exit(127);
	}
	return reap(pid);
}

static int do_exec(void)
{
	return run("/bin/busybox", "true");
}

static int do_script(void)
{
	return run("/tmp/inject.sh", "inject.sh");
}

static int do_fork_exec(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/busybox", "true", (char *)0);
		_exit(127);
	}
	return reap(pid);
}

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

static int do_clone(void)
{
	static char stack[16384] __attribute__((aligned(16)));

	return reap(clone(nothing, stack + sizeof(stack),
			  CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | SIGCHLD, NULL));
}

static int do_many_files(void)
{
	int result;

	if (dup2(1, 700) < 0)
		return -1;
	result = do_fork();
	close(700);
	return result;
}

static int do_map(void)
{
	char *p = mmap(NULL, KIB(1024), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	     *q;
	int result = 0;

	if (p == MAP_FAILED)
		return -1;
	for (size_t i = 0; i < KIB(1024); i += PAGE)
		p[i] = 1;
	result |= mprotect(p + 2 * PAGE, PAGE, PROT_READ);
	q = mremap(p + KIB(64), KIB(64), KIB(256), MREMAP_MAYMOVE);
	if (q == MAP_FAILED)
		result = -1;
	else if (munmap(q, KIB(256)))
		result = -1;
	result |= madvise(p, KIB(32), MADV_DONTNEED);
	result |= munmap(p, KIB(1024));
	return result;
}

static int write_and_map(int fd)
{
	char *p;
	int result = write(fd, buffer, sizeof(buffer)) == (ssize_t)sizeof(buffer) ? 0 : -1;

	if (ftruncate(fd, sizeof(buffer)))
		return -1;
	p = mmap(NULL, KIB(64), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -1;
	p[5 * PAGE] = 1;
	munmap(p, KIB(64));
	return result;
}

static int do_files(void)
{
	int fd = open("/tmp/inject.1", O_CREAT | O_RDWR, 0600), result;

	if (fd < 0)
		return -1;
	result = write_and_map(fd);
	result |= link("/tmp/inject.1", "/tmp/inject.2");
	result |= rename("/tmp/inject.2", "/tmp/inject.a-longer-name-than-before");
	result |= symlink("nowhere", "/tmp/inject.link");
	result |= mkdir("/tmp/inject.dir", 0700);
	rmdir("/tmp/inject.dir");
	unlink("/tmp/inject.link");
	unlink("/tmp/inject.2");
	unlink("/tmp/inject.a-longer-name-than-before");
	unlink("/tmp/inject.1");
	close(fd);
	return result;
}

static int do_pipe(void)
{
	struct pollfd fds[20];
	int ends[2], result = 0;

	if (pipe(ends))
		return -1;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	if (write(ends[1], buffer, 50000) != 50000)
		result = -1;
	while (read(ends[0], buffer, 50000) > 0)
		;
	for (int i = 0; i < 20; i++)
		fds[i] = (struct pollfd){ ends[0], POLLIN, 0 };
	if (poll(fds, 20, 1) < 0)
		result = -1;
	close(ends[0]);
	close(ends[1]);
	return result;
}

static int read_all(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return -1;
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		;
	close(fd);
	return n < 0 ? -1 : 0;
}

static int do_reports(void)
{
	static const char *const files[] = {
		"/proc/self/maps", "/proc/self/smaps",  "/proc/self/status",
		"/proc/self/stat", "/proc/meminfo",     "/proc/slabinfo",
		"/proc/zoneinfo",  "/proc/vmallocinfo", "/proc/buddyinfo",
	};
	int result = 0;
	DIR *dir;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		result |= read_all(files[i]);
	dir = opendir("/proc/self/fd");
	if (!dir)
		return -1;
	while (readdir(dir))
		;
	closedir(dir);
	return result;
}

static int do_shared(void)
{
	int id = shmget(IPC_PRIVATE, 100000, IPC_CREAT | 0600), fd, result = 0;
	char *p;

	if (id < 0)
		return -1;
	p = shmat(id, NULL, 0);
	if (p == (char *)-1) {
		result = -1;
	} else {
		p[0] = p[99999] = 1;
		shmdt(p);
	}
	shmctl(id, IPC_RMID, NULL);
	fd = memfd_create("inject", 0);
	if (fd < 0)
		return -1;
	if (pwrite(fd, "x", 1, KIB(900)) != 1)
		result = -1;
	close(fd);
	return result;
}

static volatile sig_atomic_t caught;

static void count(int sig)
{
	(void)sig;
	caught++;
}

/* A signal arrives even if there is no memory for its details. */
static int do_signals(void)
{
	int before = caught;

	signal(SIGUSR1, count);
	for (int i = 0; i < 5; i++)
		raise(SIGUSR1);
	return caught == before + 5 ? 0 : -1;
}

static const struct {
	const char *name;
	int (*run)(void);
} operations[] = {
	{ "fork", do_fork },      { "exec", do_exec },
	{ "script", do_script },  { "fork_exec", do_fork_exec },
	{ "clone_vm", do_clone }, { "many_files", do_many_files },
	{ "map", do_map },        { "files", do_files },
	{ "pipe", do_pipe },      { "reports", do_reports },
	{ "shared", do_shared },  { "signals", do_signals },
};

static int sweep(const char *name, int (*operation)(void))
{
	unsigned n, refused = 0;
	int result = 0;

	operation(); /* what is made once and kept is there now */
	for (n = 1; n < 10000; n++) {
		int failed;

		fail_nth(n);
		result = operation();
		failed = has_failed();
		fail_nth(0);
		if (!failed)
			break;
		refused += result != 0;
	}
	if (result || operation()) {
		printf("FAIL %s: does not work afterwards\n", name);
		return 1;
	}
	printf("ok %s\n", name);
	fprintf(stderr, "   %u allocations, %u seen as errors\n", n - 1, refused);
	return 0;
}

int main(void)
{
	int failures = 0, fd;

	setvbuf(stdout, NULL, _IOLBF, 0);
	control = open("/proc/self/fail-nth", O_RDWR);
	fd = open("/tmp/inject.sh", O_CREAT | O_WRONLY, 0755);
	if (control < 0 || fd < 0 || write(fd, "#!/bin/busybox true\n", 20) != 20) {
		perror("inject");
		return 100;
	}
	close(fd);
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		failures += sweep(operations[i].name, operations[i].run);
	unlink("/tmp/inject.sh");
	printf("inject: %d failures\n", failures);
	return failures;
}
