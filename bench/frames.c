/* SPDX-License-Identifier: MIT */
/*
 * frames.c - what page frames cost on this machine, and what is left of large blocks after a while.
 *
 *   machine: 8 GiB of frames in one zone, of which only the descriptors are touched; everything else
 *   (metadata, heap, odd ends) is taken out before, so that the pool is whole pageblocks and no more
 *
 *   bulk50, bulk100   allocate 50 or 100 % one by one, free all in reverse
 *   rand50            allocate 50 %, shuffle over all threads, free in random order
 *   refill90          hold 90 %, then four times: free a random half, allocate it again
 *   repeat50          hold 50 %, then get and put, again and again
 *   churn50           hold 50 %, then free a random own block and allocate another, again and again
 *
 * Every round runs each of them on a fresh machine, then in the same harness around an allocator
 * that returns a counter (null), and one uncontended atomic add: what a machine costs is seen in all
 * three alike.  Time is CPU time of the threads, each pinned and a CPU of the simulated machine.
 *
 *   F1  fill 90 % with single movable frames, free a random half; and then compact
 *   F2  fill 100 %, free a random half, 100 times: free a random 10 % of what is held, then allocate
 *       as many
 *   F3  fill 90 %, every tenth frame unmovable; churned: every frame is freed and another of its
 *       kind taken in its place, twice, in random order, one by one or in batches of a tenth; free a
 *       random half; free all movable ones
 *
 * Blocks: pageblocks in which nothing is held.  Order 9: how many blocks of a pageblock's size can
 * be had.  Unmovable: pageblocks that hold such a frame.  Ideal: whole blocks if what is held were
 * packed.  Moves: frames in the emptiest pageblocks that have to be emptied to get there.
 *
 * Output: tab separated, "time", "frag" and "meta" lines.  Arguments: [rounds [MiB [workload]]], the last
 * to time only one, for a profiler.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <posix_machine.h>
#include <quire/boot.h>
#include <quire/compaction.h>
#include <quire/gfp.h>
#include <quire/mmzone.h>
#include <quire/percpu.h>
#include <quire/quire.h>
#include <quire/stop.h>

#define POOL_BASE   (4ULL << 30) /* one zone, NORMAL, begins here      */
#define MAX_THREADS 2u
#define MAX_ROUNDS  99u
#define LEAST_OPS   (1u << 18) /* operations that one figure is over, at least */
#define SEED        0x9e3779b97f4a7c15ULL
/* All of it can be had, also what is usually kept for the urgent. */
#define GFP_ALL     (__GFP_MEMALLOC | __GFP_NOWARN)
#define GFP_MOVES   (GFP_HIGHUSER_MOVABLE | GFP_ALL)
#define GFP_STAYS   (GFP_KERNEL | GFP_ALL)

static unsigned long pool_mib = 8192, pool_frames, first_pfn;
static struct page **held; /* room for pool_frames                   */

static void fail(const char *what)
{
	fprintf(stderr, "frames: %s\n", what);
	exit(1);
}

