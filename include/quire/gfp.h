/* SPDX-License-Identifier: MIT */
/*
 * quire/gfp.h - get free pages: blocks of 2^order frames.
 *
 * Context: with __GFP_DIRECT_RECLAIM in the flags (GFP_KERNEL, GFP_USER ...) the call may sleep:
 *          task context, no spinlock.  Without it (GFP_ATOMIC, GFP_NOWAIT) any context, interrupts
 *          on or off; interrupt handlers are inside quire_irq_enter() (quire/percpu.h).
 * Failure: NULL or 0; nothing is leaked and, unless __GFP_NOWARN, the log has a report.
 */
#ifndef QUIRE_GFP_H
#define QUIRE_GFP_H

#include <quire/bits.h>
#include <quire/mmzone.h>
#include <quire/page.h>

/* Which zones: the highest that will do.  None of them: ZONE_NORMAL. */
#define __GFP_DMA            ((gfp_t)0x01)
#define __GFP_HIGHMEM        ((gfp_t)0x02)
#define __GFP_DMA32          ((gfp_t)0x04)
#define __GFP_MOVABLE        ((gfp_t)0x08) /* with HIGHMEM: ZONE_MOVABLE; and the migratetype     */
#define GFP_ZONEMASK         (__GFP_DMA | __GFP_HIGHMEM | __GFP_DMA32 | __GFP_MOVABLE)
#define __GFP_RECLAIMABLE    ((gfp_t)0x10) /* a cache that can be shrunk                          */
/* How hard to try. */
#define __GFP_HIGH           ((gfp_t)0x20) /* may use part of the reserve                         */
#define __GFP_IO             ((gfp_t)0x40) /* may start device I/O                                */
#define __GFP_FS             ((gfp_t)0x80) /* may call into file systems                          */
#define __GFP_ZERO           ((gfp_t)0x100) /* all bytes zero                                      */
#define __GFP_ATOMIC         ((gfp_t)0x200) /* older name: cannot wait and is urgent               */
#define __GFP_DIRECT_RECLAIM ((gfp_t)0x400) /* may sleep to free memory                    */
#define __GFP_KSWAPD_RECLAIM ((gfp_t)0x800) /* wakes kswapd when memory is low             */
#define __GFP_RECLAIM        (__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define __GFP_WAIT           __GFP_RECLAIM /* its old name                                        */
#define __GFP_WRITE          ((gfp_t)0x1000)
#define __GFP_NOWARN         ((gfp_t)0x2000) /* no report                                           */
#define __GFP_RETRY_MAYFAIL  ((gfp_t)0x4000) /* try hard, but kill nobody                   */
#define __GFP_NOFAIL         ((gfp_t)0x8000) /* never NULL: waits for ever                          */
#define __GFP_NORETRY        ((gfp_t)0x10000) /* one round of reclaim, then NULL                     */
#define __GFP_MEMALLOC       ((gfp_t)0x20000) /* frees memory soon: all reserves are open            */
#define __GFP_COMP           ((gfp_t)0x40000) /* compound: every frame knows its head                */
#define __GFP_NOMEMALLOC     ((gfp_t)0x80000)
#define __GFP_HARDWALL       ((gfp_t)0x100000)
#define __GFP_THISNODE       ((gfp_t)0x200000) /* no other node                                      */
#define __GFP_ACCOUNT        ((gfp_t)0x400000)

#define GFP_ATOMIC           (__GFP_HIGH | __GFP_KSWAPD_RECLAIM)
#define GFP_KERNEL           (__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_KERNEL_ACCOUNT   (GFP_KERNEL | __GFP_ACCOUNT)
#define GFP_NOWAIT           (__GFP_KSWAPD_RECLAIM | __GFP_NOWARN)
#define GFP_NOIO             (__GFP_RECLAIM)
#define GFP_NOFS             (__GFP_RECLAIM | __GFP_IO)
#define GFP_USER             (__GFP_RECLAIM | __GFP_IO | __GFP_FS | __GFP_HARDWALL)
#define GFP_DMA              __GFP_DMA
#define GFP_DMA32            __GFP_DMA32
#define GFP_HIGHUSER         (GFP_USER | __GFP_HIGHMEM)
#define GFP_HIGHUSER_MOVABLE (GFP_HIGHUSER | __GFP_MOVABLE)
#define GFP_TRANSHUGE_LIGHT                                                                        \
	((GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_NOMEMALLOC | __GFP_NOWARN) & ~__GFP_RECLAIM)
#define GFP_TRANSHUGE (GFP_TRANSHUGE_LIGHT | __GFP_DIRECT_RECLAIM)

static inline bool gfpflags_allow_blocking(gfp_t gfp)
{
	return gfp & __GFP_DIRECT_RECLAIM;
}

static inline enum migratetype gfp_migratetype(gfp_t gfp)
{
	if (!QUIRE_MOBILITY)
		return MIGRATE_MOVABLE; /* as every pageblock is at boot */
	return (enum migratetype)((gfp & (__GFP_MOVABLE | __GFP_RECLAIMABLE)) >> 3);
}

/* Four bits for each combination of GFP_ZONEMASK, those with __GFP_DMA being 0, ZONE_DMA;
 * combinations that make no sense get the lowest zone named. */
