/* SPDX-License-Identifier: MIT */
/*
 * quire/pagemap.h - files as the memory manager sees them: struct file, struct address_space and
 * the page cache.
 *
 * The kernel that embeds quire has richer files of its own; it puts a `struct file` inside each and
 * fills in the few calls below.
 */
#ifndef QUIRE_PAGEMAP_H
#define QUIRE_PAGEMAP_H

#include <quire/atomic.h>
#include <quire/list.h>
#include <quire/lock.h>
#include <quire/page.h>
#include <quire/spantree.h>
#include <quire/types.h>

struct vm_area_struct;
struct address_space;
struct file;

#define FMODE_READ  1u
#define FMODE_WRITE 2u

/* What a mapping's line in /proc/PID/maps says about its file. */
struct file_identity {
	unsigned dev_major, dev_minor;
	unsigned long ino;
};

struct file_mm_operations {
	/* The last reference is gone: free the object that contains the file.  Task context. */
	void (*release)(struct file *file);
	/* A mapping of the file is being made; may set vma->vm_ops and vm_private_data.  NULL: an
	 * ordinary mapping of f_mapping, or -ENODEV if there is none.  mmap lock held for writing.
	 */
	int (*mmap)(struct file *file, struct vm_area_struct *vma);
	/* dev:ino for reports. */
	void (*identify)(struct file *file, struct file_identity *id);
	/* Write the path into buf (no newline, cut to size); return its length. */
	size_t (*path)(struct file *file, char *buf, size_t size);
	/* msync(MS_SYNC): make bytes [start, end) durable.  NULL: nothing to do. */
	int (*fsync)(struct file *file, quire_loff_t start, quire_loff_t end);
};

struct file {
	atomic_t f_count;                /* references                              */
	unsigned f_mode;                 /* FMODE_*                                 */
	struct address_space *f_mapping; /* its pages, or NULL if it has none       */
	const struct file_mm_operations *f_op;
};

static inline struct file *get_file(struct file *file)
{
	atomic_inc(&file->f_count);
	return file;
}

/* Drop a reference; calls f_op->release with the last.  May sleep. */
void fput(struct file *file);

struct address_space_operations {
	/* Fill a locked, new page from the store; 0 or -errno.  NULL: new pages are zero (ramfs,
	 * shmem). May sleep. */
	int (*read_folio)(struct address_space *mapping, struct page *page);
	/* Write a dirty, locked page to the store.  NULL: pages have no store but memory. */
	int (*writepage)(struct address_space *mapping, struct page *page);
};

/* Bits of address_space.flags */
#define AS_SHMEM 1u /* its pages count as Shmem, not as file cache */

/* One level of the page tree: 64 slots of pages or of further nodes. */
struct page_tree_node;

struct address_space {
	spinlock_t i_pages_lock; /* guards root, height, nrpages               */
	void *root;              /* page tree; use the functions below         */
	unsigned height;         /* levels of nodes above the pages            */
	unsigned flags;          /* AS_*                                       */
	unsigned long nrpages;   /* pages in the cache                         */
	int wb_err;              /* (a) -errno of a loss nobody was told of, 0 */
	quire_loff_t i_size;     /* bytes in the file; touching beyond: SIGBUS */
	const struct address_space_operations *a_ops;
	struct span_tree i_mmap; /* areas that map it (vma->shared)            */
	spinlock_t i_mmap_lock;  /* guards i_mmap and the borders of its areas */
	void *host;              /* the embedder's inode                       */
};

/* Make an empty page cache.  Any context. */
void address_space_init(struct address_space *mapping, const struct address_space_operations *ops,
			void *host);

/*
 * The page at `index`, with a reference that the caller drops by put_page(); NULL if it is not
 * cached. Does not sleep.  One without PG_uptodate is still being filled, or lost: ask for it
 * by read_mapping_page().
 */
struct page *find_get_page(struct address_space *mapping, pgoff_t index);

/* The first cached page at or after *index and not after `last`, with a reference; *index becomes
 * its place plus 1.  NULL when there are no more.  Does not sleep. */
struct page *find_get_next_page(struct address_space *mapping, pgoff_t *index, pgoff_t last);

/*
 * The page at `index`, brought in or made if it is missing: up to date, unlocked, referenced.  Does
 * not look at i_size.  ERR_PTR(-ENOMEM), -EIO if the memory that held it failed and there is no
 * store to read it from again, or what read_folio said.  May sleep.
 */
struct page *read_mapping_page(struct address_space *mapping, pgoff_t index);

/*
 * The same for a caller who will overwrite bytes [from, to) of the page: what lies outside is
 * valid, what lies inside may be anything, so a new page that is overwritten whole is not cleared.
 * Call set_page_dirty after.
 */
struct page *grab_cache_page_write(struct address_space *mapping, pgoff_t index, unsigned from,
				   unsigned to);

void set_page_dirty(struct page *page);

/*
 * Something of the file was lost on its way to the store, and who wrote it is not here to be told:
 * the next msync() or fsync() reports it, once.  Any context.
 */
void mapping_set_error(struct address_space *mapping, int error);
/* For the embedder's fsync(): what was lost since the last call, -errno, or 0.  Any context. */
int filemap_check_errors(struct address_space *mapping);

/*
 * The page's lock, PG_locked: who holds it is filling the page, taking it out of its file, or moving
 * it.  The caller holds a reference.  lock_page() sleeps; the others do not.
 */
void lock_page(struct page *page);
void unlock_page(struct page *page);
static inline bool trylock_page(struct page *page)
{
	return !TestSetPageFlag(page, PG_locked);
}
/* Sleep until nobody holds it, for a moment at least. */
void wait_on_page_locked(struct page *page);

/*
 * Change the size of the file.  Shrinking unmaps and frees the pages past the new end and clears
 * the rest of the last one; growing makes a hole.  May sleep.
 */
void truncate_setsize(struct address_space *mapping, quire_loff_t newsize);

/* Free the cached pages that hold bytes [start, end), whole pages only; partial edges are cleared.
 * May sleep. */
void truncate_pagecache_range(struct address_space *mapping, quire_loff_t start, quire_loff_t end);

/* Remove pages [first, last] from every address space that maps them; private copies stay if
 * !even_cows. */
void unmap_mapping_range(struct address_space *mapping, pgoff_t first, pgoff_t last,
			 bool even_cows);

/* Give everything back: unmapped by now, all pages leave the cache.  The inode is going away.  May
 * sleep. */
void truncate_inode_pages_final(struct address_space *mapping);

/* Law: nrpages counts the pages in the tree, each page's mapping and index lead back, the tree of
 * areas is in order.  Words or NULL. */
const char *address_space_check(struct address_space *mapping);

/*
 * Memory that behaves as a file and has no name: MAP_SHARED|MAP_ANONYMOUS, memfd, System V
 * segments. `name` is what maps shows, e.g. "/dev/zero (deleted)".  ERR_PTR(-ENOMEM).  The caller
 * owns one reference.  May sleep.
 */
struct file *shmem_file_setup(const char *name, quire_loff_t size);

#endif
