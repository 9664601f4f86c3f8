/* SPDX-License-Identifier: MIT */
/* vmalloc_test.c - kernel mappings as the processor sees them: linear map, vmalloc, guard pages,
 * ioremap. */
#include "mm_harness.h"
#include <quire/init.h>
#include <quire/memblock.h>
#include <quire/set_memory.h>
#include "maps/maps.h"

static void test_linear_map_covers_ram(void **state)
{
	unsigned long small, large, pa;

	(void)state;
	for (pa = 1 << 20; pa < 33 << 20; pa += 123 * PAGE_SIZE)
		assert_ptr_equal(posix_kernel_access(PAGE_OFFSET + pa, true),
				 port_phys_to_virt(pa));
	assert_null(posix_kernel_access(PAGE_OFFSET, false));
	assert_null(posix_kernel_access(PAGE_OFFSET + (33UL << 20), false));
	maps_direct_map_kb(&small, &large);
	assert_int_equal(small + large, 32 << 10);
	assert_int_equal(large, 30 << 10); /* 2 MiB..32 MiB; 1 MiB at each end in small pages */
}

/* One page of a large one goes and comes; those around it stay. */
static void test_single_pages_of_the_linear_map(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 2);
	unsigned long at = (unsigned long)page_address(page), small, large, before;
	unsigned long va = PAGE_OFFSET + (page_to_pfn(page) << PAGE_SHIFT);

	(void)state;
	maps_direct_map_kb(&before, &large);
	assert_int_equal(set_direct_map_invalid_noflush(page), -EINVAL); /* still in a large one */
	if (pt_fmt.break_first) { /* nothing could run meanwhile */
		assert_int_equal(set_memory_4k(at, 4), -EOPNOTSUPP);
		__free_pages(page, 2);
		return;
	}
	assert_int_equal(set_memory_4k(at, 4), 0);
	harness_free--; /* the new table stays */
	assert_int_equal(set_memory_4k(at, 4), 0);
	maps_direct_map_kb(&small, &large);
	assert_int_equal(small + large, 32 << 10);
	assert_int_equal(small, before + 2048);
	assert_int_equal(set_direct_map_invalid_noflush(page + 1), 0);
	port_flush_tlb_kernel(va + PAGE_SIZE, va + 2 * PAGE_SIZE);
	assert_ptr_equal(posix_kernel_access(va, true), (void *)at);
	assert_null(posix_kernel_access(va + PAGE_SIZE, false));
	assert_ptr_equal(posix_kernel_access(va + 2 * PAGE_SIZE, true),
			 (void *)(at + 2 * PAGE_SIZE));
	assert_int_equal(set_direct_map_default_noflush(page + 1), 0);
	port_flush_tlb_kernel(va + PAGE_SIZE, va + 2 * PAGE_SIZE);
	assert_ptr_equal(posix_kernel_access(va + PAGE_SIZE, true), (void *)(at + PAGE_SIZE));
	assert_int_equal(set_memory_4k((unsigned long)port_phys_to_virt(64 << 20), 1), -EINVAL);
	assert_null(check_all());
	__free_pages(page, 2);
}

static void test_vmalloc_maps_and_guards(void **state)
{
	const unsigned long size = 5 * PAGE_SIZE + 17;
	char *a = vzalloc(size), *b = vmalloc(PAGE_SIZE);
	unsigned i;

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_true(is_vmalloc_addr(a));
	for (i = 0; i < 6; i++) {
		u8 *host = posix_kernel_access((unsigned long)a + i * PAGE_SIZE, true);

		assert_non_null(host);
		assert_int_equal(host[0] | host[PAGE_SIZE - 1], 0);
		assert_ptr_equal(page_address(vmalloc_to_page(a + i * PAGE_SIZE)), host);
	}
	assert_null(posix_kernel_access((unsigned long)a + 6 * PAGE_SIZE, false));
	assert_true((unsigned long)b >= (unsigned long)a + 7 * PAGE_SIZE ||
		    (unsigned long)b < (unsigned long)a);
	assert_int_equal(vmalloc_nr_pages(), 7);
	assert_null(maps_check());
	vfree(a);
	assert_null(vmalloc_to_page(a)); /* at once; translations go with a flush */
	vm_unmap_aliases();
	assert_null(posix_kernel_access((unsigned long)a, false));
	vfree(b);
	vfree(NULL);
	assert_int_equal(vmalloc_nr_pages(), 0);
}

