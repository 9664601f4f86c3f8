/* SPDX-License-Identifier: MIT */
/*
 * mmu_test.c - the software MMU as the build's processor: its TLB, each kind of fault, and each
 * complaint of the referee, provoked by doing what the core must not.
 */
#include "mm_harness.h"
#include "maps/maps.h"
#include "support/layers.h"
#include "tlb.h"
#include <quire/asid.h>

#define HAS_DEVICE_BIT (pt_fmt.family != PT_RISCV)

static pt_entry *entry_of(struct mm_struct *mm, unsigned long addr)
{
	pt_entry *pte = pt_find(mm->pgd, addr, NULL);

	assert_non_null(pte);
	return pte;
}

/* n pages that were stored to. */
static unsigned long touched(struct mm_struct *mm, unsigned n)
{
	unsigned long at = map_anon(mm, n * PAGE_SIZE, PROT_READ | PROT_WRITE);

	for (unsigned i = 0; i < n; i++)
		put_u32(at + i * PAGE_SIZE, i + 1);
	return at;
}

/* ---- faults ---------------------------------------------------------------------------------- */
static enum posix_mmu_fault try_with(struct mm_struct *mm, unsigned long at, pte_t e, bool write,
				     bool user)
{
	pt_entry *pte = entry_of(mm, at);
	pte_t was = pte_read(pte);
	enum posix_mmu_fault fault;

	pte_set(pte, 0);
	port_flush_tlb_range(mm->root, at, at + PAGE_SIZE);
	pte_set(pte, e);
	fault = posix_mmu_try(at, write, user);
	pte_set(pte, 0);
	port_flush_tlb_range(mm->root, at, at + PAGE_SIZE);
	pte_set(pte, was);
	return fault;
}

static void test_faults(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long at = touched(mm, 1), hole = at - (64ul << 20);
	pte_t good = pte_read(entry_of(mm, at));
	struct posix_tlb_stats before = posix_tlb_stats(), after;

	(void)state;
	assert_int_equal(posix_mmu_try(hole, false, true), POSIX_MMU_ABSENT);
	assert_int_equal(posix_mmu_try(at, true, true), POSIX_MMU_OK);
	assert_int_equal(try_with(mm, at, good, true, true), POSIX_MMU_OK);
	assert_int_equal(try_with(mm, at, good & ~PTE_PRESENT, false, true), POSIX_MMU_ABSENT);
	assert_int_equal(try_with(mm, at, good & ~PTE_WRITE, true, true), POSIX_MMU_DENIED);
	assert_int_equal(try_with(mm, at, good & ~PTE_WRITE, false, true), POSIX_MMU_OK);
	assert_int_equal(try_with(mm, at, good & ~PTE_USER, false, true), POSIX_MMU_DENIED);
	assert_int_equal(try_with(mm, at, good & ~PTE_USER, false, false), POSIX_MMU_OK);
	assert_int_equal(try_with(mm, at, pte_make_migration(good), false, true), POSIX_MMU_ABSENT);
	assert_int_equal(try_with(mm, at, pte_make_hwpoison(good), false, true), POSIX_MMU_ABSENT);
	after = posix_tlb_stats();
	assert_int_equal(after.faults - before.faults, 6);
	end_mm(mm);
}

/* What the processor does not note faults until somebody does. */
static void test_marks(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long at = touched(mm, 1);
	pte_t good = pte_read(entry_of(mm, at)), clean = good & ~PTE_DIRTY;
	pte_t unused = clean & ~PTE_ACCESSED;
	bool notes = pt_fmt.notes_accessed;

	(void)state;
	assert_int_equal(try_with(mm, at, clean, false, true), POSIX_MMU_OK);
	assert_int_equal(try_with(mm, at, clean, true, true),
			 notes ? POSIX_MMU_OK : POSIX_MMU_DENIED);
	assert_int_equal(try_with(mm, at, unused, false, true), notes      ? POSIX_MMU_OK
								: PT_TWINS ? POSIX_MMU_ABSENT
									   : POSIX_MMU_UNUSED);
	/* The space's fault handler does, and the store is known. */
	pte_set(entry_of(mm, at), 0);
	port_flush_tlb_range(mm->root, at, at + PAGE_SIZE);
	pte_set(entry_of(mm, at), unused);
	assert_int_equal(get_u32(at), 1);
	assert_true((pte_read(entry_of(mm, at)) ^ unused) == PTE_ACCESSED);
	put_u32(at, 2);
	assert_true(pte_read(entry_of(mm, at)) == good);
	end_mm(mm);
}

