/* SPDX-License-Identifier: MIT */
/*
 * quire/port.h - what the machine must do for quire, in tiers, so that adoption is gradual.
 *
 *   tier 1  pages and heap     log, panic, phys <-> virt, irq save/restore, cpu id
 *   tier 2  mappings           TLB flushes, table root
 *   tier 3  address spaces     user copies, sleep and wake
 *
 * The chosen port's <quire_port.h> (on the include path) gives the hot hooks as inlines and macros;
 * the rest are ordinary functions that the port, or the kernel on top of it, defines.  ports/none
 * compiles and explains each; ports/posix is the referee that checks the promises.
 *
 * <quire_port.h> must define:
 *
 *   PAGE_OFFSET              kernel virtual address of physical PORT_PHYS_OFFSET in the linear map, as it
 *                            stands in the page tables (on a hosted port it is not a host pointer)
 *   PORT_VMALLOC_START/END   kernel virtual range that vmalloc and ioremap may use, page-aligned
 *   PORT_TASK_SIZE           first address above user space
 *   PORT_PT_FORMAT           the page tables that the processor reads (src/maps/formats): x86_64,
 *                            x86_64_5level, x86_pae, aarch64, armv7, riscv_sv39, riscv_sv48, riscv_sv57.
 *                            On aarch64 the kernel's half has its own root (TTBR1: maps_kernel_root());
 *                            elsewhere each root has a copy of that half's entries.
 *   PORT_KERNEL_TABLES       1 if the kernel half of the tables is this library's to build, else 0
 *   static inline void *port_phys_to_virt(phys_addr_t pa);
 *   static inline phys_addr_t port_virt_to_phys(const void *va);
 *   static inline unsigned long port_irq_save(void);          returns the previous state; irqs are off
 *   static inline void port_irq_restore(unsigned long state);
 *   static inline bool port_irqs_disabled(void);
 *   static inline unsigned port_cpu_id(void);                 0 .. QUIRE_NR_CPUS-1
 *   static inline unsigned long port_percpu_offset(void);     what to add to the address of a static
 *                            per-CPU variable to get this CPU's copy; 0 before percpu_init()
 *   static inline void port_cpu_relax(void);                  a hint inside a spinning loop
 *   static inline void port_clear_page(void *page);           PAGE_SIZE bytes, page-aligned
 *   static inline void port_copy_page(void *to, const void *from);
 * and may define:
 *   PORT_PHYS_OFFSET         physical address that PAGE_OFFSET maps; may be a variable.  Else 0.
 *   PORT_VECTORS_START       kernel virtual address of the page that exceptions enter by, where that is
 *                            one of its own (quire/layout.h shows it).
 *   PORT_PKMAP_START         kernel virtual address, a multiple of 2 MiB, of 2 MiB that are kmap()'s
 *                            (quire/highmem.h): the machine may have RAM that the linear map has no room
 *                            for.  It needs PORT_FIXADDR_TOP too.  Else the linear map covers all RAM, and
 *                            highmem costs nothing.
 *   PORT_LOWMEM_END          kernel virtual address at which the linear map ends, where there is highmem.
 *                            Else 8 MiB below PORT_VMALLOC_START.
 *   PORT_KMAP_POINTER(va), PORT_KMAP_ADDRESS(p)
 *                            where the library itself reaches kmap's page at va, and back; a hosted port.
 *   PORT_FIXADDR_TOP         kernel virtual address of the fixmap's highest page: 3 MiB up to its end are
 *                            nobody else's (quire/fixmap.h).
 *   PORT_VMALLOC_OWN         0: what vmalloc returns are addresses of a simulated machine, which the library
 *                            itself cannot use (it keeps nothing of its own there).  Else 1.
 *   PORT_MODULES_START/END   kernel virtual range, page-aligned and apart from vmalloc's, that branches
 *                            from the kernel's text reach: module_alloc() takes from it first.
 *   PORT_VMEMMAP             constant address of the frame-descriptor array (descriptor of pfn 0).  With it
 *                            the port provides port_vmemmap_populate(); without it quire
 *                            allocates one flat array that spans lowest to highest frame.
 *   PORT_THIS_CPU            1: the port provides port_this_cpu(): what port_percpu_offset() adds to
 *                            &quire_cpu, ready made; saves the fast paths an instruction.
 *   PORT_BOOT_ZERO           1: what memblock has free is all zero when it is added, so that it need
 *                            not be cleared.
 *   PORT_INIT_SECTIONS       1: its linker script puts .init.text, .init.rodata and .init.data apart, for
 *                            free_initmem() (quire/init.h)
 *   PORT_STACK_TRACE         1: the port provides port_stack_trace(), and reports show who called.
 *   PORT_RANDOM              1: the port provides port_random(), for QUIRE_SLAB_FREELIST_HARDENED and _RANDOM.
 *   PORT_PROTECT_PAGE        1: the port provides port_protect_prepare() and port_protect_page(), and
 *                            quire/kfence.h puts closed pages around objects.
 *   PORT_ASIDS               1, or an expression that is true where the processor can: the port numbers spaces
 *                            by quire/asid.h.
 *   PORT_FLUSH_HERE          1: the port provides an inline port_flush_tlb_here(), cheaper than a flush on
 *                            every CPU.
 *   PORT_PT_WRITTEN          1: the port provides an inline port_pt_written(), for machines whose table
 *                            walks do not see a plain store in time (barriers, cache cleaning).
 *   PORT_PT_WRITTEN_KERNEL   1: it provides port_pt_written_kernel() as well, for many entries at once.
 */
