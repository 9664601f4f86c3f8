/* SPDX-License-Identifier: MIT */
/* vmap_test.c - freed areas and their one flush, pages of the caller's, pieces of blocks, large entries,
 * attributes of device memory. */
#include "mm_harness.h"
#include "maps/area.h"

static unsigned long flushes(void)
{
	return posix_tlb_stats().flushes;
}

static const char *info(void)
{
	static char text[1 << 16];
	struct seq_buf buf = { text, sizeof(text), 0 };
	struct seq_out out = { seq_buf_emit, &buf, 0, 0 };

	show_vmallocinfo(&out);
	assert_int_equal(out.error, 0);
	text[buf.len] = 0;
	return text;
}

static void touch(const void *at, unsigned long pages)
{
	for (unsigned long i = 0; i < pages; i++)
		assert_ptr_equal(posix_kernel_access((unsigned long)at + i * PAGE_SIZE, true),
				 page_address(vmalloc_to_page((char *)at + i * PAGE_SIZE)));
}

static void get_frames(struct page **pages, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		assert_non_null(pages[i] = alloc_page(GFP_KERNEL));
}

static void put_frames(struct page **pages, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		__free_page(pages[i]);
}

/* ---- freeing --------------------------------------------------------------------------------- */
static void test_one_flush_for_many(void **state)
{
	enum { N = 100 };
	unsigned long before = flushes(), purges = vmap_purges();
	void *at[N];

	(void)state;
	if (!QUIRE_VMAP_LAZY_KIB)
		return;
	for (unsigned i = 0; i < N; i++) {
		assert_non_null(at[i] = vmalloc(3 * PAGE_SIZE));
		touch(at[i], 3);
	}
	for (unsigned i = 0; i < N; i++) {
		vfree(at[i]);
		assert_null(vmalloc_to_page(at[i])); /* of the tables, at once */
	}
	assert_int_equal(flushes(), before);
	assert_non_null(strstr(info(), " unpurged vm_area\n"));
	vm_unmap_aliases();
	assert_int_equal(flushes(), before + 1);
	assert_int_equal(vmap_purges(), purges + 1);
	assert_string_equal(info(), "");
	for (unsigned i = 0; i < N; i++)
		assert_null(posix_kernel_access((unsigned long)at[i], false));
	vm_unmap_aliases(); /* there is nothing to flush */
	assert_int_equal(flushes(), before + 1);
}

/* Addresses are not used again before the flush, which comes when enough of them wait. */
static void test_enough_is_flushed(void **state)
{
	const unsigned long most = (unsigned long)QUIRE_VMAP_LAZY_KIB << 10, area = 2 * PAGE_SIZE;
	unsigned long purges = vmap_purges(), last = 0, first = 0, n = 0;

	(void)state;
	do {
		void *p = vmalloc(PAGE_SIZE);

		assert_non_null(p);
		assert_non_null(posix_kernel_access((unsigned long)p, true));
		assert_true(QUIRE_VMAP_LAZY_KIB == 0 || (unsigned long)p > last);
		last = (unsigned long)p;
		first = first ? first : last;
		vfree(p);
		n++;
	} while (vmap_purges() == purges);
	assert_int_equal(n, most / area + 1);
	assert_null(posix_kernel_access(last, false));
	assert_null(check_all());
	vfree(vmalloc(PAGE_SIZE));
	assert_int_equal(vmap_purges(), purges + 1 + !QUIRE_VMAP_LAZY_KIB);
}

/* Before there is no room, what waits is flushed. */
static void test_full_range_is_purged(void **state)
{
	const unsigned long low = QUIRE_VMALLOC_START + (64ul << 20), high = low + 8 * PAGE_SIZE;
	struct vm_area *a = area_new(VM_KIND_VMAP, NULL), *b = area_new(VM_KIND_VMAP, NULL);

	(void)state;
	assert_int_equal(area_place_in(a, 8 * PAGE_SIZE, PAGE_SIZE, low, high), -ENOMEM);
	assert_int_equal(area_place_in(a, 4 * PAGE_SIZE, PAGE_SIZE, low, high), 0);
	assert_int_equal(a->range.start, low);
	assert_int_equal(area_place_in(b, 4 * PAGE_SIZE, PAGE_SIZE, low, high), -ENOMEM);
	area_disown(a);
	area_retire(a);
	assert_int_equal(area_place_in(b, 7 * PAGE_SIZE, PAGE_SIZE, low, high), 0);
	assert_int_equal(b->range.start, low);
	area_disown(b);
	area_retire(b);
	/* a multiple of more than a page, though the hole does not begin at one */
	a = area_new(VM_KIND_VMAP, NULL);
	vm_unmap_aliases();
	assert_int_equal(area_place_in(a, PAGE_SIZE, 4 * PAGE_SIZE, low + PAGE_SIZE, high), 0);
	assert_int_equal(a->range.start, low + 4 * PAGE_SIZE);
	area_disown(a);
	area_retire(a);
	assert_null(area_reserve(~0ul - 5 * PAGE_SIZE, PAGE_SIZE, VM_KIND_VMAP, NULL));
}