static void test_malformed(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long at = touched(mm, 1);
	pt_entry *root = pt_slot(mm->pgd, pt_index(at, 0), 0);
	u64 was = pt_read(root), step = PT_TWINS ? root[1].raw - was : 0;

	(void)state;
	port_flush_tlb_mm(mm->root);
	/* A table that lies outside RAM. */
	pt_publish_table(root, 0, 0x7f000000, true);
	assert_int_equal(posix_mmu_try(at, false, true), POSIX_MMU_MALFORMED);
	pt_publish(root, was, step);
	assert_int_equal(posix_mmu_try(at, false, true), POSIX_MMU_OK);
	end_mm(mm);
}

/* ---- the TLB --------------------------------------------------------------------------------- */
static void test_hits_and_walks(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long at = touched(mm, 1);
	struct posix_tlb_stats a = posix_tlb_stats(), b;

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		get_u32(at);
	b = posix_tlb_stats();
	assert_int_equal(b.hits - a.hits, 10);
	assert_int_equal(b.walks, a.walks);
	port_flush_tlb_range(mm->root, at, at + PAGE_SIZE);
	get_u32(at);
	a = posix_tlb_stats();
	assert_int_equal(a.walks - b.walks, 1);
	assert_int_equal(a.walk_reads - b.walk_reads, pt_fmt.levels);
	assert_int_equal(a.flushed_entries - b.flushed_entries, 1);
	end_mm(mm);
}

/* More pages than entries: every round misses.  As many: none. */
static void test_size(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long at = touched(mm, 64);
	const unsigned sizes[] = { 1, 2, 4, 8, 32, 64, 1024 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct posix_tlb_stats a, b;

		assert_int_equal(posix_tlb_resize(sizes[i]), 0);
		for (unsigned n = 0; n < 2 * 64; n++) {
			if (n == 64)
				a = posix_tlb_stats();
			get_u32(at + n % 64 * PAGE_SIZE);
		}
		b = posix_tlb_stats();
		assert_int_equal(b.misses - a.misses, sizes[i] < 64 ? 64 : 0);
	}
	assert_int_equal(posix_tlb_resize(0), -EINVAL);
	assert_int_equal(posix_tlb_resize(6), -EINVAL);
	assert_int_equal(posix_tlb_resize(POSIX_TLB_MOST + 4), -EINVAL);
	assert_int_equal(posix_tlb_resize(POSIX_TLB_ENTRIES), 0);
	end_mm(mm);
}

/* Another root: the kernel's translations stay, a program's are not used for another. */
static void test_roots(void **state)
{
	struct mm_struct *one = new_mm(), *two = mm_alloc();
	unsigned long at = touched(one, 1);
	struct posix_tlb_stats a, b;
	char *kernel = vmalloc(PAGE_SIZE);

	(void)state;
	assert_non_null(two);
	assert_non_null(posix_kernel_access((unsigned long)kernel, true));
	a = posix_tlb_stats();
	posix_set_mm(two);
	assert_int_equal(posix_mmu_try(at, false, true), POSIX_MMU_ABSENT);
	assert_non_null(posix_kernel_access((unsigned long)kernel, true));
	b = posix_tlb_stats();
	assert_int_equal(b.hits - a.hits, 1);
	posix_set_mm(one);
	assert_int_equal(get_u32(at), 1);
	vfree(kernel);
	vm_unmap_aliases();
	assert_null(posix_kernel_access((unsigned long)kernel, false));
	end_mm(one);
	end_mm(two);
}

/* Numbered spaces: what one left in the TLB is there when it runs again, and a space that comes when
 * the numbers have run out finds nothing of another's. */
static void test_asids(void **state)
{
	enum { SPACES = 300 };
	static struct mm_struct *mm[SPACES];
	struct posix_tlb_stats a, b;
	unsigned long at = 0;

	(void)state;
	assert_int_equal(posix_tlb_resize(POSIX_TLB_MOST), 0);
	for (u32 i = 0; i < SPACES; i++) {
		mm[i] = new_mm();
		at = touched(mm[i], 1);
		put_u32(at, 1000 + i);
	}
	for (u32 round = 0; round < 2; round++)
		for (u32 i = 0; i < SPACES; i++) {
			posix_set_mm(mm[i]);
			assert_int_equal(get_u32(at), 1000 + i);
		}
	posix_set_mm(mm[0]);
	get_u32(at);
	posix_set_mm(mm[1]);
	a = posix_tlb_stats();
	posix_set_mm(mm[0]);
	get_u32(at);
	b = posix_tlb_stats();
	assert_int_equal(b.hits - a.hits, POSIX_MMU.asid_bits ? 1 : 0);
	assert_true(asid_stats().generations >= 2 || !POSIX_MMU.asid_bits);
	for (u32 i = 0; i < SPACES; i++)
		end_mm(mm[i]);
}