#ifndef QUIRE_PORT_H
#define QUIRE_PORT_H

#include <quire/types.h>
#include <quire_port.h>

#ifndef PORT_PHYS_OFFSET
#define PORT_PHYS_OFFSET 0
#endif
#ifndef PORT_VECTORS_START
#define PORT_VECTORS_START 0UL
#endif
#ifndef PORT_PKMAP_START
#define PORT_PKMAP_START 0UL
#endif
#ifndef PORT_LOWMEM_END
#define PORT_LOWMEM_END (PORT_VMALLOC_START - (8UL << 20))
#endif
#ifndef PORT_KMAP_POINTER
#define PORT_KMAP_POINTER(va) ((void *)(va))
#define PORT_KMAP_ADDRESS(p)  ((unsigned long)(p))
#endif
#ifndef PORT_FIXADDR_TOP
#define PORT_FIXADDR_TOP 0UL
#endif
#ifndef PORT_VMALLOC_OWN
#define PORT_VMALLOC_OWN 1
#endif
#ifndef PORT_MODULES_END
#define PORT_MODULES_START 0UL
#define PORT_MODULES_END   0UL
#endif
#ifndef PORT_THIS_CPU
#define PORT_THIS_CPU 0
#endif
#ifndef PORT_BOOT_ZERO
#define PORT_BOOT_ZERO 0
#endif
#ifndef PORT_STACK_TRACE
#define PORT_STACK_TRACE 0
#endif
#ifndef PORT_RANDOM
#define PORT_RANDOM 0
#endif
#ifndef PORT_PROTECT_PAGE
#define PORT_PROTECT_PAGE 0
#endif
#ifndef PORT_ASIDS
#define PORT_ASIDS 0
#endif
#ifndef PORT_FLUSH_HERE
#define PORT_FLUSH_HERE 0
#endif
#ifndef PORT_PT_WRITTEN
#define PORT_PT_WRITTEN 0
/*
 * A page-table entry was stored at kernel address `at`: make the table walks of every CPU see it.  On
 * ARMv7 also what was stored 2 KiB behind it, or for an entry of the root in the word behind it.
 *   Called:   after each store of an entry, with any lock held.  Must not sleep, must not allocate.
 */