static u64 rng_next(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* 0 .. n - 1, for n < 2^32 */
static unsigned long rng_below(u64 *state, unsigned long n)
{
	return (unsigned long)((rng_next(state) >> 32) * n >> 32);
}

static void shuffle(struct page **at, unsigned long n, u64 *rng)
{
	for (; n > 1; n--) {
		unsigned long other = rng_below(rng, n);
		struct page *t = at[n - 1];

		at[n - 1] = at[other];
		at[other] = t;
	}
}

/* ---- the machine ----------------------------------------------------------------------------- */
static void machine_start(const struct posix_bank *bank, unsigned nr_cpus)
{
	if (posix_machine_start(
		    &(struct posix_machine){ .banks = bank, .nr_banks = 1, .nr_cpus = nr_cpus }))
		fail("the host does not give the machine its addresses");
}

static int by_address(const void *a, const void *b)
{
	const struct page *x = *(struct page *const *)a, *y = *(struct page *const *)b;

	return x < y ? -1 : x > y;
}

/* Take everything, give back the lowest pageblocks that make up the pool. */
static void pool_make(void)
{
	unsigned long blocks = pool_frames >> pageblock_order, n = 0;

	while (n < pool_frames && (held[n] = alloc_pages(GFP_MOVES, pageblock_order)))
		n++;
	while (alloc_page(GFP_MOVES))
		;
	if (n < blocks)
		fail("the machine is too small for its pool");
	qsort(held, n, sizeof(*held), by_address);
	first_pfn = page_to_pfn(held[0]);
	for (n = blocks; n-- > 0;)
		__free_pages(held[n], pageblock_order);
	drain_all_pages();
	if (nr_free_pages() != pool_frames)
		fail("the pool is not what it should be");
}

static void pool_start(unsigned nr_cpus)
{
	/* A little more than the pool: per-CPU areas, heap, page tables. */
	const struct posix_bank bank = { POOL_BASE,
					 (phys_addr_t)(pool_mib + pool_mib / 64 + 32) << 20, 0 };

	machine_start(&bank, nr_cpus);
	if (quire_start(nr_cpus, NULL, NULL))
		fail("quire does not start");
	pool_make();
}

static void pool_stop(void)
{
	drain_all_pages();
	if (nr_free_pages() != pool_frames)
		fail("frames were lost or counted twice");
	quire_stop();
	posix_machine_stop();
}

/* ---- allocators ------------------------------------------------------------------------------ */
struct allocator {
	const char *name;
	struct page *(*get)(void);
	void (*put)(struct page *page);
};

static struct page *quire_get0(void)
{
	return alloc_pages(GFP_MOVES, 0);
}

static void quire_put0(struct page *page)
{
	__free_pages(page, 0);
}

static struct page *quire_get9(void)
{
	return alloc_pages(GFP_MOVES, 9);
}

static void quire_put9(struct page *page)
{
	__free_pages(page, 9);
}

static __thread unsigned long null_counter;

static struct page *null_get(void)
{
	return (struct page *)++null_counter;
}

static void null_put(struct page *page)
{
	(void)page;
	null_counter--;
}

static const struct allocator quire_order0 = { "quire", quire_get0, quire_put0 };
static const struct allocator quire_order9 = { "quire", quire_get9, quire_put9 };
static const struct allocator null_any = { "null", null_get, null_put };

/* ---- workloads ------------------------------------------------------------------------------- */
enum op { OP_GET, OP_PUT, OP_PAIR, NR_OPS };
static const char *const op_names[NR_OPS] = { "get", "put", "pair" };

struct job {
	const struct allocator *with;
	unsigned thread, threads;
	struct page **mine; /* this thread's part of held[]                 */
	unsigned long n;    /* blocks in it                                 */
	unsigned long all;  /* blocks of all threads                        */
	unsigned repeats;   /* so that there are enough operations          */
	u64 rng;
	u64 ns[NR_OPS]; /* CPU time                                     */
	unsigned long ops[NR_OPS];
	unsigned long failed; /* requests refused                             */
};

/* Threads meet awake: what is measured may be shorter than it takes the host to wake one. */
static struct {
	unsigned threads, here, meetings;
} meeting;

static void meet(void)
{
	unsigned seen = __atomic_load_n(&meeting.meetings, __ATOMIC_ACQUIRE);

	if (__atomic_add_fetch(&meeting.here, 1, __ATOMIC_ACQ_REL) == meeting.threads) {
		__atomic_store_n(&meeting.here, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&meeting.meetings, seen + 1, __ATOMIC_RELEASE);
		return;
	}
	for (unsigned spins = 1; __atomic_load_n(&meeting.meetings, __ATOMIC_ACQUIRE) == seen;
	     spins++)
		if (spins % 4096 == 0)
			sched_yield();
}

static u64 cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

static void book(struct job *j, enum op op, u64 since, unsigned long ops)
{
	j->ns[op] += cpu_now() - since;
	j->ops[op] += ops;
}

/* Fill the first n slots.  What could not be had is NULL, at the end. */
static void get_all(struct job *j, unsigned long n, bool timed)
{
	struct page *(*get)(void) = j->with->get;
	unsigned long i = 0;
	u64 since;

	meet();
	since = cpu_now();
	while (i < n && (j->mine[i] = get()))
		i++;
	if (timed)
		book(j, OP_GET, since, i);
	j->failed += n - i;
	memset(j->mine + i, 0, (n - i) * sizeof(*j->mine));
	meet();
}

/* Empty the first n slots, last first. */
static void put_all(struct job *j, unsigned long n, bool timed)
{
	void (*put)(struct page * page) = j->with->put;
	unsigned long i;
	u64 since;

	meet();
	while (n && !j->mine[n - 1])
		n--;
	since = cpu_now();
	for (i = n; i-- > 0;)
		put(j->mine[i]);
	if (timed)
		book(j, OP_PUT, since, n);
	meet();
}

static void run_bulk(struct job *j)
{
	for (unsigned r = 0; r < j->repeats; r++) {
		get_all(j, j->n, true);
		put_all(j, j->n, true);
	}
}

static void run_rand(struct job *j)
{
	for (unsigned r = 0; r < j->repeats; r++) {
		get_all(j, j->n, true);
		if (!j->thread)
			shuffle(held, j->all, &j->rng);
		put_all(j, j->n, true);
	}
}

static void run_refill(struct job *j)
{
	get_all(j, j->n, false);
	for (unsigned r = 0; r < 4 * j->repeats; r++) {
		shuffle(j->mine, j->n, &j->rng);
		put_all(j, j->n / 2, true);
		get_all(j, j->n / 2, true);
	}
	put_all(j, j->n, false);
}

static void run_repeat(struct job *j)
{
	unsigned long pairs = j->n * j->repeats;
	struct page *(*get)(void) = j->with->get;
	void (*put)(struct page * page) = j->with->put;
	u64 since;

	get_all(j, j->n, false);
	since = cpu_now();
	for (unsigned long i = 0; i < pairs; i++) {
		struct page *page = get();

		if (unlikely(!page))
			fail("repeat50: no memory though half of it is free");
		put(page);
	}
	book(j, OP_PAIR, since, pairs);
	put_all(j, j->n, false);
}

static void run_churn(struct job *j)
{
	unsigned long pairs = j->n * j->repeats;
	struct page *(*get)(void) = j->with->get;
	void (*put)(struct page * page) = j->with->put;
	u64 since, rng = j->rng;

	get_all(j, j->n, false);
	since = cpu_now();
	for (unsigned long i = 0; i < pairs; i++) {
		struct page **slot = &j->mine[rng_below(&rng, j->n)];

		put(*slot);
		*slot = get();
		if (unlikely(!*slot))
			fail("churn50: no memory though half of it is free");
	}
	book(j, OP_PAIR, since, pairs);
	put_all(j, j->n, false);
}

static const struct workload {
	const char *name;
	void (*run)(struct job *j);
	unsigned percent; /* of the pool that is held                     */
} workloads[] = {
	{ "bulk50", run_bulk, 50 },     { "bulk100", run_bulk, 100 },
	{ "rand50", run_rand, 50 },     { "refill90", run_refill, 90 },
	{ "repeat50", run_repeat, 50 }, { "churn50", run_churn, 50 },
};
#define NR_WORKLOADS (sizeof(workloads) / sizeof(workloads[0]))

/* ---- threads --------------------------------------------------------------------------------- */
static const struct workload *running;

static cpu_set_t allowed; /* processors that this process may use          */

/* To the n-th of them. */
static void pin(unsigned n)
{
	cpu_set_t one;

	n %= (unsigned)CPU_COUNT(&allowed);
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed) || n--)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
		return;
	}
}

