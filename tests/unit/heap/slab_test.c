/* SPDX-License-Identifier: MIT */
/* Caches: layout, sharing, constructors, destroying, debugging flags, wrong frees, CPUs,
 * slabinfo. */
#include <quire/slabinfo.h>
#include <quire/uaccess.h>
#include <pthread.h>
#include "heap/heap.h"
#include "support/layers.h"

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

static const struct {
	u32 size, align;
	slab_flags_t flags;
} layouts[] = {
	{ 1, 0, 0 },
	{ 8, 0, 0 },
	{ 24, 0, 0 },
	{ 40, 0, SLAB_HWCACHE_ALIGN },
	{ 100, 0, SLAB_HWCACHE_ALIGN },
	{ 120, 128, 0 },
	{ 312, 0, 0 },
	{ 416, 0, 0 },
	{ 1016, 0, 0 },
	{ 2112, 64, 0 },
	{ 5000, 0, 0 },
	{ 9000, 0, 0 },
	{ 40000, 0, 0 },
	{ 300000, 0, 0 },
	{ 64, 4096, 0 },
	{ 33, 0, SLAB_RED_ZONE | SLAB_POISON },
	{ 200, 0, SLAB_CONSISTENCY_CHECKS | SLAB_STORE_USER },
	{ 100, 0, SLAB_RECLAIM_ACCOUNT },
	{ 100, 0, SLAB_CACHE_DMA },
	{ 64, 0, SLAB_TYPESAFE_BY_RCU },
};

static void every_layout(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(layouts); i++) {
		u32 size = layouts[i].size, align = max(layouts[i].align, 8u);
		struct kmem_cache *cache = kmem_cache_create(
			"t", size, layouts[i].align, layouts[i].flags | SLAB_NO_MERGE, NULL);
		unsigned char *o[70];

		assert_non_null(cache);
		assert_int_equal(kmem_cache_size(cache), size);
		for (unsigned j = 0; j < 70 && j * size < (4 << 20); j++) {
			o[j] = kmem_cache_alloc(cache, GFP_KERNEL);
			assert_non_null(o[j]);
			assert_int_equal((unsigned long)o[j] & (align - 1), 0);
			memset(o[j], (int)j, size);
		}
		assert_law(heap_check());
		for (unsigned j = 0; j < 70 && j * size < (4 << 20); j++) {
			assert_int_equal(o[j][0], j);
			assert_int_equal(o[j][size - 1], j);
			kmem_cache_free(cache, o[j]);
		}
		assert_law(heap_check());
		kmem_cache_destroy(cache);
	}
	assert_null(kmem_cache_create("zero", 0, 0, 0, NULL));
	assert_null(kmem_cache_create("huge", KMALLOC_MAX_SIZE, 0, 0, NULL));
	assert_null(kmem_cache_create("odd", 8, 3, 0, NULL));
	assert_panics((void)!kmem_cache_create("must", 0, 0, SLAB_PANIC, NULL),
		      "cannot create cache must");
}

static void sharing(void **state)
{
	struct kmem_cache *a = kmem_cache_create("a", 72, 0, 0, NULL),
			  *b = kmem_cache_create("b", 70, 0, 0, NULL);
	struct kmem_cache *c = kmem_cache_create("c", 72, 0, SLAB_NO_MERGE, NULL);
	struct kmem_cache *d = kmem_cache_create("d", 72, 0, SLAB_RECLAIM_ACCOUNT, NULL);
	struct kmem_cache *e = kmem_cache_create_usercopy("e", 72, 0, 0, 8, 16, NULL);
	void *o;

	(void)state;
	assert_ptr_equal(a, b);
	assert_ptr_not_equal(a, c);
	assert_ptr_not_equal(a, d);
	assert_ptr_not_equal(a, e);
	o = kmem_cache_alloc(e, GFP_KERNEL);
	assert_int_equal(quire_usercopy_check((char *)o + 8, 16), 0);
	assert_int_not_equal(quire_usercopy_check((char *)o + 8, 17), 0);
	assert_int_not_equal(quire_usercopy_check(o, 4), 0);
	assert_int_equal(quire_usercopy_check(&o, 4), 0);
	kmem_cache_free(e, o);
	o = kmem_cache_alloc(a, GFP_KERNEL);
	kmem_cache_destroy(a);
	kmem_cache_free(b, o);
	kmem_cache_destroy(b);
	kmem_cache_destroy(c);
	kmem_cache_destroy(d);
	kmem_cache_destroy(e);
	kmem_cache_destroy(NULL);
}