static inline void port_pt_written(const void *at)
{
	(void)at;
}
#endif
#ifndef PORT_PT_WRITTEN_KERNEL
#define PORT_PT_WRITTEN_KERNEL 0
/*
 * The same for n entries of the kernel's half, side by side in one table from `at` on.  No program ever executes by
 * them.  Without it port_pt_written() is told of each.
 *   Called:   after the last of the n stores, with any lock held.  Must not sleep, must not allocate.
 */
static inline void port_pt_written_kernel(const void *at, unsigned long n)
{
	(void)at;
	(void)n;
}
#endif

/* Whether there may be RAM that the linear map does not cover, and from where on. */
#define PORT_HIGHMEM (PORT_PKMAP_START != 0)
#define PORT_LOWMEM_PHYS_END                                                                       \
	((phys_addr_t)PORT_PHYS_OFFSET + (phys_addr_t)(PORT_LOWMEM_END - PAGE_OFFSET))

/* Where the kernel's half begins, by what of it lies lowest. */
#define PORT_LOWER_(a, b) ((b) && (b) < (a) ? (b) : (a))
#define PORT_KERNEL_START                                                                          \
	PORT_LOWER_(PORT_LOWER_(PAGE_OFFSET, PORT_MODULES_START), PORT_PKMAP_START)

/* ---- tier 1: pages and heap ---------------------------------------------------------------- */

/*
 * Put `len` bytes of text on the machine's log.
 *   Given:    text need not end in a newline or a zero.
 *   Called:   from any context, with any lock held.  Must not allocate through quire, must not sleep.
 *   Fails:    never (a port without a console drops the text).    First call: before anything else.
 */
void port_log(const char *text, size_t len);

/*
 * The machine cannot go on: say why and stop.  Does not return.
 *   Called:   from any context, with any lock held.
 */
void port_panic(const char *why) __noreturn;

/*
 * Make frame descriptors [start, end) (addresses inside the PORT_VMEMMAP array) readable, writable
 * and zero.
 *   Given:    both are multiples of PAGE_SIZE apart from PORT_VMEMMAP; the same page is asked for once.
 *   Called:   while only memblock exists; take table and backing memory from memblock.
 *   Fails:    returns -ENOMEM and maps nothing, if memblock has no room.
 */
int port_vmemmap_populate(unsigned long start, unsigned long end);

/*
 * Make the per-CPU area of `cpu` current: from now on port_percpu_offset() on that CPU is `offset`.
 *   Called:   by percpu_init() for every possible CPU, once, on the boot CPU.
 */
void port_percpu_set(unsigned cpu, unsigned long offset);

/*
 * Make every CPU that runs pass a full memory barrier.
 *   Promise:  what a CPU had stored before its barrier is seen after the call returns, and what it
 *             loads after it sees what the caller had stored before.
 *   Called:   by drain_all_pages(), in task context, no spinlock held, interrupts on.
 *   Fails:    false: the machine cannot do it.  Then CPUs that run keep the frames they parked.
 *             With one CPU there is nothing to do: true.
 */
bool port_membarrier(void);

/*
 * Fill pc[n] with the return addresses of the calling CPU's stack, innermost first: how many.
 *   Given:    n >= 1; only where PORT_STACK_TRACE is 1.
 *   Called:   from any context, with any lock held.  Must not allocate, lock or sleep, and reads
 *             nothing but this CPU's own stack, whatever is found there.
 *   Fails:    0: nothing is known.  Too few is fine; wrong ones only mislead a reader.
 */
unsigned port_stack_trace(unsigned long *pc, unsigned n);

/*
 * A number that nobody can foresee.
 *   Called:   from any context, with any lock held; only where PORT_RANDOM is 1.
 *   Fails:    never.     First call:  in heap_init().
 */
unsigned long port_random(void);