static void *job_main(void *arg)
{
	struct job *j = arg;

	pin(j->thread);
	if (j->with != &null_any)
		posix_cpu_enter(j->thread);
	meet();
	running->run(j);
	meet();
	if (j->with != &null_any)
		posix_cpu_leave();
	return NULL;
}

static void run_threads(struct job *jobs, unsigned threads)
{
	pthread_t id[MAX_THREADS];

	meeting.threads = threads;
	for (unsigned t = 0; t < threads; t++)
		if (pthread_create(&id[t], NULL, job_main, &jobs[t]))
			fail("pthread_create");
	for (unsigned t = 0; t < threads; t++)
		pthread_join(id[t], NULL);
}

/* ---- figures --------------------------------------------------------------------------------- */
struct figure {
	double ns[MAX_ROUNDS];
	unsigned rounds;
	unsigned long failed;
};
/* By workload, order 0 or 9, threads, allocator, operation. */
static struct figure figures[NR_WORKLOADS][2][MAX_THREADS][2][NR_OPS];
static struct figure adds; /* the atomic add */

static void note(struct figure *f, double ns, unsigned long failed)
{
	f->ns[f->rounds++] = ns;
	f->failed += failed;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Sorts the rounds as well. */
static double median(struct figure *f)
{
	qsort(f->ns, f->rounds, sizeof(f->ns[0]), by_value);
	return f->ns[f->rounds / 2];
}

static void show(const char *what, unsigned order, unsigned threads, const char *op,
		 const char *who, struct figure *f)
{
	double middle;

	if (!f->rounds)
		return;
	middle = median(f);
	printf("time\t%s\t%u\t%u\t%s\t%s\t%.2f\t%.2f\t%.2f\t%lu\n", what, order, threads, op, who,
	       middle, f->ns[0], f->ns[f->rounds - 1], f->failed);
}

static void measure(unsigned w, unsigned order, unsigned threads, bool null, u64 seed)
{
	unsigned long blocks = pool_frames * workloads[w].percent / 100 >> order;
	unsigned long each = blocks / threads;
	struct job jobs[MAX_THREADS] = { 0 };

	for (unsigned t = 0; t < threads; t++)
		jobs[t] = (struct job){
			.with = null    ? &null_any
				: order ? &quire_order9
					: &quire_order0,
			.thread = t,
			.threads = threads,
			.mine = held + t * each,
			.n = each,
			.all = each * threads,
			.repeats = (unsigned)((LEAST_OPS + each - 1) / each),
			.rng = seed + t * SEED,
		};
	running = &workloads[w];
	if (!null)
		pool_start(threads);
	run_threads(jobs, threads);
	if (!null) {
		posix_cpu_enter(0);
		pool_stop();
	}
	for (unsigned op = 0; op < NR_OPS; op++) {
		double ns = 0;
		unsigned long failed = 0;

		for (unsigned t = 0; t < threads; t++) {
			failed += jobs[t].failed;
			if (jobs[t].ops[op])
				ns += (double)jobs[t].ns[op] / (double)jobs[t].ops[op] / threads;
		}
		if (jobs[0].ops[op])
			note(&figures[w][order != 0][threads - 1][null][op], ns, failed);
	}
}

static void measure_atomic(void)
{
	static unsigned long word;
	const unsigned long n = 20000000;
	u64 since = cpu_now();

	for (unsigned long i = 0; i < n; i++)
		__atomic_fetch_add(&word, 1, __ATOMIC_SEQ_CST);
	note(&adds, (double)(cpu_now() - since) / (double)n, 0);
}

static void time_one(unsigned w, u64 seed)
{
	for (unsigned o = 0; o < 2; o++)
		for (unsigned t = 1; t <= MAX_THREADS; t++)
			for (unsigned null = 0; null < 2; null++)
				measure(w, o * 9, t, null, seed);
}

static void time_all(unsigned rounds, const char *only)
{
	for (unsigned r = 0; r < rounds; r++) {
		for (unsigned w = 0; w < NR_WORKLOADS; w++)
			if (!only || !strcmp(only, workloads[w].name))
				time_one(w, SEED * (r + 1));
		measure_atomic();
	}
	for (unsigned w = 0; w < NR_WORKLOADS; w++)
		for (unsigned o = 0; o < 2; o++)
			for (unsigned t = 1; t <= MAX_THREADS; t++)
				for (unsigned op = 0; op < NR_OPS; op++)
					for (unsigned null = 0; null < 2; null++)
						show(workloads[w].name, o * 9, t, op_names[op],
						     null ? null_any.name : quire_order0.name,
						     &figures[w][o][t - 1][null][op]);
	show("atomic-add", 0, 1, "add", "machine", &adds);
}

/* ---- fragmentation --------------------------------------------------------------------------- */
/* What is held is held[0 .. n); an unmovable frame has this bit in its pointer. */
#define STAYS 1UL

static bool stays(const struct page *page)
{
	return (unsigned long)page & STAYS;
}

static struct page *real(struct page *page)
{
	return (struct page *)((unsigned long)page & ~STAYS);
}

/* `told`: the allocator learns which frames stay. */
static struct page *frag_get(bool stay, bool told)
{
	struct page *page = stay && told ? alloc_pages(GFP_STAYS, 0) : alloc_pages(GFP_MOVES, 0);

	if (!page)
		fail("a single frame is refused while there are free ones");
	return (struct page *)((unsigned long)page | (stay ? STAYS : 0));
}

static void frag_put(struct page *page)
{
	__free_pages(real(page), 0);
}

static unsigned long frag_fill(unsigned percent, unsigned one_stays_in, bool told)
{
	unsigned long n = pool_frames * percent / 100;

	for (unsigned long i = 0; i < n; i++)
		held[i] = frag_get(one_stays_in && i % one_stays_in == 0, told);
	return n;
}

/* Free a random half.  How many are left. */
static unsigned long frag_halve(unsigned long n, u64 *rng)
{
	unsigned long left = n / 2;

	shuffle(held, n, rng);
	while (n > left)
		frag_put(held[--n]);
	return left;
}

static int by_used(const void *a, const void *b)
{
	return (int)*(const unsigned *)a - (int)*(const unsigned *)b;
}

static unsigned long order9_successes(void)
{
	struct page **got = malloc((pool_frames >> pageblock_order) * sizeof(*got));
	unsigned long n = 0;

	if (!got)
		fail("malloc");
	while ((got[n] = alloc_pages(GFP_MOVES, pageblock_order)))
		if (++n == pool_frames >> pageblock_order)
			break;
	for (unsigned long i = 0; i < n; i++)
		__free_pages(got[i], pageblock_order);
	free(got);
	return n;
}

/* moved: ~0UL for the moves that a greedy compaction would need. */
static void frag_show_moves(const char *name, unsigned long n, unsigned long moved)
{
	unsigned long blocks = pool_frames >> pageblock_order, whole = 0, fixed = 0, moves = 0;
	unsigned long ideal = blocks - (n + pageblock_nr_pages - 1) / pageblock_nr_pages;
	unsigned *used = calloc(blocks, sizeof(*used));
	bool *has_fixed = calloc(blocks, sizeof(*has_fixed));

	if (!used || !has_fixed)
		fail("calloc");
	for (unsigned long i = 0; i < n; i++) {
		unsigned long block = (page_to_pfn(real(held[i])) - first_pfn) >> pageblock_order;

		if (block >= blocks || ++used[block] > pageblock_nr_pages)
			fail("a frame from nowhere, or one given out twice");
		has_fixed[block] |= stays(held[i]);
	}
	qsort(used, blocks, sizeof(*used), by_used);
	for (unsigned long i = 0; i < blocks; i++) {
		whole += !used[i];
		fixed += has_fixed[i];
		moves += i < ideal ? used[i] : 0;
	}
	printf("frag\t%s\t%lu\t%lu\t%lu\t%lu\t%lu\n", name, order9_successes(), whole, fixed, ideal,
	       moved == ~0UL ? moves : moved);
	free(used);
	free(has_fixed);
}

static void frag_show(const char *name, unsigned long n)
{
	frag_show_moves(name, n, ~0UL);
}

/* ---- what is held can be moved: held[] says where it is now ---------------------------------- */
static unsigned long nr_moves;
static const struct movable_ops held_ops;

static int held_migrate(struct page *to, struct page *from, enum migrate_mode mode)
{
	(void)mode; /* the frames themselves hold nothing */
	held[from->private] = to;
	to->private = from->private;
	get_page(to);
	__SetPageMovable(to, &held_ops);
	__ClearPageMovable(from);
	put_page(from);
	nr_moves++;
	return 0;
}

static const struct movable_ops held_ops = { NULL, held_migrate, NULL };

static void make_movable(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		held[i]->private = (u32)i;
		__SetPageMovable(held[i], &held_ops);
	}
}