static unsigned constructed;

static void construct(void *object)
{
	constructed++;
	memset(object, 0x42, 50);
}

static void constructors(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("ctor", 50, 0, 0, construct);
	unsigned char *o[200];
	unsigned made;

	(void)state;
	constructed = 0;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 200; i++) {
			o[i] = kmem_cache_alloc(cache, GFP_KERNEL);
			for (unsigned j = 0; j < 50; j++)
				assert_int_equal(o[i][j], 0x42);
		}
		for (unsigned i = 0; i < 200; i++)
			kmem_cache_free(cache, o[i]);
	}
	made = constructed;
	if (QUIRE_HEAP == QUIRE_HEAP_SLOB)
		assert_int_equal(made, 600); /* there is nothing that lasts */
	else
		assert_true(made >= 200 && made < 400); /* once per object of a slab */
	kmem_cache_destroy(cache);
}

static void destroy_refuses(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("busy", 48, 0, SLAB_NO_MERGE, NULL);
	void *a = kmem_cache_alloc(cache, GFP_KERNEL), *b = kmem_cache_alloc(cache, GFP_KERNEL);
	char words[60];

	(void)state;
	kmem_cache_free(cache, b);
	posix_log_take();
	kmem_cache_destroy(cache);
	snprintf(words, sizeof(words), "object %p", a);
	assert_true(strstr(posix_log_take(), words) != NULL);
	/* it still works */
	b = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, b);
	kmem_cache_free(cache, a);
	assert_law(heap_check());
	kmem_cache_destroy(cache);
	assert_false(logged("busy"));
}

static void wrong_frees(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("w", 64, 0, SLAB_NO_MERGE, NULL);
	struct kmem_cache *other = kmem_cache_create("other", 64, 0, SLAB_NO_MERGE, NULL);
	char *o = kmem_cache_alloc(cache, GFP_KERNEL), *p = kmem_cache_alloc(other, GFP_KERNEL);
	int on_stack;

	(void)state;
	kmem_cache_free(cache, o);
	posix_log_take();
	kmem_cache_free(cache, o);
	assert_true(logged("is freed twice"));
	kmem_cache_free(cache, NULL);
	assert_false(logged("BUG"));
	kmem_cache_free(cache, p + 8);
	assert_true(logged("is no object of it"));
	kmem_cache_free(cache, p);
	kmem_cache_shrink(cache); /* at the latest when the batch goes back */
	assert_true(logged("it belongs to other"));
	kfree(&on_stack);
	assert_true(logged("which kmalloc did not return"));
	kfree(p + 8);
	assert_true(logged("is no object of it"));
	kmem_cache_free(other, p);
	kmem_cache_destroy(cache);
	kmem_cache_destroy(other);
	assert_law(heap_check());
}

static void debugging(void **state)
{
	slab_flags_t all = SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER | SLAB_CONSISTENCY_CHECKS;
	struct kmem_cache *cache = kmem_cache_create("dbg", 60, 0, all, NULL);
	unsigned char *a = kmem_cache_alloc(cache, GFP_KERNEL),
		      *b = kmem_cache_alloc(cache, GFP_KERNEL), *c;

	(void)state;
	posix_log_take();
	a[60] = 1;
	kmem_cache_free(cache, a);
	assert_true(logged("Right Redzone overwritten"));
	assert_int_equal(a[60], 0xcc); /* repaired */
	kmem_cache_free(cache, a);
	kmem_cache_free(cache, b);
	assert_false(logged("BUG"));
	kmem_cache_free(cache, a); /* not the last one freed: the full check finds it */
	assert_true(
		logged(QUIRE_HEAP == QUIRE_HEAP_SLOB ? "is freed twice" : "Object already free"));
	b[5] = 0;
	/* slob takes the first that fits, the others the one freed last. */
	a = QUIRE_HEAP == QUIRE_HEAP_SLOB ? kmem_cache_alloc(cache, GFP_KERNEL) : NULL;
	assert_false(logged("BUG"));
	c = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_ptr_equal(c, b);
	assert_true(logged("First byte 0x0 instead of 0x6b"));
	kmem_cache_free(cache, a);
	kmem_cache_free(cache, c);
	kmem_cache_destroy(cache);
}

