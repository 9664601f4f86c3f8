/* SPDX-License-Identifier: MIT */
/*
 * threads.c - threads, and processes that have several when they end, exec or are killed.
 *
 * Prints "ok NAME" or "FAIL NAME"; the exit status is the number of failures.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS  20000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long counter;
static int open_gate;
static __thread long own;
static int failures;

static void report(const char *name, int good)
{
	printf("%s %s\n", good ? "ok" : "FAIL", name);
	failures += !good;
}

static void *count(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
		own++;
	}
	return own == ROUNDS ? arg : NULL;
}

static int mutexes_exclude(void)
{
	pthread_t t[THREADS];
	void *r;
	int good = 1;

	for (long i = 0; i < THREADS; i++)
		good &= !pthread_create(&t[i], NULL, count, (void *)(i + 1));
	for (long i = 0; i < THREADS; i++)
		good &= !pthread_join(t[i], &r) && r == (void *)(i + 1);
	return good && counter == (long)THREADS * ROUNDS;
}

/* The same sum twice while others compute something else: registers that leak show as a
 * difference. */
static void *compute(void *arg)
{
	double x = (double)(long)arg, y = x;

	for (int i = 0; i < 2000000; i++)
		x = x * 0.999999 + 1.0 / (i + 1);
	for (int i = 0; i < 2000000; i++)
		y = y * 0.999999 + 1.0 / (i + 1);
	return x == y ? arg : NULL;
}

static int registers_are_private(void)
{
	pthread_t t[THREADS];
	void *r;
	int good = 1;

	for (long i = 0; i < THREADS; i++)
		good &= !pthread_create(&t[i], NULL, compute, (void *)(i + 1));
	for (long i = 0; i < THREADS; i++)
		good &= !pthread_join(t[i], &r) && r == (void *)(i + 1);
	return good;
}

static void *wait_at_gate(void *arg)
{
	pthread_mutex_lock(&mutex);
	while (!open_gate)
		pthread_cond_wait(&condition, &mutex);
	pthread_mutex_unlock(&mutex);
	return arg;
}

static int conditions_wake_all(void)
{
	pthread_t t[THREADS];
	int good = 1;

	for (long i = 0; i < THREADS; i++)
		good &= !pthread_create(&t[i], NULL, wait_at_gate, NULL);
	usleep(20000);
	pthread_mutex_lock(&mutex);
	open_gate = 1;
	pthread_cond_broadcast(&condition);
	pthread_mutex_unlock(&mutex);
	for (long i = 0; i < THREADS; i++)
		good &= !pthread_join(t[i], NULL);
	return good;
}

static int cancel_stops_a_sleeper(void)
{
	pthread_t t;
	void *r;

	open_gate = 0;
	return !pthread_create(&t, NULL, wait_at_gate, NULL) && !usleep(1000) &&
	       !pthread_cancel(t) && !pthread_join(t, &r) && r == PTHREAD_CANCELED &&
	       !pthread_mutex_unlock(&mutex);
}

static pthread_t signalled;
static volatile sig_atomic_t right_thread;

static void handler(int sig)
{
	right_thread = sig == SIGUSR1 && pthread_equal(pthread_self(), signalled);
}

static void *until_signal(void *arg)
{
	while (!right_thread)
		usleep(1000);
	return arg;
}

static int signals_reach_their_thread(void)
{
	signal(SIGUSR1, handler);
	if (pthread_create(&signalled, NULL, until_signal, NULL))
		return 0;
	usleep(2000);
	return !pthread_kill(signalled, SIGUSR1) && !pthread_join(signalled, NULL) && right_thread;
}

/* ---- processes with several threads ---------------------------------------------------------- */
static void *sleep_long(void *arg)
{
	sleep(100);
	return arg;
}

static int child_with_threads(void (*then)(void), int kill_with)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		pthread_t t;

		for (int i = 0; i < 3; i++)
			pthread_create(&t, NULL, sleep_long, NULL);
		usleep(1000);
		then();
		_exit(99);
	}
	if (kill_with) {
		usleep(20000);
		kill(pid, kill_with);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

static void then_exit(void)
{
	exit(4);
}

static void then_abort(void)
{
	abort();
}

static void then_exec(void)
{
	execl("/bin/busybox", "true", (char *)0);
}

static void then_leave(void)
{
	pthread_exit(NULL);
}

static void *exec_from_here(void *arg)
{
	then_exec();
	return arg;
}

static void then_exec_in_thread(void)
{
	pthread_t t;

	pthread_create(&t, NULL, exec_from_here, NULL);
	sleep(100);
}

int main(void)
{
	int status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	report("mutexes_exclude", mutexes_exclude());
	report("registers_are_private", registers_are_private());
	report("conditions_wake_all", conditions_wake_all());
	report("cancel_stops_a_sleeper", cancel_stops_a_sleeper());
	report("signals_reach_their_thread", signals_reach_their_thread());
	status = child_with_threads(then_exit, 0);
	report("exit_ends_all_threads", WIFEXITED(status) && WEXITSTATUS(status) == 4);
	status = child_with_threads(then_abort, 0);
	report("abort_ends_all_threads", WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	report("exec_ends_all_threads", child_with_threads(then_exec, 0) == 0);
	report("any_thread_may_exec", child_with_threads(then_exec_in_thread, 0) == 0);
	status = child_with_threads(then_leave, SIGKILL);
	report("kill_after_the_first_has_left", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	printf("threads: %d failures\n", failures);
	return failures;
}
