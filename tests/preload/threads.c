/* SPDX-License-Identifier: MIT */
/*
 * threads.c - threads by the thousand, fork() under fire, destructors, dlopen: on whichever malloc
 * this program runs on.  Prints TAP.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int n, failures;

static void check(bool fine, const char *what)
{
	printf("%s %d - %s\n", fine ? "ok" : "not ok", ++n, what);
	failures += !fine;
}

static long resident_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long all = 0, resident = 0;

	if (!f || fscanf(f, "%ld %ld", &all, &resident) != 2)
		resident = -1;
	if (f)
		fclose(f);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* ---- blocks that go from hand to hand -------------------------------------------------------- */
struct block {
	size_t size;
	unsigned char byte; /* repeated to the end */
};
static struct block *table[1024];
static int damaged;

static struct block *make(unsigned *seed)
{
	size_t size = sizeof(struct block) + (size_t)rand_r(seed) % 3000;
	struct block *b = malloc(size);

	if (!b)
		abort();
	*b = (struct block){ size, (unsigned char)rand_r(seed) };
	memset(b + 1, b->byte, size - sizeof(*b));
	return b;
}

static void take_apart(struct block *b)
{
	if (!b)
		return;
	for (size_t i = sizeof(*b); i < b->size; i++)
		if (((unsigned char *)b)[i] != b->byte) {
			__atomic_fetch_add(&damaged, 1, __ATOMIC_RELAXED);
			break;
		}
	free(b);
}

static void *exchange(void *seed_of)
{
	unsigned seed = (unsigned)(uintptr_t)seed_of;

	for (int i = 0; i < 500; i++) {
		unsigned at = (unsigned)rand_r(&seed) % 1024;

		take_apart(__atomic_exchange_n(&table[at], make(&seed), __ATOMIC_ACQ_REL));
	}
	return NULL;
}

static void empty_table(void)
{
	for (int i = 0; i < 1024; i++) {
		take_apart(table[i]);
		table[i] = NULL;
	}
}

/* n threads in fn(first), fn(first + 1), ...; false: one could not be had. */
static bool start_and_join(int n, uintptr_t first, void *(*fn)(void *))
{
	pthread_t thread[256];
	int started = 0;

	while (started < n &&
	       !pthread_create(&thread[started], NULL, fn, (void *)(first + (uintptr_t)started)))
		started++;
	for (int i = 0; i < started; i++)
		pthread_join(thread[i], NULL);
	return started == n;
}

static bool run_threads(int total, int at_once)
{
	for (int done = 0; done < total; done += at_once)
		if (!start_and_join(at_once, (uintptr_t)done + 1, exchange))
			return false;
	empty_table();
	return damaged == 0;
}

static void many_threads(bool ours)
{
	long before, after;

	check(run_threads(64, 8), "8 threads at a time exchange blocks");
	check(run_threads(200, 200), "200 threads at the same time, more than there are slots");
	/* What is free would go by itself within a second: here it goes at once, so that no clock decides. */
	malloc_trim(0);
	before = resident_kib();
	check(run_threads(1000, 8), "a thousand threads come and go");
	malloc_trim(0);
	after = resident_kib();
	if (ours)
		check(after - before <= 1024, "and leave no more than 1 MiB behind");
	printf("# %ld KiB before, %ld KiB after\n", before, after);
}

/* ---- memory that is new ---------------------------------------------------------------------- */
#define SHARED 512u

static void *shared[SHARED];

/* Most blocks are the first in addresses that the program has just got, and are freed by another thread at once. */
static void *grow(void *seed_of)
{
	unsigned seed = (unsigned)(uintptr_t)seed_of;

	for (int i = 0; i < 2000; i++) {
		unsigned at = (unsigned)rand_r(&seed) % SHARED;
		size_t size = (size_t)(rand_r(&seed) % 64 + 1) << 14;

		free(__atomic_exchange_n(&shared[at], malloc(size), __ATOMIC_ACQ_REL));
	}
	return NULL;
}

/* A child starts small each time. */
static void grow_and_exchange(void)
{
	bool fine = true;

	for (unsigned round = 0; round < 8; round++) {
		int status = -1;
		pid_t child = fork();

		if (!child)
			_exit(start_and_join(4, round * 10 + 1, grow) ? 0 : 1);
		fine = fine && child > 0 && waitpid(child, &status, 0) == child && !status;
	}
	check(fine, "memory that has just come is freed by another thread");
}

