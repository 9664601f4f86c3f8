/* SPDX-License-Identifier: MIT */
/* Every kind of mistake is planted at objects between closed pages, and the report must be the right one,
 * in Linux's layout; then the same where pages cannot be closed. */
#include <signal.h>
#include <ucontext.h>
#include <quire/kfence.h>
#include "heap/heap.h"
#include "support/layers.h"

#define SIZE 64u

static struct kmem_cache *cache;
static volatile unsigned char sink;

/* ---- faults of the host become the machine's -------------------------------------------------- */
static struct sigaction before;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *c = context;
	unsigned long ip = 0, error = 0;

	(void)c;
#if defined(__x86_64__)
	ip = (unsigned long)c->uc_mcontext.gregs[REG_RIP];
	error = (unsigned long)c->uc_mcontext.gregs[REG_ERR];
#elif defined(__i386__)
	ip = (unsigned long)c->uc_mcontext.gregs[REG_EIP];
	error = (unsigned long)c->uc_mcontext.gregs[REG_ERR];
#endif
	if (!kfence_handle_page_fault((unsigned long)info->si_addr, error & 2, ip))
		sigaction(sig, &before, NULL); /* not ours: it happens again */
}

/* cmocka has a handler of its own during each step. */
static void catch_faults(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };
	struct sigaction was;

	assert_int_equal(sigaction(SIGSEGV, &action, &was), 0);
	if (was.sa_sigaction != on_fault)
		before = was;
}

static void boot(unsigned long interval, bool protection)
{
	start_heap(32, 2);
	if (!protection)
		posix_no_protection();
	cache = kmem_cache_create("victim", SIZE, 0, SLAB_NO_MERGE, NULL);
	assert_non_null(cache);
	kfence_enable(interval);
	kfence_init();
	assert_true(logged(protection ? "kfence: initialized" : "which stay open"));
}

static int up(void **state)
{
	(void)state;
	boot(1, true);
	return 0;
}

static int up_open(void **state)
{
	(void)state;
	boot(1, false);
	return 0;
}

static int up_seldom(void **state)
{
	(void)state;
	boot(100, true);
	return 0;
}

static int down(void **state)
{
	(void)state;
	kmem_cache_destroy(cache);
	assert_int_equal(stop_heap(), 0);
	assert_false(is_kfence_address(&cache));
	return 0;
}

/* An object at the end of its page, or at the start, as the next one. */
static unsigned char *object_at(bool end)
{
	unsigned char *o, *other = NULL;

	catch_faults();
	o = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_true(is_kfence_address(o));
	if (!((unsigned long)(o + SIZE) & ~PAGE_MASK) != end) {
		other = o;
		o = kmem_cache_alloc(cache, GFP_KERNEL);
	}
	if (other)
		kmem_cache_free(cache, other);
	assert_int_equal(!((unsigned long)(o + SIZE) & ~PAGE_MASK), end);
	memset(o, 1, SIZE);
	posix_log_take();
	return o;
}

/* One report, which has all the words, and none else. */
static void assert_report(const char *const *words)
{
	const char *log = posix_log_take(), *bug = strstr(log, "BUG: ");

	for (; *words; words++)
		if (!strstr(log, *words))
			fail_msg("no \"%s\" in:\n%s", *words, log);
	if (!bug || strstr(bug + 5, "BUG: "))
		fail_msg("not one report:\n%s", log);
}
#define REPORT(...) assert_report((const char *const[]){ __VA_ARGS__, NULL })

/* "kfence-#N: 0x...-0x..., size=64, cache=victim" without the number. */
static const char *object_line(const unsigned char *o)
{
	static char line[120];

	snprintf(line, sizeof(line), ": 0x%lx-0x%lx, size=64, cache=victim", (unsigned long)o,
		 (unsigned long)o + SIZE - 1);
	return line;
}

static const char *at_line(const char *what, const unsigned char *at)
{
	static char line[80];

	snprintf(line, sizeof(line), "%s 0x%lx ", what, (unsigned long)at);
	return line;
}