#define QUIRE_GFP_ZONES                                                                            \
	((u64)ZONE_NORMAL | (u64)ZONE_HIGHMEM << 8 | (u64)ZONE_DMA32 << 16 |                       \
	 (u64)ZONE_DMA32 << 24 | (u64)ZONE_NORMAL << 32 | (u64)ZONE_MOVABLE << 40 |                \
	 (u64)ZONE_DMA32 << 48 | (u64)ZONE_DMA32 << 56)

/* The highest zone the request can use. */
static inline enum zone_type gfp_zone(gfp_t gfp)
{
	return (enum zone_type)(QUIRE_GFP_ZONES >> ((gfp & GFP_ZONEMASK) << 2) & 15);
}

/* ---- blocks ---------------------------------------------------------------------------------- */
/*
 * 2^order frames, aligned to their size; order 0..MAX_PAGE_ORDER.  The first frame's reference
 * count is 1, mapping NULL and private 0; contents are arbitrary without __GFP_ZERO.  Freed by
 * __free_pages(), or put_page() for single frames and compound blocks.
 */
static quire_always_inline struct page *alloc_pages(gfp_t gfp, unsigned order);
#define alloc_page(gfp) alloc_pages((gfp), 0)
/* Preferably, or with __GFP_THISNODE only, from node nid (NUMA_NO_NODE: the CPU's own). */
struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned order) __must_check;

/* Linear-map addresses; refuse __GFP_HIGHMEM.  0: no memory. */
unsigned long __get_free_pages(gfp_t gfp, unsigned order) __must_check;
#define __get_free_page(gfp) __get_free_pages((gfp), 0)
unsigned long get_zeroed_page(gfp_t gfp) __must_check;

/* `size` bytes in whole frames, the rest of the block given back.  Address or NULL. */
void *alloc_pages_exact(size_t size, gfp_t gfp) __must_check;
void free_pages_exact(void *addr, size_t size);

/* Fill the NULL entries of pages[n] with single frames; stops at the first failure.  Returns how
 * many entries from the start are filled. */
unsigned long alloc_pages_bulk(gfp_t gfp, unsigned long n, struct page **pages);
#define alloc_pages_bulk_array alloc_pages_bulk

/* Turn a block that is not compound into 2^order single frames, each with a reference. */
void split_page(struct page *page, unsigned order);

/* Drop the caller's reference to a block it allocated with this order; the last one frees it.  Any
 * context. */
static quire_always_inline void __free_pages(struct page *page, unsigned order);
static quire_always_inline void free_pages(unsigned long addr, unsigned order);
#define __free_page(page) __free_pages((page), 0)
#define free_page(addr)   free_pages((addr), 0)

/* Free n single frames whose last reference is gone already (put_page_testzero() said so), in one
 * go. */
void free_pages_bulk_array(struct page **pages, size_t n);

/* ---- references ------------------------------------------------------------------------------ */
/* The frame's count fell to 0: free it (compound: its head's).  Below 0: it was free already, which
 * is reported. */
void __put_page(struct page *page);
/* Same question for put_page_testzero(): is it 0 rather than below? */
bool __put_page_was_last(struct page *page);

static inline void get_page(struct page *page)
{
	atomic_inc(&compound_head(page)->_refcount);
}

/* Drop a reference without freeing: true if it was the last, and the caller frees. */
static inline bool put_page_testzero(struct page *page)
{
	if (likely(__atomic_sub_fetch(&page->_refcount.counter, 1, __ATOMIC_SEQ_CST) > 0))
		return false;
	return __put_page_was_last(page);
}

static inline void put_page(struct page *page)
{
	page = compound_head(page);
	if (__atomic_sub_fetch(&page->_refcount.counter, 1, __ATOMIC_SEQ_CST) <= 0)
		__put_page(page);
}

/* ---- behind alloc_pages() and __free_pages()
 * --------------------------------------------------------- Flags that are known when the caller is
 * compiled choose the per-CPU list there. */
#define quire_pcp_index(gfp)                                                                       \
	((unsigned)gfp_zone(gfp) * QUIRE_PCP_COLUMNS + (unsigned)gfp_migratetype(gfp))

/* A single frame; gfp has no __GFP_ZERO, or has it. */
struct page *alloc_frame(gfp_t gfp, unsigned long pcp_index);
struct page *alloc_frame_zeroed(gfp_t gfp, unsigned long pcp_index);
/* Any order. */
struct page *alloc_block(gfp_t gfp, unsigned order);
void free_single(struct page *page);
void free_block(struct page *page, unsigned order);

static quire_always_inline struct page *alloc_pages(gfp_t gfp, unsigned order)
{
	if (__builtin_constant_p(order) && order == 0 && __builtin_constant_p(gfp))
		return gfp & __GFP_ZERO ? alloc_frame_zeroed(gfp, quire_pcp_index(gfp))
					: alloc_frame(gfp, quire_pcp_index(gfp));
	return alloc_block(gfp, order);
}

static quire_always_inline void __free_pages(struct page *page, unsigned order)
{
	if (__builtin_constant_p(order) && order == 0)
		free_single(page);
	else
		free_block(page, order);
}

static quire_always_inline void free_pages(unsigned long addr, unsigned order)
{
	if (likely(addr))
		__free_pages(virt_to_page((void *)addr), order);
}

/* log2 of the frames of a compound block; 0 for a single frame.  `page` is its head. */
static inline unsigned compound_order(const struct page *page)
{
	return PageFlag(page, PG_head) ? page->private : 0;
}

#endif
