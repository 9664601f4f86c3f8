/* SPDX-License-Identifier: MIT */
/* deferred_test.c - vfree() in an interrupt, and memory that is mapped whatever it is. */
#include <quire/memblock.h>
#include <quire/percpu.h>
#include "support/layers.h"
#include "mm_harness.h"
#include "maps/maps.h"

static void free_in_interrupt(const void *addr)
{
	quire_irq_enter();
	vfree(addr);
	quire_irq_exit();
}

static void test_freed_by_the_next(void **state)
{
	unsigned long before = vmalloc_nr_pages();
	char *a = vmalloc(3 * PAGE_SIZE), *b = vmalloc(PAGE_SIZE), *c = vmalloc(8 * PAGE_SIZE);

	(void)state;
	free_in_interrupt(a);
	free_in_interrupt(c);
	/* They are there until somebody comes who may take locks. */
	assert_int_equal(vmalloc_nr_pages() - before, 12);
	assert_non_null(posix_kernel_access((unsigned long)c, true));
	vfree(b);
	assert_int_equal(vmalloc_nr_pages(), before);
	assert_null(vmalloc_to_page(a));
	assert_null(vmalloc_to_page(c));
	free_in_interrupt(vmalloc(PAGE_SIZE));
	vm_unmap_aliases();
	assert_int_equal(vmalloc_nr_pages(), before);
	/* Its memory is all that there is left. */
	a = vmalloc((nr_free_pages() - 1200) << PAGE_SHIFT);
	assert_non_null(a);
	free_in_interrupt(a);
	a = __vmalloc(PAGE_SIZE * 4000, GFP_KERNEL | __GFP_NOWARN);
	assert_non_null(a);
	assert_int_equal(vmalloc_nr_pages() - before, 4000);
	vfree(a);
	free_in_interrupt(NULL);
	assert_law(maps_check());
}

/* Whoever holds the lock of the areas may be what the interrupt stopped. */
static void test_under_a_lock(void **state)
{
	spinlock_t lock;
	void *a = vmalloc(PAGE_SIZE);
	unsigned long before = vmalloc_nr_pages();

	(void)state;
	spin_lock_init(&lock, "high", LOCK_RANK_SCHED);
	spin_lock(&lock);
	vfree_atomic(a);
	spin_unlock(&lock);
	assert_int_equal(vmalloc_nr_pages(), before);
	vm_unmap_aliases();
	assert_int_equal(vmalloc_nr_pages(), before - 1);
}

static void test_modules(void **state)
{
	unsigned long before = vmalloc_nr_pages();
	void *a = module_alloc(PAGE_SIZE);

	(void)state;
	free_in_interrupt(a);
	vm_unmap_aliases();
	assert_int_equal(vmalloc_nr_pages(), before);
	assert_null(vmalloc_to_page(a));
}

static void test_wrong_frees(void **state)
{
	char *a = vmalloc(2 * PAGE_SIZE);
	struct page *page = alloc_page(GFP_KERNEL);
	void *v;

	(void)state;
	posix_log_take();
	free_in_interrupt(a + 16);
	assert_true(logged("in an interrupt: not what vmalloc returned"));
	free_in_interrupt(page_address(page));
	assert_true(logged("in an interrupt: not what vmalloc returned"));
	free_in_interrupt(a);
	free_in_interrupt(a);
	assert_true(logged("in an interrupt: freed twice"));
	/* What is not vmalloc's is found out when it is done, and stays as it was. */
	v = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	free_in_interrupt(v);
	vm_unmap_aliases();
	assert_true(logged("vfree"));
	assert_ptr_equal(vmalloc_to_page(v), page);
	assert_int_equal(page->private, 0);
	assert_null(page->mapping);
	vunmap(v);
	__free_page(page);
}

/* ---- memremap(), ioremap_prot() -------------------------------------------------------------- */
#define DEVICE 0x10000000ul /* no RAM */

static void test_memremap(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	phys_addr_t ram = page_to_phys(page);
	char *at;

	(void)state;
	assert_ptr_equal(memremap(ram + 5, 100, MEMREMAP_WB), (char *)page_address(page) + 5);
	memunmap((char *)page_address(page) + 5);
	assert_null(memremap(ram, 100, MEMREMAP_WC));
	assert_null(memremap(ram, 100, MEMREMAP_WT));
	assert_null(memremap(DEVICE, 0, MEMREMAP_WB));
	assert_null(memremap(DEVICE, 8, 0));
	assert_null(memremap(DEVICE, 8, 8));
	assert_null(memremap(~(phys_addr_t)0, 8, MEMREMAP_WB));
	for (unsigned long flags = MEMREMAP_WB; flags <= MEMREMAP_WC; flags <<= 1) {
		at = memremap(DEVICE + 8, 2 * PAGE_SIZE, flags);
		assert_non_null(at);
		assert_int_equal((unsigned long)at & ~PAGE_MASK, 8);
		assert_int_equal(pte_pfn(pt_lookup(maps_kernel_pgd(), (unsigned long)at, NULL)),
				 DEVICE >> PAGE_SHIFT);
		memunmap(at);
	}
	memunmap(NULL);
	posix_log_take();
	memunmap((void *)8);
	assert_true(logged("memunmap(0x8): nothing is mapped there"));
	__free_page(page);
}

static void test_ioremap_prot(void **state)
{
	static const struct {
		u64 prot, bits;
	} rows[] = {
		{ PAGE_KERNEL, PTE_WRITE },
		{ PAGE_KERNEL_RO, 0 },
		{ PAGE_KERNEL_NOCACHE, PTE_WRITE | PTE_UNCACHED },
		{ PAGE_KERNEL_WC, PTE_WRITE | PTE_WRITECOMBINE },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		void *at = ioremap_prot(DEVICE, PAGE_SIZE, rows[i].prot);
		pte_t e = pt_lookup(maps_kernel_pgd(), (unsigned long)at, NULL);

		assert_non_null(at);
		assert_true(e & PTE_NOEXEC);
		if (pt_fmt.family != PT_RISCV)
			assert_int_equal(e & (PTE_WRITE | PTE_UNCACHED | PTE_WRITECOMBINE),
					 rows[i].bits);
		iounmap(at);
	}
	posix_log_take();
	assert_null(ioremap_prot(DEVICE, PAGE_SIZE, PAGE_KERNEL_ROX));
	assert_true(logged("nothing executes from a device"));
	assert_null(ioremap_prot(DEVICE, PAGE_SIZE, 77));
	assert_true(logged("there is no protection 77"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(test_freed_by_the_next), MM_TEST(test_under_a_lock),
		MM_TEST(test_modules),           MM_TEST(test_wrong_frees),
		MM_TEST(test_memremap),          MM_TEST(test_ioremap_prot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
