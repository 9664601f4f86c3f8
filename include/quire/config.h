/* SPDX-License-Identifier: MIT */
/*
 * quire/config.h - every option in one place.
 *
 * Override with -DQUIRE_X=value or with a header named by -DQUIRE_CONFIG_FILE='"my.h"'.
 * In code an option is used as a plain `if (QUIRE_X)`, so that both arms compile in every build.
 *
 * A machine of some hundred KiB: -DQUIRE_CONFIG_FILE='<quire/config_tiny.h>'.
 */
#ifndef QUIRE_CONFIG_H
#define QUIRE_CONFIG_H

#ifdef QUIRE_CONFIG_FILE
#include QUIRE_CONFIG_FILE
#endif

/* QUIRE_PAGE_SHIFT    log2 of the page size in bytes.  Range 12 only until other granules land. */
#ifndef QUIRE_PAGE_SHIFT
#define QUIRE_PAGE_SHIFT 12
#endif

/* QUIRE_NR_CPUS       CPUs that per-CPU data is laid out for.  Range 1..64.
 *                     More: room for more cores.  Less: less memory for per-CPU areas. */
#ifndef QUIRE_NR_CPUS
#define QUIRE_NR_CPUS 8
#endif

/* QUIRE_NR_NODES      NUMA nodes.  Range 1..64.  Each node has its own zones. */
#ifndef QUIRE_NR_NODES
#define QUIRE_NR_NODES 4
#endif

/* QUIRE_ZONE_DMA_MIB  ZONE_DMA is what lies below this, in MiB.  Range 0..4095; 0: there is no such
 *                     zone.  More: devices that reach little memory find more.  Less: less is kept
 *                     from everyone else.  See set_zone_end() for a limit that is found at boot. */
#ifndef QUIRE_ZONE_DMA_MIB
#define QUIRE_ZONE_DMA_MIB 16
#endif

/* QUIRE_MAX_ORDER     largest buddy block is 2^this frames.  Range 0..18.
 *                     More: larger contiguous requests.  Less: smaller free-list heads. */
#ifndef QUIRE_MAX_ORDER
#define QUIRE_MAX_ORDER 10
#endif

/* QUIRE_PAGEBLOCK_ORDER  frames share one migratetype in blocks of 2^this.  Range
 * 0..QUIRE_MAX_ORDER. */
#ifndef QUIRE_PAGEBLOCK_ORDER
#define QUIRE_PAGEBLOCK_ORDER (QUIRE_MAX_ORDER < 9 ? QUIRE_MAX_ORDER : 9)
#endif

/* QUIRE_PCP_BATCH     frames a CPU takes from, or returns to, its zone in one go.
 *                     Range 1..512.  More: fewer trips to zone->lock.
 *                     Less: less memory parked on idle CPUs (CPUs x zones x batch x 4 KiB). */
#ifndef QUIRE_PCP_BATCH
#define QUIRE_PCP_BATCH 63
#endif

/* QUIRE_PCP_MOST      frames that a CPU moves in one go while it only allocates or only frees.
 *                     Range QUIRE_PCP_BATCH..4096.  More: CPUs that fill memory at the same time
 *                     meet less often.  Less: less memory parked, per-CPU areas are smaller. */
#ifndef QUIRE_PCP_MOST
#define QUIRE_PCP_MOST 2048
#endif

/* QUIRE_PCP           1: CPUs park free frames, so that most allocations and frees take no lock.
 *                     0: they all go to the zone.  Slower, and neither code nor memory for it. */
#ifndef QUIRE_PCP
#define QUIRE_PCP 1
#endif

/* QUIRE_MOBILITY      1: pageblocks serve one kind of memory each, so that large blocks come back;
 *                     some are kept for urgent requests, and CMA areas are lent out while idle.
 *                     0: all memory is of one kind, as where there are few pageblocks. */
#ifndef QUIRE_MOBILITY
#define QUIRE_MOBILITY 1
#endif

/* QUIRE_RECLAIM       1: who finds too little memory has some reclaimed or compacted, or a process
 *                     killed: set_low_memory_ops(), compaction_init().  0: nobody is asked. */
#ifndef QUIRE_RECLAIM
#define QUIRE_RECLAIM 1
#endif

/* QUIRE_EVENTS        1: somebody may listen to events, count them (enum vm_event_item) and have
 *                     allocations fail.  0: nobody can, and no code tells or counts them. */
#ifndef QUIRE_EVENTS
#define QUIRE_EVENTS 1
#endif

/* QUIRE_MIN_FREE_KIB  KiB that are kept free for urgent requests at least (min_free_kbytes), however
 *                     little there is.  Range 0..262144; Linux: 128. */
