/* SPDX-License-Identifier: MIT */
/* mmtests_fork.c - fork, copy-on-write, exec, exit. */
#include "mmtests.h"

#include <sched.h>

static void write_nines(void *p)
{
	memset(p, 9, 4 * PAGE);
}

static void cow_child_writes(void)
{
	char *p = map(4, RW, ANON);

	fill(p, 4, 1);
	EQUAL(in_child(write_nines, p), 0);
	for (int i = 0; i < 4; i++)
		CHECK(filled_with(p + i * PAGE, PAGE, i + 1));
}

static void cow_parent_writes(void)
{
	int ends[2];
	char *p = map(4, RW, ANON), go = 0;
	pid_t pid;

	fill(p, 4, 1);
	CHECK(pipe(ends) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		EQUAL(read(ends[0], &go, 1), 1);
		for (int i = 0; i < 4; i++)
			CHECK(filled_with(p + i * PAGE, PAGE, i + 1));
		_exit(5);
	}
	memset(p, 9, 4 * PAGE);
	EQUAL(write(ends[1], "g", 1), 1);
	EQUAL(child_exit(pid), 5);
	CHECK(filled_with(p, 4 * PAGE, 9));
}

static void write_shared(void *p)
{
	((char *)p)[0] = 11;
	((char *)p)[3 * PAGE] = 12;
}

static void shared_anon_is_shared(void)
{
	char *p = map(4, RW, SHANON);

	EQUAL(in_child(write_shared, p), 0);
	EQUAL(p[0], 11);
	EQUAL(p[3 * PAGE], 12);
	CHECK(filled_with(p + PAGE, 2 * PAGE, 0));
}

static void shared_file_is_shared(void)
{
	int fd = file_of(4);
	char *p = map_at(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0), byte;

	EQUAL(in_child(write_shared, p), 0);
	EQUAL(p[3 * PAGE], 12);
	EQUAL(pread(fd, &byte, 1, 0), 1);
	EQUAL(byte, 11);
}

static void private_file_is_not(void)
{
	char *p = map_at(NULL, 4 * PAGE, RW, MAP_PRIVATE, file_of(4), 0);

	p[1] = 77;
	EQUAL(in_child(write_nines, p), 0);
	EQUAL(p[0], 1);
	EQUAL(p[1], 77);
	CHECK(filled_with(p + 3 * PAGE, PAGE, 4));
}

static void expect_zero_then_write(void *p)
{
	CHECK(filled_with(p, 4 * PAGE, 0));
	memset(p, 3, 4 * PAGE);
}

static void zero_page_is_not_written(void)
{
	char *p = map(4, RW, ANON);

	CHECK(filled_with(p, 4 * PAGE, 0)); /* read only: the zero page */
	EQUAL(in_child(expect_zero_then_write, p), 0);
	CHECK(filled_with(p, 4 * PAGE, 0));
	CHECK(filled_with(map(4, RW, ANON), 4 * PAGE, 0));
}

static void grandchildren(void *p)
{
	char *mine = p;

	if (mine[0] < 8) {
		mine[0]++;
		mine[mine[0] * PAGE] = mine[0];
		EQUAL(in_child(grandchildren, p), 0);
		for (int i = mine[0] + 1; i < 10; i++)
			EQUAL(mine[i * PAGE], 0);
	}
}

static void cow_through_generations(void)
{
	char *p = map(10, RW, ANON);

	p[0] = 0;
	EQUAL(in_child(grandchildren, p), 0);
	CHECK(filled_with(p, 10 * PAGE, 0));
}

static void cow_after_child_has_gone(void)
{
	char *p = map(64, RW, ANON);

	fill(p, 64, 1);
	for (int i = 0; i < 20; i++) {
		EQUAL(in_child(write_nines, p), 0);
		p[i * PAGE] = 100;
	}
	for (int i = 0; i < 64; i++)
		CHECK(p[i * PAGE] == (i < 20 ? 100 : i + 1) && p[i * PAGE + 1] == i + 1);
}

