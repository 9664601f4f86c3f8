/* SPDX-License-Identifier: MIT */
/*
 * quire/vmalloc.h - kernel mappings made at run time: virtually contiguous memory.  (Device registers:
 * quire/io.h.)
 *
 * Every area is followed by an unmapped guard page: running off its end is a fault, not silent
 * damage.
 */
#ifndef QUIRE_VMALLOC_H
#define QUIRE_VMALLOC_H

#include <quire/io.h>
#include <quire/page.h>
#include <quire/types.h>

struct seq_out;

/*
 * maps_early_init: the kernel's own tables, from memblock: the linear map of all RAM with the
 * largest pages that fit (image text read-only, everything else no-execute), empty upper tables for
 * vmalloc so that later mappings are shared by every address space.  Panics when memblock has no
 * room.  After it the port loads maps_kernel_root().  maps_init: the vmalloc area; needs the heap.
 */
struct maps_image {                       /* the kernel image, physical, page-aligned             */
	phys_addr_t text_start, text_end; /* read-only and executable                      */
	phys_addr_t rodata_start, rodata_end; /* read-only                                     */
	phys_addr_t data_start, data_end;     /* read-write                                    */
	phys_addr_t init_start, init_end;     /* part of the data, for free_initmem(); or 0, 0 */
	phys_addr_t init_text_end;            /* its first part, up to here, is read-only and
					       * executable                                    */
	unsigned long virt_base; /* kernel virtual address of text_start, 0: the image is
						 * not mapped by us                              */
};
void maps_early_init(const struct maps_image *image);
int maps_init(void);
void maps_exit(void);
phys_addr_t maps_kernel_root(void);

/*
 * For the port's trap: the kernel touched `va` while the table at `root`, of a user space, was loaded, and
 * found no entry (not: an entry without the right).  ARMv7: what the kernel mapped since the space was
 * made may have needed an entry of the root that the space has not.
 *   Returns:  true: the space has it now, or another CPU brought it: try again.  False: there is nothing
 *             at `va`.  Any context; takes no lock.
 */
bool maps_kernel_fault(phys_addr_t root, unsigned long va);
/* How often an entry was brought. */
unsigned long maps_kernel_faults(void);
/* Frames that tables of the kernel's root have taken since memory came from frames/; spaces may have
 * copied the entries that lead to them, so they stay.  (0 on 64-bit formats.) */
unsigned long maps_kernel_tables(void);

/* ---- memory ---------------------------------------------------------------------------------- */
/*
 * `size` bytes in whole pages, contiguous in virtual addresses only: from high memory first, unless the
 * flags ask for a zone.  Not executable.
 *   vzalloc            zero
 *   vmalloc_node       the frames preferably from that node
 *   vmalloc_user       zero, and may be mapped to user space
 *   vmalloc_32         frames that a device with 32 address lines reaches
 *   vmalloc_huge       in the largest pages that there are whole pieces of memory for: fewer TLB misses
 *   __vmalloc          with flags of its own
 *
 *   Returns:  NULL: no memory, or no hole among the addresses is as large (first fit, and nothing is ever
 *             moved): said in the log, unless __GFP_NOWARN.  Nothing is kept then.
 *   Context:  task, no spinlock held; may sleep.
 *   Owner:    the caller, until vfree().
 */
void *vmalloc(unsigned long size) __must_check;
void *vzalloc(unsigned long size) __must_check;
void *vmalloc_node(unsigned long size, int node) __must_check;
void *vzalloc_node(unsigned long size, int node) __must_check;
void *vmalloc_user(unsigned long size) __must_check;
void *vmalloc_32(unsigned long size) __must_check;
void *vmalloc_32_user(unsigned long size) __must_check;
void *vmalloc_huge(unsigned long size, gfp_t gfp) __must_check;
void *__vmalloc(unsigned long size, gfp_t gfp) __must_check;
/*
 * Undo.  The page tables forget the memory at once; a CPU that has just used it may still get through
 * until freed areas are flushed, all in one go: when QUIRE_VMAP_LAZY_KIB have come together, when
 * addresses run out, or by vm_unmap_aliases().  Until then nobody else is given the addresses.
 * NULL is fine; what was not returned by vmalloc, or is free already, is reported.  Task context, no
 * spinlock held; or an interrupt: then it is vfree_atomic().
 */
