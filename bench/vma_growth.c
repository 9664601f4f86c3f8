/* SPDX-License-Identifier: MIT */
/*
 * vma_growth.c - what a fault, a lookup, an mmap and a munmap cost among 1,000 and among 100,000 areas.
 *
 * Output: "growth.NAME <tab> areas <tab> median ns per operation", or "growth SKIP why".  The same operations at the
 * same number of places are timed for both sizes, with every page table already there, so that only the search for the
 * area differs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE   4096ul
#define PLACES 400ul
#define ROUNDS 5
#define RW     (PROT_READ | PROT_WRITE)
#define ANON   (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

enum op { OP_FAULT, OP_LOOKUP, OP_MUNMAP, OP_MMAP, OPS };
static const char *const op_name[OPS] = { "fault", "lookup", "munmap", "mmap" };

static unsigned long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long)t.tv_sec * 1000000000ul + (unsigned long)t.tv_nsec;
}

/* The i-th place: an area with PROT_READ | PROT_WRITE, never the one that keeps its page table alive. */
static volatile char *place(char *base, unsigned long areas, unsigned long i)
{
	unsigned long a = i * (areas / PLACES) + 1;

	return base + (a | 1) * PAGE;
}

static void run_op(enum op op, char *base, unsigned long areas)
{
	for (unsigned long i = 0; i < PLACES; i++) {
		volatile char *p = place(base, areas, i * 7 % PLACES);

		switch (op) {
		case OP_FAULT: *p = 1; break;
		case OP_LOOKUP: madvise((void *)p, PAGE, MADV_NORMAL); break;
		case OP_MUNMAP: munmap((void *)p, PAGE); break;
		default: mmap((void *)p, PAGE, RW, ANON | MAP_FIXED, -1, 0); break;
		}
	}
}

static int by_value(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

static int measure(unsigned long areas)
{
	static unsigned long took[OPS][ROUNDS];
	char *base = mmap(NULL, (areas + 1) * PAGE, PROT_READ, ANON, -1, 0);

	if (base == MAP_FAILED)
		return errno;
	for (unsigned long a = 1; a < areas; a += 2)
		if (mprotect(base + a * PAGE, PAGE, RW) != 0)
			return errno;
	for (unsigned long a = 0; a < areas; a += 256)
		(void)*(volatile char *)(base +
					 (a & ~1ul) * PAGE); /* its page table, and the zero page */
	for (int round = 0; round < ROUNDS; round++) {
		for (enum op op = 0; op < OPS; op++) {
			unsigned long start = now();

			run_op(op, base, areas);
			took[op][round] = now() - start;
		}
	}
	for (enum op op = 0; op < OPS; op++) {
		qsort(took[op], ROUNDS, sizeof(took[op][0]), by_value);
		printf("growth.%s\t%lu\t%.1f\n", op_name[op], areas,
		       (double)took[op][ROUNDS / 2] / PLACES);
	}
	return munmap(base, (areas + 1) * PAGE) ? errno : 0;
}

int main(void)
{
	int fd = open("/proc/sys/vm/max_map_count", O_WRONLY);
	int err;

	if (fd < 0 || write(fd, "300000\n", 7) != 7) {
		printf("growth\tSKIP\tmax_map_count: %s\n", strerror(errno));
		return 1;
	}
	close(fd);
	err = measure(1000);
	if (!err)
		err = measure(100000);
	if (err)
		printf("growth\tSKIP\t%s\n", strerror(err));
	return err != 0;
}