static void read_through_pipe(void *p)
{
	int ends[2];

	CHECK(pipe(ends) == 0);
	EQUAL(write(ends[1], "child", 5), 5);
	EQUAL(read(ends[0], p, 5), 5); /* the kernel writes to a shared frame for us */
	CHECK(memcmp(p, "child", 5) == 0);
}

static void kernel_writes_break_cow(void)
{
	char *p = map(1, RW, ANON);

	memcpy(p, "mine!", 5);
	EQUAL(in_child(read_through_pipe, p), 0);
	CHECK(memcmp(p, "mine!", 5) == 0);
}

static void protect_in_child(void *p)
{
	CHECK(mprotect(p, PAGE, PROT_NONE) == 0);
	CHECK(munmap((char *)p + PAGE, PAGE) == 0);
}

static void child_changes_only_its_map(void)
{
	char *p = map(2, RW, ANON);

	fill(p, 2, 1);
	EQUAL(in_child(protect_in_child, p), 0);
	WRITES(p);
	WRITES(p + PAGE);
}

static void readonly_stays_readonly(void *p)
{
	FAULTS(try_write, (char *)p, SIGSEGV, SEGV_ACCERR);
}

static void cow_is_no_permission(void)
{
	char *p = map(1, RW, ANON);

	fill(p, 1, 1);
	CHECK(mprotect(p, PAGE, PROT_READ) == 0);
	EQUAL(in_child(readonly_stays_readonly, p), 0);
	FAULTS(try_write, p, SIGSEGV, SEGV_ACCERR);
}

static void many_children(void)
{
	static pid_t pids[40];
	char *p = map(8, RW, ANON);

	fill(p, 8, 1);
	for (int i = 0; i < 40; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			memset(p, i, 8 * PAGE);
			sched_yield();
			_exit(filled_with(p, 8 * PAGE, i) ? i : 255);
		}
	}
	for (int i = 0; i < 40; i++)
		EQUAL(child_exit(pids[i]), i);
	CHECK(filled_with(p + 7 * PAGE, PAGE, 8));
}

static void many_forks(void)
{
	for (int i = 0; i < 200; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid == 0)
			_exit(i & 127);
		EQUAL(child_exit(pid), i & 127);
	}
}

static void fork_of_much(void)
{
	size_t pages = 2048;
	unsigned *p = (unsigned *)map(pages, RW, ANON);
	pid_t pid;

	for (size_t i = 0; i < pages; i++)
		p[i * 1024] = (unsigned)i;
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		for (size_t i = 0; i < pages; i += 3)
			p[i * 1024] = ~0u;
		for (size_t i = 0; i < pages; i++)
			CHECK(p[i * 1024] == (i % 3 ? (unsigned)i : ~0u));
		_exit(0);
	}
	EQUAL(child_exit(pid), 0);
	for (size_t i = 0; i < pages; i++)
		CHECK(p[i * 1024] == (unsigned)i);
}

static void vfork_shares(void)
{
	static volatile int value;
	pid_t pid = vfork();

	if (pid == 0) {
		value = 21;
		_exit(3);
	}
	CHECK(pid > 0);
	EQUAL(value, 21); /* the parent slept until then */
	EQUAL(child_exit(pid), 3);
}

static volatile int thread_value;

static int thread_body(void *p)
{
	thread_value = 31;
	((char *)p)[PAGE] = 32;
	_exit(4);
}

static void clone_vm_shares(void)
{
	char *p = map(2, RW, ANON), *stack = map(16, RW, ANON | MAP_STACK);
	pid_t pid = clone(thread_body, stack + 16 * PAGE, CLONE_VM | SIGCHLD, p);

	CHECK(pid > 0);
	EQUAL(child_exit(pid), 4);
	EQUAL(thread_value, 31);
	EQUAL(p[PAGE], 32);
}

static void exec_replaces_everything(void)
{
	char *args[] = { (char *)"mmtests", (char *)"--exit", (char *)"37", NULL },
	     *env[] = { NULL };
	pid_t pid;

	fill(map(100, RW, ANON), 100, 1);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		execve("/proc/self/exe", args, env);
		_exit(errno == ENOENT ? 77 : 1);
	}
	switch (child_exit(pid)) {
	case 77: mm_skip("no /proc/self/exe");
	case 37: break;
	default: CHECK(!"the program's exit status");
	}
}