#ifndef QUIRE_MIN_FREE_KIB
#define QUIRE_MIN_FREE_KIB 128
#endif

/* QUIRE_PERCPU_KIB    KiB for alloc_percpu() that every CPU has at least.  Range 1..96. */
#ifndef QUIRE_PERCPU_KIB
#define QUIRE_PERCPU_KIB 32
#endif

/* QUIRE_BOOT_REGIONS  regions of RAM, and of reserved memory, that memblock has room for at first.
 *                     Range 8..1024; Linux: 128. */
#ifndef QUIRE_BOOT_REGIONS
#define QUIRE_BOOT_REGIONS 128
#endif

/* QUIRE_BOOT_GROW     1: when a list of regions is full it moves to memory that is free and has twice
 *                     the room.  0: one region more is refused, with -ENOMEM: for a memory map that
 *                     is known. */
#ifndef QUIRE_BOOT_GROW
#define QUIRE_BOOT_GROW 1
#endif

/* QUIRE_HEAP          what the heap is made of; one of
 *                     QUIRE_HEAP_SLUB  CPUs own slabs: the fastest, and the default
 *                     QUIRE_HEAP_SLAB  CPUs keep arrays of objects, nodes three lists of slabs, colours
 *                     QUIRE_HEAP_SLOB  first fit in a few lists of frames, for some hundred KiB of RAM */
#define QUIRE_HEAP_SLUB 1
#define QUIRE_HEAP_SLAB 2
#define QUIRE_HEAP_SLOB 3
#ifndef QUIRE_HEAP
#define QUIRE_HEAP QUIRE_HEAP_SLUB
#endif

/* QUIRE_CPU_PARTIAL_KIB  KiB of partly free slabs that a CPU keeps of one cache before its node gets
 *                     some.  Range 0..2^20.  More: frees take no lock.  Less: what one CPU freed
 *                     serves the others sooner. */
#ifndef QUIRE_CPU_PARTIAL_KIB
#define QUIRE_CPU_PARTIAL_KIB 4096
#endif

/* QUIRE_CPU_LIST_KIB  KiB of free objects that a CPU keeps at hand of one cache: about so much twice, but
 *                     8 objects at least and 256 at most.  Range 0..64.  More: objects go back to their
 *                     slabs less often.  Less: slabs become empty, and go back, sooner. */
#ifndef QUIRE_CPU_LIST_KIB
#define QUIRE_CPU_LIST_KIB 8
#endif

/* QUIRE_CPU_EMPTY_KIB KiB of slabs without an object in use that a CPU keeps of one cache, one at least.
 *                     Range 0..1024.  More: fewer trips to frames/.  Less: less memory is kept until
 *                     somebody calls heap_drain(). */
#ifndef QUIRE_CPU_EMPTY_KIB
#define QUIRE_CPU_EMPTY_KIB 16
#endif

/* QUIRE_NEAR_FREES    0 or 1.  1: kfree() first guesses that the object is of the slab that was last
 *                     allocated from, which costs the fewest instructions.  0: it does not, which is
 *                     faster where objects of many slabs are freed in turn and the guess is wrong
 *                     every other time. */
#ifndef QUIRE_NEAR_FREES
#define QUIRE_NEAR_FREES 1
#endif

/* QUIRE_MIN_PARTIAL   slabs of one cache that a node keeps before empty ones go back; twice as many of
 *                     large objects.  Range 0..100; Linux: 5.  More: fewer trips to frames/.  Less:
 *                     less memory is kept. */
#ifndef QUIRE_MIN_PARTIAL
#define QUIRE_MIN_PARTIAL 5
#endif

/* QUIRE_SLAB_MIN_OBJECTS  objects that a slab of up to 8 frames holds if that wastes little.
 *                     Range 1..4096.  More: the path to another slab is gone less often.  Less: slabs
 *                     become empty, and go back, sooner. */
#ifndef QUIRE_SLAB_MIN_OBJECTS
#define QUIRE_SLAB_MIN_OBJECTS 12
#endif

/* QUIRE_MAX_CACHES    object caches that may exist at a time.  Range 64..8192.
 *                     More: each costs the size of a pointer, and each of the first 256 a cache line on
 *                     every CPU. */
#ifndef QUIRE_MAX_CACHES
#define QUIRE_MAX_CACHES 512
#endif

/* QUIRE_KFENCE_NUM_OBJECTS  objects that are guarded at a time, once kfence is switched on: each takes
 *                     two pages.  Range 1..4095; Linux: 255.  More: freed ones stay closed longer, so
 *                     that later uses are found. */
#ifndef QUIRE_KFENCE_NUM_OBJECTS
#define QUIRE_KFENCE_NUM_OBJECTS 255
#endif

