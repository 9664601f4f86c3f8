/* SPDX-License-Identifier: MIT */
/*
 * mm_kmap_model_test.c - random kmap, kunmap and nests of kmap_local over more frames than places, against counts.
 *
 *   frame   content, times mapped, where        nest   frames that kmap_local_page() shows, last first
 *
 * After each step: whoever maps a frame twice sees it at one address, and no two frames at the same; what stands there
 * is what was written last, by whatever way; an address leads back to its frame; a frame that nobody maps has none (or
 * its own, of the linear map).  The machine's laws hold whenever no nest is open.  QUIRE_SEED replays a run.
 */
#include "mm_harness.h"
#include <quire/check.h>
#include "maps/kmap.h"

#define STEPS  60000u
#define FRAMES 700u
#define DEEP   16u

struct frame {
	struct page *page;
	u32 content; /* of its word number `index of the frame` */
	unsigned times;
	void *at;
};

static struct frame frames[FRAMES];
static struct {
	struct frame *frame;
	char *at;
} nest[DEEP];
static unsigned depth, most_depth, nr_mapped, most_mapped;
static u32 next_content;
static u64 rng;

static unsigned below(unsigned n)
{
	return rnd(&rng) % n;
}

/* Few are wanted by many. */
static struct frame *some_frame(void)
{
	return &frames[below(3) ? below(FRAMES) : below(12)];
}

static unsigned place_of(const struct frame *f)
{
	return (unsigned)(f - frames) * sizeof(u32);
}

/* What stands in a frame that is seen at `at`, and then something else. */
static void look_and_write(struct frame *f, void *at)
{
	u32 *word = (u32 *)((char *)at + place_of(f));

	assert_int_equal(*word, f->content);
	*word = f->content = ++next_content;
	assert_ptr_equal(kmap_to_page(at), f->page);
}

static void check_place_is_its_own(const struct frame *f)
{
	for (unsigned i = 0; i < FRAMES; i++)
		assert_true(&frames[i] == f || !frames[i].times || frames[i].at != f->at);
}

/* With every place taken, kmap() of another frame would sleep: nobody else is there. */
static void map_one(void)
{
	struct frame *f = some_frame();
	void *at;

	if (!f->times && nr_mapped == LAST_PKMAP)
		return;
	at = kmap(f->page);
	assert_non_null(at);
	assert_true(!f->times || at == f->at);
	f->at = at;
	if (!f->times++) {
		check_place_is_its_own(f);
		nr_mapped++;
	}
	most_mapped = nr_mapped > most_mapped ? nr_mapped : most_mapped;
	look_and_write(f, at);
}

static void unmap_one(void)
{
	unsigned first = below(FRAMES);

	for (unsigned i = 0; i < FRAMES; i++) {
		struct frame *f = &frames[(first + i) % FRAMES];

		if (!f->times)
			continue;
		look_and_write(f, f->at);
		kunmap(f->page);
		if (!--f->times)
			nr_mapped--;
		return;
	}
}

static void nest_one(void)
{
	struct frame *f = some_frame();
	char *at;

	if (depth == DEEP)
		return;
	at = kmap_local_page(f->page);
	nest[depth].frame = f;
	nest[depth++].at = at;
	most_depth = depth > most_depth ? depth : most_depth;
	look_and_write(f, at);
}

/* The last; any address of its page will do. */
static void leave_one(void)
{
	if (!depth)
		return;
	depth--;
	look_and_write(nest[depth].frame, nest[depth].at);
	kunmap_local(nest[depth].at + below(PAGE_SIZE));
}

/* By calls that map for a moment: beside what is mapped already. */
static void copy_one(void)
{
	struct frame *from = some_frame(), *to = some_frame();
	u32 word;

	if (depth > DEEP - 2 || from == to)
		return;
	memcpy_to_page(to->page, place_of(from), (const char *)&next_content, sizeof(u32));
	copy_highpage(to->page, from->page);
	memcpy_from_page((char *)&word, to->page, place_of(from), sizeof(word));
	assert_int_equal(word, from->content);
	to->content = ++next_content;
	memcpy_to_page(to->page, place_of(to), (const char *)&to->content, sizeof(u32));
}

static void make_frame(struct frame *f)
{
	f->page = alloc_page(GFP_HIGHUSER);
	assert_non_null(f->page);
	f->content = ++next_content;
	memcpy_to_page(f->page, place_of(f), (const char *)&f->content, sizeof(u32));
}

/* Nobody uses it, and it becomes another; its place may still show the old one. */
static void replace_one(void)
{
	struct frame *f = some_frame();

	for (unsigned i = 0; i < depth; i++)
		if (nest[i].frame == f)
			return;
	if (f->times || depth == DEEP)
		return;
	__free_page(f->page);
	make_frame(f);
}

static void check_address(const struct frame *f)
{
	if (f->times)
		assert_ptr_equal(page_address(f->page), f->at);
	else
		assert_int_equal(page_address(f->page) == NULL, PageHighMem(f->page));
}

static void step(unsigned now)
{
	bool filling = now / 6000 % 2 == 0; /* all places are taken at times, and none at others */
	bool deeper = now / 400 % 2 == 0;   /* and so is all of a nest */

	switch (below(16)) {
	case 0 ... 6: filling ? map_one() : unmap_one(); break;
	case 7: filling ? unmap_one() : map_one(); break;
	case 8 ... 11: deeper ? nest_one() : leave_one(); break;
	case 12: deeper ? leave_one() : nest_one(); break;
	case 13: copy_one(); break;
	case 14: replace_one(); break;
	default:
		if (!below(200))
			kmap_flush_unused();
	}
	check_address(some_frame());
}

static void test_random(void **state)
{
	unsigned long flushes = kmap_flushes();

	(void)state;
	rng = seed_from_env(0x9e3779b97f4a7c15ull);
	printf("# QUIRE_SEED=%llu\n", (unsigned long long)rng);
	for (unsigned i = 0; i < FRAMES; i++)
		make_frame(&frames[i]);
	for (unsigned now = 0; now < STEPS; now++) {
		step(now);
		if (depth)
			continue;
		assert_null(kmap_check());
		if (now % 50 == 0)
			assert_null(check_all());
	}
	assert_true(most_depth == DEEP && most_mapped == LAST_PKMAP);
	if (PageHighMem(frames[0].page))
		assert_true(kmap_flushes() - flushes > 4);
	while (depth)
		leave_one();
	while (nr_mapped)
		unmap_one();
	for (unsigned i = 0; i < FRAMES; i++)
		__free_page(frames[i].page);
	assert_int_equal(kmap_sleeps(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { MM_TEST(test_random) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
