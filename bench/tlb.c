/* SPDX-License-Identifier: MIT */
/*
 * tlb.c - up to how many pages a flush should name each page, and when it should empty the TLB.
 *
 *   flush of n pages   one by one:  n x (loop + K)  instructions         loop: of the board's code, as compiled
 *                      everything:  2 + K           instructions, and the walks that bring back what the program
 *                                                   goes on using: counted by the TLB of ports/posix
 *
 * A program uses W pages at random, and has used n others, which go.  The TLB has T entries, 4 ways.  Counted are the
 * walks of its next round over the W pages after either flush.  A walk reads one entry per level, an instruction's
 * time each.  K, what an invalidation takes beyond an instruction, no model knows: it waits for what was begun, on
 * some machines for other CPUs.  So there is a table for several.
 *
 * Output: for each board and K, the cost of each threshold over all n (1..1024, doubling), W and T, in percent of what
 * the better of both ways costs each time; the best is marked.  K 1 is an emulator's, 64 that of a machine with many
 * CPUs to tell; the boards' FLUSH_ALL_ABOVE is the best mean of 4 and 16, the last row.
 */
#include <stdio.h>
#include <stdlib.h>
#include <posix_machine.h>
#include <posix_mmu.h>
#include <quire/err.h>
#include <quire/mm.h>
#include <quire/port.h>
#include <quire/quire.h>

#define MOST_PAGES 1024u
#define NR_SIZES   11u /* n = 1 << i */
#define NR_LIMITS  8u  /* thresholds 4 << i */

static const unsigned entries[] = { 64, 128, 256, 512, 1024, 1536 };
static const unsigned used[] = { 16, 64, 256, 1024 };
static const unsigned extra[] = { 1, 4, 16, 64 }; /* K */

/* Instructions for a page, as compiled (gcc 12 and clang 14, -O2), and entries that a walk reads. */
static const struct board {
	const char *name;
	unsigned loop, levels;
} boards[] = { { "x86-64", 4, 4 }, { "AArch64", 6, 4 }, { "ARMv7", 7, 2 }, { "RISC-V", 3, 3 } };

/* Walks that only a full flush causes, by T, W and n. */
static unsigned long more_walks[ARRAY_SIZE(entries)][ARRAY_SIZE(used)][NR_SIZES];
static u64 seed = 20261121;

static void fail(const char *what)
{
	fprintf(stderr, "bench-tlb: %s\n", what);
	exit(1);
}

static unsigned below(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 32) * n >> 32);
}

static void touch(unsigned long base, unsigned page)
{
	u32 v = 1;

	if (posix_store(base + page * PAGE_SIZE, &v, sizeof(v)))
		fail("a page cannot be stored to");
}

