/* SPDX-License-Identifier: MIT */
/*
 * maps/area.h - an area of the kernel's run-time addresses, for the files that put something there.
 *
 *   area_new ─> area_place ─> [the owner maps] … area_take ─> [unmaps] ─> area_retire ─> (purge) gone
 *
 * Always true:  an area's last page is never mapped; one that is freed keeps its addresses until no CPU
 *               remembers a translation of them.
 * Lock:         maps.lock guards the tree, the kinds and what reports read of an area.
 */
#ifndef QUIRE_MAPS_AREA_H
#define QUIRE_MAPS_AREA_H

#include <quire/rangetree.h>
#include "maps/maps.h"

enum vm_kind {
	VM_KIND_VMALLOC,
	VM_KIND_VMAP,
	VM_KIND_IOREMAP,
	VM_KIND_RAM,     /* vm_map_ram() of many pages                              */
	VM_KIND_BLOCK,   /* vm_map_ram() of few: cut from here                      */
	VM_KIND_DYING,   /* somebody is unmapping it                                */
	VM_KIND_LAZY,    /* unmapped; translations may linger                       */
	VM_KIND_PURGING, /* the same, and they are being flushed                    */
};

#define VM_FEW_PAGES 4u /* of so many the list is in the area itself */

/* Who guards a field:  (c) set before it is placed   (m) maps.lock */
struct vm_area {
	struct range_node range; /* (m) includes the guard page                             */
	u8 kind;                 /* (m) enum vm_kind                                        */
	bool user;               /* (c) vmalloc_user: may be mapped to user space           */
	bool put_pages;          /* (c) vmap: vunmap drops the pages and frees the list     */
	unsigned nr_pages;       /* (c) frames in `pages`                                   */
	struct page **pages;     /* (c) the frames, or NULL                                 */
	union {
		struct page *few[VM_FEW_PAGES]; /* what `pages` points to if they fit       */
		phys_addr_t phys;               /* ioremap: first byte of the first page    */
		struct vm_block *block;         /* VM_KIND_BLOCK                            */
	};
	const void *caller;   /* (c) who asked                                           */
	struct vm_area *next; /* (m) of those that wait for a purge                      */
};

struct maps_state {
	spinlock_t lock;
	spinlock_t purge_lock;    /* held over a whole purge                              */
	struct range_tree areas;  /* (lock)                                               */
	struct kmem_cache *cache; /* of struct vm_area                                    */
	atomic_long_t nr_pages;   /* frames held by vmalloc                               */
	/* (lock) what was unmapped since the last flush: */
	struct vm_area *lazy;                 /* areas                                    */
	unsigned long lazy_bytes;             /* of them                                  */
	unsigned long dirty_start, dirty_end; /* all of it; 0, 0: nothing                 */
	unsigned long purges;
	unsigned long deferred; /* (a) deferred.c: address of the first frame's descriptor, or 0 */
};
extern struct maps_state maps;

static inline struct vm_area *area_of(struct range_node *node)
{
	return node ? container_of(node, struct vm_area, range) : NULL;
}

/* First byte of the guard page. */
static inline unsigned long area_guard(const struct vm_area *area)
{
	return area->range.end - PAGE_SIZE;
}

/* An area without a place; NULL: no memory.  May sleep. */
struct vm_area *area_new(enum vm_kind kind, const void *caller);
void area_free(struct vm_area *area);
/* Room for a list of n frames: in the area if they are few, else kvfree()'s; NULL: no memory. */
struct page **area_list(struct vm_area *area, unsigned n, gfp_t gfp) __must_check;
/*
 * Give it the lowest `size` free bytes, and a guard page, in [low, high), at a multiple of `align` (at least
 * a page).  If there are none, what waits for a purge is purged.
 *   Returns:  0, or -ENOMEM: there is no room, and it has no place still.
 *   Context:  task; no spinlock held.
 */
int area_place_in(struct vm_area *area, unsigned long size, unsigned long align, unsigned long low,
		  unsigned long high) __must_check;
int area_place(struct vm_area *area, unsigned long size, unsigned long align) __must_check;
/* As area_new() and area_place(), with words in the log where there is no room. */
struct vm_area *area_reserve(unsigned long size, unsigned long align, enum vm_kind kind,
			     const void *caller) __must_check;

/* The area of that kind that begins at addr becomes the caller's alone, to unmap and retire: others find it
 * no more.  Else a report in the name of `who`, and NULL. */
struct vm_area *area_take(const void *addr, enum vm_kind kind, const char *who, const char *maker);
/* The same for who has just placed it, and cannot go on. */
void area_disown(struct vm_area *area);
/* Nothing is mapped there any more: its addresses may be used again once they are flushed. */
void area_retire(struct vm_area *area);
/* [start, end) of a live area was unmapped and not flushed.  Under maps.lock. */
void area_note_dirty_locked(unsigned long start, unsigned long end);
static inline void area_unmap(const struct vm_area *area)
{
	pt_unmap_kernel_noflush(area->range.start, area_guard(area));
}

/* deferred.c: what interrupts have freed is freed.  Task context. */
void vfree_deferred(void);
static inline bool vfree_deferred_waits(void)
{
	return READ_ONCE(maps.deferred);
}

/* vmap.c: blocks that nobody uses are retired; NULL or the broken law of one. */
void vmap_drain_blocks(void);
const char *vmap_check_block(const struct vm_area *area);
/* A page of the kernel's half that is mapped, and to where; large entries included. */
pte_t area_pte(unsigned long va);

#endif
