/* SPDX-License-Identifier: MIT */
/*
 * heap.c - what malloc costs a program: `heap WORKLOAD [rest]`, under whichever malloc was preloaded.
 *
 *   pair-N       malloc(N), free, again and again        fifo-N    the same, a thousand blocks later
 *   grow         one block, from 64 bytes to 64 KiB by 64 with realloc
 *   remote       one thread allocates, another frees
 *
 *   larson       servers: each thread replaces random blocks of its own, then leaves them all to a
 *                successor and ends
 *   mstress      blocks of all sizes, some kept, some handed to other threads through a common array
 *   xmalloc      each thread frees, in batches, what another allocated
 *   thrash       each thread writes into small blocks of its own: do two threads share a cache line?
 *   alloctest    a working set with random lifetimes, sizes by a power law
 *   batches      thousands of one size, freed in order, in reverse, or every other first
 *   large        buffers of 5 to 25 MiB, twenty at a time
 *   threads      two thousand threads that allocate, exchange and end
 *   numbers      short-lived blocks of 16 to 200 bytes, last in, first out, but not quite
 *   trees        binary trees built and dropped beside one that stays
 *   strings      a table of strings that grow by realloc
 *   decline      a peak of 100 MiB, and then a long life with a tenth of it
 *
 * The calls come from generators with fixed seeds, so every malloc sees the same ones.  One line:
 *   WORKLOAD <tab> ns of CPU <tab> operations <tab> peak RSS <tab> RSS after all was freed
 * The last one second later with "rest", else at once.
 * CPU time and resident memory, in KiB, are the whole process's.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define THREADS 2u

typedef uint64_t u64;

static u64 ops; /* what a run has done, in mallocs                                      */

static void fail(const char *what)
{
	fprintf(stderr, "heap: %s\n", what);
	exit(1);
}

/* ---- random numbers, time, memory ------------------------------------------------------------ */
static u64 rng_next(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* 0 .. n - 1, for n < 2^32 */
static size_t rng_below(u64 *state, size_t n)
{
	return (size_t)((rng_next(state) >> 32) * n >> 32);
}

/* 16 to 2^(4 + steps) bytes; every doubling half as likely as the one before. */
static size_t rng_size(u64 *state, unsigned steps)
{
	u64 r = rng_next(state);
	unsigned step = 0;

	while (step + 1 < steps && r >> step & 1)
		step++;
	return (16UL << step) + rng_below(state, 16UL << step);
}

static u64 seed_of(unsigned n)
{
	return 0x9e3779b97f4a7c15ULL * (n + 1);
}

static u64 cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

/* What a line of /proc/self/status says, in KiB. */
static long status_kib(const char *line)
{
	char buf[4096];
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);
	const char *at;

	close(fd);
	buf[n > 0 ? n : 0] = 0;
	at = strstr(buf, line);
	if (!at)
		fail("/proc/self/status does not say how much memory is used");
	return strtol(at + strlen(line), NULL, 10);
}

/* A block whose ends are written: a program would. */
static void *get(size_t size)
{
	char *p = malloc(size);

	if (!p)
		fail("out of memory");
	p[0] = (char)size;
	p[size - 1] = (char)size;
	return p;
}

/* So that the compiler does not pair malloc and free away. */
static void *opaque(void *p)
{
	__asm__ volatile("" : "+r"(p) : : "memory");
	return p;
}

static void run_threads(void *(*fn)(void *), unsigned n)
{
	pthread_t id[THREADS];

	for (unsigned t = 0; t < n; t++)
		if (pthread_create(&id[t], NULL, fn, (void *)(uintptr_t)t))
			fail("pthread_create");
	for (unsigned t = 0; t < n; t++)
		pthread_join(id[t], NULL);
}

/* ---- one operation --------------------------------------------------------------------------- */
static void pairs(size_t size, u64 n)
{
	for (u64 i = 0; i < n; i++)
		free(opaque(malloc(size)));
	ops += n;
}

static void fifo(size_t size, u64 n)
{
	static void *queue[1000];
	const unsigned depth = sizeof(queue) / sizeof(queue[0]);
	unsigned at = 0;

	for (u64 i = 0; i < n; i++) {
		free(queue[at]);
		queue[at] = opaque(malloc(size));
		if (++at == depth)
			at = 0;
	}
	for (at = 0; at < depth; at++) {
		free(queue[at]);
		queue[at] = NULL;
	}
	ops += n;
}

