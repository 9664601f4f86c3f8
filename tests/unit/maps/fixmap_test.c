/* SPDX-License-Identifier: MIT */
/* fixmap_test.c - pages at fixed addresses, and mappings from before there are frames. */
#include <quire/fixmap.h>
#include <quire/init.h>
#include "mm_harness.h"
#include "maps/maps.h"

static pte_t entry_at(const void *at)
{
	return pt_lookup(maps_kernel_pgd(), (unsigned long)at, NULL);
}

static void test_indices(void **state)
{
	(void)state;
	for (unsigned i = 1; i < __end_of_fixed_addresses; i++) {
		assert_int_equal(virt_to_fix(fix_to_virt(i)), i);
		assert_int_equal(virt_to_fix(fix_to_virt(i) + PAGE_SIZE - 1), i);
	}
	assert_int_equal(fix_to_virt(__end_of_fixed_addresses - 1), FIXADDR_START);
	assert_false(is_vmalloc_or_module_addr((void *)FIXADDR_START));
}

static void test_set_and_clear(void **state)
{
	struct page *a = alloc_page(GFP_KERNEL), *b = alloc_page(GFP_KERNEL);
	unsigned long va = fix_to_virt(FIX_FDT);
	struct mm_struct *mm = new_mm();

	(void)state;
	set_fixmap(FIX_FDT, page_to_phys(a) + 12);
	assert_ptr_equal(posix_kernel_access(va, true), page_address(a));
	assert_null(posix_kernel_access(va - PAGE_SIZE, false));
	set_fixmap(FIX_FDT, page_to_phys(b)); /* the referee sees that it was invalid in between */
	assert_ptr_equal(posix_kernel_access(va, true), page_address(b));
	__set_fixmap(FIX_FDT, page_to_phys(b), PAGE_KERNEL_RO);
	assert_null(posix_kernel_access(va, true));
	clear_fixmap(FIX_FDT);
	assert_null(posix_kernel_access(va, false));
	set_fixmap_io(FIX_EARLYCON_MEM_BASE, 0xfe000000u);
	assert_true((entry_at((void *)fix_to_virt(FIX_EARLYCON_MEM_BASE)) & PTE_UNCACHED) ||
		    pt_fmt.family == PT_RISCV);
	clear_fixmap(FIX_EARLYCON_MEM_BASE);
	clear_fixmap(FIX_EARLYCON_MEM_BASE);
	posix_log_take();
	set_fixmap(FIX_HOLE, 0);
	assert_non_null(strstr(posix_log_take(), "set_fixmap(0): there is no such page"));
	clear_fixmap(__end_of_fixed_addresses);
	assert_non_null(strstr(posix_log_take(), "there is no such page"));
	end_mm(mm);
	__free_page(a);
	__free_page(b);
}

static void test_early_slots(void **state)
{
	char *at[FIX_BTMAPS_SLOTS], *one;

	(void)state;
	assert_null(early_ioremap(0xfe000000u, 0));
	assert_null(early_ioremap(0xfe000001u, NR_FIX_BTMAPS * PAGE_SIZE)); /* a page too much */
	assert_null(early_ioremap(~(phys_addr_t)0 - 5, 100));
	assert_int_equal(check_early_ioremap_leak(), 0);
	for (unsigned i = 0; i < FIX_BTMAPS_SLOTS; i++) {
		phys_addr_t phys = 0xfe000010u + i * 0x1000000ul % 0x2000000ul;

		at[i] = early_ioremap(phys, NR_FIX_BTMAPS * PAGE_SIZE - 0x10);
		assert_non_null(at[i]);
		assert_int_equal((unsigned long)at[i] & ~PAGE_MASK, 0x10);
		for (unsigned k = 0; k < NR_FIX_BTMAPS; k++)
			assert_int_equal(pte_pfn(entry_at(at[i] + k * PAGE_SIZE)),
					 PHYS_PFN(phys) + k);
		for (unsigned k = 0; k < i; k++)
			assert_true(labs(at[i] - at[k]) >= (long)(NR_FIX_BTMAPS * PAGE_SIZE));
	}
	posix_log_take();
	assert_null(early_ioremap(0xfe000000u, 1));
	assert_non_null(strstr(posix_log_take(), "all slots are taken"));
	assert_int_equal(check_early_ioremap_leak(), FIX_BTMAPS_SLOTS);
	assert_non_null(strstr(posix_log_take(), "are mapped still"));
	early_iounmap(at[3], 8);
	assert_non_null(strstr(posix_log_take(), "no 8 bytes are mapped there"));
	for (unsigned i = 0; i < FIX_BTMAPS_SLOTS; i++) {
		early_iounmap(at[i], NR_FIX_BTMAPS * PAGE_SIZE - 0x10);
		assert_false(pte_valid(entry_at(at[i])));
		assert_false(pte_valid(entry_at(at[i] + (NR_FIX_BTMAPS - 1) * PAGE_SIZE)));
	}
	assert_int_equal(check_early_ioremap_leak(), 0);
	one = early_memremap(5 << 20, 8); /* RAM is fine */
	assert_ptr_equal(posix_kernel_access((unsigned long)one, true), port_phys_to_virt(5 << 20));
	early_memunmap(one, 8);
	assert_null(posix_kernel_access((unsigned long)one, false));
	one = early_memremap_ro(5 << 20, 8);
	assert_null(posix_kernel_access((unsigned long)one, true));
	early_memunmap(one, 8);
}

/* Before there are frames; what is kept is found at the end. */
static char *early, *kept;

static void before_frames(void)
{
	early = early_memremap((3 << 20) + 5, PAGE_SIZE);
	kept = early_ioremap(0xfd000000u, 1);
	assert_non_null(early);
	assert_non_null(kept);
	assert_int_equal(pte_pfn(entry_at(early)), (3 << 20) >> PAGE_SHIFT);
	assert_int_equal(pte_pfn(entry_at(early + PAGE_SIZE)), ((3 << 20) >> PAGE_SHIFT) + 1);
	early_memunmap(early, PAGE_SIZE);
	assert_false(pte_valid(entry_at(early)));
}

static void test_before_frames(void **state)
{
	(void)state;
	assert_int_equal(posix_machine_start_simple(32, 1), 0);
	assert_int_equal(quire_start(1, NULL, before_frames), 0);
	assert_true(pte_valid(entry_at(kept)));
	posix_log_take();
	free_initmem();
	assert_non_null(strstr(posix_log_take(), "1 bytes at "));
	early_iounmap(kept, 1);
	assert_null(check_all());
	quire_stop();
	posix_machine_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(test_indices),
		MM_TEST(test_set_and_clear),
		MM_TEST(test_early_slots),
		cmocka_unit_test(test_before_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
