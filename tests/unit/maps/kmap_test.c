/* SPDX-License-Identifier: MIT */
/* kmap_test.c - frames without an address: what they are given one by, for how long, and who may ask. */
#include <unistd.h>
#include <quire/highmem.h>
#include <quire/mmzone.h>
#include <quire/page_poison.h>
#include <quire/percpu.h>
#include "support/layers.h"
#include "mm_harness.h"
#include "maps/kmap.h"
#include "maps/maps.h"

#define MIB 1048576ul

/* 24 MiB with an address and 16 MiB without; where there is no highmem all of it has one. */
static void highmem_up(void)
{
	const struct posix_bank banks[] = {
		{ MIB, 24 * MIB, 0 },
		{ PORT_HIGHMEM ? PORT_LOWMEM_PHYS_END : 512 * MIB, 16 * MIB, 0 },
	};

	assert_int_equal(posix_machine_start(&(struct posix_machine){ banks, 2, 2 }), 0);
	assert_int_equal(quire_start(2, NULL, NULL), 0);
	harness_free = quire_free_pages_exact() + maps_kernel_tables();
}

static int setup(void **state)
{
	(void)state;
	highmem_up();
	return 0;
}

static struct page *high_page(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	assert_non_null(page);
	assert_int_equal(PageHighMem(page), PORT_HIGHMEM);
	return page;
}

static const struct zone *zone_of(enum zone_type type)
{
	return &NODE_DATA(0)->node_zones[type];
}

static void test_zones(void **state)
{
	struct page *page, *low;

	(void)state;
	page = high_page();
	low = alloc_page(GFP_KERNEL);
	assert_int_equal(zone_of(ZONE_HIGHMEM)->present_pages, 16 * MIB >> PAGE_SHIFT);
	assert_int_equal(zone_of(ZONE_HIGHMEM)->zone_start_pfn, QUIRE_LOWMEM_END_PFN);
	/* The highest type below it that this machine has. */
	assert_int_equal(zone_end_pfn(zone_of(sizeof(long) == 8 ? ZONE_DMA32 : ZONE_NORMAL)),
			 25 * MIB >> PAGE_SHIFT);
	assert_int_equal(page_zonenum(page), ZONE_HIGHMEM);
	assert_false(PageHighMem(low));
	assert_int_equal(totalhigh_pages(), 16 * MIB >> PAGE_SHIFT);
	assert_in_range(nr_free_highpages(), 1, totalhigh_pages() - 1);
	assert_ptr_equal(high_memory, port_phys_to_virt(PORT_LOWMEM_PHYS_END));
	assert_true(virt_addr_valid(page_address(low)));
	assert_false(virt_addr_valid(port_phys_to_virt(page_to_phys(page))));
	__free_page(page);
	__free_page(low);
}

/* Boot memory, tables and objects have addresses, however much memory there is without. */
static void test_who_needs_an_address_has_one(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long at = map_anon(mm, 8 * MIB, RW), i;
	unsigned long high = nr_free_highpages();

	(void)state;
	for (i = 0; i < 8 * MIB; i += PAGE_SIZE)
		put_u32(at + i, (u32)i);
	for (i = 0; i < 8 * MIB; i += PAGE_SIZE)
		assert_int_equal(get_u32(at + i), i);
	drain_all_pages();
	if (PORT_HIGHMEM)
		assert_in_range(high - nr_free_highpages(), 2000, 2200);
	for (i = 0; i < 64; i++) {
		void *p = kmalloc(3000, GFP_KERNEL);

		assert_true(virt_addr_valid(p));
		kfree(p);
	}
	end_mm(mm);
}

/* The host says EFAULT where the library would be stopped. */
static bool host_maps(const void *at)
{
	int ends[2];
	bool mapped;

	assert_int_equal(pipe(ends), 0);
	mapped = write(ends[1], at, 1) == 1;
	close(ends[0]);
	close(ends[1]);
	return mapped;
}