static void pair_16(void)
{
	pairs(16, 40000000);
}
static void pair_64(void)
{
	pairs(64, 40000000);
}
static void pair_256(void)
{
	pairs(256, 40000000);
}
static void pair_1024(void)
{
	pairs(1024, 40000000);
}
static void pair_64k(void)
{
	pairs(65536, 4000000);
}
static void pair_1m(void)
{
	pairs(1 << 20, 1000000);
}
static void fifo_16(void)
{
	fifo(16, 30000000);
}
static void fifo_64(void)
{
	fifo(64, 30000000);
}
static void fifo_256(void)
{
	fifo(256, 30000000);
}
static void fifo_1024(void)
{
	fifo(1024, 20000000);
}

static void grow(void)
{
	for (unsigned round = 0; round < 2000; round++) {
		char *p = NULL;

		for (size_t size = 64; size <= 65536; size += 64) {
			p = realloc(p, size);
			if (!p)
				fail("out of memory");
			p[size - 1] = 1;
			ops++;
		}
		free(p);
	}
}

/* ---- one thread to another ------------------------------------------------------------------- */
#define RING 1024u
static struct {
	void *slot[RING];
	unsigned head __attribute__((__aligned__(64)));
	unsigned tail __attribute__((__aligned__(64)));
} ring;
#define REMOTE 10000000u

static void *remote_side(void *arg)
{
	unsigned spins = 0;

	for (unsigned i = 0; i < REMOTE; i++) {
		if (arg) {
			while (__atomic_load_n(&ring.head, __ATOMIC_ACQUIRE) == i)
				if (++spins % 256 == 0)
					sched_yield();
			free(ring.slot[i % RING]);
			__atomic_store_n(&ring.tail, i + 1, __ATOMIC_RELEASE);
		} else {
			while (i - __atomic_load_n(&ring.tail, __ATOMIC_ACQUIRE) == RING)
				if (++spins % 256 == 0)
					sched_yield();
			ring.slot[i % RING] = get(64);
			__atomic_store_n(&ring.head, i + 1, __ATOMIC_RELEASE);
		}
	}
	return NULL;
}

static void remote(void)
{
	run_threads(remote_side, 2);
	ops += REMOTE;
}

/* ---- larson ---------------------------------------------------------------------------------- */
#define LARSON_BLOCKS 5000u
#define LARSON_LIVES  60u
static void *larson_block[THREADS][LARSON_BLOCKS];
static u64 larson_rng[THREADS];

static void *larson_life(void *arg)
{
	unsigned t = (unsigned)(uintptr_t)arg;
	u64 *rng = &larson_rng[t];

	for (unsigned i = 0; i < 100000; i++) {
		void **slot = &larson_block[t][rng_below(rng, LARSON_BLOCKS)];

		free(*slot);
		*slot = get(8 + rng_below(rng, 1000));
	}
	return NULL;
}

static void larson(void)
{
	for (unsigned t = 0; t < THREADS; t++) {
		larson_rng[t] = seed_of(t);
		for (unsigned i = 0; i < LARSON_BLOCKS; i++)
			larson_block[t][i] = get(8 + rng_below(&larson_rng[t], 1000));
	}
	for (unsigned life = 0; life < LARSON_LIVES; life++)
		run_threads(larson_life, THREADS);
	for (unsigned t = 0; t < THREADS; t++)
		for (unsigned i = 0; i < LARSON_BLOCKS; i++)
			free(larson_block[t][i]);
	ops += (u64)LARSON_LIVES * THREADS * 100000;
}

/* ---- mstress --------------------------------------------------------------------------------- */
#define COMMON 1000u
static void *common[COMMON];

static void *mstress_thread(void *arg)
{
	u64 rng = seed_of((unsigned)(uintptr_t)arg + 10);
	const unsigned n = 200000;
	void **mine = calloc(n, sizeof(*mine));

	if (!mine)
		fail("out of memory");
	for (unsigned i = 0; i < n; i++) {
		mine[i] = get(rng_size(&rng, rng_below(&rng, 1000) ? 6 : 13));
		if (rng_below(&rng, 4)) { /* most do not live long */
			unsigned old = (unsigned)rng_below(&rng, i + 1);

			free(mine[old]);
			mine[old] = NULL;
		}
		if (!rng_below(&rng, 8)) {
			unsigned at = (unsigned)rng_below(&rng, COMMON);

			mine[i] = __atomic_exchange_n(&common[at], mine[i], __ATOMIC_ACQ_REL);
		}
	}
	for (unsigned i = 0; i < n; i++)
		free(mine[i]);
	free(mine);
	return NULL;
}

static void mstress(void)
{
	const unsigned rounds = 12;

	for (unsigned r = 0; r < rounds; r++)
		run_threads(mstress_thread, THREADS);
	for (unsigned i = 0; i < COMMON; i++)
		free(common[i]);
	ops += (u64)rounds * THREADS * 200000;
}

