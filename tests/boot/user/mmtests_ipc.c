/* SPDX-License-Identifier: MIT */
/* mmtests_ipc.c - memory between processes: System V segments, process_vm_readv, futexes. */
#include "mmtests.h"

#include <linux/futex.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/uio.h>
#include <time.h>

static int segment(size_t bytes)
{
	int id = shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600);

	CHECK(id >= 0);
	return id;
}

static char *attach(int id, int flags)
{
	char *p = shmat(id, NULL, flags);

	CHECK(p != (void *)-1);
	return p;
}

static void write_shared(void *p)
{
	memcpy(p, "from the child", 15);
}

static void shm_is_shared(void)
{
	int id = segment(3 * PAGE);
	char *p = attach(id, 0), *q = attach(id, 0);

	CHECK(shmctl(id, IPC_RMID, NULL) == 0);
	CHECK(filled_with(p, 3 * PAGE, 0));
	EQUAL(in_child(write_shared, p), 0);
	CHECK(strcmp(q, "from the child") == 0);
	CHECK(shmdt(p) == 0);
	FAULTS(try_read, p, SIGSEGV, SEGV_MAPERR);
	CHECK(strcmp(q, "from the child") == 0);
	CHECK(shmdt(q) == 0);
	FAILS(shmat(id, NULL, 0), EINVAL);
}

static void shm_counts_attachments(void)
{
	int id = segment(100);
	struct shmid_ds ds;
	char *p = attach(id, 0);

	CHECK(shmctl(id, IPC_STAT, &ds) == 0);
	EQUAL(ds.shm_segsz, 100);
	EQUAL(ds.shm_nattch, 1);
	EQUAL(ds.shm_cpid, getpid());
	attach(id, 0);
	CHECK(shmctl(id, IPC_STAT, &ds) == 0);
	EQUAL(ds.shm_nattch, 2);
	CHECK(shmdt(p) == 0);
	CHECK(shmctl(id, IPC_STAT, &ds) == 0);
	EQUAL(ds.shm_nattch, 1);
	CHECK(shmctl(id, IPC_RMID, NULL) == 0);
}