static void test_no_linear_address(void **state)
{
	struct page *page;
	char *at;

	(void)state;
	page = high_page();
	assert_null(page_address(page));
	assert_null(memremap(page_to_phys(page), 8, MEMREMAP_WB));
	assert_false(host_maps(port_phys_to_virt(page_to_phys(page))));
	assert_null(posix_kernel_access(maps_linear(page_to_phys(page)), false));
	at = kmap_local_page(page);
	assert_true(host_maps(at));
	kunmap_local(at);
	assert_false(host_maps(at));
	__free_page(page);
}

static void test_local_pages_nest(void **state)
{
	struct page *a = high_page(), *b = high_page(), *low = alloc_page(GFP_KERNEL);
	char *at, *bt, *again;

	(void)state;
	at = kmap_local_page(a);
	bt = kmap_local_page(b);
	assert_ptr_not_equal(at, bt);
	at[0] = 'a';
	bt[0] = 'b';
	assert_ptr_equal(kmap_to_page(at + 5), a);
	assert_ptr_equal(kmap_local_page(low), page_address(low));
	assert_ptr_equal(kmap_to_page(page_address(low)), low);
	kunmap_local(page_address(low));
	again = kmap_local_page(a);
	assert_int_equal(again[0], 'a');
	kunmap_local(again + 100);
	kunmap_local(bt);
	kunmap_local(at);
	memcpy_from_page(&(char){ 0 }, b, 0, 1);
	copy_highpage(a, b);
	at = kmap_local_pfn(page_to_pfn(a));
	assert_int_equal(at[0], 'b');
	kunmap_local(at);
	assert_law(kmap_local_check());
	__free_page(a);
	__free_page(b);
	__free_page(low);
}

static void test_local_order(void **state)
{
	unsigned deep = KM_MAX_IDX;
	struct page *a, *b;
	char *at, *bt;

	(void)state;
	a = high_page();
	b = high_page();
	at = kmap_local_page(a);
	bt = kmap_local_page(b);
	assert_panics(kunmap_local(at), "not what this CPU mapped last");
	port_irq_restore(false);
	kunmap_local(bt);
	kunmap_local(at);
	assert_panics(kunmap_local(at), "not what this CPU mapped last");
	port_irq_restore(false);
	for (unsigned i = 0; i < deep; i++)
		kmap_local_page(a);
	assert_panics(kmap_local_page(a), "nests more than");
	port_irq_restore(false);
	for (unsigned i = deep; i-- > 0;)
		kunmap_local(PORT_KMAP_POINTER(fix_to_virt(FIX_KMAP_BEGIN + i)));
	assert_law(kmap_local_check());
	__free_page(a);
	__free_page(b);
}

/* Two CPUs have pages of their own; an interrupt nests into what it interrupts. */
static void test_local_is_per_cpu(void **state)
{
	struct page *a = high_page(), *b = high_page();
	char *at = kmap_local_page(a), *bt, *inner;

	(void)state;
	at[9] = 1;
	posix_cpu_enter(1);
	bt = kmap_local_page(b);
	bt[9] = 2;
	quire_irq_enter();
	inner = kmap_local_page(a);
	assert_int_equal(inner[9], 1);
	kunmap_local(inner);
	quire_irq_exit();
	posix_this_cpu.id = 0;
	posix_cpu_enter(0);
	assert_int_equal(at[9], 1);
	kunmap_local(at);
	posix_cpu_enter(1);
	assert_int_equal(bt[9], 2);
	kunmap_local(bt);
	posix_cpu_leave();
	posix_cpu_enter(0);
	__free_page(a);
	__free_page(b);
}