/* ---- xmalloc --------------------------------------------------------------------------------- */
#define BATCH 512u
struct batch {
	struct batch *next;
	void *block[BATCH];
};
static struct batch *full; /* a stack that is only pushed to and emptied          */

static void free_batches(void)
{
	struct batch *b = __atomic_exchange_n(&full, NULL, __ATOMIC_ACQ_REL), *next;

	for (; b; b = next) {
		next = b->next;
		for (unsigned i = 0; i < BATCH; i++)
			free(b->block[i]);
		free(b);
	}
}

static void *xmalloc_thread(void *arg)
{
	u64 rng = seed_of((unsigned)(uintptr_t)arg + 20);

	for (unsigned n = 0; n < 10000; n++) {
		struct batch *b = get(sizeof(*b));

		for (unsigned i = 0; i < BATCH; i++)
			b->block[i] = get(16 + rng_below(&rng, 240));
		b->next = __atomic_load_n(&full, __ATOMIC_RELAXED);
		while (!__atomic_compare_exchange_n(&full, &b->next, b, true, __ATOMIC_ACQ_REL,
						    __ATOMIC_RELAXED))
			;
		if (n % 8 == (uintptr_t)arg * 4)
			free_batches();
	}
	return NULL;
}

static void xmalloc(void)
{
	run_threads(xmalloc_thread, THREADS);
	free_batches();
	ops += 10000ULL * THREADS * BATCH;
}

/* ---- thrash ---------------------------------------------------------------------------------- */
static void *thrash_first[THREADS];

static void *thrash_thread(void *arg)
{
	char *p = thrash_first[(uintptr_t)arg];

	for (unsigned i = 0; i < 200000; i++) {
		for (unsigned n = 0; n < 100; n++) {
			__asm__ volatile("" : : : "memory");
			p[n % 8]++;
		}
		free(p);
		p = get(8);
	}
	free(p);
	return NULL;
}

static void thrash(void)
{
	for (unsigned r = 0; r < 10; r++) {
		for (unsigned t = 0; t < THREADS; t++)
			thrash_first[t] = get(8);
		run_threads(thrash_thread, THREADS);
	}
	ops += 10ULL * THREADS * 200000;
}

/* ---- one thread, different lives ------------------------------------------------------------- */
static void alloctest(void)
{
	enum { SLOTS = 1 << 16 };
	static void *slot[SLOTS];
	u64 rng = seed_of(30);

	for (unsigned i = 0; i < 12000000; i++) {
		void **s = &slot[rng_below(&rng, SLOTS)];

		free(*s);
		*s = get(rng_size(&rng, 9));
	}
	for (unsigned i = 0; i < SLOTS; i++)
		free(slot[i]);
	ops += 12000000;
}

static void batches(void)
{
	enum { N = 10000 };
	static void *slot[N];
	unsigned rounds = 0;

	for (unsigned r = 0; r < 120; r++)
		for (size_t size = 16; size <= 1024; size *= 2, rounds++) {
			for (unsigned i = 0; i < N; i++)
				slot[i] = get(size);
			for (unsigned i = 0; i < N; i++)
				switch (rounds % 3) {
				case 0: free(slot[i]); break;
				case 1: free(slot[N - 1 - i]); break;
				case 2: free(slot[i < N / 2 ? 2 * i : 2 * (i - N / 2) + 1]); break;
				}
			ops += N;
		}
}

static void large(void)
{
	static char *slot[20];
	u64 rng = seed_of(31);

	for (unsigned i = 0; i < 1500; i++) {
		char **s = &slot[rng_below(&rng, 20)];
		size_t size = (5UL << 20) + rng_below(&rng, 20UL << 20);

		free(*s);
		*s = get(size);
		for (size_t at = 0; at < size; at += 65536) /* one page in sixteen */
			(*s)[at] = 1;
		ops++;
	}
	for (unsigned i = 0; i < 20; i++)
		free(slot[i]);
}

static void *short_thread(void *arg)
{
	u64 rng = seed_of((unsigned)(uintptr_t)arg + 40);

	for (unsigned i = 0; i < 1000; i++) {
		void *p = get(rng_size(&rng, 7));

		free(__atomic_exchange_n(&common[rng_below(&rng, COMMON)], p, __ATOMIC_ACQ_REL));
	}
	return NULL;
}

static void threads(void)
{
	for (unsigned r = 0; r < 1000; r++)
		run_threads(short_thread, THREADS);
	for (unsigned i = 0; i < COMMON; i++)
		free(common[i]);
	ops += 1000ULL * THREADS * 1000;
}

/* Factors of a number, as a library of big numbers would look for them: products and remainders live
 * for a moment, now and then one is kept. */
