/* SPDX-License-Identifier: MIT */
/*
 * kmap_race_test.c - 600 tasks and 512 places: who comes too late sleeps until somebody goes.
 *
 * A task is a thread; it runs while it has one of the machine's CPUs, and has none while it sleeps.
 */
#include <pthread.h>
#include <quire/highmem.h>
#include <quire/mmzone.h>
#include <quire/percpu.h>
#include <quire/watch.h>
#include "support/layers.h"
#include "maps/kmap.h"
#include <quire/quire.h>

#define MIB      1048576ul
#define NR_TASKS 600u
#define NR_PAGES 700u
#define ROUNDS   12u
#define NR_CPUS  QUIRE_NR_CPUS

static struct page *page[NR_PAGES];
static u32 visits[NR_PAGES]; /* by whoever had it mapped */

/* ---- CPUs are lent --------------------------------------------------------------------------- */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool taken[NR_CPUS];
	unsigned asleep, holding, done;
	bool go; /* who holds a place may give it back */
} m = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static unsigned free_cpu_locked(void)
{
	unsigned cpu = 0;

	while (cpu < NR_CPUS && m.taken[cpu])
		cpu++;
	return cpu;
}

static void take_cpu_locked(void)
{
	unsigned cpu;

	while ((cpu = free_cpu_locked()) == NR_CPUS)
		pthread_cond_wait(&m.changed, &m.lock);
	m.taken[cpu] = true;
	posix_cpu_lend(cpu);
}

static void give_cpu_locked(void)
{
	m.taken[port_cpu_id()] = false;
	pthread_cond_broadcast(&m.changed);
}

static void on_sleep(bool asleep)
{
	pthread_mutex_lock(&m.lock);
	if (asleep) {
		m.asleep++;
		give_cpu_locked();
	} else {
		m.asleep--;
		take_cpu_locked();
	}
	pthread_mutex_unlock(&m.lock);
}

/* Others run for a while, though this task holds places. */
static void reschedule(void)
{
	pthread_mutex_lock(&m.lock);
	give_cpu_locked();
	pthread_mutex_unlock(&m.lock);
	sched_yield();
	pthread_mutex_lock(&m.lock);
	take_cpu_locked();
	pthread_mutex_unlock(&m.lock);
}

static void *run_task(void *arg, void (*body)(unsigned))
{
	pthread_mutex_lock(&m.lock);
	take_cpu_locked();
	pthread_mutex_unlock(&m.lock);
	body((unsigned)(uintptr_t)arg);
	pthread_mutex_lock(&m.lock);
	m.done++;
	give_cpu_locked();
	pthread_mutex_unlock(&m.lock);
	return NULL;
}

static void run_tasks(void *(*thread)(void *), pthread_t *task, unsigned n)
{
	pthread_attr_t attr;

	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setstacksize(&attr, 256 << 10), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(pthread_create(&task[i], &attr, thread, (void *)(uintptr_t)i), 0);
	pthread_attr_destroy(&attr);
}

/* ---- the machine ----------------------------------------------------------------------------- */
static int setup(void **state)
{
	const struct posix_bank banks[] = { { MIB, 24 * MIB, 0 },
					    { PORT_LOWMEM_PHYS_END, 8 * MIB, 0 } };

	(void)state;
	memset(m.taken, 0, sizeof(m.taken));
	m.asleep = m.holding = m.done = 0;
	m.go = false;
	assert_int_equal(posix_machine_start(&(struct posix_machine){ banks, 2, NR_CPUS }), 0);
	assert_int_equal(quire_start(NR_CPUS, NULL, NULL), 0);
	for (unsigned cpu = NR_CPUS; cpu-- > 0;)
		posix_cpu_enter(cpu);
	for (unsigned i = 0; i < NR_PAGES; i++) {
		page[i] = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
		assert_true(PageHighMem(page[i]));
		visits[i] = 0;
	}
	posix_sleep_hook = on_sleep;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	posix_sleep_hook = NULL;
	posix_cpu_lend(0);
	for (unsigned i = 0; i < NR_PAGES; i++)
		__free_page(page[i]);
	assert_law(check_all());
	for (unsigned cpu = 1; cpu < NR_CPUS; cpu++) {
		posix_cpu_lend(cpu);
		posix_cpu_leave();
	}
	posix_cpu_lend(0);
	quire_stop();
	posix_machine_stop();
	return 0;
}

/* ---- holders and sleepers -------------------------------------------------------------------- */
static void hold_until_told(unsigned i)
{
	u32 *at = kmap(page[i]);

	at[1] = i;
	pthread_mutex_lock(&m.lock);
	m.holding++;
	give_cpu_locked();
	while (!m.go)
		pthread_cond_wait(&m.changed, &m.lock);
	take_cpu_locked();
	m.holding--;
	pthread_mutex_unlock(&m.lock);
	if (at[1] != i)
		quire_panic("a page that task %u holds shows another frame\n", i);
	kunmap(page[i]);
}

