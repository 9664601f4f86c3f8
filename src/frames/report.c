/* SPDX-License-Identifier: MIT */
/*
 * frames/report.c - words for the log: a frame that is damaged, a request that failed.
 *
 *   bad_page()              what is wrong  ─> dump_page(): state, flags, owner ─> who called
 *   report_alloc_failure()  what was asked ─> the rest, if show_mem.c is in use
 *
 * The layouts are those of Linux's log, so that people and scripts recognise them.
 *
 * Lock: none; numbers may be a moment old.
 */
#include <quire/printk.h>
#include <quire/task.h>
#include "debug.h"

unsigned long nr_bad_pages;

void report_exit(void)
{
	nr_bad_pages = 0;
	alloc_failure_hook = NULL;
}

/* ---- names ----------------------------------------------------------------------------------- */
static const char *const flag_names[NR_PAGEFLAGS] = {
	"locked",   "uptodate",  "dirty",      "reserved", "slab", "table",
	"anon",     "cache",     "swapbacked", "mlocked",  "head", "tail",
	"hwpoison", "private_2", "movable",    "isolated",
};

struct words {
	char *buf;
	size_t size, n;
};

static void add_word(struct words *w, const char *name)
{
	if (w->n + 1 < w->size)
		w->n += (size_t)quire_snprintf(w->buf + w->n, w->size - w->n, "%s%s",
					       w->n ? "|" : "", name);
}

void page_flag_words(char *buf, size_t size, u32 flags)
{
	struct words w = { buf, size, 0 };
	char place[32];

	buf[0] = 0;
	for (unsigned i = 0; i < NR_PAGEFLAGS; i++)
		if (flags >> i & 1)
			add_word(&w, flag_names[i]);
	quire_snprintf(place, sizeof(place), "node=%u|zone=%u",
		       flags >> PAGE_NODE_SHIFT & PAGE_NODE_MASK,
		       flags >> PAGE_ZONE_SHIFT & PAGE_ZONE_MASK);
	add_word(&w, place);
}

void gfp_words(char *buf, size_t size, gfp_t gfp)
{
	static const struct {
		gfp_t bits;
		const char *name;
	} names[] = {
		{ GFP_TRANSHUGE, "GFP_TRANSHUGE" },
		{ GFP_TRANSHUGE_LIGHT, "GFP_TRANSHUGE_LIGHT" },
		{ GFP_HIGHUSER_MOVABLE, "GFP_HIGHUSER_MOVABLE" },
		{ GFP_HIGHUSER, "GFP_HIGHUSER" },
		{ GFP_USER, "GFP_USER" },
		{ GFP_KERNEL_ACCOUNT, "GFP_KERNEL_ACCOUNT" },
		{ GFP_KERNEL, "GFP_KERNEL" },
		{ GFP_NOFS, "GFP_NOFS" },
		{ GFP_ATOMIC, "GFP_ATOMIC" },
		{ GFP_NOIO, "GFP_NOIO" },
		{ GFP_NOWAIT, "GFP_NOWAIT" },
		{ __GFP_DMA, "GFP_DMA" },
		{ __GFP_DMA32, "GFP_DMA32" },
		{ __GFP_HIGHMEM, "__GFP_HIGHMEM" },
		{ __GFP_MOVABLE, "__GFP_MOVABLE" },
		{ __GFP_RECLAIMABLE, "__GFP_RECLAIMABLE" },
		{ __GFP_HIGH, "__GFP_HIGH" },
		{ __GFP_IO, "__GFP_IO" },
		{ __GFP_FS, "__GFP_FS" },
		{ __GFP_ZERO, "__GFP_ZERO" },
		{ __GFP_ATOMIC, "__GFP_ATOMIC" },
		{ __GFP_RECLAIM, "__GFP_RECLAIM" },
		{ __GFP_DIRECT_RECLAIM, "__GFP_DIRECT_RECLAIM" },
		{ __GFP_KSWAPD_RECLAIM, "__GFP_KSWAPD_RECLAIM" },
		{ __GFP_WRITE, "__GFP_WRITE" },
		{ __GFP_NOWARN, "__GFP_NOWARN" },
		{ __GFP_RETRY_MAYFAIL, "__GFP_RETRY_MAYFAIL" },
		{ __GFP_NOFAIL, "__GFP_NOFAIL" },
		{ __GFP_NORETRY, "__GFP_NORETRY" },
		{ __GFP_MEMALLOC, "__GFP_MEMALLOC" },
		{ __GFP_COMP, "__GFP_COMP" },
		{ __GFP_NOMEMALLOC, "__GFP_NOMEMALLOC" },
		{ __GFP_HARDWALL, "__GFP_HARDWALL" },
		{ __GFP_THISNODE, "__GFP_THISNODE" },
		{ __GFP_ACCOUNT, "__GFP_ACCOUNT" },
	};
	struct words w = { buf, size, 0 };
	char rest[16];

	buf[0] = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if ((gfp & names[i].bits) != names[i].bits)
			continue;
		add_word(&w, names[i].name);
		gfp &= ~names[i].bits;
	}
	quire_snprintf(rest, sizeof(rest), "%#x", gfp);
	if (gfp || !w.n)
		add_word(&w, gfp ? rest : "none");
}

/* ---- a frame --------------------------------------------------------------------------------- */
void dump_page(const struct page *page, const char *reason)
{
	int width = 2 * (int)sizeof(long);
	u32 flags = READ_ONCE(page->flags);
	char words[FLAG_WORDS];

	page_flag_words(words, sizeof(words), flags);
	printk("page: refcount:%d mapcount:%d mapping:%0*lx index:%#lx pfn:%#lx\n",
	       page_count(page), page_mapcount(page), width, READ_ONCE(page->word1),
	       READ_ONCE(page->word2), page_to_pfn(page));
	printk("flags: %#x(%s)\n", flags, words);
	if (reason)
		printk("page dumped because: %s\n", reason);
	frame_debug_dump(page);
}

void bad_page(const struct page *page, const char *why)
{
	const void *caller = this_quire_cpu()->far_caller;
	struct quire_task who;

	__atomic_fetch_add(&nr_bad_pages, 1, __ATOMIC_RELAXED);
	quire_current_task(&who);
	printk("BUG: Bad page state in process %s  pfn:%05lx\n", who.comm, page_to_pfn(page));
	dump_page(page, why);
	if (QUIRE_PCP && caller)
		printk("freed by 0x%lx, a few frees before this one\n", (unsigned long)caller);
	dump_stack();
}

/* ---- a request ------------------------------------------------------------------------------- */
void (*alloc_failure_hook)(const char *comm, gfp_t gfp, unsigned order);

void report_alloc_failure(gfp_t gfp, unsigned order)
{
	struct quire_task who;

	quire_current_task(&who);
	if (alloc_failure_hook)
		alloc_failure_hook(who.comm, gfp, order);
	else
		printk("%s: page allocation failure: order:%u, mode:%#x\n", who.comm, order, gfp);
}
