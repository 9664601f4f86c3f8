/* SPDX-License-Identifier: MIT */
/*
 * block.c - 8 KiB to 4 MiB: runs of neighbouring frames.
 *
 *   | first frame: mapping = block_owner, private = frames, index = bytes asked | ... |tail: given back|
 *
 * Lock: none; a block is its owner's.
 */
#include <quire/bits.h>
#include <quire/contig.h>
#include "qmalloc.h"

/* Its address says whose a frame is. */
static char block_owner;

static bool is_block(const void *p, const struct page *page)
{
	return !((unsigned long)p & ~PAGE_MASK) && page_count(page) == 1 &&
	       page->word1 == (unsigned long)&block_owner;
}

void *block_alloc(size_t size, size_t align, bool zero)
{
	unsigned long frames = PAGE_ALIGN(size) >> PAGE_SHIFT;
	struct page *page = alloc_run(GFP_MALLOC, frames, get_order(align));
	void *p;

	if (!page)
		return NULL;
	page->private = (u32)frames;
	page->word1 = (unsigned long)&block_owner;
	p = page_address(page);
	return zero ? __builtin_memset(p, 0, size) : p;
}

bool block_free(void *p, struct page *page)
{
	u32 frames = page->private;

	if (!is_block(p, page))
		return false;
	page->private = 0;
	page->word1 = 0;
	free_run(page, frames);
	return true;
}

size_t block_usable(const void *p, const struct page *page)
{
	return is_block(p, page) ? (size_t)page->private << PAGE_SHIFT : 0;
}

bool block_resize(void *p, struct page *page, size_t size)
{
	unsigned long frames = PAGE_ALIGN(size) >> PAGE_SHIFT, had = page->private;

	(void)p;
	if (frames < had)
		free_run(page + frames, had - frames);
	else if (frames > had && !extend_run(page, had, frames - had))
		return false;
	page->private = (u32)frames;
	return true;
}