static void make_fixed(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		SetPageFlag(held[i], PG_locked);
		__ClearPageMovable(held[i]);
		ClearPageFlag(held[i], PG_locked);
	}
}

/* As frag_show(), after compaction; the last column is the moves that it took. */
static void frag_compact(const char *name, unsigned long n)
{
	nr_moves = 0;
	make_movable(n);
	compact_memory();
	make_fixed(n);
	frag_show_moves(name, n, nr_moves);
}

static void frag_end(unsigned long n)
{
	while (n > 0)
		frag_put(held[--n]);
	pool_stop();
}

static void frag1(void)
{
	u64 rng = SEED;
	unsigned long n;

	pool_start(1);
	n = frag_halve(frag_fill(90, 0, true), &rng);
	frag_show("F1", n);
	frag_compact("F1-compacted", n);
	frag_end(n);
}

static void frag2(void)
{
	u64 rng = SEED;
	unsigned long n, tenth;

	pool_start(1);
	n = frag_halve(frag_fill(100, 0, true), &rng);
	tenth = n / 10;
	for (unsigned round = 0; round < 100; round++) {
		shuffle(held, n, &rng);
		for (unsigned long i = 0; i < tenth; i++)
			frag_put(held[i]);
		for (unsigned long i = 0; i < tenth; i++)
			held[i] = frag_get(false, true);
	}
	frag_show("F2", n);
	frag_end(n);
}

