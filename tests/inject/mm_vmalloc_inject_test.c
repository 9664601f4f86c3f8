/* SPDX-License-Identifier: MIT */
/*
 * mm_vmalloc_inject_test.c - every allocation of vmalloc, vmap, vm_map_ram and ioremap is made to fail once.
 *
 * For n = 1, 2, ...: the n-th allocation from here fails; the call says NULL, or gets by; every law holds
 * and no frame is missing.  The sweep ends when fewer than n allocations were needed.
 */
#include "mm_harness.h"

#define PAGES 70u

static struct page *pages[PAGES];

static bool try_vmalloc(void)
{
	void *p = vmalloc(PAGES * PAGE_SIZE);

	vfree(p);
	return p;
}

static bool try_few(void)
{
	void *p = vzalloc(2 * PAGE_SIZE);

	vfree(p);
	return p;
}

/* Its list of frames takes more than a page. */
static bool try_many(void)
{
	void *p = vmalloc(600 * PAGE_SIZE);

	vfree(p);
	return p;
}

static bool try_huge(void)
{
	void *p = vmalloc_huge(3ul << 20, GFP_KERNEL);

	vfree(p);
	return p;
}

static bool try_vmap(void)
{
	void *p = vmap(pages, PAGES, VM_MAP, PAGE_KERNEL);

	if (p)
		vunmap(p);
	return p;
}

static bool try_map_ram(void)
{
	void *p = vm_map_ram(pages, 5, NUMA_NO_NODE), *q = vm_map_ram(pages, PAGES, NUMA_NO_NODE);

	if (p)
		vm_unmap_ram(p, 5);
	if (q)
		vm_unmap_ram(q, PAGES);
	return p && q;
}

static bool try_ioremap(void)
{
	void *p = ioremap(0x80001000u, 6ul << 20), *q = ioremap_wc(0x90000000u, 4ul << 20);

	iounmap(p);
	iounmap(q);
	return p && q;
}

static void test_sweep(void **state)
{
	static const struct {
		const char *name;
		bool (*try)(void);
	} ops[] = {
		{ "vmalloc", try_vmalloc }, { "few pages", try_few }, { "many pages", try_many },
		{ "huge", try_huge },       { "vmap", try_vmap },     { "vm_map_ram", try_map_ram },
		{ "ioremap", try_ioremap },
	};

	(void)state;
	for (unsigned i = 0; i < PAGES; i++)
		assert_non_null(pages[i] = alloc_page(GFP_KERNEL));
	for (unsigned o = 0; o < ARRAY_SIZE(ops); o++) {
		unsigned long free = quire_free_pages_exact() + maps_kernel_tables();
		unsigned n = 0, failed = 0;
		bool fired, done;

		do {
			quire_fail_nth(++n);
			done = ops[o].try();
			fired = quire_fail_fired();
			quire_fail_nth(0);
			failed += !done;
			assert_true(done || fired);
			assert_null(check_all());
			if (quire_free_pages_exact() + maps_kernel_tables() != free)
				fail_msg("%s: allocation %u failed, and frames are lost",
					 ops[o].name, n);
			assert_int_equal(vmalloc_nr_pages(), 0);
		} while (fired);
		assert_true(done && failed > 0);
	}
	for (unsigned i = 0; i < PAGES; i++)
		__free_page(pages[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { MM_TEST(test_sweep) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
