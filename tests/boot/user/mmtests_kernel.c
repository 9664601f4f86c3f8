/* SPDX-License-Identifier: MIT */
/* mmtests_kernel.c - the kernel reads and writes our memory for us: what it must accept, and what
 * it must refuse. */
#include "cpu.h"
#include "mmtests.h"

#include <sys/random.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>

static void read_into_untouched(void)
{
	int fd = file_of(3);
	char *p = map(3, RW, ANON);

	EQUAL(read(fd, p, 1), 0); /* at the end */
	EQUAL(pread(fd, p, 3 * PAGE, 0), 3 * PAGE);
	CHECK(filled_with(p, PAGE, 1) && filled_with(p + 2 * PAGE, PAGE, 3));
}

static void read_into_zero_page(void)
{
	int fd = file_of(1);
	char *p = map(1, RW, ANON);

	READS(p);
	EQUAL(pread(fd, p, 100, 0), 100);
	CHECK(filled_with(p, 100, 1) && filled_with(p + 100, PAGE - 100, 0));
	CHECK(filled_with(map(1, PROT_READ, ANON), PAGE, 0));
}

static void read_into_readonly(void)
{
	int fd = file_of(1);
	char *p = map(1, PROT_READ, ANON);

	FAILS(pread(fd, p, 100, 0), EFAULT);
	CHECK(filled_with(p, PAGE, 0));
	FAILS(pread(fd, (char *)(uintptr_t)read_into_readonly, 100, 0), EFAULT);
}

static void read_into_kernel(void)
{
	int fd = file_of(1);

	FAILS(pread(fd, (void *)0xffff888000001000, 100, 0), EFAULT);
	FAILS(pread(fd, (void *)0xffffffffffffff00, 100, 0), EFAULT);
	FAILS(pread(fd, (void *)0x7ffffffff000, 100, 0), EFAULT);
	FAILS(pwrite(fd, (void *)0xffffffff81000000, 100, 0), EFAULT);
	FAILS(pread(fd, NULL, 100, 0), EFAULT);
}

static void read_up_to_a_hole(void)
{
	int fd = file_of(2);
	char *p = map(2, RW, ANON);
	ssize_t n;

	CHECK(munmap(p + PAGE, PAGE) == 0);
	n = pread(fd, p + PAGE - 10, 100, 0);
	CHECK(n == 10 || (n == -1 && errno == EFAULT));
	FAILS(pread(fd, p + PAGE, 100, 0), EFAULT);
}

static void write_from_nothing(void)
{
	int fd = memfd_create("x", 0), ends[2];
	char *hole = map_free(2), *p = map(2, PROT_NONE, ANON);

	CHECK(pipe(ends) == 0);
	FAILS(write(fd, hole, 100), EFAULT);
	FAILS(write(fd, p, 100), EFAULT);
	FAILS(write(ends[1], hole, 100), EFAULT);
	EQUAL(lseek(fd, 0, SEEK_CUR), 0);
	EQUAL(write(fd, hole, 0), 0);
}

static void write_from_untouched(void)
{
	int fd = memfd_create("x", 0);
	char *p = map(5, PROT_READ, ANON), *q = map(5, RW, ANON);

	EQUAL(write(fd, p, 5 * PAGE), 5 * PAGE);
	memset(q, 1, 5 * PAGE);
	EQUAL(pread(fd, q, 5 * PAGE, 0), 5 * PAGE);
	CHECK(filled_with(q, 5 * PAGE, 0));
}

static void write_from_file_to_file(void)
{
	int from = file_of(64), to = memfd_create("to", 0);
	char *p = map_at(NULL, 64 * PAGE, PROT_READ, MAP_PRIVATE, from, 0);
	char *q;

	EQUAL(write(to, p, 64 * PAGE), 64 * PAGE);
	q = map_at(NULL, 64 * PAGE, PROT_READ, MAP_SHARED, to, 0);
	CHECK(memcmp(p, q, 64 * PAGE) == 0);
}

static void vectors(void)
{
	int fd = memfd_create("x", 0);
	char *p = map(3, RW, ANON);
	struct iovec out[3] = { { p, 10 }, { p + PAGE, PAGE }, { p + 2 * PAGE, 5 } };
	struct iovec bad[2] = { { p, 10 }, { (void *)8, 10 } };

	fill(p, 3, 1);
	EQUAL(writev(fd, out, 3), PAGE + 15);
	memset(p, 0, 3 * PAGE);
	EQUAL(lseek(fd, 0, SEEK_SET), 0);
	EQUAL(readv(fd, out, 3), PAGE + 15);
	CHECK(filled_with(p, 10, 1) && filled_with(p + PAGE, PAGE, 2) &&
	      filled_with(p + 2 * PAGE, 5, 3));
	FAILS(writev(fd, (void *)8, 2), EFAULT);
	FAILS(writev(fd, out, -1), EINVAL);
	CHECK(writev(fd, bad, 2) == 10 || errno == EFAULT);
}