/* ---- large entries --------------------------------------------------------------------------- */
static void test_huge(void **state)
{
	char *p = vmalloc_huge(2 * PMD_SIZE + PAGE_SIZE, GFP_KERNEL), *q;
	unsigned level, large;

	(void)state;
	assert_non_null(p);
	pt_lookup(maps_kernel_pgd(), (unsigned long)p, &level);
	large = level < PT_LAST;
	/* an entry of the root could not be taken back */
	assert_int_equal(large, pt_kernel_large() && QUIRE_MAX_ORDER >= 9);
	pt_lookup(maps_kernel_pgd(), (unsigned long)p + 2 * PMD_SIZE, &level);
	assert_int_equal(level, PT_LAST);
	touch(p, 2 * PMD_SIZE / PAGE_SIZE + 1);
	assert_null(posix_kernel_access((unsigned long)p + 2 * PMD_SIZE + PAGE_SIZE, false));
	assert_int_equal(vmalloc_nr_pages(), 2 * PMD_SIZE / PAGE_SIZE + 1);
	assert_null(check_all());
	vfree(p);
	vm_unmap_aliases();
	q = vmalloc(3 * PAGE_SIZE); /* small ones where a large one was */
	touch(q, 3);
	assert_null(posix_kernel_access((unsigned long)q + 3 * PAGE_SIZE, false));
	vfree(q);
}

static void test_large_ioremap(void **state)
{
	char *p = ioremap(0x80000000u, 2 * PMD_SIZE + 1);
	unsigned level;

	(void)state;
	assert_non_null(p);
	pt_lookup(maps_kernel_pgd(), (unsigned long)p, &level);
	assert_int_equal(level < PT_LAST, pt_kernel_large());
	assert_int_equal(pte_pfn(area_pte((unsigned long)p + PMD_SIZE + 5 * PAGE_SIZE)),
			 (0x80000000u + PMD_SIZE + 5 * PAGE_SIZE) >> PAGE_SHIFT);
	assert_null(vmalloc_to_page(p)); /* no frame of ours */
	assert_null(maps_check());
	iounmap(p);
}

