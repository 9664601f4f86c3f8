/* SPDX-License-Identifier: MIT */
/* Every kind of mistake is planted, and the report must be the right one, in Linux's layout. */
#include "heap/heap.h"
#include "support/layers.h"

#define ALL (SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER)

static struct kmem_cache *cache;
static unsigned char *a, *b;

static int up(void **state)
{
	(void)state;
	start_heap(32, 2);
	cache = kmem_cache_create("victim", 60, 0, ALL, NULL);
	assert_non_null(cache);
	a = kmem_cache_alloc(cache, GFP_KERNEL);
	b = kmem_cache_alloc(cache, GFP_KERNEL);
	memset(a, 1, 60);
	memset(b, 2, 60);
	assert_int_equal(validate_slab_cache(cache), 0);
	posix_log_take();
	return 0;
}

static int down(void **state)
{
	(void)state;
	assert_int_equal(validate_slab_cache(cache), 0);
	kmem_cache_destroy(cache);
	assert_int_equal(stop_heap(), 0);
	return 0;
}

/* One report, which has all the words, and none else. */
static void assert_report(const char *const *words)
{
	const char *log = posix_log_take(), *bug = strstr(log, "BUG ");

	for (; *words; words++)
		if (!strstr(log, *words))
			fail_msg("no \"%s\" in:\n%s", *words, log);
	if (!bug || strstr(bug + 4, "BUG "))
		fail_msg("not one report:\n%s", log);
}
#define REPORT(...) assert_report((const char *const[]){ __VA_ARGS__, NULL })

/* What is shown of a, whoever it is. */
static const char *object_line(const void *object)
{
	static char line[40];

	snprintf(line, sizeof(line), "Object %p @offset=", object);
	return line;
}

static void overrun_by_one(void **state)
{
	(void)state;
	a[60] = 0;
	kmem_cache_free(cache, a);
	REPORT("BUG victim (Not tainted): Right Redzone overwritten",
	       ". First byte 0x0 instead of 0xcc", "Allocated in 0x", "Slab 0x", object_line(a),
	       "FIX victim: Restoring Right Redzone 0x", "not freed");
	kmem_cache_free(cache, a); /* repaired */
	kmem_cache_free(cache, b);
	assert_false(logged("BUG"));
}

static void underrun(void **state)
{
	(void)state;
	a[-1] = 7;
	kmem_cache_free(cache, a);
	REPORT("BUG victim (Not tainted): Left Redzone overwritten",
	       ". First byte 0x7 instead of 0xcc", object_line(a));
	kmem_cache_free(cache, a);
	kmem_cache_free(cache, b);
	assert_false(logged("BUG"));
}

static void use_after_free(void **state)
{
	unsigned char *c, *d;

	(void)state;
	kmem_cache_free(cache, b);
	kmem_cache_free(cache, a);
	a[17] = 0x42;
	c = kmem_cache_alloc(cache, GFP_KERNEL);
	REPORT("BUG victim (Not tainted): Poison overwritten", ". First byte 0x42 instead of 0x6b",
	       object_line(a));
	d = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_false(logged("BUG"));
	kmem_cache_free(cache, c);
	kmem_cache_free(cache, d);
}

static void double_free(void **state)
{
	(void)state;
	kmem_cache_free(cache, a);
	kmem_cache_free(cache, b);
	kmem_cache_free(cache, a);
	if (QUIRE_HEAP == QUIRE_HEAP_SLOB) /* which knows only that nothing is in use there */
		assert_true(logged("is freed twice"));
	else
		REPORT("BUG victim (Not tainted): Object already free", "Allocated in 0x",
		       "Freed in 0x", object_line(a));
}

static void invalid_free(void **state)
{
	(void)state;
	kmem_cache_free(cache, a + 8);
	assert_true(logged("freed to cache victim and is no object of it"));
	kfree(a + 1);
	assert_true(logged("is no object of it"));
	kmem_cache_free(cache, a);
	kmem_cache_free(cache, b);
	assert_false(logged("BUG"));
}

static void wrong_cache(void **state)
{
	struct kmem_cache *other = kmem_cache_create("other", 60, 0, ALL, NULL);

	(void)state;
	kmem_cache_free(other, a);
	assert_true(logged("freed to cache other and is no object of it; it belongs to victim"));
	kmem_cache_free(cache, a);
	kmem_cache_free(cache, b);
	assert_false(logged("BUG"));
	kmem_cache_destroy(other);
}

