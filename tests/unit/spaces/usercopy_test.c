/* SPDX-License-Identifier: MIT */
/* usercopy_test.c - copies between user and kernel memory that must not happen: each is refused with Linux's
 * words, and nothing is copied; and what mem_dump_obj() says of addresses. */
#include "mm_harness.h"
#include <quire/init.h>
#include <quire/memblock.h>

static volatile size_t one = 1; /* sizes times this are no constants */
static unsigned long user;
static struct mm_struct *mm;

static void with_user_memory(void)
{
	mm = new_mm();
	user = map_anon(mm, 16 * PAGE_SIZE, RW);
	put_u32(user, 0x11223344);
	posix_log_take();
}

static void assert_logged(const char *words)
{
	const char *log = posix_log_take();

	if (!strstr(log, words))
		fail_msg("no \"%s\" in:\n%s", words, log);
}

/* n bytes at `at` of the kernel's: neither way, and nothing is touched. */
static void refused(void *at, size_t n, const char *from, const char *to)
{
	assert_int_equal(copy_to_user((void __user *)user, at, n * one), n * one);
	assert_logged(from);
	assert_int_equal(get_u32(user), 0x11223344);
	assert_int_equal(copy_from_user(at, (void __user *)user, n * one), n * one);
	assert_logged(to);
}

static void granted(void *at, size_t n)
{
	assert_int_equal(copy_from_user(at, (void __user *)(user + PAGE_SIZE), n * one), 0);
	assert_int_equal(copy_to_user((void __user *)(user + 8 * PAGE_SIZE), at, n * one), 0);
	assert_string_equal(posix_log_take(), "");
}

#define FROM "usercopy: Kernel memory exposure attempt detected from "
#define TO   "usercopy: Kernel memory overwrite attempt detected to "

static void test_objects(void **state)
{
	u8 *o = kmalloc_node(64, GFP_KERNEL, 0);

	(void)state;
	with_user_memory();
	memset(o, 0x5a, 64);
	refused(o, 65, FROM "SLUB object 'kmalloc-64' (offset 0, size 65)!",
		TO "SLUB object 'kmalloc-64' (offset 0, size 65)!");
	refused(o + 32, 33, FROM "SLUB object 'kmalloc-64' (offset 32, size 33)!",
		TO "SLUB object 'kmalloc-64' (offset 32, size 33)!");
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(o[i], 0x5a);
	assert_int_equal(strncpy_from_user((char *)o, (char __user *)user, (long)(65 * one)),
			 -EFAULT);
	assert_logged(TO "SLUB object");
	granted(o, 64);
	granted(o + 63, 1);
	kfree(o);
	end_mm(mm);
}

static void test_frames(void **state)
{
	struct page *block = alloc_pages(GFP_KERNEL, 2), *apart = alloc_pages(GFP_KERNEL, 1);
	char *at = page_address(block);

	(void)state;
	with_user_memory();
	granted(at, 4 * PAGE_SIZE);
	granted(at + PAGE_SIZE + 5, 2 * PAGE_SIZE);
	refused(at + 3 * PAGE_SIZE, PAGE_SIZE + 1, FROM "page alloc (offset 12288, size 4097)!",
		TO "page alloc (offset 12288, size 4097)!");
	split_page(apart, 1); /* now two frames that have nothing to do with each other */
	at = page_address(apart);
	granted(at, PAGE_SIZE);
	refused(at + PAGE_SIZE - 2, 4, FROM "spans multiple pages (offset 4094, size 4)!",
		TO "spans multiple pages (offset 4094, size 4)!");
	__free_page(apart + 1);
	refused(at + PAGE_SIZE - 2, 4, FROM "spans multiple pages", TO "spans multiple pages");
	__free_page(apart);
	__free_pages(block, 2);
	end_mm(mm);
}

static void test_bad_addresses(void **state)
{
	(void)state;
	with_user_memory();
	refused((void *)(~0ul - 3), 8, FROM "wrapped address (offset 0, size 8)!",
		TO "wrapped address");
	refused(NULL, 1, FROM "null address (offset 0, size 1)!", TO "null address");
	refused(ZERO_SIZE_PTR, 1, FROM "null address (offset 16, size 1)!", TO "null address");
	assert_int_equal(copy_to_user((void __user *)user, NULL, 0 * one), 0);
	assert_string_equal(posix_log_take(), "");
	end_mm(mm);
}