/* Every frame once: free `batch` of them, then take as many of the same kinds. */
static void frag_churn(unsigned long n, unsigned long batch, bool told, u64 *rng)
{
	shuffle(held, n, rng);
	for (unsigned long at = 0; at < n; at += batch) {
		unsigned long end = min(at + batch, n);

		for (unsigned long i = at; i < end; i++)
			frag_put(held[i]);
		for (unsigned long i = at; i < end; i++)
			held[i] = frag_get(stays(held[i]), told);
	}
}

enum churn { CHURN_NONE, CHURN_ONE_BY_ONE, CHURN_BATCHES };

static void frag3(const char *name, bool told, enum churn churn)
{
	unsigned long n, left = 0;
	u64 rng = SEED;

	pool_start(1);
	n = frag_fill(90, 10, told);
	for (unsigned twice = 0; twice < 2 && churn != CHURN_NONE; twice++)
		frag_churn(n, churn == CHURN_BATCHES ? (n + 9) / 10 : 1, told, &rng);
	n = frag_halve(n, &rng);
	for (unsigned long i = 0; i < n; i++) {
		if (stays(held[i]))
			held[left++] = held[i];
		else
			frag_put(held[i]);
	}
	frag_show(name, left);
	frag_end(left);
}

/* ---- metadata -------------------------------------------------------------------------------- */
/* Milliseconds that the host takes to hand out so much memory, of which every page is written to. */
static double host_memory(size_t size)
{
	u64 since = cpu_now();
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		fail("mmap");
	for (size_t i = 0; i < size; i += PAGE_SIZE)
		((volatile char *)at)[i] = 1;
	munmap(at, size);
	return (double)(cpu_now() - since) / 1e6;
}

