/* SPDX-License-Identifier: MIT */
/*
 * quire/vmalloc.h - kernel mappings made at run time: virtually contiguous memory and device
 * registers.
 *
 * Every area is followed by an unmapped guard page: running off its end is a fault, not silent
 * damage.
 */
#ifndef QUIRE_VMALLOC_H
#define QUIRE_VMALLOC_H

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

/* Whole pages, contiguous in virtual addresses only.  NULL: no memory or no room (said in the log).
 *  May sleep. */
void *vmalloc(unsigned long size) __must_check;
void *vzalloc(unsigned long size) __must_check;
void *vmalloc_node(unsigned long size, int node) __must_check;
/* As vzalloc; may be mapped to user space. */
void *vmalloc_user(unsigned long size) __must_check;
void *__vmalloc(unsigned long size, gfp_t gfp) __must_check;
/* Undo.  NULL is fine; what was not returned by vmalloc is reported.  May sleep. */
void vfree(const void *addr);

/* Map pages that the caller owns; vunmap leaves them alone. */
void *vmap(struct page **pages, unsigned count, unsigned long flags, u64 prot) __must_check;
void vunmap(const void *addr);

struct page *vmalloc_to_page(const void *addr);
unsigned long vmalloc_to_pfn(const void *addr);
bool is_vmalloc_addr(const void *addr);

/* kmalloc, or vmalloc where that cannot serve. */
void *kvmalloc(size_t size, gfp_t gfp) __must_check;
void *kvzalloc(size_t size, gfp_t gfp) __must_check;
void kvfree(const void *addr);

/* Device registers: uncached, no-execute.  phys need not be page-aligned; the result has the same
 * offset. */
void *ioremap(phys_addr_t phys, unsigned long size) __must_check;
void *ioremap_wc(phys_addr_t phys, unsigned long size) __must_check;
void iounmap(volatile void *addr);

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