static void test_kmap_is_shared(void **state)
{
	struct page *page = high_page(), *low = alloc_page(GFP_KERNEL);
	char *at = kmap(page);

	(void)state;
	at[1] = 7;
	assert_ptr_equal(kmap(page), at);
	assert_ptr_equal(page_address(page), at);
	assert_ptr_equal(kmap_to_page(at + 17), page);
	kunmap(page);
	assert_ptr_equal(page_address(page), at);
	kunmap(page);
	assert_ptr_equal(kmap(low), page_address(low));
	kunmap(low);
	if (PORT_HIGHMEM) {
		assert_null(page_address(page));
		/* Nobody's, and remembered: the same place serves again. */
		assert_ptr_equal(kmap(page), at);
		kunmap(page);
		kmap_flush_unused();
		assert_false(host_maps(at));
		if (QUIRE_DEBUG) {
			assert_panics(kunmap(page), "not mapped");
		} else {
			posix_log_take();
			kunmap(page);
			assert_true(logged("which is not mapped"));
		}
	}
	assert_law(kmap_check());
	__free_page(page);
	__free_page(low);
}

/* Places are taken in turn; when the turn comes round one flush serves for all. */
static void test_one_flush_a_turn(void **state)
{
	static struct page *page[640];
	unsigned long before = kmap_flushes(), i;
	struct posix_tlb_stats then = posix_tlb_stats();

	(void)state;
	for (i = 0; i < 640; i++)
		page[i] = high_page();
	for (i = 0; i < 5 * LAST_PKMAP; i++) {
		*(unsigned long *)kmap(page[i % 64]) = i;
		kunmap(page[i % 64]);
	}
	assert_int_equal(kmap_flushes(), before); /* 64 frames, 64 places */
	for (i = 0; i < 4 * 640; i++) {
		unsigned long *at = kmap(page[i % 640]);

		if (i >= 640)
			assert_int_equal(*at, i - 640);
		*at = i;
		kunmap(page[i % 640]);
		if (i % 64 == 0)
			assert_law(kmap_check());
	}
	assert_int_equal(kmap_flushes() - before, (4 * 640 - 1) / LAST_PKMAP);
	assert_int_equal(posix_tlb_stats().flushes - then.flushes, kmap_flushes() - before);
	for (i = 0; i < 640; i++)
		__free_page(page[i]);
}

static void test_all_places(void **state)
{
	static struct page *page[LAST_PKMAP];

	(void)state;
	for (unsigned i = 0; i < LAST_PKMAP; i++) {
		page[i] = high_page();
		*(u32 *)kmap(page[i]) = i;
	}
	for (unsigned i = 0; i < LAST_PKMAP; i++)
		assert_int_equal(*(u32 *)page_address(page[i]), i);
	assert_law(kmap_check());
	/* The last one that is free is found, wherever it is. */
	for (unsigned i = 0; i < LAST_PKMAP; i += 37) {
		struct page *other = high_page();

		kunmap(page[i]);
		*(u32 *)kmap(other) = 1000 + i;
		kunmap(other);
		__free_page(other);
		assert_int_equal(*(u32 *)kmap(page[i]), i);
	}
	for (unsigned i = 0; i < LAST_PKMAP; i++) {
		kunmap(page[i]);
		__free_page(page[i]);
	}
}

static void test_context(void **state)
{
	struct page *page;
	spinlock_t lock;

	(void)state;
	page = high_page();
	quire_irq_enter();
	assert_panics(kmap(page), "kmap() may sleep and is called from an interrupt");
	assert_panics(kunmap(page), "kunmap() in an interrupt");
	quire_irq_exit();
	spin_lock_init(&lock, "mine", LOCK_RANK_KERNEL);
	spin_lock(&lock);
	assert_panics(kmap(page), "kmap() may sleep and is called with mine held");
	spin_unlock(&lock);
	__free_page(page);
}

static void test_refused(void **state)
{
	volatile unsigned long got = 1;

	(void)state;
	if (QUIRE_DEBUG)
		assert_panics(got = __get_free_pages(GFP_KERNEL | __GFP_HIGHMEM, 0),
			      "has no address");
	else
		assert_int_equal(__get_free_pages(GFP_KERNEL | __GFP_HIGHMEM, 0), 0);
	assert_int_equal(got, 1);
}