static void exec_errors(void)
{
	char *args[] = { (char *)"x", NULL };
	int fd = open("/tmp/mmtests.noexec", O_CREAT | O_WRONLY | O_TRUNC, 0700);

	CHECK(fd >= 0);
	EQUAL(write(fd, "\177ELFgarbage", 11), 11);
	close(fd);
	FAILS(execve("/nonexistent", args, args + 1), ENOENT);
	FAILS(execve("/tmp/mmtests.noexec", args, args + 1), ENOEXEC);
	FAILS(execve("/tmp", args, args + 1), EACCES);
	FAILS(execve((char *)8, args, args + 1), EFAULT);
	unlink("/tmp/mmtests.noexec");
	WRITES(map(1, RW, ANON)); /* still here, still whole */
}

static void die_by_segv(void *unused)
{
	(void)unused;
	*(volatile int *)NULL = 1;
}

static void die_by_bus(void *unused)
{
	(void)unused;
	*(volatile char *)map_at(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
				 memfd_create("empty", 0), 0) = 1;
}

static void death_is_reported(void)
{
	int status = in_child(die_by_segv, NULL);

	CHECK(WIFSIGNALED(status));
	EQUAL(WTERMSIG(status), SIGSEGV);
	status = in_child(die_by_bus, NULL);
	CHECK(WIFSIGNALED(status));
	EQUAL(WTERMSIG(status), SIGBUS);
}

static void rusage_counts_faults(void)
{
	struct rusage before, after;
	char *p = map(256, RW, ANON);

	(void)madvise(p, 256 * PAGE, MADV_NOHUGEPAGE);
	CHECK(getrusage(RUSAGE_SELF, &before) == 0);
	for (int i = 0; i < 256; i++)
		p[i * PAGE] = 1;
	CHECK(getrusage(RUSAGE_SELF, &after) == 0);
	CHECK(after.ru_minflt - before.ru_minflt >= 256 &&
	      after.ru_minflt - before.ru_minflt < 300);
	EQUAL(after.ru_majflt, before.ru_majflt);
	CHECK(after.ru_maxrss > 0);
}

static void touch_thousand(void *unused)
{
	(void)unused;
	fill(map(1000, RW, ANON), 1000, 1);
}

static void rusage_of_children(void)
{
	struct rusage usage;

	EQUAL(in_child(touch_thousand, NULL), 0);
	CHECK(getrusage(RUSAGE_CHILDREN, &usage) == 0);
	CHECK(usage.ru_minflt >= 500 && usage.ru_maxrss >= 4000);
}

const struct mmtest tests_fork[] = {
	{ "cow_child_writes", cow_child_writes },
	{ "cow_parent_writes", cow_parent_writes },
	{ "shared_anon_is_shared", shared_anon_is_shared },
	{ "shared_file_is_shared", shared_file_is_shared },
	{ "private_file_is_not", private_file_is_not },
	{ "zero_page_is_not_written", zero_page_is_not_written },
	{ "cow_through_generations", cow_through_generations },
	{ "cow_after_child_has_gone", cow_after_child_has_gone },
	{ "kernel_writes_break_cow", kernel_writes_break_cow },
	{ "child_changes_only_its_map", child_changes_only_its_map },
	{ "cow_is_no_permission", cow_is_no_permission },
	{ "many_children", many_children },
	{ "many_forks", many_forks },
	{ "fork_of_much", fork_of_much },
	{ "vfork_shares", vfork_shares },
	{ "clone_vm_shares", clone_vm_shares },
	{ "exec_replaces_everything", exec_replaces_everything },
	{ "exec_errors", exec_errors },
	{ "death_is_reported", death_is_reported },
	{ "rusage_counts_faults", rusage_counts_faults },
	{ "rusage_of_children", rusage_of_children },
	{ NULL, NULL },
};