/* ---- fork ------------------------------------------------------------------------------------ */
static volatile bool stop;

static void *churn(void *seed_of)
{
	unsigned seed = (unsigned)(uintptr_t)seed_of;
	struct block *mine[32] = { NULL };

	while (!stop) {
		unsigned at = (unsigned)rand_r(&seed) % 32;

		take_apart(mine[at]);
		mine[at] = make(&seed);
		if (rand_r(&seed) % 64 == 0)
			free(malloc((size_t)rand_r(&seed) % (1 << 20)));
	}
	for (int i = 0; i < 32; i++)
		take_apart(mine[i]);
	return NULL;
}

static int child(unsigned seed)
{
	pthread_t thread;

	for (int i = 0; i < 2000; i++)
		take_apart(make(&seed));
	free(malloc(3 << 20));
	if (pthread_create(&thread, NULL, exchange, (void *)(uintptr_t)seed))
		return 2;
	pthread_join(thread, NULL);
	return damaged != 0;
}

static bool forks(int times)
{
	for (int i = 0; i < times; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			_exit(child((unsigned)i + 1));
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
			return false;
	}
	return true;
}

static void fork_under_fire(void)
{
	pthread_t thread[8];

	fflush(stdout);
	for (int i = 0; i < 8; i++)
		if (pthread_create(&thread[i], NULL, churn, (void *)(uintptr_t)(i + 1)))
			abort();
	check(forks(60), "60 children of a parent whose 8 threads allocate");
	stop = true;
	for (int i = 0; i < 8; i++)
		pthread_join(thread[i], NULL);
	check(damaged == 0, "the parent's blocks are as they were");
}

static void fork_of_fork(void)
{
	pid_t pid;
	int status = -1;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		for (int depth = 0; depth < 20; depth++) {
			unsigned seed = (unsigned)depth;

			take_apart(make(&seed));
			pid = fork();
			if (pid) {
				waitpid(pid, &status, 0);
				_exit(status != 0);
			}
		}
		_exit(damaged != 0);
	}
	check(waitpid(pid, &status, 0) == pid && status == 0, "children of children, 20 deep");
}

/* ---- the ends of threads --------------------------------------------------------------------- */
static pthread_key_t keys[3];
static int destroyed;

static void destroy(void *p)
{
	void *more = malloc(100);

	if (more && *(int *)p == 42)
		__atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
	free(more);
	free(p);
}

static void *with_keys(void *unused)
{
	for (int i = 0; i < 3; i++) {
		int *p = malloc(sizeof(*p));

		*p = 42;
		pthread_setspecific(keys[i], p);
	}
	return unused;
}

static void destructors(void)
{
	pthread_t thread;

	for (int i = 0; i < 3; i++)
		pthread_key_create(&keys[i], destroy);
	for (int i = 0; i < 100; i++) {
		if (pthread_create(&thread, NULL, with_keys, NULL))
			abort();
		pthread_join(thread, NULL);
	}
	check(destroyed == 300, "destructors of a thread's values may allocate and free");
}

static void *never_frees(void *unused)
{
	(void)unused;
	return malloc(1000);
}

static void outlives(void)
{
	bool fine = true;

	for (int i = 0; i < 200; i++) {
		pthread_t thread;
		void *p = NULL;

		if (pthread_create(&thread, NULL, never_frees, NULL))
			abort();
		pthread_join(thread, &p);
		memset(p, 1, 1000);
		fine &= p != NULL;
		free(p);
	}
	check(fine, "a block outlives the thread that made it");
}

/* ---- libraries that come late ---------------------------------------------------------------- */
static void late_library(const char *path)
{
	void *(*make_some)(size_t);
	void *library = path ? dlopen(path, RTLD_NOW) : NULL;
	void *p;

	check(library != NULL, "a library that allocates in its constructor is loaded");
	if (!library)
		return;
	*(void **)&make_some = dlsym(library, "late_make");
	p = make_some ? make_some(500) : NULL;
	check(p != NULL, "and allocates");
	free(p);
	check(dlclose(library) == 0, "and goes");
}

int main(int argc, char **argv)
{
	grow_and_exchange();
	many_threads(argc > 2 && !strcmp(argv[2], "ours"));
	fork_under_fire();
	fork_of_fork();
	destructors();
	outlives();
	late_library(argc > 1 ? argv[1] : NULL);
	printf("1..%d\n", n);
	return failures != 0;
}