/* A number that means another space without a flush in between. */
static void test_stale_asid(void **state)
{
	struct mm_struct *one = new_mm(), *two;
	unsigned long at = touched(one, 1);

	(void)state;
	two = new_mm();
	assert_int_equal(touched(two, 1), at);
	posix_set_mm(NULL);
	assert_int_equal(posix_tlb_resize(POSIX_TLB_ENTRIES), 0);
	if (POSIX_MMU.asid_bits) {
		/* As if each were the first space that ever ran. */
		assert_int_equal(asid_init(POSIX_MMU.asid_bits), 0);
		asid_forget(one->root);
		posix_set_mm(one);
		get_u32(at);
		assert_int_equal(asid_init(POSIX_MMU.asid_bits), 0);
		asid_forget(two->root);
		posix_set_mm(two);
		assert_panics(get_u32(at), "a translation of another space");
		posix_set_mm(NULL);
		assert_int_equal(posix_tlb_resize(POSIX_TLB_ENTRIES), 0);
		asid_forget(one->root);
	}
	posix_set_mm(one);
	assert_int_equal(get_u32(at), 1);
	end_mm(one);
	end_mm(two);
}

/* ---- the referee ----------------------------------------------------------------------------- */
static void test_stale_mapping(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long at = touched(mm, 1);
	pt_entry *pte = entry_of(mm, at);
	pte_t was = pte_read(pte);

	(void)state;
	pte_set(pte, 0);
	assert_panics(get_u32(at), "used a stale translation");
	pte_set(pte, was & ~PTE_WRITE);
	assert_panics(put_u32(at, 2), "a TLB flush was forgotten");
	pte_set(pte, was ^ (1u << PAGE_SHIFT)); /* another frame */
	assert_panics(get_u32(at), "a TLB flush was forgotten");
	pte_set(pte, was);
	assert_int_equal(get_u32(at), 1);
	end_mm(mm);
}

/* More rights need no flush: the access that needs them faults, or not. */
static void test_more_rights(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long at = touched(mm, 1);
	pt_entry *pte = entry_of(mm, at);
	pte_t was = pte_read(pte);

	(void)state;
	pte_set(pte, was & ~PTE_WRITE);
	port_flush_tlb_range(mm->root, at, at + PAGE_SIZE);
	assert_int_equal(get_u32(at), 1);
	pte_set(pte, was);
	put_u32(at, 5);
	assert_int_equal(get_u32(at), 5);
	end_mm(mm);
}

static void test_stale_kernel_mapping(void **state)
{
	char *p = vmalloc(PAGE_SIZE);
	pt_entry *pte = pt_find(maps_kernel_pgd(), (unsigned long)p, NULL);
	pte_t was = pte_read(pte);

	(void)state;
	assert_non_null(posix_kernel_access((unsigned long)p, true));
	pte_set(pte, 0);
	assert_panics(posix_kernel_access((unsigned long)p, false), "used a stale translation");
	pte_set(pte, was);
	assert_non_null(posix_kernel_access((unsigned long)p, false));
	vfree(p);
}

/* Break before make: an entry in use may lose rights in place, but not change its frame. */
static void test_break_before_make(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long at = touched(mm, 1);
	pt_entry *pte = entry_of(mm, at);
	pte_t was = pte_read(pte), other = was ^ (1u << PAGE_SHIFT);

	(void)state;
	pte_set(pte, was & ~PTE_WRITE);
	port_flush_tlb_range(mm->root, at, at + PAGE_SIZE);
	assert_int_equal(get_u32(at), 1);
	pte_set(pte, other);
	if (POSIX_MMU.break_first)
		assert_panics(port_flush_tlb_range(mm->root, at, at + PAGE_SIZE),
			      "break before make");
	else
		port_flush_tlb_range(mm->root, at, at + PAGE_SIZE);
	/* As it should be. */
	pte_set(pte, 0);
	port_flush_tlb_range(mm->root, at, at + PAGE_SIZE);
	pte_set(pte, was);
	assert_int_equal(get_u32(at), 1);
	end_mm(mm);
}