static void read_behind(void **state)
{
	unsigned char *o = object_at(true);

	(void)state;
	sink = ((volatile unsigned char *)o)[SIZE];
	REPORT("BUG: KFENCE: out-of-bounds read in 0x", at_line("Out-of-bounds read at", o + SIZE),
	       "(1B right of kfence-#", object_line(o), "\nallocated by task 0 on cpu 0:\n 0x",
	       "CPU: 0 PID: 0 Comm: swapper Not tainted");
	sink = ((volatile unsigned char *)o)[SIZE + 4]; /* the guard is open now */
	assert_false(logged("BUG"));
	kmem_cache_free(cache, o);
	assert_false(logged("BUG"));
	sink = ((volatile unsigned char *)o)[SIZE]; /* and closed again */
	assert_true(logged("BUG: KFENCE: out-of-bounds read"));
}

static void write_in_front(void **state)
{
	unsigned char *o = object_at(false);

	(void)state;
	((volatile unsigned char *)o)[-3] = 1;
	REPORT("BUG: KFENCE: out-of-bounds write in 0x", at_line("Out-of-bounds write at", o - 3),
	       "(3B left of kfence-#", object_line(o));
	kmem_cache_free(cache, o);
	assert_false(logged("BUG"));
}

static void use_after_free(void **state)
{
	unsigned char *o = object_at(true), *p = object_at(false);

	(void)state;
	kmem_cache_free(cache, o);
	sink = ((volatile unsigned char *)o)[17];
	REPORT("BUG: KFENCE: use-after-free read in 0x", at_line("Use-after-free read at", o + 17),
	       "(in kfence-#", object_line(o), "\nallocated by task 0",
	       "\nfreed by task 0 on cpu 0:\n 0x");
	kmem_cache_free(cache, p);
	((volatile unsigned char *)p)[0] = 9;
	REPORT("BUG: KFENCE: use-after-free write in 0x", object_line(p), "\nfreed by task 0");
}

static void never_there(void **state)
{
	unsigned char *o = object_at(true);

	(void)state;
	sink = ((volatile unsigned char *)o)[20 * PAGE_SIZE];
	REPORT("BUG: KFENCE: invalid read in 0x", "Invalid read at 0x");
	kmem_cache_free(cache, o);
}

static void double_free(void **state)
{
	unsigned char *o = object_at(true);

	(void)state;
	kmem_cache_free(cache, o);
	kmem_cache_free(cache, o);
	REPORT("BUG: KFENCE: invalid free in 0x", at_line("Invalid free of", o), "(in kfence-#",
	       object_line(o), "\nallocated by", "\nfreed by");
	kfree(o);
	assert_true(logged("BUG: KFENCE: invalid free in 0x"));
}

static void invalid_free(void **state)
{
	unsigned char *o = object_at(true);

	(void)state;
	kfree(o + 8);
	REPORT("BUG: KFENCE: invalid free in 0x", at_line("Invalid free of", o + 8),
	       object_line(o));
	kfree(o + SIZE); /* of the guard */
	REPORT("BUG: KFENCE: invalid free in 0x", "Invalid free of 0x");
	kfree(o);
	assert_false(logged("BUG"));
}

static void corruption(void **state)
{
	unsigned char *o = object_at(false);

	(void)state;
	o[SIZE + 1] = 0xac;
	kmem_cache_free(cache, o);
	REPORT("BUG: KFENCE: memory corruption in 0x", at_line("Corrupted memory at", o + SIZE + 1),
	       "[ 0xac . . . . . . . . . . . . . . . ] (in kfence-#", object_line(o),
	       "\nallocated by");
	o = object_at(true);
	o[-1] = 0;
	kmem_cache_free(cache, o);
	REPORT("BUG: KFENCE: memory corruption in 0x", "[ 0x00 ]", object_line(o));
}

static void wrong_cache(void **state)
{
	struct kmem_cache *other = kmem_cache_create("other", SIZE, 0, SLAB_NO_MERGE, NULL);
	unsigned char *o = object_at(true);

	(void)state;
	kmem_cache_free(other, o);
	assert_true(logged("freed to cache other and is no object of it; it belongs to victim"));
	kmem_cache_free(cache, o);
	assert_false(logged("BUG"));
	kmem_cache_destroy(other);
}

