/* SPDX-License-Identifier: MIT */
/*
 * tests/tiny/suite.c - every size class, alignments, memory filled to its last frame and emptied,
 * random work, wrong frees: and never a frame too few afterwards.
 *
 * Objects that are held are a list through their first word; every other byte says which it is.
 */
#include <quire/boot.h>
#include <quire/bytes.h>
#include <quire/check.h>
#include <quire/config.h>
#include <quire/slab.h>
#include <quire/stop.h>
#include "suite.h"

#define EMPTY   (GFP_ATOMIC | __GFP_MEMALLOC | __GFP_NOWARN) /* down to the last frame */
#define RANDOMS 64u

struct tiny_frames tiny_frames;

/* The first that fails ends the case, in words. */
#define EXPECT(condition, words)                                                                   \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return words;                                                              \
	} while (0)

/* ---- start and stop -------------------------------------------------------------------------- */
const char *tiny_start(void)
{
	tiny_frames.ram = (unsigned long)(memblock_phys_mem_size() >> PAGE_SHIFT);
	frames_init();
	memblock_free_all();
	tiny_frames.managed = nr_free_pages();
	EXPECT(tiny_frames.managed == totalram_pages(), "frames are missing after the hand-over");
	EXPECT(percpu_init(1) == 0, "no memory for the CPU");
	tiny_frames.with_cpu = nr_free_pages();
	EXPECT(heap_init() == 0, "no memory for the heap");
	tiny_frames.with_heap = nr_free_pages();
	return NULL;
}

const char *tiny_stop(void)
{
	EXPECT(heap_exit() == 0, "objects are left");
	percpu_exit();
	EXPECT(nr_free_pages() == tiny_frames.managed, "frames are missing at the end");
	frames_exit();
	return NULL;
}

/* What every case ends with. */
static const char *balance(void)
{
	const char *why = heap_check();

	if (!why)
		why = frames_check();
	if (!why && nr_free_pages() != tiny_frames.with_heap)
		why = "frames are missing";
	return why;
}

/* ---- objects --------------------------------------------------------------------------------- */
struct held {
	struct held *next;
};

static u8 stamp_of(const void *object, size_t size)
{
	return (u8)((unsigned long)object / 8 * 31 + size);
}

static void stamp(void *object, size_t size)
{
	memset((char *)object + sizeof(struct held), stamp_of(object, size),
	       size - sizeof(struct held));
}

static bool stamped(const void *object, size_t size)
{
	const u8 *byte = object;

	for (size_t i = sizeof(struct held); i < size; i++)
		if (byte[i] != stamp_of(object, size))
			return false;
	return true;
}

/* As many objects of that size as there are, put in front of the list. */
static struct held *take_all(size_t size, struct held *list)
{
	struct held *object;

	while ((object = kmalloc(size, EMPTY))) {
		stamp(object, size);
		object->next = list;
		list = object;
	}
	return list;
}

/* All of them back: every second one first, so that what is free is in pieces for a while.  False: one
 * was overwritten. */
static bool give_all(struct held *list, size_t size)
{
	struct held *rest = NULL, *next;
	bool good = true, second = false;

	for (; list; list = next, second = !second) {
		next = list->next;
		good = good && stamped(list, size);
		if (second) {
			kfree(list);
			continue;
		}
		list->next = rest;
		rest = list;
	}
	for (; rest; rest = next) {
		next = rest->next;
		kfree(rest);
	}
	return good;
}

/* ---- cases ----------------------------------------------------------------------------------- */
static const char *every_size(void)
{
	for (size_t size = 1; size <= KMALLOC_MAX_SIZE / 2;
	     size = size < 1100 ? size + 1 : size * 9 / 8) {
		u8 *p = kmalloc(size, GFP_KERNEL);

		EXPECT(p, "a size is refused");
		EXPECT(ksize(p) >= size, "an object is smaller than what was asked for");
		EXPECT((unsigned long)p % 8 == 0, "an object is not aligned to 8");
		EXPECT(size & (size - 1) || !((unsigned long)p & (min(size, PAGE_SIZE) - 1)),
		       "a power of two is not aligned to its size");
		memset(p, 0xee, ksize(p));
		kfree(p);
		p = kzalloc(size, GFP_KERNEL);
		EXPECT(p && !p[0] && !p[size / 2] && !p[size - 1], "kzalloc left something");
		kfree(p);
	}
	EXPECT(!kmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL | __GFP_NOWARN), "too much is given");
	EXPECT(kmalloc(0, GFP_KERNEL) == ZERO_SIZE_PTR, "nothing is not ZERO_SIZE_PTR");
	return balance();
}