static void test_refusals(void **state)
{
	char *a;

	(void)state;
	assert_null(vmalloc(0));
	assert_null(vmalloc(~0UL));
	assert_null(vmalloc(1UL << 30)); /* more than there is */
	posix_log_take();
	a = vmalloc(PAGE_SIZE);
	vfree(a + 8);
	assert_non_null(strstr(posix_log_take(), "no area begins there"));
	vunmap(a);
	assert_non_null(strstr(posix_log_take(), "was not made by vmap"));
	vfree(a);
	vfree(a);
	assert_non_null(strstr(posix_log_take(), "no area begins there"));
}

static void test_vmap_shares_frames(void **state)
{
	struct page *pages[3];
	char *p;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++)
		assert_non_null(pages[i] = alloc_page(GFP_KERNEL));
	p = vmap(pages, 3, 0, 0);
	assert_non_null(p);
	for (i = 0; i < 3; i++)
		assert_ptr_equal(posix_kernel_access((unsigned long)p + i * PAGE_SIZE, true),
				 page_address(pages[i]));
	assert_null(maps_check());
	vunmap(p);
	for (i = 0; i < 3; i++)
		__free_page(pages[i]);
}

static void test_ioremap(void **state)
{
	unsigned level;
	pte_t e;
	char *p;

	(void)state;
	p = ioremap(0xfed00010u, 0x20);
	assert_non_null(p);
	assert_int_equal((unsigned long)p & 0xfff, 0x10);
	e = pt_lookup(maps_kernel_pgd(), (unsigned long)p, &level);
	assert_int_equal(e & PTE_ADDRESS, 0xfed00000u);
	/* RISC-V: what is device memory is not the entry's to say */
	assert_true((e & PTE_UNCACHED) || pt_fmt.family == PT_RISCV);
	assert_true(e & PTE_NOEXEC);
	assert_null(maps_check());
	iounmap(p);
	assert_null(ioremap(8 << 20, 4096));
	assert_non_null(strstr(posix_log_take(), "is RAM"));
	assert_null(ioremap(0xfed00000u, 0));
	assert_null(ioremap(~(phys_addr_t)0 - 10, 4096));
}

static void test_explain(void **state)
{
	char buf[128], *a = vmalloc(2 * PAGE_SIZE);

	(void)state;
	maps_explain((unsigned long)a + 2 * PAGE_SIZE + 5, buf, sizeof(buf));
	assert_non_null(strstr(buf, "guard page behind vmalloc area"));
	maps_explain((unsigned long)a + 5, buf, sizeof(buf));
	assert_non_null(strstr(buf, "vmalloc area"));
	maps_explain(0x1000, buf, sizeof(buf));
	assert_string_equal(buf, "user space");
	vfree(a);
	maps_explain((unsigned long)a, buf, sizeof(buf));
	assert_non_null(strstr(buf, QUIRE_VMAP_LAZY_KIB ? "freed vmalloc area" : "hole"));
	vm_unmap_aliases();
	maps_explain((unsigned long)a, buf, sizeof(buf));
	assert_non_null(strstr(buf, "hole"));
}

static void test_kvmalloc(void **state)
{
	void *small = kvmalloc(100, GFP_KERNEL), *large = kvmalloc(5 << 20, GFP_KERNEL);

	(void)state;
	assert_non_null(small);
	assert_false(is_vmalloc_addr(small));
	assert_non_null(large);
	assert_true(is_vmalloc_addr(large));
	kvfree(small);
	kvfree(large);
	kvfree(NULL);
}

static int emit_with_vmalloc(struct seq_out *out, const char *text, size_t len)
{
	void *p = vmalloc(PAGE_SIZE);

	(void)out;
	(void)text;
	(void)len;
	assert_non_null(p);
	vfree(p);
	return 0;
}

/* The reader of a report may need memory of the kind that is reported. */
static void test_report_holds_no_lock(void **state)
{
	struct seq_out out = { .emit = emit_with_vmalloc };
	void *a = vmalloc(PAGE_SIZE), *b = vmalloc(PAGE_SIZE);

	(void)state;
	show_vmallocinfo(&out);
	assert_int_equal(out.error, 0);
	assert_true(out.count > 2 * 60);
	vfree(a);
	vfree(b);
}

