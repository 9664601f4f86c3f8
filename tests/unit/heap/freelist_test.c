/* SPDX-License-Identifier: MIT */
/* Somebody writes to what is free: the lists that lead through it are not followed, the damage is named, and
 * the heap goes on with what is left.  Only where lists are hardened; and in a random order where they are. */
#include <pthread.h>
#include <posix_machine.h>
#include "heap/freelist.h"
#include "support/layers.h"

#define SIZE 64u

static struct kmem_cache *cache;
static u8 *o[64];

static void boot(slab_flags_t flags)
{
	start_heap(32, 2);
	cache = kmem_cache_create("victim", SIZE, 0, flags | SLAB_NO_MERGE, NULL);
	assert_non_null(cache);
	posix_log_take();
}

static int up(void **state)
{
	(void)state;
	boot(0);
	return 0;
}

/* CPUs own no slabs of such a cache: the node's list is used. */
static int up_shared(void **state)
{
	(void)state;
	boot(SLAB_STORE_USER);
	return 0;
}

/* What was lost counts as in use. */
static int down(void **state)
{
	(void)state;
	(void)stop_heap();
	return 0;
}

static void take(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		o[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		assert_non_null(o[i]);
	}
}

static void give(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		kmem_cache_free(cache, o[i]);
}

static bool is_ours(const void *object)
{
	struct page *page = virt_to_page(object);

	return PageFlag(page, PG_slab) && object_around(page, object) == object &&
	       cache_of_object(page, object) == cache;
}

