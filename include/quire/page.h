/* SPDX-License-Identifier: MIT */
/*
 * quire/page.h - struct page: what is known of one frame, in at most 32 bytes (24 on 32-bit).
 *
 * One descriptor per frame of every populated section.  Who owns a frame decides what its words
 * mean; the owner is told by the flags.
 *
 *   owner          flags        a              b              mapping          index
 *   nobody         none         -              -              -                -
 *   page cache     PG_cache     mapcount       private        address_space    offset in pages
 *   anonymous      PG_anon      mapcount       private        anon_vma         linear page index
 *   driver's       PG_movable   owner's        owner's        movable_ops      owner's
 *   page table     PG_table     ptl            (maps)         -                -
 *   slab           PG_slab      inuse, remote  next           prev, id, owner  free (tail: head)
 *   vmalloc etc.   none         mapcount 0     order if head  owner's          owner's
 */
#ifndef QUIRE_PAGE_H
#define QUIRE_PAGE_H

#include <quire/atomic.h>
#include <quire/port.h>
#include <quire/types.h>

struct address_space;
struct anon_vma;
struct movable_ops;
struct slab_cpu;

enum pageflags {
	PG_locked,     /* someone is filling or writing the frame; others wait                   */
	PG_uptodate,   /* contents are valid (page cache)                                        */
	PG_dirty,      /* contents are newer than the backing store                              */
	PG_reserved,   /* never handed to the buddy system: firmware, image, boot allocations    */
	PG_slab,       /* belongs to heap/                                                       */
	PG_table,      /* a page-table page                                                      */
	PG_anon,       /* user memory without a file                                             */
	PG_cache,      /* in a file's page cache                                                 */
	PG_swapbacked, /* shmem or anonymous: its store is swap, not a file                      */
	PG_mlocked,    /* mapped by a locked area                                                */
	PG_head,       /* first frame of a compound block; `b` holds the order                   */
	PG_tail,       /* other frame of a compound block; `mapping` points to the head          */
	PG_poisoned,   /* hardware error: out of use for good                                    */
	PG_private_2,  /* for the owner; heap: not the first frame of a slab, or a large kmalloc  */
	PG_movable,    /* kernel memory whose owner lets it move (quire/migrate.h)               */
	PG_isolated,   /* about to be moved: whoever set it holds a reference                    */
	NR_PAGEFLAGS
};

/* flags: bits 0..15 PG_*, 16..20 order of the block that was allocated (in its first frame),
 * 21..23 zone, 24..25 column of the per-CPU lists it is freed to, 26..31 node.  The upper three are
 * one number, so that a free finds its list with one shift. */
#define PAGE_ORDER_SHIFT 16
#define PAGE_ORDER_MASK  31u
#define PAGE_ZONE_SHIFT  21
#define PAGE_ZONE_MASK   7u
#define PAGE_PCPMT_SHIFT 24
#define PAGE_PCPMT_MASK  3u
#define PAGE_NODE_SHIFT  26
#define PAGE_NODE_MASK   63u
#define PAGE_ORDER_FREED PAGE_ORDER_MASK /* an order that says: freed, and nobody's since */
_Static_assert(NR_PAGEFLAGS <= PAGE_ORDER_SHIFT, "page flags have grown into the order");

/* Two neighbouring words of a descriptor, to be changed together. */
typedef u64 page_word_pair_t __attribute__((__aligned__(8)));

struct page {
	union {
		struct {
			u32 flags; /* PG_* and where the frame is; by atomics once shared       */
			atomic_t _refcount; /* holders; 0 = free.  Starts at 1 when allocated   */
		};
		page_word_pair_t flags_and_refs; /* both: PAGE_WORD()                           */
	};
	union {
		atomic_t _mapcount; /* user table entries that map the frame                    */
		u32 ptl;            /* page table: lock of the entries in this table page       */
		struct {
			u16 inuse;       /* slab: objects in use, as heap/ counts them      */
			u16 slab_remote; /* slab: (a) what others than its owner freed      */
		};
	};
	union {
		u32 private;    /* owner's; a compound head keeps its order here            */
		u32 slab_next;  /* slab: pfn of the next slab on the node's list, 0 = none  */
		u32 nr_present; /* page table: entries in use, so that it can be freed      */
	};
	union {
		struct address_space
			*mapping;          /* page cache: whose page                           */
		struct anon_vma *anon_vma; /* anonymous: which areas may map it         */
		const struct movable_ops *movable_ops; /* PG_movable                    */
		struct page *compound_head; /* PG_tail                                          */
		struct {
#if UINTPTR_MAX > 0xffffffffu
			u32 slab_prev; /* slab: pfn of its neighbour on that list, 0 = none */
#endif
			u16 slab_id;    /* slab: its cache, as heap/ numbers them; in all frames */
			u16 slab_owner; /* slab: whose it is; the same                      */
		};
		unsigned long word1;
	};
	union {
		pgoff_t index;   /* page cache and anonymous: offset in pages        */
		void *slab_free; /* slab: first free object of its own list      */
		unsigned long word2;
	};
};