/* Each page once, in an order of its own. */
static void round_over(unsigned long base, unsigned pages)
{
	unsigned order[MOST_PAGES] = { 0 };

	for (unsigned i = 0; i < pages; i++) {
		unsigned j = below(i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	for (unsigned i = 0; i < pages; i++)
		touch(base, order[i]);
}

/* Walks of one round over w pages after n others, used before, were forgotten. */
static unsigned long walks_after(struct mm_struct *mm, unsigned long base, unsigned w, unsigned n,
				 bool all)
{
	unsigned long gone = base + MOST_PAGES * PAGE_SIZE, before;

	round_over(gone, n);
	round_over(base, w);
	round_over(base, w);
	if (all)
		port_flush_tlb_mm(mm->root);
	else
		port_flush_tlb_range(mm->root, gone, gone + n * PAGE_SIZE);
	before = posix_tlb_stats().walks;
	round_over(base, w);
	return posix_tlb_stats().walks - before;
}

static void measure(struct mm_struct *mm, unsigned long base)
{
	for (unsigned t = 0; t < ARRAY_SIZE(entries); t++) {
		if (posix_tlb_resize(entries[t]))
			fail("the TLB of ports/posix does not take that size");
		for (unsigned w = 0; w < ARRAY_SIZE(used); w++)
			for (unsigned i = 0; i < NR_SIZES; i++) {
				unsigned long one = walks_after(mm, base, used[w], 1u << i, false);
				unsigned long all = walks_after(mm, base, used[w], 1u << i, true);

				more_walks[t][w][i] = all > one ? all - one : 0;
			}
	}
}

static void print_walks(void)
{
	printf("walks that a full flush causes, n = 32\n%8s", "T \\ W");
	for (unsigned w = 0; w < ARRAY_SIZE(used); w++)
		printf("%8u", used[w]);
	for (unsigned t = 0; t < ARRAY_SIZE(entries); t++) {
		printf("\n%8u", entries[t]);
		for (unsigned w = 0; w < ARRAY_SIZE(used); w++)
			printf("%8lu", more_walks[t][w][5]);
	}
	printf("\n\n");
}

/* Of all flushes with this threshold, or always of the better way. */
static double cost_of(const struct board *b, unsigned k, unsigned limit, bool better)
{
	double sum = 0;

	for (unsigned t = 0; t < ARRAY_SIZE(entries); t++)
		for (unsigned w = 0; w < ARRAY_SIZE(used); w++)
			for (unsigned i = 0; i < NR_SIZES; i++) {
				double one = (double)(1u << i) * (b->loop + k);
				double all = 2 + k + (double)more_walks[t][w][i] * b->levels;

				if (better)
					sum += one < all ? one : all;
				else
					sum += 1u << i <= limit ? one : all;
			}
	return sum;
}

static void print_row(const char *name, const char *k, const double cost[NR_LIMITS])
{
	unsigned least = 0;

	for (unsigned i = 0; i < NR_LIMITS; i++)
		if (cost[i] < cost[least])
			least = i;
	printf("%-8s %4s", name, k);
	for (unsigned i = 0; i < NR_LIMITS; i++)
		printf("%6.0f%c", cost[i], i == least ? '*' : ' ');
	printf("\n");
}

static void print_board(const struct board *b)
{
	double mean[NR_LIMITS] = { 0 };

	for (unsigned k = 0; k < ARRAY_SIZE(extra); k++) {
		double best = cost_of(b, extra[k], 0, true), cost[NR_LIMITS];
		char text[16];

		for (unsigned i = 0; i < NR_LIMITS; i++) {
			cost[i] = 100 * cost_of(b, extra[k], 4u << i, false) / best;
			if (extra[k] == 4 || extra[k] == 16)
				mean[i] += cost[i] / 2;
		}
		snprintf(text, sizeof(text), "%u", extra[k]);
		print_row(b->name, text, cost);
	}
	print_row(b->name, "mean", mean);
}

int main(void)
{
	struct mm_struct *mm;
	long base;

	if (posix_machine_start_simple(64, 1) || quire_start(1, NULL, NULL))
		fail("the machine does not start");
	mm = mm_alloc();
	if (!mm)
		fail("no memory for a space");
	posix_set_mm(mm);
	base = do_mmap(mm, NULL, 0, 2 * MOST_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (IS_ERR_VALUE((unsigned long)base))
		fail("no memory for the program");
	round_over((unsigned long)base, MOST_PAGES);
	round_over((unsigned long)base + MOST_PAGES * PAGE_SIZE, MOST_PAGES);
	measure(mm, (unsigned long)base);
	print_walks();
	printf("cost of a threshold, in percent of the better way\n%-8s %4s", "board", "K");
	for (unsigned i = 0; i < NR_LIMITS; i++)
		printf("%6u ", 4u << i);
	printf("\n");
	for (unsigned b = 0; b < ARRAY_SIZE(boards); b++)
		print_board(&boards[b]);
	posix_set_mm(NULL);
	mmput(mm);
	quire_stop();
	posix_machine_stop();
	return 0;
}
