/* SPDX-License-Identifier: MIT */
/*
 * mm_kmap_inject_test.c - every allocation fails once on the ways to frames that may have no address: kmap() and its
 * kin, which are not to need any, vmap() and vm_map_ram() of such frames, vmalloc() and memremap().
 *
 * For n = 1, 2, ...: the n-th allocation from here fails; the call says so, or gets by; every law holds and no frame is
 * missing.  The sweep ends when fewer than n allocations were needed.
 */
#include "mm_harness.h"
#include <quire/check.h>
#include <quire/io.h>
#include "maps/kmap.h"

#define PAGES  70u
#define DEVICE ((phys_addr_t)0x80000000u)

static struct page *pages[PAGES];

/* Half of what is mapped stays a while. */
static bool try_kmap(void)
{
	for (unsigned i = 0; i < PAGES; i++) {
		u32 *at = kmap(pages[i]);

		*at = i;
		if (i % 2)
			kunmap(pages[i]);
	}
	kmap_flush_unused();
	for (unsigned i = 0; i < PAGES; i += 2)
		kunmap(pages[i]);
	return true;
}

static bool try_kmap_local(void)
{
	for (unsigned i = 1; i < PAGES; i++) {
		char *one = kmap_local_page(pages[i - 1]), *two = kmap_local_page(pages[i]);

		*two = *one;
		kunmap_local(two);
		kunmap_local(one);
		copy_highpage(pages[i], pages[i - 1]);
	}
	return true;
}

/* One frame in two places, and what is written in one stands in the other. */
static bool try_vmap(void)
{
	char *p = vmap(pages, PAGES, VM_MAP, PAGE_KERNEL),
	     *q = p ? vmap(pages, PAGES, VM_MAP, PAGE_KERNEL) : NULL;
	bool good = p && q;

	if (good) {
		u32 mark = 0x1234, seen = 0;

		memcpy_to_page(pages[PAGES - 1], 8, (const char *)&mark, sizeof(mark));
		assert_int_equal(vread((char *)&seen, q + (PAGES - 1) * PAGE_SIZE + 8,
				       sizeof(seen)),
				 sizeof(seen));
		assert_int_equal(seen, mark);
	}
	if (q)
		vunmap(q);
	if (p)
		vunmap(p);
	return good;
}

static bool try_map_ram(void)
{
	void *p = vm_map_ram(pages, 7, NUMA_NO_NODE),
	     *q = vm_map_ram(pages + 7, PAGES - 7, NUMA_NO_NODE);

	if (p)
		vm_unmap_ram(p, 7);
	if (q)
		vm_unmap_ram(q, PAGES - 7);
	return p && q;
}

static bool try_memremap(void)
{
	void *p = memremap(DEVICE + 5, 6ul << 20, MEMREMAP_WB),
	     *q = memremap(DEVICE + (8 << 20), 100, MEMREMAP_WC);
	bool good = p && q;

	if (p)
		memunmap(p);
	if (q)
		memunmap(q);
	return good;
}

static bool try_vmalloc(void)
{
	char *p = vmalloc(PAGES * PAGE_SIZE);

	vfree(p);
	return p;
}

/* How many allocations were made to fail. */
static unsigned sweep(const char *name, bool (*try)(void))
{
	unsigned long free = quire_free_pages_exact() + maps_kernel_tables();
	unsigned n = 0, failed = 0;
	bool fired, done;

	do {
		quire_fail_nth(++n);
		done = try();
		fired = quire_fail_fired();
		quire_fail_nth(0);
		failed += !done;
		assert_true(done || fired);
		assert_null(check_all());
		if (quire_free_pages_exact() + maps_kernel_tables() != free)
			fail_msg("%s: allocation %u failed, and frames are lost", name, n);
	} while (fired);
	assert_true(done);
	return failed;
}

static void test_sweep(void **state)
{
	static const struct {
		const char *name;
		bool (*try)(void);
		bool allocates;
	} ops[] = {
		{ "kmap", try_kmap, false },        { "kmap_local_page", try_kmap_local, false },
		{ "vmap", try_vmap, true },         { "vm_map_ram", try_map_ram, true },
		{ "memremap", try_memremap, true }, { "vmalloc", try_vmalloc, true },
	};

	(void)state;
	for (unsigned i = 0; i < PAGES; i++) {
		pages[i] = alloc_page(GFP_HIGHUSER);
		assert_non_null(pages[i]);
	}
	for (unsigned o = 0; o < ARRAY_SIZE(ops); o++)
		assert_int_equal(sweep(ops[o].name, ops[o].try) > 0, ops[o].allocates);
	for (unsigned i = 0; i < PAGES; i++)
		__free_page(pages[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { MM_TEST(test_sweep) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