/* What is mapped after a space was made is seen through that space too. */
static void test_later_mappings_are_shared(void **state)
{
	struct mm_struct *mm = mm_alloc();
	char *a = vmalloc(PAGE_SIZE);
	pt_entry *root;
	pte_t e;

	(void)state;
	assert_non_null(mm);
	posix_set_mm(mm);
	assert_ptr_equal(posix_kernel_access((unsigned long)a, true),
			 page_address(vmalloc_to_page(a)));
	root = pt_fmt.split_roots ? maps_kernel_pgd() : mm->pgd;
	e = pt_lookup(root, (unsigned long)a, NULL);
	assert_true(pte_valid(e));
	assert_int_equal(pte_pfn(e), vmalloc_to_pfn(a));
	vfree(a);
	assert_false(pte_valid(pt_lookup(root, (unsigned long)a, NULL)));
	vm_unmap_aliases();
	assert_null(posix_kernel_access((unsigned long)a, false));
	end_mm(mm);
}

/* ---- the image ------------------------------------------------------------------------------- */
#define KIB 1024ul

/* The start's part of an image is unmapped, and its frames are as good as any. */
static void test_free_initmem(void **state)
{
	const phys_addr_t at = 2 << 20;
	const struct maps_image image = {
		.text_start = at,
		.text_end = at + 64 * KIB,
		.rodata_start = at + 64 * KIB,
		.rodata_end = at + 96 * KIB,
		.data_start = at + 96 * KIB,
		.data_end = at + 256 * KIB,
		.init_start = at + 128 * KIB,
		.init_text_end = at + 144 * KIB,
		.init_end = at + 192 * KIB,
		.virt_base = 0ul - (16ul << 20),
	};
	const unsigned long init = image.virt_base + 128 * KIB, linear = PAGE_OFFSET + (2ul << 20);
	unsigned long free, total;

	(void)state;
	assert_int_equal(posix_machine_start_simple(32, 1), 0);
	assert_int_equal(memblock_reserve(at, 256 * KIB), 0);
	assert_int_equal(quire_start(1, &image, NULL), 0);
	free = quire_free_pages_exact();
	total = totalram_pages();
	/* text is not written to, not even by its other address */
	assert_null(posix_kernel_access(init, true));
	assert_null(posix_kernel_access(linear + 128 * KIB, true));
	assert_non_null(posix_kernel_access(init, false));
	assert_non_null(posix_kernel_access(init + 16 * KIB, true));
	posix_log_take();
	assert_int_equal(free_initmem(), 64 * KIB / PAGE_SIZE);
	assert_non_null(
		strstr(posix_log_take(), "Freeing unused kernel image (initmem) memory: 64K\n"));
	assert_int_equal(quire_free_pages_exact(), free + 64 * KIB / PAGE_SIZE);
	assert_int_equal(totalram_pages(), total + 64 * KIB / PAGE_SIZE);
	for (unsigned long i = 0; i < 256 * KIB; i += PAGE_SIZE) {
		bool gone = i >= 128 * KIB && i < 192 * KIB;

		assert_int_equal(!posix_kernel_access(image.virt_base + i, false), gone);
		assert_int_equal(!posix_kernel_access(linear + i, true), i < 96 * KIB);
	}
	assert_int_equal(free_initmem(), 0); /* once */
	assert_null(check_all());
	quire_stop();
	posix_machine_stop();
}

/* Without an image there is nothing to give back. */
static void test_no_initmem(void **state)
{
	(void)state;
	assert_int_equal(free_initmem(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(test_linear_map_covers_ram),
		MM_TEST(test_single_pages_of_the_linear_map),
		MM_TEST(test_vmalloc_maps_and_guards),
		MM_TEST(test_refusals),
		MM_TEST(test_vmap_shares_frames),
		MM_TEST(test_ioremap),
		MM_TEST(test_explain),
		MM_TEST(test_kvmalloc),
		MM_TEST(test_later_mappings_are_shared),
		MM_TEST(test_report_holds_no_lock),
		cmocka_unit_test(test_free_initmem),
		MM_TEST(test_no_initmem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
