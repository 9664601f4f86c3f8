/* SPDX-License-Identifier: MIT */
/* layout_test.c - the kernel's addresses: both sides of every boundary are touched, and named. */
#include <quire/fixmap.h>
#include <quire/highmem.h>
#include <quire/layout.h>
#include "support/layers.h"
#include "mm_harness.h"
#include "maps/maps.h"

#define MIB 1048576ul
#define LOW (PORT_HIGHMEM ? "lowmem" : "linear")

/* Where the linear map's last RAM ends. */
#define LOWMEM_LAST (PORT_HIGHMEM ? PORT_LOWMEM_PHYS_END : (phys_addr_t)(40 * MIB))

static struct page *mapped[LAST_PKMAP];

/* All of lowmem's end is RAM, and there is some behind it. */
static int setup(void **state)
{
	const struct posix_bank banks[] = {
		{ MIB, 24 * MIB, 0 },
		{ LOWMEM_LAST - 8 * MIB, 8 * MIB, 0 },
		{ PORT_LOWMEM_PHYS_END, 32 * MIB, 0 },
	};

	(void)state;
	assert_int_equal(
		posix_machine_start(&(struct posix_machine){ banks, PORT_HIGHMEM ? 3 : 2, 1 }), 0);
	assert_int_equal(quire_start(1, NULL, NULL), 0);
	harness_free = quire_free_pages_exact() + maps_kernel_tables();
	return 0;
}

static void is_named(unsigned long addr, const char *words)
{
	char buf[160];

	maps_explain(addr, buf, sizeof(buf));
	if (!strstr(buf, words))
		fail_msg("0x%lx is \"%s\", not \"%s\"", addr, buf, words);
}

/* The byte can be touched, or it cannot; a report would say those words. */
static void side(unsigned long addr, bool there, const char *words)
{
	if (!posix_kernel_access(addr, false) == there)
		fail_msg("0x%lx (%s) is %smapped", addr, words, there ? "not " : "");
	is_named(addr, words);
}

struct half {
	bool there;
	const char *words;
};
#define THERE(words)   ((struct half){ true, (words) })
#define NOTHING(words) ((struct half){ false, (words) })

static void boundary(unsigned long at, struct half below, struct half above)
{
	side(at - 1, below.there, below.words);
	side(at, above.there, above.words);
}

/* Everything that can be put at a boundary is there. */
struct full {
	void *modules, *area;
	unsigned long user;
	struct mm_struct *mm;
};

static void fill(struct full *f)
{
	f->mm = new_mm();
	f->user = (unsigned long)do_mmap(f->mm, NULL, PORT_TASK_SIZE - PAGE_SIZE, PAGE_SIZE, RW,
					 ANON_PRIVATE | MAP_FIXED, 0);
	assert_int_equal(f->user, PORT_TASK_SIZE - PAGE_SIZE);
	put_u32(PORT_TASK_SIZE - 4, 1);
	f->area = vmalloc(PAGE_SIZE);
	assert_ptr_equal(f->area, (void *)QUIRE_VMALLOC_START);
	f->modules = PORT_MODULES_END ? module_alloc(14 * MIB - PAGE_SIZE) : NULL;
	for (unsigned i = 0; PORT_HIGHMEM && i < LAST_PKMAP; i++) {
		mapped[i] = alloc_page(GFP_HIGHUSER);
		assert_true(PageHighMem(mapped[i]));
		kmap(mapped[i]);
	}
	set_fixmap(__end_of_fixed_addresses - 1, 2 * MIB);
	set_fixmap(FIX_HOLE + 1, 2 * MIB);
}

static void empty(struct full *f)
{
	clear_fixmap(FIX_HOLE + 1);
	clear_fixmap(__end_of_fixed_addresses - 1);
	for (unsigned i = 0; PORT_HIGHMEM && i < LAST_PKMAP; i++) {
		kunmap(mapped[i]);
		__free_page(mapped[i]);
	}
	module_memfree(f->modules);
	vfree(f->area);
	end_mm(f->mm);
}

static const struct layout_range *range_named(const struct layout_range *r, unsigned n,
					      const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(r[i].name, name))
			return &r[i];
	return NULL;
}

