/* SPDX-License-Identifier: MIT */
/*
 * highmem_armv7.c - RAM that the kernel has no addresses for is what programs get first, and it comes back.
 *
 * A quarter of it is taken by a program, and another by a child that copies it; a file's pages, pipes and system calls read and
 * write there.
 */
#include "machine.h"

static uint64_t *memory;
static size_t pages;

static long high_free(void)
{
	return meminfo("HighFree:");
}

static long low_free(void)
{
	return meminfo("LowFree:");
}

static int all_hold(size_t seed)
{
	for (size_t i = 0; i < pages; i++)
		if (!page_holds(memory + i * WORDS, seed + i))
			return 0;
	return 1;
}

static void fill_all(size_t seed)
{
	for (size_t i = 0; i < pages; i++)
		page_fill(memory + i * WORDS, seed + i);
}

/* The child's copies are its own; the parent's pages stay as they are. */
static int child_copies(void)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		give_up("fork");
	if (!child) {
		fill_all(1000000);
		_exit(!all_hold(1000000));
	}
	if (waitpid(child, &status, 0) != child)
		give_up("waitpid");
	return status == 0;
}

/* Written and read by system calls, from and to pages without an address. */
static int a_file_holds(void)
{
	size_t len = pages / 4 * PAGE, half = len / sizeof(*memory);
	int fd = open("/tmp/highmem", O_RDWR | O_CREAT | O_TRUNC, 0600), same;

	if (fd < 0)
		give_up("/tmp/highmem");
	same = write(fd, memory, len) == (ssize_t)len &&
	       pread(fd, memory + half, len, 0) == (ssize_t)len &&
	       !memcmp(memory, memory + half, len);
	close(fd);
	unlink("/tmp/highmem");
	return same;
}

int main(void)
{
	long total = meminfo("HighTotal:"), high = high_free(), low = low_free(), taken, from_low;

	if (total <= 0) {
		printf("skip this machine has no highmem\n");
		return 0;
	}
	step("highmem is a part of memory", total < meminfo("MemTotal:") && high <= total);
	step("highmem is free", high > total / 2);
	pages = (size_t)high / 2 / 4 / 2; /* a quarter of it */
	memory = map_pages(pages, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	fill_all(0);
	taken = high - high_free();
	from_low = low - low_free();
	printf("%ld kB of highmem and %ld kB of lowmem for %zu pages\n", taken, from_low, pages);
	step("a program's pages come from highmem", taken >= (long)pages * 4 - 1024);
	step("and hardly anything from lowmem", from_low < (long)pages);
	step("they hold what was written", all_hold(0));
	step("a child copies them", child_copies());
	step("they hold it still", all_hold(0));
	step("a file is written from them, and read", a_file_holds());
	if (munmap(memory, pages * PAGE))
		give_up("munmap");
	printf("%ld kB less than before\n", high - high_free());
	/* What the CPU's lists park is not counted as free. */
	step("all of highmem comes back", high - high_free() < 2048);
	return failures;
}
