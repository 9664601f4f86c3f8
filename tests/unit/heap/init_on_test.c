/* SPDX-License-Identifier: MIT */
/* init_on_alloc=1 and init_on_free=1 for objects: whoever gets one finds zeroes, who looks at a freed one too,
 * except where contents mean something while an object is free. */
#include <quire/kfence.h>
#include <quire/page_poison.h>
#include "heap/heap.h"
#include "support/layers.h"

#define SIZE 88u
#define NR   300u

static struct kmem_cache *plain, *made, *rcu, *poisoned;
static u8 *objects[NR], *between[NR]; /* what lies between keeps their frames from going */

static void five(void *object)
{
	memset(object, 5, SIZE);
}

static void boot(void)
{
	start_heap(32, 2);
	plain = kmem_cache_create("plain", SIZE, 0, SLAB_NO_MERGE, NULL);
	made = kmem_cache_create("made", SIZE, 0, 0, five);
	rcu = kmem_cache_create("rcu", SIZE, 0, SLAB_TYPESAFE_BY_RCU, NULL);
	poisoned = kmem_cache_create("poisoned", SIZE, 0, SLAB_POISON, NULL);
}

static int up_alloc(void **state)
{
	(void)state;
	init_on_alloc_enable();
	boot();
	return 0;
}

static int up_free(void **state)
{
	(void)state;
	init_on_free_enable();
	boot();
	return 0;
}

static int up_none(void **state)
{
	(void)state;
	boot();
	return 0;
}

static int down(void **state)
{
	(void)state;
	kmem_cache_destroy(plain);
	kmem_cache_destroy(made);
	kmem_cache_destroy(rcu);
	kmem_cache_destroy(poisoned);
	assert_false(logged("BUG"));
	assert_int_equal(stop_heap(), 0);
	return 0;
}

static bool is_all(const u8 *at, size_t n, u8 byte)
{
	for (size_t i = 0; i < n; i++)
		if (at[i] != byte)
			return false;
	return true;
}

/* Objects that were written to and freed come again: how many of them are all `byte`. */
static unsigned again(struct kmem_cache *cache, u8 byte)
{
	unsigned n = 0;

	for (unsigned i = 0; i < NR; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		between[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		memset(objects[i], 0xee, SIZE);
	}
	for (unsigned i = 0; i < NR; i++) {
		if (cache->ctor)
			cache->ctor(objects[i]);
		kmem_cache_free(cache, objects[i]);
	}
	for (unsigned i = 0; i < NR; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		n += is_all(objects[i], SIZE, byte);
	}
	assert_law(heap_check());
	kmem_cache_free_bulk(cache, NR, (void **)objects);
	kmem_cache_free_bulk(cache, NR, (void **)between);
	return n;
}

static void on_alloc(void **state)
{
	(void)state;
	assert_int_equal(again(plain, 0), NR);
	assert_int_equal(again(made, 5), NR); /* as the constructor, or its last owner, left them */
	assert_true(again(rcu, 0) < NR);
	assert_true(again(poisoned, 0) < NR);
	for (size_t size = 1; size < 3 * PAGE_SIZE; size += 1 + size / 5) {
		u8 *o = kmalloc(size, GFP_KERNEL);

		assert_true(is_all(o, ksize(o), 0));
		memset(o, 0xee, ksize(o));
		kfree(o);
		o = kmalloc(size, GFP_KERNEL);
		assert_true(is_all(o, size, 0));
		kfree(o);
	}
	assert_int_equal(kmem_cache_alloc_bulk(plain, GFP_KERNEL, NR, (void **)objects), NR);
	for (unsigned i = 0; i < NR; i++)
		assert_true(is_all(objects[i], SIZE, 0));
	kmem_cache_free_bulk(plain, NR, (void **)objects);
}

/* What a freed object holds, but for the first word, where slub keeps its list. */
static bool zero_when_free(struct kmem_cache *cache)
{
	u8 *o = kmem_cache_alloc(cache, GFP_KERNEL), *other = kmem_cache_alloc(cache, GFP_KERNEL);
	bool zero;

	memset(o, 5, SIZE); /* what made's constructor leaves */
	kmem_cache_free(cache, o);
	zero = is_all(o + sizeof(void *), SIZE - sizeof(void *), 0);
	kmem_cache_free(cache, other);
	return zero;
}

static void on_free(void **state)
{
	u8 *o = kmalloc_node(100, GFP_KERNEL, 0), *other = kmalloc_node(100, GFP_KERNEL, 0);

	(void)state;
	assert_true(zero_when_free(plain));
	assert_false(zero_when_free(made));
	assert_false(zero_when_free(rcu));
	assert_false(zero_when_free(poisoned));
	memset(o, 0xee, ksize(o));
	kfree(o);
	assert_true(is_all(o + sizeof(void *), 100 - sizeof(void *), 0));
	kfree(other);
	assert_law(heap_check());
}

/* The object's link is not cleared before it is found out. */
static void freed_twice(void **state)
{
	u8 *o = kmem_cache_alloc(plain, GFP_KERNEL), *other = kmem_cache_alloc(plain, GFP_KERNEL);

	(void)state;
	kmem_cache_free(plain, o);
	kmem_cache_free(plain, o);
	assert_true(logged("is freed twice"));
	assert_law(heap_check());
	kmem_cache_free(plain, other);
	assert_law(heap_check());
}

static void guarded(void **state)
{
	u8 *o;

	(void)state;
	kfence_enable(1);
	kfence_init();
	for (unsigned i = 0; i < 2 * QUIRE_KFENCE_NUM_OBJECTS; i++) {
		o = kmalloc_node(100, GFP_KERNEL, 0);
		assert_true(is_kfence_address(o));
		assert_true(is_all(o, 100, 0));
		memset(o, 0xee, 100);
		kfree(o);
	}
	o = kmem_cache_alloc(made, GFP_KERNEL);
	assert_true(is_kfence_address(o));
	assert_true(is_all(o, SIZE, 5));
	kmem_cache_free(made, o);
}

/* Without the words nothing is cleared. */
static void off(void **state)
{
	(void)state;
	assert_true(again(plain, 0) < NR);
	assert_false(zero_when_free(plain));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(on_alloc, up_alloc, down),
		cmocka_unit_test_setup_teardown(on_free, up_free, down),
		cmocka_unit_test_setup_teardown(freed_twice, up_free, down),
		cmocka_unit_test_setup_teardown(guarded, up_alloc, down),
		cmocka_unit_test_setup_teardown(off, up_none, down),
	};

	return cmocka_run_group_tests_name("heap/init_on", tests, NULL, NULL);
}