static void bad_pointers(void)
{
	char *hole = map_free(1);

	FAILS(syscall(SYS_clock_gettime, 0, hole), EFAULT);
	FAILS(syscall(SYS_getcwd, hole, 100), EFAULT);
	FAILS(syscall(SYS_pipe2, hole, 0), EFAULT);
	FAILS(syscall(SYS_openat, AT_FDCWD, hole, 0, 0), EFAULT);
	FAILS(syscall(SYS_newfstatat, AT_FDCWD, "/", hole, 0), EFAULT);
	FAILS(syscall(SYS_uname, hole), EFAULT);
	FAILS(syscall(SYS_getrusage, 0, hole), EFAULT);
	FAILS(syscall(SYS_prlimit64, 0, RLIMIT_AS, NULL, hole), EFAULT);
	FAILS(syscall(SYS_rt_sigaction, SIGUSR1, hole, NULL, 8), EFAULT);
	FAILS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, hole, NULL, 8), EFAULT);
	FAILS(syscall(SYS_nanosleep, hole, NULL), EFAULT);
}

static void wait_writes_status(void)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0)
		_exit(3);
	FAILS(syscall(SYS_wait4, pid, map_free(1), 0, NULL), EFAULT);
	FAILS(syscall(SYS_wait4, 0x3ffffff, NULL, 0, NULL), ECHILD);
}

static void structures_across_pages(void)
{
	char *p = map(2, RW, ANON);
	struct utsname *name = (struct utsname *)(p + PAGE - 20);
	struct stat *st = (struct stat *)(p + PAGE - 24);
	int fd = file_of(3);

	CHECK(uname(name) == 0);
	CHECK(strcmp(name->sysname, "Linux") == 0);
	CHECK(fstat(fd, st) == 0);
	EQUAL(st->st_size, 3 * PAGE);
}

static void strings_across_pages(void)
{
	char *p = map(2, RW, ANON), *path = p + PAGE - 5;
	int fd;

	strcpy(path, "/dev/null");
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0);
	memcpy(p + PAGE - 4, "/dev", 4);
	CHECK(munmap(p + PAGE, PAGE) == 0);
	FAILS(open(p + PAGE - 4, O_RDONLY), EFAULT); /* the name runs into nothing */
}

static void long_names(void)
{
	char *p = map(3, RW, ANON);

	memset(p, 'a', 5000);
	FAILS(open(p, O_RDONLY), ENAMETOOLONG);
	p[300] = 0;
	FAILS(open(p, O_RDONLY), ENAMETOOLONG);
	FAILS(open("", O_RDONLY), ENOENT);
}

static void pipes_carry_much(void)
{
	int ends[2];
	char *p = map(300, RW, ANON);
	size_t got = 0;
	pid_t pid;

	CHECK(pipe(ends) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		fill(p, 300, 0);
		for (size_t done = 0; done < 300 * PAGE;) {
			ssize_t n = write(ends[1], p + done, 300 * PAGE - done);

			CHECK(n > 0);
			done += (size_t)n;
		}
		_exit(0);
	}
	close(ends[1]);
	for (ssize_t n; (n = read(ends[0], p + got, 300 * PAGE - got)) > 0;)
		got += (size_t)n;
	EQUAL(got, 300 * PAGE);
	for (int i = 0; i < 300; i++)
		CHECK(filled_with(p + i * PAGE, PAGE, i));
	EQUAL(child_exit(pid), 0);
}

static void random_bytes(void)
{
	unsigned char *p = (unsigned char *)map(2, RW, ANON);
	int differ = 0;

	EQUAL(getrandom(p + PAGE - 100, 200, 0), 200);
	for (int i = 1; i < 200; i++)
		differ += p[PAGE - 100 + i] != p[PAGE - 100];
	CHECK(differ > 50);
	FAILS(getrandom((void *)8, 10, 0), EFAULT);
	FAILS(getrandom(p, 10, 0x100), EINVAL);
}

static void clocks_move(void)
{
	struct timespec a, b, nap = { 0, 5000000 };

	CHECK(clock_gettime(CLOCK_MONOTONIC, &a) == 0);
	CHECK(nanosleep(&nap, NULL) == 0);
	CHECK(clock_gettime(CLOCK_MONOTONIC, &b) == 0);
	CHECK((b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec >= 5000000);
	FAILS(syscall(SYS_clock_gettime, 99, &a), EINVAL);
	CHECK(clock_gettime(CLOCK_REALTIME, &a) == 0);
}

static void unknown_calls(void)
{
	FAILS(syscall(5000), ENOSYS);
	FAILS(syscall(-1), ENOSYS);
}

const struct mmtest tests_kernel[] = {
	{ "read_into_untouched", read_into_untouched },
	{ "read_into_zero_page", read_into_zero_page },
	{ "read_into_readonly", read_into_readonly },
	{ "read_into_kernel", read_into_kernel },
	{ "read_up_to_a_hole", read_up_to_a_hole },
	{ "write_from_nothing", write_from_nothing },
	{ "write_from_untouched", write_from_untouched },
	{ "write_from_file_to_file", write_from_file_to_file },
	{ "vectors", vectors },
	{ "bad_pointers", bad_pointers },
	{ "wait_writes_status", wait_writes_status },
	{ "structures_across_pages", structures_across_pages },
	{ "strings_across_pages", strings_across_pages },
	{ "long_names", long_names },
	{ "pipes_carry_much", pipes_carry_much },
	{ "random_bytes", random_bytes },
	{ "clocks_move", clocks_move },
	{ "unknown_calls", unknown_calls },
	{ NULL, NULL },
};