/* QUIRE_SECTION_SHIFT log2 of the bytes in a section: frame descriptors exist for whole sections
 * only.
 *                     Range 16..30, at least 22 where a port maps descriptors (PORT_VMEMMAP).  Less:
 *                     holes cost fewer descriptors.  More: a shorter section table. */
#ifndef QUIRE_SECTION_SHIFT
#define QUIRE_SECTION_SHIFT                                                                        \
	(QUIRE_PAGE_SHIFT + QUIRE_MAX_ORDER > 24 ? QUIRE_PAGE_SHIFT + QUIRE_MAX_ORDER : 24)
#endif

/* QUIRE_MAX_PHYS_BITS physical addresses have at most this many bits.  Range 30..52. */
#ifndef QUIRE_MAX_PHYS_BITS
#define QUIRE_MAX_PHYS_BITS (sizeof(void *) == 8 ? 40 : 32)
#endif

/* QUIRE_MAX_MAP_COUNT areas that one address space may have (vm.max_map_count at boot).
 *                     Range 16..2^30.  Linux: 65530. */
#ifndef QUIRE_MAX_MAP_COUNT
#define QUIRE_MAX_MAP_COUNT 65530
#endif

/* QUIRE_MMAP_MIN_ADDR lowest address in bytes a user may map (vm.mmap_min_addr).  Range 0..2^20. */
#ifndef QUIRE_MMAP_MIN_ADDR
#define QUIRE_MMAP_MIN_ADDR 65536
#endif

/* QUIRE_STACK_GUARD_PAGES  pages kept free below a growing stack.  Range 0..65536.  Linux: 256. */
#ifndef QUIRE_STACK_GUARD_PAGES
#define QUIRE_STACK_GUARD_PAGES 256
#endif

/* QUIRE_FAULT_AROUND_PAGES  page-cache pages mapped by one read fault.  Power of two, 1..512.
 * Linux: 16. */
#ifndef QUIRE_FAULT_AROUND_PAGES
#define QUIRE_FAULT_AROUND_PAGES 16
#endif

/* QUIRE_VMAP_LAZY_KIB KiB of addresses that freed vmalloc areas may hold, for each doubling of the CPUs,
 *                     before their translations are flushed, all in one go (Linux: 32768).  Range
 *                     0..2^20; 0: each area is flushed as it is freed.  More: fewer flushes of every
 *                     CPU's TLB.  Less: who uses freed memory faults sooner. */
#ifndef QUIRE_VMAP_LAZY_KIB
#define QUIRE_VMAP_LAZY_KIB 32768
#endif

/* QUIRE_DEBUG         1: internal assertions, lock-rank checks and list checks run.  0: they compile to
 *                     nothing.  Checks against damaged memory and hostile input run in both. */
#ifndef QUIRE_DEBUG
#define QUIRE_DEBUG 0
#endif

/* QUIRE_SLAB_FREELIST_HARDENED  1: lists of free objects are checked as they are used, and slub's links are
 *                     obscured by a secret of the cache, so that who writes to a freed object is found
 *                     out and chooses nothing.  Costs some instructions of every allocation and free.
 *                     Linux: CONFIG_SLAB_FREELIST_HARDENED. */
#ifndef QUIRE_SLAB_FREELIST_HARDENED
#define QUIRE_SLAB_FREELIST_HARDENED QUIRE_DEBUG
#endif

/* QUIRE_SLAB_FREELIST_RANDOM  1: a new slab's objects are handed out in an order that nobody foresees (slub,
 *                     slab).  Costs time per slab, and neighbours in time are no neighbours in memory.
 *                     Linux: CONFIG_SLAB_FREELIST_RANDOM. */
#ifndef QUIRE_SLAB_FREELIST_RANDOM
#define QUIRE_SLAB_FREELIST_RANDOM 0
#endif

/* QUIRE_SYMBOL_PREFIX is a build-system option: see docs/embedding.md. */