/* Bytes of descriptors, as the library says when it hands the memory over. */
static size_t descriptor_bytes(void)
{
	const char *at = strstr(posix_log_take(), "of it ");
	unsigned long kib;

	if (!at || sscanf(at, "of it %luK frame descriptors", &kib) != 1)
		fail("the library does not say how large its descriptors are");
	return kib << 10;
}

/* 16 GiB are taken into use; the descriptors, which lie outside of them here, are host memory that
 * nobody has touched yet, and what that costs is shown beside. */
static void metadata(unsigned rounds)
{
	unsigned long all = 16384UL << (20 - PAGE_SHIFT);
	struct figure start = { .rounds = 0 }, host = { .rounds = 0 };
	size_t bytes = 0;

	for (unsigned r = 0; r < rounds; r++) {
		const struct posix_bank bank = { POOL_BASE, (phys_addr_t)all << PAGE_SHIFT, 0 };
		u64 since;

		machine_start(&bank, 1);
		posix_log_take();
		since = cpu_now();
		frames_init();
		memblock_free_all();
		note(&start, (double)(cpu_now() - since) / 1e6, 0);
		if (percpu_init(1))
			fail("percpu_init");
		bytes = descriptor_bytes();
		note(&host, host_memory(bytes), 0);
		bytes += (all - nr_free_pages()) << PAGE_SHIFT;
		percpu_exit();
		frames_exit();
		posix_machine_stop();
	}
	printf("meta\tstruct-page-bytes\t%zu\n", sizeof(struct page));
	printf("meta\tbytes-per-frame\t%.2f\n", (double)bytes / (double)all);
	printf("meta\tpercent-of-ram\t%.3f\n",
	       (double)bytes * 100 / (double)all / (double)PAGE_SIZE);
	printf("meta\thand-over-16g-ms\t%.2f\n", median(&start));
	printf("meta\thost-memory-for-it-ms\t%.2f\n", median(&host));
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 7;

	if (argc > 2)
		pool_mib = strtoul(argv[2], NULL, 10);
	if (!rounds || rounds > MAX_ROUNDS || pool_mib < 64 || pool_mib % 4)
		fail("usage: frames [rounds 1..99 [MiB, 64 or more, in fours [workload]]]");
	pool_frames = pool_mib << (20 - PAGE_SHIFT);
	held = calloc(pool_frames, sizeof(*held));
	if (!held)
		fail("calloc");
	memset(held, 1, pool_frames * sizeof(*held));
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		fail("sched_getaffinity");
	pin(0);
	time_all(rounds, argc > 3 ? argv[3] : NULL);
	if (argc > 3)
		return 0;
	frag1();
	frag2();
	frag3("F3-types", true, CHURN_NONE);
	frag3("F3-types-churned", true, CHURN_ONE_BY_ONE);
	frag3("F3-types-churned-in-batches", true, CHURN_BATCHES);
	frag3("F3-no-types", false, CHURN_NONE);
	metadata(rounds);
	free(held);
	return 0;
}