static void test_ranges(void **state)
{
	struct layout_range r[LAYOUT_RANGES];
	unsigned n = maps_layout(r);
	const struct layout_range *low = range_named(r, n, LOW);

	(void)state;
	assert_in_range(n, 3, LAYOUT_RANGES);
	for (unsigned i = 1; i < n; i++)
		assert_true(r[i - 1].start <= r[i - 1].last && r[i - 1].last < r[i].start);
	assert_int_equal(r[0].start, 0);
	assert_int_equal(r[0].last, PORT_TASK_SIZE - 1);
	assert_int_equal(low->start, PAGE_OFFSET);
	assert_int_equal(low->last, PAGE_OFFSET + (unsigned long)LOWMEM_LAST - 1);
	assert_true(range_named(r, n, "vmalloc")->last - QUIRE_VMALLOC_START >= 240 * MIB - 1);
	assert_int_equal(!range_named(r, n, "pkmap"), !PORT_HIGHMEM);
	if (PORT_HIGHMEM)
		assert_int_equal(range_named(r, n, "pkmap")->last - PORT_PKMAP_START, 2 * MIB - 1);
	assert_int_equal(range_named(r, n, "fixmap")->last, PORT_FIXADDR_TOP + PAGE_SIZE - 1);
	if (PORT_HIGHMEM)
		assert_int_equal(QUIRE_VMALLOC_START - low->last, 8 * MIB + 1);
}

/* Between user space and the kernel. */
static void test_user_boundary(void **state)
{
	struct full f;
	u32 v;

	(void)state;
	fill(&f);
	assert_int_equal(posix_load(PORT_TASK_SIZE - 4, &v, 4), 0);
	assert_int_equal(v, 1);
	is_named(PORT_TASK_SIZE - 1, "user space");
	assert_int_equal(posix_load(PORT_TASK_SIZE, &v, 4), VM_FAULT_MAPERR);
	assert_int_not_equal(posix_mmu_try(PORT_TASK_SIZE, false, true), POSIX_MMU_OK);
	if (PORT_KERNEL_START == PORT_TASK_SIZE)
		is_named(PORT_TASK_SIZE,
			 PORT_MODULES_START == PORT_TASK_SIZE ? "vmalloc area" : LOW);
	else
		is_named(PORT_TASK_SIZE, "the hole between user and ");
	empty(&f);
}

static void test_linear_boundaries(void **state)
{
	const unsigned long ram = maps_linear(MIB), last = maps_linear(LOWMEM_LAST);
	const struct half no_ram = NOTHING(PORT_HIGHMEM ? "lowmem, where there is no RAM"
							: "linear, where there is no RAM");
	struct full f;

	(void)state;
	fill(&f);
	side(PAGE_OFFSET, false, no_ram.words);
	boundary(ram, no_ram, THERE(LOW));
	boundary(ram + 24 * MIB, THERE(LOW), no_ram);
	boundary(last - 8 * MIB, no_ram, THERE(LOW));
	boundary(last, THERE(LOW),
		 NOTHING(PORT_HIGHMEM ? "the 8 MiB hole above lowmem"
				      : "the hole between linear and vmalloc"));
	boundary(QUIRE_VMALLOC_START,
		 NOTHING(PORT_HIGHMEM ? "the 8 MiB hole above lowmem"
				      : "the hole between linear and vmalloc"),
		 THERE("vmalloc area"));
	boundary(QUIRE_VMALLOC_START + PAGE_SIZE, THERE("vmalloc area"),
		 NOTHING("guard page behind vmalloc area"));
	boundary(QUIRE_VMALLOC_END, NOTHING("a hole of the vmalloc area"),
		 NOTHING("the hole between vmalloc and "));
	empty(&f);
}

static void test_pkmap_and_modules(void **state)
{
	struct full f;

	(void)state;
	fill(&f);
	if (PORT_MODULES_END) {
		side(PORT_MODULES_START, true, "vmalloc area");
		side(PORT_MODULES_END - 1, false, "guard page behind vmalloc area");
		boundary(PORT_MODULES_END - PAGE_SIZE, THERE("vmalloc area"),
			 NOTHING("guard page behind vmalloc area"));
	}
	if (PORT_HIGHMEM) {
		side(PORT_PKMAP_START, true, "page 0 of pkmap");
		side(PKMAP_END - 1, true, "page 511 of pkmap");
		side(PORT_PKMAP_START - 1, false,
		     PORT_PKMAP_START == PORT_MODULES_END ? "guard page"
							  : "the hole between vmalloc and pkmap");
		side(PKMAP_END, false,
		     PKMAP_END == PAGE_OFFSET ? "lowmem, where there is no RAM"
					      : "the hole between pkmap and fixmap");
		kunmap(mapped[0]);
		kmap_flush_unused();
		side(PORT_PKMAP_START, false, "page 0 of pkmap");
		kmap(mapped[0]);
	}
	empty(&f);
}