#if QUIRE_PAGE_SHIFT != 12
#error "QUIRE_PAGE_SHIFT: only 12 is supported so far"
#endif
#if QUIRE_NR_CPUS < 1 || QUIRE_NR_CPUS > 64
#error "QUIRE_NR_CPUS must be 1..64"
#endif
#if QUIRE_NR_NODES < 1 || QUIRE_NR_NODES > 64
#error "QUIRE_NR_NODES must be 1..64"
#endif
#if QUIRE_ZONE_DMA_MIB < 0 || QUIRE_ZONE_DMA_MIB > 4095
#error "QUIRE_ZONE_DMA_MIB must be 0..4095"
#endif
#if QUIRE_MAX_ORDER < 0 || QUIRE_MAX_ORDER > 18
#error "QUIRE_MAX_ORDER must be 0..18"
#endif
#if QUIRE_PAGEBLOCK_ORDER < 0 || QUIRE_PAGEBLOCK_ORDER > QUIRE_MAX_ORDER
#error "QUIRE_PAGEBLOCK_ORDER must be 0..QUIRE_MAX_ORDER"
#endif
#if QUIRE_PCP_BATCH < 1 || QUIRE_PCP_BATCH > 512
#error "QUIRE_PCP_BATCH must be 1..512"
#endif
#if QUIRE_PCP_MOST < QUIRE_PCP_BATCH || QUIRE_PCP_MOST > 4096
#error "QUIRE_PCP_MOST must be QUIRE_PCP_BATCH..4096"
#endif
#if (QUIRE_PCP | QUIRE_MOBILITY | QUIRE_RECLAIM | QUIRE_EVENTS | QUIRE_BOOT_GROW) & ~1
#error "QUIRE_PCP, QUIRE_MOBILITY, QUIRE_RECLAIM, QUIRE_EVENTS and QUIRE_BOOT_GROW must be 0 or 1"
#endif
#if QUIRE_MIN_FREE_KIB < 0 || QUIRE_MIN_FREE_KIB > 262144
#error "QUIRE_MIN_FREE_KIB must be 0..262144"
#endif
#if QUIRE_PERCPU_KIB < 1 || QUIRE_PERCPU_KIB > 96
#error "QUIRE_PERCPU_KIB must be 1..96"
#endif
#if QUIRE_BOOT_REGIONS < 8 || QUIRE_BOOT_REGIONS > 1024
#error "QUIRE_BOOT_REGIONS must be 8..1024"
#endif
#if QUIRE_HEAP < QUIRE_HEAP_SLUB || QUIRE_HEAP > QUIRE_HEAP_SLOB
#error "QUIRE_HEAP must be QUIRE_HEAP_SLUB, QUIRE_HEAP_SLAB or QUIRE_HEAP_SLOB"
#endif
#if QUIRE_CPU_PARTIAL_KIB < 0 || QUIRE_CPU_PARTIAL_KIB > 1048576
#error "QUIRE_CPU_PARTIAL_KIB must be 0..2^20"
#endif
#if QUIRE_MIN_PARTIAL < 0 || QUIRE_MIN_PARTIAL > 100
#error "QUIRE_MIN_PARTIAL must be 0..100"
#endif
#if QUIRE_SLAB_MIN_OBJECTS < 1 || QUIRE_SLAB_MIN_OBJECTS > 4096
#error "QUIRE_SLAB_MIN_OBJECTS must be 1..4096"
#endif
#if QUIRE_CPU_LIST_KIB < 0 || QUIRE_CPU_LIST_KIB > 64
#error "QUIRE_CPU_LIST_KIB must be 0..64"
#endif
#if QUIRE_CPU_EMPTY_KIB < 0 || QUIRE_CPU_EMPTY_KIB > 1024
#error "QUIRE_CPU_EMPTY_KIB must be 0..1024"
#endif
#if QUIRE_NEAR_FREES < 0 || QUIRE_NEAR_FREES > 1
#error "QUIRE_NEAR_FREES must be 0 or 1"
#endif
#if QUIRE_MAX_CACHES < 64 || QUIRE_MAX_CACHES > 8192
#error "QUIRE_MAX_CACHES must be 64..8192"
#endif
#if QUIRE_KFENCE_NUM_OBJECTS < 1 || QUIRE_KFENCE_NUM_OBJECTS > 4095
#error "QUIRE_KFENCE_NUM_OBJECTS must be 1..4095"
#endif
#if QUIRE_SECTION_SHIFT < 16 || QUIRE_SECTION_SHIFT > 30 ||                                        \
	QUIRE_SECTION_SHIFT < QUIRE_PAGE_SHIFT + QUIRE_MAX_ORDER
#error "QUIRE_SECTION_SHIFT must be 16..30 and a section must hold a block of QUIRE_MAX_ORDER"
#endif
#if QUIRE_VMAP_LAZY_KIB < 0 || QUIRE_VMAP_LAZY_KIB > 1048576
#error "QUIRE_VMAP_LAZY_KIB must be 0..2^20"
#endif
#if QUIRE_FAULT_AROUND_PAGES < 1 || QUIRE_FAULT_AROUND_PAGES > 512 ||                              \
	(QUIRE_FAULT_AROUND_PAGES & (QUIRE_FAULT_AROUND_PAGES - 1))
#error "QUIRE_FAULT_AROUND_PAGES must be a power of two, 1..512"
#endif

#endif
