/* SPDX-License-Identifier: MIT */
/*
 * vmalloc_race_test.c - threads as CPUs that map and unmap kernel memory, flush, and read reports of it.
 *
 *   each thread:  a few areas, each frame marked with its owner  ──freed──>  checked for the mark first
 *
 * Two owners of a frame, or of an address, overwrite each other's marks.  At the end every law holds and
 * neither an area nor a frame is missing.
 */
#include <pthread.h>
#include <quire/percpu.h>
#include <quire/quire.h>
#include <quire/vmalloc.h>
#include <quire/watch.h>
#include "support/layers.h"

#define THREADS 4u
#define ROUNDS  2500u
#define OWN     8u

struct mine {
	char *at;
	unsigned pages;
	bool ram;
};

struct player {
	unsigned cpu;
	u64 rng;
	struct mine own[OWN];
	struct page *frames[8]; /* for vm_map_ram */
};

static unsigned wrong;

static void expect(bool law)
{
	if (!law)
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
}

static unsigned draw(struct player *p, unsigned n)
{
	p->rng ^= p->rng << 13;
	p->rng ^= p->rng >> 7;
	p->rng ^= p->rng << 17;
	return (unsigned)((p->rng >> 32) * n >> 32);
}

/* The word that says whose the page is, in the frame behind it. */
static unsigned long *mark_of(const struct mine *m, unsigned i)
{
	struct page *page = vmalloc_to_page(m->at + i * PAGE_SIZE);

	expect(page);
	return page ? page_address(page) : NULL;
}

static void put_marks(const struct mine *m)
{
	for (unsigned i = 0; i < m->pages; i++) {
		unsigned long *mark = mark_of(m, i);

		if (mark)
			*mark = (unsigned long)m->at + i;
	}
}

static void check_marks(const struct mine *m)
{
	for (unsigned i = 0; i < m->pages; i++) {
		const unsigned long *mark = mark_of(m, i);

		expect(mark && *mark == (unsigned long)m->at + i);
	}
}

static void drop(struct mine *m)
{
	if (!m->at)
		return;
	if (m->ram) {
		vm_unmap_ram(m->at, m->pages);
	} else {
		check_marks(m);
		vfree(m->at);
	}
	m->at = NULL;
}

static void one(struct player *p)
{
	struct mine *m = &p->own[draw(p, OWN)];
	char text[64];

	drop(m);
	m->ram = draw(p, 2);
	m->pages = 1 + draw(p, m->ram ? 8 : 12);
	m->at = m->ram ? vm_map_ram(p->frames, m->pages, NUMA_NO_NODE)
		       : vmalloc(m->pages * PAGE_SIZE);
	expect(m->at);
	if (m->at && !m->ram)
		put_marks(m);
	if (m->at && m->ram)
		for (unsigned i = 0; i < m->pages; i++)
			expect(vmalloc_to_page(m->at + i * PAGE_SIZE) == p->frames[i]);
	if (draw(p, 64) == 0)
		vm_unmap_aliases();
	if (draw(p, 64) == 0) {
		struct seq_buf buf = { text, sizeof(text), 0 };
		struct seq_out out = { seq_buf_emit, &buf, 0, 0 };

		show_vmallocinfo(&out); /* as much as there is room for */
	}
	/* The end of somebody's area, and what is freed meanwhile. */
	vread(text, m->at, sizeof(text));
}

static void *thread(void *arg)
{
	struct player *p = arg;

	posix_cpu_enter(p->cpu);
	for (unsigned i = 0; i < 8; i++)
		p->frames[i] = alloc_page(GFP_KERNEL);
	for (unsigned i = 0; i < ROUNDS; i++)
		one(p);
	for (unsigned i = 0; i < OWN; i++)
		drop(&p->own[i]);
	for (unsigned i = 0; i < 8; i++)
		__free_page(p->frames[i]);
	posix_cpu_leave();
	return NULL;
}

static void areas_come_and_go(void **state)
{
	static struct player players[THREADS];
	const unsigned cpus = QUIRE_NR_CPUS < THREADS ? QUIRE_NR_CPUS : THREADS;
	pthread_t threads[THREADS];
	unsigned long free;

	(void)state;
	assert_int_equal(posix_machine_start_simple(64, cpus), 0);
	assert_int_equal(quire_start(cpus, NULL, NULL), 0);
	free = quire_free_pages_exact() + maps_kernel_tables();
	posix_cpu_leave();
	for (unsigned i = 0; i < cpus; i++) {
		players[i] = (struct player){ .cpu = i, .rng = 88172645463325252ULL * (i + 1) };
		assert_int_equal(pthread_create(&threads[i], NULL, thread, &players[i]), 0);
	}
	for (unsigned i = 0; i < cpus; i++)
		pthread_join(threads[i], NULL);
	posix_cpu_enter(0);
	assert_int_equal(wrong, 0);
	assert_law(check_all());
	assert_int_equal(vmalloc_nr_pages(), 0);
	assert_int_equal(quire_free_pages_exact() + maps_kernel_tables(), free);
	assert_true(vmap_purges() > 0);
	quire_stop();
	posix_machine_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(areas_come_and_go) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
