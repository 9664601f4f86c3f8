/* SPDX-License-Identifier: MIT */
/*
 * quire/mm.h - address spaces: mm_struct, areas (VMAs), the memory system calls, faults, fork and
 * exit.
 *
 *   a system call  ->  do_mmap, do_munmap, ...     change the tree of areas under mmap_lock
 *   a trap         ->  do_user_fault               finds the area, fills one page-table entry
 *   fork/exec/exit ->  mm_fork, mm_alloc, mmput    whole spaces
 *
 * The do_* calls take and drop mmap_lock themselves and may sleep; they return what the Linux
 * system call of that name returns: an address or 0, or a negative errno with nothing changed
 * (munmap, mprotect, madvise and mlock over several areas stop at the first that fails, as Linux
 * does).
 */
#ifndef QUIRE_MM_H
#define QUIRE_MM_H

#include <quire/atomic.h>
#include <quire/list.h>
#include <quire/lock.h>
#include <quire/page.h>
#include <quire/rangetree.h>
#include <quire/spantree.h>
#include <quire/types.h>

struct anon_vma;
struct file;
struct mm_struct;
struct seq_out;

/* ---- flag values of the Linux ABI ------------------------------------------------------------ */
#define PROT_NONE      0x0
#define PROT_READ      0x1
#define PROT_WRITE     0x2
#define PROT_EXEC      0x4
#define PROT_GROWSDOWN 0x01000000
#define PROT_GROWSUP   0x02000000

#define MAP_SHARED          0x01
#define MAP_PRIVATE         0x02
#define MAP_SHARED_VALIDATE 0x03
#define MAP_TYPE            0x0f
#define MAP_FIXED           0x10
#define MAP_ANONYMOUS       0x20
#define MAP_32BIT           0x40
#define MAP_GROWSDOWN       0x00100
#define MAP_DENYWRITE       0x00800
#define MAP_EXECUTABLE      0x01000
#define MAP_LOCKED          0x02000
#define MAP_NORESERVE       0x04000
#define MAP_POPULATE        0x08000
#define MAP_NONBLOCK        0x10000
#define MAP_STACK           0x20000
#define MAP_HUGETLB         0x40000
#define MAP_SYNC            0x80000
#define MAP_FIXED_NOREPLACE 0x100000

#define MREMAP_MAYMOVE   1
#define MREMAP_FIXED     2
#define MREMAP_DONTUNMAP 4

#define MS_ASYNC      1
#define MS_INVALIDATE 2
#define MS_SYNC       4

#define MCL_CURRENT 1
#define MCL_FUTURE  2
#define MCL_ONFAULT 4
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif

#define MADV_NORMAL          0
#define MADV_RANDOM          1
#define MADV_SEQUENTIAL      2
#define MADV_WILLNEED        3
#define MADV_DONTNEED        4
#define MADV_FREE            8
#define MADV_REMOVE          9
#define MADV_DONTFORK        10
#define MADV_DOFORK          11
#define MADV_MERGEABLE       12
#define MADV_UNMERGEABLE     13
#define MADV_HUGEPAGE        14
#define MADV_NOHUGEPAGE      15
#define MADV_DONTDUMP        16
#define MADV_DODUMP          17
#define MADV_WIPEONFORK      18
#define MADV_KEEPONFORK      19
#define MADV_COLD            20
#define MADV_PAGEOUT         21
#define MADV_POPULATE_READ   22
#define MADV_POPULATE_WRITE  23
#define MADV_DONTNEED_LOCKED 24
#define MADV_HWPOISON        100 /* memory_failure() for each page: a test's way to break memory     */
#define MADV_SOFT_OFFLINE    101 /* soft_offline_page() for each page                                */

/* ---- areas ----------------------------------------------------------------------------------- */
#define VM_READ        0x00000001UL
#define VM_WRITE       0x00000002UL
#define VM_EXEC        0x00000004UL
#define VM_SHARED      0x00000008UL
#define VM_MAYREAD     0x00000010UL
#define VM_MAYWRITE    0x00000020UL
#define VM_MAYEXEC     0x00000040UL
#define VM_MAYSHARE    0x00000080UL
#define VM_GROWSDOWN   0x00000100UL
#define VM_PFNMAP      0x00000400UL /* maps frames that have no owner to count them (devices)  */
#define VM_LOCKED      0x00002000UL
#define VM_IO          0x00004000UL
#define VM_SEQ_READ    0x00008000UL
#define VM_RAND_READ   0x00010000UL
#define VM_DONTCOPY    0x00020000UL
#define VM_DONTEXPAND  0x00040000UL
#define VM_LOCKONFAULT 0x00080000UL
#define VM_ACCOUNT     0x00100000UL /* counted in Committed_AS                                 */
#define VM_NORESERVE   0x00200000UL
#define VM_WIPEONFORK  0x02000000UL
#define VM_DONTDUMP    0x04000000UL
#define VM_MIXEDMAP    0x10000000UL
#define VM_HUGEPAGE    0x20000000UL
#define VM_NOHUGEPAGE  0x40000000UL
#define VM_MERGEABLE   0x80000000UL