/* ---- pages of the caller's ------------------------------------------------------------------- */
static void test_vmap_rights(void **state)
{
	struct page *pages[6], **list = kmalloc(6 * sizeof(*list), GFP_KERNEL);
	char *p;

	(void)state;
	get_frames(pages, 6);
	p = vmap(pages, 6, VM_MAP, PAGE_KERNEL_RO);
	assert_non_null(p);
	assert_non_null(posix_kernel_access((unsigned long)p + 5 * PAGE_SIZE, false));
	assert_null(posix_kernel_access((unsigned long)p + 5 * PAGE_SIZE, true));
	vunmap(p);
	posix_log_take();
	assert_null(vmap(pages, 6, VM_MAP, 77));
	assert_non_null(strstr(posix_log_take(), "no protection 77"));
	assert_null(vmap(pages, 0, VM_MAP, PAGE_KERNEL));
	memcpy(list, pages, sizeof(pages));
	p = vmap(list, 6, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	touch(p, 6);
	vunmap(p); /* takes the frames and the list with it */
}

/* ---- vm_map_ram ------------------------------------------------------------------------------ */
static void test_pieces(void **state)
{
	struct page *pages[VMAP_MAX_ALLOC + 1];
	unsigned long before;
	char *a, *b, *c;

	(void)state;
	get_frames(pages, VMAP_MAX_ALLOC + 1);
	a = vm_map_ram(pages, 3, NUMA_NO_NODE);
	before = flushes();
	b = vm_map_ram(pages + 1, 2, NUMA_NO_NODE);
	c = vm_map_ram(pages, VMAP_MAX_ALLOC + 1, NUMA_NO_NODE); /* an area of its own */
	assert_ptr_equal(b, a + 3 * PAGE_SIZE);
	assert_true(c < a || c >= a + 256 * PAGE_SIZE);
	assert_ptr_equal(posix_kernel_access((unsigned long)b, true), page_address(pages[1]));
	touch(a, 5);
	touch(c, VMAP_MAX_ALLOC + 1);
	assert_null(check_all());
	vm_unmap_ram(a, 3);
	assert_null(vmalloc_to_page(a));
	assert_ptr_equal(vmalloc_to_page(b), pages[1]);
	assert_int_equal(flushes(), before);
	posix_log_take();
	vm_unmap_ram(a, 3); /* twice */
	assert_non_null(strstr(posix_log_take(), "no 3 pages of vm_map_ram begin there"));
	vm_unmap_ram(b, 3); /* more than there is */
	assert_non_null(strstr(posix_log_take(), "no 3 pages of vm_map_ram begin there"));
	vunmap(c);
	assert_non_null(strstr(posix_log_take(), "was not made by vmap"));
	assert_ptr_equal(vmalloc_to_page(b), pages[1]);
	vm_unmap_ram(b, 2);
	vm_unmap_ram(c, VMAP_MAX_ALLOC + 1);
	assert_null(check_all());
	put_frames(pages, VMAP_MAX_ALLOC + 1);
}

/* Blocks follow each other; none of their addresses is used twice before a flush. */
static void test_blocks(void **state)
{
	unsigned long purges = vmap_purges();
	struct page *pages[7];
	char *held, *p, *last = NULL;

	(void)state;
	get_frames(pages, 7);
	held = vm_map_ram(pages, 1, NUMA_NO_NODE);
	for (unsigned i = 0; i < (QUIRE_VMAP_LAZY_KIB ? 500u : 0u); i++) {
		p = vm_map_ram(pages, 7, NUMA_NO_NODE);
		assert_true(p > last);
		touch(p, 7);
		vm_unmap_ram(p, 7);
		last = p;
	}
	assert_null(check_all());
	assert_int_equal(vmap_purges(), purges);
	vm_unmap_aliases(); /* held keeps its block */
	assert_ptr_equal(vmalloc_to_page(held), pages[0]);
	vm_unmap_ram(held, 1);
	vm_unmap_aliases();
	assert_string_equal(info(), "");
	put_frames(pages, 7);
}

/* ---- devices --------------------------------------------------------------------------------- */
static u64 kind_of(const volatile void *p)
{
	return area_pte((unsigned long)p) & PTE_UNCACHED;
}

static void test_attributes(void **state)
{
	const bool tells = pt_fmt.family != PT_RISCV; /* there the platform says what is a device */
	void *uc = ioremap_uc(0xfed00000u, 8), *wc = ioremap_wc(0xfd000010u, 2 * PAGE_SIZE);
	void *wt = ioremap_wt(0xfc000000u, 8), *wb = ioremap_cache(0xfb000ffcu, 8);
	void *np = ioremap_np(0xfa000000u, 8);

	(void)state;
	assert_int_equal(kind_of(uc), tells ? PTE_UNCACHED : 0);
	assert_int_equal(kind_of(wt), tells ? PTE_UNCACHED : 0);
	assert_int_equal(kind_of(wc), tells ? PTE_WRITECOMBINE : 0);
	assert_int_equal(kind_of(wb), 0);
	assert_int_equal((unsigned long)wc & ~PAGE_MASK, 0x10);
	/* 0x10 bytes of a third page; and two pages for eight bytes across a border */
	assert_int_equal(pte_pfn(area_pte((unsigned long)wc + 2 * PAGE_SIZE)), 0xfd002);
	assert_int_equal(pte_pfn(area_pte((unsigned long)wb + PAGE_SIZE)), 0xfb001);
	assert_true(!np == (pt_fmt.family != PT_AARCH64));
	assert_null(maps_check());
	iounmap(uc);
	iounmap(wc);
	iounmap(wt);
	iounmap(wb);
	iounmap(np);
	iounmap(NULL);
	posix_log_take();
	iounmap(uc);
	assert_non_null(strstr(posix_log_take(), "iounmap"));
	assert_null(ioremap_cache(4 << 20, 8)); /* RAM, whatever the kind */
	assert_non_null(strstr(posix_log_take(), "0x400000 is RAM"));
}

/* ---- the others ------------------------------------------------------------------------------ */
static void test_vread(void **state)
{
	char *p = vzalloc(2 * PAGE_SIZE), *io = ioremap(0xfed00000u, PAGE_SIZE), buf[64];

	(void)state;
	memset(page_address(vmalloc_to_page(p + PAGE_SIZE)), 0x5a, PAGE_SIZE);
	memset(buf, 1, sizeof(buf));
	assert_int_equal(vread(buf, p + PAGE_SIZE - 8, 16), 16);
	assert_int_equal(buf[7], 0);
	assert_int_equal(buf[8], 0x5a);
	memset(buf, 1, sizeof(buf));
	assert_int_equal(vread(buf, p + 2 * PAGE_SIZE - 4, 8), 8); /* into the guard page */
	assert_int_equal(buf[3], 0x5a);
	assert_int_equal(buf[4] | buf[7], 0);
	assert_int_equal(vread(buf, io, 8), 0); /* a read could do something to a device */
	vfree(p);
	assert_int_equal(vread(buf, p, 8), 0);
	assert_int_equal(vread(buf, (char *)~0ul - 3, 4), 0);
	iounmap(io);
}

static void test_family(void **state)
{
	char *a = vmalloc_32(PAGE_SIZE), *b = vmalloc_32_user(PAGE_SIZE), *c = vzalloc_node(1, 0);
	char *d = kvcalloc(700, PAGE_SIZE, GFP_KERNEL), *e = kvmalloc_node(10, GFP_KERNEL, 0);

	(void)state;
	touch(a, 1);
	touch(b, 1);
	touch(c, 1);
	assert_true((u64)page_to_phys(vmalloc_to_page(a)) >> 32 == 0);
	assert_non_null(strstr(info(), "vmalloc user N0=1\n"));
	assert_non_null(d);
	assert_int_equal(is_vmalloc_addr(d), 700 * PAGE_SIZE > KMALLOC_MAX_SIZE);
	assert_null(kvmalloc_array((size_t)-1 / 2, 3, GFP_KERNEL));
	kvfree(a);
	vfree(b);
	vfree(c);
	kvfree(d);
	kvfree(e);
}

static void test_modules(void **state)
{
	const unsigned long size = 10ul << 20;
	char *a = module_alloc(size), *b = module_alloc(size);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	touch(a, size / PAGE_SIZE);
	touch(b, 1);
	assert_true(is_vmalloc_or_module_addr(a) && is_vmalloc_or_module_addr(b));
	assert_int_equal(is_vmalloc_addr(a), PORT_MODULES_END == 0);
	assert_true(is_vmalloc_addr(b)); /* there is no room for two */
	assert_null(check_all());
	module_memfree(a);
	module_memfree(b);
	module_memfree(NULL);
}

/* Frames come from the node that was asked for, and the report counts them. */
static void test_nodes(void **state)
{
	const struct posix_bank banks[] = { { 1 << 20, 15 << 20, 0 }, { 16 << 20, 16 << 20, 1 } };
	char *p;

	(void)state;
	if (QUIRE_NR_NODES < 2)
		return;
	assert_int_equal(posix_machine_start(&(struct posix_machine){ banks, 2, 1 }), 0);
	assert_int_equal(quire_start(1, NULL, NULL), 0);
	p = vmalloc_node(7 * PAGE_SIZE, 1);
	assert_non_null(p);
	for (unsigned i = 0; i < 7; i++)
		assert_int_equal(page_to_nid(vmalloc_to_page(p + i * PAGE_SIZE)), 1);
	assert_non_null(strstr(info(), " pages=7 vmalloc N1=7\n"));
	vfree(p);
	quire_stop();
	posix_machine_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(test_one_flush_for_many),
		MM_TEST(test_enough_is_flushed),
		MM_TEST(test_full_range_is_purged),
		MM_TEST(test_huge),
		MM_TEST(test_large_ioremap),
		MM_TEST(test_vmap_rights),
		MM_TEST(test_pieces),
		MM_TEST(test_blocks),
		MM_TEST(test_attributes),
		MM_TEST(test_vread),
		MM_TEST(test_family),
		MM_TEST(test_modules),
		cmocka_unit_test(test_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