static void numbers(void)
{
	enum { KEPT = 2000 };
	static void *kept[KEPT];
	u64 rng = seed_of(32);

	for (unsigned i = 0; i < 8000000; i++) {
		void *a = get(16 + rng_below(&rng, 64)), *b = get(16 + rng_below(&rng, 64));
		void *sum = get(32 + rng_below(&rng, 168));

		free(a);
		free(b);
		if (i % 16) {
			free(sum);
		} else {
			void **s = &kept[rng_below(&rng, KEPT)];

			free(*s);
			*s = sum;
		}
	}
	for (unsigned i = 0; i < KEPT; i++)
		free(kept[i]);
	ops += 3 * 8000000ULL;
}

struct tree {
	struct tree *left, *right;
	long key;
};

static struct tree *tree_make(unsigned depth)
{
	struct tree *t = get(sizeof(*t));

	t->key = depth;
	t->left = depth ? tree_make(depth - 1) : NULL;
	t->right = depth ? tree_make(depth - 1) : NULL;
	ops++;
	return t;
}

static void tree_drop(struct tree *t)
{
	if (t->left) {
		tree_drop(t->left);
		tree_drop(t->right);
	}
	free(t);
}

static void trees(void)
{
	struct tree *stays = tree_make(17);

	for (unsigned depth = 4; depth <= 16; depth += 2)
		for (unsigned i = 0; i < 1u << (19 - depth); i++)
			tree_drop(tree_make(depth));
	tree_drop(stays);
}

static void strings(void)
{
	enum { N = 20000 };
	static struct {
		char *text;
		size_t len;
	} s[N];
	u64 rng = seed_of(33);

	for (unsigned i = 0; i < 6000000; i++) {
		size_t at = rng_below(&rng, N), more = 1 + rng_below(&rng, 60);

		if (s[at].len > 2000) {
			free(s[at].text);
			s[at].text = NULL;
			s[at].len = 0;
		}
		s[at].text = realloc(s[at].text, s[at].len + more);
		if (!s[at].text)
			fail("out of memory");
		memset(s[at].text + s[at].len, 'x', more);
		s[at].len += more;
	}
	for (unsigned i = 0; i < N; i++)
		free(s[i].text);
	ops += 6000000;
}

static void decline(void)
{
	enum { N = 1000000, REST = N / 10 };
	static void *slot[N];
	u64 rng = seed_of(34);

	for (unsigned i = 0; i < N; i++)
		slot[i] = get(rng_size(&rng, 5));
	for (unsigned i = 0; i < N; i++)
		if (i % (N / REST)) {
			free(slot[i]);
			slot[i] = NULL;
		}
	for (unsigned i = 0; i < 8000000; i++) {
		void **s = &slot[rng_below(&rng, REST) * (N / REST)];

		free(*s);
		*s = get(rng_size(&rng, 5));
	}
	for (unsigned i = 0; i < N; i++)
		free(slot[i]);
	ops += N + 8000000;
}

/* ---- which ----------------------------------------------------------------------------------- */
static const struct {
	const char *name;
	void (*run)(void);
} workloads[] = {
	{ "pair-16", pair_16 },     { "pair-64", pair_64 },     { "pair-256", pair_256 },
	{ "pair-1024", pair_1024 }, { "fifo-16", fifo_16 },     { "fifo-64", fifo_64 },
	{ "fifo-256", fifo_256 },   { "fifo-1024", fifo_1024 }, { "pair-64k", pair_64k },
	{ "pair-1m", pair_1m },     { "grow", grow },           { "remote", remote },
	{ "larson", larson },       { "mstress", mstress },     { "xmalloc", xmalloc },
	{ "thrash", thrash },       { "alloctest", alloctest }, { "batches", batches },
	{ "large", large },         { "threads", threads },     { "numbers", numbers },
	{ "trees", trees },         { "strings", strings },     { "decline", decline },
};

int main(int argc, char **argv)
{
	for (unsigned i = 0; i < sizeof(workloads) / sizeof(workloads[0]) && argc >= 2; i++) {
		u64 since, ns;
		long peak;

		if (strcmp(argv[1], workloads[i].name) != 0)
			continue;
		since = cpu_ns();
		workloads[i].run();
		ns = cpu_ns() - since;
		peak = status_kib("VmHWM:");
		if (argc > 2)
			sleep(1);
		printf("%s\t%llu\t%llu\t%ld\t%ld\n", argv[1], (unsigned long long)ns,
		       (unsigned long long)ops, peak, status_kib("VmRSS:"));
		return 0;
	}
	fprintf(stderr, "usage: heap WORKLOAD [rest]; WORKLOAD is one of:");
	for (unsigned i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++)
		fprintf(stderr, " %s", workloads[i].name);
	fprintf(stderr, "\n");
	return 2;
}