static void *holder(void *arg)
{
	return run_task(arg, hold_until_told);
}

static void test_holders_and_sleepers(void **state)
{
	static pthread_t task[NR_TASKS];

	(void)state;
	run_tasks(holder, task, NR_TASKS);
	pthread_mutex_lock(&m.lock);
	while (m.holding < LAST_PKMAP || m.asleep < NR_TASKS - LAST_PKMAP)
		pthread_cond_wait(&m.changed, &m.lock);
	assert_int_equal(m.holding, LAST_PKMAP);
	assert_int_equal(m.asleep, NR_TASKS - LAST_PKMAP);
	take_cpu_locked();
	assert_law(kmap_check());
	give_cpu_locked();
	m.go = true;
	pthread_cond_broadcast(&m.changed);
	pthread_mutex_unlock(&m.lock);
	for (unsigned i = 0; i < NR_TASKS; i++)
		pthread_join(task[i], NULL);
	assert_int_equal(m.done, NR_TASKS);
	assert_true(kmap_sleeps() >= NR_TASKS - LAST_PKMAP);
	for (unsigned i = 0; i < NR_TASKS; i++) {
		u32 word = 0;

		memcpy_from_page((char *)&word, page[i], sizeof(u32), sizeof(u32));
		assert_int_equal(word, i);
	}
}

/* ---- everybody at once ----------------------------------------------------------------------- */
/* Some pages are wanted by many; each visitor sees the page that it asked for. */
static void visit_pages(unsigned i)
{
	u64 random = i * 0x9e3779b97f4a7c15u + 1;

	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned n;
		u32 *at;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		n = (unsigned)(random % (round % 3 ? NR_PAGES : 16));
		at = kmap(page[n]);
		if (round % 4 == 0)
			reschedule();
		__atomic_fetch_add(at, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&visits[n], 1, __ATOMIC_RELAXED);
		if (page_address(page[n]) != at)
			quire_panic("page_address() of a page that is held is another's\n");
		kunmap(page[n]);
	}
}

static void *visitor(void *arg)
{
	return run_task(arg, visit_pages);
}

static void test_everybody_at_once(void **state)
{
	static pthread_t task[NR_TASKS];
	u32 all = 0;

	(void)state;
	run_tasks(visitor, task, NR_TASKS);
	for (unsigned i = 0; i < NR_TASKS; i++)
		pthread_join(task[i], NULL);
	for (unsigned i = 0; i < NR_PAGES; i++) {
		u32 word = 0;

		memcpy_from_page((char *)&word, page[i], 0, sizeof(u32));
		assert_int_equal(word, visits[i]);
		all += word;
	}
	assert_int_equal(all, NR_TASKS * ROUNDS);
}

/* ---- each CPU's own pages -------------------------------------------------------------------- */
/* Two pages of a CPU's own, a copy between them, and an interrupt in the midst of it. */
static void copy_pages(unsigned i)
{
	struct page *from = page[2 * i], *to = page[2 * i + 1];

	for (u32 round = 1; round < 300; round++) {
		u32 *a = kmap_local_page(from), *b = kmap_local_page(to), *inner;

		*a = round;
		*b = 0;
		quire_irq_enter();
		inner = kmap_local_page(from);
		if (*inner != round)
			quire_panic("an interrupt sees another CPU's page\n");
		kunmap_local(inner);
		quire_irq_exit();
		kunmap_local(b);
		kunmap_local(a);
		copy_highpage(to, from);
		b = kmap_local_page(to);
		if (*b != round)
			quire_panic("a copy went to another CPU's page\n");
		kunmap_local(b);
	}
}

static void *copier(void *arg)
{
	return run_task(arg, copy_pages);
}

static void test_cpus_have_their_own(void **state)
{
	pthread_t task[NR_CPUS];

	(void)state;
	run_tasks(copier, task, NR_CPUS);
	for (unsigned i = 0; i < NR_CPUS; i++)
		pthread_join(task[i], NULL);
	assert_law(kmap_local_check());
	for (unsigned i = 0; i < NR_CPUS; i++) {
		u32 word = 0;

		memcpy_from_page((char *)&word, page[2 * i + 1], 0, sizeof(u32));
		assert_int_equal(word, 299);
	}
}

#define KMAP_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		KMAP_TEST(test_holders_and_sleepers),
		KMAP_TEST(test_everybody_at_once),
		KMAP_TEST(test_cpus_have_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