void vfree(const void *addr);
/* The same from any context: whoever calls vfree() or vm_unmap_aliases() next in task context frees it, or a
 * vmalloc() that finds no memory; until then it is there. */
void vfree_atomic(const void *addr);

/* No CPU remembers a translation of freed areas and pieces after this: for who changes how the frames
 * behind them may be used.  Task context, no spinlock held. */
void vm_unmap_aliases(void);
/* How often that, or enough freed areas, flushed the TLBs since the start. */
unsigned long vmap_purges(void);

/* Near the kernel's text where the port has room for that (PORT_MODULES_START), else as vmalloc. */
void *module_alloc(unsigned long size) __must_check;
void module_memfree(void *addr);

/* ---- pages that the caller owns -------------------------------------------------------------- */
/* How vmap() maps them; x86 and AArch64 forbid a device's kind for RAM that is mapped as memory too. */
typedef u64 pgprot_t;
#define PAGE_KERNEL         0u /* read and write                                          */
#define PAGE_KERNEL_RO      1u /* read                                                    */
#define PAGE_KERNEL_ROX     2u /* read and execute                                        */
#define PAGE_KERNEL_NOCACHE 3u /* read and write, as ioremap()                            */
#define PAGE_KERNEL_WC      4u /* read and write, as ioremap_wc()                         */

#define VM_MAP 0x4ul
#define VM_MAP_PUT_PAGES                                                                           \
	0x200ul /* vunmap() drops a reference to each page, and frees the array with kvfree() */

/* Map `count` pages side by side; vunmap leaves them alone, unless VM_MAP_PUT_PAGES says otherwise (a NULL
 * result leaves both to the caller).  NULL: no memory, no room, or there is no such protection. */
void *vmap(struct page **pages, unsigned count, unsigned long flags, pgprot_t prot) __must_check;
void vunmap(const void *addr);

/*
 * The same for a moment.  Up to VMAP_MAX_ALLOC pages are put into a block of addresses that the CPU has at
 * hand: no search, no flush, no guard page behind them.  A block lives as long as its last piece: keep
 * what is long-lived in vmap().
 *   node:     for Linux's sake: nothing is allocated on it.
 *   Returns:  NULL: no memory or no room.
 *   Context:  task, no spinlock held.
 */
void *vm_map_ram(struct page **pages, unsigned count, int node) __must_check;
/* Undo, with the same count; what is not mapped there is reported. */
void vm_unmap_ram(const void *mem, unsigned count);
#define VMAP_MAX_ALLOC ((unsigned)(sizeof(long) * 8))

/* ---- questions ------------------------------------------------------------------------------- */
/* The frame that an address of an area is mapped to; NULL, or 0: none, or a device's. */
struct page *vmalloc_to_page(const void *addr);
unsigned long vmalloc_to_pfn(const void *addr);
/* Whether it is one of the addresses that vmalloc, vmap and ioremap give away (or modules). */
bool is_vmalloc_addr(const void *addr);
bool is_vmalloc_or_module_addr(const void *addr);
/*
 * Copy `count` bytes from an address that may be anything of an area or a hole, and may be freed meanwhile:
 * what is not memory, device registers too, reads as zeroes.
 *   Returns:  how many bytes of `to` were written; 0: there is no area in that range.
 */
long vread(char *to, const char *addr, unsigned long count);

/* kmalloc, or vmalloc where that cannot serve. */
void *kvmalloc(size_t size, gfp_t gfp) __must_check;
void *kvmalloc_node(size_t size, gfp_t gfp, int node) __must_check;
void *kvzalloc(size_t size, gfp_t gfp) __must_check;
/* n * size bytes; NULL if that is no size.  kvcalloc: zero. */
void *kvmalloc_array(size_t n, size_t size, gfp_t gfp) __must_check;
void *kvcalloc(size_t n, size_t size, gfp_t gfp) __must_check;
void kvfree(const void *addr);

/*
 * The kernel touched `addr` and it is not mapped: what is there, in words, for the trap's report
 * ("guard page behind vmalloc area 0x…-0x… of NAME"), written to buf.  Any context; takes no lock.
 */
void maps_explain(unsigned long addr, char *buf, size_t size);

unsigned long vmalloc_nr_pages(void);
/* /proc/vmallocinfo */
void show_vmallocinfo(struct seq_out *out);
/* Laws of the area tree and its mappings.  Words or NULL. */
const char *maps_check(void);

#endif