/* vmalloc areas of this machine are no host memory: only the check is asked. */
static void test_vmalloc(void **state)
{
	char *area = vmalloc(3 * PAGE_SIZE);

	(void)state;
	assert_int_equal(check_object_size(area, 3 * PAGE_SIZE, true), 0);
	assert_int_equal(check_object_size(area + 3 * PAGE_SIZE - 1, 1, false), 0);
	posix_log_take();
	assert_int_equal(check_object_size(area + PAGE_SIZE, 2 * PAGE_SIZE + 1, true), -EFAULT);
	assert_logged(FROM "vmalloc (offset 4096, size 8193)!");
	assert_int_equal(check_object_size(area + 3 * PAGE_SIZE, 1, false), -EFAULT);
	assert_logged(TO "vmalloc (no area)");
	vfree(area);
	assert_int_equal(check_object_size(area, 1, true), -EFAULT);
	assert_logged(FROM "vmalloc (no area)");
}

static void test_known_size(void **state)
{
	char small[8] = "1234567";

	(void)state;
	with_user_memory();
	assert_int_equal(copy_to_user((void __user *)user, small, 9 * one), 9);
	assert_logged("BUG: Buffer overflow detected (8 < 9)!");
	assert_int_equal(get_u32(user), 0x11223344);
	assert_int_equal(copy_to_user((void __user *)user, small, 8 * one), 0);
	assert_int_equal(get_u32(user), 0x34333231);
	end_mm(mm);
}

static void test_text(void **state)
{
	const unsigned long at = 2 << 20, KIB = 1024;
	const struct maps_image image = {
		.text_start = at,
		.text_end = at + 64 * KIB,
		.rodata_start = at + 64 * KIB,
		.rodata_end = at + 96 * KIB,
		.data_start = at + 96 * KIB,
		.data_end = at + 128 * KIB,
		.virt_base = 0ul - (16ul << 20),
	};
	char *text = (char *)image.virt_base;

	(void)state;
	assert_int_equal(posix_machine_start_simple(32, 1), 0);
	assert_int_equal(memblock_reserve(at, 128 * KIB), 0);
	assert_int_equal(quire_start(1, &image, NULL), 0);
	posix_log_take();
	assert_int_equal(check_object_size(text, 1, true), -EFAULT);
	assert_logged(FROM "kernel text (offset 0, size 1)!");
	assert_int_equal(check_object_size(text - 4, 5, false), -EFAULT);
	assert_logged(TO "kernel text");
	assert_int_equal(check_object_size(text + 64 * KIB - 1, 2, true), -EFAULT);
	assert_logged("kernel text");
	assert_int_equal(check_object_size(text - 4, 4, true), 0);
	assert_int_equal(check_object_size(text + 64 * KIB, 8 * PAGE_SIZE, true), 0);
	mem_dump_obj(text + 5);
	assert_logged(" kernel text\n");
	quire_stop();
	posix_machine_stop();
}

static void test_dump(void **state)
{
	char *o = kmalloc_node(64, GFP_KERNEL, 0), *area = vmalloc(2 * PAGE_SIZE), words[120];
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	posix_log_take();
	mem_dump_obj(NULL);
	assert_logged(" NULL pointer\n");
	mem_dump_obj(ZERO_SIZE_PTR);
	assert_logged(" zero-size pointer\n");
	mem_dump_obj(o + 9);
	snprintf(words, sizeof(words), " slab kmalloc-64 start %p pointer offset 9 size 64\n",
		 (void *)o);
	assert_logged(words);
	mem_dump_obj(area + PAGE_SIZE);
	snprintf(words, sizeof(words), " 2-page vmalloc region starting at 0x%lx\n",
		 (unsigned long)area);
	assert_logged(words);
	mem_dump_obj(area + 2 * PAGE_SIZE);
	assert_logged(", in no area\n");
	mem_dump_obj(page_address(page));
	assert_logged("non-slab memory");
	mem_dump_obj(&page);
	assert_logged(" non-paged memory\n");
	__free_page(page);
	vfree(area);
	kfree(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(test_objects), MM_TEST(test_frames),     MM_TEST(test_bad_addresses),
		MM_TEST(test_vmalloc), MM_TEST(test_known_size), cmocka_unit_test(test_text),
		MM_TEST(test_dump),
	};

	return cmocka_run_group_tests_name("spaces/usercopy", tests, NULL, NULL);
}