/* Take some more: sound ones, and none that is in use already. */
static void take_sound(unsigned n)
{
	static u8 *more[256];

	for (unsigned i = 0; i < n; i++) {
		more[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		assert_non_null(more[i]);
		assert_true(is_ours(more[i]));
		for (unsigned j = 0; j < i; j++)
			assert_ptr_not_equal(more[i], more[j]);
	}
	assert_law(heap_check());
	kmem_cache_free_bulk(cache, n, (void **)more);
	assert_law(heap_check());
}

#if QUIRE_HEAP == QUIRE_HEAP_SLUB
/* One report, of that object. */
static void assert_reported(const void *object)
{
	char words[80];
	const char *log = posix_log_take(), *bug = strstr(log, "BUG: ");

	snprintf(words, sizeof(words), "Freechain corrupt: free object %p of cache victim leads to",
		 object);
	if (!strstr(log, words))
		fail_msg("no \"%s\" in:\n%s", words, log);
	assert_null(strstr(bug + 5, "BUG: "));
}

/* What an attacker would write: an address of his choice. */
static void overwrite_link(void *object)
{
	*(unsigned long *)((char *)object + cache->link) = (unsigned long)&cache;
}

static void active_list(void **state)
{
	(void)state;
	take(8);
	give(8);
	overwrite_link(o[5]);
	take_sound(100);
	assert_reported(o[5]);
	kmem_cache_destroy(cache);
	assert_true(logged("objects are in use")); /* those that were lost */
}

static void shared_list(void **state)
{
	(void)state;
	take(8);
	give(8);
	overwrite_link(o[5]);
	take_sound(100);
	assert_reported(o[5]);
}

static void bulk(void **state)
{
	(void)state;
	take(8);
	give(8);
	overwrite_link(o[6]);
	assert_int_equal(kmem_cache_alloc_bulk(cache, GFP_KERNEL, 64, (void **)o), 64);
	for (unsigned i = 0; i < 64; i++)
		assert_true(is_ours(o[i]));
	assert_true(logged("Freechain corrupt"));
	assert_law(heap_check());
	kmem_cache_free_bulk(cache, 64, (void **)o);
}

static void *free_elsewhere(void *arg)
{
	(void)arg;
	posix_cpu_enter(1);
	give(8);
	overwrite_link(o[3]);
	overwrite_link(o[0]); /* the chain's end: where the next slab stands */
	posix_cpu_leave();
	return NULL;
}

/* Another CPU freed them. */
static void remote_chain(void **state)
{
	pthread_t thread;

	(void)state;
	take(8);
	assert_int_equal(pthread_create(&thread, NULL, free_elsewhere, NULL), 0);
	pthread_join(thread, NULL);
	take_sound(200);
	assert_reported(o[3]);
}

/* Nothing of the addresses of other objects can be read from a freed one, and equal lists in two caches
 * look different. */
static void links_are_secret(void **state)
{
	struct kmem_cache *other = kmem_cache_create("other", SIZE, 0, SLAB_NO_MERGE, NULL);
	unsigned long stored;

	(void)state;
	take(2);
	give(2);
	stored = *(unsigned long *)(o[1] + cache->link);
	assert_int_not_equal(stored, (unsigned long)o[0]);
	assert_ptr_equal(link_next(cache, o[1]), o[0]);
	assert_int_not_equal(cache_secret(cache), 0);
	assert_int_not_equal(cache_secret(cache), cache_secret(other));
	assert_ptr_not_equal(link_next(other, o[1]), o[0]);
	kmem_cache_destroy(other);
	kmem_cache_destroy(cache);
	assert_false(logged("BUG"));
}

#elif QUIRE_HEAP == QUIRE_HEAP_SLAB
/* The list is behind the objects of its slab. */
static void index_list(void **state)
{
	struct page *slab;
	u16 *list;

	(void)state;
	take(8);
	slab = slab_of(virt_to_page(o[0]));
	list = slab->slab_free;
	assert_true(slab->inuse < cache->objects);
	list[slab->inuse] = 0xffff;
	take_sound(200);
	assert_true(logged("Freechain corrupt: the free list of a slab of cache victim at 0x"));
	assert_law(heap_check());
}

#else
/* The header of a free piece, in front of what was the object. */
static void piece_list(void **state)
{
	(void)state;
	take(8);
	kmem_cache_free(cache, o[2]);
	kmem_cache_free(cache, o[4]);
	((u16 *)o[2])[-2] = 0x1234; /* units, mark, next, id: the next one */
	take_sound(100);
	assert_true(logged("Freechain corrupt: of the frame at 0x"));
	kmem_cache_free(cache, o[0]);
	kmem_cache_free(cache, o[1]);
	assert_law(heap_check());
	assert_false(logged("BUG"));
}
#endif

/* Objects of fresh slabs, in the order in which they come: how many are no neighbours of the one before. */
static unsigned jumps(void)
{
	const long most = (long)cache->size + 8; /* slob has a header between them */
	unsigned n = 0;

	take(64);
	for (unsigned i = 1; i < 64; i++)
		n += labs((long)(o[i] - o[i - 1])) > most;
	give(64);
	return n;
}

static void order(void **state)
{
	(void)state;
	if (QUIRE_SLAB_FREELIST_RANDOM && QUIRE_HEAP != QUIRE_HEAP_SLOB)
		assert_in_range(jumps(), 32, 63);
	else
		assert_in_range(jumps(), 0, 8);
	take_sound(200);
	kmem_cache_destroy(cache);
	assert_false(logged("BUG"));
}

int main(void)
{
	const struct CMUnitTest hardened[] = {
#if QUIRE_HEAP == QUIRE_HEAP_SLUB
		cmocka_unit_test_setup_teardown(active_list, up, down),
		cmocka_unit_test_setup_teardown(shared_list, up_shared, down),
		cmocka_unit_test_setup_teardown(bulk, up, down),
		cmocka_unit_test_setup_teardown(remote_chain, up, down),
		cmocka_unit_test_setup_teardown(links_are_secret, up, down),
#elif QUIRE_HEAP == QUIRE_HEAP_SLAB
		cmocka_unit_test_setup_teardown(index_list, up_shared, down),
#else
		cmocka_unit_test_setup_teardown(piece_list, up, down),
#endif
		cmocka_unit_test_setup_teardown(order, up, down),
	};
	const struct CMUnitTest plain[] = {
		cmocka_unit_test_setup_teardown(order, up, down),
	};

	(void)up_shared;
	if (!QUIRE_SLAB_FREELIST_HARDENED)
		return cmocka_run_group_tests_name("heap/freelist", plain, NULL, NULL);
	return cmocka_run_group_tests_name("heap/freelist, hardened", hardened, NULL, NULL);
}
