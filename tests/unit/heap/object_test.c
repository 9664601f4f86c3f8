/* SPDX-License-Identifier: MIT */
/* What an address is, and what of it may cross to user space: whole objects, windows, large blocks, objects
 * between closed pages; each overrun has Linux's words. */
#include <quire/mm.h>
#include <quire/uaccess.h>
#include <quire/err.h>
#include <quire/kfence.h>
#include "heap/heap.h"
#include "support/layers.h"

static const char *object_word(void)
{
	return QUIRE_HEAP == QUIRE_HEAP_SLUB   ? "SLUB object"
	       : QUIRE_HEAP == QUIRE_HEAP_SLAB ? "SLAB object"
					       : "SLOB object";
}

static int up(void **state)
{
	(void)state;
	start_heap(32, 2);
	return 0;
}

static int down(void **state)
{
	(void)state;
	assert_int_equal(stop_heap(), 0);
	return 0;
}

static void allowed(const void *ptr, size_t n)
{
	posix_log_take();
	assert_int_equal(check_heap_object(ptr, n, true), 0);
	assert_int_equal(check_heap_object(ptr, n, false), 0);
	assert_int_equal(quire_usercopy_check(ptr, n), 0);
	assert_string_equal(posix_log_take(), "");
}

/* Both ways, with `words` behind the direction. */
static void refused(const void *ptr, size_t n, const char *words)
{
	char line[160];

	posix_log_take();
	assert_int_equal(check_heap_object(ptr, n, true), -EFAULT);
	snprintf(line, sizeof(line), "usercopy: Kernel memory exposure attempt detected from %s!\n",
		 words);
	if (!strstr(posix_log_take(), line))
		fail_msg("no \"%s\"", line);
	assert_int_equal(check_heap_object(ptr, n, false), -EFAULT);
	snprintf(line, sizeof(line), "usercopy: Kernel memory overwrite attempt detected to %s!\n",
		 words);
	if (!strstr(posix_log_take(), line))
		fail_msg("no \"%s\"", line);
	assert_int_equal(quire_usercopy_check(ptr, n), -EFAULT);
}

static void whole_objects(void **state)
{
	/* slob knows the size to the unit of eight bytes; with classes it is the class's */
	const bool slob = QUIRE_HEAP == QUIRE_HEAP_SLOB;
	char *a = kmalloc_node(64, GFP_KERNEL, 0), *b = kmalloc_node(64, GFP_KERNEL, 0), words[80];

	(void)state;
	allowed(a, 64);
	allowed(a, 0);
	allowed(a + 63, 1);
	allowed(b, 64);
	snprintf(words, sizeof(words), "%s '%s' (offset 0, size 65)", object_word(),
		 slob ? "kmalloc" : "kmalloc-64");
	refused(a, 65, words);
	snprintf(words, sizeof(words), "%s '%s' (offset 60, size 5)", object_word(),
		 slob ? "kmalloc" : "kmalloc-64");
	refused(b + 60, 5, words);
	assert_int_equal(check_heap_object(a, ~0ul, true), -EFAULT);
	kfree(a);
	kfree(b);
	posix_log_take();
}

static void window(void **state)
{
	struct kmem_cache *cache = kmem_cache_create_usercopy("window", 72, 0, 0, 8, 16, NULL);
	char *o = kmem_cache_alloc(cache, GFP_KERNEL), words[80];

	(void)state;
	allowed(o + 8, 16);
	allowed(o + 23, 1);
	snprintf(words, sizeof(words), "%s 'window' (offset 7, size 2)", object_word());
	refused(o + 7, 2, words);
	snprintf(words, sizeof(words), "%s 'window' (offset 8, size 17)", object_word());
	refused(o + 8, 17, words);
	snprintf(words, sizeof(words), "%s 'window' (offset 24, size 1)", object_word());
	refused(o + 24, 1, words);
	kmem_cache_free(cache, o);
	kmem_cache_destroy(cache);
}