static void shm_errors(void)
{
	key_t key = 0x51550000 + getpid();
	int id = shmget(key, 2 * PAGE, IPC_CREAT | IPC_EXCL | 0600);

	CHECK(id >= 0);
	FAILS(shmget(key, 2 * PAGE, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	EQUAL(shmget(key, PAGE, 0), id);
	FAILS(shmget(key, 3 * PAGE, 0), EINVAL);
	FAILS(shmget(key + 1000000, PAGE, 0), ENOENT);
	FAILS(shmget(IPC_PRIVATE, 0, IPC_CREAT), EINVAL);
	FAILS(shmat(id, (void *)0x1001, 0), EINVAL);
	FAILS(shmat(0x7ffffff, NULL, 0), EINVAL);
	FAILS(shmdt(map(1, RW, ANON)), EINVAL);
	FAILS(shmctl(0x7ffffff, IPC_STAT, NULL), EINVAL);
	CHECK(shmctl(id, IPC_RMID, NULL) == 0);
	FAILS(shmget(key, PAGE, 0), ENOENT);
}

static void shm_readonly(void)
{
	int id = segment(PAGE);
	char *p = attach(id, 0), *q = attach(id, SHM_RDONLY);

	CHECK(shmctl(id, IPC_RMID, NULL) == 0);
	p[9] = 9;
	EQUAL(q[9], 9);
	FAULTS(try_write, q, SIGSEGV, SEGV_ACCERR);
}

static void shm_at_an_address(void)
{
	int id = segment(2 * PAGE);
	char *at = map_free(4);

	EQUAL(shmat(id, at, 0), at);
	WRITES(at + PAGE);
	FAILS(shmat(id, at, 0), EINVAL);
	EQUAL(shmat(id, at, SHM_REMAP), at);
	EQUAL(shmat(id, at + 2 * PAGE + 123, SHM_RND), at + 2 * PAGE);
	CHECK(shmctl(id, IPC_RMID, NULL) == 0);
}

static void detach_here(void *p)
{
	CHECK(shmdt(p) == 0);
}

static void shm_survives_fork(void)
{
	int id = segment(PAGE);
	char *p = attach(id, 0);

	CHECK(shmctl(id, IPC_RMID, NULL) == 0);
	*p = 7;
	EQUAL(in_child(detach_here, p), 0);
	EQUAL(*p, 7);
}

/* ---- process_vm_readv / writev --------------------------------------------------------------- */

static void vm_readv_self(void)
{
	char *p = map(4, RW, ANON), *q = map(4, RW, ANON);
	struct iovec local[2] = { { q, PAGE + 100 }, { q + 2 * PAGE, 2 * PAGE } };
	struct iovec remote[2] = { { p + 50, 2 * PAGE }, { p + 3 * PAGE, PAGE } };

	fill(p, 4, 1);
	EQUAL(process_vm_readv(getpid(), local, 2, remote, 2, 0), 3 * PAGE);
	CHECK(memcmp(q, p + 50, PAGE + 100) == 0);
	CHECK(memcmp(q + 2 * PAGE, p + 50 + PAGE + 100, PAGE - 100) == 0);
}

static void vm_writev_child(void)
{
	static char text[] = "written from outside";
	volatile char *shared = map(1, RW, SHANON);
	char *p = map(2, RW, ANON);
	pid_t pid;

	fill(p, 2, 1);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		while (!*shared)
			usleep(1000);
		_exit(strcmp(p + PAGE - 5, text) == 0 ? 0 : 1);
	}
	struct iovec local = { text, sizeof(text) }, remote = { p + PAGE - 5, sizeof(text) };

	EQUAL(process_vm_writev(pid, &local, 1, &remote, 1, 0), sizeof(text));
	*shared = 1;
	EQUAL(child_exit(pid), 0);
	CHECK(filled_with(p, PAGE, 1)); /* the child's copy, not ours */
}

static void vm_readv_stops_at_a_hole(void)
{
	char *p = map(2, RW, ANON), *q = map(2, RW, ANON);
	struct iovec local = { q, 2 * PAGE }, remote = { p, 2 * PAGE }, hole = { p + PAGE, PAGE };

	fill(p, 2, 1);
	CHECK(munmap(p + PAGE, PAGE) == 0);
	EQUAL(process_vm_readv(getpid(), &local, 1, &remote, 1, 0), PAGE);
	FAILS(process_vm_readv(getpid(), &local, 1, &hole, 1, 0), EFAULT);
}

static void vm_readv_errors(void)
{
	char *p = map(1, RW, ANON);
	struct iovec one = { p, 10 };

	FAILS(process_vm_readv(getpid(), &one, 1, &one, 1, 1), EINVAL);
	FAILS(process_vm_readv(0x3ffffff, &one, 1, &one, 1, 0), ESRCH);
	FAILS(process_vm_readv(getpid(), (void *)8, 1, &one, 1, 0), EFAULT);
	FAILS(process_vm_readv(getpid(), &one, 5000, &one, 1, 0), EINVAL);
	EQUAL(process_vm_readv(getpid(), &one, 0, &one, 1, 0), 0);
}

static void vm_writev_respects_protection(void)
{
	char *p = map(1, PROT_READ, ANON), *q = map(1, RW, ANON);
	struct iovec local = { q, PAGE }, remote = { p, PAGE };

	FAILS(process_vm_writev(getpid(), &local, 1, &remote, 1, 0), EFAULT);
}

/* ---- futex ----------------------------------------------------------------------------------- */

static long futex(volatile unsigned *word, int op, unsigned value, const struct timespec *timeout)
{
	return syscall(SYS_futex, word, op, value, timeout, NULL, 0);
}

static void futex_errors(void)
{
	volatile unsigned *word = (unsigned *)map(1, RW, ANON);
	struct timespec soon = { 0, 20000000 }, bad = { 0, 2000000000 };

	FAILS(futex(word, FUTEX_WAIT, 1, NULL), EAGAIN);
	FAILS(futex(word, FUTEX_WAIT, 0, &soon), ETIMEDOUT);
	FAILS(futex(word, FUTEX_WAIT_PRIVATE, 0, &soon), ETIMEDOUT);
	FAILS(futex(word, FUTEX_WAIT, 0, &bad), EINVAL);
	FAILS(futex((unsigned *)((char *)word + 1), FUTEX_WAIT, 0, NULL), EINVAL);
	FAILS(futex((unsigned *)map_free(1), FUTEX_WAIT, 0, &soon), EFAULT);
	FAILS(futex(word, 99, 0, NULL), ENOSYS);
	EQUAL(futex(word, FUTEX_WAKE, 10, NULL), 0);
}

static void futex_between_processes(void)
{
	volatile unsigned *word = (unsigned *)map(1, RW, SHANON);
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		while (word[0] == 0)
			futex(word, FUTEX_WAIT, 0, NULL);
		word[1] = 5;
		futex(word + 1, FUTEX_WAKE, 1, NULL);
		_exit(0);
	}
	usleep(20000);
	word[0] = 1;
	futex(word, FUTEX_WAKE, 1, NULL);
	while (word[1] == 0)
		futex(word + 1, FUTEX_WAIT, 0, NULL);
	EQUAL(word[1], 5);
	EQUAL(child_exit(pid), 0);
}

static void futex_through_two_mappings(void)
{
	int fd = file_of(1);
	volatile unsigned *a = (unsigned *)map_at(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	volatile unsigned *b = (unsigned *)map_at(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	pid_t pid;
	long woken = 0;

	*a = 0;
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(futex(a, FUTEX_WAIT, 0, NULL) == 0 ? 0 : 1);
	for (int i = 0; i < 2000 && woken == 0; i++) {
		usleep(1000);
		woken = futex(b, FUTEX_WAKE, 1, NULL); /* the same word at another address */
	}
	EQUAL(woken, 1);
	EQUAL(child_exit(pid), 0);
}

const struct mmtest tests_ipc[] = {
	{ "shm_is_shared", shm_is_shared },
	{ "shm_counts_attachments", shm_counts_attachments },
	{ "shm_errors", shm_errors },
	{ "shm_readonly", shm_readonly },
	{ "shm_at_an_address", shm_at_an_address },
	{ "shm_survives_fork", shm_survives_fork },
	{ "vm_readv_self", vm_readv_self },
	{ "vm_writev_child", vm_writev_child },
	{ "vm_readv_stops_at_a_hole", vm_readv_stops_at_a_hole },
	{ "vm_readv_errors", vm_readv_errors },
	{ "vm_writev_respects_protection", vm_writev_respects_protection },
	{ "futex_errors", futex_errors },
	{ "futex_between_processes", futex_between_processes },
	{ "futex_through_two_mappings", futex_through_two_mappings },
	{ NULL, NULL },
};
