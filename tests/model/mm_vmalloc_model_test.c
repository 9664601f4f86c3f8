/* SPDX-License-Identifier: MIT */
/*
 * mm_vmalloc_model_test.c - random vmalloc, vfree, vmap, vm_map_ram, ioremap and flushes against a list.
 *
 *   list of what is held: where, how many pages, which frames
 *
 * After each step: what is new overlaps nothing that is held, its pages translate to its frames and what is
 * behind it to nothing; what was freed has no entry.  The simulated TLB keeps translations of freed
 * areas and stops the test if a new owner ever uses one.  QUIRE_SEED replays a run.
 */
#include "mm_harness.h"
#include "maps/maps.h"
#include "window.h"

#define STEPS 6000u
#define MOST  40u
#define OWN   80u /* frames that are mapped by vmap and vm_map_ram */

enum kind { VMALLOC, HUGE_ONE, VMAP, RAM, DEVICE, NR_KINDS };
struct held {
	enum kind kind;
	unsigned long at, pages, first; /* first: index in own[], or a device's frame number */
};

static struct held held[MOST];
static unsigned nr_held;
static struct page *own[OWN];
static u64 rng;

static unsigned below(unsigned n)
{
	return rnd(&rng) % n;
}

static unsigned long want_pages(enum kind kind)
{
	if (kind == HUGE_ONE)
		return 512 + below(3);
	if (kind == VMALLOC)
		return below(30) ? 1 + below(20) : 300 + below(500);
	return 1 + below(kind == DEVICE ? 700 : OWN);
}

static void *make(struct held *h)
{
	h->first = h->kind == DEVICE ? 0x80000 + below(2000) : below(OWN);
	if (h->kind == VMAP || h->kind == RAM)
		h->pages = h->pages > OWN - h->first ? OWN - h->first : h->pages;
	switch (h->kind) {
	case VMALLOC: return vmalloc(h->pages << PAGE_SHIFT);
	case HUGE_ONE: return vmalloc_huge(h->pages << PAGE_SHIFT, GFP_KERNEL);
	case VMAP: return vmap(own + h->first, (unsigned)h->pages, VM_MAP, PAGE_KERNEL);
	case RAM: return vm_map_ram(own + h->first, (unsigned)h->pages, NUMA_NO_NODE);
	default: return ioremap((phys_addr_t)h->first << PAGE_SHIFT, h->pages << PAGE_SHIFT);
	}
}

static void unmake(const struct held *h)
{
	void *at = (void *)h->at;

	switch (h->kind) {
	case VMALLOC:
	case HUGE_ONE: vfree(at); break;
	case VMAP: vunmap(at); break;
	case RAM: vm_unmap_ram(at, (unsigned)h->pages); break;
	default: iounmap(at);
	}
}

static unsigned long pfn_at(unsigned long va)
{
	unsigned level;
	pte_t e = pt_lookup(maps_kernel_pgd(), va, &level);

	if (!pte_valid(e))
		return ~0ul;
	return pte_pfn(e) + (va >> PAGE_SHIFT & ((1ul << (pt_shift(level) - PAGE_SHIFT)) - 1));
}

/* Page i of it is what it should be, to the processor too. */
static void check_page(const struct held *h, unsigned long i)
{
	unsigned long va = h->at + (i << PAGE_SHIFT), pfn = pfn_at(va);

	assert_true(pfn != ~0ul);
	if (h->kind == DEVICE)
		assert_int_equal(pfn, h->first + i);
	if (h->kind == VMAP || h->kind == RAM)
		assert_int_equal(pfn, page_to_pfn(own[h->first + i]));
	if (h->kind != DEVICE)
		assert_ptr_equal(posix_kernel_access(va, true), window_ram(PFN_PHYS(pfn)));
}

static void check_new(const struct held *h)
{
	unsigned long end = h->at + (h->pages << PAGE_SHIFT);

	for (unsigned i = 0; i < nr_held; i++) {
		const struct held *o = &held[i];

		assert_true(end <= o->at || h->at >= o->at + (o->pages << PAGE_SHIFT));
	}
	check_page(h, 0);
	check_page(h, h->pages - 1);
	check_page(h, below((unsigned)h->pages));
	if (h->kind != RAM)
		assert_null(posix_kernel_access(end, false));
}

static void take(void)
{
	struct held *h = &held[nr_held];
	void *at;

	h->kind = (enum kind)below(NR_KINDS);
	h->pages = want_pages(h->kind);
	at = make(h);
	if (!at) /* there is little memory */
		return;
	h->at = (unsigned long)at;
	check_new(h);
	nr_held++;
}

static void give(unsigned i)
{
	struct held h = held[i];

	check_page(&h, below((unsigned)h.pages));
	unmake(&h);
	held[i] = held[--nr_held];
	for (unsigned long k = 0; k < h.pages; k++)
		assert_true(pfn_at(h.at + (k << PAGE_SHIFT)) == ~0ul);
}

static void test_random(void **state)
{
	(void)state;
	rng = seed_from_env(0x2545f4914f6cdd1dull);
	printf("# QUIRE_SEED=%llu\n", (unsigned long long)rng);
	for (unsigned i = 0; i < OWN; i++)
		assert_non_null(own[i] = alloc_page(GFP_KERNEL));
	for (unsigned step = 0; step < STEPS; step++) {
		if (nr_held < MOST && (!nr_held || below(2)))
			take();
		else
			give(below(nr_held));
		if (below(300) == 0)
			vm_unmap_aliases();
		if (step % 16 == 0)
			assert_null(maps_check());
		if (step % 500 == 0)
			assert_null(check_all());
	}
	assert_true(vmap_purges() > 0);
	while (nr_held)
		give(nr_held - 1);
	for (unsigned i = 0; i < OWN; i++)
		__free_page(own[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { MM_TEST(test_random) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