static void bulk(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("bulk", 128, 0, SLAB_NO_MERGE, NULL);
	void *o[100];

	(void)state;
	assert_int_equal(kmem_cache_alloc_bulk(cache, GFP_KERNEL, 100, o), 100);
	assert_law(heap_check());
	kmem_cache_free_bulk(cache, 100, o);
	quire_fail_nth(50);
	assert_int_equal(kmem_cache_alloc_bulk(cache, GFP_KERNEL, 100, o), 0);
	assert_true(quire_fail_fired());
	kmem_cache_shrink(cache);
	assert_int_equal(kmem_cache_shrink(cache), 0);
	kmem_cache_destroy(cache);
}

#define TRAVEL 3000
static void *travel[TRAVEL];

/* What a CPU keeps at hand after frees, in whatever order, keeps no slab: one call gives all back. */
static void trim(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("trim", 200, 0, SLAB_NO_MERGE, NULL);
	enum { N = 2000 };
	static void *o[N];
	struct slab_counts counts;

	(void)state;
	for (unsigned step = 1; step <= 7; step += 6) {
		for (unsigned i = 0; i < N; i++) {
			o[i] = kmem_cache_alloc(cache, GFP_KERNEL);
			assert_non_null(o[i]);
		}
		for (unsigned i = 0, at = 0; i < N; i++, at = (at + step) % N)
			kmem_cache_free(cache, o[at]);
		heap_trim();
		assert_law(heap_check());
		cache_count(cache, &counts);
		if (QUIRE_HEAP == QUIRE_HEAP_SLUB)
			assert_int_equal(counts.slabs, 0);
	}
	assert_int_equal(kmem_cache_shrink(cache), 0);
	kmem_cache_destroy(cache);
}

/* Somebody who frees what another CPU allocated lets it wait a little; trimming or leaving ends that. */
static void *give_some(void *cache)
{
	posix_cpu_enter(1);
	for (unsigned i = 0; i < 100; i++) {
		kmem_cache_free(cache, travel[i]);
		travel[i] = NULL;
	}
	heap_trim();
	posix_cpu_leave();
	return NULL;
}

static void nothing_waits_on(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("waits", 64, 0, SLAB_NO_MERGE, NULL);
	struct slab_counts counts;
	pthread_t thread;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		travel[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_int_equal(pthread_create(&thread, NULL, give_some, cache), 0);
	pthread_join(thread, NULL);
	heap_trim();
	cache_count(cache, &counts);
	if (QUIRE_HEAP == QUIRE_HEAP_SLUB)
		assert_int_equal(counts.slabs, 0);
	assert_law(heap_check());
	kmem_cache_destroy(cache);
}

/* ---- objects that travel between CPUs -------------------------------------------------------- */
static void *receiver(void *arg)
{
	(void)arg;
	posix_cpu_enter(1);
	for (unsigned i = 0; i < TRAVEL; i++) {
		void *o;

		while (!(o = __atomic_exchange_n(&travel[i], NULL, __ATOMIC_ACQ_REL)))
			port_cpu_relax();
		kfree(o);
	}
	posix_cpu_leave();
	return NULL;
}

static void two_cpus(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, receiver, NULL), 0);
	for (unsigned i = 0; i < TRAVEL; i++)
		__atomic_store_n(&travel[i], kmalloc(8 + i % 500, GFP_KERNEL), __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	assert_law(heap_check());
}