/* Nor its size: a block of the linear map is cut into pages only after it was invalid. */
static void test_break_before_smaller(void **state)
{
	const unsigned level = PT_LAST - 1, span = PMD_SIZE;
	const unsigned long va = PAGE_OFFSET + 2 * PMD_SIZE;
	struct page *table = pt_alloc_table(GFP_KERNEL);
	pt_entry *at = maps_kernel_pgd(), *small;
	u64 was;

	(void)state;
	assert_non_null(table);
	for (unsigned l = 0; l < level; l++)
		at = pt_table_of(l, pt_read(pt_slot(at, pt_index(va, l), l)));
	at = pt_slot(at, pt_index(va, level), level);
	was = pt_read(at);
	assert_true(pt_is_block(level, was));
	small = page_address(table);
	for (unsigned i = 0; i < PTRS_PER_PTE; i++)
		pte_set(small + i, pte_make(PHYS_PFN(2 * span) + i, PT_KERNEL_RW));
	for (int broken_first = 0; broken_first < 2; broken_first++) {
		assert_non_null(posix_kernel_access(va, true));
		if (broken_first) {
			pt_erase(at);
			port_flush_tlb_kernel(va, va + span);
		}
		pt_publish_table(at, level, page_to_phys(table), false);
		if (POSIX_MMU.break_first && !broken_first)
			assert_panics(port_flush_tlb_kernel(va, va + span), "break before make");
		else
			port_flush_tlb_kernel(va, va + span);
		assert_int_equal(posix_tlb_resize(POSIX_TLB_ENTRIES), 0);
		assert_ptr_equal(posix_kernel_access(va, true), port_phys_to_virt(2 * span));
		pt_erase(at);
		port_flush_tlb_kernel(va, va + span);
		pt_publish(at, was, ARMV7_SECTION);
	}
	memset(small, 0, PAGE_SIZE);
	pt_free_table(table);
}

/* A program's page that says global is found by the next program. */
static void test_global_user_page(void **state)
{
	struct mm_struct *one = new_mm(), *two = mm_alloc();
	unsigned long at = touched(one, 1);
	pt_entry *pte = entry_of(one, at);
	pte_t was = pte_read(pte);

	(void)state;
	assert_non_null(two);
	pte_set(pte, 0);
	port_flush_tlb_mm(one->root);
	pte_set(pte, was | PTE_GLOBAL);
	get_u32(at);
	posix_set_mm(two);
	assert_panics(posix_mmu_try(at, false, true), "a program's page is global");
	assert_int_equal(posix_tlb_resize(POSIX_TLB_ENTRIES), 0);
	pte_set(pte, was);
	end_mm(one);
	end_mm(two);
}

/* A frame that programs use as memory, as a device's elsewhere. */
static void test_conflicting_memory(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long at = touched(mm, 2);
	pt_entry *second = entry_of(mm, at + PAGE_SIZE);
	pte_t was = pte_read(second);
	pte_t alias = (pte_read(entry_of(mm, at)) & PTE_ADDRESS) | (was & ~PTE_ADDRESS);

	(void)state;
	pte_set(second, 0);
	port_flush_tlb_range(mm->root, at + PAGE_SIZE, at + 2 * PAGE_SIZE);
	pte_set(second, alias);
	assert_int_equal(get_u32(at + PAGE_SIZE), 1); /* twice as memory is fine */
	pte_set(second, 0);
	port_flush_tlb_mm(mm->root);
	pte_set(second, alias | PTE_UNCACHED);
	/* Even if only the kernel's map of all RAM knows it as memory. */
	if (HAS_DEVICE_BIT) {
		assert_panics(get_u32(at + PAGE_SIZE), "as memory and as a device");
		get_u32(at);
		assert_panics(get_u32(at + PAGE_SIZE), "as memory and as a device");
	}
	pte_set(second, 0);
	port_flush_tlb_mm(mm->root);
	pte_set(second, was);
	assert_int_equal(get_u32(at + PAGE_SIZE), 2);
	end_mm(mm);
}

/* A device's frame, which nothing maps as memory, is nobody's conflict. */
static void test_device(void **state)
{
	char *p = ioremap(0xfed00000u, PAGE_SIZE);

	(void)state;
	assert_non_null(p);
	assert_int_equal(posix_mmu_try((unsigned long)p, true, false), POSIX_MMU_OK);
	assert_int_equal(posix_mmu_try((unsigned long)p, true, true), POSIX_MMU_DENIED);
	iounmap(p);
}

static void test_bad_flushes(void **state)
{
	struct mm_struct *mm = new_mm();

	(void)state;
	assert_panics(port_flush_tlb_range(mm->root, PAGE_SIZE, PAGE_SIZE), "at least one");
	assert_panics(port_flush_tlb_range(mm->root, 1, PAGE_SIZE), "whole pages");
	assert_panics(port_flush_tlb_kernel(0, PAGE_SIZE), "a user range");
	end_mm(mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(test_faults),
		MM_TEST(test_marks),
		MM_TEST(test_malformed),
		MM_TEST(test_hits_and_walks),
		MM_TEST(test_size),
		MM_TEST(test_roots),
		MM_TEST(test_asids),
		MM_TEST(test_stale_asid),
		MM_TEST(test_stale_mapping),
		MM_TEST(test_more_rights),
		MM_TEST(test_stale_kernel_mapping),
		MM_TEST(test_break_before_make),
		MM_TEST(test_break_before_smaller),
		MM_TEST(test_global_user_page),
		MM_TEST(test_conflicting_memory),
		MM_TEST(test_device),
		MM_TEST(test_bad_flushes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