static void leak(void **state)
{
	unsigned char *o = object_at(true);
	const char *log;

	(void)state;
	kmem_cache_destroy(cache);
	log = posix_log_take();
	assert_non_null(strstr(log, "cache victim is not destroyed: 1 objects are in use"));
	assert_non_null(strstr(log, object_line(o)));
	kmem_cache_free(cache, o);
	kmem_cache_destroy(cache);
	cache = NULL;
	sink = ((volatile unsigned char *)o)[0];
	assert_true(logged("cache=<destroyed>"));
}

static void sizes(void **state)
{
	unsigned char *o = kmalloc_node(73, GFP_KERNEL, 0), *p;

	(void)state;
	assert_true(is_kfence_address(o));
	assert_int_equal((unsigned long)o % ARCH_KMALLOC_MINALIGN, 0);
	assert_int_equal(ksize(o), 73);
	memset(o, 5, 73);
	p = krealloc(o, 200, GFP_KERNEL);
	assert_non_null(p);
	for (unsigned i = 0; i < 73; i++)
		assert_int_equal(p[i], 5);
	kfree_sensitive(p);
	for (unsigned size = 8; size <= PAGE_SIZE; size *= 2) {
		volatile size_t n = size; /* so that it is no constant */

		o = kmalloc(n, GFP_KERNEL | __GFP_ZERO);
		assert_int_equal((unsigned long)o % size, 0);
		assert_true(ksize(o) >= size);
		for (unsigned i = 0; i < size; i++)
			assert_int_equal(o[i], 0);
		memset(o, 0xee, size);
		kfree(o);
	}
	o = kmalloc(PAGE_SIZE + 1, GFP_KERNEL);
	assert_false(is_kfence_address(o));
	kfree(o);
	assert_false(logged("BUG"));
}

static void seven(void *object)
{
	memset(object, 7, SIZE);
}

static void who_is_guarded(void **state)
{
	struct kmem_cache *made = kmem_cache_create("made", SIZE, 0, 0, seven);
	struct kmem_cache *rcu = kmem_cache_create("rcu", SIZE, 0, SLAB_TYPESAFE_BY_RCU, NULL);
	struct kmem_cache *dma = kmem_cache_create("dma", SIZE, 0, SLAB_CACHE_DMA, NULL);
	unsigned char *a = kmem_cache_alloc(made, GFP_KERNEL), *b, *c;

	(void)state;
	b = kmem_cache_alloc(rcu, GFP_KERNEL);
	c = kmem_cache_alloc(dma, GFP_KERNEL);
	assert_true(is_kfence_address(a));
	for (unsigned i = 0; i < SIZE; i++)
		assert_int_equal(a[i], 7);
	assert_false(is_kfence_address(b));
	assert_false(is_kfence_address(c));
	kmem_cache_free(made, a);
	kmem_cache_free(rcu, b);
	kmem_cache_free(dma, c);
	kmem_cache_destroy(made);
	kmem_cache_destroy(rcu);
	kmem_cache_destroy(dma);
}

static const char *stats(void)
{
	static char text[400];
	struct seq_buf buf = { text, sizeof(text), 0 };
	struct seq_out out = { .emit = seq_buf_emit, .arg = &buf };

	show_kfence_stats(&out);
	return text;
}

/* More objects than places: the others come from slabs, and every place is used again. */
static void full_pool(void **state)
{
	static void *o[QUIRE_KFENCE_NUM_OBJECTS + 100];

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		unsigned guarded = 0;

		for (unsigned i = 0; i < ARRAY_SIZE(o); i++) {
			o[i] = kmem_cache_alloc(cache, GFP_KERNEL);
			assert_non_null(o[i]);
			memset(o[i], (int)i, SIZE);
			guarded += is_kfence_address(o[i]);
		}
		assert_int_equal(guarded, QUIRE_KFENCE_NUM_OBJECTS);
		assert_law(heap_check());
		for (unsigned i = 0; i < ARRAY_SIZE(o); i++)
			kmem_cache_free(cache, o[i]);
		assert_law(heap_check());
	}
	assert_non_null(strstr(stats(), "enabled: 1\ncurrently allocated: 0\n"));
	assert_non_null(strstr(stats(), "total bugs: 0\n"));
	assert_null(strstr(stats(), "skipped allocations (capacity): 0\n"));
	assert_false(logged("BUG"));
}

