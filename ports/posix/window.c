/* SPDX-License-Identifier: MIT */
/*
 * ports/posix/window.c - highmem: RAM that no pointer of the library leads to, until kmap() maps it.
 *
 *   physical   |== lowmem ==|== highmem ====|        a file in memory, mapped once for the MMU (window_ram)
 *                               │
 *   table entry of a kmap page ─┴─ stored ──> that page of the window becomes that page of the file
 *                                  flushed ─> it becomes nothing again, if the entry is gone
 *
 * The window is the host's side of the pages for kmap() and kmap_local_page(): as a TLB it knows an entry
 * from the store to the flush.  The address that a frame of highmem would have in the linear map is reserved and
 * closed, so that using it stops the test at once.
 *
 * Always true:  a page of the window is closed, or shows the frame that `shown` says.
 * Lock:         window.lock, innermost.
 */
#define _GNU_SOURCE /* memfd_create */

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <posix_machine.h>
#include <quire/err.h>
#include <quire/page.h>
#include <quire/port.h>
#include <quire/vmalloc.h>
#include "tlb.h"
#include "window.h"

#define TABLE_PAGES 512u /* pages that a last-level table maps          */
#define TABLE_BYTES ((unsigned long)TABLE_PAGES << PAGE_SHIFT)
#define NR_TABLES   3u /* kmap's own, and the two that the fixmap needs */
#define NR_PAGES    (NR_TABLES * TABLE_PAGES)

/* All under the lock, but what is the same for a machine's whole life. */
static struct {
	pthread_mutex_t lock;
	int file;
	char *ram; /* host address of all of [start, end)                             */
	phys_addr_t start, end;
	char *host;                   /* NR_PAGES pages                            */
	const char *table[NR_TABLES]; /* host addresses of the tables, when known  */
	phys_addr_t shown[NR_PAGES];  /* by page of the window; 0: closed          */
} window = { .lock = PTHREAD_MUTEX_INITIALIZER, .file = -1 };

/* ---- addresses of the simulated kernel and of the window ---------------------------------------- */
static unsigned long table_address(unsigned table)
{
	const unsigned long fixmap =
		(PORT_FIXADDR_TOP + PAGE_SIZE - (3UL << 20)) & ~(TABLE_BYTES - 1);

	return table ? fixmap + (table - 1) * TABLE_BYTES : PORT_PKMAP_START;
}

/* NR_PAGES: it has no page there. */
static unsigned page_of(unsigned long va)
{
	for (unsigned t = 0; t < NR_TABLES; t++)
		if (va - table_address(t) < TABLE_BYTES)
			return t * TABLE_PAGES + (unsigned)((va - table_address(t)) >> PAGE_SHIFT);
	return NR_PAGES;
}

static unsigned long address_of(unsigned page)
{
	return table_address(page / TABLE_PAGES) +
	       ((unsigned long)(page % TABLE_PAGES) << PAGE_SHIFT);
}

void *posix_kmap_pointer(unsigned long va)
{
	return window.host + ((size_t)page_of(va) << PAGE_SHIFT) + (va & ~PAGE_MASK);
}

unsigned long posix_kmap_address(const void *p)
{
	size_t at = (size_t)((const char *)p - window.host);

	if (!window.host || at >= (size_t)NR_PAGES << PAGE_SHIFT)
		return 0;
	return address_of((unsigned)(at >> PAGE_SHIFT)) + (at & ~PAGE_MASK);
}

/* ---- pages ------------------------------------------------------------------------------------ */
static void show(unsigned page, phys_addr_t frame)
{
	char *at = window.host + ((size_t)page << PAGE_SHIFT);
	void *got = frame ? mmap(at, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
				 window.file, (off_t)(frame - window.start))
			  : mmap(at, PAGE_SIZE, PROT_NONE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);

	if (got != at)
		port_panic("posix: the host does not map a page of kmap's");
	window.shown[page] = frame;
}

/* The frame of highmem that the tables say is there, or 0. */
static phys_addr_t frame_at(unsigned page)
{
	struct walk w = POSIX_MMU.walk(maps_kernel_root(), address_of(page));

	return !w.fault && w.frame >= window.start && w.frame < window.end ? (phys_addr_t)w.frame
									   : 0;
}