static const char *caches(void)
{
	for (unsigned align = 8; align <= PAGE_SIZE; align *= 2) {
		struct kmem_cache *cache =
			kmem_cache_create("tiny", 40, align, SLAB_NO_MERGE, NULL);
		void *object[8];

		EXPECT(cache, "no cache");
		for (unsigned i = 0; i < ARRAY_SIZE(object); i++) {
			object[i] = kmem_cache_alloc(cache, GFP_KERNEL);
			EXPECT(object[i] && !((unsigned long)object[i] & (align - 1)),
			       "an object of a cache is not aligned");
			memset(object[i], 0x11, 40);
		}
		for (unsigned i = 0; i < ARRAY_SIZE(object); i++)
			kmem_cache_free(cache, object[i]);
		kmem_cache_destroy(cache);
	}
	return balance();
}

/* Objects of one size until there are none, then frames until there are none. */
static const char *fill_with(size_t size)
{
	struct held *list = take_all(size, NULL), *frames;
	const char *why;

	EXPECT(list, "not one object is left to take");
	frames = take_all(PAGE_SIZE, NULL);
	EXPECT(nr_free_pages() == 0, "a frame was left although a request failed");
	why = heap_check();
	EXPECT(!why, why);
	EXPECT(give_all(list, size) && give_all(frames, PAGE_SIZE), "an object was overwritten");
	return balance();
}

static const char *fill(void)
{
	static const u32 size[] = { 8,   16,  24,   32,   64,   96,   128,  192,  256,
				    512, 700, 1024, 2048, 4088, 4096, 8192, 16384 };

	for (unsigned i = 0; i < ARRAY_SIZE(size); i++) {
		const char *why = fill_with(size[i]);

		if (why)
			return why;
	}
	return NULL;
}

/* The largest block that there is free comes back whole. */
static const char *largest(void)
{
	unsigned long frames[2];

	for (unsigned round = 0; round < 2; round++) {
		unsigned order = MAX_PAGE_ORDER;
		void *p = NULL;

		while (!p && order > 0)
			p = kmalloc(PAGE_SIZE << --order, EMPTY);
		EXPECT(p, "there is no block of two frames");
		frames[round] = 1ul << order;
		kfree(p);
		if (!round)
			EXPECT(!fill_with(64), "memory does not fill");
	}
	EXPECT(frames[0] == frames[1], "blocks are smaller after memory was full");
	return balance();
}

static unsigned random_below(unsigned n)
{
	static u32 state = 2463534242u;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

static const char *random_work(void)
{
	static struct {
		void *object;
		size_t size;
	} slot[RANDOMS];

	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = random_below(RANDOMS);
		size_t size = 8 + random_below(random_below(16) ? 600 : 9000);

		if (slot[i].object) {
			EXPECT(stamped(slot[i].object, slot[i].size), "an object was overwritten");
			kfree(slot[i].object);
		}
		slot[i].object = kmalloc(size, GFP_KERNEL | __GFP_NOWARN);
		slot[i].size = size;
		if (slot[i].object)
			stamp(slot[i].object, size);
	}
	for (unsigned i = 0; i < RANDOMS; i++) {
		kfree(slot[i].object);
		slot[i].object = NULL;
	}
	return balance();
}

static const char *growing(void)
{
	u8 *p = kmalloc(8, GFP_KERNEL), *more;

	EXPECT(p, "not one object is left to take");
	for (size_t size = 8; size < 60000; size = size * 3 / 2, p = more) {
		memset(p, (int)(size & 0xff), size);
		more = krealloc(p, size * 3 / 2, GFP_KERNEL);
		EXPECT(more && more[0] == (size & 0xff) && more[size - 1] == (size & 0xff),
		       "krealloc lost what was there");
	}
	kfree(p);
	return balance();
}

/* What no object is, or is one no more, is reported and nothing happens. */
static const char *damage(void)
{
	char *p = kmalloc(100, GFP_KERNEL), *large = kmalloc(20000, GFP_KERNEL);
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned bugs = tiny_bugs();

	EXPECT(p && large && page, "not one object is left to take");
	kfree(p + 8);
	EXPECT(tiny_bugs() == ++bugs, "the free of the inside of an object is not reported");
	kfree(large + PAGE_SIZE);
	EXPECT(tiny_bugs() == ++bugs, "the free of the inside of a block is not reported");
	kfree(p);
	kfree(large);
	kfree(large);
	EXPECT(tiny_bugs() == ++bugs, "a block freed twice is not reported");
	p = kmalloc(100, GFP_KERNEL);
	large = kmalloc(100, GFP_KERNEL); /* keeps the frame */
	EXPECT(p && large, "not one object is left to take");
	kfree(p);
	kfree(p);
	EXPECT(tiny_bugs() == ++bugs, "an object freed twice is not reported");
	kfree(large);
	__free_page(page);
	__free_page(page);
	EXPECT(tiny_bugs() == ++bugs, "a frame freed twice is not reported");
	return balance();
}

const struct tiny_case tiny_cases[] = {
	{ "every size", every_size },
	{ "caches of every alignment", caches },
	{ "memory is filled to its last frame with objects of each class, and emptied", fill },
	{ "the largest block comes back whole", largest },
	{ "random work", random_work },
	{ "objects that grow", growing },
	{ "wrong frees are reported", damage },
};
const unsigned nr_tiny_cases = ARRAY_SIZE(tiny_cases);