/*
 * `pages` pages of the linear map from `start` on will be closed and opened one by one.
 *   Called:   by kfence_init(), in task context; only where PORT_PROTECT_PAGE is 1.  May allocate frames.
 *   Fails:    false: they cannot be; then none will be asked for.
 */
bool port_protect_prepare(void *start, unsigned long pages);

/*
 * Close a page of those, so that touching it is a fault, or open it again.  What is in it stays.
 *   Promise:  on return it holds for this CPU.  Another CPU may get through for some time where it
 *             remembers a translation, but never faults at a page that is open.
 *   Called:   from any context, with any lock held.  Must not allocate, lock or sleep.
 *   Fails:    never, after port_protect_prepare().
 */
void port_protect_page(void *page, bool closed);

/* ---- tier 2: mappings ---------------------------------------------------------------------- */

/*
 * Forget the translations of user range [start, end) in the address space whose table root is
 * `root`.
 *   Given:    page-aligned, start < end; the table entries are already cleared or changed.
 *   Promise:  on return no CPU can use an old translation of the range.
 *   Called:   under the page-table lock, interrupts on or off.  Must not sleep, must not allocate.
 *   Fails:    never.     First call:  after maps_init().
 */
void port_flush_tlb_range(phys_addr_t root, unsigned long start, unsigned long end);

/* As above, for every user address of the space. */
void port_flush_tlb_mm(phys_addr_t root);

/* As above, for kernel range [start, end) in every address space.  First call: after maps_early_init(), by
 * early_iounmap(). */
void port_flush_tlb_kernel(unsigned long start, unsigned long end);

#if !PORT_FLUSH_HERE
/*
 * As above, for the page at kernel address va, on this CPU only: what one CPU alone has mapped there.
 *   Called:   interrupts off, from any context.  Must not sleep, must not allocate.
 */
static inline void port_flush_tlb_here(unsigned long va)
{
	port_flush_tlb_kernel(va, va + PAGE_SIZE);
}
#endif

/*
 * Translate through the table at `root` from now on, on this CPU.
 *   Promise:  no translation of the previous space is used for user addresses afterwards.
 *   Called:   with interrupts off.  Must not sleep, must not allocate.
 */
void port_load_root(phys_addr_t root);

/* ---- tier 3: address spaces ---------------------------------------------------------------- */

/*
 * Copy between kernel memory and user memory of the current address space.  Each returns how many
 * bytes at the end were NOT copied; 0 is success.  A page that is not there is faulted in
 * (handle_mm_fault), so these sleep; a bad address makes them return early and never stops the
 * machine.
 *   Given:    any user range whatever: wrap-around, kernel addresses, unmapped; the port refuses
 *             what is not wholly below PORT_TASK_SIZE.
 *   Called:   in task context, no spinlock held.  The mmap lock must not be held.
 */
size_t port_copy_from_user(void *to, const void __user *from, size_t n);
size_t port_copy_to_user(void __user *to, const void *from, size_t n);
size_t port_clear_user(void __user *to, size_t n);

/*
 * Compare-and-swap a u32 in user memory.  0 and *seen = the value found, or -EFAULT.
 *   Given:    `at` is 4-byte aligned.
 */
int port_cmpxchg_user(u32 __user *at, u32 expected, u32 desired, u32 *seen);

/*
 * Sleep and wake, as park/unpark: port_block() returns at once if port_unblock() was called on this
 * thread of execution since the last port_block(); otherwise it sleeps until it is.  Returning
 * without a reason is allowed: callers loop.
 *   port_self()     a handle for the running thread of execution, never NULL once tasks exist
 *   Called:         port_block in task context with no spinlock held and interrupts on;
 *                   port_unblock from anywhere.
 */
void *port_self(void);
void port_block(void);
void port_unblock(void *who);

/* Let others run for a while.  Task context, no spinlock held. */
void port_yield(void);

#endif