static void test_fixmap_and_above(void **state)
{
	const unsigned long end = PORT_FIXADDR_TOP + PAGE_SIZE, start = end - 3 * MIB;
	struct full f;

	(void)state;
	fill(&f);
	boundary(start, NOTHING("and fixmap"), NOTHING("page 767 of the fixmap"));
	boundary(FIXADDR_START, NOTHING("of the fixmap"), THERE("of the fixmap"));
	boundary(PORT_FIXADDR_TOP, THERE("page 1 of the fixmap"), NOTHING("page 0 of the fixmap"));
	boundary(end, NOTHING("page 0 of the fixmap"),
		 NOTHING(PORT_VECTORS_START ? "the hole between fixmap and vector"
					    : "the hole above fixmap"));
	if (PORT_VECTORS_START) {
		boundary(PORT_VECTORS_START, NOTHING("the hole between fixmap and vector"),
			 NOTHING("vector"));
		boundary(PORT_VECTORS_START + PAGE_SIZE, NOTHING("vector"),
			 NOTHING("the hole above vector"));
	}
	side(~0ul, false, "the hole above ");
	empty(&f);
}

/* Highest first, in Linux's columns. */
static void test_printed(void **state)
{
	static const char armv7[] = "Virtual kernel memory layout:\n"
				    "    vector  : 0xffff0000 - 0xffff1000   (   4 kB)\n"
				    "    fixmap  : 0xffc00000 - 0xfff00000   (3072 kB)\n"
				    "    vmalloc : 0xe0000000 - 0xf0000000   ( 256 MB)\n"
				    "    lowmem  : 0xc0000000 - 0xdf800000   ( 504 MB)\n"
				    "    pkmap   : 0xbfe00000 - 0xc0000000   (   2 MB)\n"
				    "    modules : 0xbf000000 - 0xbfe00000   (  14 MB)\n";
	static const char pae[] = "Virtual kernel memory layout:\n"
				  "    fixmap  : 0xffc00000 - 0xfff00000   (3072 kB)\n"
				  "    pkmap   : 0xff400000 - 0xff600000   (   2 MB)\n"
				  "    vmalloc : 0xe0000000 - 0xf0000000   ( 256 MB)\n"
				  "    lowmem  : 0xc0000000 - 0xdf800000   ( 504 MB)\n";
	const char *log;

	(void)state;
	posix_log_take();
	maps_print_layout();
	log = posix_log_take();
	if (sizeof(long) == 4)
		assert_string_equal(log, PORT_VECTORS_START ? armv7 : pae);
	assert_int_equal(strncmp(log, armv7, strcspn(armv7, "\n")), 0);
	assert_non_null(strstr(log, PORT_HIGHMEM ? "\n    lowmem  : 0x" : "\n    linear  : 0x"));
	assert_null(strstr(log, "user"));
}

/* The kernel's image, where it has addresses of its own. */
static void test_image_is_printed(void **state)
{
	const struct maps_image image = {
		.text_start = 2 * MIB,
		.text_end = 2 * MIB + 64 * 1024,
		.rodata_start = 2 * MIB + 64 * 1024,
		.rodata_end = 2 * MIB + 96 * 1024,
		.data_start = 2 * MIB + 96 * 1024,
		.data_end = 2 * MIB + 160 * 1024,
		.virt_base = maps_linear(2 * MIB),
	};
	char line[80];
	const char *log;

	(void)state;
	assert_int_equal(posix_machine_start_simple(32, 1), 0);
	memblock_reserve(2 * MIB, MIB);
	assert_int_equal(quire_start(1, &image, NULL), 0);
	posix_log_take();
	maps_print_layout();
	log = posix_log_take();
	snprintf(line, sizeof(line), "\n      .text : 0x%0*lx - 0x%0*lx   (  64 kB)\n",
		 (int)sizeof(long) * 2, image.virt_base, (int)sizeof(long) * 2,
		 image.virt_base + 64 * 1024);
	assert_non_null(strstr(log, line));
	assert_non_null(strstr(log, "\n    .rodata : 0x"));
	assert_null(strstr(log, ".init"));
	quire_stop();
	posix_machine_stop();
}

#define LAYOUT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAYOUT_TEST(test_ranges),
		LAYOUT_TEST(test_user_boundary),
		LAYOUT_TEST(test_linear_boundaries),
		LAYOUT_TEST(test_pkmap_and_modules),
		LAYOUT_TEST(test_fixmap_and_above),
		LAYOUT_TEST(test_printed),
		cmocka_unit_test(test_image_is_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