static void in_interrupts(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("irq", 40, 0, SLAB_NO_MERGE, NULL);
	void *a = kmem_cache_alloc(cache, GFP_KERNEL), *b, *c;

	(void)state;
	quire_irq_enter();
	b = kmem_cache_alloc(cache, GFP_ATOMIC);
	assert_non_null(b);
	kmem_cache_free(cache, a);
	quire_irq_exit();
	/* What the CPU has at hand was not touched. */
	if (QUIRE_HEAP == QUIRE_HEAP_SLUB)
		assert_ptr_not_equal(slab_of(virt_to_page(b)), slab_of(virt_to_page(a)));
	c = kmem_cache_alloc(cache, GFP_KERNEL);
	if (QUIRE_HEAP != QUIRE_HEAP_SLOB)
		assert_ptr_not_equal(c, a);
	kmem_cache_free(cache, c);
	assert_law(heap_check());
	kmem_cache_free(cache, b);
	kmem_cache_destroy(cache);
}

/* The layout of /proc/slabinfo, by the columns of Linux 6.18's. */
static void slabinfo(void **state)
{
	static const char *const line[] = {
		[QUIRE_HEAP_SLUB] =
			"\nbio-312               12     12    320   12    1 : tunables    "
			"0    0    0 : slabdata      1      1      0\n",
		[QUIRE_HEAP_SLAB] =
			"\nbio-312               12     12    320   12    1 : tunables   "
			"26   13    8 : slabdata      1      1      0\n",
		[QUIRE_HEAP_SLOB] =
			"\nbio-312                1      1    320   12    1 : tunables    "
			"0    0    0 : slabdata      0      0      0\n",
	};
	static char text[16384];
	struct seq_buf buf = { text, sizeof(text) - 1, 0 };
	struct seq_out out = { seq_buf_emit, &buf, 0, 0 };
	struct kmem_cache *cache = kmem_cache_create("bio-312", 320, 0, SLAB_NO_MERGE, NULL);
	void *o = kmem_cache_alloc(cache, GFP_KERNEL);

	(void)state;
	show_slabinfo(&out);
	assert_int_equal(out.error, 0);
	assert_non_null(strstr(text, "slabinfo - version: 2.1\n# name            <active_objs> "
				     "<num_objs> <objsize> <objperslab> "
				     "<pagesperslab> : tunables <limit> <batchcount> "
				     "<sharedfactor> : slabdata <active_slabs> "
				     "<num_slabs> <sharedavail>\n"));
	assert_non_null(strstr(text, line[QUIRE_HEAP]));
	kmem_cache_free(cache, o);
	kmem_cache_destroy(cache);
}

static void accounting(void **state)
{
	unsigned long before = global_node_page_state(NR_SLAB_UNRECLAIMABLE_B), reclaimable;
	struct kmem_cache *cache =
		kmem_cache_create("acc", 1024, 0, SLAB_RECLAIM_ACCOUNT | SLAB_NO_MERGE, NULL);
	void *o, *large = kmalloc(100000, GFP_KERNEL);

	(void)state;
	assert_true(global_node_page_state(NR_SLAB_UNRECLAIMABLE_B) >= before + (128 << 10));
	kfree(large);
	reclaimable = global_node_page_state(NR_SLAB_RECLAIMABLE_B);
	o = kmem_cache_alloc(cache, GFP_KERNEL);
	if (QUIRE_HEAP != QUIRE_HEAP_SLOB) /* whose frames serve all */
		assert_int_equal(global_node_page_state(NR_SLAB_RECLAIMABLE_B),
				 reclaimable + (PAGE_SIZE << cache->order));
	kmem_cache_free(cache, o);
	kmem_cache_destroy(cache);
	assert_int_equal(global_node_page_state(NR_SLAB_RECLAIMABLE_B), reclaimable);
}

static void no_memory(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("oom", 4096, 0, SLAB_NO_MERGE, NULL);
	static void *o[20000];
	unsigned n = 0;

	(void)state;
	while (n < 20000 && (o[n] = kmem_cache_alloc(cache, GFP_KERNEL | __GFP_NOWARN)))
		n++;
	assert_in_range(n, 6000, 8192);
	assert_law(heap_check());
	while (n)
		kmem_cache_free(cache, o[--n]);
	kmem_cache_destroy(cache);
	assert_law(frames_check());
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, up, down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_layout),  T(sharing),  T(constructors), T(destroy_refuses),  T(wrong_frees),
		T(debugging),     T(bulk),     T(trim),         T(nothing_waits_on), T(two_cpus),
		T(in_interrupts), T(slabinfo), T(accounting),   T(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
