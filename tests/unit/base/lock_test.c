/* SPDX-License-Identifier: MIT */
/* Spinlocks and their ranks, sleeping locks and wait queues between threads. */
#include <pthread.h>
#include <quire/percpu.h>
#include <quire/wait.h>
#include "support/layers.h"

#define THREADS 4
#define ROUNDS  2000

static DEFINE_SPINLOCK(low, LOCK_RANK_KERNEL);
static DEFINE_SPINLOCK(high, LOCK_RANK_KERNEL + 1);

static void ranks(void **state)
{
	unsigned long flags;

	(void)state;
	spin_lock(&low);
	spin_lock_irqsave(&high, flags);
	assert_true(port_irqs_disabled());
	assert_spin_locked(&high);
	spin_unlock_irqrestore(&high, flags);
	spin_unlock(&low);
	assert_false(port_irqs_disabled());
	assert_true(spin_trylock(&low));
	assert_false(spin_trylock(&low));
	spin_unlock(&low);
	if (!QUIRE_DEBUG)
		skip();
	spin_lock(&high);
	assert_panics(spin_lock(&low), "low (rank 1) is taken while high (rank 2) is held");
	assert_panics(spin_lock(&high), "taken by the CPU that holds it");
	/* An interrupt's locks are judged apart. */
	quire_irq_enter();
	spin_lock(&low);
	spin_unlock(&low);
	quire_irq_exit();
	spin_unlock(&high);
	assert_panics(assert_spin_locked(&high), "must be held");
	assert_panics(spin_unlock(&high), "does not hold it");
}

static void no_sleep_with_lock(void **state)
{
	struct rw_semaphore sem;

	(void)state;
	if (!QUIRE_DEBUG)
		skip();
	init_rwsem(&sem);
	spin_lock(&low);
	assert_panics(down_read(&sem), "may sleep and is called with low held");
	spin_unlock(&low);
}

static void one_thread(void **state)
{
	struct rw_semaphore sem;
	struct mutex mutex;

	(void)state;
	init_rwsem(&sem);
	down_read(&sem);
	assert_true(down_read_trylock(&sem));
	assert_false(down_write_trylock(&sem));
	up_read(&sem);
	up_read(&sem);
	down_write(&sem);
	assert_false(down_read_trylock(&sem));
	downgrade_write(&sem);
	assert_true(down_read_trylock(&sem));
	up_read(&sem);
	up_read(&sem);
	assert_false(rwsem_is_locked(&sem));
	mutex_init(&mutex);
	mutex_lock(&mutex);
	assert_false(mutex_trylock(&mutex));
	mutex_unlock(&mutex);
	assert_false(mutex_is_locked(&mutex));
}

/* ---- threads --------------------------------------------------------------------------------- */
static struct rw_semaphore shared_sem;
static spinlock_t shared_spin;
static long pair[2], spun;

static void *readers_and_writers(void *arg)
{
	unsigned me = (unsigned)(unsigned long)arg;
	unsigned long seed = me + 1;

	posix_cpu_enter(me);
	for (unsigned i = 0; i < ROUNDS; i++) {
		seed = seed * 1103515245 + 12345;
		if (seed >> 16 & 3) {
			down_read(&shared_sem);
			if (pair[0] != pair[1])
				abort();
			up_read(&shared_sem);
		} else {
			down_write(&shared_sem);
			pair[0]++;
			if (seed >> 18 & 1)
				sched_yield();
			pair[1]++;
			up_write(&shared_sem);
		}
	}
	return NULL;
}

static void *spinners(void *arg)
{
	posix_cpu_enter((unsigned)(unsigned long)arg);
	for (unsigned i = 0; i < ROUNDS; i++) {
		raw_lock(&shared_spin.locked);
		spun++;
		raw_unlock(&shared_spin.locked);
	}
	return NULL;
}

static void run_threads(void *(*fn)(void *))
{
	pthread_t thread[THREADS];

	for (unsigned long i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, fn, (void *)i), 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

static void contended(void **state)
{
	const struct posix_bank bank = { 1 << 20, 16 << 20, 0 };

	(void)state;
	start_frames(&bank, 1, THREADS);
	init_rwsem(&shared_sem);
	pair[0] = pair[1] = spun = 0;
	run_threads(spinners);
	assert_int_equal(spun, THREADS * ROUNDS);
	run_threads(readers_and_writers);
	assert_int_equal(pair[0], pair[1]);
	assert_int_equal(shared_sem.count, 0);
	stop_frames();
}

static wait_queue_head_t queue;
static int token, woken;

static void *sleeper(void *arg)
{
	posix_cpu_enter((unsigned)(unsigned long)arg);
	wait_event(&queue, __atomic_load_n(&token, __ATOMIC_SEQ_CST));
	__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
	posix_cpu_leave();
	return NULL;
}

static void waiting(void **state)
{
	const struct posix_bank bank = { 1 << 20, 16 << 20, 0 };
	pthread_t thread[3];

	(void)state;
	start_frames(&bank, 1, 4);
	init_waitqueue_head(&queue);
	for (unsigned round = 0; round < 50; round++) {
		token = woken = 0;
		for (unsigned long i = 0; i < 3; i++)
			assert_int_equal(pthread_create(&thread[i], NULL, sleeper, (void *)(i + 1)),
					 0);
		if (round % 2)
			sched_yield();
		__atomic_store_n(&token, 1, __ATOMIC_SEQ_CST);
		wake_up_all(&queue);
		for (unsigned i = 0; i < 3; i++)
			pthread_join(thread[i], NULL);
		assert_int_equal(woken, 3);
		assert_false(waitqueue_active(&queue));
	}
	stop_frames();
}

static void exclusive_waiters(void **state)
{
	struct wait_queue_entry e[3] = { { .link = LIST_HEAD_INIT(e[0].link) },
					 { .link = LIST_HEAD_INIT(e[1].link) },
					 { .link = LIST_HEAD_INIT(e[2].link) } };

	(void)state;
	init_waitqueue_head(&queue);
	prepare_to_wait_exclusive(&queue, &e[0]);
	prepare_to_wait_exclusive(&queue, &e[1]);
	prepare_to_wait(&queue, &e[2]);
	wake_up(&queue);
	assert_true(list_empty(&e[2].link));
	assert_true(list_empty(&e[0].link));
	assert_false(list_empty(&e[1].link));
	finish_wait(&queue, &e[1]);
	assert_false(waitqueue_active(&queue));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranks),      cmocka_unit_test(no_sleep_with_lock),
		cmocka_unit_test(one_thread), cmocka_unit_test(contended),
		cmocka_unit_test(waiting),    cmocka_unit_test(exclusive_waiters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