/* A frame's flags and count as one word. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define PAGE_WORD(flags, count) ((u64)(flags) << 32 | (u32)(count))
#else
#define PAGE_WORD(flags, count) ((u64)(u32)(count) << 32 | (flags))
#endif

_Static_assert(sizeof(struct page) <= (sizeof(void *) == 8 ? 32 : 24),
	       "struct page outgrew its budget");

#ifdef PORT_VMEMMAP
#define quire_vmemmap ((struct page *)(PORT_VMEMMAP))
#else
extern struct page *quire_vmemmap; /* descriptor of pfn 0; only populated sections may be touched */
#endif

/* Frame number to descriptor and back.  The frame must exist: pfn_valid(). */
static inline struct page *pfn_to_page(unsigned long pfn)
{
	return quire_vmemmap + pfn;
}

static inline unsigned long page_to_pfn(const struct page *page)
{
	return (unsigned long)(page - quire_vmemmap);
}

/* Whether `pfn` is RAM that has a descriptor.  Any pfn may be asked. */
bool pfn_valid(unsigned long pfn);

/* Frames from here on have no address in the linear map. */
#define QUIRE_LOWMEM_END_PFN ((unsigned long)(PORT_LOWMEM_PHYS_END >> PAGE_SHIFT))

/* Linear-map address <-> physical address.  Only for RAM that the linear map covers. */
static inline void *__va(phys_addr_t pa)
{
	return port_phys_to_virt(pa);
}

static inline phys_addr_t __pa(const void *va)
{
	return port_virt_to_phys(va);
}

static inline phys_addr_t page_to_phys(const struct page *page)
{
	return PFN_PHYS(page_to_pfn(page));
}

/* Whether the frame has no address in the linear map: quire/highmem.h. */
static inline bool PageHighMem(const struct page *page)
{
	return PORT_HIGHMEM && page_to_pfn(page) >= QUIRE_LOWMEM_END_PFN;
}

/* Where kmap() has it, or NULL; any context. */
void *kmap_address(const struct page *page);

/* The kernel's address of a frame: of the linear map, or kmap()'s; NULL: it has none now. */
static inline void *page_address(const struct page *page)
{
	if (PageHighMem(page))
		return kmap_address(page);
	return __va(page_to_phys(page));
}

static inline struct page *virt_to_page(const void *va)
{
	return pfn_to_page(PHYS_PFN(__pa(va)));
}

static inline bool PageFlag(const struct page *page, enum pageflags f)
{
	return READ_ONCE(page->flags) >> f & 1;
}

/* Atomic: for frames that others can see. */
static inline void SetPageFlag(struct page *page, enum pageflags f)
{
	__atomic_fetch_or(&page->flags, 1u << f, __ATOMIC_SEQ_CST);
}

static inline void ClearPageFlag(struct page *page, enum pageflags f)
{
	__atomic_fetch_and(&page->flags, ~(1u << f), __ATOMIC_SEQ_CST);
}

static inline bool TestSetPageFlag(struct page *page, enum pageflags f)
{
	return __atomic_fetch_or(&page->flags, 1u << f, __ATOMIC_ACQ_REL) >> f & 1;
}

/*
 * Not atomic: for frames that only the caller owns (fresh from the allocator, or about to be
 * freed).  Who walks over frames may still glance at the flags at any time, hence the single store.
 */
static inline void page_flags_write(struct page *page, u32 flags)
{
	WRITE_ONCE(page->flags, flags);
}

static inline void page_flags_set(struct page *page, u32 bits)
{
	page_flags_write(page, READ_ONCE(page->flags) | bits);
}

/* The same, and whoever sees them sees everything that was written to the descriptor before. */
static inline void page_flags_publish(struct page *page, u32 bits)
{
	__atomic_store_n(&page->flags, READ_ONCE(page->flags) | bits, __ATOMIC_RELEASE);
}

static inline void page_flags_keep(struct page *page, u32 bits)
{
	page_flags_write(page, READ_ONCE(page->flags) & bits);
}

static inline void __SetPageFlag(struct page *page, enum pageflags f)
{
	page_flags_set(page, 1u << f);
}

static inline void __ClearPageFlag(struct page *page, enum pageflags f)
{
	page_flags_keep(page, ~(1u << f));
}

/* Whether the frame was freed as a block of its own, or the first of one, and not taken since. */
static inline bool page_was_freed(const struct page *page)
{
	return (READ_ONCE(page->flags) >> PAGE_ORDER_SHIFT & PAGE_ORDER_MASK) == PAGE_ORDER_FREED;
}

static inline unsigned page_zonenum(const struct page *page)
{
	return READ_ONCE(page->flags) >> PAGE_ZONE_SHIFT & PAGE_ZONE_MASK;
}

static inline unsigned page_to_nid(const struct page *page)
{
	return READ_ONCE(page->flags) >> PAGE_NODE_SHIFT & PAGE_NODE_MASK;
}

static inline int page_count(const struct page *page)
{
	return atomic_read(&page->_refcount);
}

static inline int page_mapcount(const struct page *page)
{
	return atomic_read(&page->_mapcount);
}

/* What is known of the frame, to the log, and why it is asked; any context. */
void dump_page(const struct page *page, const char *reason);

static inline struct page *compound_head(struct page *page)
{
	return PageFlag(page, PG_tail) ? page->compound_head : page;
}

#endif
