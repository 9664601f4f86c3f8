/* SPDX-License-Identifier: MIT */
/*
 * mmtests - Linux's memory calls, judged from user land.
 *
 *   mmtests [-l] [PREFIX...]     run the tests whose names begin so (all); -l lists them
 *
 * Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why", and a last line with the sums; the exit
 * status is 0 when nothing failed.  An ordinary static Linux program: run it on Linux first, it
 * must pass there.
 */
#include "mmtests.h"

#include <setjmp.h>
#include <time.h>

static const struct mmtest *const groups[] = { tests_map,   tests_remap, tests_advice,
					       tests_file,  tests_fork,  tests_signal,
					       tests_stack, tests_ipc,   tests_kernel };

/* Shared with the child that runs the test. */
static char *verdict;
#define VERDICT_SIZE 512
#define TEST_SECONDS 60

void mm_fail(const char *file, int line, const char *what, long got, int err)
{
	snprintf(verdict, VERDICT_SIZE, "%s:%d: %s (got %ld, errno %d %s)", file, line, what, got,
		 err, strerror(err));
	_exit(1);
}

void mm_skip(const char *why)
{
	snprintf(verdict, VERDICT_SIZE, "%s", why);
	_exit(77);
}

char *map_at(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	char *p = mmap(at, len, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		mm_fail(__FILE__, __LINE__, "mmap", -1, errno);
	return p;
}

char *map_free(size_t pages)
{
	char *p = map(pages + 2, PROT_NONE, ANON);

	CHECK(munmap(p, (pages + 2) * PAGE) == 0);
	return p + PAGE;
}

void fill(char *at, size_t pages, int first)
{
	for (size_t i = 0; i < pages; i++)
		memset(at + i * PAGE, first + (int)i, PAGE);
}

int filled_with(const char *at, size_t len, int byte)
{
	for (size_t i = 0; i < len; i++)
		if (at[i] != (char)byte)
			return 0;
	return 1;
}

int file_of(size_t pages)
{
	static char page[PAGE];
	int fd = memfd_create("mmtests", 0);

	CHECK(fd >= 0);
	for (size_t i = 0; i < pages; i++) {
		memset(page, (int)i + 1, PAGE);
		CHECK(write(fd, page, PAGE) == (ssize_t)PAGE);
	}
	return fd;
}

/* ---- accesses that may fault ------------------------------------------------------------- */

static sigjmp_buf back;
static volatile struct fault seen;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	seen.sig = sig;
	seen.code = info->si_code;
	seen.addr = info->si_addr;
	siglongjmp(back, 1);
}

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_CALL };

static struct fault try_access(enum access how, volatile void *at)
{
	static const int sigs[] = { SIGSEGV, SIGBUS };
	struct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO }, old[2];

	for (int i = 0; i < 2; i++)
		sigaction(sigs[i], &act, &old[i]);
	seen.sig = 0;
	seen.code = 0;
	seen.addr = NULL;
	if (sigsetjmp(back, 1) == 0) {
		if (how == ACCESS_READ)
			(void)*(volatile char *)at;
		else if (how == ACCESS_WRITE)
			*(volatile char *)at = 0x5a;
		else
			((void (*)(void))(uintptr_t)at)();
	}
	for (int i = 0; i < 2; i++)
		sigaction(sigs[i], &old[i], NULL);
	return (struct fault){ seen.sig, seen.code, seen.addr };
}

struct fault try_read(const volatile void *at)
{
	return try_access(ACCESS_READ, (volatile void *)(uintptr_t)at);
}
struct fault try_write(volatile void *at)
{
	return try_access(ACCESS_WRITE, at);
}
struct fault try_call(void *at)
{
	return try_access(ACCESS_CALL, at);
}

/* ---- children ------------------------------------------------------------------------------- */

int in_child(void (*f)(void *), void *arg)
{
	int status = 0;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		f(arg);
		_exit(0);
	}
	EQUAL(waitpid(pid, &status, 0), pid);
	return status;
}

/* The exit code of a child that ended by itself. */
int child_exit(pid_t pid)
{
	int status = 0;

	EQUAL(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* ---- /proc ---------------------------------------------------------------------------------- */

long status_kib(const char *key)
{
	char line[256];
	long value = -1;
	FILE *f = fopen("/proc/self/status", "r");

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
			value = strtol(line + strlen(key) + 1, NULL, 10);
	fclose(f);
	return value;
}

static int each_area(const void *at, size_t len, char perms[5])
{
	char line[512];
	int n = 0;
	FILE *f = fopen("/proc/self/maps", "r");

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		unsigned long start, end;
		char p[5];

		if (sscanf(line, "%lx-%lx %4s", &start, &end, p) != 3)
			continue;
		if (start < (unsigned long)at + len && (unsigned long)at < end) {
			n++;
			memcpy(perms, p, 5);
		}
	}
	fclose(f);
	return n;
}

const char *perms_of(const void *at)
{
	static char perms[5];

	return each_area(at, 1, perms) == 1 ? perms : NULL;
}

int areas_in(const void *at, size_t len)
{
	char perms[5];

	return each_area(at, len, perms);
}

int resident(const void *at, size_t pages)
{
	static unsigned char vec[4096];
	int n = 0;

	CHECK(pages <= sizeof(vec));
	CHECK(mincore((void *)(uintptr_t)at, pages * PAGE, vec) == 0);
	for (size_t i = 0; i < pages; i++)
		n += vec[i] & 1;
	return n;
}

long sysctl_value(const char *path)
{
	char text[64];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return -1;
	text[n] = 0;
	return strtol(text, NULL, 10);
}

/* ---- the runner ----------------------------------------------------------------------------- */

static int wanted(const char *name, char **prefixes)
{
	if (!*prefixes)
		return 1;
	for (; *prefixes; prefixes++)
		if (strncmp(name, *prefixes, strlen(*prefixes)) == 0)
			return 1;
	return 0;
}

enum outcome { PASSED, FAILED, SKIPPED };

static enum outcome run_one(const struct mmtest *t)
{
	int status = 0;
	pid_t pid;

	verdict[0] = 0;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		alarm(TEST_SECONDS);
		t->run();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		printf("FAIL %s: no child: %s\n", t->name, strerror(errno));
		return FAILED;
	}
	kill(-pid, SIGKILL); /* whatever the test left behind */
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		printf("ok %s\n", t->name);
		return PASSED;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		printf("skip %s: %s\n", t->name, verdict);
		return SKIPPED;
	}
	if (WIFSIGNALED(status))
		printf("FAIL %s: killed by signal %d%s\n", t->name, WTERMSIG(status),
		       WTERMSIG(status) == SIGALRM ? " (ran out of time)" : "");
	else
		printf("FAIL %s: %s\n", t->name, verdict);
	return FAILED;
}

int main(int argc, char **argv)
{
	int sums[3] = { 0, 0, 0 }, list = argc > 1 && strcmp(argv[1], "-l") == 0;

	if (argc == 3 && strcmp(argv[1], "--exit") == 0) /* what the exec tests run */
		return atoi(argv[2]);
	verdict = map(1, RW, SHANON);
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (const struct mmtest *t = groups[g]; t->name; t++) {
			if (!wanted(t->name, argv + 1 + list))
				continue;
			if (list)
				printf("%s\n", t->name);
			else
				sums[run_one(t)]++;
		}
	if (!list)
		printf("mmtests: %d passed, %d failed, %d skipped\n", sums[PASSED], sums[FAILED],
		       sums[SKIPPED]);
	return sums[FAILED] != 0;
}