static void leak(void **state)
{
	char words[80];
	const char *log;

	(void)state;
	kmem_cache_free(cache, b);
	posix_log_take();
	kmem_cache_destroy(cache);
	log = posix_log_take();
	snprintf(words, sizeof(words), "victim: object %p", (void *)a);
	assert_non_null(strstr(log, "cache victim is not destroyed: 1 objects are in use"));
	assert_non_null(strstr(log, words));
	assert_non_null(strstr(log, "Allocated in 0x"));
	kmem_cache_free(cache, a);
}

/* validate_slab_cache() finds what nobody frees or takes. */
static void validate(void **state)
{
	(void)state;
	a[60] = 1;
	b[-1] = 1;
	assert_int_equal(validate_slab_cache(cache), 2);
	assert_int_equal(validate_slab_cache(cache), 0); /* repaired */
	kmem_cache_free(cache, a);
	if (QUIRE_HEAP != QUIRE_HEAP_SLOB) {
		a[3] = 9;
		assert_int_equal(validate_slab_cache(cache), 1);
	}
	kmem_cache_free(cache, b);
}

/* ---- slab_debug= ----------------------------------------------------------------------------- */
static slab_flags_t flags_with(const char *spec, const char *name)
{
	struct kmem_cache *other;
	slab_flags_t flags;

	start_heap(32, 1);
	assert_int_equal(stop_heap(), 0);
	assert_int_equal(slab_debug_setup(spec), 0);
	start_heap(32, 1);
	other = kmem_cache_create(name, 100, 0, SLAB_NO_MERGE, NULL);
	flags = other->flags & ALL;
	kmem_cache_destroy(other);
	assert_int_equal(stop_heap(), 0);
	assert_int_equal(slab_debug_setup("-"), 0);
	return flags;
}

static void by_command_line(void **state)
{
	(void)state;
	assert_int_equal(flags_with("", "x"), ALL);
	assert_int_equal(flags_with("-", "x"), 0);
	assert_int_equal(flags_with("fz", "x"), SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE);
	assert_int_equal(flags_with("P,dentry,inode*", "dentry"), SLAB_POISON);
	assert_int_equal(flags_with("P,dentry,inode*", "inode_cache"), SLAB_POISON);
	assert_int_equal(flags_with("P,dentry,inode*", "dentr"), 0);
	assert_int_equal(flags_with("P,dentry,inode*", "dentryx"), 0);
	assert_int_equal(flags_with("U;Z,a;-,b", "a"), SLAB_RED_ZONE);
	assert_int_equal(flags_with("U;Z,a;-,b", "b"), 0);
	assert_int_equal(flags_with("U;Z,a;-,b", "c"), SLAB_STORE_USER);
	assert_int_equal(slab_debug_setup("FQ"), -22);
	assert_int_equal(slab_debug_setup("F,a;X,b"), -22);
}

/* All of kmalloc, too. */
static void kmalloc_under_debugging(void **state)
{
	unsigned char *p;

	(void)state;
	assert_int_equal(slab_debug_setup("FZPU"), 0);
	start_heap(32, 1);
	posix_log_take();
	for (size_t size = 1; size < 9000; size = size * 3 / 2 + 1) {
		p = kmalloc(size, GFP_KERNEL);
		memset(p, 1, size);
		kfree(p);
		p = kzalloc(size, GFP_KERNEL);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		kfree(p);
	}
	assert_false(logged("BUG"));
	p = kmalloc(64, GFP_KERNEL);
	p[64] = 0;
	kfree(p);
	REPORT("BUG kmalloc-64 (Not tainted): Right Redzone overwritten");
	kfree(p);
	assert_int_equal(stop_heap(), 0);
	assert_int_equal(slab_debug_setup("-"), 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, up, down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(overrun_by_one),
		T(underrun),
		T(use_after_free),
		T(double_free),
		T(invalid_free),
		T(wrong_cache),
		T(leak),
		T(validate),
		cmocka_unit_test(by_command_line),
		cmocka_unit_test(kmalloc_under_debugging),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