static void large_blocks(void **state)
{
	char *o = kmalloc(5 * PAGE_SIZE, GFP_KERNEL);

	(void)state;
	allowed(o, 8 * PAGE_SIZE); /* as ksize() says */
	allowed(o + 7 * PAGE_SIZE, PAGE_SIZE);
	refused(o + 7 * PAGE_SIZE, PAGE_SIZE + 1, "page alloc (offset 28672, size 4097)");
	refused(o, 9 * PAGE_SIZE, "page alloc (offset 0, size 36864)");
	kfree(o);
}

static void debugged_objects(void **state)
{
	struct kmem_cache *cache = kmem_cache_create(
		"checked", 50, 0, SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER, NULL);
	char *o = kmem_cache_alloc(cache, GFP_KERNEL), words[120];
	const char *log;

	(void)state;
	allowed(o, 50);
	snprintf(words, sizeof(words), "%s 'checked' (offset 49, size 2)", object_word());
	refused(o + 49, 2, words);
	assert_true(kmem_dump_obj(o + 3));
	log = posix_log_take();
	snprintf(words, sizeof(words), " slab checked start %p pointer offset 3 size 50\n",
		 (void *)o);
	assert_non_null(strstr(log, words));
	assert_non_null(strstr(log, "Allocated in 0x"));
	kmem_cache_free(cache, o);
	kmem_cache_destroy(cache);
}

static void dumps(void **state)
{
	char *small = kmalloc_node(96, GFP_KERNEL, 0), *large = kmalloc(3 * PAGE_SIZE, GFP_KERNEL);
	struct page *page = alloc_page(GFP_KERNEL);
	char words[120];

	(void)state;
	assert_true(kmem_dump_obj(small + 95));
	snprintf(words, sizeof(words), " slab %s start %p pointer offset 95 size 96\n",
		 QUIRE_HEAP == QUIRE_HEAP_SLOB ? "kmalloc" : "kmalloc-96", (void *)small);
	assert_true(logged(words));
	assert_true(kmem_dump_obj(large + 2 * PAGE_SIZE));
	snprintf(words, sizeof(words), " slab kmalloc start %p pointer offset 8192 size 16384\n",
		 (void *)large);
	assert_true(logged(words));
	assert_false(kmem_dump_obj(page_address(page)));
	assert_false(kmem_dump_obj(&page));
	assert_false(kmem_dump_obj(NULL));
	assert_string_equal(posix_log_take(), "");
	__free_page(page);
	kfree(small);
	kfree(large);
}

static void guarded_objects(void **state)
{
	struct kmem_cache *cache =
		kmem_cache_create_usercopy("window", 72, 0, SLAB_NO_MERGE, 8, 16, NULL);
	char *o, *k, words[120];
	const char *log;

	(void)state;
	kfence_enable(1);
	kfence_init();
	o = kmem_cache_alloc(cache, GFP_KERNEL);
	k = kmalloc_node(33, GFP_KERNEL, 0);
	assert_true(is_kfence_address(o) && is_kfence_address(k));
	allowed(o + 8, 16);
	snprintf(words, sizeof(words), "%s 'window' (offset 8, size 17)", object_word());
	refused(o + 8, 17, words);
	allowed(k, 33);
	snprintf(words, sizeof(words), "%s '%s' (offset 0, size 34)", object_word(),
		 QUIRE_HEAP == QUIRE_HEAP_SLOB ? "kmalloc" : "kmalloc-64");
	refused(k, 34, words);
	kfree(k);
	kmem_cache_free(cache, o);
	assert_true(kmem_dump_obj(o));
	log = posix_log_take();
	snprintf(words, sizeof(words),
		 " slab (kfence) window start %p pointer offset 0 size 72 free\n", (void *)o);
	assert_non_null(strstr(log, words));
	assert_non_null(strstr(log, "\nfreed by task 0"));
	kmem_cache_destroy(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whole_objects, up, down),
		cmocka_unit_test_setup_teardown(window, up, down),
		cmocka_unit_test_setup_teardown(large_blocks, up, down),
		cmocka_unit_test_setup_teardown(debugged_objects, up, down),
		cmocka_unit_test_setup_teardown(dumps, up, down),
		cmocka_unit_test_setup_teardown(guarded_objects, up, down),
	};

	return cmocka_run_group_tests_name("heap/object", tests, NULL, NULL);
}
