/* SPDX-License-Identifier: MIT */
/*
 * bench.c - "bench=frames" on the command line: what an allocation costs in here, then the end.
 *
 * Printed are nanoseconds of one operation, loop included: under QEMU's -icount with shift=0 one is an
 * instruction.  "null" is the loop around nothing.  bulk: everything is allocated, then
 * everything freed in reverse; pair: one is allocated and freed again, half of the room being held;
 * churn: a random one of those held is freed and another taken in its place; page: for each page of a pair.
 */
#include "kernel.h"
#include <quire/watch.h>

#define BULK0  32768u /* single frames               */
#define BULK9  64u    /* blocks of order 9           */
#define TIMES9 16u    /* repeats, to have enough     */
#define PAIRS  65536u

/* What is held; its own frames are taken before anything is measured. */
static void **slot;

static void row(const char *name, u64 since, u64 ops)
{
	u64 tenths = (now_ns() - since) * 10 / ops;

	printk("bench %s %lu.%lu\n", name, (unsigned long)(tenths / 10),
	       (unsigned long)(tenths % 10));
}

static void must(const void *got)
{
	if (unlikely(!got))
		quire_panic("bench: out of memory; give the machine 512 MiB\n");
}

static unsigned random_below(u32 *state, unsigned n)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return (unsigned)((u64)*state * n >> 32);
}

static void bench_null(void)
{
	u64 since = now_ns();

	for (unsigned i = 0; i < PAIRS; i++)
		barrier();
	row("null", since, PAIRS);
}

static void bench_frames_bulk(void)
{
	u64 since = now_ns();

	for (unsigned i = 0; i < BULK0; i++) {
		slot[i] = alloc_pages(GFP_KERNEL, 0);
		must(slot[i]);
	}
	row("order0-get", since, BULK0);
	since = now_ns();
	for (unsigned i = BULK0; i-- > 0;)
		__free_pages(slot[i], 0);
	row("order0-put", since, BULK0);
}

/* Half of the slots are held meanwhile. */
static void bench_frames_churn(void)
{
	u32 rng = 2463534242u;
	u64 since;

	for (unsigned i = 0; i < BULK0 / 2; i++) {
		slot[i] = alloc_pages(GFP_KERNEL, 0);
		must(slot[i]);
	}
	since = now_ns();
	for (unsigned i = 0; i < PAIRS; i++) {
		struct page *page = alloc_pages(GFP_KERNEL, 0);

		must(page);
		__free_pages(page, 0);
	}
	row("order0-pair", since, PAIRS);
	since = now_ns();
	for (unsigned i = 0; i < PAIRS; i++) {
		unsigned at = random_below(&rng, BULK0 / 2);

		__free_pages(slot[at], 0);
		slot[at] = alloc_pages(GFP_KERNEL, 0);
		must(slot[at]);
	}
	row("order0-churn", since, PAIRS);
	for (unsigned i = 0; i < BULK0 / 2; i++)
		__free_pages(slot[i], 0);
}

static void bench_huge(void)
{
	u64 get = 0, put = 0, since;

	for (unsigned times = 0; times < TIMES9; times++) {
		since = now_ns();
		for (unsigned i = 0; i < BULK9; i++) {
			slot[i] = alloc_pages(GFP_KERNEL, 9);
			must(slot[i]);
		}
		get += now_ns() - since;
		since = now_ns();
		for (unsigned i = BULK9; i-- > 0;)
			__free_pages(slot[i], 9);
		put += now_ns() - since;
	}
	row("order9-get", now_ns() - get, TIMES9 * BULK9);
	row("order9-put", now_ns() - put, TIMES9 * BULK9);
}