/* What a fault came to.  0 is success without reading from a store. */
typedef unsigned vm_fault_t;
#define VM_FAULT_OOM      0x0001u
#define VM_FAULT_SIGBUS   0x0002u /* BUS_ADRERR: past the end of the file, or its store failed */
#define VM_FAULT_MAJOR    0x0004u /* something had to be read from a store                     */
#define VM_FAULT_HWPOISON 0x0010u /* SIGBUS, BUS_MCEERR_AR: the memory that held it failed        */
#define VM_FAULT_MAPERR   0x0040u /* SIGSEGV, SEGV_MAPERR: nothing is mapped there             */
#define VM_FAULT_ACCERR   0x0080u /* SIGSEGV, SEGV_ACCERR: mapped, but not for this            */
#define VM_FAULT_NOPAGE   0x0100u /* vm_ops->fault filled the entry itself                     */
#define VM_FAULT_ERROR                                                                             \
	(VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_HWPOISON | VM_FAULT_MAPERR | VM_FAULT_ACCERR)

#define FAULT_FLAG_WRITE       0x01u
#define FAULT_FLAG_USER        0x40u /* the access came from user mode, not from a copy           */
#define FAULT_FLAG_INSTRUCTION 0x100u

struct vm_fault {
	struct vm_area_struct *vma;
	unsigned flags;        /* FAULT_FLAG_*                                 */
	unsigned long address; /* page-aligned                                 */
	pgoff_t pgoff;         /* page of the file                             */
	struct page *page;     /* out: referenced, up to date; fault() sets it */
};

struct vm_operations_struct {
	void (*open)(struct vm_area_struct *vma); /* another area like it exists (fork, split)    */
	void (*close)(
		struct vm_area_struct *vma); /* the area is going away                       */
	vm_fault_t (*fault)(
		struct vm_fault *vmf); /* give the page for vmf->pgoff                 */
	const char *(*name)(
		struct vm_area_struct *vma); /* for maps, instead of a path                  */
};

/* Guards: (w) mmap_lock held for writing to change, for reading to look.  Borders and vm_pgoff of an
 * area that others can find by its pages are changed with i_mmap_lock and the anon_vma's lock held
 * too. */
struct vm_area_struct {
	union {
		struct range_node range; /* (w) in mm->areas                                      */
		struct {
			unsigned long
				vm_start; /* (w) first byte, page-aligned                          */
			unsigned long
				vm_end; /* (w) first byte after                                  */
		};
	};
	struct mm_struct *vm_mm;
	unsigned long
		vm_flags; /* (w) VM_*                                                          */
	u64 vm_page_prot; /* (w) entry bits for a page of this area                            */
	unsigned long
		vm_pgoff; /* (w) offset in the file in pages; anonymous: vm_start >> PAGE_SHIFT at birth */
	struct file
		*vm_file; /* (w) referenced, or NULL                                           */
	const struct vm_operations_struct *vm_ops;
	void *vm_private_data;
	struct span_node
		shared; /* in vm_file->f_mapping->i_mmap (i_mmap_lock)                       */
	struct anon_vma
		*anon_vma; /* of its anonymous pages; NULL: it never had one                 */
	struct span_node
		anon_node; /* in anon_vma->areas (lock of the anon_vma's root)               */
};

/* ---- spaces ---------------------------------------------------------------------------------- */
enum { MM_FILEPAGES, MM_ANONPAGES, MM_SHMEMPAGES, NR_MM_COUNTERS };

#define RLIM_UNLIMITED (~0UL)
struct mm_limits { /* bytes; the embedder keeps them in step with its rlimits */
	unsigned long as, data, stack, memlock;
};

