/* SPDX-License-Identifier: MIT */
/*
 * ports/preload/ram.c - RAM is a reservation of host addresses, opened piece by piece and backed by
 * the host as it is touched.
 *
 *   |descriptors of all frames there may be|guard| boot tables | first RAM | ... room for add_memory() ... |
 *    32 bytes a frame, touched as RAM grows       ^ preload_ram_start
 *
 * Always true:  a page that was never touched, or was released, reads as zero and costs nothing.
 * Lock:         none; set up once, before there is a second thread; preload_grow() is its caller's.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>
#include <preload_machine.h>
#include <quire/contig.h>
#include <quire/err.h>
#include <quire/memblock.h>
#include <quire/page.h>
#include <quire/percpu.h>
#include <quire/port.h>

__thread struct preload_cpu preload_cpu __attribute__((__tls_model__("initial-exec")));
unsigned long preload_ram, preload_ram_start, preload_ram_size;
char *preload_vmemmap;
static size_t room; /* for all RAM there may be */

#define SECTION   (1UL << QUIRE_SECTION_SHIFT)
#define RAM_LEAST (16UL << 20)
#define RAM_MOST  (1UL << 40)
#define GUARD     (64UL << 10)

/* ---- how much -------------------------------------------------------------------------------- */

/* What the host has, with swap, and a quarter more for what is never touched. */
static size_t wanted(void)
{
	struct sysinfo info;
	struct rlimit limit;
	size_t size = RAM_MOST;

	if (!sysinfo(&info)) {
		size_t host = ((size_t)info.totalram + info.totalswap) * info.mem_unit;

		size = min(size, host + host / 4);
	}
	/* Others need addresses too, and what is too large for a block is mapped by itself. */
	if (!getrlimit(RLIMIT_AS, &limit) && limit.rlim_cur != RLIM_INFINITY)
		size = min(size, (size_t)limit.rlim_cur / 2);
	return max(size, RAM_LEAST);
}

static size_t descriptor_bytes(size_t ram)
{
	return PAGE_ALIGN(((PRELOAD_FIRST_PHYS + ram) >> PAGE_SHIFT) * sizeof(struct page)) + GUARD;
}

/* Descriptors and RAM in one piece, RAM aligned to a section. */
static int reserve(size_t ram)
{
	size_t head = descriptor_bytes(ram), size = head + ram + SECTION;
	unsigned long at;
	void *map = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return -ENOMEM;
	at = QUIRE_ALIGN_UP((unsigned long)map + head, SECTION);
	preload_ram_start = at;
	room = ram;
	preload_ram = at - PRELOAD_FIRST_PHYS;
	preload_vmemmap = (char *)map;
	return 0;
}

/* Tables for all RAM there may be, laid out by frames_init(), and something to begin with. */
static size_t first_ram(size_t most)
{
	size_t tables = most / (2UL << 20) * 96 + (64UL << 10);

	return QUIRE_ALIGN_UP(tables + SECTION / 2, SECTION);
}

static int open_range(unsigned long at, size_t size)
{
	return mprotect((void *)at, size, PROT_READ | PROT_WRITE) ? -ENOMEM : 0;
}

int preload_machine_start(void)
{
	size_t ram = QUIRE_ALIGN_DOWN(wanted(), SECTION);

	while (reserve(ram)) {
		ram = QUIRE_ALIGN_DOWN(ram / 2, SECTION);
		if (ram < RAM_LEAST)
			return -ENOMEM;
	}
	memblock_set_bottom_up(true);
	memory_may_grow(PRELOAD_FIRST_PHYS + ram);
	ram = min(first_ram(ram), ram);
	if (open_range(preload_ram_start, ram))
		return -ENOMEM;
	preload_ram_size = ram;
	return memblock_add(PRELOAD_FIRST_PHYS, ram);
}

size_t preload_grow(size_t size)
{
	phys_addr_t end = memory_end();

	size = min(QUIRE_ALIGN_UP(size, SECTION), (size_t)(memory_end_at_most() - end));
	if (!size || open_range((unsigned long)__va(end), size))
		return 0;
	/* Before any thread is given an address there, and another one has it to free. */
	__atomic_fetch_add(&preload_ram_size, size, __ATOMIC_RELAXED);
	if (!add_memory(NUMA_NO_NODE, end, size))
		return size;
	__atomic_fetch_sub(&preload_ram_size, size, __ATOMIC_RELAXED);
	return 0;
}

int port_vmemmap_populate(unsigned long start, unsigned long end)
{
	unsigned long limit = (unsigned long)pfn_to_page(PHYS_PFN(PRELOAD_FIRST_PHYS + room));

	if (start < (unsigned long)preload_vmemmap || end > limit)
		return -ENOMEM;
	return open_range(start, end - start);
}

int preload_release(void *at, size_t size)
{
	return madvise(at, size, MADV_DONTNEED) ? -errno : 0;
}

/* ---- log and panic --------------------------------------------------------------------------- */
bool preload_log, preload_abort;
int preload_log_fd = STDERR_FILENO;

static bool is_damage(const char *text, size_t len)
{
	return len > 4 && !__builtin_memcmp(text, "BUG:", 4);
}

void port_log(const char *text, size_t len)
{
	int saved = errno;
	size_t done = 0;

	if (!preload_log)
		return;
	while (done < len) {
		ssize_t n = write(preload_log_fd, text + done, len - done);

		if (n <= 0)
			break; /* nobody listens */
		done += (size_t)n;
	}
	errno = saved;
	if (preload_abort && is_damage(text, len))
		abort();
}

/* A system that has none to spare yet gives the place it loaded us at. */
unsigned long port_random(void)
{
	int saved = errno;
	unsigned long x = 0;

	if (getrandom(&x, sizeof(x), GRND_NONBLOCK) != sizeof(x))
		x ^= (unsigned long)&x ^ (unsigned long)preload_vmemmap;
	errno = saved;
	return x;
}

void port_panic(const char *why)
{
	(void)why; /* it was logged */
	abort();
}
