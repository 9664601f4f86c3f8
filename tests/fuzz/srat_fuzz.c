/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as ACPI's tables of affinity and distances: they are taken or refused in words, never
 * read beyond what was asked for, and what was taken makes sense.
 */
#include <quire/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "srat.h"

#define RAM_SIZE 0x4000u
#define RSDP     0x20u
#define XSDT     0x100u
#define SRAT     0x200u

static uint8_t ram[RAM_SIZE];
static void *lent;

static void stop(const char *why)
{
	fprintf(stderr, "srat_fuzz: %s\n", why);
	abort();
}

/* Exactly what was asked for, in memory of its own, and only until the next call. */
static const void *lend(void *arg, u64 pa, u64 size)
{
	(void)arg;
	free(lent);
	lent = NULL;
	if (size > RAM_SIZE || pa > RAM_SIZE - size)
		return NULL;
	lent = malloc(size ? size : 1);
	memcpy(lent, ram + pa, size);
	return lent;
}

static void put(uint8_t *at, uint64_t v, unsigned bytes)
{
	while (bytes-- > 0) {
		*at++ = (uint8_t)v;
		v >>= 8;
	}
}

static void seal(uint8_t *at, size_t n, uint8_t *sum)
{
	*sum = 0;
	for (size_t i = 0; i < n; i++)
		*sum = (uint8_t)(*sum - at[i] * (at + i != sum));
}

static size_t put_table(size_t at, const char *name, const uint8_t *body, size_t n)
{
	memcpy(ram + at, name, 4);
	put(ram + at + 4, 36 + n, 4);
	memcpy(ram + at + 36, body, n);
	seal(ram + at, 36 + n, ram + at + 9);
	return at + 36 + n;
}

/* Tables that are whole; only what stands in them is arbitrary. */
static void wrap(const uint8_t *data, size_t len)
{
	size_t split = len > 1 ? data[0] * (len - 1) / 255 : 0, slit;
	uint8_t pointers[16];

	memset(ram, 0, sizeof(ram));
	len = len ? len - 1 : 0;
	slit = put_table(SRAT, "SRAT", data + 1, split);
	ram[SRAT + 8] = (uint8_t)(len & 3);
	seal(ram + SRAT, slit - SRAT, ram + SRAT + 9);
	put_table(slit, "SLIT", data + 1 + split, len - split);
	put(pointers, SRAT, 8);
	put(pointers + 8, slit, 8);
	put_table(XSDT, "XSDT", pointers, sizeof(pointers));
	memcpy(ram + RSDP, "RSD PTR ", 8);
	ram[RSDP + 15] = 2;
	put(ram + RSDP + 20, 36, 4);
	put(ram + RSDP + 24, XSDT, 8);
	seal(ram + RSDP, 20, ram + RSDP + 8);
	seal(ram + RSDP, 36, ram + RSDP + 32);
}

static void check_taken(const struct srat_numa *numa)
{
	if (!numa->nr_mem || numa->nr_mem > SRAT_MAX_MEM || numa->nr_cpus > SRAT_MAX_CPUS ||
	    !numa->nr_nodes || numa->nr_nodes > SRAT_MAX_NODES)
		stop("taken, but the numbers are impossible");
	for (unsigned i = 0; i < numa->nr_mem; i++) {
		u64 base = numa->mem[i].base, end = base + numa->mem[i].size;

		if (end <= base || numa->mem[i].node >= numa->nr_nodes)
			stop("a range is empty, wraps around or is of no node");
		for (unsigned j = 0; j < i; j++)
			if (base < numa->mem[j].base + numa->mem[j].size && numa->mem[j].base < end)
				stop("two ranges overlap");
	}
	for (unsigned i = 0; i < numa->nr_cpus; i++)
		if (numa->cpu[i].node >= numa->nr_nodes)
			stop("a CPU is of no node");
	for (unsigned i = 0; i < numa->nr_nodes; i++)
		for (unsigned j = 0; j < numa->nr_nodes; j++) {
			u8 d = numa->distance[i][j];

			if (d && (i == j) != (d == 10))
				stop("a distance is impossible");
			if (d && numa->no_distances)
				stop("distances that were refused are there");
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct srat_reader reader = { lend, NULL };
	static struct srat_numa numa;
	const char *why;

	if (len && data[0] & 1) {
		memset(ram, 0, sizeof(ram));
		memcpy(ram, data, len < RAM_SIZE ? len : RAM_SIZE);
	} else {
		wrap(data, len < RAM_SIZE - 0x400 ? len : RAM_SIZE - 0x400);
	}
	why = srat_read(&reader, RSDP, &numa);
	free(lent);
	lent = NULL;
	if (!why)
		check_taken(&numa);
	else if (!why[0] || numa.nr_mem || numa.nr_cpus || numa.nr_nodes)
		stop("refused without a reason, or something was kept");
	return 0;
}