struct mm_struct {
	void *pgd;        /* root table, linear-map address                            */
	phys_addr_t root; /* the same, physical: for port_load_root()                  */
	struct vm_area_struct
		*vmacache;       /* area that the last lookup found, or NULL                  */
	struct range_tree areas; /* by address                                                */
	struct rw_semaphore
		mmap_lock;          /* guards the areas; faults hold it for reading              */
	spinlock_t page_table_lock; /* guards tables above the lowest level                      */
	atomic_t mm_users;          /* tasks and others that use the space                       */
	int map_count;              /* areas                                                     */
	unsigned long mmap_base;    /* get_unmapped_area searches downwards from here            */
	unsigned long total_vm, locked_vm, data_vm, exec_vm,
		stack_vm; /* pages, (w)                 */
	atomic_long_t
		rss_stat[NR_MM_COUNTERS]; /* pages                                             */
	atomic_long_t pgtables_bytes;
	unsigned long hiwater_rss,
		hiwater_vm;      /* pages                                             */
	unsigned long def_flags; /* VM_LOCKED after mlockall(MCL_FUTURE)                      */
	struct mm_limits limits;
	unsigned long start_code, end_code, start_data, end_data;
	unsigned long start_brk, brk, start_stack, arg_start, arg_end, env_start, env_end;
	struct file *exe_file;   /* referenced, or NULL                                       */
	void *owner;             /* the embedder's                                            */
	struct list_head mmlist; /* every space, for check_all() (spaces' own lock)           */
};

/* vm.* settings, changed at any time by plain stores. */
struct quire_vm_sysctl {
	int overcommit_memory; /* 0 heuristic, 1 always, 2 never                            */
	int overcommit_ratio;  /* percent of RAM that mode 2 counts                         */
	int max_map_count;
	unsigned long mmap_min_addr;
};
extern struct quire_vm_sysctl quire_vm;

/* Caches and the zero page.  After heap_init() and maps_init().  0 or -ENOMEM. */
int spaces_init(void);
void spaces_exit(void);

/* A new, empty space that shares the kernel half; mm_users = 1; limits unlimited, mmap_base below
 * `stack_top` less the stack limit and guard.  NULL: no memory.  May sleep. */
struct mm_struct *mm_alloc(void);

/* A copy-on-write copy of `old` with VM_DONTCOPY areas left out (fork).  NULL: no memory, `old` as
 * before but for write-protected entries.  May sleep. */
struct mm_struct *mm_fork(struct mm_struct *old);

static inline struct mm_struct *mmget(struct mm_struct *mm)
{
	atomic_inc(&mm->mm_users);
	return mm;
}

/* Drop a user; the last one unmaps everything and frees the space, which must not be loaded on any
 * CPU: switch to another root (or mm_kernel_root()) first.  May sleep. */
void mmput(struct mm_struct *mm);

/* Table root with the kernel half only, for CPUs that run no user task. */
phys_addr_t mm_kernel_root(void);

/* mmap(2).  off in pages; file may be NULL with MAP_ANONYMOUS.  The call takes its own file
 * reference. */
long do_mmap(struct mm_struct *mm, struct file *file, unsigned long addr, unsigned long len,
	     unsigned long prot, unsigned long flags, unsigned long pgoff);
long do_munmap(struct mm_struct *mm, unsigned long addr, unsigned long len);
long do_mprotect(struct mm_struct *mm, unsigned long addr, unsigned long len, unsigned long prot);
long do_mremap(struct mm_struct *mm, unsigned long old, unsigned long old_len,
	       unsigned long new_len, unsigned long flags, unsigned long new_addr);
long do_brk(struct mm_struct *mm, unsigned long brk);
/* MADV_HWPOISON and MADV_SOFT_OFFLINE are for callers with CAP_SYS_ADMIN: the caller checks. */
long do_madvise(struct mm_struct *mm, unsigned long addr, unsigned long len, int advice);
/* vec is user memory of the CURRENT space, which must be mm. */
long do_mincore(struct mm_struct *mm, unsigned long addr, unsigned long len,
		unsigned char __user *vec);
/* may_exceed: the caller has CAP_IPC_LOCK. */
long do_mlock(struct mm_struct *mm, unsigned long addr, unsigned long len, int flags,
	      bool may_exceed);
long do_munlock(struct mm_struct *mm, unsigned long addr, unsigned long len);
long do_mlockall(struct mm_struct *mm, int flags, bool may_exceed);
long do_munlockall(struct mm_struct *mm);
long do_msync(struct mm_struct *mm, unsigned long addr, unsigned long len, int flags);

/*
 * A user address was touched and the hardware could not translate it (or a copy needs it).
 *   Returns:  0 or VM_FAULT_MAJOR if the access may be tried again; VM_FAULT_MAPERR/ACCERR
 *             (SIGSEGV), VM_FAULT_SIGBUS or _HWPOISON (SIGBUS), VM_FAULT_OOM (the caller's task
 *             should be killed or try again).
 *   Called:   task context, no spinlock, mmap_lock not held.  Sleeps.
 */
vm_fault_t do_user_fault(struct mm_struct *mm, unsigned long addr, unsigned flags);

/* exec: an area [top - size, top) that grows down to limits.stack, flags VM_READ|VM_WRITE plus
 * `extra`.  0 or -ENOMEM. */