/* About one in a hundred, whatever way the others go. */
static void sampled(void **state)
{
	static void *o[10000];
	unsigned guarded = 0;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(o); i++) {
		o[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		guarded += is_kfence_address(o[i]);
	}
	assert_in_range(guarded, 80, 120);
	assert_law(heap_check());
	kmem_cache_free_bulk(cache, ARRAY_SIZE(o), o);
	assert_int_equal(kmem_cache_alloc_bulk(cache, GFP_KERNEL, 5000, o), 5000);
	kmem_cache_free_bulk(cache, 5000, o);
	assert_law(heap_check());
	assert_false(logged("BUG"));
}

/* Without a block of that size there are fewer places; without memory for the table it stays off. */
static void little_memory(void **state)
{
	void *o;

	(void)state;
	kmem_cache_destroy(cache);
	cache = NULL;
	assert_int_equal(heap_exit(), 0);
	assert_int_equal(heap_init(), 0);
	kfence_enable(1);
	quire_fail_nth(2);
	kfence_init();
	assert_int_equal(quire_fail_fired(), 1);
	quire_fail_nth(0);
	assert_true(logged("kfence: no memory for its pool: it stays off"));
	o = kmalloc_node(64, GFP_KERNEL, 0);
	assert_false(is_kfence_address(o));
	assert_false(kfence_handle_page_fault((unsigned long)o, false, 0));
	kfree(o);
	quire_fail_nth(1);
	kfence_init();
	quire_fail_nth(0);
	assert_true(logged("for 127 objects at"));
	o = kmalloc_node(64, GFP_KERNEL, 0);
	assert_true(is_kfence_address(o));
	kfree(o);
}

/* ---- without closed pages --------------------------------------------------------------------- */
static void open_guards(void **state)
{
	unsigned char *o = object_at(true);

	(void)state;
	o[SIZE] = 0x42;
	assert_false(logged("BUG"));
	kmem_cache_free(cache, o);
	REPORT("BUG: KFENCE: memory corruption in 0x", at_line("Corrupted memory at", o + SIZE),
	       "[ 0x42 . . . ", object_line(o));
	o = object_at(false);
	o[-2] = 0x43;
	kmem_cache_free(cache, o);
	REPORT("BUG: KFENCE: memory corruption in 0x", at_line("Corrupted memory at", o - 2),
	       object_line(o));
	kmem_cache_free(cache, o);
	REPORT("BUG: KFENCE: invalid free in 0x", object_line(o));
}

static void open_freed(void **state)
{
	unsigned char *o = object_at(true);

	(void)state;
	kmem_cache_free(cache, o);
	o[5] = 0x44;
	for (unsigned i = 0; i < QUIRE_KFENCE_NUM_OBJECTS; i++)
		kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
	REPORT("BUG: KFENCE: memory corruption in 0x", at_line("Corrupted memory at", o + 5),
	       "[ 0x44 . . . ", object_line(o), "\nfreed by");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(read_behind, up, down),
		cmocka_unit_test_setup_teardown(write_in_front, up, down),
		cmocka_unit_test_setup_teardown(use_after_free, up, down),
		cmocka_unit_test_setup_teardown(never_there, up, down),
		cmocka_unit_test_setup_teardown(double_free, up, down),
		cmocka_unit_test_setup_teardown(invalid_free, up, down),
		cmocka_unit_test_setup_teardown(corruption, up, down),
		cmocka_unit_test_setup_teardown(wrong_cache, up, down),
		cmocka_unit_test_setup_teardown(leak, up, down),
		cmocka_unit_test_setup_teardown(sizes, up, down),
		cmocka_unit_test_setup_teardown(who_is_guarded, up, down),
		cmocka_unit_test_setup_teardown(full_pool, up, down),
		cmocka_unit_test_setup_teardown(sampled, up_seldom, down),
		cmocka_unit_test_setup_teardown(little_memory, up, down),
		cmocka_unit_test_setup_teardown(open_guards, up_open, down),
		cmocka_unit_test_setup_teardown(open_freed, up_open, down),
		cmocka_unit_test_setup_teardown(sizes, up_open, down),
		cmocka_unit_test_setup_teardown(full_pool, up_open, down),
	};

	return cmocka_run_group_tests_name("heap/kfence", tests, NULL, NULL);
}