static void test_zeroed(void **state)
{
	(void)state;
	for (unsigned order = 0; order < 4; order++) {
		struct page *page = alloc_pages(GFP_HIGHUSER, order);

		for (unsigned i = 0; i < 1u << order; i++)
			memset_page(page + i, 0, 0xa5, PAGE_SIZE);
		__free_pages(page, order);
		page = alloc_pages(GFP_HIGHUSER | __GFP_ZERO, order);
		for (unsigned i = 0; i < 1u << order; i++) {
			u32 word = 1;

			memcpy_from_page((char *)&word, page + i, PAGE_SIZE - 4, 4);
			assert_int_equal(word, 0);
		}
		__free_pages(page, order);
	}
}

/* What vmalloc returns is of highmem first; who reads it needs no address of it. */
static void test_vmalloc(void **state)
{
	char *area = vmalloc(3 * PAGE_SIZE), text[8] = "", *zero;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct page *page = vmalloc_to_page(area + i * PAGE_SIZE);

		assert_int_equal(PageHighMem(page), PORT_HIGHMEM);
		memset_page(page, 0, 'a' + (int)i, PAGE_SIZE);
	}
	assert_int_equal(vread(text, area + PAGE_SIZE - 2, 4), 4);
	assert_string_equal(text, "aabb");
	vfree(area);
	vm_unmap_aliases();
	zero = vzalloc(3 * PAGE_SIZE);
	assert_int_equal(vread(text, zero + 2 * PAGE_SIZE - 2, 4), 4);
	assert_memory_equal(text, "\0\0\0", 4);
	vfree(zero);
}

/* Free frames hold a pattern wherever they are; one that does not is not given away. */
static void test_poison(void **state)
{
	const struct posix_bank banks[] = {
		{ MIB, 24 * MIB, 0 },
		{ PORT_HIGHMEM ? PORT_LOWMEM_PHYS_END : 512 * MIB, 16 * MIB, 0 },
	};
	unsigned long damaged;
	struct page *page;

	(void)state;
	assert_int_equal(posix_machine_start(&(struct posix_machine){ banks, 2, 1 }), 0);
	page_poison_enable(PAGE_POISON_REPORT);
	assert_int_equal(quire_start(1, NULL, NULL), 0);
	page = high_page();
	memset_page(page, 0, 0x11, PAGE_SIZE);
	__free_page(page);
	assert_int_equal(page_u32(page, 100), 0x01010101u * PAGE_POISON);
	page = high_page();
	__free_page(page);
	memset_page(page, 77, 0x12, 3);
	damaged = page_poison_nr_damaged();
	posix_log_take();
	for (unsigned long n = nr_free_highpages() + 64; n && page_poison_nr_damaged() == damaged;
	     n--)
		if (!alloc_page(GFP_HIGHUSER)) /* kept: the machine goes */
			break;
	assert_int_equal(page_poison_nr_damaged(), damaged + 1);
	assert_true(logged("bytes 0x04d..0x04f"));
	quire_stop();
	posix_machine_stop();
}

#define KMAP_TEST(f) cmocka_unit_test_setup_teardown(f, setup, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		KMAP_TEST(test_who_needs_an_address_has_one),
		KMAP_TEST(test_local_pages_nest),
		KMAP_TEST(test_local_is_per_cpu),
		KMAP_TEST(test_kmap_is_shared),
		KMAP_TEST(test_refused),
		KMAP_TEST(test_zeroed),
		KMAP_TEST(test_vmalloc),
		cmocka_unit_test(test_poison),
	};
	const struct CMUnitTest highmem[] = {
		KMAP_TEST(test_zones),       KMAP_TEST(test_no_linear_address),
		KMAP_TEST(test_local_order), KMAP_TEST(test_one_flush_a_turn),
		KMAP_TEST(test_all_places),
	};
	const struct CMUnitTest debug[] = { KMAP_TEST(test_context) };
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (PORT_HIGHMEM)
		failed += cmocka_run_group_tests(highmem, NULL, NULL);
	if (PORT_HIGHMEM && QUIRE_DEBUG)
		failed += cmocka_run_group_tests(debug, NULL, NULL);
	return failed;
}