int mm_setup_stack(struct mm_struct *mm, unsigned long top, unsigned long size,
		   unsigned long extra);
/* exec: anonymous private memory at a fixed place (the bss).  0 or -errno. */
long vm_brk_flags(struct mm_struct *mm, unsigned long addr, unsigned long len, unsigned long flags);
/* exec: map `n` kernel-owned pages at `addr` under a name ("[vdso]"); the pages must outlive the
 * space.  0 or -errno. */
int install_special_mapping(struct mm_struct *mm, unsigned long addr, unsigned n,
			    struct page *const *pages, unsigned long vm_flags, const char *name);

/* Neighbours by address, or NULL.  mmap_lock held. */
static inline struct vm_area_struct *vma_of_range(struct range_node *node)
{
	return node ? container_of(node, struct vm_area_struct, range) : NULL;
}

static inline struct vm_area_struct *vma_first(struct mm_struct *mm)
{
	return vma_of_range(mm->areas.first);
}

static inline struct vm_area_struct *vma_next(struct vm_area_struct *vma)
{
	return vma_of_range(vma->range.next);
}

static inline struct vm_area_struct *vma_prev(struct vm_area_struct *vma)
{
	return vma_of_range(vma->range.prev);
}

/* The area that contains addr, or the first above it, or NULL.  mmap_lock held. */
struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr);

/* Where a mapping of len bytes would go, or -ENOMEM.  mmap_lock held for writing. */
unsigned long get_unmapped_area(struct mm_struct *mm, unsigned long len);

/*
 * Fault in and reference up to n pages from addr.  FOLL_WRITE: as for writing.  Returns how many,
 * or -EFAULT/-ENOMEM if none. Each is dropped by put_page().  Sleeps; mmap_lock not held.
 */
#define FOLL_WRITE 1u
long get_user_pages(struct mm_struct *mm, unsigned long addr, unsigned long n, unsigned gup_flags,
		    struct page **pages);

/* Copy to or from the memory of any space, page by page.  Returns the bytes copied.  Sleeps. */
size_t access_remote_vm(struct mm_struct *mm, unsigned long addr, void *buf, size_t len,
			bool write);

/* Drivers: map frames [pfn, pfn + size/PAGE_SIZE) into the area, in its mmap call.  0 or -errno. */
int remap_pfn_range(struct vm_area_struct *vma, unsigned long addr, unsigned long pfn,
		    unsigned long size, u64 prot);
int vm_insert_page(struct vm_area_struct *vma, unsigned long addr, struct page *page);
/*
 * Drivers: show the program what vmalloc_user() or vmalloc_32_user() returned at `addr`, from page pgoff of it
 * on, in the whole area or in [uaddr, uaddr + size) of it, in its mmap call.  The pages are counted: they
 * outlive a vfree() as long as they are mapped.
 *   Returns:  0; -EINVAL: not page-aligned, not in the area, or not all of it is memory for users; -ENOMEM;
 *             -EBUSY: something is mapped there.  Then nothing of it is mapped.
 */
int remap_vmalloc_range(struct vm_area_struct *vma, void *addr, unsigned long pgoff);
int remap_vmalloc_range_partial(struct vm_area_struct *vma, unsigned long uaddr, void *kaddr,
				unsigned long pgoff, unsigned long size);

static inline unsigned long get_mm_counter(struct mm_struct *mm, int which)
{
	long v = atomic_long_read(&mm->rss_stat[which]);

	return v < 0 ? 0 : (unsigned long)v;
}

static inline unsigned long get_mm_rss(struct mm_struct *mm)
{
	return get_mm_counter(mm, MM_FILEPAGES) + get_mm_counter(mm, MM_ANONPAGES) +
	       get_mm_counter(mm, MM_SHMEMPAGES);
}

/* Pages promised to address spaces, system wide (Committed_AS), and the limit of mode 2. */
unsigned long vm_memory_committed(void);
unsigned long vm_commit_limit(void);

/* Laws of one space: tree order and colours, gaps, list, counters against the page tables.  Words
 * or NULL. */
const char *mm_check(struct mm_struct *mm);

/*
 * Say what object an address is in: cache, start, offset, size, and who allocated and freed it where
 * that is known (SLAB_STORE_USER, kfence).  Print what it is about before.  False, and nothing is said:
 * it is in no object; mem_dump_obj() knows more.
 *   Context: any, no lock of the heap's held.
 */
bool kmem_dump_obj(void *object);
/* Say what a kernel address is: an object of the heap (as kmem_dump_obj()), of a vmalloc area or the
 * stack we run on, the zero page, another frame, text.  Print what it is about before.  Context: no lock
 * of LOCK_RANK_VMAP or above held. */
void mem_dump_obj(void *object);

#endif
