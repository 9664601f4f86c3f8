/* SPDX-License-Identifier: MIT */
/* kmalloc's family and per-CPU memory. */
#include "heap/heap.h"
#include "support/layers.h"

static int up(void **state)
{
	(void)state;
	start_heap(64, 4);
	return 0;
}

static int down(void **state)
{
	(void)state;
	assert_int_equal(stop_heap(), 0);
	return 0;
}

static void every_size(void **state)
{
	(void)state;
	for (size_t size = 1; size <= KMALLOC_MAX_SIZE;
	     size = size < 300 ? size + 1 : size * 5 / 4) {
		unsigned char *p = kmalloc(size, GFP_KERNEL);

		assert_non_null(p);
		assert_true(ksize(p) >= size);
		assert_true(size > 8 ? ksize(p) < size * 2 : ksize(p) == 8);
		assert_int_equal((unsigned long)p % 8, 0);
		if (!(size & (size - 1)))
			assert_int_equal((unsigned long)p & (min(size, PAGE_SIZE) - 1), 0);
		memset(p, 0xee, ksize(p));
		kfree(p);
	}
	assert_law(heap_check());
}

static void classes(void **state)
{
	static const u32 size[] = { 8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192 };
	unsigned class = 0;

	(void)state;
	for (u32 n = 1; n <= 8192; n++) {
		if (n > size[class])
			class ++;
		assert_int_equal(kmalloc_class(n), class);
	}
}

static void edges(void **state)
{
	void *p, *q;

	(void)state;
	kfree(NULL);
	kfree(ZERO_SIZE_PTR);
	assert_ptr_equal(kmalloc(0, GFP_KERNEL), ZERO_SIZE_PTR);
	assert_ptr_equal(kcalloc(0, 8, GFP_KERNEL), ZERO_SIZE_PTR);
	assert_int_equal(ksize(ZERO_SIZE_PTR), 0);
	assert_int_equal(ksize(NULL), 0);
	assert_null(kmalloc_array(SIZE_MAX / 2, 3, GFP_KERNEL));
	assert_null(kmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL | __GFP_NOWARN));
	assert_null(kmalloc(SIZE_MAX, GFP_KERNEL | __GFP_NOWARN));
	posix_log_take();
	p = kmalloc(20000, GFP_KERNEL);
	kfree((char *)p + 4096);
	assert_true(logged("which kmalloc did not return"));
	kfree((char *)p + 8);
	assert_true(logged("which kmalloc did not return"));
	kfree(p);
	kfree(p);
	assert_true(logged("which kmalloc did not return"));
	p = kmalloc(64, GFP_DMA);
	q = kmalloc(64, GFP_KERNEL | __GFP_RECLAIMABLE);
	assert_int_equal(page_zonenum(virt_to_page(p)), ZONE_DMA);
	assert_true(cache_of(virt_to_page(q))->flags & SLAB_RECLAIM_ACCOUNT);
	kfree(p);
	kfree(q);
}

static void zeroing(void **state)
{
	(void)state;
	for (size_t size = 1; size < 20000; size = size * 3 / 2 + 1) {
		unsigned char *p = kmalloc(size, GFP_KERNEL);

		memset(p, 0xff, ksize(p));
		kfree(p);
		p = kzalloc(size, GFP_KERNEL);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		kfree_sensitive(p);
	}
}

static void resizing(void **state)
{
	char *p = krealloc(NULL, 5, GFP_KERNEL), *q;

	(void)state;
	memcpy(p, "quire", 5);
	for (size_t n = 6; n < 50000; n = n * 3 / 2) {
		p = krealloc(p, n, GFP_KERNEL);
		assert_memory_equal(p, "quire", 5);
	}
	q = p;
	assert_ptr_equal(krealloc(p, 100, GFP_KERNEL), q);
	quire_fail_nth(1);
	assert_null(krealloc(p, 200000, GFP_KERNEL | __GFP_NOWARN));
	quire_fail_nth(0);
	assert_memory_equal(p, "quire", 5);
	assert_null(krealloc_array(p, SIZE_MAX, 2, GFP_KERNEL));
	assert_ptr_equal(krealloc(p, 0, GFP_KERNEL), ZERO_SIZE_PTR);
}

static void copies(void **state)
{
	char *p = kstrdup("a fold in two", GFP_KERNEL);

	(void)state;
	assert_string_equal(p, "a fold in two");
	kfree(p);
	p = kstrndup("a fold in two", 6, GFP_KERNEL);
	assert_string_equal(p, "a fold");
	kfree(p);
	p = kmemdup("xyz", 3, GFP_KERNEL);
	assert_memory_equal(p, "xyz", 3);
	kfree(p);
	assert_null(kstrdup(NULL, GFP_KERNEL));
}

static DEFINE_PER_CPU(long, counter);

static void per_cpu_variables(void **state)
{
	struct thing {
		u64 a[5];
	} * t, *u, *many[200];
	unsigned cpu, n = 0;

	(void)state;
	this_cpu_write(counter, 5);
	this_cpu_add(counter, 3);
	this_cpu_dec(counter);
	assert_int_equal(this_cpu_read(counter), 7);
	assert_int_equal(per_cpu(counter, 0), 7);
	assert_int_equal(per_cpu(counter, 3), 0);
	t = alloc_percpu(struct thing);
	u = alloc_percpu(struct thing);
	for_each_possible_cpu(cpu) {
		for (unsigned i = 0; i < 5; i++)
			assert_int_equal(per_cpu_ptr(t, cpu)->a[i], 0);
		memset(per_cpu_ptr(t, cpu), (int)cpu + 1, sizeof(*t));
	}
	for_each_possible_cpu(cpu)
		assert_int_equal(per_cpu_ptr(u, cpu)->a[0], 0);
	posix_log_take();
	free_percpu(t);
	free_percpu(NULL);
	assert_false(logged("BUG"));
	free_percpu(t);
	assert_true(logged("alloc_percpu did not return"));
	free_percpu(u);
	while (n < 200 && (many[n] = __alloc_percpu(1000, 64)))
		n++;
	assert_true(n > 10 && n < 200); /* full is an answer, not a crash */
	assert_int_equal((unsigned long)per_cpu_ptr(many[0], 2) % 64, 0);
	while (n)
		free_percpu(many[--n]);
	this_cpu_write(counter, 0);
}

static void per_cpu_refusals(void **state)
{
	(void)state;
	assert_null(__alloc_percpu(0, 8));
	assert_null(__alloc_percpu(8, 3));
	assert_null(__alloc_percpu(1 << 30, 8));
	assert_int_not_equal(percpu_init(0), 0);
	assert_int_not_equal(percpu_init(QUIRE_NR_CPUS + 1), 0);
}

static void forgotten_objects(void **state)
{
	(void)state;
	start_heap(32, 1);
	assert_non_null(kmalloc(100, GFP_KERNEL));
	assert_non_null(kmalloc(10, GFP_KERNEL));
	assert_non_null(kmalloc(100000, GFP_KERNEL));
	assert_int_equal(stop_heap(), 2); /* and the frames balance all the same */
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, up, down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_size),        T(classes),          T(edges),
		T(zeroing),           T(resizing),         T(copies),
		T(per_cpu_variables), T(per_cpu_refusals), cmocka_unit_test(forgotten_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