static void look(unsigned page)
{
	phys_addr_t frame = frame_at(page);
	char why[160];

	if (!frame || frame == window.shown[page])
		return;
	if (window.shown[page]) {
		snprintf(why, sizeof(why),
			 "referee: 0x%lx is to map frame 0x%lx, and showed 0x%lx until now: a TLB "
			 "flush was "
			 "forgotten",
			 address_of(page), PHYS_PFN(frame), PHYS_PFN(window.shown[page]));
		pthread_mutex_unlock(&window.lock);
		port_panic(why);
	}
	show(page, frame);
}

/* Where the tables of the window are; they stay there. */
static void find_tables(void)
{
	for (unsigned t = 0; t < NR_TABLES; t++) {
		struct walk w = POSIX_MMU.walk(maps_kernel_root(), table_address(t));

		if (w.reads == POSIX_MMU.levels)
			window.table[t] = (char *)((unsigned long)w.at & PAGE_MASK);
	}
}

void posix_window_written(const void *at)
{
	const char *table = (const char *)((unsigned long)at & PAGE_MASK);
	size_t entry = POSIX_MMU.levels == 2 ? sizeof(u32) : sizeof(u64);

	if (!window.host)
		return;
	if (!window.table[0])
		find_tables();
	for (unsigned t = 0; t < NR_TABLES; t++) {
		if (table != window.table[t])
			continue;
		pthread_mutex_lock(&window.lock);
		look(t * TABLE_PAGES + (unsigned)((size_t)((const char *)at - table) / entry));
		pthread_mutex_unlock(&window.lock);
	}
}

void window_flush(unsigned long start, unsigned long last)
{
	if (!window.host)
		return;
	pthread_mutex_lock(&window.lock);
	for (unsigned page = 0; page < NR_PAGES; page++)
		if (window.shown[page] && address_of(page) >= start && address_of(page) <= last &&
		    frame_at(page) != window.shown[page])
			show(page, 0);
	pthread_mutex_unlock(&window.lock);
}

/* ---- start and stop --------------------------------------------------------------------------- */
int window_start(phys_addr_t start, phys_addr_t end)
{
	void *host;

	if (start >= end)
		return 0;
	window.start = start;
	window.end = end;
	window.file = memfd_create("highmem", MFD_CLOEXEC);
	if (window.file < 0 || ftruncate(window.file, (off_t)(end - start)))
		return -ENOMEM;
	host = mmap(NULL, (size_t)(end - start), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
		    window.file, 0);
	if (host == MAP_FAILED)
		return -ENOMEM;
	window.ram = host;
	host = mmap(NULL, (size_t)NR_PAGES << PAGE_SHIFT, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (host == MAP_FAILED)
		return -ENOMEM;
	window.host = host;
	return 0;
}

void window_stop(void)
{
	if (window.host)
		munmap(window.host, (size_t)NR_PAGES << PAGE_SHIFT);
	if (window.ram)
		munmap(window.ram, (size_t)(window.end - window.start));
	if (window.file >= 0)
		close(window.file);
	window.file = -1;
	window.host = window.ram = NULL;
	window.start = window.end = 0;
	memset(window.table, 0, sizeof(window.table));
	memset(window.shown, 0, sizeof(window.shown));
}

char *window_ram(phys_addr_t pa)
{
	return pa >= window.start && pa < window.end ? window.ram + (size_t)(pa - window.start)
						     : port_phys_to_virt(pa);
}

size_t window_resident(void)
{
	size_t pages = (size_t)((window.end - window.start) >> PAGE_SHIFT), resident = 0;
	unsigned char vec[256];

	for (size_t at = 0; at < pages; at += sizeof(vec)) {
		size_t n = min(sizeof(vec), pages - at);

		if (mincore(window.ram + (at << PAGE_SHIFT), n << PAGE_SHIFT, vec))
			return 0;
		for (size_t i = 0; i < n; i++)
			resident += vec[i] & 1;
	}
	return resident << PAGE_SHIFT;
}