static void bench_kmalloc(void)
{
	static const unsigned sizes[] = { 16, 64, 256, 1024 };
	char name[32];

	for (unsigned s = 0; s < ARRAY_SIZE(sizes); s++) {
		volatile unsigned size = sizes[s]; /* one the compiler does not know */
		u64 since = now_ns();

		for (unsigned i = 0; i < PAIRS; i++) {
			void *at = kmalloc(size, GFP_KERNEL);

			must(at);
			kfree(at);
		}
		quire_snprintf(name, sizeof(name), "kmalloc-%u-pair", sizes[s]);
		row(name, since, PAIRS);
	}
}

static void bench_cache(void)
{
	struct kmem_cache *cache = kmem_cache_create("bench", 192, 8, 0, NULL);
	u64 since;

	must(cache);
	since = now_ns();
	for (unsigned i = 0; i < PAIRS; i++) {
		void *at = kmem_cache_alloc(cache, GFP_KERNEL);

		must(at);
		kmem_cache_free(cache, at);
	}
	row("kmem_cache-pair", since, PAIRS);
	kmem_cache_destroy(cache);
}

/* alloc_page() and free_page(): by address, as most of a kernel does. */
static void bench_page(void)
{
	u64 since = now_ns();

	for (unsigned i = 0; i < PAIRS; i++) {
		struct page *page = alloc_page(GFP_KERNEL);

		must(page);
		free_page((unsigned long)page_address(page));
	}
	row("alloc_page-pair", since, PAIRS);
}

/* vmalloc() of n pages and vfree(), flushes and all: so many that each row has several. */
static void bench_vmalloc(void)
{
	static const unsigned pages[] = { 1, 64, 1024 };
	char name[32];

	for (unsigned s = 0; s < ARRAY_SIZE(pages); s++) {
		const unsigned times = PAIRS / pages[s];
		u64 since = now_ns();

		for (unsigned i = 0; i < times; i++) {
			void *at = vmalloc(pages[s] * PAGE_SIZE);

			must(at);
			vfree(at);
		}
		quire_snprintf(name, sizeof(name), "vmalloc-%u-pair", pages[s]);
		row(name, since, times);
	}
}

/* The same without the frames: what one page costs to map and to unmap. */
static void bench_vmap(void)
{
	static const unsigned pages[] = { 1, 64, 1024 };
	char name[32];

	for (unsigned i = 0; i < 1024; i++) {
		slot[i] = alloc_pages(GFP_KERNEL, 0);
		must(slot[i]);
	}
	for (unsigned s = 0; s < ARRAY_SIZE(pages); s++) {
		u64 since = now_ns();

		for (unsigned i = 0; i < PAIRS / pages[s]; i++) {
			void *at = vmap((struct page **)slot, pages[s], VM_MAP, PAGE_KERNEL);

			must(at);
			vunmap(at);
		}
		quire_snprintf(name, sizeof(name), "vmap-%u-page", pages[s]);
		row(name, since, PAIRS);
	}
	for (unsigned i = 0; i < 1024; i++)
		__free_pages(slot[i], 0);
}

static void bench_map_ram(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	u64 since = now_ns();

	must(page);
	for (unsigned i = 0; i < PAIRS; i++) {
		void *at = vm_map_ram(&page, 1, NUMA_NO_NODE);

		must(at);
		vm_unmap_ram(at, 1);
	}
	row("vm_map_ram-1-pair", since, PAIRS);
	__free_page(page);
}

void bench_if_asked(void)
{
	const char *broken;
	unsigned order = get_order(BULK0 * sizeof(*slot));

	if (!bare_cmdline_has("bench=frames"))
		return;
	slot = (void **)__get_free_pages(GFP_KERNEL, order);
	must(slot);
	bench_null();
	bench_frames_bulk();
	bench_frames_churn();
	bench_huge();
	bench_kmalloc();
	bench_cache();
	bench_page();
	bench_vmalloc();
	bench_vmap();
	bench_map_ram();
	free_pages((unsigned long)slot, order);
	broken = check_all();
	printk("bench check: %s\n", broken ? broken : "every law holds");
	bare_exit(broken ? 1 : 0);
}
